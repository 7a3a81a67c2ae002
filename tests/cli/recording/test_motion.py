"""What is around a motion is kept, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.cli.recording.motion import MotionGate, says_motion


class Seen:
    """Takes note of what is let through."""

    def __init__(self) -> None:
        self.events: list[list[float]] = [[]]
        self.samples: list[int] = []

    def picture(self, image: bytes, made: float) -> None:
        self.events[-1].append(made)

    def sound(self, samples: bytes, start: int) -> None:
        self.samples.append(start)

    def end(self, made: float) -> None:
        self.events.append([])


@given(
    st.lists(st.booleans(), min_size=1, max_size=80),
    st.integers(0, 6),
    st.integers(0, 6),
)
def test_what_is_around_a_motion_is_let_through(
    motions: list[bool], before: int, after: int
) -> None:
    """One picture a second: a model of a line says which ones are due."""
    seen = Seen()
    gate = MotionGate(seen, before, after)
    for at, motion in enumerate(motions):
        gate.sound(b"\0\0" * 8000, at * 8000)
        gate.picture(b"x", float(at), motion)
    moved = [at for at, motion in enumerate(motions) if motion]
    due = [
        at
        for at in range(len(motions))
        if any(motion - before <= at <= motion + after for motion in moved)
    ]
    let_through = [at for event in seen.events for at in event]
    assert let_through == due
    assert gate.events == len([event for event in seen.events if event])
    assert {start // 8000 for start in seen.samples} >= set(due)
    assert seen.samples == sorted(set(seen.samples))


def test_what_is_held_is_bounded() -> None:
    seen = Seen()
    gate = MotionGate(seen, 1000.0, 0.0)
    for at in range(200):
        gate.picture(bytes(1_000_000), float(at), False)
    gate.picture(b"x", 200.0, True)
    assert seen.events[0][0] >= 136
    assert seen.events[0][-2:] == [199.0, 200.0]


@pytest.mark.parametrize(
    ("value", "motion"),
    [
        (None, None),
        ("0", False),
        ("1", True),
        (" 1 ", True),
        ("yes", None),
        ("", None),
        ("٣", None),
    ],
)
def test_what_a_header_says(value: str | None, motion: bool | None) -> None:
    assert says_motion(value) is motion
