"""What a flood costs the MJPEG parser: bytes that are no images and are repeated to no end.

Each is fed to both twins at each place of a stream, in large pieces and byte by byte.  Its time
per byte is told relative to that of ordinary data in pieces of the same size, and beside it how
that time grows when there is four times as much.
"""

from __future__ import annotations

import gc
import importlib
import math
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.frames import frames as real_frames
from bench.mjpeg_readers import CONTENT_TYPE, stream
from fixtures.build.traps import FLOOD_PLACES, floods
from fixtures.feeding import pieces

__all__ = ["Flood", "flood_table", "measure_floods"]

#: Seconds after which a flood is told by what was fed of it until then.
PATIENCE = 0.3
#: How often each is fed, unless that many seconds are spent on it first.
ROUNDS = 5
SPENT = 0.15


def _per_byte(parser_class: Any, start: bytes, data: bytes, size: int) -> float:
    """Nanoseconds a byte."""
    from hamaproto.errors import HamaError

    parser = parser_class(CONTENT_TYPE)
    parser.receive_data(start)
    for _ in parser.events():
        pass
    chunks = pieces(data, size)
    fed = 0
    gc.collect()
    gc.disable()
    begin = time.process_time()
    try:
        for number, chunk in enumerate(chunks):
            parser.receive_data(chunk)
            for _ in parser.events():
                pass
            fed += len(chunk)
            if (size > 1 or not number & 1023) and time.process_time() - begin > PATIENCE:
                break
    except HamaError:
        pass  # a limit: it has done its work
    finally:
        taken = time.process_time() - begin
        gc.enable()
    return taken / max(1, fed) * 1e9


def _best(parser_class: Any, start: bytes, data: bytes, size: int) -> float:
    """Nanoseconds a byte in the best of some rounds."""
    begin = time.process_time()
    best = math.inf
    for _ in range(ROUNDS):
        best = min(best, _per_byte(parser_class, start, data, size))
        if time.process_time() - begin > SPENT:
            break
    return best


@dataclass(slots=True)
class Flood:
    """One flood: nanoseconds a byte, relative to ordinary data, and with four times more."""

    twin: str
    place: str
    name: str
    size: int
    each: float
    relative: float
    growth: float


def measure_floods(count: int, skipped: dict[str, str], *, quick: bool) -> list[Flood]:
    pictures = real_frames(count)[:40]
    ordinary = stream(pictures, length=False)
    first = stream(pictures[:1], length=True)[: -len(b"--frame--\r\n")]
    out = []
    for twin, module in (
        ("compiled", "hamaproto.wire._mjpeg.parser"),
        ("pure", "hamaproto.wire.mjpeg.parser"),
    ):
        try:
            parser_class = importlib.import_module(module).MjpegParser
        except ImportError as error:
            skipped[f"floods, {twin}"] = str(error)
            continue
        for size, amount in (
            (65536, 60_000 if quick else 250_000),
            (1, 2500 if quick else 10_000),
        ):
            data = ordinary[: max(amount, 500_000 if size > 1 else amount)]
            base = _best(parser_class, b"", data, size)
            small, large = floods(amount), floods(4 * amount)
            for place, before in FLOOD_PLACES.items():
                start = first + before
                for name, flood in small.items():
                    each = _best(parser_class, start, flood, size)
                    more = _best(parser_class, start, large[name], size)
                    growth = more / each if each else 1.0
                    out.append(Flood(twin, place, name, size, more, more / base, growth))
        print(f"  measured: floods, {twin}", file=sys.stderr)
    return out


def flood_table(rows: list[Flood]) -> Iterator[str]:
    for twin in ("compiled", "pure"):
        for size in (65536, 1):
            chosen = [row for row in rows if row.twin == twin and row.size == size]
            if not chosen:
                continue
            base = chosen[0].each / chosen[0].relative
            yield f"\nFloods, {twin}, pieces of {size} B: ns a byte, x ordinary data ({base:.2f})"
            yield "(in brackets: how the time of a byte grows when there are four times as many)\n"
            yield "| flood | " + " | ".join(FLOOD_PLACES) + " |"
            yield "| --- |" + " ---: |" * len(FLOOD_PLACES)
            for name in dict.fromkeys(row.name for row in chosen):
                cells = [
                    f"{row.each:.1f}, x{row.relative:.1f} ({row.growth:.1f})"
                    for place in FLOOD_PLACES
                    for row in chosen
                    if row.name == name and row.place == place
                ]
                yield f"| {name} | " + " | ".join(cells) + " |"
