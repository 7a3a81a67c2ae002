/* The GSM 06.10 decoder: one stream here, sixteen at a time in kernel_gsm_bank.c.

   EN 300 961 clause 5.3, step by step as in decoder.py, which says why each step can or
   can't saturate.  The lattice takes most of the time.  Each of its stages depends on the
   one before, within a sample and from sample to sample, so that one stream does not
   fill the lanes of a register; but pmulhrsw, psubsw and paddsw do in one instruction
   each what takes four to six in C: rounded product, clamped difference, clamped sum.
   So the fast way for one stream has every stage in the lowest lane of a register of
   its own, and leaves the overlapping of samples to the processor.
*/
#include "kernel_gsm_inner.h"

#include <string.h>

static const int16_t QUANTISER[8][4] = {
    /* B, MIC, MAC, 1/A (tables 5.1 and 5.2) */
    {0, -32, 31, 13107},   {0, -32, 31, 13107},   {2048, -16, 15, 13107}, {-2560, -16, 15, 13107},
    {94, -8, 7, 19223},    {-1792, -8, 7, 17476}, {-341, -4, 3, 31454},   {-1144, -4, 3, 29708},
};
static const int16_t FAC[8] = {18431, 20479, 22527, 24575, 26623, 28671, 30719, 32767};
const int16_t hama_gsm_qlb[4] = {3277, 11469, 21299, 32767};

static const uint8_t HOMING_FRAME[GSM_BYTES] = {
    0xd2, 0x57, 0x7a, 0x1c, 0xda, 0x50, 0x00, 0x49, 0x24, 0x92, 0x49,
    0x24, 0x50, 0x00, 0x49, 0x24, 0x92, 0x49, 0x24, 0x50, 0x00, 0x49,
    0x24, 0x92, 0x49, 0x24, 0x50, 0x00, 0x49, 0x23, 0x92, 0x49, 0x24,
};
/* A decoder at home looks at the log area ratios and the first subframe only. */
enum { HOMING_PREFIX = 12, HOMING_SAMPLE = 8 };

static const uint8_t SILENCE_FRAME[GSM_BYTES] = {
    0xda, 0xa7, 0xaa, 0xa5, 0x1a, 0x50, 0x20, 0x38, 0xe4, 0x6d, 0xb9,
    0x1b, 0x50, 0x20, 0x38, 0xe4, 0x6d, 0xb9, 0x1b, 0x50, 0x20, 0x38,
    0xe4, 0x6d, 0xb9, 0x1b, 0x50, 0x20, 0x38, 0xe4, 0x6d, 0xb9, 0x1b,
};

int16_t hama_gsm_lar_decoded[8][64];
int16_t hama_gsm_pulses[64][8];

/* Clause 5.2.15: the two parts of a coded block amplitude. */
void hama_gsm_exponent_mantissa(int amplitude, int *exponent, int *mantissa)
{
    int e = amplitude > 15 ? (amplitude >> 3) - 1 : 0;
    int m = amplitude - e * 8;
    if (m == 0) {
        *exponent = -4;
        *mantissa = 7;
        return;
    }
    while (m <= 7) {
        m = m << 1 | 1;
        e--;
    }
    *exponent = e;
    *mantissa = m - 8;
}

void hama_gsm_prepare(void)
{
    for (int i = 0; i < 8; i++) {
        const int16_t *q = QUANTISER[i];
        for (int code = 0; code <= q[2] - q[1]; code++)
            hama_gsm_lar_decoded[i][code] =
                (int16_t)(2 * hama_gsm_mult_r(q[3], (code + q[1]) * 1024 - 2 * q[0]));
    }
    for (int amplitude = 0; amplitude < 64; amplitude++) {
        int exponent, mantissa;
        hama_gsm_exponent_mantissa(amplitude, &exponent, &mantissa);
        int shift = 6 - exponent;
        int rounding = 1 << shift >> 1;
        for (int code = 0; code < 8; code++)
            hama_gsm_pulses[amplitude][code] =
                (int16_t)((hama_gsm_mult_r(FAC[mantissa], (2 * code - 7) * 4096) + rounding) >> shift);
    }
    hama_gsm_use(GSM_AVX2);
}

static int way = GSM_PORTABLE;

int hama_gsm_way(void)
{
    return way;
}

int hama_gsm_use(int wanted)
{
    int best = GSM_PORTABLE;
#if GSM_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("ssse3"))
        best = __builtin_cpu_supports("avx2") ? GSM_AVX2 : GSM_SSSE3;
#endif
    way = wanted < best ? wanted : best;
    return way;
}

/* ---- concealment: the example of GSM 06.11 clause 6, as in concealment.py ---- */

enum { LONGEST_ECHO = 15 };

/* `last` 4 steps weaker and on random grids; 0 if nothing is left of it. */
static int fade(hama_gsm_decoder *d)
{
    int heard = 0;
    for (int start = 5; start < GSM_BYTES; start += 7) {
        uint8_t *b = d->last + start;
        int amplitude = (b[1] << 1 & 62) | b[2] >> 7;
        amplitude = amplitude < 4 ? 0 : amplitude - 4;
        heard |= amplitude;
        d->random = d->random * 1664525u + 1013904223u;
        int grid = (int)(d->random >> 30);
        b[1] = (uint8_t)((b[1] & 0x80) | grid << 5 | amplitude >> 1);
        b[2] = (uint8_t)((b[2] & 0x7f) | amplitude << 7);
    }
    return heard;
}

/* The substitute for a frame that did not arrive. */
static const uint8_t *substitute(hama_gsm_decoder *d)
{
    if (!d->has_last)
        return SILENCE_FRAME;
    if (++d->lost > 1 && (d->lost > LONGEST_ECHO || !fade(d))) {
        d->has_last = 0;
        return SILENCE_FRAME;
    }
    return d->last;
}

/* ---- what happens to a frame ---- */

static void go_home(hama_gsm_decoder *d)
{
    memset(d->excitation, 0, sizeof d->excitation);
    memset(d->lattice, 0, sizeof d->lattice);
    memset(d->lars, 0, sizeof d->lars);
    d->emphasis = 0;
    d->lag = 40;
    d->home = 1;
}

void hama_gsm_decoder_reset(hama_gsm_decoder *d)
{
    d->has_last = 0;
    d->lost = 0;
    d->random = d->seed;
    go_home(d);
}

void hama_gsm_decoder_init(hama_gsm_decoder *d, int homing, int policy, uint32_t seed)
{
    memset(d, 0, sizeof *d);
    d->homing = homing != 0;
    d->policy = (uint8_t)policy;
    d->seed = seed;
    hama_gsm_decoder_reset(d);
}

static int matches(const uint8_t *frame, size_t length)
{
    /* The nibble is no part of the frame. */
    return (frame[0] & 0x0f) == (HOMING_FRAME[0] & 0x0f) &&
           memcmp(frame + 1, HOMING_FRAME + 1, length - 1) == 0;
}

const uint8_t *hama_gsm_arrive(hama_gsm_decoder *d, const uint8_t *frame, int lost)
{
    if (lost || (frame[0] >> 4 != 0xd && d->policy == GSM_CONCEAL)) {
        d->home = 0;
        return substitute(d);
    }
    memcpy(d->last, frame, GSM_BYTES);
    d->has_last = 1;
    d->lost = 0;
    if (!d->homing)
        return frame;
    if (frame[1] != HOMING_FRAME[1] || !matches(frame, HOMING_PREFIX)) {
        d->home = 0;
        return frame;
    }
    if (d->home)
        return NULL;
    /* For hama_gsm_depart() to see: the whole frame must match to go home. */
    d->home = (uint8_t)(matches(frame, GSM_BYTES) ? 2 : 0);
    return frame;
}

int hama_gsm_depart(hama_gsm_decoder *d)
{
    if (d->home != 2)
        return 0;
    go_home(d);
    return 1;
}

void hama_gsm_at_home(int16_t *out)
{
    for (int k = 0; k < GSM_SAMPLES; k++)
        out[k] = HOMING_SAMPLE;
}

static uint64_t load_be64(const uint8_t *p)
{
    return (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 | (uint64_t)p[2] << 40 |
           (uint64_t)p[3] << 32 | (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 |
           (uint64_t)p[6] << 8 | (uint64_t)p[7];
}

void hama_gsm_lars(const uint8_t *frame, int16_t lars[8])
{
    uint64_t bits = load_be64(frame) >> 24;
    lars[0] = hama_gsm_lar_decoded[0][bits >> 30 & 63];
    lars[1] = hama_gsm_lar_decoded[1][bits >> 24 & 63];
    lars[2] = hama_gsm_lar_decoded[2][bits >> 19 & 31];
    lars[3] = hama_gsm_lar_decoded[3][bits >> 14 & 31];
    lars[4] = hama_gsm_lar_decoded[4][bits >> 10 & 15];
    lars[5] = hama_gsm_lar_decoded[5][bits >> 6 & 15];
    lars[6] = hama_gsm_lar_decoded[6][bits >> 3 & 7];
    lars[7] = hama_gsm_lar_decoded[7][bits & 7];
}

int hama_gsm_subframe(const uint8_t *frame, int subframe, int lag, int *gain, int16_t pulses[40])
{
    uint64_t bits = load_be64(frame + 4 + 7 * subframe);
    int sent = (int)(bits >> 49 & 127);
    *gain = hama_gsm_qlb[bits >> 47 & 3];
    const int16_t *row = hama_gsm_pulses[bits >> 39 & 63];
    int16_t *place = pulses + (bits >> 45 & 3);
    memset(pulses, 0, 40 * sizeof *pulses);
    for (int i = 0; i < 13; i++)
        place[3 * i] = row[bits >> (36 - 3 * i) & 7];
    return sent >= 40 && sent <= 120 ? sent : lag;
}

/* Clauses 5.3.1 and 5.3.2 in C: the frame's excitation behind the history. */
static void excite(hama_gsm_decoder *d, const uint8_t *frame)
{
    int16_t pulses[40];
    for (int subframe = 0; subframe < 4; subframe++) {
        int gain;
        d->lag = (int16_t)hama_gsm_subframe(frame, subframe, d->lag, &gain, pulses);
        int16_t *now = d->excitation + GSM_HISTORY + 40 * subframe;
        const int16_t *then = now - d->lag;
        for (int k = 0; k < 40; k++)
            now[k] = hama_gsm_clamp(pulses[k] + hama_gsm_mult_r(gain, then[k]));
    }
}

void hama_gsm_forget(hama_gsm_decoder *d)
{
    memmove(d->excitation, d->excitation + GSM_SAMPLES, GSM_HISTORY * sizeof(int16_t));
}

const int hama_gsm_segments[5] = {0, 13, 27, 40, 160};

/* Clauses 5.2.9.1 and 5.2.9.2. */
void hama_gsm_coefficients(const int16_t old[8], const int16_t new[8], int16_t sets[4][8])
{
    for (int i = 0; i < 8; i++) {
        int lars[4] = {
            (old[i] >> 2) + (new[i] >> 2) + (old[i] >> 1),
            (old[i] >> 1) + (new[i] >> 1),
            (old[i] >> 2) + (new[i] >> 2) + (new[i] >> 1),
            new[i],
        };
        for (int set = 0; set < 4; set++) {
            int lar = lars[set], size = lar < 0 ? -lar : lar;
            size = size < 11059 ? size * 2 : size < 20070 ? size + 11059 : (size >> 2) + 26112;
            sets[set][i] = (int16_t)(lar < 0 ? -size : size);
        }
    }
}

/* Clauses 5.3.4 to 5.3.7 in C. */
static void filter(hama_gsm_decoder *d, int16_t sets[4][8], const int16_t *in, int16_t *out)
{
    int32_t v[9], emphasis = d->emphasis;
    for (int i = 0; i < 8; i++)
        v[i] = d->lattice[i];
    for (int set = 0; set < 4; set++) {
        const int16_t *r = sets[set];
        for (int k = hama_gsm_segments[set]; k < hama_gsm_segments[set + 1]; k++) {
            int32_t s = in[k];
            for (int i = 7; i >= 0; i--) {
                s = hama_gsm_clamp(s - hama_gsm_mult_r(r[i], v[i]));
                v[i + 1] = hama_gsm_clamp(v[i] + hama_gsm_mult_r(r[i], s));
            }
            v[0] = s;
            emphasis = hama_gsm_clamp(s + hama_gsm_mult_r(28180, emphasis));
            out[k] = (int16_t)(hama_gsm_clamp(2 * emphasis) & ~7);
        }
    }
    for (int i = 0; i < 8; i++)
        d->lattice[i] = (int16_t)v[i];
    d->emphasis = (int16_t)emphasis;
}

#if GSM_X86

GSM_TARGET("ssse3")
void hama_gsm_excite_ssse3(hama_gsm_decoder *d, const uint8_t *frame)
{
    int16_t pulses[4][40];
    int gains[4], lags[4], lag = d->lag;
    for (int subframe = 0; subframe < 4; subframe++)
        lags[subframe] = lag = hama_gsm_subframe(frame, subframe, lag, &gains[subframe], pulses[subframe]);
    d->lag = (int16_t)lag;
    for (int subframe = 0; subframe < 4; subframe++) {
        __m128i gain = _mm_set1_epi16((int16_t)gains[subframe]);
        int16_t *now = d->excitation + GSM_HISTORY + 40 * subframe;
        const int16_t *then = now - lags[subframe];
        /* The lag is no shorter than the subframe: nothing is read that is written here. */
        for (int k = 0; k < 40; k += 8) {
            __m128i past = _mm_loadu_si128((const __m128i *)(then + k));
            __m128i fresh = _mm_loadu_si128((const __m128i *)(pulses[subframe] + k));
            past = _mm_adds_epi16(_mm_mulhrs_epi16(past, gain), fresh);
            _mm_storeu_si128((__m128i *)(now + k), past);
        }
    }
}

/* Samples with the same coefficients r.  Only lane 0 counts; what the others compute is
   never looked at, and `in` can be read seven samples beyond its end.

   The coefficients stay in memory on purpose: with them in registers there are too few
   left for v, and a v that goes through memory costs more than all the rest.  Hence no
   inlining, which would let a compiler lift their loads out of the loop.  De-emphasis is
   left to the integer units, which have nothing else to do. */
GSM_TARGET("ssse3") __attribute__((noinline))
static int32_t run_ssse3(__m128i *v, const __m128i *r, int32_t emphasis, const int16_t *in,
                         int16_t *out, int count)
{
    __m128i v0 = v[0], v1 = v[1], v2 = v[2], v3 = v[3], v4 = v[4], v5 = v[5], v6 = v[6], v7 = v[7];
    for (int k = 0; k < count; k++) {
        __m128i s = _mm_loadu_si128((const __m128i *)(in + k));
        s = _mm_subs_epi16(s, _mm_mulhrs_epi16(r[7], v7));
#define STAGE(i, v, next)                            \
    s = _mm_subs_epi16(s, _mm_mulhrs_epi16(r[i], v)); \
    next = _mm_adds_epi16(v, _mm_mulhrs_epi16(r[i], s));
        STAGE(6, v6, v7)
        STAGE(5, v5, v6)
        STAGE(4, v4, v5)
        STAGE(3, v3, v4)
        STAGE(2, v2, v3)
        STAGE(1, v1, v2)
        STAGE(0, v0, v1)
#undef STAGE
        v0 = s;
        emphasis = (int16_t)_mm_cvtsi128_si32(s) + hama_gsm_mult_r(28180, emphasis);
        /* A clamp without a branch, which loud signals would mispredict. */
        int32_t beyond = -((uint32_t)(emphasis + 32768) >> 16 != 0);
        emphasis = (emphasis & ~beyond) | (((emphasis >> 31) ^ 32767) & beyond);
        out[k] = (int16_t)emphasis;
    }
    v[0] = v0, v[1] = v1, v[2] = v2, v[3] = v3, v[4] = v4, v[5] = v5, v[6] = v6, v[7] = v7;
    return emphasis;
}

GSM_TARGET("ssse3")
static void filter_ssse3(hama_gsm_decoder *d, int16_t sets[4][8], const int16_t *in,
                         int16_t *out)
{
    __m128i v[8], r[8];
    for (int i = 0; i < 8; i++)
        v[i] = _mm_cvtsi32_si128(d->lattice[i]);
    int32_t emphasis = d->emphasis;
    for (int set = 0; set < 4; set++) {
        for (int i = 0; i < 8; i++)
            r[i] = _mm_cvtsi32_si128(sets[set][i]);
        int start = hama_gsm_segments[set];
        emphasis = run_ssse3(v, r, emphasis, in + start, out + start,
                             hama_gsm_segments[set + 1] - start);
    }
    for (int i = 0; i < 8; i++)
        d->lattice[i] = (int16_t)_mm_cvtsi128_si32(v[i]);
    d->emphasis = (int16_t)emphasis;
    for (int k = 0; k < GSM_SAMPLES; k += 8) {
        __m128i s = _mm_loadu_si128((const __m128i *)(out + k));
        s = _mm_and_si128(_mm_adds_epi16(s, s), _mm_set1_epi16(-8));
        _mm_storeu_si128((__m128i *)(out + k), s);
    }
}

#endif

static void synthesise(hama_gsm_decoder *d, const uint8_t *frame, int16_t *out)
{
    int16_t lars[8], sets[4][8];
    hama_gsm_lars(frame, lars);
    hama_gsm_coefficients(d->lars, lars, sets);
    memcpy(d->lars, lars, sizeof lars);
#if GSM_X86
    if (way >= GSM_SSSE3) {
        hama_gsm_excite_ssse3(d, frame);
        filter_ssse3(d, sets, d->excitation + GSM_HISTORY, out);
    } else
#endif
    {
        excite(d, frame);
        filter(d, sets, d->excitation + GSM_HISTORY, out);
    }
    hama_gsm_forget(d);
}

void hama_gsm_decode_one(hama_gsm_decoder *d, const uint8_t *frame, int lost, int16_t *out)
{
    const uint8_t *heard = hama_gsm_arrive(d, frame, lost);
    if (!heard) {
        hama_gsm_at_home(out);
        return;
    }
    synthesise(d, heard, out);
    hama_gsm_depart(d);
}

void hama_gsm_decode(hama_gsm_decoder *d, const uint8_t *frames, size_t count, int16_t *out)
{
    for (size_t i = 0; i < count; i++)
        hama_gsm_decode_one(d, frames + GSM_BYTES * i, 0, out + GSM_SAMPLES * i);
}

void hama_gsm_conceal(hama_gsm_decoder *d, int16_t *out)
{
    hama_gsm_decode_one(d, NULL, 1, out);
}
