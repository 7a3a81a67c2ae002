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
import socket
from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar, cast, overload

from hamaproto import commands
from hamaproto.client import Confirmed, confirm
from hamaproto.commands import Request, StreamRequest
from hamaproto.errors import ConnectionLostError, LocalProtocolError, RefusedError
from hamaproto.failures import connection_failed
from hamaproto.inbox import Inbox
from hamaproto.io._clock import arrival
from hamaproto.io._driver import (
    BaseCamera,
    BaseStream,
    another_reads,
    checked_frames,
    checked_request,
    talk_pieces,
)
from hamaproto.io._tls import Tls, handshake_failed
from hamaproto.models import Ack
from hamaproto.session import Action, Disconnected, Reconnected, Session, StreamEvent
from hamaproto.settings import Backoff, Endpoint, Policy, Timeouts
from hamaproto.talk import LAST_WORD_SECONDS, due_after

__all__ = ["Backoff", "Camera", "Disconnected", "Reconnected", "Stream", "Timeouts"]

R = TypeVar("R")
E = TypeVar("E")


class Camera(BaseCamera):
    """One camera, asked by asyncio, on whichever event loop: its own, or uvloop.

    `url` is `http://host[:port][/prefix]`, or https; `auth` is `(user, password)`, or what
    `ClientConnection` takes.  `timeout` is `Timeouts`, or a number of seconds (or None,
    for ever) for all of them.  `headers` are own fields for every request (User-Agent, Cookie).
    For https, `cafile` is a file of certificates (PEM) to trust beside no others, such as the
    camera's own; `verify=False` accepts any certificate; an `ssl.SSLContext` as `verify`
    decides everything itself.

    Raises what `hamaproto.errors` lists; every method but `close` raises LocalProtocolError
    once it was closed.  It belongs to one event loop; any number of its tasks may use it.
    """

    async def execute(self, request: Request[R]) -> R:
        """Ask, and wait for the answer: its type is that of the request."""
        session = self._begin(request, "execute")
        async with self._line(session, Inbox(16)) as line:
            while await line.next_event() is not None:
                pass
            if line.closed:
                raise LocalProtocolError("the Camera was closed while it was asked")
        return cast(R, session.result())

    async def update(self, request: Request[Ack]) -> Confirmed:
        """Change parameters, and read back what the camera made of it."""
        checked_request(request, Request, "update")
        plan = confirm(request)
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
        session, inbox = self._begin_stream(request, reconnect, queue, policy)
        return self._given(Stream(session, self._line(session, inbox)))

    async def talk(self, frames: bytes | Iterable[bytes] | AsyncIterable[bytes]) -> int:
        """Say something: GSM 06.10 frames of 33 bytes, one at a time or many, at their pace.

        Returns how many frames were sent.  Not in the specification, and no camera has
        been seen to answer: that it was heard is not known.
        """
        checked_frames(frames, asynchronous=True)
        if self._settings.needs_login_first:
            await self.execute(commands.audio_status())
        session = self._session(commands.talk())
        async with self._line(session, Inbox(16)) as line:
            loop = asyncio.get_running_loop()
            await line.do(Action.OPEN)
            start = loop.time()
            sent = 0
            async with contextlib.aclosing(_pieces(frames)) as pieces:
                async for piece in pieces:
                    await line.listen(start + due_after(sent))
                    data = session.send_audio(piece)
                    await line.send(data)
                    sent += len(data)
            await line.hang_up()
        return sent // 33

    def close(self) -> _Gone:
        """Close every connection at once; a stream that is being read ends."""
        return _Gone(self._close_lines())

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

    def _line(self, session: Session[Any], inbox: Inbox[StreamEvent]) -> _Line:
        line = _Line(self._tls, session, inbox)
        self._lines.add(line)
        return line


class Stream(BaseStream[E]):
    """The events of an endless answer, as an async iterator; also a context manager.

    The last event of a stream is `EndOfStream`.  If the end is a loss, the error is raised
    behind it.  Cancelling a task that waits for an event loses nothing: ask again.  One task
    at a time may ask: a second one gets a LocalProtocolError.
    """

    @property
    def dropped(self) -> int:
        """Events that were replaced by newer ones (`policy="latest"`)."""
        return cast(_Line, self._line).inbox.dropped

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


class _Gone:
    """Awaitable: until the transports of some lines are gone."""

    __slots__ = ("_lines",)

    def __init__(self, lines: tuple[_Line, ...]) -> None:
        self._lines = lines

    def __await__(self) -> Generator[Any, None, None]:
        for line in self._lines:
            yield from line.gone().__await__()


#: A transport that was aborted is gone one or two rounds of the loop later.  If a loop does
#: not keep this promise, who closes is not to wait for ever.
_GONE_SECONDS = 5.0
#: Where the first address does not answer, the next one is tried after so many seconds too.
_STAGGER_SECONDS = 0.25
_SCRATCH = 4096
#: Of a second, in which the loop has a round for its sockets.
_LAST_LOOK = 0.002
#: Of the loop, until a transport that was given up has closed its socket.
_ROUNDS = 50


class _Link(asyncio.BufferedProtocol):
    """One transport: feeds the session, and tells the line that there is news.

    The transport holds it, and it holds no line, so that a stream that was forgotten can be
    collected.  An exception inside one of its callbacks would end in the loop's log: it is
    kept in `failure` instead, and the one who waits raises it.
    """

    def __init__(self, session: Session[Any], inbox: Inbox[StreamEvent]) -> None:
        self._session = session
        self._inbox = inbox
        self._loop = asyncio.get_running_loop()
        self.transport: asyncio.Transport | None = None
        #: What a callback raised.
        self.failure: BaseException | None = None
        #: The socket of the transport; for what only a socket can do.
        self.sock: socket.socket | None = None
        #: Done when the transport is gone; None if there never was one.
        self.gone: asyncio.Future[None] | None = None
        self._closed = False
        self._waiter: asyncio.Future[None] | None = None
        self._reading = True
        self._writable: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        # Whether time seemed to be up, and there was one more look at the socket.
        self._looked = False

    # -- what the transport says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.gone = self._loop.create_future()
        self.transport = cast(asyncio.Transport, transport)
        if self._closed:
            self.close()
            return
        try:
            # Here, before anything can arrive: what a camera says unasked is not lost.
            self.transport.write(self._session.opened(self._loop.time()))
            self._set_timer()
        except BaseException as error:
            self._broke(error)

    def get_buffer(self, sizehint: int) -> memoryview:
        try:
            return self._session.get_buffer(sizehint)
        except BaseException as error:
            self._broke(error)
            return memoryview(bytearray(_SCRATCH))

    def buffer_updated(self, nbytes: int) -> None:
        self._looked = False
        if self.transport is not None:
            try:
                self._session.buffer_updated(nbytes, arrival(), self._loop.time())
                self.pump()
            except BaseException as error:
                self._broke(error)

    def eof_received(self) -> None:
        if self.transport is not None:
            try:
                self._session.receive_eof()
                self.pump()
            except BaseException as error:
                self._broke(error)

    def connection_lost(self, exc: Exception | None) -> None:
        transport, self.transport = self.transport, None
        try:
            if transport is not None:
                if isinstance(exc, OSError):
                    self._drain()
                    failed = connection_failed(self._session.endpoint, exc, connecting=False)
                    self._session.lost(failed)
                elif self._session.is_open:
                    self._session.receive_eof()
                self.pump()
        except BaseException as error:
            self._broke(error)
        finally:
            self._stop_timer()
            self.resume_writing()
            self.wake()
            self.over()

    def over(self) -> None:
        """The transport is gone."""
        if self.gone is not None and not self.gone.done():
            self.gone.set_result(None)

    def _broke(self, error: BaseException) -> None:
        """Something here raised: end this link, and leave the rest to the one who waits."""
        if self.failure is None:
            self.failure = error
        self.close()
        if not isinstance(error, Exception):
            raise error  # to end the program

    def _drain(self) -> None:
        """Take what came before a failure to send: the camera may have said why it hung up."""
        session = self._session
        if self.sock is None or self.sock.fileno() < 0:
            return
        with contextlib.suppress(OSError), self.sock.dup() as twin:
            twin.setblocking(False)
            while session.is_open:
                with session.get_buffer() as view:
                    count = twin.recv_into(view)
                if not count:
                    break
                session.buffer_updated(count, arrival(), self._loop.time())
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
        step: StreamEvent | Action = Action.RECEIVE
        while not inbox.is_full and not isinstance(step := self._session.step(), Action):
            inbox.put(step)
        if inbox.is_full and self._reading and self.transport is not None:
            self._reading = False
            if not self.transport.is_closing():
                self.transport.pause_reading()
        if inbox or step is not Action.RECEIVE:
            self.wake()

    def wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def news(self) -> None:
        """Wait until the next step may be another one."""
        if self._closed:
            return
        if not self._reading and self.transport is not None:
            self._reading = True
            # Not as rest: a flood fills the inbox with every piece that comes.
            self._session.patience(self._loop.time())
            if not self.transport.is_closing():
                self.transport.resume_reading()
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def send_again(self) -> None:
        """Another request on this connection, if it still stands."""
        data = self._session.opened(self._loop.time())
        if self.transport is None:
            self._session.receive_eof()
            return
        self.transport.write(data)
        self._stop_timer()
        self._set_timer()

    # -- time

    def _set_timer(self) -> None:
        left = self._session.left(self._loop.time())
        if left is not None:
            self._timer = self._loop.call_later(left, self._check_time)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check_time(self) -> None:
        """Set for the earliest moment at which time may be up; mostly it is set again."""
        self._timer = None
        if self.transport is None or not self._session.is_open:
            return
        now = self._loop.time()
        if not self._reading:
            # Nothing is wanted at the moment: not the camera's silence.
            self._session.rested(now)
        left = self._session.left(now)
        if left is None:
            return
        if left <= 0 and self._looked:
            self._time_is_up(now)
            return
        # Timers may come before the sockets in a round of the loop, and after a pause of the
        # process both are due: then the sockets have one more round.
        self._looked = left <= 0
        self._timer = self._loop.call_later(left or _LAST_LOOK, self._check_time)

    def _time_is_up(self, now: float) -> None:
        self._looked = False
        try:
            self._session.timed_out(now)
            self.pump()
            if self._session.is_open:
                # The process had been stopped: all begins anew.
                self._set_timer()
        except BaseException as error:
            self._broke(error)

    # -- the end

    async def flushed(self) -> None:
        """Wait until the transport takes more to send."""
        if self._writable is not None:
            await asyncio.shield(self._writable)

    async def until_gone(self) -> None:
        """Wait until the transport is gone: only that, it goes whoever waits."""
        if self.gone is not None and not self.gone.done():
            await asyncio.wait({self.gone}, timeout=_GONE_SECONDS)

    @property
    def is_open(self) -> bool:
        return not self._closed and self.transport is not None

    def close(self) -> None:
        """Close at once; nothing is said to the session any more."""
        self._closed = True
        transport, self.transport = self.transport, None
        self._stop_timer()
        self.resume_writing()
        self.wake()
        if transport is not None:
            # In the next round: uvloop does not bear it inside one of its callbacks.
            self._loop.call_soon(transport.abort)


class _Line:
    """The connection of a session, or none: does what the steps ask for."""

    def __init__(self, tls: Tls, session: Session[Any], inbox: Inbox[StreamEvent]) -> None:
        self._tls = tls
        self._session = session
        self.inbox = inbox
        self._link: _Link | None = None
        self.closed = False
        # Whether somebody waits in here already.
        self._busy = False
        self._closing: asyncio.Future[None] | None = None
        self._work: asyncio.Task[Any] | None = None

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
    def _endpoint(self) -> Endpoint:
        return self._session.endpoint

    @property
    def is_open(self) -> bool:
        return self._work is not None or (self._link is not None and self._link.is_open)

    def close(self) -> None:
        self.closed = True
        if self._link is not None:
            self._link.close()
        if self._closing is not None and not self._closing.done():
            self._closing.set_result(None)

    async def gone(self) -> None:
        """Wait until nothing is left of the connection, or of the attempt to have one."""
        if self._work is not None:
            await asyncio.wait({self._work}, timeout=_GONE_SECONDS)
        if self._link is not None:
            await self._link.until_gone()

    async def next_event(self) -> StreamEvent | None:
        """The next event, doing what it takes; None at the end or when it was closed."""
        if self._busy:
            raise another_reads()
        self._busy = True
        try:
            while not self.closed:
                step = self._next_step()
                if not isinstance(step, Action):
                    if isinstance(step, Disconnected) and self._link is not None:
                        # Not waited for: whoever was cancelled here would lose the event.
                        self._link.close()
                    return step
                if not await self.do(step):
                    break
        finally:
            self._busy = False
        return None

    def _next_step(self) -> StreamEvent | Action:
        if self.inbox:
            return self.inbox.get()
        if self._link is not None and self._link.failure is not None:
            raise self._link.failure
        return self._session.step()

    async def do(self, step: Action) -> bool:
        """Do what a step says; False at the end.  Raises the error of `Action.FAIL`."""
        if step is Action.RECEIVE:
            assert self._link is not None
            await self._link.news()
            return True
        if step is Action.SEND:
            assert self._link is not None
            self._link.send_again()
            return True
        await self._drop()
        if step is Action.OPEN:
            await self._open()
            return True
        loop = asyncio.get_running_loop()
        if step is Action.SLEEP:
            await self._unless_closed(asyncio.sleep(self._session.delay))
            self._session.slept(loop.time())
            return True
        if step is Action.FAIL:
            assert self._session.error is not None
            # A new traceback each time: this one may be raised again.
            raise self._session.error.with_traceback(None)
        return False

    async def _drop(self) -> None:
        if self._link is not None:
            self._link.close()
            await self._link.until_gone()
            self._link = None

    async def _unless_closed(self, work: Any) -> None:
        """Action the work; given up if the line is closed in the meantime, as `close` asks."""
        loop = asyncio.get_running_loop()
        closing = self._closing = loop.create_future()
        task = self._work = loop.create_task(work)
        try:
            await asyncio.wait({task, closing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._closing = None
            try:
                if not task.done():
                    task.cancel()
                    await asyncio.wait({task})
            finally:
                self._work = None
                error = None if task.cancelled() or not task.done() else task.exception()
        if error is not None:
            raise error

    async def _open(self) -> None:
        session = self._session
        loop = asyncio.get_running_loop()
        link = self._link = _Link(session, self.inbox)
        try:
            async with asyncio.timeout(session.opening(loop.time())) as limit:
                await self._unless_closed(self._connect(link))
        except TimeoutError as error:
            link.close()
            if limit.expired():
                session.timed_out(loop.time())
            else:
                session.lost(connection_failed(self._endpoint, error, connecting=True))
        except (OSError, UnicodeError) as error:
            link.close()
            if link.sock is not None:
                session.lost(handshake_failed(self._endpoint, _as_os_error(error)))
            else:
                failed = _as_os_error(error)
                session.lost(connection_failed(self._endpoint, failed, connecting=True))
        else:
            await self._flush(link)

    async def _connect(self, link: _Link) -> None:
        """Give the link a transport, by which it sends the request."""
        loop = asyncio.get_running_loop()
        endpoint = self._endpoint
        sock = await _connected(endpoint)
        link.sock = sock
        if endpoint.secure:
            self._session.connected()
        try:
            await loop.create_connection(
                lambda: link,
                sock=sock,
                ssl=self._tls.context if endpoint.secure else None,
                server_hostname=endpoint.server_name if endpoint.secure else None,
            )
        except BaseException:
            link.close()
            if link.gone is not None:
                # It stood, and the request was on its way.
                self._session.reopen()
            await _closed(sock)
            # Not every loop says so to a protocol whose connection was given up.
            link.over()
            raise

    async def send(self, data: bytes) -> None:
        """Send, and wait while too much is on the way; a failure shows in the next step."""
        link = self._link
        if link is not None and link.transport is not None:
            link.transport.write(data)
            await self._flush(link)

    async def _flush(self, link: _Link) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._session.patience(loop.time())):
                await link.flushed()
        except TimeoutError:
            self._session.timed_out(loop.time(), sending=True)

    # -- talk-back

    async def listen(self, until: float) -> None:
        """Wait until that time; raises what the camera may have to say against the sound."""
        loop = asyncio.get_running_loop()
        while True:
            if self.closed:
                raise LocalProtocolError("the Camera was closed while it was talked to")
            step = self._next_step()
            if step in (Action.STOP, Action.FAIL):
                await self.do(Action(step))
                raise ConnectionLostError(f"{self._endpoint}: the camera hung up on the sound")
            if step is Action.OPEN:
                # A login that had grown old: the sound goes on behind the new one.
                await self.do(step)
            if step is not Action.RECEIVE:
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
        transport = None if self._link is None else self._link.transport
        # TLS can't close one half of a connection.
        if transport is not None and transport.can_write_eof():
            with contextlib.suppress(OSError, RuntimeError):
                transport.write_eof()
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


# -- connecting ------------------------------------------------------------------------


def _as_os_error(error: OSError | UnicodeError) -> OSError:
    """A name that can't be looked up, like any other that isn't found."""
    return error if isinstance(error, OSError) else OSError(str(error))


async def _connected(endpoint: Endpoint) -> socket.socket:
    """A socket that is connected to the first address that answers.

    Not by `create_connection`, whose arguments for this differ from loop to loop.
    """
    loop = asyncio.get_running_loop()
    found: Sequence[Any]
    if endpoint.is_address:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    else:
        found = await loop.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    if len(found) == 1:
        return await _connected_to(*found[0])
    todo = list(found)
    attempts: set[asyncio.Task[socket.socket]] = set()
    winner = None
    failed = OSError(f"no address of {endpoint.host}")
    try:
        running: set[asyncio.Task[socket.socket]] = set()
        while todo or running:
            if todo:
                attempt = loop.create_task(_connected_to(*todo.pop(0)))
                attempts.add(attempt)
                running.add(attempt)
            done, running = await asyncio.wait(
                running,
                timeout=_STAGGER_SECONDS if todo else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for attempt in done:
                error = attempt.exception()
                if error is None:
                    winner = attempt
                    return attempt.result()
                if not isinstance(error, OSError):
                    raise error
                failed = error
        raise failed
    finally:
        for attempt in attempts:
            attempt.cancel()
        for outcome in await asyncio.gather(*attempts, return_exceptions=True):
            if isinstance(outcome, socket.socket) and (
                winner is None or outcome is not winner.result()
            ):
                outcome.close()


async def _connected_to(
    family: int, kind: int, protocol: int, name: str, address: Any
) -> socket.socket:
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


async def _closed(sock: socket.socket) -> None:
    """Wait until a loop that has given up a transport has closed its socket too."""
    for _ in range(_ROUNDS):
        if sock.fileno() < 0:
            return
        await asyncio.sleep(0)
    sock.close()
