/* The GSM 06.10 decoder: one stream here, many at a time in kernel_gsm_bank.c.

   EN 300 961 clause 5.3, step by step as in decoder.py, which says why each step can or
   can't saturate.  The lattice takes most of the time.  Each of its stages depends on the
   one before, within a sample and from sample to sample, so that one stream does not
   fill the lanes of a register; but pmulhrsw, psubsw and paddsw (and their like on ARM) do
   in one instruction each what takes four to six in C: rounded product, clamped difference, clamped sum.
   So the fast way for one stream has every stage in the lowest lane of a register of
   its own, and leaves the overlapping of samples to the processor.
*/
#include "kernel_gsm_inner.h"
#include "kernel_gsm_words.h"

#include <string.h>

static int way = GSM_PORTABLE;

int hama_gsm_way(void)
{
    return way;
}

int hama_gsm_use(int wanted)
{
    int best = GSM_PORTABLE;
#if GSM_NEON
    best = GSM_NEON_WAY;
#elif GSM_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("ssse3"))
        best = GSM_SSSE3;
    if (best == GSM_SSSE3 && __builtin_cpu_supports("avx2"))
        best = GSM_AVX2;
    /* With it come all others that kernel_gsm_avx512.h is compiled for. */
    if (best == GSM_AVX2 && __builtin_cpu_supports("avx512bw"))
        best = GSM_AVX512;
#endif
    way = wanted < best ? wanted : best;
#if GSM_X86
    if (way == GSM_NEON_WAY)
        way = GSM_PORTABLE;
#endif
    return way;
}

/* ---- concealment: the example of GSM 06.11 clause 6, as in concealment.py ---- */

/* `last` some steps weaker and on random grids; 0 if nothing is left of it. */
static int fade(hama_gsm_decoder *d)
{
    int heard = 0;
    for (int start = GSM_HEAD_BYTES; start < GSM_FRAME_BYTES; start += GSM_SUBFRAME_BYTES) {
        uint8_t *b = d->last + start;
        int amplitude = (b[1] << 1 & 62) | b[2] >> 7;
        amplitude = amplitude < GSM_FADE ? 0 : amplitude - GSM_FADE;
        heard |= amplitude;
        d->random = d->random * GSM_RANDOM_FACTOR + GSM_RANDOM_STEP;
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
        return GSM_SILENCE_FRAME;
    if (++d->lost > 1 && (d->lost > GSM_LONGEST_ECHO || !fade(d))) {
        d->has_last = 0;
        return GSM_SILENCE_FRAME;
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
    d->lag = GSM_SHORTEST_LAG;
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
    return (frame[0] & 0x0f) == (GSM_HOMING_FRAME[0] & 0x0f) &&
           memcmp(frame + 1, GSM_HOMING_FRAME + 1, length - 1) == 0;
}

const uint8_t *hama_gsm_arrive(hama_gsm_decoder *d, const uint8_t *frame, int lost)
{
    if (lost || (frame[0] >> 4 != GSM_MAGIC && d->policy == GSM_CONCEAL)) {
        d->home = 0;
        return substitute(d);
    }
    memcpy(d->last, frame, GSM_FRAME_BYTES);
    d->has_last = 1;
    d->lost = 0;
    if (!d->homing)
        return frame;
    if (frame[1] != GSM_HOMING_FRAME[1] || !matches(frame, GSM_HOMING_PREFIX_BYTES)) {
        d->home = 0;
        return frame;
    }
    if (d->home)
        return NULL;
    /* For hama_gsm_depart() to see: the whole frame must match to go home. */
    d->home = (uint8_t)(matches(frame, GSM_FRAME_BYTES) ? 2 : 0);
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
    for (int k = 0; k < GSM_FRAME_SAMPLES; k++)
        out[k] = GSM_HOMING_SAMPLE;
}

static uint64_t load_be64(const uint8_t *p)
{
    return (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 | (uint64_t)p[2] << GSM_SUBFRAME_SAMPLES |
           (uint64_t)p[3] << 32 | (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 |
           (uint64_t)p[6] << 8 | (uint64_t)p[7];
}

void hama_gsm_lars(const uint8_t *frame, int16_t lars[8])
{
    uint64_t bits = load_be64(frame) >> 24;
    lars[0] = GSM_LAR_DECODED[0][bits >> 30 & 63];
    lars[1] = GSM_LAR_DECODED[1][bits >> 24 & 63];
    lars[2] = GSM_LAR_DECODED[2][bits >> 19 & 31];
    lars[3] = GSM_LAR_DECODED[3][bits >> 14 & 31];
    lars[4] = GSM_LAR_DECODED[4][bits >> 10 & 15];
    lars[5] = GSM_LAR_DECODED[5][bits >> 6 & 15];
    lars[6] = GSM_LAR_DECODED[6][bits >> 3 & 7];
    lars[7] = GSM_LAR_DECODED[7][bits & 7];
}

int hama_gsm_subframe(const uint8_t *frame, int subframe, int lag, int *gain,
                      int16_t pulses[GSM_SUBFRAME_SAMPLES])
{
    uint64_t bits = load_be64(frame + GSM_HEAD_BYTES - 1 + GSM_SUBFRAME_BYTES * subframe);
    int sent = (int)(bits >> 49 & 127);
    *gain = GSM_QLB[bits >> 47 & 3];
    const int16_t *row = GSM_PULSES[bits >> 39 & 63];
    int16_t *grid = pulses + (bits >> 45 & 3);
    memset(pulses, 0, GSM_SUBFRAME_SAMPLES * sizeof *pulses);
    for (int i = 0; i < GSM_SUBFRAME_PULSES; i++)
        grid[3 * i] = row[bits >> (36 - 3 * i) & 7];
    return sent >= GSM_SHORTEST_LAG && sent <= GSM_LONGEST_LAG ? sent : lag;
}

/* Clauses 5.3.1 and 5.3.2 in C: the frame's excitation behind the history. */
static void excite_portable(hama_gsm_decoder *d, const uint8_t *frame)
{
    int16_t pulses[GSM_SUBFRAME_SAMPLES];
    for (int subframe = 0; subframe < 4; subframe++) {
        int gain;
        d->lag = (int16_t)hama_gsm_subframe(frame, subframe, d->lag, &gain, pulses);
        int16_t *now = d->excitation + GSM_LONGEST_LAG + GSM_SUBFRAME_SAMPLES * subframe;
        const int16_t *then = now - d->lag;
        for (int k = 0; k < GSM_SUBFRAME_SAMPLES; k++)
            now[k] = hama_gsm_clamp(pulses[k] + hama_gsm_mult_r(gain, then[k]));
    }
}

void hama_gsm_forget(hama_gsm_decoder *d)
{
    memmove(d->excitation, d->excitation + GSM_FRAME_SAMPLES, GSM_LONGEST_LAG * sizeof(int16_t));
}

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
            size = size < GSM_LOW_LAR    ? size * 2
                   : size < GSM_HIGH_LAR ? size + GSM_LOW_LAR
                                         : (size >> 2) + GSM_LAR_BEND;
            sets[set][i] = (int16_t)(lar < 0 ? -size : size);
        }
    }
}

/* Clauses 5.3.4 to 5.3.7 in C. */
static void filter_portable(hama_gsm_decoder *d, int16_t sets[4][8], const int16_t *in, int16_t *out)
{
    int32_t v[9], emphasis = d->emphasis;
    for (int i = 0; i < 8; i++)
        v[i] = d->lattice[i];
    for (int set = 0; set < 4; set++) {
        const int16_t *r = sets[set];
        for (int k = GSM_SEGMENTS[set]; k < GSM_SEGMENTS[set + 1]; k++) {
            int32_t s = in[k];
            for (int i = 7; i >= 0; i--) {
                s = hama_gsm_clamp(s - hama_gsm_mult_r(r[i], v[i]));
                v[i + 1] = hama_gsm_clamp(v[i] + hama_gsm_mult_r(r[i], s));
            }
            v[0] = s;
            emphasis = hama_gsm_clamp(s + hama_gsm_mult_r(GSM_DEEMPHASIS, emphasis));
            out[k] = (int16_t)(hama_gsm_clamp(2 * emphasis) & ~7);
        }
    }
    for (int i = 0; i < 8; i++)
        d->lattice[i] = (int16_t)v[i];
    d->emphasis = (int16_t)emphasis;
}

#if GSM_VECTORS

VECTOR
void hama_gsm_excite(hama_gsm_decoder *d, const uint8_t *frame)
{
    int16_t pulses[4][GSM_SUBFRAME_SAMPLES];
    int gains[4], lags[4], lag = d->lag;
    for (int subframe = 0; subframe < 4; subframe++)
        lags[subframe] = lag =
            hama_gsm_subframe(frame, subframe, lag, &gains[subframe], pulses[subframe]);
    d->lag = (int16_t)lag;
    for (int subframe = 0; subframe < 4; subframe++) {
        V gain = all(gains[subframe]);
        int16_t *now = d->excitation + GSM_LONGEST_LAG + GSM_SUBFRAME_SAMPLES * subframe;
        const int16_t *then = now - lags[subframe];
        /* The lag is no shorter than the subframe: nothing is read that is written here. */
        for (int k = 0; k < GSM_SUBFRAME_SAMPLES; k += LANES)
            store(now + k, plus_clamped(mult_r(load(then + k), gain), load(pulses[subframe] + k)));
    }
}

/* Samples with the same coefficients r.  Only lane 0 counts; what the others compute is
   never looked at, and `in` can be read seven samples beyond its end.

   The coefficients stay in memory on purpose: with them in registers there are too few
   left for v, and a v that goes through memory costs more than all the rest.  Hence no
   inlining, which would let a compiler lift their loads out of the loop.  De-emphasis is
   left to the integer units, which have nothing else to do. */
VECTOR GSM_ALONE
static int32_t run(V *v, const V *r, int32_t emphasis, const int16_t *in, int16_t *out, int count)
{
    V v0 = v[0], v1 = v[1], v2 = v[2], v3 = v[3], v4 = v[4], v5 = v[5], v6 = v[6], v7 = v[7];
    for (int k = 0; k < count; k++) {
        V s = load(in + k);
        s = minus_clamped(s, mult_r(r[7], v7));
#define STAGE(i, v, next)                    \
    s = minus_clamped(s, mult_r(r[i], v)); \
    next = plus_clamped(v, mult_r(r[i], s));
        STAGE(6, v6, v7)
        STAGE(5, v5, v6)
        STAGE(4, v4, v5)
        STAGE(3, v3, v4)
        STAGE(2, v2, v3)
        STAGE(1, v1, v2)
        STAGE(0, v0, v1)
#undef STAGE
        v0 = s;
        emphasis = first_of(s) + hama_gsm_mult_r(GSM_DEEMPHASIS, emphasis);
        /* A clamp without a branch, which loud signals would mispredict. */
        int32_t beyond = -((uint32_t)(emphasis + 32768) >> 16 != 0);
        emphasis = (emphasis & ~beyond) | (((emphasis >> 31) ^ 32767) & beyond);
        out[k] = (int16_t)emphasis;
    }
    v[0] = v0, v[1] = v1, v[2] = v2, v[3] = v3, v[4] = v4, v[5] = v5, v[6] = v6, v[7] = v7;
    return emphasis;
}

VECTOR
static void filter(hama_gsm_decoder *d, int16_t sets[4][8], const int16_t *in, int16_t *out)
{
    V v[8], r[8];
    for (int i = 0; i < 8; i++)
        v[i] = first(d->lattice[i]);
    int32_t emphasis = d->emphasis;
    for (int set = 0; set < 4; set++) {
        for (int i = 0; i < 8; i++)
            r[i] = first(sets[set][i]);
        int start = GSM_SEGMENTS[set];
        emphasis = run(v, r, emphasis, in + start, out + start, GSM_SEGMENTS[set + 1] - start);
    }
    for (int i = 0; i < 8; i++)
        d->lattice[i] = (int16_t)first_of(v[i]);
    d->emphasis = (int16_t)emphasis;
    for (int k = 0; k < GSM_FRAME_SAMPLES; k += LANES) {
        V s = load(out + k);
        store(out + k, both(plus_clamped(s, s), all(-8)));
    }
}

#endif

static void synthesise(hama_gsm_decoder *d, const uint8_t *frame, int16_t *out)
{
    int16_t lars[8], sets[4][8];
    hama_gsm_lars(frame, lars);
    hama_gsm_coefficients(d->lars, lars, sets);
    memcpy(d->lars, lars, sizeof lars);
#if GSM_VECTORS
    if (way > GSM_PORTABLE) {
        hama_gsm_excite(d, frame);
        filter(d, sets, d->excitation + GSM_LONGEST_LAG, out);
    } else
#endif
    {
        excite_portable(d, frame);
        filter_portable(d, sets, d->excitation + GSM_LONGEST_LAG, out);
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
        hama_gsm_decode_one(d, frames + GSM_FRAME_BYTES * i, 0, out + GSM_FRAME_SAMPLES * i);
}

void hama_gsm_conceal(hama_gsm_decoder *d, int16_t *out)
{
    hama_gsm_decode_one(d, NULL, 1, out);
}
