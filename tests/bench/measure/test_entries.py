"""Units make seconds into figures, and settings are as they were asked for."""

from __future__ import annotations

import pytest

from bench.measure.entries import GB_A_SECOND, NS_A_FRAME, Options, Skipped, Timed, tried


def test_a_unit_says_how_much_in_a_second_or_how_long_for_one() -> None:
    assert GB_A_SECOND.of(0.5, 1e9) == pytest.approx(2.0)
    assert NS_A_FRAME.of(0.5, 1000) == pytest.approx(500_000)
    assert GB_A_SECOND.more
    assert not NS_A_FRAME.more


def test_a_setting_is_set_or_quick_or_usual() -> None:
    assert Options().setting("frames", 2000, 40) == 2000
    assert Options(quick=True).setting("frames", 2000, 40) == 40
    assert Options(quick=True).setting("frames", 2000) == 2000
    assert Options(quick=True, settings={"frames": 7}).setting("frames", 2000, 40) == 7


def test_what_raises_cannot_be_measured() -> None:
    def broken() -> None:
        raise ValueError("no\nsuch thing")

    fine = Timed("row", "fine", NS_A_FRAME, 1, lambda: None)
    assert tried(fine) is fine
    assert tried(Timed("row", "broken", NS_A_FRAME, 1, broken)) == Skipped(
        "row", "broken", "raised ValueError: no such thing"
    )
