"""Who may ask the gateway: decided from what a request says of itself, before anything is done.

    Access(...).refusal(asked) -> None: it may; else a `Refusal` with a status and the reason

A page of somebody else's, which a browser of the owner has open, must be able to do nothing:

* its name may be made to mean this machine (DNS rebinding): so `Host` has to be an address that
  the connection was really made to, or a name that the owner allowed;
* it may send forms and open WebSockets: so an `Origin` has to be the gateway's own, or one that
  the owner named, and what changes something has to be JSON, which no form can send;
* it may load pictures: browsers say so (`Sec-Fetch-Site`).

Where others than this machine can connect, a secret is asked for as well.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

__all__ = ["CHANGES", "FIELDS", "Access", "Asked", "Refusal", "is_loopback"]

#: Methods that change nothing.
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
#: The one that changes something.
CHANGES: Final = "POST"
JSON: Final = "application/json"
#: What `Host` holds: a name or an address, and a port.  Nothing in it can be matched twice.
_HOST: Final = re.compile(
    r"(?P<name>\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::(?P<port>\d{1,5}))?"
)
_ORIGIN: Final = re.compile(r"https?://(?P<host>[^/?#@\s]{1,300})")
_LOCAL: Final = frozenset({"localhost"})
#: The longest login that is looked at.
_MOST_LOGIN: Final = 1024

#: What every answer has: a page runs the gateway's own scripts and nothing else, nobody frames
#: it, no other site loads anything of it.
FIELDS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Server": "hamaproto",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request says of itself.  Empty is what it does not say."""

    method: str
    """As sent."""
    local: str
    """The address of this machine that the connection was made to."""
    host: str = ""
    """`Host`, as sent."""
    origin: str = ""
    """`Origin`, as sent."""
    site: str = ""
    """`Sec-Fetch-Site`."""
    mode: str = ""
    """`Sec-Fetch-Mode`."""
    content_type: str = ""
    """Without its parameters."""
    authorization: str = ""
    """`Authorization`, as sent."""
    cookie: str = ""
    """The value of the gateway's own cookie."""

    def __repr__(self) -> str:
        return f"<Asked {self.method}>"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer instead: the status, and why, for people."""

    status: int
    """Of HTTP."""
    error: str
    """The reason."""
    argument: str | None = None
    """The field that is to be another one."""
    allowed: str | None = None
    """What it may be."""


class Access:
    """The rules; `names` may stand in `Host`, pages of `origins` may ask, `secret` is asked for.

    A name may have a port; without one it stands for each.  `secret` is None where everybody
    who can connect may ask.  `port` is the one that is listened on; `secure` says that it is https.
    """

    def __init__(
        self,
        *,
        names: Iterable[str] = (),
        origins: Iterable[str] = (),
        secret: str | None = None,
        port: int = 0,
        secure: bool = False,
    ) -> None:
        self.port = port
        self._usual_port = 443 if secure else 80
        self._names = frozenset(name.lower().rstrip(".") for name in names)
        self._origins = frozenset(origin.lower().rstrip("/") for origin in origins)
        self._secret = secret

    def __repr__(self) -> str:
        return f"<Access {'with' if self._secret else 'without'} a sign-in>"

    @property
    def signs_in(self) -> bool:
        """Whether a secret is asked for."""
        return self._secret is not None

    @property
    def cookie_name(self) -> str:
        """Cookies know no ports: two gateways on one machine must not share one."""
        return f"hamaproto_{self.port}"

    def cookie(self, token: str) -> str | None:
        """The value of the cookie for who knows the secret; None for anybody else."""
        if self._secret is None or not _same(token, self._secret):
            return None
        return self._cookie_value

    @property
    def _cookie_value(self) -> str:
        # Not the secret itself: who sees a cookie can't make a link of it.
        assert self._secret is not None
        return hmac.new(self._secret.encode(), b"cookie", hashlib.sha256).hexdigest()

    def allows_origin(self, asked: Asked) -> bool:
        """Whether a page of another place asks that was named."""
        return asked.origin.lower() in self._origins

    def refusal(self, asked: Asked, *, open_to_all: bool = False) -> Refusal | None:
        """Why it may not; None if it may.  `open_to_all` asks for no sign-in."""
        return (
            self._wrong_host(asked)
            or self._wrong_origin(asked)
            or self._wrong_kind(asked)
            or (None if open_to_all or asked.method == "OPTIONS" else self._wrong_login(asked))
        )

    # -- the rules

    def _wrong_host(self, asked: Asked) -> Refusal | None:
        match = _HOST.fullmatch(asked.host.lower())
        if match is None:
            return Refusal(400, "Host: a name or an address is needed", "Host")
        name, port = match["name"].rstrip("."), match["port"]
        if name in self._names or f"{name}:{port}" in self._names:
            return None
        ours = int(port or self._usual_port) == self.port
        if ours and name in _LOCAL and is_loopback(asked.local):
            return None
        if ours and _address(name) is not None and _address(name) == _address(asked.local):
            return None
        return Refusal(
            403,
            "Host: this name is not the gateway's own",
            "Host",
            "the gateway's own address, or what --allow-host names",
        )

    def _wrong_origin(self, asked: Asked) -> Refusal | None:
        if self.allows_origin(asked):
            return None
        if asked.origin:
            match = _ORIGIN.fullmatch(asked.origin.lower())
            if match is None or match["host"] != asked.host.lower():
                return _foreign("Origin")
        elif asked.site in ("cross-site", "same-site") and not (
            asked.mode == "navigate" and asked.method in _READS
        ):
            return _foreign("Sec-Fetch-Site")
        return None

    def _wrong_kind(self, asked: Asked) -> Refusal | None:
        if asked.method in _READS:
            return None
        if asked.method != CHANGES:
            return Refusal(405, f"changes are made by {CHANGES}", None, f"GET, HEAD, {CHANGES}")
        if asked.content_type.lower() != JSON:
            return Refusal(415, f"Content-Type: {JSON} is needed", "Content-Type", JSON)
        return None

    def _wrong_login(self, asked: Asked) -> Refusal | None:
        if self._secret is None or self._knows(asked):
            return None
        return Refusal(
            401,
            "sign in: open the link that the gateway printed when it started, or send its token "
            "as the password (Basic)",
        )

    def _knows(self, asked: Asked) -> bool:
        assert self._secret is not None
        if asked.cookie and _same(asked.cookie, self._cookie_value):
            return True
        kind, _, value = asked.authorization[:_MOST_LOGIN].partition(" ")
        if kind.lower() == "bearer":
            return _same(value.strip(), self._secret)
        if kind.lower() != "basic":
            return False
        try:
            login = base64.b64decode(value.strip(), validate=True)
        except (binascii.Error, ValueError):
            return False
        # Any user: there is one secret.
        return hmac.compare_digest(login.partition(b":")[2], self._secret.encode())


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach it; `localhost` is such a name."""
    found = _address(address)
    if found is None:
        return address.lower().rstrip(".") in ("localhost", "localhost.localdomain")
    return found.is_loopback


def _foreign(argument: str) -> Refusal:
    return Refusal(
        403,
        f"{argument}: pages of other places can't ask this gateway",
        argument,
        "the gateway's own page, or what --allow-origin names",
    )


def _same(given: str, known: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), known.encode())


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return found if mapped is None else mapped
