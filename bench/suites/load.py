"""Many streams in one asyncio process: what is lost, what it costs, how late, how soon it runs.

One process sends as these cameras do, and another one receives through `hamaproto.io.asyncio`.
Each image is looked at: its number has to be the next one of its stream, and the time at which
it was sent tells how late it is, the other process and the kernel included.  What the event loop
and the driver make of that is from the driver's stamp, when it had the last byte, to the program.
The share of a core is what all of `rate` would take.  Memory is what the process has at the end of
`seconds` more than before the first stream, and more than at their beginning.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence

from bench.measure.entries import Contest, Options, Skipped, Told, Unit
from bench.traffic.both import Traffic
from bench.traffic.readers import READERS, raise_descriptor_limit

__all__ = ["MICRO", "SETTINGS", "contests", "quantile"]

SETTINGS = {"streams": 1000, "rate": 5, "seconds": 5}
MICRO = False
#: What a process of its own can hold at most, if nothing else was set.
MOST = (10_000, 1)
WAYS = ("hamaproto.io.asyncio", "hamaproto.io.asyncio on uvloop")
ROWS = (
    ("frames lost or wrong", Unit("frames")),
    ("frames received", Unit("frames", more=True)),
    ("share of a core", Unit("%")),
    ("processor time", Unit("µs a frame")),
    ("late, median", Unit("ms")),
    ("late, p99", Unit("ms")),
    ("from its last byte to the program, median", Unit("ms")),
    ("from its last byte to the program, p99", Unit("ms")),
    ("until all had a frame", Unit("s")),
    ("memory", Unit("kB a stream")),
    ("memory, growth", Unit("kB a stream")),
)


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which this share of them lies; 0 of none."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(len(ranked) * share))] if ranked else 0.0


def contests(options: Options) -> Iterator[Contest]:
    streams = options.setting("streams", SETTINGS["streams"], 100)
    rate = options.setting("rate", SETTINGS["rate"])
    seconds = options.setting("seconds", SETTINGS["seconds"], 1)
    yield _contest(streams, rate, seconds)
    if not options.quick and not {"streams", "rate"} & set(options.settings):
        yield _contest(*MOST, seconds)


def _contest(streams: int, rate: int, seconds: int) -> Contest:
    name = f"{streams} streams x {rate} fps"
    rows = tuple((f"{name}: {row}", unit) for row, unit in ROWS)
    try:
        raise_descriptor_limit(streams + 100)
    except RuntimeError as error:
        return [Skipped(name, "all", str(error))]
    traffic = Traffic(streams, rate, seconds)
    entries: list[Told | Skipped] = []
    for who in WAYS:
        way = READERS[who]
        if importlib.util.find_spec(way.needs) is None:
            entries.append(Skipped(name, who, f"{way.needs} is not installed"))
            continue

        def run(who: str = who) -> Sequence[float]:
            receiver = traffic.receiver(who)
            try:
                traffic.warm(receiver)
                sent, received = traffic.read(receiver, look=True)
            finally:
                receiver.close()
            empty, first, last = received.memory
            return [
                abs(sent.frames - received.frames) + received.wrong,
                received.frames,
                received.cpu / max(received.measured, 1) * streams * rate * 100,
                received.cpu / max(received.measured, 1) * 1e6,
                quantile(received.late, 0.5),
                quantile(received.late, 0.99),
                quantile(received.taken, 0.5),
                quantile(received.taken, 0.99),
                received.start,
                (last - empty) / streams / 1e3,
                (last - first) / streams / 1e3,
            ]

        entries.append(Told(who, rows, run, WAYS[0]))
    return entries
