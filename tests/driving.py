"""The three drivers under one face: what their tests share.

A scenario is written once, as a coroutine over a `Camera`; the blocking driver is put
behind a shim that has its methods with an `await` before them.  Every scenario is followed
by the same question: is a socket, a thread or a task left?
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import anyio
import pytest
import uvloop

from hamaproto.camera import CameraState, Faults, Pictures
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.events import Frame
from hamaproto.io import anyio as io_anyio
from hamaproto.io import asyncio as io_asyncio
from hamaproto.io import blocking as io_blocking
from hamaproto.io.serve import CameraThread, running_camera

AUTH = ("admin", "1234")
#: Soon enough for a test, late enough for a busy machine.
SOON = 0.2
#: No scenario that waits for something waits longer.
LATE = 10.0

Scenario = Callable[..., Awaitable[Any]]


class _ShimStream:
    """A blocking stream with `await` before its methods."""

    def __init__(self, stream: io_blocking.Stream[Any]) -> None:
        self.stream = stream

    def __aiter__(self) -> _ShimStream:
        return self

    async def __anext__(self) -> Any:
        try:
            return next(self.stream)
        except StopIteration:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> _ShimStream:
        self.stream.__enter__()
        return self

    async def __aexit__(self, *exc: Any) -> None:
        self.stream.__exit__(*exc)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class _ShimCamera:
    """The blocking driver with `await` before its methods."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.camera = io_blocking.Camera(*args, **options)

    async def execute(self, request: Any) -> Any:
        return self.camera.execute(request)

    async def update(self, request: Any) -> Any:
        return self.camera.update(request)

    async def talk(self, frames: Any) -> int:
        return self.camera.talk(frames)

    async def snapshot(self) -> Frame:
        return self.camera.snapshot()

    def frames(self, *args: Any, **options: Any) -> _ShimStream:
        return _ShimStream(self.camera.frames(*args, **options))

    def stream(self, *args: Any, **options: Any) -> _ShimStream:
        return _ShimStream(self.camera.stream(*args, **options))

    async def __aenter__(self) -> _ShimCamera:
        self.camera.__enter__()
        return self

    async def __aexit__(self, *exc: Any) -> None:
        self.camera.__exit__(*exc)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.camera, name)


class Driver:
    """One driver under one event loop."""

    def __init__(self, name: str, camera: Any, backend: str) -> None:
        self.name = name
        self.Camera = camera
        self.backend = backend

    def run(self, scenario: Scenario, *arguments: Any) -> Any:
        if self.backend == "trio":
            return anyio.run(scenario, *arguments, backend="trio")
        factory = uvloop.new_event_loop if self.backend == "uvloop" else None

        async def main() -> Any:
            result = await scenario(*arguments)
            assert asyncio.all_tasks() == {asyncio.current_task()}
            return result

        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(main())

    async def sleep(self, seconds: float) -> None:
        if self.name == "blocking":
            time.sleep(seconds)  # as a slow consumer does
        else:
            await anyio.sleep(seconds)


DRIVERS = {
    driver.name: driver
    for driver in (
        Driver("blocking", _ShimCamera, "asyncio"),
        Driver("asyncio", io_asyncio.Camera, "asyncio"),
        Driver("asyncio-uvloop", io_asyncio.Camera, "uvloop"),
        Driver("anyio-asyncio", io_anyio.Camera, "asyncio"),
        Driver("anyio-trio", io_anyio.Camera, "trio"),
    )
}
everywhere = pytest.mark.parametrize("driver", DRIVERS.values(), ids=DRIVERS)
asynchronous = pytest.mark.parametrize(
    "driver",
    [driver for driver in DRIVERS.values() if driver.name != "blocking"],
    ids=[name for name in DRIVERS if name != "blocking"],
)


def descriptors() -> set[str]:
    """What the open file descriptors of this process stand for."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        # The one that lists the folder is gone by now.
        with contextlib.suppress(OSError):
            found.add(f"{name} {os.readlink(f'/proc/self/fd/{name}')}")
    return found


@pytest.fixture(autouse=True, scope="module")
def quick_collections() -> Iterator[None]:
    """Leave aside what was there before: a collection for each test is to cost nothing."""
    # libuv keeps a pipe for signals for as long as the process lives.
    uvloop.new_event_loop().close()
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """No socket, descriptor or thread more than before."""
    linux = sys.platform == "linux"
    gc.collect()
    before = descriptors() if linux else set()
    threads = set(threading.enumerate())
    yield
    gc.collect()
    left = {thread.name for thread in set(threading.enumerate()) - threads}
    # trio keeps idle threads for a while by design; ours have names.
    assert not [name for name in left if "Trio thread" not in name]
    if linux:
        assert not descriptors() - before


@contextlib.contextmanager
def simulated(*faults: str, **options: Any) -> Iterator[CameraThread]:
    """A camera with small pictures, 30 of them a second."""
    host = options.pop("host", "127.0.0.1")
    state = CameraState(faults=Faults(*faults), pictures=Pictures(draw_mosaic), **options)
    state.param(b"action=update&Image.I0.Stream.FPS=30", 0.0)
    with running_camera(state, host=host) as camera:
        yield camera


async def collect(stream: Any, *, at_most: int = 1000) -> tuple[list[Any], Exception | None]:
    """The events of a stream, and the error behind them."""
    events = []
    try:
        async with stream as given:
            async for event in given:
                events.append(event)
                if len(events) == at_most:
                    break
    except Exception as error:
        return events, error
    return events, None


def frames_of(events: list[Any]) -> list[Frame]:
    return [event for event in events if isinstance(event, Frame)]
