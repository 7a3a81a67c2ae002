"""`open(path)`: paths, files, pipes; what is known afterwards."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import pytest
from seeing import observed

from fixtures.build.packets import pcap, pcapng, talk
from hamaproto import captures
from hamaproto.errors import ArgumentTypeError, RemoteProtocolError

DATA = pcapng(talk(b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\nhello"))


def test_a_path_and_an_open_file(tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    path.write_bytes(DATA)
    expected = list(map(repr, observed(DATA)))
    for what in (path, str(path), io.BytesIO(DATA)):
        with captures.open(what) as capture:
            assert list(map(repr, capture)) == expected
            assert list(capture) == []  # it is read once
        assert capture.complete is True
        assert [section.application for section in capture.sections] == ["a test"]
        assert [interface.name for interface in capture.interfaces] == ["lo"]
        assert capture.parser.packets == 5


def test_a_pipe() -> None:
    reading, writing = os.pipe()
    thread = threading.Thread(target=lambda: (os.write(writing, DATA), os.close(writing)))
    thread.start()
    with os.fdopen(reading, "rb") as file, captures.open(file) as capture:
        assert len(list(capture)) == len(observed(DATA))
    thread.join()


def test_what_is_cut_off_or_damaged() -> None:
    capture = captures.open(io.BytesIO(DATA[:-5]))
    assert list(capture)
    assert capture.complete is False
    damaged = captures.open(io.BytesIO(pcap(talk(b"x", b"y")) + b"\xff" * 40))
    with pytest.raises(RemoteProtocolError, match="damaged here"):
        list(damaged)


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        captures.open(tmp_path / "nothing")
    with pytest.raises(ArgumentTypeError, match="path"):
        captures.open(5)  # type: ignore[arg-type]
