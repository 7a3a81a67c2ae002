/* The GSM 06.10 encoder, EN 300 961 clause 5.2, step by step as in encoder.py.

   The sums of products (autocorrelation, search for the lag, weighting) are plain loops
   over int16 that compilers turn into multiply-and-add of whole registers.  The short
   term filter has no feedback: a stage can be run over the whole frame before the next,
   eight samples at a time.
*/
#include "kernel_gsm_inner.h"
#include "kernel_gsm_words.h"

#include <string.h>

void hama_gsm_encoder_reset(hama_gsm_encoder *e)
{
    uint8_t homing = e->homing;
    memset(e, 0, sizeof *e);
    e->homing = homing;
}

void hama_gsm_encoder_init(hama_gsm_encoder *e, int homing)
{
    memset(e, 0, sizeof *e);
    e->homing = homing != 0;
}

/* Clause 5.1: how far a positive number can be shifted left. */
static int norm(int32_t value)
{
#if defined(__GNUC__)
    return __builtin_clz((unsigned)value) - 1;
#else
    int shift = 0;
    while (value < 0x40000000) {
        value *= 2;
        shift++;
    }
    return shift;
#endif
}

/* The largest absolute value, where that of -32768 is 32767. */
static int peak(const int16_t *samples, int count)
{
    int16_t high = 0, low = 0;
    for (int k = 0; k < count; k++) {
        high = samples[k] > high ? samples[k] : high;
        low = samples[k] < low ? samples[k] : low;
    }
    int size = low == -32768 ? 32767 : -low;
    return high > size ? high : size;
}

static int32_t product(const int16_t *a, const int16_t *b, int count)
{
    int32_t sum = 0;
    for (int k = 0; k < count; k++)
        sum += a[k] * b[k];
    return sum;
}

/* Clauses 5.2.1 to 5.2.3; returns whether this is the homing frame. */
static int preprocess(hama_gsm_encoder *e, const int16_t *samples, int16_t *signal)
{
    int32_t in = e->offset_in, out = e->offset_out, previous = e->preemphasis;
    int homing = 1;
    for (int k = 0; k < GSM_FRAME_SAMPLES; k++) {
        int32_t coarse = samples[k] >> 3;
        homing &= coarse == GSM_HOMING_SAMPLE >> 3;
        coarse *= 4;
        out = (coarse - in) * 32768 + (int32_t)(((int64_t)out * GSM_OFFSET_POLE + 16384) >> 15);
        in = coarse;
        int32_t current = (out + 16384) >> 15;
        signal[k] = hama_gsm_clamp(current + hama_gsm_mult_r(-GSM_DEEMPHASIS, previous));
        previous = current;
    }
    e->offset_in = in;
    e->offset_out = out;
    e->preemphasis = previous;
    return homing;
}

/* Clause 5.2.4: nine sums of products; the scaling costs the signal its lower bits. */
static void autocorrelation(int16_t *signal, int32_t sums[9])
{
    int16_t scaled[8 + GSM_FRAME_SAMPLES];
    int size = peak(signal, GSM_FRAME_SAMPLES);
    int shift = size ? 4 - norm(size * 65536) : 0;
    memset(scaled, 0, 8 * sizeof *scaled);
    if (shift > 0) {
        int32_t factor = 16384 >> (shift - 1);
        for (int k = 0; k < GSM_FRAME_SAMPLES; k++) {
            int32_t sample = hama_gsm_mult_r(signal[k], factor);
            scaled[8 + k] = (int16_t)sample;
            /* Rounding can carry a sample to 32768, which in 16 bits is -32768. */
            signal[k] = (int16_t)(uint16_t)((uint32_t)sample << shift);
        }
    } else {
        memcpy(scaled + 8, signal, GSM_FRAME_SAMPLES * sizeof *signal);
    }
    for (int lag = 0; lag < 9; lag++)
        sums[lag] = 2 * product(scaled + 8, scaled + 8 - lag, GSM_FRAME_SAMPLES);
}

/* Clause 5.2.5: reflection coefficients by the recursion of Schur. */
static void reflection(const int32_t sums[9], int16_t r[8])
{
    int32_t p[9], k[9];
    memset(r, 0, 8 * sizeof *r);
    if (!sums[0])
        return;
    int shift = norm(sums[0]);
    for (int i = 0; i < 9; i++)
        p[i] = k[i] = (int32_t)((uint32_t)sums[i] << shift) >> 16;
    for (int n = 0; n < 8; n++) {
        int32_t size = p[1] < 0 ? -p[1] : p[1];
        size = size > 32767 ? 32767 : size;
        if (p[0] < size)
            return;
        int32_t quotient = size ? size * 32768 / p[0] : 0;
        quotient = quotient > 32767 ? 32767 : quotient;
        r[n] = (int16_t)(p[1] > 0 ? -quotient : quotient);
        if (n == 7)
            return;
        p[0] = hama_gsm_clamp(p[0] + hama_gsm_mult_r(r[n], p[1]));
        for (int m = 1; m < 8 - n; m++) {
            int32_t ahead = p[m + 1];
            p[m] = hama_gsm_clamp(ahead + hama_gsm_mult_r(r[n], k[m]));
            k[m] = hama_gsm_clamp(k[m] + hama_gsm_mult_r(r[n], ahead));
        }
    }
}

/* Clauses 5.2.6 and 5.2.7. */
static void lar_codes(const int16_t r[8], int codes[8])
{
    for (int i = 0; i < 8; i++) {
        const int16_t *q = GSM_LAR_QUANTISER[i];
        int32_t size = r[i] < 0 ? -r[i] : r[i];
        size = size < GSM_LOW_COEFFICIENT    ? size >> 1
               : size < GSM_HIGH_COEFFICIENT ? size - GSM_LOW_LAR
                                             : (size - GSM_LAR_BEND) * 4;
        int32_t lar = r[i] < 0 ? -size : size;
        int code = (((q[0] * lar) >> 15) + q[1] + 256) >> 9;
        code = code < q[2] ? q[2] : code > q[3] ? q[3] : code;
        codes[i] = code - q[2];
    }
}

/* Clauses 5.2.9 and 5.2.10 in C: the residual takes the signal's place. */
static void analyse_portable(hama_gsm_encoder *e, int16_t sets[4][8], int16_t *signal)
{
    for (int set = 0; set < 4; set++)
        for (int k = GSM_SEGMENTS[set]; k < GSM_SEGMENTS[set + 1]; k++) {
            int16_t forward = signal[k], backward = signal[k];
            for (int i = 0; i < 8; i++) {
                int16_t kept = e->lattice[i];
                e->lattice[i] = backward;
                backward = hama_gsm_clamp(kept + hama_gsm_mult_r(sets[set][i], forward));
                forward = hama_gsm_clamp(forward + hama_gsm_mult_r(sets[set][i], kept));
            }
            signal[k] = forward;
        }
}

#if GSM_VECTORS

/* The same, stage by stage: `backward` has the sample before the frame in front. */
VECTOR
static void analyse(hama_gsm_encoder *e, int16_t sets[4][8], int16_t *signal)
{
    int16_t backward[8 + GSM_FRAME_SAMPLES];
    memcpy(backward + 8, signal, GSM_FRAME_SAMPLES * sizeof *signal);
    for (int i = 0; i < 8; i++) {
        int16_t r[GSM_SUBFRAME_SAMPLES];
        backward[7] = e->lattice[i];
        e->lattice[i] = backward[7 + GSM_FRAME_SAMPLES];
        for (int set = 0; set < 3; set++)
            for (int k = GSM_SEGMENTS[set]; k < GSM_SEGMENTS[set + 1]; k++)
                r[k] = sets[set][i];
        V coefficient = all(sets[3][i]);
        V kept = load(backward + 7);
        for (int k = 0; k < GSM_FRAME_SAMPLES; k += LANES) {
            V c = k < GSM_SUBFRAME_SAMPLES ? load(r + k) : coefficient;
            V forward = load(signal + k);
            /* Read before this stage's output goes where it stands. */
            V next = k + LANES < GSM_FRAME_SAMPLES ? load(backward + 7 + LANES + k) : kept;
            V sum = plus_clamped(kept, mult_r(c, forward));
            store(signal + k, plus_clamped(forward, mult_r(c, kept)));
            store(backward + 8 + k, sum);
            kept = next;
        }
    }
}

#endif

/* Clause 5.2.11: the code of the gain is returned. */
static int long_term(const int16_t *residual, const int16_t *now, int *lag)
{
    int16_t scaled[GSM_SUBFRAME_SAMPLES];
    int size = peak(residual, GSM_SUBFRAME_SAMPLES);
    int scale = size ? 6 - norm(size * 65536) : 0;
    scale = scale < 0 ? 0 : scale;
    for (int k = 0; k < GSM_SUBFRAME_SAMPLES; k++)
        scaled[k] = (int16_t)(residual[k] >> scale);
    int32_t best = 0;
    *lag = GSM_SHORTEST_LAG;
    for (int candidate = GSM_SHORTEST_LAG; candidate <= GSM_LONGEST_LAG; candidate++) {
        int32_t likeness = product(scaled, now - candidate, GSM_SUBFRAME_SAMPLES);
        if (likeness > best) {
            best = likeness;
            *lag = candidate;
        }
    }
    best = (2 * best) >> (6 - scale);
    int32_t energy = 0;
    for (int k = 0; k < GSM_SUBFRAME_SAMPLES; k++) {
        int32_t sample = now[k - *lag] >> 3;
        energy += sample * sample;
    }
    energy *= 2;
    if (best <= 0)
        return 0;
    if (best >= energy)
        return 3;
    int shift = norm(energy);
    int32_t r = (int32_t)((uint32_t)best << shift) >> 16;
    int32_t s = (int32_t)((uint32_t)energy << shift) >> 16;
    int code = 0;
    while (code < 3 && r > (s * GSM_DLB[code]) >> 15)
        code++;
    return code;
}

/* Clauses 5.2.13 and 5.2.14: the grid is returned, `chosen` its 13 samples. */
static int weight(const int16_t *error, int16_t chosen[GSM_SUBFRAME_PULSES])
{
    int16_t padded[GSM_SUBFRAME_SAMPLES + 10], weighted[GSM_SUBFRAME_SAMPLES];
    int32_t sums[GSM_SUBFRAME_SAMPLES];
    memset(padded, 0, sizeof padded);
    memcpy(padded + 5, error, GSM_SUBFRAME_SAMPLES * sizeof *error);
    for (int k = 0; k < GSM_SUBFRAME_SAMPLES; k++)
        sums[k] = 4096;
    for (int i = 0; i < 11; i++)
        for (int k = 0; k < GSM_SUBFRAME_SAMPLES; k++)
            sums[k] += GSM_H[i] * padded[k + i];
    for (int k = 0; k < GSM_SUBFRAME_SAMPLES; k++)
        weighted[k] = hama_gsm_clamp(sums[k] >> 13);
    int grid = 0;
    int32_t strongest = 0;
    for (int m = 0; m < 4; m++) {
        int32_t energy = 0;
        for (int i = 0; i < GSM_SUBFRAME_PULSES; i++) {
            int32_t sample = weighted[m + 3 * i] >> 2;
            energy += sample * sample;
        }
        if (energy > strongest) {
            strongest = energy;
            grid = m;
        }
    }
    for (int i = 0; i < GSM_SUBFRAME_PULSES; i++)
        chosen[i] = weighted[grid + 3 * i];
    return grid;
}

/* Clauses 5.2.11 to 5.2.18: the samples of a subframe to its bytes. */
static void subframe(const int16_t *residual, int16_t *now, uint8_t *bytes)
{
    int lag;
    int gain_code = long_term(residual, now, &lag);
    int32_t gain = GSM_QLB[gain_code];
    int16_t error[GSM_SUBFRAME_SAMPLES], chosen[GSM_SUBFRAME_PULSES];
    for (int k = 0; k < GSM_SUBFRAME_SAMPLES; k++) {
        now[k] = (int16_t)hama_gsm_mult_r(gain, now[k - lag]);
        error[k] = hama_gsm_clamp(residual[k] - now[k]);
    }
    int grid = weight(error, chosen);
    /* Clause 5.2.15. */
    int size = peak(chosen, GSM_SUBFRAME_PULSES), exponent = 0;
    while (exponent < 6 && size >> (9 + exponent))
        exponent++;
    int amplitude = (size >> (exponent + 5)) + exponent * 8;
    const int16_t *parts = GSM_AMPLITUDE_PARTS[amplitude];
    uint64_t bits = (uint64_t)lag << 49 | (uint64_t)gain_code << 47 | (uint64_t)grid << 45 |
                    (uint64_t)amplitude << 39;
    for (int i = 0; i < GSM_SUBFRAME_PULSES; i++) {
        /* The block amplitude bounds the pulses: shifted they still fit in 16 bits. */
        int32_t shifted = chosen[i] * (1 << (6 - parts[0]));
        int code = ((shifted * GSM_NRFAC[parts[1]]) >> 27) + 4;
        bits |= (uint64_t)code << (36 - 3 * i);
        int16_t *sample = now + grid + 3 * i;
        *sample = hama_gsm_clamp(*sample + GSM_PULSES[amplitude][code]);
    }
    for (int i = 0; i < GSM_SUBFRAME_BYTES; i++)
        bytes[i] = (uint8_t)(bits >> (48 - 8 * i));
}

static void encode_one(hama_gsm_encoder *e, const int16_t *samples, uint8_t *frame)
{
    int16_t signal[GSM_FRAME_SAMPLES], r[8], lars[8], sets[4][8];
    int32_t sums[9];
    int codes[8];
    int homing = preprocess(e, samples, signal);
    autocorrelation(signal, sums);
    reflection(sums, r);
    lar_codes(r, codes);
    uint64_t bits = GSM_MAGIC;
    for (int i = 0; i < 8; i++) {
        bits = bits << GSM_LAR_WIDTHS[i] | (uint64_t)codes[i];
        lars[i] = GSM_LAR_DECODED[i][codes[i]];
    }
    for (int i = 0; i < GSM_HEAD_BYTES; i++)
        frame[i] = (uint8_t)(bits >> (32 - 8 * i));
    hama_gsm_coefficients(e->lars, lars, sets);
    memcpy(e->lars, lars, sizeof lars);
#if GSM_VECTORS
    if (hama_gsm_way() > GSM_PORTABLE)
        analyse(e, sets, signal);
    else
#endif
        analyse_portable(e, sets, signal);
    for (int i = 0; i < 4; i++)
        subframe(signal + GSM_SUBFRAME_SAMPLES * i,
                 e->excitation + GSM_LONGEST_LAG + GSM_SUBFRAME_SAMPLES * i,
                 frame + GSM_HEAD_BYTES + GSM_SUBFRAME_BYTES * i);
    memmove(e->excitation, e->excitation + GSM_FRAME_SAMPLES, GSM_LONGEST_LAG * sizeof(int16_t));
    if (e->homing && homing)
        hama_gsm_encoder_reset(e);
}

void hama_gsm_encode(hama_gsm_encoder *e, const int16_t *samples, size_t count, uint8_t *frames)
{
    for (size_t i = 0; i < count; i++)
        encode_one(e, samples + GSM_FRAME_SAMPLES * i, frames + GSM_FRAME_BYTES * i);
}
