"""One Matroska file of pictures and sound.

Pictures go into it as they were received, no byte decoded; sound is 16-bit PCM.  What is
written can be played at any time: while the file grows, after a crash, when the disk is full.
When it is finished it has an index and its duration too, if it can be sought in.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, Final

import av

from hamaproto.cli.output import Output
from hamaproto.gsm.tables import SAMPLE_RATE
from hamaproto.picture_size import size_of

__all__ = ["MARK", "MILLISECONDS", "Matroska"]

#: Stands in each file near its beginning, so that it can be told from other people's.
MARK: Final = "hamaproto record"

MILLISECONDS: Final = Fraction(1, 1000)
#: A cluster is what a player can read of an unfinished file; and sound and pictures wait for
#: each other no longer than this (in microseconds).
_OPTIONS: Final = {
    "cluster_time_limit": "1000",
    "max_interleave_delta": "500000",
    "flush_packets": "1",
}
#: Bytes of the container: its beginning, and what it adds to each packet, the index included.
_HEAD_BYTES: Final = 1024
_PACKET_BYTES: Final = 28


class Matroska:
    """A file of pictures of one size, and of sound; times count from its beginning.

    `rate` is pictures a second as the camera declares it; without one none is declared, and
    players go by the times.  PyAV is given the open file and never its name.
    """

    #: FFmpeg's name of the container.
    FORMAT = "matroska"

    def __init__(
        self,
        output: Output,
        size: tuple[int, int],
        *,
        sound: bool = True,
        rate: int | None = None,
        made: datetime | None = None,
    ) -> None:
        self._output = output
        self._last_picture = -1
        self._last_sound = -1
        #: Bytes that the file will have, as far as is known.
        self.size = _HEAD_BYTES
        file: Any = av.open(output, "w", format=self.FORMAT, options=_OPTIONS)
        self._file = file
        file.metadata["RECORDED_BY"] = MARK
        if made is not None:
            file.metadata["creation_time"] = made.astimezone(UTC).isoformat(timespec="microseconds")
        self._picture: Any = None
        self._sound: Any = None
        self._add_streams(size, sound=sound, rate=rate)
        with self._telling():
            file.start_encoding()
        #: Bytes that the file has when its first picture is in it.
        self._least = 0
        self._is_gone = False

    @classmethod
    def missing(cls) -> str | None:
        """The encoder that this PyAV lacks: none is needed here."""
        return None

    @classmethod
    def read(cls, image: bytes) -> Any:
        """What `picture` takes of a JPEG; None if nothing can be made of it."""
        return image

    @classmethod
    def size_of(cls, picture: Any) -> tuple[int, int] | None:
        """Width and height of what `read` gave; None if its head is damaged."""
        return size_of(picture)

    def size_with(self, image: bytes) -> int:
        """Bytes that the file would have with one more JPEG, as far as is known."""
        return self.size + len(image)

    def _add_streams(self, size: tuple[int, int], *, sound: bool, rate: int | None) -> None:
        width, height = size
        self._picture = self._file.add_mux_stream("mjpeg", rate, width=width, height=height)
        if sound:
            self._sound = self._file.add_stream("pcm_s16le", rate=SAMPLE_RATE)
            self._sound.codec_context.layout = "mono"

    def picture(self, image: Any, milliseconds: int) -> None:
        """A JPEG; two of them can't have the same time."""
        self._least = self._least or self._output.size + len(image)
        self._last_picture = max(milliseconds, self._last_picture + 1)
        self._write(self._picture, image, self._last_picture, MILLISECONDS)

    def sound(self, samples: bytes, start: int) -> None:
        """16-bit samples, the first of which is the one of that number."""
        self._last_sound = max(start, self._last_sound + 1)
        self._write(self._sound, samples, self._last_sound, Fraction(1, SAMPLE_RATE))
        self._last_sound += len(samples) // 2 - 1

    def _write(self, stream: Any, data: bytes, time: int, base: Fraction) -> None:
        packet = av.Packet(data)
        packet.stream = stream
        packet.time_base = base
        packet.pts = packet.dts = time
        packet.is_keyframe = True
        self._mux(packet)

    def _mux(self, packet: Any) -> None:
        self.size += packet.size + _PACKET_BYTES
        with self._telling():
            self._file.mux(packet)

    def close(self, *, durable: bool = True) -> None:
        """Finish the file, and see to it that it survives a loss of power.

        That takes its time on a slow disk; so it may be left to the system.
        """
        try:
            with self._telling():
                self._file.close()
            if durable:
                self._output.keep()
        finally:
            self._leave()

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        """What went wrong with the output is the error, whatever FFmpeg makes of it.

        It may also keep it to itself, and fail without a reason at the next call.
        """
        try:
            yield
        except av.FFmpegError:
            if self._output.failure is None:
                raise
        if self._output.failure is not None:
            raise self._output.failure.with_traceback(None)

    def abandon(self) -> bool:
        """Leave the file as it is: nothing more can be written to it.

        Gives whether it is there; a file without a picture is taken away.
        """
        with contextlib.suppress(Exception):
            self._file.close()
        self._leave()
        return not self._is_gone

    def _leave(self) -> None:
        if self._output.size < self._least:
            self._is_gone = self._output.discard() or self._is_gone
        else:
            self._output.close()
