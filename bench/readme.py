"""`python -m bench --readme`: bench/README.md as it stands, with each table measured anew.

    python -m bench --readme > README.new                     measures all, for half an hour
    python -m bench --readme --from all.json > README.new     takes the figures from a file

The text comes from bench/README.md.  A table there belongs to the command of this program that is
named last before it, and is replaced by what that command prints, word for word.  `--from` takes
the figures from a file that `run --json` wrote, and may be given several times; a table none of
whose figures it has stays as it is.
"""

from __future__ import annotations

import argparse
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench import aims
from bench.measure.catalogue import chosen
from bench.measure.lock import alone
from bench.measure.results import NotResultsError, Report, Result, read
from bench.measure.table import HEADER, table
from bench.run import ROUNDS, WAIT, parser, run_asked

__all__ = ["README", "Table", "main", "rewritten", "tables"]

README = Path(__file__).with_name("README.md")
_COMMAND = re.compile(r"`python -m bench (?P<words>[a-z][^`\n]*)`")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the README: the words of its command, and its lines from which to which."""

    words: tuple[str, ...]
    start: int
    stop: int


def tables(lines: Sequence[str]) -> Iterator[Table]:
    """The tables that the program prints; raises ValueError for one without a command."""
    words: tuple[str, ...] = ()
    at = 0
    while at < len(lines):
        if found := list(_COMMAND.finditer(lines[at])):
            words = tuple(shlex.split(found[-1]["words"]))
        start = at
        at += 1
        if lines[start] in (HEADER, aims.HEADER):
            while at < len(lines) and lines[at].startswith("|"):
                at += 1
            if not words:
                raise ValueError(f"line {start + 1}: no command stands before this table")
            yield Table(words, start, at)


def rewritten(text: str, print_table: Callable[[Sequence[str]], Sequence[str]]) -> str:
    """The text with other tables: `print_table` is asked with the words of each command.

    Where it gives nothing, the table stays.
    """
    lines = text.splitlines()
    out: list[str] = []
    at = 0
    for found in tables(lines):
        out += lines[at : found.start]
        out += print_table(found.words) or lines[found.start : found.stop]
        at = found.stop
    return "\n".join([*out, *lines[at:]]) + "\n"


def _measured(words: Sequence[str]) -> list[str]:
    if words[0] == "aims":
        asked = aims.parser().parse_args(words[1:])
        rounds = asked.rounds or ROUNDS
        return list(aims.lines(aims.measured(rounds=rounds, against=asked.against)))
    return list(table(run_asked(parser().parse_args(words[1:]), shlex.join(words)).results))


def _alone(words: Sequence[str]) -> list[str]:
    with alone(WAIT, "python -m bench --readme"):
        return _measured(words)


def _stored(reports: Sequence[Report]) -> Callable[[Sequence[str]], list[str]]:
    """Tables out of files: a suite is that of the first which has it, an aim that of the last."""

    def lines(words: Sequence[str]) -> list[str]:
        if words[0] == "aims":
            results = [result for report in reports for result in report.results]
            skipped = [left for report in reports for left in report.skipped]
            there = {result.suite for result in results} | {left.suite for left in skipped}
            whole = replace(reports[0], results=results, skipped=skipped)
            return list(aims.lines(whole)) if there >= set(aims.NEEDED) else []
        asked = parser().parse_args(words[1:])
        kept: list[Result] = []
        for suite in chosen(asked.suite):
            found = ([r for r in report.results if r.suite == suite.name] for report in reports)
            kept += next((rows for rows in found if rows), [])
        kept = _named(kept, asked.only)
        return list(table(kept)) if kept else []

    return lines


def _named(results: list[Result], words: Sequence[str]) -> list[Result]:
    """Those with one of the words in row or contestant, and what they are compared with."""
    if not words:
        return results
    named = [r for r in results if any(word in r.row or word in r.contestant for word in words)]
    references = {(result.suite, result.reference) for result in named}
    return [r for r in results if r in named or (r.suite, r.key) in references]


def main(argv: Sequence[str]) -> int:
    options = argparse.ArgumentParser(
        prog="python -m bench --readme",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument(
        "--from", action="append", default=[], type=Path, metavar="FILE", dest="files"
    )
    asked = options.parse_args(argv)
    try:
        reports = [read(path) for path in asked.files]
    except (OSError, NotResultsError) as error:
        print(f"python -m bench --readme: {error}", file=sys.stderr)
        return 2
    text = README.read_text(encoding="utf-8")
    if reports:
        print(rewritten(text, _stored(reports)), end="")
    else:
        print(rewritten(text, _alone), end="")
    return 0
