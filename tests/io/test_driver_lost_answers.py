"""Answers in words whose connection was lost, or left open: what had come is given or told.

As with a picture: what came whole is given, whatever happens to the connection behind it.
"""

from __future__ import annotations

from typing import Any

import pytest
from conversations import PARTS, PICTURE, text
from driving import LATE, SOON, Driver, everywhere, frames_of
from driving import nothing_left as nothing_left
from driving import quick_collections as quick_collections

from hamaproto import commands
from hamaproto.errors import (
    ConnectionLostError,
    HamaError,
    IdleTimeoutError,
    RefusedError,
    RemoteProtocolError,
)
from hamaproto.events import EndOfStream
from hamaproto.io import Timeouts
from hamaproto.models import Ack, Brand
from tests.io.test_driver_answers import HEAD, MULTIPART, ask, saying, watch

LIST = b"Brand.Brand=Hama\nroot.Brand.ProdNbr=00053104\n\r\n"
TOO_LONG = HEAD % (b"text/plain", b"Content-Length: 999\r\n")
NO_LAST_CHUNK = HEAD % (b"text/plain", b"Transfer-Encoding: chunked\r\n") + b"%x\r\n%s\r\n"
MOVE, LISTED, FORM = commands.move("left"), commands.brand(), commands.set_flip_mode(1)

WHOLE: dict[str, tuple[Any, bytes, str]] = {
    "a list held open": (LISTED, text(LIST), "hold"),
    "a list without its empty line": (LISTED, text(LIST[:-2]), "hold"),
    "a list behind a length that is too long": (LISTED, TOO_LONG + LIST, "hold"),
    "a list that is closed before its length": (LISTED, TOO_LONG + LIST, "close"),
    "a list and a reset": (LISTED, text(LIST), "reset"),
    "a list without its last chunk": (LISTED, NO_LAST_CHUNK % (len(LIST), LIST), "close"),
    "OK held open": (MOVE, text(b"OK\r\n"), "hold"),
    "OK and a reset": (MOVE, text(b"OK\r\n"), "reset"),
    "OK before its length": (MOVE, TOO_LONG + b"OK", "close"),
    "a redirect held open": (
        FORM,
        b"HTTP/1.0 302 Redirect\r\nLocation: http://x/cp.asp\r\n\r\n<html>",
        "hold",
    ),
    "a redirect and a reset": (
        FORM,
        b"HTTP/1.0 302 Redirect\r\nLocation: http://x/cp.asp\r\n\r\n<html>",
        "reset",
    ),
}


def come(driver: Driver, request: Any, answer: bytes, behind: str) -> Any:
    timeout = Timeouts(connect=LATE, idle=SOON if behind == "hold" else LATE, total=LATE)
    with saying(answer, behind) as server:
        return ask(driver, server.url, request, timeout=timeout)


@everywhere
@pytest.mark.parametrize("name", WHOLE)
def test_what_came_whole_is_given(driver: Driver, name: str) -> None:
    request, answer, behind = WHOLE[name]
    came = come(driver, request, answer, behind)
    if request is LISTED:
        assert isinstance(came, Brand)
        assert (came.brand, came.product_number) == ("Hama", "00053104")
        # More was announced than came, even if it was nothing.
        assert came.params.complete is not ("length" in name or "chunk" in name)
    else:
        assert isinstance(came, Ack)


HALF = b"Brand.Brand=Hama\nroot.Brand.ProdNbr=00053"
LOST: dict[str, tuple[Any, bytes, str, type[HamaError], str]] = {
    "half a list": (LISTED, text(HALF), "hold", IdleTimeoutError, "; 2 parameters had come"),
    "a list of which more may come": (
        LISTED,
        text(LIST[:-2]),
        "reset",
        ConnectionLostError,
        "; 2 parameters had come",
    ),
    "half a list before its length": (
        LISTED,
        TOO_LONG + HALF,
        "close",
        ConnectionLostError,
        "; 2 parameters had come",
    ),
    "half a list and broken chunks": (
        LISTED,
        NO_LAST_CHUNK % (len(HALF), HALF) + b"oops\r\n",
        "close",
        RemoteProtocolError,
        "; 2 parameters had come (at byte 120)",
    ),
    "a refusal and broken chunks": (
        LISTED,
        NO_LAST_CHUNK % (13, b"# Error -1 x\n") + b"oops\r\n",
        "close",
        RefusedError,
        "Error -1 x",
    ),
    "nothing": (LISTED, text(b""), "hold", IdleTimeoutError, "s"),
    "a refusal held open": (LISTED, text(b"# Error -1 no\n"), "hold", RefusedError, "Error -1 no"),
    "a refusal and a reset": (LISTED, text(b"# Error: 2\n"), "reset", RefusedError, "Error: 2"),
    "a page held open": (MOVE, text(b"<p>log in</p>"), "hold", RefusedError, ": log in"),
    "a page and a reset": (
        commands.image(),
        HEAD % (b"text/html", b"") + b"<p>log in</p>",
        "reset",
        RefusedError,
        ": log in",
    ),
    "half a page without a head": (
        commands.image(),
        b"<html>starting",
        "close",
        ConnectionLostError,
        "; what came is no HTTP: '<html>st'...",
    ),
    "half a head": (LISTED, b"HTTP/1.1 200 O", "close", ConnectionLostError, "answer did"),
    "half an OK": (MOVE, text(b"O"), "hold", IdleTimeoutError, "; it had said: O"),
    "a word": (commands.image(), text(b"no signal"), "hold", IdleTimeoutError, ": no signal"),
    "any answer": (
        commands.raw("/x"),
        text(b"12345"),
        "hold",
        IdleTimeoutError,
        "; 5 bytes had come",
    ),
}


@everywhere
@pytest.mark.parametrize("name", LOST)
def test_what_had_come_is_told(driver: Driver, name: str) -> None:
    request, answer, behind, kind, words = LOST[name]
    error = come(driver, request, answer, behind)
    assert type(error) is kind
    assert str(error).endswith(words)


@everywhere
@pytest.mark.parametrize("behind", ["hold", "reset"])
@pytest.mark.parametrize("end", [b"--b--\r\n", b"--b--\r\nbehind it\r\n"])
def test_a_stream_that_says_its_end_has_ended(driver: Driver, behind: str, end: bytes) -> None:
    """RFC 2046 5.1.1: nothing follows the closing delimiter that counts."""
    with saying(MULTIPART + PARTS + end, behind) as server:
        timeout = Timeouts(connect=LATE, idle=SOON if behind == "hold" else LATE, total=LATE)
        events, error = watch(driver, server.url, timeout=timeout)
    assert error is None
    assert len(frames_of(events)) == PARTS.count(PICTURE)
    assert isinstance(events[-1], EndOfStream)
    assert (events[-1].complete, events[-1].closed) == (True, True)


@everywhere
def test_an_update_of_what_is_not_listed(driver: Driver) -> None:
    def answer(request: bytes) -> bytes:
        return text(b"OK\r\n" if b"action=update" in request else b"\r\n")

    async def scenario(url: str) -> None:
        async with driver.Camera(url, timeout=LATE) as camera:
            told = await camera.update(commands.set_mjpeg_fps(5))
            assert told.ack.ok
            assert told.stored == {"Image.I0.Stream.FPS": None}

    with saying(answer) as server:
        driver.run(scenario, server.url)
