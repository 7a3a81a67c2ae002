"""Cancelled after each step of the event loop: nothing is left, and nobody waits for ever.

The camera has a loop of its own that moves between two steps, and answers at once, so that
the steps of the driver's loop are those of the conversation.  A task is cancelled after its
first step, then a new one after its second, and so on until one comes to its end by itself.
Collections are off: what only a collection would close is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import ssl
import sys
import threading
import time
import warnings
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
import trio
import uvloop
from driving import descriptors
from driving import quick_collections as quick_collections
from tls_server import authority, server_context

import fixtures
from hamaproto import commands
from hamaproto.errors import ConnectError
from hamaproto.events import Frame
from hamaproto.io import Backoff, Timeouts
from hamaproto.io import anyio as io_anyio
from hamaproto.io import asyncio as io_asyncio

JPEG = fixtures.jpeg("420")
CHALLENGE = (
    b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="c"\r\nContent-Length: 0\r\n\r\n'
)
TEXT = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
PICTURES = (
    b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"
    + (b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n" % (len(JPEG), JPEG))
    * 3
    + b"--b\r\n"
)


def answer_to(request: bytes) -> tuple[bytes, bool]:
    """What the camera says to a request, and whether it closes then."""
    if b"\r\nAuthorization:" not in request:
        return CHALLENGE, True
    if b"video" in request:
        return PICTURES, False
    if b"action=update" in request:
        return TEXT + b"OK\r\n", True
    return TEXT + b"Image.I0.Stream.FPS=10\r\nProperties.Audio.Audio=yes\r\n", True


class InstantCamera(asyncio.Protocol):
    """One connection of the camera; they are all in `open`."""

    open: set[InstantCamera]

    def __init__(self, connections: set[InstantCamera]) -> None:
        self.open = connections
        self.request = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.open.add(self)
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self.request += data
        if b"\r\n\r\n" in self.request:
            answer, closes = answer_to(self.request)
            self.request = b""
            self.transport.write(answer)
            if closes:
                self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.open.discard(self)


# -- what is cancelled -----------------------------------------------------------------

Scenario = Callable[[Any, str, dict[str, Any]], Awaitable[None]]
#: Nothing here takes this long; a test that would hang fails instead.
PATIENCE = 60.0
QUICK = Backoff(initial=0, attempts=3)


async def execute(driver: Any, url: str, options: dict[str, Any]) -> None:
    async with driver.Camera(url, **options) as camera:
        await camera.execute(commands.mjpeg_fps())


async def update(driver: Any, url: str, options: dict[str, Any]) -> None:
    async with driver.Camera(url, **options) as camera:
        await camera.update(commands.set_mjpeg_fps(10))


async def stream(driver: Any, url: str, options: dict[str, Any]) -> None:
    async with (
        driver.Camera(url, **options) as camera,
        camera.stream(commands.video_stream()) as events,
    ):
        assert isinstance(await anext(events), Frame)
        assert isinstance(await anext(events), Frame)


async def latest(driver: Any, url: str, options: dict[str, Any]) -> None:
    async with (
        driver.Camera(url, **options) as camera,
        camera.stream(commands.video_stream(), policy="latest") as events,
    ):
        assert isinstance(await anext(events), Frame)


async def without_with(driver: Any, url: str, options: dict[str, Any]) -> None:
    async with driver.Camera(url, **options) as camera:
        events = camera.stream(commands.video_stream())
        assert isinstance(await anext(events), Frame)


async def reconnect(driver: Any, url: str, options: dict[str, Any]) -> None:
    nowhere = "http://127.0.0.1:9"
    async with (
        driver.Camera(nowhere, timeout=Timeouts(5, 5, 5)) as camera,
        camera.stream(commands.video_stream(), reconnect=QUICK) as events,
    ):
        with contextlib.suppress(ConnectError):
            async for _ in events:
                pass


async def asked_again(driver: Any, url: str, options: dict[str, Any]) -> None:
    """Cancelling a task that waits for an event loses nothing."""
    async with (
        driver.Camera(url, **options) as camera,
        camera.stream(commands.video_stream()) as events,
    ):
        frames: list[Frame] = []
        while len(frames) < 3:
            try:
                frames.append(await anext(events))
            except asyncio.CancelledError:
                current = asyncio.current_task()
                assert current is not None
                current.uncancel()
        assert [frame.data for frame in frames] == [JPEG] * 3
        assert frames == sorted(frames, key=lambda frame: frame.offset)


SCENARIOS = [execute, update, stream, latest, without_with, reconnect]


# -- asyncio and uvloop ----------------------------------------------------------------


@contextlib.contextmanager
def nothing_said() -> Iterator[list[str]]:
    """What warnings and errors without a caller come to; a collection would bring others."""
    said: list[str] = []
    hook = sys.unraisablehook
    sys.unraisablehook = lambda unraisable: said.append(f"unraisable {unraisable.exc_value!r}")
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield said
    finally:
        gc.enable()
        sys.unraisablehook = hook


class Camera:
    """A camera in a loop of its own, which moves when it is told to."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self.connections: set[InstantCamera] = set()
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda _, details: None)  # handshakes that break off
        self._server = self._loop.run_until_complete(
            self._loop.create_server(
                lambda: InstantCamera(self.connections), "127.0.0.1", 0, ssl=context
            )
        )
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"{'http' if context is None else 'https'}://127.0.0.1:{port}"

    def step(self) -> None:
        step(self._loop)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """In a thread, for who can't step it; closed at the end."""
        thread = threading.Thread(target=self._loop.run_forever)
        thread.start()
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self.close()

    def close(self) -> None:
        """Whoever was connected has to be gone, or is not told from who still is."""
        for _ in range(1000):
            self.step()
            if not self.connections and not asyncio.all_tasks(self._loop):
                break
        assert not self.connections, "the other side of a connection is still open"
        self._server.close()
        self.step()
        self._loop.close()


def step(loop: asyncio.AbstractEventLoop) -> None:
    """One round of a loop, without waiting for anything."""
    loop.call_soon(loop.stop)
    loop.run_forever()


def cancelled_after(
    steps: int, scenario: Scenario, driver: Any, factory: Any, context: ssl.SSLContext | None
) -> bool:
    """Run a scenario for so many steps of its loop, then cancel it; True if it was done."""
    before = descriptors()
    with nothing_said() as said:
        camera = Camera(context)
        loop = factory()
        loop.set_exception_handler(lambda _, details: said.append(f"loop: {details}"))
        options: dict[str, Any] = {"auth": ("admin", "1234"), "timeout": 5}
        if context is not None:
            options["verify"] = authority.client_context

        task = loop.create_task(scenario(driver, camera.url, options))
        for _ in range(steps):
            step(loop)
            camera.step()
        finished = task.done()
        task.cancel()
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            step(loop)
            if scenario is asked_again:
                # All others come to their end without the other side.
                camera.step()
            if task.done():
                break
        hangs = not task.done()
        left = asyncio.all_tasks(loop)
        if not hangs and not task.cancelled():
            assert task.exception() is None
        # As `asyncio.run` ends.
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        camera.close()
        loop.close()
    assert not hangs, f"it waits for ever: {left}"
    assert not left
    assert said == []
    assert descriptors() == before
    return finished


LOOPS = {
    "asyncio": (io_asyncio, asyncio.new_event_loop),
    "uvloop": (io_asyncio, uvloop.new_event_loop),
    "anyio": (io_anyio, asyncio.new_event_loop),
}


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("scenario", [*SCENARIOS, asked_again])
def test_cancelled_after_each_step(scenario: Scenario, loop: str, secure: bool) -> None:
    driver, factory = LOOPS[loop]
    context = server_context() if secure else None
    for steps in range(400):
        if cancelled_after(steps, scenario, driver, factory, context):
            break
    else:
        pytest.fail("it never came to its end")


# -- trio ------------------------------------------------------------------------------


class CancelAfter(trio.abc.Instrument):
    """Cancels a scope at the n-th step of a task and of its children."""

    def __init__(self, steps: int, scope: trio.CancelScope) -> None:
        self._left = steps
        self._scope = scope
        self._task = trio.lowlevel.current_task()

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        parent = None if task.parent_nursery is None else task.parent_nursery.parent_task
        if self._task in (task, parent):
            self._left -= 1
            if self._left == 0:
                self._scope.cancel()


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_cancelled_after_each_step_of_trio(scenario: Scenario, secure: bool) -> None:
    camera = Camera(server_context() if secure else None)
    options: dict[str, Any] = {"auth": ("admin", "1234"), "timeout": 5}
    if secure:
        options["verify"] = authority.client_context

    async def at_rest() -> int:
        # Those of a run of trio have other names each time.
        return len(descriptors())

    async def main(steps: int, before: int) -> bool:
        with trio.fail_after(PATIENCE), trio.CancelScope() as scope:
            if steps == 0:
                scope.cancel()
            trio.lowlevel.add_instrument(CancelAfter(steps, scope))
            await scenario(io_anyio, camera.url, options)
        # The other sides are in this process too; they close when ours are gone.
        with trio.fail_after(PATIENCE):
            while len(descriptors()) != before:
                await trio.sleep(0)
        return not scope.cancelled_caught

    with camera.running(), nothing_said() as said:
        # Before all runs: the camera may accept what has gone while the next run begins.
        before = trio.run(at_rest)
        for steps in range(200):
            if trio.run(main, steps, before):
                break
        else:
            pytest.fail("it never came to its end")
    assert said == []
