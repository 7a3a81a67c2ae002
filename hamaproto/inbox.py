"""What waits between those who receive and those who take.

    put(event) -> is_full? -> get()

Bounded in events and in bytes, so that a slow consumer costs a known amount of memory: sixteen
pictures of a camera with many megapixels are more than the machine of such a program has.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from hamaproto.events import AudioFrame, Data, Frame, Part
from hamaproto.limits import DEFAULT_LIMITS

__all__ = ["Inbox"]

T = TypeVar("T")


def _bytes_of(event: object) -> int:
    return len(event.data) if isinstance(event, Frame | Part | Data | AudioFrame) else 0


class Inbox(Generic[T]):
    """Events that wait to be taken: at most `size`, of `max_bytes` together; or the newest frame.

    One event is always let in.  Without `latest` nothing may be put into a full one.  With it,
    a frame replaces the one that waits, and if others pile up the oldest of them goes.
    """

    __slots__ = ("_events", "_latest", "_max_bytes", "_size", "bytes", "dropped")

    def __init__(
        self, size: int, *, latest: bool = False, max_bytes: int = DEFAULT_LIMITS.max_inbox
    ) -> None:
        self._events: deque[T] = deque()
        self._size = size
        self._latest = latest
        self._max_bytes = max_bytes
        #: Bytes of what waits.
        self.bytes = 0
        #: Events that were replaced or went.
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._events)

    def __repr__(self) -> str:
        return f"<Inbox of {len(self._events)} events, {self.bytes} bytes>"

    @property
    def is_full(self) -> bool:
        return not self._latest and self._over(0)

    def _over(self, spare: int) -> bool:
        return len(self._events) >= self._size + spare or self.bytes >= self._max_bytes

    def put(self, event: T) -> None:
        if self._latest and isinstance(event, Frame):
            self._drop(next((one for one in self._events if isinstance(one, Frame)), None))
        self._events.append(event)
        self.bytes += _bytes_of(event)
        while self._latest and self._over(2):
            # The frame, which is the newest one, and the event that just came stay.
            others = (one for one in self._events if one is not event)
            older = next((one for one in others if not isinstance(one, Frame)), None)
            if older is None:
                break
            self._drop(older)

    def _drop(self, event: T | None) -> None:
        if event is None:
            return
        # Not `remove`, which compares the bytes of the frames.
        del self._events[next(at for at, waiting in enumerate(self._events) if waiting is event)]
        self.bytes -= _bytes_of(event)
        self.dropped += 1

    def get(self) -> T:
        event = self._events.popleft()
        self.bytes -= _bytes_of(event)
        return event

    def clear(self) -> None:
        """Let go of everything, uncounted: nobody wants it."""
        self._events.clear()
        self.bytes = 0
