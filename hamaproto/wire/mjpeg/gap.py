"""The gap between two parts: where a delimiter, a header block or an image begins, and the junk."""

from __future__ import annotations

import re
from typing import Final

from hamaproto.events import AnomalyCode
from hamaproto.limits import Limits
from hamaproto.wire.mjpeg.clean_head import HeadMatcher, clean_head, last_head_alone
from hamaproto.wire.mjpeg.codes import DELIMITER, FIELDS, INSIDE, MORE, OVER, SOI
from hamaproto.wire.mjpeg.delimiter import UNDECIDED, Delimiter, DelimiterSet, Match
from hamaproto.wire.mjpeg.report import Report
from hamaproto.wire.mjpeg.scans import CUT, NO, Names, may_begin, search_junk, skip_line_ends
from hamaproto.wire.mjpeg.window import Window

__all__ = ["Gap"]

_SOI: Final = b"\xff\xd8\xff"
#: As good as none, with room to count on from any offset.
_NO_LIMIT = 1 << 60

#: Bytes that no text preamble has.  NUL and FF are fill.
_BINARY = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f\x80-\xfe]").search
_FIELD_START = re.compile(rb"[A-Za-z][A-Za-z0-9_.-]{0,63}+[ \t]{0,64}+:").match
_MAY_BE_FIELD_START = re.compile(rb"[A-Za-z][A-Za-z0-9_.-]{0,63}+[ \t]{0,64}+\Z").match


class Gap:
    """What stands between parts: `read` until it does not say `MORE`.

    * `MORE`       more bytes are needed
    * `SOI`        FFD8FF
    * `DELIMITER`  a delimiter: `match`
    * `FIELDS`     a header block without a delimiter, with which the stream begins
    * `INSIDE`     the inside of an image, with which the stream begins
    * `OVER`       the end of the stream

    What was found stands at `window.pos`, where the gap ends; `settle` says so to the report.

    `opened`: a delimiter was read, and nothing of the header block behind it.
    `has_head`: a header block stands before the gap, and its part has not begun.  `started`: the
    stream has begun with a part.  `closed`: its closing delimiter was the last thing.  `junk`:
    the gap holds junk.  `line_start`: a line begins at `window.pos`.  `names` are the delimiters
    that are known.  `matcher` is for `clean_head`, which may be asked first if the gap is neither
    `closed` nor has a head or junk: of most gaps nothing is to be reported.
    """

    __slots__ = (
        "_after_lf",
        "_delimiters",
        "_max_frame",
        "_max_head_bytes",
        "_max_head_lines",
        "_report",
        "_window",
        "closed",
        "has_head",
        "junk",
        "line_start",
        "match",
        "matcher",
        "names",
        "opened",
        "started",
    )

    def __init__(
        self, window: Window, report: Report, delimiters: DelimiterSet, limits: Limits
    ) -> None:
        self._window = window
        self._report = report
        self._delimiters = delimiters
        self._max_frame = min(limits.max_frame, _NO_LIMIT)
        self._max_head_lines = min(limits.max_part_headers, _NO_LIMIT)
        self._max_head_bytes = min(limits.max_part_head, limits.max_part_line, _NO_LIMIT)
        # Whether the byte before `window.pos` is an LF.
        self._after_lf = False
        self.names = Names(delimiters.patterns)
        self.matcher: HeadMatcher | None = None
        self.match: Match | None = None
        self.opened = False
        self.started = False
        self.closed = False
        self.has_head = False
        self.junk = False
        self.line_start = True

    def clean_alone(self) -> bool:
        """Whether what stands behind the `opened` delimiter is a clean head and nothing else.

        Some write a head and its image one after the other.
        """
        matcher = self.matcher
        window = self._window
        data, pos, end = window.data, window.pos, window.end
        if matcher is None or end - pos > self._max_head_bytes:
            return False
        if not last_head_alone(matcher, data, pos, end):
            block = bytes(data[pos:end]) + _SOI
            if (
                not clean_head(matcher, block, 0, len(block), True)
                # The first two bytes of an image would pass for the beginning of what was added.
                or matcher.stop + 2 != end - pos
            ):
                return False
        return matcher.length != 0 and matcher.length <= self._max_frame

    def open(self) -> bool:
        """Whether the gap is a delimiter and all that is there; it is then `opened`.

        A camera sends each image with the delimiter behind it, and its head with the next one.
        """
        matcher = self.matcher
        window = self._window
        if (
            matcher is None
            or window.end - window.pos != len(matcher.line)
            or window.data[window.pos : window.end] != matcher.line
            or self.junk
            or self.has_head
            or self.closed
            or self.opened
        ):
            return False
        window.pos = window.end
        self.opened = True
        self.line_start = True
        return True

    def read(self) -> int:
        """Go on with the gap: what ends it."""
        window = self._window
        delimiters = self._delimiters
        data, end = window.data, window.end
        final = window.final()
        while True:
            pos = window.pos
            if pos >= end:
                return OVER if final else MORE
            first = data[pos]
            if first == 0x0D or first == 0x0A:
                window.pos = skip_line_ends(data, pos, end)
                # In a clean gap any line end will do; in junk a CR alone is just a byte.
                self.line_start = not self.junk or (
                    data[window.pos - 1] == 0x0A
                    or (data[window.pos - 2] == 0x0A if window.pos - 2 >= pos else self._after_lf)
                )
                self._after_lf = data[window.pos - 1] == 0x0A
                continue
            verdict = may_begin(self.names, data, pos, end, self.line_start)
            if verdict == CUT and not final:
                return MORE
            if verdict != NO:
                if first == 0xFF and data[pos : pos + 3] == _SOI:
                    return SOI
                match = delimiters.match_known(data, pos, end, final, self.line_start)
                if match is None and self.line_start and first == 0x2D:
                    match = delimiters.match_undeclared(data, pos, end, final)
                if match is UNDECIDED:
                    return MORE
                if isinstance(match, Match):
                    self.match = match
                    return DELIMITER
            if not self.started and not self.has_head and not self.junk:
                if _FIELD_START(data, pos, end):
                    self._report.note(
                        AnomalyCode.MISSING_DELIMITER,
                        window.base + pos,
                        "the stream begins with a header block",
                    )
                    self.started = True
                    return FIELDS
                if not final and _MAY_BE_FIELD_START(data, pos, end):
                    return MORE
            found_at = search_junk(self.names, data, pos + 1, pos + 1, end)
            if not self.started and not self.has_head and delimiters.declared:
                joined = self._joined_inside(pos, found_at)
                if joined >= 0:
                    self._begin_junk(pos)
                    window.pos = joined
                    return INSIDE
            self._begin_junk(pos)
            self.line_start = data[found_at - 1] == 0x0A or (
                data[found_at - 1] == 0x0D and data[found_at - 2 : found_at - 1] == b"\n"
            )
            self._after_lf = data[found_at - 1] == 0x0A
            window.pos = found_at
            self._report.skip_on(window.base + found_at)

    def settle(self, image_end: int, declared: int) -> None:
        """The gap ends at `window.pos`: note how the length of the image before it has fitted it.

        That image ended at offset `image_end`, and by its length at `declared`; -1 if it gave none.
        """
        window = self._window
        gap_end = window.base + window.pos
        padded = self.junk
        if padded:
            self.junk = False
            self._report.skip_on(gap_end)
        if declared < 0 or declared == image_end:
            return
        after = declared - image_end
        if padded and after > 0 and declared <= gap_end:
            self._report.note(
                AnomalyCode.PADDING,
                image_end,
                f"Content-Length counts {after} bytes behind the image",
            )
        else:
            self._report.note(
                AnomalyCode.LENGTH_MISMATCH,
                image_end,
                f"Content-Length is {after:+d} bytes off",
            )

    def pass_delimiter(self, match: Match, empty: bool) -> bool:
        """Go behind a delimiter: False if it is a closing one, which no header block follows.

        `empty`: if a header block stands before the delimiter, no line is in it.
        """
        report = self._report
        at = self._window.base + match.start
        if self.has_head and empty:
            report.note(AnomalyCode.DUPLICATE_DELIMITER, at, "no header block before it")
        self.has_head = False
        self.started = True
        if match.closing:
            self.closed = True
            self.line_start = True
            self._window.pos = match.end
            return False
        if self.closed:
            self.closed = False
            report.note(AnomalyCode.CLOSED_AND_CONTINUED, at, "parts behind the closing delimiter")
        if match.anomaly is not None:
            report.note(match.anomaly, at, "at a delimiter")
        code = self._delimiters.use(match.delimiter)
        if code is not None:
            self._know()
            report.note(code, at, f"{match.delimiter.line!r} is in use")
        if self.matcher is None or self.matcher.delimiter != match.delimiter.line:
            self.matcher = self._matcher_of(match.delimiter)
        return True

    def _matcher_of(self, delimiter: Delimiter) -> HeadMatcher | None:
        if delimiter.bare:
            return None
        return HeadMatcher(delimiter.line, self._max_head_lines, self._max_head_bytes)

    def begin_image(self, at: int) -> bool:
        """An image begins at offset `at`: whether a header block stands before it."""
        headed = self.has_head
        if not headed and self._delimiters.multipart:
            self._report.note(AnomalyCode.MISSING_DELIMITER, at, "an image without a delimiter")
        if self.closed:
            self.closed = False
            self._report.note(
                AnomalyCode.CLOSED_AND_CONTINUED, at, "an image behind the last delimiter"
            )
        self.has_head = False
        self.started = True
        self.junk = False
        return headed

    def answer(self, boundary: str | None) -> None:
        """What stands before the gap is no part, but an answer's head, which gave a boundary."""
        if boundary is not None and self._delimiters.current is None:
            self._delimiters.declare(boundary)
            self._know()
        self.has_head = False
        self.started = False

    def reopen(self) -> None:
        """What stands at `window.pos` is the rest of a part that was given up: it is junk."""
        window = self._window
        self.has_head = False
        self.junk = True
        self._after_lf = window.data[window.pos - 1] == 0x0A
        self.line_start = self._after_lf

    def _know(self) -> None:
        self.names = Names(self._delimiters.patterns)

    def _joined_inside(self, pos: int, stop: int) -> int:
        """Where the inside of an image begins, if the stream was joined in the middle of one.

        -1 if there is only text before `stop`, where something else may begin.
        """
        data = self._window.data
        found = _BINARY(data, pos, stop)
        if found is None:
            return -1
        at = found.start()
        # The FF of an EOI or of another marker is fill only as far as what follows it is.
        return at - 1 if at > pos and data[at - 1] == 0xFF else at

    def _begin_junk(self, pos: int) -> None:
        if self.junk:
            return
        self.junk = True
        report = self._report
        at = self._window.base + pos
        if not report.skips():
            report.skip(at, at, "junk between parts")
        code = AnomalyCode.JUNK_BEFORE_IMAGE if self.has_head else AnomalyCode.JUNK
        report.note(code, at, "bytes that belong to no part")
