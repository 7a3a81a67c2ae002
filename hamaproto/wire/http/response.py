"""`ResponseParser`: which part is asked when, and the contract that all parsers follow."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from types import MappingProxyType

from hamaproto.errors import LocalProtocolError, RemoteProtocolError
from hamaproto.events import NEED_DATA, Anomaly, AnomalyCode, Data, EndOfStream, NeedData, Response
from hamaproto.limits import DEFAULT_LIMITS, Limits
from hamaproto.wire.contract import Chunk, Events, Exclusive, entry, owned
from hamaproto.wire.http.body import BodyReader, LengthIfNoStream, OfLength, UntilClose
from hamaproto.wire.http.chunked import Chunked
from hamaproto.wire.http.framing import BodyEnd, framing_of
from hamaproto.wire.http.head import ResponseHeadReader
from hamaproto.wire.http.oddities import LENIENCIES, Oddities
from hamaproto.wire.receive_buffer import ReceiveBuffer

__all__ = ["READERS", "ResponseParser"]

#: By what a body ends -> its reader.
READERS: Mapping[BodyEnd, Callable[[ReceiveBuffer, Oddities, Limits, int], BodyReader]] = (
    MappingProxyType(
        {
            BodyEnd.CLOSE: UntilClose,
            BodyEnd.LENGTH: OfLength,
            BodyEnd.LENGTH_IF_NO_STREAM: LengthIfNoStream,
            BodyEnd.LAST_CHUNK: Chunked,
        }
    )
)


class ResponseParser(Exclusive):
    """One answer: `receive_data`, `receive_eof`, then `next_event` until it says NEED_DATA.

    Events, in order: any number of `Anomaly`, one `Response` (`status` None for a body
    without a head), then `Data` and `Anomaly`, and `EndOfStream` again and again.  `Data`
    comes in the pieces in which it was received; joined they do not depend on the cuts.
    `EndOfStream.complete` is False if the stream ended before the body did.  Where the end
    of the body is known `EndOfStream` comes with its last byte; `surplus` counts the bytes
    that were received after it, which belong to nothing.

    A Content-Length is not believed on a multipart body or on sound.  Where `endless` says that a
    stream was asked for, it is not believed on any body that can be one.

    Raises `RemoteProtocolError` (`LimitExceededError` for a bound of `limits`) for what has
    no safe reading, and from then on again; `LocalProtocolError` for data after
    `receive_eof`.  If `DATA_AFTER_BODY` is refused, its error comes behind the first
    `EndOfStream`, since the end was known before the data came.
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        strict: bool = False,
        refuse: Collection[AnomalyCode] = (),
    ) -> None:
        super().__init__()
        self._limits = DEFAULT_LIMITS if limits is None else limits
        self._source = ReceiveBuffer()
        self._oddities = Oddities(frozenset(refuse) | (LENIENCIES if strict else frozenset()))
        self._waiting = self._oddities.waiting
        self._head = ResponseHeadReader(self._source, self._oddities, self._limits)
        self._reader: ResponseHeadReader | BodyReader = self._head
        # What was met behind the events that wait, and whether it was raised.
        self._error: RemoteProtocolError | None = None
        self._raised = False
        self._end: EndOfStream | None = None
        self._end_given = False
        #: Bytes received after the end of the body.
        self.surplus = 0
        #: Set before the head comes: whether a stream was asked for, which has no length.
        self.endless = False

    def __repr__(self) -> str:
        return f"<ResponseParser {type(self._reader).__name__} at {self.offset}>"

    @property
    def offset(self) -> int:
        """Bytes of the stream that have been consumed."""
        return self._source.offset

    @property
    def looks_like(self) -> str | None:
        """The media type that a body without a head has by its first bytes."""
        return self._head.looks_like

    @property
    def passes_through(self) -> bool:
        """True once every further byte until the end of the stream is body.

        And nothing waits inside: a caller with a parser for the body may then feed it
        without asking here, and tells `passed` how much that was.
        """
        return (
            type(self._reader) is UntilClose
            and not self._waiting
            and not self._source.eof
            and not self._source
        )

    def passed(self, count: int) -> None:
        """Take note of `count` bytes of body that went past this parser."""
        self._source.offset += count

    # -- the contract

    @entry
    def receive_data(self, chunk: Chunk) -> None:
        """Feed any bytes-like object; what is kept is copied unless it is `bytes`."""
        self._raise_again()
        if self._source.eof:
            raise LocalProtocolError("receive_data() after receive_eof()")
        data = owned(chunk)
        if self._error is not None:
            return
        if self._end is None:
            self._source.feed(data)
        elif data:
            self._overrun(len(data), self._end)

    @entry
    def receive_eof(self) -> None:
        """Say that the peer closed the connection."""
        self._raise_again()
        self._source.eof = True

    def _raise_again(self) -> None:
        if self._raised and self._error is not None:
            raise self._error.with_traceback(None)

    @entry
    def next_event(self) -> Anomaly | Response | Data | EndOfStream | NeedData:
        """The next event, or NEED_DATA; after the end EndOfStream again and again."""
        waiting = self._waiting
        while not waiting:
            if self._end is not None and not self._end_given:
                self._end_given = True
                return self._end
            if self._error is not None:
                self._raised = True
                raise self._error.with_traceback(None)
            if self._end is not None:
                return self._end
            try:
                step = self._reader.read()
                if isinstance(step, Response):
                    self._begin_body(step)
                    continue
            except RemoteProtocolError as error:
                # What came before the fault is given out first.
                self._error = error
                continue
            if isinstance(step, Data):
                return step
            if step is NEED_DATA:
                if not waiting:
                    return NEED_DATA
            elif isinstance(step, EndOfStream):
                self._finish(step)
            else:
                self._reader = step
        return waiting.popleft()

    def events(self) -> Iterator[Anomaly | Response | Data | EndOfStream]:
        """Events until NEED_DATA or the end, EndOfStream included.

        Data fed behind a known end gives no events; `surplus` counts it.
        """
        if self._end_given and not self._source.eof and self._error is None:
            return iter(())
        return Events(self)

    # -- the parts

    def _begin_body(self, response: Response) -> None:
        at = self._source.offset
        framing = framing_of(response, at, self._oddities, endless=self.endless)
        self._waiting.append(response)
        self._reader = READERS[framing.end](
            self._source, self._oddities, self._limits, framing.length
        )
        if self._head.cut_off:
            self._finish(EndOfStream(False, at))

    def _finish(self, end: EndOfStream) -> None:
        self._end = end
        if surplus := self._source.clear():
            self._overrun(surplus, end)

    def _overrun(self, count: int, end: EndOfStream) -> None:
        self.surplus += count
        self._error = self._oddities.refusal(AnomalyCode.DATA_AFTER_BODY, end.offset)
