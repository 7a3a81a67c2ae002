"""What a program calls of the MJPEG parser: each way to feed it, to ask it, and to do it wrong.

What it says of a stream is in test_states, and of many streams in test_quirks, test_recovery,
test_recordings and test_guarantees_mjpeg.

Some lines of the parser are for the compiled twin alone.  Python can run them as well, so that
each test runs a third time by these.
"""

from __future__ import annotations

import copy
import inspect
import pickle
import random
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

import fixtures
from fixtures.build.damage import random_damage
from fixtures.build.jpegs import image, scan_start
from fixtures.build.ruin import TINY
from fixtures.build.streams import Style, write
from fixtures.feeding import pieces, pull, random_pieces, record
from hamaproto.errors import LimitExceededError, LocalProtocolError
from hamaproto.events import NEED_DATA, Anomaly, AnomalyCode, EndOfStream, Frame, Skipped
from hamaproto.limits import Limits

#: Large images, so that a part of them is received into their own place.
RECORDING = next(r for r in fixtures.recordings() if "1280x1024" in r.name)


#: Small ones, of many kinds of which some can be damaged.
STREAM = write(Style(), [image(kind, 1) for kind in ("420", "thumbnail", "gray") * 3], "plain")

#: A part with a length, of a size as cameras send it.
IMAGE = image("420", 1)
MULTIPART = "multipart/x-mixed-replace; boundary=b"
HEAD = b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(IMAGE)
PART = HEAD + IMAGE + b"\r\n"


@pytest.fixture(params=["as it runs", "as it is compiled"], autouse=True)
def lines(twin: Any, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pure twin runs by the lines of the compiled one as well."""
    if request.param == "as it is compiled":
        if twin.name != "pure":
            pytest.skip("it is compiled")
        for name in ("parser", "states"):
            monkeypatch.setattr(twin.module(name), "PURE", False)


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


# -- a length that is believed ---------------------------------------------------------------


def believing(twin: Any) -> tuple[Any, int]:
    """A parser inside an image whose length is believed, at its third byte; how much it had."""
    parser = twin.MjpegParser(MULTIPART)
    begun = PART * 2 + HEAD + IMAGE[:3]
    parser.receive_data(begun)
    assert [type(event) for event in parser.events()] == [Frame, Frame]
    return parser, len(begun)


def take(parser: Any, data: bytes) -> None:
    view = parser.get_buffer()
    view[: len(data)] = data
    parser.buffer_updated(len(data))


#: How the next bytes may come to a parser.
WAYS: dict[str, Callable[[Any, bytes], object]] = {
    "bytes": lambda parser, data: parser.receive_data(data),
    "another buffer": lambda parser, data: parser.receive_data(bytearray(data)),
    "its own buffer": take,
    "an iterator": lambda parser, data: parser.next_event_from(iter((data,))),
}


def said_of(parser: Any, way: str, data: bytes) -> list[Any]:
    """What comes of the next bytes."""
    event = WAYS[way](parser, data)
    return [*([] if event in (None, NEED_DATA) else [event]), *parser.events()]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("cut", [1, 2, len(IMAGE) - 5, len(IMAGE) - 4, len(IMAGE) - 3])
def test_an_image_is_complete_with_its_last_byte(twin: Any, way: str, cut: int) -> None:
    """Wherever the last piece but one ends, and whether bytes come behind it."""
    for behind in (b"", b"\r", b"\r\n" + PART):
        parser, fed = believing(twin)
        rest = IMAGE[3:] + behind
        said = []
        for piece in (rest[:cut], rest[cut:]):
            if not piece:
                continue
            said += said_of(parser, way, piece)
            fed += len(piece)
            assert parser.accounting.fed == fed
            assert repr(parser).endswith(f" of {fed}>")
            assert len(said) == ((fed >= len(PART) * 3 - 2) + (fed == len(PART) * 4))
        assert [event.data for event in said] == [IMAGE] * len(said)
        assert all(event.end == "length" for event in said)


def test_in_the_middle_of_an_image_nothing_is_held_and_nothing_said(twin: Any) -> None:
    parser, fed = believing(twin)
    for byte in IMAGE[3:-1]:
        parser.receive_data(bytes((byte,)))
        fed += 1
        assert repr(parser) == f"<MjpegParser at byte {fed} of {fed}>"
        assert list(parser.events()) == []
        assert parser.next_event() is NEED_DATA
    account = parser.accounting
    assert (account.fed, account.delivered) == (fed, 2 * len(IMAGE))
    # All that is behind the last image.
    assert account.pending == fed - (2 * len(PART) - 2)
    # What is in the way of the next call is nothing.
    assert events_of(parser, IMAGE[-1:])[0].data == IMAGE


@pytest.mark.parametrize("over", [-2, -1, 0, 1, 2])
@pytest.mark.parametrize("size", [1, 2, 40])
def test_an_image_that_comes_to_its_limit_in_the_middle_of_a_scan(
    twin: Any, size: int, over: int
) -> None:
    """Byte by byte, and by more, up to the very last one that it may have."""
    scan = IMAGE[: scan_start(IMAGE)]
    most = len(scan) + 10 + size - over
    parser = twin.MjpegParser(MULTIPART, limits=Limits(max_frame=most))
    parser.receive_data(b"--b\r\nContent-Type: image/jpeg\r\n\r\n" + scan)
    for piece in (b"a" * 10, b"b" * size):
        assert list(parser.events()) == []
        parser.receive_data(piece)
    whole = parser.accounting
    assert whole.fed == whole.pending + whole.framing
    parser.receive_data(b"\xff\xd9\r\n--b\r\nContent-Type: image/jpeg\r\n\r\n" + TINY)
    parser.receive_eof()
    events = list(parser.events())
    images = [event.data for event in events if isinstance(event, Frame)]
    fits = over <= -2
    assert images == [scan + b"a" * 10 + b"b" * size + b"\xff\xd9"] * fits + [TINY]
    codes = [event.code for event in events if isinstance(event, Anomaly)]
    assert (AnomalyCode.IMAGE_TOO_LARGE in codes) is not fits
    told = parser.accounting
    assert (told.pending, told.fed) == (0, told.delivered + told.framing + told.skipped)


def test_the_stream_may_end_in_the_middle(twin: Any) -> None:
    for before in (1, 2, 100):
        parser, _ = believing(twin)
        parser.receive_data(IMAGE[3:-before])
        parser.receive_eof()
        frame, *_, end = parser.events()
        assert (frame.data, frame.complete, end.complete) == (IMAGE[:-before], False, False)


@pytest.mark.parametrize("asked", [True, False])
def test_what_an_image_is_missing_may_be_lent(
    twin: Any, asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not where bytes came that nobody has asked about, which may be the rest of it."""
    if twin.name != "pure":
        pytest.skip("what is compiled shows it by what it lends")
    lent: list[int] = []
    kind = twin.module("loan").Loan
    monkeypatch.setattr(kind, "lend", lambda self, missing: lent.append(missing))
    parser, _ = believing(twin)
    parser.get_buffer()
    if asked:
        parser.receive_data(IMAGE[3:10])
        list(parser.events())
    else:
        parser.receive_data(IMAGE[3:] + HEAD)
    parser.get_buffer()
    assert lent == [len(IMAGE) - 3, len(IMAGE) - 10 if asked else 0]


def test_a_buffer_is_asked_for_as_asyncio_asks(twin: Any) -> None:
    """Of any size, if none is given: that is -1 in `asyncio.BufferedProtocol`."""
    if twin.name == "pure":
        asked = inspect.signature(twin.MjpegParser.get_buffer).parameters["sizehint"]
        assert asked.default == -1
    for hint in (-1, 0, 1, 1 << 20):
        assert len(twin.MjpegParser().get_buffer(hint)) == len(twin.MjpegParser().get_buffer())


# -- what it is asked ------------------------------------------------------------------------


def test_what_is_said_at_once_is_said_in_the_order_of_the_stream(twin: Any) -> None:
    junk = b"xyz\r\n"
    for ask in (twin.MjpegParser.next_event, lambda p: p.next_event_from(iter(()))):
        parser = twin.MjpegParser(MULTIPART)
        parser.receive_data(junk + PART + junk + PART)
        said = [ask(parser) for _ in range(6)]
        assert [type(event) for event in said] == [Anomaly, Skipped, Frame] * 2
        assert [event.offset for event in said[1::3]] == [0, len(junk + PART)]


def test_behind_the_end_each_question_hears_of_the_end_again(twin: Any) -> None:
    parser = twin.MjpegParser(MULTIPART)
    parser.receive_data(PART)
    parser.receive_eof()
    parser.receive_eof()
    said = list(parser.events())
    assert [type(event) for event in said] == [Frame, EndOfStream]
    for _ in range(2):
        assert parser.next_event() == said[1]
        assert list(parser.events()) == said[1:]
        assert parser.next_event_from(iter(())) == said[1]
    held = parser.events()
    assert next(held) == said[1]
    with pytest.raises(StopIteration):
        next(held)
    for call in (lambda: parser.receive_data(b""), lambda: take(parser, b"")):
        with pytest.raises(LocalProtocolError, match="after receive_eof"):
            call()


def test_events_that_were_heard_to_their_end_are_over(twin: Any) -> None:
    parser = twin.MjpegParser(MULTIPART)
    parser.receive_data(PART)
    events = parser.events()
    assert iter(events) is events
    assert next(events).data == IMAGE
    assert next(events, None) is None
    parser.receive_data(PART)
    assert next(events, None) is None
    assert [event.data for event in parser.events()] == [IMAGE]


def test_an_error_is_raised_by_each_call_again(twin: Any) -> None:
    parser = twin.MjpegParser(MULTIPART, limits=Limits(max_junk=100))
    parser.receive_data(b"x" * 500)
    with pytest.raises(LimitExceededError) as first:
        parser.next_event()
    for call in (
        *(lambda way=way: way(parser, b"x") for way in WAYS.values()),
        *(parser.receive_eof, parser.get_buffer, parser.next_event),
        lambda: parser.buffer_updated(0),
        *(lambda: next(parser.events()), lambda: parser.next_event_from(iter(()))),
    ):
        with pytest.raises(LimitExceededError) as again:
            call()
        assert str(again.value) == str(first.value)
        assert again.value.offset == first.value.offset


# -- what is wrong in a call -----------------------------------------------------------------


def test_it_is_made_once_and_of_what_it_takes(twin: Any) -> None:
    kind = twin.MjpegParser
    with pytest.raises(LocalProtocolError, match=r"content_type .* not bytes"):
        kind(b"multipart/mixed")
    with pytest.raises(LocalProtocolError, match=r"limits .* not int"):
        kind(None, limits=5)
    parser = kind(MULTIPART)
    with pytest.raises(LocalProtocolError, match="make another"):
        parser.__init__()
    for how in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="make another"):
            how(parser)
    empty = kind.__new__(kind)
    for use in (repr, lambda parser: parser.accounting):
        with pytest.raises(AttributeError):
            use(empty)
    if twin.name == "pure":
        # In C there is one, of zeros.
        empty._turn = SimpleNamespace(made=False, taken=False)
        with pytest.raises(AttributeError, match="made without __init__"):
            repr(empty)


#: A call, and what is at work in the middle of it: a module, a class and a method of it.
CALLS: dict[str, tuple[Callable[[Any], object], tuple[str, str, str]]] = {
    "receive_data": (lambda parser: parser.receive_data(b"x"), ("window", "Window", "feed")),
    "receive_eof": (lambda parser: parser.receive_eof(), ("window", "Window", "close")),
    "next_event": (lambda parser: parser.next_event(), ("states", "States", "_between")),
    "events": (lambda parser: next(parser.events(), None), ("states", "States", "_between")),
    "get_buffer": (lambda parser: parser.get_buffer(), ("loan", "Loan", "lend")),
    "buffer_updated": (lambda parser: parser.buffer_updated(0), ("loan", "Loan", "accept")),
    "next_event_from": (
        lambda parser: parser.next_event_from(iter(())),
        ("states", "States", "_between"),
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_whoever_comes_in_the_middle_of_a_call_is_not_let_in(
    twin: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And whoever comes behind it is."""
    if twin.name != "pure":
        pytest.skip("into what is compiled nobody can be put; see test_contract")
    call, (module, kind, method) = CALLS[name]
    parser = twin.MjpegParser(MULTIPART)
    parser.receive_data(b"\r\n")
    refused: list[str] = []
    let_in: list[str] = []
    part = getattr(twin.module(module), kind)
    does = getattr(part, method)

    def entered(*arguments: Any) -> Any:
        for other, (enter, _) in CALLS.items():
            try:
                enter(parser)
            except LocalProtocolError as error:
                refused.append(str(error).partition("(")[0])
            else:
                let_in.append(other)
        return does(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(part, method, entered)
        call(parser)
    assert let_in == []
    assert refused == ["next_event" if other == "events" else other for other in CALLS]
    if name == "receive_eof":
        assert list(parser.events())
    else:
        assert [event.data for event in events_of(parser, PART) if type(event) is Frame]


def test_nobody_can_come_between_the_question_and_the_next_piece(
    twin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As another thread may, in a moment that no test can hold."""
    if twin.name != "pure":
        pytest.skip("what is compiled can't be put off")
    parser = twin.MjpegParser(MULTIPART)
    asks = twin.MjpegParser._ask

    def ask(parser: Any) -> Any:
        event = asks(parser)
        parser._turn.taken = True
        return event

    monkeypatch.setattr(twin.MjpegParser, "_ask", ask)
    with pytest.raises(LocalProtocolError, match=r"^next_event_from\(\) "):
        parser.next_event_from(iter((b"x",)))
    # It is the other one's turn still.
    assert parser._turn.taken
