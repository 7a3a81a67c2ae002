"""Streams that live long, through the three drivers: silence, losses, processes that are stopped.

The arithmetic behind it is in `test_patience.py`, with a clock that is a number.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from answering import handled
from conversations import PICTURE
from driving import DRIVERS, LATE, Driver, asynchronous, collect, everywhere, frames_of
from driving import nothing_left as nothing_left
from driving import quick_collections as quick_collections

from hamaproto import commands
from hamaproto.errors import IdleTimeoutError
from hamaproto.io import Timeouts
from hamaproto.limits import Limits

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"


def part(body: bytes = PICTURE, kind: bytes = b"image/jpeg") -> bytes:
    return (
        b"--b\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n" % (kind, len(body))
        + body
        + b"\r\n"
    )


PING = part(b"ping", b"text/plain")


@everywhere
def test_bytes_without_a_frame_are_silence(driver: Driver) -> None:
    over = threading.Event()

    def device(request: bytes, number: int) -> Iterator[bytes]:
        yield HEAD + part()
        while not over.wait(0.01):
            yield PING

    async def scenario(url: str) -> None:
        times = Timeouts(idle=LATE, frame=0.12)
        async with driver.Camera(url, timeout=times) as camera:
            events, error = await collect(camera.stream(commands.video_stream()))
        assert sum(frame.complete for frame in frames_of(events)) == 1
        assert isinstance(error, IdleTimeoutError)
        assert "no complete picture for 0.12 s" in str(error)

    with handled(device) as url:
        try:
            driver.run(scenario, url)
        finally:
            over.set()


@everywhere
def test_a_flood_without_a_frame_ends(driver: Driver) -> None:
    """There is something to read at any time, so that no wait is ever too long."""
    over = threading.Event()

    def device(request: bytes, number: int) -> Iterator[bytes]:
        yield HEAD + part()
        while not over.is_set():
            yield PING * 100

    async def scenario(url: str) -> None:
        async with driver.Camera(url, timeout=Timeouts(idle=LATE, frame=0.1)) as camera:
            events, error = await collect(camera.stream(commands.video_stream()), at_most=10**9)
        assert len(frames_of(events)) == 1
        assert isinstance(error, IdleTimeoutError)
        assert "no complete picture" in str(error)

    with handled(device) as url:
        try:
            driver.run(scenario, url)
        finally:
            over.set()


# -- what waits to be taken -------------------------------------------------------------


@asynchronous
def test_the_inbox_is_bounded_in_bytes(driver: Driver) -> None:
    """A slow consumer holds as much as was allowed, however many events the queue may hold."""
    picture = PICTURE[:-2] + bytes(300_000) + PICTURE[-2:]

    async def scenario(url: str) -> None:
        limits = Limits(max_inbox=1_000_000)
        camera = driver.Camera(url, timeout=LATE, limits=limits)
        async with camera, camera.stream(commands.video_stream(), queue=10_000) as events:
            await anext(events)
            await driver.sleep(0.2)
            # The socket's own buffers hold some, too.
            assert events.received < 8_000_000
            rest = [event async for event in events]
            assert len(frames_of(rest)) == 59

    with handled(lambda request, number: [HEAD, *[part(picture)] * 60, b"--b--\r\n"]) as url:
        driver.run(scenario, url)


# -- a process that is stopped ------------------------------------------------------------

_WATCH = """
import os, sys, threading
sys.path.insert(0, sys.argv[2])
from driving import DRIVERS
from hamaproto import Frame, commands
from hamaproto.io import Timeouts

def say(*words):
    # In one piece: the threads speak at once.
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

def watch(name):
    async def scenario():
        times = Timeouts(idle=0.25, frame=0.3)
        frames = 0
        try:
            async with DRIVERS[name].Camera(sys.argv[1], timeout=times) as camera:
                async with camera.stream(commands.video_stream()) as events:
                    async for event in events:
                        frames += isinstance(event, Frame)
                        if frames in (3, 40):
                            say(frames, name)
                        if frames == 40:
                            return
        except Exception as error:
            say("error", name, error)
    DRIVERS[name].run(scenario)

for name in DRIVERS:
    threading.Thread(target=watch, args=(name,)).start()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="signals of POSIX")
def test_a_process_that_was_stopped_goes_on() -> None:
    """All drivers in one process, stopped for longer than their silence may last."""
    over = threading.Event()

    def device(request: bytes, number: int) -> Iterator[bytes]:
        yield HEAD
        while not over.wait(0.01):
            yield part()

    with handled(device) as url:
        child = subprocess.Popen(
            [sys.executable, "-c", _WATCH, url, str(Path(__file__).parents[1])],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        try:
            # On a busy machine one may be done before another has begun.
            lines: list[str] = []
            while sum(line.startswith("3 ") for line in lines) < len(DRIVERS):
                lines.append(child.stdout.readline())
                assert lines[-1], lines
            os.kill(child.pid, signal.SIGSTOP)
            over.wait(1.4)
            os.kill(child.pid, signal.SIGCONT)
            said, _ = child.communicate(timeout=LATE)
        finally:
            over.set()
            child.kill()
            child.wait()
            child.stdout.close()
    told = [*"".join(lines).splitlines(), *said.splitlines()]
    assert sorted(told) == sorted(f"{count} {name}" for count in (3, 40) for name in DRIVERS)
