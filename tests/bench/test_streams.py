"""The streams of the MJPEG suites are what their names say."""

from __future__ import annotations

import pytest

from bench.streams import (
    CONTENT_TYPE,
    SHAPES,
    Load,
    frame_of,
    live,
    small_frames,
    stored,
    vga_frames,
)
from fixtures.build.jpegs import segments
from fixtures.feeding import record
from hamaproto import MjpegParser


def test_the_images_are_jpegs_of_their_sizes() -> None:
    for data in (*vga_frames(2), *small_frames(6)):
        assert segments(data)[-1][2] == len(data)
    assert len(set(vga_frames(3))) == 3
    assert {331, 922} <= {len(data) for data in small_frames(6)} <= set(range(331, 923))


@pytest.mark.parametrize("size", [2048, 7403, 35_000, 1_000_000])
def test_an_image_is_as_large_as_asked(size: int) -> None:
    data = frame_of(size)
    assert segments(data)[-1][2] == len(data)
    assert abs(len(data) - size) < 30
    assert data.count(b"\xff\xd9") == 1


@pytest.mark.parametrize("shape", SHAPES)
def test_a_live_stream_is_the_same_bytes_however_it_is_cut(shape: str) -> None:
    frames = vga_frames(20)
    body, chunks = live(frames, shape)
    assert b"".join(chunks) == body == live(frames, SHAPES[0])[0]
    # What is received ends behind a delimiter, unless it was cut elsewhere.
    if shape != SHAPES[0]:
        assert sum(chunk.endswith(b"\r\n--frame\r\n") for chunk in chunks) == len(frames)
        assert all(len(chunk) <= 1460 for chunk in chunks) == (shape == "1460-byte segments")
    log = record(MjpegParser(CONTENT_TYPE), chunks)
    assert [frame.data for frame in log.frames] == frames


@pytest.mark.parametrize("length", [True, False])
def test_a_load_knows_where_its_frames_are(length: bool) -> None:
    frames = small_frames(10)
    body = stored(frames, length=length)
    for at, data in Load("", frames, body, [body]).placed():
        assert body[at : at + len(data)] == data
    log = record(MjpegParser(CONTENT_TYPE), [body])
    assert [frame.data for frame in log.frames] == frames
