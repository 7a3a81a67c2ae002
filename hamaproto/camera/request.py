"""The simulated camera's reading of a request head: bytes in, one `RequestHead` out.

The device reads requests as carelessly as it writes answers, and so does this: lines end
in LF or CRLF, header lines that make no sense are passed over, blanks inside the target
are dropped.  What it does not do is hold more than `MAX_HEAD` bytes, raise, or look at a
byte twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hamaproto.wire.receive_buffer import ReceiveBuffer

__all__ = ["MAX_HEAD", "MAX_TARGET", "RequestHead", "RequestReader"]

#: Bytes of a request head, and of its target; a real request has some hundreds.
MAX_HEAD: Final = 16 * 1024
MAX_TARGET: Final = 2 * 1024

_BLANKS: Final = b" \t"
_METHOD = re.compile(rb"([A-Za-z]{1,16})[ \t]")
_VERSION = re.compile(rb"HTTP/[0-9.]+")
_ABSOLUTE = re.compile(rb"[Hh][Tt][Tt][Pp]://[^/?]*")


@dataclass(frozen=True, slots=True, repr=False)
class RequestHead:
    """What was asked: header names in lower case, text as latin-1, the query as bytes."""

    method: str
    target: str
    path: str
    query: bytes
    fields: Mapping[str, str]

    def __repr__(self) -> str:
        # A query may carry a password, a field does when there is a login.
        return f"<RequestHead {self.method} {self.path}>"


class RequestReader:
    """Collects a head; `receive` returns what is left over once it is complete.

    `head` is the request when it is there, `refusal` the status line with which an
    unreadable one is to be answered.
    """

    __slots__ = ("_fields", "_line", "_source", "head", "refusal")

    def __init__(self) -> None:
        self.head: RequestHead | None = None
        self.refusal: bytes | None = None
        self._source = ReceiveBuffer()
        self._line: bytes | None = None
        self._fields: dict[str, str] = {}

    def receive(self, data: bytes) -> bytes:
        """Take bytes; returns those behind the head, or b"" while it is not complete."""
        source = self._source
        source.feed(data)
        while self.head is None and self.refusal is None:
            # A line's own end may stand behind the last byte of the room.
            room = MAX_HEAD + 1 - (source.offset - source.unfinished)
            line = source.line(room)
            if line is not None:
                self._take_line(line[:-1].removesuffix(b"\r"))
            elif source.unfinished >= room:
                self._refuse_length()
            else:
                return b""
        rest = []
        while source:
            rest.append(source.take())
        return b"".join(rest)

    def _refuse_length(self) -> None:
        self.refusal = (
            b"HTTP/1.0 414 Request-URI Too Long"
            if self._line is None
            else b"HTTP/1.0 400 Bad Request"
        )

    def _take_line(self, line: bytes) -> None:
        if self._line is None:
            # An empty line before the request is nothing (RFC 9112 2.2).
            self._line = line or None
        elif line:
            name, colon, value = line.decode("latin-1").partition(":")
            if colon and name.strip():
                self._fields[name.strip().lower()] = value.strip()
        else:
            self._complete(self._line)

    def _complete(self, line: bytes) -> None:
        found = _METHOD.match(line)
        if found is None or b"\r" in line:
            self.refusal = b"HTTP/1.0 400 Bad Request"
            return
        target = line[found.end() :].strip(_BLANKS)
        last = max(target.rfind(b" "), target.rfind(b"\t"))
        if last >= 0 and _VERSION.fullmatch(target, last + 1):
            target = target[:last]
        target = target.replace(b" ", b"").replace(b"\t", b"")
        if len(target) > MAX_TARGET:
            self.refusal = b"HTTP/1.0 414 Request-URI Too Long"
            return
        target = _ABSOLUTE.sub(b"", target, count=1) if target[:1] != b"/" else target
        path, _, query = target.partition(b"#")[0].partition(b"?")
        self.head = RequestHead(
            found[1].decode("latin-1").upper(),
            target.decode("latin-1"),
            path.decode("latin-1"),
            query,
            self._fields,
        )
