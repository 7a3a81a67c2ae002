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
from hamaproto.inbox import Inbox
from hamaproto.io._clock import arrival
from hamaproto.io._common import (
    LAST_WORD_SECONDS,
    Conversation,
    Disconnected,
    Do,
    Occurrence,
    Reconnected,
    connection_failed,
    due_after,
)
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
from hamaproto.settings import Backoff, Endpoint, Policy, Timeouts

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
        conversation = self._begin(request, "execute")
        with self._line(conversation) as line:
            while not isinstance(step := conversation.step(), Do) or line.do(step):
                pass
        return cast(R, conversation.result())

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
        conversation, inbox = self._begin_stream(request, reconnect, queue, policy)
        return self._given(
            Stream(conversation, self._line(conversation), inbox if policy == "latest" else None)
        )

    def talk(self, frames: bytes | Iterable[bytes]) -> int:
        """Say something: GSM 06.10 frames of 33 bytes, one at a time or many, at their pace.

        Returns how many frames were sent.  Not in the specification, and no camera has
        been seen to answer: that it was heard is not known.
        """
        checked_frames(frames, asynchronous=False)
        if self._settings.needs_login_first:
            self.execute(commands.audio_status())
        conversation = self._conversation(commands.talk())
        with self._line(conversation) as line:
            line.do(conversation.step())
            start = time.monotonic()
            sent = 0
            for piece in talk_pieces(frames):
                line.listen(start + due_after(sent))
                data = conversation.connection.send_audio(piece)
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

    def _line(self, conversation: Conversation[Any]) -> _Line:
        line = _Line(self._tls, conversation)
        self._lines.add(line)
        return line


class Stream(BaseStream[E]):
    """The events of an endless answer, as an iterator; also a context manager.

    The last event of a stream is `EndOfStream`.  If the end is a loss, the error is raised
    behind it.
    """

    def __init__(
        self, conversation: Conversation[Any], line: _Line, inbox: Inbox[Occurrence] | None = None
    ) -> None:
        super().__init__(conversation, line)
        self._reader = None if inbox is None else _Reader(conversation, line, inbox)

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
    """The socket of a conversation, or none: does what the steps ask for.

    `close` may come from another thread.  A descriptor that is being waited on must not be
    closed under the one who waits, since the number could be somebody else's by the time
    he reads: then it is shut down, and closed by whom that wakes.
    """

    def __init__(self, tls: Tls, conversation: Conversation[Any]) -> None:
        self._tls = tls
        self._conversation = conversation
        self._sock: socket.socket | None = None
        # A collection in the middle may come back in here, by the end of the stream.
        self._lock = threading.RLock()
        # Held by the thread that waits for an event.
        self._busy = threading.Lock()
        self._in_use = False
        self._closing = threading.Event()

    @property
    def _place(self) -> Endpoint:
        return self._conversation.endpoint

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

    def next_event(self) -> Occurrence | None:
        """The next event, doing what it takes; None at the end or when it was closed."""
        conversation = self._conversation
        if not self._busy.acquire(blocking=False):
            raise another_reads()
        try:
            while not self._closing.is_set():
                step = conversation.step()
                if not isinstance(step, Do):
                    if isinstance(step, Disconnected):
                        with self._lock:
                            self._drop()
                    return step
                if not self.do(step, raise_closed=False):
                    break
        finally:
            self._busy.release()
        return None

    def do(self, step: Occurrence | Do, *, raise_closed: bool = True) -> bool:
        """Do what a step says; False at the end.  Raises the error of `Do.FAIL`."""
        try:
            if step is Do.RECEIVE:
                self._receive()
                return True
            if step is Do.SEND:
                self.send(self._conversation.opened(time.monotonic()))
                return True
            with self._lock:
                self._drop()
            if step is Do.OPEN:
                self._open()
                return True
            if step is Do.SLEEP:
                if not self._closing.wait(self._conversation.delay):
                    self._conversation.slept(time.monotonic())
                return True
        except _ClosedError:
            if raise_closed:
                raise LocalProtocolError("the Camera was closed while it was asked") from None
            return False
        if step is Do.FAIL:
            assert self._conversation.error is not None
            # A new traceback each time: this one may be raised again.
            raise self._conversation.error.with_traceback(None)
        return False

    def _open(self) -> None:
        conversation, place = self._conversation, self._conversation.endpoint
        limit = conversation.opening(time.monotonic())
        end = None if limit is None else time.monotonic() + limit
        try:
            found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            failed = error if isinstance(error, OSError) else OSError(str(error))
            conversation.lost(connection_failed(place, failed, connecting=True))
            return
        for index, (family, kind, protocol, _, address) in enumerate(found):
            # The ones that come later have a share of the time too.
            share = len(found) - index
            try:
                self._connect(socket.socket(family, kind, protocol), address, end, share)
                break
            except TimeoutError:
                if share == 1:
                    conversation.timed_out(time.monotonic())
                    return
            except OSError as error:
                if share == 1:
                    conversation.lost(connection_failed(place, error, connecting=True))
                    return
        if place.secure:
            conversation.connected()
            if not self._secure(end):
                return
        self.send(conversation.opened(time.monotonic()))

    def _connect(self, sock: socket.socket, address: Any, end: float | None, share: int) -> None:
        """Connect within a share of the time that is left.  Raises OSError, all closed."""
        if self._place.secure:
            sock = self._tls.context.wrap_socket(
                sock,
                server_hostname=self._place.server_name,
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
        conversation, sock = self._conversation, self._sock
        if sock is None:
            raise _ClosedError
        try:
            with self._used(sock):
                sock.settimeout(_left(end, 1))
                cast(ssl.SSLSocket, sock).do_handshake()
            return True
        except _NOT_NOW:
            self._given_up()
            conversation.timed_out(time.monotonic())
        except OSError as error:
            self._given_up()
            conversation.lost(handshake_failed(self._place, error))
        return False

    def _given_up(self) -> None:
        """An attempt to connect failed: by itself, or since somebody closed the line."""
        with self._lock:
            self._drop()
        if self._closing.is_set():
            raise _ClosedError

    def send(self, data: bytes) -> None:
        """Send everything; a failure shows in the next step."""
        conversation, sock = self._conversation, self._sock
        if sock is None:
            return
        try:
            with self._used(sock):
                sock.settimeout(conversation.patience(time.monotonic()))
                sock.sendall(data)
        except _NOT_NOW:
            conversation.timed_out(time.monotonic(), sending=True)
        except OSError as error:
            # The camera may have answered before it hung up.
            if not self._drain():
                conversation.lost(connection_failed(self._place, error, connecting=False))

    def _drain(self) -> bool:
        """Take what came before a failure to send; True if it tells what there is to tell."""
        with contextlib.suppress(OSError):
            while self._receive_some(0.0):
                pass
        return not self._conversation.is_open

    def _receive(self) -> None:
        conversation = self._conversation
        try:
            self._receive_some(conversation.patience(time.monotonic()))
        except _NOT_NOW:
            self._look_again()
        except OSError as error:
            conversation.lost(connection_failed(self._place, error, connecting=False))

    def _look_again(self) -> None:
        """The time is up.  What came while the process was stopped is there all the same."""
        conversation = self._conversation
        try:
            self._receive_some(0.0)
        except _NOT_NOW:
            conversation.timed_out(time.monotonic())
        except OSError as error:
            conversation.lost(connection_failed(self._place, error, connecting=False))

    def _receive_some(self, patience: float | None) -> int:
        """Receive once; 0 at the end.  Raises OSError."""
        sock, conversation = self._sock, self._conversation
        if sock is None:
            raise _ClosedError
        with self._used(sock):
            sock.settimeout(patience)
            # The view is let go before the parser moves its buffer.
            with conversation.get_buffer() as view:
                try:
                    count = sock.recv_into(view)
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    # Of a socket that is not to wait: as any other says it.
                    raise BlockingIOError from None
        if self._closing.is_set():
            raise _ClosedError
        if count:
            arrived = arrival()
            conversation.buffer_updated(count, arrived, arrived.monotonic)
        else:
            conversation.receive_eof()
        return count

    # -- talk-back

    def listen(self, until: float) -> None:
        """Wait until that time; raises what the camera may have to say against the sound."""
        while True:
            step = self._conversation.step()
            if step in (Do.STOP, Do.FAIL):
                self.do(Do(step))
                raise ConnectionLostError(f"{self._place}: the camera hung up on the sound")
            if step is Do.OPEN:
                # A login that had grown old: the sound goes on behind the new one.
                self.do(step)
            if step is not Do.RECEIVE:
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
                self._conversation.lost(connection_failed(self._place, error, connecting=False))

    def hang_up(self) -> None:
        """Say that nothing follows, and give a refusal the time to arrive."""
        # TLS can't close one half of a connection.
        if self._sock is not None and not self._place.secure:
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

    def __init__(
        self, conversation: Conversation[Any], line: _Line, inbox: Inbox[Occurrence]
    ) -> None:
        self.inbox = inbox
        self._line = line
        self._news = threading.Condition()
        self._over = False
        self._busy = False
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None

    def get(self) -> Occurrence:
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
