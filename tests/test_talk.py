"""`hamaproto.talk`: the pace of talk-back, with a clock that is a number and no socket."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from conversations import UNAUTHORIZED, text
from hypothesis import given
from hypothesis import strategies as st

from hamaproto import commands
from hamaproto.errors import (
    AuthenticationError,
    ConnectionLostError,
    LocalProtocolError,
    RefusedError,
)
from hamaproto.events import Arrival
from hamaproto.session import Session
from hamaproto.settings import Settings
from hamaproto.talk import (
    LAST_WORD_SECONDS,
    LEAD_SECONDS,
    TalkAction,
    talk,
)

FRAME = b"\xd5" + bytes(range(32))
#: RFC 3551 4.5.8.1: 33 bytes are 20 ms.
SECONDS = 0.02

#: What a camera does at a time: bytes, or the end of the connection.
Says = tuple[float, bytes | str]


class Line:
    """A connection on which a plan is carried out, from second 100 on."""

    def __init__(self, says: Iterable[Says] = (), *, late: float = 0.0, auth: Any = None) -> None:
        self.session: Session[Any] = Session(commands.talk(), Settings("camera", auth=auth))
        self.now = 100.0
        self.says = [(100 + when, what) for when, what in says]
        # How much later than it was to a wait ends.
        self.late = late
        self.sent: list[tuple[float, bytes]] = []
        self.heads: list[bytes] = []
        self.actions: list[TalkAction] = []
        self.hung_up = False

    def talk(self, sound: Iterable[bytes], fetching: Callable[[], float] = lambda: 0.0) -> int:
        source = iter(sound)
        plan = talk(self.session, lambda: self.now)
        answer: bytes | None = None
        while True:
            try:
                step = plan.send(answer)
            except StopIteration as done:
                return int(done.value)
            answer = None
            self.actions.append(step.action)
            if step.action is TalkAction.OPEN:
                self.session.opening(self.now)
                self.heads.append(self.session.opened(self.now))
            elif step.action is TalkAction.FRAMES:
                self.now += fetching()
                answer = next(source, None)
            elif step.action is TalkAction.SEND:
                self.sent.append((self.now - 100, step.data))
            elif step.action is TalkAction.LISTEN:
                self.listen(step.until)
            else:
                assert step.action is TalkAction.HANG_UP
                self.hung_up = True

    def listen(self, until: float) -> None:
        if self.says and self.says[0][0] <= max(until, self.now):
            when, what = self.says.pop(0)
            self.now = max(self.now, when)
            if isinstance(what, bytes):
                self.session.receive_data(what, Arrival(self.now, self.now), self.now)
            elif what == "close":
                self.session.receive_eof()
            else:
                self.session.lost(ConnectionLostError("camera:80: the connection was lost: reset"))
        elif until > self.now:
            self.now = until + self.late


@given(
    st.lists(st.integers(0, 12), max_size=20),
    st.lists(st.floats(0, 0.5), min_size=1, max_size=20),
    st.floats(0, 0.1),
)
def test_sound_is_sent_whole_in_order_and_never_too_early(
    shape: list[int], pauses: list[float], late: float
) -> None:
    """However the program cuts its sound, and however slow it is in making it."""
    total = sum(shape)
    frames = [bytes([0xD0 | n % 16, n % 256]) + bytes(31) for n in range(total)]
    waiting = iter(frames)
    sound = [b"".join(next(waiting) for _ in range(count)) for count in shape]
    line = Line(late=late)
    pause = iter(pauses * 30)
    assert line.talk(sound, lambda: next(pause)) == total
    assert b"".join(data for _, data in line.sent) == b"".join(frames)
    ahead = 0
    for when, data in line.sent:
        # A piece of at most a tenth of a second, which is ahead of its playing by the lead.
        assert 33 <= len(data) <= 165
        assert when >= ahead * SECONDS - LEAD_SECONDS - 1e-9
        ahead += len(data) // 33
    assert line.hung_up
    # It listens before each piece, and for the last word.
    assert line.actions.count(TalkAction.LISTEN) >= len(line.sent) + 1
    assert line.actions.index(TalkAction.OPEN) == 0
    assert line.actions.count(TalkAction.OPEN) == 1


def test_sound_that_is_there_at_once_lasts_as_long_as_it_sounds() -> None:
    line = Line()
    assert line.talk([FRAME * 100]) == 100
    assert line.sent[-1][0] == pytest.approx(95 * SECONDS - LEAD_SECONDS)
    assert line.now - 100 == pytest.approx(95 * SECONDS - LEAD_SECONDS + LAST_WORD_SECONDS)
    # The lead goes out at once, and then a piece each tenth of a second.
    assert [round(when, 3) for when, _ in line.sent][:6] == [0, 0, 0, 0.1, 0.2, 0.3]


def test_sound_that_comes_as_it_is_spoken_is_sent_as_it_comes() -> None:
    line = Line()
    assert line.talk([FRAME] * 50, lambda: SECONDS) == 50
    assert [when for when, _ in line.sent] == pytest.approx([n * SECONDS for n in range(1, 51)])


def test_nothing_is_sent_of_no_sound() -> None:
    line = Line()
    assert line.talk([]) == 0
    assert line.sent == []


REFUSAL = text(b"<p>no loudspeaker</p>", b"404 Not Found")


@pytest.mark.parametrize(
    ("says", "kind", "words"),
    [
        ([(0.5, REFUSAL)], RefusedError, "404 Not Found"),
        ([(0.5, text(b"<p>busy</p>")), (0.6, "close")], RefusedError, "busy"),
        ([(0.5, "close")], ConnectionLostError, "camera:80: the camera hung up on the sound"),
        ([(0.5, "reset")], ConnectionLostError, "camera:80: the connection was lost: reset"),
        ([(0.5, UNAUTHORIZED)], AuthenticationError, "asks for a login, and none was given"),
    ],
)
def test_what_a_camera_says_against_the_sound_ends_it(
    says: list[Says], kind: type[Exception], words: str
) -> None:
    line = Line(says)
    with pytest.raises(kind, match=words) as caught:
        line.talk([FRAME * 100])
    assert type(caught.value) is kind
    assert line.sent[-1][0] <= says[-1][0]
    assert not line.hung_up


def test_also_where_the_sound_is_never_early() -> None:
    """A program that makes sound slower than it is played has no time to listen, and does."""
    line = Line([(0.3, REFUSAL)])
    with pytest.raises(RefusedError):
        line.talk([FRAME] * 100, lambda: 0.1)
    assert line.sent[-1][0] <= 0.3 + 0.1


def test_a_late_refusal_is_waited_for_and_a_late_end_is_none() -> None:
    end = 5 * SECONDS
    with pytest.raises(RefusedError):
        Line([(end + 0.5, REFUSAL)]).talk([FRAME * 10])
    for how in ("close", "reset"):
        assert Line([(end + 0.5, how)]).talk([FRAME * 10]) == 10
    # Nor is an answer that accepts, or one behind the time.
    assert Line([(0.1, text(b"OK\r\n"))]).talk([FRAME * 10]) == 10
    late = Line([(end + LAST_WORD_SECONDS + 1, REFUSAL)])
    assert late.talk([FRAME * 10]) == 10


def test_a_flood_of_answers_does_not_keep_the_sound_waiting() -> None:
    line = Line([(0.0, text(b"")), *[(n / 1000, b" ") for n in range(5000)]])
    assert line.talk([FRAME * 50]) == 50
    assert line.sent[-1][0] == pytest.approx(45 * SECONDS - LEAD_SECONDS, abs=0.01)


def test_a_login_that_had_grown_old_is_renewed_and_the_sound_goes_on() -> None:
    line = Line([(0.3, UNAUTHORIZED)], auth=("admin", "1234"))
    assert line.talk([FRAME * 50]) == 50
    assert line.actions.count(TalkAction.OPEN) == 2
    assert [b"\r\nAuthorization: Basic " in head for head in line.heads] == [False, True]


def test_what_is_no_sound_is_found_where_it_comes() -> None:
    line = Line()
    with pytest.raises(LocalProtocolError, match="nibble"):
        line.talk([FRAME, bytes(33)])
    assert [data for _, data in line.sent] == [FRAME]
