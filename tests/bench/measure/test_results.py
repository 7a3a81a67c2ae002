"""The file of a run is read as it was written, and anything else is refused in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.measure.results import (
    Left,
    NotResultsError,
    Report,
    Result,
    check_writable,
    read,
    write,
)

REPORT = Report(
    "2026-01-01T00:00:00Z",
    "python -m bench run x",
    {"name": "here"},
    {"python": "3.11"},
    [
        Result("x", "row", "é", "µs", False, ("row", "base"), [1.5, 2.0], "note"),
        Result("x", "row", "base", "µs", False, None, [1.0, 2.0]),
    ],
    [Left("x", "row", "axis", "not installed")],
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write(REPORT, path)
    assert read(path) == REPORT
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"format": 2}',
        '{"format": 1, "results": [{}], "skipped": []}',
        json.dumps({"format": 1, "results": [], "skipped": [], "benchmarks": []}),
    ],
)
def test_another_file_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(NotResultsError, match=r"a\.json is not what `--json` writes"):
        read(path)


def test_figures_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write(REPORT, path)
    path.write_text(path.read_text().replace("1.5", '"fast"'))
    with pytest.raises(NotResultsError):
        read(path)


def test_where_nothing_can_be_written_is_said_before(tmp_path: Path) -> None:
    check_writable(tmp_path / "a.json")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        check_writable(tmp_path / "no" / "a.json")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        check_writable(tmp_path)


def test_a_ratio_is_above_one_for_what_is_better() -> None:
    fast = Result("x", "row", "fast", "µs", False, None, [1.0, 2.0])
    slow = Result("x", "row", "slow", "µs", False, None, [2.0, 6.0])
    assert fast.against(slow) == [2.0, 3.0]
    assert slow.against(fast) == [0.5, pytest.approx(1 / 3)]
