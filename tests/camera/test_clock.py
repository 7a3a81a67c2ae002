"""Times that are told: they stand still, or give each reader one of its own."""

from __future__ import annotations

import math

import pytest

from hamaproto.camera.clock import ManualClock, RushingClock
from hamaproto.errors import LocalProtocolError


def test_it_stands_still_until_it_is_told() -> None:
    clock = ManualClock(5.0)
    heard: list[float] = []
    clock.watchers.append(lambda: heard.append(clock()))
    assert clock() == 5.0
    clock.advance(0.25)
    clock.advance(0)
    assert heard == [5.25, 5.25]
    assert repr(clock) == "<ManualClock at 5.25 s>"
    assert ManualClock()() == 0.0


@pytest.mark.parametrize("seconds", [-0.1, math.inf, math.nan])
def test_it_never_runs_backwards(seconds: float) -> None:
    clock = ManualClock(1.0)
    with pytest.raises(LocalProtocolError, match="a number of seconds from 0 on"):
        clock.advance(seconds)
    assert clock() == 1.0


def test_a_rush_has_no_time_of_its_own() -> None:
    assert RushingClock()() == 0.0
    assert repr(RushingClock()) == "<RushingClock>"
