"""The lines of a head, of chunk sizes and of trailers: their bound, their ends, odd bytes.

Only LF ends a line; a CR before it belongs to the end (RFC 9112 2.2).  A CR anywhere else ends
a line for some readers, and is reported.
"""

from __future__ import annotations

import re

from hamaproto.errors import LimitExceededError
from hamaproto.events import AnomalyCode
from hamaproto.wire.http.oddities import Oddities
from hamaproto.wire.receive_buffer import ReceiveBuffer

__all__ = ["BLANKS", "bounded_line", "note_line_end", "note_odd_bytes", "without_end"]

BLANKS = b" \t"

# Tabs are blanks, CR is reported apart.
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x0c\x0e-\x1f\x7f]")


def bounded_line(source: ReceiveBuffer, room: int, limit: str) -> bytes | None:
    """The next line with its end, once it is whole.

    Raises `LimitExceededError`, which names `limit`, for a line of which `room` bytes came
    without an end.  The error is at the last of these bytes.
    """
    line = source.line(room)
    if line is None and source.unfinished >= room:
        raise LimitExceededError(
            f"{limit}: no line end within the {room} bytes that are left of it", source.offset - 1
        )
    return line


def without_end(line: bytes) -> bytes:
    """A line that ends in LF, without its LF or CRLF."""
    return line[: -2 if line.endswith(b"\r\n") else -1]


def note_line_end(line: bytes, offset: int, oddities: Oddities, code: AnomalyCode) -> None:
    """Report the first line that ends in a LF alone, as `code`; `offset` is that of the line."""
    if not line.endswith(b"\r\n"):
        oddities.once(code, offset + len(line) - 1)


def note_odd_bytes(text: bytes, offset: int, where: str, oddities: Oddities) -> None:
    """Report what a line of a head should not hold; it costs nothing else.

    `text` is the line without its end, `offset` that of its first byte, and `where` names the
    line in the report.
    """
    if b"\r" in text:
        oddities.note(AnomalyCode.BARE_CR_IN_HEAD, offset + text.index(b"\r"), where)
    if not text.isascii():
        oddities.note(AnomalyCode.NON_ASCII_HEADER, offset, where)
    if control := _CONTROL.search(text):
        oddities.note(AnomalyCode.CONTROL_IN_HEADER, offset + control.start(), where)
