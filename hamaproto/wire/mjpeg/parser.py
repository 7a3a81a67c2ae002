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
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from hamaproto.errors import LimitExceededError, LocalProtocolError, RemoteProtocolError
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
#: How much of the next chunk is joined to bytes that are held.  Small, so that a held
#: tail does not cause a large chunk to be copied; as much as is held, up to the second.
_PIECE = 4096
_MOST_PIECE = 65536
#: The doubling of the confirmations that a lie costs ends here.
_MOST_DOUBT = 1024
#: What `get_buffer` offers where the bytes' place is not known yet.
_SCRATCH = 65536
#: How far an image in doubt is walked before it is searched.  If each one ran to the end of
#: the data first, a flood of them would be walked over and over.
_DOUBT_STEP = 256
#: How often the bytes before an image may have been read again before it is in doubt, and how
#: many bytes more.
_AGAIN = 8
_CREDIT = 1048576
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
        "_anchor",
        "_asked",
        "_base",
        "_body_at",
        "_ceased",
        "_closed",
        "_confirmed",
        "_credit",
        "_cursor",
        "_cursor_any",
        "_cursor_known",
        "_cursor_soi",
        "_cut_by",
        "_data",
        "_declared_end",
        "_delimiters",
        "_delivered",
        "_doubt_until",
        "_doubted",
        "_end",
        "_eof",
        "_error",
        "_fed",
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
        "_needed",
        "_out",
        "_pending",
        "_phantom",
        "_piece",
        "_pos",
        "_queue",
        "_repeat_end",
        "_repeats",
        "_rewound",
        "_room",
        "_scratch",
        "_seen",
        "_segment",
        "_settled",
        "_skip_from",
        "_skip_reason",
        "_skip_to",
        "_skipped",
        "_started",
        "_starved",
        "_state",
        "_store",
        "_strict",
        "_trial",
        "_turn",
        "_walker",
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
            made = bool(self._turn)
        if made:
            raise made_twice(self)
        self._turn: Turn = Turn()
        self._limits = limits
        self._max_frame = min(limits.max_frame, _NO_LIMIT)
        self._credit = min(limits.max_frame, _CREDIT)
        self._max_part = min(limits.max_part, _NO_LIMIT)
        self._max_head_lines = min(limits.max_part_headers, _NO_LIMIT)
        self._max_head_bytes = min(limits.max_part_head, limits.max_part_line, _NO_LIMIT)
        self._strict = strict
        self._delimiters = DelimiterSet(boundary_of(content_type))
        self._names = Names(self._delimiters.patterns)
        self._matcher: HeadMatcher | None = None
        # The input: `_data[_pos:_end]`, then what is queued.  `_base` is the offset in
        # the stream of `_data[0]`.
        self._queue: deque[tuple[bytes | bytearray, int]] = deque()
        self._data: bytes | bytearray = b""
        self._pos = 0
        self._end = 0
        self._base = 0
        # How many bytes at the end of `_data` are a copy of the first queued chunk's.
        self._piece = 0
        self._fed = 0
        self._eof = False
        # What is held has been looked at and needs more behind it.
        self._starved = False
        self._scratch: bytearray | None = None
        # What `get_buffer` gave last, and at which offset if that is in the image.
        self._lent: memoryview | None = None
        self._lent_at = -1
        # The output.
        self._out: list[MjpegEvent] = []
        self._pending: list[Anomaly] = []
        self._seen: set[AnomalyCode] = set()
        self._error: RemoteProtocolError | None = None
        self._ceased = True
        self._delivered = 0
        self._skipped = 0
        self._settled = 0
        # The gap.
        self._state = _GAP
        self._started = False
        self._closed = False
        self._line_start = True
        self._after_lf = False
        self._junk = False
        self._skip_from = -1
        self._skip_to = -1
        self._skip_reason = ""
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
        # The image: its bytes are the store and then `_data[_segment:]`.
        self._store = Store()
        self._walker = MarkerWalk()
        self._segment = 0
        self._image_at = 0
        self._image_end = 0
        self._declared_end = -1
        self._phantom = False
        self._trial = False
        self._missing = 0
        # Doubt: how many bytes were read again, and before which offset an image that begins
        # is ended by any delimiter, so that no more are.
        self._doubted = False
        self._rewound = 0
        self._doubt_until = 0
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
        # Belief.
        self._needed = 1
        self._confirmed = 0
        self._anchor = 0

    def __repr__(self) -> str:
        taken = self._taken()
        return f"<MjpegParser at byte {self._base + self._pos + taken} of {self._fed + taken}>"

    def __reduce_ex__(self, protocol: object) -> tuple[object, ...]:
        """Refused: `copy` and `pickle` would share or lose what is half read."""
        raise TypeError("a MjpegParser can't be copied or pickled: make another one")

    # The contract

    def receive_data(self, data: Chunk) -> None:
        """Feed some bytes.  What is kept of anything but `bytes` is a copy."""
        if not enter(self._turn):
            raise entered_twice(self, "receive_data")
        try:
            self._feed(data)
        finally:
            leave(self._turn)

    def _feed(self, data: Chunk) -> None:
        if type(data) is bytes:
            # The hot path of a believed length: straight to where the image is put together.
            chunk = data
            size = len(chunk)
            room = self._room - size
            if room > 0:
                self._store.keep(chunk, size)
                self._room = room
                return
        self._receive(data)

    def _receive(self, data: Chunk) -> None:
        if type(data) is not bytes:
            data = owned(data)
        size = len(data)
        self._cool()
        if self._error is not None:
            raise self._error.with_traceback(None)
        if self._eof:
            raise LocalProtocolError("receive_data after receive_eof: the stream has ended")
        if size:
            self._fed += size
            if self._pos == self._end and not self._queue:
                # Nothing is held: the chunk is what is read next.
                self._base += self._pos
                self._data = data
                self._pos = self._segment = self._piece = 0
                self._end = size
                self._starved = False
            else:
                self._enqueue(data)
            self._idle = False

    def receive_eof(self) -> None:
        """Say that nothing follows.  Saying it again changes nothing."""
        if not enter(self._turn):
            raise entered_twice(self, "receive_eof")
        try:
            self._cool()
            if self._error is not None:
                raise self._error.with_traceback(None)
            self._eof = True
            self._idle = self._starved = False
        finally:
            leave(self._turn)

    def next_event(self) -> MjpegEvent | NeedData:
        """The next event; `NEED_DATA` if more bytes are needed for it."""
        return self._ask()

    def _ask(self) -> MjpegEvent | NeedData:
        if not enter(self._turn):
            raise entered_twice(self, "next_event")
        try:
            return self._next()
        finally:
            leave(self._turn)

    def _next(self) -> MjpegEvent | NeedData:
        while True:
            if self._idle:
                return NEED_DATA
            if self._error is not None:
                raise self._error.with_traceback(None)
            if self._out:
                return self._out.pop(0)
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
            else:
                event = EndOfStream(self._ceased, self._fed, self._closed)
            if event is not None:
                return event

    def next_event_from(self, pieces: Iterator[Chunk]) -> MjpegEvent | NeedData:
        """The next event, feeding pieces from the iterator until there is one.

        `NEED_DATA` if the iterator ends first.  It is the same as to call `receive_data` and
        `next_event` by turns, without the calls.  What the iterator raises goes through;
        the parser can then be asked, fed and ended as ever; not so by the iterator itself.
        """
        if not enter(self._turn):
            raise entered_twice(self, "next_event_from")
        try:
            return self._next_from(pieces)
        finally:
            leave(self._turn)

    def _next_from(self, pieces: Iterator[Chunk]) -> MjpegEvent | NeedData:
        while True:
            event = self._next()
            if event is not NEED_DATA:
                return event
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
                break
            else:
                return NEED_DATA

    def events(self) -> Iterator[MjpegEvent]:
        """Events until more data is needed, or to the end, `EndOfStream` included."""
        if self._idle:
            return _NO_EVENTS
        return _Events(self)

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
            if self._error is not None:
                raise self._error.with_traceback(None)
            self._take_back()
            self._lent_at = -1
            if self._missing > _DIRECT and self._idle:
                self._lent = self._store.view(self._missing)
                if self._lent is not None:
                    self._lent_at = self._fed
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
        self._cool()
        if self._error is not None:
            raise self._error.with_traceback(None)
        if self._eof:
            raise LocalProtocolError("buffer_updated after receive_eof: the stream has ended")
        # Lent by the image itself, and nothing was fed since.
        direct = self._lent_at == self._fed
        room = self._missing if direct else (0 if self._scratch is None else len(self._scratch))
        if not 0 <= nbytes <= room:
            raise LocalProtocolError(
                f"buffer_updated({nbytes}): get_buffer gave room for {room} bytes"
            )
        self._take_back()
        if not direct and self._scratch is not None and 0 < nbytes < self._missing and self._idle:
            self._store.append(self._scratch, 0, nbytes)
            self._missing -= nbytes
            self._base += nbytes
            self._fed += nbytes
            self._room = self._missing
        elif direct:
            self._store.extend(nbytes)
            self._missing -= nbytes
            self._base += nbytes
            self._fed += nbytes
            self._room = self._missing
            self._idle = self._missing > 0
        elif nbytes and self._scratch is not None:
            with memoryview(self._scratch) as view:
                data = bytes(view[:nbytes])
            self._fed += nbytes
            self._enqueue(data)
            self._idle = False

    @property
    def accounting(self) -> Accounting:
        """What became of the bytes fed so far; framing is delimiters, heads, line ends."""
        fed = self._fed + self._taken()
        return Accounting(
            fed=fed,
            delivered=self._delivered,
            framing=self._settled - self._delivered - self._skipped,
            skipped=self._skipped,
            pending=fed - self._settled,
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
            self._base += taken
            self._fed += taken
            self._room = 0

    def _enqueue(self, data: bytes) -> None:
        if not self._starved:
            self._queue.append((data, 0))
            return
        # What is held has been looked at to no avail: it needs not be looked at as it is.
        self._starved = False
        if type(self._data) is bytearray and len(data) <= _PIECE and 2 * self._pos <= self._end:
            # What `_more` would do, without the queue.
            self._data += data
            self._end += len(data)
        else:
            self._queue.append((data, 0))
            self._more()
        self._segment = self._pos

    def _more(self) -> NeedData | None:
        """Get more bytes behind `_data[_pos:]`, which is held."""
        if not self._queue:
            self._starved = True
            self._idle = not self._out and not self._eof
            return NEED_DATA
        chunk, start = self._queue.popleft()
        held = self._end - self._pos
        if held <= self._piece:
            # What is held is a copy of what stands in the chunk: go on in the chunk itself.
            start -= held
            held = 0
        self._piece = 0
        if held == 0:
            self._base += self._pos - start
            self._data = chunk
            self._pos = start
            self._end = len(chunk)
            return None
        stop = len(chunk)
        most = max(_PIECE, min(held, _MOST_PIECE))
        if stop - start > most:
            stop = start + most
            self._piece = most
            self._queue.appendleft((chunk, stop))
        if type(self._data) is bytearray:
            if self._pos > held:
                del self._data[: self._pos]
                self._base += self._pos
                self._pos = 0
        else:
            self._data = bytearray(self._data[self._pos :])
            self._base += self._pos
            self._pos = 0
        self._data += chunk[start:stop]
        self._end = len(self._data)
        return None

    def _final(self) -> bool:
        """Whether nothing comes behind `_data`."""
        return self._eof and not self._queue

    # Output

    def _note(self, code: AnomalyCode, offset: int, detail: str) -> None:
        """Keep an anomaly until something real follows: one of a kind a gap."""
        if code not in self._seen:
            self._seen.add(code)
            self._pending.append(Anomaly(code, offset, detail))

    def _skip(self, start: int, end: int, reason: str) -> None:
        """Bytes that belong to nothing; merged with those skipped in the same gap."""
        if self._skip_from < 0:
            self._skip_from = start
            self._skip_reason = reason
        self._skip_to = end
        if end - self._skip_from > self._limits.max_junk:
            at = self._skip_from + self._limits.max_junk
            self._error = LimitExceededError(
                f"{self._limits.max_junk} bytes without an image or a part "
                "(Limits.max_junk): this is no MJPEG stream",
                at,
            )
            raise self._error.with_traceback(None)

    def _flush(self) -> None:
        """Give out what was held, if anything was."""
        if not self._pending and self._skip_from < 0:
            return
        events: list[MjpegEvent] = list(self._pending)
        if self._skip_from >= 0:
            length = self._skip_to - self._skip_from
            events.append(Skipped(self._skip_from, length, self._skip_reason))
            self._skipped += length
            self._skip_from = -1
        events.sort(key=_offset_of)
        self._pending.clear()
        self._seen.clear()
        if self._strict:
            first = events[0]
            if isinstance(first, Skipped):
                text = f"{first.length} bytes skipped: {first.reason}"
            else:
                assert isinstance(first, Anomaly)
                text = f"{first.code}: {first.detail}"
            self._error = RemoteProtocolError(f"strict: {text}", _offset_of(first))
            raise self._error.with_traceback(None)
        self._out.extend(events)

    def _emit(self, event: MjpegEvent, end: int) -> MjpegEvent:
        """Give out an event that accounts for all bytes before `end`, behind what was held."""
        if self._pending or self._skip_from >= 0:
            self._flush()
            self._out.append(event)
            event = self._out.pop(0)
        self._settled = end
        return event

    # The gap

    def _gap(self) -> MjpegEvent | NeedData | None:
        data, end = self._data, self._end
        if (
            self._matcher is not None
            and not self._junk
            and not self._has_head
            and clean_head(self._matcher, data, self._pos, end, self._max_head_lines)
        ):
            event = self._clean_part()
            if event is not None or self._state != _GAP:
                return event
        final = self._final()
        delimiters = self._delimiters
        while True:
            pos = self._pos
            if pos >= end:
                if not final:
                    return self._more()
                self._finish()
                return None
            first = data[pos]
            if first == 0x0D or first == 0x0A:
                self._pos = skip_line_ends(data, pos, end)
                # In a clean gap any line end will do; in junk a CR alone is just a byte.
                self._line_start = not self._junk or (
                    data[self._pos - 1] == 0x0A
                    or (data[self._pos - 2] == 0x0A if self._pos - 2 >= pos else self._after_lf)
                )
                self._after_lf = data[self._pos - 1] == 0x0A
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
                    self._note(
                        AnomalyCode.MISSING_DELIMITER,
                        self._base + pos,
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
                    self._pos = joined
                    self._end_junk(joined)
                    self._has_head = False
                    self._begin_phantom(joined)
                    return None
            self._start_junk(pos)
            self._line_start = data[found_at - 1] == 0x0A or (
                data[found_at - 1] == 0x0D and data[found_at - 2 : found_at - 1] == b"\n"
            )
            self._after_lf = data[found_at - 1] == 0x0A
            self._pos = found_at
            self._skip(self._skip_from, self._base + found_at, self._skip_reason)

    def _clean_part(self) -> MjpegEvent | None:
        """Begin the image whose delimiter and head were read in one go, if all is in order.

        An image whose length is believed is checked and given out right here if it is all there,
        or begun to be taken: that is most of what a well-behaved server sends, and no more than
        what `_begin_image` would do, without the detours.
        """
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
        data = self._data
        base = self._base
        if self._declared_end >= 0:
            pos = self._pos
            self._settle(base + pos + 2 if data[pos] == 0x0D else base + pos)
        self._head_raw = cut_out(data, start, stop)
        start = stop + 2  # behind the empty line
        at = base + start
        if length > 0 and at >= self._doubt_until and self._believes(length):
            stop = start + length
            if stop > self._end:
                self._phantom = False
                self._image_at = self._body_at = at
                self._look_from(at + 2)
                self._declared_end = at + length
                self._believe(start, length)
                return None
            if ends_with_lone_eoi(data, start, stop):
                self._pos = stop
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
        self._anchor = length
        self._delivered += length
        self._image_end = end
        self._line_start = True
        self._declared_end = -1
        self._state = _GAP
        frame = make_frame(data, "length", True, at, self._head_raw)
        if self._pending or self._skip_from >= 0:
            return self._emit(frame, end)
        self._settled = end
        return frame

    def _joined_inside(self, pos: int, stop: int) -> int:
        """Where the inside of an image begins, if the stream was joined in the middle of one.

        -1 if there is only text before `stop`, where something else may begin.
        """
        found = _BINARY(self._data, pos, stop)
        if found is None:
            return -1
        at = found.start()
        # The FF of an EOI or of another marker is fill only as far as what follows it is.
        return at - 1 if at > pos and self._data[at - 1] == 0xFF else at

    def _start_junk(self, pos: int) -> None:
        if not self._junk:
            self._junk = True
            if self._skip_from < 0:
                self._skip(self._base + pos, self._base + pos, "junk between parts")
            code = AnomalyCode.JUNK_BEFORE_IMAGE if self._has_head else AnomalyCode.JUNK
            self._note(code, self._base + pos, "bytes that belong to no part")

    def _end_junk(self, pos: int) -> None:
        """The gap ends at `pos`: say how the last image's length fitted it."""
        if self._junk:
            self._skip(self._skip_from, self._base + pos, self._skip_reason)
        self._settle(self._base + pos)
        self._junk = False

    def _settle(self, gap_end: int) -> None:
        """Report, now that the gap behind the last image is known, what its length was worth."""
        declared, self._declared_end = self._declared_end, -1
        if declared < 0 or declared == self._image_end:
            return
        after = declared - self._image_end
        if self._junk and after > 0 and declared <= gap_end:
            self._note(
                AnomalyCode.PADDING,
                self._image_end,
                f"Content-Length counts {after} bytes behind the image",
            )
        else:
            self._note(
                AnomalyCode.LENGTH_MISMATCH,
                self._image_end,
                f"Content-Length is {after:+d} bytes off",
            )

    def _finish(self) -> None:
        """The stream has ended in a gap."""
        if self._has_head:
            self._ceased = False
        self._end_junk(self._end)
        self._flush()
        self._settled = self._fed
        self._out.append(EndOfStream(self._ceased, self._fed, self._closed))
        self._state = _END

    # Header blocks

    def _begin_head(self, match: Match) -> None:
        """A delimiter stands at `match.start`."""
        at = self._base + match.start
        if self._has_head and not self._head_raw:
            self._note(AnomalyCode.DUPLICATE_DELIMITER, at, "no header block before it")
        self._has_head = False
        self._started = True
        if match.closing:
            self._closed = True
            self._line_start = True
            self._state = _GAP
            self._pos = match.end
            return
        if self._closed:
            self._closed = False
            self._note(AnomalyCode.CLOSED_AND_CONTINUED, at, "parts behind the closing delimiter")
        if match.anomaly is not None:
            self._note(match.anomaly, at, "at a delimiter")
        code = self._delimiters.use(match.delimiter)
        if code is not None:
            self._know()
            self._note(code, at, f"{match.delimiter.line!r} is in use")
        if self._matcher is None or self._matcher.delimiter != match.delimiter.line:
            self._matcher = None if match.delimiter.bare else HeadMatcher(match.delimiter.line)
        self._open_head(match.end)

    def _know(self) -> None:
        """The set of delimiters has changed."""
        self._names = Names(self._delimiters.patterns)

    def _open_head(self, pos: int) -> None:
        self._started = True
        self._state = _HEAD
        self._pos = pos
        self._line = self._base + pos
        self._cursor = max(self._line, self._head_clear)
        self._head_lines = 0
        self._fields.clear()
        self._folds = None
        self._lf_lines = False
        self._fresh = True

    def _head(self) -> MjpegEvent | NeedData | None:
        # The whole block is held at `_pos`; `_line` and `_cursor` keep the place in it.
        data, base, start = self._data, self._base, self._pos
        final = self._final()
        if self._fresh:
            # A CR here is the rest of a delimiter's LF CR, or else an empty line's.
            first = data[start : start + 2]
            if first in (b"", b"\r") and not final:
                return self._more()
            self._fresh = False
            if first[:1] == b"\r" and first != b"\r\n":
                self._lf_cr = True
                start += 1
                self._pos = start
                self._line = self._cursor = base + start
        limit = start + self._limits.max_part_head
        stop = min(self._end, limit)
        while True:
            line = self._line - base
            cursor = max(line, self._cursor - base)
            newline = data.find(b"\n", cursor, stop)
            upto = stop if newline < 0 else newline
            soi = data.find(_SOI, max(line, cursor - 2), upto)
            if soi >= 0:
                if data[line:soi].strip(b"\r"):
                    self._malformed(line)
                self._note(
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
                    if self._end > start:
                        self._ceased = False
                        self._skip(base + start, self._fed, "cut off inside a header block")
                    self._pos = self._end
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
            if stripped[:1] in (b"-", b"\xff") or not stripped[:1].isspace():
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
                self._note(AnomalyCode.BARE_LF, base + line, "in a header block")
            self._line = self._cursor = base + newline + 1

    def _head_line(self, text: bytes, line: int) -> None:
        if text[:1] in (b" ", b"\t"):
            self._note(AnomalyCode.FOLDED_HEADER, self._base + line, "in a header block")
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
        self._note(
            AnomalyCode.MALFORMED_HEADER, self._base + line, "a header line without name and colon"
        )

    def _drop_head(self, line: int) -> None:
        """The block passed a limit: what it holds is junk, the search goes on behind it."""
        at = self._base + self._pos
        self._note(AnomalyCode.HEAD_TOO_LARGE, at, "see Limits.max_part_head, _line, _headers")
        stop = max(line, self._pos + 1)
        self._skip(at, self._base + stop, "a header block that is too large")
        self._pos = stop
        self._has_head = False
        self._line_start = True
        self._state = _GAP
        self._junk = True

    def _close_head(self, start: int, stop: int, body: int) -> None:
        """The block is `data[start:stop]`, the body begins at `body`."""
        self._has_head = True
        self._head_raw = bytes(self._data[start:stop])
        self._body_at = self._base + body
        lengths = [value for name, value in self._fields if name == b"content-length"]
        self._head_length = -1
        if lengths:
            if len(set(lengths)) > 1:
                self._note(AnomalyCode.DUPLICATE_LENGTH, self._base + start, "the last one counts")
            value = lengths[-1]
            # isdigit() of bytes is ASCII only; int() would take signs and underscores.
            if value.isdigit() and len(value.lstrip(b"0")) <= 10:
                self._head_length = int(value)
            if self._head_length > self._max_frame:
                self._head_length = -1
            if self._head_length < 1:
                self._head_length = -1
                self._note(AnomalyCode.INVALID_LENGTH, self._base + start, "not believed")
        self._pos = body
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
        have = bytes(self._data[self._pos : self._pos + 4])
        final = self._final()
        if have.startswith(_SOI):
            if not self._is_image_type():
                self._note(
                    AnomalyCode.CONTENT_TYPE_NOT_IMAGE,
                    self._body_at,
                    f"an image under {self._content_type()[:80]!r}",
                )
            self._begin_image(self._pos)
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
            self._note(AnomalyCode.JUNK, self._body_at, "a response head inside the body")
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
                self._note(AnomalyCode.JUNK_BEFORE_IMAGE, self._body_at, "an image without its SOI")
                self._begin_phantom(self._pos)
        return None

    # Parts that are no images

    def _part(self) -> MjpegEvent | NeedData | None:
        # The part is held at `_pos`.
        data, base, start = self._data, self._base, self._pos
        length = self._head_length
        if length > self._max_part:
            length = self._head_length = -1
            self._note(AnomalyCode.INVALID_LENGTH, base + start, "over Limits.max_part")
        told = length >= 0
        most = length if told else self._max_part + _PART_LOOKAHEAD
        stop = min(self._end, start + most)
        whole = told and stop == start + length
        final = stop == self._end and self._final()
        at = self._part_end(start, stop, final or whole, not told)
        if at >= 0:
            until = at - line_end_before(data, at, start)
            if not told and until - start > self._max_part:
                self._part_too_large()
                return None
            if told:
                self._note(AnomalyCode.TRUNCATED_PART, base + at, "shorter than its length")
            return self._deliver_part(until, at, not told)
        if whole:
            at = self._across(start, stop)
            if at == stop:
                return self._deliver_part(stop, stop, True)
            if at >= 0:
                self._note(AnomalyCode.TRUNCATED_PART, base + at, "shorter than its length")
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
                self._note(AnomalyCode.TRUNCATED_PART, base + stop, "the stream ended")
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
        data, base = self._data, self._base
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
        data = self._data
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
        more = not self._final()
        if more and (len(have) < 4 or (behind != _SOI and _SOI.startswith(behind))):
            return -1
        if len(have) < 4 or have[3] not in _SEGMENT_CODES or behind in (b"", _SOI):
            return stop
        if at + 3 > stop:
            return at
        if behind[:1] in (b"\r", b"\n"):
            return stop
        verdict = may_begin(self._names, data, stop, self._end, True)
        if verdict == CUT and more:
            return -1
        return at if verdict == NO else stop

    def _repeated(self, at: int) -> bool:
        """Whether nothing stands between the last delimiter in the part and `_data[at]`."""
        gap = at - (self._repeat_end - self._base)
        return gap == 0 or (gap == 1 and self._data[at - 1] == 0x0D)

    def _part_least(self, stop: int) -> int:
        """Before which place in `_data` the part can't end, by what is known up to `stop`."""
        cursor = self._cursor - self._base
        if not self._repeats:
            return cursor
        # A delimiter before the cursor is where the part ends if the next one follows at once.
        behind = self._repeat_end - self._base
        if behind < stop and self._data[behind] == 0x0D:
            behind += 1
        if behind >= stop or may_begin(self._names, self._data, behind, stop, True) != NO:
            return self._repeats[0] - self._base
        return cursor

    def _part_too_large(self) -> None:
        """Skip the part as far as the limit; what is behind it is looked through as junk."""
        at = self._base + self._pos
        stop = self._pos + self._max_part + 1
        self._note(AnomalyCode.PART_TOO_LARGE, at, "over Limits.max_part")
        self._skip(at, self._base + stop, "a part that is too large")
        self._pos = stop
        self._has_head = False
        self._junk = True
        self._after_lf = self._data[stop - 1] == 0x0A
        self._line_start = self._after_lf
        self._state = _GAP

    def _deliver_part(self, stop: int, after: int, complete: bool) -> MjpegEvent:
        data = bytes(self._data[self._pos : stop])
        part = Part(data, Headers.parse(self._head_raw), complete, self._base + self._pos)
        self._pos = after
        self._has_head = False
        self._line_start = True
        self._state = _GAP
        self._delivered += len(data)
        return self._emit(part, self._base + stop)

    # Images

    def _begin_image(self, pos: int) -> None:
        """FFD8FF stands at `pos`; a header block stands before it if `_has_head`."""
        at = self._base + pos
        length = -1
        if self._has_head:
            length = self._head_length
            self._has_head = False
        else:
            self._head_raw = b""
            if self._delimiters.multipart:
                self._note(AnomalyCode.MISSING_DELIMITER, at, "an image without a delimiter")
            self._body_at = at
        if self._closed:
            self._closed = False
            self._note(AnomalyCode.CLOSED_AND_CONTINUED, at, "an image behind the last delimiter")
        self._started = True
        self._junk = False
        self._phantom = False
        self._image_at = at
        self._segment = pos
        self._look_from(at + 2)
        if length < 0:
            self._declared_end = -1
        else:
            self._declared_end = self._body_at + length
            if at == self._body_at and at >= self._doubt_until and self._believes(length):
                self._believe(pos, length)
                return
        self._begin_walk(pos)

    def _begin_walk(self, pos: int) -> None:
        """Walk the image that begins at `pos`."""
        self._doubted = self._image_at < self._doubt_until
        self._walker.begin(False)
        self._pos = pos + 2
        self._state = _WALK

    def _begin_phantom(self, pos: int) -> None:
        """Walk the inside of an image whose start is missing, so that nothing in it is
        taken for an image of its own.  It is never delivered.
        """
        at = self._base + pos
        self._started = True
        self._has_head = False
        self._phantom = self._doubted = True
        self._declared_end = -1
        self._image_at = at
        self._segment = pos
        self._pos = pos
        self._look_from(at + 1)
        self._walker.begin(True)
        self._state = _WALK

    def _believes(self, length: int) -> bool:
        """Whether lengths have been right, and this one is like the last."""
        return (
            self._confirmed >= self._needed and 4 * abs(length - self._anchor) <= self._anchor + 256
        )

    def _believe(self, pos: int, length: int) -> None:
        """Take `length` bytes from `pos` unseen."""
        stop = pos + length
        end = self._end
        self._state = _TAKE
        if stop <= end:
            # All there: nothing to take, only to check.
            self._pos = stop
            self._trial = True
            return
        self._trial = False
        self._store.start(length, self._data, pos, end)
        self._pos = end
        self._missing = stop - end
        if not self._queue and not self._eof and not self._out:
            self._idle = True
            self._room = self._missing

    def _take(self) -> MjpegEvent | NeedData | None:
        if self._trial:
            stop = self._pos
            if ends_with_lone_eoi(self._data, self._segment, stop):
                return self._give(cut_out(self._data, self._segment, stop), self._image_at)
            self._begin_walk(self._segment)
            return None
        pos = self._pos
        missing = self._missing
        available = self._end - pos
        if missing <= available:
            self._pos = self._segment = pos + missing
            self._missing = 0
            image = self._store.finish(self._data, pos, pos + missing)
            if image is not None:
                return self._give(image, self._image_at)
        else:
            self._store.append(self._data, pos, self._end)
            self._pos = self._segment = self._end
            self._missing = missing - available
            if not self._final():
                waiting = self._more()
                if self._idle:
                    self._room = self._missing
                return waiting
            self._missing = 0
        # The length was wrong, or the stream ends: walk what was taken.
        taken = self._store.take()
        self._queue.appendleft((self._data, self._pos))
        self._piece = 0
        self._data = taken
        self._base = self._image_at
        self._segment = 0
        self._end = len(taken)
        self._begin_walk(0)
        return None

    def _walk(self) -> MjpegEvent | NeedData | None:
        walker = self._walker
        data = self._data
        end = self._end
        stop = self._image_at + self._max_frame - self._base
        capped = stop < end
        if capped:
            end = stop
        final = not capped and self._final()
        while True:
            pos = self._pos
            upto = min(end, pos + _DOUBT_STEP) if self._doubted else end
            walker.base = self._base
            outcome = walker.walk(data, pos, upto, end, final)
            self._pos = walker.pos
            if outcome == MORE:
                if self._doubted:
                    other = self._doubt(pos)
                    if other >= 0:
                        return self._cut(other, self._cut_by)
                    if upto < end and self._pos > pos:
                        continue
                if capped or end == stop:
                    return self._too_large(end)
                if final:
                    return self._cease()
                # Kept at once, so that nothing is held and the next chunk takes this one's place.
                self._store.append(data, self._segment, self._pos)
                self._segment = self._pos
                waiting = self._more()
                if waiting is None:
                    self._segment = self._pos
                return waiting
            if outcome == EOI:
                return self._ended()
            if outcome == SOI:
                at = self._base + self._pos
                if not walker.touched and not self._phantom and at - self._image_at <= 4:
                    self._restart()
                    return None
                # SOIs may come in a flood, and only what is new can tell.
                if (
                    walker.sos < 0
                    and not walker.in_scan
                    and not self._inside.waits
                    and self._asked == at - 3
                    and self._pos >= 6
                    and self._data[self._pos - 6 : self._pos] == _SOI_TWICE
                    and not self._bare()
                ):
                    # Behind two others, of which the second one was asked about.
                    self._asked = at
                    walker.nest()
                    self._pos = walker.pos
                    continue
                if self._inside.waits or self._may_tell(self._asked - self._base, self._pos):
                    other = self._opinion(self._pos, True, IMAGE)
                    if other >= 0:
                        return self._cut(other, self._cut_by)
                if walker.due or self._behind_head(self._pos):
                    return self._cut(at, "soi")
                if walker.sos >= 0 or walker.in_scan or self._bare():
                    # It may be the thumbnail of an image into which a segment has led.
                    other = self._around()
                    return self._cut(other if other >= 0 else at, "soi")
                walker.nest()
                self._pos = walker.pos
                continue
            other = self._opinion(self._pos, self._doubted)
            if other >= 0:
                return self._cut(other, self._cut_by)

    def _bare(self) -> bool:
        """Whether this is a stream of images alone, whatever was declared."""
        delimiters = self._delimiters
        return not delimiters.multipart or (delimiters.current is None and self._delivered > 0)

    def _doubt(self, pos: int) -> int:
        """What the second opinion says of an image in doubt, walked on from `pos`."""
        found = -1
        # A segment can take the walk far, and what ends the image may stand close by.
        while found < 0 and pos < self._pos:
            since = pos
            pos = min(pos + _DOUBT_STEP, self._pos)
            if self._may_tell(since, pos):
                found = self._opinion(pos, True)
        return found

    def _may_tell(self, since: int, pos: int) -> bool:
        """Whether `_data[since:pos]` can have changed what the second opinion says."""
        image, start = self._whole(pos)
        shift = start + self._base - self._image_at
        since += shift
        stop = pos + shift
        self._asked = self._base + pos
        return (
            self._walker.buried >= 0
            or self._delimiters.may_prove(image, since, stop)
            or self._inside.may_tell(image, self._image_at, since, stop)
        )

    def _restart(self) -> None:
        """SOI twice in a row: the image begins with the second one."""
        at = self._base + self._pos
        self._note(AnomalyCode.JUNK_BEFORE_IMAGE, self._image_at, "SOI twice")
        self._skip(self._image_at, at, "SOI twice")
        self._store.truncate(0)
        self._image_at = at
        self._segment = self._pos
        self._look_from(at + 2)
        self._walker.begin(False)
        self._pos += 2

    def _ended(self) -> MjpegEvent | None:
        """The walk came to the EOI before `_pos`."""
        walker = self._walker
        if walker.surprised or walker.sos < 0 or self._doubted:
            cut = self._opinion(self._pos, True)
            if cut < 0:
                # The end may be that of another image, into which a segment has led.
                self._cut_by = "soi"
                cut = self._around()
            if cut < 0:
                cut = self._opinion(self._pos, True, ENDED if self._phantom else OTHER)
            if cut >= 0:
                return self._cut(cut, self._cut_by)
            if walker.sos < 0 or self._phantom:
                return self._cut(self._base + self._pos, "eoi")
        elif walker.buried >= 0:
            cut = self._cut_in_table()
            if cut >= 0:
                return self._cut(cut, self._cut_by)
        elif walker.leapt:
            # Such a segment is lawful there, if no image began in it that has ended now.
            cut = self._opinion(self._pos, False, OTHER)
            if cut >= 0:
                return self._cut(cut, self._cut_by)
        at = self._base + self._pos
        length = self._declared_end - self._body_at
        end: FrameEnd = "eoi"
        if self._declared_end >= 0:
            if at == self._declared_end:
                end = "length"
                if self._image_at == self._body_at:
                    self._confirmed += 1
                    self._anchor = length
            else:
                self._lied()
        return self._deliver(end)

    def _cut_in_table(self) -> int:
        """Where the image that was walked to `_pos` was cut off, or -1.

        FFD8FF stands inside a table of it.  If one from there on stands behind a header block, or
        before the marker of a segment, it is the next image, whose markers the table led to.
        """
        image, start = self._whole(self._pos)
        shift = self._image_at - start
        for found in _EACH_SOI(image, self._walker.buried - shift):
            soi = found.start() + shift
            if soi >= self._base + self._pos:
                break
            at = soi - shift
            # In a table FFD8FF can stand by chance, as at some qualities in the standard ones.
            if self._headed(image, at, start) or _IMAGE_START(image, at):
                cut = self._opinion(self._pos, True)
                if 0 <= cut <= soi:
                    return cut
                self._cut_by = "soi"
                return soi
        return -1

    def _lied(self) -> None:
        self._confirmed = 0
        self._needed = min(self._needed * 2, _MOST_DOUBT)

    def _deliver(self, end: FrameEnd) -> MjpegEvent:
        """Give out the image that was walked to its EOI, before `_pos`."""
        stop = self._pos
        damaged = self._walker.surprised
        if self._store.size:
            self._store.append(self._data, self._segment, stop)
            data = self._store.take()
        else:
            data = cut_out(self._data, self._segment, stop)
        at = self._base + stop
        self._state = _GAP
        self._line_start = True
        self._image_end = at
        self._delivered += len(data)
        frame = make_frame(data, end, True, self._image_at, self._head_raw)
        event = self._emit(frame, at)
        if damaged:
            self._note(AnomalyCode.DAMAGED_IMAGE, at, "its marker structure is broken")
        return event

    def _cut(self, at: int, end: FrameEnd) -> MjpegEvent | None:
        """The image ended at offset `at` without coming to an EOI that counts.

        It is delivered as far as it goes if its first scan had begun, and skipped otherwise.
        """
        walker = self._walker
        if not self._doubted:
            self._rewound += self._base + self._pos - at
            self._doubt_until = (self._rewound - self._credit) // _AGAIN
        began = 0 <= walker.sos < at and not self._phantom
        stop = at - self._image_at
        inside = self._store.size
        # The image's bytes, without the line end that belongs to a delimiter.
        ending = 0
        image = b""
        if began:
            source, start = self._whole(max(self._segment, at - self._base))
            if end == "delimiter":
                ending = line_end_before(source, start + stop, start)
            image = bytes(source[start : start + stop - ending])
            del source
            inside = self._store.size
        # Go on at `at`.
        where = at - self._base
        if where >= self._segment or inside == 0:
            self._pos = where
        else:
            piece = self._store.slice(stop, self._store.size)
            self._queue.appendleft((self._data, self._segment))
            self._piece = 0
            self._data = piece
            self._base = at
            self._pos = 0
            self._end = len(piece)
        self._store.truncate(0)
        self._state = _GAP
        self._line_start = True
        if not began:
            if end != "eoi" or not self._phantom:
                self._note(
                    AnomalyCode.IMAGE_WITHOUT_SCAN,
                    self._image_at,
                    "it never came to its first scan",
                )
            self._skip(self._image_at, at, "an image that never came to its first scan")
        if self._declared_end >= 0:
            self._lied()
        if not began:
            self._declared_end = -1
            return None
        self._image_end = at - ending
        self._delivered += len(image)
        frame = Frame(image, end, False, self._image_at, self._head_raw)
        event = self._emit(frame, at - ending)
        self._note(AnomalyCode.TRUNCATED_IMAGE, at - ending, f"cut off by {_CUT_BY[end]}")
        return event

    def _cease(self) -> MjpegEvent | None:
        """The stream ends inside an image."""
        self._pos = self._end
        cut = self._opinion(self._end, True, OTHER)
        if cut < 0:
            cut = self._closing_behind()
        if cut >= 0:
            return self._cut(cut, self._cut_by)
        self._ceased = False
        return self._cut(self._base + self._end, "eof")

    def _too_large(self, stop: int) -> MjpegEvent | None:
        self._pos = stop
        cut = self._opinion(stop, self._doubted)
        if cut >= 0:
            return self._cut(cut, self._cut_by)
        at = self._base + stop
        self._note(AnomalyCode.IMAGE_TOO_LARGE, self._image_at, "over Limits.max_frame")
        self._skip(self._image_at, at, "an image that is too large")
        self._store.truncate(0)
        if self._declared_end >= 0:
            self._lied()
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
        if self._store.size == 0:
            return self._data, self._segment
        if upto > self._segment:
            self._store.append(self._data, self._segment, upto)
            self._segment = upto
        return self._store.peek(), 0

    def _opinion(self, upto: int, unknown: bool, stands: int = NOTHING) -> int:
        """The offset of where the image was cut off before `_data[upto]`, or -1.

        That is a known delimiter that a part follows, an FFD8FF inside a table of the image, or
        a whole image inside it (`inside.py`).
        With `unknown` also a line that nobody declared, if a Content- or X- header follows, and
        an image behind such a header.  What it is stands in `_cut_by`.
        `stands`: what stands at `_data[upto]`, as `Inside` wants to know it.
        """
        image, start = self._whole(upto)
        stop = start + self._base + upto - self._image_at
        if start == 0 and image is not self._data:
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
        image, start = self._whole(self._pos)
        shift = self._image_at - start
        return self._inside.around(
            image,
            self._image_at,
            shift,
            self._base + self._pos - shift,
            (self._walker.segment_at, self._walker.segment_end),
        )

    def _behind_head(self, pos: int) -> bool:
        """Whether a header block ends before `_data[pos]`, at least its last line.

        A thumbnail has none, so this is an image whose delimiter was damaged.
        """
        image, start = self._whole(pos)
        return self._headed(image, start + self._base + pos - self._image_at, start)

    def _headed(self, image: bytes | bytearray | memoryview, at: int, start: int) -> bool:
        """Whether a header block ends before `image[at]` and behind `image[start]`."""
        tail = bytes(image[max(start, at - 4) : at])
        return tail.endswith((b"\r\n\r\n", b"\n\n", b"\n\r\n\r")) or self._delimiters.headed(
            image, at, start
        )

    def _closing_behind(self) -> int:
        """At the end of the stream: the offset of a delimiter line that is the last, or -1."""
        image, start = self._whole(self._end)
        shift = self._image_at - start
        stop = start + self._fed - self._image_at
        found = self._delimiters.search_last(image, max(start, self._cursor_known - shift), stop)
        return -1 if found < 0 else found + shift


class _Events:
    """What `events` gives; see `contract.Events`."""

    __slots__ = ("_parser",)

    def __init__(self, parser: MjpegParser) -> None:
        self._parser: MjpegParser | None = parser

    def __iter__(self) -> Iterator[MjpegEvent]:
        return self

    def __next__(self) -> MjpegEvent:
        if self._parser is None:
            raise StopIteration
        event = self._parser._ask()
        if event is NEED_DATA:
            self._parser = None
            raise StopIteration
        if type(event) is EndOfStream:
            self._parser = None
        return event


def _offset_of(event: MjpegEvent) -> int:
    offset: int = event.offset
    return offset


_CUT_BY = {"delimiter": "a delimiter", "soi": "another image", "eof": "the end of the stream"}
