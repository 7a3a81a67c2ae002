"""The streams that `bench.mjpeg` reads, and everybody who reads them: ours, others, the limits.

A reader takes the pieces of a stream, gives each frame to a sink and counts them.  Those over
a socket pair have a child process that writes; their limit is to receive and do nothing.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = [
    "CONTENT_TYPE",
    "READERS",
    "SOCKETS",
    "Load",
    "Reader",
    "copy_limit",
    "memmem_limit",
    "stream",
]

BOUNDARY = "frame"
CONTENT_TYPE = f"multipart/x-mixed-replace; boundary={BOUNDARY}"

#: What a reader does with a frame, or None: drop it.
Sink = Callable[[bytes], object] | None
#: Reads a stream that comes in pieces, gives each frame to the sink, counts them.
Reader = Callable[[list[bytes], Sink], int]


@dataclass(frozen=True, slots=True)
class Load:
    """One stream to read, in pieces of one size."""

    frames: list[bytes]
    body: bytes
    size: int
    length: bool

    @property
    def label(self) -> str:
        return f"{'with' if self.length else 'without'} Content-Length, {self.size} B"


def stream(frames: list[bytes], *, length: bool) -> bytes:
    out = []
    for data in frames:
        out.append(b"--frame\r\nContent-Type: image/jpeg\r\n")
        if length:
            out.append(b"Content-Length: %d\r\n" % len(data))
        out += (b"\r\n", data, b"\r\n")
    out.append(b"--frame--\r\n")
    return b"".join(out)


# The readers


def ours(module: str) -> Reader:
    parser_class = importlib.import_module(module).MjpegParser

    def read(chunks: list[bytes], sink: Sink) -> int:
        from hamaproto.events import NEED_DATA, Frame

        parser = parser_class(CONTENT_TYPE)
        receive, next_event = parser.receive_data, parser.next_event
        count = 0
        for chunk in chunks:
            receive(chunk)
            while (event := next_event()) is not NEED_DATA:
                if type(event) is Frame:
                    count += 1
                    if sink is not None:
                        sink(event.data)
        return count

    return read


def ours_decoded(module: str) -> Reader:
    """The same through `decode`: the parser fetches the pieces, as PyAV does."""
    from hamaproto.io.adapters import decode

    parser_class = importlib.import_module(module).MjpegParser

    def read(chunks: list[bytes], sink: Sink) -> int:
        from hamaproto.events import Frame

        count = 0
        for event in decode(chunks, parser_class(CONTENT_TYPE)):
            if type(event) is Frame:
                count += 1
                if sink is not None:
                    sink(event.data)
        return count

    return read


def pyav(*, fitted: bool) -> Reader:
    """FFmpeg's demuxer; each frame is made `bytes`, which is what all others give.

    As it is opened by default, with a buffer of 32 KiB; or with a buffer fitted to the pieces.
    """
    import av

    class File:
        """What PyAV reads from: the pieces, one a call."""

        def __init__(self, chunks: list[bytes]) -> None:
            self._next = iter(chunks).__next__

        def read(self, size: int) -> bytes:
            try:
                return self._next()
            except StopIteration:
                return b""

    class Large(File):
        """For pieces larger than what is asked for."""

        _held = b""

        def read(self, size: int) -> bytes:
            data = self._held or super().read(size)
            self._held = data[size:]
            return data[:size]

    def read(chunks: list[bytes], sink: Sink) -> int:
        count = 0
        file: Any = File(chunks) if fitted or len(chunks[0]) <= 32768 else Large(chunks)
        buffer = {"buffer_size": len(chunks[0])} if fitted else {}
        with av.open(file, "r", format="mpjpeg", **buffer) as container:
            packets = container.demux(video=0)
            while True:
                try:
                    packet = next(packets)
                except (StopIteration, av.error.FFmpegError):
                    break  # it takes the closing delimiter for an error
                if packet.size:
                    count += 1
                    # As bytes, which is what every reader here has to give.
                    data = bytes(packet)
                    if sink is not None:
                        sink(data)
        return count

    return read


def aiohttp_reader() -> Reader:
    from aiohttp import MultipartReader, StreamReader
    from aiohttp.base_protocol import BaseProtocol

    async def run(chunks: list[bytes], sink: Sink) -> int:
        loop = asyncio.get_running_loop()
        content = StreamReader(BaseProtocol(loop), 1 << 40, loop=loop)
        for chunk in chunks:  # kept as they are: no copy
            content.feed_data(chunk)
        content.feed_eof()
        reader = MultipartReader({"Content-Type": CONTENT_TYPE}, content)
        count = 0
        while (part := await reader.next()) is not None:
            data = await part.read()  # type: ignore[union-attr]
            count += 1
            if sink is not None:
                sink(bytes(data))
        return count

    return lambda chunks, sink: asyncio.run(run(chunks, sink))


def defnull() -> Reader:
    multipart = importlib.import_module("multipart")

    class Parser(multipart.PushMultipartParser):  # type: ignore[misc,name-defined]
        """It is meant for forms and wants a field's name, which no camera sends."""

        def _create_segment(self, headers: list[tuple[str, str]]) -> Any:
            named = [("Content-Disposition", 'form-data; name="f"'), *headers]
            return super()._create_segment(named)

    def read(chunks: list[bytes], sink: Sink) -> int:
        count = 0
        parser = Parser(BOUNDARY)
        data: list[bytes] = []
        for chunk in chunks:
            for event in parser.parse(chunk):
                if event is None:
                    whole = b"".join(data)
                    count += 1
                    data.clear()
                    if sink is not None:
                        sink(whole)
                elif type(event) is bytes:
                    data.append(event)
        return count

    return read


def python_multipart() -> Reader:
    module = importlib.import_module("python_multipart")

    def read(chunks: list[bytes], sink: Sink) -> int:
        count = 0
        data: list[bytes] = []

        def on_data(chunk: bytes, start: int, end: int) -> None:
            data.append(chunk[start:end])

        def on_end() -> None:
            nonlocal count
            whole = b"".join(data)
            data.clear()
            count += 1
            if sink is not None:
                sink(whole)

        callbacks = {"on_part_data": on_data, "on_part_end": on_end}
        parser = module.MultipartParser(BOUNDARY, callbacks)
        for chunk in chunks:
            parser.write(chunk)
        return count

    return read


def find_loop() -> Reader:
    """What every tutorial shows: look for FFD8 and FFD9 in all that has come so far."""

    def read(chunks: list[bytes], sink: Sink) -> int:
        count = 0
        held = b""
        for chunk in chunks:
            held += chunk
            while True:
                start = held.find(b"\xff\xd8")
                end = held.find(b"\xff\xd9")
                if start == -1 or end == -1:
                    break
                data = held[start : end + 2]
                held = held[end + 2 :]
                count += 1
                if sink is not None:
                    sink(data)
        return count

    return read


def copy_limit(load: Load) -> Reader:
    """Allocate each frame and copy it once, its place being known."""
    view = memoryview(load.body)
    places = []
    at = 0
    for data in load.frames:
        at = load.body.index(b"\r\n\r\n", at) + 4
        places.append((at, at + len(data)))
        at += len(data)

    def read(chunks: list[bytes], sink: Sink) -> int:
        for start, stop in places:
            data = bytes(view[start:stop])
            if sink is not None:
                sink(data)
        return len(places)

    return read


def memmem_limit(load: Load) -> Reader:
    """Find each delimiter in the whole body, and copy nothing."""
    body = load.body

    def read(chunks: list[bytes], sink: Sink) -> int:
        count = at = 0
        while (at := body.find(b"\r\n--frame", at)) >= 0:
            count += 1
            at += 9
        return count

    return read


#: Readers of pieces, by name: what makes one, and what must be installed for it.
READERS: dict[str, Callable[[], Reader]] = {
    "ours, compiled": lambda: ours_decoded("hamaproto.wire._mjpeg.parser"),
    "ours, compiled, piece by piece": lambda: ours("hamaproto.wire._mjpeg.parser"),
    "ours, pure": lambda: ours_decoded("hamaproto.wire.mjpeg.parser"),
    "ours, pure, piece by piece": lambda: ours("hamaproto.wire.mjpeg.parser"),
    "PyAV mpjpeg": lambda: pyav(fitted=False),
    "PyAV mpjpeg, buffer fitted": lambda: pyav(fitted=True),
    "aiohttp": aiohttp_reader,
    "defnull/multipart": defnull,
    "python-multipart": python_multipart,
    "find FFD8/FFD9": find_loop,
}


# Over a socket pair


def _writer(body: bytes, size: int) -> tuple[socket.socket, int]:
    """A socket to read `body` from, and the child process that writes it."""
    here, there = socket.socketpair()
    child = os.fork()
    if child == 0:
        try:
            here.close()
            view = memoryview(body)
            for at in range(0, len(body), size):
                there.sendall(view[at : at + size])
        finally:
            os._exit(0)
    there.close()
    return here, child


def socket_zero_copy(load: Load) -> int:
    from hamaproto.events import NEED_DATA, Frame

    parser = importlib.import_module("hamaproto.wire._mjpeg.parser").MjpegParser(CONTENT_TYPE)
    connection, child = _writer(load.body, load.size)
    receive, get_buffer = connection.recv_into, parser.get_buffer
    updated, next_event = parser.buffer_updated, parser.next_event
    size, count = load.size, 0
    while True:
        buffer = get_buffer(size)
        got = receive(buffer, min(size, len(buffer)))
        if not got:
            break
        updated(got)
        while (event := next_event()) is not NEED_DATA:
            count += type(event) is Frame
    connection.close()
    os.waitpid(child, 0)
    return count


def socket_chunks(load: Load) -> int:
    from hamaproto.events import NEED_DATA, Frame

    parser = importlib.import_module("hamaproto.wire._mjpeg.parser").MjpegParser(CONTENT_TYPE)
    connection, child = _writer(load.body, load.size)
    receive, feed, next_event = connection.recv, parser.receive_data, parser.next_event
    size, count = load.size, 0
    while chunk := receive(size):
        feed(chunk)
        while (event := next_event()) is not NEED_DATA:
            count += type(event) is Frame
    connection.close()
    os.waitpid(child, 0)
    return count


def socket_limit(load: Load) -> int:
    connection, child = _writer(load.body, load.size)
    receive, buffer = connection.recv_into, bytearray(load.size)
    while receive(buffer):
        pass
    connection.close()
    os.waitpid(child, 0)
    return len(load.frames)


SOCKETS: dict[str, Callable[[Load], int]] = {
    "socket: ours, zero-copy": socket_zero_copy,
    "socket: ours, recv": socket_chunks,
    "socket: recv_into alone": socket_limit,
}
