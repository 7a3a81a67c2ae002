"""`python -m bench run SUITE...`: measures, and prints one shape of table for all suites.

    python -m bench run mjpeg/live gsm --rounds 9 --json after.json
    python -m bench run mjpeg --reader mine:frames
    python -m bench run mjpeg/live --against ../older

All contestants of a row take turns in each round.  A figure is the median over the rounds, with
the least and the most of them; what is timed is processor time, the kernel's share included.
The last column says how many times as good as the reference of its row a contestant is: 2 is twice
as fast, or half the memory.  It is the median of the ratios of the single rounds.

SUITE is a suite or a group of them (`mjpeg`); `python -m bench` lists them.  Peers come with the
extra `bench`; one that is not installed is named as skipped.  Only one measurement runs at a time
on a machine: a second one waits for `--wait` seconds, and then gives up.

Exit status: 0, or 1 if another measurement was in the way, 2 if the command was wrong, 130 if it
was interrupted: what was measured until then is printed and written.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.measure.catalogue import Suite, UnknownSuiteError, chosen
from bench.measure.entries import Options
from bench.measure.lock import BusyMachineError, alone
from bench.measure.machine import describe, machine, versions
from bench.measure.readers import NoReaderError, own_readers
from bench.measure.results import Left, Report, Result, check_writable, write
from bench.measure.rounds import measure, wanted
from bench.measure.table import text

__all__ = [
    "QUICK_ROUNDS",
    "ROUNDS",
    "WAIT",
    "checked_tree",
    "main",
    "parser",
    "run",
    "run_asked",
]

ROUNDS, QUICK_ROUNDS = 5, 3
#: Seconds that a second measurement waits for the first.
WAIT = 600.0
INTERRUPTED = "interrupted"


def _rounds(word: str) -> int:
    count = int(word)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{count} rounds: at least 1")
    return count


def _setting(word: str) -> tuple[str, int]:
    name, sign, value = word.partition("=")
    if not sign or not value.isdecimal() or not int(value):
        raise argparse.ArgumentTypeError(f"{word!r}: write NAME=NUMBER, from 1 on")
    return name, int(value)


def parser() -> argparse.ArgumentParser:
    """Of the command `run`."""
    made = argparse.ArgumentParser(
        prog="python -m bench run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("suite", nargs="+", metavar="SUITE")
    made.add_argument(
        "--quick",
        action="store_true",
        help=f"{QUICK_ROUNDS} rounds of small loads, which fit into caches",
    )
    made.add_argument("--rounds", type=_rounds, metavar="N", help=f"({ROUNDS})")
    made.add_argument(
        "--only", action="append", default=[], metavar="WORD", help="rows or contestants with it"
    )
    made.add_argument(
        "--set", action="append", default=[], type=_setting, metavar="NAME=N", help="of a suite"
    )
    made.add_argument(
        "--reader", action="append", default=[], metavar="MODULE:FUNCTION", help="your own parser"
    )
    made.add_argument(
        "--against", type=Path, metavar="TREE", help="the MJPEG parser of another tree, built there"
    )
    made.add_argument("--json", type=Path, metavar="FILE", help="all rounds, for `compare`")
    made.add_argument("--wait", type=float, default=WAIT, metavar="SECONDS", help=f"({WAIT:g})")
    return made


def checked_tree(tree: Path | None) -> Path | None:
    """Raises OSError if it holds no hamaproto."""
    if tree is not None and not (tree / "hamaproto" / "__init__.py").is_file():
        raise FileNotFoundError(f"--against {tree}: there is no hamaproto in this folder")
    return tree


def options_of(asked: argparse.Namespace, suites: Sequence[Suite]) -> Options:
    """Raises UnknownSuiteError for a setting that none of the suites has, and NoReaderError."""
    settings = dict(asked.set)
    known = {name for suite in suites for name in suite.settings} if settings else set()
    if unknown := sorted(set(settings) - known):
        raise UnknownSuiteError(
            f"no setting {unknown[0]!r} in {', '.join(suite.name for suite in suites)}: "
            f"{', '.join(sorted(known)) or 'none'}"
        )
    return Options(asked.quick, settings, own_readers(asked.reader), checked_tree(asked.against))


def run(
    suites: Sequence[Suite],
    options: Options,
    rounds: int,
    *,
    only: Sequence[str] = (),
    command: str = "",
    say: Callable[[str], object] | None = None,
) -> Report:
    """Measure these suites."""
    made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    report = Report(made, command, machine(), versions())
    for suite in suites:
        try:
            for contest in suite.contests(options):
                kept = wanted(contest, only)
                for one in measure(suite.name, kept, rounds, *([say] if say else [])):
                    if isinstance(one, Result):
                        report.results.append(one)
                    else:
                        report.skipped.append(one)
        except KeyboardInterrupt:  # what was measured until then is kept
            report.skipped.append(Left(suite.name, "all that follows", "all", INTERRUPTED))
            break
    return report


def run_asked(asked: argparse.Namespace, command: str) -> Report:
    """What the command line asks for; raises what `options_of` and `chosen` raise."""
    suites = chosen(asked.suite)
    options = options_of(asked, suites)
    rounds = asked.rounds or (QUICK_ROUNDS if asked.quick else ROUNDS)
    return run(suites, options, rounds, only=asked.only, command=command)


def main(argv: Sequence[str]) -> int:
    asked = parser().parse_args(argv)
    command = f"python -m bench run {shlex.join(argv)}"
    try:
        if asked.json is not None:
            # Before the measuring: a name that cannot be written is not to cost the figures.
            check_writable(asked.json)
        options_of(asked, chosen(asked.suite))
        with alone(asked.wait, command):
            report = run_asked(asked, command)
        if asked.only and not report.results and not report.skipped:
            raise UnknownSuiteError(f"no row and no contestant has {' or '.join(asked.only)} in it")
        if asked.json is not None:
            write(report, asked.json)
    except (UnknownSuiteError, NoReaderError, OSError) as error:
        print(f"python -m bench run: {error}", file=sys.stderr)
        return 2
    except BusyMachineError as error:
        print(f"python -m bench run: {error}", file=sys.stderr)
        return 1
    print(f"`{command}`: {describe(report.machine, report.versions)}\n")
    print(text(report))
    return 130 if any(left.why == INTERRUPTED for left in report.skipped) else 0
