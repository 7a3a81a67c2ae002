# cython: binding=False
# Methods that bind would show their types, and cost each chunk 7 % more.
"""The parser of multipart MJPEG: what a program calls, the states, and which part is asked when.

How it works is told in `hamaproto.wire.mjpeg`.  A part answers with a code or a place; only this
module sets the state and gives out the events.  The states, one method each:

    gap    between images: line ends, junk, the next delimiter or image
    head   in a header block
    body   behind a header block: is it an image?
    walk   in an image, walking
    take   in an image, taking a believed length
    part   in a part that is no image

This file is compiled a second time as `hamaproto.wire._mjpeg.parser`, with the types of
`parser.pxd`.  An object of C is not asked whether it is there: what enters looks, by `enter` or
`_look`, whether the parser went through `__init__`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from hamaproto.errors import LocalProtocolError
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
from hamaproto.limits import DEFAULT_LIMITS, Limits
from hamaproto.wire.contract import (
    Chunk,
    ConstructorSignature,
    entered_twice,
    made_twice,
    mjpeg_arguments,
    owned,
)
from hamaproto.wire.mjpeg.codes import (
    AGAIN,
    BROKEN,
    CLOSED,
    DELIMITER,
    DROPPED,
    FIELDS,
    INSIDE,
    MORE,
    SOI,
    TOO_LARGE,
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
from hamaproto.wire.mjpeg.loan import Loan
from hamaproto.wire.mjpeg.report import Accounting, Report
from hamaproto.wire.mjpeg.scans import (
    cut_out,
    ends_with_lone_eoi,
)
from hamaproto.wire.mjpeg.store import Store, make_frame
from hamaproto.wire.mjpeg.text_part import PartReader
from hamaproto.wire.mjpeg.turn import Turn, enter, leave
from hamaproto.wire.mjpeg.window import Window

__all__ = ["Accounting", "MjpegEvent", "MjpegParser"]

MjpegEvent = Frame | Part | Anomaly | Skipped | EndOfStream

_GAP = 0
_HEAD = 1
_BODY = 2
_WALK = 3
_TAKE = 4
_PART = 5
_END = 6

_SOI: Final = b"\xff\xd8\xff"

#: As good as none, with room to count on from any offset.
_NO_LIMIT = 1 << 60
#: How much behind `Limits.max_part` can still say that a part ends within it.
_PART_LOOKAHEAD = (REPEATS + 2) * LOOKAHEAD

#: An image whose SOI was damaged or cut out still shows a segment's marker at once.
_HEADLESS_IMAGE = re.compile(rb".{0,2}\xff[\xc0-\xc4\xdb\xdd\xe0-\xef\xfe]", re.DOTALL).match


#: What a chunk in the middle of an image gives.
_NO_EVENTS: Iterator[MjpegEvent] = iter(())

#: Whether this is the pure twin.  A few lines on the way of each chunk are other ones there: what
#: is free in C (a macro, a call, the end of an iterator) is not in Python.
_PURE = not __name__.startswith("hamaproto.wire._mjpeg.")


class MjpegParser:
    """An incremental parser of multipart MJPEG streams.

    `content_type` is the value of the answer's Content-Type header, or None; it only
    hints at the boundary.  `limits` bounds what is held (see `Limits`).  With
    `strict=True` the first oddity, `Anomaly` or `Skipped`, is raised as a
    `RemoteProtocolError` with its offset instead of being reported.

    Offsets count from the first byte fed.  Raises `LocalProtocolError` if fed after
    the end, `LimitExceededError` if more than `limits.max_junk` bytes come in which there
    is nothing; both `receive_data` and `next_event` raise an error again once it was raised.
    """

    __slots__ = (
        "_ceased",
        "_delimiters",
        "_end_given",
        "_ending",
        "_gap",
        "_head",
        "_idle",
        "_image",
        "_loan",
        "_max_part",
        "_report",
        "_room",
        "_state",
        "_store",
        "_text_part",
        "_turn",
        "_window",
    )

    __signature__ = ConstructorSignature(mjpeg_arguments)

    def __init__(
        self,
        content_type: str | None = None,
        *,
        limits: Limits | None = None,
        strict: bool = False,
    ) -> None:
        if content_type is not None and not isinstance(content_type, str):
            raise LocalProtocolError(
                f"content_type must be the header's value as str or None, not "
                f"{type(content_type).__name__}"
            )
        if limits is None:
            limits = DEFAULT_LIMITS
        elif not isinstance(limits, Limits):
            raise LocalProtocolError(
                f"limits must be a hamaproto.Limits or None, not {type(limits).__name__}"
            )
        made = False
        with suppress(AttributeError):
            made = bool(self._turn.made)
        if made:
            raise made_twice(self)
        self._max_part = min(limits.max_part, _NO_LIMIT)
        window = self._window = Window()
        report = self._report = Report(limits.max_junk, strict)
        delimiters = self._delimiters = DelimiterSet(boundary_of(content_type))
        self._gap = Gap(window, report, delimiters, limits)
        self._head = HeadReader(window, report, delimiters, limits)
        self._text_part = PartReader(window, delimiters)
        self._image = Image(window)
        self._store: Store = self._image.store
        self._loan = Loan(window, self._store)
        max_frame = min(limits.max_frame, _NO_LIMIT)
        self._ending = Ending(window, report, delimiters, self._image, max_frame)
        self._state = _GAP
        # Nothing is queued and nothing to be said about what came: only more data can help.
        self._idle = True
        # How much of what the image is missing the hot path may take, or 0.
        self._room = 0
        # Whether the stream has ended in order so far.
        self._ceased = True
        # Whether `EndOfStream` was given out by the iterator at hand.
        self._end_given = False
        # The last, since it says that all the rest is there.
        self._turn: Turn = Turn()

    def __repr__(self) -> str:
        self._look()
        window = self._window
        taken = self._taken()
        return f"<MjpegParser at byte {window.base + window.pos + taken} of {window.fed + taken}>"

    def __reduce_ex__(self, protocol: object) -> tuple[object, ...]:
        """Refused: `copy` and `pickle` would share or lose what is half read."""
        raise TypeError("a MjpegParser can't be copied or pickled: make another one")

    # The contract

    def receive_data(self, data: Chunk) -> None:
        """Feed some bytes.  What is kept of anything but `bytes` is a copy."""
        if _PURE:
            if self._turn.taken:
                raise entered_twice(self, "receive_data")
            room = self._room
            if room and type(data) is bytes:
                size = len(data)
                if size < room:
                    # As in `_receive`.  Nobody can come between: the turn need not be taken.
                    self._room = room - size
                    self._store.keep(data, size)
                    return
            self._turn.taken = True
        elif not enter(self._turn):
            raise entered_twice(self, "receive_data")
        try:
            self._receive(data)
        finally:
            if _PURE:
                self._turn.taken = False
            else:
                leave(self._turn)

    def _receive(self, data: Chunk) -> None:
        if type(data) is not bytes:
            data = owned(data)
        elif not _PURE:
            # The hot path of a believed length: straight to where the image is put together.
            chunk = data
            size = len(chunk)
            room = self._room - size
            if room > 0:
                self._store.keep(chunk, size)
                self._room = room
                return
        size = len(data)
        if self._room:
            self._cool()
        if self._report.error is not None:
            raise self._report.error.with_traceback(None)
        if self._window.eof:
            raise LocalProtocolError("receive_data after receive_eof: the stream has ended")
        if size:
            self._window.feed(data)
            self._idle = False

    def receive_eof(self) -> None:
        """Say that nothing follows.  Saying it again changes nothing."""
        if not enter(self._turn):
            raise entered_twice(self, "receive_eof")
        try:
            self._cool()
            if self._report.error is not None:
                raise self._report.error.with_traceback(None)
            self._window.close()
            self._idle = False
        finally:
            leave(self._turn)

    def next_event(self) -> MjpegEvent | NeedData:
        """The next event; `NEED_DATA` if more bytes are needed for it."""
        if _PURE and self._end_given and not self._turn.taken:
            self._end_given = False
        return self._ask()

    def _ask(self) -> MjpegEvent | NeedData:
        if _PURE:
            if self._turn.taken:
                raise entered_twice(self, "next_event")
            self._turn.taken = True
        elif not enter(self._turn):
            raise entered_twice(self, "next_event")
        try:
            while True:
                if self._idle:
                    return NEED_DATA
                if self._report.error is not None:
                    raise self._report.error.with_traceback(None)
                if self._report.ready:
                    return self._report.ready.pop(0)
                event: MjpegEvent | NeedData | None
                state = self._state
                if state == _GAP:
                    event = self._between()
                elif state == _TAKE:
                    event = self._take()
                elif state == _WALK:
                    code = self._ending.walk()
                    event = self._more() if code == MORE else self._walked(code)
                elif state == _HEAD:
                    event = self._read_head()
                elif state == _BODY:
                    event = self._body()
                elif state == _PART:
                    event = self._part()
                elif _PURE and self._end_given:
                    return NEED_DATA
                else:
                    self._end_given = True
                    event = EndOfStream(self._ceased, self._window.fed, self._gap.closed)
                if event is not None:
                    return event
        finally:
            if _PURE:
                self._turn.taken = False
            else:
                leave(self._turn)

    def next_event_from(self, pieces: Iterator[Chunk]) -> MjpegEvent | NeedData:
        """The next event, feeding pieces from the iterator until there is one.

        `NEED_DATA` if the iterator ends first.  It is the same as to call `receive_data` and
        `next_event` by turns, without the calls.  What the iterator raises goes through;
        the parser can then be asked, fed and ended as ever; not so by the iterator itself.
        """
        while True:
            event = self.next_event() if _PURE else self._ask()
            if event is not NEED_DATA:
                return event
            if not enter(self._turn):
                raise entered_twice(self, "next_event_from")
            try:
                more = self._feed_from(pieces)
            finally:
                leave(self._turn)
            if not more:
                return NEED_DATA

    def _feed_from(self, pieces: Iterator[Chunk]) -> bool:
        """Feed pieces until there may be an event; False if the iterator has ended."""
        if iter(pieces) is not pieces:
            raise LocalProtocolError(
                f"next_event_from() takes an iterator, which knows its place, not "
                f"{type(pieces).__name__}: pass iter(...) of it, the same one each time"
            )
        for piece in pieces:
            room = self._room
            if type(piece) is bytes and len(piece) < room:
                # As in `receive_data`.
                self._store.keep(piece, len(piece))
                self._room = room - len(piece)
                continue
            self._receive(piece)
            return True
        return False

    def events(self) -> Iterator[MjpegEvent]:
        """Events until more data is needed, or to the end, `EndOfStream` included."""
        if self._idle:
            return _NO_EVENTS
        if _PURE:
            # It ends without raising StopIteration, which would cost as much as a short chunk.
            if self._end_given and not self._turn.taken:
                self._end_given = False
            return iter(self._ask, NEED_DATA)  # type: ignore[arg-type]
        events = _Events()
        events._parser = self
        return events

    def get_buffer(self, sizehint: int = -1) -> memoryview:
        """A writable place for the next bytes; tell `buffer_updated` how many came.

        While a believed length is being taken it is the image itself, so that a
        `recv_into` needs no copy in user space; compiled twin only.  The view is released by
        the next call; who has made another one of it writes to bytes that no frame has.
        """
        if not enter(self._turn):
            raise entered_twice(self, "get_buffer")
        try:
            self._cool()
            if self._report.error is not None:
                raise self._report.error.with_traceback(None)
            return self._loan.lend(self._image.missing if self._idle else 0)
        finally:
            leave(self._turn)

    def buffer_updated(self, nbytes: int) -> None:
        """`nbytes` bytes were written to the start of what `get_buffer` gave."""
        if not enter(self._turn):
            raise entered_twice(self, "buffer_updated")
        try:
            self._updated(nbytes)
        finally:
            leave(self._turn)

    def _updated(self, nbytes: int) -> None:
        self._cool()
        if self._report.error is not None:
            raise self._report.error.with_traceback(None)
        if self._window.eof:
            raise LocalProtocolError("buffer_updated after receive_eof: the stream has ended")
        taken = self._loan.accept(nbytes, self._image.missing if self._idle else 0)
        if taken:
            self._image.missing -= taken
            self._room = self._image.missing
            self._idle = self._image.missing > 0
        elif nbytes:
            self._idle = False

    @property
    def accounting(self) -> Accounting:
        """What became of the bytes fed so far; framing is delimiters, heads, line ends."""
        self._look()
        return self._report.accounting(self._window.fed + self._taken())

    # Input

    def _look(self) -> None:
        """Raise for a parser that was made without `__init__`."""
        if not self._turn.made:
            raise AttributeError("a parser that was made without __init__")

    def _taken(self) -> int:
        """How much the hot path took that is not accounted for."""
        return self._image.missing - self._room if self._room else 0

    def _cool(self) -> None:
        """Account for what the hot path took: it counts down `_room` and nothing else."""
        if self._room:
            taken = self._image.missing - self._room
            self._image.missing -= taken
            self._window.pass_by(taken)
            self._room = 0

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
        if gap.clean():
            if image.declared >= 0:
                gap.settle(image.end, image.declared)
            matcher = gap.matcher
            assert matcher is not None
            data = window.data
            length = matcher.length
            self._head.raw = cut_out(data, matcher.start, matcher.stop)
            start = matcher.stop + 2  # behind the empty line
            at = window.base + start
            if length > 0 and self._ending.believes(at, length):
                stop = start + length
                if stop > window.end:
                    self._head.body_at = at
                    self._believe(at, length)
                    return None
                if ends_with_lone_eoi(data, start, stop):
                    window.pos = stop
                    return self._give(cut_out(data, start, stop), at)
            self._head.length = length
            self._head.body_at = at
            gap.has_head = True
            self._begin_image(start)
            return None
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
                self._ceased = False
            self._report.flush()
            self._report.settled = window.fed
            self._state = _END
        return None

    def _give(self, data: bytes, at: int) -> MjpegEvent:
        """Give out an image that began at offset `at` and that its length told the truth about."""
        length = len(data)
        end = at + length
        self._ending.kept(length)
        self._report.delivered += length
        image = self._image
        image.end = end
        image.declared = -1
        self._gap.line_start = True
        self._state = _GAP
        frame = make_frame(data, "length", True, at, self._head.raw)
        if self._report.held:
            return self._report.emit(frame, end)
        self._report.settled = end
        return frame

    # Header blocks

    def _begin_head(self, match: Match) -> None:
        """A delimiter stands at `match.start`."""
        if self._gap.pass_delimiter(match, not self._head.raw):
            self._open_head(match.end)
        else:
            self._state = _GAP

    def _open_head(self, pos: int) -> None:
        self._state = _HEAD
        self._head.open(pos)

    def _read_head(self) -> MjpegEvent | NeedData | None:
        code = self._head.read()
        if code == MORE:
            return self._more()
        window = self._window
        self._gap.has_head = False
        self._state = _GAP
        self._gap.line_start = True
        if code == CLOSED:
            self._gap.has_head = True
            self._state = _BODY
        elif code == DELIMITER:
            assert self._head.match is not None
            self._gap.has_head = True
            self._begin_head(self._head.match)
        elif code == DROPPED:
            self._gap.junk = True
        elif window.pos < window.end:
            # Not so if it ends behind a delimiter, which is how these cameras end.
            self._ceased = False
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
            self._state = _GAP
            return None
        if not self._head.is_image():
            self._state = _PART
            head = self._head
            self._text_part.open(head.body_at, head.is_text(), head.is_sound())
            return None
        self._state = _GAP
        if have[:1] not in (b"\r", b"\n", b"-", b""):
            if len(have) < 4 and not final:
                self._state = _BODY
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
        # The part is held at `_pos`.
        data, base, start = window.data, window.base, window.pos
        length = self._head.length
        if length > self._max_part:
            length = self._head.length = -1
            self._report.note(AnomalyCode.INVALID_LENGTH, base + start, "over Limits.max_part")
        told = length >= 0
        most = length if told else self._max_part + _PART_LOOKAHEAD
        stop = min(window.end, start + most)
        whole = told and stop == start + length
        final = stop == window.end and window.final()
        at = self._text_part.end(self._gap.names, start, stop, final or whole, not told)
        if at >= 0:
            until = at - line_end_before(data, at, start)
            if not told and until - start > self._max_part:
                self._part_too_large()
                return None
            if told:
                self._report.note(AnomalyCode.TRUNCATED_PART, base + at, "shorter than its length")
            return self._deliver_part(until, at, not told)
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
        if not told and least - start > self._max_part:
            self._part_too_large()
            return None
        if final:
            self._ceased = False
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
        self._state = _GAP

    def _deliver_part(self, stop: int, after: int, complete: bool) -> MjpegEvent:
        window = self._window
        data = bytes(window.data[window.pos : stop])
        part = Part(data, Headers.parse(self._head.raw), complete, window.base + window.pos)
        window.pos = after
        self._gap.has_head = False
        self._gap.line_start = True
        self._state = _GAP
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
        if length >= 0 and at == body_at and self._ending.believes(at, length):
            self._believe(at, length)
        else:
            self._ending.begin(at, body_at, length)
            self._state = _WALK

    def _begin_phantom(self, pos: int) -> None:
        """What stands at `pos` is the inside of an image whose start is missing."""
        self._gap.started = True
        self._gap.has_head = False
        self._ending.begin_phantom(self._window.base + pos)
        self._state = _WALK

    def _believe(self, at: int, length: int) -> None:
        """Take the image that begins at offset `at` by its length, unseen."""
        self._ending.take(at, length)
        self._state = _TAKE
        missing = self._image.missing
        if missing and self._window.drained() and not self._report.ready:
            self._idle = True
            self._room = missing

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
        self._state = _WALK
        return None

    def _walked(self, code: int) -> MjpegEvent | None:
        """What came of the image that was walked is `code`, as `Ending.walk` gives it."""
        if code == AGAIN:
            return None
        self._state = _GAP
        self._gap.line_start = code != TOO_LARGE
        if code == WHOLE:
            return self._deliver()
        if code == BROKEN:
            return self._deliver_broken()
        self._gap.junk = True
        return None

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
            self._ceased = False
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


class _Events:
    """What `events` gives; see `contract.Events`."""

    __slots__ = ("_parser",)

    _parser: MjpegParser | None

    def __iter__(self) -> Iterator[MjpegEvent]:
        return self

    def __next__(self) -> MjpegEvent:
        parser = self._parser
        if parser is None:
            raise StopIteration
        event = parser._ask()
        if event is NEED_DATA:
            self._parser = None
            raise StopIteration
        if type(event) is EndOfStream:
            self._parser = None
        return event


_CUT_BY = {"delimiter": "a delimiter", "soi": "another image", "eof": "the end of the stream"}
