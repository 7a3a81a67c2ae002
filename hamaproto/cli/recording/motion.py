"""Which pictures and which sound are worth being kept: those around a motion.

What came in the last seconds is held, so that a recording shows what led to the motion.  The
cameras say themselves that they see one: the header `Motion-Event: 1` of a picture.
"""

from __future__ import annotations

import heapq
from collections import deque
from typing import Final, Protocol

from hamaproto.gsm.tables import SAMPLE_RATE

__all__ = ["MotionGate", "Sink", "says_motion"]

#: Bytes of pictures and of sound that are held at most; the oldest go first.
_MOST_BYTES: Final = 64_000_000


class Sink(Protocol):
    """Where pictures and sound go on to."""

    def picture(self, image: bytes, made: float) -> None: ...
    def sound(self, samples: bytes, start: int) -> None: ...
    def end(self, made: float) -> None:
        """What was made from that time on belongs to nothing, until the next picture."""


def says_motion(value: str | None) -> bool | None:
    """What a `Motion-Event` says; None if it says nothing."""
    if value is None:
        return None
    value = value.strip()
    return value not in ("", "0") if value.isdecimal() and value.isascii() else None


class MotionGate:
    """Lets through what was made from `before` seconds before a motion to `after` seconds
    behind it.  Motions whose times overlap are one."""

    def __init__(self, sink: Sink, before: float, after: float) -> None:
        self._sink = sink
        self._before = before
        self._after = after
        self._pictures: deque[tuple[float, bytes]] = deque()
        self._sounds: deque[tuple[float, bytes]] = deque()
        self._held = 0
        #: When what is let through ends, while something is.
        self._until: float | None = None
        #: Sound that was made before this time still belongs to the last event.
        self._ended = float("-inf")
        #: How many motions were seen; whether the camera ever said anything about it.
        self.events = 0
        self.said = False

    @property
    def is_open(self) -> bool:
        """Whether what comes now is kept."""
        return self._until is not None

    def picture(self, image: bytes, made: float, motion: bool | None) -> None:
        """A picture, and what the camera says about it."""
        self.said = self.said or motion is not None
        if self._until is not None and made > self._until and not motion:
            self._sink.end(made)
            self._ended = made
            self._until = None
        if motion:
            if self._until is None:
                self.events += 1
                self._forget(made)
                self._let_go()
            self._until = max(made + self._after, self._until or made)
        if self._until is not None:
            self._sink.picture(image, made)
        else:
            self._pictures.append((made, image))
            self._held += len(image)
            self._forget(made)

    def sound(self, samples: bytes, start: int) -> None:
        """Sound, and when it was made, times the rate."""
        made = start / SAMPLE_RATE
        if self._until is not None or made < self._ended:
            self._sink.sound(samples, start)
            return
        self._sounds.append((made, samples))
        self._held += len(samples)
        self._forget(made)

    def _let_go(self) -> None:
        pictures = ((made, image, True) for made, image in self._pictures)
        sounds = ((made, samples, False) for made, samples in self._sounds)
        # In the order of time, as it would have come.
        for made, data, is_picture in heapq.merge(pictures, sounds, key=lambda held: held[0]):
            if is_picture:
                self._sink.picture(data, made)
            else:
                self._sink.sound(data, round(made * SAMPLE_RATE))
        self._pictures.clear()
        self._sounds.clear()
        self._held = 0

    def _forget(self, now: float) -> None:
        for queue in (self._pictures, self._sounds):
            while queue and queue[0][0] < now - self._before:
                self._held -= len(queue.popleft()[1])
        while self._held > _MOST_BYTES:
            older = min(filter(None, (self._pictures, self._sounds)), key=lambda held: held[0][0])
            self._held -= len(older.popleft()[1])
