/* What the kernels are written in, for SSSE3: eight numbers of 16 bits, or four of 32.

   V is a register of 16-bit numbers, W one of 32-bit numbers.  kernel_gsm_avx2.h and
   kernel_gsm_neon.h define the same words; a source file includes one of the three.

   Two V make two W: `low` takes the first halves, by turns, and `high` the others.  So a
   W also holds pairs of 16-bit numbers, for `dot`.  `pack` puts two W together again.
*/
#ifndef KERNEL_GSM_SSSE3_H
#define KERNEL_GSM_SSSE3_H

#include "kernel_gsm_inner.h"

#define VECTOR GSM_TARGET("ssse3")
#define FN VECTOR static inline

enum { LANES = 8 };

typedef __m128i V;
typedef __m128i W;

FN V load(const int16_t *p) { return _mm_loadu_si128((const __m128i *)p); }
FN void store(int16_t *p, V a) { _mm_storeu_si128((__m128i *)p, a); }
FN V all(int value) { return _mm_set1_epi16((int16_t)value); }
FN V first(int value) { return _mm_cvtsi32_si128(value); }
FN int32_t first_of(V a) { return (int16_t)_mm_cvtsi128_si32(a); }

FN V plus(V a, V b) { return _mm_add_epi16(a, b); }
FN V minus(V a, V b) { return _mm_sub_epi16(a, b); }
FN V plus_clamped(V a, V b) { return _mm_adds_epi16(a, b); }
FN V minus_clamped(V a, V b) { return _mm_subs_epi16(a, b); }
FN V mult_r(V a, V b) { return _mm_mulhrs_epi16(a, b); }
FN V product_low(V a, V b) { return _mm_mullo_epi16(a, b); }
FN V product_high(V a, V b) { return _mm_mulhi_epi16(a, b); }
FN V product_high_unsigned(V a, V b) { return _mm_mulhi_epu16(a, b); }
FN V both(V a, V b) { return _mm_and_si128(a, b); }
FN V either(V a, V b) { return _mm_or_si128(a, b); }
FN V differ(V a, V b) { return _mm_xor_si128(a, b); }
FN V larger(V a, V b) { return _mm_max_epi16(a, b); }
FN V smaller(V a, V b) { return _mm_min_epi16(a, b); }
FN V above(V a, V b) { return _mm_cmpgt_epi16(a, b); }
FN V equal(V a, V b) { return _mm_cmpeq_epi16(a, b); }
FN V choose(V mask, V a, V b)
{
    return _mm_or_si128(_mm_and_si128(mask, a), _mm_andnot_si128(mask, b));
}
FN V right(V a, int by) { return _mm_srai_epi16(a, by); }
FN V right_unsigned(V a, int by) { return _mm_srli_epi16(a, by); }
FN V left(V a, int by) { return _mm_slli_epi16(a, by); }

/* As V: the samples of a's and b's first halves by turns, and those of their second ones. */
FN V shuffle_low(V a, V b) { return _mm_unpacklo_epi16(a, b); }
FN V shuffle_high(V a, V b) { return _mm_unpackhi_epi16(a, b); }

FN W low(V a, V b) { return _mm_unpacklo_epi16(a, b); }
FN W high(V a, V b) { return _mm_unpackhi_epi16(a, b); }
FN V pack(W a, W b) { return _mm_packs_epi32(a, b); }
FN W dot(W a, W b) { return _mm_madd_epi16(a, b); }
FN W wide_all(int32_t value) { return _mm_set1_epi32(value); }
FN W wide_plus(W a, W b) { return _mm_add_epi32(a, b); }
FN W wide_above(W a, W b) { return _mm_cmpgt_epi32(a, b); }
FN W wide_choose(W mask, W a, W b) { return choose(mask, a, b); }
FN W wide_both(W a, W b) { return _mm_and_si128(a, b); }
FN W wide_larger(W a, W b) { return choose(_mm_cmpgt_epi32(a, b), a, b); }
FN W wide_right(W a, int by) { return _mm_srai_epi32(a, by); }
FN W wide_left(W a, int by) { return _mm_slli_epi32(a, by); }
/* a * 2**15 / b as floats, whose fraction is then cut off; any number where b is 0. */
FN W wide_quotient(W a, W b)
{
    __m128 up = _mm_mul_ps(_mm_cvtepi32_ps(a), _mm_set1_ps(32768));
    return _mm_cvttps_epi32(_mm_div_ps(up, _mm_cvtepi32_ps(b)));
}

#endif
