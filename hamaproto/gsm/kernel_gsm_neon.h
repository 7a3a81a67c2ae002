/* What the kernels are written in, for NEON: eight numbers of 16 bits, or four of 32.

   kernel_gsm_ssse3.h says what the words mean.
*/
#ifndef KERNEL_GSM_NEON_H
#define KERNEL_GSM_NEON_H

#include "kernel_gsm_inner.h"

#define VECTOR
#define FN static inline

enum { LANES = 8 };

typedef int16x8_t V;
typedef int32x4_t W;

FN V load(const int16_t *p) { return vld1q_s16(p); }
FN void store(int16_t *p, V a) { vst1q_s16(p, a); }
FN V all(int value) { return vdupq_n_s16((int16_t)value); }
FN V first(int value) { return vsetq_lane_s16((int16_t)value, vdupq_n_s16(0), 0); }
FN int32_t first_of(V a) { return vgetq_lane_s16(a, 0); }

FN V plus(V a, V b) { return vaddq_s16(a, b); }
FN V minus(V a, V b) { return vsubq_s16(a, b); }
FN V plus_clamped(V a, V b) { return vqaddq_s16(a, b); }
FN V minus_clamped(V a, V b) { return vqsubq_s16(a, b); }
FN V mult_r(V a, V b) { return vqrdmulhq_s16(a, b); }
FN V product_low(V a, V b) { return vmulq_s16(a, b); }
FN V product_high(V a, V b)
{
    int32x4_t lower = vmull_s16(vget_low_s16(a), vget_low_s16(b));
    int32x4_t upper = vmull_high_s16(a, b);
    return vcombine_s16(vshrn_n_s32(lower, 16), vshrn_n_s32(upper, 16));
}
FN V product_high_unsigned(V a, V b)
{
    uint16x8_t x = vreinterpretq_u16_s16(a), y = vreinterpretq_u16_s16(b);
    uint32x4_t lower = vmull_u16(vget_low_u16(x), vget_low_u16(y));
    uint32x4_t upper = vmull_high_u16(x, y);
    uint16x8_t both_halves = vcombine_u16(vshrn_n_u32(lower, 16), vshrn_n_u32(upper, 16));
    return vreinterpretq_s16_u16(both_halves);
}
FN V both(V a, V b) { return vandq_s16(a, b); }
FN V either(V a, V b) { return vorrq_s16(a, b); }
FN V differ(V a, V b) { return veorq_s16(a, b); }
FN V larger(V a, V b) { return vmaxq_s16(a, b); }
FN V smaller(V a, V b) { return vminq_s16(a, b); }
FN V above(V a, V b) { return vreinterpretq_s16_u16(vcgtq_s16(a, b)); }
FN V equal(V a, V b) { return vreinterpretq_s16_u16(vceqq_s16(a, b)); }
FN V choose(V mask, V a, V b) { return vbslq_s16(vreinterpretq_u16_s16(mask), a, b); }
FN V right(V a, int by) { return vshlq_s16(a, vdupq_n_s16((int16_t)-by)); }
FN V right_unsigned(V a, int by)
{
    uint16x8_t shifted = vshlq_u16(vreinterpretq_u16_s16(a), vdupq_n_s16((int16_t)-by));
    return vreinterpretq_s16_u16(shifted);
}
FN V left(V a, int by) { return vshlq_s16(a, vdupq_n_s16((int16_t)by)); }

FN V shuffle_low(V a, V b) { return vzip1q_s16(a, b); }
FN V shuffle_high(V a, V b) { return vzip2q_s16(a, b); }

FN W low(V a, V b) { return vreinterpretq_s32_s16(vzip1q_s16(a, b)); }
FN W high(V a, V b) { return vreinterpretq_s32_s16(vzip2q_s16(a, b)); }
FN V pack(W a, W b) { return vcombine_s16(vqmovn_s32(a), vqmovn_s32(b)); }
FN W dot(W a, W b)
{
    int16x8_t x = vreinterpretq_s16_s32(a), y = vreinterpretq_s16_s32(b);
    int32x4_t lower = vmull_s16(vget_low_s16(x), vget_low_s16(y));
    return vpaddq_s32(lower, vmull_high_s16(x, y));
}
FN W wide_all(int32_t value) { return vdupq_n_s32(value); }
FN W wide_plus(W a, W b) { return vaddq_s32(a, b); }
FN W wide_above(W a, W b) { return vreinterpretq_s32_u32(vcgtq_s32(a, b)); }
FN W wide_choose(W mask, W a, W b) { return vbslq_s32(vreinterpretq_u32_s32(mask), a, b); }
FN W wide_both(W a, W b) { return vandq_s32(a, b); }
FN W wide_larger(W a, W b) { return vmaxq_s32(a, b); }
FN W wide_right(W a, int by) { return vshlq_s32(a, vdupq_n_s32(-by)); }
FN W wide_left(W a, int by) { return vshlq_s32(a, vdupq_n_s32(by)); }
FN W wide_quotient(W a, W b)
{
    float32x4_t up = vmulq_n_f32(vcvtq_f32_s32(a), 32768);
    return vcvtq_s32_f32(vdivq_f32(up, vcvtq_f32_s32(b)));
}

#endif
