"""What must not make a driver wait for ever, or lose what came.

Answers that come early, surprises inside callbacks, no descriptors left, closing twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from answering import serving
from driving import LATE, Driver, asynchronous, collect, everywhere, frames_of, simulated
from driving import nothing_left as nothing_left
from driving import quick_collections as quick_collections

import fixtures
from hamaproto import commands
from hamaproto.errors import ConnectError
from hamaproto.events import Frame
from hamaproto.io import Backoff, Disconnected
from hamaproto.session import Session

JPEG = fixtures.jpeg("420")
IMAGE = (
    b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(JPEG) + JPEG
)
PICTURES = (
    b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"
    + (b"--b\r\nContent-Type: image/jpeg\r\n\r\n" + JPEG + b"\r\n") * 3
)


@contextlib.contextmanager
def eager(answer: bytes, *, closes: bool) -> Iterator[str]:
    """A camera that has answered before it was asked, and may have hung up too."""

    def talk(client: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError), client:
            client.sendall(answer)
            if closes:
                client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass

    with serving(talk) as url:
        yield url


@everywhere
@pytest.mark.parametrize("closes", [True, False], ids=["hangs up", "stays"])
def test_an_answer_before_the_request_is_not_lost(driver: Driver, closes: bool) -> None:
    async def scenario(url: str) -> None:
        async with driver.Camera(url, timeout=LATE) as camera:
            assert (await camera.execute(commands.image())).data == JPEG

    async def watching(url: str) -> None:
        async with driver.Camera(url, timeout=LATE) as camera:
            events, _ = await collect(camera.stream(commands.video_stream()), at_most=2)
            assert [frame.data for frame in frames_of(events)] == [JPEG] * 2

    with eager(IMAGE, closes=closes) as url:
        for _ in range(5):  # it is a race
            driver.run(scenario, url)
    with eager(PICTURES, closes=closes) as url:
        for _ in range(5):
            driver.run(watching, url)


class Surprise(Exception):
    """What nobody has thought of: no memory, a library that can't be imported any more."""


@everywhere
@pytest.mark.parametrize("policy", ["wait", "latest"])
@pytest.mark.parametrize("where", ["opened", "receive_data", "step", "left"])
def test_a_surprise_reaches_the_one_who_waits(
    driver: Driver, where: str, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if where == "left" and not driver.name.startswith("asyncio"):
        pytest.skip("only a timer asks for it")
    original = getattr(Session, where)

    def surprising(self: Any, *arguments: Any, **options: Any) -> Any:
        if where != "step" or self.received:
            raise Surprise(where)
        return original(self, *arguments, **options)

    async def scenario(url: str) -> None:
        monkeypatch.setattr(Session, where, surprising)
        async with driver.Camera(url, timeout=0.2 if where == "left" else LATE) as camera:
            if policy == "wait":
                with pytest.raises(Surprise, match=where):
                    await camera.execute(commands.brand())
            stream = camera.stream(commands.video_stream(), policy=policy)
            _, error = await collect(stream)
            assert isinstance(error, Surprise)
            # Closing needs nobody's good will.
            stream.close()
            if driver.name != "blocking":
                await camera.close()

    with simulated("mute" if where == "left" else "lf") as camera:
        driver.run(scenario, camera.url)


@contextlib.contextmanager
def no_descriptors() -> Iterator[None]:
    """None is left: whoever wants one gets EMFILE."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Not 0, with which poll() refuses to wait.
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@everywhere
def test_without_descriptors_everything_ends(driver: Driver) -> None:
    async def scenario(url: str) -> None:
        async with driver.Camera(url, timeout=LATE) as camera:
            stream = camera.stream(commands.video_stream())
            async with stream as events:
                async for event in events:
                    if isinstance(event, Frame):
                        break
                with no_descriptors():
                    with pytest.raises(ConnectError, match="Too many open files"):
                        await camera.execute(commands.brand())
                    again = camera.stream(commands.video_stream(), reconnect=Backoff(0, attempts=2))
                    given, error = await collect(again)
                    assert [type(event) for event in given] == [Disconnected, Disconnected]
                    assert isinstance(error, ConnectError)
                    # What is open goes on, and can be closed.
                    assert isinstance(await events.__anext__(), Frame)
                    if driver.name == "blocking":
                        camera.close()
                    else:
                        await camera.close()

    with simulated() as camera:
        driver.run(scenario, camera.url)


@asynchronous
def test_cancelled_in_the_middle_of_closing_it_still_ends(driver: Driver) -> None:
    async def scenario(url: str) -> None:
        camera = driver.Camera(url, timeout=LATE)
        stream = camera.stream(commands.video_stream())
        await anext(stream)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await stream.close()
        with anyio.CancelScope() as scope:
            scope.cancel()
            await camera.close()
        with anyio.fail_after(LATE):
            await camera.close()

    with simulated() as camera:
        driver.run(scenario, camera.url)


def test_a_loop_that_keeps_no_promise_does_not_keep_close_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A transport of which nothing is heard any more once it was aborted."""
    from hamaproto.io import _link
    from hamaproto.io import asyncio as io_asyncio

    monkeypatch.setattr(_link, "GONE_SECONDS", 0.05)
    monkeypatch.setattr(_link.Link, "over", lambda self: None)

    async def scenario(url: str) -> None:
        async with asyncio.timeout(LATE), io_asyncio.Camera(url) as camera:
            await camera.execute(commands.brand())

    with simulated() as camera:
        asyncio.run(scenario(camera.url))
