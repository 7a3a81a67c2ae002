"""`hamaproto.answer`: the head of an answer, its framing, and the parser that reads its body."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from conversations import ANSWERS, PARTS, PICTURE, SOUND, text

from fixtures.feeding import pieces
from hamaproto import commands
from hamaproto.answer import Answer
from hamaproto.commands import Reply
from hamaproto.errors import RemoteProtocolError
from hamaproto.events import NEED_DATA, Data, EndOfStream, Frame, Param, Response
from hamaproto.gsm.other import SoundParser
from hamaproto.limits import DEFAULT_LIMITS
from hamaproto.outcome import is_success
from hamaproto.wire import MjpegParser
from hamaproto.wire.http import ResponseParser
from hamaproto.wire.params import ParamParser

STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n%s\r\n"


def answer_to(reply: Reply) -> Answer:
    answer = Answer(ResponseParser(limits=DEFAULT_LIMITS), DEFAULT_LIMITS)
    answer.expects(reply)
    return answer


def take(answer: Answer, reply: Reply, events: list[Any], *, talking: bool = False) -> list[Any]:
    """Add what can be had now; the body begins where the head is accepted."""
    while (event := answer.next_event(talking=talking)) is not NEED_DATA:
        events.append(event)
        if isinstance(event, Response) and is_success(event.status):
            answer.begin_body(reply, event)
        if isinstance(event, EndOfStream):
            break
    return events


def read(reply: Reply, data: bytes, size: int = 0) -> tuple[list[Any], str]:
    """All the events, and the error behind them."""
    answer = answer_to(reply)
    events: list[Any] = []
    try:
        for piece in pieces(data, size or len(data)):
            answer.receive_data(piece)
            take(answer, reply, events)
            if events and isinstance(events[-1], EndOfStream):
                return events, ""
        answer.receive_eof()
        take(answer, reply, events)
    except RemoteProtocolError as error:
        return events, str(error)
    return events, ""


def put_together(events: list[Any]) -> list[Any]:
    """`Data` comes in the pieces that it is fed in."""
    body = b"".join(event.data for event in events if isinstance(event, Data))
    return [body, *(event for event in events if not isinstance(event, Data))]


@pytest.mark.parametrize("name", ANSWERS)
def test_any_split_gives_the_same(name: str) -> None:
    request, data = ANSWERS[name]
    whole, error = read(request.reply, data)
    for size in (1, 3, 100):
        events, other = read(request.reply, data, size)
        assert put_together(events) == put_together(whole)
        assert other == error
    assert bool(error) is (name == "broken chunks")


@pytest.mark.parametrize(
    ("reply", "body", "parser"),
    [
        (Reply.MJPEG, STREAM % b"" + PARTS, MjpegParser),
        (Reply.AUDIO, b"HTTP/1.1 200 OK\r\nContent-Type: audio/gsm\r\n\r\n" + SOUND, SoundParser),
        (Reply.PARAMS, text(b"a.b=1\n"), ParamParser),
        (Reply.ACK, text(b"OK"), None),
        # What is framed or packed, or has not told yet what it is, goes through here.
        (Reply.MJPEG, STREAM % b"Transfer-Encoding: chunked\r\n" + b"5\r\n--b\r\n\r\n", None),
        (Reply.MJPEG, STREAM % b"Content-Encoding: gzip\r\n" + gzip.compress(PARTS), None),
        (Reply.MJPEG, b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\nno sig", None),
        (Reply.MJPEG, b"HTTP/1.1 200 OK\r\n", None),
    ],
)
def test_whose_bytes_come_from_now_on(reply: Reply, body: bytes, parser: type[Any] | None) -> None:
    answer = answer_to(reply)
    assert answer.direct is None
    answer.receive_data(body)
    take(answer, reply, [])
    direct = answer.direct
    if parser is None:
        assert direct is None
        return
    assert isinstance(direct, parser)
    assert type(direct).__name__ in repr(answer)
    # What goes there directly comes out here, and the framing is told how much it was.
    more = PICTURE if reply is Reply.MJPEG else b"c.d=2\n" if reply is Reply.PARAMS else SOUND
    direct.receive_data(more)
    answer.receive_eof(len(more))
    events = take(answer, reply, [])
    assert type(events[-1]) is EndOfStream
    assert events[-1].offset == len(body) + len(more)
    if reply is Reply.PARAMS:
        assert [event.key for event in events if isinstance(event, Param)] == ["c.d"]


def test_what_the_parser_holds_comes_before_the_error_of_the_framing() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n"
    half = PICTURE[:-60]
    answer = answer_to(Reply.IMAGE)
    answer.receive_data(head + b"%x\r\n%soops\r\n" % (len(half), half))
    events: list[Any] = []
    with pytest.raises(RemoteProtocolError) as first:
        take(answer, Reply.IMAGE, events)
    assert [frame.data for frame in events if isinstance(frame, Frame)] == [half]
    # Asked again, it says the same.
    with pytest.raises(RemoteProtocolError) as second:
        answer.next_event()
    assert str(second.value) == str(first.value)


def test_a_framing_that_breaks_where_nobody_reads_the_body_is_an_error_at_once() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    events, error = read(Reply.ACK, head + b"2\r\nOK\r\noops\r\n")
    assert [type(event) for event in events] == [Response, Data]
    assert "chunk" in error


def test_a_coding_that_nobody_knows_is_given_out_as_it_comes() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: br\r\n\r\n"
    events, error = read(Reply.PARAMS, head + b"\x8b\x00")
    assert error == ""
    assert b"".join(event.data for event in events if isinstance(event, Data)) == b"\x8b\x00"


@pytest.mark.parametrize(
    ("framing", "closes", "complete", "closed"),
    [
        (b"Content-Length: 2\r\n", False, True, True),
        (b"Content-Length: 2\r\n", True, True, True),
        (b"Content-Length: 9\r\n", True, False, False),
        (b"", True, True, False),
    ],
)
@pytest.mark.parametrize("reply", [Reply.ACK, Reply.ANY])
def test_what_its_end_says(
    framing: bytes, closes: bool, complete: bool, closed: bool, reply: Reply
) -> None:
    """`closed` is an end that the answer says itself, as against the connection's."""
    answer = answer_to(reply)
    data = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n" + framing + b"\r\nOK"
    answer.receive_data(data)
    events = take(answer, reply, [])
    if closes:
        answer.receive_eof()
        events += take(answer, reply, [])
    end = next(event for event in events if isinstance(event, EndOfStream))
    assert (end.complete, end.offset) == (complete, len(data))
    assert end.closed is closed


def test_while_sound_goes_up_the_end_of_the_answer_is_not_the_end() -> None:
    answer = answer_to(Reply.TALK)
    assert take(answer, Reply.TALK, [], talking=True) == []
    answer.receive_data(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert [type(event) for event in take(answer, Reply.TALK, [], talking=True)] == [Response]
    assert answer.next_event(talking=True) is NEED_DATA
    answer.receive_eof()
    assert [type(event) for event in take(answer, Reply.TALK, [], talking=True)] == [EndOfStream]
    # Without any answer as well.
    silent = answer_to(Reply.TALK)
    silent.receive_eof()
    assert take(silent, Reply.TALK, [], talking=True) == [EndOfStream()]


@pytest.mark.parametrize("size", [1, 3, 8, 100])
def test_the_first_bytes_are_kept_however_they_come(size: int) -> None:
    answer = answer_to(Reply.PARAMS)
    assert answer.first == b""
    for piece in pieces(b"HTTP/1.1 200 OK\r\n\r\n", size):
        answer.receive_data(piece)
    assert answer.first == b"HTTP/1.1"


def test_what_comes_behind_the_end_is_counted() -> None:
    answer = answer_to(Reply.ACK)
    answer.receive_data(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOKand more")
    take(answer, Reply.ACK, [])
    assert answer.surplus == len(b"and more")
    assert commands.move("left").reply is Reply.ACK
