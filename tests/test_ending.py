"""`hamaproto.ending`: what the end of a connection says of an answer."""

from __future__ import annotations

from typing import Any

import pytest
from conversations import PARTS, converse, text

from hamaproto import commands
from hamaproto.ending import Ending
from hamaproto.errors import (
    ConnectionLostError,
    HamaError,
    IdleTimeoutError,
    LimitExceededError,
    RefusedError,
    RemoteProtocolError,
)
from hamaproto.events import Anomaly, AnomalyCode, EndOfStream
from hamaproto.outcome import Outcome
from hamaproto.settings import Endpoint

CAMERA, _ = Endpoint.parse("http://camera")
LIST = b"a.b=1\r\nc.d=2\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: "
SILENT, RESET = IdleTimeoutError("camera:80: silent"), ConnectionLostError("camera:80: reset")
EARLY = "camera:80: the connection ended before the answer did"


def ending_of(request: Any, answer: bytes) -> tuple[Ending, EndOfStream | None]:
    """The answer as it was up to its end, and that end."""
    outcome: Outcome[Any] = Outcome(request)
    ending = Ending(CAMERA, request.reply, outcome)
    end = None
    for event in converse(request, answer).events:
        outcome.add(event)
        if isinstance(event, Anomaly):
            ending.note(event.code)
        elif isinstance(event, EndOfStream):
            end = event
    return ending, end


#: A request, an answer, why the connection was lost, and the words of the error; "" if whole.
VERDICTS: dict[str, tuple[Any, bytes, HamaError | None, type[HamaError] | None, str]] = {
    "whole": (commands.brand(), text(LIST + b"\r\n"), None, None, ""),
    "whole, then silence": (commands.brand(), text(LIST), SILENT, None, ""),
    "a list, then a reset": (
        commands.brand(),
        text(LIST),
        RESET,
        ConnectionLostError,
        "camera:80: reset; 2 parameters had come",
    ),
    "before its length": (
        commands.raw("/x"),
        HEAD + b"text/plain\r\nContent-Length: 9\r\n\r\nabc",
        None,
        ConnectionLostError,
        f"{EARLY}; 3 bytes had come",
    ),
    "half a word before its length": (
        commands.move("left"),
        HEAD + b"text/plain\r\nContent-Length: 9\r\n\r\nO",
        None,
        ConnectionLostError,
        f"{EARLY}; it had said: O",
    ),
    "a refusal": (commands.move("left"), text(b"NG\r\n"), None, RefusedError, ": NG"),
    "a refusal, then a reset": (commands.move("left"), text(b"NG\n"), RESET, RefusedError, ": NG"),
    "half a refusal, then a reset": (
        commands.move("left"),
        text(b"N"),
        RESET,
        ConnectionLostError,
        "camera:80: reset; it had said: N",
    ),
    "a stream without its last delimiter": (
        commands.video_stream(),
        HEAD + b"multipart/x-mixed-replace; boundary=b\r\n\r\n" + PARTS,
        RESET,
        ConnectionLostError,
        "camera:80: reset",
    ),
    "a stream with its last delimiter": (
        commands.video_stream(),
        HEAD + b"multipart/x-mixed-replace; boundary=b\r\n\r\n" + PARTS + b"--b--\r\n",
        RESET,
        None,
        "",
    ),
    "a picture of a stream that was cut off": (
        commands.video_stream(),
        HEAD + b"multipart/x-mixed-replace; boundary=b\r\n\r\n" + PARTS[:-99],
        None,
        ConnectionLostError,
        EARLY,
    ),
}


@pytest.mark.parametrize("name", VERDICTS)
def test_the_verdict(name: str) -> None:
    request, answer, lost, kind, words = VERDICTS[name]
    ending, end = ending_of(request, answer)
    assert end is not None
    ending.lost = lost
    error = ending.verdict(end, b"HTTP/1.1")
    assert (None if error is None else type(error)) is kind
    assert str(error or "").endswith(words)
    if isinstance(error, RefusedError):
        assert error.__cause__ is lost


def test_an_answer_without_a_head_is_named_by_its_first_bytes() -> None:
    outcome: Outcome[Any] = Outcome(commands.brand())
    ending = Ending(CAMERA, commands.brand().reply, outcome)
    ending.note(AnomalyCode.HEAD_CUT_OFF)
    words = "; what came is no HTTP: '<html>st'..."
    assert str(ending.verdict(EndOfStream(False), b"<html>st")) == EARLY + words
    assert str(ending.verdict(EndOfStream(False), b"HTTP/1.1")) == EARLY
    # An oddity that says nothing about the length cuts nothing off.
    ending = Ending(CAMERA, commands.brand().reply, outcome)
    ending.note(AnomalyCode.BARE_LF)
    assert ending.verdict(EndOfStream(), b"") is None


def test_what_broke_off() -> None:
    odd, limit = RemoteProtocolError("odd", 3), LimitExceededError("max_head", 3)
    headless = Ending(CAMERA, commands.brand().reply, Outcome(commands.brand()))
    assert headless.broken_off(odd, b"HTTP") is odd
    assert headless.broken_off(limit, b"<htm") is limit
    ending, _ = ending_of(commands.brand(), text(LIST))
    assert str(ending.broken_off(odd, b"")) == "odd; 2 parameters had come (at byte 3)"
    assert str(ending.broken_off(limit, b"")) == "max_head; 2 parameters had come (at byte 3)"
    # At the end of the input nothing is odd but that it is the end.
    for lost, words in ((None, EARLY), (RESET, "camera:80: reset")):
        ending, _ = ending_of(commands.brand(), text(b""))
        ending.eof = True
        ending.lost = lost
        assert repr(ending) == f"<Ending closed, {type(lost).__name__}>"
        error = ending.broken_off(odd, b"HTTP")
        assert type(error) is ConnectionLostError
        assert str(error) == words
        assert error.__cause__ is odd


def test_a_refusal_behind_which_the_framing_broke_is_a_refusal() -> None:
    request, odd = commands.move("left"), RemoteProtocolError("odd", 3)
    outcome: Outcome[Any] = Outcome(request)
    ending = Ending(CAMERA, request.reply, outcome)
    for event in converse(request, text(b"NG\n")).events[:-1]:
        outcome.add(event)
    error = ending.broken_off(odd, b"HTTP")
    assert type(error) is RefusedError
    assert error.__cause__ is odd
    # A word that acknowledges refuses nothing.
    outcome = Outcome(request)
    ending = Ending(CAMERA, request.reply, outcome)
    for event in converse(request, text(b"OK\n")).events[:-1]:
        outcome.add(event)
    assert type(ending.broken_off(odd, b"HTTP")) is RemoteProtocolError
