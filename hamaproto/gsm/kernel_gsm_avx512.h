/* What the kernels are written in, for AVX-512: 32 numbers of 16 bits, or 16 of 32.

   kernel_gsm_ssse3.h says what the words mean.  Comparisons give masks of another kind
   here; they are made registers again, which costs little and leaves one way to write.
*/
#ifndef KERNEL_GSM_AVX512_H
#define KERNEL_GSM_AVX512_H

#include "kernel_gsm_inner.h"

/* avx512dq for the masks of 32 bits: no processor has avx512bw without it. */
#define VECTOR GSM_TARGET("avx512f,avx512bw,avx512dq")
#define FN VECTOR static inline

enum { LANES = 32 };

typedef __m512i V;
typedef __m512i W;

FN V load(const int16_t *p) { return _mm512_loadu_si512(p); }
FN void store(int16_t *p, V a) { _mm512_storeu_si512(p, a); }
FN V all(int value) { return _mm512_set1_epi16((int16_t)value); }

FN V plus(V a, V b) { return _mm512_add_epi16(a, b); }
FN V minus(V a, V b) { return _mm512_sub_epi16(a, b); }
FN V plus_clamped(V a, V b) { return _mm512_adds_epi16(a, b); }
FN V minus_clamped(V a, V b) { return _mm512_subs_epi16(a, b); }
FN V mult_r(V a, V b) { return _mm512_mulhrs_epi16(a, b); }
FN V product_low(V a, V b) { return _mm512_mullo_epi16(a, b); }
FN V product_high(V a, V b) { return _mm512_mulhi_epi16(a, b); }
FN V product_high_unsigned(V a, V b) { return _mm512_mulhi_epu16(a, b); }
FN V both(V a, V b) { return _mm512_and_si512(a, b); }
FN V either(V a, V b) { return _mm512_or_si512(a, b); }
FN V differ(V a, V b) { return _mm512_xor_si512(a, b); }
FN V larger(V a, V b) { return _mm512_max_epi16(a, b); }
FN V smaller(V a, V b) { return _mm512_min_epi16(a, b); }
FN V above(V a, V b) { return _mm512_movm_epi16(_mm512_cmpgt_epi16_mask(a, b)); }
FN V equal(V a, V b) { return _mm512_movm_epi16(_mm512_cmpeq_epi16_mask(a, b)); }
FN V choose(V mask, V a, V b) { return _mm512_ternarylogic_epi32(mask, a, b, 0xCA); }
FN V right(V a, int by) { return _mm512_srai_epi16(a, (unsigned)by); }
FN V right_unsigned(V a, int by) { return _mm512_srli_epi16(a, (unsigned)by); }
FN V left(V a, int by) { return _mm512_slli_epi16(a, (unsigned)by); }

FN W low(V a, V b) { return _mm512_unpacklo_epi16(a, b); }
FN W high(V a, V b) { return _mm512_unpackhi_epi16(a, b); }
FN V pack(W a, W b) { return _mm512_packs_epi32(a, b); }
FN W dot(W a, W b) { return _mm512_madd_epi16(a, b); }
FN W wide_all(int32_t value) { return _mm512_set1_epi32(value); }
FN W wide_plus(W a, W b) { return _mm512_add_epi32(a, b); }
FN W wide_above(W a, W b) { return _mm512_movm_epi32(_mm512_cmpgt_epi32_mask(a, b)); }
FN W wide_choose(W mask, W a, W b) { return choose(mask, a, b); }
FN W wide_both(W a, W b) { return _mm512_and_si512(a, b); }
FN W wide_larger(W a, W b) { return _mm512_max_epi32(a, b); }
FN W wide_right(W a, int by) { return _mm512_srai_epi32(a, (unsigned)by); }
FN W wide_left(W a, int by) { return _mm512_slli_epi32(a, (unsigned)by); }
FN W wide_quotient(W a, W b)
{
    __m512 up = _mm512_mul_ps(_mm512_cvtepi32_ps(a), _mm512_set1_ps(32768));
    return _mm512_cvttps_epi32(_mm512_div_ps(up, _mm512_cvtepi32_ps(b)));
}

/* Eight samples of each stream at a time: a register has those of four streams, and three
   shuffles within its quarters bring them to their rows. */
FN void turn(const int16_t *const from[LANES], V to[LANES])
{
    for (int k = 0; k < LANES; k += 8) {
        V a[8], *row = to + k;
        for (int i = 0; i < 8; i++) {
            V quarters = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)(from[i] + k)));
#define ADD(n)                                     \
    quarters = _mm512_inserti32x4(                 \
        quarters, _mm_loadu_si128((const __m128i *)(from[8 * (n) + i] + k)), n);
            ADD(1)
            ADD(2)
            ADD(3)
#undef ADD
            row[i] = quarters;
        }
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 8; i++)
                a[i] = row[i];
            for (int i = 0; i < 4; i++) {
                row[2 * i] = low(a[i], a[i + 4]);
                row[2 * i + 1] = high(a[i], a[i + 4]);
            }
        }
    }
}

#endif
