"""One shape of table, whose figures have three digits that count."""

from __future__ import annotations

import pytest

from bench.measure.results import Left, Report, Result
from bench.measure.table import HEADER, RULE, figure, span, table, text


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (2.0, "2"),
        (0.01234, "0.0123"),
        (0.12345, "0.12"),
        (1.2345, "1.23"),
        (9.999, "10.0"),
        (12.345, "12.3"),
        (99.96, "100"),
        (123456.7, "123,457"),
    ],
)
def test_a_figure_has_three_digits_and_no_power_of_ten(value: float, words: str) -> None:
    assert figure(value) == words


def test_a_range_of_one_figure_is_that_figure() -> None:
    assert span([3.001, 3.002]) == "3.00"
    assert span([1.5, 0.5, 1.0]) == "0.50..1.50"


def result(contestant: str, values: list[float], *, more: bool, note: str = "") -> Result:
    return Result("suite", "row", contestant, "unit", more, ("row", "base"), values, note)


def test_the_last_column_is_above_one_for_what_is_better() -> None:
    for more, values in ((True, [20.0, 40.0, 60.0]), (False, [5.0, 10.0, 15.0])):
        base = result("base", [10.0, 20.0, 30.0], more=more)
        ours = result("ours", values, more=more)
        lines = list(table([base, ours]))
        assert lines[:2] == [HEADER, RULE]
        assert lines[2] == "| base | row | unit | 20 | 10..30 | 3 | 1 (reference) |"
        assert lines[3].endswith(" | 3 | 2 |")


def test_nothing_is_compared_with_what_is_not_there() -> None:
    assert list(table([result("ours", [1.0], more=True)]))[2].endswith("| 1 |  |")
    zero = result("base", [0.0], more=True)
    assert list(table([zero, result("ours", [1.0], more=True)]))[3].endswith("| 1 |  |")


def test_notes_and_what_was_left_out_stand_below() -> None:
    report = Report("", "", {}, {}, [result("ours", [1.0], more=True, note="wrong: 1 of 2")])
    report.skipped += [Left("suite", row, "axis", "not installed") for row in ("a", "b")]
    report.skipped.append(Left("suite", "a", "other", "raised"))
    assert text(report).splitlines()[2].startswith("| ours * | row | ")
    assert text(report).splitlines()[3:] == [
        "",
        "* ours, row: wrong: 1 of 2",
        "skipped: axis (2 rows): not installed",
        "skipped: other (a): raised",
    ]
