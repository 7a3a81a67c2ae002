"""Faults of response heads and of the framing of bodies: what stands in front, and around.

Each row says what a client has to make of it: odd and unambiguous is read and told by name, what
would make two readers disagree about where a body ends is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from hamaproto.camera.shapes import Fault, HeadLines, Reaction
from hamaproto.events import AnomalyCode as Code

__all__ = ["HEAD_FAULTS", "plain_chunk"]


def told(*codes: Code) -> Reaction:
    """Every frame comes, and these are reported."""
    return Reaction(frozenset(codes))


#: A protocol error that no second try can heal as long as the camera is as it is.
_REFUSED: Final = Reaction(frames="none", error="RemoteProtocolError")


def _bare_date(head: HeadLines) -> None:
    head.lines.insert(2, b"Sat Jan  1 00:00:41 2000")


def _blank_before_colon(head: HeadLines) -> None:
    head.lines[1:] = [line.replace(b":", b" :", 1) for line in head.lines[1:]]


def _line_feeds(head: HeadLines) -> None:
    head.eol = b"\n"


def _mixed(head: HeadLines) -> None:
    head.mixed = True


def _no_reason(head: HeadLines) -> None:
    if head.lines:
        head.lines[0] = b" ".join(head.lines[0].split(b" ")[:2])


def _added(line: bytes, at: int = 1) -> Callable[[HeadLines], None]:
    """Puts a line among the fields."""

    def change(head: HeadLines) -> None:
        if head.lines:
            head.lines.insert(at, line)

    return change


def _before(data: bytes) -> Callable[[HeadLines], None]:
    """Puts something before the status line."""

    def change(head: HeadLines) -> None:
        head.before = data + head.before

    return change


def _folded(head: HeadLines) -> None:
    index = head.find(b"Content-Type")
    if index is not None:
        name, mark, rest = head.lines[index].partition(b"; ")
        if mark:
            head.lines[index : index + 1] = [name + b";  ", b"            " + rest]
        else:
            name, _, value = name.partition(b": ")
            head.lines[index : index + 1] = [name + b":", b"            " + value]


def _retyped(old: bytes, new: bytes) -> Callable[[HeadLines], None]:
    """Replaces a piece of the Content-Type."""

    def change(head: HeadLines) -> None:
        index = head.find(b"Content-Type")
        if index is not None:
            head.lines[index] = head.lines[index].replace(old, new)

    return change


def _typed_as(value: bytes) -> Callable[[HeadLines], None]:
    """Another type on a stream of pictures."""

    def change(head: HeadLines) -> None:
        index = head.find(b"Content-Type")
        if index is not None and b"multipart" in head.lines[index]:
            head.lines[index] = b"Content-Type: " + value

    return change


def _untyped(head: HeadLines) -> None:
    index = head.find(b"Content-Type")
    if index is not None:
        del head.lines[index]


def _type_twice(head: HeadLines) -> None:
    if head.find(b"Content-Type") is not None:
        head.lines.insert(1, b"Content-Type: text/plain")
        head.lines.append(b"Content-Type:")


def _as_printed(head: HeadLines) -> None:
    index = head.find(b"Content-Type")
    if index is not None and (b"multipart" in head.lines[index] or b"audio" in head.lines[index]):
        head.lines[:] = [b"HTTP/1.0 200 OK", head.lines[index]]
        _retyped(b"audio/gsm", b"audio/basic")(head)
        _retyped(b'"myboundary"', b"myboundary")(head)
        if b"multipart" in head.lines[1]:
            _folded(head)


def _endless_length(head: HeadLines) -> None:
    if head.find(b"Content-Length") is None:
        head.lines.append(b"Content-Length: 9999999")


def _second_length(change: int) -> Callable[[HeadLines], None]:
    def add(head: HeadLines) -> None:
        index = head.find(b"Content-Length")
        if index is not None:
            length = int(head.lines[index].partition(b":")[2])
            head.lines.append(b"Content-Length: %d" % (length + change))

    return add


def _chunked(head: HeadLines) -> None:
    index = head.find(b"Content-Length")
    if index is not None:
        del head.lines[index]
    head.lines.append(b"Transfer-Encoding: chunked")


def _chunked_and_length(head: HeadLines) -> None:
    _chunked(head)
    head.lines.append(b"Content-Length: 9999999")


def _headless(head: HeadLines) -> None:
    head.lines.clear()


def _status(line: bytes) -> Callable[[HeadLines], None]:
    def change(head: HeadLines) -> None:
        if head.lines and b" 200" in head.lines[0]:
            head.lines[0] = line

    return change


def _many_fields(head: HeadLines) -> None:
    if head.lines:
        head.lines[1:1] = [b"X-%d: %d" % (number, number) for number in range(50)]
        head.lines.insert(1, b"X-Long: " + b"x" * 7000)


def _huge(head: HeadLines) -> None:
    if head.lines:
        head.lines[1:1] = [b"X-%d: %b" % (number, b"x" * 1000) for number in range(80)]


def _half(head: HeadLines) -> None:
    # Inside the line of the type: what came of it must not be used.
    whole = bytes(head)
    at = whole.find(b"Content-Type")
    head.size = at + 20 if at >= 0 else len(whole) // 2


def plain_chunk(data: bytes) -> bytes:
    """A chunk as it should be (RFC 9112 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def _tiny_chunks(data: bytes) -> bytes:
    return b"".join(plain_chunk(data[at : at + 7]) for at in range(0, len(data), 7))


def _extended_chunk(data: bytes) -> bytes:
    return b'%x  ;name="value"\r\n%b\r\n' % (len(data), data)


def _broken_chunk(data: bytes) -> bytes:
    return b"%x\r\n%b" % (len(data), data)


HEAD_FAULTS: Final[Mapping[str, Fault]] = MappingProxyType(
    {
        # the status line, and before it
        "no-reason": Fault(
            "no reason phrase in the status line", told(Code.MISSING_REASON), head=_no_reason
        ),
        "odd-status": Fault(
            "http in small letters, and blanks and tabs in runs",
            told(Code.STATUS_LINE_CASE, Code.STATUS_LINE_BLANKS),
            head=_status(b"http/1.1 \t 200   OK"),
        ),
        "odd-version": Fault(
            "an HTTP version that there is not",
            told(Code.ODD_VERSION),
            head=_status(b"HTTP/1.7 200 OK"),
        ),
        "status-206": Fault(
            "Partial Content where nobody asked for a part",
            told(Code.STATUS_206),
            head=_status(b"HTTP/1.1 206 Partial Content"),
        ),
        "rtsp": Fault(
            "the status line of another protocol", _REFUSED, head=_status(b"RTSP/1.0 200 OK")
        ),
        "empty-lines-first": Fault(
            "empty lines before the status line",
            told(Code.LEADING_EMPTY_LINES),
            head=_before(b"\r\n\r\n"),
        ),
        "interim": Fault(
            "100 and 103 first, with headers",
            told(Code.INTERIM_RESPONSE),
            head=_before(
                b"HTTP/1.1 100 Continue\r\nX-A: b\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n"
            ),
        ),
        # lines
        "bare-date": Fault(
            "a date stands among the header lines without a name",
            told(Code.DATE_LINE),
            head=_bare_date,
        ),
        "blank-before-colon": Fault(
            "a blank before each header's colon",
            told(Code.BLANK_BEFORE_COLON),
            head=_blank_before_colon,
        ),
        "lf": Fault(
            "the head's lines end in LF alone", told(Code.BARE_LF_IN_HEAD), head=_line_feeds
        ),
        "mixed-lines": Fault(
            "every second line of the head ends in LF alone",
            told(Code.BARE_LF_IN_HEAD),
            head=_mixed,
        ),
        "bare-cr": Fault(
            "a CR in a header value",
            told(Code.BARE_CR_IN_HEAD),
            head=_added(b"X-Note: a\rContent-Type: text/plain"),
        ),
        "folded": Fault("Content-Type on two lines", told(Code.FOLDED_HEAD_LINE), head=_folded),
        "blank-line": Fault(
            "a line of blanks in the head, which does not end it",
            told(Code.BLANK_LINE_IN_HEAD),
            head=_added(b"   ", 2),
        ),
        "no-colon": Fault(
            "a header line without a colon",
            told(Code.HEADER_WITHOUT_COLON),
            head=_added(b"nonsense"),
        ),
        "no-name": Fault(
            "a header line that begins with its colon",
            told(Code.HEADER_WITHOUT_NAME),
            head=_added(b": nothing"),
        ),
        "second-status": Fault(
            "another status line among the headers",
            told(Code.SECOND_STATUS_LINE),
            head=_added(b"HTTP/1.0 404 Not Found"),
        ),
        "latin-1": Fault(
            "a header value in latin-1",
            told(Code.NON_ASCII_HEADER),
            head=_added("X-Location: Entrée du café".encode("latin-1")),
        ),
        "controls": Fault(
            "NUL and controls in a header value",
            told(Code.CONTROL_IN_HEADER),
            head=_added(b"X-Note: a\x00\x07\x1b[2Jb"),
        ),
        "many-fields": Fault("fifty more fields, and one of 7 kB", head=_many_fields),
        "huge-head": Fault(
            "a head of 80 kB", Reaction(frames="none", error="LimitExceededError"), head=_huge
        ),
        "half-head": Fault(
            "the head is cut off inside Content-Type, then the end",
            Reaction(frames="none", error="ConnectionLostError"),
            head=_half,
            switches=frozenset({"bodiless"}),
        ),
        "no-answer": Fault(
            "the connection is closed without a byte",
            Reaction(frames="none", error="ConnectionLostError"),
            head=_headless,
            switches=frozenset({"bodiless"}),
        ),
        "no-head": Fault(
            "bodies without a response head",
            told(Code.MISSING_HEAD, Code.UNDECLARED_BOUNDARY),
            head=_headless,
        ),
        # the type
        "no-type": Fault("no Content-Type", told(Code.UNDECLARED_BOUNDARY), head=_untyped),
        "type-twice": Fault(
            "Content-Type three times: a wrong one, the right one, an empty one",
            told(Code.DUPLICATE_CONTENT_TYPE),
            head=_type_twice,
        ),
        "octet-stream": Fault(
            "application/octet-stream on a stream of pictures",
            told(Code.UNDECLARED_BOUNDARY),
            head=_typed_as(b"application/octet-stream"),
        ),
        "no-boundary": Fault(
            "multipart, and no boundary is declared",
            told(Code.UNDECLARED_BOUNDARY),
            head=_typed_as(b"multipart/x-mixed-replace"),
        ),
        "unquoted-boundary": Fault(
            "the boundary without quotation marks, as firmware 1.39 sends it",
            head=_retyped(b'"myboundary"', b"myboundary"),
        ),
        "dashed-boundary": Fault(
            "a declared boundary that has the dashes of the delimiter already",
            told(Code.UNDECLARED_BOUNDARY),
            head=_retyped(b'"myboundary"', b"--myboundary"),
        ),
        "other-boundary": Fault(
            "the declared boundary is not the one in use",
            told(Code.UNDECLARED_BOUNDARY),
            head=_retyped(b'"myboundary"', b"yourboundary"),
        ),
        # how long the body is
        "endless-length": Fault(
            "Content-Length: 9999999 on a stream",
            told(Code.LENGTH_ON_ENDLESS_BODY),
            head=_endless_length,
        ),
        "length-twice": Fault(
            "a picture's length twice, the same",
            Reaction(frozenset({Code.REPEATED_LENGTH}), on="image"),
            head=_second_length(0),
        ),
        "two-lengths": Fault(
            "a picture's length twice, not the same",
            Reaction(frames="none", error="RemoteProtocolError", on="image"),
            head=_second_length(5),
        ),
        "identity": Fault(
            "Transfer-Encoding: identity",
            told(Code.IDENTITY_CODING),
            head=_added(b"Transfer-Encoding: identity"),
        ),
        "chunked": Fault("bodies in chunks", head=_chunked, chunk=plain_chunk),
        "tiny-chunks": Fault("bodies in chunks of 7 bytes", head=_chunked, chunk=_tiny_chunks),
        "chunked-and-length": Fault(
            "bodies in chunks, and a length besides",
            told(Code.LENGTH_AND_CHUNKED),
            head=_chunked_and_length,
            chunk=plain_chunk,
        ),
        "chunk-extensions": Fault(
            "blanks and extensions behind the size of each chunk",
            told(Code.CHUNK_EXTENSION),
            head=_chunked,
            chunk=_extended_chunk,
        ),
        "trailers": Fault(
            "fields behind the last chunk",
            told(Code.TRAILERS),
            head=_chunked,
            chunk=plain_chunk,
            trailer=b"X-Checksum: 1\r\n",
        ),
        "broken-chunks": Fault(
            "no line end behind a chunk",
            _REFUSED,
            head=_chunked,
            chunk=_broken_chunk,
        ),
    }
)
"""The rows, by their names."""

#: For the profile that the specification prints; `part_faults` adds its part.
AS_PRINTED: Final = _as_printed
