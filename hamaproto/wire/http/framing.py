"""Where the body of an answer ends (RFC 9112 6.3): `framing_of(response, ...) -> Framing`.

Chunked counts before a length.  A Content-Length is not believed on a multipart body or on
sound: a camera sends these until somebody closes, whatever length it declares.  What would make
two readers disagree about the end of the body is refused.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import NamedTuple

from hamaproto.errors import RemoteProtocolError
from hamaproto.events import AnomalyCode, Response
from hamaproto.wire.http.oddities import Oddities

__all__ = ["BodyEnd", "Framing", "content_type_name", "framing_of"]

_NO_BODY = (204, 304)
# What a camera sends until somebody closes, whatever length it declares.
_ENDLESS_TYPES = ("multipart/", "audio/")
# What may stand in the place of a stream and has an end: a page, a message, one image.
_BOUNDED_TYPES = ("text/", "image/", "application/json", "application/xml", "application/xhtml")
# What a Content-Length of that many digits says can't be told from endless.
_MANY_DIGITS = 18
_ENDLESS_LENGTH = 10**_MANY_DIGITS


class BodyEnd(Enum):
    """By what a body ends."""

    CLOSE = auto()
    LENGTH = auto()
    #: By its length, unless it begins like a stream.
    LENGTH_IF_NO_STREAM = auto()
    LAST_CHUNK = auto()


class Framing(NamedTuple):
    """By what the body ends, and its length in bytes where that counts."""

    end: BodyEnd
    length: int = 0


_UNTIL_CLOSE = Framing(BodyEnd.CLOSE)
_NOTHING = Framing(BodyEnd.LENGTH, 0)
_CHUNKED = Framing(BodyEnd.LAST_CHUNK)


def framing_of(response: Response, at: int, oddities: Oddities, *, endless: bool) -> Framing:
    """How the body behind the head ends, which ends at the byte `at`.

    `endless` says that a stream was asked for.  Raises `RemoteProtocolError` at `at` where no
    end is certain.
    """
    status = response.status
    if status is None:
        return _UNTIL_CLOSE
    codings = response.headers.get_all("transfer-encoding")
    lengths = response.headers.get_all("content-length")
    if status in _NO_BODY:
        # A 304 may say what its 200 would have (RFC 9110 8.6, RFC 9112 6.1).
        if status == 204 and (codings or lengths):
            oddities.note(AnomalyCode.BODY_NOT_ALLOWED, at)
        return _NOTHING
    if codings and _is_chunked(codings, at, oddities):
        if lengths:
            oddities.note(AnomalyCode.LENGTH_AND_CHUNKED, at)
        if response.version == "1.0":
            oddities.note(AnomalyCode.CHUNKED_IN_HTTP_1_0, at)
        return _CHUNKED
    if not lengths:
        return _UNTIL_CLOSE
    name = content_type_name(response.content_type)
    stream_is_due = endless and 200 <= status <= 299
    if name.startswith(_ENDLESS_TYPES) or (stream_is_due and not name.startswith(_BOUNDED_TYPES)):
        oddities.note(AnomalyCode.LENGTH_ON_ENDLESS_BODY, at, name)
        return _UNTIL_CLOSE
    length = _length(lengths, at, oddities)
    return Framing(BodyEnd.LENGTH_IF_NO_STREAM if stream_is_due else BodyEnd.LENGTH, length)


def _is_chunked(values: list[str], at: int, oddities: Oddities) -> bool:
    names = [name.strip(" \t").lower() for value in values for name in value.split(",")]
    count = names.count("chunked")
    nothing = names.count("identity") + names.count("")
    if count + nothing < len(names):
        raise RemoteProtocolError(
            "a Transfer-Encoding other than chunked: the body can't be read", at
        )
    if nothing:
        oddities.note(AnomalyCode.IDENTITY_CODING, at)
    if count > 1:
        oddities.note(AnomalyCode.REPEATED_CHUNKED, at)
    return count > 0


def _length(values: list[str], at: int, oddities: Oddities) -> int:
    """The one Content-Length that all the values agree on; ASCII digits only."""
    texts = [text.strip(" \t") for value in values for text in value.split(",")]
    if not all(text.isascii() and text.isdigit() for text in texts):
        raise RemoteProtocolError(
            "a Content-Length that is no decimal number: the end of the body is unknown", at
        )
    distinct = {text.lstrip("0") for text in texts}
    if len(distinct) > 1:
        raise RemoteProtocolError(
            "two different Content-Lengths: the end of the body is unknown", at
        )
    if len(texts) > 1:
        oddities.note(AnomalyCode.REPEATED_LENGTH, at)
    digits = distinct.pop()
    return _ENDLESS_LENGTH if len(digits) > _MANY_DIGITS else int(digits or "0")


def content_type_name(content_type: str | None) -> str:
    """The media type of a Content-Type, in lower case and without its parameters."""
    return re.split(r"[;,\s]", (content_type or "").strip(" \t"))[0].lower()
