"""Which packet brought which byte: as a list with one entry a byte would say."""

from __future__ import annotations

import random

import pytest

from hamaproto.captures.places import NOWHERE, Places


@pytest.mark.parametrize("seed", range(5))
def test_the_packet_of_a_byte_and_the_last_one_of_some(seed: int) -> None:
    chance = random.Random(seed)
    places, byte_by_byte = Places(), []
    for _ in range(40):
        pieces = [b"x" * chance.randrange(1, 9) for _ in range(chance.randrange(1, 4))]
        marks = [(chance.randrange(99), chance.randrange(99)) for _ in pieces]
        places.extend(len(byte_by_byte), pieces, marks)
        for piece, mark in zip(pieces, marks, strict=True):
            byte_by_byte += [mark] * len(piece)
    for _ in range(300):
        start = chance.randrange(len(byte_by_byte))
        stop = chance.randrange(start + 1, len(byte_by_byte) + 1)
        assert places.at(start) == byte_by_byte[start]
        last = places.latest(start, stop)
        assert last in byte_by_byte[start:stop]
        assert last[1] == max(time for _, time in byte_by_byte[start:stop])
    before = len(places)
    places.forget(60)
    assert [places.at(n) for n in range(60, 90)] == byte_by_byte[60:90]
    assert len(places) < before


def test_nothing_is_known_without_packets_and_times_may_be_missing() -> None:
    places = Places()
    assert places.at(5) == places.latest(0, 9) == NOWHERE
    places.add(0, (1, None))
    places.add(4, (2, None))
    assert places.latest(0, 9) == (2, None)
    places.add(6, (3, 30))
    places.add(8, (4, 20))
    places.add(9, (5, None))
    assert places.latest(0, 12) == (3, 30)


def test_what_is_kept_is_bounded() -> None:
    places = Places()
    for number in range(300_000):
        places.add(number, (number, number))
    assert len(places) <= 1 << 17
    assert places.at(299_999) == (299_999, 299_999)
    assert places.at(0)[0] > 0
    places.extend(300_000, [b"x"] * 200_000, [(1, 1)] * 200_000)
    assert len(places) <= 1 << 17
