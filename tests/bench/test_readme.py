"""`python -m bench --readme`: a table of bench/README.md is what the command beside it prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from documents import blocks

from bench import aims, readme
from bench.measure import rounds
from bench.measure.catalogue import chosen, suites
from bench.measure.entries import Options
from bench.measure.results import Report, Result, write
from bench.measure.table import HEADER, RULE
from bench.readme import README, main, rewritten, tables
from bench.run import parser, run

TEXT = README.read_text(encoding="utf-8")
FIGURE = r"-?[\d,]+(?:\.\d+)?"


def test_each_table_has_the_shape_that_the_program_prints() -> None:
    lines = TEXT.splitlines()
    found = list(tables(lines))
    assert {table.words[0] for table in found} <= {"run", "aims"}
    for table in found:
        rows = lines[table.start + 2 : table.stop]
        assert rows
        if table.words[0] == "aims":
            aims.parser().parse_args(table.words[1:])
            assert lines[table.start : table.start + 2] == [aims.HEADER, aims.RULE]
            assert len(rows) == len(aims.AIMS)
            for row, aim in zip(rows, aims.AIMS, strict=True):
                assert row.startswith(f"| {aim.what} | {aim.aimed} | ")
                assert row.endswith(("| met |", "| missed |")) or "| not there: " in row
            continue
        assert chosen(parser().parse_args(table.words[1:]).suite)
        assert lines[table.start : table.start + 2] == [HEADER, RULE]
        for row in rows:
            cells = [cell.strip() for cell in row.strip("|").split(" | ")]
            assert len(cells) == 7, row
            contestant, name, unit, median, span, rounds, times = cells
            assert contestant
            assert name
            assert unit
            assert re.fullmatch(FIGURE, median), row
            assert re.fullmatch(rf"{FIGURE}(\.\.{FIGURE})?", span), row
            assert rounds.isdecimal()
            assert re.fullmatch(rf"(1 \(reference\)|{FIGURE})?", times), row


def test_what_the_program_prints_in_place_of_itself_changes_nothing() -> None:
    lines = TEXT.splitlines()
    kept = {table.words: lines[table.start : table.stop] for table in tables(lines)}
    assert rewritten(TEXT, lambda words: kept[tuple(words)]) == TEXT
    assert rewritten(TEXT, lambda words: []) == TEXT


def test_a_table_without_a_command_is_told() -> None:
    with pytest.raises(ValueError, match="line 3: no command"):
        list(tables(["# Title", "", HEADER, RULE]))


def test_figures_of_a_file_take_their_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "README.md"
    page.write_text(
        f"`python -m bench run gsm --only ours` prints:\n\n{HEADER}\n{RULE}\n| old |\n\n"
        f"`python -m bench run params`:\n\n{HEADER}\n{RULE}\n| stays |\n\nThe end.\n"
    )
    monkeypatch.setattr(readme, "README", page)
    results = [
        Result("gsm", "decode", name, "ns a frame", False, ("decode", "limit"), [value])
        for name, value in (("limit", 1.0), ("ours", 2.0), ("theirs", 3.0))
    ]
    write(Report("", "", {}, {}, results), tmp_path / "a.json")
    assert main(["--from", str(tmp_path / "a.json")]) == 0
    said = capsys.readouterr().out
    assert "| old |" not in said
    assert "| stays |" in said
    assert said.endswith("The end.\n")
    assert [line.split(" | ")[0] for line in said.splitlines() if "decode" in line] == [
        "| limit",
        "| ours",
    ]
    assert main(["--from", str(tmp_path / "none.json")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_suite_that_is_shown_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = next(block for block in blocks(TEXT, "python") if "def contests(" in block)
    (tmp_path / "shown_suites").mkdir()
    (tmp_path / "shown_suites" / "numbers.py").write_text(shown)
    monkeypatch.syspath_prepend(str(tmp_path))
    (suite,) = suites(tmp_path / "shown_suites", "shown_suites")
    assert suite.about == "How fast JSON is read"
    assert suite.settings == {"numbers": 1000}
    monkeypatch.setattr(rounds, "SHORTEST", 1e-5)
    report = run([suite], Options(quick=True), 2, say=lambda _: None)
    assert [(result.row, result.contestant) for result in report.results] == [
        ("10 numbers", "json"),
        ("10 numbers", "eval"),
    ]
    assert report.skipped == []
