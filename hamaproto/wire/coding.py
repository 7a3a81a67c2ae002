"""Content codings: the body of an answer without its gzip or deflate.

    content_codings(headers) -> the names that stand in Content-Encoding
    unknown_coding(names)    -> the first one that can't be undone, or None
    ContentDecoder(names): receive_data(encoded), receive_eof(), next_piece() -> bytes or None
    DecodedBody(next_event, names): the events of an answer, with the body unpacked

Every request asks for `identity`, and some cameras and proxies compress all the same.  zlib
does the work, in small steps: a step makes at most `PIECE` bytes, and it is made only when
somebody asks for it, so that a body which unpacks to a thousand times its size costs no
memory; how much of it is wanted is a matter of the limits of whoever reads it.

What is odd and has one reading is read: "deflate" with and without its zlib wrapper (RFC
9110 8.4.1.2 notes that some senders leave it out), gzip under the name of deflate, several
gzip members, a body that was never packed although the head says gzip.

Damage gives the same pieces and the same error, however the input was cut: after an error
the last step is made again byte by byte.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from hamaproto.errors import LocalProtocolError, RemoteProtocolError
from hamaproto.events import Anomaly, AnomalyCode, Data, EndOfStream, NeedData, Response
from hamaproto.headers import Headers

__all__ = ["PIECE", "ContentDecoder", "DecodedBody", "content_codings", "unknown_coding"]

#: Bytes that one step makes at most.
PIECE: Final = 65536
#: Bytes that one step reads at most: what is read again after an error.
_STEP: Final = 4096
#: Each coding on top of others multiplies what a short body may unpack to.
_MOST_CODINGS: Final = 3

_GZIP = ("gzip", "x-gzip")
_DEFLATE = ("deflate", "x-deflate")
#: No codings, though they are met where the name of one is due.
_NOTHING = frozenset({"", "identity", "none", "binary", "7bit", "8bit", "utf-8", "utf8"})

_GZIP_MAGIC = b"\x1f\x8b"
#: The `wbits` of zlib, for each wrapper.
_WBITS_GZIP, _WBITS_ZLIB, _WBITS_RAW = 31, 15, -15


def content_codings(headers: Headers) -> tuple[str, ...]:
    """The codings of a body in the order in which they were applied, in lower case."""
    values = headers.get_all("content-encoding")
    names = (name.strip(" \t").lower() for value in values for name in value.split(","))
    return tuple(name for name in names if name not in _NOTHING)


def unknown_coding(names: Sequence[str]) -> str | None:
    """The first name that `ContentDecoder` can't undo; None if it can undo them all."""
    for name in names:
        if name not in _GZIP and name not in _DEFLATE:
            return name
    return ", ".join(names[: _MOST_CODINGS + 1]) if len(names) > _MOST_CODINGS else None


class ContentDecoder:
    """Undoes the codings of one body.

    Feed it, and ask `next_piece` until it says None.  Raises RemoteProtocolError for a body
    that is damaged, behind the pieces that came before the damage; `offset` counts the
    bytes that this coding was given up to the damage.
    """

    def __init__(self, names: Sequence[str]) -> None:
        unknown = unknown_coding(names)
        if unknown is not None:
            raise LocalProtocolError(f"ContentDecoder: the coding {unknown!r} can't be undone")
        # The last one that was applied is the first one to be undone.
        self._layers = [_Layer(name) for name in reversed(names)]
        self._eof = False

    def __repr__(self) -> str:
        return f"<ContentDecoder {', '.join(layer.name for layer in self._layers)}>"

    @property
    def complete(self) -> bool:
        """True if every coding came to its own end, or had nothing to undo."""
        return all(layer.complete for layer in self._layers)

    @property
    def mislabelled(self) -> bool:
        """True if a body that was said to be packed is not."""
        return any(layer.plain for layer in self._layers)

    def receive_data(self, data: bytes) -> None:
        """Take more of the body as it came."""
        if self._layers:
            self._layers[0].feed(data)

    def receive_eof(self) -> None:
        """Say that the body is over."""
        self._eof = True

    def next_piece(self) -> bytes | None:
        """The next bytes of the body, at most `PIECE`; None if there are none yet."""
        return self._take(len(self._layers) - 1)

    def _take(self, index: int) -> bytes | None:
        if index < 0:
            return None
        layer = self._layers[index]
        while True:
            piece = layer.take()
            if piece is not None:
                return piece
            below = self._take(index - 1)
            if below is not None:
                layer.feed(below)
            elif self._eof and not layer.over:
                layer.over = True
            else:
                return None


class _Layer:
    """One coding: bytes in, bytes out, one step at a time."""

    __slots__ = (
        "_chunks",
        "_error",
        "_full",
        "_inflater",
        "_pos",
        "_read",
        "_started",
        "complete",
        "name",
        "over",
        "plain",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        # Input: the first chunk from `_pos` on, then the others.
        self._chunks: deque[bytes] = deque()
        self._pos = 0
        self._read = 0
        self._inflater: Any = None
        # Whether the last step made all that it was allowed to.
        self._full = False
        self._started = False
        self._error: RemoteProtocolError | None = None
        #: True once nothing more will be fed.
        self.over = False
        self.complete = True
        #: True for a body that was not packed.
        self.plain = False

    def feed(self, data: bytes) -> None:
        if data:
            self._chunks.append(data)

    def take(self) -> bytes | None:
        """The next piece; None if that takes more input."""
        while True:
            if self._error is not None:
                raise self._error.with_traceback(None)
            if self._inflater is None:
                piece = self._without_inflater()
                if self._inflater is None:
                    return piece
            step = self._peek(_STEP)
            if not step and not self._full:
                return None
            piece = self._inflate(step)
            if piece:
                return piece

    def _without_inflater(self) -> bytes | None:
        """Before a body or a member, behind the last one, or in one that is not packed."""
        if self.plain:
            piece = self._peek(PIECE)
            self._skip(len(piece))
            return piece or None
        start = self._peek(2)
        if len(start) < 2 and not (self.over and start):
            return None
        wbits = self._wbits(start)
        if wbits is not None:
            self._inflater = zlib.decompressobj(wbits)
            self._started = True
            self.complete = False
        elif self._started:
            # Behind the last member: no part of the body.
            self._skip_all()
        else:
            self.plain = True
            return self._without_inflater()
        return None

    def _wbits(self, start: bytes) -> int | None:
        """The wrapper that these two bytes begin; None for none."""
        if start == _GZIP_MAGIC:
            return _WBITS_GZIP
        if self._started or self.name in _GZIP:
            return None
        # RFC 1950 2.2: the method 8, and a check of both bytes.
        if len(start) == 2 and start[0] & 0x0F == 8 and (start[0] << 8 | start[1]) % 31 == 0:
            return _WBITS_ZLIB
        return _WBITS_RAW

    def _inflate(self, step: bytes) -> bytes:
        before = self._inflater.copy()
        try:
            piece: bytes = self._inflater.decompress(step, PIECE)
        except zlib.error:
            return self._replay(before, step)
        self._full = len(piece) == PIECE
        inflater = self._inflater
        # At the end some versions of zlib's module have the same bytes in both.
        left = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
        self._skip(len(step) - len(left))
        if inflater.eof:
            self._inflater = None
            self._full = False
            self.complete = True
        return piece

    def _replay(self, inflater: Any, step: bytes) -> bytes:
        """What there is before the damage, and where that is."""
        made = bytearray()
        count = 0
        try:
            made += inflater.decompress(b"")
            # zlib finds the damage again, which ends the loop.
            for count in range(1, len(step) + 1):  # pragma: no branch
                made += inflater.decompress(step[count - 1 : count])
        except zlib.error:
            pass
        self._error = RemoteProtocolError(
            f"the {self.name} coding of the body is damaged", self._read + count
        )
        self._skip_all()
        return bytes(made)

    def _peek(self, size: int) -> bytes:
        """Up to `size` bytes of input; as many as are there, if they are fewer."""
        chunks = self._chunks
        if not chunks:
            return b""
        if size == 2 and len(chunks) > 1 and len(chunks[0]) - self._pos < 2:
            chunks.append(chunks.popleft()[self._pos :] + chunks.popleft())
            chunks.rotate(1)
            self._pos = 0
        return chunks[0][self._pos : self._pos + size]

    def _skip(self, count: int) -> None:
        self._read += count
        self._pos += count
        if self._chunks and self._pos == len(self._chunks[0]):
            self._chunks.popleft()
            self._pos = 0

    def _skip_all(self) -> None:
        self._read += sum(map(len, self._chunks)) - self._pos
        self._chunks.clear()
        self._pos = 0


AnswerEvent = Anomaly | Response | Data | EndOfStream | NeedData


class DecodedBody:
    """The events behind the head of an answer, with its body unpacked.

    `source` gives the events of the answer, as `ResponseParser.next_event` does.  A body
    that is not packed after all is reported as BODY_NOT_CODED; one whose coding does not
    come to its end as TRUNCATED_BODY, and then `EndOfStream.complete` is False.  Offsets of
    `Data` count unpacked bytes.
    """

    __slots__ = ("_decoder", "_end", "_given", "_source", "_waiting")

    def __init__(self, source: Callable[[], AnswerEvent], names: Sequence[str]) -> None:
        self._source = source
        self._decoder = ContentDecoder(names)
        self._given = 0
        self._end: EndOfStream | None = None
        # What stands behind an anomaly that was given out.
        self._waiting: Data | EndOfStream | None = None

    def __repr__(self) -> str:
        return f"<DecodedBody {self._decoder!r}>"

    def next_event(self) -> AnswerEvent:
        """The next event; raises what the source raises, and for a damaged coding."""
        if self._waiting is not None:
            event, self._waiting = self._waiting, None
            return event
        decoder = self._decoder
        while True:
            piece = decoder.next_piece()
            if piece is not None:
                return self._data(piece)
            if self._end is not None:
                return self._ended(self._end)
            outer = self._source()
            if isinstance(outer, Data):
                decoder.receive_data(outer.data)
            elif isinstance(outer, EndOfStream):
                decoder.receive_eof()
                self._end = outer
            else:
                return outer

    def _ended(self, end: EndOfStream) -> AnswerEvent:
        if end.complete and not self._decoder.complete:
            self._end = self._waiting = EndOfStream(False, end.offset)
            return Anomaly(AnomalyCode.TRUNCATED_BODY, end.offset)
        return end

    def _data(self, piece: bytes) -> AnswerEvent:
        data = Data(piece, self._given)
        if self._given == 0 and self._decoder.mislabelled:
            self._waiting = data
            self._given += len(piece)
            return Anomaly(AnomalyCode.BODY_NOT_CODED, 0, "the body is not packed")
        self._given += len(piece)
        return data
