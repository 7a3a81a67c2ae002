# cython: nonecheck=True
# (One that was made without __init__ must raise, not crash.)
"""Multipart MJPEG, read so that no frame is lost that could have been delivered.

In: the body of an answer, in pieces of any size, and the Content-Type of its head if there
was one.  Out: `Frame`, `Part`, `Anomaly`, `Skipped`, `EndOfStream`.

No camera is trusted and no list of quirks is consulted.  One mechanism reads everything:

1. **The marker walk is the truth** (`walk.py`).  An image begins at FFD8FF and ends with
   the EOI that the structure of JPEG gives it; it is delivered with that byte.  What stands
   between an image's end and the next image is looked through for a delimiter, for a header
   block where the stream begins with one, and for FFD8FF; everything else there is junk,
   reported as `Skipped`, once a gap.
2. **A Content-Length is a belief that saves the walk.**  It is believed while the walk has
   confirmed this stream's lengths, none has lied since, and it is like the last good one.
   Then its bytes are taken unseen; if they do not end in one FFD9, they are walked after
   all.  A lie therefore costs time and nothing else, and belief can't be seen in the events.
3. **The second opinion.**  Only when the walk is surprised (no marker where one is due, a new
   image inside an image, a malformed segment, an EOI in doubt, the end, the size limit), what was
   walked is searched for a known delimiter with a header block or an image behind it; where an
   image begins or ends, also for a line that nobody declared with a Content- or X- header behind
   it, and for an image behind such a header, whose delimiter is gone.  If there is one, the image
   was cut off there, and reading goes on at that place.  If there is none, the walk goes on the
   way libjpeg does.  A walk without surprise outranks any delimiter, so that a comment inside an
   image can't inject a frame.  Tables are no comments: FFD8FF inside one is where the next image
   begins, onto one of whose markers the length of a table that was cut off may have led the
   walk, which is then not surprised at all.
4. **A part that is no image** ends at its length; without one, at whatever may follow it, since
   nothing else would end it: any sign of the next part counts that would count in a gap.

Every decision depends on the bytes up to the one that decides, and on the end of the
stream; never on how many more have arrived.  Where a decision needs bytes that are not there
yet, the place is held and the question asked again; that happens between images, and never
delays an EOI.

The states, one method each:

    gap    between images: line ends, junk, the next delimiter or image
    head   in a header block
    body   behind a header block: is it an image?
    walk   in an image, walking
    take   in an image, taking a believed length
    part   in a part that is no image

Each byte is looked at a bounded number of times: what was searched is not searched again, and
what waits for more is held no longer than it takes to rule it out.  Parts that hide inside the
segments of an image, and are found only where it breaks, are read again from there, each to its
own end.  In no stream of a camera is that much; in one that was made for it, once more than
`_AGAIN` times what came before was read again, an image is in doubt from its start: no length
is believed, and any delimiter ends it, so that nothing is walked that must be taken back.  So
is what precedes the first image that was seen to begin (`_begin_phantom`).

This file is compiled a second time as `hamaproto.wire._mjpeg.parser`, with the types of
`parser.pxd`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from hamaproto.errors import LocalProtocolError
from hamaproto.events import (
    NEED_DATA,
    Anomaly,
    AnomalyCode,
    EndOfStream,
    Frame,
    FrameEnd,
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
from hamaproto.wire.mjpeg.belief import Belief, Doubt
from hamaproto.wire.mjpeg.clean_head import HeadMatcher, clean_head
from hamaproto.wire.mjpeg.codes import EOI, MORE, SOI
from hamaproto.wire.mjpeg.delimiter import (
    LOOKAHEAD,
    REPEATS,
    UNDECIDED,
    DelimiterSet,
    Match,
    boundary_of,
    line_end_before,
)
from hamaproto.wire.mjpeg.inside import ENDED, IMAGE, NOTHING, OTHER, Inside
from hamaproto.wire.mjpeg.report import Report
from hamaproto.wire.mjpeg.scans import (
    CUT,
    NO,
    Names,
    cut_out,
    ends_with_lone_eoi,
    may_begin,
    search_junk,
    skip_line_ends,
    starts_line,
)
from hamaproto.wire.mjpeg.store import Store, make_frame
from hamaproto.wire.mjpeg.turn import Turn, enter, leave
from hamaproto.wire.mjpeg.walk import MarkerWalk
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
_SOI_TWICE: Final = 2 * _SOI
_CR_SOI: Final = b"\r" + _SOI
_EACH_SOI = re.compile(_SOI).finditer
#: With the code of a marker behind it, and some fill.  In a table that is FFD8FF by chance, more
#: of FF may follow, up to the next marker.
_IMAGE_START = re.compile(rb"\xff\xd8\xff{1,4}[\xc0-\xcf\xda-\xfe]").match
#: What follows FFD8FF in an image: fill, or the code of a segment's marker.
_SEGMENT_CODES: Final = bytes((*range(0xC0, 0xD0), *range(0xDA, 0x100)))
#: What `get_buffer` offers where the bytes' place is not known yet.
_SCRATCH = 65536
#: How far an image in doubt is walked before it is searched.  If each one ran to the end of
#: the data first, a flood of them would be walked over and over.
_DOUBT_STEP = 256
#: Below this many missing bytes of an image a read into its own place is not worth a call.
_DIRECT = 4096

#: As good as none, with room to count on from any offset.
_NO_LIMIT = 1 << 60
#: How much behind `Limits.max_part` can still say that a part ends within it.
_PART_LOOKAHEAD = (REPEATS + 2) * LOOKAHEAD

#: Bytes that no text preamble has.  NUL and FF are fill.
_BINARY = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f\x80-\xfe]").search
_FIELD_START = re.compile(rb"[A-Za-z][A-Za-z0-9_.-]{0,63}+[ \t]{0,64}+:").match
_MAY_BE_FIELD_START = re.compile(rb"[A-Za-z][A-Za-z0-9_.-]{0,63}+[ \t]{0,64}+\Z").match
#: An image whose SOI was damaged or cut out still shows a segment's marker at once.
_HEADLESS_IMAGE = re.compile(rb".{0,2}\xff[\xc0-\xc4\xdb\xdd\xe0-\xef\xfe]", re.DOTALL).match
_TEXT_TYPE = re.compile(
    rb"\s*+(?:text/|application/(?:[^;]*[+])?(?:xml|json))", re.IGNORECASE
).match
_IMAGE_TYPE = re.compile(
    rb"\s*+(?:image/(?:pjpeg|jpe?g|jfif|\*)?|application/octet-stream|octet-stream|binary"
    rb"|jpe?g)?\s*+(?:;.*)?\Z",
    re.IGNORECASE | re.DOTALL,
).match


#: What a chunk in the middle of an image gives.
_NO_EVENTS: Iterator[MjpegEvent] = iter(())

#: Whether this is the pure twin.  A few lines on the way of each chunk are other ones there: what
#: is free in C (a macro, a call, the end of an iterator) is not in Python.
_PURE = not __name__.startswith("hamaproto.wire._mjpeg.")


@dataclass(slots=True, frozen=True)
class Accounting:
    """Where the bytes fed went: `fed == delivered + framing + skipped + pending`."""

    fed: int
    delivered: int
    framing: int
    skipped: int
    pending: int


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
        "_after_lf",
        "_asked",
        "_belief",
        "_body_at",
        "_ceased",
        "_closed",
        "_cursor",
        "_cursor_any",
        "_cursor_known",
        "_cursor_soi",
        "_cut_by",
        "_declared_end",
        "_delimiters",
        "_doubt",
        "_doubted",
        "_end_given",
        "_fields",
        "_folds",
        "_fresh",
        "_has_head",
        "_head_clear",
        "_head_length",
        "_head_lines",
        "_head_raw",
        "_idle",
        "_image_at",
        "_image_end",
        "_inside",
        "_junk",
        "_kept",
        "_lent",
        "_lent_at",
        "_lf_cr",
        "_lf_lines",
        "_limits",
        "_line",
        "_line_start",
        "_matcher",
        "_max_frame",
        "_max_head_bytes",
        "_max_head_lines",
        "_max_part",
        "_missing",
        "_names",
        "_phantom",
        "_repeat_end",
        "_repeats",
        "_report",
        "_room",
        "_scratch",
        "_started",
        "_state",
        "_store",
        "_trial",
        "_turn",
        "_walker",
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
        self._turn: Turn = Turn()
        self._limits = limits
        self._max_frame = min(limits.max_frame, _NO_LIMIT)
        self._max_part = min(limits.max_part, _NO_LIMIT)
        self._max_head_lines = min(limits.max_part_headers, _NO_LIMIT)
        self._max_head_bytes = min(limits.max_part_head, limits.max_part_line, _NO_LIMIT)
        self._window = Window()
        self._report = Report(limits.max_junk, strict)
        self._belief = Belief()
        self._doubt = Doubt(limits.max_frame)
        self._delimiters = DelimiterSet(boundary_of(content_type))
        self._names = Names(self._delimiters.patterns)
        self._matcher: HeadMatcher | None = None
        self._scratch: bytearray | None = None
        # What `get_buffer` gave last, and at which offset if that is in the image.
        self._lent: memoryview | None = None
        self._lent_at = -1
        self._ceased = True
        # The gap.
        self._state = _GAP
        self._started = False
        self._closed = False
        # Whether `EndOfStream` was given out by the iterator at hand.
        self._end_given = False
        self._line_start = True
        self._after_lf = False
        self._junk = False
        # The header block, and the part that it heads.
        self._has_head = False
        self._head_raw = b""
        self._head_length = -1
        self._head_lines = 0
        self._fields: list[list[bytes]] = []
        self._folds: list[bytes] | None = None
        self._lf_lines = False
        # Whether a line of this stream has ended in LF CR.
        self._lf_cr = False
        self._fresh = False
        self._line = 0
        self._head_clear = 0
        self._cursor = 0
        # The delimiters, one directly behind the other, before the cursor in a part.
        self._repeats: list[int] = []
        self._repeat_end = 0
        self._body_at = 0
        # The image: its bytes are in the store up to offset `_kept`, and then in the window.
        self._store = Store()
        self._walker = MarkerWalk()
        self._kept = 0
        self._image_at = 0
        self._image_end = 0
        self._declared_end = -1
        self._phantom = False
        self._trial = False
        self._missing = 0
        self._doubted = False
        # What the second opinion found last, and the images that it sees inside this one.
        self._cut_by: FrameEnd = "delimiter"
        self._inside = Inside()
        # How much of what is missing the hot path may take, or 0.
        self._room = 0
        # Nothing is queued and nothing to be said about what came: only more data can help.
        self._idle = True
        self._cursor_known = 0
        self._cursor_any = 0
        self._cursor_soi = 0
        # Up to where it is known whether it may say anything else.
        self._asked = 0

    def __repr__(self) -> str:
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
                    event = self._gap()
                elif state == _TAKE:
                    event = self._take()
                elif state == _WALK:
                    event = self._walk()
                elif state == _HEAD:
                    event = self._head()
                elif state == _BODY:
                    event = self._body()
                elif state == _PART:
                    event = self._part()
                elif _PURE and self._end_given:
                    return NEED_DATA
                else:
                    self._end_given = True
                    event = EndOfStream(self._ceased, self._window.fed, self._closed)
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
            self._take_back()
            self._lent_at = -1
            if self._missing > _DIRECT and self._idle:
                self._lent = self._store.view(self._missing)
                if self._lent is not None:
                    self._lent_at = self._window.fed
                    return self._lent
            if self._scratch is None:
                self._scratch = bytearray(_SCRATCH)
            self._lent = memoryview(self._scratch)
            return self._lent
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

    def _take_back(self) -> None:
        """End the loan of `get_buffer`."""
        lent = self._lent
        self._lent = None
        if lent is not None:
            # Whoever calls may have a buffer of it, as uvloop does until the call is over.
            with suppress(BufferError):
                lent.release()

    def _updated(self, nbytes: int) -> None:
        window = self._window
        self._cool()
        if self._report.error is not None:
            raise self._report.error.with_traceback(None)
        if window.eof:
            raise LocalProtocolError("buffer_updated after receive_eof: the stream has ended")
        # Lent by the image itself, and nothing was fed since.
        direct = self._lent_at == window.fed
        room = self._missing if direct else (0 if self._scratch is None else len(self._scratch))
        if not 0 <= nbytes <= room:
            raise LocalProtocolError(
                f"buffer_updated({nbytes}): get_buffer gave room for {room} bytes"
            )
        self._take_back()
        if not direct and self._scratch is not None and 0 < nbytes < self._missing and self._idle:
            self._store.append(self._scratch, 0, nbytes)
            self._missing -= nbytes
            window.pass_by(nbytes)
            self._room = self._missing
        elif direct:
            self._store.extend(nbytes)
            self._missing -= nbytes
            window.pass_by(nbytes)
            self._room = self._missing
            self._idle = self._missing > 0
        elif nbytes and self._scratch is not None:
            with memoryview(self._scratch) as view:
                data = bytes(view[:nbytes])
            window.feed(data)
            self._idle = False

    @property
    def accounting(self) -> Accounting:
        """What became of the bytes fed so far; framing is delimiters, heads, line ends."""
        report = self._report
        fed = self._window.fed + self._taken()
        return Accounting(
            fed=fed,
            delivered=report.delivered,
            framing=report.settled - report.delivered - report.skipped,
            skipped=report.skipped,
            pending=fed - report.settled,
        )

    # Input

    def _taken(self) -> int:
        """How much the hot path took that is not accounted for."""
        return self._missing - self._room if self._room else 0

    def _cool(self) -> None:
        """Account for what the hot path took: it counts down `_room` and nothing else."""
        if self._room:
            taken = self._missing - self._room
            self._missing -= taken
            self._window.pass_by(taken)
            self._room = 0

    def _more(self) -> NeedData | None:
        """Get more bytes behind what is held."""
        if self._window.more():
            return None
        self._idle = not self._report.ready and not self._window.eof
        return NEED_DATA

    # The gap

    def _gap(self) -> MjpegEvent | NeedData | None:
        window = self._window
        data, end = window.data, window.end
        if (
            self._matcher is not None
            and not self._junk
            and not self._has_head
            and clean_head(self._matcher, data, window.pos, end, self._max_head_lines)
        ):
            event = self._clean_part()
            if event is not None or self._state != _GAP:
                return event
        final = window.final()
        delimiters = self._delimiters
        while True:
            pos = window.pos
            if pos >= end:
                if not final:
                    return self._more()
                self._finish()
                return None
            first = data[pos]
            if first == 0x0D or first == 0x0A:
                window.pos = skip_line_ends(data, pos, end)
                # In a clean gap any line end will do; in junk a CR alone is just a byte.
                self._line_start = not self._junk or (
                    data[window.pos - 1] == 0x0A
                    or (data[window.pos - 2] == 0x0A if window.pos - 2 >= pos else self._after_lf)
                )
                self._after_lf = data[window.pos - 1] == 0x0A
                continue
            verdict = may_begin(self._names, data, pos, end, self._line_start)
            if verdict == CUT and not final:
                return self._more()
            if verdict != NO:
                if first == 0xFF and data[pos : pos + 3] == _SOI:
                    self._end_junk(pos)
                    self._begin_image(pos)
                    return None
                match = delimiters.match_known(data, pos, end, final, self._line_start)
                if match is None and self._line_start and first == 0x2D:
                    match = delimiters.match_undeclared(data, pos, end, final)
                if match is UNDECIDED:
                    return self._more()
                if isinstance(match, Match):
                    self._end_junk(pos)
                    self._begin_head(match)
                    return None
            if not self._started and not self._has_head and not self._junk:
                if _FIELD_START(data, pos, end):
                    self._report.note(
                        AnomalyCode.MISSING_DELIMITER,
                        window.base + pos,
                        "the stream begins with a header block",
                    )
                    self._open_head(pos)
                    return None
                if not final and _MAY_BE_FIELD_START(data, pos, end):
                    return self._more()
            found_at = search_junk(self._names, data, pos + 1, pos + 1, end)
            if not self._started and not self._has_head and delimiters.declared:
                joined = self._joined_inside(pos, found_at)
                if joined >= 0:
                    self._start_junk(pos)
                    window.pos = joined
                    self._end_junk(joined)
                    self._has_head = False
                    self._begin_phantom(joined)
                    return None
            self._start_junk(pos)
            self._line_start = data[found_at - 1] == 0x0A or (
                data[found_at - 1] == 0x0D and data[found_at - 2 : found_at - 1] == b"\n"
            )
            self._after_lf = data[found_at - 1] == 0x0A
            window.pos = found_at
            self._report.skip_on(window.base + found_at)

    def _clean_part(self) -> MjpegEvent | None:
        """Begin the image whose delimiter and head were read in one go, if all is in order.

        An image whose length is believed is checked and given out right here if it is all there,
        or begun to be taken: that is most of what a well-behaved server sends, and no more than
        what `_begin_image` would do, without the detours.
        """
        window = self._window
        matcher = self._matcher
        assert matcher is not None
        length = matcher.length
        start = matcher.start
        stop = matcher.stop
        if (
            self._closed
            or length == 0
            or length > self._max_frame
            or stop + 2 - start > self._max_head_bytes  # with the empty line
        ):
            return None
        data = window.data
        base = window.base
        if self._declared_end >= 0:
            pos = window.pos
            self._settle(base + pos + 2 if data[pos] == 0x0D else base + pos)
        self._head_raw = cut_out(data, start, stop)
        start = stop + 2  # behind the empty line
        at = base + start
        if length > 0 and at >= self._doubt.until and self._belief.believes(length):
            stop = start + length
            if stop > window.end:
                self._phantom = False
                self._image_at = self._body_at = at
                self._look_from(at + 2)
                self._declared_end = at + length
                self._believe(start, length)
                return None
            if ends_with_lone_eoi(data, start, stop):
                window.pos = stop
                return self._give(cut_out(data, start, stop), at)
        self._head_length = length
        self._has_head = True
        self._body_at = at
        self._begin_image(start)
        return None

    def _give(self, data: bytes, at: int) -> MjpegEvent:
        """Give out an image that began at offset `at` and that its length told the truth about."""
        length = len(data)
        end = at + length
        self._belief.kept(length)
        self._report.delivered += length
        self._image_end = end
        self._line_start = True
        self._declared_end = -1
        self._state = _GAP
        frame = make_frame(data, "length", True, at, self._head_raw)
        if self._report.held:
            return self._report.emit(frame, end)
        self._report.settled = end
        return frame

    def _joined_inside(self, pos: int, stop: int) -> int:
        """Where the inside of an image begins, if the stream was joined in the middle of one.

        -1 if there is only text before `stop`, where something else may begin.
        """
        window = self._window
        found = _BINARY(window.data, pos, stop)
        if found is None:
            return -1
        at = found.start()
        # The FF of an EOI or of another marker is fill only as far as what follows it is.
        return at - 1 if at > pos and window.data[at - 1] == 0xFF else at

    def _start_junk(self, pos: int) -> None:
        window = self._window
        if not self._junk:
            self._junk = True
            if not self._report.skips():
                self._report.skip(window.base + pos, window.base + pos, "junk between parts")
            code = AnomalyCode.JUNK_BEFORE_IMAGE if self._has_head else AnomalyCode.JUNK
            self._report.note(code, window.base + pos, "bytes that belong to no part")

    def _end_junk(self, pos: int) -> None:
        """The gap ends at `pos`: say how the last image's length fitted it."""
        window = self._window
        if self._junk:
            self._report.skip_on(window.base + pos)
        self._settle(window.base + pos)
        self._junk = False

    def _settle(self, gap_end: int) -> None:
        """Report, now that the gap behind the last image is known, what its length was worth."""
        declared, self._declared_end = self._declared_end, -1
        if declared < 0 or declared == self._image_end:
            return
        after = declared - self._image_end
        if self._junk and after > 0 and declared <= gap_end:
            self._report.note(
                AnomalyCode.PADDING,
                self._image_end,
                f"Content-Length counts {after} bytes behind the image",
            )
        else:
            self._report.note(
                AnomalyCode.LENGTH_MISMATCH,
                self._image_end,
                f"Content-Length is {after:+d} bytes off",
            )

    def _finish(self) -> None:
        """The stream has ended in a gap."""
        window = self._window
        if self._has_head:
            self._ceased = False
        self._end_junk(window.end)
        self._report.flush()
        self._report.settled = window.fed
        self._state = _END

    # Header blocks

    def _begin_head(self, match: Match) -> None:
        """A delimiter stands at `match.start`."""
        window = self._window
        at = window.base + match.start
        if self._has_head and not self._head_raw:
            self._report.note(AnomalyCode.DUPLICATE_DELIMITER, at, "no header block before it")
        self._has_head = False
        self._started = True
        if match.closing:
            self._closed = True
            self._line_start = True
            self._state = _GAP
            window.pos = match.end
            return
        if self._closed:
            self._closed = False
            self._report.note(
                AnomalyCode.CLOSED_AND_CONTINUED, at, "parts behind the closing delimiter"
            )
        if match.anomaly is not None:
            self._report.note(match.anomaly, at, "at a delimiter")
        code = self._delimiters.use(match.delimiter)
        if code is not None:
            self._know()
            self._report.note(code, at, f"{match.delimiter.line!r} is in use")
        if self._matcher is None or self._matcher.delimiter != match.delimiter.line:
            self._matcher = None if match.delimiter.bare else HeadMatcher(match.delimiter.line)
        self._open_head(match.end)

    def _know(self) -> None:
        """The set of delimiters has changed."""
        self._names = Names(self._delimiters.patterns)

    def _open_head(self, pos: int) -> None:
        window = self._window
        self._started = True
        self._state = _HEAD
        window.pos = pos
        self._line = window.base + pos
        self._cursor = max(self._line, self._head_clear)
        self._head_lines = 0
        self._fields.clear()
        self._folds = None
        self._lf_lines = False
        self._fresh = True

    def _head(self) -> MjpegEvent | NeedData | None:
        window = self._window
        # The whole block is held at `_pos`; `_line` and `_cursor` keep the place in it.
        data, base, start = window.data, window.base, window.pos
        final = window.final()
        if self._fresh:
            # A CR here is the rest of a delimiter's LF CR, or else an empty line's.
            first = data[start : start + 2]
            if first in (b"", b"\r") and not final:
                return self._more()
            self._fresh = False
            if first[:1] == b"\r" and first != b"\r\n":
                self._lf_cr = True
                start += 1
                window.pos = start
                self._line = self._cursor = base + start
        limit = start + self._limits.max_part_head
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
                self._close_head(start, line, soi)
                return None
            if newline < 0:
                self._cursor = base + upto
                if stop == limit:
                    # The next delimiter may stand within: what was looked through is not again.
                    self._head_clear = base + upto
                    self._drop_head(line)
                    return None
                if final:
                    # Ending behind a delimiter is how these cameras end.
                    if window.end > start:
                        self._ceased = False
                        self._report.skip(base + start, window.fed, "cut off inside a header block")
                    window.pos = window.end
                    self._has_head = False
                    self._state = _GAP
                    return None
                return self._more()
            if newline + 1 - line > self._limits.max_part_line:
                self._drop_head(line)
                return None
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
                        return self._more()
                    if (
                        behind[:1] == b"\r"
                        and behind[:2] != b"\r\n"
                        # In a stream of LF alone that CR is the part's, if the part can have one.
                        and (self._lf_cr or behind[1:] == _SOI)
                    ):
                        body += 1
                self._close_head(start, line, body)
                return None
            if stripped.startswith(b"-"):
                # In the middle of a block, a delimiter is one with its dashes.
                match = self._delimiters.match_known(
                    data, line + len(text) - len(text.lstrip(b"\r")), newline + 1, True, False
                )
                if isinstance(match, Match):
                    self._has_head = True
                    self._head_raw = bytes(data[start:line])
                    self._begin_head(match)
                    return None
            self._head_lines += 1
            if self._head_lines > self._limits.max_part_headers:
                self._drop_head(line)
                return None
            self._head_line(stripped, line)
            if not text.endswith(b"\r"):
                self._lf_lines = True
                self._report.note(AnomalyCode.BARE_LF, base + line, "in a header block")
            self._line = self._cursor = base + newline + 1

    def _head_line(self, text: bytes, line: int) -> None:
        if text[:1] in (b" ", b"\t"):
            self._report.note(
                AnomalyCode.FOLDED_HEADER, self._window.base + line, "in a header block"
            )
            if self._folds is not None:
                self._folds[1] = (self._folds[1] + b" " + text).strip(b" \t")
            return
        name, colon, value = text.partition(b":")
        name = name.rstrip(b" \t")
        self._folds = None
        if not colon or not name:
            self._malformed(line)
            return
        name = name.lower()
        if name in (b"content-length", b"content-type"):
            self._folds = [name, value.strip(b" \t\r")]
            self._fields.append(self._folds)

    def _malformed(self, line: int) -> None:
        self._report.note(
            AnomalyCode.MALFORMED_HEADER,
            self._window.base + line,
            "a header line without name and colon",
        )

    def _drop_head(self, line: int) -> None:
        """The block passed a limit: what it holds is junk, the search goes on behind it."""
        window = self._window
        at = window.base + window.pos
        self._report.note(
            AnomalyCode.HEAD_TOO_LARGE, at, "see Limits.max_part_head, _line, _headers"
        )
        stop = max(line, window.pos + 1)
        self._report.skip(at, window.base + stop, "a header block that is too large")
        window.pos = stop
        self._has_head = False
        self._line_start = True
        self._state = _GAP
        self._junk = True

    def _close_head(self, start: int, stop: int, body: int) -> None:
        """The block is `data[start:stop]`, the body begins at `body`."""
        window = self._window
        self._has_head = True
        self._head_raw = bytes(window.data[start:stop])
        self._body_at = window.base + body
        lengths = [value for name, value in self._fields if name == b"content-length"]
        self._head_length = -1
        if lengths:
            if len(set(lengths)) > 1:
                self._report.note(
                    AnomalyCode.DUPLICATE_LENGTH, window.base + start, "the last one counts"
                )
            value = lengths[-1]
            # isdigit() of bytes is ASCII only; int() would take signs and underscores.
            if value.isdigit() and len(value.lstrip(b"0")) <= 10:
                self._head_length = int(value)
            if self._head_length > self._max_frame:
                self._head_length = -1
            if self._head_length < 1:
                self._head_length = -1
                self._report.note(AnomalyCode.INVALID_LENGTH, window.base + start, "not believed")
        window.pos = body
        self._line_start = True
        self._state = _BODY

    def _content_type(self) -> bytes:
        for name, value in reversed(self._fields):
            if name == b"content-type" and value:
                return value
        return b""

    def _is_sound(self) -> bool:
        return self._content_type().lower().startswith((b"audio/", b"video/"))

    def _is_image_type(self) -> bool:
        return _IMAGE_TYPE(self._content_type()) is not None

    def _body(self) -> MjpegEvent | NeedData | None:
        window = self._window
        have = bytes(window.data[window.pos : window.pos + 4])
        final = window.final()
        if have.startswith(_SOI):
            if not self._is_image_type():
                self._report.note(
                    AnomalyCode.CONTENT_TYPE_NOT_IMAGE,
                    self._body_at,
                    f"an image under {self._content_type()[:80]!r}",
                )
            self._begin_image(window.pos)
            return None
        if not final and _SOI.startswith(have):
            return self._more()
        content_type = self._content_type()
        if content_type.lower().lstrip().startswith(b"multipart/"):
            # A response head inside the body: not a part, but it may know the boundary.
            boundary = boundary_of(content_type.decode("latin-1"))
            if boundary is not None and self._delimiters.current is None:
                self._delimiters = DelimiterSet(boundary)
                self._know()
            self._report.note(AnomalyCode.JUNK, self._body_at, "a response head inside the body")
            self._has_head = False
            self._started = False
            self._state = _GAP
            return None
        if not self._is_image_type():
            self._state = _PART
            self._cursor = self._body_at
            self._repeats.clear()
            return None
        self._state = _GAP
        if have[:1] not in (b"\r", b"\n", b"-", b""):
            if len(have) < 4 and not final:
                self._state = _BODY
                return self._more()
            if _HEADLESS_IMAGE(have):
                self._report.note(
                    AnomalyCode.JUNK_BEFORE_IMAGE, self._body_at, "an image without its SOI"
                )
                self._begin_phantom(window.pos)
        return None

    # Parts that are no images

    def _part(self) -> MjpegEvent | NeedData | None:
        window = self._window
        # The part is held at `_pos`.
        data, base, start = window.data, window.base, window.pos
        length = self._head_length
        if length > self._max_part:
            length = self._head_length = -1
            self._report.note(AnomalyCode.INVALID_LENGTH, base + start, "over Limits.max_part")
        told = length >= 0
        most = length if told else self._max_part + _PART_LOOKAHEAD
        stop = min(window.end, start + most)
        whole = told and stop == start + length
        final = stop == window.end and window.final()
        at = self._part_end(start, stop, final or whole, not told)
        if at >= 0:
            until = at - line_end_before(data, at, start)
            if not told and until - start > self._max_part:
                self._part_too_large()
                return None
            if told:
                self._report.note(AnomalyCode.TRUNCATED_PART, base + at, "shorter than its length")
            return self._deliver_part(until, at, not told)
        if whole:
            at = self._across(start, stop)
            if at == stop:
                return self._deliver_part(stop, stop, True)
            if at >= 0:
                self._report.note(AnomalyCode.TRUNCATED_PART, base + at, "shorter than its length")
                return self._deliver_part(at - line_end_before(data, at, start), at, False)
            return self._more()
        # A line end of two bytes may stand between the part and its delimiter.
        least = stop if final else self._part_least(stop) - 2
        if not told and least - start > self._max_part:
            self._part_too_large()
            return None
        if final:
            self._ceased = False
            if length >= 0:
                self._report.note(AnomalyCode.TRUNCATED_PART, base + stop, "the stream ended")
            return self._deliver_part(stop, stop, False)
        return self._more()

    def _part_end(self, start: int, stop: int, final: bool, untold: bool) -> int:
        """Where the part that began at `_data[start]` ends, if that is before `stop`, or -1.

        It ends at a known delimiter that has a header block or an image behind it, or is a closing
        one.  A delimiter given twice or more, with nothing between, is one delimiter; not
        without end, so that no more need be remembered than the first few places.

        One that has a length, and lost some bytes, takes as many of what follows.  No text has an
        FFD8FF in it, and other parts none behind a header.

        `untold`: the part has no length to end it.  Then much more does, or whatever follows
        would be lost in it: a known delimiter also with an empty header block behind it; in the
        middle of a line, if that was damaged or has no end; one that nobody declared, with a
        Content- or X- header behind it; and an image, though not by FFD8FF alone in the middle of
        what may be any bytes.
        """
        window = self._window
        data, base = window.data, window.base
        delimiters = self._delimiters
        repeats = self._repeats
        text = not untold and _TEXT_TYPE(self._content_type()) is not None
        cursor = self._cursor - base
        while True:
            at = cursor
            if (
                cursor > start
                or start >= stop
                or may_begin(self._names, data, start, stop, True) == NO
            ):
                at = search_junk(self._names, data, start, cursor, stop)
            self._cursor = base + at
            if at >= stop:
                return -1
            line_start = at == start or starts_line(data, start, at)
            if not final and may_begin(self._names, data, at, stop, line_start) == CUT:
                # Too early to tell, and too early to ask.
                return -1
            cursor = at + 1
            if (
                not untold
                and at + 3 <= stop
                and data[at : at + 3] == _SOI
                and (text or delimiters.headed(data, at, start))
            ):
                # The part lost some of its own, and took an image for the rest of it.
                return at
            if not line_start and not untold:
                continue
            match = delimiters.match_known(data, at, stop, final, line_start)
            if match is None and untold:
                if data[at] == 0xFF:
                    # An image whose delimiter was damaged, or is none that could be known.
                    have = data[at : min(at + 4, stop)]
                    if have[:3] == _SOI and (
                        delimiters.headed(data, at, start)
                        or (
                            len(have) == 4
                            and have[3] in _SEGMENT_CODES
                            and (line_start or not self._is_sound())
                        )
                    ):
                        return at
                    if not final and len(have) < 4 and _SOI.startswith(have[:3]):
                        return -1
                if line_start and data[at] == 0x2D:
                    match = delimiters.match_undeclared(data, at, stop, final)
                    if isinstance(match, Match):
                        if delimiters.content_at(data, match.end):
                            return at
                        match = None
            if match is UNDECIDED:
                return -1
            if not isinstance(match, Match):
                continue
            if not line_start and not match.ends_line:
                # A header on the line of a delimiter that has no line end before it.
                if not match.closing and delimiters.content_at(data, match.end):
                    return at
                continue
            behind = match.end
            if repeats and not self._repeated(at):
                repeats.clear()
            first = repeats[0] - base if repeats else at
            if match.closing or not match.ends_line:
                return first
            proof = delimiters.follows(data, behind, stop, final, line_start and untold)
            if proof is UNDECIDED:
                return -1
            if proof or (line_start and final and behind >= stop):
                return first
            repeats.append(base + at)
            del repeats[:-REPEATS]
            self._repeat_end = base + behind
            # Not one place further: a name inside this one is no other delimiter.
            cursor = behind

    def _across(self, start: int, stop: int) -> int:
        """Where an image begins in the part that its length ends at `stop`, and goes on behind it.

        `stop` if none does, -1 if more is needed to tell.  A part that lost some bytes takes as
        many of what follows; and what is behind its end is then nothing that a gap begins with.
        """
        window = self._window
        data = window.data
        if data[stop - 1] == 0xFF:
            at = stop - 1
        elif stop - start >= 2 and data[stop - 2 : stop] == b"\xff\xd8":
            at = stop - 2
        else:
            at = data.find(_SOI, start, stop)
            if at < 0:
                return stop
        have = data[at : at + 4]
        behind = data[stop : stop + 3]
        if not _SOI.startswith(have[:3]):
            return stop
        more = not window.final()
        if more and (len(have) < 4 or (behind != _SOI and _SOI.startswith(behind))):
            return -1
        if len(have) < 4 or have[3] not in _SEGMENT_CODES or behind in (b"", _SOI):
            return stop
        if at + 3 > stop:
            return at
        if behind[:1] in (b"\r", b"\n"):
            return stop
        verdict = may_begin(self._names, data, stop, window.end, True)
        if verdict == CUT and more:
            return -1
        return at if verdict == NO else stop

    def _repeated(self, at: int) -> bool:
        """Whether nothing stands between the last delimiter in the part and `_data[at]`."""
        window = self._window
        gap = at - (self._repeat_end - window.base)
        return gap == 0 or (gap == 1 and window.data[at - 1] == 0x0D)

    def _part_least(self, stop: int) -> int:
        """Before which place in `_data` the part can't end, by what is known up to `stop`."""
        window = self._window
        cursor = self._cursor - window.base
        if not self._repeats:
            return cursor
        # A delimiter before the cursor is where the part ends if the next one follows at once.
        behind = self._repeat_end - window.base
        if behind < stop and window.data[behind] == 0x0D:
            behind += 1
        if behind >= stop or may_begin(self._names, window.data, behind, stop, True) != NO:
            return self._repeats[0] - window.base
        return cursor

    def _part_too_large(self) -> None:
        """Skip the part as far as the limit; what is behind it is looked through as junk."""
        window = self._window
        at = window.base + window.pos
        stop = window.pos + self._max_part + 1
        self._report.note(AnomalyCode.PART_TOO_LARGE, at, "over Limits.max_part")
        self._report.skip(at, window.base + stop, "a part that is too large")
        window.pos = stop
        self._has_head = False
        self._junk = True
        self._after_lf = window.data[stop - 1] == 0x0A
        self._line_start = self._after_lf
        self._state = _GAP

    def _deliver_part(self, stop: int, after: int, complete: bool) -> MjpegEvent:
        window = self._window
        data = bytes(window.data[window.pos : stop])
        part = Part(data, Headers.parse(self._head_raw), complete, window.base + window.pos)
        window.pos = after
        self._has_head = False
        self._line_start = True
        self._state = _GAP
        self._report.delivered += len(data)
        return self._report.emit(part, window.base + stop)

    # Images

    def _begin_image(self, pos: int) -> None:
        """FFD8FF stands at `pos`; a header block stands before it if `_has_head`."""
        at = self._window.base + pos
        length = -1
        if self._has_head:
            length = self._head_length
            self._has_head = False
        else:
            self._head_raw = b""
            if self._delimiters.multipart:
                self._report.note(AnomalyCode.MISSING_DELIMITER, at, "an image without a delimiter")
            self._body_at = at
        if self._closed:
            self._closed = False
            self._report.note(
                AnomalyCode.CLOSED_AND_CONTINUED, at, "an image behind the last delimiter"
            )
        self._started = True
        self._junk = False
        self._phantom = False
        self._image_at = self._kept = at
        self._look_from(at + 2)
        if length < 0:
            self._declared_end = -1
        else:
            self._declared_end = self._body_at + length
            if at == self._body_at and at >= self._doubt.until and self._belief.believes(length):
                self._believe(pos, length)
                return
        self._begin_walk(pos)

    def _begin_walk(self, pos: int) -> None:
        """Walk the image that begins at `pos`."""
        self._doubted = self._image_at < self._doubt.until
        self._walker.begin(False)
        self._window.pos = pos + 2
        self._state = _WALK

    def _begin_phantom(self, pos: int) -> None:
        """Walk the inside of an image whose start is missing, so that nothing in it is
        taken for an image of its own.  It is never delivered.
        """
        window = self._window
        at = window.base + pos
        self._started = True
        self._has_head = False
        self._phantom = self._doubted = True
        self._declared_end = -1
        self._image_at = self._kept = at
        window.pos = pos
        self._look_from(at + 1)
        self._walker.begin(True)
        self._state = _WALK

    def _believe(self, pos: int, length: int) -> None:
        """Take `length` bytes from `pos` unseen."""
        window = self._window
        stop = pos + length
        end = window.end
        self._state = _TAKE
        if stop <= end:
            # All there: nothing to take, only to check.
            window.pos = stop
            self._trial = True
            return
        self._trial = False
        self._store.start(length, window.data, pos, end)
        window.pos = end
        self._missing = stop - end
        if window.drained() and not self._report.ready:
            self._idle = True
            self._room = self._missing

    def _take(self) -> MjpegEvent | NeedData | None:
        window = self._window
        if self._trial:
            stop = window.pos
            start = self._image_at - window.base
            if ends_with_lone_eoi(window.data, start, stop):
                return self._give(cut_out(window.data, start, stop), self._image_at)
            self._begin_walk(start)
            return None
        pos = window.pos
        missing = self._missing
        available = window.end - pos
        if missing <= available:
            window.pos = pos + missing
            self._missing = 0
            image = self._store.finish(window.data, pos, pos + missing)
            if image is not None:
                return self._give(image, self._image_at)
        else:
            self._store.append(window.data, pos, window.end)
            window.pos = window.end
            self._missing = missing - available
            if not window.final():
                waiting = self._more()
                if self._idle:
                    self._room = self._missing
                return waiting
            self._missing = 0
        # The length was wrong, or the stream ends: walk what was taken.
        window.put_back(self._store.take())
        self._kept = self._image_at
        self._begin_walk(0)
        return None

    def _walk(self) -> MjpegEvent | NeedData | None:
        window = self._window
        walker = self._walker
        data = window.data
        end = window.end
        stop = self._image_at + self._max_frame - window.base
        capped = stop < end
        if capped:
            end = stop
        final = window.eof and not capped and window.final()
        while True:
            pos = window.pos
            upto = min(end, pos + _DOUBT_STEP) if self._doubted else end
            walker.base = window.base
            outcome = walker.walk(data, pos, upto, end, final)
            window.pos = walker.pos
            if outcome == MORE:
                if self._doubted:
                    other = self._search_doubted(pos)
                    if other >= 0:
                        return self._cut(other, self._cut_by)
                    if upto < end and window.pos > pos:
                        continue
                if capped or end == stop:
                    return self._too_large(end)
                if final:
                    return self._cease()
                # Kept at once, so that nothing is held and the next chunk takes this one's place.
                self._store.append(data, self._kept - window.base, window.pos)
                self._kept = window.base + window.pos
                return self._more()
            if outcome == EOI:
                return self._ended()
            if outcome == SOI:
                at = window.base + window.pos
                if not walker.touched and not self._phantom and at - self._image_at <= 4:
                    self._restart()
                    return None
                # SOIs may come in a flood, and only what is new can tell.
                if (
                    walker.sos < 0
                    and not walker.in_scan
                    and not self._inside.waits
                    and self._asked == at - 3
                    and window.pos >= 6
                    and window.data[window.pos - 6 : window.pos] == _SOI_TWICE
                    and not self._bare()
                ):
                    # Behind two others, of which the second one was asked about.
                    self._asked = at
                    walker.nest()
                    window.pos = walker.pos
                    continue
                if self._inside.waits or self._may_tell(self._asked - window.base, window.pos):
                    other = self._opinion(window.pos, True, IMAGE)
                    if other >= 0:
                        return self._cut(other, self._cut_by)
                if walker.due or self._behind_head(window.pos):
                    return self._cut(at, "soi")
                if walker.sos >= 0 or walker.in_scan or self._bare():
                    # It may be the thumbnail of an image into which a segment has led.
                    other = self._around()
                    return self._cut(other if other >= 0 else at, "soi")
                walker.nest()
                window.pos = walker.pos
                continue
            other = self._opinion(window.pos, self._doubted)
            if other >= 0:
                return self._cut(other, self._cut_by)

    def _bare(self) -> bool:
        """Whether this is a stream of images alone, whatever was declared."""
        delimiters = self._delimiters
        return not delimiters.multipart or (
            delimiters.current is None and self._report.delivered > 0
        )

    def _search_doubted(self, pos: int) -> int:
        """What the second opinion says of an image in doubt, walked on from `pos`."""
        window = self._window
        found = -1
        # A segment can take the walk far, and what ends the image may stand close by.
        while found < 0 and pos < window.pos:
            since = pos
            pos = min(pos + _DOUBT_STEP, window.pos)
            if self._may_tell(since, pos):
                found = self._opinion(pos, True)
        return found

    def _may_tell(self, since: int, pos: int) -> bool:
        """Whether `_data[since:pos]` can have changed what the second opinion says."""
        window = self._window
        image, start = self._whole(pos)
        shift = start + window.base - self._image_at
        since += shift
        stop = pos + shift
        self._asked = window.base + pos
        return (
            self._walker.buried >= 0
            or self._delimiters.may_prove(image, since, stop)
            or self._inside.may_tell(image, self._image_at, since, stop)
        )

    def _restart(self) -> None:
        """SOI twice in a row: the image begins with the second one."""
        window = self._window
        at = window.base + window.pos
        self._report.note(AnomalyCode.JUNK_BEFORE_IMAGE, self._image_at, "SOI twice")
        self._report.skip(self._image_at, at, "SOI twice")
        self._store.truncate(0)
        self._image_at = self._kept = at
        self._look_from(at + 2)
        self._walker.begin(False)
        window.pos += 2

    def _ended(self) -> MjpegEvent | None:
        """The walk came to the EOI before `_pos`."""
        window = self._window
        walker = self._walker
        if walker.surprised or walker.sos < 0 or self._doubted:
            cut = self._opinion(window.pos, True)
            if cut < 0:
                # The end may be that of another image, into which a segment has led.
                self._cut_by = "soi"
                cut = self._around()
            if cut < 0:
                cut = self._opinion(window.pos, True, ENDED if self._phantom else OTHER)
            if cut >= 0:
                return self._cut(cut, self._cut_by)
            if walker.sos < 0 or self._phantom:
                return self._cut(window.base + window.pos, "eoi")
        elif walker.buried >= 0:
            cut = self._cut_in_table()
            if cut >= 0:
                return self._cut(cut, self._cut_by)
        elif walker.leapt:
            # Such a segment is lawful there, if no image began in it that has ended now.
            cut = self._opinion(window.pos, False, OTHER)
            if cut >= 0:
                return self._cut(cut, self._cut_by)
        at = window.base + window.pos
        length = self._declared_end - self._body_at
        end: FrameEnd = "eoi"
        if self._declared_end >= 0:
            if at == self._declared_end:
                end = "length"
                if self._image_at == self._body_at:
                    self._belief.confirmed(length)
            else:
                self._belief.lied()
        return self._deliver(end)

    def _cut_in_table(self) -> int:
        """Where the image that was walked to `_pos` was cut off, or -1.

        FFD8FF stands inside a table of it.  If one from there on stands behind a header block, or
        before the marker of a segment, it is the next image, whose markers the table led to.
        """
        window = self._window
        image, start = self._whole(window.pos)
        shift = self._image_at - start
        for found in _EACH_SOI(image, self._walker.buried - shift):
            soi = found.start() + shift
            if soi >= window.base + window.pos:
                break
            at = soi - shift
            # In a table FFD8FF can stand by chance, as at some qualities in the standard ones.
            if self._headed(image, at, start) or _IMAGE_START(image, at):
                cut = self._opinion(window.pos, True)
                if 0 <= cut <= soi:
                    return cut
                self._cut_by = "soi"
                return soi
        return -1

    def _deliver(self, end: FrameEnd) -> MjpegEvent:
        """Give out the image that was walked to its EOI, before `_pos`."""
        window = self._window
        stop = window.pos
        start = self._kept - window.base
        damaged = self._walker.surprised
        if self._store.size:
            self._store.append(window.data, start, stop)
            data = self._store.take()
        else:
            data = cut_out(window.data, start, stop)
        at = window.base + stop
        self._state = _GAP
        self._line_start = True
        self._image_end = at
        self._report.delivered += len(data)
        frame = make_frame(data, end, True, self._image_at, self._head_raw)
        event = self._report.emit(frame, at)
        if damaged:
            self._report.note(AnomalyCode.DAMAGED_IMAGE, at, "its marker structure is broken")
        return event

    def _cut(self, at: int, end: FrameEnd) -> MjpegEvent | None:
        """The image ended at offset `at` without coming to an EOI that counts.

        It is delivered as far as it goes if its first scan had begun, and skipped otherwise.
        """
        window = self._window
        walker = self._walker
        if not self._doubted:
            self._doubt.read_again(window.base + window.pos - at)
        began = 0 <= walker.sos < at and not self._phantom
        stop = at - self._image_at
        inside = self._store.size
        # The image's bytes, without the line end that belongs to a delimiter.
        ending = 0
        image = b""
        if began:
            source, start = self._whole(max(self._kept, at) - window.base)
            if end == "delimiter":
                ending = line_end_before(source, start + stop, start)
            image = bytes(source[start : start + stop - ending])
            del source
            inside = self._store.size
        # Go on at `at`.
        if at >= self._kept or inside == 0:
            window.pos = at - window.base
        else:
            window.pos = self._kept - window.base
            window.put_back(self._store.slice(stop, self._store.size))
        self._store.truncate(0)
        self._state = _GAP
        self._line_start = True
        if not began:
            if end != "eoi" or not self._phantom:
                self._report.note(
                    AnomalyCode.IMAGE_WITHOUT_SCAN,
                    self._image_at,
                    "it never came to its first scan",
                )
            self._report.skip(self._image_at, at, "an image that never came to its first scan")
        if self._declared_end >= 0:
            self._belief.lied()
        if not began:
            self._declared_end = -1
            return None
        self._image_end = at - ending
        self._report.delivered += len(image)
        frame = Frame(image, end, False, self._image_at, self._head_raw)
        event = self._report.emit(frame, at - ending)
        self._report.note(AnomalyCode.TRUNCATED_IMAGE, at - ending, f"cut off by {_CUT_BY[end]}")
        return event

    def _cease(self) -> MjpegEvent | None:
        """The stream ends inside an image."""
        window = self._window
        window.pos = window.end
        cut = self._opinion(window.end, True, OTHER)
        if cut < 0:
            cut = self._closing_behind()
        if cut >= 0:
            return self._cut(cut, self._cut_by)
        self._ceased = False
        return self._cut(window.base + window.end, "eof")

    def _too_large(self, stop: int) -> MjpegEvent | None:
        window = self._window
        window.pos = stop
        cut = self._opinion(stop, self._doubted)
        if cut >= 0:
            return self._cut(cut, self._cut_by)
        at = window.base + stop
        self._report.note(AnomalyCode.IMAGE_TOO_LARGE, self._image_at, "over Limits.max_frame")
        self._report.skip(self._image_at, at, "an image that is too large")
        self._store.truncate(0)
        if self._declared_end >= 0:
            self._belief.lied()
            self._declared_end = -1
        self._junk = True
        self._line_start = False
        self._state = _GAP
        return None

    # The second opinion

    def _look_from(self, at: int) -> None:
        """Where it begins to look: behind the image's first bytes, or it would find its start."""
        self._cursor_known = self._cursor_any = self._cursor_soi = self._asked = at

    def _whole(self, upto: int) -> tuple[bytes | bytearray | memoryview, int]:
        """The image up to `_data[upto]` in one piece, and where it begins in that piece."""
        window = self._window
        kept = self._kept - window.base
        if self._store.size == 0:
            return window.data, kept
        if upto > kept:
            self._store.append(window.data, kept, upto)
            self._kept = window.base + upto
        return self._store.peek(), 0

    def _opinion(self, upto: int, unknown: bool, stands: int = NOTHING) -> int:
        """The offset of where the image was cut off before `_data[upto]`, or -1.

        That is a known delimiter that a part follows, an FFD8FF inside a table of the image, or
        a whole image inside it (`inside.py`).
        With `unknown` also a line that nobody declared, if a Content- or X- header follows, and
        an image behind such a header.  What it is stands in `_cut_by`.
        `stands`: what stands at `_data[upto]`, as `Inside` wants to know it.
        """
        window = self._window
        image, start = self._whole(upto)
        stop = start + window.base + upto - self._image_at
        if start == 0 and image is not window.data:
            stop = self._store.size
        shift = self._image_at - start
        delimiters = self._delimiters
        found = delimiters.search_proven(image, self._cursor_known - shift, stop)
        if found >= 0:
            found += shift
        else:
            self._cursor_known = shift + delimiters.hold_back(
                image, self._cursor_known - shift, stop
            )
        self._cut_by = "delimiter"
        if unknown:
            pos = self._cursor_any - shift
            # What is behind a known one does not count.
            upto = stop if found < 0 else min(stop, found - shift + LOOKAHEAD)
            other = delimiters.search_any(image, pos, upto)
            # Not if a known name ends that very line: what precedes it is the image's.
            if other >= 0 and (found < 0 or b"\n" in bytes(image[other : found - shift])):
                found = other + shift
            before = stop if found < 0 else found - shift
            headed = delimiters.search_headed(image, start, self._cursor_soi - shift, before)
            if headed >= 0:
                self._cut_by = "soi"
                found = headed + shift
            if found < 0:
                # An FFD8FF may be cut off.
                self._cursor_soi = max(self._cursor_soi, shift + stop - 2)
                self._cursor_any = shift + delimiters.hold_back(image, pos, stop)
        walker = self._walker
        buried = walker.buried
        if 0 <= buried < shift + stop and (found < 0 or buried < found):
            self._cut_by = "soi"
            found = buried
        if found >= 0:
            stop = found - shift
        whole = self._inside.search(
            image,
            self._image_at,
            shift,
            stop,
            OTHER if found >= 0 else stands,
            (walker.segment_at, walker.segment_end),
        )
        if whole >= 0:
            self._cut_by = "soi"
            found = whole
        return found

    def _around(self) -> int:
        """The offset of an image inside this one that has not ended at `_pos`, or -1."""
        window = self._window
        image, start = self._whole(window.pos)
        shift = self._image_at - start
        return self._inside.around(
            image,
            self._image_at,
            shift,
            window.base + window.pos - shift,
            (self._walker.segment_at, self._walker.segment_end),
        )

    def _behind_head(self, pos: int) -> bool:
        """Whether a header block ends before `_data[pos]`, at least its last line.

        A thumbnail has none, so this is an image whose delimiter was damaged.
        """
        image, start = self._whole(pos)
        return self._headed(image, start + self._window.base + pos - self._image_at, start)

    def _headed(self, image: bytes | bytearray | memoryview, at: int, start: int) -> bool:
        """Whether a header block ends before `image[at]` and behind `image[start]`."""
        tail = bytes(image[max(start, at - 4) : at])
        return tail.endswith((b"\r\n\r\n", b"\n\n", b"\n\r\n\r")) or self._delimiters.headed(
            image, at, start
        )

    def _closing_behind(self) -> int:
        """At the end of the stream: the offset of a delimiter line that is the last, or -1."""
        window = self._window
        image, start = self._whole(window.end)
        shift = self._image_at - start
        stop = start + window.fed - self._image_at
        found = self._delimiters.search_last(image, max(start, self._cursor_known - shift), stop)
        return -1 if found < 0 else found + shift


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
