"""Each contestant of each suite in small: timed by pytest-benchmark, or run once.

A suite whose module says `MICRO = False` is left to `python -m bench run`: it takes processes
and seconds.  The groups of pytest-benchmark's table are the suites.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.measure.catalogue import Suite, suites
from bench.measure.entries import Options, Skipped, Timed, Told


def micro() -> Iterator[Suite]:
    for suite in suites():
        if getattr(importlib.import_module(suite.module), "MICRO", True):
            yield suite


ENTRIES = [
    (suite.name, entry)
    for suite in micro()
    for contest in suite.contests(Options(quick=True))
    for entry in contest
]


def named(entry: Timed | Told | Skipped) -> str:
    row = entry.rows[0][0] if isinstance(entry, Told) else entry.row
    return f"{row}: {entry.contestant}"


def parameters(kind: type[Timed] | type[Told]) -> Iterator[object]:
    """Those of this kind; what cannot be measured here is among the timed."""
    for suite, entry in ENTRIES:
        if isinstance(entry, kind):
            yield pytest.param(suite, entry, id=f"{suite}: {named(entry)}")
        elif isinstance(entry, Skipped) and kind is Timed:
            skip = pytest.mark.skip(reason=entry.why)
            yield pytest.param(suite, entry, id=f"{suite}: {named(entry)}", marks=skip)


@pytest.mark.parametrize(("suite", "entry"), [*parameters(Timed)])
def test_timed(suite: str, entry: Timed, benchmark: BenchmarkFixture) -> None:
    benchmark.group = suite
    benchmark.extra_info.update(unit=entry.unit.name, amount=entry.amount, note=entry.note)
    benchmark(entry.run)


@pytest.mark.parametrize(("suite", "entry"), [*parameters(Told)])
def test_told(suite: str, entry: Told) -> None:
    assert len(entry.run()) == len(entry.rows), suite
