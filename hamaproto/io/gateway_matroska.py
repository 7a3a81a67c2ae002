"""Picture and sound together, live, as Matroska for one connection.

Pictures go into it as they are, no byte decoded; sound is 16-bit PCM.  `Timeline` tells when
each was made, so that they stay together whatever the network does.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final

import av
import numpy as np

from hamaproto.gateway.shot import Shot
from hamaproto.gateway.sound import Piece
from hamaproto.gateway.status import State, Status
from hamaproto.gsm.tables import SAMPLE_RATE
from hamaproto.soundtrack import Soundtrack
from hamaproto.timing import Timeline

__all__ = ["LiveMatroska"]

_MILLISECONDS: Final = Fraction(1, 1000)
_SAMPLES: Final = Fraction(1, SAMPLE_RATE)
#: A cluster is what FFmpeg sends at once, and for how long picture and sound wait for each other
#: (in milliseconds, and in microseconds): both are delay.
_OPTIONS: Final = {
    "cluster_time_limit": "100",
    "max_interleave_delta": "300000",
    "flush_packets": "1",
}


class LiveMatroska:
    """Takes pictures; its `sounds` takes sound; `pipe` is written to, and can't be sought in.

    `size` is what the head says of the pictures, in pixels.  While more than `most` bytes wait
    in the pipe, pictures are left out.  Without `hears` there is no track for sound.
    """

    def __init__(self, pipe: Any, size: tuple[int, int], *, hears: bool, most: int) -> None:
        self._pipe = pipe
        self._most = most
        self._timeline = Timeline()
        self._track = Soundtrack(self._timeline)
        self._start: float | None = None
        self._last_picture = -1
        self.sounds = _Sounds(self)
        """Who takes the sound."""
        self.sent = 0
        self.sent_bytes = 0
        self.dropped = 0
        """Pictures that were left out."""
        self._file: Any = av.open(pipe, "w", format="matroska", options=_OPTIONS)
        self._picture: Any = self._file.add_mux_stream("mjpeg", None, width=size[0], height=size[1])
        self._sound: Any = None
        if hears:
            self._sound = self._file.add_stream("pcm_s16le", rate=SAMPLE_RATE)
            self._sound.codec_context.layout = "mono"
        self._file.start_encoding()

    @property
    def tally(self) -> LiveMatroska:
        """What was sent here: pictures."""
        return self

    def offer(self, shot: Shot, /) -> None:
        """A picture has come."""
        made = self._timeline.picture(shot.at)
        if self._start is None:
            self._start = made
        if self._pipe.waiting() > self._most:
            self.dropped += 1
            return
        at = max(round((made - self._start) * 1000), self._last_picture + 1)
        self._last_picture = at
        self._mux(self._picture, shot.data, at, _MILLISECONDS)
        self.sent += 1
        self.sent_bytes += len(shot.data)

    def tell(self, status: Status, /) -> None:
        """The state of the pictures is another one."""
        if status.state in (State.FAILED, State.REFUSED, State.STALLED):
            self._timeline.picture_lost()

    def sound(self, piece: Piece) -> None:
        """A piece of sound has come."""
        samples = np.frombuffer(piece.samples, "<i2").astype(np.int16)
        start, placed = self._track.place(samples, piece.at)
        if self._start is None or not len(placed):
            return
        at = start - round(self._start * SAMPLE_RATE)
        # What was made before the first picture has no place.
        placed = placed[max(-at, 0) :]
        if len(placed):
            self._mux(self._sound, placed.astype("<i2").tobytes(), max(at, 0), _SAMPLES)

    def sound_lost(self) -> None:
        """The connection for sound is another one."""
        self._timeline.sound_lost()

    def close(self) -> None:
        """Nothing follows."""
        self._file.close()

    def _mux(self, stream: Any, data: bytes, at: int, base: Fraction) -> None:
        packet: Any = av.Packet(data)
        packet.stream = stream
        packet.time_base = base
        packet.pts = packet.dts = at
        packet.is_keyframe = True
        self._file.mux(packet)


class _Sounds:
    """The other taker: one connection has two streams."""

    def __init__(self, both: LiveMatroska) -> None:
        self._both = both
        self.tally = None

    def offer(self, piece: Piece, /) -> None:
        self._both.sound(piece)

    def tell(self, status: Status, /) -> None:
        if status.state in (State.FAILED, State.REFUSED, State.STALLED):
            self._both.sound_lost()
