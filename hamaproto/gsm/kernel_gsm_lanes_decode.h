/* Many streams decoded at a time, one in each lane.

   What a single stream can't give the lattice, many can: full lanes.  Everything that is
   cheap or differs from stream to stream (arrival, homing, lags, pulses, the long term
   filter) is done stream by stream as for one; the excitation is then turned by 90
   degrees, so that a register holds the same sample of all streams, run through the
   lattice, and turned back.  A stream that has nothing to decode in a frame rides along;
   its lanes are put back to what they were.
*/

typedef struct {
    /* By row the eight states of the lattice and the de-emphasis, by column the stream. */
    int16_t state[9][LANES];
    int16_t old[8][LANES];
    int16_t now[8][LANES];
    /* Samples by row, streams by column; in first, then out. */
    int16_t samples[GSM_FRAME_SAMPLES][LANES];
} decoding;

/* Clauses 5.3.4 and 5.3.5 for samples with the same coefficients, which stay in memory
   for the reason given at run() in kernel_gsm.c. */
VECTOR GSM_ALONE
static void run_lanes(int16_t state[9][LANES], const V *r, int16_t samples[][LANES], int count)
{
    V v0 = load(state[0]), v1 = load(state[1]), v2 = load(state[2]), v3 = load(state[3]);
    V v4 = load(state[4]), v5 = load(state[5]), v6 = load(state[6]), v7 = load(state[7]);
    V emphasis = load(state[8]);
    for (int k = 0; k < count; k++) {
        V s = load(samples[k]);
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
        emphasis = plus_clamped(s, mult_r(r[8], emphasis));
        store(samples[k], emphasis);
    }
    store(state[0], v0), store(state[1], v1), store(state[2], v2), store(state[3], v3);
    store(state[4], v4), store(state[5], v5), store(state[6], v6), store(state[7], v7);
    store(state[8], emphasis);
}

VECTOR static void filter_lanes(decoding *l, const int16_t *const in[LANES],
                                int16_t *const out[LANES])
{
    const int16_t *from[LANES];
    V rows[LANES];
    for (int k = 0; k < GSM_FRAME_SAMPLES; k += LANES) {
        for (int lane = 0; lane < LANES; lane++)
            from[lane] = in[lane] + k;
        turn(from, rows);
        for (int i = 0; i < LANES; i++)
            store(l->samples[k + i], rows[i]);
    }
    for (int set = 0; set < 4; set++) {
        V r[9];
        for (int i = 0; i < 8; i++)
            r[i] = coefficient(set, load(l->old[i]), load(l->now[i]));
        r[8] = all(GSM_DEEMPHASIS);
        int start = GSM_SEGMENTS[set];
        run_lanes(l->state, r, l->samples + start, GSM_SEGMENTS[set + 1] - start);
    }
    for (int k = 0; k < GSM_FRAME_SAMPLES; k += LANES) {
        for (int lane = 0; lane < LANES; lane++)
            from[lane] = l->samples[k + lane];
        turn(from, rows);
        for (int lane = 0; lane < LANES; lane++) {
            /* Clauses 5.3.6 and 5.3.7: doubled, clamped, cut to 13 bits. */
            V s = plus_clamped(rows[lane], rows[lane]);
            store(out[lane] + k, both(s, all(-8)));
        }
    }
}

static void gather_decoder(decoding *l, int lane, const hama_gsm_decoder *d)
{
    for (int i = 0; i < 8; i++) {
        l->state[i][lane] = d->lattice[i];
        l->old[i][lane] = d->lars[i];
    }
    l->state[8][lane] = d->emphasis;
}

static void scatter_decoder(const decoding *l, int lane, hama_gsm_decoder *d)
{
    for (int i = 0; i < 8; i++) {
        d->lattice[i] = l->state[i][lane];
        d->lars[i] = l->old[i][lane];
    }
    d->emphasis = l->state[8][lane];
}

/* Up to LANES streams.  A decoder's own lattice, ratios and de-emphasis are stale until
   the end, but for those of a stream that rides along. */
static void decode_lanes(hama_gsm_decoder *decoders, size_t streams, const uint8_t *frames,
                         size_t count, const uint8_t *lost, const uint8_t *idle, int16_t *out)
{
    decoding l;
    int16_t nothing[GSM_FRAME_SAMPLES], aside[GSM_FRAME_SAMPLES];
    memset(&l, 0, sizeof l);
    memset(nothing, 0, sizeof nothing);
    for (size_t lane = 0; lane < streams; lane++)
        gather_decoder(&l, (int)lane, &decoders[lane]);
    for (size_t i = 0; i < count; i++) {
        const int16_t *in[LANES];
        int16_t *to[LANES];
        uint8_t rides[LANES];
        for (size_t lane = 0; lane < LANES; lane++) {
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
                scatter_decoder(&l, (int)lane, d);
                for (int j = 0; j < 8; j++)
                    l.now[j][lane] = l.old[j][lane];
                continue;
            }
            int16_t lars[8];
            hama_gsm_lars(frame, lars);
            for (int j = 0; j < 8; j++)
                l.now[j][lane] = lars[j];
            hama_gsm_excite(d, frame);
            in[lane] = d->excitation + GSM_LONGEST_LAG;
            to[lane] = mine;
        }
        filter_lanes(&l, in, to);
        memcpy(l.old, l.now, sizeof l.old);
        for (size_t lane = 0; lane < streams; lane++) {
            hama_gsm_decoder *d = &decoders[lane];
            if (rides[lane]) {
                gather_decoder(&l, (int)lane, d);
                continue;
            }
            hama_gsm_forget(d);
            if (hama_gsm_depart(d))
                gather_decoder(&l, (int)lane, d);
        }
    }
    for (size_t lane = 0; lane < streams; lane++)
        scatter_decoder(&l, (int)lane, &decoders[lane]);
}
