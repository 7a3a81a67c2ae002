"""The contract of a reader of a body, and the readers of one that has no chunks.

    reader.read() -> Data | EndOfStream | NEED_DATA | the reader to ask next

A reader takes the body from the buffer as it came: a piece that is nothing but body is given
out as the very object that was fed.  A reader gives `EndOfStream` once.  A reader that hands
over returns the one that goes on.  What was reported is to be seen before the bytes behind it:
so the call that reports something gives no `Data`.
"""

from __future__ import annotations

from hamaproto.events import NEED_DATA, AnomalyCode, Data, EndOfStream, NeedData
from hamaproto.gsm.tables import MAGIC
from hamaproto.limits import Limits
from hamaproto.wire.http.oddities import Oddities
from hamaproto.wire.receive_buffer import ReceiveBuffer

__all__ = ["BodyReader", "LengthIfNoStream", "OfLength", "UntilClose"]

# How the body of a stream may begin: with line ends, a delimiter, SOI, or a GSM frame.
_STREAM_STARTS = frozenset(b"\r\n-\xff" + bytes(range(MAGIC << 4, MAGIC + 1 << 4)))


class BodyReader:
    """What all readers are made from; `length` is the declared one, where that counts."""

    __slots__ = ("_left", "_limits", "_oddities", "_source")

    def __init__(
        self, source: ReceiveBuffer, oddities: Oddities, limits: Limits, length: int
    ) -> None:
        self._source = source
        self._oddities = oddities
        self._limits = limits
        #: Bytes that are due: of the body, or of the chunk at hand.
        self._left = length

    def read(self) -> Data | EndOfStream | NeedData | BodyReader:
        """The next piece of the body, its end, NEED_DATA, or the reader that goes on."""
        raise NotImplementedError

    def _data_due(self) -> Data | EndOfStream | NeedData:
        """What is there of the bytes that are due, at least one of which is."""
        source = self._source
        data = source.take(self._left)
        if not data:
            return self._cut_off()
        self._left -= len(data)
        return Data(data, source.offset - len(data))

    def _cut_off(self) -> EndOfStream | NeedData:
        """More of the body is due, and is not there."""
        source = self._source
        if not source.eof:
            return NEED_DATA
        self._oddities.note(AnomalyCode.TRUNCATED_BODY, source.offset)
        return EndOfStream(False, source.offset)


class UntilClose(BodyReader):
    """All that comes is body."""

    __slots__ = ()

    def read(self) -> Data | EndOfStream | NeedData:
        source = self._source
        data = source.take()
        if data:
            return Data(data, source.offset - len(data))
        return EndOfStream(True, source.offset) if source.eof else NEED_DATA


class OfLength(BodyReader):
    """As many bytes as were declared."""

    __slots__ = ()

    def read(self) -> Data | EndOfStream | NeedData:
        return self._data_due() if self._left else EndOfStream(True, self._source.offset)


class LengthIfNoStream(BodyReader):
    """A page where a stream is due has a length; a stream under the type of one has none."""

    __slots__ = ()

    def read(self) -> NeedData | BodyReader:
        source = self._source
        if not source and not source.eof:
            return NEED_DATA
        if source.peek() in _STREAM_STARTS:
            self._oddities.note(AnomalyCode.LENGTH_ON_ENDLESS_BODY, source.offset)
            return UntilClose(source, self._oddities, self._limits, self._left)
        return OfLength(source, self._oddities, self._limits, self._left)
