"""Streams over a TCP connection, from another process that writes.

The limit is to receive into one buffer and do nothing.  Zero-copy receives into the image that is
being read; the other way receives a piece and hands it on.
"""

from __future__ import annotations

import contextlib
import importlib
import socket
from collections.abc import Callable, Iterator
from functools import partial

from bench.frames import frames
from bench.measure.child import PATIENCE, Child, ChildError
from bench.measure.entries import GB_A_SECOND, Contest, Options, Skipped, Timed
from bench.streams import CONTENT_TYPE, SEGMENT, stored

__all__ = ["SETTINGS", "contests"]

SETTINGS = {"frames": 2000}
LIMIT = "recv_into alone"


class _Writer:
    """Of the other process: writes the body to whoever connects."""

    def __init__(self, body: bytes, size: int) -> None:
        self._body, self._size = body, size
        self._listener: socket.socket | None = None

    def __call__(self, wish: str) -> int:
        if wish == "port":
            self._listener = socket.create_server(("127.0.0.1", 0))
            self._listener.settimeout(PATIENCE)
            port: int = self._listener.getsockname()[1]
            return port
        assert self._listener is not None
        connection, _ = self._listener.accept()
        view = memoryview(self._body)
        with connection:
            for at in range(0, len(view), self._size):
                connection.sendall(view[at : at + self._size])
        return len(view)


class _Source:
    """A stream that is sent to each connection."""

    def __init__(self, body: bytes, size: int) -> None:
        self.size = size
        self._child = Child(_Writer, body, size, core=None)
        self._port = 0

    @contextlib.contextmanager
    def connect(self) -> Iterator[socket.socket]:
        self._port = self._port or self._child.ask("port")
        self._child.begin("write")
        with contextlib.ExitStack() as stack:
            # It says that it is done, or that nobody read to the end.
            stack.enter_context(contextlib.suppress(ChildError))
            stack.callback(self._child.answer)
            yield stack.enter_context(socket.create_connection(("127.0.0.1", self._port)))


def zero_copy(source: _Source) -> int:
    from hamaproto.events import NEED_DATA, Frame

    parser = importlib.import_module("hamaproto.wire._mjpeg.parser").MjpegParser(CONTENT_TYPE)
    size, count = source.size, 0
    with source.connect() as connection:
        receive, get_buffer = connection.recv_into, parser.get_buffer
        updated, next_event = parser.buffer_updated, parser.next_event
        while True:
            buffer = get_buffer(size)
            got = receive(buffer, min(size, len(buffer)))
            if not got:
                break
            updated(got)
            while (event := next_event()) is not NEED_DATA:
                count += type(event) is Frame
    return count


def by_chunks(source: _Source) -> int:
    from hamaproto.events import NEED_DATA, Frame

    parser = importlib.import_module("hamaproto.wire._mjpeg.parser").MjpegParser(CONTENT_TYPE)
    size, count = source.size, 0
    with source.connect() as connection:
        receive, feed, next_event = connection.recv, parser.receive_data, parser.next_event
        while chunk := receive(size):
            feed(chunk)
            while (event := next_event()) is not NEED_DATA:
                count += type(event) is Frame
    return count


def nothing(source: _Source) -> int:
    with source.connect() as connection:
        receive, buffer = connection.recv_into, bytearray(source.size)
        while receive(buffer):
            pass
    return 0


WAYS: dict[str, Callable[[_Source], int]] = {
    LIMIT: nothing,
    "ours, zero-copy": zero_copy,
    "ours, recv": by_chunks,
}


def contests(options: Options) -> Iterator[Contest]:
    try:
        importlib.import_module("hamaproto.wire._mjpeg.parser")
        pictures = frames(options.setting("frames", SETTINGS["frames"], 40))
    except ImportError as error:
        yield [Skipped("all", "all", str(error))]
        return
    for length in (True, False):
        body = stored(pictures, length=length)
        for size in (65536, SEGMENT):
            row = f"{'with' if length else 'without'} Content-Length, {size} B"
            source = _Source(body, size)
            yield [
                Timed(row, who, GB_A_SECOND, len(body), partial(way, source), (row, LIMIT))
                for who, way in WAYS.items()
            ]
