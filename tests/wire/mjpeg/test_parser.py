"""How the MJPEG parser takes its input: zero-copy or from an iterator, as by `receive_data`.

What else there is to say of `wire/mjpeg/parser.py` is said in test_quirks, test_recovery,
test_recordings and test_guarantees_mjpeg.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

import fixtures
from fixtures.build.damage import random_damage
from fixtures.build.jpegs import image
from fixtures.build.streams import Style, write
from fixtures.feeding import pieces, pull, random_pieces, record
from hamaproto.errors import LocalProtocolError
from hamaproto.events import NEED_DATA

#: Large images, so that a part of them is received into their own place.
RECORDING = next(r for r in fixtures.recordings() if "1280x1024" in r.name)


#: Small ones, of many kinds of which some can be damaged.
STREAM = write(Style(), [image(kind, 1) for kind in ("420", "thumbnail", "gray") * 3], "plain")


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


@pytest.mark.parametrize("seed", range(12))
def test_an_iterator_gives_the_same_events_each_as_early(twin: Any, seed: int) -> None:
    rng = random.Random(seed)
    body = RECORDING.body * 2 if seed % 2 else random_damage(STREAM, rng, count=3).body
    content_type = RECORDING.content_type if seed % 2 else STREAM.content_type
    cuts = random_pieces(body, rng) if seed % 3 else pieces(body, 1460)
    by_turns = record(twin.MjpegParser(content_type), cuts)
    fetched = pull(twin.MjpegParser(content_type), cuts)
    assert fetched.content == by_turns.content
    assert fetched.after == by_turns.after


def test_what_an_iterator_raises_loses_nothing(twin: Any) -> None:
    """It goes through, and the parser goes on with the next iterator."""

    class Lost(Exception):
        pass

    def broken(pieces: list[bytes]) -> Iterator[bytes]:
        yield from pieces
        raise Lost

    cuts = pieces(STREAM.body, 777)
    expected = record(twin.MjpegParser(STREAM.content_type), cuts)
    parser = twin.MjpegParser(STREAM.content_type)
    said: list[Any] = []
    for part in (broken(cuts[:3]), broken(cuts[3:4]), iter(cuts[4:])):
        try:
            while (event := parser.next_event_from(part)) is not NEED_DATA:
                said.append(event)
        except Lost:
            assert parser.accounting.fed in (3 * 777, 4 * 777)
    parser.receive_eof()
    said += parser.events()
    assert said == expected.events
    # Behind the end the iterator is not asked for anything.
    assert parser.next_event_from(broken([])) == said[-1]


def test_only_an_iterator_knows_its_place(twin: Any) -> None:
    parser = twin.MjpegParser()
    with pytest.raises(LocalProtocolError, match="not list: pass iter"):
        parser.next_event_from([b"--frame\r\n"])
    with pytest.raises(LocalProtocolError, match="int"):
        parser.next_event_from(iter([3]))
    assert parser.next_event_from(iter([])) is NEED_DATA


def test_an_end_that_was_said_is_told_from_one_that_came(twin: Any) -> None:
    """By the last delimiter of RFC 2046 5.1.1, unless something follows it."""
    part = b"--b\r\nContent-Type: image/jpeg\r\n\r\n" + image("420", 1) + b"\r\n"
    for body, closed in [
        (part, False),
        (part + b"--b--\r\n", True),
        (part + b"--b--", True),
        (part + b"--b--\r\n" + part, False),
        (part + b"--b\r\n", False),
        (b"", False),
    ]:
        end = events_of(twin.MjpegParser("multipart/x-mixed-replace; boundary=b"), body)[-1]
        assert end.closed is closed, body[-20:]
