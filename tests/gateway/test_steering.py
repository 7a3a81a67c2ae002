"""Newest wins, one at a time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hamaproto.gateway.steering import Newest


@given(st.lists(st.sampled_from(["put", "next", "done"]), max_size=80))
def test_one_is_done_at_a_time_and_the_newest_is_next(steps: list[str]) -> None:
    newest: Newest[int] = Newest()
    put, begun, superseded, busy = 0, [], [], False
    for step in steps:
        if step == "put":
            old = newest.put(put)
            superseded += [] if old is None else [old]
            put += 1
        elif step == "next":
            item = newest.next()
            assert item is None or not busy
            if item is not None:
                assert item == put - 1
                begun.append(item)
                busy = True
        else:
            newest.done()
            busy = False
        assert newest.is_busy is busy
    # Each is done, or superseded, or the one that waits.
    waits = [put - 1] if newest.is_due else []
    assert sorted(begun + superseded + waits) == list(range(put))
    assert repr(newest) == f"<Newest, {'busy' if busy else 'idle'}>"
