"""When the pictures of a time-lapse are taken."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Schedule"]


@dataclass(slots=True)
class Schedule:
    """Times on a grid: every so many seconds from the first on.

    A picture that took longer delays no other: what it ran over is passed over, and counted.
    """

    every: float
    first: float
    #: The number of the next one, and how many were passed over.
    number: int = 0
    missed: int = 0

    def wait(self, now: float) -> float:
        """Seconds to the next one; 0 if it is due."""
        return max(self.first + self.number * self.every - now, 0.0)

    def taken(self, now: float) -> None:
        """What was due is done, and it is that late."""
        next_one = max(math.ceil((now - self.first) / self.every), self.number + 1)
        self.missed += next_one - self.number - 1
        self.number = next_one
