"""Live traffic as a capture: the streams of a camera, each receive with its time.

A thread a stream: a `Session` says what to do, a socket does it, and each thing that is sent or
received becomes a packet of the file.  The time of a receive is that at which the kernel had the
bytes, where it says so (Linux), else that at which this program had them.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hamaproto.captures.conversation import Endpoint as Address
from hamaproto.captures.secrets import hidden_answer, hidden_request
from hamaproto.captures.writer import Dialogue, PcapngWriter
from hamaproto.cli.options import Target
from hamaproto.cli.tally import Tally
from hamaproto.commands import BaseRequest
from hamaproto.errors import CertificateError, HamaError
from hamaproto.events import Arrival
from hamaproto.failures import connection_failed
from hamaproto.session import Action, Session
from hamaproto.settings import Settings

__all__ = ["Recorder", "Wanted"]

#: Bytes that are received at once: no more than fit into a packet of the file.
_PIECE: Final = 60_000
#: Seconds after which a wait looks whether it is to end.
_LOOK: Final = 0.2
#: Linux: the time at which the kernel had what is received, with each receive.
_TIMESTAMPS: Final = 35 if sys.platform == "linux" else 0
_TIMESPEC: Final = struct.Struct("@qq")
#: Bytes of a head in which cookies are looked for.
_MOST_HEAD: Final = 64 * 1024


@dataclass(slots=True)
class Wanted:
    """A stream that is to be recorded, and what came of it."""

    request: BaseRequest
    tally: Tally


class Recorder:
    """Records some streams of one camera until it is stopped, or the first of them ends."""

    def __init__(
        self,
        target: Target,
        wanted: Sequence[Wanted],
        write: Callable[[bytes], object],
        *,
        secrets: bool = False,
    ) -> None:
        self._target = target
        self._wanted = wanted
        self._write = write
        self._secrets = secrets
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._begun = False
        #: An error of the file, which ends it all.
        self.failure: BaseException | None = None
        self.writer = PcapngWriter(
            f"recorded by hamaproto capture from {target.url}"
            + ("" if secrets else "; logins and cookies were taken out")
        )

    def run(self, seconds: float | None) -> None:
        """Record.  Raises what writing raises."""
        threads = [
            threading.Thread(target=self._record, args=(wanted,), daemon=True)
            for wanted in self._wanted
        ]
        end = None if seconds is None else time.monotonic() + seconds
        for thread in threads:
            thread.start()
        while not self._over.is_set() and (end is None or time.monotonic() < end):
            left = _LOOK if end is None else min(_LOOK, end - time.monotonic())
            self._over.wait(max(0.0, left))
        self._over.set()
        for thread in threads:
            thread.join()
        if self.failure is not None:
            raise self.failure

    def stop(self) -> None:
        """End it; from a handler of signals, or another thread."""
        self._over.set()

    @property
    def stopped(self) -> bool:
        """Whether it is to end."""
        return self._over.is_set()

    def keep(self, make: Callable[[], bytes]) -> None:
        """Write what `make` gives: packets are made in the order in which they are written."""
        with self._lock:
            self._keep(make())

    def _keep(self, data: bytes) -> None:
        if self.failure is None:
            try:
                # A file appears with the first connection, and not if there is none.
                self._write(data if self._begun else self.writer.head() + data)
                self._begun = True
            except BaseException as error:
                self.failure = error
                self._over.set()

    def _record(self, wanted: Wanted) -> None:
        target = self._target
        settings = Settings(target.url, auth=target.auth, timeout=target.timeouts)
        line = _Line(self, Session(wanted.request, settings), target, secrets=self._secrets)
        tally = wanted.tally
        try:
            for event in line:
                tally.count(event, time.monotonic())
        except HamaError as error:
            tally.error = error
        except Exception as error:
            self.failure = self.failure or error
        finally:
            tally.received = line.received
            line.close(by_server=False)
            # The first that ends is the end of all.
            self._over.set()


class _Line:
    """One stream: iterating does what its session says, and gives its events."""

    def __init__(
        self, recorder: Recorder, session: Session[Any], target: Target, *, secrets: bool
    ) -> None:
        self._recorder = recorder
        self._session = session
        self._target = target
        self._secrets = secrets
        self._sock: socket.socket | None = None
        self._talk: Dialogue | None = None
        # How much of the head of an answer may still come.
        self._head = 0
        self.received = 0

    def __iter__(self) -> Any:
        session = self._session
        while not self._recorder.stopped:
            step = session.step()
            if not isinstance(step, Action):
                yield step
            elif step is Action.FAIL:
                assert session.error is not None
                raise session.error
            elif step is Action.STOP:
                return
            else:
                self._do(step)

    def close(self, *, by_server: bool = True) -> None:
        """Close what is open."""
        talk, self._talk = self._talk, None
        if talk is not None:
            now = time.time_ns()
            self._recorder.keep(lambda: talk.closed(now, by_server=by_server))
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def _do(self, step: Action) -> None:
        session, clock = self._session, time.monotonic
        try:
            if step is Action.RECEIVE:
                self._receive()
            elif step is Action.SEND:
                self._send(session.opened(clock()))
            else:
                self.close(by_server=False)
                if step is Action.SLEEP:
                    time.sleep(session.delay)
                    session.slept(clock())
                else:
                    self._open()
                    self._send(session.opened(clock()))
        except TimeoutError:
            session.timed_out(clock())
        except OSError as error:
            connecting = step is Action.OPEN
            session.lost(
                self._certificate(error)
                or connection_failed(session.endpoint, error, connecting=connecting)
            )

    def _certificate(self, error: OSError) -> HamaError | None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return CertificateError(
                f"{self._session.endpoint}: the certificate is not to be trusted "
                f"({error.verify_message}); --cafile FILE trusts one, --insecure any"
            )
        return None

    def _open(self) -> None:
        endpoint = self._session.endpoint
        limit = self._session.opening(time.monotonic())
        sock = socket.create_connection((endpoint.host, endpoint.port), limit)
        self._sock = sock
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ends = [Address(*end[:2]) for end in (sock.getsockname(), sock.getpeername())]
        talk = self._talk = self._recorder.writer.conversation(*ends)
        now = time.time_ns()
        if endpoint.secure:
            driver = self._target.driver
            context = ssl.create_default_context(cafile=driver["cafile"])
            if not driver["verify"]:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            self._session.connected()
            self._sock = context.wrap_socket(sock, server_hostname=endpoint.server_name)
        elif _TIMESTAMPS:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, _TIMESTAMPS, 1)
        self._recorder.keep(lambda: talk.opened(now))

    def _send(self, data: bytes) -> None:
        sock, talk = self._sock, self._talk
        assert sock is not None
        assert talk is not None
        shown = data if self._secrets else hidden_request(data)
        self._recorder.keep(lambda: talk.asked(shown, time.time_ns()))
        self._head = _MOST_HEAD
        sock.settimeout(self._session.patience(time.monotonic()))
        sock.sendall(data)

    def _receive(self) -> None:
        """Receive once, or see that it is to end."""
        sock, talk, session = self._sock, self._talk, self._session
        assert sock is not None
        assert talk is not None
        patience = session.patience(time.monotonic())
        end = None if patience is None else time.monotonic() + patience
        while True:
            left = _LOOK if end is None else min(_LOOK, end - time.monotonic())
            sock.settimeout(max(left, 0.001))
            try:
                data, at = _take(sock)
                break
            except TimeoutError:
                if self._recorder.stopped:
                    return
                if end is not None and time.monotonic() >= end:
                    raise
        if not data:
            self.close()
            session.receive_eof()
            return
        self.received += len(data)
        shown = data
        if self._head > 0 and not self._secrets:
            shown = hidden_answer(data)
            self._head = 0 if b"\r\n\r\n" in data else self._head - len(data)
        self._recorder.keep(lambda: talk.answered(shown, at))
        now = time.monotonic()
        session.receive_data(data, Arrival(now, at / 1e9), now)


def _take(sock: socket.socket) -> tuple[bytes, int]:
    """Bytes, and when they came, in nanoseconds since 1970."""
    if not _TIMESTAMPS or isinstance(sock, ssl.SSLSocket):
        return sock.recv(_PIECE), time.time_ns()
    data, said, _, _ = sock.recvmsg(_PIECE, socket.CMSG_SPACE(_TIMESPEC.size))
    now = time.time_ns()
    for level, kind, value in said:
        if level == socket.SOL_SOCKET and kind == _TIMESTAMPS and len(value) >= _TIMESPEC.size:
            seconds, rest = _TIMESPEC.unpack_from(value)
            return data, min(now, seconds * 1_000_000_000 + rest)
    return data, now
