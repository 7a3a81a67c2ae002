"""Times for a simulated camera that are not that of the wall: held still, or in a rush.

A camera takes any function that gives seconds.  With one of these two the program that
serves it sets no timer, so a test waits for nothing and gets the same bytes each time.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from hamaproto.errors import LocalProtocolError

__all__ = ["Clock", "ManualClock", "RushingClock"]

#: Seconds from any start, never falling.
Clock = Callable[[], float]


class ManualClock:
    """Stands still until `advance` is called, from any thread.

    `watchers` are called behind each advance: the servers put themselves there.
    """

    __slots__ = ("_now", "watchers")

    def __init__(self, now: float = 0.0) -> None:
        self._now = now
        self.watchers: list[Callable[[], None]] = []

    def __repr__(self) -> str:
        return f"<ManualClock at {self._now:g} s>"

    def __call__(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Let so much time pass; LocalProtocolError if it would run backwards."""
        if not 0 <= seconds < math.inf:
            raise LocalProtocolError(f"advance({seconds!r}): a number of seconds from 0 on")
        self._now += seconds
        for watcher in tuple(self.watchers):
            watcher()


class RushingClock:
    """Never waits: each reader gets the next frame as soon as it has taken the one before.

    For load, and for tests that want a hundred pictures now.  Every reader has a time of its
    own, which the pictures show; the camera's time, by which motors turn, is 0.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "<RushingClock>"

    def __call__(self) -> float:
        return 0.0
