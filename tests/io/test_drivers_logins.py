"""Logins through the three drivers; what is said without I/O is in `test_login.py`."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from answering import handled, serving
from driving import AUTH, LATE, Driver, asynchronous, collect, everywhere, frames_of
from driving import nothing_left as nothing_left
from driving import quick_collections as quick_collections

from hamaproto import commands
from hamaproto.errors import AuthenticationError
from hamaproto.events import AudioFrame, Frame
from hamaproto.io import blocking as io_blocking
from tests.wire.test_login import GOOD, Nonces, fields_of, right, unauthorized

STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"
SOUND = b"HTTP/1.1 200 OK\r\nContent-Type: audio/gsm\r\n\r\n" + (b"\xd0" + bytes(32)) * 20


class Camera:
    """A device with particular nonces that gives pictures and sound; counts what it is asked."""

    def __init__(self, habit: str, *, stale: bool = False) -> None:
        self.nonces = Nonces(habit, stale=stale)
        self.lock = threading.Lock()

    def __call__(self, request: bytes, number: int) -> bytes:
        with self.lock:
            answer = self.nonces(request)
        if answer is not GOOD:
            return answer
        if b" /mjpg" in request:
            picture = GOOD.partition(b"\r\n\r\n")[2]
            head = b"--b\r\nContent-Type: image/jpeg\r\n\r\n"
            return STREAM + (head + picture + b"\r\n") * 3 + b"--b--\r\n"
        return SOUND if b"/audio/" in request else GOOD


@asynchronous
@pytest.mark.parametrize("habit", ["once", "rising", "target"])
def test_twelve_requests_at_once(driver: Driver, habit: str) -> None:
    async def scenario(url: str) -> None:
        got: list[Any] = []
        async with driver.Camera(url, auth=AUTH, timeout=LATE) as camera:

            async def one() -> None:
                got.append(await camera.execute(commands.image()))

            async with anyio.create_task_group() as group:
                for _ in range(12):
                    group.start_soon(one)
        assert [type(frame) for frame in got] == [Frame] * 12

    camera = Camera(habit)
    with handled(camera) as url:
        driver.run(scenario, url)
    assert camera.nonces.wrong == 0


@pytest.mark.parametrize("habit", ["once", "rising", "target"])
def test_twelve_threads_at_once(habit: str) -> None:
    got: list[Any] = []
    with handled(Camera(habit)) as url, io_blocking.Camera(url, auth=AUTH, timeout=LATE) as camera:

        def one() -> None:
            try:
                got.append(camera.execute(commands.image()))
            except Exception as error:
                got.append(error)

        threads = [threading.Thread(target=one) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [type(frame) for frame in got] == [Frame] * 12, got


@everywhere
def test_pictures_and_sound_at_once(driver: Driver) -> None:
    """Each stream begins before the other one has ended, with a nonce of its own."""

    async def scenario(url: str) -> None:
        async with driver.Camera(url, auth=AUTH, timeout=LATE) as camera:
            pictures = camera.stream(commands.video_stream())
            sounds = camera.stream(commands.audio_stream())
            async with pictures as seen, sounds as heard:
                assert isinstance(await anext(seen), Frame)
                assert isinstance(await anext(heard), AudioFrame)
                assert isinstance(await anext(seen), Frame)
                assert isinstance(await anext(heard), AudioFrame)
            assert isinstance(await camera.execute(commands.image()), Frame)

    with handled(Camera("once")) as url:
        driver.run(scenario, url)


@contextlib.contextmanager
def bound(*, stale: bool, closes: bool = False) -> Iterator[tuple[str, list[bytes]]]:
    """A device whose nonces are good on the connection alone that they were given out on."""
    asked: list[bytes] = []

    def talk(client: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError), client:
            given: set[str] = set()
            while True:
                request = b""
                while b"\r\n\r\n" not in request:
                    piece = client.recv(65536)
                    if not piece:
                        return
                    request += piece
                asked.append(request)
                if right(request) and fields_of(request)["nonce"] in given:
                    client.sendall(GOOD)
                    return
                nonce = f"{number}-{len(asked)}"
                given.add(nonce)
                more = ", stale=true" if stale and right(request) else ""
                client.sendall(
                    unauthorized(f'Digest realm="cam", nonce="{nonce}", qop="auth"{more}')
                )
                if closes:
                    return

    with serving(talk) as url:
        yield url, asked


@everywhere
def test_nonces_that_are_bound_to_their_connection(driver: Driver) -> None:
    async def scenario(url: str) -> None:
        async with driver.Camera(url, auth=AUTH, timeout=LATE) as camera:
            for _ in range(2):
                assert isinstance(await camera.execute(commands.image()), Frame)
            stream = camera.stream(commands.video_stream())
            events, error = await collect(stream)
            assert error is None
            assert len(frames_of(events)) == 1

    with bound(stale=False) as (url, _):
        driver.run(scenario, url)


@everywhere
@pytest.mark.parametrize("closes", [False, True])
def test_a_wrong_password_stays_one(driver: Driver, closes: bool) -> None:
    """Where the connection is left open there is one more try on it, and no more."""

    async def scenario(url: str) -> None:
        async with driver.Camera(url, auth=("admin", "wrong"), timeout=LATE) as camera:
            with pytest.raises(AuthenticationError, match="wrong user or password"):
                await camera.execute(commands.image())

    with bound(stale=False, closes=closes) as (url, asked):
        driver.run(scenario, url)
    assert len(asked) == (2 if closes else 3)
