"""`python -m bench run`: what is asked for is measured, and what is wrong is told in a line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench import run as bench_run
from bench.__main__ import main as bench
from bench.measure import lock, rounds
from bench.measure.catalogue import chosen, suites
from bench.measure.lock import alone
from bench.measure.results import read
from bench.measure.table import HEADER
from bench.run import main

QUICK = ["small", "--quick", "--rounds", "1", "--set", "lines=10"]
SUITE = '''"""A suite that costs nothing."""

from bench.measure.entries import NS_A_BYTE, Timed

SETTINGS = {"lines": 3}


def contests(options):
    for shape in ("", ", again"):
        count = options.setting("lines", 3)
        row = f"{count} lines{shape}"
        yield [Timed(row, "ours", NS_A_BYTE, count, lambda: None, (row, "ours"))]
'''


@pytest.fixture(autouse=True)
def _own_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_suites").mkdir()
    (tmp_path / "own_suites" / "small.py").write_text(SUITE)
    monkeypatch.syspath_prepend(str(tmp_path))
    found = suites(tmp_path / "own_suites", "own_suites")
    monkeypatch.setattr(bench_run, "chosen", lambda names: chosen(names, found))
    monkeypatch.setattr(rounds, "SHORTEST", 1e-5)


@pytest.fixture(autouse=True)
def own_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nobody who measures on this machine is kept waiting by its tests."""
    path = tmp_path / "lock"
    monkeypatch.setattr(bench_run, "alone", lambda wait, what: alone(wait, what, path=path))
    monkeypatch.setattr(lock, "PAUSE", 0.001)
    return path


def test_a_suite_is_measured_printed_and_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.json"
    assert main([*QUICK, "--json", str(path)]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("`python -m bench run small --quick")
    assert HEADER in said.out
    assert "measured: small, 10 lines" in said.err
    report = read(path)
    assert [result.row for result in report.results] == ["10 lines", "10 lines, again"]
    assert all(len(result.values) == 1 for result in report.results)
    assert report.command in said.out


def test_what_is_wrong_is_told_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, why in (
        (["nothing"], "there is no suite 'nothing': small"),
        (["small", "--set", "frames=3"], "no setting 'frames' in small: lines"),
        (["small", "--reader", "nothing"], "write module:function"),
        (["small", "--only", "theirs"], "no row and no contestant has theirs in it"),
        (["small", "--against", str(tmp_path)], "there is no hamaproto in this folder"),
        (["small", "--json", str(tmp_path / "no" / "a.json")], "there is no folder"),
    ):
        assert main(words) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert len(said.err.splitlines()) == 1
        assert why in said.err


@pytest.mark.parametrize("words", [["--rounds", "0"], ["--set", "lines"], ["--set", "lines=-1"]])
def test_a_number_that_is_none_is_told(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["small", *words])
    assert words[0] in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="no flock there")
def test_a_second_measurement_gives_up(own_lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with alone(0, "the first", path=own_lock):
        assert main([*QUICK, "--wait", "0.01"]) == 1
    said = capsys.readouterr().err
    assert said.count("the first") == 2
    assert "gave up" in said


def test_what_was_measured_before_an_interruption_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = bench_run.measure
    calls = 0

    def once(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return measure(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(bench_run, "measure", once)
    path = tmp_path / "a.json"
    assert main([*QUICK, "--json", str(path)]) == 130
    assert "interrupted" in capsys.readouterr().out
    assert {result.row for result in read(path).results} == {"10 lines"}


def test_any_command_that_is_interrupted_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.compare.main", interrupted)
    assert bench(["compare", "a", "b"]) == 130
    assert capsys.readouterr().err == "python -m bench compare: interrupted\n"


def test_the_suites_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench([]) == 0
    said = capsys.readouterr().out
    for name in ("mjpeg/live", "heads", "params", "gsm", "import", "compare"):
        assert f"    {name} " in said
    assert bench(["nothing"]) == 2
