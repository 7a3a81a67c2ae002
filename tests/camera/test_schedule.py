"""A schedule means what it says, and what makes no sense is told with its line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.camera.schedule import (
    ACTIONS,
    MAX_SCHEDULE,
    Deed,
    Step,
    Timetable,
    read_deed,
    read_schedule,
)
from hamaproto.errors import LocalProtocolError


def test_a_schedule_is_read_line_by_line() -> None:
    text = """
    # a bad minute
    at 5s: drop 30% for 2s   # thirty in a hundred
    at 10s: stall for 500ms

    at 12s: set Image.I0.Stream.FPS=5
    every 1.5m : reboot 2s
    at 0s: lf
    """
    assert read_schedule(text) == (
        Step(5.0, Deed("fault", "drop:percent=30", 2.0)),
        Step(10.0, Deed("stall", "", 0.5)),
        Step(12.0, Deed("set", "Image.I0.Stream.FPS=5")),
        Step(90.0, Deed("reboot", "", 2.0), every=True),
        Step(0.0, Deed("fault", "lf")),
    )
    assert read_schedule("") == ()


@pytest.mark.parametrize(
    ("words", "deed"),
    [
        ("stall", Deed("stall")),
        ("stall 2s", Deed("stall", "", 2.0)),
        ("stall@2 for 1h", Deed("fault", "stall@2", 3600.0)),
        ("die 5", Deed("fault", "die:after=5")),
        ("drop 0.5 %", Deed("fault", "drop:percent=0.5")),
        ("drop:percent=7", Deed("fault", "drop:percent=7")),
        ("  kill ", Deed("kill")),
        ("heal", Deed("heal")),
        ("motion for 3s", Deed("motion", "", 3.0)),
    ],
)
def test_deeds(words: str, deed: Deed) -> None:
    assert read_deed(words) == deed


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("drop 30%", "a time and a deed are needed, as in 'at 5s: drop 30% for 2s'"),
        ("at 5: kill", "'5' is no time; 5s, 500ms"),
        ("at -5s: kill", "'-5s' is no time"),
        ("at 999999h: kill", "is no time; .* up to 168h"),
        ("at 5s: nonsense", "no fault is named 'nonsense'; .*; and there are the deeds stall, "),
        ("at 5s: lf 30%", "'30%' can't follow 'lf'"),
        ("at 5s: drop thirty", "'thirty' can't follow 'drop'"),
        ("at 5s: die 1.5", "a number has to follow"),
        ("at 5s: kill for 2s", "'kill' is done at once and takes no time"),
        ("at 5s: kill all", "nothing may follow 'kill' but a time"),
        ("at 5s: stall now", "'now' is no time"),
        ("at 5s: set FPS", "set KEY=VALUE is needed"),
        ("at 5s: set FPS=5", "no parameter 'FPS' can be set; there are Image.I0"),
        ("every 0s: kill", "'every' needs a time above 0"),
    ],
)
def test_what_makes_no_sense_is_told_with_its_line(line: str, said: str) -> None:
    with pytest.raises(LocalProtocolError, match=f"line 2 of the schedule: .*{said}"):
        read_schedule(f"# one\n{line}")


def test_a_schedule_is_a_value() -> None:
    assert len({Deed("kill"), Deed("kill"), Step(1.0, Deed("kill")), Step(1.0, Deed("kill"))}) == 2
    with pytest.raises(AttributeError):
        Deed("kill").action = "stall"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        Step(1.0, Deed("kill")).at = 2.0  # type: ignore[misc]


def test_a_schedule_is_bounded() -> None:
    assert read_schedule("#" * MAX_SCHEDULE) == ()
    with pytest.raises(LocalProtocolError, match="are the most"):
        read_schedule("#" * (MAX_SCHEDULE + 1))


@given(st.text(alphabet="at every5s:ms drop%for#\n=.1", max_size=60))
def test_any_text_is_a_schedule_or_an_error(text: str) -> None:
    try:
        steps = read_schedule(text)
    except LocalProtocolError:
        return
    assert all(step.deed.action in {*ACTIONS, "fault"} for step in steps)


KILL = Deed("kill")


def test_deeds_are_taken_in_their_order() -> None:
    steps = [Step(2.0, Deed("heal")), Step(1.0, KILL), Step(2.0, KILL)]
    table = Timetable(steps)
    assert table.due() == 1.0
    assert table.take(0.9) == []
    assert table.take(1.0) == [KILL]
    assert table.due() == 2.0
    assert "2 steps, next at 2.0 s" in repr(table)
    assert table.take(5.0) == [Deed("heal"), KILL]
    assert table.due() is None
    assert Timetable(()).due() is None


@given(
    st.floats(0.001, 10),
    st.lists(st.floats(0.0, 30), max_size=30).map(sorted),
)
def test_what_repeats_is_due_at_each_multiple_and_once_if_it_was_missed(
    every: float, times: list[float]
) -> None:
    table = Timetable([Step(every, KILL, every=True)])
    last = 0.0
    for now in times:
        due = table.due()
        assert due is not None
        assert last < due <= last + 1.001 * every or due > last
        taken = table.take(now)
        assert taken == ([KILL] if due <= now else [])
        after = table.due()
        assert after is not None
        assert after > now
        assert after <= max(now, due) + 1.001 * every
        last = now


def test_what_repeats_comes_at_multiples() -> None:
    table = Timetable([Step(0.1, KILL, every=True)])
    seen = []
    for _ in range(30):
        due = table.due()
        assert due is not None
        seen.append(due)
        assert table.take(due) == [KILL]
    assert seen == pytest.approx([number / 10 for number in range(1, 31)])
