"""Figures, round by round, and the file they are kept in (JSON)."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.measure.entries import Key

__all__ = [
    "FORMAT",
    "Left",
    "NotResultsError",
    "Report",
    "Result",
    "by_key",
    "check_writable",
    "read",
    "write",
]

#: Of the file; another number is another shape.
FORMAT = 1


class NotResultsError(ValueError):
    """The file does not hold what `--json` writes."""


@dataclass(slots=True)
class Result:
    """The figures of one contestant in one row."""

    suite: str
    row: str
    contestant: str
    unit: str
    #: Whether more of the unit is better.
    more: bool
    reference: Key | None
    values: list[float]
    note: str = ""

    @property
    def key(self) -> Key:
        return self.row, self.contestant

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def against(self, other: Result) -> list[float]:
        """How many times as good as another one, round by round: above 1 is better.

        Both took turns, so what disturbed one round disturbed both.
        """
        pairs = zip(self.values, other.values, strict=False)
        if self.more:
            return [mine / theirs for mine, theirs in pairs if theirs]
        return [theirs / mine for mine, theirs in pairs if mine]


@dataclass(frozen=True, slots=True)
class Left:
    """What was left out, and why."""

    suite: str
    row: str
    contestant: str
    why: str


@dataclass(slots=True)
class Report:
    """One run: where, what of, and what came out."""

    made: str
    command: str
    machine: dict[str, str]
    versions: dict[str, str]
    results: list[Result] = field(default_factory=list)
    skipped: list[Left] = field(default_factory=list)


def check_writable(path: Path) -> None:
    """Raises OSError for a path that `write` could not write."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no folder {path.parent}")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder")


def write(report: Report, path: Path) -> None:
    """Raises OSError.  A file that was there stays whole until the new one is."""
    text = json.dumps({"format": FORMAT, **asdict(report)}, indent=1, ensure_ascii=False)
    part = path.with_name(f"{path.name}.part")
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(path)


def _result(row: dict[str, Any]) -> Result:
    reference = row.pop("reference")
    result = Result(**row, reference=tuple(reference) if reference else None)
    if not result.values or not all(type(value) in (int, float) for value in result.values):
        raise TypeError("no figures")
    return result


def read(path: Path) -> Report:
    """Raises OSError, and NotResultsError for any other content."""
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
        if whole.pop("format") != FORMAT:
            raise ValueError("another format")
        results = [_result(row) for row in whole.pop("results")]
        skipped = [Left(**row) for row in whole.pop("skipped")]
        return Report(**whole, results=results, skipped=skipped)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotResultsError(f"{path} is not what `--json` writes ({error})") from error


def by_key(results: Iterable[Result]) -> dict[tuple[str, Key], Result]:
    """By suite, row and contestant."""
    return {(result.suite, result.key): result for result in results}
