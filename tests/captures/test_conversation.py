"""One direction of a conversation: bytes in order out of pieces in any order, at any number."""

from __future__ import annotations

import random

import pytest

from hamaproto.captures.conversation import Conversation, Endpoint, Half

KEY = bytes([10, 0, 0, 1, 10, 0, 0, 2, 0, 80, 156, 64])


def half(first: int = 1) -> Half:
    made = Conversation(1, KEY).halves[0]
    made.begin(first)
    return made


def drain(half: Half) -> bytes:
    out = b""
    for start, stop, data, _ in half.due():
        assert start == half.position
        out += data
        half.advance(stop - start)
    assert half.due() == []
    return out


@pytest.mark.parametrize("first", [0, 1, (1 << 31) - 50, (1 << 32) - 50, (1 << 32) - 1])
@pytest.mark.parametrize("seed", range(5))
def test_pieces_in_any_order_overlapping_at_any_number(first: int, seed: int) -> None:
    chance = random.Random(seed)
    data = chance.randbytes(3000)
    pieces = [(at, data[at : at + 200]) for at in range(0, 3000, 100)]  # each byte twice
    chance.shuffle(pieces)
    one = half(first)
    out = b""
    for at, piece in pieces:
        position = one.position_of((first + at) & 0xFFFFFFFF)
        one.keep(position, position + len(piece), piece, (1, None))
        out += drain(one)
    assert out == data
    assert one.held == []
    assert one.held_bytes == 0
    assert one.conflicts == 0
    assert one.retransmitted == 2900


def test_of_a_byte_that_comes_twice_the_first_one_counts() -> None:
    one = half()
    one.keep(2, 4, b"cd", (1, None))
    one.keep(0, 6, b"abXXef", (2, None))
    assert drain(one) == b"abcdef"
    assert (one.conflicts, one.retransmitted) == (1, 2)
    one.keep(4, 8, b"efgh", (3, None))
    assert drain(one) == b"gh"
    assert (one.conflicts, one.retransmitted) == (1, 4)


def test_each_byte_keeps_the_packet_that_brought_it() -> None:
    one = half()
    one.keep(2, 4, b"cd", (1, 10))
    one.keep(0, 6, b"abcdef", (2, 20))
    marks = [(data, mark) for _, _, data, mark in one.held]
    assert marks == [(b"ab", (2, 20)), (b"cd", (1, 10)), (b"ef", (2, 20))]


def test_a_beginning_that_is_known_later() -> None:
    one = Conversation(1, KEY).halves[0]
    for sequence, data in ((107, b"gh"), (101, b"ab"), (103, b"cdef")):
        position = one.position_of(sequence)
        one.keep(position, position + len(data), data, (1, None))
        assert one.due() == []
    one.begin(102)  # and what is before it is none of it
    assert drain(one) == b"bcdefgh"
    other = Conversation(1, KEY).halves[0]
    for sequence in (107, 101):
        position = other.position_of(sequence)
        other.keep(position, position + 2, b"ab", (1, None))
    other.begin_with_what_is_there()
    assert (drain(other), other.hole()) == (b"ab", 4)


def test_what_was_not_captured_waits_like_data() -> None:
    one = half()
    one.keep(3, 9, b"", (1, None))
    one.keep(0, 3, b"abc", (2, None))
    (_, _, first, _), (_, stop, second, _) = one.due()
    assert (first, second, stop) == (b"abc", b"", 9)


def test_endpoints_and_the_key_of_either_direction() -> None:
    conversation = Conversation(3, KEY)
    assert conversation.endpoint(0) == Endpoint("10.0.0.1", 80)
    assert conversation.endpoint(1) == Endpoint("10.0.0.2", 40000)
    assert conversation.keys[1] == KEY[4:8] + KEY[:4] + KEY[10:] + KEY[8:10]
    assert str(Endpoint("10.0.0.1", 80)) == "10.0.0.1:80"
    assert str(Endpoint("fe80::1", 80)) == "[fe80::1]:80"
    six = Conversation(1, bytes(15) + b"\1" + bytes(15) + b"\2" + b"\0\x50\1\0")
    assert (six.endpoint(0), six.endpoint(1)) == (Endpoint("::1", 80), Endpoint("::2", 256))
