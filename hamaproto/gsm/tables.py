"""The numbers of GSM 06.10 (EN 300 961), each in one place, and what follows from them alone.

All values are 16-bit fixed point as the standard prints them, unless a unit is named.  The
derived tables answer whole clauses by one lookup: every value that a coded log area ratio, or
a pair of block amplitude and pulse, can decode to.

The C kernels take their numbers from here too: the build writes each name in capitals to
`kernel_gsm_tables.h`, with `GSM_` before it.  This module imports nothing of the package, so
that the build can run it alone.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "AMPLITUDE_PARTS",
    "DEEMPHASIS",
    "DLB",
    "FAC",
    "FADE",
    "FRAME_BYTES",
    "FRAME_RATE",
    "FRAME_SAMPLES",
    "HEAD_BYTES",
    "HIGH_COEFFICIENT",
    "HIGH_LAR",
    "HOMING_FRAME",
    "HOMING_PREFIX_BYTES",
    "HOMING_SAMPLE",
    "LAR_BEND",
    "LAR_DECODED",
    "LAR_QUANTISER",
    "LAR_WIDTHS",
    "LONGEST_ECHO",
    "LONGEST_LAG",
    "LOW_COEFFICIENT",
    "LOW_LAR",
    "MAGIC",
    "NRFAC",
    "OFFSET_POLE",
    "PULSES",
    "PULSE_SPAN",
    "QLB",
    "RANDOM_FACTOR",
    "RANDOM_STEP",
    "SAMPLE_RATE",
    "SEGMENTS",
    "SHORTEST_LAG",
    "SILENCE_FRAME",
    "SUBFRAME_BYTES",
    "SUBFRAME_PULSES",
    "SUBFRAME_SAMPLES",
    "SUBFRAME_WIDTHS",
    "H",
    "exponent_and_mantissa",
    "mult_r",
]

# ---- the shape of a frame ----

#: Samples a second.
SAMPLE_RATE: Final = 8000
FRAME_SAMPLES: Final = 160
#: Frames a second.
FRAME_RATE: Final = SAMPLE_RATE // FRAME_SAMPLES
FRAME_BYTES: Final = 33
#: The high nibble of a frame's first byte.  It is no part of the standard: every program
#: that stores 260 bits in 33 bytes puts it there (RFC 3551 clause 4.5.8.1).
MAGIC: Final = 0xD
#: The nibble and the log area ratios; then come four subframes.
HEAD_BYTES: Final = 5
SUBFRAME_BYTES: Final = 7
SUBFRAME_SAMPLES: Final = 40
#: Pulses of a subframe: every third sample, from the grid (0 to 3) on.
SUBFRAME_PULSES: Final = 13
#: Samples from the first pulse to the last one.
PULSE_SPAN: Final = 3 * SUBFRAME_PULSES - 2
#: Table 1.1: the bits of each coded log area ratio, and of a subframe's lag, gain, grid,
#: block amplitude and pulses.
LAR_WIDTHS: Final = (6, 6, 5, 5, 4, 4, 3, 3)
SUBFRAME_WIDTHS: Final = (7, 2, 2, 6) + SUBFRAME_PULSES * (3,)
#: Where a frame's four sets of coefficients begin, and its end (clause 5.2.9.1).
SEGMENTS: Final = (0, 13, 27, 40, FRAME_SAMPLES)
#: Clause 5.2.11: the lags, in samples.  The shortest is a subframe: no sample of a subframe
#: is predicted from another one of the same.
SHORTEST_LAG: Final = 40
LONGEST_LAG: Final = 120

# ---- frames of their own ----

#: The decoder homing frame (EN 300 961, codec homing), as it is packed in 33 bytes.
HOMING_FRAME: Final = bytes.fromhex(
    "d2577a1cda50004924924924500049249249245000492492492450004923924924"
)
#: A decoder at home looks at the log area ratios and the first subframe only.
HOMING_PREFIX_BYTES: Final = HEAD_BYTES + SUBFRAME_BYTES
#: Each sample of the encoder homing frame, and of what a decoder at home says.
HOMING_SAMPLE: Final = 0x0008
#: The silence frame of GSM 06.11: LAR 42 39 21 10 9 4 3 2, lag 40, gain 0, grid 1,
#: amplitude 0, pulses 3 4 3 4 4 3 3 3 3 4 4 3 3 in every subframe.
SILENCE_FRAME: Final = bytes.fromhex(
    "daa7aaa51a502038e46db91b502038e46db91b502038e46db91b502038e46db91b"
)

# ---- concealment (the example of GSM 06.11 clause 6) ----

#: How many substitutes are made of the last good frame: 15 frames are 300 ms.
LONGEST_ECHO: Final = 15
#: By how much the coded block amplitude sinks with each of them but the first.
FADE: Final = 4
#: The grids are drawn by a linear congruential generator of 32 bits.
RANDOM_FACTOR: Final = 1664525
RANDOM_STEP: Final = 1013904223

# ---- the filters ----

#: Clause 5.2.2: the pole of the offset compensation.
OFFSET_POLE: Final = 32735
#: Clauses 5.2.3 and 5.3.5: pre-emphasis takes this share of the sample before away, and
#: de-emphasis puts it back.
DEEMPHASIS: Final = 28180
#: Clauses 5.2.6 and 5.2.9.2: the curve between a reflection coefficient and its log area
#: ratio has three straight pieces, which meet at these values of each.
LOW_COEFFICIENT: Final = 22118
HIGH_COEFFICIENT: Final = 31130
LOW_LAR: Final = 11059
HIGH_LAR: Final = 20070
#: Where the third piece, a quarter as steep as the second one, would begin.
LAR_BEND: Final = 26112

# ---- the quantisers ----

#: Table 5.1: for each log area ratio A, B, MIC, MAC, and 1/A.
LAR_QUANTISER: Final = (
    (20480, 0, -32, 31, 13107),
    (20480, 0, -32, 31, 13107),
    (20480, 2048, -16, 15, 13107),
    (20480, -2560, -16, 15, 13107),
    (13964, 94, -8, 7, 19223),
    (15360, -1792, -8, 7, 17476),
    (8534, -341, -4, 3, 31454),
    (9036, -1144, -4, 3, 29708),
)
#: Table 5.3a: decision levels of the long term predictor's gain.
DLB: Final = (6554, 16384, 26214, 32767)
#: Table 5.3b: its quantised values.
QLB: Final = (3277, 11469, 21299, 32767)
#: Table 5.4: the weighting filter's impulse response.
H: Final = (-134, -374, 0, 2054, 5741, 8192, 5741, 2054, 0, -374, -134)
#: Table 5.5: the inverse mantissae of the block amplitude.
NRFAC: Final = (29128, 26215, 23832, 21846, 20165, 18725, 17476, 16384)
#: Table 5.6: the mantissae.
FAC: Final = (18431, 20479, 22527, 24575, 26623, 28671, 30719, 32767)


def mult_r(a: int, b: int) -> int:
    """Clause 5.1: the rounded product of two fractions.

    The one pair that would overflow, -32768 and -32768, can't meet anywhere in the
    codec: one factor is always a coefficient, and none of them reaches -32768.
    """
    return (a * b + 16384) >> 15


def exponent_and_mantissa(xmaxc: int) -> tuple[int, int]:
    """Clause 5.2.15: the two parts of a coded block amplitude."""
    exponent = (xmaxc >> 3) - 1 if xmaxc > 15 else 0
    mantissa = xmaxc - (exponent << 3)
    if mantissa == 0:
        return -4, 7
    while mantissa <= 7:
        mantissa = mantissa << 1 | 1
        exponent -= 1
    return exponent, mantissa - 8


def _decoded_lar(row: tuple[int, int, int, int, int]) -> tuple[int, ...]:
    """Clause 5.2.8: the decoded log area ratio for every code of one row."""
    _, b, mic, mac, inverse = row
    codes = mac - mic + 1
    return tuple(2 * mult_r(inverse, ((code + mic) << 10) - 2 * b) for code in range(codes))


def _pulses(xmaxc: int) -> tuple[int, ...]:
    """Clause 5.2.16: the eight pulses that a block amplitude allows.

    No step of it can saturate: the product stays within 28671 and 512 is the largest
    rounding.  A shift by 0 has the rounding 1 << -1, which is 0.
    """
    exponent, mantissa = exponent_and_mantissa(xmaxc)
    shift = 6 - exponent
    rounding = 1 << shift >> 1
    return tuple(
        (mult_r(FAC[mantissa], (2 * code - 7) << 12) + rounding) >> shift for code in range(8)
    )


#: By index and code: the decoded log area ratio.  Its size never passes 26214, so that
#: no step of the interpolation (clause 5.2.9.1) can saturate.
LAR_DECODED: Final = tuple(_decoded_lar(row) for row in LAR_QUANTISER)
#: By block amplitude: its exponent and mantissa.
AMPLITUDE_PARTS: Final = tuple(exponent_and_mantissa(xmaxc) for xmaxc in range(64))
#: By block amplitude and code: the pulse.
PULSES: Final = tuple(_pulses(xmaxc) for xmaxc in range(64))
