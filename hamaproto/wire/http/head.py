"""The head of an answer: `ResponseHeadReader` reads up to the empty line and makes a `Response`.

Before the status line come any number of empty lines and of 1xx answers, within
`Limits.max_preamble`.  Where a body comes without a head, its first bytes tell it.
"""

from __future__ import annotations

from collections.abc import Callable

from hamaproto.errors import LimitExceededError, RemoteProtocolError
from hamaproto.events import NEED_DATA, AnomalyCode, NeedData, Response
from hamaproto.gsm.tables import MAGIC
from hamaproto.headers import Headers
from hamaproto.limits import Limits
from hamaproto.wire.http.fields import FieldLines
from hamaproto.wire.http.lines import bounded_line, note_line_end, without_end
from hamaproto.wire.http.oddities import Oddities
from hamaproto.wire.http.status_line import StatusLine, read_status_line
from hamaproto.wire.receive_buffer import ReceiveBuffer

__all__ = ["ResponseHeadReader"]

# How a body without a head begins: with a delimiter (RFC 2046 5.1.1), a JPEG's SOI, or the
# magic nibble of a GSM frame (RFC 3551 4.5.8.1).
_HEADLESS = {b"--": "multipart/x-mixed-replace", b"\xff\xd8": "image/jpeg"}
_HEADLESS_FIRST = frozenset(begin[0] for begin in _HEADLESS)
_GSM_TYPE = "audio/gsm"

_LINE_ENDS = frozenset(b"\r\n")
_NO_ANSWER = "the answer begins neither with a status line nor like a picture or sound"


class ResponseHeadReader:
    """`read` gives the `Response`, NEED_DATA, or this reader, which is then to be asked again.

    It is asked again when something was reported, so that the caller sees it before what follows
    is looked at.
    """

    __slots__ = (
        "_fields",
        "_interim",
        "_limits",
        "_lines",
        "_oddities",
        "_preamble",
        "_size",
        "_source",
        "_status_line",
        "_step",
        "cut_off",
        "looks_like",
    )

    # Both are set by the status line; `_size` is how many bytes of the head were read.
    _status_line: StatusLine
    _size: int

    def __init__(self, source: ReceiveBuffer, oddities: Oddities, limits: Limits) -> None:
        self._source = source
        self._oddities = oddities
        self._limits = limits
        # Empty lines, and 1xx answers, before this head.
        self._preamble = 0
        self._interim = 0
        #: Whether the stream ended before the head did.
        self.cut_off = False
        #: The media type that a body without a head has by its first bytes.
        self.looks_like: str | None = None
        self._begin()

    def _begin(self) -> None:
        self._oddities.begin_head()
        self._fields = FieldLines(self._oddities)
        # Lines behind the status line.
        self._lines = 0
        self._step: Callable[[], Response | NeedData | ResponseHeadReader] = (
            self._before_status_line
        )

    def read(self) -> Response | NeedData | ResponseHeadReader:
        """Go on until there is something to say."""
        waiting = self._oddities.waiting
        while (found := self._step()) is self and not waiting:
            pass
        return found

    # -- the steps

    def _before_status_line(self) -> NeedData | ResponseHeadReader | Response:
        """Skip line ends; tell a status line from a body without a head by the first byte."""
        source = self._source
        while (byte := source.peek()) in _LINE_ENDS:
            self._oddities.once(AnomalyCode.LEADING_EMPTY_LINES, source.offset)
            self._count_empty(source.offset)
            source.skip()
        if byte < 0:
            return self._wait("the connection was closed before any answer came")
        if self._interim == 0 and byte >> 4 == MAGIC:
            return self._headless(_GSM_TYPE)
        if self._interim == 0 and byte in _HEADLESS_FIRST:
            self._step = self._begins_like_a_body
        else:
            self._step = self._first_line
        return self

    def _begins_like_a_body(self) -> NeedData | Response:
        """The first byte may begin a body without a head; the second one decides."""
        begin = self._source.peek_two()
        if len(begin) < 2:
            return self._wait("the answer ends after one byte")
        if begin not in _HEADLESS:
            raise RemoteProtocolError(_NO_ANSWER, self._source.offset + 1)
        return self._headless(_HEADLESS[begin])

    def _first_line(self) -> NeedData | ResponseHeadReader:
        source = self._source
        line = bounded_line(source, self._limits.max_head_line, "max_head_line")
        if line is None:
            return self._wait("the stream ends inside a line of the status line")
        offset = source.line_offset
        status_line = read_status_line(line, offset, self._oddities)
        if status_line is None:
            self._oddities.once(AnomalyCode.LEADING_EMPTY_LINES, offset)
            self._count_empty(offset)
            self._step = self._before_status_line
        else:
            self._status_line = status_line
            self._size = len(line)
            self._step = self._line
        return self

    def _line(self) -> Response | NeedData | ResponseHeadReader:
        """One line behind the status line: a header, a fold, junk, or the end of the head."""
        limits, source = self._limits, self._source
        room = min(limits.max_head_line, limits.max_head - self._size)
        if room <= 0:
            raise LimitExceededError(f"max_head: more than {limits.max_head} bytes", source.offset)
        limit = "max_head_line" if room == limits.max_head_line else "max_head"
        line = bounded_line(source, room, limit)
        if line is None:
            if source.eof and not source.unfinished:
                return self._cut_off()
            return self._wait("the stream ends inside a line of the head")
        offset = source.line_offset
        self._size += len(line)
        note_line_end(line, offset, self._oddities, AnomalyCode.BARE_LF_IN_HEAD)
        body = without_end(line)
        if not body:
            return self._complete()
        self._lines += 1
        if self._lines > limits.max_headers:
            raise LimitExceededError(f"max_headers: more than {limits.max_headers} lines", offset)
        if not body.strip(b"\r"):
            raise RemoteProtocolError(
                "a line of nothing but CR: readers differ on whether the head ends here", offset
            )
        self._fields.add(body, offset)
        return self

    # -- the ends

    def _wait(self, error: str) -> NeedData:
        """Wait for more; where nothing more will come, `error` says what that means."""
        if self._source.eof:
            raise RemoteProtocolError(error, self._source.offset)
        return NEED_DATA

    def _cut_off(self) -> Response:
        """The end, behind a whole line: every header that came is whole, and no body did.

        But for a Content-Type that announces another parameter: half of one is never used.
        """
        at = self._source.offset
        if self._status_line.interim:
            raise RemoteProtocolError("the stream ends inside a 1xx answer", at)
        if self._fields.announces_more:
            raise RemoteProtocolError("the stream ends inside a folded Content-Type", at)
        self._oddities.note(AnomalyCode.HEAD_CUT_OFF, at)
        self.cut_off = True
        return self._response()

    def _complete(self) -> Response | ResponseHeadReader:
        if not self._status_line.interim:
            return self._response()
        at = self._source.offset
        self._interim += 1
        most = self._limits.max_preamble
        if self._interim > most:
            raise LimitExceededError(f"max_preamble: more than {most} 1xx answers", at)
        self._oddities.note(AnomalyCode.INTERIM_RESPONSE, at, str(self._status_line.status))
        self._begin()
        return self

    def _response(self) -> Response:
        at = self._source.offset
        first = self._status_line
        headers = self._fields.finish()
        types = headers.get_all("content-type")
        content_type = next((value for value in reversed(types) if value), None)
        if len(types) > 1:
            self._oddities.note(AnomalyCode.DUPLICATE_CONTENT_TYPE, at)
        if first.status == 206:
            self._oddities.note(AnomalyCode.STATUS_206, at)
        return Response(first.status, headers, content_type, first.reason, first.version)

    def _headless(self, media_type: str) -> Response:
        self._oddities.note(
            AnomalyCode.MISSING_HEAD, self._source.offset, f"the body begins like {media_type}"
        )
        self.looks_like = media_type
        return Response(None, Headers())

    def _count_empty(self, offset: int) -> None:
        self._preamble += 1
        most = self._limits.max_preamble
        # An empty line is up to two bytes.
        if self._preamble > 2 * most:
            raise LimitExceededError(
                f"max_preamble: more than {most} empty lines before the status line", offset
            )
