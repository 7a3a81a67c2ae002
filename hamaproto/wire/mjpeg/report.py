"""What is said of a stream, in the order of its bytes, and where the bytes went."""

from __future__ import annotations

from dataclasses import dataclass

from hamaproto.errors import LimitExceededError, RemoteProtocolError
from hamaproto.events import Anomaly, AnomalyCode, EndOfStream, Frame, Part, Skipped

__all__ = ["Accounting", "Report"]

Event = Frame | Part | Anomaly | Skipped | EndOfStream


@dataclass(slots=True, frozen=True)
class Accounting:
    """Where the bytes fed went: `fed == delivered + framing + skipped + pending`."""

    fed: int
    delivered: int
    framing: int
    skipped: int
    pending: int


class Report:
    """Oddities, held until something real follows, and the events that are ready.

    `ready`: what is to be given out next.  `held`: whether anything waits for what follows.
    `error`: what was raised, to be raised again.  `delivered` and `skipped` count bytes, and
    `settled` is the offset before which each byte is accounted for; what is neither delivered
    nor skipped before it is framing.
    """

    __slots__ = (
        "_max_junk",
        "_pending",
        "_seen",
        "_skip_from",
        "_skip_reason",
        "_skip_to",
        "_strict",
        "delivered",
        "error",
        "held",
        "ready",
        "settled",
        "skipped",
    )

    def __init__(self, max_junk: int, strict: bool) -> None:
        self._max_junk = max_junk
        self._strict = strict
        self._pending: list[Anomaly] = []
        self._seen: set[AnomalyCode] = set()
        self._skip_from = -1
        self._skip_to = -1
        self._skip_reason = ""
        self.ready: list[Event] = []
        self.held = False
        self.error: RemoteProtocolError | None = None
        self.delivered = 0
        self.skipped = 0
        self.settled = 0

    def note(self, code: AnomalyCode, offset: int, detail: str) -> None:
        """Keep an anomaly until something real follows: one of a kind a gap."""
        if code not in self._seen:
            self._seen.add(code)
            self._pending.append(Anomaly(code, offset, detail))
            self.held = True

    def skip(self, start: int, end: int, reason: str) -> None:
        """Bytes that belong to nothing; merged with those skipped in the same gap."""
        if self._skip_from < 0:
            self._skip_from = start
            self._skip_reason = reason
            self.held = True
        self.skip_on(end)

    def skip_on(self, end: int) -> None:
        """What is skipped reaches to here."""
        self._skip_to = end
        if end - self._skip_from > self._max_junk:
            self.error = LimitExceededError(
                f"{self._max_junk} bytes without an image or a part "
                "(Limits.max_junk): this is no MJPEG stream",
                self._skip_from + self._max_junk,
            )
            raise self.error.with_traceback(None)

    def skips(self) -> bool:
        """Whether bytes are skipped in the gap at hand."""
        return self._skip_from >= 0

    def emit(self, event: Event, end: int) -> Event:
        """Give out an event that accounts for all bytes before `end`, behind what was held."""
        if self.held:
            self.flush()
            self.ready.append(event)
            event = self.ready.pop(0)
        self.settled = end
        return event

    def flush(self) -> None:
        """Make ready what was held."""
        if not self.held:
            return
        self.held = False
        events: list[Event] = list(self._pending)
        if self._skip_from >= 0:
            length = self._skip_to - self._skip_from
            events.append(Skipped(self._skip_from, length, self._skip_reason))
            self.skipped += length
            self._skip_from = -1
        events.sort(key=_offset_of)
        self._pending.clear()
        self._seen.clear()
        if self._strict:
            first = events[0]
            if isinstance(first, Skipped):
                text = f"{first.length} bytes skipped: {first.reason}"
            else:
                assert isinstance(first, Anomaly)
                text = f"{first.code}: {first.detail}"
            self.error = RemoteProtocolError(f"strict: {text}", _offset_of(first))
            raise self.error.with_traceback(None)
        self.ready.extend(events)

    def accounting(self, fed: int) -> Accounting:
        """What became of the `fed` bytes that came."""
        return Accounting(
            fed=fed,
            delivered=self.delivered,
            framing=self.settled - self.delivered - self.skipped,
            skipped=self.skipped,
            pending=fed - self.settled,
        )


def _offset_of(event: Event) -> int:
    offset: int = event.offset
    return offset
