"""Figures of times against their definitions, reckoned the long way or by hand."""

from __future__ import annotations

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.captures import clock

values = st.lists(st.floats(0, 1e6), min_size=1, max_size=50)


@given(values)
def test_a_spread_is_what_the_standard_library_reckons(numbers: list[float]) -> None:
    spread = clock.Spread.of(numbers)
    assert spread is not None
    assert spread.count == len(numbers)
    assert spread.mean == pytest.approx(statistics.fmean(numbers))
    assert spread.deviation == pytest.approx(statistics.pstdev(numbers), abs=1e-3)
    assert (spread.least, spread.most) == (min(numbers), max(numbers))
    ordered = sorted(numbers)
    for share, value in ((0.5, spread.p50), (0.95, spread.p95), (0.99, spread.p99)):
        # The least value that so many of them do not pass.
        assert sum(number <= value for number in ordered) >= share * len(ordered)
        assert (
            sum(number < value for number in ordered) < share * len(ordered) or value == ordered[0]
        )
    assert clock.Spread.of([]) is None


def test_jitter_of_rfc_3550() -> None:
    regular, course = clock.jitter([0, 1, 2, 3], [5, 6, 7, 8])
    assert regular == clock.Jitter(0, 0, 0)
    assert course == [0, 0, 0]
    # D is 0.16, then -0.16: J is 0.01, then 0.01 + (0.16 - 0.01) / 16.
    one, course = clock.jitter([0, 1.16, 2], [0, 1, 2])
    assert course == pytest.approx([0.01, 0.019375])
    assert one is not None
    assert (one.last, one.most) == pytest.approx((0.019375, 0.019375))
    assert clock.jitter([1], [1]) == (None, [])


def test_freezes_of_webrtc_stats() -> None:
    # The mean is 0.1: 3 x 0.1 is more than 0.1 + 0.15.
    assert clock.freezes([0.1, 0.1, 0.29, 0.1])[1] == []
    found, where = clock.freezes([0.1, 0.1, 0.31, 0.1])
    assert where == [2]
    assert (found.count, found.total, found.pauses) == (1, pytest.approx(0.31), 0)
    # The mean is 0.04: 0.04 + 0.15 is more than 3 x 0.04.
    assert clock.freezes([0.04] * 5 + [0.18])[1] == []
    assert clock.freezes([0.04] * 5 + [0.2])[1] == [5]
    found, _ = clock.freezes([0.04, 6.0, 5.0])
    assert (found.pauses, found.paused) == (1, 6.0)
    assert clock.freezes([])[0].count == 0


@given(st.lists(st.floats(0.001, 10), max_size=80))
def test_the_mean_is_that_of_the_thirty_before(intervals: list[float]) -> None:
    expected = []
    for index in range(1, len(intervals)):
        mean = statistics.fmean(intervals[max(0, index - 30) : index])
        bound = max(3 * mean, mean + 0.15)
        if abs(intervals[index] - bound) < 1e-6:
            return  # as good as equal
        if intervals[index] > bound:
            expected.append(index)
    assert clock.freezes(intervals)[1] == expected


def test_burstiness_is_minus_one_if_regular_and_near_zero_if_random() -> None:
    assert clock.burstiness([2.0] * 9) == -1
    chance = random.Random(1)
    assert clock.burstiness([chance.expovariate(1) for _ in range(9000)]) == pytest.approx(
        0, abs=0.05
    )
    assert clock.burstiness([0.001] * 999 + [1000]) > 0.9  # type: ignore[operator]
    assert clock.burstiness([]) is None


def test_the_delay_factor_of_a_regular_stream_is_one_frame() -> None:
    """1000 bytes each 100 ms, drained at 10,000 bytes a second."""
    found = clock.delay_factor([n / 10 for n in range(50)], [1000] * 50, 10_000)
    assert found is not None
    assert found == (pytest.approx(0.1, abs=0.02), pytest.approx(0.1, abs=0.02))
    # All of a second's bytes at once.
    burst = clock.delay_factor([n + 0.5 for n in range(9)], [10_000] * 9, 10_000)
    assert burst is not None
    assert burst[1] == pytest.approx(1.0, abs=0.01)
    assert clock.delay_factor([1.0], [1], 1) is None
    far = clock.delay_factor([0.0, 1e9], [1, 1], 1)
    assert far is not None
    assert far[1] >= 1


def test_the_most_bytes_in_a_second() -> None:
    assert clock.peak_rate([0, 0.5, 0.9, 3], [1, 2, 3, 4]) == 6
    assert clock.peak_rate([], []) is None


def test_a_clock_that_drifts() -> None:
    for rate in (8000, 8040, 7990.5):
        arrivals = [n * 160 / rate for n in range(500)]
        assert clock.clock_rate(arrivals, [160.0 * n for n in range(500)]) == pytest.approx(rate)
    assert clock.clock_rate([0, 1], [0, 8000]) is None


def test_what_is_held_up_does_not_bend_the_clock() -> None:
    chance = random.Random(2)
    late = [n * 0.02 + (chance.random() if n % 5 else 0.0) for n in range(1000)]
    times, last = [], 0.0
    for time in late:
        last = max(last, time)  # nothing overtakes
        times.append(last)
    rate = clock.clock_rate(times, [160.0 * n for n in range(1000)])
    assert rate == pytest.approx(8000, rel=0.01)
