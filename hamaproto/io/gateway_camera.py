"""A camera as the gateway has it: asked for a stream while somebody takes it, and no longer.

`GatewayCamera` drives what `hamaproto.gateway` knows without I/O.  Each stream has one task: it
waits until the stream is wanted, asks the camera for it, and gives what comes to the feed.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, Generic, TypeVar

from hamaproto import commands
from hamaproto.commands import StreamRequest
from hamaproto.errors import AuthenticationError, HamaError
from hamaproto.gateway.feed import Feed, Pictures, Taker
from hamaproto.gateway.shot import Shot
from hamaproto.gateway.sound import Piece, Sounds
from hamaproto.gateway.status import State, Status
from hamaproto.io.asyncio import Camera, Stream
from hamaproto.io.gateway_control import Controls
from hamaproto.session import StreamEvent
from hamaproto.settings import Backoff

__all__ = ["GatewayCamera", "UnavailableError"]

T = TypeVar("T")

#: A stream, and what is done with its events.
_Asked = tuple[Stream[Any], Callable[[StreamEvent, float, float], None]]

#: Seconds between two looks at the clock: by so much a stall is told late at most.
TICK_SECONDS: Final = 0.25
#: How a lost stream is asked for again.
_BACKOFF: Final = Backoff(initial=0.5, cap=8.0)
#: Seconds until it is tried again after an error that trying soon does not help.
_LONG_DELAY: Final = 30.0
#: Seconds that a first picture is waited for.
PATIENCE: Final = 15.0


class UnavailableError(Exception):
    """There is no picture: why, and in how many seconds there may be one."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.message or f"the camera's stream is {status.state}")
        self.status = status


class GatewayCamera:
    """`async with GatewayCamera("porch", camera) as one`; `camera` is closed with it."""

    def __init__(self, name: str, camera: Camera, *, keep_warm: float = 5.0) -> None:
        self.name = name
        self.camera = camera
        self.pictures = Pictures(keep_warm=keep_warm)
        self.sounds = Sounds(keep_warm=keep_warm)
        self._picture_line = _Line(self.pictures)
        self._sound_line = _Line(self.sounds)
        self.controls = Controls(camera, self.snapshot)
        self.talked = False
        """Whether somebody talks to it."""
        self._tasks: list[asyncio.Task[None]] = []
        self._snapshot: asyncio.Task[Shot] | None = None

    def __repr__(self) -> str:
        return f"<GatewayCamera {self.name} of {self.camera.url}, {self.pictures.status.state}>"

    async def __aenter__(self) -> GatewayCamera:
        create = asyncio.get_running_loop().create_task
        self._tasks = [
            create(self._picture_line.run(self._ask_pictures)),
            create(self._sound_line.run(self._ask_sound)),
            create(self._tick()),
        ]
        return self

    async def __aexit__(self, *exc: object) -> None:
        for task in self._tasks:
            task.cancel()
        if self._snapshot is not None:
            self._snapshot.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.controls.close()
        await self.camera.close()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._picture_line.tick()
            self._sound_line.tick()

    # -- pictures

    def _ask_pictures(self) -> _Asked:
        request: StreamRequest[Any] = commands.video_stream()
        stream = self.camera.stream(request, reconnect=_BACKOFF, queue=64)
        return stream, self.pictures.take

    def _ask_sound(self) -> _Asked:
        request: StreamRequest[Any] = commands.audio_stream()
        return self.camera.stream(request, reconnect=_BACKOFF, queue=64), self.sounds.take

    @contextlib.contextmanager
    def watched(self, taker: Taker[Shot]) -> Iterator[None]:
        """In here the taker gets each picture, and at once the one that is there."""
        with self._picture_line.taken(taker):
            newest = self.pictures.newest
            if newest is not None and self.pictures.status.state is State.LIVE:
                taker.offer(newest)
            yield

    async def picture(self) -> Shot:
        """The newest picture, or the first one.

        Raises UnavailableError where there is none, or none for 15 seconds.
        """
        if self.pictures.newest is not None and self.pictures.status.state is State.LIVE:
            return self.pictures.newest
        return await self._next_picture(PATIENCE)

    async def _next_picture(self, seconds: float) -> Shot:
        waiting = _Waiting[Shot]()
        with self._picture_line.taken(waiting):
            return await waiting.first(self.pictures, seconds)

    def heard(self, taker: Taker[Piece]) -> contextlib.AbstractContextManager[None]:
        """In here the taker gets each piece of the sound."""
        return self._sound_line.taken(taker)

    async def sound(self) -> Piece:
        """The next piece of the sound.  Raises UnavailableError as `picture` does."""
        waiting = _Waiting[Piece]()
        with self._sound_line.taken(waiting):
            return await waiting.first(self.sounds, PATIENCE)

    async def snapshot(self, max_age: float = 0.0) -> Shot:
        """A picture that came, or was asked for, no longer than that before now, in seconds.

        It is taken from the stream while that is live; else the camera is asked for one, once for
        all who want it.  Raises UnavailableError or HamaError.
        """
        oldest = time.monotonic() - max_age
        newest = self.pictures.newest
        if newest is not None and newest.at >= oldest:
            return newest
        if self.pictures.status.state is State.LIVE:
            with contextlib.suppress(UnavailableError):
                return await self._next_picture(2.0)
        while True:
            if self._snapshot is None or self._snapshot.done():
                self._snapshot = asyncio.get_running_loop().create_task(self._ask_snapshot())
                self._snapshot.add_done_callback(_looked_at)
            shot = await asyncio.shield(self._snapshot)
            # What was asked for by somebody before may be too old for this one.
            if shot.at >= oldest:
                return shot

    async def _ask_snapshot(self) -> Shot:
        asked, wall = time.monotonic(), time.time()
        frame = await self.camera.snapshot()
        return Shot(self.pictures.counts.frames, frame.data, asked, wall)


def _looked_at(task: asyncio.Task[Shot]) -> None:
    """Who wanted it may be gone: its error is nobody's then."""
    if not task.cancelled():
        task.exception()


class _Waiting(Generic[T]):
    """Waits for the first picture, or piece of sound."""

    def __init__(self) -> None:
        self.tally = None
        self._item: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def offer(self, item: T, /) -> None:
        if not self._item.done():
            self._item.set_result(item)

    def tell(self, status: Status, /) -> None:
        if status.state in (State.REFUSED, State.FAILED) and not self._item.done():
            self._item.set_exception(UnavailableError(status))

    async def first(self, feed: Feed[T], seconds: float) -> T:
        try:
            async with asyncio.timeout(seconds):
                return await self._item
        except TimeoutError:
            raise UnavailableError(feed.status) from None


class _Line:
    """The connection for one feed: there while somebody takes it."""

    def __init__(self, feed: Feed[Any]) -> None:
        self.feed = feed
        self._wake = asyncio.Event()
        self._stream: Stream[Any] | None = None

    def tick(self) -> None:
        """Let go of what nobody takes, and say what has not come."""
        now = time.monotonic()
        if not self.feed.is_wanted(now):
            self._let_go()
        elif self.feed.status.state is not State.IDLE:
            self.feed.tick(now, time.time())

    def _let_go(self) -> None:
        if self._stream is not None:
            self._stream.close()

    @contextlib.contextmanager
    def taken(self, taker: Taker[Any]) -> Iterator[None]:
        self.feed.join(taker)
        self._wake.set()
        try:
            yield
        finally:
            self.feed.leave(taker, time.monotonic())

    async def run(self, ask: Callable[[], _Asked]) -> None:
        """Ask whenever it is wanted; ends when it is cancelled."""
        attempt = 0
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self.feed.is_wanted(time.monotonic()):
                frames = self.feed.counts.frames
                self.feed.begin(time.monotonic(), time.time())
                lost: HamaError | None = None
                try:
                    await self._once(ask)
                except HamaError as error:
                    lost = error
                if not self.feed.is_wanted(time.monotonic()):
                    break
                attempt = attempt + 1 if self.feed.counts.frames == frames else 1
                refused = isinstance(lost, AuthenticationError)
                delay = _LONG_DELAY if refused else _BACKOFF.delay(attempt)
                self.feed.lost(lost, delay, time.time())
                await self._pause(delay)
            self.feed.rest(time.time())

    async def _once(self, ask: Callable[[], _Asked]) -> None:
        stream, take = ask()
        self._stream = stream
        try:
            async with stream:
                async for event in stream:
                    received = getattr(event, "received", None)
                    if received is None:
                        take(event, time.monotonic(), time.time())
                    else:
                        take(event, received.monotonic, received.wall)
        finally:
            self._stream = None

    async def _pause(self, seconds: float) -> None:
        """Wait so long, but no longer than anybody wants it."""
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until and self.feed.is_wanted(now):
            await asyncio.sleep(min(TICK_SECONDS, until - now))
