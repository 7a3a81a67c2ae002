"""The motors of the simulated camera: where it looks, and where it is going."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["DIRECTIONS", "PAN_RANGE", "TILT_RANGE", "Motors"]

#: How far the simulated camera turns, in degrees; the specification gives no units.
PAN_RANGE: Final = (-90.0, 90.0)
TILT_RANGE: Final = (-30.0, 30.0)
#: Degrees that one `move` turns.
MOVE_STEP: Final = 10.0
#: Degrees a second at speed 1; at speed n, an n-th of it.
FASTEST: Final = 100.0

#: What a `move` adds to pan and tilt, in steps (clause 4.1); `center` goes home instead.
DIRECTIONS: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {
        "left": (-1, 0),
        "right": (1, 0),
        "up": (0, 1),
        "down": (0, -1),
        "upleft": (-1, 1),
        "upright": (1, 1),
        "downleft": (-1, -1),
        "downright": (1, -1),
    }
)


class Motors:
    """Pan and tilt in degrees, right and up positive.

    A move sets a target at once; the position follows at the speed that is set and is a
    pure function of time.
    """

    __slots__ = ("_since", "_start", "speed", "target")

    def __init__(self) -> None:
        #: 1 (fast) to 9 (slow), clause 4.6.
        self.speed = 5
        self.target = (0.0, 0.0)
        self._start = (0.0, 0.0)
        self._since = 0.0

    def at(self, now: float) -> tuple[float, float]:
        """The position at `now`."""
        reach = max(0.0, now - self._since) * FASTEST / self.speed
        pan, tilt = (
            start + math.copysign(min(abs(end - start), reach), end - start)
            for start, end in zip(self._start, self.target, strict=True)
        )
        return pan, tilt

    def go_to(self, pan: float, tilt: float, now: float) -> None:
        """Turn to a position, as far as the camera reaches."""
        self._start = self.at(now)
        self._since = now
        self.target = (
            min(max(pan, PAN_RANGE[0]), PAN_RANGE[1]),
            min(max(tilt, TILT_RANGE[0]), TILT_RANGE[1]),
        )

    def move(self, direction: str, now: float) -> bool:
        """Turn one step, or home; False if there is no such direction."""
        if direction == "center":
            self.go_to(0.0, 0.0, now)
        elif direction in DIRECTIONS:
            pan, tilt = self.target
            right, up = DIRECTIONS[direction]
            self.go_to(pan + right * MOVE_STEP, tilt + up * MOVE_STEP, now)
        else:
            return False
        return True

    def set_speed(self, speed: int, now: float) -> None:
        if speed != self.speed:
            self.go_to(*self.target, now)
            self.speed = speed
