"""Slow and quick viewers, told by how long they take to answer."""

from __future__ import annotations

from hamaproto.gateway.pace import Pace


def answer(pace: Pace, took: float) -> None:
    said = pace.ask(100.0)
    assert pace.answered(said, 100.0 + took)


def test_a_viewer_is_slow_once_it_got_stuck_and_until_it_was_quick_for_long() -> None:
    pace = Pace()
    answer(pace, 0.2)
    assert not pace.is_slow
    pace.stuck(0.2)
    for _ in range(50):
        # A picture takes its time on this line.
        answer(pace, 0.5)
    assert pace.is_slow
    for _ in range(9):
        answer(pace, 0.22)
    assert pace.is_slow
    answer(pace, 0.22)
    assert not pace.is_slow
    assert repr(pace) == "<Pace quick>"


def test_one_slow_answer_begins_the_count_anew() -> None:
    pace = Pace()
    answer(pace, 0.001)
    pace.stuck(0.2)
    for took in [0.01] * 8 + [0.3] + [0.01] * 8:
        answer(pace, took)
    assert pace.is_slow


def test_who_is_stuck_for_a_moment_is_not_slow() -> None:
    pace = Pace()
    answer(pace, 0.001)
    for _ in range(100):
        pace.stuck(0.1)
    assert not pace.is_slow


def test_only_the_last_question_is_answered() -> None:
    pace = Pace()
    first, second = pace.ask(1.0), pace.ask(2.0)
    assert not pace.answered(first, 3.0)
    assert not pace.answered(b"", 3.0)
    assert not pace.answered(b"x" * 125, 3.0)
    assert pace.answered(second, 3.0)
