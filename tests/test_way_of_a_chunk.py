"""The files that a chunk goes through from `recv` to `Frame`, as the blocking driver says it.

Read from the calls of the pure twin, at the fourth picture and later, when a stream is at rest.
"""

from __future__ import annotations

import re
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import fixtures
import hamaproto
from hamaproto import Camera, Frame, commands
from hamaproto.io import blocking

PACKAGE = Path(hamaproto.__file__).parent
IMAGE = fixtures.jpeg("420")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"
PART = b"\r\n--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b" % (len(IMAGE), IMAGE)

#: Who is called on the way and sees how many bytes came, or when, or the frame; but no bytes.
WITHOUT_BYTES = {
    "attempts.py",
    "io/_clock.py",
    "io/_driver.py",
    "outcome.py",
    "patience.py",
    "wire/contract.py",
    "wire/mjpeg/belief.py",
    "wire/mjpeg/turn.py",
}


def listed(kind: str) -> list[str]:
    """The files that the docstring of the driver gives for a chunk of this kind."""
    text = blocking.__doc__ or ""
    rows = re.findall(r"^    (\S+\.py) +([a-z, ]+?)  ", text, re.MULTILINE)
    return [file for file, kinds in rows if kind in kinds.split(", ")]


class Cut:
    """A socket whose next receives give these pieces."""

    def __init__(self, sock: socket.socket, pieces: Iterator[bytes]) -> None:
        self._sock = sock
        self._pieces = pieces
        #: How many files had been entered when a piece came.
        self.came: list[int] = []
        self.entered: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def recv(self, size: int) -> bytes:
        piece = next(self._pieces)
        assert len(piece) <= size
        self.came.append(len(self.entered))
        return piece


def files_of_each_chunk(monkeypatch: pytest.MonkeyPatch, size: int) -> list[list[str]]:
    """For each chunk of a picture the files that are entered, once each, in their order."""
    from hamaproto.wire.mjpeg.parser import MjpegParser

    for module in ("client", "bodies"):
        monkeypatch.setattr(f"hamaproto.{module}.MjpegParser", MjpegParser)
    chunks = [PART[at : at + size] for at in range(0, len(PART), size)]

    def serve(server: socket.socket) -> None:
        with server.accept()[0] as there:
            there.recv(65536)
            there.sendall(HEAD + PART)
            there.recv(1)  # it closes

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        with (
            Camera(f"http://127.0.0.1:{server.getsockname()[1]}", timeout=20) as camera,
            camera.stream(commands.video_stream()) as events,
        ):
            assert isinstance(next(events), Frame)
            line: Any = events._line
            cut = line._sock = Cut(line._sock, iter(chunks * 5))

            def profile(frame: FrameType, event: str, _: object) -> None:
                path = Path(frame.f_code.co_filename)
                if event == "call" and path.is_relative_to(PACKAGE):
                    cut.entered.append(path.relative_to(PACKAGE).as_posix())

            for _ in range(3):
                assert isinstance(next(events), Frame)
            cut.came.clear()
            before = sys.getprofile()
            sys.setprofile(profile)
            try:
                frames = [next(events)]
            finally:
                sys.setprofile(before)
            assert [frame.data for frame in frames] == [IMAGE]
            line._sock = cut._sock
        thread.join()
    ends = [*cut.came[1:], len(cut.entered)]
    assert len(ends) == len(chunks)
    return [
        [file for file in dict.fromkeys(cut.entered[begin:end]) if file not in WITHOUT_BYTES]
        for begin, end in zip(cut.came, ends, strict=True)
    ]


def test_a_chunk_goes_through_the_files_that_the_driver_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (whole,) = files_of_each_chunk(monkeypatch, len(PART))
    assert whole == listed("whole")
    _, *middle, end = files_of_each_chunk(monkeypatch, 200)
    assert end == listed("end")
    assert len(middle) >= 2
    assert middle == [listed("middle")] * len(middle)


def test_who_sees_no_bytes_is_not_named() -> None:
    for file in WITHOUT_BYTES:
        assert (PACKAGE / file).exists()
        assert file not in (blocking.__doc__ or "")
