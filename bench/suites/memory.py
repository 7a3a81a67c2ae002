"""Bytes held for a stream, between two frames and with half a frame in hand.

What a process has more in memory with `streams` streams open than before, divided by their number.
Parsers alone are fed; drivers and others receive from a camera that sends three frames, then half
of one or nothing, and waits.  `beside the frame in hand` is the second figure without the 35 kB
of the frame itself, and 0 for who holds less than that.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator, Sequence
from typing import Any

from bench.measure.child import Child
from bench.measure.entries import Contest, Options, Skipped, Told, Unit
from bench.measure.machine import resident
from bench.streams import CONTENT_TYPE, large_frames, live
from bench.traffic.both import Traffic
from bench.traffic.readers import FLOOR, READERS

__all__ = ["MICRO", "SETTINGS", "contests"]

SETTINGS = {"streams": 300}
MICRO = False
KB = Unit("kB a stream")
ROWS = (("between frames", KB), ("half a frame in hand", KB), ("beside the frame in hand", KB))
OURS = "hamaproto.io.asyncio"
#: Frames that each stream has had.
FRAMES = 3
PARSERS = {
    "parser, compiled": "hamaproto.wire._mjpeg.parser",
    "parser, pure": "hamaproto.wire.mjpeg.parser",
}


class Parsers:
    """Of another process: so many parsers, each behind some frames."""

    def __init__(self, module: str) -> None:
        self._class: Any = importlib.import_module(module).MjpegParser

    def __call__(self, count: int, data: bytes, half: bool) -> tuple[int, int]:
        _, chunks = live([data] * FRAMES, "one piece a frame")
        if half:
            chunks.append(chunks[-1][: len(chunks[-1]) // 2])
        self._class(CONTENT_TYPE).receive_data(chunks[0])
        before = resident()
        parsers = [self._class(CONTENT_TYPE) for _ in range(count)]
        # By turns, as streams arrive.
        for chunk in chunks:
            for parser in parsers:
                parser.receive_data(bytes(memoryview(chunk)))
                for _ in parser.events():
                    pass
        return before, resident()


def contests(options: Options) -> Iterator[Contest]:
    count = options.setting("streams", SETTINGS["streams"], 50)
    data = large_frames(1)[0]
    size = len(data)
    entries: list[Told | Skipped] = []

    def figures(held: Sequence[tuple[int, int]]) -> list[float]:
        without, half = ((after - before) / count / 1e3 for before, after in held)
        return [without, half, max(0.0, half - size / 1e3)]

    for who, module in PARSERS.items():

        def parsers(module: str = module) -> list[float]:
            # A new process each time: what was freed stays with the old one.
            held = []
            for half in (False, True):
                child = Child(Parsers, module, core=-1)
                held.append(child.ask(count, data, half))
                child.close()
            return figures(held)

        entries.append(Told(who, ROWS, parsers, OURS))
    traffic = Traffic(count, 1, 1)
    for who, way in READERS.items():
        if who == FLOOR:
            continue
        if importlib.util.find_spec(way.needs) is None:
            entries.append(Skipped(ROWS[0][0], who, f"{way.needs} is not installed"))
            continue

        def drivers(who: str = who) -> list[float]:
            held = []
            for half in (False, True):
                child = traffic.receiver(who)
                traffic.warm(child)
                held.append(traffic.hold(child, FRAMES, half=half))
                child.close()
            return figures(held)

        entries.append(Told(who, ROWS, drivers, OURS))
    yield entries
