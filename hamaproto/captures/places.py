"""Which packet brought which byte of a stream.

    places.add(start, mark)        from here on it was this packet
    places.at(offset)              the packet of a byte
    places.latest(start, stop)     of some bytes, the one that came last
    places.forget(offset)          nobody will ask about what is before it

What is kept is bounded: past a number that no image needs, the older half goes, and a question
about it is answered by the oldest that is left.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from operator import itemgetter
from typing import Final

from hamaproto.captures.conversation import Mark

__all__ = ["NOWHERE", "Places"]

NOWHERE: Final[Mark] = (0, None)
#: Twice the packets of the largest image, in the pieces that most of them come in.
_MOST: Final = 1 << 17
_time: Final = itemgetter(1)


class Places:
    """Offsets and packets, both in the order of the stream."""

    __slots__ = ("_marks", "_starts")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._marks: list[Mark] = []

    def __len__(self) -> int:
        return len(self._starts)

    def add(self, start: int, mark: Mark) -> None:
        """The bytes from `start` on came with this packet."""
        self._starts.append(start)
        self._marks.append(mark)
        if len(self._starts) > _MOST:
            self._drop(_MOST // 2)

    def extend(self, start: int, pieces: Sequence[bytes], marks: Sequence[Mark]) -> None:
        """The same for pieces that follow one another."""
        if len(pieces) == 1:
            self._starts.append(start)
        else:
            self._starts.extend(accumulate(map(len, pieces[:-1]), initial=start))
        self._marks.extend(marks)
        if len(self._starts) > _MOST:
            self._drop(len(self._starts) - _MOST // 2)

    def at(self, offset: int) -> Mark:
        """The packet that brought this byte."""
        if not self._starts:
            return NOWHERE
        return self._marks[max(0, bisect_right(self._starts, offset) - 1)]

    def latest(self, start: int, stop: int) -> Mark:
        """Of the packets that brought these bytes, the one that came last."""
        if not self._starts:
            return NOWHERE
        first = max(0, bisect_right(self._starts, start) - 1)
        marks = self._marks[first : max(first + 1, bisect_left(self._starts, stop))]
        if len(marks) == 1:
            return marks[0]
        try:
            return max(reversed(marks), key=_time)
        except TypeError:  # some, or all of them, have no time
            dated = [mark for mark in marks if mark[1] is not None]
            return max(reversed(dated), key=_time) if dated else marks[-1]

    def forget(self, offset: int) -> None:
        """Nobody will ask about what is before this byte."""
        self._drop(bisect_right(self._starts, offset) - 1)

    def _drop(self, count: int) -> None:
        if count > 0:
            del self._starts[:count]
            del self._marks[:count]
