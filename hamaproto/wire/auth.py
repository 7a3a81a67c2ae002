"""HTTP logins, the client's side: Basic (RFC 7617) and Digest (RFC 7616, RFC 2617).

    credentials + the challenges of a 401 -> the value of Authorization, or None

The device chooses: nothing is sent before it has asked, unless the caller says so, and of
what it offers the strongest scheme that is known here is answered.  The 1.x family of
cameras asks for Basic, its later siblings for Digest with MD5.

An `Authenticator` holds what one device asked for and outlives connections, so that one
401 serves many requests.  It never holds a lock: what changes is replaced as a whole, so
several connections in several threads may share one.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

from hamaproto.errors import LocalProtocolError

__all__ = ["Authenticator", "Challenge", "Credentials", "Login", "parse_challenges"]


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """A user and a password; its repr and str show the user alone.

    `encoding` is what their characters are sent in.  Servers expect UTF-8 (RFC 7617 2.1);
    `latin-1` is for devices that were set up from an old browser.  With `preemptive`,
    Basic is sent before the device has asked: that saves the first round trip, and gives
    the password to whoever answers.

    Raises LocalProtocolError for what can't be sent: a user with a colon, control
    characters, characters outside the encoding.
    """

    user: str
    password: str
    encoding: Literal["utf-8", "latin-1"] = "utf-8"
    preemptive: bool = False

    def __post_init__(self) -> None:
        if self.encoding not in ("utf-8", "latin-1"):
            raise LocalProtocolError(
                f"Credentials: encoding {self.encoding!r}; allowed are 'utf-8' and 'latin-1'"
            )
        for what, text in (("user", self.user), ("password", self.password)):
            if not isinstance(text, str):
                raise LocalProtocolError(f"Credentials: the {what} is a str")
            if _CONTROL.search(text):
                raise LocalProtocolError(
                    f"Credentials: a control character in the {what} (RFC 7617 2)"
                )
            if not _fits(text, self.encoding):
                raise LocalProtocolError(
                    f"Credentials: the {what} has characters outside {self.encoding}"
                )
        if ":" in self.user:
            raise LocalProtocolError("Credentials: a user has no colon (RFC 7617 2)")

    def __repr__(self) -> str:
        return f"<Credentials of {self.user!r}>"


def _fits(text: str, encoding: str) -> bool:
    """Whether the text can be encoded; the error that says no would carry it along."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


# -- challenges (RFC 9110 11.6.1) ------------------------------------------------------

#   challenge  = auth-scheme [ 1*SP ( token68 / #auth-param ) ]
#   auth-param = token BWS "=" BWS ( token / quoted-string )
# Several challenges stand in one field, parted by the same commas as their parameters: a
# token is a parameter's name iff "=" and a value follow, and a scheme otherwise.
_SEPARATORS = re.compile(r"[ \t,]*")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_EQUALS = re.compile(r"[ \t]*=[ \t]*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_BARE = re.compile(r"[^ \t,]*")
_TOKEN68 = re.compile(r"[ \t]+[A-Za-z0-9\-._~+/]+=*[ \t]*(?=,|\Z)")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One scheme that a server offers; names in lower case, values unquoted."""

    scheme: str
    params: dict[str, str] = field(default_factory=dict)


def parse_challenges(values: Iterable[str]) -> list[Challenge]:
    """What the `WWW-Authenticate` fields of a 401 offer, in their order; never raises."""
    challenges: list[Challenge] = []
    for value in values:
        challenges += _challenges_of_one_field(value)
    return challenges


def _challenges_of_one_field(text: str) -> list[Challenge]:
    found: list[Challenge] = []
    position = 0
    while (position := _end(_SEPARATORS, text, position)) < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            # No token, no meaning: on to the next comma.
            position = max(_end(_BARE, text, position), position + 1)
            continue
        position = token.end()
        equals = _EQUALS.match(text, position)
        if equals is None or not found:
            found.append(Challenge(token[0].lower()))
            position = _end(_TOKEN68, text, position)
            continue
        value, position = _auth_value(text, equals.end())
        # A parameter that comes twice is an attack or a mistake: the first one counts.
        found[-1].params.setdefault(token[0].lower(), value)
    return found


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return position if match is None else match.end()


def _auth_value(text: str, position: int) -> tuple[str, int]:
    if text[position : position + 1] != '"':
        end = _end(_BARE, text, position)
        return text[position:end], end
    quoted = _QUOTED.match(text, position)
    if quoted is None:
        # A quote that is never closed: all that is left belongs to it.
        return _ESCAPE.sub(r"\1", text[position + 1 :]), len(text)
    return _ESCAPE.sub(r"\1", quoted[1]), quoted.end()


# -- answers ---------------------------------------------------------------------------


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


#: RFC 7616 3.3: algorithm -> its hash, whether A1 is bound to the session, its strength.
_ALGORITHMS: dict[str, tuple[Callable[[bytes], str], bool, int]] = {
    "md5": (_md5, False, 1),
    "md5-sess": (_md5, True, 1),
    "sha-256": (_sha256, False, 2),
    "sha-256-sess": (_sha256, True, 2),
}
#: Anything is stronger than a password in clear text.
_BASIC_STRENGTH = 0


def _strength(challenge: Challenge) -> int | None:
    """How strong the scheme is, None if it can't be answered here."""
    if challenge.scheme == "basic":
        return _BASIC_STRENGTH
    if challenge.scheme != "digest" or "nonce" not in challenge.params:
        return None
    if any(_CONTROL.search(value) for value in challenge.params.values()):
        # It would have to be sent back, and can't be.
        return None
    if "qop" in challenge.params and not _offers_auth(challenge.params["qop"]):
        return None
    row = _ALGORITHMS.get(challenge.params.get("algorithm", "md5").lower())
    return None if row is None else row[2]


def _offers_auth(qop: str) -> bool:
    names = [name.strip(" \t").lower() for name in qop.split(",")]
    return "auth" in names or not any(names)


class Login:
    """The answer to one challenge: gives the value of Authorization for each request."""

    __slots__ = ("_cnonce", "_count", "_credentials", "accepted", "challenge")

    def __init__(self, challenge: Challenge, credentials: Credentials, cnonce: str) -> None:
        self.challenge = challenge
        self._credentials = credentials
        # One cnonce a nonce: A1 of the -sess algorithms is bound to the first one, and
        # the count keeps the answers apart (RFC 7616 3.4.2).
        self._cnonce = cnonce
        self._count = count(1)
        #: True once the device has let a request pass with this login.
        self.accepted = False

    def __repr__(self) -> str:
        return f"<Login {self.challenge.scheme}>"

    def authorization(self, method: str, target: str) -> str:
        """The value for one request; a Digest counts its uses."""
        if self.challenge.scheme == "basic":
            return self._basic()
        return self._digest(method, target)

    def _basic(self) -> str:
        who = self._credentials
        pair = f"{who.user}:{who.password}".encode(who.encoding)
        return f"Basic {base64.b64encode(pair).decode('ascii')}"

    def _digest(self, method: str, target: str) -> str:
        """RFC 7616 3.4; without qop as in RFC 2069, which RFC 2617 3.2.2.1 still allows."""
        params = self.challenge.params
        named = params.get("algorithm")
        digest, session, _ = _ALGORITHMS[(named or "md5").lower()]
        encoding = "utf-8" if params.get("charset", "").lower() == "utf-8" else None
        encoding = encoding or self._credentials.encoding
        realm, nonce = params.get("realm", ""), params["nonce"]

        def hashed(*parts: bytes) -> str:
            return digest(b":".join(parts))

        # The texts of the challenge came as latin-1 and go back as the same bytes.
        realm_bytes, nonce_bytes = _latin1(realm), _latin1(nonce)
        user = self._credentials.user.encode(encoding)
        cnonce = self._cnonce.encode("ascii")
        ha1 = hashed(user, realm_bytes, self._credentials.password.encode(encoding))
        if session:
            ha1 = hashed(ha1.encode(), nonce_bytes, cnonce)
        ha2 = hashed(method.encode("ascii"), target.encode("ascii"))
        if params.get("userhash", "").lower() == "true":
            username = hashed(user, realm_bytes)
        else:
            username = user.decode("latin-1")
        counted = "qop" in params and bool(params["qop"].strip(" \t,"))
        uses = f"{next(self._count):08x}" if counted else ""
        middle = [uses.encode(), cnonce, b"auth"] if counted else []
        response = hashed(ha1.encode(), nonce_bytes, *middle, ha2.encode())
        fields = [
            ("username", _quote(username)),
            ("realm", _quote(realm)),
            ("nonce", _quote(nonce)),
            ("uri", _quote(target)),
            ("response", f'"{response}"'),
        ]
        if named is not None:
            fields.append(("algorithm", _ALGORITHM_NAMES[named.lower()]))
        if "opaque" in params:
            fields.append(("opaque", _quote(params["opaque"])))
        if counted:
            fields += [("qop", "auth"), ("nc", uses)]
        if counted or session:
            fields.append(("cnonce", _quote(self._cnonce)))
        if params.get("userhash", "").lower() == "true":
            fields.append(("userhash", "true"))
        return "Digest " + ", ".join(f"{name}={value}" for name, value in fields)


_ALGORITHM_NAMES = {name: name.upper().replace("SESS", "sess") for name in _ALGORITHMS}


def _latin1(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def _quote(text: str) -> str:
    """A quoted-string (RFC 9110 5.6.4)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Authenticator:
    """Credentials for one device, and what it asked for the last time.

    `cnonce` makes the client's nonces; it is a parameter so that tests can fix them.
    """

    __slots__ = ("_cnonce", "credentials", "login")

    def __init__(
        self, credentials: Credentials, *, cnonce: Callable[[], str] = lambda: secrets.token_hex(16)
    ) -> None:
        self.credentials = credentials
        self._cnonce = cnonce
        #: What requests are sent with now, None before the device has asked.
        self.login: Login | None = None
        if credentials.preemptive:
            self.login = Login(Challenge("basic"), credentials, "")

    @classmethod
    def of(cls, auth: tuple[str, str] | Credentials | Authenticator | None) -> Authenticator | None:
        """`auth` in the shapes that callers have it in."""
        if auth is None or isinstance(auth, Authenticator):
            return auth
        if isinstance(auth, Credentials):
            return cls(auth)
        if isinstance(auth, tuple) and len(auth) == 2:
            return cls(Credentials(*auth))
        raise LocalProtocolError(
            f"auth: takes (user, password), Credentials or an Authenticator, "
            f"not {type(auth).__name__}"
        )

    def __repr__(self) -> str:
        return f"<Authenticator for {self.credentials!r}>"

    def challenged(self, values: Iterable[str], used: Login | None = None) -> bool:
        """Take the `WWW-Authenticate` fields of a 401; True if asking again makes sense.

        `used` is the login that the refused request was sent with.  If it was right in
        form and was refused, the password is wrong, and asking again would only help a
        device to lock the user out.  It is worth while if nothing was sent, if the nonce
        was merely old (it is said to be stale, or it has been accepted before), or if a
        scheme is wanted other than the one used.
        """
        offered = [
            (strength, challenge)
            for challenge in parse_challenges(values)
            if (strength := _strength(challenge)) is not None
        ]
        if not offered:
            return False
        # The first of the strongest: max() keeps the order among equals.
        _, challenge = max(offered, key=lambda pair: pair[0])
        if used is not None and not _worth_another_try(used, challenge):
            return False
        self.login = Login(challenge, self.credentials, self._cnonce())
        return True


def _worth_another_try(used: Login, challenge: Challenge) -> bool:
    before = used.challenge
    if challenge.scheme != before.scheme:
        return True
    if challenge.scheme == "basic":
        return False
    if challenge.params.get("algorithm", "md5").lower() != (
        before.params.get("algorithm", "md5").lower()
    ):
        return True
    stale = challenge.params.get("stale", "").lower() == "true"
    return stale or (used.accepted and challenge.params["nonce"] != before.params["nonce"])
