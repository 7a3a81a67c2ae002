"""WAV49 blocks in a byte stream to frames, each with its last byte.

A stream of WAV49 blocks has no mark at all: the first block begins with the first byte, and
nothing can be lost or found.
"""

from __future__ import annotations

from collections import deque

from hamaproto.events import AudioFrame, EndOfStream, Skipped
from hamaproto.gsm.sync import Item
from hamaproto.gsm.tables import FRAME_BYTES
from hamaproto.gsm.wav49 import BLOCK_BYTES, unpack_first, unpack_second

__all__ = ["BlockReader"]


class BlockReader:
    """Frames out of WAV49 blocks.  What came out waits in `events`."""

    __slots__ = ("_base", "_bytes", "_first_out", "events")

    def __init__(self) -> None:
        self.events: deque[Item] = deque()
        #: What is not consumed yet, and the offset of its first byte.
        self._bytes = bytearray()
        self._base = 0
        #: Whether the first frame of the block at hand was delivered.
        self._first_out = False

    def feed(self, data: bytes) -> None:
        """Take bytes of blocks."""
        self._bytes += data
        held, at = self._bytes, 0
        while True:
            if not self._first_out and len(held) - at >= FRAME_BYTES:
                frame = unpack_first(bytes(held[at : at + FRAME_BYTES]))
                self.events.append(AudioFrame(frame, self._base + at))
                self._first_out = True
            if len(held) - at < BLOCK_BYTES:
                break
            frame = unpack_second(bytes(held[at + FRAME_BYTES - 1 : at + BLOCK_BYTES]))
            self.events.append(AudioFrame(frame, self._base + at + FRAME_BYTES))
            self._first_out = False
            at += BLOCK_BYTES
        del held[:at]
        self._base += at

    def end(self) -> EndOfStream:
        """The stream is over."""
        end = self._base + len(self._bytes)
        complete = not self._bytes
        start = self._base + (FRAME_BYTES if self._first_out else 0)
        if start < end:
            self.events.append(Skipped(start, end - start, "cut off by the end"))
        self._bytes.clear()
        return EndOfStream(complete, end)
