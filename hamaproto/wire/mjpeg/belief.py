"""What lengths have been worth so far, and how much was read in vain.

Neither can be seen in the events: a belief only saves the walk, and a doubt only makes an
image be searched as it is walked.
"""

from __future__ import annotations

__all__ = ["Belief", "Doubt"]

#: The doubling of the confirmations that a lie costs ends here.
_MOST_NEEDED = 1024
#: How often the bytes before an image may have been read again before it is in doubt, and how
#: many bytes more.
_AGAIN = 8
_CREDIT = 1048576


class Belief:
    """Whether a length may be taken unseen.

    It is believed while the walk has confirmed this stream's lengths, none has lied since, and
    it is like the last good one.
    """

    __slots__ = ("_confirmed", "_last", "_needed")

    def __init__(self) -> None:
        self._needed = 1
        self._confirmed = 0
        self._last = 0

    def believes(self, length: int) -> bool:
        """Whether lengths have been right, and this one is like the last."""
        # Like the last one: within a quarter of it and 64 bytes.
        return self._confirmed >= self._needed and 4 * abs(length - self._last) <= self._last + 256

    def confirmed(self, length: int) -> None:
        """A walk came to the end that the length had given."""
        self._confirmed += 1
        self._last = length

    def kept(self, length: int) -> None:
        """An image that was taken by its length ended there."""
        self._last = length

    def lied(self) -> None:
        """An image ended elsewhere: more of them must be right before the next is believed."""
        self._confirmed = 0
        self._needed = min(self._needed * 2, _MOST_NEEDED)


class Doubt:
    """Whether an image is searched as it is walked, so that little is walked in vain.

    `until`: an image that begins before this offset is in doubt.
    """

    __slots__ = ("_credit", "_rewound", "until")

    def __init__(self, max_frame: int) -> None:
        self._credit = min(max_frame, _CREDIT)
        self._rewound = 0
        self.until = 0

    def read_again(self, size: int) -> None:
        """So many bytes were walked and are read again."""
        self._rewound += size
        self.until = (self._rewound - self._credit) // _AGAIN
