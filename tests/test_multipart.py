"""Zero-copy input of the MJPEG parser: the same events as by `receive_data`.

What else there is to say of `wire/multipart.py` is said in test_quirks, test_recovery,
test_recordings and test_guarantees_mjpeg.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

import fixtures
from hamaproto.errors import LocalProtocolError

#: Large images, so that a part of them is received into their own place.
RECORDING = next(r for r in fixtures.recordings() if "1280x1024" in r.name)


def events_of(parser: Any, body: bytes) -> list[Any]:
    parser.receive_data(body)
    parser.receive_eof()
    return list(parser.events())


@pytest.mark.parametrize("seed", range(12))
def test_buffers_give_the_same_events(twin: Any, seed: int) -> None:
    """Also where bytes are missing, the end comes early, or old views are still held."""
    rng = random.Random(seed)
    # Twice over, so that most lengths are believed.
    body = RECORDING.body * 2
    if seed % 2:
        at = rng.randrange(len(body))
        body = body[:at] + body[at + rng.randrange(100, 200_000) :]
    if seed % 3 == 0:
        body = body[: rng.randrange(len(body))]
    parser = twin.MjpegParser(RECORDING.content_type)
    said: list[Any] = []
    held: list[memoryview] = []
    at = 0
    while at < len(body):
        view = parser.get_buffer()
        count = min(len(view), len(body) - at, rng.choice((1, 1460, 5000, 65536, 10**6)))
        view[:count] = body[at : at + count]
        parser.buffer_updated(count)
        at += count
        if rng.random() < 0.3:
            held.append(view)
        said += parser.events()
    parser.receive_eof()
    said += parser.events()
    assert said == events_of(twin.MjpegParser(RECORDING.content_type), body)


def test_an_image_lends_its_own_place(twin: Any) -> None:
    """Inside a believed length the compiled twin offers exactly what is missing."""
    if twin.name == "pure":
        pytest.skip("only the compiled twin has a place to lend")
    parser = twin.MjpegParser(RECORDING.content_type)
    head, _, rest = RECORDING.body.partition(b"\xff\xd8\xff")
    length = int(head.lower().split(b"content-length:")[1].split()[0])
    image = b"\xff\xd8\xff" + rest[: length - 3]
    parser.receive_data((head + image + b"\r\n") * 2 + head + image[:1000])
    assert len([event for event in parser.events() if type(event).__name__ == "Frame"]) == 2
    assert len(parser.get_buffer()) == length - 1000


@pytest.mark.parametrize("count", [-1, 65537, 10**9])
def test_more_than_was_lent_is_refused(twin: Any, count: int) -> None:
    parser = twin.MjpegParser()
    parser.get_buffer()
    with pytest.raises(LocalProtocolError, match=str(count)):
        parser.buffer_updated(count)


def test_nothing_was_lent_yet(twin: Any) -> None:
    with pytest.raises(LocalProtocolError):
        twin.MjpegParser().buffer_updated(1)
