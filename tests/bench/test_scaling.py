"""`python -m bench scaling`: a picture and a line for each series, and what is wrong in a line."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import scaling
from bench.curves import Asked, Curve, Series
from bench.measure.fits import Point, power
from bench.measure.lock import alone
from bench.scaling import HEADER, RULE, draw, line, lines, main


def series(exponent: float, expected: str) -> Series:
    points = tuple(Point(x, (x**exponent, x**exponent * 1.01)) for x in (1, 10, 100))
    return Series("ours", "s", points, power(points), "time", expected)


def measured(asked: Asked) -> Iterator[Series]:
    assert asked.rounds == 2
    yield series(1, "linear")
    yield series(2, "")


GOOD = Curve("good", "bytes", measured)
BAD = Curve("bad", "bytes", lambda _: iter([series(2, "linear")]))


@pytest.fixture(autouse=True)
def _curves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "CURVES", (GOOD, BAD))
    monkeypatch.setattr(
        scaling, "alone", lambda wait, what: alone(wait, what, path=tmp_path / "lock")
    )
    # A font of matplotlib is looked for once, below the home of whoever runs it.
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path))


def test_each_series_has_a_line_that_says_what_it_is() -> None:
    assert line("length", series(1, "linear")) == (
        "| length | ours | time | 1 | 1.00..1.00 | linear | linear |"
    )
    assert list(lines([("a", series(0, "flat"))]))[:2] == [HEADER, RULE]


def test_a_curve_is_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scaling, "draw", lambda *_: None)
    assert main(["good", "--rounds", "2", "--output", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[2].startswith("| good | ours | time |")
    assert main(["--rounds", "2", "--output", str(tmp_path)]) == 1


def test_a_picture_is_drawn(tmp_path: Path) -> None:
    if importlib.util.find_spec("matplotlib") is None:
        pytest.skip("matplotlib is not installed")
    path = tmp_path / "a.png"
    draw(GOOD, [series(1, "linear"), series(2, "")], path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_the_numbers_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> None:
        raise ImportError("matplotlib")

    monkeypatch.setattr(scaling, "draw", missing)
    assert main(["good", "--rounds", "2", "--output", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert "| good |" in said.out
    assert said.err == "no scaling-good.png: matplotlib is not installed\n"


@pytest.mark.parametrize("words", [["nothing"], ["--output", "/no/such/folder"], ["--rounds", "0"]])
def test_what_is_wrong_is_told(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert words[-1] in capsys.readouterr().err
