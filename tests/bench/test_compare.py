"""Two runs: the ratios with the intervals of a rank test, and no two machines."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path

import pytest

from bench.compare import main, ratio
from bench.measure.machine import machine
from bench.measure.results import Report, Result, write


def report(values: list[float], base: list[float] | None = None, **changes: str) -> Report:
    rows = [
        Result("x", "row", "base", "µs", False, ("row", "base"), base or [1.0] * len(values)),
        Result("x", "row", "ours", "µs", False, ("row", "base"), values),
    ]
    return Report("", "", machine() | changes, {"python": "3.11"}, rows)


@pytest.mark.parametrize(("one", "two", "sure"), [(5, 5, 0.968), (4, 4, 0.971), (3, 3, 0.9)])
def test_the_interval_is_that_of_the_tables_of_the_rank_test(
    one: int, two: int, sure: float
) -> None:
    """The confidence is counted here, over all orders in which the rounds may come."""
    found = ratio([1.0 + n for n in range(one)], [100.0 + n for n in range(two)], more=True)
    pairs = sorted((100.0 + b) / (1.0 + a) for a in range(one) for b in range(two))
    cut = pairs.index(found.low)
    orders = list(itertools.combinations(range(one + two), one))
    sums = [sum(order) - one * (one - 1) // 2 for order in orders]
    outside = sum(value <= cut for value in sums) / len(orders)
    assert found.confidence == pytest.approx(1 - 2 * outside)
    assert found.confidence == pytest.approx(sure, abs=0.001)
    assert found.high == pairs[-1 - cut]


def test_a_ratio_is_above_one_for_what_is_better() -> None:
    assert ratio([1.0], [2.0], more=True).middle == 2
    assert ratio([1.0], [2.0], more=False).middle == 0.5
    assert ratio([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], more=True).middle == 1


def test_a_verdict_needs_rounds_enough() -> None:
    assert ratio([1.0], [2.0], more=True).verdict == ""
    assert ratio([1.0, 1.1, 1.2], [2.0, 2.1, 2.2], more=True).verdict == "better"
    assert ratio([1.0, 1.1, 1.2], [2.0, 2.1, 2.2], more=False).verdict == "worse"
    assert ratio([1.0, 2.0, 3.0], [1.1, 2.1, 2.9], more=True).verdict == ""


def test_nothing_has_no_ratio() -> None:
    assert math.isnan(ratio([0.0], [0.0], more=False).middle)


def test_two_files_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = tmp_path / "a.json", tmp_path / "b.json"
    before, after = report([2.0, 2.1, 2.2]), report([1.0, 1.1, 1.2])
    before.results.append(replace(before.results[0], row="gone"))
    after.versions["python"] = "3.12"
    write(before, one)
    write(after, two)
    assert main([str(one), str(two)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "| base | row | µs | 1 | 1 | 1 | 1..1 |  | 90% |"
    assert lines[3] == "| ours | row | µs | 2.10 | 1.10 | 1.91 | 1.67..2.20 | better | 90% |"
    assert lines[4] == "only in A: gone, base"
    assert lines[5] == "not the same python: 3.11 and 3.12"


def test_a_machine_that_became_slower_is_left_out_if_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = tmp_path / "a.json", tmp_path / "b.json"
    write(report([2.0, 2.1, 2.2], [1.0, 1.0, 1.1]), one)
    write(report([4.0, 4.2, 4.4], [2.0, 2.0, 2.2]), two)
    assert main([str(one), str(two)]) == 0
    assert capsys.readouterr().out.count("worse") == 2
    assert main(["--relative", str(one), str(two)]) == 0
    said = capsys.readouterr().out
    assert "worse" not in said
    assert "| ours | row | of the reference |" in said


def test_two_machines_are_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = tmp_path / "a.json", tmp_path / "b.json"
    write(report([1.0]), one)
    write(report([1.0], name="elsewhere"), two)
    assert main([str(one), str(two)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "two different machines, named" in said.err
    assert "and elsewhere" in said.err


def test_what_is_no_file_of_a_run_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    for names in (("none.json", "none.json"), (str(bad), str(bad))):
        assert main(names) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
