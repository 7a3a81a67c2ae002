"""One Matroska file, read by FFmpeg: what goes in comes out, at its time."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import numbered_sound, pictures_in, sound_in

from hamaproto.camera import CameraState, Pictures
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.cli.output import open_output
from hamaproto.cli.recording.matroska import MARK, Matroska

SIZE = (640, 480)
PICTURES = [CameraState(pictures=Pictures(draw_mosaic)).picture(number) for number in range(12)]


def made(name: str, **options: Any) -> Matroska:
    return Matroska(open_output(name, overwrite=True), SIZE, **options)


@settings(max_examples=25)
@given(
    st.lists(st.integers(0, 300), min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(-5, 400), st.integers(1, 400)), max_size=12),
)
def test_what_goes_in_comes_out_at_its_time(gaps: list[int], sounds: list[tuple[int, int]]) -> None:
    """Two pictures of one time, and sound that laps over other sound, come one after the other."""
    file = made("a.mkv")
    at = 0
    times: list[int] = []
    for number, gap in enumerate(gaps):
        at += gap
        file.picture(PICTURES[number], at)
        times.append(max(at, times[-1] + 1) if times else at)
    end = 0
    starts, pieces = [], []
    for gap, count in sounds:
        starts.append(max(end + gap, end))
        pieces.append(numbered_sound(starts[-1], count))
        file.sound(pieces[-1], max(end + gap, 0))
        end = starts[-1] + count
    file.close()
    assert [image for image, _ in pictures_in("a.mkv")] == PICTURES[: len(gaps)]
    assert [round(at * 1000) for _, at in pictures_in("a.mkv")] == times
    heard = sound_in("a.mkv")
    assert [data for data, _ in heard] == pieces
    # Times of Matroska are whole milliseconds, which are eight samples.
    assert all(abs(at * 8000 - s) <= 4.1 for s, (_, at) in zip(starts, heard, strict=True))
    # It was known how large it would be.
    assert 0 <= file.size - os.path.getsize("a.mkv") <= 2048


def test_its_head_says_what_is_in_it(images: list[bytes]) -> None:
    when = datetime(2024, 2, 29, 13, 30, 5, 250_000, timezone(timedelta(hours=1)))
    file = made("a.mkv", rate=12, made=when)
    assert file.size_with(images[0]) == file.size + len(images[0])
    file.picture(images[0], 0)
    file.sound(bytes(320), 0)
    file.close()
    with av.open("a.mkv") as read:
        assert read.metadata["RECORDED_BY"] == MARK
        assert datetime.fromisoformat(read.metadata["creation_time"]) == when
        assert datetime.fromisoformat(read.metadata["creation_time"]).tzinfo == UTC
        video, audio = read.streams
        assert (video.width, video.height, video.average_rate) == (*SIZE, 12)
        assert (audio.codec_context.name, audio.rate, audio.channels) == ("pcm_s16le", 8000, 1)
    silent = made("b.mkv", sound=False)
    silent.picture(images[0], 0)
    silent.close()
    with av.open("b.mkv") as read:
        assert [stream.type for stream in read.streams] == ["video"]
        assert "creation_time" not in read.metadata


def test_a_finished_file_knows_how_long_it_is(images: list[bytes]) -> None:
    file = made("a.mkv", sound=False)
    for number in range(5):
        file.picture(images[number], number * 1000)
    assert file._output.size > 0
    file.close(durable=False)
    with av.open("a.mkv") as read:
        assert read.duration is not None
        assert Fraction(read.duration, av.time_base) >= 4


def test_without_a_picture_nothing_is_left(images: list[bytes]) -> None:
    file = made("a.mkv")
    file.sound(bytes(320), 0)
    # No picture was written, so that there is nothing to be kept; nobody asked for a file.
    assert file.abandon() == Path("a.mkv").exists()
    kept = made("b.mkv")
    for number in range(30):
        kept.picture(images[number], number * 100)
    assert kept.abandon()
    assert len(pictures_in("b.mkv")) >= 15


def test_what_the_disk_says_is_the_error(images: list[bytes]) -> None:
    output = open_output("a.mkv")
    file = Matroska(output, SIZE)
    output.failure = OSError(28, "No space left on device", "a.mkv")
    with pytest.raises(OSError, match="No space left"):
        file.picture(images[0], 0)
    with pytest.raises(OSError, match="No space left"):
        file.close()
    assert not Path("a.mkv").exists() or os.path.getsize("a.mkv") > 0


def test_no_encoder_is_needed(images: list[bytes]) -> None:
    assert Matroska.missing() is None
    assert Matroska.read(images[0]) is images[0]
    assert Matroska.size_of(images[0]) == SIZE
    assert Matroska.size_of(b"no picture") is None
