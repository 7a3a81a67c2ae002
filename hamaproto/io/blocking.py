"""The driver for plain sockets: for threads, and for gevent once it has patched `socket`.

    with Camera("http://192.168.1.20", auth=("admin", "1234")) as camera:
        print(camera.execute(commands.brand()).product_full_name)
        with camera.stream(commands.video_stream()) as events:
            for event in events: ...

One request is one connection.  A stream is read when its next event is asked for, in the
caller's own thread, straight into the parser's buffer; what the caller does not take
waits in the kernel, and then in the camera.  Only `policy="latest"` brings a thread, which
reads all the time; `close` ends it.

A `Camera` may be used by many threads, a `Stream` by one, but for `close`, which any
thread may call and which wakes the one that waits.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
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
    """One camera, asked over plain sockets.

    `url` is `http://host[:port][/prefix]`, or https; `auth` is `(user, password)`, or what
    `ClientConnection` takes.  `timeout` is `Timeouts`, or a number of seconds (or None,
    for ever) for all of them.  `headers` are own fields for every request (User-Agent, Cookie).
    For https, `cafile` is a file of certificates (PEM) to trust beside no others, such as the
    camera's own; `verify=False` accepts any certificate; an `ssl.SSLContext` as `verify`
    decides everything itself.

    Raises what `hamaproto.errors` lists; every method but `close` raises LocalProtocolError
    once it was closed.
    """

    def execute(self, request: Request[R]) -> R:
        """Ask, and wait for the answer: its type is that of the request."""
        session = self._begin(request, "execute")
        with self._line(session) as line:
            while not isinstance(step := session.step(), Action) or line.do(step):
                pass
        return cast(R, session.result())

    def update(self, request: Request[Ack]) -> Confirmed:
        """Change parameters, and read back what the camera made of it."""
        checked_request(request, Request, "update")
        plan = confirm(request)
        asked = next(plan)
        try:
            while True:
                try:
                    answer = self.execute(asked)
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
        With `policy="latest"` a frame that was not taken in time is replaced by the next, and
        `queue` bounds the other events that may wait.
        """
        session, inbox = self._begin_stream(request, reconnect, queue, policy)
        return self._given(
            Stream(session, self._line(session), inbox if policy == "latest" else None)
        )

    def talk(self, frames: bytes | Iterable[bytes]) -> int:
        """Say something: GSM 06.10 frames of 33 bytes, one at a time or many, at their pace.

        Returns how many frames were sent.  Not in the specification, and no camera has
        been seen to answer: that it was heard is not known.
        """
        checked_frames(frames, asynchronous=False)
        if self._settings.needs_login_first:
            self.execute(commands.audio_status())
        session = self._session(commands.talk())
        with self._line(session) as line:
            line.do(session.step())
            start = time.monotonic()
            sent = 0
            for piece in talk_pieces(frames):
                line.listen(start + due_after(sent))
                data = session.send_audio(piece)
                line.send(data)
                sent += len(data)
            line.hang_up()
        return sent // 33

    def close(self) -> None:
        """Close every connection; a stream that is being read ends."""
        self._close_lines()

    def __enter__(self) -> Self:
        self._in_with = True
        return self

    def __exit__(
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
    """The events of an endless answer, as an iterator; also a context manager.

    The last event of a stream is `EndOfStream`.  If the end is a loss, the error is raised
    behind it.
    """

    def __init__(
        self, session: Session[Any], line: _Line, inbox: Inbox[StreamEvent] | None = None
    ) -> None:
        super().__init__(session, line)
        self._reader = None if inbox is None else _Reader(session, line, inbox)

    @property
    def dropped(self) -> int:
        """Events that were replaced by newer ones (`policy="latest"`)."""
        return 0 if self._reader is None else self._reader.inbox.dropped

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> E:
        if self._reader is not None:
            return cast(E, self._reader.get())
        event = self._line.next_event()
        if event is None:
            raise StopIteration
        return cast(E, event)

    def close(self) -> None:
        """Close the connection at once; what was not taken is gone."""
        self._line.close()
        if self._reader is not None:
            self._reader.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _Line:
    """The socket of a session, or none: does what the steps ask for.

    `close` may come from another thread.  A descriptor that is being waited on must not be
    closed under the one who waits, since the number could be somebody else's by the time
    he reads: then it is shut down, and closed by whom that wakes.
    """

    def __init__(self, tls: Tls, session: Session[Any]) -> None:
        self._tls = tls
        self._session = session
        self._sock: socket.socket | None = None
        # A collection in the middle may come back in here, by the end of the stream.
        self._lock = threading.RLock()
        # Held by the thread that waits for an event.
        self._busy = threading.Lock()
        self._in_use = False
        self._closing = threading.Event()

    @property
    def _endpoint(self) -> Endpoint:
        return self._session.endpoint

    @property
    def closed(self) -> bool:
        return self._closing.is_set()

    @property
    def is_open(self) -> bool:
        return self._sock is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._closing.set()
        with self._lock:
            if not self._in_use:
                self._drop()
            elif (sock := self._sock) is not None:
                with contextlib.suppress(OSError):
                    # Of the socket alone: `SSLSocket` would take its TLS from under the reader.
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def _drop(self) -> None:
        """Close the socket; under the lock, or by whom it is used."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    @contextlib.contextmanager
    def _used(self, sock: socket.socket) -> Iterator[None]:
        with self._lock:
            if self._closing.is_set():
                sock.close()
                raise _ClosedError
            self._in_use = True
            self._sock = sock
        try:
            yield
        finally:
            with self._lock:
                self._in_use = False
                if self._closing.is_set():
                    self._drop()

    def next_event(self) -> StreamEvent | None:
        """The next event, doing what it takes; None at the end or when it was closed."""
        session = self._session
        if not self._busy.acquire(blocking=False):
            raise another_reads()
        try:
            while not self._closing.is_set():
                step = session.step()
                if not isinstance(step, Action):
                    if isinstance(step, Disconnected):
                        with self._lock:
                            self._drop()
                    return step
                if not self.do(step, raise_closed=False):
                    break
        finally:
            self._busy.release()
        return None

    def do(self, step: StreamEvent | Action, *, raise_closed: bool = True) -> bool:
        """Do what a step says; False at the end.  Raises the error of `Action.FAIL`."""
        try:
            if step is Action.RECEIVE:
                self._receive()
                return True
            if step is Action.SEND:
                self.send(self._session.opened(time.monotonic()))
                return True
            with self._lock:
                self._drop()
            if step is Action.OPEN:
                self._open()
                return True
            if step is Action.SLEEP:
                if not self._closing.wait(self._session.delay):
                    self._session.slept(time.monotonic())
                return True
        except _ClosedError:
            if raise_closed:
                raise LocalProtocolError("the Camera was closed while it was asked") from None
            return False
        if step is Action.FAIL:
            assert self._session.error is not None
            # A new traceback each time: this one may be raised again.
            raise self._session.error.with_traceback(None)
        return False

    def _open(self) -> None:
        session, endpoint = self._session, self._session.endpoint
        limit = session.opening(time.monotonic())
        end = None if limit is None else time.monotonic() + limit
        try:
            found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            failed = error if isinstance(error, OSError) else OSError(str(error))
            session.lost(connection_failed(endpoint, failed, connecting=True))
            return
        for index, (family, kind, protocol, _, address) in enumerate(found):
            # The ones that come later have a share of the time too.
            share = len(found) - index
            try:
                self._connect(socket.socket(family, kind, protocol), address, end, share)
                break
            except TimeoutError:
                if share == 1:
                    session.timed_out(time.monotonic())
                    return
            except OSError as error:
                if share == 1:
                    session.lost(connection_failed(endpoint, error, connecting=True))
                    return
        if endpoint.secure:
            session.connected()
            if not self._secure(end):
                return
        self.send(session.opened(time.monotonic()))

    def _connect(self, sock: socket.socket, address: Any, end: float | None, share: int) -> None:
        """Connect within a share of the time that is left.  Raises OSError, all closed."""
        if self._endpoint.secure:
            sock = self._tls.context.wrap_socket(
                sock,
                server_hostname=self._endpoint.server_name,
                do_handshake_on_connect=False,
            )
        try:
            with self._used(sock):
                sock.settimeout(_left(end, share))
                sock.connect(address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            self._given_up()
            raise

    def _secure(self, end: float | None) -> bool:
        """The handshake of TLS; False if it failed, as the next step shows."""
        session, sock = self._session, self._sock
        if sock is None:
            raise _ClosedError
        try:
            with self._used(sock):
                sock.settimeout(_left(end, 1))
                cast(ssl.SSLSocket, sock).do_handshake()
            return True
        except _NOT_NOW:
            self._given_up()
            session.timed_out(time.monotonic())
        except OSError as error:
            self._given_up()
            session.lost(handshake_failed(self._endpoint, error))
        return False

    def _given_up(self) -> None:
        """An attempt to connect failed: by itself, or since somebody closed the line."""
        with self._lock:
            self._drop()
        if self._closing.is_set():
            raise _ClosedError

    def send(self, data: bytes) -> None:
        """Send everything; a failure shows in the next step."""
        session, sock = self._session, self._sock
        if sock is None:
            return
        try:
            with self._used(sock):
                sock.settimeout(session.patience(time.monotonic()))
                sock.sendall(data)
        except _NOT_NOW:
            session.timed_out(time.monotonic(), sending=True)
        except OSError as error:
            # The camera may have answered before it hung up.
            if not self._drain():
                session.lost(connection_failed(self._endpoint, error, connecting=False))

    def _drain(self) -> bool:
        """Take what came before a failure to send; True if it tells what there is to tell."""
        with contextlib.suppress(OSError):
            while self._receive_some(0.0):
                pass
        return not self._session.is_open

    def _receive(self) -> None:
        session = self._session
        try:
            self._receive_some(session.patience(time.monotonic()))
        except _NOT_NOW:
            self._look_again()
        except OSError as error:
            session.lost(connection_failed(self._endpoint, error, connecting=False))

    def _look_again(self) -> None:
        """The time is up.  What came while the process was stopped is there all the same."""
        session = self._session
        try:
            self._receive_some(0.0)
        except _NOT_NOW:
            session.timed_out(time.monotonic())
        except OSError as error:
            session.lost(connection_failed(self._endpoint, error, connecting=False))

    def _receive_some(self, patience: float | None) -> int:
        """Receive once; 0 at the end.  Raises OSError."""
        sock, session = self._sock, self._session
        if sock is None:
            raise _ClosedError
        with self._used(sock):
            sock.settimeout(patience)
            # The view is let go before the parser moves its buffer.
            with session.get_buffer() as view:
                try:
                    count = sock.recv_into(view)
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    # Of a socket that is not to wait: as any other says it.
                    raise BlockingIOError from None
        if self._closing.is_set():
            raise _ClosedError
        if count:
            arrived = arrival()
            session.buffer_updated(count, arrived, arrived.monotonic)
        else:
            session.receive_eof()
        return count

    # -- talk-back

    def listen(self, until: float) -> None:
        """Wait until that time; raises what the camera may have to say against the sound."""
        while True:
            step = self._session.step()
            if step in (Action.STOP, Action.FAIL):
                self.do(Action(step))
                raise ConnectionLostError(f"{self._endpoint}: the camera hung up on the sound")
            if step is Action.OPEN:
                # A login that had grown old: the sound goes on behind the new one.
                self.do(step)
            if step is not Action.RECEIVE:
                continue
            left = until - time.monotonic()
            try:
                if not self._receive_some(max(left, 0.0)):
                    continue
            except _NOT_NOW:
                return
            except _ClosedError:
                raise LocalProtocolError("the Camera was closed while it was talked to") from None
            except OSError as error:
                self._session.lost(connection_failed(self._endpoint, error, connecting=False))

    def hang_up(self) -> None:
        """Say that nothing follows, and give a refusal the time to arrive."""
        # TLS can't close one half of a connection.
        if self._sock is not None and not self._endpoint.secure:
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionLostError):
            self.listen(time.monotonic() + LAST_WORD_SECONDS)


def _left(end: float | None, share: int) -> float | None:
    """Seconds to the end, divided; None for ever, and never 0, which means something else."""
    return None if end is None else max((end - time.monotonic()) / share, 0.001)


#: Nothing could be received or sent in the time; the last three, if there was no time at all.
_NOT_NOW = (TimeoutError, BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class _ClosedError(Exception):
    """The line was closed, by this thread or another."""


_JOIN_SECONDS = 5.0


class _Reader:
    """The thread that reads for `policy="latest"`; it begins with the first event asked for."""

    def __init__(self, session: Session[Any], line: _Line, inbox: Inbox[StreamEvent]) -> None:
        self.inbox = inbox
        self._line = line
        self._news = threading.Condition()
        self._over = False
        self._busy = False
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None

    def get(self) -> StreamEvent:
        with self._news:
            if self._busy:
                raise another_reads()
            if self._thread is None and not self._line.closed:
                # It holds the line and not the stream, which can thus be collected, and close it.
                thread = threading.Thread(target=self._run, name="hamaproto-reader", daemon=True)
                thread.start()
                self._thread = thread
            self._busy = True
            try:
                while not self.inbox and not self._over and not self._line.closed:
                    self._news.wait()
                if self.inbox and not self._line.closed:
                    return self.inbox.get()
            finally:
                self._busy = False
        if self._error is not None and not self._line.closed:
            raise self._error.with_traceback(None)
        raise StopIteration

    def _run(self) -> None:
        try:
            while (event := self._line.next_event()) is not None:
                with self._news:
                    self.inbox.put(event)
                    self._news.notify()
        except BaseException as error:
            self._error = error
        finally:
            with self._news:
                self._over = True
                self._news.notify()

    def join(self) -> None:
        if self._thread is not None and self._thread is not threading.current_thread():
            # It is woken, but for a question to a name server, which can't be interrupted.
            self._thread.join(_JOIN_SECONDS)
