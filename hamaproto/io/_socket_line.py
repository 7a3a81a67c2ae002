"""A connection of the blocking driver: one socket, one thread that waits, any thread that closes.

    Session -> action -> SocketLine -> socket

Each wait is a call that blocks, for as long as the session says.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self, cast

from hamaproto.failures import connection_failed
from hamaproto.io._clock import arrival
from hamaproto.io._driver import another_reads, was_closed
from hamaproto.io._scratch import PIECE
from hamaproto.io._tls import Tls, handshake_failed
from hamaproto.session import Action, Disconnected, Session, StreamEvent
from hamaproto.settings import Endpoint
from hamaproto.talk import TalkAction, TalkStep, talk

__all__ = ["SocketLine"]

#: Nothing could be received or sent in the time; the last three, if there was no time at all.
_NOT_NOW = (TimeoutError, BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class SocketLine:
    """The socket of a session, or none: does what the steps ask for.

    `close` may come from another thread, while one waits for the socket.  The socket must not be
    closed then: the system may give its number to another file before the waiting thread reads.
    So `close` shuts the socket down.  That wakes the waiting thread, which closes the socket.
    """

    def __init__(self, session: Session[Any], tls: Tls) -> None:
        self._session = session
        self._tls = tls
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
        """Close the socket: under the lock, or in the thread that uses it."""
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
                raise was_closed("asked") from None
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
            try:
                data = sock.recv(PIECE)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                # Of a socket that is not to wait: as any other says it.
                raise BlockingIOError from None
        if self._closing.is_set():
            raise _ClosedError
        if data:
            arrived = arrival()
            session.receive_data(data, arrived, arrived.monotonic)
        else:
            session.receive_eof()
        return len(data)

    # -- talk-back

    def talk(self, sound: Iterator[bytes]) -> int:
        """Carry out the plan of talking back; gives how many frames were sent."""
        plan = talk(self._session, time.monotonic)
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
                frames = next(sound, None)
            else:
                with contextlib.suppress(_ClosedError):
                    self._say(step)

    def _say(self, step: TalkStep) -> None:
        if step.action is TalkAction.OPEN:
            self.do(Action.OPEN, raise_closed=False)
        elif step.action is TalkAction.SEND:
            self.send(step.data)
        elif step.action is TalkAction.LISTEN:
            self._listen(step.until)
        else:
            self._hang_up()

    def _listen(self, until: float) -> None:
        """Receive once, but no longer than to that time; what is there at least."""
        try:
            self._receive_some(max(until - time.monotonic(), 0.0))
        except _NOT_NOW:
            pass
        except OSError as error:
            self._session.lost(connection_failed(self._endpoint, error, connecting=False))

    def _hang_up(self) -> None:
        """Say on the connection that nothing follows, if it can say so."""
        # TLS can't close one half of a connection.
        if self._sock is not None and not self._endpoint.secure:
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_WR)


def _left(end: float | None, share: int) -> float | None:
    """Seconds to the end, divided; None for ever, and never 0, which means something else."""
    return None if end is None else max((end - time.monotonic()) / share, 0.001)


class _ClosedError(Exception):
    """The line was closed, by this thread or another."""
