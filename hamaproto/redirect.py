"""Redirects: where one leads, and whether it is followed.

    Location.of(host, secure, target)   where a request goes
    Trail.start(location)               the way of one request, which no redirect has changed yet
    trail.follow(...)                the way after a redirect, or in words why it ends here

A user agent may follow the redirect of a GET by itself (RFC 9110 15.4).  It is done for what is
only read: images, streams, lists.  It is not done for what changes something; the answer to
a form *is* a redirect.  A way has at most `MOST_REDIRECTS` redirects and no circle.  What is
only for the camera, the login, goes to its own scheme, host and port and nowhere else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote_from_bytes, urljoin, urlsplit

from hamaproto.commands import Reply

__all__ = ["FOLLOWED", "MOST_REDIRECTS", "Location", "Trail"]

MOST_REDIRECTS: Final = 5
#: What is asked for again somewhere else.
FOLLOWED: Final = frozenset({Reply.IMAGE, Reply.MJPEG, Reply.AUDIO, Reply.PARAMS})
#: 300 leaves a choice, 304 and 305 lead nowhere.
_STATUSES: Final = frozenset({301, 302, 303, 307, 308})

_PORTS: Final = {"http": 80, "https": 443}
_HOST = re.compile(r"[A-Za-z0-9._~-]{1,255}|\[[0-9A-Fa-f:.]{2,64}\]")
#: What stands in a URL as it is (RFC 3986): escapes that are there stay what they are.
_AS_IT_IS: Final = "/%?:@!$&'()*+,;=-._~[]"


@dataclass(frozen=True, slots=True, repr=False)
class Location:
    """Where a request goes: to whom, and what stands in its request line.

    `host` is as it stands in a URL, an IPv6 address in brackets.
    """

    secure: bool
    host: str
    port: int
    target: str

    @classmethod
    def of(cls, authority: str, secure: bool, target: str) -> Location:
        """The location of a request by its `Host`."""
        usual = _PORTS["https" if secure else "http"]
        host, colon, port = authority.rpartition(":")
        if not colon or not (port.isascii() and port.isdigit()) or len(port) > 5:
            host, port = authority, str(usual)
        return cls(secure, host.lower(), int(port), target)

    @property
    def authority(self) -> str:
        """What stands in `Host`."""
        usual = _PORTS["https" if self.secure else "http"]
        return self.host if self.port == usual else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{'https' if self.secure else 'http'}://{self.authority}{self.target}"

    def is_with(self, other: Location) -> bool:
        """Whether both are at the same scheme, host and port."""
        return replace(self, target="/") == replace(other, target="/")

    def __repr__(self) -> str:
        # What follows the "?" may be a password.
        return f"<Location {self.url.partition('?')[0]}>"

    def resolved(self, location: str) -> Location | None:
        """Where a `Location` leads from here; None if no request can go there.

        A user name and a password in it are left out: no device has a say in what is sent.
        """
        text = quote_from_bytes(
            location.strip().partition("#")[0].encode("latin-1", "replace"), _AS_IT_IS
        )
        try:
            parts = urlsplit(urljoin(self.url, text))
            port = parts.port
        except ValueError:
            return None
        usual = _PORTS.get(parts.scheme)
        host = parts.netloc.rpartition("@")[2]
        if port is not None or host.endswith(":"):
            host = host.rpartition(":")[0]
        if usual is None or port == 0 or _HOST.fullmatch(host) is None:
            return None
        target = parts.path or "/"
        if parts.query:
            target += f"?{parts.query}"
        return Location(parts.scheme == "https", host.lower(), port or usual, target)


@dataclass(frozen=True, slots=True)
class Trail:
    """The way of one request: where it began, where it is, and where it has been."""

    home: Location
    here: Location
    seen: frozenset[Location]

    @classmethod
    def start(cls, location: Location) -> Trail:
        """The way of a request that was not redirected."""
        return cls(location, location, frozenset({location}))

    @property
    def is_at_home(self) -> bool:
        """Whether the login of the camera may be sent where the way has led."""
        return self.here.is_with(self.home)

    def follow(self, reply: Reply, status: int | None, location: str | None) -> Trail | str | None:
        """The way after this answer.

        None if it is no redirect to be followed; text if it can't be, which says why.
        """
        if reply not in FOLLOWED or status not in _STATUSES or location is None:
            return None
        there = self.here.resolved(location)
        if there is None:
            return "which is no http address"
        if there in self.seen:
            return "in a circle"
        if len(self.seen) > MOST_REDIRECTS:
            return f"after {MOST_REDIRECTS} other redirects"
        return Trail(self.home, there, self.seen | {there})
