"""`hamaproto.io._clock`: when bytes arrived, by both clocks of this machine."""

from __future__ import annotations

import time

from hamaproto.io._clock import arrival


def test_an_arrival_is_now_by_both_clocks() -> None:
    before = (time.monotonic(), time.time())
    now = arrival()
    after = (time.monotonic(), time.time())
    assert before[0] <= now.monotonic <= after[0]
    # The wall clock may be set at any time, also back; but not by the hour while a test runs.
    assert before[1] - 3600 <= now.wall <= after[1] + 3600
