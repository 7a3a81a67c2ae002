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
search for the next frame, so that there is nothing to confirm.  What a line has to be to
separate parts is the same, and is asked of the same `DelimiterSet`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from hamaproto.wire.mjpeg.delimiter import (
    UNDECIDED,
    DelimiterSet,
    Match,
    Undecided,
    line_end_before,
)

__all__ = ["Piece", "Unwrapper"]

#: A boundary is at most 70 characters (RFC 2046 clause 5.1.1); some send dashes of their own.
LONGEST_DELIMITER: Final = 96
_DELIMITER_LINE: Final = re.compile(rb"--([!-~]++(?:\x20++[!-~]++)*+)[ \t]*+\r?\n")
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
        "_delimiters",
        "_due",
        "_line",
        "_lines",
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
        #: The name in use, and how a line begins that may be a delimiter of that name.
        self._delimiters = DelimiterSet(None)
        self._lines: tuple[bytes, ...] = ()
        #: What is read: a method that returns whether another state is to go on.
        self._state: Callable[[], bool] = self._first_line
        #: How much payload is due by Content-Length.
        self._due = 0
        # In a head: where the line at hand begins, and where to look on for its end.
        self._line = 0
        self._resume = 0

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
        self._state = self._bare
        if found := _DELIMITER_LINE.match(line):
            self._delimiters = DelimiterSet(found[1].decode("latin-1"))
            names = [name for name, bare in self._delimiters.patterns if not bare]
            self._lines = tuple(b"\n" + name for name in names)
            self._delimiter(0, len(text) - len(line))
        return True

    def _bare(self) -> bool:
        """There is no wrapper; gives what was held until that was known."""
        self._give(len(self._bytes), payload=True)
        return False

    def _delimiter(self, begin: int, at: int) -> bool | Undecided:
        """Whether a delimiter stands at `at`; if so, what follows it is read next.

        Its line end before it begins at `begin`.
        """
        match = self._delimiters.match_known(self._bytes, at, len(self._bytes), False, False)
        if match is None or isinstance(match, Undecided):
            return match or False
        self._give(begin, payload=True)
        if match.closing:
            self._give(match.end - begin, payload=False)
            self._state = self._between
        else:
            self._line = self._resume = match.end - begin
            self._state = self._head
        return True

    def _between(self) -> bool:
        """Directly behind a part, a delimiter needs no line end before it."""
        found = self._delimiter(0, 0)
        if found is False:
            self._state = self._scan
        return found is not UNDECIDED

    def _head(self) -> bool:
        """The header block behind a delimiter, up to the empty line."""
        data = self._bytes
        while (end := data.find(b"\n", self._resume, self._max_head)) >= 0:
            line = self._line
            if not data[line:end].strip(b"\r"):
                length = _CONTENT_LENGTH.search(bytes(data[:line]))
                self._due = int(length[1]) if length else 0
                self._give(end + 1, payload=False)
                self._state = self._counted if self._due else self._scan
                return True
            # A closing delimiter ends even a head; one that is given twice begins one.
            match = self._delimiters.match_known(data, line, end + 1, True, False)
            if isinstance(match, Match) and match.closing:
                self._give(end + 1, payload=False)
                self._state = self._between
                return True
            self._line = self._resume = end + 1
        self._resume = len(data)
        if len(data) <= self._max_head:
            return False
        self._give(self._max_head, payload=False)
        self._state = self._scan
        return True

    def _counted(self) -> bool:
        """Payload of a known length."""
        count = min(self._due, len(self._bytes))
        self._due -= count
        self._give(count, payload=True)
        if self._due:
            return False
        self._state = self._between
        return True

    def _scan(self) -> bool:
        """Payload of no known length, up to the next delimiter."""
        data, after = self._bytes, 0
        while places := [at for line in self._lines if (at := data.find(line, after)) >= 0]:
            after = min(places) + 1
            begin = after - line_end_before(data, after, 0)
            found = self._delimiter(begin, after)
            if found is UNDECIDED:
                self._give(begin, payload=True)
            if found is not False:
                return found is True
        # What may begin a delimiter stays: its line end, and what is there of it.
        last = data.rfind(b"\n", after)
        if last < 0 or not any(line.startswith(data[last:]) for line in self._lines):
            last = len(data)
        if last and data[last - 1] == 0x0D:
            last -= 1
        self._give(last, payload=True)
        return False
