"""A camera and its readers, each a process: what one of them says, and that a failure passes."""

from __future__ import annotations

import sys

import pytest

from bench.measure.child import ChildError
from bench.traffic.both import Traffic

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no sendmsg there")

WAY = "hamaproto.io.asyncio"


def test_a_reader_that_failed_does_not_spoil_the_next_one() -> None:
    traffic = Traffic(2, 30, 0)
    good = traffic.receiver(WAY)
    traffic.warm(good)
    with pytest.raises(ChildError, match="KeyError"):
        traffic.read(traffic.receiver("nobody"), look=True)
    sent, received = traffic.read(good, look=True)
    assert sent.frames == received.frames > 0
    assert received.wrong == 0
    before, after = traffic.hold(good, 1, half=True)
    assert before > 0
    assert after > 0
