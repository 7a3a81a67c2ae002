"""Every recorded stream gives its images, byte for byte, however it is cut.

The hashes in the manifest were taken with other programs than ours.
"""

from __future__ import annotations

import hashlib
import random
from typing import Any

import pytest

import fixtures
from fixtures.feeding import pieces, random_pieces, record
from hamaproto import NEED_DATA, ClientConnection, EndOfStream, Frame, commands

RECORDINGS = fixtures.recordings()
SIZES = (1, 2, 3, 7, 1460, 65536)


def hashes(frames: list[Any]) -> tuple[str, ...]:
    return tuple(hashlib.sha256(frame.data).hexdigest() for frame in frames)


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda r: r.name)
@pytest.mark.parametrize("size", SIZES)
def test_every_image(twin: Any, recording: fixtures.Recording, size: int) -> None:
    log = record(twin.MjpegParser(recording.content_type), pieces(recording.body, size))
    assert hashes(log.frames) == recording.frames
    assert all(frame.complete for frame in log.frames)
    assert not log.parts


def through_a_connection(wire: bytes, size: int) -> tuple[str, ...]:
    """The hashes of the whole images of a raw answer, by the twin that is in use."""
    connection = ClientConnection("camera")
    connection.send(commands.video_stream())
    receive, next_event = connection.receive_data, connection.next_event
    frames = []
    for piece in pieces(wire, size):
        receive(piece)
        while (event := next_event()) is not NEED_DATA:
            if isinstance(event, EndOfStream):
                break
            if isinstance(event, Frame):
                frames.append(event)
    connection.receive_eof()
    frames += [event for event in connection.events() if isinstance(event, Frame)]
    return hashes([frame for frame in frames if frame.complete])


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda r: r.name)
@pytest.mark.parametrize("size", SIZES)
def test_every_image_through_a_connection(recording: fixtures.Recording, size: int) -> None:
    """Head and transfer coding and all; in the smallest pieces, only the beginning."""
    if size > 3:
        assert through_a_connection(recording.wire, size) == recording.frames
    else:
        wire = recording.wire[:400_000]
        found = through_a_connection(wire, size)
        assert found == through_a_connection(wire, len(wire))
        assert found == recording.frames[: len(found)]
        assert found


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda r: r.name)
def test_cut_at_random(twin: Any, recording: fixtures.Recording) -> None:
    whole = record(twin.MjpegParser(recording.content_type), [recording.body])
    rng = random.Random(recording.name)
    log = record(twin.MjpegParser(recording.content_type), random_pieces(recording.body, rng))
    assert log.content == whole.content


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda r: r.name)
def test_without_its_content_type(twin: Any, recording: fixtures.Recording) -> None:
    """The boundary is found in the stream where nobody says it."""
    for content_type in (None, "application/octet-stream", "multipart/x-mixed-replace;boundary=?"):
        log = record(twin.MjpegParser(content_type), pieces(recording.body, 1460))
        assert hashes(log.frames) == recording.frames


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda r: r.name)
def test_honest_programs_are_not_blamed(twin: Any, recording: fixtures.Recording) -> None:
    """Nothing is skipped; of the images nothing is odd.

    What may be said is about delimiters: some of the recordings have no response head, so
    their boundary is not declared.
    """
    log = record(twin.MjpegParser(recording.content_type), [recording.body])
    assert not log.of("Skipped")
    declared = recording.content_type is not None
    assert log.codes <= (set() if declared else {"undeclared-boundary"})


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda r: r.name)
def test_joined_late(twin: Any, recording: fixtures.Recording) -> None:
    """Whoever joins in the middle of an image misses that image and no other."""
    rng = random.Random(recording.name)
    frames = record(twin.MjpegParser(recording.content_type), [recording.body]).frames
    for _ in range(5):
        number = rng.randrange(len(frames) - 1)
        frame = frames[number]
        at = frame.offset + rng.randrange(200, len(frame.data))
        log = record(twin.MjpegParser(recording.content_type), pieces(recording.body[at:], 1460))
        assert hashes(log.frames) == recording.frames[number + 1 :]


def test_the_whole_response(twin: Any) -> None:
    """A response head and transfer coding that nobody took off cost no image."""
    for recording in RECORDINGS:
        plain = all(name.lower() != "transfer-encoding" for name, _ in recording.headers)
        if recording.has_head and plain:
            log = record(twin.MjpegParser(recording.content_type), pieces(recording.wire, 1460))
            assert hashes(log.frames) == recording.frames


def test_fixture_images(twin: Any) -> None:
    """The two images that other demuxers stumble over, alone and behind each other."""
    names = ("ffmpeg_crlf_dashdash", "ffmpeg_avi1_no_dht")
    images = [fixtures.jpeg(name) for name in names] * 2
    for content_type in (None, "multipart/x-mixed-replace; boundary=frame"):
        log = record(twin.MjpegParser(content_type), pieces(b"".join(images), 1460))
        assert [frame.data for frame in log.frames] == images
