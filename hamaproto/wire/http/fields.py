"""The lines between the status line and the empty line: header fields, folds, and junk.

    lines.add(body, offset)     one line without its end
    lines.finish() -> Headers   the fields that came

A field is a name, a colon and a value (RFC 9112 5).  A line that begins with a blank continues
the field before it (5.2).  What is neither is skipped and reported; so is a line that continues
it.
"""

from __future__ import annotations

import re

from hamaproto.events import AnomalyCode
from hamaproto.headers import Headers
from hamaproto.wire.http.lines import BLANKS, note_odd_bytes
from hamaproto.wire.http.oddities import Oddities

__all__ = ["FieldLines"]

# field-line = field-name ":" OWS field-value OWS, in ASCII.  The name begins with a letter, so
# that a line that begins with a time is not taken for a field.
_FIELD_LINE = re.compile(rb"([A-Za-z][!#$%&'*+\-.^_`|~0-9A-Za-z]*):([\t -~]*)")
_ANOTHER_STATUS_LINE = re.compile(rb"(?i:HTTP)/[0-9]")

# A line that begins like one of the three dates of RFC 9110 5.6.7, like one in numbers, or
# with a time.  None of it could be a name and a value: a name has neither blank nor comma,
# and no field is called by two digits.
_DATE_LINE = re.compile(
    rb"""(?ix:
      (?: mon | tues? | wed(?:nes)? | thu(?:rs)? | fri | sat(?:ur)? | sun ) (?:day)?
        [,\ \t] .* [0-9]
    | (?: [0-9]{1,4} [-/.\ ] [0-9a-z]{1,9} [-/.\ ] [0-9]{1,4} [,\ \tT]+ )?
        [0-9]{1,2} (?: :[0-9]{2} ){2}
    )"""
)


class FieldLines:
    """Collects the fields of one head."""

    __slots__ = ("_fields", "_name", "_oddities", "_pieces")

    def __init__(self, oddities: Oddities) -> None:
        self._oddities = oddities
        self._fields: list[tuple[str, str]] = []
        # The field that a fold would continue; `_pieces` is None behind a line of junk.
        self._name = ""
        self._pieces: list[str] | None = None

    def add(self, body: bytes, offset: int) -> None:
        """Take a line, without its end and not empty, whose first byte is at `offset`."""
        if field := _FIELD_LINE.fullmatch(body):
            self._close_field()
            name, value = field.groups()
            self._name = name.decode("ascii")
            self._pieces = [value.strip(BLANKS).decode("ascii")]
        elif body.startswith((b" ", b"\t")):
            self._fold(body, offset)
        else:
            self._close_field()
            self._odd_line(body, offset)

    def finish(self) -> Headers:
        """The fields, in the order in which they came."""
        self._close_field()
        return Headers(self._fields)

    @property
    def announces_more(self) -> bool:
        """Whether the last line is a Content-Type that announces another parameter."""
        return (
            self._pieces is not None
            and self._name.lower() == "content-type"
            and self._pieces[-1].endswith(";")
        )

    def _odd_line(self, body: bytes, offset: int) -> None:
        """A field that is not as it should be, or junk that is skipped by its name."""
        oddities = self._oddities
        if _ANOTHER_STATUS_LINE.match(body):
            return oddities.note(AnomalyCode.SECOND_STATUS_LINE, offset)
        if _DATE_LINE.match(body):
            return oddities.note(AnomalyCode.DATE_LINE, offset)
        left, colon, right = body.partition(b":")
        if not colon:
            return oddities.note(AnomalyCode.HEADER_WITHOUT_COLON, offset)
        name = left.rstrip(BLANKS)
        if not name:
            return oddities.note(AnomalyCode.HEADER_WITHOUT_NAME, offset)
        if b" " in name or b"\t" in name:
            return oddities.note(AnomalyCode.BLANK_IN_NAME, offset)
        self._name = name.decode("latin-1")
        self._pieces = [_value(right)]
        if name != left:
            oddities.note(AnomalyCode.BLANK_BEFORE_COLON, offset, _shown(self._name))
        return self._note_odd_bytes(body, offset)

    def _fold(self, body: bytes, offset: int) -> None:
        text = _value(body)
        if not text:
            self._oddities.note(AnomalyCode.BLANK_LINE_IN_HEAD, offset)
        elif self._pieces is None:
            self._oddities.note(
                AnomalyCode.FOLDED_HEAD_LINE, offset, "continues no header: left out"
            )
        else:
            self._pieces.append(text)
            self._oddities.note(AnomalyCode.FOLDED_HEAD_LINE, offset, _shown(self._name))
            self._note_odd_bytes(body, offset)

    def _note_odd_bytes(self, body: bytes, offset: int) -> None:
        # One more CR in front of the end is no part of the value.
        note_odd_bytes(body.removesuffix(b"\r"), offset, _shown(self._name), self._oddities)

    def _close_field(self) -> None:
        if self._pieces is not None:
            self._fields.append((self._name, " ".join(filter(None, self._pieces))))
            self._pieces = None


def _value(text: bytes) -> str:
    """A header's value as it was sent, without the blanks around it and a CR before the end."""
    return text.lstrip(BLANKS).rstrip(b" \t\r").decode("latin-1")


def _shown(name: str) -> str:
    """A header's name for a report: short, and harmless on a terminal."""
    text = name[:40].encode("latin-1").decode("ascii", "backslashreplace")
    return text.encode("unicode_escape").decode("ascii")
