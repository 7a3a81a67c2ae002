"""One stream of a camera: who takes it, whether it is to be asked for, and what state it is in.

    join, leave         ->  is_wanted: is the stream to be asked for?
    begin, take, lost   ->  pictures for all who take it, and a `Status` for all who are told

It reads no clock.  `now` is in seconds on one that does not jump, `wall` in seconds since 1970.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, Generic, Protocol, TypeVar

from hamaproto.errors import HamaError, RemoteProtocolError
from hamaproto.events import Anomaly, Frame, Skipped
from hamaproto.gateway.shot import Shot
from hamaproto.gateway.status import State, Status, status_of
from hamaproto.picture_size import is_possible
from hamaproto.session import Disconnected, StreamEvent
from hamaproto.wire.jpeg import JpegInfo, insert_huffman_tables

__all__ = ["Counts", "Feed", "Pictures", "Taker", "Tally"]

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)

#: Seconds over which the rate is counted.
_RATE_SECONDS: Final = 3.0
#: Arrivals that are remembered for it.
_ARRIVALS: Final = 256


class Tally(Protocol):
    """What one of those who take a stream was sent."""

    @property
    def sent(self) -> int:
        """Pictures, or pieces of sound."""

    @property
    def sent_bytes(self) -> int:
        """Bytes of all that."""

    @property
    def dropped(self) -> int:
        """What was replaced by something newer, or left out."""


class Taker(Protocol[T_contra]):
    """Who takes a stream."""

    @property
    def tally(self) -> Tally | None:
        """What it was sent; None for who is sent nothing."""

    def offer(self, item: T_contra, /) -> None:
        """A picture, or a piece of sound."""

    def tell(self, status: Status, /) -> None:
        """The state is another one."""


@dataclass(slots=True)
class Counts:
    """What came from the camera, and what went to those who watch, from the beginning on."""

    frames: int = 0
    """Pictures, or pieces of sound, that came whole."""
    received: int = 0
    """Bytes of them."""
    incomplete: int = 0
    """Pictures that were cut off on the way: nobody gets them."""
    refused: int = 0
    """Pictures of a size that none can have: nobody gets them."""
    skipped: int = 0
    """Bytes that belonged to nothing."""
    connections: int = 0
    """How often the camera was asked for the stream."""
    sent: int = 0
    """What was sent."""
    sent_bytes: int = 0
    dropped: int = 0
    """What was replaced by something newer, or left out, for a slow one."""
    anomalies: Counter[str] = field(default_factory=Counter)
    """By their codes."""

    @property
    def lost(self) -> int:
        """Pictures that came and are of no use."""
        return self.incomplete + self.refused

    def add(self, tally: Tally | None) -> None:
        """One who takes the stream was sent that."""
        if tally is not None:
            self.sent += tally.sent
            self.sent_bytes += tally.sent_bytes
            self.dropped += tally.dropped


class Feed(Generic[T]):
    """A stream; see the head of this module.

    It stays wanted for `keep_warm` seconds after the last one has left.  After `stall_after`
    seconds without anything it counts as stalled.
    """

    def __init__(self, *, keep_warm: float = 5.0, stall_after: float = 3.0) -> None:
        self.takers: set[Taker[T]] = set()
        self.counts = Counts()
        self.status = Status(State.IDLE, 0.0)
        self.on_status: Callable[[Status], None] | None = None
        """Is told each other state, whoever watches."""
        self.newest: T | None = None
        """What came last; None before anything did, and while nobody watches."""
        self._keep_warm = keep_warm
        self._stall_after = stall_after
        self._warm_until = float("-inf")
        self._came_at = float("-inf")
        self._last: float | None = None
        self._arrivals: deque[float] = deque(maxlen=_ARRIVALS)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.status.state}, {len(self.takers)} takers>"

    @property
    def current(self) -> Status:
        """The state, with the time of the last arrival as it is now."""
        return replace(self.status, last=self._last)

    # -- who takes it

    def join(self, taker: Taker[T]) -> None:
        """From now on it is given what comes; it is told the state at once."""
        self.takers.add(taker)
        taker.tell(self.current)

    def leave(self, taker: Taker[T], now: float) -> None:
        """It takes nothing more."""
        if taker in self.takers:
            self.takers.discard(taker)
            self.counts.add(taker.tally)
            self._warm_until = now + self._keep_warm

    def is_wanted(self, now: float) -> bool:
        """Whether the camera is to be asked for the stream, or goes on with it."""
        return bool(self.takers) or now < self._warm_until

    def total(self) -> Counts:
        """The counts, with what those were sent who are still there."""
        total = replace(self.counts)
        for taker in self.takers:
            total.add(taker.tally)
        return total

    # -- what becomes of it

    def begin(self, now: float, wall: float) -> None:
        """The camera is asked."""
        self.counts.connections += 1
        self._came_at = now
        self._arrivals.clear()
        self._tell(Status(State.CONNECTING, wall))

    def rest(self, wall: float) -> None:
        """Nobody wants it any more."""
        self.newest = None
        self._tell(Status(State.IDLE, wall))

    def lost(self, error: HamaError | None, delay: float, wall: float) -> None:
        """The stream ended, or could not be had; the next attempt comes in `delay` seconds."""
        self._tell(status_of(error, wall, delay))

    def tick(self, now: float, wall: float) -> None:
        """Some time has passed: say so where nothing has come in it."""
        status = self.status
        if status.state is State.LIVE and now - self._came_at >= self._stall_after:
            # Since the last arrival, not since it was noticed.
            since = wall - (now - self._came_at)
            self._tell(Status(State.STALLED, since, "the camera sends nothing"))
        elif status.retry_at is not None and wall >= status.retry_at:
            self.counts.connections += 1
            self._tell(Status(State.CONNECTING, status.since, status.message))

    def rate(self, now: float) -> float:
        """Arrivals a second, over the last three seconds."""
        recent = [at for at in self._arrivals if now - at <= _RATE_SECONDS]
        if len(recent) < 2:
            return 0.0
        span = max(now - recent[0], 1e-3)
        return len(recent) / span if span > 0 else 0.0

    def _came(self, item: T, length: int, now: float, wall: float) -> None:
        self._came_at, self._last = now, wall
        self._arrivals.append(now)
        self.counts.frames += 1
        self.counts.received += length
        self.newest = item
        if self.status.state is not State.LIVE:
            self._tell(Status(State.LIVE, wall))
        for taker in tuple(self.takers):
            taker.offer(item)

    def _tell(self, status: Status) -> None:
        status = self.status = replace(status, last=self._last)
        if self.on_status is not None:
            self.on_status(status)
        for taker in tuple(self.takers):
            taker.tell(status)


class Pictures(Feed[Shot]):
    """The pictures of a camera."""

    def __init__(self, *, keep_warm: float = 5.0, stall_after: float = 3.0) -> None:
        super().__init__(keep_warm=keep_warm, stall_after=stall_after)
        self.size: tuple[int, int] | None = None
        """Width and height of the newest picture that said so, in pixels."""

    def take(self, event: StreamEvent, now: float, wall: float) -> None:
        """Something was said by the stream, or by what asks for it."""
        counts = self.counts
        match event:
            case Frame(complete=True):
                self._picture(event.data, now, wall)
            case Frame():
                counts.incomplete += 1
            case Anomaly():
                counts.anomalies[event.code.value] += 1
            case Skipped():
                counts.skipped += event.length
            case Disconnected():
                self.lost(event.error, event.delay, wall)

    def _picture(self, data: bytes, now: float, wall: float) -> None:
        try:
            info = JpegInfo.parse(data)
        except RemoteProtocolError:
            # A decoder may still make something of it.
            info = None
        if info is not None:
            if not is_possible(info.width, info.height):
                self.counts.refused += 1
                return
            self.size = (info.width, info.height)
            if info.missing_huffman_tables:
                data = insert_huffman_tables(data)
        self._came(Shot(self.counts.frames + 1, data, now, wall), len(data), now, wall)
