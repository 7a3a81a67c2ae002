"""`python -m bench compare A.json B.json`: is B better than A, and by how much?

Each ratio says how many times as good as in A a figure is in B: above 1 is better, whatever the
unit.  It is the median of the ratios of every round of B to every round of A; the interval is the
one that a rank test does not refuse (Hodges and Lehmann 1963, Mann and Whitney 1947), at 95 % where
there are rounds enough for it, else at what the last column says.  `better` and `worse` are said
only if 1 lies outside of it.

Figures of two different machines are not compared.  Exit status: 0, or 2 if that was asked for,
or a file is not one that `run --json` writes.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.measure.machine import differences
from bench.measure.results import NotResultsError, Report, Result, by_key, read
from bench.measure.table import figure

__all__ = ["Ratio", "lines", "main", "ratio"]

CONFIDENCE = 0.95
#: With less of it nothing is called better or worse.
LEAST = 0.9
HEADER = "| contestant | row | unit | A | B | B to A | interval | | confidence |"
RULE = "|---|---|---|---:|---:|---:|---:|---|---:|"


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as good, from where to where, and how sure that is."""

    middle: float
    low: float
    high: float
    confidence: float

    @property
    def verdict(self) -> str:
        if self.confidence < LEAST - 1e-9:
            return ""
        return "better" if self.low > 1 else "worse" if self.high < 1 else ""


def _ways(one: int, two: int) -> list[int]:
    """In how many orders of so many and so many each sum of ranks comes (Mann-Whitney's U)."""
    ways = [1] + [0] * (one * two)
    # The Gaussian binomial coefficient, factor by factor.
    for k in range(1, one + 1):
        for total in range(one * two, two + k - 1, -1):
            ways[total] -= ways[total - two - k]
        for total in range(k, one * two + 1):
            ways[total] += ways[total - k]
    return ways


def ratio(before: Sequence[float], after: Sequence[float], *, more: bool) -> Ratio:
    """`after` to `before`, as good as: every round with every round."""
    if not more:
        before, after = after, before
    pairs = sorted(b / a for a in before for b in after if a > 0)
    if not pairs:  # nothing of it before: no ratio
        return Ratio(math.nan, math.nan, math.nan, 0.0)
    ways = _ways(len(before), len(after))
    whole = math.comb(len(before) + len(after), len(before))
    # `cut` pairs are left away at each end, as long as the test would not miss them.
    cut, outside = 0, ways[0] / whole
    while cut + 1 < len(pairs) / 2 and 2 * (outside + ways[cut + 1] / whole) <= 1 - CONFIDENCE:
        cut += 1
        outside += ways[cut] / whole
    confidence = 1 - 2 * outside if len(pairs) == len(before) * len(after) else 0.0
    return Ratio(statistics.median(pairs), pairs[cut], pairs[-1 - cut], max(0.0, confidence))


def _row(before: Result, after: Result) -> str:
    found = ratio(before.values, after.values, more=after.more)
    if math.isnan(found.middle):
        found_cells = ("", "", "", "")
    else:
        found_cells = (
            figure(found.middle),
            f"{figure(found.low)}..{figure(found.high)}",
            found.verdict,
            f"{found.confidence:.0%}",
        )
    cells = (after.contestant, after.row, after.unit, figure(before.median), figure(after.median))
    return f"| {' | '.join((*cells, *found_cells))} |"


def _relative(report: Report) -> list[Result]:
    """Each figure as how many times as good as its reference it is; the references are left out."""
    known = by_key(report.results)
    found = []
    for result in report.results:
        other = known.get((result.suite, result.reference)) if result.reference else None
        if other is not None and other is not result and (ratios := result.against(other)):
            found.append(replace(result, unit="of the reference", more=True, values=ratios))
    return found


def lines(before: Report, after: Report, *, relative: bool = False) -> Iterator[str]:
    """The table of what both have, and the names of what only one has."""
    old, new = (
        by_key(_relative(report) if relative else report.results) for report in (before, after)
    )
    both = [key for key in new if key in old and old[key].unit == new[key].unit]
    if both:
        yield HEADER
        yield RULE
        for key in both:
            yield _row(old[key], new[key])
    for name, of in (("A", old), ("B", new)):
        alone = [key for key in of if key not in both]
        if alone:
            yield f"only in {name}: {'; '.join(', '.join(key) for _, key in alone)}"
    for name, first in before.versions.items():
        if (second := after.versions.get(name, "none")) != first:
            yield f"not the same {name}: {first} and {second}"


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench compare",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("before", type=Path, metavar="A.json")
    parser.add_argument("after", type=Path, metavar="B.json")
    parser.add_argument("--relative", action="store_true", help="to the reference of each row")
    asked = parser.parse_args(argv)
    try:
        before, after = read(asked.before), read(asked.after)
    except (OSError, NotResultsError) as error:
        print(f"python -m bench compare: {error}", file=sys.stderr)
        return 2
    if apart := differences(before.machine, after.machine):
        print(
            "python -m bench compare: these figures are of two different machines, "
            f"{'; '.join(apart)}: their ratio would say nothing about the code",
            file=sys.stderr,
        )
        return 2
    for line in lines(before, after, relative=asked.relative):
        print(line)
    return 0
