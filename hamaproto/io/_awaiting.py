"""What the two drivers that await have in common: asyncio and anyio.

    Camera  asks, and makes streams       Stream  an async iterator over events
    Line    does what a session's steps ask for; a driver adds how it opens, receives, sends

No event loop is named here: each wait is a method of a driver's own `Line`.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Awaitable,
    Coroutine,
    Generator,
    Iterable,
)
from types import TracebackType
from typing import Any, Final, Protocol, Self, TypeVar, cast, overload

from hamaproto import commands
from hamaproto.client import Confirmed
from hamaproto.commands import Request, StreamRequest
from hamaproto.errors import RefusedError
from hamaproto.events import Frame
from hamaproto.inbox import Inbox
from hamaproto.io._driver import BaseCamera, BaseStream, another_reads, was_closed
from hamaproto.io._tls import Tls
from hamaproto.models import Ack
from hamaproto.session import Action, Disconnected, Reconnected, Session, StreamEvent
from hamaproto.settings import Backoff, Endpoint, Policy
from hamaproto.sound import checked_frames, is_one_piece
from hamaproto.talk import TalkAction, TalkStep, talk

__all__ = ["AwaitingCamera", "AwaitingLine", "Source", "Stream"]

R = TypeVar("R")
E = TypeVar("E")

#: As a name of this module it need not be looked up for each event.
_RECEIVE: Final = Action.RECEIVE


class Source(Protocol):
    """What a stream takes its events from: a line, or what reads a line in the background."""

    @property
    def closed(self) -> bool:
        """Whether it was closed by the program."""

    @property
    def is_open(self) -> bool:
        """Whether it holds a socket, or is about to."""

    @property
    def dropped(self) -> int:
        """Events that were replaced by newer ones."""

    async def begin(self) -> None:
        """The stream is entered by `async with`."""

    async def end(self) -> None:
        """The stream is left again, closed."""

    async def next_event(self, stream: BaseStream[Any] | None = None) -> StreamEvent:
        """The next event, of those that the stream shows if one asks.

        Raises StopAsyncIteration at the end, or when it was closed.  The stream is held here: who
        has only what its `__anext__` gave is not to lose it as a forgotten one.
        """
        ...

    def close(self) -> None:
        """Close it at once, whoever waits for it."""

    async def gone(self) -> None:
        """Wait until nothing is left of the connection."""


class AwaitingLine(ABC):
    """The connection of a session, or none: does what the steps ask for."""

    __slots__ = ("__weakref__", "_busy", "_session", "_tls", "closed")

    def __init__(self, session: Session[Any], tls: Tls) -> None:
        self._session = session
        self._tls = tls
        self.closed = False
        # Whether somebody waits in here already.
        self._busy = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
        await self.gone()

    @property
    def dropped(self) -> int:
        """Events that were replaced by newer ones."""
        return 0

    async def begin(self) -> None:  # noqa: B027  # nothing is read in the background
        """The stream is entered by `async with`."""

    async def end(self) -> None:  # noqa: B027  # as above
        """The stream is left again, closed."""

    @property
    def _endpoint(self) -> Endpoint:
        return self._session.endpoint

    # -- what a driver adds

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether it holds a socket, or is about to."""

    @abstractmethod
    def now(self) -> float:
        """Seconds, by the clock of the event loop."""

    @abstractmethod
    async def _open(self) -> None:
        """Do `Action.OPEN`."""

    @abstractmethod
    async def _send_again(self) -> None:
        """Do `Action.SEND`."""

    @abstractmethod
    def _receive(self) -> Awaitable[None]:
        """Do `Action.RECEIVE`."""

    @abstractmethod
    async def _sleep(self, seconds: float) -> None:
        """Wait so long, or until `close`."""

    @abstractmethod
    async def _send(self, data: bytes) -> None:
        """Send everything; a failure shows in the next step."""

    @abstractmethod
    async def _listen(self, until: float) -> None:
        """Receive once, but no longer than to that time; what is there at least."""

    @abstractmethod
    def _hang_up(self) -> None:
        """Say on the connection that nothing follows, if it can say so."""

    @abstractmethod
    def _let_go(self) -> None:
        """Close the connection, without waiting."""

    @abstractmethod
    async def gone(self) -> None:
        """Wait until nothing is left of the connection, or of the attempt to have one."""

    def close(self) -> None:
        """Close it at once, whoever waits for it."""
        self.closed = True
        self._let_go()

    async def _drop(self) -> None:
        self._let_go()
        await self.gone()

    def _step(self) -> StreamEvent | Action:
        return self._session.step()

    # -- steps

    async def next_event(self, stream: BaseStream[Any] | None = None) -> StreamEvent:
        """The next event, doing what it takes; see `Source`."""
        if self._busy:
            raise another_reads()
        self._busy = True
        try:
            while not self.closed:
                step = self._step()
                if step is _RECEIVE:
                    await self._receive()
                elif isinstance(step, Action):
                    if not await self._do(step):
                        break
                else:
                    if isinstance(step, Disconnected):
                        # Not waited for: whoever was cancelled here would lose the event.
                        self._let_go()
                    if stream is None or stream.shows(step):
                        return step
        finally:
            self._busy = False
        raise StopAsyncIteration

    async def _do(self, action: Action) -> bool:
        """Do any other step; False at the end.  Raises the error of `Action.FAIL`."""
        session = self._session
        if action is Action.SEND:
            await self._send_again()
            return True
        await self._drop()
        if action is Action.OPEN:
            await self._open()
            return True
        if action is Action.SLEEP:
            await self._sleep(session.delay)
            session.slept(self.now())
            return True
        if action is Action.FAIL:
            assert session.error is not None
            # A new traceback each time: this one may be raised again.
            raise session.error.with_traceback(None)
        return False

    async def talk(self, sound: AsyncGenerator[bytes, None]) -> int:
        """Carry out the plan of talking back; gives how many frames were sent."""
        plan = talk(self._session, self.now)
        frames: bytes | None = None
        while True:
            if self.closed:
                raise was_closed("talked to")
            try:
                step = plan.send(frames)
            except StopIteration as done:
                return cast(int, done.value)
            frames = None
            if step.action is TalkAction.FRAMES:
                frames = await anext(sound, None)
            else:
                await self._say(step)

    async def _say(self, step: TalkStep) -> None:
        if step.action is TalkAction.OPEN:
            await self._do(Action.OPEN)
        elif step.action is TalkAction.SEND:
            await self._send(step.data)
        elif step.action is TalkAction.LISTEN:
            await self._listen(step.until)
        else:
            self._hang_up()


class AwaitingCamera(BaseCamera, ABC):
    """The part of a driver's `Camera` that is the same for every event loop."""

    @abstractmethod
    def _line(self, session: Session[Any], inbox: Inbox[StreamEvent] | None = None) -> AwaitingLine:
        """A line of the driver, which this camera closes."""

    def _source(self, session: Session[Any], inbox: Inbox[StreamEvent], policy: Policy) -> Source:
        """What a stream takes its events from."""
        return self._line(session, inbox)

    async def execute(self, request: Request[R]) -> R:
        """Ask, and wait for the whole answer.

        Gives what the request promises: a `Frame`, a view of `hamaproto.models`, an `Ack` or a
        `RawAnswer`.  Raises DeviceError where the device refuses, TransportError where the network
        fails or `Timeouts.total` is over, and RemoteProtocolError for bytes without a safe reading.
        """
        session = self._begin(request)
        async with self._line(session) as line:
            with contextlib.suppress(StopAsyncIteration):
                while True:
                    await line.next_event()
            if line.closed:
                raise was_closed("asked")
        return cast(R, session.result())

    async def update(self, request: Request[Ack]) -> Confirmed:
        """Change parameters, and read back what the camera made of them.

        `differences` of the result names what was stored otherwise.  Raises as `execute`, and
        LocalProtocolError for a request that sets nothing that can be read back.
        """
        plan = self._begin_update(request)
        asked = next(plan)
        try:
            while True:
                try:
                    answer = await self.execute(asked)
                except RefusedError as error:
                    asked = plan.throw(error)
                else:
                    asked = plan.send(answer)
        except StopIteration as done:
            return cast(Confirmed, done.value)

    async def snapshot(self) -> Frame:
        """The picture of this moment: `data` is a JPEG image, as it may stand in a file.

        `complete` is False if it was cut off on the way.  Raises as `execute`.
        """
        return await self.execute(commands.image())

    def frames(
        self,
        request: StreamRequest[Any] | None = None,
        *,
        reconnect: Backoff | None = None,
        queue: int = 16,
        policy: Policy = "wait",
    ) -> Stream[Frame]:
        """Whole pictures, one after another; pictures that were cut off are left out.

        `request` is a stream of pictures; without it, `video_stream()`.  The arguments are those
        of `stream`, and so are the errors.  With `reconnect` losses pass unseen.
        """
        asked = self._pictures_of(request)
        return self._stream(asked, reconnect, queue, policy, pictures=True)

    @overload
    def stream(
        self,
        request: StreamRequest[E],
        *,
        reconnect: None = None,
        queue: int = 16,
        policy: Policy = "wait",
    ) -> Stream[E]: ...
    @overload
    def stream(
        self,
        request: StreamRequest[E],
        *,
        reconnect: Backoff,
        queue: int = 16,
        policy: Policy = "wait",
    ) -> Stream[E | Disconnected | Reconnected]: ...
    def stream(
        self,
        request: StreamRequest[Any],
        *,
        reconnect: Backoff | None = None,
        queue: int = 16,
        policy: Policy = "wait",
    ) -> Stream[Any]:
        """The events of an answer without end; nothing is asked before the first is taken.

        Without `reconnect` a loss is raised behind what came before it.  With it, losses
        are told as `Disconnected` and `Reconnected`; a refused login is raised all the same.
        At most `queue` events wait to be taken.  With `policy="latest"` a frame that was not
        taken in time is replaced by the next; with anyio that takes `async with`.
        """
        return self._stream(request, reconnect, queue, policy)

    def _stream(
        self,
        request: StreamRequest[Any],
        reconnect: Backoff | None,
        queue: int,
        policy: Policy,
        *,
        pictures: bool = False,
    ) -> Stream[Any]:
        session, inbox = self._begin_stream(request, reconnect, queue, policy)
        source = self._source(session, inbox, policy)
        return self._given(Stream(session, source, pictures=pictures))

    async def talk(self, frames: bytes | Iterable[bytes] | AsyncIterable[bytes]) -> int:
        """Say something: GSM 06.10 frames of 33 bytes, one at a time or many, at their pace.

        50 frames are a second.  Gives how many were sent.  This is not in the specification, and no
        camera has been seen to answer: whether the sound was heard is not known.
        """
        checked_frames(frames, asynchronous=True)
        if self._settings.needs_login_first:
            await self.execute(commands.audio_status())
        session = self._session(commands.talk())
        async with self._line(session) as line, contextlib.aclosing(_sound(frames)) as sound:
            return await line.talk(sound)

    def close(self) -> Gone:
        """Close every connection at once; a stream that is being read ends.

        Awaiting it waits until nothing is left of them.
        """
        return Gone(self._close_lines())

    async def __aenter__(self) -> Self:
        self._in_with = True
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


async def _sound(
    frames: bytes | Iterable[bytes] | AsyncIterable[bytes],
) -> AsyncGenerator[bytes, None]:
    if isinstance(frames, AsyncIterable):
        async for item in frames:
            yield item
    elif is_one_piece(frames):
        yield cast(bytes, frames)
    else:
        for item in cast(Iterable[bytes], frames):
            yield item


class Stream(BaseStream[E]):
    """The events of an endless answer, as an async iterator; also a context manager.

    The last event of a stream is `EndOfStream`.  If the end is a loss, the error is raised
    behind it.  Cancelling a task that waits for an event loses nothing: ask again.  One task
    at a time may ask: a second one gets a LocalProtocolError.
    """

    __slots__ = ()

    @property
    def dropped(self) -> int:
        """Events that were replaced by newer ones (`policy="latest"`)."""
        return cast(Source, self._line).dropped

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Coroutine[Any, Any, E]:
        # Not a coroutine of its own around that one, which each event would have to go through.
        return cast(Coroutine[Any, Any, E], self._line.next_event(self))

    def close(self) -> Gone:
        """Close the connection at once; what was not taken is gone."""
        self._line.close()
        return Gone((self._line,))

    async def aclose(self) -> None:
        """`close`, for `contextlib.aclosing`."""
        await self.close()

    async def __aenter__(self) -> Self:
        await self._line.begin()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
        await self._line.end()


class Gone:
    """Awaitable: until nothing is left of some connections."""

    __slots__ = ("_sources",)

    def __init__(self, sources: tuple[Source, ...]) -> None:
        self._sources = sources

    def __await__(self) -> Generator[Any, None, None]:
        for source in self._sources:
            yield from source.gone().__await__()
