"""What both directions of a conversation keep: how far they came, in which exchange; and how they
tell of it."""

from __future__ import annotations

from collections.abc import Callable

from hamaproto.captures.conversation import Mark
from hamaproto.captures.observed import Exchange, Observed, ObservedEvent, Place
from hamaproto.captures.places import Places
from hamaproto.limits import Limits

__all__ = ["Direction", "Emit"]

#: Takes what is seen.
Emit = Callable[[Observed], None]


class Direction:
    """The base of `Answers` and `Questions`.

    `emit` takes what is seen; what is in no exchange is said of `stray`.  `lost`: nothing can be
    read until the next head.  Without `packets` the pieces are those of a file, which mean nothing.
    """

    __slots__ = (
        "_emit",
        "_exchange",
        "_limits",
        "_lost",
        "_offset",
        "_packets",
        "_places",
        "_stray",
    )

    def __init__(
        self, emit: Emit, limits: Limits, stray: Exchange, *, lost: bool, packets: bool = True
    ) -> None:
        self._emit = emit
        self._limits = limits
        self._stray = stray
        self._lost = lost
        self._packets = packets
        self._places = Places()
        # The offset in the stream of the next byte.
        self._offset = 0
        # The one at hand.
        self._exchange: Exchange | None = None

    def _tell(
        self, event: ObservedEvent, places: Places, start: int, stop: int, at: int | None = None
    ) -> None:
        """Tell what was found in the bytes from `start` to `stop`, as standing `at` if given."""
        first, last = places.at(start), places.latest(start, stop)
        if at is not None:
            start, stop = at, at + 1
        self._say(event, self._exchange or self._stray, first, start, last, stop - 1)

    def _say(
        self,
        event: ObservedEvent,
        exchange: Exchange,
        first: Mark,
        start: int,
        last: Mark,
        end: int,
    ) -> None:
        if self._packets:
            began, ended = Place(first[1], first[0], start), Place(last[1], last[0], end)
        else:
            began, ended = Place(None, None, start), Place(None, None, end)
        self._emit(Observed(event, exchange, began, ended))
