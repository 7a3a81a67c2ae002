"""Many viewers in one process: they take pictures by WebSocket, at next to no cost.

One of them looks at each picture, whose stamp tells when it was sent; a slow one takes as few
bytes a second as it is told.  `direct` is a viewer of the camera itself, with nobody between.
"""

from __future__ import annotations

import asyncio
import socket
import time
from typing import NamedTuple

from bench.traffic.sender import read_stamp

__all__ = ["Seen", "Watchers"]

_REQUEST = (
    b"GET %b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
#: The path by which each of the relays gives pictures and nothing before them.
PATH = b"/c/camera/frames?plain=1"
#: Bytes that a slow viewer takes at once.
_SIP = 4096
_ROOM = 1 << 18
#: Kinds of messages.
_PICTURE, _PING = 2, 9
_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"


class Seen(NamedTuple):
    """Pictures that all have got between two times (since 1970); seconds from sending for each
    that was looked at, and for those of the slow one."""

    frames: int
    start: float
    end: float
    late: list[float]
    slow: list[float]


class _Viewer(asyncio.BufferedProtocol):
    """Counts the pictures of a WebSocket; `looks` keeps them to read their stamps."""

    def __init__(self, port: int, *, looks: bool = False, rate: float = 0.0) -> None:
        self._port = port
        self._buffer = bytearray(_SIP if rate else _ROOM)
        self._view = memoryview(self._buffer)
        self._head = b""
        self._opened = False
        self._left = 0
        self._kind = 0
        self._picture = bytearray()
        self._ping = b""
        self._looks = looks
        self._rate = rate
        self._due = 0.0
        self.frames = 0
        self.late: list[float] = []
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._due = asyncio.get_running_loop().time()
        transport.write(_REQUEST % (PATH, self._port))

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._view

    def buffer_updated(self, count: int) -> None:
        start = 0
        while start < count:
            if self._left:
                taken = min(self._left, count - start)
                if self._kind == _PICTURE and self._looks:
                    self._picture += self._view[start : start + taken]
                elif self._kind == _PING:
                    self._ping += self._view[start : start + taken]
                self._left -= taken
                start += taken
                if not self._left:
                    self._ended()
            else:
                # Heads are short, and a byte at a time is enough for them.
                self._head += self._view[start : start + 1]
                start += 1
                self._read_head()
        if self._rate:
            self._rest(count)

    def _read_head(self) -> None:
        head = self._head
        if not self._opened:
            if head.endswith(b"\r\n\r\n"):
                self._opened, self._head = True, b""
            return
        if len(head) < 2:
            return
        short = head[1] & 0x7F
        size = {126: 4, 127: 10}.get(short, 2)
        if len(head) < size:
            return
        self._left = short if size == 2 else int.from_bytes(head[2:size], "big")
        self._kind = head[0] & 0x0F
        self._head = b""

    def _ended(self) -> None:
        if self._kind == _PING:
            self._answer()
        if self._kind != _PICTURE:
            return
        self.frames += 1
        if self._looks:
            self.late.append(time.time() - read_stamp(bytes(self._picture))[1])
            self._picture.clear()

    def _answer(self) -> None:
        """A pong that says the same, masked by nothing (RFC 6455 5.3)."""
        said, self._ping = self._ping, b""
        if self._transport is not None:
            self._transport.write(b"\x8a%c\0\0\0\0" % (0x80 | len(said)) + said)

    def _rest(self, count: int) -> None:
        """Take no more until it is due."""
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        self._due = max(self._due, loop.time() - 0.1) + count / self._rate
        if (wait := self._due - loop.time()) > 0:
            self._transport.pause_reading()
            loop.call_later(wait, self._transport.resume_reading)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class Watchers:
    """Of another process: `watch` or `direct`, as often as wanted."""

    def __call__(self, wish: str, port: int, *values: float) -> Seen:
        if wish == "direct":
            return _direct(port, *values)
        return asyncio.run(_watch(port, int(values[0]), *values[1:]))


async def _watch(port: int, viewers: int, settle: float, seconds: float, slow: float) -> Seen:
    """So many viewers for `settle` and then `seconds`; with `slow`, one more that takes so many
    bytes a second."""
    loop = asyncio.get_running_loop()
    there: list[_Viewer] = []

    async def connect(viewer: _Viewer) -> None:
        await loop.create_connection(lambda: viewer, "127.0.0.1", port)
        there.append(viewer)

    try:
        for number in range(viewers):
            await connect(_Viewer(port, looks=number == 0))
        if slow:
            await connect(_Viewer(port, looks=True, rate=slow))
        await asyncio.sleep(settle)
        before, start = sum(one.frames for one in there[:viewers]), time.time()
        looked, lagged = len(there[0].late), len(there[-1].late)
        await asyncio.sleep(seconds)
        frames = sum(one.frames for one in there[:viewers]) - before
        late = there[0].late[looked:]
        return Seen(frames, start, time.time(), late, there[-1].late[lagged:] if slow else [])
    finally:
        for viewer in there:
            viewer.close()


def _direct(port: int, settle: float, seconds: float) -> Seen:
    """One viewer of the camera itself."""
    late: list[float] = []
    rest = bytearray()
    with socket.create_connection(("127.0.0.1", port), timeout=settle + seconds) as sock:
        sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
        began = time.monotonic()
        while time.monotonic() - began < settle + seconds:
            chunk = sock.recv(_ROOM)
            if not chunk:
                break
            rest += chunk
            start, end = rest.find(_SOI), rest.find(_EOI + b"\r\n--")
            if end >= 0:
                if time.monotonic() - began > settle:
                    late.append(time.time() - read_stamp(bytes(rest[start:end]))[1])
                del rest[: end + 2]
    return Seen(len(late), 0.0, seconds, late, [])
