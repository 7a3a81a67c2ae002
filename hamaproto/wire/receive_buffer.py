"""The bytes that a parser was fed and has not used yet, and where they stand in the stream.

    buffer.feed(data)     one more piece of the stream
    buffer.peek()         the next byte, which stays
    buffer.take(most)     the next bytes; a whole piece comes out as the very object that went in
    buffer.line(room)     the next line, once it is whole

Each byte is looked at once, however the stream was cut.  The pieces wait as they came, and a
piece is let go with its last byte.  A line that began in one piece and goes on in the next one
is collected apart; `unfinished` says how much of it is there.

It suits a parser that reads a stream from the front to the back: lines, and runs of bytes whose
length is known.  A parser that searches back and forth keeps its own bytes.
"""

from __future__ import annotations

from collections import deque
from sys import maxsize

__all__ = ["ReceiveBuffer"]


class ReceiveBuffer:
    """A queue of pieces with a cursor.

    `offset` is how many bytes of the stream were taken out; the bytes of an unfinished line
    count as taken.  `line_offset` is where the last line began, in bytes from the beginning of
    the stream, and `unfinished` how many bytes are there of one whose end has not come.  `eof` is
    set by the owner when no more will be fed.
    """

    __slots__ = ("_line", "_pieces", "_pos", "eof", "line_offset", "offset", "unfinished")

    def __init__(self) -> None:
        # No piece is empty.  `_pos` is in the first one, before its end.
        self._pieces: deque[bytes] = deque()
        self._pos = 0
        self._line = bytearray()
        self.offset = 0
        self.line_offset = 0
        self.unfinished = 0
        self.eof = False

    def __len__(self) -> int:
        """Bytes that were not taken yet."""
        return sum(map(len, self._pieces)) - self._pos

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def __repr__(self) -> str:
        return f"<ReceiveBuffer {len(self)} bytes at {self.offset}>"

    def feed(self, data: bytes) -> None:
        """Put `data` behind what is here."""
        if data:
            self._pieces.append(data)

    def peek(self) -> int:
        """The next byte, which stays; -1 if there is none."""
        return self._pieces[0][self._pos] if self._pieces else -1

    def peek_two(self) -> bytes:
        """The next two bytes, which stay; fewer if fewer are there."""
        if not self._pieces:
            return b""
        first = self._pieces[0][self._pos : self._pos + 2]
        if len(first) == 1 and len(self._pieces) > 1:
            first += self._pieces[1][:1]
        return first

    def skip(self) -> None:
        """Pass over the next byte, which must be there."""
        self._use(1)

    def take(self, most: int = maxsize) -> bytes:
        """Bytes from the front, at most `most` of them and none behind the end of a piece."""
        if not self._pieces:
            return b""
        data = self._pieces[0][self._pos : self._pos + most]
        self._use(len(data))
        return data

    def line(self, room: int) -> bytes | None:
        """The next line with its LF, which is all that ends a line; None if it is not whole.

        Takes no more than `room` bytes (at least 1) of one line.  If `unfinished` is `room` then,
        the line is too long, whatever follows.
        """
        pieces = self._pieces
        while pieces:
            piece = pieces[0]
            start = self._pos
            stop = start + room - self.unfinished
            end = piece.find(b"\n", start, stop) + 1
            part = piece[start : end or stop]
            if not self.unfinished:
                self.line_offset = self.offset
            size = len(part)
            self.offset += size
            if start + size < len(piece):
                self._pos = start + size
            else:
                pieces.popleft()
                self._pos = 0
            if end:
                return self.take_unfinished() + part if self.unfinished else part
            self._line += part
            self.unfinished += size
            if self.unfinished >= room:
                break
        return None

    def take_unfinished(self) -> bytes:
        """What is there of a line whose end has not come, or will not be waited for."""
        line = bytes(self._line)
        self._line.clear()
        self.unfinished = 0
        return line

    def clear(self) -> int:
        """Drop everything, and say how much that was.  `offset` stays at the first such byte."""
        count = len(self)
        self._pieces.clear()
        self._pos = 0
        self.take_unfinished()
        return count

    def _use(self, count: int) -> None:
        self.offset += count
        self._pos += count
        if self._pos == len(self._pieces[0]):
            self._pieces.popleft()
            self._pos = 0
