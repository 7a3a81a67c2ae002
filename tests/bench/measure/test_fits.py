"""A slope is that of the law that the points were made by, and its interval has it inside."""

from __future__ import annotations

import random

import pytest

from bench.measure.fits import Fit, Point, growth, power

PLACES = [10**k for k in range(1, 7)]


def points(exponent: float, noise: float = 0.05) -> list[Point]:
    chance = random.Random(1)
    return [
        Point(x, tuple(x**exponent * chance.uniform(1 - noise, 1 + noise) for _ in range(5)))
        for x in PLACES
    ]


@pytest.mark.parametrize(
    ("exponent", "verdict"),
    [
        (-0.5, "falls"),
        (0, "flat"),
        (0.5, "less than linear"),
        (1, "linear"),
        (2, "more than linear"),
    ],
)
def test_a_power_law_is_called_by_its_name(exponent: float, verdict: str) -> None:
    fit = power(points(exponent))
    assert fit.verdict == verdict
    assert fit.low <= exponent <= fit.high
    assert fit.low < fit.slope < fit.high
    assert fit.high - fit.low < 0.05


def test_a_slope_that_may_be_anything_is_not_clear() -> None:
    wild = [Point(1, (1, 100)), Point(2, (1, 500)), Point(4, (1, 5000))]
    assert power(wild).verdict == "not clear"


def test_what_may_be_nothing_grows_or_does_not() -> None:
    assert growth([Point(x, (0.0, 0.0)) for x in PLACES], 1).verdict == "flat"
    assert growth([Point(x, (3.0, 4.0)) for x in PLACES], 10).verdict == "flat"
    assert growth([Point(x, (x / 1e5, x / 1e5)) for x in PLACES], 1).verdict == "grows"


def test_one_place_has_no_slope() -> None:
    for fit in (power, lambda found: growth(found, 1)):
        with pytest.raises(ValueError, match="two places"):
            fit([Point(1, (1.0, 2.0))])


@pytest.mark.parametrize(("expected", "exponent"), [("flat", 0), ("linear", 1)])
def test_only_what_is_worse_for_certain_is_worse(expected: str, exponent: float) -> None:
    for change, worse in ((-0.5, False), (0, False), (0.1, False), (0.3, True), (1, True)):
        assert power(points(exponent + change)).is_worse(expected) == worse
    assert not Fit(exponent + 0.3, exponent, exponent + 1, "not clear").is_worse(expected)
    assert Fit(0, 0, 0, "grows").is_worse(expected)
