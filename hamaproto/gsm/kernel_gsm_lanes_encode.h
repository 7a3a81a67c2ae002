/* Many streams encoded at a time, one in each lane: EN 300 961 clause 5.2.

   A row holds the same sample of all streams.  The sums of products take most of the
   time.  They are made from pairs: a W with the samples k and k + 1 of a stream in each of
   its lanes, so that one `dot` does two products for each stream, and no sum has to be
   put together across lanes.  The excitation is kept twice: as pairs for the search, and
   stream by stream, where each stream finds what lies its own lag behind.

   `mult_r` is exact but for -32768 times -32768, where instruction sets differ.  One of
   its factors is always a coefficient, a gain, a mantissa or a power of 2 to 2**14: none
   is -32768 (tests/gsm/test_bank_encoder.py counts them through).

   kernel_gsm_encode.c says the same for one stream; where a step is done otherwise here,
   the reason stands beside it.
*/

enum {
    /* A frame in bytes, and what is written beyond it. */
    ROOM = GSM_FRAME_BYTES + 7,
    /* A subframe in whole squares, which are what is turned. */
    SQUARES = (GSM_SUBFRAME_SAMPLES + LANES - 1) / LANES * LANES
};

/* What stays from frame to frame, beside the excitation. */
typedef struct {
    V lattice[8];
    V lars[8];
    /* Clauses 5.2.2 and 5.2.3. */
    V offset_in;
    V preemphasis;
    W offset_out[2];
    /* The last sample of the excitation. */
    V last;
} memory;

enum { PAST = GSM_LONGEST_LAG - 1 };

typedef struct {
    memory kept;
    /* Pairs of the excitation: PAST and one that a lag can reach, then the frame's. */
    W pairs[2][PAST + 1 + GSM_FRAME_SAMPLES];
    /* Eight samples of 0 for the lags of the autocorrelation, then the frame. */
    V signal[8 + GSM_FRAME_SAMPLES];
} encoding;

/* All that a stream gets back which did not take part in a frame. */
typedef struct {
    memory kept;
    W past[2][PAST];
} snapshot;

/* The 16-bit words of the frames, by row; columns are the streams. */
typedef int16_t words[3 + 4 * 4][LANES];

FN V negative(V a) { return minus(all(0), a); }

/* The absolute value, where that of -32768 is 32767. */
FN V size_of(V a) { return larger(a, minus_clamped(all(0), a)); }

FN V peak_of(const V *rows, int count)
{
    V most = all(0), least = all(0);
    for (int k = 0; k < count; k++) {
        most = larger(most, rows[k]);
        least = smaller(least, rows[k]);
    }
    return larger(most, minus_clamped(all(0), least));
}

FN void pair(const V *rows, W *lower, W *upper, int count, int step)
{
    for (int k = 0; k < count; k += step) {
        lower[k] = low(rows[k], rows[k + 1]);
        upper[k] = high(rows[k], rows[k + 1]);
    }
}

/* Clause 5.1, `norm`: `positive` is shifted left as far as it can be, and what else there
   is as far as `positive`. */
FN void normalise(W positive, W *rest, int count)
{
    for (int by = 16; by; by /= 2) {
        W small = wide_above(wide_all(1 << (31 - by)), positive);
        positive = wide_choose(small, wide_left(positive, by), positive);
        for (int i = 0; i < count; i++)
            rest[i] = wide_choose(small, wide_left(rest[i], by), rest[i]);
    }
}

/* Clauses 5.2.1 to 5.2.3, in place; 0xFFFF for the streams that say the homing frame.

   A product of 32 and 16 bits is not to be had.  The pole is 2**15 - 33, so that
   (out * pole + 2**14) >> 15 = out + ((2**14 - 33 * out) >> 15); and with out = h * 2**16
   + l, where l is signed, the last term is -66 * h + ((2**14 - 33 * l) >> 15). */
FN V preprocess(memory *e, V *signal)
{
    V homing = all(-1), in = e->offset_in, previous = e->preemphasis;
    W out[2] = {e->offset_out[0], e->offset_out[1]};
    const W lower = wide_all((uint16_t)(GSM_OFFSET_POLE - 32768));
    const W upper = wide_all((uint16_t)(2 * (GSM_OFFSET_POLE - 32768)));
    for (int k = 0; k < GSM_FRAME_SAMPLES; k++) {
        V coarse = right(signal[k], 3);
        homing = both(homing, equal(coarse, all(GSM_HOMING_SAMPLE >> 3)));
        coarse = left(coarse, 2);
        V change = minus(coarse, in);
        in = coarse;
        W changes[2] = {low(all(0), change), high(all(0), change)}, current[2];
        for (int half = 0; half < 2; half++) {
            W h = wide_right(wide_plus(out[half], wide_all(32768)), 16);
            W part = wide_right(wide_plus(dot(out[half], lower), wide_all(16384)), 15);
            out[half] = wide_plus(out[half], wide_right(changes[half], 1));
            out[half] = wide_plus(out[half], wide_plus(part, dot(h, upper)));
            current[half] = wide_right(wide_plus(out[half], wide_all(16384)), 15);
        }
        V now = pack(current[0], current[1]);
        signal[k] = plus_clamped(now, mult_r(all(-GSM_DEEMPHASIS), previous));
        previous = now;
    }
    e->offset_in = in;
    e->offset_out[0] = out[0];
    e->offset_out[1] = out[1];
    e->preemphasis = previous;
    return homing;
}

/* Sums of products: of `count` pairs, every other one from `pairs` on, with those at `past`
   and with those up to eight places before: nine sums.  Two pairs are taken at a time, so
   that what is read of the past serves both: reading is what this waits for.  (`count` is
   even.) */
FN void nine_sums(const W *pairs, const W *past, int count, W sums[9])
{
    W s0 = wide_all(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0, s8 = s0;
    for (int k = 0; k < 2 * count; k += 4) {
        W now = pairs[k], next = pairs[k + 2];
#define ONE(pair, back, sum)                             \
    sum = wide_plus(sum, dot(pair, past[k - (back)])); \
    GSM_HOLD(sum);
#define TWO(back, sum, other)                  \
    {                                          \
        W then = past[k - (back)];             \
        GSM_HOLD(then);                        \
        sum = wide_plus(sum, dot(now, then));  \
        GSM_HOLD(sum);                         \
        other = wide_plus(other, dot(next, then)); \
        GSM_HOLD(other);                       \
    }
        ONE(next, -2, s0)
        ONE(next, -1, s1)
        TWO(0, s0, s2)
        TWO(1, s1, s3)
        TWO(2, s2, s4)
        TWO(3, s3, s5)
        TWO(4, s4, s6)
        TWO(5, s5, s7)
        TWO(6, s6, s8)
        ONE(now, 7, s7)
        ONE(now, 8, s8)
#undef ONE
#undef TWO
    }
    sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3, sums[4] = s4;
    sums[5] = s5, sums[6] = s6, sums[7] = s7, sums[8] = s8;
}

/* Clause 5.2.4; in front of `signal` are eight samples of 0. */
FN void autocorrelation(V *signal, W sums[2][9])
{
    W pairs[2][8 + GSM_FRAME_SAMPLES - 1];
    V size = peak_of(signal, GSM_FRAME_SAMPLES);
    /* 16384 >> (shift - 1), and 1 << shift; shift is 0 for a peak below 2048. */
    V factor = all(16384), power = plus(all(1), both(above(size, all(2047)), all(1)));
    for (int bound = 4096; bound <= 16384; bound *= 2) {
        V more = above(size, all(bound - 1));
        factor = minus(factor, both(more, right(factor, 1)));
        power = plus(power, both(more, power));
    }
    V whole = above(all(2048), size);
    for (int k = 0; k < GSM_FRAME_SAMPLES; k++)
        signal[k] = choose(whole, signal[k], mult_r(factor, signal[k]));
    pair(signal - 8, pairs[0], pairs[1], 8 + GSM_FRAME_SAMPLES - 1, 1);
    for (int half = 0; half < 2; half++) {
        nine_sums(pairs[half] + 8, pairs[half] + 8, GSM_FRAME_SAMPLES / 2, sums[half]);
        for (int lag = 0; lag < 9; lag++)
            sums[half][lag] = wide_left(sums[half][lag], 1);
    }
    for (int k = 0; k < GSM_FRAME_SAMPLES; k++)
        signal[k] = product_low(signal[k], power);
}

/* Clause 5.1, `div`, of numbers from 0 on; any number where b is 0 or a above b.

   The quotient of floats is exact but for rounding, which can carry it up to the next
   whole number: then the remainder is negative.  It fits in 16 bits. */
FN V divided(V a, V b)
{
    V zero = all(0);
    V quotient = pack(wide_quotient(low(a, zero), low(b, zero)),
                      wide_quotient(high(a, zero), high(b, zero)));
    V rest = minus(left(a, 15), product_low(quotient, b));
    return plus(quotient, above(zero, rest));
}

/* Clause 5.2.5.  A stream that is done early has coefficients of 0 from there on. */
FN void reflection(W sums[2][9], V r[8])
{
    V p[9], k[9], zero = all(0);
    V busy = pack(wide_above(sums[0][0], wide_all(0)), wide_above(sums[1][0], wide_all(0)));
    for (int half = 0; half < 2; half++)
        normalise(sums[half][0], sums[half], 9);
    for (int i = 0; i < 9; i++)
        p[i] = k[i] = pack(wide_right(sums[0][i], 16), wide_right(sums[1][i], 16));
    for (int n = 0; n < 8; n++) {
        V size = size_of(p[1]);
        busy = both(busy, equal(above(size, p[0]), zero));
        V quotient = both(divided(size, p[0]), above(size, zero));
        r[n] = both(busy, choose(above(p[1], zero), negative(quotient), quotient));
        if (n == 7)
            return;
        p[0] = plus_clamped(p[0], mult_r(r[n], p[1]));
        for (int m = 1; m < 8 - n; m++) {
            V ahead = p[m + 1];
            p[m] = plus_clamped(ahead, mult_r(r[n], k[m]));
            k[m] = plus_clamped(k[m], mult_r(r[n], ahead));
        }
    }
}

/* Clauses 5.2.6 to 5.2.8: the codes, and the ratios that they decode to. */
FN void lar_codes(const V r[8], V codes[8], V lars[8])
{
    for (int i = 0; i < 8; i++) {
        const int16_t *q = GSM_LAR_QUANTISER[i];
        V size = size_of(r[i]), a = all(q[0]);
        V lar = left(minus(size, all(GSM_LAR_BEND)), 2);
        lar = choose(above(all(GSM_HIGH_COEFFICIENT), size), minus(size, all(GSM_LOW_LAR)), lar);
        lar = choose(above(all(GSM_LOW_COEFFICIENT), size), right(size, 1), lar);
        lar = choose(above(all(0), r[i]), negative(lar), lar);
        V code = either(left(product_high(a, lar), 1), right_unsigned(product_low(a, lar), 15));
        code = right(plus(code, all(q[1] + 256)), 9);
        code = larger(smaller(code, all(q[3])), all(q[2]));
        codes[i] = minus(code, all(q[2]));
        lar = mult_r(all(q[4]), minus(left(code, 10), all(2 * q[1])));
        lars[i] = plus(lar, lar);
    }
}

/* Clauses 5.2.9 and 5.2.10: the residual takes the signal's place. */
VECTOR static void analyse(memory *e, V *signal, const V lars[8])
{
    V u[8];
    for (int i = 0; i < 8; i++)
        u[i] = e->lattice[i];
    for (int set = 0; set < 4; set++) {
        V r[8];
        for (int i = 0; i < 8; i++)
            r[i] = coefficient(set, e->lars[i], lars[i]);
        for (int k = GSM_SEGMENTS[set]; k < GSM_SEGMENTS[set + 1]; k++) {
            V forward = signal[k], backward = forward;
            for (int i = 0; i < 8; i++) {
                V kept = u[i];
                u[i] = backward;
                backward = plus_clamped(kept, mult_r(r[i], forward));
                forward = plus_clamped(forward, mult_r(r[i], kept));
            }
            signal[k] = forward;
        }
    }
    for (int i = 0; i < 8; i++) {
        e->lattice[i] = u[i];
        e->lars[i] = lars[i];
    }
}

/* Clause 5.2.11: the lag of the strongest sum, and that sum before its last scaling, as
   the standard has it after. */
FN V search(const V *residual, const W *const now[2], W best[2])
{
    V scaled[GSM_SUBFRAME_SAMPLES];
    W pairs[2][GSM_SUBFRAME_SAMPLES - 1], lag[2];
    V size = peak_of(residual, GSM_SUBFRAME_SAMPLES), zero = all(0);
    /* 2**16 >> scale, where 2**16 is 0; and the scale. */
    V power = both(above(size, all(511)), all(-32768)), scale = all(0), high_bit = all(-32768);
    for (int bound = 512; bound <= 16384; bound *= 2) {
        V more = above(size, all(bound - 1));
        scale = minus(scale, more);
        if (bound > 512)
            power = choose(more, right_unsigned(power, 1), power);
    }
    /* A shift by the scale, for numbers that were made positive before. */
    V whole = equal(scale, zero), offset = product_high_unsigned(high_bit, power);
    for (int k = 0; k < GSM_SUBFRAME_SAMPLES; k++) {
        V sample = product_high_unsigned(differ(residual[k], high_bit), power);
        scaled[k] = choose(whole, residual[k], minus(sample, offset));
    }
    pair(scaled, pairs[0], pairs[1], GSM_SUBFRAME_SAMPLES - 1, 2);
    for (int half = 0; half < 2; half++) {
        best[half] = wide_all(0);
        W candidate = lag[half] = wide_all(GSM_SHORTEST_LAG);
        for (int from = GSM_SHORTEST_LAG; from <= GSM_LONGEST_LAG; from += 9) {
            W sums[9];
            nine_sums(pairs[half], now[half] - from, GSM_SUBFRAME_SAMPLES / 2, sums);
            for (int i = 0; i < 9; i++) {
                W more = wide_above(sums[i], best[half]);
                best[half] = wide_larger(sums[i], best[half]);
                lag[half] = wide_choose(more, candidate, lag[half]);
                candidate = wide_plus(candidate, wide_all(1));
            }
        }
    }
    /* (2 * best) >> (6 - scale). */
    V shift = minus(all(6), scale);
    for (int half = 0; half < 2; half++) {
        W by = half ? high(shift, zero) : low(shift, zero);
        best[half] = wide_left(best[half], 1);
        for (int bit = 4; bit; bit /= 2) {
            W set = wide_above(wide_both(by, wide_all(bit)), wide_all(0));
            best[half] = wide_choose(set, wide_right(best[half], bit), best[half]);
        }
    }
    return pack(lag[0], lag[1]);
}

/* Clause 5.2.11, its second half: the code of the gain. */
FN V gain_code(const V *then, const W best[2])
{
    V zero = all(0), r[2], masks[2];
    W kept[2][2], energy[2] = {wide_all(0), wide_all(0)}, none[2], full[2];
    for (int k = 0; k < GSM_SUBFRAME_SAMPLES; k += 2) {
        V a = right(then[k], 3), b = right(then[k + 1], 3);
        W lower = low(a, b), upper = high(a, b);
        energy[0] = wide_plus(energy[0], dot(lower, lower));
        energy[1] = wide_plus(energy[1], dot(upper, upper));
    }
    for (int half = 0; half < 2; half++) {
        W rest[2] = {best[half], wide_left(energy[half], 1)};
        none[half] = wide_above(wide_all(1), rest[0]);
        full[half] = wide_above(rest[1], rest[0]);
        normalise(rest[1], rest, 2);
        kept[0][half] = wide_right(rest[0], 16);
        kept[1][half] = wide_right(rest[1], 16);
    }
    for (int i = 0; i < 2; i++)
        r[i] = pack(kept[i][0], kept[i][1]);
    masks[0] = pack(none[0], none[1]);
    masks[1] = pack(full[0], full[1]);
    V code = zero;
    for (int level = 0; level < 3; level++) {
        /* A decision level is below 2**15, and doubled below 2**16. */
        V bound = product_high_unsigned(r[1], all(2 * GSM_DLB[level]));
        code = minus(code, above(r[0], bound));
    }
    code = choose(masks[1], code, all(3));
    return choose(masks[0], zero, code);
}

/* Clause 5.2.13.  H[2] and H[8] are 0: five pairs do for eleven coefficients. */
FN void weigh(const V *error, V *weighted)
{
    V padded[GSM_SUBFRAME_SAMPLES + 11];
    W pairs[2][GSM_SUBFRAME_SAMPLES + 10], h[5];
    static const uint8_t at[5] = {0, 3, 5, 7, 9};
    for (int i = 0; i < 5; i++) {
        V a = all(GSM_H[at[i]]), b = all(GSM_H[at[i] + 1]);
        h[i] = low(a, b);
    }
    for (int k = 0; k < 5; k++)
        padded[k] = all(0);
    for (int k = 0; k < GSM_SUBFRAME_SAMPLES; k++)
        padded[5 + k] = error[k];
    for (int k = GSM_SUBFRAME_SAMPLES + 5; k < GSM_SUBFRAME_SAMPLES + 11; k++)
        padded[k] = all(0);
    pair(padded, pairs[0], pairs[1], GSM_SUBFRAME_SAMPLES + 10, 1);
    for (int k = 0; k < GSM_SUBFRAME_SAMPLES; k++) {
        W sums[2];
        for (int half = 0; half < 2; half++) {
            W sum = wide_all(4096);
            for (int i = 0; i < 5; i++)
                sum = wide_plus(sum, dot(h[i], pairs[half][k + at[i]]));
            sums[half] = wide_right(sum, 13);
        }
        weighted[k] = pack(sums[0], sums[1]);
    }
}

/* Clause 5.2.14: the strongest grid, the first of equals. */
FN V strongest_grid(const V *weighted)
{
    V small[GSM_SUBFRAME_SAMPLES], grid = all(0);
    W best[2] = {wide_all(0), wide_all(0)};
    for (int k = 0; k < GSM_SUBFRAME_SAMPLES; k++)
        small[k] = right(weighted[k], 2);
    for (int m = 0; m < 4; m++) {
        W energy[2] = {wide_all(0), wide_all(0)};
        for (int i = 0; i < GSM_SUBFRAME_PULSES; i += 2) {
            V a = small[m + 3 * i];
            V b = i + 1 < GSM_SUBFRAME_PULSES ? small[m + 3 * i + 3] : all(0);
            W lower = low(a, b), upper = high(a, b);
            energy[0] = wide_plus(energy[0], dot(lower, lower));
            energy[1] = wide_plus(energy[1], dot(upper, upper));
        }
        W more[2];
        for (int half = 0; half < 2; half++) {
            more[half] = wide_above(energy[half], best[half]);
            best[half] = wide_larger(energy[half], best[half]);
        }
        grid = choose(pack(more[0], more[1]), all(m), grid);
    }
    return grid;
}

/* Clauses 5.2.15 to 5.2.17: the pulses in the place of the samples that were chosen.
   What depends on the block amplitude alone is looked up stream by stream. */
FN V quantise(V chosen[GSM_SUBFRAME_PULSES], V codes[GSM_SUBFRAME_PULSES])
{
    int16_t sizes[LANES], exponents[LANES], rows[5][LANES];
    V size = peak_of(chosen, GSM_SUBFRAME_PULSES), exponent = all(0);
    for (int bound = 512; bound <= 16384; bound *= 2)
        exponent = minus(exponent, above(size, all(bound - 1)));
    store(sizes, size);
    store(exponents, exponent);
    for (int lane = 0; lane < LANES; lane++) {
        int amplitude = (sizes[lane] >> (exponents[lane] + 5)) + exponents[lane] * 8;
        const int16_t *parts = GSM_AMPLITUDE_PARTS[amplitude];
        int shift = 6 - parts[0];
        rows[0][lane] = (int16_t)amplitude;
        rows[1][lane] = (int16_t)(1 << shift);
        /* 2**15 has no place here: that shift is 0. */
        rows[2][lane] = (int16_t)(shift ? 1 << (15 - shift) : 0);
        rows[3][lane] = GSM_NRFAC[parts[1]];
        rows[4][lane] = GSM_FAC[parts[1]];
    }
    V up = load(rows[1]), down = load(rows[2]), inverse = load(rows[3]), mantissa = load(rows[4]);
    V whole = equal(down, all(0));
    for (int i = 0; i < GSM_SUBFRAME_PULSES; i++) {
        V code = right(product_high(product_low(chosen[i], up), inverse), 11);
        codes[i] = plus(code, all(4));
        V level = left(plus(plus(code, code), all(1)), 12);
        V pulse = mult_r(mantissa, level);
        chosen[i] = choose(whole, pulse, mult_r(pulse, down));
    }
    return load(rows[0]);
}

/* The 56 bits of a subframe, as words: 16, 16, 16, 8. */
FN void write(int16_t (*to)[LANES], V lag, V gain, V grid, V amplitude, const V *c)
{
    V word = either(left(lag, 9), either(left(gain, 7), left(grid, 5)));
    store(to[0], either(word, right(amplitude, 1)));
    word = left(amplitude, 15);
    for (int i = 0; i < 5; i++)
        word = either(word, left(c[i], 12 - 3 * i));
    store(to[1], word);
    word = right(c[10], 2);
    for (int i = 5; i < 10; i++)
        word = either(word, left(c[i], 28 - 3 * i));
    store(to[2], word);
    word = both(left(c[10], 6), all(0xC0));
    store(to[3], either(word, either(left(c[11], 3), c[12])));
}

/* Clauses 5.2.11 to 5.2.18 for one subframe of all streams. */
VECTOR static void subframe(encoding *e, hama_gsm_encoder *const of[LANES], int number,
                            int16_t (*to)[LANES])
{
    const int begin = GSM_LONGEST_LAG + GSM_SUBFRAME_SAMPLES * number;
    const V *residual = e->signal + 8 + GSM_SUBFRAME_SAMPLES * number;
    V then[SQUARES], now[SQUARES];
    V error[GSM_SUBFRAME_SAMPLES], weighted[GSM_SUBFRAME_SAMPLES];
    V chosen[GSM_SUBFRAME_PULSES], codes[GSM_SUBFRAME_PULSES], is[4];
    int16_t lags[LANES];
    W best[2];
    const W *past[2] = {e->pairs[0] + begin, e->pairs[1] + begin};
    V lag = search(residual, past, best);
    store(lags, lag);
    for (int k = 0; k < SQUARES; k += LANES) {
        const int16_t *from[LANES];
        for (int lane = 0; lane < LANES; lane++)
            from[lane] = of[lane]->excitation + begin + k - lags[lane];
        turn(from, then + k);
    }
    V code = gain_code(then, best), gain = all(GSM_QLB[0]);
    for (int i = 1; i < 4; i++)
        gain = choose(equal(code, all(i)), all(GSM_QLB[i]), gain);
    for (int k = 0; k < GSM_SUBFRAME_SAMPLES; k++) {
        now[k] = mult_r(gain, then[k]);
        error[k] = minus_clamped(residual[k], now[k]);
    }
    weigh(error, weighted);
    V grid = strongest_grid(weighted);
    for (int m = 0; m < 4; m++)
        is[m] = equal(grid, all(m));
    for (int i = 0; i < GSM_SUBFRAME_PULSES; i++) {
        V sample = both(is[0], weighted[3 * i]);
        for (int m = 1; m < 4; m++)
            sample = either(sample, both(is[m], weighted[m + 3 * i]));
        chosen[i] = sample;
    }
    V amplitude = quantise(chosen, codes);
    write(to, lag, code, grid, amplitude, codes);
    /* Pulse i of the grid m is sample 3 * i + m: that of the last grid, one further on, is in
       the places of the first one. */
    for (int i = 0; i <= GSM_SUBFRAME_PULSES; i++)
        for (int m = 0; m < 3 && 3 * i + m < GSM_SUBFRAME_SAMPLES; m++) {
            V pulse = all(0);
            if (i < GSM_SUBFRAME_PULSES)
                pulse = both(is[m], chosen[i]);
            if (m == 0 && i)
                pulse = either(pulse, both(is[3], chosen[i - 1]));
            now[3 * i + m] = plus_clamped(now[3 * i + m], pulse);
        }
    e->pairs[0][begin - 1] = low(e->kept.last, now[0]);
    e->pairs[1][begin - 1] = high(e->kept.last, now[0]);
    pair(now, e->pairs[0] + begin, e->pairs[1] + begin, GSM_SUBFRAME_SAMPLES - 1, 1);
    e->kept.last = now[GSM_SUBFRAME_SAMPLES - 1];
    for (int k = GSM_SUBFRAME_SAMPLES; k < SQUARES; k++)
        now[k] = all(0);
    for (int k = 0; k < SQUARES; k += LANES) {
        int16_t rows[LANES][LANES];
        const int16_t *from[LANES];
        V back[LANES];
        for (int i = 0; i < LANES; i++) {
            store(rows[i], now[k + i]);
            from[i] = rows[i];
        }
        turn(from, back);
        for (int lane = 0; lane < LANES; lane++)
            store(of[lane]->excitation + begin + k, back[lane]);
    }
}

/* The words of one stream to its bytes. */
static void write_frame(words w, int lane, uint8_t *frame)
{
    uint8_t bytes[ROOM];
    uint64_t bits = (uint64_t)(uint16_t)w[0][lane] << 48 | (uint64_t)(uint16_t)w[1][lane] << 32 |
                    (uint64_t)(uint16_t)w[2][lane] << 24;
    hama_gsm_store_be64(bytes, bits);
    for (int i = 0; i < 4; i++) {
        bits = (uint64_t)(uint16_t)w[3 + 4 * i][lane] << 48 |
               (uint64_t)(uint16_t)w[4 + 4 * i][lane] << 32 |
               (uint64_t)(uint16_t)w[5 + 4 * i][lane] << 16 |
               (uint64_t)(uint16_t)w[6 + 4 * i][lane] << 8;
        hama_gsm_store_be64(bytes + GSM_HEAD_BYTES + GSM_SUBFRAME_BYTES * i, bits);
    }
    memcpy(frame, bytes, GSM_FRAME_BYTES);
}

VECTOR static void gather_encoders(encoding *encoders, hama_gsm_encoder *const of[LANES])
{
    memory *e = &encoders->kept;
    int16_t rows[21][LANES];
    for (int lane = 0; lane < LANES; lane++) {
        const hama_gsm_encoder *one = of[lane];
        for (int i = 0; i < 8; i++) {
            rows[i][lane] = one->lattice[i];
            rows[8 + i][lane] = one->lars[i];
        }
        rows[16][lane] = (int16_t)one->offset_in;
        rows[17][lane] = (int16_t)one->preemphasis;
        rows[18][lane] = (int16_t)(uint16_t)one->offset_out;
        rows[19][lane] = (int16_t)(one->offset_out >> 16);
        rows[20][lane] = one->excitation[GSM_LONGEST_LAG - 1];
    }
    for (int i = 0; i < 8; i++) {
        e->lattice[i] = load(rows[i]);
        e->lars[i] = load(rows[8 + i]);
    }
    e->offset_in = load(rows[16]);
    e->preemphasis = load(rows[17]);
    e->offset_out[0] = low(load(rows[18]), load(rows[19]));
    e->offset_out[1] = high(load(rows[18]), load(rows[19]));
    e->last = load(rows[20]);
    V past[GSM_LONGEST_LAG + LANES];
    for (int k = 0; k < GSM_LONGEST_LAG; k += LANES) {
        const int16_t *from[LANES];
        for (int lane = 0; lane < LANES; lane++)
            from[lane] = of[lane]->excitation + k;
        turn(from, past + k);
    }
    pair(past, encoders->pairs[0], encoders->pairs[1], PAST, 1);
}

VECTOR static void scatter_encoders(const memory *e, hama_gsm_encoder *const of[LANES])
{
    int16_t rows[20][LANES];
    W lower[2];
    for (int i = 0; i < 8; i++) {
        store(rows[i], e->lattice[i]);
        store(rows[8 + i], e->lars[i]);
    }
    store(rows[16], e->offset_in);
    store(rows[17], e->preemphasis);
    for (int half = 0; half < 2; half++)
        lower[half] = wide_right(wide_left(e->offset_out[half], 16), 16);
    store(rows[18], pack(lower[0], lower[1]));
    store(rows[19], pack(wide_right(e->offset_out[0], 16), wide_right(e->offset_out[1], 16)));
    for (int lane = 0; lane < LANES; lane++) {
        hama_gsm_encoder *one = of[lane];
        for (int i = 0; i < 8; i++) {
            one->lattice[i] = rows[i][lane];
            one->lars[i] = rows[8 + i][lane];
        }
        one->offset_in = rows[16][lane];
        one->preemphasis = rows[17][lane];
        one->offset_out = rows[19][lane] * 65536 + (uint16_t)rows[18][lane];
    }
}

/* Some streams go home, or did not take part in a frame: their lanes, and theirs alone,
   get what is in `old`, which is all 0 for those that go home. */
VECTOR static void restore(encoding *encoders, const snapshot *old, V lanes)
{
    W wide[2] = {low(lanes, lanes), high(lanes, lanes)};
    memory *e = &encoders->kept;
    const memory *was = &old->kept;
    for (int i = 0; i < 8; i++) {
        e->lattice[i] = choose(lanes, was->lattice[i], e->lattice[i]);
        e->lars[i] = choose(lanes, was->lars[i], e->lars[i]);
    }
    e->offset_in = choose(lanes, was->offset_in, e->offset_in);
    e->preemphasis = choose(lanes, was->preemphasis, e->preemphasis);
    e->last = choose(lanes, was->last, e->last);
    for (int half = 0; half < 2; half++) {
        W *pairs = encoders->pairs[half];
        e->offset_out[half] = wide_choose(wide[half], was->offset_out[half], e->offset_out[half]);
        for (int k = 0; k < PAST; k++)
            pairs[k] = wide_choose(wide[half], old->past[half][k], pairs[k]);
    }
}

/* The same for all streams' excitation, of which each has its own. */
static void remember(hama_gsm_encoder *const of[LANES], size_t streams, const int16_t *rides,
                     const int16_t *home)
{
    for (size_t lane = 0; lane < streams; lane++) {
        int16_t *own = of[lane]->excitation;
        if (home[lane])
            memset(own, 0, sizeof of[lane]->excitation);
        else if (!rides[lane])
            memcpy(own, own + GSM_FRAME_SAMPLES, GSM_LONGEST_LAG * sizeof *own);
    }
}

/* One frame of all streams, from `e->signal`; 0xFFFF for those that say the homing frame. */
FN V encode_frame(encoding *e, hama_gsm_encoder *const of[LANES], words w)
{
    V r[8], c[8], lars[8], *signal = e->signal + 8;
    W sums[2][9];
    V homing = preprocess(&e->kept, signal);
    autocorrelation(signal, sums);
    reflection(sums, r);
    lar_codes(r, c, lars);
    store(w[0], either(all(GSM_MAGIC << 12), either(left(c[0], 6), c[1])));
    V word = either(left(c[2], 11), either(left(c[3], 6), left(c[4], 2)));
    store(w[1], either(word, right(c[5], 2)));
    word = both(left(c[5], 6), all(0xC0));
    store(w[2], either(word, either(left(c[6], 3), c[7])));
    analyse(&e->kept, signal, lars);
    for (int number = 0; number < 4; number++)
        subframe(e, of, number, w + 3 + 4 * number);
    for (int half = 0; half < 2; half++)
        memcpy(e->pairs[half], e->pairs[half] + GSM_FRAME_SAMPLES, PAST * sizeof(W));
    return homing;
}

/* Up to LANES streams, [streams][count] frames.  A stream that is idle in a frame rides
   along with silence, and its lanes are put back to what they were. */
VECTOR static void encode_lanes(hama_gsm_encoder *encoders, size_t streams,
                                const int16_t *samples, size_t count, const uint8_t *idle,
                                uint8_t *frames)
{
    static const int16_t silence[GSM_FRAME_SAMPLES];
    encoding e;
    snapshot old;
    hama_gsm_encoder nobody, *of[LANES];
    hama_gsm_encoder_init(&nobody, 0);
    for (size_t lane = 0; lane < LANES; lane++)
        of[lane] = lane < streams ? &encoders[lane] : &nobody;
    gather_encoders(&e, of);
    for (int k = 0; k < 8; k++)
        e.signal[k] = all(0);
    for (size_t i = 0; i < count; i++) {
        const int16_t *in[LANES];
        int16_t rides[LANES], home[LANES];
        words w;
        int any = 0;
        for (size_t lane = 0; lane < LANES; lane++) {
            size_t at = lane * count + i;
            int taken = lane < streams && !(idle && idle[at]);
            in[lane] = taken ? samples + GSM_FRAME_SAMPLES * at : silence;
            rides[lane] = taken ? 0 : -1;
            any |= !taken && lane < streams;
        }
        if (any) {
            old.kept = e.kept;
            for (int half = 0; half < 2; half++)
                memcpy(old.past[half], e.pairs[half], sizeof old.past[half]);
        }
        for (int k = 0; k < GSM_FRAME_SAMPLES; k += LANES) {
            const int16_t *from[LANES];
            for (int lane = 0; lane < LANES; lane++)
                from[lane] = in[lane] + k;
            turn(from, e.signal + 8 + k);
        }
        store(home, encode_frame(&e, of, w));
        if (any)
            restore(&e, &old, load(rides));
        any = 0;
        for (size_t lane = 0; lane < LANES; lane++) {
            home[lane] = home[lane] && !rides[lane] && of[lane]->homing ? -1 : 0;
            any |= home[lane];
        }
        for (size_t lane = 0; lane < streams; lane++) {
            uint8_t *mine = frames + GSM_FRAME_BYTES * (lane * count + i);
            if (rides[lane])
                memset(mine, 0, GSM_FRAME_BYTES);
            else
                write_frame(w, (int)lane, mine);
        }
        remember(of, streams, rides, home);
        if (any) {
            memset(&old, 0, sizeof old);
            restore(&e, &old, load(home));
        }
    }
    scatter_encoders(&e.kept, of);
}
