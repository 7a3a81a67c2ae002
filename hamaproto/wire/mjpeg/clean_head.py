"""A delimiter and a head about which nothing is to be reported, read in one go.

Nearly all heads of nearly all servers are such.  `clean_head.pyx` is the same in C.
"""

from __future__ import annotations

import re

__all__ = ["HeadMatcher", "clean_head", "last_head_alone"]


class HeadMatcher:
    """A delimiter, and what `clean_head` last found behind it.

    A header block has at most `most_lines` lines and, with its empty line, `most_bytes` bytes.
    `start` and `stop` are the block without its empty line, `length` is -1 if none was given.
    `line` is the delimiter as it stands behind an image: with a line end before it and behind it.
    """

    __slots__ = (
        "block",
        "delimiter",
        "head",
        "length",
        "line",
        "most_bytes",
        "most_lines",
        "prefix",
        "start",
        "stop",
        "suffix",
    )

    def __init__(self, delimiter: bytes, most_lines: int, most_bytes: int) -> None:
        self.delimiter = delimiter
        self.most_lines = most_lines
        self.most_bytes = most_bytes
        self.line = b"\r\n" + delimiter + b"\r\n"
        self.start = self.stop = 0
        self.length = -1
        # The last one found, cut at its Content-Length: one part's head is mostly the last
        # one's with another number.  `head` is where the block begins in it.
        self.prefix = self.block = self.suffix = b""
        self.head = 0


#: What stands behind a delimiter's line end.
_BLOCK = re.compile(rb"((?:[!-,.-9;-~][!-9;-~]*+:[\t\x20-\x7e]*+\r\n)++)\r\n\xff\xd8\xff").match
_LENGTH = re.compile(rb"(?:\A|\n)content-length:[ \t]*([0-9]{1,9})[ \t]*\r\n").search
_TYPE = re.compile(rb"(?:\A|\n)content-type:[ \t]*image/jpe?g[ \t]*\r\n").search


_SOI = b"\xff\xd8\xff"
#: An empty line and FFD8FF.
_BEHIND_BLOCK = 5


def clean_head(
    matcher: HeadMatcher,
    data: bytes | bytearray,
    pos: int,
    end: int,
    opened: bool,
) -> bool:
    """Read a delimiter and a header block about which there is nothing to report.

    If it is `opened`, the delimiter with its line end was read before, and the block begins here.

    That is: at most one CRLF, the delimiter, CRLF, no more lines than may be of
    `name: value` CRLF in plain ASCII, no name with a dash in front, with one Content-Type of
    JPEG and at most one Content-Length of at most nine digits, no other field that begins
    with `Content-`, an empty line, and FFD8FF.  What was found stands in `matcher` then.
    False if anything at all is otherwise: the careful way then finds out what.
    """
    prefix = matcher.block if opened else matcher.prefix
    if matcher.suffix and data.startswith(prefix, pos, end):
        number = pos + len(prefix)
        stop = data.find(b"\r", number, number + 10)
        # The suffix first: without a CR `stop` is -1, and what would be cut out is the whole chunk.
        if data.startswith(matcher.suffix, stop, end) and (digits := data[number:stop]).isdigit():
            matcher.start = pos if opened else pos + matcher.head
            matcher.stop = stop + len(matcher.suffix) - _BEHIND_BLOCK
            matcher.length = int(digits)
            return matcher.stop + 2 - matcher.start <= matcher.most_bytes
    start = pos
    if not opened:
        behind = 0 if data.startswith(b"\r\n", pos, end) else 2
        if not data.startswith(matcher.line[behind:], pos, end):
            return False
        start = pos + len(matcher.line) - behind
    found = _BLOCK(data, start, end)
    if found is None:
        return False
    block = found.group(1).lower()
    if _TYPE(block) is None or block.count(b"\n") > matcher.most_lines:
        return False
    length = _LENGTH(block)
    if block.count(b"content-") != (1 if length is None else 2):
        return False
    matcher.start, matcher.stop = found.span(1)
    matcher.length = -1 if length is None else int(length.group(1))
    matcher.suffix = b""
    if length is not None:
        first, behind = length.span(1)
        before = matcher.line if opened else bytes(data[pos:start])
        matcher.block = bytes(data[start : start + first])
        matcher.prefix = before + matcher.block
        matcher.suffix = bytes(data[start + behind : found.end()])
        matcher.head = len(before)
    return matcher.stop + 2 - matcher.start <= matcher.most_bytes


def last_head_alone(matcher: HeadMatcher, data: bytes | bytearray, pos: int, end: int) -> bool:
    """Whether `data[pos:end]` is the last block again, with its empty line: then its `length`."""
    number = pos + len(matcher.block)
    behind = end - len(matcher.suffix) + len(_SOI)
    if not (
        matcher.suffix
        and 1 <= behind - number <= 9
        and data.startswith(matcher.block, pos, end)
        and data.startswith(matcher.suffix[: -len(_SOI)], behind, end)
        and (digits := data[number:behind]).isdigit()
    ):
        return False
    matcher.length = int(digits)
    return True
