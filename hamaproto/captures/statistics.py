"""Figures of a capture: of the file, of each stream of pictures, of each stream of sound.

    figures = Figures()
    for seen in capture: figures.take(seen)
    figures.report() -> plain data, as `hamaproto stats --json` prints it

A stream is the answer to one request; single pictures of one address are one stream together.  All
times are seconds.  What takes a time is None in a file without times.
"""

from __future__ import annotations

import math
from array import array
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import blake2b
from itertools import pairwise
from statistics import median
from typing import Any, Final

from hamaproto.captures import clock
from hamaproto.captures.observed import Broken, Exchange, Observed
from hamaproto.captures.rows import Facts
from hamaproto.captures.secrets import hidden_target
from hamaproto.captures.streams import Gap
from hamaproto.commands import Reply
from hamaproto.events import Anomaly, AudioFrame, Frame, G711Frame, Skipped
from hamaproto.gsm.tables import FRAME_SAMPLES, SAMPLE_RATE

__all__ = ["Figures", "Pictures", "Sound"]

#: Streams that are told apart; what is in more of them is counted, and that is all.
_MOST_STREAMS: Final = 10_000
#: Different pictures among which the same one is looked for, and changes of format that are kept.
_LAST_PICTURES: Final = 1000
_MOST_CHANGES: Final = 1000
#: Seconds without a picture, or within one, that are a stall.
_STALL: Final = 1.0
_NOT_A_TIME: Final = -1
#: Anomalies whose times are kept.
_MOST_TIMES: Final = 100_000


class _Stream:
    """What streams of pictures and of sound have in common."""

    kind = ""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.anomalies: dict[str, int] = {}
        self.gaps = 0
        self.missing = 0
        self.skipped = 0
        #: When anomalies and gaps were, in nanoseconds since 1970: for a picture of them.
        self.odd_times = array("q")

    def note(self, seen: Observed) -> None:
        """Take anything but a frame."""
        event = seen.event
        time = seen.last.time
        if isinstance(event, Anomaly | Gap) and time and len(self.odd_times) < _MOST_TIMES:
            self.odd_times.append(time)
        if isinstance(event, Anomaly):
            code = str(event.code)
            self.anomalies[code] = self.anomalies.get(code, 0) + 1
        elif isinstance(event, Gap):
            self.gaps += 1
            self.missing += event.length
        elif isinstance(event, Skipped):
            self.skipped += event.length

    def about(self, *, secrets: bool) -> dict[str, Any]:
        """Whose it is, and what was wrong with it."""
        exchange = self.exchange
        request = exchange.request
        target = None
        if request is not None:
            target = request.target if secrets else hidden_target(request.target)
        return {
            "kind": self.kind,
            "exchange": exchange.number,
            "client": None if exchange.client is None else str(exchange.client),
            "server": None if exchange.server is None else str(exchange.server),
            "target": target,
            "gaps": self.gaps,
            "missing": self.missing,
            "skipped": self.skipped,
            "anomalies": dict(sorted(self.anomalies.items())),
        }


class Pictures(_Stream):
    """One stream of pictures."""

    kind = "pictures"

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self._facts = Facts()
        self._first = array("q")
        self._last = array("q")
        self._sent = array("d")
        self.sizes = array("q")
        self.cut_off = 0
        self.repeated = 0
        self.seen_before = 0
        self._hashes: OrderedDict[bytes, None] = OrderedDict()
        self._hash = b""
        self.pixels = 0
        self.changes: list[dict[str, Any]] = []
        self.formats = 0
        self._format: tuple[Any, ...] = ()

    def take(self, seen: Observed, frame: Frame) -> None:
        """One more picture."""
        first, last = seen.first.time, seen.last.time
        self._first.append(_NOT_A_TIME if first is None else first)
        # Nobody had it before the one before it, whatever came again.
        least = self._last[-1] if self._last else _NOT_A_TIME
        self._last.append(_NOT_A_TIME if last is None else max(last, least))
        sent = frame.timestamp
        self._sent.append(math.nan if sent is None else float(sent))
        self.sizes.append(len(frame.data))
        self.cut_off += not frame.complete
        digest = blake2b(frame.data, digest_size=16).digest()
        self.repeated += digest == self._hash
        self.seen_before += digest in self._hashes
        self._hash = digest
        self._hashes[digest] = None
        self._hashes.move_to_end(digest)
        if len(self._hashes) > _LAST_PICTURES:
            self._hashes.popitem(last=False)
        facts = self._facts.of(frame.data)
        self.pixels += (facts["width"] or 0) * (facts["height"] or 0)
        now = (facts["width"], facts["height"], facts["quality"], facts["subsampling"])
        if now != self._format and now[0] is not None:
            self._format = now
            self.formats += 1
            if len(self.changes) < _MOST_CHANGES:
                names = ("width", "height", "quality", "subsampling")
                at = {"index": len(self.sizes) - 1, "time": None if last is None else last / 1e9}
                self.changes.append({**at, **dict(zip(names, now, strict=True))})

    @property
    def has_times(self) -> bool:
        return bool(self._last) and _NOT_A_TIME not in self._last

    @property
    def began(self) -> float | None:
        """When the first picture was there: seconds since 1970."""
        return self._last[0] / 1e9 if self.has_times else None

    def arrivals(self) -> list[float]:
        """When each picture was there, in seconds from the first of them on."""
        zero = self._last[0] if self._last else 0
        return [(time - zero) / 1e9 for time in self._last]

    def sent(self, arrivals: Sequence[float]) -> tuple[list[float], str, float | None]:
        """When each was sent, by whom that is said, and the nominal period if it is that."""
        sent = self._sent
        if len(sent) > 1 and not any(map(math.isnan, sent)):
            relative = [time - sent[0] for time in sent]
            if all(later > earlier for earlier, later in pairwise(relative)):
                return relative, "X-Timestamp", None
        intervals = [b - a for a, b in pairwise(arrivals)]
        period = median(intervals) if intervals else 0.0
        return [index * period for index in range(len(arrivals))], "nominal period", period

    def report(self, *, secrets: bool = False) -> dict[str, Any]:
        """All its figures."""
        total = sum(self.sizes)
        count = len(self.sizes)
        sizes = clock.Spread.of(self.sizes)
        return {
            **self.about(secrets=secrets),
            "frames": count,
            "cut_off": self.cut_off,
            "bytes": total,
            "bytes_a_frame": None if sizes is None else asdict(sizes),
            "bits_a_pixel": 8 * total / self.pixels if self.pixels else None,
            "repeated": self.repeated,
            "seen_before": self.seen_before,
            "formats": self.formats,
            "format_changes": self.changes,
            **self._timed(total, count),
        }

    def _timed(self, total: int, count: int) -> dict[str, Any]:
        names = (
            *("seconds", "frames_a_second", "bits_a_second", "peak_bits_a_second"),
            *("inter_arrival", "burstiness", "jitter", "freezes", "stalls"),
            *("first_to_last_byte", "delay_factor"),
        )
        if not self.has_times:
            return dict.fromkeys(names)
        arrivals = self.arrivals()
        intervals = [b - a for a, b in pairwise(arrivals)]
        length = arrivals[-1]
        spread = clock.Spread.of(intervals)
        sent, source, period = self.sent(arrivals)
        shake, _ = clock.jitter(arrivals, sent)
        frozen, _ = clock.freezes(intervals)
        within = [(b - a) / 1e9 for a, b in zip(self._first, self._last, strict=True)]
        transfer = clock.Spread.of(within)
        between = [
            (first - last) / 1e9
            for last, first in zip(self._last, self._first[1:], strict=False)
            if first - last >= _STALL * 1e9
        ]
        stalls = between + [time for time in within if time >= _STALL]
        rate = (total - self.sizes[0]) / length if length > 0 else None
        factor = clock.delay_factor(arrivals, self.sizes, rate) if rate else None
        peak = clock.peak_rate(arrivals, self.sizes) if length > 0 else None
        values = (
            length,
            (count - 1) / length if length > 0 else None,
            8 * rate if rate is not None else None,
            8 * peak if peak is not None else None,
            None if spread is None else asdict(spread),
            clock.burstiness(intervals),
            None
            if shake is None
            else {**asdict(shake), "sender": source, "nominal_period": period},
            asdict(frozen),
            {"count": len(stalls), "total": math.fsum(stalls), "most": max(stalls, default=0.0)},
            None if transfer is None else asdict(transfer),
            None
            if factor is None
            else {
                "mean": factor[0],
                "most": factor[1],
                "label": "MDI delay factor (RFC 4445), by frames, drained at the mean rate",
            },
        )
        return dict(zip(names, values, strict=True))


class Sound(_Stream):
    """One stream of sound."""

    kind = "sound"

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self._times = array("q")
        self.law: str | None = None

    def take(self, seen: Observed, frame: AudioFrame) -> None:
        """One more frame: 20 ms."""
        time = seen.last.time
        self._times.append(_NOT_A_TIME if time is None else time)
        if isinstance(frame, G711Frame):
            self.law = frame.law

    @property
    def began(self) -> float | None:
        """When the first frame was there: seconds since 1970."""
        timed = bool(self._times) and _NOT_A_TIME not in self._times
        return self._times[0] / 1e9 if timed else None

    def arrivals(self) -> list[float]:
        """When each frame was there, in seconds from the first of them on."""
        return [(time - self._times[0]) / 1e9 for time in self._times]

    def report(self, *, secrets: bool = False) -> dict[str, Any]:
        """All its figures."""
        count = len(self._times)
        rate = wall = None
        if self.began is not None:
            arrivals = self.arrivals()
            wall = arrivals[-1]
            samples = [float(FRAME_SAMPLES * index) for index in range(count)]
            rate = clock.clock_rate(arrivals, samples)
        return {
            **self.about(secrets=secrets),
            "codec": "GSM 06.10" if self.law is None else f"G.711 {self.law}",
            "frames": count,
            "seconds_of_sound": count * FRAME_SAMPLES / SAMPLE_RATE,
            "seconds": wall,
            "samples_a_second": rate,
            "clock_ppm": None if rate is None else (rate / SAMPLE_RATE - 1) * 1e6,
            "ahead_at_end": None
            if rate is None or wall is None
            else wall * (rate / SAMPLE_RATE - 1),
        }


class Figures:
    """All figures of a capture; feed it with what is seen."""

    def __init__(self) -> None:
        self._streams: dict[object, Pictures | Sound] = {}
        self._others: dict[int, list[Observed]] = {}
        self.left_out = 0
        self.anomalies: dict[str, dict[str, Any]] = {}
        self.gaps = 0
        self.missing = 0
        self.broken = 0
        self._first: int | None = None
        self._last: int | None = None

    @property
    def streams(self) -> list[Pictures | Sound]:
        """In the order in which they began."""
        return list(self._streams.values())

    def take(self, seen: Observed) -> None:
        """Something more was seen."""
        event = seen.event
        if seen.last.time is not None:
            if self._first is None or self._last is None:
                self._first = self._last = seen.last.time
            self._first = min(self._first, seen.last.time)
            self._last = max(self._last, seen.last.time)
        if isinstance(event, Frame):
            stream = self._stream(seen.exchange, Pictures)
            if isinstance(stream, Pictures):
                stream.take(seen, event)
        elif isinstance(event, AudioFrame):
            stream = self._stream(seen.exchange, Sound)
            if isinstance(stream, Sound):
                stream.take(seen, event)
        else:
            self._note(seen)

    def _note(self, seen: Observed) -> None:
        event = seen.event
        if isinstance(event, Anomaly):
            found = self.anomalies.setdefault(
                str(event.code),
                {
                    "count": 0,
                    "exchange": seen.exchange.number,
                    "offset": event.offset,
                    "packet": seen.first.packet,
                    "detail": event.detail,
                },
            )
            found["count"] += 1
        elif isinstance(event, Gap):
            self.gaps += 1
            self.missing += event.length
        elif isinstance(event, Broken):
            self.broken += 1
        exchange = seen.exchange
        for kind in (Pictures, Sound):
            stream = self._streams.get(_key(exchange, kind))
            if stream is not None:
                stream.note(seen)
                return
        if isinstance(event, Anomaly | Gap | Skipped) and exchange.number:
            # Of a stream whose first frame is yet to come, maybe.
            waiting = self._others.setdefault(exchange.number, [])
            if len(waiting) < 100 and len(self._others) <= _MOST_STREAMS:
                waiting.append(seen)

    def _stream(self, exchange: Exchange, kind: type[Pictures | Sound]) -> Pictures | Sound | None:
        key = _key(exchange, kind)
        stream = self._streams.get(key)
        if stream is None:
            if len(self._streams) >= _MOST_STREAMS:
                self.left_out += 1
                return None
            stream = self._streams[key] = kind(exchange)
            for seen in self._others.pop(exchange.number, ()):
                stream.note(seen)
        return stream

    def report(self, *, secrets: bool = False) -> dict[str, Any]:
        """All of it as plain data.  Without `secrets`, logins are left out of targets."""
        first, last = self._first, self._last
        streams = [stream.report(secrets=secrets) for stream in self._streams.values()]
        self._compare(streams)
        return {
            "first": None if first is None else first / 1e9,
            "last": None if last is None else last / 1e9,
            "seconds": None if first is None or last is None else (last - first) / 1e9,
            "gaps": self.gaps,
            "missing": self.missing,
            "broken": self.broken,
            "anomalies": dict(sorted(self.anomalies.items())),
            "streams": streams,
            "frames_left_out": self.left_out,
        }

    def _compare(self, reports: list[dict[str, Any]]) -> None:
        """Where sound and pictures of one server are there, say how they lie to each other."""
        pictures: dict[str | None, Pictures] = {}
        for stream in self._streams.values():
            if isinstance(stream, Pictures) and stream.began is not None:
                pictures.setdefault(_host(stream.exchange), stream)
        for stream, report in zip(self._streams.values(), reports, strict=True):
            if isinstance(stream, Sound):
                picture = pictures.get(_host(stream.exchange))
                begins = None
                if picture is not None and stream.began is not None and picture.began is not None:
                    begins = stream.began - picture.began
                report["begins_behind_pictures"] = begins


def _host(exchange: Exchange) -> str | None:
    return None if exchange.server is None else exchange.server.address


def _key(exchange: Exchange, kind: type[Pictures | Sound]) -> object:
    request = exchange.request
    if exchange.reply is Reply.IMAGE and request is not None:
        return (kind.kind, exchange.server, request.path)
    return (kind.kind, exchange.number)
