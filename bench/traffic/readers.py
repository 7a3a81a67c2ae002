"""Those who read many streams in one process: our drivers, and who does less, or it otherwise.

A reader opens one stream and counts what comes, until its end.  `Receiver` is a process of them:
it opens all streams, waits until each has got a frame, measures for a while, and reads on to the
end, so that what was lost can be counted.
"""

from __future__ import annotations

import asyncio
import importlib
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from bench.measure.machine import resident
from bench.peers.libgsm import compiled
from bench.traffic.sender import read_stamp

__all__ = ["PATIENCE", "READERS", "Counts", "Received", "Receiver", "raise_descriptor_limit"]

REQUEST = b"GET /mjpg/video.mjpg HTTP/1.0\r\n\r\n"
#: Seconds until all streams have begun, and until all have ended.
PATIENCE = 60.0
#: Streams that are opened before the loop has a round for those that are there.
AT_ONCE = 100


class Received(NamedTuple):
    """What one process of readers has to say."""

    frames: int
    #: In the time that was measured: frames, seconds, seconds of processor time.
    measured: int
    seconds: float
    cpu: float
    #: Gaps in the numbers, frames cut off, and errors.
    wrong: int
    #: Seconds until the last stream had its first frame.
    start: float
    #: Milliseconds from being sent to being here; nothing if the images were not looked at.
    late: list[float]
    #: Milliseconds from the driver's stamp of the last byte; nothing from who has no stamp.
    taken: list[float]
    #: Bytes of memory before, at the beginning and at the end of the time that was measured.
    memory: tuple[int, int, int]


@dataclass(slots=True)
class Counts:
    """What came over all streams."""

    #: Bytes on the wire for a frame, for those who count no frames.
    each: int
    #: Whether to look at each image: its number, and how late it is.
    look: bool
    frames: int = 0
    octets: int = 0
    running: int = 0
    wrong: int = 0
    errors: list[str] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    taken: list[float] = field(default_factory=list)
    measuring: bool = False

    def all(self) -> int:
        """Frames, counted or reckoned."""
        return self.frames or self.octets // self.each

    def looked(self, data: bytes, before: int) -> int:
        """The number of an image, which should be the one after `before`."""
        number, sent = read_stamp(data)
        if self.measuring:
            self.late.append((time.time() - sent) * 1e3)
        self.wrong += number != before + 1
        return number


Opener: TypeAlias = Callable[[int, Counts], Awaitable[None]]


class _Discarding(asyncio.BufferedProtocol):
    """What any reader on an event loop has to do at least."""

    #: One for all: what comes is thrown away.
    _buffer = bytearray(262144)

    def __init__(self, counts: Counts, done: asyncio.Future[None]) -> None:
        self._counts, self._done = counts, done
        self._come = 0

    def connection_made(self, transport: Any) -> None:
        transport.write(REQUEST)

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        counts = self._counts
        counts.octets += nbytes
        if self._come < counts.each:
            self._come += nbytes
            counts.running += self._come >= counts.each

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)


async def discard(port: int, counts: Counts) -> None:
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    await loop.create_connection(lambda: _Discarding(counts, done), "127.0.0.1", port)
    await done


def driver(module: str) -> Opener:
    """A stream of one of our drivers that await."""

    async def read(port: int, counts: Counts) -> None:
        from hamaproto import commands
        from hamaproto.events import Frame
        from hamaproto.io import Timeouts

        camera_class = importlib.import_module(module).Camera
        timeouts = Timeouts(connect=PATIENCE, idle=PATIENCE, total=None)
        number = -1
        async with (
            camera_class(f"http://127.0.0.1:{port}", timeout=timeouts) as camera,
            camera.stream(commands.video_stream()) as events,
        ):
            async for event in events:
                if type(event) is Frame:
                    counts.frames += 1
                    if number < 0:
                        counts.running += 1
                    if counts.look:
                        if counts.measuring and event.received is not None:
                            now = time.monotonic()
                            counts.taken.append((now - event.received.monotonic) * 1e3)
                        counts.wrong += not event.complete
                        number = counts.looked(event.data, number)
                    else:
                        number = 0

    return read


async def with_aiohttp(port: int, counts: Counts) -> None:
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=None)
    number = -1
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(f"http://127.0.0.1:{port}/mjpg/video.mjpg") as response,
    ):
        reader = aiohttp.MultipartReader.from_response(response)
        while True:
            try:
                part: Any = await reader.next()
                data = bytes(await part.read())
            except ValueError:
                break  # the end without a closing delimiter
            counts.frames += 1
            counts.running += number < 0
            number = counts.looked(data, number) if counts.look else 0


def blocking(port: int, counts: Counts) -> None:
    from hamaproto import Camera, commands
    from hamaproto.events import Frame
    from hamaproto.io import Timeouts

    timeouts = Timeouts(connect=PATIENCE, idle=PATIENCE, total=None)
    number = -1
    with Camera(f"http://127.0.0.1:{port}", timeout=timeouts) as camera:
        for event in camera.stream(commands.video_stream()):
            if type(event) is Frame:
                counts.frames += 1
                counts.running += number < 0
                number = counts.looked(event.data, number) if counts.look else 0


@dataclass(frozen=True, slots=True)
class Way:
    """How streams are read: by an event loop, by threads, or by C."""

    name: str
    needs: str
    opener: Opener | None = None
    uvloop: bool = False


BARE = "asyncio, a BufferedProtocol that discards"
FLOOR = "C, epoll and recv"
#: By name; the first ones are limits.
READERS: dict[str, Way] = {
    way.name: way
    for way in (
        Way(FLOOR, "sys"),
        Way(BARE, "asyncio", discard),
        Way("uvloop, a BufferedProtocol that discards", "uvloop", discard, True),
        Way("hamaproto.io.asyncio", "asyncio", driver("hamaproto.io.asyncio")),
        Way("hamaproto.io.asyncio on uvloop", "uvloop", driver("hamaproto.io.asyncio"), True),
        Way("hamaproto.io.anyio", "anyio", driver("hamaproto.io.anyio")),
        Way("hamaproto.io.blocking, a thread a stream", "threading"),
        Way("aiohttp, MultipartReader", "aiohttp", with_aiohttp),
    )
}


def raise_descriptor_limit(wanted: int) -> None:
    """Raises RuntimeError if the system does not allow so many descriptors."""
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise RuntimeError(f"{wanted} descriptors are needed, {hard} are allowed (ulimit -Hn)")
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Receiver:
    """Of another process: `read` streams to their end, or `hold` them and tell the memory."""

    def __init__(self, way: str) -> None:
        self._way = READERS[way]

    def __call__(self, wish: str, port: int, streams: int, *values: float) -> Any:
        raise_descriptor_limit(streams + 100)
        if wish == "read":
            seconds, each, look = values
            counts = Counts(int(each), bool(look))
            if self._way.name == FLOOR:
                return _in_c(port, streams, seconds, int(each))
            if self._way.opener is None:
                return _in_threads(port, streams, seconds, counts)
            return self._run(_read(self._way.opener, port, streams, seconds, counts))
        each, frames = values
        counts = Counts(int(each), False)
        if self._way.opener is None:
            return _held_by_threads(port, streams, int(frames), counts)
        return self._run(_hold(self._way.opener, port, streams, int(frames), counts))

    def _run(self, work: Any) -> Any:
        factory = importlib.import_module("uvloop").new_event_loop if self._way.uvloop else None
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(work)


async def _guarded(opener: Opener, port: int, counts: Counts) -> None:
    try:
        await opener(port, counts)
    except Exception as error:
        counts.errors.append(f"{type(error).__name__}: {error}")


async def _opened(
    opener: Opener, port: int, streams: int, counts: Counts
) -> list[asyncio.Task[None]]:
    """All streams; each has got a frame."""
    tasks = []
    async with asyncio.timeout(PATIENCE):
        for number in range(streams):
            tasks.append(asyncio.ensure_future(_guarded(opener, port, counts)))
            if number % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0.01)
        while counts.running < streams and not counts.errors:
            await asyncio.sleep(0.02)
    if counts.errors:
        raise RuntimeError(counts.errors[0])
    return tasks


async def _read(
    opener: Opener, port: int, streams: int, seconds: float, counts: Counts
) -> Received:
    empty, begun = resident(), time.monotonic()
    tasks = await _opened(opener, port, streams, counts)
    start = time.monotonic() - begun
    first, frames, counts.measuring = resident(), counts.all(), True
    clock, cpu = time.monotonic(), time.process_time()
    await asyncio.sleep(seconds)
    cpu, clock = time.process_time() - cpu, time.monotonic() - clock
    measured, counts.measuring, last = counts.all() - frames, False, resident()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*tasks)
    wrong = counts.wrong + len(counts.errors)
    memory = (empty, first, last)
    late, taken = counts.late, counts.taken
    return Received(counts.all(), measured, clock, cpu, wrong, start, late, taken, memory)


async def _hold(
    opener: Opener, port: int, streams: int, frames: int, counts: Counts
) -> tuple[int, int]:
    """Bytes of memory before, and with all streams open behind so many frames."""
    before = resident()
    tasks = await _opened(opener, port, streams, counts)
    async with asyncio.timeout(PATIENCE):
        while counts.all() < streams * frames:
            await asyncio.sleep(0.02)
    # What may have come behind them is read as well.
    await asyncio.sleep(0.3)
    after = resident()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return before, after


# -- threads


def _threads(port: int, streams: int, counts: Counts) -> list[threading.Thread]:
    def read() -> None:
        try:
            blocking(port, counts)
        except Exception as error:
            counts.errors.append(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=read, daemon=True) for _ in range(streams)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + PATIENCE
    while counts.running < streams and not counts.errors and time.monotonic() < end:
        time.sleep(0.02)
    if counts.errors or counts.running < streams:
        raise RuntimeError(counts.errors[0] if counts.errors else "not all streams began")
    return threads


def _in_threads(port: int, streams: int, seconds: float, counts: Counts) -> Received:
    empty, begun = resident(), time.monotonic()
    threads = _threads(port, streams, counts)
    start = time.monotonic() - begun
    first, frames, counts.measuring = resident(), counts.all(), True
    clock, cpu = time.monotonic(), time.process_time()
    time.sleep(seconds)
    cpu, clock = time.process_time() - cpu, time.monotonic() - clock
    measured, counts.measuring, last = counts.all() - frames, False, resident()
    for thread in threads:
        thread.join(PATIENCE)
    wrong = counts.wrong + len(counts.errors)
    memory = (empty, first, last)
    late, taken = counts.late, counts.taken
    return Received(counts.all(), measured, clock, cpu, wrong, start, late, taken, memory)


def _held_by_threads(port: int, streams: int, frames: int, counts: Counts) -> tuple[int, int]:
    before = resident()
    _threads(port, streams, counts)
    end = time.monotonic() + PATIENCE
    while counts.all() < streams * frames and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(0.3)
    return before, resident()


# -- C


def _in_c(port: int, streams: int, seconds: float, each: int) -> Received:
    import ctypes
    import socket

    library = compiled(Path(__file__).with_name("epoll.c"))
    if library is None:
        raise RuntimeError("no gcc")
    library.cpu_seconds.restype = ctypes.c_double
    empty, begun = resident(), time.monotonic()
    sockets = []
    for _ in range(streams):
        sock = socket.create_connection(("127.0.0.1", port))
        sock.sendall(REQUEST)
        sock.setblocking(False)
        sockets.append(sock)
    numbers = (ctypes.c_int * streams)(*(sock.fileno() for sock in sockets))
    come = ctypes.c_longlong(0)

    def receive(until: float) -> int:
        """Frames until then, or until all have ended."""
        before = come.value
        library.receive(numbers, streams, ctypes.c_double(until), ctypes.byref(come))
        return (come.value - before) // each

    while come.value < streams * each and time.monotonic() - begun < PATIENCE:
        receive(0.05)
    start = time.monotonic() - begun
    first, clock, cpu = resident(), time.monotonic(), library.cpu_seconds()
    measured = receive(seconds)
    cpu, clock = library.cpu_seconds() - cpu, time.monotonic() - clock
    last = resident()
    receive(PATIENCE)
    for sock in sockets:
        sock.close()
    return Received(
        come.value // each, measured, clock, cpu, 0, start, [], [], (empty, first, last)
    )
