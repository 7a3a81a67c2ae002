"""What comes of odd answers through the drivers: nothing that came is lost, nothing is hidden.

Each scenario runs through every driver, against a server that says what the test says.
"""

from __future__ import annotations

import contextlib
import gzip
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conversations import PARTS, PICTURE, UNAUTHORIZED, text
from driving import LATE, SOON, Driver, collect, everywhere, frames_of

from hamaproto import commands
from hamaproto.errors import (
    AuthenticationError,
    BusyError,
    ConnectionLostError,
    HamaError,
    LimitExceededError,
    RefusedError,
    RemoteProtocolError,
)
from hamaproto.events import EndOfStream
from hamaproto.io import Timeouts
from hamaproto.limits import Limits

AUTH = ("admin", "1234")
BASIC = b"\r\nAuthorization: Basic YWRtaW46MTIzNA==\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%s\r\n"
JPEG = HEAD % (b"image/jpeg", b"")
MULTIPART = HEAD % (b"multipart/x-mixed-replace; boundary=b", b"")


class Server:
    """Says `answer(request)` to whoever asks, and then does what `behind` says."""

    def __init__(self, answer: Callable[[bytes], bytes], behind: str) -> None:
        self.answer = answer
        self.behind = behind
        self.requests: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._threads: list[threading.Thread] = []
        self._clients: list[socket.socket] = []

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                self._clients.append(client)
                self._start(self._talk, client)

    def _start(self, target: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _talk(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            client.settimeout(LATE)
            request = b""
            while b"\r\n\r\n" not in request:
                piece = client.recv(65536)
                if not piece:
                    return
                request += piece
            self.requests.append(request)
            client.sendall(self.answer(request))
            if self.behind == "hold":
                # Until the other side has what it wants.
                client.recv(1)
            elif self.behind == "endless":
                while True:
                    client.sendall(PARTS)
            elif self.behind == "reset":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def __enter__(self) -> Server:
        self._start(self._accept)
        return self

    def __exit__(self, *exc: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for client in self._clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()


def saying(answer: bytes | Callable[[bytes], bytes], behind: str = "close") -> Server:
    return Server(answer if callable(answer) else lambda _: answer, behind)


def ask(driver: Driver, url: str, request: Any, **options: Any) -> Any:
    """The answer, or the error."""

    async def scenario() -> Any:
        async with driver.Camera(url, **{"timeout": LATE, **options}) as camera:
            try:
                return await camera.execute(request)
            except HamaError as error:
                return error

    return driver.run(scenario)


def watch(driver: Driver, url: str, **options: Any) -> tuple[list[Any], Exception | None]:
    async def scenario() -> Any:
        async with driver.Camera(url, **{"timeout": LATE, **options}) as camera:
            return await collect(camera.stream(commands.video_stream()))

    events, error = driver.run(scenario)
    return events, error


# -- a picture that came whole -----------------------------------------------------------

WHOLE: dict[str, tuple[bytes, str]] = {
    "held open": (JPEG + PICTURE, "hold"),
    "a length that is too long": (
        HEAD % (b"image/jpeg", b"Content-Length: 99999\r\n") + PICTURE,
        "hold",
    ),
    "a stream": (MULTIPART + PARTS, "endless"),
    "a stream of which one part came": (MULTIPART + b"--b\r\n\r\n" + PICTURE, "hold"),
    "a reset": (JPEG + PICTURE, "reset"),
    "no last chunk": (
        HEAD % (b"image/jpeg", b"Transfer-Encoding: chunked\r\n")
        + b"%x\r\n%s" % (len(PICTURE), PICTURE),
        "hold",
    ),
    "packed": (
        HEAD % (b"image/jpeg", b"Content-Encoding: gzip\r\n") + gzip.compress(PICTURE),
        "hold",
    ),
    "no head": (PICTURE, "hold"),
}


@everywhere
@pytest.mark.parametrize("name", WHOLE)
def test_a_picture_that_came_whole_is_given(driver: Driver, name: str) -> None:
    answer, behind = WHOLE[name]
    with saying(answer, behind) as server:
        frame = ask(driver, server.url, commands.image())
    assert (frame.data, frame.complete) == (PICTURE, True)


CUT = PICTURE[:-60]
CUT_OFF: dict[str, tuple[bytes, str]] = {
    "closed": (JPEG + CUT, "close"),
    "a reset": (JPEG + CUT, "reset"),
    "silence": (JPEG + CUT, "hold"),
    "by its own length": (
        HEAD % (b"image/jpeg", b"Content-Length: %d\r\n" % len(CUT)) + CUT,
        "close",
    ),
    "before its length": (HEAD % (b"image/jpeg", b"Content-Length: 5000\r\n") + CUT, "close"),
    "broken chunks": (
        HEAD % (b"image/jpeg", b"Transfer-Encoding: chunked\r\n")
        + b"%x\r\n%soops" % (len(CUT), CUT),
        "close",
    ),
}


@everywhere
@pytest.mark.parametrize("name", CUT_OFF)
def test_a_picture_that_was_cut_off_is_given_and_says_so(driver: Driver, name: str) -> None:
    answer, behind = CUT_OFF[name]
    with saying(answer, behind) as server:
        timeout = Timeouts(connect=LATE, idle=SOON if behind == "hold" else LATE, total=LATE)
        frame = ask(driver, server.url, commands.image(), timeout=timeout)
        assert (frame.data, frame.complete) == (CUT, False)
        if name == "closed":
            events, error = watch(driver, server.url)
            assert [(f.data, f.complete) for f in frames_of(events)] == [(CUT, False)]
            assert events[-1] == EndOfStream(False, events[-1].offset)
            assert isinstance(error, ConnectionLostError)


@everywhere
def test_a_picture_over_the_limit_names_the_limit(driver: Driver) -> None:
    with saying(JPEG + PICTURE) as server:
        error = ask(driver, server.url, commands.image(), limits=Limits(max_frame=500))
        assert isinstance(error, LimitExceededError)
        assert "max_frame" in str(error)
        assert ask(driver, server.url, commands.image()).complete


# -- anything else is an error -------------------------------------------------------------

REFUSED: dict[str, tuple[Any, bytes, type[Exception], str]] = {
    "list": (commands.brand(), text(b"Device Busy"), RefusedError, "Device Busy"),
    "empty list": (commands.brand(), text(b"\r\n"), RefusedError, "lists nothing"),
    "acknowledgement": (commands.move("left"), text(b"NG"), RefusedError, "NG"),
    "form": (commands.set_flip_mode(1), text(b""), RefusedError, "says nothing"),
    "image": (
        commands.image(),
        HEAD % (b"image/jpeg", b"") + b"\x89PNG\r\n\x1a\n" + bytes(99),
        RefusedError,
        "PNG",
    ),
    "coding": (
        commands.brand(),
        HEAD % (b"text/plain", b"Content-Encoding: br\r\n") + b"\x8b",
        RefusedError,
        "coding 'br'",
    ),
    "damaged coding": (
        commands.brand(),
        HEAD % (b"text/plain", b"Content-Encoding: gzip\r\n") + b"\x1f\x8b\xff\xff",
        RemoteProtocolError,
        "gzip coding of the body is damaged",
    ),
    "list that was cut off": (
        commands.brand(),
        HEAD % (b"text/plain", b"Content-Length: 99\r\n"),
        ConnectionLostError,
        "before the answer did",
    ),
}


@everywhere
@pytest.mark.parametrize("name", REFUSED)
def test_what_was_not_asked_for_is_an_error(driver: Driver, name: str) -> None:
    request, answer, kind, words = REFUSED[name]
    with saying(answer) as server:
        error = ask(driver, server.url, request)
    assert isinstance(error, kind)
    assert words in str(error)


@everywhere
def test_slots_are_taken_only_where_a_stream_was_closed_behind_its_head(driver: Driver) -> None:
    def answer(request: bytes) -> bytes:
        return MULTIPART if b"mjpg" in request else text(b"no microphone", b"404 Not Found")

    async def scenario(url: str) -> Any:
        async with driver.Camera(url, timeout=LATE) as camera:
            _, taken = await collect(camera.stream(commands.video_stream()))
            _, none = await collect(camera.stream(commands.audio_stream()))
            return taken, none

    with saying(answer) as server:
        taken, none = driver.run(scenario, server.url)
    assert type(taken) is BusyError
    assert type(none) is RefusedError
    assert "/camera-cgi/audio/receive.cgi: the device answers 404" in str(none)


@everywhere
def test_a_packed_stream_is_a_stream(driver: Driver) -> None:
    answer = HEAD % (b"multipart/mixed; boundary=b", b"Content-Encoding: gzip\r\n")
    with saying(answer + gzip.compress(PARTS + b"--b--\r\n")) as server:
        events, error = watch(driver, server.url)
    assert error is None
    assert [frame.data for frame in frames_of(events)] == [PICTURE] * 3


# -- redirects -----------------------------------------------------------------------------


def moved(location: str, status: bytes = b"302 Found") -> bytes:
    return b"HTTP/1.1 %s\r\nLocation: %s\r\n\r\n" % (status, location.encode())


@everywhere
@pytest.mark.parametrize("status", [b"301 X", b"302 X", b"303 X", b"307 X", b"308 X"])
def test_a_redirect_is_followed_with_the_login(driver: Driver, status: bytes) -> None:
    def answer(request: bytes) -> bytes:
        if not request.startswith(b"GET /cgi/current"):
            return moved("/cgi/current", status)
        return JPEG + PICTURE if BASIC in request else UNAUTHORIZED

    with saying(answer) as server:
        assert ask(driver, server.url, commands.image(), auth=AUTH).data == PICTURE


@contextlib.contextmanager
def elsewhere(driver: Driver) -> Iterator[tuple[Server, Server]]:
    with saying(MULTIPART + PARTS + b"--b--\r\n") as other:

        def answer(request: bytes) -> bytes:
            if BASIC not in request:
                return UNAUTHORIZED
            return moved(f"//127.0.0.1:{other.port}/stream?a=1")

        with saying(answer) as server:
            yield server, other


@everywhere
def test_a_redirect_to_another_port_carries_no_login(driver: Driver) -> None:
    with elsewhere(driver) as (server, other):
        events, error = watch(driver, server.url, auth=AUTH)
        assert error is None
        assert len(frames_of(events)) == 3
        assert len(server.requests) == 2
        (request,) = other.requests
    assert request.startswith(b"GET /stream?a=1 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % other.port)
    assert b"Authorization" not in request


@everywhere
def test_redirects_that_are_not_followed_say_where_they_lead(driver: Driver) -> None:
    count = 0

    def answer(request: bytes) -> bytes:
        nonlocal count
        count += 1
        if b"image.jpg" in request:
            return moved(f"/image.jpg?{count}")
        if b"group=Brand" in request:
            return moved("/other")
        if b"/other" in request:
            return moved(f"{server.url}/other")
        return moved("rtsp://u:p@camera/live")

    with saying(answer) as server:
        error = ask(driver, server.url, commands.image())
        assert isinstance(error, RefusedError)
        assert "302 Found, to /image.jpg, after 5 other redirects" in str(error)
        assert count == 6
        error = ask(driver, server.url, commands.brand())
        assert "/other, in a circle" in str(error)
        error = ask(driver, server.url, commands.users())
        assert "to rtsp://camera/live, which is no http address" in str(error)
        error = ask(driver, server.url, commands.move("left"))
        assert isinstance(error, RefusedError)
        assert "to rtsp://camera/live" in str(error)


@everywhere
def test_a_form_is_not_followed_and_a_login_page_is_a_login(driver: Driver) -> None:
    def answer(request: bytes) -> bytes:
        return moved("/cp.asp" if b"/form/" in request else "/login.asp")

    with saying(answer) as server:
        assert ask(driver, server.url, commands.set_flip_mode(1)).location == "/cp.asp"
        assert len(server.requests) == 1
        error = ask(driver, server.url, commands.brand())
        assert isinstance(error, AuthenticationError)
        assert len(server.requests) == 2
