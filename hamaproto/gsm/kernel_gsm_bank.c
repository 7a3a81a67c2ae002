/* Many streams at a time: sixteen of them in the 16-bit lanes of one AVX2 register.

   What a single stream can't give the lattice, sixteen can: full lanes.  Everything that
   is cheap or differs from stream to stream (arrival, homing, lags, pulses, the long term
   filter) is done stream by stream as for one; the excitation is then turned by 90
   degrees, so that a register holds the same sample of sixteen streams, run through the
   lattice, and turned back.  A stream that has nothing to decode in a frame rides along;
   its lanes are put back to what they were.
*/
#include "kernel_gsm_inner.h"

#include <string.h>

/* Fewer streams than this are faster one by one. */
enum { FEW = 3 };

#if GSM_X86

typedef struct {
    /* By row the eight states of the lattice and the de-emphasis, by column the stream. */
    int16_t state[9][GSM_LANES];
    int16_t old[8][GSM_LANES];
    int16_t now[8][GSM_LANES];
    /* Samples by row, streams by column; in first, then out. */
    int16_t samples[GSM_FRAME_SAMPLES][GSM_LANES];
} __attribute__((aligned(32))) lanes;

#define ROW(p) (*(__m256i *)(p))

/* Turn 16 x 16 samples: rows at `from`, so many samples apart, to rows at `to`. */
GSM_TARGET("avx2")
static inline void turn(const int16_t *const from[GSM_LANES], __m256i to[16])
{
    __m256i a[16], b[16];
    for (int i = 0; i < 16; i++)
        a[i] = _mm256_loadu_si256((const __m256i *)from[i]);
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

/* Clause 5.2.9.2 for a decoded ratio: the branches are chosen by masks. */
GSM_TARGET("avx2")
static inline __m256i coefficient(__m256i lar)
{
    __m256i size = _mm256_abs_epi16(lar);
    __m256i small = _mm256_cmpgt_epi16(_mm256_set1_epi16(GSM_LOW_LAR), size);
    __m256i middle = _mm256_cmpgt_epi16(_mm256_set1_epi16(GSM_HIGH_LAR), size);
    __m256i r = _mm256_add_epi16(_mm256_srai_epi16(size, 2), _mm256_set1_epi16(GSM_LAR_BEND));
    r = _mm256_blendv_epi8(r, _mm256_add_epi16(size, _mm256_set1_epi16(GSM_LOW_LAR)), middle);
    r = _mm256_blendv_epi8(r, _mm256_slli_epi16(size, 1), small);
    return _mm256_sign_epi16(r, lar);
}

/* Clauses 5.3.4 and 5.3.5 for samples with the same coefficients, which stay in memory
   for the reason given at run_ssse3(). */
GSM_TARGET("avx2") __attribute__((noinline))
static void run_avx2(int16_t state[9][GSM_LANES], const __m256i *r,
                     int16_t samples[][GSM_LANES], int count)
{
    __m256i v0 = ROW(state[0]), v1 = ROW(state[1]), v2 = ROW(state[2]), v3 = ROW(state[3]);
    __m256i v4 = ROW(state[4]), v5 = ROW(state[5]), v6 = ROW(state[6]), v7 = ROW(state[7]);
    __m256i emphasis = ROW(state[8]);
    for (int k = 0; k < count; k++) {
        __m256i s = ROW(samples[k]);
        s = _mm256_subs_epi16(s, _mm256_mulhrs_epi16(r[7], v7));
#define STAGE(i, v, next)                                   \
    s = _mm256_subs_epi16(s, _mm256_mulhrs_epi16(r[i], v)); \
    next = _mm256_adds_epi16(v, _mm256_mulhrs_epi16(r[i], s));
        STAGE(6, v6, v7)
        STAGE(5, v5, v6)
        STAGE(4, v4, v5)
        STAGE(3, v3, v4)
        STAGE(2, v2, v3)
        STAGE(1, v1, v2)
        STAGE(0, v0, v1)
#undef STAGE
        v0 = s;
        emphasis = _mm256_adds_epi16(s, _mm256_mulhrs_epi16(emphasis, r[8]));
        ROW(samples[k]) = emphasis;
    }
    ROW(state[0]) = v0, ROW(state[1]) = v1, ROW(state[2]) = v2, ROW(state[3]) = v3;
    ROW(state[4]) = v4, ROW(state[5]) = v5, ROW(state[6]) = v6, ROW(state[7]) = v7;
    ROW(state[8]) = emphasis;
}

GSM_TARGET("avx2")
static void filter_avx2(lanes *l, const int16_t *const in[GSM_LANES], int16_t *const out[GSM_LANES])
{
    for (int k = 0; k < GSM_FRAME_SAMPLES; k += 16) {
        const int16_t *from[GSM_LANES];
        for (int lane = 0; lane < GSM_LANES; lane++)
            from[lane] = in[lane] + k;
        turn(from, (__m256i *)l->samples[k]);
    }
    for (int set = 0; set < 4; set++) {
        __m256i r[9];
        for (int i = 0; i < 8; i++) {
            __m256i old = ROW(l->old[i]), now = ROW(l->now[i]), lar = now;
            __m256i old2 = _mm256_srai_epi16(old, 1), old4 = _mm256_srai_epi16(old, 2);
            __m256i now2 = _mm256_srai_epi16(now, 1), now4 = _mm256_srai_epi16(now, 2);
            if (set == 0)
                lar = _mm256_add_epi16(_mm256_add_epi16(old4, now4), old2);
            else if (set == 1)
                lar = _mm256_add_epi16(old2, now2);
            else if (set == 2)
                lar = _mm256_add_epi16(_mm256_add_epi16(old4, now4), now2);
            r[i] = coefficient(lar);
        }
        r[8] = _mm256_set1_epi16(GSM_DEEMPHASIS);
        int start = GSM_SEGMENTS[set];
        run_avx2(l->state, r, l->samples + start, GSM_SEGMENTS[set + 1] - start);
    }
    for (int k = 0; k < GSM_FRAME_SAMPLES; k += 16) {
        const int16_t *from[GSM_LANES];
        __m256i rows[16];
        for (int lane = 0; lane < GSM_LANES; lane++)
            from[lane] = l->samples[k + lane];
        turn(from, rows);
        for (int lane = 0; lane < GSM_LANES; lane++) {
            /* Clauses 5.3.6 and 5.3.7: doubled, clamped, cut to 13 bits. */
            __m256i s = _mm256_adds_epi16(rows[lane], rows[lane]);
            s = _mm256_and_si256(s, _mm256_set1_epi16(-8));
            _mm256_storeu_si256((__m256i *)(out[lane] + k), s);
        }
    }
}

static void gather(lanes *l, int lane, const hama_gsm_decoder *d)
{
    for (int i = 0; i < 8; i++) {
        l->state[i][lane] = d->lattice[i];
        l->old[i][lane] = d->lars[i];
    }
    l->state[8][lane] = d->emphasis;
}

static void scatter(const lanes *l, int lane, hama_gsm_decoder *d)
{
    for (int i = 0; i < 8; i++) {
        d->lattice[i] = l->state[i][lane];
        d->lars[i] = l->old[i][lane];
    }
    d->emphasis = l->state[8][lane];
}

/* Up to sixteen streams.  A decoder's own lattice, ratios and de-emphasis are stale until
   the end, but for those of a stream that rides along. */
static void decode_lanes(hama_gsm_decoder *decoders, size_t streams, const uint8_t *frames,
                         size_t count, const uint8_t *lost, const uint8_t *idle, int16_t *out)
{
    lanes l;
    int16_t nothing[GSM_FRAME_SAMPLES], aside[GSM_FRAME_SAMPLES];
    memset(&l, 0, sizeof l);
    memset(nothing, 0, sizeof nothing);
    for (size_t lane = 0; lane < streams; lane++)
        gather(&l, (int)lane, &decoders[lane]);
    for (size_t i = 0; i < count; i++) {
        const int16_t *in[GSM_LANES];
        int16_t *to[GSM_LANES];
        uint8_t rides[GSM_LANES];
        for (size_t lane = 0; lane < GSM_LANES; lane++) {
            in[lane] = nothing;
            to[lane] = aside;
            rides[lane] = 0;
            if (lane >= streams)
                continue;
            hama_gsm_decoder *d = &decoders[lane];
            size_t at = lane * count + i;
            int16_t *mine = out + GSM_FRAME_SAMPLES * at;
            const uint8_t *frame = NULL;
            if (idle && idle[at]) {
                memset(mine, 0, GSM_FRAME_SAMPLES * sizeof *mine);
            } else {
                frame = hama_gsm_arrive(d, frames + GSM_FRAME_BYTES * at, lost && lost[at]);
                if (!frame)
                    hama_gsm_at_home(mine);
            }
            if (!frame) {
                rides[lane] = 1;
                scatter(&l, (int)lane, d);
                for (int j = 0; j < 8; j++)
                    l.now[j][lane] = l.old[j][lane];
                continue;
            }
            int16_t lars[8];
            hama_gsm_lars(frame, lars);
            for (int j = 0; j < 8; j++)
                l.now[j][lane] = lars[j];
            hama_gsm_excite_ssse3(d, frame);
            in[lane] = d->excitation + GSM_LONGEST_LAG;
            to[lane] = mine;
        }
        filter_avx2(&l, in, to);
        memcpy(l.old, l.now, sizeof l.old);
        for (size_t lane = 0; lane < streams; lane++) {
            hama_gsm_decoder *d = &decoders[lane];
            if (rides[lane]) {
                gather(&l, (int)lane, d);
                continue;
            }
            hama_gsm_forget(d);
            if (hama_gsm_depart(d))
                gather(&l, (int)lane, d);
        }
    }
    for (size_t lane = 0; lane < streams; lane++)
        scatter(&l, (int)lane, &decoders[lane]);
}

#endif

void hama_gsm_bank_decode(hama_gsm_decoder *decoders, size_t streams, const uint8_t *frames,
                          size_t count, const uint8_t *lost, const uint8_t *idle, int16_t *out)
{
    size_t done = 0;
#if GSM_X86
    if (hama_gsm_way() >= GSM_AVX2)
        while (streams - done > FEW) {
            size_t some = streams - done < GSM_LANES ? streams - done : GSM_LANES;
            size_t at = done * count;
            decode_lanes(decoders + done, some, frames + GSM_FRAME_BYTES * at, count,
                         lost ? lost + at : NULL, idle ? idle + at : NULL,
                         out + GSM_FRAME_SAMPLES * at);
            done += some;
        }
#endif
    for (; done < streams; done++)
        for (size_t i = 0; i < count; i++) {
            size_t at = done * count + i;
            if (idle && idle[at])
                memset(out + GSM_FRAME_SAMPLES * at, 0, GSM_FRAME_SAMPLES * sizeof *out);
            else
                hama_gsm_decode_one(&decoders[done], frames + GSM_FRAME_BYTES * at,
                                    lost && lost[at], out + GSM_FRAME_SAMPLES * at);
        }
}
