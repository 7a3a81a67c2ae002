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


class Belief:
    """Whether a length may be taken unseen.

    It is believed while the walk has confirmed this stream's lengths, none has lied since, and
    it is like the last good one; not for an image in doubt.

    `last`: the last length that was right.  Who took an image by its length sets it, once that
    has turned out right: each frame of a healthy stream would else be a call more.
    """

    __slots__ = ("_confirmed", "_doubt", "_needed", "last")

    def __init__(self, doubt: Doubt) -> None:
        self._doubt = doubt
        self._needed = 1
        self._confirmed = 0
        self.last = 0

    def believes(self, at: int, length: int) -> bool:
        """Whether an image at offset `at` may be taken by this length unseen."""
        last = self.last
        # Like the last one: within a quarter of it and 64 bytes.
        return (
            self._confirmed >= self._needed
            and 4 * abs(length - last) <= last + 256
            and at >= self._doubt.until
        )

    def confirmed(self, length: int) -> None:
        """A walk came to the end that the length had given."""
        self._confirmed += 1
        self.last = length

    def lied(self) -> None:
        """An image ended elsewhere: more of them must be right before the next is believed."""
        self._confirmed = 0
        self._needed = min(self._needed * 2, _MOST_NEEDED)
