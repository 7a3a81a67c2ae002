"""The driver for asyncio: what arrives is received straight into the parser's buffer.

    async with Camera("http://192.168.1.20", auth=("admin", "1234")) as camera:
        print((await camera.execute(commands.brand())).product_full_name)
        async with camera.stream(commands.video_stream()) as events:
            async for event in events: ...

One request is one connection.  No task reads: the transport's callbacks feed the parser and
fill a bounded queue, whoever asks for an event takes it from there, and a full queue stops
the reading, so that what is not taken waits in the kernel, and then in the camera.

`close` closes at once, awaited or not; awaiting it waits until the transports are gone.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, cast, overload
from weakref import WeakSet

from hamaproto import commands
from hamaproto.client import Confirmed, confirm
from hamaproto.commands import Request, StreamRequest
from hamaproto.errors import ConnectionLostError, LocalProtocolError
from hamaproto.events import Response
from hamaproto.io._clock import arrival
from hamaproto.io._common import (
    LAST_WORD_SECONDS,
    Auth,
    Backoff,
    Conversation,
    Disconnected,
    Do,
    Endpoint,
    Inbox,
    Occurrence,
    Policy,
    Reconnected,
    Settings,
    Timeouts,
    check_policy,
    connection_failed,
    due_after,
    talk_pieces,
)
from hamaproto.limits import Limits
from hamaproto.models import Ack

__all__ = ["Backoff", "Camera", "Disconnected", "Reconnected", "Stream", "Timeouts"]

R = TypeVar("R")
E = TypeVar("E")


class Camera:
    """One camera, asked by asyncio.

    `url` is `http://host[:port][/prefix]`; `auth` is `(user, password)`, or what
    `ClientConnection` takes.  `timeout` is `Timeouts`, or a number of seconds for all three.

    Raises what `hamaproto.errors` lists; every method but `close` raises LocalProtocolError
    once it was closed.  It belongs to one event loop; any number of its tasks may use it.
    """

    def __init__(
        self,
        url: str,
        *,
        auth: Auth = None,
        timeout: Timeouts | float | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._settings = Settings(url, auth, timeout, limits)
        self._lines: WeakSet[_Line] = WeakSet()
        self._closed = False

    def __repr__(self) -> str:
        return f"<Camera {self.url}{', closed' if self._closed else ''}>"

    @property
    def url(self) -> str:
        """Where it is, without credentials."""
        return self._settings.endpoint.url

    async def execute(self, request: Request[R]) -> R:
        """Ask, and wait for the answer: its type is that of the request."""
        self._settings.checked(request, Request, "execute")
        conversation = self._begin(request)
        async with self._line(conversation, Inbox(16, "wait")) as line:
            while await line.next_event() is not None:
                pass
            if line.closed:
                raise LocalProtocolError("the Camera was closed while it was asked")
        return cast(R, conversation.result())

    async def update(self, request: Request[Ack]) -> Confirmed:
        """Change parameters, and read back what the camera made of it."""
        plan = confirm(request)
        asked = next(plan)
        try:
            while True:
                asked = plan.send(await self.execute(asked))
        except StopIteration as done:
            return cast(Confirmed, done.value)

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
        At most `queue` events wait to be taken; with `policy="latest"` a frame that was not
        taken in time is replaced by the next.
        """
        self._settings.checked(request, StreamRequest, "stream")
        check_policy(policy, queue)
        conversation = self._begin(request, reconnect)
        return Stream(conversation, self._line(conversation, Inbox(queue, policy)))

    async def talk(self, frames: bytes | Iterable[bytes] | AsyncIterable[bytes]) -> int:
        """Say something: GSM 06.10 frames of 33 bytes, one at a time or many, at their pace.

        Returns how many frames were sent.  Not in the specification, and no camera has
        been seen to answer: that it was heard is not known.
        """
        if self._settings.needs_login_first():
            await self.execute(commands.audio_status())
        conversation = self._begin(commands.talk())
        async with self._line(conversation, Inbox(16, "wait")) as line:
            loop = asyncio.get_running_loop()
            await line.do(Do.OPEN)
            start = loop.time()
            sent = 0
            async with contextlib.aclosing(_pieces(frames)) as pieces:
                async for piece in pieces:
                    await line.listen(start + due_after(sent))
                    data = conversation.connection.send_audio(piece)
                    await line.send(data)
                    sent += len(data)
            await line.hang_up()
        return sent // 33

    def close(self) -> _Gone:
        """Close every connection at once; a stream that is being read ends."""
        self._closed = True
        lines = tuple(self._lines)
        for line in lines:
            line.close()
        return _Gone(lines)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def _begin(
        self, request: Request[Any] | StreamRequest[Any], reconnect: Backoff | None = None
    ) -> Conversation[Any]:
        if self._closed:
            raise LocalProtocolError("the Camera was closed")
        return self._settings.conversation(request, asyncio.get_running_loop().time(), reconnect)

    def _line(self, conversation: Conversation[Any], inbox: Inbox) -> _Line:
        line = _Line(self._settings.endpoint, conversation, inbox)
        self._lines.add(line)
        return line


class Stream(Generic[E]):
    """The events of an endless answer, as an async iterator; also a context manager.

    The last event of a stream is `EndOfStream`.  If the end is a loss, the error is raised
    behind it.  Cancelling a task that waits for an event loses nothing: ask again.
    """

    def __init__(self, conversation: Conversation[Any], line: _Line) -> None:
        self._conversation = conversation
        self._line = line

    def __repr__(self) -> str:
        return f"<Stream {self._conversation!r}{', closed' if self._line.closed else ''}>"

    @property
    def response(self) -> Response | None:
        """The head of the answer, once it came."""
        return self._conversation.response

    @property
    def received(self) -> int:
        """Bytes that came in so far."""
        return self._conversation.received

    @property
    def dropped(self) -> int:
        """Events that were replaced by newer ones (`policy="latest"`)."""
        return self._line.inbox.dropped

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E:
        event = await self._line.next_event()
        if event is None:
            raise StopAsyncIteration
        return cast(E, event)

    def close(self) -> _Gone:
        """Close the connection at once; what was not taken is gone."""
        self._line.close()
        return _Gone((self._line,))

    async def aclose(self) -> None:
        """`close`, for `contextlib.aclosing`."""
        await self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __del__(self) -> None:
        # A loop that was left by `break` leaves nobody who could close it.
        with contextlib.suppress(RuntimeError):  # the event loop may be closed by now
            self._line.close()


class _Gone:
    """Awaitable: until the transports of some lines are gone."""

    __slots__ = ("_lines",)

    def __init__(self, lines: tuple[_Line, ...]) -> None:
        self._lines = lines

    def __await__(self) -> Generator[Any, None, None]:
        for line in self._lines:
            yield from line.gone().__await__()


class _Link(asyncio.BufferedProtocol):
    """One transport: feeds the conversation, and tells the line that there is news.

    The transport holds it, and it holds no line, so that a stream that was forgotten can be
    collected.
    """

    def __init__(self, place: Endpoint, conversation: Conversation[Any], inbox: Inbox) -> None:
        self._place = place
        self._conversation = conversation
        self._inbox = inbox
        self._loop = asyncio.get_running_loop()
        self.transport: asyncio.Transport | None = None
        #: Done when the transport is gone.
        self.gone: asyncio.Future[None] = self._loop.create_future()
        self._waiter: asyncio.Future[None] | None = None
        self._reading = True
        self._writable: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._heard = self._loop.time()

    # -- what the transport says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._set_timer()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._conversation.get_buffer(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        self._heard = self._loop.time()
        if self.transport is not None:
            self._conversation.buffer_updated(nbytes, arrival())
            self.pump()

    def eof_received(self) -> None:
        if self.transport is not None:
            self._conversation.receive_eof()
            self.pump()

    def connection_lost(self, exc: Exception | None) -> None:
        transport, self.transport = self.transport, None
        if transport is not None:
            if isinstance(exc, OSError):
                self._drain(transport)
                self._conversation.lost(connection_failed(self._place, exc, connecting=False))
            elif self._conversation.is_open:
                self._conversation.receive_eof()
            self.pump()
        self._stop_timer()
        self.resume_writing()
        self.wake()
        if not self.gone.done():
            self.gone.set_result(None)

    def _drain(self, transport: asyncio.Transport) -> None:
        """Take what came before a failure to send: the camera may have said why it hung up."""
        conversation = self._conversation
        sock = transport.get_extra_info("socket")
        with contextlib.suppress(OSError), sock.dup() as twin:
            twin.setblocking(False)
            while conversation.is_open:
                with conversation.get_buffer() as view:
                    count = twin.recv_into(view)
                if not count:
                    break
                conversation.buffer_updated(count, arrival())
                self.pump()

    def pause_writing(self) -> None:
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        writable, self._writable = self._writable, None
        if writable is not None and not writable.done():
            writable.set_result(None)

    # -- reading

    def pump(self) -> None:
        """Put what can be known by now into the inbox; wake whoever waits if there is news."""
        inbox = self._inbox
        step: Occurrence | Do = Do.RECEIVE
        while not inbox.is_full and not isinstance(step := self._conversation.step(), Do):
            inbox.put(step)
        if inbox.is_full and self._reading and self.transport is not None:
            self._reading = False
            self.transport.pause_reading()
        if inbox or step is not Do.RECEIVE:
            self.wake()

    def wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def news(self) -> None:
        """Wait until the next step may be another one."""
        if not self._reading and self.transport is not None:
            self._reading = True
            self._heard = self._loop.time()
            self.transport.resume_reading()
        if self._waiter is not None:
            raise LocalProtocolError("another task waits for this stream's events already")
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    # -- time

    def _set_timer(self) -> None:
        patience = self._conversation.patience(self._loop.time())
        if patience is not None:
            self._timer = self._loop.call_later(patience, self._check_time)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check_time(self) -> None:
        """Set for the earliest moment at which time may be up; mostly it is set again."""
        self._timer = None
        if self.transport is None or not self._conversation.is_open:
            return
        now = self._loop.time()
        if not self._reading:
            # Nothing is wanted at the moment: not the camera's silence.
            self._heard = now
        patience = self._conversation.patience(self._heard)
        left = None if patience is None else self._heard + patience - now
        if left is not None and left <= 0:
            self._conversation.timed_out(now)
            self.pump()
        elif left is not None:
            self._timer = self._loop.call_later(left, self._check_time)

    # -- the end

    async def flushed(self) -> None:
        """Wait until the transport takes more to send."""
        if self._writable is not None:
            await asyncio.shield(self._writable)

    def close(self) -> None:
        """Close at once; nothing is said to the conversation any more."""
        transport, self.transport = self.transport, None
        self._stop_timer()
        self.wake()
        if transport is not None:
            transport.abort()


class _Line:
    """The connection of a conversation, or none: does what the steps ask for."""

    def __init__(self, place: Endpoint, conversation: Conversation[Any], inbox: Inbox) -> None:
        self._place = place
        self._conversation = conversation
        self.inbox = inbox
        self._link: _Link | None = None
        self.closed = False
        self._closing: asyncio.Future[None] | None = None

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

    def close(self) -> None:
        self.closed = True
        if self._link is not None:
            self._link.close()
        if self._closing is not None and not self._closing.done():
            self._closing.set_result(None)

    async def gone(self) -> None:
        if self._link is not None:
            # Only waited for: the transport goes whatever becomes of the one who waits.
            await asyncio.shield(self._link.gone)

    async def next_event(self) -> Occurrence | None:
        """The next event, doing what it takes; None at the end or when it was closed."""
        while not self.closed:
            step = self.inbox.get() if self.inbox else self._conversation.step()
            if not isinstance(step, Do):
                if isinstance(step, Disconnected):
                    await self._drop()
                return step
            if not await self.do(step):
                break
        return None

    async def do(self, step: Do) -> bool:
        """Do what a step says; False at the end.  Raises the error of `Do.FAIL`."""
        if step is Do.RECEIVE:
            assert self._link is not None
            await self._link.news()
            return True
        await self._drop()
        if step is Do.OPEN:
            await self._open()
            return True
        loop = asyncio.get_running_loop()
        if step is Do.SLEEP:
            await self._unless_closed(asyncio.sleep(self._conversation.delay))
            self._conversation.slept(loop.time())
            return True
        if step is Do.FAIL:
            assert self._conversation.error is not None
            # A new traceback each time: this one may be raised again.
            raise self._conversation.error.with_traceback(None)
        return False

    async def _drop(self) -> None:
        if self._link is not None:
            self._link.close()
            await self.gone()
            self._link = None

    async def _unless_closed(self, work: Any) -> Any:
        """What the work gives; None if the line was closed in the meantime, as `close` asks."""
        task = asyncio.ensure_future(work)
        self._closing = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait({task, self._closing}, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            self._closing.cancel()
            self._closing = None
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await task

    async def _open(self) -> None:
        conversation = self._conversation
        loop = asyncio.get_running_loop()
        link = _Link(self._place, conversation, self.inbox)
        try:
            async with asyncio.timeout(conversation.opening(loop.time())) as limit:
                connected = await self._unless_closed(
                    loop.create_connection(
                        lambda: link,
                        self._place.host,
                        self._place.port,
                        # Where the first address does not answer, the next one is tried soon.
                        happy_eyeballs_delay=None if self._place.is_address else 0.25,
                    )
                )
        except TimeoutError as error:
            link.close()
            if limit.expired():
                conversation.timed_out(loop.time())
            else:
                conversation.lost(connection_failed(self._place, error, connecting=True))
            return
        except (OSError, UnicodeError) as error:
            failed = error if isinstance(error, OSError) else OSError(str(error))
            conversation.lost(connection_failed(self._place, failed, connecting=True))
            return
        except BaseException:
            link.close()
            raise
        if connected is None:
            link.close()
            return
        self._link = link
        if self.closed:
            link.close()
            return
        await self.send(conversation.opened())

    async def send(self, data: bytes) -> None:
        """Send, and wait while too much is on the way; a failure shows in the next step."""
        link = self._link
        if link is None or link.transport is None:
            return
        link.transport.write(data)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._conversation.patience(loop.time())):
                await link.flushed()
        except TimeoutError:
            self._conversation.timed_out(loop.time())

    # -- talk-back

    async def listen(self, until: float) -> None:
        """Wait until that time; raises what the camera may have to say against the sound."""
        loop = asyncio.get_running_loop()
        while True:
            if self.closed:
                raise LocalProtocolError("the Camera was closed while it was talked to")
            step = self.inbox.get() if self.inbox else self._conversation.step()
            if step in (Do.STOP, Do.FAIL):
                await self.do(Do(step))
                raise ConnectionLostError(f"{self._place}: the camera hung up on the sound")
            if step is Do.OPEN:
                # A login that had grown old: the sound goes on behind the new one.
                await self.do(step)
            if step is not Do.RECEIVE:
                continue
            left = until - loop.time()
            if left <= 0:
                return
            assert self._link is not None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._link.news()

    async def hang_up(self) -> None:
        """Say that nothing follows, and give a refusal the time to arrive."""
        if self._link is not None and self._link.transport is not None:
            with contextlib.suppress(OSError):
                self._link.transport.write_eof()
        with contextlib.suppress(ConnectionLostError):
            await self.listen(asyncio.get_running_loop().time() + LAST_WORD_SECONDS)


async def _pieces(
    frames: bytes | Iterable[bytes] | AsyncIterable[bytes],
) -> AsyncGenerator[bytes, None]:
    if isinstance(frames, AsyncIterable):
        async for item in frames:
            for piece in talk_pieces(item):
                yield piece
    else:
        for piece in talk_pieces(frames):
            yield piece
