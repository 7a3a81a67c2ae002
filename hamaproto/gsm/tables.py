"""The tables of GSM 06.10 (EN 300 961 clause 5.4), and what follows from them alone.

All numbers are 16-bit fixed point as the standard prints them.  The derived tables
answer whole clauses by one lookup: every value that a coded log area ratio, or a pair
of block amplitude and pulse, can decode to.  They are built at import from the
standard's own tables and hold 752 numbers together.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "DLB",
    "FAC",
    "FRAME_BYTES",
    "FRAME_SAMPLES",
    "HOMING_FRAME",
    "HOMING_SAMPLE",
    "LAR_DECODED",
    "LAR_QUANTISER",
    "MAGIC",
    "NRFAC",
    "PULSES",
    "QLB",
    "SILENCE_FRAME",
    "H",
    "mult_r",
]

FRAME_BYTES: Final = 33
FRAME_SAMPLES: Final = 160
#: The high nibble of a frame's first byte.  It is no part of the standard: every
#: program that stores 260 bits in 33 bytes puts it there.
MAGIC: Final = 0xD

#: The decoder homing frame (EN 300 961, codec homing), as it is packed in 33 bytes.
HOMING_FRAME: Final = bytes.fromhex(
    "d2577a1cda50004924924924500049249249245000492492492450004923924924"
)
#: Each sample of the encoder homing frame, and of what a decoder at home says.
HOMING_SAMPLE: Final = 0x0008
#: The silence frame of GSM 06.11: LAR 42 39 21 10 9 4 3 2, lag 40, gain 0, grid 1,
#: amplitude 0, pulses 3 4 3 4 4 3 3 3 3 4 4 3 3 in every subframe.
SILENCE_FRAME: Final = bytes.fromhex(
    "daa7aaa51a502038e46db91b502038e46db91b502038e46db91b502038e46db91b"
)

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
#: By block amplitude and code: the pulse.
PULSES: Final = tuple(_pulses(xmaxc) for xmaxc in range(64))
