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
from dataclasses import dataclass
from pathlib import Path

from bench.measure.catalogue import chosen
from bench.measure.results import NotResultsError, Result, read
from bench.measure.table import HEADER, table

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
        if lines[start] == HEADER:
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
    from bench.measure.lock import alone
    from bench.run import WAIT, parser, run_asked

    with alone(WAIT, "python -m bench --readme"):
        return list(table(run_asked(parser().parse_args(words[1:]), shlex.join(words)).results))


def _stored(results: Sequence[Result]) -> Callable[[Sequence[str]], list[str]]:
    from bench.run import parser

    def lines(words: Sequence[str]) -> list[str]:
        asked = parser().parse_args(words[1:])
        names = {suite.name for suite in chosen(asked.suite)}
        kept = [result for result in results if result.suite in names]
        if asked.only:
            named = [
                result
                for result in kept
                if any(word in result.row or word in result.contestant for word in asked.only)
            ]
            references = {(result.suite, result.reference) for result in named}
            kept = [r for r in kept if r in named or (r.suite, r.key) in references]
        return list(table(kept)) if kept else []

    return lines


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench --readme",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--from", action="append", default=[], type=Path, metavar="FILE", dest="files"
    )
    asked = parser.parse_args(argv)
    try:
        results = [result for path in asked.files for result in read(path).results]
    except (OSError, NotResultsError) as error:
        print(f"python -m bench --readme: {error}", file=sys.stderr)
        return 2
    text = README.read_text(encoding="utf-8")
    print(rewritten(text, _stored(results) if asked.files else _measured), end="")
    return 0
