"""The numbers of the standard, as it prints them, and what follows from them.

EN 300 961 prints each table twice: as numbers of the real world (clause 3) and as integers of
16 bits (clause 5).  Where it does, the integers are held against the former too.
"""

from __future__ import annotations

import math
import re
import tokenize
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.gsm import tables
from hamaproto.gsm.tables import LAR_DECODED, PULSES, exponent_and_mantissa, mult_r

#: Table 3.1: A, B, and the least and the largest code of each log area ratio.
TABLE_3_1 = [
    (20.0, 0.0, -32, 31),
    (20.0, 0.0, -32, 31),
    (20.0, 4.0, -16, 15),
    (20.0, -5.0, -16, 15),
    (13.637, 0.184, -8, 7),
    (15.0, -3.5, -8, 7),
    (8.334, -0.666, -4, 3),
    (8.824, -2.235, -4, 3),
]
#: Table 5.2: 1/A.
TABLE_5_2 = [13107, 13107, 13107, 13107, 19223, 17476, 31454, 29708]


def test_the_quantiser_of_log_area_ratios() -> None:
    for row, (a, b, least, most), inverse in zip(
        tables.LAR_QUANTISER, TABLE_3_1, TABLE_5_2, strict=True
    ):
        assert row == (round(a * 1024), round(b * 512), least, most, inverse)
        assert inverse == pytest.approx(2**18 / a, abs=1)


def test_the_shape_of_a_frame() -> None:
    # RFC 3551 4.5.8.1: 160 samples at 8000 Hz in 33 bytes, behind the signature 0xD.
    assert (tables.SAMPLE_RATE, tables.FRAME_SAMPLES, tables.FRAME_RATE) == (8000, 160, 50)
    assert (tables.FRAME_BYTES, tables.MAGIC) == (33, 0b1101)
    # Table 1.1: 260 bits of parameters.
    assert sum(tables.LAR_WIDTHS) == 36 == 8 * tables.HEAD_BYTES - 4
    assert sum(tables.SUBFRAME_WIDTHS) == 56 == 8 * tables.SUBFRAME_BYTES
    assert (
        tuple((most - least + 1).bit_length() - 1 for _, _, least, most in TABLE_3_1)
        == tables.LAR_WIDTHS
    )
    assert tables.SUBFRAME_WIDTHS == (7, 2, 2, 6, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3)
    assert tables.HEAD_BYTES + 4 * tables.SUBFRAME_BYTES == 33
    assert 4 * tables.SUBFRAME_SAMPLES == 160
    # Clause 3.1.8: samples 0 to 12, 13 to 26, 27 to 39, 40 to 159; clause 3.1.11: the lags.
    assert tables.SEGMENTS == (0, 13, 27, 40, 160)
    assert (tables.SHORTEST_LAG, tables.LONGEST_LAG) == (40, 120)
    # 13 pulses on grids 0 to 3: the last one of the last grid is the last sample.
    assert tables.SUBFRAME_PULSES == len(range(3, 3 + tables.PULSE_SPAN, 3)) == 13
    assert 3 + tables.PULSE_SPAN == 40


NAMED_ONCE = re.compile(r"33|8000|0[xX][dD]")


def test_no_other_module_has_a_number_of_a_frame_of_its_own() -> None:
    package = Path(tables.__file__).parents[1]
    for path in package.rglob("*.py"):
        if path != Path(tables.__file__):
            with open(path, encoding="utf-8") as file:
                for token in tokenize.generate_tokens(file.readline):
                    number = token.type == tokenize.NUMBER and NAMED_ONCE.fullmatch(token.string)
                    assert not number, f"{path}:{token.start[0]}: {token.line.strip()}"


def test_the_c_sources_have_no_table_of_their_own() -> None:
    """The build writes them from here: a number of a table in C would be a second place."""
    tabled = {
        abs(number)
        for name, value in vars(tables).items()
        if name.isupper()
        for number in numbers(value)
        if abs(number) > 1000
    }
    # Powers of two, and one less than them, are arithmetic.
    own = {number for number in tabled if number & number - 1 and number & number + 1}
    own |= {tables.FRAME_BYTES, tables.FRAME_SAMPLES, tables.LONGEST_LAG}
    sources = [*Path(tables.__file__).parent.glob("kernel_*")]
    assert len(own) > 100
    for path in sources:
        text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for number in re.findall(r"\b(?:0x[0-9a-fA-F]+|[0-9]+)(?=u?\b)", text):
            assert int(number, 0) not in own, f"{path.name}: {number}"


def numbers(value: object) -> Iterator[int]:
    if isinstance(value, int):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from numbers(one)


def test_the_filters() -> None:
    # Clauses 3.1.2 and 3.1.3: alpha = 32735 * 2**-15, beta = 28180 * 2**-15 = 0.86.
    assert Fraction(32735, 2**15) == Fraction(tables.OFFSET_POLE, 2**15)
    assert round(0.86 * 2**15) == tables.DEEMPHASIS == 28180
    # Clause 3.1.6: the curve bends at 0.675 and 0.950; clause 3.1.8: from 0.675 and 1.225.
    assert math.floor(0.675 * 2**15) == tables.LOW_COEFFICIENT == 22118
    assert math.ceil(0.950 * 2**15) == tables.HIGH_COEFFICIENT == 31130
    assert math.floor(0.675 * 2**14) == tables.LOW_LAR == 11059
    assert math.floor(1.225 * 2**14) == tables.HIGH_LAR == 20070
    # r = 0.125 * lar + 0.796875.
    assert 0.796875 * 2**15 == tables.LAR_BEND == 26112


def test_the_quantisers_of_the_predictor_and_the_pulses() -> None:
    # Table 3.3: levels 0.2, 0.5, 0.8, and values 0.10, 0.35, 0.65, 1.00.
    assert [round(level * 2**15) for level in (0.2, 0.5, 0.8)] == list(tables.DLB[:3])
    assert [round(value * 2**15) for value in (0.1, 0.35, 0.65)] == list(tables.QLB[:3])
    assert tables.DLB[3] == tables.QLB[3] == 32767
    # Table 3.4: the impulse response, times 2**13.
    assert tables.H == (-134, -374, 0, 2054, 5741, 8192, 5741, 2054, 0, -374, -134)
    # Table 5.6: the mantissae 9/16, 10/16, ... 1, and table 5.5: their inverses, halved.
    assert [Fraction(n, 16) * 2**15 - 1 for n in range(9, 17)] == list(tables.FAC)
    assert tables.NRFAC == (29128, 26215, 23832, 21846, 20165, 18725, 17476, 16384)
    for inverse, number in zip(tables.NRFAC, range(9, 17), strict=True):
        assert inverse == pytest.approx(2**14 / Fraction(number, 16), abs=2)


def test_the_frames_of_their_own() -> None:
    # EN 300 961, codec homing: LAR 9 23 15 8 7 3 3 2, and four silent subframes.
    homing = packed((9, 23, 15, 8, 7, 3, 3, 2), [(40, 0, 0, 0, (4,) * 13)] * 3)
    assert tables.HOMING_FRAME[:26] == homing
    assert len(tables.HOMING_FRAME) == 33
    assert tables.HOMING_PREFIX_BYTES == 12
    assert tables.HOMING_SAMPLE == 8
    # GSM 06.11: the silence frame.
    pulses = (3, 4, 3, 4, 4, 3, 3, 3, 3, 4, 4, 3, 3)
    silence = packed((42, 39, 21, 10, 9, 4, 3, 2), [(40, 0, 1, 0, pulses)] * 4)
    assert silence == tables.SILENCE_FRAME
    # GSM 06.11 clause 6 mutes within 320 ms; 4 steps of 1.5 dB are 6 dB.
    assert (tables.LONGEST_ECHO, tables.FADE) == (15, 4)
    # The generator of Numerical Recipes.
    assert (tables.RANDOM_FACTOR, tables.RANDOM_STEP) == (1664525, 1013904223)


def packed(
    lars: tuple[int, ...], subframes: list[tuple[int, int, int, int, tuple[int, ...]]]
) -> bytes:
    bits = "1101" + "".join(
        f"{lar:0{width}b}" for lar, width in zip(lars, (6, 6, 5, 5, 4, 4, 3, 3), strict=True)
    )
    for lag, gain, grid, amplitude, pulses in subframes:
        bits += f"{lag:07b}{gain:02b}{grid:02b}{amplitude:06b}"
        bits += "".join(f"{pulse:03b}" for pulse in pulses)
    return int(bits, 2).to_bytes(len(bits) // 8)


# ---- what follows ----


@given(st.integers(-32767, 32767), st.integers(-32768, 32767))
def test_a_product_is_rounded_half_up(a: int, b: int) -> None:
    assert mult_r(a, b) == math.floor(Fraction(a * b, 2**15) + Fraction(1, 2))
    assert -32768 <= mult_r(a, b) <= 32767
    assert [mult_r(1, half) for half in (16383, 16384, -16384, -16385)] == [0, 1, 0, -1]


def test_the_decoded_ratios() -> None:
    assert max(abs(value) for row in LAR_DECODED for value in row) == 26214
    assert [len(row) for row in LAR_DECODED] == [64, 64, 32, 32, 16, 16, 8, 8]
    for row, (a, b, least, _) in zip(LAR_DECODED, TABLE_3_1, strict=True):
        for code, value in enumerate(row):
            # Clause 3.1.8: (code - B) / A, here times 2**14.
            assert value == pytest.approx((code + least - b) / a * 2**14, abs=4)
            assert value % 2 == 0


def test_the_block_amplitudes_rise_and_are_kept_apart() -> None:
    assert exponent_and_mantissa(0) == (-4, 7)
    assert exponent_and_mantissa(63) == (6, 7)
    assert len(tables.AMPLITUDE_PARTS) == len(PULSES) == 64
    levels = []
    for amplitude, (exponent, mantissa) in enumerate(tables.AMPLITUDE_PARTS):
        assert (exponent, mantissa) == exponent_and_mantissa(amplitude)
        assert 0 <= mantissa <= 7
        levels.append((mantissa + 9) * 2.0**exponent)
    # Table 3.5: 31, 63, ... 511 in steps of 32; then the steps double from eight to eight.
    table = [32 * (n + 1) for n in range(16)]
    for doubled in range(1, 7):
        table += [(512 + 64 * n) * 2 ** (doubled - 1) for n in range(1, 9)]
    assert [level * 32 for level in levels] == table[:64]


def test_the_pulses() -> None:
    assert all(-32768 <= pulse <= 32767 for row in PULSES for pulse in row)
    assert (PULSES[63][0], PULSES[63][7]) == (-28671, 28671)
    for row, (exponent, mantissa) in zip(PULSES, tables.AMPLITUDE_PARTS, strict=True):
        for code, pulse in enumerate(row):
            # Clause 3.1.20 and table 3.6: an odd eighth of the amplitude.
            exact = Fraction(2 * code - 7, 8) * (mantissa + 9) * Fraction(2) ** exponent * 32
            assert pulse == pytest.approx(exact, abs=1.5)
