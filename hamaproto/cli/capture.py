"""Watching a camera for a while: picture and sound at once, counted as they come.

One event loop, one task a stream.  What becomes of a frame is up to the callbacks; what
came and what went wrong is in a `Tally` for each stream.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hamaproto import commands
from hamaproto.cli.exits import INTERRUPTED, OK, PARTIAL, exit_code
from hamaproto.cli.plain import note
from hamaproto.commands import StreamRequest
from hamaproto.errors import CameraTimeoutError, HamaError
from hamaproto.events import Anomaly, AudioFrame, Frame, Skipped
from hamaproto.io._common import Backoff, Disconnected
from hamaproto.io.asyncio import Camera

__all__ = ["Tally", "run_until_stopped", "verdict", "watch", "watch_picture", "watch_sound"]

T = TypeVar("T")


@dataclass(slots=True)
class Tally:
    """What came of one stream; times are seconds of `time.monotonic`."""

    frames: int = 0
    cut_off: int = 0
    received: int = 0
    skipped: int = 0
    anomalies: Counter[str] = field(default_factory=Counter)
    losses: int = 0
    first: float | None = None
    last: float | None = None
    error: HamaError | None = None

    @property
    def seconds(self) -> float:
        """From the first frame to the last."""
        return 0.0 if self.first is None or self.last is None else self.last - self.first

    @property
    def rate(self) -> float:
        """Frames a second."""
        return (self.frames - 1) / self.seconds if self.seconds > 0 else 0.0

    @property
    def whole(self) -> bool:
        """Whether nothing is known to be missing."""
        return self.error is None and not self.losses

    def count(self, event: object, at: float) -> None:
        """Take note of an event that came at that time."""
        match event:
            case Frame() | AudioFrame():
                self.frames += 1
                self.cut_off += isinstance(event, Frame) and not event.complete
                self.first = at if self.first is None else self.first
                self.last = at
            case Anomaly():
                self.anomalies[event.code.value] += 1
            case Skipped():
                self.skipped += event.length
            case Disconnected():
                self.losses += 1


async def watch_picture(
    camera: Camera, tally: Tally, take: Callable[[Frame, float], None], backoff: Backoff | None
) -> None:
    """Give every picture and its arrival time to `take`; errors go to the tally."""
    await _watch(camera, commands.video_stream(), tally, Frame, take, backoff)


async def watch_sound(
    camera: Camera, tally: Tally, take: Callable[[AudioFrame, float], None], backoff: Backoff | None
) -> None:
    """The same for sound."""
    await _watch(camera, commands.audio_stream(), tally, AudioFrame, take, backoff)


async def _watch(
    camera: Camera,
    request: StreamRequest[Any],
    tally: Tally,
    kind: type[T],
    take: Callable[[T, float], None],
    backoff: Backoff | None,
) -> None:
    stream = (
        camera.stream(request) if backoff is None else camera.stream(request, reconnect=backoff)
    )
    async with stream as events:
        try:
            async for event in events:
                now = time.monotonic()
                tally.count(event, now)
                if isinstance(event, kind):
                    take(event, now)
        except HamaError as error:
            tally.error = error
        finally:
            tally.received = stream.received


async def watch(*work: Coroutine[Any, Any, None], seconds: float | None) -> None:
    """Run together until the first of them ends, or the time is over; then cancel the rest.

    Raises what a callback raised, such as an error of the disk.
    """
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        async with asyncio.timeout(seconds):
            running = set(tasks)
            while tasks[0] in running:
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
    except TimeoutError:
        pass
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def verdict(lead: Tally, *others: Tally, finished: bool) -> int:
    """The exit code for what came of the streams; says what is missing."""
    for tally in (lead, *others):
        if tally.error is not None:
            note(str(tally.error))
        if tally.losses:
            note(f"connections lost: {tally.losses}")
    if lead.frames:
        return OK if all(tally.whole for tally in (lead, *others)) else PARTIAL
    if lead.error is not None:
        return exit_code(lead.error)
    if not finished:
        return INTERRUPTED
    note("nothing came")
    return exit_code(CameraTimeoutError())


def run_until_stopped(work: Coroutine[Any, Any, None]) -> bool:
    """Run on a new event loop; a signal to end cancels the work.  False if one came."""

    async def main() -> bool:
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(work)
        stopped = False

        def stop() -> None:
            nonlocal stopped
            stopped = True
            task.cancel()

        with contextlib.suppress(NotImplementedError, RuntimeError):  # Windows; another thread
            for name in ("SIGINT", "SIGTERM", "SIGHUP"):
                if hasattr(signal, name):
                    loop.add_signal_handler(getattr(signal, name), stop)
        try:
            await task
        except asyncio.CancelledError:
            if not stopped:
                raise
        return not stopped

    return asyncio.run(main())
