"""Many streams in step: each is decoded as by a decoder of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gsm_codecs import PURE

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
