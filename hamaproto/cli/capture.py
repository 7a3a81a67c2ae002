"""Watching a camera for a while: picture and sound at once, counted as they come.

One event loop, one task a stream.  What becomes of a frame is up to the callbacks; what
came and what went wrong is in a `Tally` for each stream.  A picture of a size that none can
have reaches no callback.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from hamaproto import commands
from hamaproto.cli.output import StoppedError
from hamaproto.cli.signals import stopping
from hamaproto.cli.tally import NO_SOUND, Tally, verdict
from hamaproto.commands import StreamRequest
from hamaproto.errors import ConnectError, HamaError
from hamaproto.events import AudioFrame, Frame
from hamaproto.io import Backoff, Disconnected
from hamaproto.io.asyncio import Camera
from hamaproto.models import Availability
from hamaproto.picture_size import absurd_size

__all__ = [
    "NO_SOUND",
    "Tally",
    "declared_rate",
    "has_sound",
    "run_until_stopped",
    "verdict",
    "watch",
    "watch_picture",
    "watch_sound",
]

#: Seconds that pictures wait for the answer whether there is sound.
_PATIENCE: Final = 3.0

T = TypeVar("T")

#: A selector, two sockets to wake it, and one to ask the camera.
_LOOP_DESCRIPTORS: Final = 4

#: The highest rate of pictures that a camera is believed.
_MOST_FPS: Final = 120


async def watch_picture(
    camera: Camera,
    tally: Tally,
    take: Callable[[Frame, float], None],
    backoff: Backoff | None,
    lost: Callable[[], None] | None = None,
    request: StreamRequest[Any] | None = None,
) -> None:
    """Give every picture and its arrival time to `take`; errors go to the tally.

    `lost` is called when the connection was lost and another one is tried.  `request` is for
    a stream under another name than that of this family.
    """
    await _watch(camera, request or commands.video_stream(), tally, Frame, take, backoff, lost)


async def watch_sound(
    camera: Camera,
    tally: Tally,
    take: Callable[[AudioFrame, float], None],
    backoff: Backoff | None,
    lost: Callable[[], None] | None = None,
) -> None:
    """The same for sound."""
    await _watch(camera, commands.audio_stream(), tally, AudioFrame, take, backoff, lost)


async def declared_rate(camera: Camera) -> int | None:
    """The pictures a second that the camera is set to; None if it does not say.

    Why it does not is told by the stream that is asked for next.
    """
    try:
        async with asyncio.timeout(_PATIENCE):
            fps = (await camera.execute(commands.mjpeg_fps())).fps
    except (HamaError, TimeoutError):
        return None
    return fps if fps is not None and 0 < fps <= _MOST_FPS else None


async def has_sound(camera: Camera, *, again: bool, other: bool = False) -> bool:
    """Ask the camera whether it hears (3.2); True if it does not say, and the stream will tell.

    A camera of `other` kinds has sound of this kind only if it says so.  Raises ConnectError
    unless the streams are asked for `again`: who can't be reached has nothing to say of the
    rest either.
    """
    try:
        async with asyncio.timeout(_PATIENCE):
            status = await camera.execute(commands.audio_status())
    except ConnectError:
        if not again:
            raise
        return not other
    except (HamaError, TimeoutError):
        return not other
    if other and status.audio is None:
        return False
    return status.audio not in (Availability.NO, Availability.DISABLED)


async def _watch(
    camera: Camera,
    request: StreamRequest[Any],
    tally: Tally,
    kind: type[T],
    take: Callable[[T, float], None],
    backoff: Backoff | None,
    lost: Callable[[], None] | None,
) -> None:
    stream = (
        camera.stream(request) if backoff is None else camera.stream(request, reconnect=backoff)
    )
    async with stream as events:
        try:
            async for event in events:
                received = getattr(event, "received", None)
                at = time.monotonic() if received is None else received.monotonic
                if isinstance(event, Frame) and (size := absurd_size(event.data)) is not None:
                    tally.refuse(size)
                    continue
                tally.count(event, at)
                if isinstance(event, kind):
                    take(event, at)
                elif isinstance(event, Disconnected) and lost is not None:
                    lost()
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


def run_until_stopped(work: Coroutine[Any, Any, None]) -> bool:
    """Run on a new event loop; a signal to end cancels the work.  False if one came."""

    async def main() -> bool:
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(work)
        stopped = False

        def stop() -> None:
            nonlocal stopped
            stopped = True
            loop.call_soon_threadsafe(task.cancel)

        with stopping(stop):
            try:
                await task
            except asyncio.CancelledError:
                if not stopped:
                    raise
            except StoppedError:
                stopped = True
        return not stopped

    try:
        _check_descriptors()
        with asyncio.Runner() as runner:
            return runner.run(main())
    finally:
        # Without descriptors for an event loop it was never begun.
        work.close()


def _check_descriptors() -> None:
    """Raise OSError if too few are left for an event loop.

    One that can't be made leaves half of itself, which complains when it is collected.
    """
    taken: list[int] = []
    try:
        for _ in range(_LOOP_DESCRIPTORS):
            taken.append(os.dup(taken[0]) if taken else os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        raise OSError(error.errno, error.strerror) from None
    finally:
        for descriptor in taken:
            os.close(descriptor)
