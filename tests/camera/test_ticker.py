"""The clock that numbers pictures and frames: even, early by a hair at most, never backwards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.camera.ticker import Ticker

RATES = st.sampled_from([1, 3, 5, 10, 15, 25, 30, 50])
STARTS = st.sampled_from([0.0, 7.5, -3.0, 1000.0])
NUMBERS = st.integers(0, 100_000)


@given(RATES, STARTS, NUMBERS)
def test_an_event_is_the_last_one_from_when_it_is_due_until_the_next(
    rate: int, start: float, number: int
) -> None:
    ticker = Ticker(rate, start)
    due = ticker.due(number)
    assert due == pytest.approx(start + number / rate)
    # A timer may come early by its resolution, and not by more.
    assert ticker.index(due - 5e-5) == ticker.index(due) == number
    assert ticker.index(due - 2e-4) == number - 1
    assert ticker.index(due + 0.9 / rate) == number


def test_it_starts_at_0() -> None:
    assert (Ticker(10).due(0), Ticker(10).index(0.0)) == (0.0, 0)


@given(RATES, RATES, STARTS, NUMBERS, st.floats(0, 0.98))
def test_at_another_rate_the_count_goes_on(
    before: int, after: int, start: float, number: int, part: float
) -> None:
    ticker = Ticker(before, start)
    now = ticker.due(number) + part / before
    due = ticker.due(number + 1)
    ticker.retime(after, now)
    assert ticker.rate == after
    assert ticker.index(now) == number
    # At the same rate nothing moves; at another one an interval begins.
    assert ticker.due(number + 1) == pytest.approx(due if before == after else now + 1 / after)
    assert ticker.index(now + 10) == pytest.approx(number + 10 * after, abs=1)
