"""The window over a stream: whatever is fed, held and put back, no byte is lost or moved."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

#: What a reader does: feed so many bytes, pass so many on, ask for more, take some back.
STEPS = st.lists(
    st.tuples(st.sampled_from(("feed", "pass", "more", "back")), st.integers(0, 1 << 16)),
    max_size=40,
)
#: Small chunks and large ones, below and above what is joined to bytes that are held.
SIZES = (1, 2, 7, 100, 4095, 4096, 4097, 9000, 70_000, 140_000)
STREAM = bytes((at * 7 + at // 251) % 256 for at in range(1 << 20))


def offset(window: Any) -> int:
    return int(window.base + window.pos)


def holds(window: Any) -> None:
    """What is seen is what was fed at those offsets."""
    at = offset(window)
    assert 0 <= window.pos <= window.end <= len(window.data)
    assert at + window.end - window.pos <= window.fed
    held = bytes(window.data[window.pos : window.end])
    assert held == STREAM[at : at + len(held)]


# What comes when bytes were put back stands behind those that are queued.
@example(
    steps=[
        ("feed", 0),
        ("pass", 1),
        ("feed", 6),
        ("more", 0),
        ("back", 1),
        ("more", 0),
        ("feed", 0),
    ]
)
@given(steps=STEPS)
def test_what_is_passed_on_is_what_was_fed(twin: Any, steps: list[tuple[str, int]]) -> None:
    window = twin.module("window").Window()
    fed = 0
    for step, number in steps:
        at = offset(window)
        seen = window.end - window.pos
        if step == "feed":
            size = SIZES[number % len(SIZES)]
            window.feed(STREAM[fed : fed + size])
            fed += size
            assert offset(window) == at
        elif step == "pass":
            count = min(number, seen)
            window.pos += count
        elif step == "more":
            waiting = at + seen < fed
            assert window.more() or not waiting
            assert offset(window) == at
        elif back := min(at, number % 100):
            window.put_back(STREAM[at - back : at])
            assert offset(window) == at - back
        assert window.fed == fed
        holds(window)
    while window.pos < window.end or window.more():
        holds(window)
        window.pos = window.end
    assert offset(window) == fed


@given(sizes=st.lists(st.sampled_from(SIZES), min_size=1, max_size=5))
def test_what_was_read_is_not_kept_while_more_is_waited_for(twin: Any, sizes: list[int]) -> None:
    window = twin.module("window").Window()
    fed = 0
    for size in sizes:
        window.feed(STREAM[fed : fed + size])
        fed += size
    while window.pos < window.end or window.more():
        window.pos = window.end
    assert len(window.data) == 0
    assert offset(window) == window.fed == fed


def test_a_tail_that_is_held_does_not_cause_a_large_chunk_to_be_copied(twin: Any) -> None:
    window = twin.module("window").Window()
    window.feed(STREAM[:100])
    window.pos = 90
    chunk = STREAM[100:200_000]
    window.feed(chunk)
    assert window.more()
    assert len(window.data) == 10 + 4096
    window.pos += 10
    assert window.more()
    assert window.data is chunk
    assert offset(window) == 100
    holds(window)
    # Some of what is a copy was passed on, and the rest of it stands in the chunk as well.
    window = twin.module("window").Window()
    window.feed(STREAM[:100])
    window.pos = 90
    window.feed(chunk)
    assert window.more()
    window.pos += 2000
    assert window.more()
    assert window.data is chunk
    assert offset(window) == 2090
    holds(window)


def test_what_is_held_and_was_looked_at_to_no_avail_is_longer_when_it_is_looked_at_again(
    twin: Any,
) -> None:
    window = twin.module("window").Window()
    window.feed(b"ab")
    assert not window.more()
    for size, letter in enumerate("cdef", start=3):
        window.feed(letter.encode())
        assert bytes(window.data[window.pos : window.end]) == b"abcdef"[:size]
        assert not window.more()


@pytest.mark.parametrize("held", [0, 1])
def test_the_end(twin: Any, held: int) -> None:
    window = twin.module("window").Window()
    assert not window.final()
    window.feed(b"a")
    window.pos = 1 - held
    window.feed(b"b")
    window.close()
    assert window.eof
    assert window.final() is (held == 0)
    assert window.more() is (held == 1)
    assert window.final()


def test_what_was_read_is_let_go_of_where_more_can_come(twin: Any) -> None:
    window = twin.module("window").Window()
    assert window.let_go()
    window.feed(b"ab")
    window.pos = 1
    assert not window.let_go()
    assert window.data == b"ab"
    window.feed(b"cd")
    window.pos = 2
    # Something is queued behind it.
    assert not window.let_go()
    assert window.more()
    window.pos = window.end
    assert window.let_go()
    assert (window.base, window.pos, window.end, bytes(window.data)) == (4, 0, 0, b"")
    window.feed(b"ef")
    window.pos = 2
    window.close()
    assert not window.let_go()
    assert window.base + window.end == 6


@pytest.mark.parametrize("passed", [0, 1, 1000])
def test_a_chunk_may_stand_behind_bytes_that_went_elsewhere(twin: Any, passed: int) -> None:
    window = twin.module("window").Window()
    window.feed(b"ab")
    window.pos = 2
    window.feed(b"cd", passed)
    assert window.base + window.pos == 2 + passed
    assert window.fed == 4 + passed
    assert bytes(window.data[window.pos : window.end]) == b"cd"


def test_bytes_that_went_elsewhere_are_counted(twin: Any) -> None:
    window = twin.module("window").Window()
    window.feed(STREAM[:10])
    window.pos = 10
    window.pass_by(5)
    assert (offset(window), window.fed) == (15, 15)
    window.feed(STREAM[15:20])
    holds(window)
    assert offset(window) == 15


def test_what_is_held_again_and_again_does_not_grow(twin: Any) -> None:
    """What was passed on is let go, once it is more than what is held."""
    window = twin.module("window").Window()
    window.feed(STREAM[:100])
    window.pos = 99
    fed = 100
    for _ in range(5):
        window.feed(STREAM[fed : fed + 60])
        fed += 60
        at = offset(window)
        assert window.more()
        assert offset(window) == at
        holds(window)
        window.pos = window.end - 1
    assert len(window.data) < 200


def test_a_chunk_comes_to_all_that_is_held(twin: Any) -> None:
    """Where nothing of it was passed on, nothing is let go."""
    window = twin.module("window").Window()
    fed = 0
    for size in (100, 60, 5000, 60):
        window.feed(STREAM[fed : fed + size])
        fed += size
        while window.more():
            pass
        assert offset(window) == 0
        assert window.end == fed
        holds(window)
