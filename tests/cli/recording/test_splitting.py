"""When a recording goes on in another file."""

from __future__ import annotations

from hamaproto.cli.recording.splitting import SplitPlan


def test_parts_lie_on_a_grid() -> None:
    plan = SplitPlan(10.0)
    plan.begin(100.0)
    assert not plan.is_due(109.9, 0)
    assert plan.is_due(110.4, 0)
    plan.begin(110.4)
    assert not plan.is_due(119.9, 0)
    assert plan.is_due(120.0, 0)
    # After a silence of a minute there is one part, and not six.
    plan.begin(187.0)
    assert not plan.is_due(189.9, 0)
    assert plan.is_due(190.0, 0)
    nothing = SplitPlan()
    nothing.begin(0.0)
    assert not nothing.is_due(1e9, 1 << 60)
