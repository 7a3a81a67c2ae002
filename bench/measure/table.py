"""The one shape in which figures are printed: a table in Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence

from bench.measure.results import Left, Report, Result, by_key

__all__ = ["HEADER", "figure", "span", "table", "text"]

HEADER = "| contestant | row | unit | median | range | rounds | times as good as the reference |"
RULE = "|---|---|---|---:|---:|---:|---:|"


def figure(value: float) -> str:
    """Three digits that count, without powers of ten."""
    size = abs(value)
    if size >= 99.95 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 9.995 else f"{value:.2f}" if size >= 0.0995 else f"{value:.3g}"


def span(values: Iterable[float]) -> str:
    """The least and the most: one figure if they look alike."""
    kept = list(values)
    low, high = figure(min(kept)), figure(max(kept))
    return low if low == high else f"{low}..{high}"


def _times(result: Result, known: dict[tuple[str, tuple[str, str]], Result]) -> str:
    if result.reference == result.key:
        return "1 (reference)"
    other = known.get((result.suite, result.reference)) if result.reference else None
    ratios = result.against(other) if other else []
    return figure(statistics.median(ratios)) if ratios else ""


def table(results: Sequence[Result]) -> Iterator[str]:
    """The lines of the table."""
    known = by_key(results)
    yield HEADER
    yield RULE
    for result in results:
        cells = (
            # What was wrong with it stands below.
            f"{result.contestant} *" if result.note else result.contestant,
            result.row,
            result.unit,
            figure(result.median),
            span(result.values),
            str(len(result.values)),
            _times(result, known),
        )
        yield f"| {' | '.join(cells)} |"


def _left_out(skipped: Iterable[Left]) -> Iterator[str]:
    reasons: dict[tuple[str, str], list[str]] = {}
    for left in skipped:
        reasons.setdefault((left.contestant, left.why), []).append(left.row)
    for (contestant, why), rows in reasons.items():
        where = rows[0] if len(rows) == 1 else f"{len(rows)} rows"
        yield f"skipped: {contestant} ({where}): {why}"


def text(report: Report) -> str:
    """The table of a run and what is to be said about it."""
    lines = list(table(report.results)) if report.results else []
    notes = [f"* {r.contestant}, {r.row}: {r.note}" for r in report.results if r.note]
    below = [*dict.fromkeys(notes), *_left_out(report.skipped)]
    if lines and below:
        lines.append("")
    return "\n".join([*lines, *below])
