"""A delimiter and a head about which nothing is to be reported, read in one go.

Nearly all heads of nearly all servers are such.  `clean_head.pyx` is the same in C.
"""

from __future__ import annotations

import re

__all__ = ["HeadMatcher", "clean_head"]


class HeadMatcher:
    """A delimiter, and what `clean_head` last found behind it.

    `start` and `stop` are the block without its empty line, `length` is -1 if none was given.
    """

    __slots__ = ("delimiter", "head", "length", "prefix", "start", "stop", "suffix")

    def __init__(self, delimiter: bytes) -> None:
        self.delimiter = delimiter
        self.start = self.stop = 0
        self.length = -1
        # The last one found, cut at its Content-Length: one part's head is mostly the last
        # one's with another number.  `head` is where the block begins in it.
        self.prefix = self.suffix = b""
        self.head = 0


#: What stands behind the delimiter; the delimiter itself may be another one each time.
_BLOCK = re.compile(rb"\r\n((?:[!-,.-9;-~][!-9;-~]*+:[\t\x20-\x7e]*+\r\n)++)\r\n\xff\xd8\xff").match
_LENGTH = re.compile(rb"(?:\A|\n)content-length:[ \t]*([0-9]{1,9})[ \t]*\r\n").search
_TYPE = re.compile(rb"(?:\A|\n)content-type:[ \t]*image/jpe?g[ \t]*\r\n").search


#: An empty line and FFD8FF.
_BEHIND_BLOCK = 5


def clean_head(
    matcher: HeadMatcher, data: bytes | bytearray, pos: int, end: int, most_lines: int
) -> bool:
    """Read a delimiter and a header block about which there is nothing to report.

    That is: at most one CRLF, the delimiter, CRLF, at most `most_lines` lines of
    `name: value` CRLF in plain ASCII, no name with a dash in front, with one Content-Type of
    JPEG and at most one Content-Length of at most nine digits, no other field that begins
    with `Content-`, an empty line, and FFD8FF.  What was found stands in `matcher` then.
    False if anything at all is otherwise: the careful way then finds out what.
    """
    if matcher.suffix and data.startswith(matcher.prefix, pos, end):
        number = pos + len(matcher.prefix)
        stop = data.find(b"\r", number, number + 10)
        # The suffix first: without a CR `stop` is -1, and what would be cut out is the whole chunk.
        if data.startswith(matcher.suffix, stop, end) and (digits := data[number:stop]).isdigit():
            matcher.start = pos + matcher.head
            matcher.stop = stop + len(matcher.suffix) - _BEHIND_BLOCK
            matcher.length = int(digits)
            return True
    line = pos + 2 if data.startswith(b"\r\n", pos, end) else pos
    if not data.startswith(matcher.delimiter, line, end):
        return False
    found = _BLOCK(data, line + len(matcher.delimiter), end)
    if found is None:
        return False
    block = found.group(1).lower()
    if _TYPE(block) is None or block.count(b"\n") > most_lines:
        return False
    length = _LENGTH(block)
    if block.count(b"content-") != (1 if length is None else 2):
        return False
    matcher.start, matcher.stop = found.span(1)
    matcher.length = -1 if length is None else int(length.group(1))
    matcher.suffix = b""
    if length is not None:
        first, behind = length.span(1)
        matcher.prefix = bytes(data[pos : matcher.start + first])
        matcher.suffix = bytes(data[matcher.start + behind : found.end()])
        matcher.head = matcher.start - pos
    return True
