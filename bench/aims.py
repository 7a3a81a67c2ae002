"""`python -m bench aims`: what the speed of this library is to be, and what it is.

    python -m bench aims --rounds 5 --json aims.json
    python -m bench aims --against ../older             small frames beside an older parser
    python -m bench aims --from aims.json               from figures that were measured before

A row is a ratio of two contestants that took turns (`of`: how many times as good, at least;
`costs`: how many times as much, at most), or a figure by itself, with the median and the range
over the rounds.  Where several ways lead to the same, the better one counts.  What cannot be
measured here is named, with the reason.  Exit status: as that of `run`.
"""

from __future__ import annotations

import argparse
import shlex
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.measure.catalogue import chosen
from bench.measure.entries import Options
from bench.measure.lock import BusyMachineError, alone
from bench.measure.machine import describe
from bench.measure.results import (
    NotResultsError,
    Report,
    Result,
    by_key,
    check_writable,
    read,
    write,
)
from bench.measure.table import figure, span
from bench.peers.tree import NAME as TREE
from bench.run import QUICK_ROUNDS, ROUNDS, WAIT, checked_tree, run
from bench.traffic.readers import BARE

__all__ = ["AIMS", "HEADER", "Aim", "lines", "main", "measured"]

HEADER = "| what | aimed at | is | range | rounds | |"
RULE = "|---|---:|---:|---:|---:|---|"

COMPILED = ("ours, compiled", "ours, compiled, piece by piece")
PURE = ("ours, pure", "ours, pure, piece by piece")
LIMIT = "limit: allocate and copy once"
DRIVER, ON_UVLOOP = "hamaproto.io.asyncio", "hamaproto.io.asyncio on uvloop"


@dataclass(frozen=True, slots=True)
class Aim:
    """One row: what is measured, against what, and how much it is to be.

    `against` is a row and a contestant of the same suite; a None in it stands for that of the
    figure itself.
    """

    what: str
    suite: str
    row: str
    contestants: tuple[str, ...]
    limit: float
    #: "of" the other (at least), "costs" so many times as much (at most), or "is" (at most).
    kind: str
    against: tuple[str | None, str | None] = (None, None)
    unit: str = ""

    def values(self, mine: Result, known: dict[tuple[str, tuple[str, str]], Result]) -> list[float]:
        """Round by round; nothing if the other one is not there."""
        if self.kind == "is":
            return mine.values
        row, contestant = self.against
        key = (row or mine.row, contestant or mine.contestant)
        other = known.get((self.suite, key))
        if other is None:
            return []
        return mine.against(other) if self.kind == "of" else other.against(mine)

    @property
    def aimed(self) -> str:
        sign = ">=" if self.kind == "of" else "<="
        what = {"of": " x", "costs": " x", "is": f" {self.unit}"}[self.kind]
        return f"{sign} {figure(self.limit)}{what}"

    def better(self, one: float, two: float) -> bool:
        return one > two if self.kind == "of" else one < two

    def met(self, value: float) -> bool:
        return value >= self.limit if self.kind == "of" else value <= self.limit


def _file(what: str, row: str, least: float) -> Aim:
    return Aim(what, "mjpeg/file", row, COMPILED, least, "of", (None, LIMIT))


def _live(size: str, twin: str, contestants: tuple[str, ...]) -> Aim:
    what = f"as the camera sends, {size}, {twin}: to the same bytes at 64 KiB"
    first = f"{size}, cut at 65536 B"
    return Aim(
        what, "mjpeg/live", f"{size}, one piece a frame", contestants, 1.5, "costs", (first, None)
    )


def _load(what: str, row: str, most: float, unit: str) -> Aim:
    return Aim(what, "load", row, (DRIVER, ON_UVLOOP), most, "is", unit=unit)


def _threads(row: str, least: float) -> Aim:
    what = f"two threads, {row}: to one"
    return Aim(what, "threads", row, ("two threads",), least, "of", (None, "one thread"))


MANY, THOUSAND = "10000 streams x 1 fps", "1000 streams x 5 fps"
FREE = not getattr(sys, "_is_gil_enabled", lambda: True)()

AIMS: tuple[Aim, ...] = (
    _file("with length, 64 KiB: of allocate and copy once", "with Content-Length, 65536 B", 0.8),
    _file("with length, 1460 B: of allocate and copy once", "with Content-Length, 1460 B", 0.45),
    _file(
        "without length, 64 KiB: of allocate and copy once", "without Content-Length, 65536 B", 0.5
    ),
    *(
        _live(size, twin, contestants)
        for size in ("7 kB", "35 kB")
        for twin, contestants in (("compiled", COMPILED), ("pure", PURE))
    ),
    Aim(
        "frames of 331 to 922 B: to an older tree",
        "mjpeg/small",
        "with Content-Length, 65536 B",
        ("ours, compiled, piece by piece",),
        1.1,
        "costs",
        (None, TREE),
    ),
    Aim(
        "driver on asyncio: to a bare BufferedProtocol",
        "drivers",
        "400 streams x 5 fps",
        (DRIVER,),
        2,
        "costs",
        (None, BARE),
    ),
    Aim(
        "driver on uvloop",
        "drivers",
        "400 streams x 5 fps",
        (ON_UVLOOP,),
        16,
        "is",
        unit="µs a frame",
    ),
    Aim(
        "driver: memory a stream beside the frame in hand",
        "memory",
        "beside the frame in hand",
        (DRIVER,),
        64,
        "is",
        unit="kB",
    ),
    _load("10,000 streams x 1 fps: of a core", f"{MANY}: share of a core", 25, "%"),
    _load("10,000 streams x 1 fps: lost", f"{MANY}: frames lost or wrong", 0, "frames"),
    _load("10,000 streams x 1 fps: started", f"{MANY}: until all had a frame", 10, "s"),
    _load(
        "1000 streams x 5 fps: from the last byte to the program, p99",
        f"{THOUSAND}: from its last byte to the program, p99",
        0.3,
        "ms",
    ),
    Aim(
        "GSM encode, 16 streams: of libgsm in a C loop",
        "gsm",
        "encode",
        ("ours, bank of 16",),
        25,
        "of",
        (None, "libgsm, C loop"),
    ),
    Aim(
        "GSM decode, 64 streams: of libgsm in a C loop",
        "gsm",
        "decode",
        ("ours, bank of 16", "ours, bank of 64"),
        27,
        "of",
        (None, "libgsm, C loop"),
    ),
    Aim("GSM decode, pure", "gsm", "decode", ("ours, pure",), 250_000, "is", unit="ns a frame"),
    _threads("GSM decode", 1.8 if FREE else 1.0),
    _threads("GSM encode", 1.8 if FREE else 1.0),
    _threads("MJPEG, with Content-Length, 262144 B", 1.8 if FREE else 1.0),
    _threads("MJPEG, without Content-Length, 262144 B", 1.8 if FREE else 1.0),
)
#: What has to be measured of each suite, beside what it is compared with.
NEEDED: dict[str, tuple[str, ...]] = {
    "mjpeg/file": ("ours, compiled",),
    "mjpeg/live": ("ours,",),
    "mjpeg/small": ("ours, compiled", TREE),
    "drivers": (DRIVER,),
    "memory": (DRIVER,),
    "load": ("streams",),
    "gsm": ("ours, pure", "ours, bank of 16", "ours, bank of 64"),
    "threads": ("thread",),
}


def _row(aim: Aim, report: Report) -> str:
    known = by_key(report.results)
    best: list[float] = []
    for contestant in aim.contestants:
        mine = known.get((aim.suite, (aim.row, contestant)))
        values = aim.values(mine, known) if mine else []
        if values and (not best or aim.better(statistics.median(values), statistics.median(best))):
            best = values
    if not best:
        why = [
            left.why
            for left in report.skipped
            if left.suite == aim.suite
            and (left.contestant in (*aim.contestants, "all") or left.row in ("all", aim.row))
        ]
        if aim.against[1] == TREE:
            why.append("--against TREE names an older one")
        return f"| {aim.what} | {aim.aimed} | | | | not there: {(*why, 'not measured')[0]} |"
    middle = statistics.median(best)
    cells = (figure(middle), span(best), str(len(best)), "met" if aim.met(middle) else "missed")
    return f"| {aim.what} | {aim.aimed} | {' | '.join(cells)} |"


def lines(report: Report) -> Iterator[str]:
    """The table: every aim beside what was measured."""
    yield HEADER
    yield RULE
    for aim in AIMS:
        yield _row(aim, report)


def measured(
    *,
    rounds: int,
    quick: bool = False,
    only: Sequence[str] = (),
    against: Path | None = None,
    command: str = "",
) -> Report:
    """Measure what the aims need, or those suites of it that are named."""
    whole: Report | None = None
    for name, words in NEEDED.items():
        if only and name not in only:
            continue
        options = Options(quick, against=against)
        report = run(chosen([name]), options, rounds, only=words, command=command)
        if whole is None:
            whole = report
        else:
            whole.results += report.results
            whole.skipped += report.skipped
    assert whole is not None
    return whole


def parser() -> argparse.ArgumentParser:
    """Of the command `aims`."""
    made = argparse.ArgumentParser(
        prog="python -m bench aims",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--rounds", type=int, metavar="N", help=f"({ROUNDS})")
    made.add_argument("--quick", action="store_true", help="small loads: most aims mean others")
    made.add_argument(
        "--only", action="append", default=[], choices=NEEDED, help="the aims of a suite"
    )
    made.add_argument(
        "--against", type=Path, metavar="TREE", help="an older tree, built there: small frames"
    )
    made.add_argument("--json", type=Path, metavar="FILE", help="all rounds, for `compare`")
    made.add_argument("--from", type=Path, metavar="FILE", dest="file", help="measure nothing")
    made.add_argument("--wait", type=float, default=WAIT, metavar="SECONDS", help=f"({WAIT:g})")
    return made


def main(argv: Sequence[str]) -> int:
    asked = parser().parse_args(argv)
    command = f"python -m bench aims {shlex.join(argv)}".strip()
    rounds = asked.rounds or (QUICK_ROUNDS if asked.quick else ROUNDS)
    try:
        if asked.file is not None:
            report = read(asked.file)
        else:
            if asked.json is not None:
                check_writable(asked.json)
            with alone(asked.wait, command):
                report = measured(
                    rounds=rounds,
                    quick=asked.quick,
                    only=asked.only,
                    against=checked_tree(asked.against),
                    command=command,
                )
            if asked.json is not None:
                write(report, asked.json)
    except (OSError, NotResultsError) as error:
        print(f"python -m bench aims: {error}", file=sys.stderr)
        return 2
    except BusyMachineError as error:
        print(f"python -m bench aims: {error}", file=sys.stderr)
        return 1
    print(f"`{report.command}`: {describe(report.machine, report.versions)}\n")
    for line in lines(report):
        print(line)
    return 0
