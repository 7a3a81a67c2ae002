"""The simulated camera's side of HTTP logins: Basic (RFC 7617) and Digest (RFC 7616).

The family knows Basic only; later siblings ask for MD5 Digest with `qop=auth`.  In go the
`Authorization` field and what it is to match; out comes a verdict, and the challenge to
send with a 401.  Nothing here is kept that a repr could show.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping
from enum import Enum
from typing import Final

__all__ = ["BASIC_CHALLENGE", "DigestLogin", "Verdict", "check_basic"]

BASIC_CHALLENGE: Final = b'Basic realm="Internet Camera"'
_REALM: Final = "IPCam"
#: Nonces that are remembered; the oldest goes first, and its user is told `stale`.
_MAX_NONCES: Final = 64
#: Uses of one nonce that are remembered; more need a new one.
_MAX_USES: Final = 1000

# A word without a value is taken whole too: a search that began in its middle would go over
# it once for each of its letters.
_PAIR = re.compile(r'([A-Za-z]++)\s*+(?:=\s*+(?:"((?:[^"\\]|\\.)*+)"|([^\s,"]++)))?')


class Verdict(Enum):
    ACCEPTED = "accepted"
    REFUSED = "refused"
    #: The password is right and the nonce is too old.
    STALE = "stale"


def check_basic(field: str, users: Mapping[str, str]) -> Verdict:
    """Whether an `Authorization` value (latin-1 text) names a user and the password."""
    scheme, _, token = field.strip().partition(" ")
    if scheme.lower() != "basic":
        return Verdict.REFUSED
    try:
        given = base64.b64decode(token.strip().encode("latin-1"), validate=True)
    except (binascii.Error, ValueError):
        return Verdict.REFUSED
    for user, password in users.items():
        pair = f"{user}:{password}"
        if given == pair.encode() or given == pair.encode("latin-1", "replace"):
            return Verdict.ACCEPTED
    return Verdict.REFUSED


def _md5(*parts: str) -> str:
    text = ":".join(parts).encode()
    return hashlib.md5(text, usedforsecurity=False).hexdigest()


class DigestLogin:
    """Hands out nonces and checks what is answered to them; the same ones for the same `seed`."""

    __slots__ = ("_count", "_seed", "_uses")

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._count = 0
        self._uses: OrderedDict[str, set[str]] = OrderedDict()

    def challenge(self, *, stale: bool = False) -> bytes:
        """The value of `WWW-Authenticate`, with a new nonce."""
        self._count += 1
        nonce = _md5("nonce", str(self._seed), str(self._count))
        self._uses[nonce] = set()
        while len(self._uses) > _MAX_NONCES:
            self._uses.popitem(last=False)
        end = ", stale=true" if stale else ""
        return f'Digest realm="{_REALM}", nonce="{nonce}", algorithm=MD5, qop="auth"{end}'.encode()

    def expire(self) -> None:
        """Make every nonce stale that was handed out so far."""
        self._uses.clear()

    def check(
        self,
        field: str,
        method: str,
        target: str,
        users: Mapping[str, str],
        most: int | None = None,
    ) -> Verdict:
        """Whether an `Authorization` value answers a challenge for this request.

        A nonce is good for `most` requests.
        """
        scheme, _, rest = field.strip().partition(" ")
        given = {name.lower(): quoted or bare for name, quoted, bare in _PAIR.findall(rest)}
        password = users.get(given.get("username", ""))
        if scheme.lower() != "digest" or password is None or given.get("uri") != target:
            return Verdict.REFUSED
        nonce, count = given.get("nonce", ""), given.get("nc", "")
        wanted = _md5(
            _md5(given["username"], _REALM, password),
            nonce,
            count,
            given.get("cnonce", ""),
            "auth",
            _md5(method, target),
        )
        if given.get("response") != wanted or given.get("qop") != "auth":
            return Verdict.REFUSED
        uses = self._uses.get(nonce)
        if uses is None or count in uses or len(uses) >= (most or _MAX_USES):
            return Verdict.STALE
        uses.add(count)
        return Verdict.ACCEPTED
