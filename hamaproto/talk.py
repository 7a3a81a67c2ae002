"""Talk-back: sound at the pace of its playing, as a plan that a driver carries out.

    plan = talk(session, clock)
    step = next(plan)
    while True:                         # until StopIteration, whose value is the number of frames
        ...                             # do what `step` says
        step = plan.send(frames)        # the answer to `TalkAction.FRAMES`; else None

Nobody plays sound faster than it was spoken, and a camera has little room for it.  So a piece is
sent when its time has come, a little ahead, and the time between is spent listening: a camera
may refuse at any moment, and what it says is worth more than the error of the next `send`.

The plan reads no clock: `clock` gives seconds, on any one that does not jump.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from hamaproto.errors import ConnectionLostError
from hamaproto.gsm.tables import FRAME_BYTES, FRAME_RATE
from hamaproto.session import Action, Session
from hamaproto.sound import checked_sound

__all__ = ["TalkAction", "TalkStep", "talk"]

#: Frames that are sent at once, at most: a tenth of a second.
_PIECE_FRAMES: Final = 5
#: Seconds by which sound is sent ahead of its playing, so that a hiccup is not heard.
LEAD_SECONDS: Final = 0.2
#: Seconds in which a late refusal may come once all was sent.
LAST_WORD_SECONDS = 1.0


class TalkAction(Enum):
    """What a driver is to do next; see the head of this module."""

    OPEN = "open"
    """Do `Action.OPEN`: for the first time, or with a login that was renewed."""
    FRAMES = "frames"
    """Fetch frames from the program; answer with them, or with None at their end."""
    LISTEN = "listen"
    """Receive once, but no longer than to `until`; if that is over, receive what is there."""
    SEND = "send"
    """Send `data`."""
    HANG_UP = "hang up"
    """Say on the connection that nothing follows, if it can say so, and keep listening."""


@dataclass(frozen=True, slots=True)
class TalkStep:
    """One step of the plan; `until` is a time of the plan's clock, in seconds."""

    action: TalkAction
    data: bytes = b""
    until: float = 0.0


def talk(
    session: Session[Any], clock: Callable[[], float]
) -> Generator[TalkStep, bytes | None, int]:
    """The plan of talking back in `session`, which is one of `commands.talk()`.

    Its value is how many frames were sent.  Raises ConnectionLostError if the camera hangs up
    before all was sent, what the session fails with, and LocalProtocolError for what is no
    sound.
    """
    yield TalkStep(TalkAction.OPEN)
    start = clock()
    sent = 0
    while (frames := (yield TalkStep(TalkAction.FRAMES))) is not None:
        for piece in _pieces(frames):
            yield from _listen(session, clock, start + _due_after(sent))
            yield TalkStep(TalkAction.SEND, data=session.send_audio(piece))
            sent += len(piece)
    yield TalkStep(TalkAction.HANG_UP)
    with contextlib.suppress(ConnectionLostError):
        yield from _listen(session, clock, clock() + LAST_WORD_SECONDS)
    return sent // FRAME_BYTES


def _pieces(frames: bytes) -> Iterator[bytes]:
    data = checked_sound("talk", frames)
    size = _PIECE_FRAMES * FRAME_BYTES
    for start in range(0, len(data), size):
        yield data[start : start + size]


def _due_after(sent: int) -> float:
    """Seconds from the first frame at which the next may go, after so many bytes."""
    return max(0.0, sent // FRAME_BYTES / FRAME_RATE - LEAD_SECONDS)


def _listen(
    session: Session[Any], clock: Callable[[], float], until: float
) -> Generator[TalkStep, bytes | None, None]:
    """Listen to that time, and once at least; raises what the camera says against the sound."""
    listened = False
    while True:
        step = session.step()
        if step is Action.FAIL:
            assert session.error is not None
            raise session.error.with_traceback(None)
        if step is Action.STOP:
            raise ConnectionLostError(f"{session.endpoint}: the camera hung up on the sound")
        if step is Action.OPEN:
            # A login that had grown old: the sound goes on behind the new one.
            yield TalkStep(TalkAction.OPEN)
        elif step is Action.RECEIVE:
            if listened and clock() >= until:
                return
            listened = True
            yield TalkStep(TalkAction.LISTEN, until=until)
