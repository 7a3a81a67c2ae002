"""Header blocks: a part's fields, and where its body begins.

A block is read leniently: bare LF, LF CR, folded lines, lines without a colon, no empty line
before the image.  What is odd is noted, and what is too large is dropped.
"""

from __future__ import annotations

import re
from typing import Final

from hamaproto.events import AnomalyCode
from hamaproto.limits import Limits
from hamaproto.wire.mjpeg.codes import CLOSED, CUT_OFF, DELIMITER, DROPPED, MORE
from hamaproto.wire.mjpeg.delimiter import DelimiterSet, Match
from hamaproto.wire.mjpeg.report import Report
from hamaproto.wire.mjpeg.window import Window

__all__ = ["HeadReader"]

_SOI: Final = b"\xff\xd8\xff"
_CR_SOI: Final = b"\r" + _SOI
_TEXT_TYPE = re.compile(
    rb"\s*+(?:text/|application/(?:[^;]*[+])?(?:xml|json))", re.IGNORECASE
).match
_IMAGE_TYPE = re.compile(
    rb"\s*+(?:image/(?:pjpeg|jpe?g|jfif|\*)?|application/octet-stream|octet-stream|binary"
    rb"|jpe?g)?\s*+(?:;.*)?\Z",
    re.IGNORECASE | re.DOTALL,
).match


class HeadReader:
    """One header block at a time: `open`, then `read` until it does not say `MORE`.

    * `MORE`       more bytes are needed
    * `CLOSED`     the body begins at `window.pos`
    * `DELIMITER`  another delimiter stands in the block: `match`
    * `DROPPED`    the block passed a limit; the window is behind what was looked at
    * `CUT_OFF`    the stream ends inside the block, which is held at `window.pos`

    `raw` is the block without its empty line, `length` its Content-Length if that can be one,
    or -1, and `body_at` the offset of the body.
    """

    __slots__ = (
        "_clear",
        "_cursor",
        "_delimiters",
        "_fields",
        "_folds",
        "_fresh",
        "_lf_cr",
        "_lf_lines",
        "_line",
        "_lines",
        "_max_frame",
        "_max_line",
        "_max_lines",
        "_max_size",
        "_report",
        "_window",
        "body_at",
        "length",
        "match",
        "raw",
    )

    def __init__(
        self, window: Window, report: Report, delimiters: DelimiterSet, limits: Limits
    ) -> None:
        self._window = window
        self._report = report
        self._delimiters = delimiters
        self._max_frame = limits.max_frame
        self._max_line = limits.max_part_line
        self._max_lines = limits.max_part_headers
        self._max_size = limits.max_part_head
        # The place in the block, as offsets: its line at hand, and how far that was searched.
        self._line = 0
        self._cursor = 0
        # Up to where a block that was dropped was looked through.
        self._clear = 0
        self._lines = 0
        self._fields: list[tuple[bytes, bytes]] = []
        # Whether a folded line goes on with the last of these fields.
        self._folds = False
        self._lf_lines = False
        # Whether a line of this stream has ended in LF CR.
        self._lf_cr = False
        self._fresh = False
        self.raw = b""
        self.length = -1
        self.body_at = 0
        self.match: Match | None = None

    def open(self, pos: int) -> None:
        """A block begins at `pos` in the window."""
        window = self._window
        window.pos = pos
        self._line = window.base + pos
        self._cursor = max(self._line, self._clear)
        self._lines = 0
        self._fields.clear()
        self._folds = False
        self._lf_lines = False
        self._fresh = True

    def adopt(self, raw: bytes, length: int, body_at: int) -> None:
        """The block was read elsewhere: its type is JPEG, and there is nothing to note."""
        self._fields = [(b"content-type", b"image/jpeg")]
        self.raw = raw
        self.length = length
        self.body_at = body_at

    def read(self) -> int:
        """Go on with the block: what became of it."""
        window = self._window
        # The whole block is held at `window.pos`; `_line` and `_cursor` keep the place in it.
        data, base, start = window.data, window.base, window.pos
        final = window.final()
        if self._fresh:
            # A CR here is the rest of a delimiter's LF CR, or else an empty line's.
            first = data[start : start + 2]
            if first in (b"", b"\r") and not final:
                return MORE
            self._fresh = False
            if first[:1] == b"\r" and first != b"\r\n":
                self._lf_cr = True
                start += 1
                window.pos = start
                self._line = self._cursor = base + start
        limit = start + self._max_size
        stop = min(window.end, limit)
        while True:
            line = self._line - base
            cursor = max(line, self._cursor - base)
            newline = data.find(b"\n", cursor, stop)
            upto = stop if newline < 0 else newline
            soi = data.find(_SOI, max(line, cursor - 2), upto)
            if soi >= 0:
                if data[line:soi].strip(b"\r"):
                    self._malformed(line)
                self._report.note(
                    AnomalyCode.NO_BLANK_LINE, base + soi, "the image begins inside the head"
                )
                self._close(start, line, soi)
                return CLOSED
            if newline < 0:
                self._cursor = base + upto
                if stop == limit:
                    # The next delimiter may stand within: what was looked through is not again.
                    self._clear = base + upto
                    self._drop(line)
                    return DROPPED
                return CUT_OFF if final else MORE
            if newline + 1 - line > self._max_line:
                self._drop(line)
                return DROPPED
            text = bytes(data[line:newline])
            stripped = text.strip(b"\r")
            if text[:1] == b"\r" and (stripped or self._lf_lines):
                # It belongs to the line before.
                self._lf_cr = True
            if not stripped:
                body = newline + 1
                if self._lf_lines or not text:
                    # The empty line may have ended in LF CR.
                    behind = data[body : body + 4]
                    if not final and _CR_SOI.startswith(behind) and behind != _CR_SOI:
                        return MORE
                    if (
                        behind[:1] == b"\r"
                        and behind[:2] != b"\r\n"
                        # In a stream of LF alone that CR is the part's, if the part can have one.
                        and (self._lf_cr or behind[1:] == _SOI)
                    ):
                        body += 1
                self._close(start, line, body)
                return CLOSED
            if stripped.startswith(b"-"):
                # In the middle of a block, a delimiter is one with its dashes.
                match = self._delimiters.match_known(
                    data, line + len(text) - len(text.lstrip(b"\r")), newline + 1, True, False
                )
                if isinstance(match, Match):
                    self.raw = bytes(data[start:line])
                    self.match = match
                    return DELIMITER
            self._lines += 1
            if self._lines > self._max_lines:
                self._drop(line)
                return DROPPED
            self._take_line(stripped, line)
            if not text.endswith(b"\r"):
                self._lf_lines = True
                self._report.note(AnomalyCode.BARE_LF, base + line, "in a header block")
            self._line = self._cursor = base + newline + 1

    def _take_line(self, text: bytes, line: int) -> None:
        if text[:1] in (b" ", b"\t"):
            self._report.note(
                AnomalyCode.FOLDED_HEADER, self._window.base + line, "in a header block"
            )
            if self._folds:
                name, value = self._fields.pop()
                self._fields.append((name, (value + b" " + text).strip(b" \t")))
            return
        name, colon, value = text.partition(b":")
        name = name.rstrip(b" \t")
        self._folds = False
        if not colon or not name:
            self._malformed(line)
            return
        name = name.lower()
        if name in (b"content-length", b"content-type"):
            self._fields.append((name, value.strip(b" \t\r")))
            self._folds = True

    def _malformed(self, line: int) -> None:
        self._report.note(
            AnomalyCode.MALFORMED_HEADER,
            self._window.base + line,
            "a header line without name and colon",
        )

    def _drop(self, line: int) -> None:
        """The block passed a limit: what it holds is junk, the search goes on behind it."""
        window = self._window
        at = window.base + window.pos
        self._report.note(
            AnomalyCode.HEAD_TOO_LARGE, at, "see Limits.max_part_head, _line, _headers"
        )
        stop = max(line, window.pos + 1)
        self._report.skip(at, window.base + stop, "a header block that is too large")
        window.pos = stop

    def _close(self, start: int, stop: int, body: int) -> None:
        """The block is `data[start:stop]`, the body begins at `body`."""
        window = self._window
        self.raw = bytes(window.data[start:stop])
        self.body_at = window.base + body
        lengths = [value for name, value in self._fields if name == b"content-length"]
        self.length = -1
        if lengths:
            if len(set(lengths)) > 1:
                self._report.note(
                    AnomalyCode.DUPLICATE_LENGTH, window.base + start, "the last one counts"
                )
            value = lengths[-1]
            # isdigit() of bytes is ASCII only; int() would take signs and underscores.
            if value.isdigit() and len(value.lstrip(b"0")) <= 10:
                self.length = int(value)
            if self.length < 1 or self.length > self._max_frame:
                self.length = -1
                self._report.note(AnomalyCode.INVALID_LENGTH, window.base + start, "not believed")
        window.pos = body

    def content_type(self) -> bytes:
        """The value of the last Content-Type that has one."""
        for name, value in reversed(self._fields):
            if name == b"content-type" and value:
                return value
        return b""

    def is_audio(self) -> bool:
        """Whether the part says that it is sound, or video of another kind."""
        return self.content_type().lower().startswith((b"audio/", b"video/"))

    def is_image(self) -> bool:
        """Whether an image may stand under the part's Content-Type, or there is none."""
        return _IMAGE_TYPE(self.content_type()) is not None

    def is_text(self) -> bool:
        """Whether the part says that it is text, which holds no FFD8FF."""
        return _TEXT_TYPE(self.content_type()) is not None
