"""What a simulated camera was asked, and what became of it: a list that a test can look at.

`ServerConnection` opens an `Exchange` for each request that is whole and goes on writing into
it until the connection is gone.  `RequestLog` keeps the last of them and counts all.  A login's
password is in neither: of `Authorization` only the name of the user is kept.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hamaproto.camera.request import RequestHead

__all__ = ["KEPT", "Exchange", "RequestLog"]

#: Exchanges that are kept; a test that asks more often than this looks at the last of them.
KEPT: Final = 1000
#: Header values that are nobody's business.
_SECRET: Final = frozenset({"authorization", "proxy-authorization", "cookie"})
_DIGEST_USER = re.compile(r'username="([^"]{0,200})"')


@dataclass(slots=True)
class Exchange:
    """One request (`method`, `path`) and its answer; changes until `ended` says how it ended."""

    number: int
    """Counts the requests of the camera from 0."""
    method: str
    target: str
    """Path and query as they came, a posted body behind them."""
    path: str
    fields: Mapping[str, str]
    """Header values by their names in lower case, without logins and cookies."""
    at: float | None = None
    """When the camera turned to it, in seconds of its time; None: not yet."""
    login: str = ""
    """The user's name, if a login came along; nothing says that it was right."""
    status: int | None = None
    """What was answered; None as long as there is no answer."""
    frames: int = 0
    """Whole pictures or GSM frames that were handed to the network."""
    skipped: int = 0
    """Frames that were due and left out, because client or machine were too late for them."""
    sent: int = 0
    """Bytes of the answer, its head included."""
    ended: str = ""
    """`whole`, `cut off` or `reset` as the camera ended it; `gone` if the connection was lost."""

    def __str__(self) -> str:
        status = "no answer" if self.status is None else str(self.status)
        login = f" as {self.login!r}" if self.login else ""
        target = self.target if self.target.isprintable() else repr(self.target)[1:-1]
        skipped = f"{self.skipped} skipped, " if self.skipped else ""
        return (
            f"#{self.number} {self.at or 0.0:.3f} s {self.method} {target}{login}: {status}, "
            f"{self.frames} frames, {skipped}{self.sent} bytes, {self.ended or 'open'}"
        )

    def as_dict(self) -> dict[str, Any]:
        """The same as what JSON can say."""
        return {name: getattr(self, name) for name in _SAID} | {"fields": dict(self.fields)}


_SAID: Final = (
    *(
        "number",
        "at",
        "method",
        "target",
        "path",
        "login",
        "status",
        "frames",
        "skipped",
        "sent",
        "ended",
    ),
)


class RequestLog:
    """The last exchanges, oldest first, and counts over all of them."""

    __slots__ = (
        "_kept",
        "bytes_sent",
        "connections",
        "frames_sent",
        "logins",
        "requests",
        "unreadable",
    )

    def __init__(self) -> None:
        self._kept: deque[Exchange] = deque(maxlen=KEPT)
        #: Connections that were opened, and requests on them that could be read.
        self.connections = 0
        self.requests = 0
        #: Right logins that came.
        self.logins = 0
        #: Requests that were no request.
        self.unreadable = 0
        #: Whole pictures and GSM frames that were handed to the network, and all bytes.
        self.frames_sent = 0
        self.bytes_sent = 0

    def __repr__(self) -> str:
        return f"<RequestLog {self.requests} requests>"

    def __iter__(self) -> Iterator[Exchange]:
        return iter(tuple(self._kept))

    def __len__(self) -> int:
        return len(self._kept)

    def since(self, number: int) -> tuple[Exchange, ...]:
        """The exchanges that are kept of those with this number and behind it."""
        return tuple(one for one in tuple(self._kept) if one.number >= number)

    def clear(self) -> None:
        """Forget the exchanges; numbers and counts go on."""
        self._kept.clear()

    def counts(self) -> dict[str, int]:
        """All counts by their names."""
        names = ("connections", "requests", "unreadable", "frames_sent", "bytes_sent")
        return {name: getattr(self, name) for name in names}

    def open(self, head: RequestHead) -> Exchange:
        """Note a request that is whole."""
        target = head.target
        query = head.query.decode("latin-1")
        if query and not target.endswith(query):
            target = f"{head.path}?{query}"
        exchange = Exchange(
            self.requests,
            head.method,
            target,
            head.path,
            {name: value for name, value in head.fields.items() if name not in _SECRET},
            login=_user(head.fields.get("authorization", "")),
        )
        self.requests += 1
        self._kept.append(exchange)
        return exchange

    def count(self, exchange: Exchange | None, frames: int, sent: int) -> None:
        """Note what of an answer went out."""
        self.frames_sent += frames
        self.bytes_sent += sent
        if exchange is not None:
            exchange.frames += frames
            exchange.sent += sent


def _user(field: str) -> str:
    """The name in an `Authorization` value; empty if there is none to be read."""
    scheme, _, rest = field.strip().partition(" ")
    if scheme.lower() == "digest":
        found = _DIGEST_USER.search(rest)
        return found[1] if found else ""
    try:
        pair = base64.b64decode(rest.strip().encode("latin-1", "replace"), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return pair.partition(b":")[0].decode("utf-8", "replace")[:200]
