"""Of what is asked for one after another, one is done at a time, and the newest is the next.

A joystick, or a key that is held, asks faster than a camera moves: what was asked in between
is of no use any more.  `Newest` says what is done when; who uses it does it.
"""

from __future__ import annotations

from typing import Generic, TypeVar

__all__ = ["Newest"]

T = TypeVar("T")


class Newest(Generic[T]):
    """At most one thing is being done, and at most one waits."""

    __slots__ = ("_waiting", "is_busy")

    def __init__(self) -> None:
        self._waiting: T | None = None
        self.is_busy = False
        """Whether something is being done."""

    def __repr__(self) -> str:
        return f"<Newest, {'busy' if self.is_busy else 'idle'}>"

    @property
    def is_due(self) -> bool:
        """Whether something newer waits."""
        return self._waiting is not None

    def put(self, item: T) -> T | None:
        """Ask for it; gives what is not going to be done, since this is newer."""
        superseded, self._waiting = self._waiting, item
        return superseded

    def next(self) -> T | None:
        """What is to be done now; None if something is, or nothing waits."""
        if self.is_busy:
            return None
        item, self._waiting = self._waiting, None
        self.is_busy = item is not None
        return item

    def done(self) -> None:
        """What was being done is over, well or not."""
        self.is_busy = False
