"""What the codec takes for frames, samples and arguments, and how it refuses the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gsm_codecs import GOOD

from hamaproto.errors import LocalProtocolError


def cases() -> list[tuple[Any, str]]:
    return [
        (GOOD[:32], "32 bytes are not whole frames"),
        (GOOD[:34], "34 bytes are not whole frames"),
        (np.zeros(33, np.int16), "items of format 'h'"),
        (np.frombuffer(GOOD, np.uint8)[::2], "not contiguous"),
        (np.frombuffer(GOOD, np.uint8).reshape(6, 33)[:, ::-1], "not contiguous"),
        (np.zeros((33, 2), np.uint8), "last axis"),
        ("text", "not str"),
        (None, "not NoneType"),
    ]


@pytest.mark.parametrize(("frames", "message"), cases())
def test_what_is_no_run_of_frames_is_refused(frames: Any, message: str, codec: Any) -> None:
    one = codec.Decoder()
    one.decode(GOOD[:33])
    with pytest.raises(LocalProtocolError, match=message):
        one.decode(frames)
    with pytest.raises(LocalProtocolError):
        one.decode_frame(frames)
    whole = codec.Decoder().decode(GOOD)
    assert np.array_equal(one.decode(GOOD[33:]), whole[160:])


@pytest.mark.parametrize(
    ("pcm", "message"),
    [
        (b"\0" * 321, "odd number"),
        (b"\0" * 318, "159 samples are not whole frames"),
        (np.zeros(161, np.int16), "161 samples"),
        (np.zeros(160, np.uint16), "items of format 'H'"),
        (np.zeros(160, ">i2"), "items of format '>h'"),
        (np.zeros(160, np.float32), "items of format 'f'"),
        (np.zeros(320, np.int16)[::2], "not contiguous"),
        (np.zeros((160, 1), np.int16), "one channel"),
        ([0] * 160, "not list"),
    ],
)
def test_what_is_no_sound_is_refused(pcm: Any, message: str, codec: Any) -> None:
    one = codec.Encoder()
    with pytest.raises(LocalProtocolError, match=message):
        one.encode(pcm)
    with pytest.raises(LocalProtocolError):
        one.encode_frame([0] * 159)
    with pytest.raises(LocalProtocolError, match="32768"):
        one.encode_frame([0] * 159 + [32768])


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (np.zeros(159, np.int16), "shape"),
        (np.zeros(160, np.uint16), "format"),
        (np.zeros(320, np.int16)[::2], "not contiguous"),
        (np.zeros((160, 1), np.int16), "shape"),
        (bytes(320), "read-only"),
        (7, "not int"),
    ],
)
def test_an_out_that_does_not_fit_is_refused(out: Any, message: str, codec: Any) -> None:
    with pytest.raises(LocalProtocolError, match=message):
        codec.Decoder().decode(GOOD[:33], out)
    with pytest.raises(LocalProtocolError, match=message):
        codec.Decoder().conceal(out)


def test_arguments(codec: Any) -> None:
    for make in (
        lambda: codec.Decoder(on_bad_frame="ignore"),
        lambda: codec.Decoder(seed=-1),
        lambda: codec.Decoder(seed="x"),
        lambda: codec.DecoderBank(0),
        lambda: codec.DecoderBank(True),
        lambda: codec.DecoderBank(2).reset(2),
        lambda: codec.DecoderBank(2).decode(np.zeros((1, 1, 33), np.uint8)),
        lambda: codec.DecoderBank(1).decode(np.zeros((1, 1, 33), np.int8)),
        lambda: codec.DecoderBank(1).decode(GOOD),
        lambda: codec.DecoderBank(1).decode(
            np.frombuffer(GOOD, np.uint8).reshape(1, 6, 33), lost=np.zeros((1, 5), bool)
        ),
        lambda: codec.DecoderBank(1).decode(
            np.frombuffer(GOOD, np.uint8).reshape(1, 6, 33), idle=np.zeros((1, 6), np.int32)
        ),
    ):
        with pytest.raises(LocalProtocolError):
            make()


def test_every_bytes_like_object_will_do(codec: Any) -> None:
    want = codec.Decoder().decode(GOOD)
    array = np.frombuffer(GOOD, np.uint8)
    for frames in (bytearray(GOOD), memoryview(GOOD), array, array.reshape(6, 33)):
        assert np.array_equal(codec.Decoder().decode(frames), want)
    out = np.empty(960, np.int16)
    assert codec.Decoder().decode(GOOD, out) is out
    assert np.array_equal(out, want)
    assert want.dtype == np.int16
    sound = want.copy()
    frames = codec.Encoder().encode(sound)
    for pcm in (sound.tobytes(), bytearray(sound.tobytes()), memoryview(sound)):
        assert codec.Encoder().encode(pcm) == frames
    assert len(codec.Decoder().decode(b"")) == 0
    assert codec.Encoder().encode(b"") == b""
    assert codec.Encoder().encode(np.zeros(0, np.int16)) == b""
    assert codec.DecoderBank(3).decode(np.zeros((3, 0, 33), np.uint8)).shape == (3, 0)


def at_an_odd_address(samples: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    memory = np.zeros(samples.nbytes + 3, np.uint8)
    start = 1 + memory.ctypes.data % 2
    odd = memory[start : start + samples.nbytes].view(np.int16).reshape(samples.shape)
    assert odd.ctypes.data % 2 == 1 or samples.size == 0
    odd[...] = samples
    return odd


@pytest.mark.parametrize("count", [0, 1, 20])
def test_samples_at_an_odd_address(count: int, codec: Any) -> None:
    """A slice of a packet may begin anywhere; in C no int16 can."""
    random = np.random.default_rng(count)
    sound = random.integers(-32768, 32767, count * 160, np.int16)
    frames = codec.Encoder().encode(sound)
    assert codec.Encoder().encode(at_an_odd_address(sound)) == frames
    expected = codec.Decoder().decode(frames)
    out = at_an_odd_address(np.zeros(count * 160, np.int16))
    assert codec.Decoder().decode(frames, out) is out
    assert (out == expected).all()
    out = at_an_odd_address(np.zeros(160, np.int16))
    assert (codec.Decoder().conceal(out) == codec.Decoder().conceal()).all()
    streams = np.frombuffer(frames * 3, np.uint8).reshape(3, count, 33)
    out = at_an_odd_address(np.zeros((3, count * 160), np.int16))
    codec.DecoderBank(3).decode(streams, out=out)
    assert (out == expected).all()
