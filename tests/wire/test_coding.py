"""`hamaproto.wire.coding`: what zlib packs comes out again, however it is cut or damaged."""

from __future__ import annotations

import gzip
import random
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamaproto.errors import LocalProtocolError, RemoteProtocolError
from hamaproto.events import NEED_DATA, Anomaly, AnomalyCode, Data, EndOfStream, NeedData
from hamaproto.headers import Headers
from hamaproto.wire.coding import (
    PIECE,
    ContentDecoder,
    DecodedBody,
    content_codings,
    unknown_coding,
)


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def members(data: bytes) -> bytes:
    return gzip.compress(data[: len(data) // 2]) + gzip.compress(data[len(data) // 2 :])


#: The names in the head, and what packs a body in that way.
PACKERS = {
    "gzip": (("gzip",), gzip.compress),
    "x-gzip": (("x-gzip",), gzip.compress),
    "two members": (("gzip",), members),
    "junk behind": (("gzip",), lambda data: gzip.compress(data) + b"\0\0junk"),
    "deflate": (("deflate",), zlib.compress),
    "deflate without its wrapper": (("deflate",), raw_deflate),
    "gzip under the name of deflate": (("deflate",), gzip.compress),
    "one on the other": (("gzip", "deflate"), lambda data: zlib.compress(gzip.compress(data))),
}
#: Of which what is far behind is said again: nearly as far as a deflate may point back (RFC 1951
#: 2), for zlib keeps 262 bytes of that for itself.
FAR = random.Random(2).randbytes(32_500) * 2
BODIES = (b"a", b"key=value\n" * 500, random.Random(1).randbytes(6000), bytes(PIECE * 3), FAR)


def unpack(names: tuple[str, ...], data: bytes, cut: int) -> tuple[bytes, str, bool, bool]:
    """The body, the error, whether it was whole, and whether it was packed at all."""
    decoder = ContentDecoder(names)
    body = bytearray()
    error = ""
    try:
        for at in range(0, len(data), cut):
            decoder.receive_data(data[at : at + cut])
            while (piece := decoder.next_piece()) is not None:
                assert len(piece) > 0
                body += piece
        decoder.receive_eof()
        while (piece := decoder.next_piece()) is not None:
            body += piece
    except RemoteProtocolError as caught:
        error = str(caught)
        with pytest.raises(RemoteProtocolError, match=f"at byte {caught.offset}"):
            decoder.next_piece()
    return bytes(body), error, decoder.complete, decoder.mislabelled


def test_what_is_far_behind_is_pointed_to() -> None:
    assert len(zlib.compress(FAR)) < 0.6 * len(FAR)


@pytest.mark.parametrize("body", BODIES, ids=len)
@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("cut", [1, 7, 1 << 30])
def test_what_was_packed_comes_out(name: str, body: bytes, cut: int) -> None:
    names, pack = PACKERS[name]
    assert unpack(names, pack(body), cut) == (body, "", True, False)


@pytest.mark.parametrize("name", PACKERS)
def test_pieces_that_wait_keep_their_order(name: str) -> None:
    names, pack = PACKERS[name]
    decoder = ContentDecoder(names)
    packed = pack(BODIES[1])
    for at in range(len(packed)):
        decoder.receive_data(packed[at : at + 1])
    decoder.receive_eof()
    assert b"".join(iter(decoder.next_piece, None)) == BODIES[1]


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("cut", [1, 2, 3])
def test_what_waits_in_pieces_is_looked_at_together(name: str, cut: int) -> None:
    """The mark at the beginning may be in the first piece and in the next, before the end came."""
    names, pack = PACKERS[name]
    packed = pack(BODIES[1])
    decoder = ContentDecoder(names)
    decoder.receive_data(packed[:cut])
    decoder.receive_data(packed[cut:])
    assert b"".join(iter(decoder.next_piece, None)) == BODIES[1]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(list(PACKERS)),
    st.sampled_from(BODIES[1:]),
    st.integers(0, 1 << 20),
    st.integers(1, 255),
    st.integers(1, 5000),
)
def test_damage_gives_the_same_however_it_is_cut(
    name: str, body: bytes, at: int, change: int, cut: int
) -> None:
    names, pack = PACKERS[name]
    data = bytearray(pack(body))
    data[at % len(data)] ^= change
    assert unpack(names, bytes(data), cut) == unpack(names, bytes(data), 1 << 30)


@pytest.mark.parametrize("cut", [1, 1 << 30])
def test_what_came_before_the_damage_is_given(cut: int) -> None:
    body = random.Random(2).randbytes(3000)
    data = gzip.compress(body)
    out, error, _, _ = unpack(("gzip",), data[:2000] + bytes(100) + data[2100:], cut)
    assert out[:1900] == body[:1900]
    assert "gzip coding of the body is damaged" in error
    out, error, _, _ = unpack(("gzip",), data[:-8] + bytes(8), cut)
    assert out == body, "the checksum stands behind all that it is about"
    assert error


@pytest.mark.parametrize("cut", [1, 1 << 30])
def test_what_is_cut_off_is_not_complete(cut: int) -> None:
    body = b"key=value\n" * 500
    for name in ("gzip", "deflate", "deflate without its wrapper"):
        names, pack = PACKERS[name]
        out, error, complete, _ = unpack(names, pack(body)[:-3], cut)
        assert (error, complete) == ("", False)
        assert body.startswith(out)


@pytest.mark.parametrize("body", [b"\xff\xd8\xff\xd9", b"Brand.Brand=Hama\n", b"x"])
def test_what_is_not_packed_at_all_is_given_as_it_is(body: bytes) -> None:
    assert unpack(("gzip",), body, 1) == (body, "", True, True)


def test_nothing_is_nothing() -> None:
    for name in PACKERS:
        assert unpack(PACKERS[name][0], b"", 1) == (b"", "", True, False)


def test_a_bomb_costs_no_memory() -> None:
    bomb = gzip.compress(gzip.compress(bytes(100 << 20)))
    decoder = ContentDecoder(("gzip", "gzip"))
    decoder.receive_data(bomb)
    tracemalloc.start()
    try:
        for _ in range(50):
            piece = decoder.next_piece()
            assert piece is not None
            assert 0 < len(piece) <= PIECE
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_the_names_in_a_head() -> None:
    def names(*values: str) -> tuple[str, ...]:
        return content_codings(Headers([("Content-Encoding", value) for value in values]))

    assert names() == names("identity") == names("", " none ") == names("utf-8") == ()
    assert names("X-GZIP ,deflate") == names("x-gzip", "Deflate") == ("x-gzip", "deflate")
    assert unknown_coding(("gzip", "deflate")) is None
    assert unknown_coding(("gzip", "br")) == "br"
    assert unknown_coding(("gzip",) * 3) is None
    assert unknown_coding(("gzip",) * 4) == "gzip, gzip, gzip, gzip"
    with pytest.raises(LocalProtocolError, match="'zstd'"):
        ContentDecoder(("zstd",))


def events_of(names: tuple[str, ...], *source: Data | EndOfStream | NeedData) -> list[object]:
    waiting = iter(source)
    body = DecodedBody(lambda: next(waiting), names)
    out: list[object] = []
    while not isinstance(event := body.next_event(), EndOfStream):
        out.append(event)
    return [*out, event, body.next_event()]


def test_the_events_of_a_packed_body() -> None:
    data = gzip.compress(b"hello")
    assert events_of(("gzip",), Data(data, 9), EndOfStream(True, 40)) == [
        Data(b"hello", 0),
        EndOfStream(True, 40),
        EndOfStream(True, 40),
    ]
    assert events_of(("gzip",), Data(data[:-2], 9), EndOfStream(True, 38)) == [
        Data(b"hello", 0),
        Anomaly(AnomalyCode.TRUNCATED_BODY, 38),
        EndOfStream(False, 38),
        EndOfStream(False, 38),
    ]
    assert events_of(("gzip",), Data(b"hello", 9), EndOfStream(True, 14)) == [
        Anomaly(AnomalyCode.BODY_NOT_CODED, 0, "the body is not packed"),
        Data(b"hello", 0),
        EndOfStream(True, 14),
        EndOfStream(True, 14),
    ]


def test_without_codings_there_is_nothing_to_undo() -> None:
    decoder = ContentDecoder(())
    decoder.receive_data(b"a body")
    assert decoder.next_piece() is None
    assert decoder.complete
    assert not decoder.mislabelled


def test_only_the_names_of_the_codings_are_shown() -> None:
    decoder = ContentDecoder(("gzip", "deflate"))
    assert repr(decoder) == "<ContentDecoder deflate, gzip>"
    body = DecodedBody(lambda: NEED_DATA, ("gzip",))
    assert repr(body) == "<DecodedBody <ContentDecoder gzip>>"


def test_what_is_no_body_is_handed_on_and_no_bytes_change_nothing() -> None:
    anomaly = Anomaly(AnomalyCode.TRAILERS, 3)
    source = iter([Data(b""), anomaly, Data(gzip.compress(b"a")), EndOfStream(True, 4), NEED_DATA])
    body = DecodedBody(lambda: next(source), ("gzip",))
    assert body.next_event() is anomaly
    assert body.next_event() == Data(b"a")
    assert isinstance(body.next_event(), EndOfStream)


def certain(data: bytes) -> int:
    """After how many bytes zlib finds the damage, if it gets one after the other."""
    inflater = zlib.decompressobj(31)
    for count in range(1, len(data) + 1):
        try:
            inflater.decompress(data[count - 1 : count])
        except zlib.error:
            return count
    raise AssertionError("nothing is wrong with it")


@pytest.mark.parametrize("method", [0, 8])
@pytest.mark.parametrize(
    "before", [b"", gzip.compress(b"a"), gzip.compress(b"a") + b"\0\0junk behind it"]
)
def test_the_damage_is_at_the_byte_with_which_it_is_certain(method: int, before: bytes) -> None:
    data = b"\x1f\x8b%c\0" % method + bytes(6) + b"\xff" * 5
    decoder = ContentDecoder(("gzip",))
    decoder.receive_data(before)
    pieces = list(iter(decoder.next_piece, None))
    decoder.receive_data(data)
    with pytest.raises(RemoteProtocolError, match="gzip coding of the body is damaged") as error:
        pieces.extend(iter(decoder.next_piece, None))
    assert error.value.offset == len(before) + certain(data)
