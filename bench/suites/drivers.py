"""Processor time of a frame in our drivers, beside a bare protocol, uvloop and C.

One process on a core of its own sends `streams` streams of `rate` frames of 35 kB a second, as
these cameras do.  Each contestant is a process on another core, whose processor time is counted
while all streams run.  The reference is a bare `asyncio.BufferedProtocol` that throws all away.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence

from bench.measure.child import Child
from bench.measure.entries import Contest, Options, Skipped, Told, Unit
from bench.traffic.both import Traffic
from bench.traffic.readers import BARE, READERS

__all__ = ["MICRO", "SETTINGS", "contests"]

SETTINGS = {"streams": 400, "rate": 5, "seconds": 2}
MICRO = False
US_A_FRAME = Unit("µs a frame")


def contests(options: Options) -> Iterator[Contest]:
    traffic = Traffic(
        options.setting("streams", SETTINGS["streams"], 50),
        options.setting("rate", SETTINGS["rate"]),
        options.setting("seconds", SETTINGS["seconds"], 1),
    )
    row = f"{traffic.streams} streams x {traffic.rate} fps"
    entries: list[Told | Skipped] = []
    for who, way in READERS.items():
        if importlib.util.find_spec(way.needs) is None:
            entries.append(Skipped(row, who, f"{way.needs} is not installed"))
            continue
        receiver = traffic.receiver(who)

        def run(receiver: Child = receiver) -> Sequence[float]:
            _, received = traffic.read(receiver, look=False)
            if received.wrong or not received.measured:
                raise RuntimeError(f"{received.measured} frames, {received.wrong} errors")
            return [received.cpu / received.measured * 1e6]

        entries.append(Told(who, ((row, US_A_FRAME),), run, BARE))
    yield entries
