"""Many streams encoded in step: each as by an encoder of its own."""

from __future__ import annotations

import copy
import functools
import itertools
from typing import Any

import numpy as np
import pytest
from gsm_codecs import PURE, compiled, samples
from hypothesis import given
from hypothesis import strategies as st

from bench.fuzz_gsm import banks, sequences
from fixtures.vectors import vectors
from hamaproto.errors import LocalProtocolError
from hamaproto.gsm import encoder, tables
from hamaproto.gsm.decoder import reflection_coefficients

SPEECH = vectors()[0]


def speech(streams: int, count: int) -> tuple[Any, Any]:
    """Sound of other places of one recording, and what libgsm made of each from its begin."""
    assert SPEECH.source is not None
    whole = samples(SPEECH.source)[: 160 * count]
    frames = np.frombuffer(SPEECH.frames, np.uint8).reshape(-1, 33)[:count]
    return np.stack([whole] * streams), np.stack([frames] * streams)


@pytest.mark.parametrize("streams", [1, 3, 4, 8, 9, 16, 17, 33, 40])
def test_many_streams_encode_as_another_program_does(streams: int, codec: Any) -> None:
    count = 3 if codec is PURE else 50
    pcm, frames = speech(streams, count)
    assert np.array_equal(codec.EncoderBank(streams).encode(pcm), frames)


@functools.cache
def coming_and_going(streams: int, count: int) -> tuple[Any, Any, Any]:
    """Sound of some streams with homing frames in it, who is idle when, and all frames."""
    random = np.random.default_rng(7)
    whole = samples(SPEECH.source or b"")
    pcm = np.stack([np.roll(whole, -1000 * lane)[: 160 * count] for lane in range(streams)])
    pcm = pcm.reshape(streams, count, 160)
    pcm[random.random((streams, count)) < 0.2] = 8
    idle = random.random((streams, count)) < 0.2
    want = np.zeros((streams, count, 33), np.uint8)
    for lane in range(streams):
        coded = PURE.Encoder().encode(pcm[lane][~idle[lane]].reshape(-1))
        want[lane, ~idle[lane]] = np.frombuffer(coded, np.uint8).reshape(-1, 33)
    # What an idle stream is said to hear is not looked at.
    pcm[idle] = -32768
    return pcm, idle, want


def test_streams_start_stop_and_go_home_independently(codec: Any) -> None:
    streams, count = (5, 8) if codec is PURE else (37, 30)
    pcm, idle, want = coming_and_going(streams, count)
    many = codec.EncoderBank(streams)
    for a, b in itertools.pairwise((0, 1, 1, 6, count)):
        sound = np.ascontiguousarray(pcm[:, a:b]).reshape(streams, 160 * (b - a))
        got = many.encode(sound, idle=np.ascontiguousarray(idle[:, a:b]))
        assert np.array_equal(got, want[:, a:b])


def test_a_bank_without_homing_stays_where_it_is(codec: Any) -> None:
    home = np.full((4, 160), 8, np.int16)
    for homing in (True, False):
        many, one = codec.EncoderBank(4, homing), PURE.Encoder(homing)
        for _ in range(3):
            frame = one.encode(home[0])
            assert [row.tobytes() for row in many.encode(home)] == [frame] * 4


def test_one_stream_or_all_of_them_begin_anew(codec: Any) -> None:
    pcm, frames = speech(5, 3)
    many = codec.EncoderBank(5)
    assert many.streams == 5
    assert np.array_equal(many.encode(pcm), frames)
    second = many.encode(pcm)
    assert not np.array_equal(second[0], frames[0])
    many.reset()
    assert np.array_equal(many.encode(pcm), frames)
    many.reset(3)
    again = many.encode(pcm)
    assert np.array_equal(again[3], frames[3])
    assert np.array_equal(again[2], second[2])
    for stream in (-1, 5, True, "1"):
        with pytest.raises(LocalProtocolError, match="allowed are 0 to 4"):
            many.reset(stream)


def test_frames_go_where_they_are_wanted(codec: Any) -> None:
    pcm, frames = speech(2, 3)
    out = np.zeros((2, 3, 33), np.uint8)
    assert codec.EncoderBank(2).encode(pcm, out=out) is out
    assert np.array_equal(out, frames)
    fresh = codec.EncoderBank(2).encode(pcm)
    assert (fresh.shape, fresh.dtype) == ((2, 3, 33), np.uint8)
    assert codec.EncoderBank(3).encode(np.zeros((3, 0), np.int16)).shape == (3, 0, 33)


def test_sound_at_an_odd_address(codec: Any) -> None:
    pcm, frames = speech(2, 3)
    memory = np.zeros(pcm.nbytes + 3, np.uint8)
    start = 1 + memory.ctypes.data % 2
    odd = memory[start : start + pcm.nbytes].view(np.int16).reshape(pcm.shape)
    odd[...] = pcm
    assert np.array_equal(codec.EncoderBank(2).encode(odd), frames)


@pytest.mark.parametrize("streams", [1 << 70, 65537, 0, -1, True, 2.0, "3", None])
def test_a_bank_has_a_bounded_number_of_streams(streams: Any, codec: Any) -> None:
    with pytest.raises(LocalProtocolError, match=f"streams={streams!r}"):
        codec.EncoderBank(streams)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pcm": np.zeros((3, 160), np.int16)}, r"pcm: shape \(3, 160\).*\(2, n \* 160\)"),
        ({"pcm": np.zeros((2, 161), np.int16)}, r"pcm: shape \(2, 161\)"),
        ({"pcm": np.zeros(320, np.int16)}, r"pcm: shape \(320,\)"),
        ({"pcm": np.zeros((2, 160), np.uint16)}, "pcm: items of format 'H'"),
        ({"pcm": np.zeros((2, 160), ">i2")}, "pcm: items of format '>h'"),
        ({"pcm": bytes(640)}, "pcm: items of format 'B'"),
        ({"pcm": np.zeros((2, 320), np.int16)[:, ::2]}, "pcm:.*not contiguous"),
        ({"pcm": [[0] * 160] * 2}, "pcm:.*not list"),
        ({"idle": np.zeros((2, 2), bool)}, r"idle: shape \(2, 2\).*\(2, 1\)"),
        ({"idle": np.zeros((2, 1), np.int16)}, "idle: items of format 'h'"),
        ({"idle": 0}, "idle:.*not int"),
        ({"out": np.zeros((2, 2, 33), np.uint8)}, r"out: shape \(2, 2, 33\).*\(2, 1, 33\)"),
        ({"out": np.zeros((2, 1, 33), np.int8)}, "out: items of format 'b'"),
        ({"out": bytes(66)}, "out:.*read-only"),
        ({"out": np.zeros((2, 2, 33), np.uint8)[:, ::2]}, "out:.*not contiguous"),
        ({"out": 7}, "out:.*not int"),
    ],
)
def test_what_does_not_fit_is_refused_and_no_stream_has_moved(
    arguments: dict[str, Any], message: str, codec: Any
) -> None:
    pcm, frames = speech(2, 2)
    many = codec.EncoderBank(2)
    first, second = (np.ascontiguousarray(half) for half in np.split(pcm, 2, axis=1))
    many.encode(first)
    with pytest.raises(LocalProtocolError, match=message):
        many.encode(**{"pcm": second, **arguments})
    assert np.array_equal(many.encode(second), frames[:, 1:])


@pytest.mark.skipif(compiled is None, reason="the compiled twin is not built")
def test_a_compiled_bank_is_not_copied() -> None:
    assert compiled is not None
    with pytest.raises(TypeError, match="can't be copied or pickled"):
        copy.copy(compiled.EncoderBank(1))


@pytest.mark.skipif(compiled is None, reason="the compiled twin is not built")
@pytest.mark.parametrize("seed", range(3))
def test_every_kind_of_sound_in_every_lane(seed: int) -> None:
    assert banks(seed, count=30) is None


def test_the_sequences_side_by_side(codec: Any) -> None:
    if codec is PURE:
        pytest.skip("half a minute; the pure encoder alone is held to them")
    assert sequences(codec) is None


# ---- why a product that saturates is as good as one that does not ----


def test_no_coefficient_is_the_one_number_that_instruction_sets_treat_differently() -> None:
    """-32768 times -32768 is 32768 rounded: pmulhrsw gives -32768 for it, vqrdmulh 32767.

    Each product has a factor of these; clause 5.2.9 makes the coefficients of a filter, and
    a quantised gain, a mantissa or a power of 2 are numbers of the tables.
    """
    for row in tables.LAR_DECODED:
        for old, new in itertools.product(row, row):
            for coefficients in reflection_coefficients([old], [new]):
                assert coefficients[0] > -32768
    numbers = (*tables.QLB, *tables.FAC, *(row[4] for row in tables.LAR_QUANTISER))
    assert all(0 < number < 32768 for number in (*numbers, tables.DEEMPHASIS))


@given(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=9, max_size=9))
def test_no_reflection_coefficient_is_it_either(correlation: list[int]) -> None:
    correlation[0] = abs(correlation[0]) & 0x7FFFFFFF
    assert all(abs(r) < 32768 for r in encoder._reflection(correlation))
