"""The endless bodies: video, sound, and the talk-back that comes the other way.

A stream is asked for its next frame with `take(now)` and when that will be due with
`due()`.  All streams of one camera count by the camera's own clocks, so that one encoded
picture serves every client.  A client that is late gets what is at most `MAX_LAG` old and
has missed the rest; nothing is stored for it.
"""

from __future__ import annotations

from typing import ClassVar, Final

from hamaproto.camera.faults import Faults
from hamaproto.camera.shapes import Ending, PartShape, Turn
from hamaproto.camera.state import CameraState
from hamaproto.camera.ticker import Ticker
from hamaproto.errors import RemoteProtocolError
from hamaproto.events import AudioFrame
from hamaproto.gsm.framing import GsmFrameParser
from hamaproto.limits import Limits

__all__ = ["DELIMITER_LINE", "MAX_LAG", "AudioStream", "Stream", "TalkStream", "VideoStream"]

DELIMITER_LINE: Final = b"--myboundary\r\n"
_TAIL: Final = b"\r\n" + DELIMITER_LINE
_CLOSING_TAIL: Final = b"\r\n--myboundary--\r\n"

#: Seconds by which a picture may be late; an older one is skipped.  It covers a hiccup of
#: the machine that drives this, and is one picture at 5 fps.
MAX_LAG: Final = 0.25
#: A client that sends so much without a frame is not heard any longer.
_TALK_LIMITS: Final = Limits(max_junk=32 * 1024)
#: Seconds by which sound may be late.
MAX_SOUND_LAG: Final = 1.0


class Stream:
    """Frames at the rate of a ticker, while it holds one of the camera's slots.

    `ended` tells that the stream is over, `reset` that it ended with a reset, `whole`
    that it did not break off in the middle of something.
    """

    __slots__ = (
        "_holds_slot",
        "_max_lag",
        "_next",
        "_silent",
        "_state",
        "_ticker",
        "_turns",
        "ended",
        "faults",
        "reset",
        "sent",
        "skipped",
        "whole",
    )

    #: Whether it is sound.
    sounds: ClassVar = False

    def __init__(
        self, state: CameraState, faults: Faults, now: float, ticker: Ticker, max_lag: float
    ) -> None:
        self._state = state
        #: May be exchanged while the stream runs.
        self.faults = faults
        self._ticker = ticker
        self._max_lag = max_lag
        self._next = ticker.index(now)
        self._silent = False
        #: Frames that were due and not skipped, whatever was made of them.
        self._turns = 0
        self._holds_slot = state.take_slot()
        #: Whole frames that were handed out, and frames that were due and left out.
        self.sent = 0
        self.skipped = 0
        #: A stream that gets no slot is over before it begins.
        self.ended = not self._holds_slot
        self.reset = False
        self.whole = True

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.sent} sent, {self.skipped} skipped>"

    def close(self) -> None:
        """Give the slot back."""
        if self._holds_slot:
            self._holds_slot = False
            self._state.free_slot()

    def take(self, now: float) -> bytes:
        """The next frame if it is due, or b"".  Call again: more than one may be due."""
        turn = Turn(self._turns, self._state.seed, self._ticker.rate)
        current = self._ticker.index(now - self.faults.late(turn, sound=self.sounds))
        ending = self.faults.ending
        going_on = ending is None or self.sent < self.faults.after
        self._silent = self._silent and not going_on
        if self.ended or self._silent or current < self._next:
            return b""
        number = max(self._next, current - int(self._max_lag * self._ticker.rate))
        self.skipped += number - self._next
        self._next = number + 1
        if going_on:
            pieces = []
            for step in self.faults.choose(turn):
                pieces.append(self.faults.damage(turn, self._piece(max(0, number + step))))
                self.sent += 1
            self._turns += 1
            if ending is Ending.CLOSE and self.sent >= self.faults.after:
                self.ended = True
            return b"".join(pieces)
        self._silent = True
        self.ended = ending in (Ending.DIE, Ending.RESET, Ending.CLOSE)
        self.reset = ending is Ending.RESET
        self.whole = ending is Ending.CLOSE
        if ending in (Ending.DIE, Ending.STALL_INSIDE):
            piece = self._piece(number)
            return piece[: len(piece) // 2]
        return b""

    def due(self) -> float | None:
        """When there will be more; None for never."""
        silent = self._silent and self.faults.ending is not None
        if self.ended or silent:
            return None
        turn = Turn(self._turns, self._state.seed, self._ticker.rate)
        return self._ticker.due(self._next) + self.faults.late(turn, sound=self.sounds)

    def _piece(self, number: int) -> bytes:
        """The frame of that number, as it is sent."""
        raise NotImplementedError


class VideoStream(Stream):
    """Clause 1.3: a part for each picture, the delimiter behind it."""

    __slots__ = ()

    def __init__(self, state: CameraState, faults: Faults, now: float) -> None:
        super().__init__(state, faults, now, state.ticker, MAX_LAG)

    def _piece(self, number: int) -> bytes:
        wrong = self.faults.switch("clock")
        offset = 0.0 if wrong is None else wrong["offset"]
        image = self._state.picture(number, offset)
        fields = [b"Content-Type: image/jpeg", b"Content-Length: %d" % len(image)]
        if self._state.profile.motion_event:
            fields.insert(0, b"Motion-Event: %d" % self._state.motion)
        faults = self.faults
        closes = faults.ending is Ending.CLOSE and self.sent + 1 >= faults.after
        tail = _CLOSING_TAIL if closes else _TAIL
        time = self._state.epoch + self._ticker.due(number) + offset
        return faults.part(PartShape(self.sent, fields, image, tail, time=time))


class AudioStream(Stream):
    """Clause 3.1: bare GSM frames, 50 a second."""

    __slots__ = ()
    sounds = True

    def __init__(self, state: CameraState, faults: Faults, now: float) -> None:
        fast = faults.switch("sound-clock")
        ticker = state.sound_ticker
        if fast is not None:
            ticker = Ticker(ticker.rate * (1 + fast["ppm"] / 1_000_000))
        super().__init__(state, faults, now, ticker, MAX_SOUND_LAG)
        # A camera whose audio is off has nothing to say.
        if not state.audio_enabled:
            self.ended = True

    def _piece(self, number: int) -> bytes:
        return self.faults.audio(self.sent, self._state.sound_frame(number))


class TalkStream:
    """Talk-back: the client's GSM frames, found in what it sends and given to the camera.

    The device says nothing about it.  A client that sends too much that is no frame is no
    longer listened to: `ended`.
    """

    __slots__ = ("_parser", "_state", "ended")

    def __init__(self, state: CameraState) -> None:
        self._state = state
        self._parser = GsmFrameParser(limits=_TALK_LIMITS)
        self.ended = False

    def __repr__(self) -> str:
        return f"<TalkStream{', ended' if self.ended else ''}>"

    def receive(self, data: bytes) -> None:
        try:
            self._parser.receive_data(data)
            for event in self._parser.events():
                if isinstance(event, AudioFrame):
                    self._state.hear(event.data)
        except RemoteProtocolError:
            self.ended = True

    def close(self) -> None:
        """Nothing to give back: talk-back takes no slot."""
