"""The sound of a camera, decoded once for all who listen: pieces of 16-bit samples.

Whatever the camera sends (GSM 06.10, G.711), a piece has 8000 samples a second, one channel,
little-endian.  A listener gets every piece or leaves some out; nothing waits for it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from struct import Struct
from typing import Final

import numpy as np

from hamaproto.events import Anomaly, AudioFrame, Skipped
from hamaproto.gateway.feed import Feed
from hamaproto.gateway.shot import binary_message
from hamaproto.gsm.tables import SAMPLE_RATE
from hamaproto.hearing import Hearing
from hamaproto.session import Disconnected, StreamEvent

__all__ = ["FORMAT", "Listener", "Piece", "Sounds"]

#: What the samples are, in the words of the messages.
FORMAT: Final = {"rate": SAMPLE_RATE, "format": "s16le", "channels": 1}
_TIME = Struct("!d")
_SAMPLE_BYTES: Final = 2


class Piece:
    """Samples, and when they came: `at` by a clock that does not jump, `wall` since 1970."""

    __slots__ = ("_message", "at", "samples", "wall")

    def __init__(self, samples: bytes, at: float, wall: float) -> None:
        self.samples = samples
        self.at = at
        self.wall = wall
        self._message: bytes | None = None

    def __repr__(self) -> str:
        return f"<Piece of {len(self.samples) // _SAMPLE_BYTES} samples>"

    def message(self) -> bytes:
        """A WebSocket message: the time of arrival (f64, big-endian), and the samples."""
        if self._message is None:
            self._message = binary_message(_TIME.pack(self.wall), self.samples)
        return self._message

    def plain(self) -> bytes:
        """The samples alone."""
        return self.samples


class Sounds(Feed[Piece]):
    """The sound of a camera."""

    def __init__(self, *, keep_warm: float = 5.0, stall_after: float = 3.0) -> None:
        super().__init__(keep_warm=keep_warm, stall_after=stall_after)
        self._hearing = Hearing()

    def begin(self, now: float, wall: float) -> None:
        """The camera is asked: what comes has nothing to do with what came."""
        self._hearing = Hearing()
        super().begin(now, wall)

    def take(self, event: StreamEvent, now: float, wall: float) -> None:
        """Something was said by the stream, or by what asks for it."""
        match event:
            case AudioFrame():
                samples = self._hearing.samples(event)
                if sys.byteorder == "big":
                    samples = np.frombuffer(samples, np.int16).astype("<i2").tobytes()
                self._came(Piece(samples, now, wall), len(event.data), now, wall)
            case Anomaly():
                self.counts.anomalies[event.code.value] += 1
            case Skipped():
                self.counts.skipped += event.length
            case Disconnected():
                self._hearing = Hearing()
                self.lost(event.error, event.delay, wall)


class Listener:
    """One who listens; `send` writes bytes, and `waiting` says how many are still to be written.

    While more than `most` bytes wait, pieces are left out.
    """

    __slots__ = ("_form", "_most", "_send", "_waiting", "dropped", "sent", "sent_bytes")

    def __init__(
        self,
        form: Callable[[Piece], bytes],
        send: Callable[[bytes], object],
        waiting: Callable[[], int],
        *,
        most: int = SAMPLE_RATE * _SAMPLE_BYTES,
    ) -> None:
        self._form = form
        self._send = send
        self._waiting = waiting
        self._most = most
        self.sent = 0
        self.sent_bytes = 0
        self.dropped = 0

    def __repr__(self) -> str:
        return f"<Listener, {self.sent} pieces sent, {self.dropped} left out>"

    def offer(self, piece: Piece) -> None:
        """A piece has come."""
        if self._waiting() > self._most:
            self.dropped += 1
            return
        data = self._form(piece)
        self.sent += 1
        self.sent_bytes += len(data)
        self._send(data)
