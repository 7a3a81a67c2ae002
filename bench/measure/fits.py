"""Is a curve flat, linear or worse?  A slope with its interval, out of the rounds of each point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Fit", "Point", "growth", "power"]

#: How often the points are drawn again for the interval, and which part of the slopes it has.
DRAWS, INSIDE = 2000, 0.95
#: How far from 0 a slope may be that is called flat, and from 1 one that is called linear.
FLAT, LINEAR = 0.15, 0.15


@dataclass(frozen=True, slots=True)
class Point:
    """What was measured at one place of a curve, round by round."""

    x: float
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Fit:
    """A slope, from where to where it may be, and what that makes of the curve."""

    slope: float
    low: float
    high: float
    verdict: str

    def is_worse(self, expected: str) -> bool:
        """Whether all of the interval is worse than `flat` or `linear`, whichever was expected."""
        if self.verdict == "grows":
            return True
        return self.low > {"flat": FLAT, "linear": 1 + LINEAR}[expected]


def _slopes(points: Sequence[Point], *, logarithms: bool) -> tuple[float, float, float]:
    """Least squares over all points and rounds; the interval is a bootstrap's, with a seed."""
    x = np.array([point.x for point in points for _ in point.values], float)
    y = np.array([value for point in points for value in point.values], float)
    if logarithms:
        x, y = np.log(x), np.log(np.maximum(y, 1e-12))

    def slope(at: Any) -> Any:
        u, v = x[at], y[at]
        u = u - u.mean(axis=-1, keepdims=True)
        spread = (u * u).sum(axis=-1)
        # A draw of one place alone has no slope; it is that of all.
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(spread > 0, (u * v).sum(axis=-1) / spread, np.nan)

    chance = np.random.default_rng(1)
    drawn = slope(chance.integers(0, len(x), (DRAWS, len(x))))
    low, high = np.nanquantile(drawn, ((1 - INSIDE) / 2, (1 + INSIDE) / 2))
    return float(slope(np.arange(len(x)))), float(low), float(high)


def power(points: Sequence[Point]) -> Fit:
    """The exponent of a power law: 0 is flat, 1 is linear.

    It takes two places at least; raises ValueError otherwise.
    """
    if len({point.x for point in points}) < 2:
        raise ValueError("a slope needs two places of a curve")
    middle, low, high = _slopes(points, logarithms=True)
    if middle < -FLAT:
        verdict = "falls"
    elif middle <= FLAT:
        verdict = "flat"
    elif middle < 1 - LINEAR:
        verdict = "less than linear"
    elif middle <= 1 + LINEAR:
        verdict = "linear"
    else:
        verdict = "more than linear" if low > 1 else "not clear"
    return Fit(middle, low, high, verdict)


def growth(points: Sequence[Point], allowed: float) -> Fit:
    """How much the figure grows for each 1 of x: flat if all of x makes no more than `allowed`.

    For what may be zero, as memory that is held beside what was held before.
    """
    if len({point.x for point in points}) < 2:
        raise ValueError("a slope needs two places of a curve")
    middle, low, high = _slopes(points, logarithms=False)
    longest = max(point.x for point in points)
    return Fit(middle, low, high, "flat" if high * longest <= allowed else "grows")
