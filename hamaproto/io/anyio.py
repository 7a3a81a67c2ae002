"""The driver for anyio: trio, or asyncio once more.

    async with Camera("http://192.168.1.20", auth=("admin", "1234")) as camera:
        print((await camera.execute(commands.brand())).product_full_name)
        async for frame in camera.frames(): ...

One request is one connection.  A stream is read when its next event is asked for, by the task
that asks; what it does not take waits in the kernel, and then in the camera.  Only
`policy="latest"` brings a task, which reads all the time, and so needs the `async with`: that is
where it lives and dies.

Sockets are plain ones that do not block, and anyio says when they are ready: so a task that is
cancelled while it waits has received nothing that would be lost.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import anyio
import anyio.abc
import anyio.lowlevel

from hamaproto.errors import LocalProtocolError
from hamaproto.failures import connection_failed
from hamaproto.inbox import Inbox
from hamaproto.io._awaiting import AwaitingCamera, AwaitingLine, Source, Stream
from hamaproto.io._clock import arrival
from hamaproto.io._driver import BaseStream, another_reads
from hamaproto.io._scratch import PIECE
from hamaproto.io._tls import Tls, handshake_failed
from hamaproto.session import Disconnected, Reconnected, Session, StreamEvent
from hamaproto.settings import Backoff, Policy, Timeouts

__all__ = ["Backoff", "Camera", "Disconnected", "Reconnected", "Stream", "Timeouts"]


class Camera(AwaitingCamera):
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

    def _line(self, session: Session[Any], inbox: Inbox[StreamEvent] | None = None) -> _Line:
        line = _Line(session, self._tls)
        self._lines.add(line)
        return line

    def _source(self, session: Session[Any], inbox: Inbox[StreamEvent], policy: Policy) -> Source:
        line = self._line(session)
        return line if policy == "wait" else _Reader(line, inbox)


class _Line(AwaitingLine):
    """The socket of a session, or none: does what the steps ask for."""

    __slots__ = ("_sock", "_waiting")

    def __init__(self, session: Session[Any], tls: Tls) -> None:
        super().__init__(session, tls)
        self._sock: socket.socket | None = None
        self._waiting: anyio.CancelScope | None = None

    @property
    def is_open(self) -> bool:
        return self._sock is not None or self._waiting is not None

    def now(self) -> float:
        return anyio.current_time()

    # -- the end

    def close(self) -> None:
        self.closed = True
        if self._waiting is not None:
            self._waiting.cancel()
        self._let_go()

    def _let_go(self) -> None:
        sock, self._sock = self._sock, None
        if sock is not None:
            if self._waiting is not None:
                anyio.notify_closing(sock)
            sock.close()

    async def gone(self) -> None:
        """A socket that was closed is gone."""

    # -- waiting

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

    async def _sleep(self, seconds: float) -> None:
        with self._patient(None):
            await anyio.sleep(seconds)

    async def _send_again(self) -> None:
        await self._send(self._session.opened(anyio.current_time()))

    # -- a connection

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
            self._let_go()
        elif scope.cancelled_caught:
            session.timed_out(anyio.current_time())
        else:
            await self._send(session.opened(anyio.current_time()))

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

    async def _send(self, data: bytes) -> None:
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
        data = sock.recv(PIECE)
        if data:
            session.receive_data(data, arrival(), anyio.current_time())
        else:
            session.receive_eof()
        return len(data)

    # -- talk-back

    async def _listen(self, until: float) -> None:
        sock = self._sock
        assert sock is not None
        await anyio.lowlevel.checkpoint()
        try:
            self._receive_now()
        except _NOT_YET as error:
            with self._patient(until - anyio.current_time()):
                await _until_ready(sock, error, anyio.wait_readable)
        except OSError as error:
            self._session.lost(connection_failed(self._endpoint, error, connecting=False))

    def _hang_up(self) -> None:
        # TLS can't close one half of a connection.
        if self._sock is not None and not self._endpoint.secure:
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_WR)


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
        self._inbox = inbox
        self._line = line
        self._group: anyio.abc.TaskGroup | None = None
        self._news = anyio.Event()
        self._over = False
        self._busy = False
        self._error: Exception | None = None

    @property
    def closed(self) -> bool:
        return self._line.closed

    @property
    def is_open(self) -> bool:
        return self._line.is_open

    @property
    def dropped(self) -> int:
        return self._inbox.dropped

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
        self._line.close()
        self._stop()

    async def gone(self) -> None:
        await self._line.gone()

    def _stop(self) -> None:
        self._over = True
        self._news.set()

    async def next_event(self, stream: BaseStream[Any] | None = None) -> StreamEvent:
        while True:
            event = await self._next_event()
            if stream is None or stream.shows(event):
                return event

    async def _next_event(self) -> StreamEvent:
        if self._group is None and not self._line.closed:
            raise LocalProtocolError(
                'policy="latest" reads in the background: use `async with camera.stream(...)`'
            )
        if self._busy:
            raise another_reads()
        self._busy = True
        try:
            while not self._inbox and not self._over and not self._line.closed:
                self._news = anyio.Event()
                await self._news.wait()
        finally:
            self._busy = False
        event = self._inbox.get()
        if event is not None and not self._line.closed:
            return event
        if self._error is not None and not self._line.closed:
            raise self._error.with_traceback(None)
        raise StopAsyncIteration

    async def _run(self) -> None:
        try:
            while True:
                self._inbox.put(await self._line.next_event())
                self._news.set()
        except StopAsyncIteration:
            pass
        except Exception as error:
            # Raised where events are taken: the task group is not to fall with it.
            self._error = error
        finally:
            self._stop()
