"""Streams over a socket pair, from a child process that writes.

The limit is to receive into one buffer and do nothing.  Zero-copy receives into the image that is
being read; the other way receives a piece and hands it on.
"""

from __future__ import annotations

import importlib
import os
import socket
from collections.abc import Callable, Iterator
from functools import partial

from bench.frames import frames
from bench.measure.entries import GB_A_SECOND, Contest, Options, Skipped, Timed
from bench.streams import CONTENT_TYPE, SEGMENT, stored

__all__ = ["SETTINGS", "contests"]

SETTINGS = {"frames": 2000}
LIMIT = "recv_into alone"


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


def zero_copy(body: bytes, size: int) -> int:
    from hamaproto.events import NEED_DATA, Frame

    parser = importlib.import_module("hamaproto.wire._mjpeg.parser").MjpegParser(CONTENT_TYPE)
    connection, child = _writer(body, size)
    receive, get_buffer = connection.recv_into, parser.get_buffer
    updated, next_event = parser.buffer_updated, parser.next_event
    count = 0
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


def by_chunks(body: bytes, size: int) -> int:
    from hamaproto.events import NEED_DATA, Frame

    parser = importlib.import_module("hamaproto.wire._mjpeg.parser").MjpegParser(CONTENT_TYPE)
    connection, child = _writer(body, size)
    receive, feed, next_event = connection.recv, parser.receive_data, parser.next_event
    count = 0
    while chunk := receive(size):
        feed(chunk)
        while (event := next_event()) is not NEED_DATA:
            count += type(event) is Frame
    connection.close()
    os.waitpid(child, 0)
    return count


def nothing(body: bytes, size: int) -> int:
    connection, child = _writer(body, size)
    receive, buffer = connection.recv_into, bytearray(size)
    while receive(buffer):
        pass
    connection.close()
    os.waitpid(child, 0)
    return 0


WAYS: dict[str, Callable[[bytes, int], int]] = {
    LIMIT: nothing,
    "ours, zero-copy": zero_copy,
    "ours, recv": by_chunks,
}


def contests(options: Options) -> Iterator[Contest]:
    try:
        if not hasattr(os, "fork"):
            raise ImportError("no fork on this system")
        importlib.import_module("hamaproto.wire._mjpeg.parser")
        pictures = frames(options.setting("frames", SETTINGS["frames"], 40))
    except ImportError as error:
        yield [Skipped("all", "all", str(error))]
        return
    for length in (True, False):
        body = stored(pictures, length=length)
        for size in (65536, SEGMENT):
            row = f"{'with' if length else 'without'} Content-Length, {size} B"
            yield [
                Timed(row, who, GB_A_SECOND, len(body), partial(way, body, size), (row, LIMIT))
                for who, way in WAYS.items()
            ]
