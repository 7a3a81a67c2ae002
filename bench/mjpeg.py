"""How fast the MJPEG parser is, beside everything else that Python can call.

    python -m bench mjpeg [--quick] [--json] [--rounds N] [--only SPEED|FLOODS]

Each table of speed has a row a reader: all read the same 2000 real frames (`bench.frames`), with
and without Content-Length, in pieces of 1460, 16384 and 65536 bytes, and drop each frame at
once.  The rows take turns, round after round, and the best of each counts: what else runs on a
machine only ever adds time.  What is measured is the processor time of this process, the
kernel's share included.  `limit` is the ratio to the physical limit: to allocate each frame
and to copy it once.  `right` says whether a reader gave exactly the frames that were sent;
it is found out in a run that is not timed.  A peer that is not installed is left out, and
the last lines say so.

Rows over a socket pair have a child process that writes: their limit is to receive into one
buffer and do nothing.

First comes a summary of four loads, then a table for each load, then what was aimed at:
`bench/README.md` has the first and the last.

The tables of floods have bytes that are no images and are repeated to no end.  They
give their time per byte relative to that of ordinary data in pieces of the same size, and how
that time grows when there is four times as much.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from bench.frames import frames as real_frames
from bench.mjpeg_floods import Flood, flood_table, measure_floods
from bench.mjpeg_readers import READERS, SOCKETS, Load, Reader, copy_limit, memmem_limit, stream
from fixtures.feeding import pieces

__all__ = ["main"]

SIZES = (1460, 16384, 65536)


@dataclass(slots=True)
class Row:
    """One reader at one load."""

    name: str
    run: Callable[[], int]
    #: Whether it gave what was sent, and how many frames; None for what gives none.
    right: bool | None
    given: int
    bytes: int
    frames: int
    times: list[float] = field(default_factory=list)

    def round(self) -> None:
        gc.collect()
        gc.disable()
        try:
            start = time.process_time()
            self.run()
            self.times.append(time.process_time() - start)
        finally:
            gc.enable()

    @property
    def seconds(self) -> float:
        return min(self.times)

    @property
    def rate(self) -> float:
        """Gigabytes a second."""
        return self.bytes / self.seconds / 1e9

    @property
    def each(self) -> float:
        """Microseconds a frame."""
        return self.seconds / self.frames * 1e6


def _is_right(read: Reader, load: Load, chunks: list[bytes]) -> tuple[bool, int]:
    """Whether all frames came out as they were sent, and how many came."""
    expected = iter(load.frames)
    same = []

    def sink(data: bytes) -> None:
        same.append(data == next(expected, None))

    try:
        read(chunks, sink)
    except Exception as error:
        print(f"  {type(error).__name__}: {error}", file=sys.stderr)
        return False, len(same)
    return all(same) and len(same) == len(load.frames), len(same)


def _rows(load: Load, chunks: list[bytes], skipped: dict[str, str]) -> Iterator[Row]:
    about = (len(load.body), len(load.frames))
    limits: dict[str, Reader] = {
        "limit: allocate and copy once": copy_limit(load),
        "limit: find the delimiters": memmem_limit(load),
    }
    for name, read in limits.items():
        yield Row(name, lambda read=read: read(chunks, None), None, 0, *about)  # type: ignore[misc]
    for name, make in READERS.items():
        try:
            read = make()
        except ImportError as error:
            skipped[name] = str(error)
            continue
        right, given = _is_right(read, load, chunks)
        yield Row(name, lambda read=read: read(chunks, None), right, given, *about)  # type: ignore[misc]


def _socket_rows(load: Load, skipped: dict[str, str]) -> Iterator[Row]:
    about = (len(load.body), len(load.frames))
    if not hasattr(os, "fork"):
        skipped["socket pair"] = "no fork on this system"
        return
    for name, over in SOCKETS.items():
        try:
            given = over(load)
        except ImportError as error:
            skipped[name] = str(error)
            continue
        right = given == len(load.frames)
        yield Row(name, lambda over=over: over(load), right, given, *about)  # type: ignore[misc]


def measure(count: int, rounds: int, skipped: dict[str, str]) -> dict[str, list[Row]]:
    pictures = real_frames(count)
    out: dict[str, list[Row]] = {}
    for length in (True, False):
        body = stream(pictures, length=length)
        for size in SIZES:
            load = Load(pictures, body, size, length)
            chunks = pieces(body, size)
            out[load.label] = []
            # The sockets apart and last: behind a fork, whoever first counts a reference to a
            # chunk pays for the copy of its page.
            for kind in (_rows(load, chunks, skipped), _socket_rows(load, skipped)):
                rows = list(kind)
                for _ in range(rounds):
                    for row in rows:
                        row.round()
                out[load.label] += rows
            print(f"  measured: {load.label}", file=sys.stderr)
    return out


def _find(rows: Sequence[Row], name: str) -> Row | None:
    return next((row for row in rows if row.name == name), None)


#: The loads that tell most, which `bench/README.md` has side by side.
SUMMARY = (
    "with Content-Length, 65536 B",
    "with Content-Length, 1460 B",
    "without Content-Length, 65536 B",
    "without Content-Length, 1460 B",
)


def _share(row: Row, rows: Sequence[Row]) -> str:
    """The ratio to what no reader can pass: for a socket its own limit."""
    socket = row.name.startswith("socket")
    limit = _find(rows, "socket: recv_into alone" if socket else "limit: allocate and copy once")
    return f"{row.rate / limit.rate:.2f}" if limit else "-"


def _summary(results: dict[str, list[Row]]) -> Iterator[str]:
    """GB/s, and in brackets the share of the limit: a row a reader, a column a load."""
    yield "\n| reader | " + " | ".join(SUMMARY) + " |"
    yield "| --- |" + " ---: |" * len(SUMMARY)
    for name in [row.name for row in results[SUMMARY[0]]]:
        cells = []
        for label in SUMMARY:
            row = _find(results[label], name)
            cells.append(f"{row.rate:.2f} ({_share(row, results[label])})" if row else "-")
        yield f"| {name} | " + " | ".join(cells) + " |"


def _table(results: dict[str, list[Row]]) -> Iterator[str]:
    for label, rows in results.items():
        peer = _find(rows, "PyAV mpjpeg")
        yield f"\n{label}\n"
        yield "| reader | GB/s | µs a frame | of the limit | x PyAV | right |"
        yield "| --- | ---: | ---: | ---: | ---: | --- |"
        for row in rows:
            share = _share(row, rows)
            times = f"{row.rate / peer.rate:.2f}" if peer else "-"
            right = {True: "yes", False: f"no: {row.given} frames", None: ""}[row.right]
            yield f"| {row.name} | {row.rate:.2f} | {row.each:.1f} | {share} | {times} | {right} |"


#: What was aimed at: (twin, load, against what, ratio).  The faster way of feeding counts.
TARGETS = (
    ("compiled", "with Content-Length, 65536 B", "limit", 0.75),
    ("compiled", "with Content-Length, 65536 B", "PyAV", 2.0),
    ("compiled", "with Content-Length, 1460 B", "limit", 0.35),
    ("compiled", "with Content-Length, 1460 B", "PyAV", 2.5),
    ("compiled", "without Content-Length, 65536 B", "limit", 0.4),
    ("compiled", "without Content-Length, 65536 B", "best", 2.5),
    ("pure", "with Content-Length, 65536 B", "PyAV", 1.2),
    ("pure", "with Content-Length, 1460 B", "PyAV", 0.8),
    ("pure", "without Content-Length, 65536 B", "best", 0.6),
)


def _targets(results: dict[str, list[Row]]) -> Iterator[str]:
    yield "\nTargets\n"
    yield "| twin | load | against | aimed at | is |"
    yield "| --- | --- | --- | ---: | ---: |"
    for twin, label, against, aim in TARGETS:
        rows = results.get(label, [])
        ways = [row for row in rows if row.name.startswith(f"ours, {twin}")]
        mine = max(ways, key=lambda row: row.rate, default=None)
        if against == "best":
            right = [row for row in rows if row.right and not row.name.startswith(("ours", "so"))]
            other = max(right, key=lambda row: row.rate, default=None)
        else:
            name = "PyAV mpjpeg" if against == "PyAV" else "limit: allocate and copy once"
            other = _find(rows, name)
        if mine and other:
            ratio = mine.rate / other.rate
            sign = "" if ratio >= aim else " (missed)"
            yield f"| {twin} | {label} | {other.name} | {aim} | {ratio:.2f}{sign} |"


def _machine() -> str:
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as info:
            model = next(line for line in info if line.startswith("model name")).split(": ")[1]
    except (OSError, StopIteration):
        pass
    return f"{model.strip()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench mjpeg",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="300 frames, three rounds")
    parser.add_argument("--json", action="store_true", help="print JSON rather than tables")
    parser.add_argument("--rounds", type=int, default=0, help="how often each row is measured")
    parser.add_argument("--only", choices=["speed", "floods"], help="one of the two tables")
    options = parser.parse_args(argv)
    count = 300 if options.quick else 2000
    skipped: dict[str, str] = {}
    results: dict[str, list[Row]] = {}
    flooded: list[Flood] = []
    if options.only != "floods":
        results = measure(count, options.rounds or (3 if options.quick else 7), skipped)
    if options.only != "speed":
        flooded = measure_floods(count, skipped, quick=options.quick)
    if options.json:
        print(
            json.dumps(
                {
                    "machine": _machine(),
                    "speed": [
                        {
                            "load": label,
                            "reader": row.name,
                            "GB/s": round(row.rate, 4),
                            "us a frame": round(row.each, 3),
                            "right": row.right,
                        }
                        for label, rows in results.items()
                        for row in rows
                    ],
                    "floods": [
                        {
                            "twin": row.twin,
                            "place": row.place,
                            "flood": row.name,
                            "piece": row.size,
                            "ns a byte": round(row.each, 3),
                            "relative": round(row.relative, 3),
                            "growth": round(row.growth, 3),
                        }
                        for row in flooded
                    ],
                    "skipped": skipped,
                },
                indent=1,
            )
        )
        return 0
    print(_machine())
    if results:
        for line in _summary(results):
            print(line)
    for line in _table(results):
        print(line)
    if results:
        for line in _targets(results):
            print(line)
    for line in flood_table(flooded):
        print(line)
    for name, why in skipped.items():
        print(f"left out: {name} ({why})")
    return 0
