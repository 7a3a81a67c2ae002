"""The camera of bare sockets sends what our parser reads, one write an image, and loses nothing."""

from __future__ import annotations

import socket
import sys
import threading
import time

import pytest

from bench.streams import vga_frames
from bench.traffic.readers import REQUEST
from bench.traffic.sender import HEAD, Sender, Sent, read_stamp, stamped
from fixtures.build.jpegs import segments
from fixtures.feeding import record
from hamaproto import MjpegParser
from hamaproto.wire.http import ResponseParser

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no sendmsg there")

IMAGES = vga_frames(2)


def received(sock: socket.socket) -> bytes:
    whole = b""
    while piece := sock.recv(65536):
        whole += piece
    return whole


def images(answer: bytes) -> list[bytes]:
    assert answer.startswith(HEAD)
    body = answer[answer.index(b"\r\n\r\n") + 4 :]
    log = record(MjpegParser("multipart/x-mixed-replace; boundary=frame"), [body])
    assert not log.codes
    return [frame.data for frame in log.frames]


def open_stream(port: int) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port), timeout=30)
    sock.sendall(REQUEST)
    return sock


def test_the_head_is_one_that_is_read() -> None:
    parser = ResponseParser()
    parser.receive_data(HEAD)
    assert next(iter(parser.events())).status == 200  # type: ignore[union-attr]


def test_each_image_is_numbered_and_says_when_it_was_sent() -> None:
    sender = Sender(IMAGES)
    port = sender("listen")
    assert isinstance(port, int)
    sent: list[Sent] = []
    begun = time.time()
    thread = threading.Thread(target=lambda: sent.append(sender("stream", 3, 50, 0.2)))  # type: ignore[arg-type]
    thread.start()
    streams = [open_stream(port) for _ in range(3)]
    came = [images(received(sock)) for sock in streams]
    thread.join(30)
    sender.close()
    for sock in streams:
        sock.close()
    assert sum(map(len, came)) == sent[0].frames == 30 - sent[0].left_out
    for frames in came:
        for number, data in enumerate(frames):
            assert segments(data)[-1][2] == len(data)
            assert read_stamp(data)[0] == number
            assert begun <= read_stamp(data)[1] <= time.time()
            assert stamped(IMAGES[number % 2]).size > len(data) > len(IMAGES[number % 2])


def test_streams_are_held_behind_half_an_image() -> None:
    sender = Sender(IMAGES)
    port = sender("listen")
    assert isinstance(port, int)
    thread = threading.Thread(target=lambda: sender("hold", 1, 2, True))
    thread.start()
    with open_stream(port) as sock:
        thread.join(30)
        size = stamped(IMAGES[0]).size
        whole = b""
        while len(whole) < len(HEAD) + 2 * size + size // 2:
            whole += sock.recv(65536)
        assert len(whole) == len(HEAD) + 2 * size + size // 2
        assert len(images(whole[: len(HEAD) + 2 * size])) == 2
        # The next ones take the place of those that were held.
        sender("hold", 0, 0, False)
        assert sock.recv(1) == b""
    sender.close()
