# cython: binding=False
# Methods that bind would show their types, and cost each chunk 7 % more.
"""The parser of multipart MJPEG: what a program calls, one caller at a time.

How it works is told in `hamaproto.wire.mjpeg`; the states stand in `states.py`.  Most chunks of a
stream lie in the middle of an image whose length is believed, or of a scan: such a chunk goes
straight to the place where the image is put together, and no state is asked.

This file is compiled a second time as `hamaproto.wire._mjpeg.parser`, with the types of
`parser.pxd`.  An object of C is not asked whether it is there: what enters looks, by `enter` or
`_look`, whether the parser went through `__init__`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from hamaproto.errors import LocalProtocolError
from hamaproto.events import (
    NEED_DATA,
    EndOfStream,
    NeedData,
)
from hamaproto.limits import DEFAULT_LIMITS, Limits
from hamaproto.wire.contract import (
    Chunk,
    ConstructorSignature,
    entered_twice,
    made_twice,
    mjpeg_arguments,
    owned,
)
from hamaproto.wire.mjpeg.codes import GAP, TAKE, WALK
from hamaproto.wire.mjpeg.loan import Loan
from hamaproto.wire.mjpeg.report import Accounting
from hamaproto.wire.mjpeg.scans import is_run
from hamaproto.wire.mjpeg.states import PURE, MjpegEvent, States
from hamaproto.wire.mjpeg.store import SMALL
from hamaproto.wire.mjpeg.turn import Turn, enter, leave

__all__ = ["Accounting", "MjpegEvent", "MjpegParser"]

#: A chunk is looked at for markers before it is walked only if it is no longer: a longer one
#: mostly has some, and the walk would look at it again.
_SHORT = 4096
#: What a chunk in the middle of an image gives.
_NO_EVENTS: Iterator[MjpegEvent] = iter(())


class MjpegParser(States):
    """An incremental parser of multipart MJPEG streams.

    `content_type` is the value of the answer's Content-Type header, or None; it only
    hints at the boundary.  `limits` bounds what is held (see `Limits`).  With
    `strict=True` the first oddity, `Anomaly` or `Skipped`, is raised as a
    `RemoteProtocolError` with its offset instead of being reported.

    Offsets count from the first byte fed.  Raises `LocalProtocolError` if fed after
    the end, `LimitExceededError` if more than `limits.max_junk` bytes come in which there
    is nothing; both `receive_data` and `next_event` raise an error again once it was raised.
    """

    __slots__ = ("_loan", "_turn")

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
        self._open(content_type, limits, strict)
        self._loan = Loan(self._window, self._store)
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
        if PURE:
            turn = self._turn
            if turn.taken:
                raise entered_twice(self, "receive_data")
            # As in `_receive`.  Nobody can come between: the turn need not be taken.
            if type(data) is bytes:
                size = len(data)
                if size < self._room:
                    self._room -= size
                    store = self._store
                    if size >= SMALL and store.apart:
                        # What `keep` would do, but for the count: only a 0 there says something.
                        store.parts.append(data)
                    else:
                        store.keep(data, size)
                    return
                if size > _SHORT:
                    if self._idle:
                        # As in `_receive`, where it is slower by a call.
                        taken = self._count() if self._room or self._run else 0
                        self._window.feed(data, taken)
                        self._idle = False
                        return
                elif 0 < size < self._run and is_run(data):
                    self._run -= size
                    self._store.keep(data, size)
                    return
            turn.taken = True
        elif not enter(self._turn):
            raise entered_twice(self, "receive_data")
        try:
            self._receive(data)
        finally:
            if PURE:
                self._turn.taken = False
            else:
                leave(self._turn)

    def _receive(self, data: Chunk) -> None:
        if type(data) is not bytes:
            data = owned(data)
        elif not PURE:
            # The hot path of a believed length: straight to where the image is put together.
            chunk = data
            size = len(chunk)
            room = self._room - size
            if room > 0:
                self._store.keep(chunk, size)
                self._room = room
                return
            # The other hot path: a piece of a scan in which no marker stands.
            run = self._run - size
            if run > 0 and 0 < size <= _SHORT and is_run(chunk):
                self._store.keep(chunk, size)
                self._run = run
                return
        size = len(data)
        taken = 0
        if self._idle:
            # Nothing went wrong, and the end was not said: both would have ended the idleness.
            if self._room or self._run:
                taken = self._count()
            elif 0 < size <= _SHORT and self._state == WALK and self._begin_run(data):
                return
        elif self._report.error is not None:
            raise self._report.error.with_traceback(None)
        elif self._window.eof:
            raise LocalProtocolError("receive_data after receive_eof: the stream has ended")
        if size:
            self._window.feed(data, taken)
            self._idle = False
        else:
            self._window.pass_by(taken)

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
        if PURE and self._end_given and not self._turn.taken:
            self._end_given = False
        return self._ask()

    def _ask(self) -> MjpegEvent | NeedData:
        if PURE:
            turn = self._turn
            if turn.taken:
                raise entered_twice(self, "next_event")
            turn.taken = True
        elif not enter(self._turn):
            raise entered_twice(self, "next_event")
        try:
            report = self._report
            while not self._idle:
                if report.error is not None:
                    raise report.error.with_traceback(None)
                if report.ready:
                    return report.ready.pop(0)
                state = self._state
                if state == GAP:
                    event = self._between()
                elif state == TAKE:
                    event = self._take()
                elif state == WALK:
                    event = self._walk()
                else:
                    event = self._step()
                if event is not None:
                    return event
            return NEED_DATA
        finally:
            if PURE:
                turn.taken = False
            else:
                leave(self._turn)

    def next_event_from(self, pieces: Iterator[Chunk]) -> MjpegEvent | NeedData:
        """The next event, feeding pieces from the iterator until there is one.

        `NEED_DATA` if the iterator ends first.  It is the same as to call `receive_data` and
        `next_event` by turns, without the calls.  What the iterator raises goes through;
        the parser can then be asked, fed and ended as ever; not so by the iterator itself.
        """
        if not enter(self._turn):
            # Said here, since `_ask` would say that it was `next_event`.
            raise entered_twice(self, "next_event_from")
        leave(self._turn)
        while True:
            event = self.next_event() if PURE else self._ask()
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
        if PURE:
            if self._end_given and not self._turn.taken:
                self._end_given = False
            # No generator: it would end with an error, and have one of its own for a second caller.
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
        if self._room:
            return self._image.missing - self._room
        return self._granted - self._run if self._run else 0

    def _begin_run(self, data: bytes) -> bool:
        """Store a piece of a scan as the walk would, if no marker stands in it.

        The pieces behind it may be stored unasked; a large one is not worth that question.
        """
        size = len(data)
        run = self._longest_run()
        if size >= run or not is_run(data):
            return False
        self._store.keep(data, size)
        self._granted = run
        self._run = run - size
        return True

    def _cool(self) -> None:
        """Account for what the hot paths took, and end them."""
        if self._room or self._run:
            self._window.pass_by(self._count())

    def _count(self) -> int:
        """How much the hot path took: it counts down `_room` or `_run`, and nothing else.

        The image knows of it then; the window is to be told.
        """
        image = self._image
        room = self._room
        if room:
            taken = image.missing - room
            image.missing = room
            self._room = 0
            return taken
        taken = self._granted - self._run
        image.kept += taken
        self._run = 0
        return taken


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
