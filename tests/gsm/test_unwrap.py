"""The multipart wrapper around sound: what is payload, and at which byte that is known."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.gsm.unwrap import Piece, Unwrapper

#: Sound without a dash or a line end in it.
SOUND = bytes(byte for byte in range(0x40, 0x100) if byte not in b"-")


def unwrap(data: bytes, cuts: Sequence[int] = (), max_head: int = 1000) -> list[Piece]:
    unwrapper = Unwrapper(max_head)
    pieces: list[Piece] = []
    for start, stop in itertools.pairwise((0, *sorted(cuts), len(data))):
        if start < stop:
            pieces += unwrapper.feed(data[start:stop])
    pieces += unwrapper.end()
    assert unwrapper.offset == len(data)
    return pieces


def payload(data: bytes, **options: int) -> bytes:
    return b"".join(piece.data for piece in unwrap(data, **options) if piece.payload)


TOKENS = [
    *(b"--b", b"--", b"-", b"\r\n", b"\n", b"\r", b"x", b": ", b"--b--", b" ", b"abcdefghi"),
    *(b"Content-Length: 5\r\n", b"content-length:12\n", b"\r\n--b\r\n\r\n", b"\n--b\n\n"),
]
STREAMS = st.lists(st.sampled_from(TOKENS), max_size=14).map(b"".join)


@given(STREAMS, st.lists(st.integers(0, 120), max_size=6))
def test_pieces_are_the_stream_and_do_not_depend_on_the_cuts(data: bytes, cuts: list[int]) -> None:
    def kinds(pieces: list[Piece]) -> list[bool]:
        return [piece.payload for piece in pieces for _ in piece.data]

    cuts = [cut for cut in cuts if cut <= len(data)]
    whole, cut = unwrap(data), unwrap(data, cuts)
    for pieces in (whole, cut, unwrap(data, range(len(data)))):
        assert b"".join(piece.data for piece in pieces) == data
        assert all(piece.data for piece in pieces)
        ends = itertools.accumulate(len(piece.data) for piece in pieces)
        assert [piece.offset for piece in pieces] == [0, *ends][: len(pieces)]
        assert kinds(pieces) == kinds(whole)


@given(
    st.lists(st.binary(max_size=60), min_size=1, max_size=5),
    st.sampled_from([b"\r\n", b"\n"]),
    st.booleans(),
    st.sampled_from([b"--b", b"----Bound Ary", b"--" + b"b" * 70]),
    st.sampled_from([b"", b"--"]),
)
def test_the_payload_of_the_parts_is_one_stream(
    bodies: list[bytes], eol: bytes, counted: bool, delimiter: bytes, closing: bytes
) -> None:
    bodies = [bytes(byte for byte in body if byte not in b"-\r\n") for body in bodies]
    data = b""
    for body in bodies:
        length = b"Content-Length: %d%b" % (len(body), eol) if counted else b"X: y" + eol
        data += delimiter + eol + length + eol + body + eol
    data += delimiter + closing + eol
    assert payload(data) == b"".join(bodies)


def test_the_payload_comes_out_with_its_byte() -> None:
    unwrapper = Unwrapper(1000)
    head = b"--b\r\nContent-Length: 20\r\n\r\n"
    assert unwrapper.feed(head[:-1]) == []
    assert unwrapper.feed(head[-1:]) == [Piece(0, head, False)]
    for number in range(20):
        # Of a known length even what looks like a line end is payload.
        byte = b"\r\n-x"[number % 4 : number % 4 + 1]
        assert unwrapper.feed(byte) == [Piece(len(head) + number, byte, True)]
    assert unwrapper.feed(b"\r\n--") == []
    # Without a length only what may begin a delimiter is held.
    assert unwrapper.feed(b"b\r\n\r\nabc") == [
        Piece(len(head) + 20, b"\r\n--b\r\n\r\n", False),
        Piece(len(head) + 29, b"abc", True),
    ]
    assert unwrapper.feed(b"d\r") == [Piece(len(head) + 32, b"d", True)]
    assert unwrapper.feed(b"\n-") == []
    assert unwrapper.feed(b"x") == [Piece(len(head) + 33, b"\r\n-x", True)]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        SOUND,
        b"\xd8sound",
        b"x--b\r\n\r\n",
        b"-b\r\n\r\nabc",
        b"--\r\n\r\nabc",
        b"--\x00\r\n",
        b"--b\tc\r\n\r\nabc",
        b"-x",
        b"\r\n\r\nabc",
        b"--" + b"b" * 94 + b"\r\n\r\n",
    ],
)
def test_what_begins_with_no_delimiter_is_payload(data: bytes) -> None:
    assert payload(data) == data
    unwrapper = Unwrapper(1000)
    unwrapper.feed(data + b"x" * 96)
    # From then on nothing is held.
    assert unwrapper.feed(b"\r\n--b\r\n") == [Piece(len(data) + 96, b"\r\n--b\r\n", True)]


@pytest.mark.parametrize("before", [b"", b"\r\n", b"\n\n", b"\r\n\r\n", b"\r\n" * 40])
def test_line_ends_may_stand_before_the_first_delimiter(before: bytes) -> None:
    assert payload(before + b"--b \t\r\n\r\nabc") == b"abc"


@pytest.mark.parametrize(("length", "held"), [(94, False), (93, True), (92, True)])
def test_a_delimiter_has_96_bytes_with_its_line_end(length: int, held: bool) -> None:
    data = b"--" + b"b" * length + b"\n\nabc"
    assert payload(data) == (b"abc" if held else data)


@pytest.mark.parametrize(
    ("field", "length"),
    [
        (b"Content-Length: 2", 2),
        (b"content-length:2", 2),
        (b"Content-length\t:\t2 ", 2),
        (b"Content-Length: 000000002", 2),
        (b"Content-Length: 0", None),
        (b"Content-Length: 0000000002", None),
        (b"Content-Length: -2", None),
        (b"Content-Length: two", None),
        (b"X-Content-Length: 2", None),
    ],
)
def test_the_length_of_a_part(field: bytes, length: int | None) -> None:
    unwrapper = Unwrapper(1000)
    unwrapper.feed(b"--b\r\n" + field + b"\r\n\r\n")
    # Within its length a delimiter is payload.
    found = b"".join(piece.data for piece in unwrapper.feed(b"\n--b\n\n") if piece.payload)
    assert found == (b"\n--b\n" if length else b"")


def test_a_length_that_is_too_short_is_read_on() -> None:
    data = b"--b\nContent-Length: 2\n\nabcdef\n--b\nContent-Length: 1\n\ngh--b\n\n"
    assert payload(data) == b"abcdefgh--b\n\n"


def test_a_delimiter_may_follow_its_part_without_a_line_end() -> None:
    data = b"--b\nContent-Length: 2\n\nab--b\n\ncd"
    assert payload(data) == b"abcd"


def test_behind_the_closing_delimiter_another_part_may_begin() -> None:
    assert payload(b"--b\n\nab\n--b--\n--b\n\ncd\n--b--\r\nef") == b"abcdef"


def test_a_name_without_its_dashes_is_payload() -> None:
    sound = b"b\nContent-Type: x\n\ncd"
    assert payload(b"--b\nContent-Length: 2\n\nab" + sound) == b"ab" + sound
    assert payload(b"--b\nX: y\nb--\n\nab") == b"ab"


def test_what_only_begins_like_the_delimiter_is_payload() -> None:
    sound = b"ab\n--bc\nde\n--b--c\n"
    assert payload(b"--b\n\n" + sound + b"\n--b \nX: y\n\nfg") == sound + b"fg"


def test_a_delimiter_may_be_given_twice_and_a_closing_one_in_a_head() -> None:
    assert payload(b"--b\nX: y\n--b--\nef") == b"ef"
    assert payload(b"--b\n--b\n\nab\n--b\nX: y\n--b--\n--b\n\ncd") == b"abcd"


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_head_that_is_too_long_is_none(size: int) -> None:
    head = b"--b\r\n" + b"X: y\r\n" * 20
    assert Unwrapper(len(head)).feed(head) == []
    assert sum(len(piece.data) for piece in Unwrapper(40).feed(head + SOUND)) == len(head + SOUND)
    for most, lost in ((len(head), len(head)), (40, 40)):
        unwrapper = Unwrapper(most)
        pieces: list[Piece] = []
        for at in range(0, len(head), size):
            pieces += unwrapper.feed(head[at : at + size])
        pieces += unwrapper.feed(SOUND)
        wrapping = b"".join(piece.data for piece in pieces if not piece.payload)
        assert wrapping == head[:lost]


def test_what_is_held_at_the_end() -> None:
    assert unwrap(b"--b\r\nX: y\r\n")[-1] == Piece(0, b"--b\r\nX: y\r\n", False)
    assert unwrap(b"--b")[-1] == Piece(0, b"--b", True)
    assert unwrap(b"--b\n\nab\r\n--")[-1].payload
