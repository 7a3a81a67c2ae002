"""HTTP/1.x as cameras speak it: a request out, a response head and its body in.

    bytes_of_request(target, host, headers) -> bytes
    ResponseParser: bytes -> Anomaly*, Response, (Anomaly | Data)*, EndOfStream

The head belongs to a camera whose picture the user wants.  So what is odd but has one
reading is read, and reported under its name in `AnomalyCode`; what would make two readers
disagree about where the body begins or ends, or would hide bytes, is refused with a
`RemoteProtocolError`.  Each leniency can be turned into an error: `refuse={...}` for some,
`strict=True` for all of `LENIENCIES`.

The shape is a small machine.  One method stands for each state; it takes what it can from
the input, queues events and says whether it got anywhere.  A line is collected through a
cursor that looks at each byte once, so neither the cost nor a limit depends on how the
bytes were cut.  A chunk of input that is nothing but body is given out as the very object
that came in.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator

from hamaproto.errors import LimitExceededError, LocalProtocolError, RemoteProtocolError
from hamaproto.events import (
    NEED_DATA,
    Anomaly,
    AnomalyCode,
    Data,
    EndOfStream,
    NeedData,
    Response,
)
from hamaproto.headers import Headers
from hamaproto.limits import DEFAULT_LIMITS, Limits
from hamaproto.wire.contract import Chunk, Events, Exclusive, entry, owned

__all__ = ["LENIENCIES", "ResponseParser", "bytes_of_request"]

#: What is reported though RFC 9112 allows it: `strict` lets it pass.
_ALLOWED = frozenset(
    {
        AnomalyCode.INTERIM_RESPONSE,
        AnomalyCode.NON_ASCII_HEADER,
        AnomalyCode.STATUS_206,
        AnomalyCode.CHUNK_EXTENSION,
        AnomalyCode.TRAILERS,
    }
)

#: Every departure from RFC 9112 that is read in spite of it; `strict` refuses them all.
LENIENCIES = frozenset(
    {
        AnomalyCode.MISSING_HEAD,
        AnomalyCode.LEADING_EMPTY_LINES,
        AnomalyCode.STATUS_LINE_CASE,
        AnomalyCode.STATUS_LINE_BLANKS,
        AnomalyCode.ODD_VERSION,
        AnomalyCode.MISSING_REASON,
        AnomalyCode.BARE_LF_IN_HEAD,
        AnomalyCode.BARE_CR_IN_HEAD,
        AnomalyCode.BLANK_BEFORE_COLON,
        AnomalyCode.BLANK_IN_NAME,
        AnomalyCode.HEADER_WITHOUT_COLON,
        AnomalyCode.HEADER_WITHOUT_NAME,
        AnomalyCode.DATE_LINE,
        AnomalyCode.SECOND_STATUS_LINE,
        AnomalyCode.FOLDED_HEAD_LINE,
        AnomalyCode.BLANK_LINE_IN_HEAD,
        AnomalyCode.CONTROL_IN_HEADER,
        AnomalyCode.DUPLICATE_CONTENT_TYPE,
        AnomalyCode.HEAD_CUT_OFF,
        AnomalyCode.LENGTH_ON_ENDLESS_BODY,
        AnomalyCode.LENGTH_AND_CHUNKED,
        AnomalyCode.REPEATED_LENGTH,
        AnomalyCode.BODY_NOT_ALLOWED,
        AnomalyCode.IDENTITY_CODING,
        AnomalyCode.REPEATED_CHUNKED,
        AnomalyCode.CHUNKED_IN_HTTP_1_0,
        AnomalyCode.CHUNK_BLANKS,
        AnomalyCode.BARE_LF_IN_CHUNKS,
        AnomalyCode.TRAILERS_CUT_OFF,
        AnomalyCode.DATA_AFTER_BODY,
        AnomalyCode.TRUNCATED_BODY,
    }
)

_BLANKS = b" \t"

# -- requests ------------------------------------------------------------------------

# RFC 3986 allows fewer characters in a request target; these devices are sent what their
# specification prints, so what is kept out is only what would end the request line.
_TARGET = re.compile(r"/[!-~]*")
# RFC 9110 5.1: a field name is a token.
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# RFC 9110 5.5: visible characters, blanks and obs-text; no CR, LF, NUL or other control.
_VALUE = re.compile(r"[\t -~\x80-\xff]*")
# RFC 9110 7.2: a name or address and a port; whatever it is, it has no blank and no path.
_HOST = re.compile(r"[A-Za-z0-9._~%!$&'()*+,;=:\[\]-]+")

_OURS = frozenset({"host", "connection", "content-length", "transfer-encoding"})


def bytes_of_request(
    target: str, host: str, headers: Iterable[tuple[str, str]] = (), *, method: str = "GET"
) -> bytes:
    """One request, ready to be sent; the answer will end with the connection.

    `target` is the path and query exactly as they go over the wire, `host` the value of
    `Host`.  It is HTTP/1.1 with `Connection: close`: the family's GoAhead needs no more,
    and answers one request a connection anyway.

    Raises `LocalProtocolError` for anything that could end a line early or begin another
    header (RFC 9112 11.1): a target with a blank or a control character, a name that is no
    token, a value with CR, LF or NUL.  Values are not repeated in the message.  Nor may
    `headers` say what the request says itself, or that it has a body: a second `Host` is
    answered with 400 (RFC 9112 3.2), a length without a body with nothing at all.
    """
    if not _TOKEN.fullmatch(method):
        raise LocalProtocolError(f"method {method!r}: a method is a token (RFC 9110 9.1)")
    if not _TARGET.fullmatch(target):
        raise LocalProtocolError(
            f"target {target!r}: begins with '/' and holds visible ASCII characters only "
            "(RFC 9112 3.2)"
        )
    if not _HOST.fullmatch(host):
        raise LocalProtocolError(
            f"host {host!r}: a name or an address and maybe a port, as in 'camera:8080' or "
            "'[fe80::1]' (RFC 9110 7.2)"
        )
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    for name, value in headers:
        if not _TOKEN.fullmatch(name):
            raise LocalProtocolError(f"header {name!r}: a name is a token (RFC 9110 5.1)")
        if name.lower() in _OURS:
            raise LocalProtocolError(
                f"header {name!r}: the request says its own Host and Connection, and has no body"
            )
        if not _VALUE.fullmatch(value):
            raise LocalProtocolError(
                f"header {name!r}: its value has a line end, a control character or one outside "
                "latin-1 (RFC 9110 5.5)"
            )
        lines.append(f"{name}: {value}")
    lines += ["Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1")


# -- response heads ------------------------------------------------------------------

#   status-line = HTTP-version SP status-code SP [ reason-phrase ]      (RFC 9112 4)
# Read: the name in any case, any minor version or none, runs of blanks and tabs, no
# reason, any bytes as reason.  The code is three ASCII digits: `\d`, `isdigit()` and
# `int()` would all take more.
_STATUS_LINE = re.compile(
    rb"[ \t]*((?i:HTTP))/1(?:\.([!-~]*))?([ \t]+)([0-9]{3})(?:([ \t]+)(.*))?", re.DOTALL
)
_VERSION_1 = re.compile(rb"[ \t]*(?i:HTTP)/1(?:\.[!-~]*)?(?:[ \t]|\Z)")
_ANOTHER_STATUS_LINE = re.compile(rb"(?i:HTTP)/[0-9]")

# A line that begins like one of the three dates of RFC 9110 5.6.7, like one in numbers, or
# with a time.  None of it could be a name and a value: a name has neither blank nor comma,
# and no field is called by two digits.
_DATE_LINE = re.compile(
    rb"""(?ix:
      (?: mon | tues? | wed(?:nes)? | thu(?:rs)? | fri | sat(?:ur)? | sun ) (?:day)?
        [,\ \t] .* [0-9]
    | (?: [0-9]{1,4} [-/.\ ] [0-9a-z]{1,9} [-/.\ ] [0-9]{1,4} [,\ \tT]+ )?
        [0-9]{1,2} (?: :[0-9]{2} ){2}
    )"""
)
# Tabs are blanks, CR is reported apart.
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x0c\x0e-\x1f\x7f]")

# A body without a head: a delimiter (RFC 2046 5.1.1), a JPEG's SOI, or the magic nibble
# 0xD of a GSM frame (RFC 3551 4.5.8.1).
# First byte -> the second one, and the media type.
_HEADLESS_PAIRS = {0x2D: (0x2D, "multipart/x-mixed-replace"), 0xFF: (0xD8, "image/jpeg")}
_GSM_MAGIC = 0xD
_GSM_TYPE = "audio/gsm"

_NO_BODY = (204, 304)
# What a camera sends until somebody closes, whatever length it declares.
_ENDLESS_TYPES = ("multipart/", "audio/")
# What may stand in the place of a stream and has an end: a page, a message, one image.
_BOUNDED_TYPES = ("text/", "image/", "application/json", "application/xml", "application/xhtml")
# How the body of a stream may begin: with line ends, a delimiter, SOI, or a GSM frame.
_STREAM_STARTS = frozenset(b"\r\n-\xff" + bytes(range(0xD0, 0xE0)))
# What a Content-Length of that many digits says can't be told from endless.
_MANY_DIGITS = 18
_ENDLESS_LENGTH = 10**_MANY_DIGITS

# -- chunks --------------------------------------------------------------------------

#   chunk = chunk-size [ chunk-ext ] CRLF chunk-data CRLF                (RFC 9112 7.1)
#   chunk-size = 1*HEXDIG ; chunk-ext = *( BWS ";" … )
# A bare CR ends the line for some readers, so none is allowed even in an extension.
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]+)([ \t]*)(;[^\r]*)?")
_CHUNK_LINE_CUT = re.compile(rb"[0-9A-Fa-f]*[ \t]*(;[^\r]*)?\r?")
_HEX = frozenset(b"0123456789abcdefABCDEF")

_LF = 0x0A
_CR = 0x0D


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
        self._refuse = frozenset(refuse) | (LENIENCIES if strict else frozenset())
        self._events: deque[Anomaly | Response | Data] = deque()
        # What was met behind the events that wait, and whether it was raised.
        self._error: RemoteProtocolError | None = None
        self._raised = False
        # Input: `_chunk` from `_pos` on, then `_chunks`; `_base` is where `_chunk` began.
        self._chunk = b""
        self._pos = 0
        self._base = 0
        self._chunks: deque[bytes] = deque()
        self._eof = False
        # The unfinished line, and where it began.
        self._line = bytearray()
        self._line_offset = 0
        # Each returns False when it needs more input.
        self._step: Callable[[], bool] = self._before_status_line
        self._end: EndOfStream | None = None
        self._end_given = False
        #: Bytes received after the end of the body.
        self.surplus = 0
        #: Set before the head comes: whether a stream was asked for, which has no length.
        self.endless = False
        #: The media type that a body without a head has by its first bytes.
        self.looks_like: str | None = None
        # The head.
        self._preamble = 0
        self._interim = 0
        self._begin_head()
        # The body.
        self._left = 0
        self._trailer_bytes = 0
        self._reported_once: set[AnomalyCode] = set()

    def __repr__(self) -> str:
        return f"<ResponseParser {self._step.__name__.strip('_')} at {self.offset}>"

    @property
    def offset(self) -> int:
        """Bytes of the stream that have been consumed."""
        return self._base + self._pos

    @property
    def passes_through(self) -> bool:
        """True once every further byte until the end of the stream is body.

        And nothing waits inside: a caller with a parser for the body may then feed it
        without asking here, and tells `passed` how much that was.
        """
        return (
            self._step == self._body_until_close
            and not self._events
            and not self._eof
            and self._pos == len(self._chunk)
            and not self._chunks
        )

    def passed(self, count: int) -> None:
        """Take note of `count` bytes of body that went past this parser."""
        self._base += count

    # -- the contract

    @entry
    def receive_data(self, chunk: Chunk) -> None:
        """Feed any bytes-like object; what is kept is copied unless it is `bytes`."""
        self._raise_again()
        if self._eof:
            raise LocalProtocolError("receive_data() after receive_eof()")
        data = owned(chunk)
        if not data or self._error is not None:
            return
        if self._end is not None:
            self._overrun(len(data))
            return
        self._chunks.append(data)

    @entry
    def receive_eof(self) -> None:
        """Say that the peer closed the connection."""
        self._raise_again()
        self._eof = True

    def _raise_again(self) -> None:
        if self._raised and self._error is not None:
            raise self._error.with_traceback(None)

    @entry
    def next_event(self) -> Anomaly | Response | Data | EndOfStream | NeedData:
        """The next event, or NEED_DATA; after the end EndOfStream again and again."""
        while not self._events:
            if self._end is not None and not self._end_given:
                self._end_given = True
                return self._end
            if self._error is not None:
                self._raised = True
                raise self._error.with_traceback(None)
            if self._end is not None:
                return self._end
            try:
                moved = self._step()
            except RemoteProtocolError as error:
                # What came before the fault is given out first.
                self._error = error
                continue
            if not moved and not self._events:
                return NEED_DATA
        return self._events.popleft()

    def events(self) -> Iterator[Anomaly | Response | Data | EndOfStream]:
        """Events until NEED_DATA or the end, EndOfStream included.

        Data fed behind a known end gives no events; `surplus` counts it.
        """
        if self._end_given and not self._eof and self._error is None:
            return iter(())
        return Events(self)

    # -- input

    def _fill(self) -> bool:
        """Make sure that there is an unread byte in `_chunk`."""
        if self._pos < len(self._chunk):
            return True
        if not self._chunks:
            return False
        self._base += len(self._chunk)
        self._pos = 0
        self._chunk = self._chunks.popleft()
        return True

    def _read_line(self, room: int, what: str) -> bytes | None:
        """The next line, its LF included, once it is whole.

        Only LF ends a line.  More than `room` bytes without one pass the limit `what`; that
        is certain with the last byte of the room.
        """
        while self._fill():
            if not self._line:
                self._line_offset = self.offset
            end = min(len(self._chunk), self._pos + room - len(self._line))
            found = self._chunk.find(b"\n", self._pos, end)
            if found >= 0:
                line = self._chunk[self._pos : found + 1]
                if self._line:
                    line = bytes(self._line) + line
                    self._line.clear()
                self._pos = found + 1
                return line
            self._line += self._chunk[self._pos : end]
            self._pos = end
            if len(self._line) >= room:
                raise LimitExceededError(
                    f"{what}: no line end within the {room} bytes that are left of it",
                    self.offset - 1,
                )
        return None

    def _report(self, code: AnomalyCode, offset: int, detail: str = "") -> None:
        if code in self._refuse:
            raise RemoteProtocolError(
                f"refused, as asked for: {code}{' ' * bool(detail)}{detail}", offset
            )
        self._events.append(Anomaly(code, offset, detail))

    def _report_once(self, code: AnomalyCode, offset: int) -> None:
        if code not in self._reported_once:
            self._reported_once.add(code)
            self._report(code, offset)

    # -- the head

    def _begin_head(self) -> None:
        self._status = b""
        self._reason = ""
        self._version = ""
        self._fields: list[tuple[str, str]] = []
        # The field that a fold would continue, as its name and its pieces.
        self._name = ""
        self._pieces: list[str] | None = None
        self._head_bytes = 0
        self._head_lines = 0
        self._reported_once = set()

    def _before_status_line(self) -> bool:
        """Skip line ends; tell a status line from a body without a head by its first bytes."""
        while True:
            if not self._fill():
                if self._eof:
                    raise RemoteProtocolError(
                        "the connection was closed before any answer came", self.offset
                    )
                return False
            byte = self._chunk[self._pos]
            if byte not in b"\r\n":
                break
            self._report_once(AnomalyCode.LEADING_EMPTY_LINES, self.offset)
            self._count_preamble(self.offset)
            self._pos += 1
        if self._interim == 0 and byte >> 4 == _GSM_MAGIC:
            return self._begin_headless(_GSM_TYPE)
        if self._interim == 0 and byte in _HEADLESS_PAIRS:
            self._step = self._headless_pair
        else:
            self._step = self._status_line
        return True

    def _count_preamble(self, offset: int) -> None:
        self._preamble += 1
        # An empty line is up to two bytes.
        if self._preamble > 2 * self._limits.max_preamble:
            raise LimitExceededError(
                f"max_preamble: more than {self._limits.max_preamble} empty lines before the "
                "status line",
                offset,
            )

    def _headless_pair(self) -> bool:
        """The first byte may begin a body without a head; the second one decides."""
        first = self._chunk[self._pos]
        if self._pos + 1 == len(self._chunk):
            if not self._chunks:
                if self._eof:
                    raise RemoteProtocolError("the answer ends after one byte", self.offset)
                return False
            self._base += self._pos
            self._chunk = self._chunk[self._pos :] + self._chunks.popleft()
            self._pos = 0
        second, name = _HEADLESS_PAIRS[first]
        if self._chunk[self._pos + 1] != second:
            raise RemoteProtocolError(
                "the answer begins neither with a status line nor like a picture or sound",
                self.offset + 1,
            )
        return self._begin_headless(name)

    def _begin_headless(self, name: str) -> bool:
        self._report(AnomalyCode.MISSING_HEAD, self.offset, f"the body begins like {name}")
        self.looks_like = name
        self._events.append(Response(None, Headers()))
        self._step = self._body_until_close
        return True

    def _status_line(self) -> bool:
        line = self._read_line(self._limits.max_head_line, "max_head_line")
        if line is None:
            return self._need_line("the status line")
        offset = self._line_offset
        text = line.rstrip(b"\r\n").rstrip(_BLANKS)
        if not text:
            self._report_once(AnomalyCode.LEADING_EMPTY_LINES, offset)
            self._count_preamble(offset)
            self._step = self._before_status_line
            return True
        match = _STATUS_LINE.fullmatch(text)
        if match is None:
            raise RemoteProtocolError(_what_is_wrong_with_status_line(text), offset)
        name, minor, blanks, self._status, more_blanks, reason = match.groups()
        self._reason = (reason or b"").decode("latin-1")
        self._version = f"1.{(minor or b'').decode('ascii')}".rstrip(".")
        self._head_bytes = len(line)
        self._note_line_end(line, offset)
        if name != b"HTTP":
            self._report(AnomalyCode.STATUS_LINE_CASE, offset)
        if blanks != b" " or (more_blanks or b" ") != b" " or text[:1] in (b" ", b"\t"):
            self._report(AnomalyCode.STATUS_LINE_BLANKS, offset)
        if minor not in (b"0", b"1"):
            self._report(AnomalyCode.ODD_VERSION, offset, self._version)
        if not reason:
            self._report(AnomalyCode.MISSING_REASON, offset)
        self._note_odd_bytes(line, offset, "the status line")
        self._step = self._head_line
        return True

    def _head_line(self) -> bool:
        """One line behind the status line: a header, a fold, junk, or the end of the head."""
        limits = self._limits
        room = min(limits.max_head_line, limits.max_head - self._head_bytes)
        if room <= 0:
            raise LimitExceededError(f"max_head: more than {limits.max_head} bytes", self.offset)
        what = "max_head_line" if room == limits.max_head_line else "max_head"
        line = self._read_line(room, what)
        if line is None:
            return self._need_line("the head", self._head_cut_off)
        offset = self._line_offset
        self._head_bytes += len(line)
        self._note_line_end(line, offset)
        body = line[: -2 if line.endswith(b"\r\n") else -1]
        if not body:
            return self._head_complete()
        self._head_lines += 1
        if self._head_lines > limits.max_headers:
            raise LimitExceededError(f"max_headers: more than {limits.max_headers} lines", offset)
        if not body.strip(b"\r"):
            raise RemoteProtocolError(
                "a line of nothing but CR: readers differ on whether the head ends here", offset
            )
        if body[:1] in (b" ", b"\t"):
            self._fold(body, offset)
        else:
            self._finish_field()
            self._field(body, offset)
        return True

    def _field(self, body: bytes, offset: int) -> None:
        """A line that continues nothing: a header, or junk that is skipped by its name."""
        if _ANOTHER_STATUS_LINE.match(body):
            return self._report(AnomalyCode.SECOND_STATUS_LINE, offset)
        if _DATE_LINE.match(body):
            return self._report(AnomalyCode.DATE_LINE, offset)
        left, colon, right = body.partition(b":")
        if not colon:
            return self._report(AnomalyCode.HEADER_WITHOUT_COLON, offset)
        name = left.rstrip(_BLANKS)
        if not name:
            return self._report(AnomalyCode.HEADER_WITHOUT_NAME, offset)
        if b" " in name or b"\t" in name:
            return self._report(AnomalyCode.BLANK_IN_NAME, offset)
        self._name = name.decode("latin-1")
        self._pieces = [_value(right)]
        shown = _shown(name)
        if name != left:
            self._report(AnomalyCode.BLANK_BEFORE_COLON, offset, shown)
        return self._note_odd_bytes(body, offset, shown)

    def _fold(self, body: bytes, offset: int) -> None:
        """A continuation (RFC 9112 5.2) of the field before; of junk, it is junk as well."""
        text = _value(body)
        if not text:
            self._report(AnomalyCode.BLANK_LINE_IN_HEAD, offset)
            return
        if self._pieces is None:
            self._report(AnomalyCode.FOLDED_HEAD_LINE, offset, "continues no header: left out")
            return
        self._pieces.append(text)
        shown = _shown(self._name.encode("latin-1"))
        self._report(AnomalyCode.FOLDED_HEAD_LINE, offset, shown)
        self._note_odd_bytes(body, offset, shown)

    def _finish_field(self) -> None:
        if self._pieces is not None:
            self._fields.append((self._name, " ".join(filter(None, self._pieces))))
            self._pieces = None

    def _note_line_end(self, line: bytes, offset: int) -> None:
        if not line.endswith(b"\r\n"):
            self._report_once(AnomalyCode.BARE_LF_IN_HEAD, offset + len(line) - 1)

    def _note_odd_bytes(self, line: bytes, offset: int, where: str) -> None:
        """Report what a line holds that a head should not; it costs nothing else."""
        text = line.removesuffix(b"\n").removesuffix(b"\r")
        if b"\r" in text:
            self._report(AnomalyCode.BARE_CR_IN_HEAD, offset + text.index(b"\r"), where)
        if not text.isascii():
            self._report(AnomalyCode.NON_ASCII_HEADER, offset, where)
        if control := _CONTROL.search(text):
            self._report(AnomalyCode.CONTROL_IN_HEADER, offset + control.start(), where)

    def _need_line(self, where: str, at_line_start: Callable[[], bool] | None = None) -> bool:
        """The line is not whole: wait, unless nothing more will come."""
        if not self._eof:
            return False
        if self._line or at_line_start is None:
            raise RemoteProtocolError(f"the stream ends inside a line of {where}", self.offset)
        return at_line_start()

    def _head_cut_off(self) -> bool:
        """The end, behind a whole line: every header that came is whole, and no body did.

        But for a Content-Type that announces another parameter: half of one is never used.
        """
        if self._status[:1] == b"1":
            raise RemoteProtocolError("the stream ends inside a 1xx answer", self.offset)
        if self._pieces and self._name.lower() == "content-type" and self._pieces[-1][-1:] == ";":
            raise RemoteProtocolError("the stream ends inside a folded Content-Type", self.offset)
        self._report(AnomalyCode.HEAD_CUT_OFF, self.offset)
        self._head_complete()
        self._finish(complete=False)
        return True

    def _head_complete(self) -> bool:
        self._finish_field()
        if self._status[:1] == b"1":
            return self._skip_interim()
        headers = Headers(self._fields)
        status = int(self._status)
        types = headers.get_all("content-type")
        content_type = next((value for value in reversed(types) if value), None)
        if len(types) > 1:
            self._report(AnomalyCode.DUPLICATE_CONTENT_TYPE, self.offset)
        if status == 206:
            self._report(AnomalyCode.STATUS_206, self.offset)
        step, length = self._framing(status, headers, content_type)
        self._events.append(Response(status, headers, content_type, self._reason, self._version))
        self._left = length
        self._step = step
        if step == self._body_of_length and length == 0:
            self._finish(complete=True)
        return True

    def _skip_interim(self) -> bool:
        self._interim += 1
        if self._interim > self._limits.max_preamble:
            raise LimitExceededError(
                f"max_preamble: more than {self._limits.max_preamble} 1xx answers", self.offset
            )
        self._report(AnomalyCode.INTERIM_RESPONSE, self.offset, self._status.decode("ascii"))
        self._begin_head()
        self._step = self._before_status_line
        return True

    # -- the framing of the body (RFC 9112 6.3)

    def _framing(
        self, status: int, headers: Headers, content_type: str | None
    ) -> tuple[Callable[[], bool], int]:
        """The state that reads the body, and its length where it has one."""
        at = self.offset
        codings = headers.get_all("transfer-encoding")
        lengths = headers.get_all("content-length")
        if status in _NO_BODY:
            # A 304 may say what its 200 would have (RFC 9110 8.6, RFC 9112 6.1).
            if status == 204 and (codings or lengths):
                self._report(AnomalyCode.BODY_NOT_ALLOWED, at)
            return self._body_of_length, 0
        if codings and self._is_chunked(codings):
            if lengths:
                self._report(AnomalyCode.LENGTH_AND_CHUNKED, at)
            if self._version == "1.0":
                self._report(AnomalyCode.CHUNKED_IN_HTTP_1_0, at)
            return self._chunk_size, 0
        if not lengths:
            return self._body_until_close, 0
        name = content_type_name(content_type)
        stream_is_due = self.endless and 200 <= status <= 299
        if name.startswith(_ENDLESS_TYPES) or (
            stream_is_due and not name.startswith(_BOUNDED_TYPES)
        ):
            self._report(AnomalyCode.LENGTH_ON_ENDLESS_BODY, at, name)
            return self._body_until_close, 0
        length = self._length(lengths)
        return (self._stream_or_else if stream_is_due else self._body_of_length), length

    def _is_chunked(self, values: list[str]) -> bool:
        names = [name.strip(" \t").lower() for value in values for name in value.split(",")]
        count = names.count("chunked")
        nothing = names.count("identity") + names.count("")
        if count + nothing < len(names):
            raise RemoteProtocolError(
                "a Transfer-Encoding other than chunked: the body can't be read", self.offset
            )
        if nothing:
            self._report(AnomalyCode.IDENTITY_CODING, self.offset)
        if count > 1:
            self._report(AnomalyCode.REPEATED_CHUNKED, self.offset)
        return count > 0

    def _length(self, values: list[str]) -> int:
        """The one Content-Length that all the values agree on; ASCII digits only."""
        texts = [text.strip(" \t") for value in values for text in value.split(",")]
        if not all(text.isascii() and text.isdigit() for text in texts):
            raise RemoteProtocolError(
                "a Content-Length that is no decimal number: the end of the body is unknown",
                self.offset,
            )
        distinct = {text.lstrip("0") for text in texts}
        if len(distinct) > 1:
            raise RemoteProtocolError(
                "two different Content-Lengths: the end of the body is unknown", self.offset
            )
        if len(texts) > 1:
            self._report(AnomalyCode.REPEATED_LENGTH, self.offset)
        digits = distinct.pop()
        return _ENDLESS_LENGTH if len(digits) > _MANY_DIGITS else int(digits or "0")

    # -- the body

    def _body_until_close(self) -> bool:
        if not self._fill():
            if self._eof:
                self._finish(complete=True)
            return self._eof
        self._give(len(self._chunk) - self._pos)
        return True

    def _stream_or_else(self) -> bool:
        """A page where a stream is due has a length; a stream under the type of one has none."""
        if not self._fill():
            if not self._eof:
                return False
        elif self._chunk[self._pos] in _STREAM_STARTS:
            self._report(AnomalyCode.LENGTH_ON_ENDLESS_BODY, self.offset)
            self._step = self._body_until_close
            return True
        self._step = self._body_of_length
        if self._left == 0:
            self._finish(complete=True)
        return True

    def _body_of_length(self) -> bool:
        if not self._fill():
            return self._body_cut_off()
        self._give_some_of_left()
        if self._left == 0:
            self._finish(complete=True)
        return True

    def _give_some_of_left(self) -> None:
        size = min(self._left, len(self._chunk) - self._pos)
        self._left -= size
        self._give(size)

    def _give(self, size: int) -> None:
        offset = self.offset
        if self._pos == 0 and size == len(self._chunk):
            data = self._chunk
        else:
            data = self._chunk[self._pos : self._pos + size]
        self._pos += size
        if self._pos == len(self._chunk):
            # Not to hold on to what the caller may soon be done with.
            self._base += self._pos
            self._chunk = b""
            self._pos = 0
        self._events.append(Data(data, offset))

    def _body_cut_off(self) -> bool:
        if not self._eof:
            return False
        self._report(AnomalyCode.TRUNCATED_BODY, self.offset)
        self._finish(complete=False)
        return True

    def _chunk_size(self) -> bool:
        if not self._line and self._fill() and self._chunk[self._pos] not in _HEX:
            raise RemoteProtocolError(
                "the chunk framing is lost: no size where one is due", self.offset
            )
        line = self._read_line(self._limits.max_chunk_line, "max_chunk_line")
        if line is None:
            if self._eof and not _CHUNK_LINE_CUT.fullmatch(self._line):
                raise RemoteProtocolError(
                    "the chunk framing is lost: no size where one is due", self._line_offset
                )
            return self._body_cut_off()
        offset = self._line_offset
        if not line.endswith(b"\r\n"):
            self._report_once(AnomalyCode.BARE_LF_IN_CHUNKS, offset + len(line) - 1)
        match = _CHUNK_LINE.fullmatch(line[: -2 if line.endswith(b"\r\n") else -1])
        if match is None:
            raise RemoteProtocolError(
                "the chunk framing is lost: a chunk's size is hexadecimal digits alone", offset
            )
        digits, blanks, extension = match.groups()
        if extension:
            self._report_once(AnomalyCode.CHUNK_EXTENSION, offset)
        elif blanks:
            self._report_once(AnomalyCode.CHUNK_BLANKS, offset)
        self._left = int(digits, 16)
        self._step = self._chunk_data if self._left else self._trailers
        return True

    def _chunk_data(self) -> bool:
        if not self._fill():
            return self._body_cut_off()
        self._give_some_of_left()
        if self._left == 0:
            self._step = self._after_chunk
        return True

    def _after_chunk(self) -> bool:
        """The line end behind a chunk's data: anything else means that the framing is lost."""
        if not self._fill():
            return self._body_cut_off()
        byte = self._chunk[self._pos]
        if byte == _LF:
            if not self._line:
                self._report_once(AnomalyCode.BARE_LF_IN_CHUNKS, self.offset)
            self._line.clear()
            self._step = self._chunk_size
        elif byte == _CR and not self._line:
            self._line.append(byte)
        else:
            raise RemoteProtocolError(
                "the chunk framing is lost: no line end behind a chunk's data", self.offset
            )
        self._pos += 1
        return True

    def _trailers(self) -> bool:
        """Neither body nor headers: read to their end and dropped."""
        room = self._limits.max_trailers - self._trailer_bytes
        if room <= 0:
            raise LimitExceededError(
                f"max_trailers: more than {self._limits.max_trailers} bytes", self.offset
            )
        line = self._read_line(room, "max_trailers")
        if line is None:
            if self._eof:
                # The last chunk is there, so the body is.
                self._report(AnomalyCode.TRAILERS_CUT_OFF, self.offset)
                self._finish(complete=True)
            return self._eof
        self._trailer_bytes += len(line)
        if not line.endswith(b"\r\n"):
            self._report_once(AnomalyCode.BARE_LF_IN_CHUNKS, self._line_offset + len(line) - 1)
        if line in (b"\r\n", b"\n"):
            self._finish(complete=True)
        else:
            self._report_once(AnomalyCode.TRAILERS, self._line_offset)
        return True

    # -- the end

    def _finish(self, *, complete: bool) -> None:
        self._end = EndOfStream(complete, self.offset)
        surplus = len(self._chunk) - self._pos + sum(map(len, self._chunks))
        self._chunk = b""
        self._pos = 0
        self._base = self._end.offset
        self._chunks.clear()
        if surplus:
            self._overrun(surplus)

    def _overrun(self, count: int) -> None:
        self.surplus += count
        if AnomalyCode.DATA_AFTER_BODY in self._refuse and self._end is not None:
            self._error = RemoteProtocolError(
                f"refused, as asked for: {AnomalyCode.DATA_AFTER_BODY}", self._end.offset
            )


def _value(text: bytes) -> str:
    """A header's value as it was sent, without the blanks around it and a CR before the end."""
    return text.lstrip(_BLANKS).rstrip(b" \t\r").decode("latin-1")


def _shown(name: bytes) -> str:
    """A header's name for a report: short, and harmless on a terminal."""
    return name[:40].decode("ascii", "backslashreplace").encode("unicode_escape").decode("ascii")


def content_type_name(content_type: str | None) -> str:
    """The media type of a Content-Type, in lower case and without its parameters."""
    return re.split(r"[;,\s]", (content_type or "").strip(" \t"), maxsplit=1)[0].lower()


def _what_is_wrong_with_status_line(text: bytes) -> str:
    if _VERSION_1.match(text):
        return "the status line has no status of exactly three digits"
    name = re.match(rb"[!-~]{1,20}", text.strip(_BLANKS))
    if name is None:
        return "the answer begins neither with a status line nor like a picture or sound"
    return f"the answer is {name[0].decode('ascii')!r}, not HTTP/1"
