"""All of a contest take turns, and what fails does not take the others with it."""

from __future__ import annotations

from bench.measure.entries import FRAMES, NS_A_FRAME, Skipped, Timed, Told, Unit
from bench.measure.results import Left, Result
from bench.measure.rounds import measure, once, wanted


def quiet(_: str) -> None:
    pass


def busy(times: int) -> None:
    for _ in range(times):
        sum(range(1000))


def test_all_take_turns_backwards_every_second_time() -> None:
    order: list[str] = []

    def entry(name: str) -> Told:
        def run() -> list[float]:
            order.append(name)
            return [len(order)]

        return Told(name, (("row", FRAMES),), run, "a")

    outcome = list(measure("suite", [entry("a"), entry("b"), entry("c")], 3, quiet))
    assert order == [*"abc", *"cba", *"abc"]
    first = outcome[0]
    assert isinstance(first, Result)
    assert first.values == [1, 6, 7]
    assert first.reference == ("row", "a")


def test_a_figure_is_the_time_of_one_whatever_the_number_of_calls() -> None:
    small = Timed("row", "small", NS_A_FRAME, 1, lambda: busy(1))
    large = Timed("row", "large", NS_A_FRAME, 100, lambda: busy(100))
    one, two = measure("suite", [small, large], 3, quiet)
    assert isinstance(one, Result)
    assert isinstance(two, Result)
    assert 0.3 < one.median / two.median < 3


def test_sleep_takes_no_processor_time_but_takes_time() -> None:
    import threading

    event = threading.Event()
    wait = Timed("row", "who", NS_A_FRAME, 1, lambda: event.wait(0.02), wall=True)
    assert once(wait) > 0.015
    assert once(Timed("row", "who", NS_A_FRAME, 1, lambda: event.wait(0.02))) < 0.015


def test_what_raises_is_left_out_and_says_why() -> None:
    calls = 0

    def broken() -> None:
        raise ValueError("no\nsuch\nthing")

    def late() -> list[float]:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise RuntimeError("gone")
        return [1.0]

    contest = [
        Timed("row", "broken", NS_A_FRAME, 1, broken),
        Told("late", (("row", FRAMES),), late),
        Told("fine", (("row", FRAMES),), lambda: [2.0]),
        Skipped("row", "absent", "not installed"),
    ]
    broke, gone, fine, absent = measure("suite", contest, 3, quiet)
    assert broke == Left("suite", "row", "broken", "raised ValueError: no such thing")
    assert gone == Left("suite", "row", "late", "raised RuntimeError: gone")
    assert isinstance(fine, Result)
    assert fine.values == [2.0, 2.0, 2.0]
    assert absent == Left("suite", "row", "absent", "not installed")


def test_what_is_always_the_same_is_asked_once() -> None:
    contest = [Told("who", (("read", FRAMES), ("lost", Unit("frames"))), lambda: [3, 0], once=True)]
    for outcome in measure("suite", contest, 5, quiet):
        assert isinstance(outcome, Result)
        assert len(outcome.values) == 1


def test_words_choose_rows_and_contestants_and_keep_their_references() -> None:
    def run() -> None:
        pass

    contest = [
        Timed("row", "limit", NS_A_FRAME, 1, run, ("row", "limit")),
        Timed("row", "ours", NS_A_FRAME, 1, run, ("row", "limit")),
        Timed("row", "theirs", NS_A_FRAME, 1, run, ("row", "limit")),
        Told("ours", (("count", FRAMES),), lambda: [1], "base"),
        Told("base", (("count", FRAMES),), lambda: [1], "base"),
        Skipped("row", "absent", "not installed"),
    ]
    names = [entry.contestant for entry in wanted(contest, ["ours"])]
    assert names == ["limit", "ours", "ours", "base"]
    assert wanted(contest, []) == contest
    assert [entry.contestant for entry in wanted(contest, ["absent"])] == ["absent"]
