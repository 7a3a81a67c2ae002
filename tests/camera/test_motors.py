"""Where the simulated camera looks: how far, how fast, and from where it goes on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.camera.motors import DIRECTIONS, Motors

SPEEDS = st.integers(1, 9)
EDGES = st.sampled_from([-200.0, -90.0, 90.0, 200.0])
PLACES = st.tuples(EDGES | st.floats(-120, 120), EDGES | st.floats(-60, 60))


def within(pan: float, tilt: float) -> tuple[float, float]:
    """The nearest place that the camera reaches: 90 degrees to each side, 30 up and down."""
    return sorted((-90.0, pan, 90.0))[1], sorted((-30.0, tilt, 30.0))[1]


def test_a_new_camera_looks_straight_ahead_at_the_middle_speed() -> None:
    motors = Motors()
    assert motors.target == motors.at(0.0) == motors.at(100.0) == (0.0, 0.0)
    assert motors.speed == 5
    # It has been there since the clock's 0: not longer.
    motors._start = (100.0, 0.0)
    assert motors.at(1.0) == (80.0, 0.0)


@given(PLACES, SPEEDS, st.floats(0, 2))
def test_it_turns_at_100_degrees_a_second_by_its_speed(
    place: tuple[float, float], speed: int, seconds: float
) -> None:
    motors = Motors()
    motors.set_speed(speed, 0.0)
    motors.go_to(*place, 3.0)
    assert motors.target == within(*place)
    # Before it starts it stands where it was.
    assert motors.at(2.0) == motors.at(3.0) == (0.0, 0.0)
    for there, target in zip(motors.at(3.0 + seconds), motors.target, strict=True):
        turned = min(abs(target), seconds * 100 / speed)
        assert there == pytest.approx(turned if target > 0 else -turned)
    assert motors.at(30.0) == motors.target


#: Clause 4.1: right and up are positive, a step is 10 degrees.
STEPS = {
    "left": (-10, 0),
    "right": (10, 0),
    "up": (0, 10),
    "down": (0, -10),
    "upleft": (-10, 10),
    "upright": (10, 10),
    "downleft": (-10, -10),
    "downright": (10, -10),
}


@pytest.mark.parametrize("direction", STEPS)
def test_a_move_is_a_step_from_the_target(direction: str) -> None:
    motors = Motors()
    pan, tilt = STEPS[direction]
    assert motors.move(direction, 0.0)
    assert motors.move(direction, 0.0)
    assert motors.target == (2 * pan, 2 * tilt)
    assert motors.move("center", 0.0)
    assert motors.target == (0.0, 0.0)
    assert set(DIRECTIONS) == set(STEPS)


def test_it_turns_back_from_where_it_is() -> None:
    motors = Motors()
    motors.go_to(50.0, 20.0, 0.0)
    motors.go_to(-90.0, -30.0, 10.0)
    assert motors.at(11.0) == (30.0, 0.0)
    motors.go_to(90.0, 30.0, 100.0)
    assert motors.at(101.0) == (-70.0, -10.0)
    assert motors.at(1000.0) == (90.0, 30.0)


def test_an_unknown_direction_moves_nothing() -> None:
    motors = Motors()
    motors.go_to(5.0, 5.0, 0.0)
    assert motors.move("sideways", 0.1) is False
    assert motors.target == (5.0, 5.0)


@given(SPEEDS, SPEEDS)
def test_a_new_speed_holds_from_where_it_is(before: int, after: int) -> None:
    motors = Motors()
    motors.set_speed(before, 0.0)
    motors.move("right", 0.0)
    now = 0.005 * before  # half a degree has been turned
    motors.set_speed(after, now)
    assert motors.at(now)[0] == pytest.approx(0.5)
    assert motors.at(now + 0.01 * after)[0] == pytest.approx(1.5)
    assert motors.target == (10.0, 0.0)
