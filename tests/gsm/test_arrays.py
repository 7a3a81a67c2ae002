"""What the codec takes for frames, samples and arguments, and how it refuses the rest."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from gsm_codecs import GOOD

from hamaproto.errors import LocalProtocolError
from hamaproto.gsm import _arrays


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


# ---- the checks themselves ----


@pytest.mark.parametrize(("word", "number"), [("raise", 0), ("conceal", 1), ("decode", 2)])
def test_policies_have_numbers(word: str, number: int) -> None:
    """The compiled twin has them as GSM_RAISE, GSM_CONCEAL, GSM_DECODE."""
    assert _arrays.check_policy(word) == number
    with pytest.raises(LocalProtocolError, match="on_bad_frame='ignore': allowed are"):
        _arrays.check_policy("ignore")


@pytest.mark.parametrize("good", [0, 1, 2**32 - 1])
@pytest.mark.parametrize("bad", [-1, 2**32, True, 1.0, "1", None])
def test_a_seed_has_32_bits(good: int, bad: Any) -> None:
    assert _arrays.check_seed(good) == good
    with pytest.raises(LocalProtocolError, match=f"seed={bad!r}: a whole number from 0"):
        _arrays.check_seed(bad)


def test_streams_are_counted_from_1_and_named_from_0() -> None:
    assert [_arrays.check_streams(value) for value in (1, 65536)] == [1, 65536]
    for bad in (0, -1, 65537, True, 1.0):
        with pytest.raises(LocalProtocolError, match=f"streams={bad!r}"):
            _arrays.check_streams(bad)  # type: ignore[arg-type]  # the point of the test
    assert [_arrays.check_stream(value, 3) for value in (0, 2)] == [0, 2]
    for bad in (-1, 3, False, 1.0):
        with pytest.raises(LocalProtocolError, match="allowed are 0 to 2"):
            _arrays.check_stream(bad, 3)  # type: ignore[arg-type]  # the point of the test


def test_a_bad_nibble_is_told_where_it_is() -> None:
    error = _arrays.bad_nibble(7, 0x3D)
    assert str(error).startswith("frame 7 begins with the nibble 0x3: a GSM 06.10 frame begins")
    assert str(_arrays.bad_frame_in_bank(2, 7, 0x3D)) == f"stream 2, {error}"


def test_a_single_frame_has_33_bytes() -> None:
    assert bytes(_arrays.check_single(GOOD[:33])) == GOOD[:33]
    for length in (0, 66):
        with pytest.raises(LocalProtocolError, match=f"{length} bytes are not one frame, .* 33"):
            _arrays.check_single(GOOD[:length])


def test_the_samples_of_a_frame_are_160_of_16_bits() -> None:
    _arrays.check_samples([-32768, 32767] * 80)
    for count in (159, 161):
        with pytest.raises(LocalProtocolError, match=f"samples: {count} are not one frame"):
            _arrays.check_samples([0] * count)
    for place, value in ((3, -32769), (159, 32768)):
        samples = [0] * 160
        samples[place] = value
        with pytest.raises(LocalProtocolError, match=rf"samples\[{place}\]={value}: allowed"):
            _arrays.check_samples(samples)


@pytest.mark.parametrize("form", ["h", "=h", "@h", "<h" if sys.byteorder == "little" else ">h"])
def test_int16_of_the_machine_has_these_names(form: str) -> None:
    class View:
        format = form

    assert _arrays._is_int16(View())  # type: ignore[arg-type]  # as a view says it
    View.format = ">h" if sys.byteorder == "little" else "<h"
    assert not _arrays._is_int16(View())  # type: ignore[arg-type]


def test_what_is_empty_has_no_address_and_is_taken() -> None:
    for empty in (b"", np.zeros(0, np.uint8), np.zeros((0, 33), np.uint8)):
        assert len(_arrays.frames_view(empty)) == 0
    for empty in (b"", np.zeros(0, np.int16)):
        assert len(_arrays.pcm_view(empty)) == 0
    assert len(_arrays.samples_view(np.zeros(0, np.int16), 0)) == 0
    assert len(_arrays.bank_view(np.zeros((2, 0, 33), np.uint8), 2)) == 0
    assert len(_arrays.mask_view("lost", np.zeros((2, 0), bool), 2, 0)) == 0


def test_a_mask_that_is_not_given_is_false() -> None:
    assert bytes(_arrays.mask_view("lost", None, 2, 3)) == bytes(6)
    mask = np.array([[1, 0, 0], [0, 1, 0]], np.uint8)
    assert bytes(_arrays.mask_view("lost", mask, 2, 3)) == bytes([1, 0, 0, 0, 1, 0])
    with pytest.raises(LocalProtocolError, match=r"idle: shape \(3, 2\) is not allowed; \(2, 3\)"):
        _arrays.mask_view("idle", np.zeros((3, 2), bool), 2, 3)


@pytest.mark.parametrize("shape", [(1, 6, 33), (3, 6, 33), (2, 6, 32), (2, 198), (2, 6, 33, 1)])
def test_a_bank_takes_one_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(LocalProtocolError, match=r"\(2, n, 33\) is needed"):
        _arrays.bank_view(np.zeros(shape, np.uint8), 2)
    assert len(_arrays.bank_view(np.zeros((2, 6, 33), np.uint8), 2)) == 396


def test_numpy_is_imported_by_who_makes_an_array() -> None:
    assert not hasattr(_arrays, "np")
    assert not hasattr(_arrays, "Samples")


def test_new_samples_are_int16() -> None:
    assert (_arrays.new_samples(2, 160).shape, _arrays.new_samples(3).dtype) == ((2, 160), "int16")


@pytest.mark.skipif(sys.byteorder == "big", reason="the other way round")
def test_bytes_are_little_endian_on_every_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = np.arange(160, dtype="<i2")
    assert _arrays.pcm_array(samples.tobytes()).tolist() == samples.tolist()
    monkeypatch.setattr(sys, "byteorder", "big")
    assert _arrays.pcm_array(samples.tobytes()).tolist() == samples.byteswap().tolist()


def test_frames_of_more_axes_end_in_33() -> None:
    assert len(_arrays.frames_view(np.zeros((2, 3, 33), np.uint8))) == 198
    assert len(_arrays.frames_view(np.zeros(66, np.uint8))) == 66
    with pytest.raises(LocalProtocolError, match="last axis of an array of shape"):
        _arrays.frames_view(np.zeros((33, 2), np.uint8))


@pytest.mark.parametrize("length", [2, 318, 322, 480])
def test_pcm_is_whole_frames(length: int) -> None:
    with pytest.raises(LocalProtocolError, match=f"pcm: {length // 2} samples are not whole"):
        _arrays.pcm_view(bytes(length))
    assert len(_arrays.pcm_view(bytes(640))) == 640
