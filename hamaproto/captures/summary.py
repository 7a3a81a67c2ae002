"""What is in a capture: each exchange with what came of it; what `hamaproto inspect` tells."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from hamaproto.captures.observed import Asked, Broken, Exchange, Observed
from hamaproto.captures.secrets import hidden_fields, hidden_target
from hamaproto.captures.streams import Gap
from hamaproto.events import (
    Anomaly,
    AudioFrame,
    Data,
    EndOfStream,
    Frame,
    G711Frame,
    Param,
    ParamError,
    Part,
    Skipped,
)

__all__ = ["Summary", "Traffic"]

#: Exchanges that are told one by one.
_MOST: Final = 100_000


@dataclass(slots=True)
class Traffic:
    """What came of one exchange."""

    exchange: Exchange
    counts: Counter[str] = field(default_factory=Counter)
    """`frames`, `cut off`, `sound frames`, `parameters`, `error lines`, `parts`."""
    sizes: Counter[str] = field(default_factory=Counter)
    """Bytes: of `frames`, of other `data`, `skipped`, `missing`."""
    anomalies: Counter[str] = field(default_factory=Counter)
    first: int | None = None
    last: int | None = None
    complete: bool | None = None
    """Whether the answer came to its end; None if it did not end in the capture."""
    broken: str = ""
    law: str = ""

    def take(self, seen: Observed) -> None:
        """Something more was seen of it."""
        event = seen.event
        time = seen.last.time
        if time is not None:
            self.first = time if self.first is None else min(self.first, time)
            self.last = time if self.last is None else max(self.last, time)
        if isinstance(event, Frame):
            self.counts["frames"] += 1
            self.counts["cut off"] += not event.complete
            self.sizes["frames"] += len(event.data)
        elif isinstance(event, AudioFrame):
            self.counts["sound frames"] += 1
            self.law = event.law if isinstance(event, G711Frame) else self.law
        elif isinstance(event, Param):
            self.counts["parameters"] += 1
        elif isinstance(event, ParamError):
            self.counts["error lines"] += 1
        elif isinstance(event, Part):
            self.counts["parts"] += 1
        elif isinstance(event, Data):
            self.sizes["data"] += len(event.data)
        elif isinstance(event, Skipped):
            self.sizes["skipped"] += event.length
        elif isinstance(event, Gap):
            self.counts["gaps"] += 1
            self.sizes["missing"] += event.length
        elif isinstance(event, Anomaly):
            self.anomalies[str(event.code)] += 1
        elif isinstance(event, EndOfStream):
            self.complete = event.complete
        elif isinstance(event, Broken):
            self.broken = self.broken or event.message

    def report(self, *, secrets: bool = False) -> dict[str, Any]:
        """As plain data."""
        exchange = self.exchange
        request, response = exchange.request, exchange.response
        asked: dict[str, Any] | None = None
        if request is not None:
            asked = {
                "method": request.method,
                "target": request.target if secrets else hidden_target(request.target),
                "fields": _fields(request, secrets=secrets),
            }
        return {
            "exchange": exchange.number,
            "client": None if exchange.client is None else str(exchange.client),
            "server": None if exchange.server is None else str(exchange.server),
            "request": asked,
            "status": None if response is None else response.status,
            "content_type": None if response is None else response.content_type,
            "first": None if self.first is None else self.first / 1e9,
            "last": None if self.last is None else self.last / 1e9,
            "complete": self.complete,
            "broken": self.broken or None,
            "counts": {name: count for name, count in self.counts.items() if count},
            "bytes": dict(self.sizes),
            "anomalies": dict(self.anomalies),
        }


def _fields(request: Asked, *, secrets: bool) -> list[list[str]]:
    pairs = request.headers.raw if secrets else hidden_fields(request.headers)
    return [list(pair) for pair in pairs]


class Summary:
    """All exchanges of a capture; feed it with what is seen."""

    def __init__(self) -> None:
        self._traffic: dict[int, Traffic] = {}
        #: What is in no exchange: bytes that could not be read as HTTP.
        self.stray: Counter[str] = Counter()
        self.missing = 0
        #: Exchanges beyond those that are told one by one.
        self.left_out = 0
        #: Anomalies of all exchanges: how many, and the first one of each.
        self.anomalies: dict[str, tuple[int, Observed]] = {}

    @property
    def traffic(self) -> list[Traffic]:
        """In the order in which they began."""
        return [self._traffic[number] for number in sorted(self._traffic)]

    def take(self, seen: Observed) -> None:
        """Something more was seen."""
        event, exchange = seen.event, seen.exchange
        if isinstance(event, Anomaly):
            code = str(event.code)
            count, first = self.anomalies.get(code, (0, seen))
            self.anomalies[code] = (count + 1, first)
        if isinstance(event, Gap):
            self.missing += event.length
        if not exchange.number:
            if isinstance(event, Broken):
                self.stray[event.message] += 1
            elif isinstance(event, Skipped):
                self.stray[event.reason] += 1
            return
        traffic = self._traffic.get(exchange.number)
        if traffic is None:
            if len(self._traffic) >= _MOST:
                self.left_out += 1
                return
            traffic = self._traffic[exchange.number] = Traffic(exchange)
        traffic.take(seen)
