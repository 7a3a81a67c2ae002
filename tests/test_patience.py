"""`hamaproto.patience`: with a clock that is a number."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.patience import Patience, TimeUp


def opened(**times: float | None) -> Patience:
    values: dict[str, float | None] = {"connect": None, "idle": None, "total": None} | times
    patience = Patience(**values)  # type: ignore[arg-type]  # names of the four
    patience.begin(0.0)
    patience.opened(0.0)
    return patience


def drip(patience: Patience, seconds: float, every: float) -> float | None:
    """Bytes without a frame for so long; gives when a time was up, None if none was."""
    now = 0.0
    while now < seconds:
        wait = patience.patience(now)
        if wait is not None and wait < every:
            now += wait
            return now
        now += every
        if patience.heard(now) is not None:
            return now
    return None


def test_each_time_by_itself() -> None:
    patience = Patience(3.0, 5.0, 20.0)
    patience.begin(100.0)
    assert patience.opening(100.0) == 3.0
    assert patience.opening(119.0) == 1.0
    assert patience.opening(130.0) == 0.0
    patience.opened(102.0)
    assert patience.patience(102.0) == 5.0
    assert patience.up(107.0) == "idle"
    patience.heard(106.0)
    assert patience.left(107.0) == 4.0
    assert patience.patience(118.0) == 2.0
    assert patience.up(120.0) == "total"
    patience.endless()
    assert patience.patience(120.0) == 5.0
    assert patience.up(125.0) == "idle"


def test_the_total_begins_with_the_first_attempt_and_not_with_the_second() -> None:
    patience = Patience(3.0, 5.0, 20.0)
    # Made long before it is used.
    assert patience.opening(100.0) == 3.0
    assert patience.opening(118.0) == 2.0
    assert patience.opening(121.0) == 0.0


def test_which_time_is_up_where_several_are() -> None:
    patience = opened(idle=5.0, frame=6.0)
    patience.patience(0.0)
    assert patience.heard(4.0) is None
    assert patience.patience(4.0) == 2.0
    assert patience.up(6.0) == "frame"
    # Both at once: what says more of the camera, that it sends nothing at all.
    assert opened(idle=5.0, frame=5.0).up(5.0) == "idle"
    assert opened(frame=6.0).up(6.0) == "frame"
    assert opened(frame=6.0).up(5.0) == "idle"


def test_none_is_for_ever() -> None:
    patience = Patience(None, None, None, None)
    patience.begin(0.0)
    assert patience.opening(0.0) is None
    patience.opened(0.0)
    assert patience.patience(1.0) is None
    assert patience.heard(1e9) is None
    assert patience.left(1e9) is None


@pytest.mark.parametrize("every", [0.001, 0.1, 1.0, 4.9])
@pytest.mark.parametrize("idle", [5.0, None])
def test_bytes_without_a_frame_end(every: float, idle: float | None) -> None:
    end = drip(opened(idle=idle, frame=30.0), 100.0, every)
    assert end is not None
    assert math.isclose(end, 30.0, abs_tol=1e-6)


def test_a_flood_without_a_frame_ends() -> None:
    """There is always something to read, so that no wait ever ends by itself."""
    patience = opened(idle=5.0, frame=30.0)
    now = 0.0
    while patience.heard(now) is None:
        now += 0.001
        patience.patience(now)
        now += 0.00001
        assert now < 40.0
    assert now > 30.0


def test_a_flood_in_an_answer_that_ends_ends() -> None:
    patience = opened(idle=5.0, total=20.0)
    now = 0.0
    while patience.heard(now) is None:
        patience.patience(now)
        now += 0.01
        assert now < 22.0
    assert now > 20.0


def test_a_frame_begins_it_anew() -> None:
    patience = opened(idle=5.0, frame=6.0)
    for now in range(1, 100):
        wait = patience.patience(float(now - 1))
        assert wait is not None
        assert wait > 1.0
        assert patience.heard(float(now)) is None
        if now % 4 == 0:
            patience.frame()


def test_the_programs_own_time_does_not_count() -> None:
    patience = opened(idle=5.0, frame=10.0)
    now = 0.0
    for _ in range(100):
        wait = patience.patience(now)
        assert wait is not None
        assert wait > 1.0
        now += 0.5
        assert patience.heard(now) is None
        patience.frame()
        now += 60.0  # as long as the program looks at the picture
    # The one that rests until it is asked again.
    patience.rested(now + 1000.0)
    assert patience.left(now + 1000.0) == 5.0


@pytest.mark.parametrize("seconds", [30.0, 3600.0, 1e6])
def test_a_process_that_was_stopped_reads_before_it_judges(seconds: float) -> None:
    for times in ({"idle": 5.0}, {"frame": 8.0}, {"idle": 5.0, "total": 20.0, "frame": 8.0}):
        # A wait that was to end after some seconds, and whose end was noticed late.
        patience = opened(**times)
        patience.patience(1.0)
        assert patience.stood_still(seconds)
        assert patience.left(seconds) != 0.0
        assert patience.heard(seconds + 0.1) is None
        # Something had come, and it is read: that is no end either.
        patience = opened(**times)
        patience.patience(1.0)
        assert patience.heard(seconds) is None
        assert patience.left(seconds) != 0.0
        # But then a camera that is dead is dead.
        left = patience.left(seconds)
        assert left is not None
        assert not patience.stood_still(seconds + left)


def test_a_wait_that_ends_in_time_is_no_standstill() -> None:
    patience = opened(idle=5.0, frame=8.0)
    patience.patience(1.0)
    for late in (0.0, 0.5, 0.99):
        assert not patience.stood_still(6.0 + late)
    assert patience.stood_still(7.01)


class _Asking(Patience):
    """Asks of each wait, however short, whether the process stood still."""

    __slots__ = ()

    def heard(self, now: float) -> TimeUp | None:
        self.stood_still(now)
        return super().heard(now)


@given(
    idle=st.sampled_from([None, 0.25, 4.0]),
    frame=st.sampled_from([None, 0.5, 8.0]),
    total=st.sampled_from([None, 16.0]),
    steps=st.lists(
        st.tuples(
            st.sampled_from(["heard", "patience", "rested", "frame"]),
            # Fractions that are exact, at the bounds and around them.
            st.sampled_from([0.0, 0.125, 0.5, 1.0, 1.0625, 1.25, 1.5, 5.0, 5.125, 9.0, 20.0]),
        ),
        max_size=30,
    ),
)
def test_a_short_wait_is_not_asked_about_and_nothing_differs(
    idle: float | None,
    frame: float | None,
    total: float | None,
    steps: list[tuple[str, float]],
) -> None:
    both = [kind(3.0, idle, total, frame) for kind in (Patience, _Asking)]
    for patience in both:
        patience.begin(0.0)
        patience.opened(0.0)
    now = 0.0
    for step, past in steps:
        now += past
        said = []
        for patience in both:
            arguments = () if step == "frame" else (now,)
            said.append((getattr(patience, step)(*arguments), patience.left(now)))
        assert said[0] == said[1]
