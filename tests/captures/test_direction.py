"""What is told of a direction: its places, and whose it is."""

from __future__ import annotations

import pytest

from hamaproto.captures import Broken, Exchange, Observed, Place
from hamaproto.captures.direction import Direction
from hamaproto.limits import DEFAULT_LIMITS

STRAY, OTHER = Exchange(0), Exchange(3)


@pytest.mark.parametrize("packets", [True, False])
def test_what_is_told_has_the_places_of_its_bytes(packets: bool) -> None:
    told: list[Observed] = []
    direction = Direction(told.append, DEFAULT_LIMITS, STRAY, lost=False, packets=packets)
    direction._places.extend(0, [b"abc", b"defg"], [(7, 70), (8, 80)])
    event = Broken("x", 1)
    direction._tell(event, direction._places, 2, 5)
    direction._exchange = OTHER
    direction._tell(event, direction._places, 0, 2, 90)
    assert [seen.exchange for seen in told] == [STRAY, OTHER]
    assert [(seen.first.offset, seen.last.offset) for seen in told] == [(2, 4), (90, 90)]
    if packets:
        assert (told[0].first, told[0].last) == (Place(70, 7, 2), Place(80, 8, 4))
    else:
        assert {seen.last.packet for seen in told} == {None}
