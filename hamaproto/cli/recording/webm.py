"""One WebM file of pictures and sound, which a browser plays.

No browser decodes MJPEG; so each JPEG is decoded and encoded anew as VP8, and the sound as
Opus.  Times are those that a Matroska file has, and so is what is left after a crash: a
picture that needs no other one comes at the beginning, and every two seconds.
"""

from __future__ import annotations

import contextlib
from fractions import Fraction
from typing import Any, Final

import av
import numpy as np
from av.video.frame import PictureType
from av.video.reformatter import VideoReformatter

from hamaproto.cli.recording.matroska import MILLISECONDS, Matroska
from hamaproto.gsm.tables import FRAME_RATE, SAMPLE_RATE
from hamaproto.picture_size import MOST_PIXELS

__all__ = ["WebM"]

_VIDEO: Final = "libvpx"
_AUDIO: Final = "libopus"
#: As fast as it can, one packet for each picture, at once; key frames are asked for here.
_VIDEO_OPTIONS: Final = {
    "deadline": "realtime",
    "cpu-used": "8",
    "lag-in-frames": "0",
    "auto-alt-ref": "0",
    "drop-threshold": "0",
    "error-resilient": "default",
}
#: Bits a second for each pixel, and the bounds of what comes of that.
_BITS_A_PIXEL: Final = 6
_LEAST_BITS: Final = 500_000
_MOST_BITS: Final = 20_000_000
#: Milliseconds between two key frames at most.
_KEY_TIME: Final = 2000
_NEVER: Final = 1_000_000
#: libopus works at 48 kHz, in frames of 20 ms: so many samples of the camera's.
_OPUS_RATE: Final = 48_000
_FACTOR: Final = _OPUS_RATE // SAMPLE_RATE
_FRAME: Final = SAMPLE_RATE // FRAME_RATE
#: Samples that may be missing and are written as silence; behind a longer gap, sound begins
#: anew at its time.
_GAP: Final = SAMPLE_RATE
_SOUND_BITS: Final = 32_000
#: FFmpeg's number for colours from 16 to 235, which is what VP8 has.
_NARROW: Final = 1


class WebM(Matroska):
    """A file of pictures of one size, and of sound; times count from its beginning.

    A picture of another size is scaled to that of the first.
    """

    FORMAT = "webm"

    @classmethod
    def missing(cls) -> str | None:
        """The encoder that this PyAV lacks."""
        for name in (_VIDEO, _AUDIO):
            try:
                av.Codec(name, "w")
            except ValueError:
                return name
        return None

    @classmethod
    def read(cls, image: bytes) -> Any:
        """The decoded picture; None if nothing of it can be decoded.

        Each has a decoder of its own, so that a damaged one costs no other.
        """
        decoder: Any = av.CodecContext.create("mjpeg", "r")
        decoder.thread_count = 1
        # A JPEG can have a second header, which nobody else has looked at.
        decoder.options = {"max_pixels": str(MOST_PIXELS)}
        try:
            frames = decoder.decode(av.Packet(image))
            return _converted(frames[0], frames[0].width, frames[0].height) if frames else None
        except (av.FFmpegError, ValueError):
            return None

    @classmethod
    def size_of(cls, picture: Any) -> tuple[int, int] | None:
        """Width and height of what `read` gave."""
        return picture.width, picture.height

    def size_with(self, image: bytes) -> int:
        """No more than that: what is encoded may be larger than the JPEG was."""
        return self.size + max(len(image), self._largest)

    def _add_streams(self, size: tuple[int, int], *, sound: bool, rate: int | None) -> None:
        width, height = size
        self._picture = self._file.add_mux_stream("vp8", rate, width=width, height=height)
        # The encoder stands beside the file: a stream that had one would declare a rate.
        encoder: Any = av.CodecContext.create(_VIDEO, "w")
        encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
        encoder.time_base = MILLISECONDS
        encoder.bit_rate = min(max(width * height * _BITS_A_PIXEL, _LEAST_BITS), _MOST_BITS)
        encoder.thread_count = 1
        encoder.gop_size = _NEVER
        encoder.options = dict(_VIDEO_OPTIONS)
        self._encoder = encoder
        self._last_key: int | None = None
        #: Bytes of the largest picture so far.
        self._largest = 0
        self._sound = None
        if sound:
            self._sound = self._file.add_stream(_AUDIO, rate=_OPUS_RATE, layout="mono")
            self._sound.codec_context.bit_rate = _SOUND_BITS
        self._resampler: Any = None
        #: The camera's samples: the first since the last gap, and the next.
        self._first = 0
        self._next = 0
        #: The next sample of Opus.
        self._at = 0

    # -- pictures ----------------------------------------------------------------------

    def picture(self, picture: Any, milliseconds: int) -> None:
        """What `read` gave; two of them can't have the same time."""
        at = max(milliseconds, self._last_picture + 1)
        frame = _converted(picture, self._encoder.width, self._encoder.height)
        frame.pts, frame.time_base = at, MILLISECONDS
        # The next one may come as long after this one as this one behind the last.
        step = at - self._last_picture
        is_key = self._last_key is None or at + step - self._last_key > _KEY_TIME
        frame.pict_type = PictureType.I if is_key else PictureType.NONE
        if is_key:
            self._last_key = at
        self._last_picture = at
        before = self._output.size
        packets = self._encoder.encode(frame)
        size = sum(packet.size for packet in packets)
        self._largest = max(size, self._largest)
        self._put(packets, self._picture)
        self._least = self._least or before + size

    def _put(self, packets: list[Any], stream: Any) -> None:
        for packet in packets:
            packet.stream = stream
            self._mux(packet)

    # -- sound -------------------------------------------------------------------------

    def sound(self, samples: bytes, start: int) -> None:
        """16-bit samples, the first of which is the one of that number."""
        data = np.frombuffer(samples, "<i2")
        gap = start - self._next
        if self._resampler is not None and gap > _GAP:
            self._pause_sound()
        if self._resampler is None:
            self._begin_sound(start)
        elif gap > 0:
            data = np.concatenate([np.zeros(gap, "<i2"), data])
        self._resample(data)

    def _begin_sound(self, start: int) -> None:
        self._first = self._next = start
        self._at = max(start * _FACTOR, self._at)
        self._resampler = av.AudioResampler("s16", "mono", _OPUS_RATE, _FRAME * _FACTOR)

    def _resample(self, data: Any) -> None:
        if not len(data):
            return
        self._next += len(data)
        frame = av.AudioFrame.from_ndarray(data.astype(np.int16)[np.newaxis], "s16", "mono")
        frame.sample_rate = SAMPLE_RATE
        self._encode_sound(self._resampler.resample(frame))

    def _encode_sound(self, frames: list[Any]) -> None:
        for frame in frames:
            frame.pts, frame.time_base = self._at, Fraction(1, _OPUS_RATE)
            self._at += frame.samples
            self._put(self._sound.encode(frame), self._sound)

    def _pause_sound(self) -> None:
        """Encode what the resampler holds, in whole frames: a shorter one has to be the last."""
        rest = -(self._next - self._first) % _FRAME
        self._resample(np.zeros(rest + _FRAME, "<i2"))
        self._resampler = None

    def close(self, *, durable: bool = True) -> None:
        """Encode what is held back, and finish the file."""
        try:
            if self._resampler is not None:
                self._encode_sound(self._resampler.resample(None))
                self._put(self._sound.encode(None), self._sound)
            self._put(self._encoder.encode(None), self._picture)
        except BaseException:
            with contextlib.suppress(Exception):
                super().close(durable=durable)
            raise
        super().close(durable=durable)


def _converted(picture: Any, width: int, height: int) -> Any:
    """A picture of that size, in the colours that VP8 has."""
    if (picture.width, picture.height, picture.format.name) == (width, height, "yuv420p"):
        return picture
    return VideoReformatter().reformat(
        picture, width=width, height=height, format="yuv420p", dst_color_range=_NARROW
    )
