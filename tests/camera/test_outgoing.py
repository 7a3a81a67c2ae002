"""The way out: chunks, packing and a slow line change no byte of what arrives."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.camera.faults import Faults
from hamaproto.camera.outgoing import Outgoing

HEAD = (b"HTTP/1.1 200 OK", b"Content-Length: 5")
PIECES = st.lists(st.binary(max_size=300), max_size=8)


def written(pieces: list[bytes], *faults: str, whole: bool = True) -> bytes:
    """All that comes out of it, as time goes on."""
    outgoing = Outgoing()
    outgoing.begin(HEAD, Faults(*faults))
    for piece in pieces:
        outgoing.put(piece)
    outgoing.finish(whole=whole)
    data, now = b"", 0.0
    while not outgoing.empty:
        due = outgoing.due(now)
        assert due is not None
        assert due == now or outgoing.take(now) == b""
        now = due
        data += outgoing.take(now)
    assert outgoing.due(now) is None
    assert outgoing.take(now) == b""
    return data


def body(data: bytes) -> bytes:
    return data.partition(b"\r\n\r\n")[2]


def unchunked(data: bytes) -> bytes:
    """RFC 9112 7.1, in the plainest way there is."""
    found = b""
    while True:
        line, _, data = data.partition(b"\r\n")
        size = int(line.partition(b";")[0], 16)
        if not size:
            return found
        found += data[:size]
        assert data[size : size + 2] == b"\r\n"
        data = data[size + 2 :]


@given(PIECES)
def test_plain(pieces: list[bytes]) -> None:
    data = written(pieces)
    assert data == b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + b"".join(pieces)


@given(PIECES, st.sampled_from(["chunked", "tiny-chunks", "chunk-extensions", "trailers"]))
def test_chunks(pieces: list[bytes], fault: str) -> None:
    data = written(pieces, fault)
    assert unchunked(body(data)) == b"".join(pieces)
    assert data.endswith(b"X-Checksum: 1\r\n\r\n" if fault == "trailers" else b"0\r\n\r\n")
    assert b"Content-Length" not in data.partition(b"\r\n\r\n")[0]


@given(PIECES, st.booleans())
def test_packed(pieces: list[bytes], chunked: bool) -> None:
    data = written(pieces, "gzip", *["chunked"] * chunked)
    packed = unchunked(body(data)) if chunked else body(data)
    assert zlib.decompress(packed, 31) == b"".join(pieces)
    assert b"\r\nContent-Encoding: gzip\r\n" in data
    assert b"Content-Length" not in data.partition(b"\r\n\r\n")[0]


def test_each_packed_piece_can_be_read_at_once() -> None:
    outgoing = Outgoing()
    outgoing.begin(HEAD, Faults("gzip"))
    outgoing.take(0.0)
    reader = zlib.decompressobj(31)
    for number in range(3):
        outgoing.put(b"picture %d" % number)
        assert reader.decompress(outgoing.take(0.0)) == b"picture %d" % number


@given(PIECES, st.integers(1, 50))
def test_drip(pieces: list[bytes], size: int) -> None:
    assert body(written(pieces, f"drip:bytes={size}:seconds=0.5")) == b"".join(pieces)


def test_a_drip_has_its_pace() -> None:
    outgoing = Outgoing()
    outgoing.begin(HEAD[:1], Faults("drip:bytes=10:seconds=2"))
    assert outgoing.take(1.0) == b"HTTP/1.1 2"
    assert outgoing.take(2.9) == b""
    assert outgoing.due(1.5) == 3.0
    assert outgoing.due(4.0) == 4.0
    assert outgoing.take(3.0) == b"00 OK\r\n\r\n"
    assert repr(outgoing) == "<Outgoing 0 pieces>"
    outgoing.raw(b"x")
    outgoing.clear()
    assert outgoing.empty


@pytest.mark.parametrize("fault", ["chunked", "gzip"])
def test_what_is_cut_off_has_no_end(fault: str) -> None:
    data = written([b"abc"], fault, whole=False)
    assert not data.endswith(b"0\r\n\r\n")
    if fault == "gzip":
        reader = zlib.decompressobj(31)
        assert reader.decompress(body(data)) == b"abc"
        assert not reader.eof
