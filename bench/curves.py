"""What `python -m bench scaling` measures: each curve is one thing that grows, and what follows.

length    bytes of a stream, made while it is read       time is linear, memory flat
frame     bytes of a frame            time a copy's times a constant, memory linear
piece     bytes of what is received at a time            time a piece flat, then linear
streams   parsers that read by turns                     time a frame flat, memory linear
"""

from __future__ import annotations

import gc
import importlib
import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bench.measure.fits import Fit, Point, growth, power
from bench.measure.machine import resident
from bench.streams import CONTENT_TYPE, frame_of, live, stored, vga_frames
from fixtures.feeding import pieces

__all__ = ["CURVES", "FULL", "USUAL", "Asked", "Curve", "Series", "made"]

MB, GB = 10**6, 10**9
TWINS = {"compiled": "hamaproto.wire._mjpeg.parser", "pure": "hamaproto.wire.mjpeg.parser"}
#: Bytes that memory may grow by over a whole stream.
ALLOWED = 2 * MB


@dataclass(frozen=True, slots=True)
class Asked:
    """How far the curves go."""

    rounds: int
    longest: int
    largest_frame: int
    most_streams: int
    #: Bytes that are read for a point where its size does not say how many.
    enough: int


USUAL = Asked(5, GB, 8 * MB, 1000, 16 * MB)
FULL = Asked(5, 10 * GB, 32 * MB, 10_000, 64 * MB)


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a picture, and what the numbers say of it."""

    name: str
    #: What stands at the vertical axis.
    unit: str
    points: tuple[Point, ...]
    fit: Fit
    #: What the slope is of, such as "time to length".
    about: str
    #: What it should be; empty for what is only shown.
    expected: str


@dataclass(frozen=True, slots=True)
class Curve:
    """What grows, and how it is measured."""

    name: str
    axis: str
    measure: Callable[[Asked], Iterator[Series]]


def _parser(module: str) -> Any:
    return importlib.import_module(module).MjpegParser(CONTENT_TYPE)


def _twins() -> Iterator[tuple[str, str]]:
    for name, module in TWINS.items():
        try:
            importlib.import_module(module)
        except ImportError:
            continue
        yield name, module


def made(block: Sequence[bytes], length: int) -> Iterator[bytes]:
    """About so many bytes: the pieces of a block over and over, none of which is kept."""
    for piece in itertools.cycle(block):
        if length <= 0:
            return
        length -= len(piece)
        yield piece


def _read(parser: Any, chunks: Iterable[bytes]) -> None:
    for chunk in chunks:
        parser.receive_data(chunk)
        for _ in parser.events():
            pass


def _seconds(work: Callable[[], object]) -> float:
    """Of processor time."""
    gc.collect()
    gc.disable()
    try:
        start = time.process_time()
        work()
        return time.process_time() - start
    finally:
        gc.enable()


def _most(parser: Any, chunks: Iterable[bytes], every: int) -> int:
    """The most memory while it is read, looked at behind each so many pieces."""
    most = resident()
    for number, chunk in enumerate(chunks):
        _read(parser, (chunk,))
        if number % every == 0:
            most = max(most, resident())
    return most


def _by_turns(
    places: Sequence[int], rounds: int, measure: Callable[[int], Sequence[float]]
) -> list[tuple[Point, ...]]:
    """The points of each figure, all places in each round."""
    come: dict[int, list[Sequence[float]]] = {place: [] for place in places}
    for number in range(rounds):
        for place in places if number % 2 == 0 else reversed(places):
            come[place].append(measure(place))
    figures = range(len(come[places[0]][0]))
    return [
        tuple(Point(place, tuple(row[at] for row in come[place])) for place in places)
        for at in figures
    ]


def _powers(first: int, last: int, factor: int) -> list[int]:
    places = [first]
    while places[-1] * factor <= last:
        places.append(places[-1] * factor)
    return places


def _over(points: Iterable[Point], first: float, last: float = float("inf")) -> list[Point]:
    return [point for point in points if first <= point.x <= last]


def _length(asked: Asked) -> Iterator[Series]:
    places = [*_powers(MB, asked.longest, 10)]
    for with_length in (True, False):
        block = pieces(
            stored(vga_frames(200), length=with_length).removesuffix(b"--frame--\r\n"), 65536
        )
        for twin, module in _twins():
            name = f"{twin}, {'with' if with_length else 'without'} Content-Length"

            def measure(place: int, block: Any = block, module: str = module) -> list[float]:
                parser = _parser(module)
                _read(parser, block)
                seconds = _seconds(lambda: _read(parser, made(block, place)))
                before = resident()
                most = _most(parser, made(block, place), max(1, place // 65536 // 20))
                return [seconds, max(0, most - before) / 1e3]

            seconds, memory = _by_turns(places, asked.rounds, measure)
            # Below 10 MB the first pieces weigh.
            fit = power(_over(seconds, 10 * MB) if len(seconds) > 2 else seconds)
            yield Series(name, "s", seconds, fit, "time", "linear")
            grown = growth([Point(p.x / GB, p.values) for p in memory], ALLOWED / 1e3)
            yield Series(name, "kB", memory, grown, "memory, kB a GB", "flat")


def _frame(asked: Asked) -> Iterator[Series]:
    places = _powers(2048, asked.largest_frame, 4)
    for twin, module in _twins():
        for with_length in (True, False):
            name = f"{twin}, {'with' if with_length else 'without'} Content-Length"

            def measure(
                place: int, module: str = module, with_length: bool = with_length
            ) -> list[float]:
                count = max(4, asked.enough // 4 // place)
                block = stored([frame_of(place)], length=with_length)
                block = block.removesuffix(b"--frame--\r\n")
                chunks = pieces(block, 65536)
                parser = _parser(module)
                _read(parser, chunks * 2)
                least = _seconds(lambda: _copied(block, count))
                seconds = _seconds(lambda: _read(parser, chunks * count))
                before = resident()
                for chunk in chunks[: max(1, len(chunks) // 2)]:
                    # A copy, as what a socket gives: a parser may keep it.
                    _read(parser, (bytes(memoryview(chunk)),))
                held = resident() - before
                each = [value / count * 1e6 for value in (seconds, least)]
                return [*each, max(held, 1) / 1e3, seconds / least]

            times, least, memory, ratios = _by_turns(places, asked.rounds, measure)
            # Beside the limit, since memory that is asked for by the megabyte costs more a byte.
            fit = power(_over(ratios, 65536))
            about = "time to that of allocate and copy, from 64 KiB"
            yield Series(name, "µs a frame", times, fit, about, "flat")
            if name == "compiled, with Content-Length":
                fit = power(_over(least, 65536))
                about = "allocate and copy alone, from 64 KiB"
                yield Series("limit", "µs a frame", least, fit, about, "")
            if places[-1] >= MB:
                fit = power(_over(memory, 500_000))
                yield Series(
                    name, "kB held", memory, fit, "memory of half a frame, from 0.5 MB", "linear"
                )


def _copied(block: bytes, times: int) -> None:
    view = memoryview(block)
    for _ in range(times):
        bytes(view)


def _piece(asked: Asked) -> Iterator[Series]:
    places = _powers(1, MB, 4)
    body = stored(vga_frames(asked.enough // 7400 + 1), length=True)
    for twin, module in _twins():

        def measure(place: int, module: str = module) -> list[float]:
            amount = min(len(body), max(place * 4000, MB))
            if place < 64:
                amount = min(amount, place * 30_000)
            chunks = pieces(body[:amount], place)
            parser = _parser(module)
            seconds = _seconds(lambda: _read(parser, chunks))
            return [seconds / len(chunks) * 1e9, seconds / amount * 1e9]

        each, byte = _by_turns(places, asked.rounds, measure)
        small = power(_over(each, 1, 16))
        yield Series(twin, "ns a piece", each, small, "time a piece, up to 16 B", "flat")
        large = power(_over(byte, 65536))
        yield Series(twin, "ns a byte", byte, large, "time a byte, from 64 KiB", "flat")


def _streams(asked: Asked) -> Iterator[Series]:
    places = _powers(1, asked.most_streams, 10)
    picture = frame_of(35_000)
    _, chunks = live([picture] * 4, "one piece a frame")
    first, each = chunks[:2], chunks[2]
    half = each[: len(each) // 2]
    for twin, module in _twins():

        def measure(place: int, module: str = module) -> list[float]:
            before = resident()
            parsers = [_parser(module) for _ in range(place)]
            for parser in parsers:
                _read(parser, first)
            turns = max(2, asked.enough // len(each) // place)

            def by_turns() -> None:
                for _ in range(turns):
                    for parser in parsers:
                        _read(parser, (each,))

            seconds = _seconds(by_turns)
            for parser in parsers:
                # A copy for each, as from its own socket.
                _read(parser, (bytes(memoryview(half)),))
            held = resident() - before
            return [seconds / turns / place * 1e6, max(held, 1) / 1e3]

        times, memory = _by_turns(places, asked.rounds, measure)
        yield Series(twin, "µs a frame", times, power(times), "time a frame", "flat")
        if places[-1] >= 1000:
            # Of few streams it is less than what the system gives at a time.
            fit = power(_over(memory, 100))
            yield Series(twin, "kB held", memory, fit, "memory, from 100 streams", "linear")


CURVES: tuple[Curve, ...] = (
    Curve("length", "bytes of the stream", _length),
    Curve("frame", "bytes of a frame", _frame),
    Curve("piece", "bytes of a piece", _piece),
    Curve("streams", "streams at a time", _streams),
)
