"""Writing PCM as WAV, and as RF64 where a WAV's 32 bits don't hold the length.

A file that can be sought in begins as a WAV with room for RF64's lengths (EBU Tech 3306,
clause 3: a chunk named JUNK), and is whole after each write: a reader finds the right
length in it at any time.  When it outgrows 4 GiB it becomes an RF64 file where it stands.
Without that room the head is the plain one of 44 bytes, that any program knows.
Into a pipe goes a WAV whose lengths say that they are not known.
"""

from __future__ import annotations

import struct
from types import TracebackType
from typing import Final, Protocol

from hamaproto.errors import LocalProtocolError
from hamaproto.gsm.tables import SAMPLE_RATE

__all__ = ["UNKNOWN_LENGTH", "SeekableWriter", "WavWriter"]

#: What stands for a length that 32 bits don't hold, and for one that is not known.
UNKNOWN_LENGTH: Final = 0xFFFFFFFF

_PCM: Final = 1
_SAMPLE_BYTES: Final = 2
#: RIFF's own head, the format, the head of the samples; and the room for ds64.
_HEAD_BYTES: Final = 12 + 24 + 8
_ROOM_BYTES: Final = 36


class SeekableWriter(Protocol):
    """What is asked of a file: `seek` and `tell` only if it says that it can."""

    def write(self, data: bytes, /) -> object: ...
    def seekable(self) -> bool: ...
    def seek(self, offset: int, whence: int = 0, /) -> int: ...
    def tell(self) -> int: ...


class WavWriter:
    """Writes 16-bit samples of one channel; a context manager.

    `file` is the caller's, and is not closed.  Nothing is written to it before the first
    samples, or `close`.  `rate` is in samples a second.  `room=False` is for what will not
    reach 4 GiB; if it does, its length is given as not known.
    """

    def __init__(self, file: SeekableWriter, rate: int = SAMPLE_RATE, *, room: bool = True) -> None:
        self._file = file
        self._room = room and file.seekable()
        self._rate = rate
        self._seekable = file.seekable()
        self._start = 0
        self._begun = False
        #: Bytes of samples that were written.
        self.length = 0

    def write(self, samples: bytes) -> None:
        """Whole samples, little-endian."""
        if len(samples) % _SAMPLE_BYTES:
            raise LocalProtocolError(
                f"samples: {len(samples)} bytes are not whole samples of {_SAMPLE_BYTES} bytes"
            )
        if not samples:
            return
        self._begin()
        self._file.write(samples)
        self.length += len(samples)
        self._put_lengths()

    def close(self) -> None:
        """Write what a file without samples has too; the file itself stays open."""
        self._begin()

    def __enter__(self) -> WavWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            if self._seekable:
                self._start = self._file.tell()
            self._file.write(self._head())

    def _put_lengths(self) -> None:
        if self._seekable:
            self._file.seek(self._start)
            self._file.write(self._head())
            self._file.seek(self._start + self._head_bytes + self.length)

    def _head(self) -> bytes:
        rate = self._rate
        form = struct.pack(
            "<4sIHHIIHH", b"fmt ", 16, _PCM, 1, rate, rate * _SAMPLE_BYTES, _SAMPLE_BYTES, 16
        )
        name, length = b"RIFF", self.length
        whole = self._head_bytes - 8 + length
        room = struct.pack("<4sI28x", b"JUNK", 28) if self._room else b""
        if whole >= UNKNOWN_LENGTH and self._room:
            samples = length // _SAMPLE_BYTES
            name, room = b"RF64", struct.pack("<4sIQQQI", b"ds64", 28, whole, length, samples, 0)
        if whole >= UNKNOWN_LENGTH or not self._seekable:
            whole = length = UNKNOWN_LENGTH
        return (
            struct.pack("<4sI4s", name, whole, b"WAVE")
            + room
            + form
            + struct.pack("<4sI", b"data", length)
        )

    @property
    def _head_bytes(self) -> int:
        return _HEAD_BYTES + (_ROOM_BYTES if self._room else 0)
