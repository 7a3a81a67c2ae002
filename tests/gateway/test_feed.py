"""A stream: who takes it, when it is wanted, what is said of it."""

from __future__ import annotations

from typing import Any

import pytest

from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.camera.scene import Scene
from hamaproto.errors import ConnectError
from hamaproto.events import Anomaly, AnomalyCode, EndOfStream, Frame, Skipped
from hamaproto.gateway.feed import Feed, Pictures, Tally
from hamaproto.gateway.shot import Shot
from hamaproto.gateway.status import State, Status
from hamaproto.session import Disconnected
from hamaproto.wire.jpeg import JpegInfo


class Taker:
    def __init__(self, tally: Tally | None = None) -> None:
        self.tally = tally
        self.got: list[Any] = []
        self.told: list[Status] = []

    def offer(self, item: Any, /) -> None:
        self.got.append(item)

    def tell(self, status: Status, /) -> None:
        self.told.append(status)

    @property
    def states(self) -> list[State]:
        return [status.state for status in self.told]


class Sent:
    sent, sent_bytes, dropped = 3, 30, 1


def picture() -> bytes:
    return draw_mosaic(Scene(1, 0.0, 640, 480))


def test_it_is_wanted_while_somebody_takes_it_and_a_little_longer() -> None:
    feed: Feed[Shot] = Feed(keep_warm=5.0)
    first, second = Taker(), Taker()
    assert not feed.is_wanted(0.0)
    feed.join(first)
    feed.join(second)
    assert feed.is_wanted(1e9)
    feed.leave(first, 10.0)
    assert feed.is_wanted(1e9)
    feed.leave(second, 20.0)
    assert feed.is_wanted(24.9)
    assert not feed.is_wanted(25.0)
    # Who left once more changes nothing.
    feed.leave(second, 30.0)
    assert not feed.is_wanted(31.0)


def test_who_comes_is_told_the_state_and_each_other_one() -> None:
    feed, taker = Pictures(), Taker()
    seen: list[Status] = []
    feed.on_status = seen.append
    feed.join(taker)
    feed.begin(0.0, 1000.0)
    feed.take(Frame(picture()), 1.0, 1001.0)
    feed.take(Frame(picture()), 2.0, 1002.0)
    feed.take(Disconnected(ConnectError("nobody"), 1, 2.0), 3.0, 1003.0)
    feed.tick(4.0, 1004.0)
    feed.tick(5.0, 1005.0)
    feed.take(Frame(picture()), 6.0, 1006.0)
    feed.rest(1007.0)
    want = [State.IDLE, State.CONNECTING, State.LIVE, State.FAILED, State.CONNECTING, State.LIVE]
    assert taker.states == [*want, State.IDLE]
    assert seen == taker.told[1:]
    failed = taker.told[3]
    assert (failed.message, failed.retry_at, failed.last) == ("nobody", 1005.0, 1002.0)
    # While it is tried again, the reason is still what there is to say.
    assert (taker.told[4].message, taker.told[4].since) == ("nobody", 1003.0)
    assert [shot.number for shot in taker.got] == [1, 2, 3]
    assert feed.newest is None
    assert feed.counts.connections == 2


def test_silence_is_a_stall_from_the_last_picture_on() -> None:
    feed, taker = Pictures(stall_after=3.0), Taker()
    feed.join(taker)
    feed.begin(0.0, 1000.0)
    feed.tick(60.0, 1060.0)
    assert taker.states[-1] is State.CONNECTING
    feed.take(Frame(picture()), 61.0, 1061.0)
    feed.tick(63.9, 1063.9)
    assert taker.states[-1] is State.LIVE
    feed.tick(64.0, 1064.0)
    assert taker.states[-1] is State.STALLED
    assert taker.told[-1].since == taker.told[-1].last == 1061.0
    feed.take(Frame(picture()), 65.0, 1065.0)
    assert taker.states[-1] is State.LIVE
    # Who comes later is told when the last one came.
    feed.take(Frame(picture()), 66.0, 1066.0)
    late = Taker()
    feed.join(late)
    assert (late.told[0].since, late.told[0].last) == (1065.0, 1066.0)


def test_everything_is_counted_and_nothing_useless_goes_out() -> None:
    feed, taker = Pictures(), Taker()
    feed.join(taker)
    whole = picture()
    at = whole.index(b"\xff\xc0") + 5
    absurd = whole[:at] + b"\xff\xff\xff\xff" + whole[at + 4 :]
    for event in (
        Frame(whole),
        Frame(whole[:500], complete=False),
        Frame(absurd),
        Frame(b"\xff\xd8 no segments \xff\xd9"),
        Anomaly(AnomalyCode.JUNK, 0),
        Anomaly(AnomalyCode.JUNK, 9),
        Skipped(0, 17, "junk"),
        EndOfStream(),
    ):
        feed.take(event, 0.0, 0.0)
    counts = feed.counts
    assert (counts.frames, counts.incomplete, counts.refused, counts.lost) == (2, 1, 1, 2)
    assert counts.skipped == 17
    assert counts.anomalies == {"junk": 2}
    assert feed.size == (640, 480)
    assert [shot.data for shot in taker.got] == [whole, b"\xff\xd8 no segments \xff\xd9"]
    assert counts.received == sum(len(shot.data) for shot in taker.got)


def test_a_picture_without_huffman_tables_gets_them() -> None:
    whole = picture()
    bare, start = bytearray(), 2
    while whole[start + 1] != 0xDA:
        end = start + 2 + int.from_bytes(whole[start + 2 : start + 4], "big")
        if whole[start + 1] != 0xC4:
            bare += whole[start:end]
        start = end
    image = whole[:2] + bytes(bare) + whole[start:]
    assert JpegInfo.parse(image).missing_huffman_tables
    feed, taker = Pictures(), Taker()
    feed.join(taker)
    feed.take(Frame(image), 0.0, 0.0)
    assert not JpegInfo.parse(taker.got[0].data).missing_huffman_tables


def test_the_rate_is_that_of_the_last_seconds() -> None:
    feed = Pictures()
    assert feed.rate(0.0) == 0.0
    for number in range(100):
        feed.take(Frame(picture()), number / 20, 0.0)
    assert feed.rate(99 / 20) == pytest.approx(20, rel=0.05)
    assert feed.rate(99 / 20 + 60) == 0.0


def test_what_was_sent_is_counted_while_they_are_there_and_once() -> None:
    feed = Pictures()
    taker, silent = Taker(Sent()), Taker()
    feed.join(taker)
    feed.join(silent)
    assert (feed.total().sent, feed.total().sent_bytes, feed.total().dropped) == (3, 30, 1)
    feed.leave(taker, 0.0)
    feed.leave(taker, 0.0)
    assert (feed.total().sent, feed.total().sent_bytes, feed.total().dropped) == (3, 30, 1)
    assert repr(feed) == "<Pictures idle, 1 takers>"
