"""Plays the answers of a capture on a real socket, each piece at its time.

A thread a client, which sleeps until a piece is due, or with `exact` spins for the last few
milliseconds, since whoever sleeps wakes up when the system likes.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from array import array
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from hamaproto.camera.request import RequestReader
from hamaproto.captures.clock import Spread
from hamaproto.captures.script import Line, Script

__all__ = ["Player"]

#: Seconds in which a request must be there, and a client must take something.
_PATIENCE: Final = 30.0
#: Seconds after which a wait looks whether it is to end.
_LOOK: Final = 0.1
#: Seconds before a piece is due that are spun away.
_SPUN: Final = 0.003
_NOT_THERE: Final = (
    b"HTTP/1.0 404 Not Found\r\nContent-Type: text/plain\r\n\r\nThis is not in the capture.\n"
)
#: Latenesses that are kept for the report.
_MOST_KEPT: Final = 1_000_000


class Player:
    """Listens, and answers as the capture does; a context manager.

    `speed` is how many times as fast; None waits for nothing.
    """

    def __init__(
        self,
        script: Script,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        speed: float | None = 1.0,
        loop: bool = False,
        exact: bool = False,
    ) -> None:
        self._script = script
        self._speed = speed
        self._loop = loop
        self._exact = exact
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._turns: Counter[tuple[str, str]] = Counter()
        self._threads: list[threading.Thread] = []
        self._clients: set[socket.socket] = set()
        #: Answers that were played to their end, and by how much each piece was late, in seconds.
        self.played = 0
        self.late = array("d")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, reuse_port=False)
        self._listener.settimeout(_LOOK)
        self._host = host
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Player:
        self._accepting.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """`http://host:port`."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        """End all answers, and listen no longer."""
        self._over.set()
        self._accepting.join()
        self._listener.close()
        with self._lock:
            for client in self._clients:
                with contextlib.suppress(OSError):  # it wakes whoever waits for it
                    client.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join()

    def wait(self, *, once: bool = False, seconds: float | None = None) -> None:
        """Until `stop`, or so long, or with `once` until an answer was played to its end."""
        end = None if seconds is None else time.monotonic() + seconds
        while not self._over.wait(_LOOK):
            if (once and self.played) or (end is not None and time.monotonic() >= end):
                return

    def stop(self) -> None:
        """Leave word that it is to end."""
        self._over.set()

    def lateness(self) -> Spread | None:
        """By how much pieces were late, in seconds."""
        return Spread.of(self.late)

    # -- clients

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with self._known(client), contextlib.suppress(OSError):
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.settimeout(_PATIENCE)
            head = self._request(client)
            asked = time.monotonic()
            if head is None:
                return
            key = (head.method, head.target)
            with self._lock:
                turn = self._turns[key]
                self._turns[key] += 1
            line = self._script.answer(*key, turn, loop=self._loop)
            if line is None:
                client.sendall(_NOT_THERE)
            elif self._play(client, line, asked):
                with self._lock:
                    self.played += 1
            _end(client)

    @contextlib.contextmanager
    def _known(self, client: socket.socket) -> Iterator[None]:
        with self._lock:
            self._clients.add(client)
        try:
            yield
        finally:
            with self._lock:
                self._clients.discard(client)
            client.close()

    def _request(self, client: socket.socket) -> Any:
        reader = RequestReader()
        while reader.head is None and reader.refusal is None:
            data = client.recv(65536)
            if not data:
                return None
            reader.receive(data)
        return reader.head

    def _play(self, client: socket.socket, line: Line, asked: float) -> bool:
        """Send all of an answer; False if it was to end before."""
        _ask_for_precedence()
        begin, first = asked, 0
        while True:
            for due, data in line.pieces[first:]:
                if not self._wait(begin + self._seconds(due)):
                    return False
                client.sendall(data)
            if not (self._loop and line.endless and len(line.pieces) > line.body):
                return True
            # The next round begins where one more piece would be.
            first = line.body
            start, last = line.pieces[first][0], line.pieces[-1][0]
            step = (last - start) // max(1, len(line.pieces) - first - 1) or 40_000_000
            begin += self._seconds(last + step - start)

    def _seconds(self, nanoseconds: int) -> float:
        return 0.0 if self._speed is None else nanoseconds / 1e9 / self._speed

    def _wait(self, due: float) -> bool:
        """Until then; False if it is to end."""
        clock = time.monotonic
        if self._speed is None:
            return not self._over.is_set()
        spun = _SPUN if self._exact else 0.0
        while (left := due - clock() - spun) > 0:
            if left > _LOOK:
                if self._over.wait(_LOOK):
                    return False
            else:
                time.sleep(left)
        while clock() < due:
            pass
        if len(self.late) < _MOST_KEPT:
            self.late.append(clock() - due)
        return not self._over.is_set()


def _ask_for_precedence() -> None:
    """Of this thread over others, where the system allows it."""
    if hasattr(os, "sched_setscheduler"):
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def _end(client: socket.socket) -> None:
    """Say that this was all, and read what still comes: to close would reset the connection."""
    client.shutdown(socket.SHUT_WR)
    client.settimeout(1.0)
    for _ in range(64):
        if not client.recv(65536):
            return
