"""The states of the parser of multipart MJPEG, and which part is asked when.

How it works is told in `hamaproto.wire.mjpeg`.  A part answers with a code or a place; only this
module sets the state and gives out the events.  The states, one method each:

    gap    between images: line ends, junk, the next delimiter or image
    head   in a header block
    body   behind a header block: is it an image?
    walk   in an image, walking
    take   in an image, taking a believed length
    part   in a part that is no image

What a program calls stands in `parser.py`.  This file is compiled a second time as
`hamaproto.wire._mjpeg.states`, with the types of `states.pxd`.
"""

from __future__ import annotations

import re
from typing import Final

from hamaproto.events import (
    NEED_DATA,
    Anomaly,
    AnomalyCode,
    EndOfStream,
    Frame,
    NeedData,
    Part,
    Skipped,
)
from hamaproto.headers import Headers
from hamaproto.limits import Limits
from hamaproto.wire.mjpeg.belief import Belief, Doubt
from hamaproto.wire.mjpeg.clean_head import clean_head
from hamaproto.wire.mjpeg.codes import (
    AGAIN,
    BODY,
    BROKEN,
    CLOSED,
    DELIMITER,
    DROPPED,
    END,
    FIELDS,
    GAP,
    HEAD,
    INSIDE,
    MORE,
    PART,
    SOI,
    TAKE,
    TOO_LARGE,
    WALK,
    WHOLE,
)
from hamaproto.wire.mjpeg.delimiter import (
    LOOKAHEAD,
    REPEATS,
    DelimiterSet,
    Match,
    boundary_of,
    line_end_before,
)
from hamaproto.wire.mjpeg.ending import Ending
from hamaproto.wire.mjpeg.gap import Gap
from hamaproto.wire.mjpeg.head import HeadReader
from hamaproto.wire.mjpeg.image import Image
from hamaproto.wire.mjpeg.report import Report
from hamaproto.wire.mjpeg.store import cut_out, ends_with_lone_eoi, make_frame
from hamaproto.wire.mjpeg.text_part import PartReader
from hamaproto.wire.mjpeg.window import Window

__all__ = ["PURE", "MjpegEvent", "States"]

MjpegEvent = Frame | Part | Anomaly | Skipped | EndOfStream

_SOI: Final = b"\xff\xd8\xff"

#: As good as none, with room to count on from any offset.
_NO_LIMIT = 1 << 60
#: How much behind `Limits.max_part` can still say that a part ends within it.
_PART_LOOKAHEAD = (REPEATS + 2) * LOOKAHEAD

#: An image whose SOI was damaged or cut out still shows a segment's marker at once.
_HEADLESS_IMAGE = re.compile(rb".{0,2}\xff[\xc0-\xc4\xdb\xdd\xe0-\xef\xfe]", re.DOTALL).match


#: Whether this is the pure twin.  A few lines on the way of each chunk are other ones there: what
#: is free in C (a macro, a call, the end of an iterator) is not in Python.
PURE = not __name__.startswith("hamaproto.wire._mjpeg.")


class States:
    """What `MjpegParser` is behind its methods: the state, and the parts that are asked."""

    __slots__ = (
        "_belief",
        "_delimiters",
        "_end_given",
        "_ending",
        "_gap",
        "_granted",
        "_head",
        "_idle",
        "_image",
        "_in_order",
        "_max_frame",
        "_max_part",
        "_report",
        "_room",
        "_run",
        "_state",
        "_store",
        "_text_part",
        "_window",
    )

    def _open(self, content_type: str | None, limits: Limits, strict: bool) -> None:
        """Make the parts."""
        self._max_part = min(limits.max_part, _NO_LIMIT)
        window = self._window = Window()
        report = self._report = Report(limits.max_junk, strict)
        delimiters = self._delimiters = DelimiterSet(boundary_of(content_type))
        self._gap = Gap(window, report, delimiters, limits)
        self._head = HeadReader(window, report, delimiters, limits)
        self._text_part = PartReader(window, delimiters)
        self._image = Image(window)
        self._store = self._image.store
        self._max_frame = min(limits.max_frame, _NO_LIMIT)
        doubt = Doubt(self._max_frame)
        belief = self._belief = Belief(doubt)
        self._ending = Ending(
            window, report, delimiters, self._image, belief, doubt, self._max_frame
        )
        self._state = GAP
        # Nothing is queued and nothing to be said about what came: only more data can help.
        self._idle = True
        # How much of what the image is missing the hot path may take, or 0; and how much of a
        # scan, as long as there is no marker in it, of how much it was granted.
        self._room = 0
        self._run = 0
        self._granted = 0
        # Whether the stream has ended in order so far.
        self._in_order = True
        # Whether `EndOfStream` was given out by the iterator at hand.
        self._end_given = False

    def _step(self) -> MjpegEvent | NeedData | None:
        """What the state at hand gives; None if the next one is to be asked.

        `MjpegParser` asks GAP, TAKE and WALK itself: they are nearly all of a stream, and to ask
        here which one it is would cost a call each time.
        """
        state = self._state
        if state == HEAD:
            return self._read_head()
        if state == BODY:
            return self._body()
        if state == PART:
            return self._part()
        if PURE and self._end_given:
            return NEED_DATA
        self._end_given = True
        return EndOfStream(self._in_order, self._window.fed, self._gap.closed)

    def _more(self) -> NeedData | None:
        """Get more bytes behind what is held."""
        if self._window.more():
            return None
        self._idle = not self._report.ready and not self._window.eof
        return NEED_DATA

    # The gap

    def _between(self) -> MjpegEvent | NeedData | None:
        """In a gap.

        An image whose length is believed is checked and given out right here if its delimiter and
        head are clean and it is all there: that is most of what a well-behaved server sends, and
        no more than what `_begin_image` would do, without the detours.
        """
        window = self._window
        gap = self._gap
        image = self._image
        matcher = gap.matcher
        if (
            matcher is not None
            and not gap.junk
            and not gap.has_head
            and clean_head(matcher, window.data, window.pos, window.end, gap.opened)
            and not gap.closed
            and 0 != matcher.length <= self._max_frame
        ):
            if image.declared >= 0:
                gap.settle(image.end, image.declared)
            data = window.data
            length = matcher.length
            self._head.raw = cut_out(data, matcher.start, matcher.stop)
            start = matcher.stop + 2  # behind the empty line
            at = window.base + start
            if length > 0 and self._belief.believes(at, length):
                stop = start + length
                if stop > window.end:
                    gap.opened = False
                    self._head.body_at = at
                    self._believe(at, length)
                    return None
                if ends_with_lone_eoi(data, start, stop):
                    gap.opened = False
                    window.pos = stop
                    return self._give(cut_out(data, start, stop), at)
            self._head.length = length
            self._head.body_at = at
            gap.has_head = True
            gap.opened = False
            self._begin_image(start)
            return None
        if gap.opened:
            return self._behind_delimiter()
        if gap.open():
            gap.settle(image.end, image.declared)
            image.declared = -1
            return self._behind_delimiter()
        code = gap.read()
        if code == MORE:
            return self._more()
        gap.settle(image.end, image.declared)
        image.declared = -1
        if code == DELIMITER:
            assert gap.match is not None
            self._begin_head(gap.match)
        elif code == SOI:
            self._begin_image(window.pos)
        elif code == INSIDE:
            self._begin_phantom(window.pos)
        elif code == FIELDS:
            self._open_head(window.pos)
        else:
            if gap.has_head:
                self._in_order = False
            self._report.flush()
            self._report.settled = window.fed
            self._state = END
        return None

    def _give(self, data: bytes, at: int) -> MjpegEvent:
        """Give out an image that began at offset `at`, whose length was right."""
        length = len(data)
        end = at + length
        self._belief.last = length
        report = self._report
        report.delivered += length
        image = self._image
        image.end = end
        image.declared = -1
        self._gap.line_start = True
        self._state = GAP
        frame = make_frame(data, "length", True, at, self._head.raw)
        if report.held:
            return report.emit(frame, end)
        report.settled = end
        return frame

    # Header blocks

    def _begin_head(self, match: Match) -> None:
        """A delimiter stands at `match.start`."""
        gap = self._gap
        if not gap.pass_delimiter(match, not self._head.raw):
            self._state = GAP
        elif match.end == self._window.end and gap.matcher is not None:
            self._window.pos = match.end
            gap.opened = True
            self._state = GAP
        else:
            self._open_head(match.end)

    def _behind_delimiter(self) -> MjpegEvent | NeedData | None:
        """Behind a delimiter, and what follows is no clean head."""
        window = self._window
        if window.pos == window.end and not window.final():
            return self._more()
        gap = self._gap
        gap.opened = False
        if gap.clean_alone():
            matcher = gap.matcher
            assert matcher is not None
            raw = cut_out(window.data, window.pos, window.end - 2)
            self._head.adopt(raw, matcher.length, window.base + window.end)
            window.pos = window.end
            gap.has_head = True
            self._state = BODY
        else:
            self._open_head(window.pos)
        return None

    def _open_head(self, pos: int) -> None:
        self._state = HEAD
        self._head.open(pos)

    def _read_head(self) -> MjpegEvent | NeedData | None:
        code = self._head.read()
        if code == MORE:
            return self._more()
        window = self._window
        self._gap.has_head = False
        self._state = GAP
        self._gap.line_start = True
        if code == CLOSED:
            self._gap.has_head = True
            self._state = BODY
        elif code == DELIMITER:
            assert self._head.match is not None
            self._gap.has_head = True
            self._begin_head(self._head.match)
        elif code == DROPPED:
            self._gap.junk = True
        elif window.pos < window.end:
            # Not so if it ends behind a delimiter, which is how these cameras end.
            self._in_order = False
            at = window.base + window.pos
            self._report.skip(at, window.fed, "cut off inside a header block")
            window.pos = window.end
        return None

    def _body(self) -> MjpegEvent | NeedData | None:
        window = self._window
        have = bytes(window.data[window.pos : window.pos + 4])
        final = window.final()
        if have.startswith(_SOI):
            if not self._head.is_image():
                self._report.note(
                    AnomalyCode.CONTENT_TYPE_NOT_IMAGE,
                    self._head.body_at,
                    f"an image under {self._head.content_type()[:80]!r}",
                )
            self._begin_image(window.pos)
            return None
        if not final and _SOI.startswith(have):
            return self._more()
        content_type = self._head.content_type()
        if content_type.lower().lstrip().startswith(b"multipart/"):
            # A response head inside the body: not a part, but it may know the boundary.
            self._gap.answer(boundary_of(content_type.decode("latin-1")))
            self._report.note(
                AnomalyCode.JUNK, self._head.body_at, "a response head inside the body"
            )
            self._state = GAP
            return None
        if not self._head.is_image():
            self._state = PART
            head = self._head
            self._text_part.open(head.body_at, head.is_text(), head.is_audio())
            return None
        self._state = GAP
        if have[:1] not in (b"\r", b"\n", b"-", b""):
            if len(have) < 4 and not final:
                self._state = BODY
                return self._more()
            if _HEADLESS_IMAGE(have):
                self._report.note(
                    AnomalyCode.JUNK_BEFORE_IMAGE, self._head.body_at, "an image without its SOI"
                )
                self._begin_phantom(window.pos)
        return None

    # Parts that are no images

    def _part(self) -> MjpegEvent | NeedData | None:
        window = self._window
        # The part is held from where the window stands.
        data, base, start = window.data, window.base, window.pos
        length = self._head.length
        if length > self._max_part:
            length = self._head.length = -1
            self._report.note(AnomalyCode.INVALID_LENGTH, base + start, "over Limits.max_part")
        declared = length >= 0
        most = length if declared else self._max_part + _PART_LOOKAHEAD
        stop = min(window.end, start + most)
        whole = declared and stop == start + length
        final = stop == window.end and window.final()
        at = self._text_part.end(self._gap.names, start, stop, final or whole, not declared)
        if at >= 0:
            until = at - line_end_before(data, at, start)
            if not declared and until - start > self._max_part:
                self._part_too_large()
                return None
            if declared:
                self._report.note(AnomalyCode.TRUNCATED_PART, base + at, "shorter than its length")
            return self._deliver_part(until, at, not declared)
        if whole:
            at = self._text_part.across(self._gap.names, start, stop)
            if at == stop:
                return self._deliver_part(stop, stop, True)
            if at >= 0:
                self._report.note(AnomalyCode.TRUNCATED_PART, base + at, "shorter than its length")
                return self._deliver_part(at - line_end_before(data, at, start), at, False)
            return self._more()
        # A line end of two bytes may stand between the part and its delimiter.
        least = stop if final else self._text_part.least(self._gap.names, stop) - 2
        if not declared and least - start > self._max_part:
            self._part_too_large()
            return None
        if final:
            self._in_order = False
            if length >= 0:
                self._report.note(AnomalyCode.TRUNCATED_PART, base + stop, "the stream ended")
            return self._deliver_part(stop, stop, False)
        return self._more()

    def _part_too_large(self) -> None:
        """Skip the part as far as the limit; what is behind it is looked through as junk."""
        window = self._window
        at = window.base + window.pos
        stop = window.pos + self._max_part + 1
        self._report.note(AnomalyCode.PART_TOO_LARGE, at, "over Limits.max_part")
        self._report.skip(at, window.base + stop, "a part that is too large")
        window.pos = stop
        self._gap.reopen()
        self._state = GAP

    def _deliver_part(self, stop: int, after: int, complete: bool) -> MjpegEvent:
        window = self._window
        data = bytes(window.data[window.pos : stop])
        part = Part(data, Headers.parse(self._head.raw), complete, window.base + window.pos)
        window.pos = after
        self._gap.has_head = False
        self._gap.line_start = True
        self._state = GAP
        self._report.delivered += len(data)
        return self._report.emit(part, window.base + stop)

    # Images

    def _begin_image(self, pos: int) -> None:
        """FFD8FF stands at `pos`; a header block may stand before it."""
        at = self._window.base + pos
        length = -1
        if self._gap.begin_image(at):
            length = self._head.length
        else:
            self._head.raw = b""
            self._head.body_at = at
        body_at = self._head.body_at
        if length >= 0 and at == body_at and self._belief.believes(at, length):
            self._believe(at, length)
        else:
            self._ending.begin(at, body_at, length)
            self._state = WALK

    def _begin_phantom(self, pos: int) -> None:
        """What stands at `pos` is the inside of an image whose start is missing."""
        self._gap.started = True
        self._gap.has_head = False
        self._ending.begin_phantom(self._window.base + pos)
        self._state = WALK

    def _believe(self, at: int, length: int) -> None:
        """Take the image that begins at offset `at` by its length, unseen."""
        image = self._image
        self._state = TAKE
        if image.believe(at, length) and not self._report.ready:
            self._idle = True
            self._room = image.missing

    def _take(self) -> MjpegEvent | NeedData | None:
        image = self._image
        data = image.fill()
        if data is not None:
            return self._give(data, image.at)
        if image.missing and not self._window.final():
            waiting = self._more()
            if self._idle:
                self._room = image.missing
            return waiting
        self._ending.distrust()
        self._state = WALK
        return None

    def _walk(self) -> MjpegEvent | NeedData | None:
        code = self._ending.walk()
        if code == MORE:
            return self._more()
        if code == AGAIN:
            return None
        self._state = GAP
        self._gap.line_start = code != TOO_LARGE
        if code == WHOLE:
            return self._deliver()
        if code == BROKEN:
            return self._deliver_broken()
        self._gap.junk = True
        return None

    def _longest_run(self) -> int:
        """How many bytes without a marker the walk would just store, and ask for more."""
        image = self._image
        window = self._window
        if image.doubted or not image.walker.in_scan() or window.pos < window.end:
            return 0
        return image.at + self._max_frame - window.base - window.end

    def _deliver(self) -> MjpegEvent:
        """Give out the image that was walked to its EOI, before `window.pos`."""
        image = self._image
        data = image.take()
        self._report.delivered += len(data)
        frame = make_frame(data, self._ending.by, True, image.at, self._head.raw)
        event = self._report.emit(frame, image.end)
        if image.walker.surprised:
            self._report.note(
                AnomalyCode.DAMAGED_IMAGE, image.end, "its marker structure is broken"
            )
        return event

    def _deliver_broken(self) -> MjpegEvent | None:
        """Give out what there is of the image that was cut off."""
        by = self._ending.by
        if by == "eof":
            self._in_order = False
        data = self._ending.cut()
        if data is None:
            return None
        image = self._image
        report = self._report
        report.delivered += len(data)
        frame = Frame(data, by, False, image.at, self._head.raw)
        event = report.emit(frame, image.end)
        report.note(AnomalyCode.TRUNCATED_IMAGE, image.end, f"cut off by {_CUT_BY[by]}")
        return event


_CUT_BY = {"delimiter": "a delimiter", "soi": "another image", "eof": "the end of the stream"}
