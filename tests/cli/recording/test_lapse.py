"""When the pictures of a time-lapse are taken."""

from __future__ import annotations

from hamaproto.cli.recording.lapse import Schedule


def test_a_slow_picture_delays_no_other() -> None:
    plan = Schedule(10.0, first=100.0)
    assert plan.wait(100.0) == 0
    plan.taken(101.0)
    assert plan.wait(101.0) == 9
    plan.taken(134.0)
    assert (plan.missed, plan.wait(134.0)) == (2, 6)
    plan.taken(140.0)
    assert (plan.missed, plan.wait(140.0)) == (2, 10)
