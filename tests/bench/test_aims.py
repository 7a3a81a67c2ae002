"""Each aim is a row that some suite has, and is met or missed by its figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import aims
from bench.aims import AIMS, HEADER, NEEDED, Aim, lines, main
from bench.measure.catalogue import suites
from bench.measure.machine import machine
from bench.measure.results import Left, Report, Result, write

LEAST = Aim("speed", "x", "row", ("a", "b"), 0.5, "of", (None, "limit"))
MOST = Aim("cost", "x", "row", ("a",), 1.5, "costs", ("other row", None))
ABSOLUTE = Aim("memory", "x", "row", ("a",), 3.0, "is", unit="kB")


def result(row: str, contestant: str, values: list[float], *, more: bool = False) -> Result:
    return Result("x", row, contestant, "unit", more, None, values)


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aims, "AIMS", (LEAST, MOST, ABSOLUTE))


def test_each_aim_is_of_a_suite_that_is_measured_for_it() -> None:
    known = {suite.name for suite in suites()}
    assert set(NEEDED) <= known
    assert {aim.suite for aim in AIMS} == set(NEEDED)
    assert len({aim.what for aim in AIMS}) == len(AIMS)


@pytest.mark.usefixtures("three")
def test_a_ratio_is_of_the_rounds_and_the_better_way_counts() -> None:
    report = Report("", "", {}, {})
    report.results = [
        result("row", "limit", [10.0, 20.0, 30.0]),
        result("row", "a", [25.0, 40.0, 62.0]),
        result("row", "b", [20.0, 40.0, 50.0]),
        result("other row", "a", [25.0, 20.0, 31.0]),
    ]
    assert list(lines(report))[2:] == [
        "| speed | >= 0.50 x | 0.50 | 0.50..0.60 | 3 | met |",
        "| cost | <= 1.50 x | 2 | 1..2 | 3 | missed |",
        "| memory | <= 3 kB | 40 | 25..62 | 3 | missed |",
    ]


@pytest.mark.usefixtures("three")
def test_what_is_not_there_says_why() -> None:
    report = Report("", "", {}, {}, [], [Left("x", "all", "all", "no such name")])
    assert list(lines(report))[2] == "| speed | >= 0.50 x | | | | not there: no such name |"
    report.skipped.clear()
    assert list(lines(report))[2].endswith("| not there: not measured |")


def test_figures_of_a_file_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.json"
    write(Report("", "python -m bench aims", machine(), {}, [result("row", "a", [1.0])]), path)
    assert main(["--from", str(path)]) == 0
    said = capsys.readouterr().out
    assert HEADER in said
    assert said.count("not there") == len(AIMS)
    assert main(["--from", str(tmp_path / "none.json")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
