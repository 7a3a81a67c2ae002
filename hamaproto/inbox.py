"""What waits between those who receive and those who take.

    put(event) -> is_full? -> get() -> the event, or None

Bounded in events and in bytes, so that a slow consumer costs a known amount of memory: sixteen
pictures of a camera with many megapixels are more than the machine of such a program has.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Generic, TypeVar

from hamaproto.events import AudioFrame, Data, Frame, Part
from hamaproto.limits import DEFAULT_LIMITS

__all__ = ["Inbox"]

T = TypeVar("T")


#: The events that have bytes; a tuple is asked faster than a union.
_WITH_BYTES: Final = (Frame, Part, Data, AudioFrame)


class Inbox(Generic[T]):
    """Events that wait to be taken: at most `size`, of `max_bytes` together; or the newest frame.

    One event is always let in.  Without `latest` nothing may be put into a full one.  With it,
    a frame replaces the one that waits, and if others pile up the oldest of them goes.
    """

    __slots__ = ("_events", "_latest", "_max_bytes", "_size", "bytes", "dropped", "is_full")

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
        #: Whether nothing may be put in; never so with `latest`.
        self.is_full = False

    def __len__(self) -> int:
        return len(self._events)

    def __repr__(self) -> str:
        return f"<Inbox of {len(self._events)} events, {self.bytes} bytes>"

    def put(self, event: T) -> None:
        if self._latest and isinstance(event, Frame):
            self._drop(next((one for one in self._events if isinstance(one, Frame)), None))
        self._events.append(event)
        if isinstance(event, _WITH_BYTES):
            self.bytes += len(event.data)
        if self._latest:
            self._make_room(event)
        elif len(self._events) >= self._size or self.bytes >= self._max_bytes:
            self.is_full = True

    def _make_room(self, event: T) -> None:
        """Drop what is older than the event that just came, and no frame."""
        # The frame, which is the newest one, and the event itself may stay.
        while len(self._events) >= self._size + 2 or self.bytes >= self._max_bytes:
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
        if isinstance(event, _WITH_BYTES):
            self.bytes -= len(event.data)
        self.dropped += 1

    def get(self) -> T | None:
        """The event that waits longest; None if there is none."""
        if not self._events:
            return None
        event = self._events.popleft()
        if isinstance(event, _WITH_BYTES):
            self.bytes -= len(event.data)
        if self.is_full:
            self.is_full = len(self._events) >= self._size or self.bytes >= self._max_bytes
        return event

    def clear(self) -> None:
        """Let go of everything, uncounted: nobody wants it."""
        self._events.clear()
        self.bytes = 0
        self.is_full = False
