"""`hamaproto.inbox`: bounded in events and in bytes, whatever is put in."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hamaproto.events import Anomaly, AnomalyCode, AudioFrame, EndOfStream, Frame, Part
from hamaproto.headers import Headers
from hamaproto.inbox import Inbox

events = st.one_of(
    st.integers(0, 500).map(lambda size: Frame(bytes(size))),
    st.integers(0, 500).map(lambda size: Part(bytes(size), Headers())),
    st.just(33).map(lambda size: AudioFrame(bytes(size))),
    st.just(0).map(lambda offset: Anomaly(AnomalyCode.JUNK, offset)),
)


@given(st.lists(events, max_size=60), st.integers(1, 8), st.integers(1, 1000))
def test_a_full_one_is_no_larger_than_it_was_to_be(given: list[Any], size: int, most: int) -> None:
    inbox: Inbox[Any] = Inbox(size, max_bytes=most)
    waiting = list(given)
    taken = []
    while waiting or inbox:
        while waiting and not inbox.is_full:
            inbox.put(waiting.pop(0))
            assert len(inbox) <= size
            assert inbox.bytes < most + 500
            assert inbox.is_full == (len(inbox) == size or inbox.bytes >= most)
        # At least one is let in, so that it always goes on.
        taken.append(inbox.get())
        assert inbox.is_full == (len(inbox) == size or inbox.bytes >= most)
    assert [id(event) for event in taken] == [id(event) for event in given]
    assert inbox.get() is None
    assert inbox.bytes == 0
    assert inbox.dropped == 0


@given(st.lists(events, max_size=60), st.integers(1, 8), st.integers(1, 1000))
def test_latest_keeps_the_newest_frame(given: list[Any], size: int, most: int) -> None:
    inbox: Inbox[Any] = Inbox(size, latest=True, max_bytes=most)
    for event in given:
        assert not inbox.is_full
        inbox.put(event)
        assert len(inbox) <= size + 1
        assert inbox.bytes < most + 1000
    left = [inbox.get() for _ in range(len(inbox))]
    frames = [event for event in given if isinstance(event, Frame)]
    assert [e for e in left if isinstance(e, Frame)] == frames[-1:]
    # In their order, and the last event is always among them.
    places = [next(i for i, e in enumerate(given) if e is event) for event in left]
    assert places == sorted(places)
    assert not given or left[-1] is given[-1]
    assert inbox.bytes == 0
    assert inbox.dropped == len(given) - len(left)


def test_the_end_is_not_dropped() -> None:
    inbox: Inbox[Any] = Inbox(1, latest=True, max_bytes=10)
    for event in (Frame(bytes(100)), Part(bytes(100), Headers()), EndOfStream()):
        inbox.put(event)
    assert [type(inbox.get()) for _ in range(len(inbox))] == [Frame, EndOfStream]


def test_what_nobody_wants_any_more_goes_uncounted() -> None:
    inbox: Inbox[Any] = Inbox(5)
    for size in (7, 5):
        inbox.put(Frame(bytes(size)))
    assert repr(inbox) == "<Inbox of 2 events, 12 bytes>"
    inbox.clear()
    assert (len(inbox), inbox.bytes, inbox.dropped, bool(inbox)) == (0, 0, 0, False)


def test_what_carries_no_bytes_weighs_nothing() -> None:
    inbox: Inbox[Any] = Inbox(5)
    inbox.put(Anomaly(AnomalyCode.JUNK, 0))
    assert inbox.bytes == 0
    inbox.get()
    assert inbox.bytes == 0
