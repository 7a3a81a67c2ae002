"""A camera of bare sockets, for as many streams as there are descriptors.

It sends as these cameras do: head, image, line end and the next delimiter in one write, at a
steady pace, one stream after the other over the second.  Each image has a comment with its number
and the time at which it was sent.  A stream that does not take all of its image is flushed when its
turn comes again, and an image that finds the one before unsent is left out.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import time
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["HEAD", "Picture", "Sender", "Sent", "read_stamp", "stamped"]

HEAD = (
    b"HTTP/1.1 200 OK\r\nServer: GoAhead-Webs\r\nPragma: no-cache\r\nCache-Control: no-cache\r\n"
    b"Content-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n--frame\r\n"
)
#: The comment behind SOI: its marker and length, a word, the number, the time.
_WORD = b"hamabench "
_STAMP = b"%010d %020.9f."
_STAMP_SIZE = len(_STAMP % (0, 0.0))
_MARK = b"\xff\xfe" + (2 + len(_WORD) + _STAMP_SIZE).to_bytes(2, "big") + _WORD
_FIRST = 2 + len(_MARK)
#: Seconds that anything here may take.
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Picture:
    """What is written of an image before its stamp and behind it."""

    before: bytes
    behind: bytes

    @property
    def size(self) -> int:
        """Bytes that are sent for it."""
        return len(self.before) + _STAMP_SIZE + len(self.behind)


def stamped(image: bytes) -> Picture:
    """An image that leaves room for a stamp."""
    size = len(image) + len(_MARK) + _STAMP_SIZE
    head = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % size
    return Picture(head + image[:2] + _MARK, image[2:] + b"\r\n--frame\r\n")


def read_stamp(image: bytes) -> tuple[int, float]:
    """The number of an image in its stream, and when it was sent (Unix time)."""
    return int(image[_FIRST : _FIRST + 10]), float(image[_FIRST + 11 : _FIRST + 31])


class Sent(NamedTuple):
    """What was sent over all streams."""

    frames: int
    left_out: int
    cpu: float


class _Client:
    """One stream: its socket, how many images it was sent, and what it has not taken yet."""

    __slots__ = ("number", "rest", "sock")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.number = 0
        self.rest = b""

    def flush(self) -> bool:
        """Whether all is taken."""
        if self.rest:
            with contextlib.suppress(BlockingIOError):
                self.rest = self.rest[self.sock.send(self.rest) :]
        return not self.rest

    def send(self, *parts: bytes) -> None:
        try:
            taken = self.sock.sendmsg(parts)
        except BlockingIOError:
            taken = 0
        if taken < sum(map(len, parts)):
            self.rest = b"".join(parts)[taken:]


class Sender:
    """Of another process: `listen`, then `stream` or `hold`, as often as wanted."""

    def __init__(self, images: list[bytes]) -> None:
        self._pictures = [stamped(image) for image in images]
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self._listener.settimeout(PATIENCE)
        self._held: list[_Client] = []

    def __call__(self, wish: str, *values: float) -> int | Sent:
        if wish == "listen":
            port: int = self._listener.getsockname()[1]
            return port
        if wish == "stream":
            return self._stream(int(values[0]), *values[1:])
        return self._hold(int(values[0]), int(values[1]), half=bool(values[2]))

    def close(self) -> None:
        """Close the connections that are held, and listen no more."""
        self._close(self._held)
        self._held = []
        self._listener.close()

    def _accept(self, count: int) -> list[_Client]:
        """So many who asked for a stream, and got the head of the answer."""
        clients = []
        for _ in range(count):
            sock, _ = self._listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(PATIENCE)
            request = b""
            while b"\r\n\r\n" not in request:
                request += sock.recv(4096) or b"\r\n\r\n"
            sock.sendall(HEAD)
            sock.setblocking(False)
            clients.append(_Client(sock))
        return clients

    def _stream(self, count: int, rate: float, seconds: float) -> Sent:
        """Send to `count` clients for so long, then close; `rate` frames a second to each."""
        clients = self._accept(count)
        cpu, left_out = time.process_time(), 0
        gap, start = 1 / (count * rate), time.monotonic()
        pictures = itertools.cycle(self._pictures)
        for turn, client in enumerate(itertools.cycle(clients)):
            if turn * gap >= seconds:
                break
            if turn % count == 0:
                picture = next(pictures)
            if (wait := start + turn * gap - time.monotonic()) > 0:
                time.sleep(wait)
            with contextlib.suppress(ConnectionError):
                if client.flush():
                    stamp = _STAMP % (client.number, time.time())
                    client.send(picture.before, stamp, picture.behind)
                    client.number += 1
                else:
                    left_out += 1
        self._close(clients)
        sent = sum(client.number for client in clients)
        return Sent(sent, left_out, time.process_time() - cpu)

    def _hold(self, count: int, frames: int, *, half: bool) -> int:
        """Send so many frames to each, perhaps one to its half, and keep the connections open.

        Those that were held before are closed.
        """
        self._close(self._held)
        self._held = clients = self._accept(count)
        for client in clients:
            client.sock.settimeout(PATIENCE)
            for number in range(frames + half):
                picture = self._pictures[number % len(self._pictures)]
                parts = picture.before, _STAMP % (number, time.time()), picture.behind
                whole = b"".join(parts)
                client.sock.sendall(whole if number < frames else whole[: len(whole) // 2])
        return os.getpid()

    @staticmethod
    def _close(clients: list[_Client]) -> None:
        """Write out what was begun, and end."""
        for client in clients:
            with contextlib.suppress(OSError):
                client.sock.settimeout(PATIENCE)
                client.sock.sendall(client.rest)
            client.sock.close()
