"""What comes of odd answers through the drivers: nothing that came is lost, nothing is hidden.

Each scenario runs through every driver, against a server that says what the test says.  What an
answer amounts to is in `test_session.py`; here is what only a socket can do.
"""

from __future__ import annotations

import contextlib
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
    ConnectionLostError,
    HamaError,
    IdleTimeoutError,
    RefusedError,
)
from hamaproto.io import Timeouts

AUTH = ("admin", "1234")
BASIC = b"\r\nAuthorization: Basic YWRtaW46MTIzNA==\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%s\r\n"
JPEG = HEAD % (b"image/jpeg", b"")
LIST = b"Brand.Brand=Hama\nroot.Brand.ProdNbr=00053104\n\r\n"
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


#: A request, an answer, what becomes of the connection, and what the driver makes of it.
ENDS: dict[str, tuple[Any, bytes, str, Any]] = {
    "a picture behind which more comes for ever": (
        commands.image(),
        MULTIPART + PARTS,
        "endless",
        PICTURE,
    ),
    "a picture behind which nothing comes": (commands.image(), JPEG + PICTURE, "hold", PICTURE),
    "a list and a reset": (commands.brand(), text(LIST), "reset", "Hama"),
    "half a picture and silence": (commands.image(), JPEG + PICTURE[:-60], "hold", PICTURE[:-60]),
    "half a picture and the end": (commands.image(), JPEG + PICTURE[:-60], "close", PICTURE[:-60]),
    "half a list and silence": (commands.brand(), text(LIST[:-9]), "hold", IdleTimeoutError),
    "half a list and a reset": (commands.brand(), text(LIST[:-2]), "reset", ConnectionLostError),
    "a refusal and a reset": (commands.brand(), text(b"# Error: 2\n"), "reset", RefusedError),
}


@everywhere
@pytest.mark.parametrize("name", ENDS)
def test_what_a_connection_ends_with(driver: Driver, name: str) -> None:
    request, answer, behind, expected = ENDS[name]
    timeout = Timeouts(connect=LATE, idle=SOON if behind == "hold" else LATE, total=LATE)
    with saying(answer, behind) as server:
        came = ask(driver, server.url, request, timeout=timeout)
    if isinstance(expected, bytes):
        assert (came.data, came.complete) == (expected, expected is PICTURE)
    elif isinstance(expected, str):
        assert came.brand == expected
    else:
        assert type(came) is expected


@contextlib.contextmanager
def elsewhere(driver: Driver) -> Iterator[tuple[Server, Server]]:
    with saying(MULTIPART + PARTS + b"--b--\r\n") as other:

        def answer(request: bytes) -> bytes:
            if BASIC not in request:
                return UNAUTHORIZED
            location = b"//127.0.0.1:%d/stream?a=1" % other.port
            return b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\n\r\n"

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
def test_an_update_of_what_is_not_listed(driver: Driver) -> None:
    """The refusal of a list is no end of the update: the plan has a use for it."""

    def answer(request: bytes) -> bytes:
        return text(b"OK\r\n" if b"action=update" in request else b"\r\n")

    async def scenario(url: str) -> None:
        async with driver.Camera(url, timeout=LATE) as camera:
            confirmed = await camera.update(commands.set_mjpeg_fps(5))
            assert confirmed.ack.ok
            assert confirmed.stored == {"Image.I0.Stream.FPS": None}

    with saying(answer) as server:
        driver.run(scenario, server.url)
