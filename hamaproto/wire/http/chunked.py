"""The reader of a body in chunks (RFC 9112 7.1).

    chunk = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
    chunk-size = 1*HEXDIG ; chunk-ext = *( BWS ";" … )

Read are also: blanks behind the size, and LF as line end.  Each is reported once.  Extensions
and trailers are dropped; they are neither body nor headers.  Anything else means that the framing
is lost: what follows could be body or size, so it is refused at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from hamaproto.errors import LimitExceededError, RemoteProtocolError
from hamaproto.events import NEED_DATA, AnomalyCode, Data, EndOfStream, NeedData
from hamaproto.limits import Limits
from hamaproto.wire.http.body import BodyReader
from hamaproto.wire.http.lines import bounded_line, note_line_end, without_end
from hamaproto.wire.http.oddities import Oddities
from hamaproto.wire.receive_buffer import ReceiveBuffer

__all__ = ["Chunked"]

# A bare CR ends the line for some readers, so none is allowed even in an extension.
_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]+)([ \t]*)(;[^\r]*)?")
# The same where the stream ends inside it.
_SIZE_LINE_BEGUN = re.compile(rb"[0-9A-Fa-f]*[ \t]*(;[^\r]*)?\r?")
_HEX = frozenset(b"0123456789abcdefABCDEF")

_NO_SIZE = "the chunk framing is lost: no size where one is due"


class Chunked(BodyReader):
    """A size, its data, a line end, and so on up to the chunk of size 0 and the trailers."""

    __slots__ = ("_step", "_trailer_room")

    def __init__(
        self, source: ReceiveBuffer, oddities: Oddities, limits: Limits, length: int
    ) -> None:
        super().__init__(source, oddities, limits, length)
        self._trailer_room = limits.max_trailers
        self._step: Callable[[], Data | EndOfStream | NeedData | BodyReader] = self._size

    def read(self) -> Data | EndOfStream | NeedData | BodyReader:
        waiting = self._oddities.waiting
        while (found := self._step()) is self and not waiting:
            pass
        return found

    def _size(self) -> EndOfStream | NeedData | BodyReader:
        source, oddities = self._source, self._oddities
        if source and not source.unfinished and source.peek() not in _HEX:
            raise RemoteProtocolError(_NO_SIZE, source.offset)
        line = bounded_line(source, self._limits.max_chunk_line, "max_chunk_line")
        offset = source.line_offset
        if line is None:
            if source.eof and not _SIZE_LINE_BEGUN.fullmatch(source.take_unfinished()):
                raise RemoteProtocolError(_NO_SIZE, offset)
            return self._cut_off()
        note_line_end(line, offset, oddities, AnomalyCode.BARE_LF_IN_CHUNKS)
        match = _SIZE_LINE.fullmatch(without_end(line))
        if match is None:
            raise RemoteProtocolError(
                "the chunk framing is lost: a chunk's size is hexadecimal digits alone", offset
            )
        digits, blanks, extension = match.groups()
        if extension:
            oddities.once(AnomalyCode.CHUNK_EXTENSION, offset)
        elif blanks:
            oddities.once(AnomalyCode.CHUNK_BLANKS, offset)
        self._left = int(digits, 16)
        self._step = self._data if self._left else self._trailers
        return self

    def _data(self) -> Data | EndOfStream | NeedData | BodyReader:
        if self._left:
            return self._data_due()
        return self._line_end()

    def _line_end(self) -> EndOfStream | NeedData | BodyReader:
        """The line end behind a chunk's data."""
        source = self._source
        end = source.peek_two()
        if end == b"\r\n":
            source.skip()
        elif end[:1] == b"\n":
            self._oddities.once(AnomalyCode.BARE_LF_IN_CHUNKS, source.offset)
        elif end in (b"", b"\r"):
            if source.eof and end:
                source.skip()
            return self._cut_off()
        else:
            raise RemoteProtocolError(
                "the chunk framing is lost: no line end behind a chunk's data",
                source.offset + end.startswith(b"\r"),
            )
        source.skip()
        self._step = self._size
        return self

    def _trailers(self) -> EndOfStream | NeedData | BodyReader:
        source, oddities = self._source, self._oddities
        if self._trailer_room <= 0:
            raise LimitExceededError(
                f"max_trailers: more than {self._limits.max_trailers} bytes", source.offset
            )
        line = bounded_line(source, self._trailer_room, "max_trailers")
        if line is None:
            if not source.eof:
                return NEED_DATA
            # The last chunk is there, so the body is.
            oddities.note(AnomalyCode.TRAILERS_CUT_OFF, source.offset)
            return EndOfStream(True, source.offset)
        self._trailer_room -= len(line)
        offset = source.line_offset
        note_line_end(line, offset, oddities, AnomalyCode.BARE_LF_IN_CHUNKS)
        if not without_end(line):
            return EndOfStream(True, source.offset)
        oddities.once(AnomalyCode.TRAILERS, offset)
        return self
