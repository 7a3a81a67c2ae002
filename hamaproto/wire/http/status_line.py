"""The first line of an answer: `read_status_line(line, offset, oddities) -> StatusLine | None`.

    status-line = HTTP-version SP status-code SP [ reason-phrase ]      (RFC 9112 4)

Read are also: the name in any case, any minor version or none, runs of blanks and tabs, no
reason, any bytes as reason.  Each is reported.  Another protocol, another major version, and a
status that is not three ASCII digits are refused.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from hamaproto.errors import RemoteProtocolError
from hamaproto.events import AnomalyCode
from hamaproto.wire.http.lines import BLANKS, note_line_end, note_odd_bytes, without_end
from hamaproto.wire.http.oddities import Oddities

__all__ = ["StatusLine", "read_status_line"]

# The code is three ASCII digits: `\d`, `isdigit()` and `int()` would all take more.
_STATUS_LINE = re.compile(
    rb"[ \t]*((?i:HTTP))/1(?:\.([!-~]*))?([ \t]+)([0-9]{3})(?:([ \t]+)(.*))?", re.DOTALL
)
_VERSION_1 = re.compile(rb"[ \t]*(?i:HTTP)/1(?:\.[!-~]*)?(?:[ \t]|\Z)")


class StatusLine(NamedTuple):
    """`version` is "1.1", "1.0", or what else was sent behind `HTTP/`; `reason` is latin-1."""

    status: int
    reason: str
    version: str

    @property
    def interim(self) -> bool:
        """Whether the final answer is still to come (RFC 9110 15.2)."""
        return 100 <= self.status <= 199


def read_status_line(line: bytes, offset: int, oddities: Oddities) -> StatusLine | None:
    """What `line` says, which has its end and begins at the byte `offset`; None if it is blank.

    Raises `RemoteProtocolError` at `offset`, which says what is wrong with the line.
    """
    text = line.rstrip(b"\r\n").rstrip(BLANKS)
    if not text:
        return None
    match = _STATUS_LINE.fullmatch(text)
    if match is None:
        raise RemoteProtocolError(_what_is_wrong(text), offset)
    name, minor, blanks, status, more_blanks, reason = match.groups()
    version = f"1.{(minor or b'').decode('ascii')}".rstrip(".")
    note_line_end(line, offset, oddities, AnomalyCode.BARE_LF_IN_HEAD)
    if name != b"HTTP":
        oddities.note(AnomalyCode.STATUS_LINE_CASE, offset)
    if blanks != b" " or (more_blanks or b" ") != b" " or text[:1] in (b" ", b"\t"):
        oddities.note(AnomalyCode.STATUS_LINE_BLANKS, offset)
    if minor not in (b"0", b"1"):
        oddities.note(AnomalyCode.ODD_VERSION, offset, version)
    if not reason:
        oddities.note(AnomalyCode.MISSING_REASON, offset)
    note_odd_bytes(without_end(line), offset, "the status line", oddities)
    return StatusLine(int(status), (reason or b"").decode("latin-1"), version)


def _what_is_wrong(text: bytes) -> str:
    if _VERSION_1.match(text):
        return "the status line has no status of exactly three digits"
    name = re.match(rb"[!-~]{1,20}", text.strip(BLANKS))
    if name is None:
        return "the answer begins neither with a status line nor like a picture or sound"
    return f"the answer is {name[0].decode('ascii')!r}, not HTTP/1"
