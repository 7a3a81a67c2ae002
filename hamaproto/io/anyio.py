"""The driver for anyio: trio, or asyncio once more.

    async with Camera("http://192.168.1.20", auth=("admin", "1234")) as camera:
        print((await camera.execute(commands.brand())).product_full_name)
        async with camera.stream(commands.video_stream()) as events:
            async for event in events: ...

One request is one connection.  A stream is read when its next event is asked for, by the task
that asks, straight into the parser's buffer; what it does not take waits in the kernel, and
then in the camera.  Only `policy="latest"` brings a task, which reads all the time, and so
needs the `async with`: that is where it lives and dies.

Sockets are plain ones that do not block, and anyio says when they are ready: its own streams
would hand out a new `bytes` for every read.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Sequence,
)
from types import TracebackType
from typing import Any, Self, TypeVar, cast, overload

import anyio
import anyio.abc
import anyio.lowlevel

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
    """One camera, asked by anyio.

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
        with self._line(session) as line:
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
        With `policy="latest"`, inside `async with`, a frame that was not taken in time is
        replaced by the next, and `queue` bounds the other events that may wait.
        """
        session, inbox = self._begin_stream(request, reconnect, queue, policy)
        return self._given(
            Stream(session, self._line(session), inbox if policy == "latest" else None)
        )

    async def talk(self, frames: bytes | Iterable[bytes] | AsyncIterable[bytes]) -> int:
        """Say something: GSM 06.10 frames of 33 bytes, one at a time or many, at their pace.

        Returns how many frames were sent.  Not in the specification, and no camera has
        been seen to answer: that it was heard is not known.
        """
        checked_frames(frames, asynchronous=True)
        if self._settings.needs_login_first:
            await self.execute(commands.audio_status())
        session = self._session(commands.talk())
        with self._line(session) as line:
            await line.do(Action.OPEN)
            start = anyio.current_time()
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
        self._close_lines()
        return _Gone()

    async def __aenter__(self) -> Self:
        self._in_with = True
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _line(self, session: Session[Any]) -> _Line:
        line = _Line(self._tls, session)
        self._lines.add(line)
        return line


class Stream(BaseStream[E]):
    """The events of an endless answer, as an async iterator; also a context manager.

    The last event of a stream is `EndOfStream`.  If the end is a loss, the error is raised
    behind it.  Cancelling a task that waits for an event loses nothing: ask again.
    """

    def __init__(
        self, session: Session[Any], line: _Line, inbox: Inbox[StreamEvent] | None = None
    ) -> None:
        super().__init__(session, line)
        self._reader = None if inbox is None else _Reader(line, inbox)

    @property
    def dropped(self) -> int:
        """Events that were replaced by newer ones (`policy="latest"`)."""
        return 0 if self._reader is None else self._reader.inbox.dropped

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E:
        reader = self._reader
        event = await (self._line.next_event() if reader is None else reader.get())
        if event is None:
            raise StopAsyncIteration
        return cast(E, event)

    def close(self) -> _Gone:
        """Close the connection at once; what was not taken is gone."""
        self._line.close()
        if self._reader is not None:
            self._reader.close()
        return _Gone()

    async def aclose(self) -> None:
        """`close`, for `contextlib.aclosing`."""
        await self.close()

    async def __aenter__(self) -> Self:
        if self._reader is not None:
            await self._reader.begin()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
        if self._reader is not None:
            await self._reader.end()


class _Gone:
    """Awaitable, and done already: for the same form as with asyncio."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, None, None]:
        return iter(())  # type: ignore[return-value]  # an iterator is all that is asked of it


class _Line:
    """The socket of a session, or none: does what the steps ask for."""

    def __init__(self, tls: Tls, session: Session[Any]) -> None:
        self._tls = tls
        self._session = session
        self._sock: socket.socket | None = None
        self._waiting: anyio.CancelScope | None = None
        # Whether somebody waits in here already.
        self._busy = False
        self.closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def _endpoint(self) -> Endpoint:
        return self._session.endpoint

    @property
    def is_open(self) -> bool:
        return self._sock is not None or self._waiting is not None

    def close(self) -> None:
        self.closed = True
        if self._waiting is not None:
            self._waiting.cancel()
        self._drop()

    def _drop(self) -> None:
        sock, self._sock = self._sock, None
        if sock is not None:
            if self._waiting is not None:
                anyio.notify_closing(sock)
            sock.close()

    @contextlib.contextmanager
    def _patient(self, seconds: float | None) -> Iterator[anyio.CancelScope]:
        """A wait that ends with the time, or with `close`."""
        with anyio.CancelScope() as scope:
            if seconds is not None:
                scope.deadline = anyio.current_time() + seconds
            self._waiting = scope
            # What a socket that is closed under a wait has to say.
            with contextlib.suppress(anyio.ClosedResourceError):
                try:
                    yield scope
                finally:
                    self._waiting = None

    async def next_event(self) -> StreamEvent | None:
        """The next event, doing what it takes; None at the end or when it was closed."""
        if self._busy:
            raise another_reads()
        self._busy = True
        try:
            while not self.closed:
                step = self._session.step()
                if not isinstance(step, Action):
                    if isinstance(step, Disconnected):
                        self._drop()
                    return step
                if not await self.do(step):
                    break
        finally:
            self._busy = False
        return None

    async def do(self, step: Action) -> bool:
        """Do what a step says; False at the end.  Raises the error of `Action.FAIL`."""
        if step is Action.RECEIVE:
            await self._receive()
            return True
        if step is Action.SEND:
            await self.send(self._session.opened(anyio.current_time()))
            return True
        self._drop()
        if step is Action.OPEN:
            await self._open()
            return True
        if step is Action.SLEEP:
            with self._patient(None):
                await anyio.sleep(self._session.delay)
            self._session.slept(anyio.current_time())
            return True
        if step is Action.FAIL:
            assert self._session.error is not None
            # A new traceback each time: this one may be raised again.
            raise self._session.error.with_traceback(None)
        return False

    async def _open(self) -> None:
        session = self._session
        endpoint = session.endpoint
        with self._patient(session.opening(anyio.current_time())) as scope:
            try:
                sock = await self._connect(scope)
            except (OSError, UnicodeError) as error:
                failed = error if isinstance(error, OSError) else OSError(str(error))
                session.lost(connection_failed(endpoint, failed, connecting=True))
                return
            if endpoint.secure:
                session.connected()
            try:
                self._sock = await self._secured(sock) if endpoint.secure else sock
            except OSError as error:
                session.lost(handshake_failed(endpoint, error))
                return
        if self.closed:
            self._drop()
        elif scope.cancelled_caught:
            session.timed_out(anyio.current_time())
        else:
            await self.send(session.opened(anyio.current_time()))

    async def _connect(self, scope: anyio.CancelScope) -> socket.socket:
        """The first address that answers; raises the error of the last one."""
        endpoint = self._endpoint
        found: Sequence[tuple[Any, ...]]
        if endpoint.is_address:
            found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
        else:
            found = await anyio.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
        failed = OSError(f"no address of {endpoint.host}")
        for index, (family, kind, protocol, _, address) in enumerate(found):
            # The ones that come later have a share of the time too.
            share = (scope.deadline - anyio.current_time()) / (len(found) - index)
            with anyio.move_on_after(share):
                try:
                    return await _connected(socket.socket(family, kind, protocol), address)
                except OSError as error:
                    failed = error
                    continue
            failed = TimeoutError(f"no answer from an address of {endpoint.host}")
        raise failed

    async def _secured(self, sock: socket.socket) -> ssl.SSLSocket:
        """The socket with TLS on it, closed if that fails.  Raises OSError."""
        try:
            secured = self._tls.context.wrap_socket(
                sock,
                server_hostname=self._endpoint.server_name,
                do_handshake_on_connect=False,
            )
        except BaseException:
            sock.close()
            raise
        try:
            while True:
                try:
                    secured.do_handshake()
                    return secured
                except _NOT_YET as error:
                    await _until_ready(secured, error, anyio.wait_readable)
        except BaseException:
            secured.close()
            raise

    async def send(self, data: bytes) -> None:
        """Send everything; a failure shows in the next step."""
        session, sock = self._session, self._sock
        if sock is None:
            return
        view = memoryview(data)
        try:
            with self._patient(session.patience(anyio.current_time())) as scope:
                while view:
                    try:
                        view = view[sock.send(view) :]
                    except _NOT_YET as error:
                        await _until_ready(sock, error, anyio.wait_writable)
            if scope.cancelled_caught and not self.closed:
                session.timed_out(anyio.current_time(), sending=True)
        except OSError as error:
            # The camera may have answered before it hung up.
            if not self._drain():
                session.lost(connection_failed(self._endpoint, error, connecting=False))

    def _drain(self) -> bool:
        """Take what came before a failure to send; True if it tells what there is to tell."""
        with contextlib.suppress(OSError):
            while self._receive_now():
                pass
        return not self._session.is_open

    async def _receive(self) -> None:
        """Receive once, whatever that gives; cancelled, it has received nothing."""
        session, sock = self._session, self._sock
        assert sock is not None
        # Here, before anything was received, since a flood would never let others run.
        await anyio.lowlevel.checkpoint()
        if self.closed:
            return
        try:
            try:
                self._receive_now()
            except _NOT_YET as error:
                await self._wait(sock, error)
        except OSError as error:
            session.lost(connection_failed(self._endpoint, error, connecting=False))

    async def _wait(self, sock: socket.socket, why: OSError) -> None:
        session = self._session
        with self._patient(session.patience(anyio.current_time())) as scope:
            await _until_ready(sock, why, anyio.wait_readable)
        if scope.cancelled_caught and not self.closed:
            try:
                # What came while the process was stopped is there, though the time is up.
                self._receive_now()
            except _NOT_YET:
                session.timed_out(anyio.current_time())

    def _receive_now(self) -> int:
        """Receive what is there; 0 at the end.  Raises OSError."""
        sock, session = self._sock, self._session
        if sock is None:
            return 0
        # The view is let go before the parser moves its buffer.
        with session.get_buffer() as view:
            count = sock.recv_into(view)
        if count:
            session.buffer_updated(count, arrival(), anyio.current_time())
        else:
            session.receive_eof()
        return count

    # -- talk-back

    async def listen(self, until: float) -> None:
        """Wait until that time; raises what the camera may have to say against the sound."""
        while True:
            if self.closed:
                raise LocalProtocolError("the Camera was closed while it was talked to")
            step = self._session.step()
            if step in (Action.STOP, Action.FAIL):
                await self.do(Action(step))
                raise ConnectionLostError(f"{self._endpoint}: the camera hung up on the sound")
            if step is Action.OPEN:
                # A login that had grown old: the sound goes on behind the new one.
                await self.do(step)
            if step is not Action.RECEIVE:
                continue
            if anyio.current_time() >= until:
                return
            with anyio.move_on_after(until - anyio.current_time()):
                await self._receive()

    async def hang_up(self) -> None:
        """Say that nothing follows, and give a refusal the time to arrive."""
        # TLS can't close one half of a connection.
        if self._sock is not None and not self._endpoint.secure:
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionLostError):
            await self.listen(anyio.current_time() + LAST_WORD_SECONDS)


#: What a socket that does not block says if it would have to wait.
_NOT_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


async def _until_ready(
    sock: socket.socket, why: OSError, usual: Callable[[socket.socket], Awaitable[None]]
) -> None:
    """Wait for what it takes to try again: TLS may have to write in order to read."""
    if isinstance(why, ssl.SSLWantReadError):
        await anyio.wait_readable(sock)
    elif isinstance(why, ssl.SSLWantWriteError):
        await anyio.wait_writable(sock)
    else:
        await usual(sock)


async def _connected(sock: socket.socket, address: Any) -> socket.socket:
    """The socket, connected; closed if that fails or is cancelled.  Raises OSError."""
    try:
        sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            sock.connect(address)
        await anyio.wait_writable(sock)
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock


class _Reader:
    """The task that reads for `policy="latest"`, and the task group that it lives in."""

    def __init__(self, line: _Line, inbox: Inbox[StreamEvent]) -> None:
        self.inbox = inbox
        self._line = line
        self._group: anyio.abc.TaskGroup | None = None
        self._news = anyio.Event()
        self._over = False
        self._busy = False
        self._error: Exception | None = None

    async def begin(self) -> None:
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        self._group.start_soon(self._run)

    async def end(self) -> None:
        group, self._group = self._group, None
        if group is not None:
            group.cancel_scope.cancel()
            await group.__aexit__(None, None, None)

    def close(self) -> None:
        self._over = True
        self._news.set()

    async def get(self) -> StreamEvent | None:
        if self._group is None and not self._line.closed:
            raise LocalProtocolError(
                'policy="latest" reads in the background: use `async with camera.stream(...)`'
            )
        if self._busy:
            raise another_reads()
        self._busy = True
        try:
            while not self.inbox and not self._over and not self._line.closed:
                self._news = anyio.Event()
                await self._news.wait()
        finally:
            self._busy = False
        if self._line.closed:
            return None
        if self.inbox:
            return self.inbox.get()
        if self._error is not None:
            raise self._error.with_traceback(None)
        return None

    async def _run(self) -> None:
        try:
            while (event := await self._line.next_event()) is not None:
                self.inbox.put(event)
                self._news.set()
        except Exception as error:
            # Raised where events are taken: the task group is not to fall with it.
            self._error = error
        finally:
            self.close()


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
