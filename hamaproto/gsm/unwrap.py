"""The multipart wrapper around a stream of sound, if there is one: taken off piece by piece.

Bytes go in; `Piece` comes out, which is payload or a part of the wrapper.  The first line of
the stream decides: a delimiter line (RFC 2046 clause 5.1.1) begins a wrapper, and anything
else is payload from there on.  The payloads of all parts are one stream of sound: a frame may
begin in one part and end in the next.

Each byte of payload comes out at once if the part has a true Content-Length.  Without one,
only what may begin a delimiter is held back.

This is no `MjpegParser`, for three reasons.  A part of sound may never end, and its bytes are
wanted at once; `MjpegParser` gives a part that is no image when the part is whole.  Sound has
FFD8FF by chance, which begins an image there.  And a wrong length costs no more here than the
search for the next frame, so that there is nothing to confirm.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

__all__ = ["Piece", "Unwrapper"]

#: A boundary is at most 70 characters (RFC 2046 clause 5.1.1); some send dashes of their own.
LONGEST_DELIMITER: Final = 96
_DELIMITER_LINE: Final = re.compile(rb"(--[!-~]++(?:\x20++[!-~]++)*+)[ \t]*+\r?\n")
_DELIMITER_BEGUN: Final = re.compile(rb"-?|--|--[!-~][ -~]*\r?")
_CONTENT_LENGTH: Final = re.compile(rb"\n[Cc]ontent-[Ll]ength[ \t]*:[ \t]*([0-9]{1,9})[ \t]*\r?\n")


class Piece(NamedTuple):
    """Bytes of the stream, in order and without a hole."""

    offset: int
    data: bytes
    #: Whether it is sound; otherwise it is a part of the wrapper.
    payload: bool


class Unwrapper:
    """Splits a stream into payload and wrapper.

    `max_head` bounds a part's header block, in bytes; what is longer is no header block.
    """

    __slots__ = (
        "_base",
        "_bytes",
        "_delimiter",
        "_due",
        "_in_lines",
        "_max_head",
        "_pieces",
        "_resume",
        "_state",
    )

    def __init__(self, max_head: int) -> None:
        self._max_head = max_head
        #: What is held, and the offset of its first byte.
        self._bytes = bytearray()
        self._base = 0
        self._pieces: list[Piece] = []
        self._delimiter = b""
        #: What is read: a method that returns whether another state is to go on.
        self._state: Callable[[], bool] = self._first_line
        #: How much payload is due by Content-Length.
        self._due = 0
        # In a head: where to look on for the end of a line, and whether a line was there.
        self._resume = 0
        self._in_lines = False

    @property
    def offset(self) -> int:
        """How many bytes came out."""
        return self._base

    def feed(self, data: bytes) -> list[Piece]:
        """Take bytes; gives what is known of them and of those that were held."""
        if self._state == self._bare:
            self._base += len(data)
            return [Piece(self._base - len(data), data, True)]
        self._bytes += data
        while self._state():
            pass
        pieces, self._pieces = self._pieces, []
        return pieces

    def end(self) -> list[Piece]:
        """The stream is over: gives what is held."""
        self._give(len(self._bytes), payload=self._state != self._head)
        return self._pieces

    def _give(self, count: int, *, payload: bool) -> None:
        """The next bytes are payload, or are not."""
        if count:
            self._pieces.append(Piece(self._base, bytes(self._bytes[:count]), payload))
            del self._bytes[:count]
            self._base += count

    def _first_line(self) -> bool:
        """Is the first line a delimiter?  No frame begins with a dash or a line end."""
        text = bytes(self._bytes[:LONGEST_DELIMITER])
        line = text.lstrip(b"\r\n")
        if b"\n" not in line and len(text) < LONGEST_DELIMITER and _DELIMITER_BEGUN.fullmatch(line):
            return False
        found = _DELIMITER_LINE.match(line)
        if found is None:
            self._state = self._bare
            return True
        self._delimiter = found[1]
        self._begin_head()
        return True

    def _bare(self) -> bool:
        """There is no wrapper; gives what was held until that was known."""
        self._give(len(self._bytes), payload=True)
        return False

    def _begin_head(self) -> None:
        self._resume = 0
        self._in_lines = False
        self._state = self._head

    def _head(self) -> bool:
        """The delimiter line and the header block, up to the empty line."""
        data = self._bytes
        while (end := data.find(b"\n", self._resume)) >= 0:
            begin = data.rfind(b"\n", 0, end) + 1
            self._resume = end + 1
            line = bytes(data[begin:end]).rstrip(b"\r")
            if line == self._delimiter + b"--":
                self._give(end + 1, payload=False)
                self._state = self._tail
                return True
            self._in_lines = self._in_lines or bool(line)
            if line or not self._in_lines:
                continue
            length = _CONTENT_LENGTH.search(data, 0, end)
            self._due = int(length[1]) if length else 0
            self._give(end + 1, payload=False)
            self._state = self._counted if self._due else self._scan
            return True
        self._resume = len(data)
        if len(data) > self._max_head:
            self._give(self._max_head, payload=False)
            self._state = self._scan
            return True
        return False

    def _counted(self) -> bool:
        """Payload of a known length."""
        count = min(self._due, len(self._bytes))
        self._due -= count
        self._give(count, payload=True)
        if self._due:
            return False
        self._state = self._tail
        return True

    def _tail(self) -> bool:
        """Behind a part: a delimiter is due; if it is none, the length was too short."""
        data = bytes(self._bytes[: len(self._delimiter) + 2])
        for begin in (b"\r\n", b"\n", b""):
            wanted = begin + self._delimiter
            if data.startswith(wanted):
                self._begin_head()
                return True
            if wanted.startswith(data):
                return False
        self._state = self._scan
        return True

    def _scan(self) -> bool:
        """Payload of no known length, up to the next delimiter line."""
        data = self._bytes
        end = data.find(b"\n" + self._delimiter)
        found = end >= 0
        if found:
            self._begin_head()
        else:
            # What may begin a delimiter stays: its line end, and what is there of it.
            end = len(data)
            last = data.rfind(b"\n", -len(self._delimiter) - 1)
            if last >= 0 and self._delimiter.startswith(data[last + 1 :]):
                end = last
        if end and data[end - 1] == 0x0D:
            end -= 1
        self._give(end, payload=True)
        return found
