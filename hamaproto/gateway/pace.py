"""Whether a viewer is slow, and how late it is: a question behind a picture tells, once answered.

What a viewer's own system has taken in and its program has not read, nobody else can see: up to
a second of pictures for one on a slow line.  A WebSocket has a ping (RFC 6455 5.5.2), which is
answered when it is read.  So a slow viewer gets a picture only when the one before was read; and
one that is as quick as its line allows is slow no more.
"""

from __future__ import annotations

from typing import Final

__all__ = ["Pace"]

#: An answer in so many times that of an idle line, and so many seconds, is a quick one.
_FACTOR: Final = 1.5
_SECONDS: Final = 0.05
#: Quick answers in a row, until a viewer counts as quick.
_ENOUGH: Final = 10
#: Seconds for which a picture is on its way to a slow viewer: others are stuck for a moment when
#: their machine, or this one, is busy.
_LONG: Final = 0.15


class Pace:
    """Of one viewer; the first question is to be asked while nothing else is on its way."""

    __slots__ = ("_asked_at", "_number", "_quick", "_round_trip", "is_slow")

    def __init__(self) -> None:
        self.is_slow = False
        """Whether the next picture is to wait until the one before was read."""
        self._number = 0
        self._asked_at = 0.0
        self._quick = 0
        self._round_trip: float | None = None

    def __repr__(self) -> str:
        return f"<Pace {'slow' if self.is_slow else 'quick'}>"

    def stuck(self, seconds: float) -> None:
        """A picture could not be written at once, and was so long on its way."""
        if seconds >= _LONG:
            self.is_slow = True
            self._quick = 0

    def ask(self, now: float) -> bytes:
        """What the next question says."""
        self._number += 1
        self._asked_at = now
        return b"%d" % self._number

    def answered(self, said: bytes, now: float) -> bool:
        """An answer has come; gives whether it is that to the last question."""
        if said != b"%d" % self._number:
            return False
        took = now - self._asked_at
        if self._round_trip is None:
            self._round_trip = took
        elif took > self._round_trip * _FACTOR + _SECONDS:
            self._quick = 0
        else:
            self._quick += 1
            self.is_slow = self.is_slow and self._quick < _ENOUGH
        self._round_trip = min(self._round_trip, took)
        return True
