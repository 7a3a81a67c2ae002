"""A request: the exact target of one GET, and what its answer is.

In: a target and what the catalogue knows of it.  Out: the request line's target as it stands,
or a URL for an HTTP library (`url`).  A target and a base URL are checked here, so that no
request can be made that would come out as another one.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

from hamaproto import _checks
from hamaproto.errors import ArgumentTypeError, LocalProtocolError
from hamaproto.events import Anomaly, AudioFrame, EndOfStream, Frame, Part, Skipped
from hamaproto.wire.params import ParamList

__all__ = ["AudioEvent", "BaseRequest", "Reply", "Request", "StreamRequest", "VideoEvent"]

R_co = TypeVar("R_co", covariant=True)
E_co = TypeVar("E_co", covariant=True)

VideoEvent = Frame | Part | Anomaly | Skipped | EndOfStream
"""What the stream of 1.3 can say."""
AudioEvent = AudioFrame | Anomaly | Skipped | EndOfStream
"""What the stream of 3.1 can say."""

#: A request target: visible ASCII from the first slash on, without a fragment.
_TARGET = re.compile(r"/[!-\"$-~]*")
_BASE = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[^\[\]]*\]|[A-Za-z0-9._~-]+)"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<prefix>(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)*)",
    re.IGNORECASE | re.ASCII,
)
_ZONE = re.compile(r"[A-Za-z0-9._~-]+")


class Reply(Enum):
    """What the answer to a request is, and so which reader its body goes to."""

    IMAGE = "one JPEG image"
    MJPEG = "a multipart stream of JPEG images"
    AUDIO = "a stream of GSM 06.10 frames"
    TALK = "nothing: GSM 06.10 frames go up the connection"
    PARAMS = "a parameter list"
    ACK = "OK"
    FORM = "a redirect"
    ANY = "anything"

    @property
    def endless(self) -> bool:
        """Whether it goes on until somebody hangs up: such a request is a `StreamRequest`."""
        return self in (Reply.MJPEG, Reply.AUDIO, Reply.TALK)


@dataclass(frozen=True, slots=True)
class BaseRequest:
    """One GET: what `Request` and `StreamRequest` have in common.

    `target` goes into the request line as it is.  `number` is the clause of the
    specification, None outside it.  With `anonymous`, no credentials are to be sent.
    """

    target: str
    number: str | None
    title: str
    """What it asks for, in the words of the specification."""
    reply: Reply
    """What its answer is."""
    anonymous: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        allowed = "a str that begins with '/', such as '/jpg/image.jpg'"
        _checks.instance("Request", "target", self.target, str, allowed)
        if not _TARGET.fullmatch(self.target):
            raise LocalProtocolError(
                "a request target begins with '/' and has visible ASCII characters only, "
                "no blank and no '#'" + _first_fault(self.target)
            )

    @property
    def method(self) -> str:
        """What begins the request line: `GET`."""
        return "GET"

    def url(self, base: str) -> str:
        """The request as a URL for an HTTP library.

        `base` is `http://host[:port][/prefix]`, or the same with https.  Credentials are
        refused there, since URLs end up in logs: give them to the library.

        Raises LocalProtocolError, whose message does not repeat the base.
        """
        return _checked_base(base) + self.target

    def __repr__(self) -> str:
        # What follows the "?" of a target that is not ours may be a password.
        target = self.target if self.number else self.target.partition("?")[0]
        return f"<{type(self).__name__} {self.number or self.title}: GET {target}>"


@dataclass(frozen=True, slots=True, repr=False)
class Request(BaseRequest, Generic[R_co]):
    """A request whose answer ends; executing it gives an `R_co`.

    `model` makes that out of the parameter list of a `Reply.PARAMS`; it is None for
    every other reply.
    """

    model: Callable[[ParamList], R_co] | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True, repr=False)
class StreamRequest(BaseRequest, Generic[E_co]):
    """A request whose answer goes on until somebody hangs up: a stream of `E_co` events."""


def _first_fault(target: str) -> str:
    """Where a target goes wrong, without repeating the target: it may hold a password."""
    for index, character in enumerate(target):
        if not _TARGET.fullmatch("/" + character):
            return f"; got {character!r} at index {index}"
    return ""


def _checked_base(base: str) -> str:
    """`base` without the slashes at its end, if it is the base of a URL."""
    if not isinstance(base, str):
        raise ArgumentTypeError(f"a base URL is a str, not {type(base).__name__}")
    authority = base.partition("://")[2] or base
    if "@" in authority.partition("/")[0] or "@" in base.partition("?")[0].partition("#")[0]:
        raise LocalProtocolError(
            "a base URL carries no user name or password: URLs end up in logs; give "
            "credentials to the connection"
        )
    match = _BASE.fullmatch(base)
    if match is None:
        raise LocalProtocolError(
            "a base URL is http://host[:port][/prefix] or the same with https, in ASCII, "
            "without blanks, query or fragment"
        )
    host, port, prefix = match["host"], match["port"], match["prefix"]
    if host.startswith("["):
        address, percent, zone = host[1:-1].partition("%25")
        try:
            ipaddress.IPv6Address(address)
        except ValueError:
            raise LocalProtocolError(
                "the brackets of a base URL hold an IPv6 address, as in http://[::1]:8080"
            ) from None
        if "%" in address or (percent and not _ZONE.fullmatch(zone)):
            raise LocalProtocolError("the zone of an IPv6 address is written %25name in a URL")
    if port is not None and not 1 <= int(port) <= 65535:
        raise LocalProtocolError(f"port {port}: allowed are 1 to 65535")
    if any(segment in (".", "..") for segment in prefix.split("/")):
        raise LocalProtocolError("the prefix of a base URL has no '.' or '..' segments")
    return base.rstrip("/")
