"""Writing what was seen and heard: a Matroska file, and a WAV.

Pictures go into the file as they were received, no byte decoded; sound is 16-bit PCM.  Their
times are those of their making, as far as `hamaproto.timing` can tell from their arrival.
Both files can be played while they are being written, and after a crash.
"""

from __future__ import annotations

from fractions import Fraction
from types import TracebackType
from typing import Any, Final, Self

import av
import numpy as np

from hamaproto.cli.output import Output, StoppedError, open_output
from hamaproto.cli.soundtrack import RATE, Soundtrack
from hamaproto.errors import RemoteProtocolError
from hamaproto.gsm.wav import WavWriter
from hamaproto.timing import Timeline
from hamaproto.wire.jpeg import JpegInfo

__all__ = ["Recording", "Sound"]

_MILLISECONDS: Final = Fraction(1, 1000)
#: A cluster is what a player can read of an unfinished file; and sound and pictures wait for
#: each other no longer than this (in microseconds).
_OPTIONS: Final = {
    "cluster_time_limit": "1000",
    "max_interleave_delta": "500000",
    "flush_packets": "1",
}


class Recording:
    """A Matroska file of pictures and sound; times are seconds on one clock of the caller.

    The file is begun with the first picture, whose size it takes.  Sound that was made before
    is left out.  The rate that the file declares is the one that the camera was said to have
    (`expect`), or none.
    """

    def __init__(self, output: Output | str, *, sound: bool = True) -> None:
        self._output = open_output(output) if isinstance(output, str) else output
        self._rate: int | None = None
        #: When all was made; who asks anew tells it.
        self.timeline = Timeline()
        self._soundtrack = Soundtrack(self.timeline)
        self._with_sound = sound
        self._file: Any = None
        self._picture: Any = None
        self._sound: Any = None
        self._start = 0.0
        self._last_picture = -1
        #: Pictures and samples that were written.
        self.pictures = 0
        self.samples = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except (OSError, StoppedError):
            # What went wrong before is the news; and the file is closed anyhow.
            if exc_type is None:
                raise
        finally:
            self._output.__exit__(exc_type, exc, traceback)

    def close(self) -> None:
        """Finish the file; with an index it can be searched."""
        if self._file is not None:
            file, self._file = self._file, None
            file.close()

    def without_sound(self) -> None:
        """There will be no sound; to be said before the first picture."""
        self._with_sound = False

    def expect(self, rate: int | None) -> None:
        """What the camera says of its pictures a second, before the first of them."""
        self._rate = rate
        self.timeline.expect(rate)

    def picture(self, image: bytes, at: float, stamp: float | None = None) -> None:
        """A JPEG that came at that time; `stamp` is its `X-Timestamp`."""
        made = self.timeline.picture(at, stamp)
        if self._file is None:
            size = _size_of(image)
            if size is None:
                return
            self._begin(size, made)
        # Two pictures can't have the same time.
        time = max(round((made - self._start) * 1000), self._last_picture + 1)
        self._last_picture = time
        self._write(self._picture, image, time, _MILLISECONDS)
        self.pictures += 1

    def sound(self, samples: bytes, at: float) -> None:
        """16-bit samples in the machine's order, 8000 a second, that came at that time."""
        start, sound = self._soundtrack.place(np.frombuffer(samples, np.int16), at)
        if self._file is None or self._sound is None:
            return
        start -= round(self._start * RATE)
        if start < 0:
            sound, start = sound[-start:], 0
        if not len(sound):
            return
        self._write(self._sound, sound.astype("<i2").tobytes(), start, Fraction(1, RATE))
        self.samples += len(sound)

    def _begin(self, size: tuple[int, int], at: float) -> None:
        self._file = av.open(self._output, "w", format="matroska", options=_OPTIONS)
        self._start = at
        # No encoder: one would give the file a rate that nobody has said.
        picture = self._file.add_mux_stream("mjpeg", rate=self._rate, width=size[0], height=size[1])
        picture.time_base = _MILLISECONDS
        self._picture = picture
        if self._with_sound:
            self._sound = self._file.add_stream("pcm_s16le", rate=RATE)
            self._sound.codec_context.layout = "mono"
        self._file.start_encoding()

    def _write(self, stream: Any, data: bytes, time: int, base: Fraction) -> None:
        packet = av.Packet(data)
        packet.stream = stream
        packet.time_base = base
        packet.pts = packet.dts = time
        packet.is_keyframe = True
        self._file.mux(packet)


def _size_of(image: bytes) -> tuple[int, int] | None:
    """Width and height in pixels; None for what says nothing about it."""
    try:
        info = JpegInfo.parse(image)
    except RemoteProtocolError:
        return None
    return (info.width, info.height) if info.height else None


class Sound(WavWriter):
    """A WAV file of 16-bit samples, 8000 a second, that is whole at any time.

    There is none if no sound came.
    """

    def __init__(self, output: Output) -> None:
        super().__init__(output)
        self._output = output

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.length:
            self._output.__exit__(kind, error, traceback)
        else:
            self._output.close()
