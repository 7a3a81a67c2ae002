"""How the MJPEG parser takes its input: zero-copy, with the same events as by `receive_data`.

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


class Bytes(bytes):
    """A subclass, of which a parser must keep a copy and not the object."""


@pytest.mark.parametrize("kind", [bytearray, memoryview, Bytes])
def test_any_buffer_will_do(twin: Any, kind: Any) -> None:
    fed = twin.MjpegParser(RECORDING.content_type)
    said: list[Any] = []
    for at in range(0, len(RECORDING.body), 5000):
        chunk = kind(RECORDING.body[at : at + 5000])
        fed.receive_data(chunk)
        if kind is bytearray:
            # It is the caller's: what is done to it now changes nothing.
            chunk[:] = bytes(len(chunk))
        said += fed.events()
    fed.receive_eof()
    said += fed.events()
    assert said == events_of(twin.MjpegParser(RECORDING.content_type), RECORDING.body)
    assert all(type(event.data) is bytes for event in said if hasattr(event, "data"))


@pytest.mark.parametrize("data", [3, "--frame", None, [255, 216], object()])
def test_what_is_no_buffer_is_refused(twin: Any, data: Any) -> None:
    """A number would be taken for a size by `bytes`, and a list for its values."""
    parser = twin.MjpegParser()
    with pytest.raises(LocalProtocolError, match=f"not {type(data).__name__}"):
        parser.receive_data(data)
    # Nothing was fed by it, and the parser goes on.
    whole = events_of(twin.MjpegParser(), RECORDING.body)
    assert events_of(parser, RECORDING.body) == whole


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
