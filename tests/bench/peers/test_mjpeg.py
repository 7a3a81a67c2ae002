"""A reader is judged by what it gives, and stands beside the limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from bench.measure.entries import NS_A_FRAME, Options, Skipped, Timed
from bench.peers.mjpeg import COPY, READERS, contest, judged, limits, own
from bench.streams import SHAPES, Load, live, small_frames

FRAMES = small_frames(20)
LOAD = Load("live", FRAMES, *live(FRAMES, SHAPES[1]))


@pytest.mark.parametrize("name", READERS)
def test_each_reader_that_is_here_reads_a_clean_stream(name: str) -> None:
    try:
        read = READERS[name]()
    except ImportError as error:
        pytest.skip(str(error))
    assert judged(read, LOAD) == ""


def mine(chunks: Iterable[bytes], content_type: str) -> Iterator[bytes]:
    assert "boundary=frame" in content_type
    for chunk in chunks:
        start = chunk.find(b"\xff\xd8")
        if start >= 0:
            yield chunk[start : chunk.rindex(b"\xff\xd9") + 2]


def test_anyones_function_is_a_reader() -> None:
    assert judged(own(mine), LOAD) == ""


def test_what_is_wrong_is_told() -> None:
    def some(chunks: Iterable[bytes], content_type: str) -> list[bytes]:
        return list(mine(chunks, content_type))[:-1]

    def none(chunks: Iterable[bytes], content_type: str) -> list[bytes]:
        raise KeyError("boundary")

    assert judged(own(some), LOAD).startswith("wrong: 19 of 20 frames")
    assert judged(own(none), LOAD) == "raised KeyError: 'boundary' (behind 0 right frames)"
    options = Options(readers={"x:some": some, "x:none": none})
    entries = list(
        contest(LOAD, options, NS_A_FRAME, 20, lambda who: ("live", who), ["x:some", "x:none"])
    )
    assert isinstance(entries[0], Timed)
    assert entries[0].note.startswith("wrong")
    assert isinstance(entries[1], Skipped)


def test_the_limit_copies_each_frame_from_its_place() -> None:
    first, second = limits(LOAD, NS_A_FRAME, 20)
    assert first.contestant == COPY
    assert first.run() == 20
    assert second.run() == 20
