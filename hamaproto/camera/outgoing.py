"""What an answer goes through on its way out: packing, chunks, and the pace of a slow line.

`Outgoing` is a queue of pieces.  The connection puts in a head, then its body piece by piece, and
takes out what may be written by now.  It holds no more than an answer's or one picture's bytes.
"""

from __future__ import annotations

import zlib
from collections import deque
from typing import Final

from hamaproto.camera.faults import NO_FAULTS, Faults
from hamaproto.camera.shapes import HeadLines

__all__ = ["Outgoing"]

#: zlib's window for the format of gzip, at its largest.
_GZIP: Final = 31


class Outgoing:
    """Pieces that wait to be written; `empty` when none does."""

    __slots__ = ("_apart", "_faults", "_next", "_packer", "_pieces", "_size")

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        #: The faults of the answer: its framing can't change in its middle.
        self._faults = NO_FAULTS
        self._packer: zlib._Compress | None = None
        #: Bytes that go out at once, if not all do, and the seconds between two of these.
        self._size: int | None = None
        self._apart = 0.0
        self._next = 0.0

    def __repr__(self) -> str:
        return f"<Outgoing {len(self._pieces)} pieces>"

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._pieces

    def begin(self, lines: tuple[bytes, ...], faults: Faults) -> None:
        """Put in the head of an answer, and send its body as these faults say."""
        self._faults = faults
        drip = faults.switch("drip")
        if drip is not None:
            self._size, self._apart = max(1, int(drip["bytes"])), drip["seconds"]
        if faults.switch("gzip") is not None:
            self._packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
            kept = (line for line in lines if not line.startswith(b"Content-Length"))
            lines = (*kept, b"Content-Encoding: gzip")
        self.raw(faults.head(HeadLines(list(lines))))

    def raw(self, data: bytes) -> None:
        """Put in bytes as they are."""
        if data:
            self._pieces.append(data)

    def put(self, data: bytes) -> None:
        """Put in a piece of the body."""
        if data and self._packer is not None:
            # Flushed, or a picture would wait for the next one.
            data = self._packer.compress(data) + self._packer.flush(zlib.Z_SYNC_FLUSH)
        if data:
            self.raw(self._faults.chunk(data) if self._faults.chunked else data)

    def finish(self, *, whole: bool) -> None:
        """End the body; `whole` unless it is to look cut off."""
        if not whole:
            return
        packer, self._packer = self._packer, None
        if packer is not None:
            self.put(packer.flush(zlib.Z_FINISH))
        if self._faults.chunked:
            self.raw(b"0\r\n" + self._faults.trailer + b"\r\n")

    def take(self, now: float) -> bytes:
        """The next piece that may be written by now; b"" if there is none."""
        if not self._pieces or now < self._next:
            return b""
        piece = self._pieces.popleft()
        if self._size is not None:
            if len(piece) > self._size:
                self._pieces.appendleft(piece[self._size :])
            self._next = now + self._apart
        return piece[: self._size]

    def due(self, now: float) -> float | None:
        """When `take` will have something; None if nothing waits."""
        return max(now, self._next) if self._pieces else None

    def clear(self) -> None:
        """Nobody will take it any more."""
        self._pieces.clear()
