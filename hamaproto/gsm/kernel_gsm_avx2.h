/* What the kernels are written in, for AVX2: sixteen numbers of 16 bits, or eight of 32.

   kernel_gsm_ssse3.h says what the words mean.  Here `low` and `high` take halves of
   halves; since each W is made by them and undone by `pack`, nobody notices.
*/
#ifndef KERNEL_GSM_AVX2_H
#define KERNEL_GSM_AVX2_H

#include "kernel_gsm_inner.h"

#define VECTOR GSM_TARGET("avx2")
#define FN VECTOR static inline

enum { LANES = 16 };

typedef __m256i V;
typedef __m256i W;

FN V load(const int16_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
FN void store(int16_t *p, V a) { _mm256_storeu_si256((__m256i *)p, a); }
FN V all(int value) { return _mm256_set1_epi16((int16_t)value); }

FN V plus(V a, V b) { return _mm256_add_epi16(a, b); }
FN V minus(V a, V b) { return _mm256_sub_epi16(a, b); }
FN V plus_clamped(V a, V b) { return _mm256_adds_epi16(a, b); }
FN V minus_clamped(V a, V b) { return _mm256_subs_epi16(a, b); }
FN V mult_r(V a, V b) { return _mm256_mulhrs_epi16(a, b); }
FN V product_low(V a, V b) { return _mm256_mullo_epi16(a, b); }
FN V product_high(V a, V b) { return _mm256_mulhi_epi16(a, b); }
FN V product_high_unsigned(V a, V b) { return _mm256_mulhi_epu16(a, b); }
FN V both(V a, V b) { return _mm256_and_si256(a, b); }
FN V either(V a, V b) { return _mm256_or_si256(a, b); }
FN V differ(V a, V b) { return _mm256_xor_si256(a, b); }
FN V larger(V a, V b) { return _mm256_max_epi16(a, b); }
FN V smaller(V a, V b) { return _mm256_min_epi16(a, b); }
FN V above(V a, V b) { return _mm256_cmpgt_epi16(a, b); }
FN V equal(V a, V b) { return _mm256_cmpeq_epi16(a, b); }
FN V choose(V mask, V a, V b) { return _mm256_blendv_epi8(b, a, mask); }
FN V right(V a, int by) { return _mm256_srai_epi16(a, by); }
FN V right_unsigned(V a, int by) { return _mm256_srli_epi16(a, by); }
FN V left(V a, int by) { return _mm256_slli_epi16(a, by); }

FN W low(V a, V b) { return _mm256_unpacklo_epi16(a, b); }
FN W high(V a, V b) { return _mm256_unpackhi_epi16(a, b); }
FN V pack(W a, W b) { return _mm256_packs_epi32(a, b); }
FN W dot(W a, W b) { return _mm256_madd_epi16(a, b); }
FN W wide_all(int32_t value) { return _mm256_set1_epi32(value); }
FN W wide_plus(W a, W b) { return _mm256_add_epi32(a, b); }
FN W wide_above(W a, W b) { return _mm256_cmpgt_epi32(a, b); }
FN W wide_choose(W mask, W a, W b) { return choose(mask, a, b); }
FN W wide_both(W a, W b) { return _mm256_and_si256(a, b); }
FN W wide_larger(W a, W b) { return _mm256_max_epi32(a, b); }
FN W wide_right(W a, int by) { return _mm256_srai_epi32(a, by); }
FN W wide_left(W a, int by) { return _mm256_slli_epi32(a, by); }
FN W wide_quotient(W a, W b)
{
    __m256 up = _mm256_mul_ps(_mm256_cvtepi32_ps(a), _mm256_set1_ps(32768));
    return _mm256_cvttps_epi32(_mm256_div_ps(up, _mm256_cvtepi32_ps(b)));
}

FN void turn(const int16_t *const from[LANES], V to[LANES])
{
    __m256i a[16], b[16];
    for (int i = 0; i < 16; i++)
        a[i] = load(from[i]);
    for (int i = 0; i < 8; i++) {
        b[2 * i] = _mm256_unpacklo_epi16(a[2 * i], a[2 * i + 1]);
        b[2 * i + 1] = _mm256_unpackhi_epi16(a[2 * i], a[2 * i + 1]);
    }
    for (int i = 0; i < 4; i++) {
        a[4 * i] = _mm256_unpacklo_epi32(b[4 * i], b[4 * i + 2]);
        a[4 * i + 1] = _mm256_unpackhi_epi32(b[4 * i], b[4 * i + 2]);
        a[4 * i + 2] = _mm256_unpacklo_epi32(b[4 * i + 1], b[4 * i + 3]);
        a[4 * i + 3] = _mm256_unpackhi_epi32(b[4 * i + 1], b[4 * i + 3]);
    }
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 4; j++) {
            b[8 * i + 2 * j] = _mm256_unpacklo_epi64(a[8 * i + j], a[8 * i + 4 + j]);
            b[8 * i + 2 * j + 1] = _mm256_unpackhi_epi64(a[8 * i + j], a[8 * i + 4 + j]);
        }
    for (int i = 0; i < 8; i++) {
        to[i] = _mm256_permute2x128_si256(b[i], b[8 + i], 0x20);
        to[8 + i] = _mm256_permute2x128_si256(b[i], b[8 + i], 0x31);
    }
}

#endif
