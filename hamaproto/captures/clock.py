"""What times of frames say, by definitions that others made; plain numbers in and out.

Spread       how values are distributed: mean, deviation, least, most, percentiles
jitter       RFC 3550 6.4.1
freezes      W3C webrtc-stats, freezeCount and pauseCount
delay_factor RFC 4445, 3.1
clock_rate   samples a second of a sound card against the times of arrival
burstiness   Goh and Barabasi 2008, of intervals
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = [
    "Freezes",
    "Jitter",
    "Spread",
    "burstiness",
    "clock_rate",
    "delay_factor",
    "freezes",
    "jitter",
    "peak_rate",
]

#: Frames over whose intervals the mean goes; a pause is longer than so many seconds.
_LAST: Final = 30
_PAUSE: Final = 5.0
#: Seconds of one reading of the delay factor.
_INTERVAL: Final = 1.0


@dataclass(frozen=True, slots=True)
class Spread:
    """How values are distributed; percentiles are those of the nearest rank."""

    count: int
    mean: float
    deviation: float
    least: float
    p50: float
    p95: float
    p99: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread | None:
        """None if there are no values."""
        if not values:
            return None
        ordered = sorted(values)
        count = len(ordered)
        mean = math.fsum(ordered) / count
        deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in ordered) / count)

        def rank(share: float) -> float:
            return ordered[min(count - 1, max(0, math.ceil(share * count) - 1))]

        return cls(
            count, mean, deviation, ordered[0], rank(0.5), rank(0.95), rank(0.99), ordered[-1]
        )


@dataclass(frozen=True, slots=True)
class Jitter:
    """RFC 3550 6.4.1, in seconds: at the end, its mean and its most over the stream."""

    last: float
    mean: float
    most: float


def jitter(arrivals: Sequence[float], sent: Sequence[float]) -> tuple[Jitter | None, list[float]]:
    """The jitter of frames that came at `arrivals` and were sent at `sent`, and how it went.

    `J += (|D| - J) / 16`, where D is how much longer the way of a frame took than that of the
    frame before.  None for fewer than two frames.
    """
    course: list[float] = []
    value = 0.0
    for index in range(1, len(arrivals)):
        way = (arrivals[index] - arrivals[index - 1]) - (sent[index] - sent[index - 1])
        value += (abs(way) - value) / 16
        course.append(value)
    if not course:
        return None, course
    return Jitter(value, math.fsum(course) / len(course), max(course)), course


@dataclass(frozen=True, slots=True)
class Freezes:
    """Intervals that were too long, in seconds."""

    count: int
    total: float
    mean: float
    most: float
    pauses: int
    paused: float


def freezes(intervals: Sequence[float]) -> tuple[Freezes, list[int]]:
    """The freezes among the intervals between frames, and which of the intervals they are.

    A freeze is an interval of at least `max(3 * mean, mean + 150 ms)`, where the mean is that of
    the 30 intervals before it, or of as many as there are.  A pause is one of over 5 s.
    """
    last: deque[float] = deque(maxlen=_LAST)
    total = 0.0
    found: list[int] = []
    for index, interval in enumerate(intervals):
        if last:
            mean = total / len(last)
            if interval >= max(3 * mean, mean + 0.15):
                found.append(index)
            if len(last) == _LAST:
                total -= last[0]
        last.append(interval)
        total += interval
    lengths = [intervals[index] for index in found]
    pauses = [interval for interval in intervals if interval > _PAUSE]
    whole = math.fsum(lengths)
    return (
        Freezes(
            len(lengths),
            whole,
            whole / len(lengths) if lengths else 0.0,
            max(lengths, default=0.0),
            len(pauses),
            math.fsum(pauses),
        ),
        found,
    )


def burstiness(intervals: Sequence[float]) -> float | None:
    """(deviation - mean) / (deviation + mean): -1 is regular, 0 random, 1 all at once."""
    spread = Spread.of(intervals)
    if spread is None or spread.deviation + spread.mean <= 0:
        return None
    return (spread.deviation - spread.mean) / (spread.deviation + spread.mean)


def delay_factor(
    arrivals: Sequence[float], sizes: Sequence[int], rate: float
) -> tuple[float, float] | None:
    """The mean and the most of the delay factor, in seconds, by intervals of a second.

    A virtual buffer is filled by what comes and drained at `rate` bytes a second; the factor of an
    interval is the time that the difference of its highest and its lowest level lasts.
    """
    if len(arrivals) < 2 or rate <= 0:
        return None
    factors: list[float] = []
    begin = arrivals[0]
    got = 0
    low = high = 0.0
    for time, size in zip(arrivals, sizes, strict=True):
        while time - begin >= _INTERVAL:
            level = got - rate * _INTERVAL
            factors.append((max(high, level) - min(low, level)) / rate)
            begin += _INTERVAL
            got, low, high = 0, 0.0, 0.0
            if len(factors) > len(arrivals) and time - begin >= _INTERVAL:
                # A silence is the same in each of its seconds.
                begin += math.floor((time - begin) / _INTERVAL) * _INTERVAL
        level = got - rate * (time - begin)
        low, high = min(low, level), max(high, level + size)
        got += size
    factors.append((high - low) / rate)
    return math.fsum(factors) / len(factors), max(factors)


def peak_rate(arrivals: Sequence[float], sizes: Sequence[int], window: float = 1.0) -> float | None:
    """The most bytes that came within a `window` of seconds, by second; None without any."""
    if not arrivals:
        return None
    total, most, first = 0, 0, 0
    ordered = sorted(zip(arrivals, sizes, strict=True))
    times = [time for time, _ in ordered]
    for time, size in ordered:
        total += size
        start = bisect_left(times, time - window, first)
        total -= sum(old for _, old in ordered[first:start])
        first = start
        most = max(most, total)
    return most / window


def clock_rate(
    arrivals: Sequence[float], counts: Sequence[float], nominal: float = 8000.0
) -> float | None:
    """Samples a second: the slope of the counts over the times of arrival, by least squares.

    Of each half second (or hundredth of the whole) the piece counts that was held up least, since a
    network only ever delays.  None for fewer than two seconds, which tell nothing of a clock.
    """
    count = len(arrivals)
    if count < 2 or arrivals[-1] - arrivals[0] < 2.0:
        return None
    window = max(0.5, (arrivals[-1] - arrivals[0]) / 100)
    best: dict[int, tuple[float, float, float]] = {}
    for time, value in zip(arrivals, counts, strict=True):
        place = int((time - arrivals[0]) / window)
        ahead = value - nominal * time
        if place not in best or ahead > best[place][0]:
            best[place] = (ahead, time, value)
    points = [(time, value) for _, time, value in best.values()]
    middle = math.fsum(time for time, _ in points) / len(points)
    mean = math.fsum(value for _, value in points) / len(points)
    across = math.fsum((time - middle) ** 2 for time, _ in points)
    if across <= 0:
        return None
    return math.fsum((time - middle) * (value - mean) for time, value in points) / across
