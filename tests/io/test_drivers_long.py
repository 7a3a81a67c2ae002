"""Streams that live long, through the three drivers: silence, losses, processes that are stopped.

The arithmetic behind it is in `test_patience.py`, with a clock that is a number.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from answering import handled
from conversations import PICTURE
from driving import DRIVERS, LATE, Driver, asynchronous, collect, everywhere, frames_of
from driving import nothing_left as nothing_left
from driving import quick_collections as quick_collections

from hamaproto import commands
from hamaproto.errors import BusyError, HamaError, IdleTimeoutError, RefusedError
from hamaproto.events import AudioFrame, Data
from hamaproto.io import Backoff, Disconnected, Reconnected, Timeouts
from hamaproto.limits import Limits

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"


def part(body: bytes = PICTURE, kind: bytes = b"image/jpeg") -> bytes:
    return (
        b"--b\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n" % (kind, len(body))
        + body
        + b"\r\n"
    )


STREAM = HEAD + part() * 2 + b"--b--\r\n"
PING = part(b"ping", b"text/plain")
#: What comes in the place of pictures, again and again.
DRIPS = {
    "keep-alive parts": PING,
    "line ends": b"\r\n",
    "pictures that are cut off": part(PICTURE[:300]),
    "one picture without end": PICTURE[200:210],
}


@everywhere
@pytest.mark.parametrize("drip", DRIPS.values(), ids=DRIPS)
def test_bytes_without_a_frame_are_silence(driver: Driver, drip: bytes) -> None:
    over = threading.Event()

    def device(request: bytes, number: int) -> Iterator[bytes]:
        yield HEAD + part() + (part(PICTURE[:-2])[:-10] if drip == PICTURE[200:210] else b"")
        while not over.wait(0.01):
            yield drip

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


@everywhere
def test_sound_that_stops_is_silence(driver: Driver) -> None:
    over = threading.Event()

    def device(request: bytes, number: int) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Type: audio/gsm\r\n\r\n" + (b"\xd0" + bytes(32)) * 10
        while not over.wait(0.01):
            yield b"\x00"

    async def scenario(url: str) -> None:
        async with driver.Camera(url, timeout=Timeouts(frame=0.12)) as camera:
            events, error = await collect(camera.stream(commands.audio_stream()))
        assert sum(isinstance(event, AudioFrame) for event in events) >= 9
        assert isinstance(error, IdleTimeoutError)
        assert "no frame of sound for 0.12 s" in str(error)

    with handled(device) as url:
        try:
            driver.run(scenario, url)
        finally:
            over.set()


# -- losses that pass -------------------------------------------------------------------


def refusal(status: str, *lines: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *lines, "Content-Length: 0", "", "")).encode()


PASSING = {
    "408": refusal("408 Request Timeout"),
    "425": refusal("425 Too Early"),
    "429": refusal("429 Too Many Requests"),
    "500": refusal("500 Internal Server Error"),
    "503": refusal("503 Service Unavailable", "Retry-After: 0"),
    "a page": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>starting</html>",
    "a text": b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nsystem is booting",
}


@everywhere
@pytest.mark.parametrize("answer", PASSING.values(), ids=PASSING)
def test_a_refusal_that_passes_is_a_loss(driver: Driver, answer: bytes) -> None:
    async def scenario(url: str) -> list[Any]:
        backoff = Backoff(initial=0.001, jitter=0)
        async with driver.Camera(url, timeout=LATE) as camera:
            stream = camera.stream(commands.video_stream(), reconnect=backoff)
            events, error = await collect(stream, at_most=12)
        assert error is None
        return [event for event in events if not isinstance(event, Data)]

    with handled(lambda request, number: STREAM if number % 3 == 0 else answer) as url:
        events = driver.run(scenario, url)
    # Two pictures, the end, two refusals, and again.
    assert [type(event).__name__ for event in events][:7] == [
        *("Frame", "Frame", "Disconnected", "Disconnected", "Disconnected", "Reconnected", "Frame")
    ]
    lost = [event for event in events if isinstance(event, Disconnected)]
    assert lost[0].error is None
    assert all(isinstance(event.error, RefusedError | BusyError) for event in lost[1:3])
    assert next(event for event in events if isinstance(event, Reconnected)).attempts == 3


@everywhere
@pytest.mark.parametrize("status", ["403 Forbidden", "404 Not Found", "401 Unauthorized"])
def test_a_refusal_that_stays_is_the_end(driver: Driver, status: str) -> None:
    async def scenario(url: str) -> None:
        backoff = Backoff(initial=0.001, jitter=0, attempts=5)
        async with driver.Camera(url, timeout=LATE) as camera:
            stream = camera.stream(commands.video_stream(), reconnect=backoff)
            events, error = await collect(stream)
        assert len(frames_of(events)) == 2
        assert isinstance(error, HamaError)
        assert getattr(error, "status", None) == int(status[:3])

    with handled(lambda request, number: refusal(status) if number else STREAM) as url:
        driver.run(scenario, url)


@everywhere
def test_a_page_that_was_never_a_stream_is_the_end(driver: Driver) -> None:
    async def scenario(url: str) -> None:
        async with driver.Camera(url, timeout=LATE) as camera:
            stream = camera.stream(commands.video_stream(), reconnect=Backoff(initial=0.001))
            events, error = await collect(stream)
        assert not frames_of(events)
        assert not any(isinstance(event, Disconnected) for event in events)
        assert isinstance(error, RefusedError)

    with handled(lambda request, number: PASSING["a page"]) as url:
        driver.run(scenario, url)


@everywhere
@pytest.mark.parametrize(
    ("lines", "low", "high"),
    [
        (["Retry-After: 7"], 7, 7),
        (["Retry-After: 100000"], 20, 20),
        (["Retry-After: 0"], 0.001, 0.001),
        (["Retry-After: soon"], 0.001, 0.001),
        # By the device's own clock, if it tells it.
        (
            ["Date: " + formatdate(0, usegmt=True), "Retry-After: " + formatdate(9, usegmt=True)],
            9,
            9,
        ),
        (["Retry-After: " + formatdate(time.time() + 3600, usegmt=True)], 20, 20),
        (["Retry-After: " + formatdate(0, usegmt=True)], 0.001, 0.001),
    ],
)
def test_retry_after_is_obeyed(driver: Driver, lines: list[str], low: float, high: float) -> None:
    async def scenario(url: str) -> None:
        backoff = Backoff(initial=0.001, jitter=0, cap=20)
        async with driver.Camera(url, timeout=LATE) as camera:
            stream = camera.stream(commands.video_stream(), reconnect=backoff)
            (event,), _ = await collect(stream, at_most=1)
        assert isinstance(event, Disconnected)
        assert low <= event.delay <= high

    with handled(lambda request, number: refusal("503 Busy", *lines)) as url:
        driver.run(scenario, url)


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
