"""What is said in place of a lost frame, by the example of GSM 06.11 clause 6."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.vectors import vectors
from hamaproto.gsm.concealment import Concealment

SPEECH = vectors()[0].frames
#: GSM 06.11: LAR 42 39 21 10 9 4 3 2, lag 40, gain 0, grid 1, amplitude 0, these pulses.
SILENCE = bytes.fromhex("daa7aaa51a") + 4 * bytes.fromhex("502038e46db91b")
#: The largest amplitude in every subframe.
LOUD = bytes.fromhex("d000000000") + 4 * bytes.fromhex("501fffffffffff")


def field(low: int, width: int) -> Callable[[bytes], list[int]]:
    """One parameter of all four subframes, by its place among the 56 bits of each."""
    return lambda frame: [
        int.from_bytes(frame[at : at + 7]) >> low & (1 << width) - 1 for at in range(5, 33, 7)
    ]


AMPLITUDES, GRIDS = field(39, 6), field(45, 2)
REST = (field(0, 39), field(47, 9))


def draw(seed: int) -> tuple[list[int], int]:
    """The next four numbers from 0 to 3: the upper bits of a congruential generator's."""
    drawn = []
    for _ in range(4):
        seed = (seed * 1664525 + 1013904223) % 2**32
        drawn.append(seed // 2**30)
    return drawn, seed


def test_before_any_frame_there_is_the_silence_frame() -> None:
    one = Concealment()
    assert one.lost() == one.lost() == SILENCE


@given(st.integers(0, 360), st.integers(0, 2**32 - 1))
def test_the_last_frame_sinks_by_four_a_frame_on_random_grids(number: int, seed: int) -> None:
    frame = SPEECH[33 * number :][:33] or LOUD
    one = Concealment(seed)
    one.good(LOUD)
    one.good(frame)
    assert one.lost() == frame
    before = frame
    while any(AMPLITUDES(before)):
        after = one.lost()
        heard = [value > 0 for value in [max(a - 4, 0) for a in AMPLITUDES(before)]]
        grids, seed = draw(seed)
        if not any(heard):
            assert after == SILENCE
            break
        assert AMPLITUDES(after) == [max(value - 4, 0) for value in AMPLITUDES(before)]
        assert GRIDS(after) == grids
        assert after[:5] == frame[:5]
        for same in REST:
            assert same(after) == same(frame)
        before = after


def test_it_is_silent_behind_fifteen_substitutes() -> None:
    one = Concealment()
    for _ in range(3):
        one.good(LOUD)
        said = [one.lost() for _ in range(18)]
        assert said[0] == LOUD
        assert [AMPLITUDES(frame)[0] for frame in said[:15]] == [63 - 4 * n for n in range(15)]
        assert said[15:] == [SILENCE] * 3
        # A frame that arrives begins it anew.
        assert AMPLITUDES(SILENCE) == [0] * 4


def test_a_frame_that_arrives_is_repeated_once_again() -> None:
    one = Concealment()
    one.good(LOUD)
    assert [one.lost(), one.lost() != LOUD] == [LOUD, True]
    one.good(LOUD)
    assert one.lost() == LOUD


def test_a_seed_is_of_32_bits_and_starts_anew_with_a_reset() -> None:
    def grids(one: Concealment) -> list[int]:
        one.good(LOUD)
        one.lost()
        return GRIDS(one.lost())

    assert grids(Concealment()) == grids(Concealment(0)) == draw(0)[0]
    one = Concealment(7 + 2**32)
    assert grids(one) == draw(7)[0]
    assert grids(one) != draw(7)[0]
    one.reset()
    assert one.lost() == SILENCE
    assert grids(one) == draw(7)[0]


@pytest.mark.parametrize("nibble", [0x0, 0x5, 0xF])
def test_a_nibble_that_was_let_pass_is_not_passed_on(nibble: int) -> None:
    one = Concealment()
    one.good(bytes([nibble << 4 | 0xA]) + LOUD[1:])
    assert one.lost() == b"\xda" + LOUD[1:]
    assert one.lost()[0] == 0xDA
