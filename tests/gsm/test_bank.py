"""Many streams in step: each is decoded as by a decoder of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gsm_codecs import BAD, GOOD, PURE

from fixtures.vectors import vectors
from hamaproto.errors import LocalProtocolError
from hamaproto.gsm.tables import HOMING_FRAME


def test_many_streams_decode_as_one_does(codec: Any) -> None:
    vector = vectors()[0]
    for streams in (1, 3, 4, 16, 17, 40):
        block = np.frombuffer(vector.frames[: 33 * 9 * 40], np.uint8)[: 33 * 9 * streams]
        block = block.reshape(streams, 9, 33)
        want = np.stack([PURE.Decoder().decode(stream) for stream in block])
        assert np.array_equal(codec.DecoderBank(streams).decode(block), want)


def test_streams_start_stop_and_lose_frames_independently(codec: Any) -> None:
    random = np.random.default_rng(5)
    streams, count = 21, 40
    frames = np.frombuffer(vectors()[0].frames, np.uint8).reshape(-1, 33)
    block = frames[random.integers(0, len(frames), (streams, count))]
    block[random.random((streams, count)) < 0.1] = np.frombuffer(HOMING_FRAME, np.uint8)
    lost = random.random((streams, count)) < 0.2
    idle = random.random((streams, count)) < 0.2
    block[lost | idle] = 0
    many = codec.DecoderBank(streams, seed=3)
    assert many.streams == streams
    got = np.concatenate(
        [
            many.decode(
                np.ascontiguousarray(block[:, a:b]),
                lost=np.ascontiguousarray(lost[:, a:b]),
                idle=np.ascontiguousarray(idle[:, a:b]),
            )
            for a, b in ((0, 1), (1, 17), (17, 40))
        ],
        axis=1,
    )
    for stream in range(streams):
        one = PURE.Decoder(seed=3 + stream)
        for i in range(count):
            piece = got[stream, 160 * i : 160 * i + 160]
            if idle[stream, i]:
                assert not piece.any()
            elif lost[stream, i]:
                assert np.array_equal(piece, one.conceal())
            else:
                assert np.array_equal(piece, one.decode(block[stream, i].tobytes()))
    many.reset(4)
    again = many.decode(np.ascontiguousarray(block[:, :1]), idle=np.arange(21)[:, None] != 4)
    assert not again[5:].any()
    many.reset()


@pytest.mark.parametrize("streams", [1 << 70, 1 << 40, 65537, 0, -1, True, 2.0, "3", None])
def test_a_bank_has_a_bounded_number_of_streams(streams: Any, codec: Any) -> None:
    with pytest.raises(LocalProtocolError, match=f"streams={streams!r}"):
        codec.DecoderBank(streams)


def test_a_bad_nibble_is_refused_and_no_stream_has_moved(codec: Any) -> None:
    many = codec.DecoderBank(2)
    assert many.streams == 2
    block = np.frombuffer(GOOD + BAD, np.uint8).reshape(2, 6, 33)
    with pytest.raises(LocalProtocolError, match="stream 1, frame 2 begins with the nibble 0x1"):
        many.decode(block)
    good = np.frombuffer(GOOD * 2, np.uint8).reshape(2, 6, 33)
    assert np.array_equal(many.decode(good), codec.DecoderBank(2).decode(good))
    # What is lost or idle is not looked at.
    for name in ("lost", "idle"):
        mask = np.zeros((2, 6), bool)
        mask[1, 2] = True
        codec.DecoderBank(2).decode(block, **{name: mask})


@pytest.mark.parametrize("policy", ["decode", "conceal"])
def test_a_bank_has_the_policies_of_a_decoder(policy: Any, codec: Any) -> None:
    block = np.frombuffer(GOOD + BAD, np.uint8).reshape(2, 6, 33)
    got = codec.DecoderBank(2, on_bad_frame=policy).decode(block)
    for stream, frames in enumerate((GOOD, BAD)):
        one = PURE.Decoder(on_bad_frame=policy, seed=stream)
        assert np.array_equal(got[stream], one.decode(frames))


def test_the_seeds_of_the_streams_follow_each_other(codec: Any) -> None:
    """From 0 on unless it is said otherwise, and modulo 2**32."""
    block = np.frombuffer(GOOD * 3, np.uint8).reshape(3, 6, 33).repeat(2, axis=1)
    lost = np.zeros((3, 12), bool)
    lost[:, 3:] = True
    for seed, seeds in ((None, (0, 1, 2)), (2**32 - 2, (2**32 - 2, 2**32 - 1, 0))):
        options = {} if seed is None else {"seed": seed}
        got = codec.DecoderBank(3, **options).decode(block, lost=lost)
        for stream, one in enumerate(PURE.Decoder(seed=seed) for seed in seeds):
            want = [one.decode(block[stream, :3]), *[one.conceal() for _ in range(9)]]
            assert np.array_equal(got[stream], np.concatenate(want))


def test_a_bank_without_homing_decodes_the_homing_frame(codec: Any) -> None:
    block = np.frombuffer(HOMING_FRAME * 2, np.uint8).reshape(2, 1, 33)
    assert (codec.DecoderBank(2).decode(block) == 8).all()
    assert not (codec.DecoderBank(2, False).decode(block) == 8).all()


def test_one_stream_or_all_of_them_begin_anew(codec: Any) -> None:
    block = np.frombuffer(GOOD * 3, np.uint8).reshape(3, 6, 33)
    many = codec.DecoderBank(3)
    first = many.decode(block)
    second = many.decode(block)
    assert not np.array_equal(first[0], second[0])
    many.decode(block)
    many.reset()
    assert np.array_equal(many.decode(block), first)
    many.reset(1)
    again = many.decode(block)
    assert np.array_equal(again[1], first[1])
    assert np.array_equal(again[2], second[2])
    for stream in (-1, 3, True, "1"):
        with pytest.raises(LocalProtocolError, match="allowed are 0 to 2"):
            many.reset(stream)


def test_samples_go_where_they_are_wanted(codec: Any) -> None:
    block = np.frombuffer(GOOD * 2, np.uint8).reshape(2, 6, 33)
    out = np.zeros((2, 960), np.int16)
    assert codec.DecoderBank(2).decode(block, out=out) is out
    assert np.array_equal(out, codec.DecoderBank(2).decode(block))
