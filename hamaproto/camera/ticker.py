"""A clock that counts events at an even rate, for pictures and for sound."""

from __future__ import annotations

import math

__all__ = ["Ticker"]

# A timer may come early by its resolution and by rounding: this much is no error.
_SLACK = 1e-4


class Ticker:
    """Numbers events at an even rate that may be changed while it runs.

    Event `n` is due at `due(n)`, and `index(now)` is the last one that is due.  After
    `retime` the count goes on from where it was, so a number is never used twice.
    Seconds count from any start; `rate` is events a second.
    """

    __slots__ = ("_index", "_start", "rate")

    def __init__(self, rate: float, start: float = 0.0) -> None:
        self.rate = rate
        self._start = start
        self._index = 0

    def index(self, now: float) -> int:
        return self._index + math.floor((now - self._start + _SLACK) * self.rate)

    def due(self, index: int) -> float:
        return self._start + (index - self._index) / self.rate

    def retime(self, rate: float, now: float) -> None:
        """Go on at another rate: the next event is due one new interval after `now`."""
        if rate != self.rate:
            self._index = self.index(now)
            self._start = now
            self.rate = rate
