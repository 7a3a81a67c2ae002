"""HTTP logins, the client's side: Basic (RFC 7617) and Digest (RFC 7616, RFC 2617).

    credentials + the challenges of a 401 -> a Login for that request, or the words of an error

The device chooses.  Nothing is sent before it has asked, unless the caller says so.  Of
the Digests that it offers the first one that is known here is answered (RFC 7616 3.7), and
Basic only where there is none.  The 1.x family of cameras asks for Basic, its later
siblings for Digest with MD5.

A request carries its own `Login`: the answer to its own 401.  What an `Authenticator`
shares among requests is what a device has accepted, so that one 401 serves many requests,
and what it has learnt of the device.  It never holds a lock: what changes is replaced as a
whole or added by one call, so several connections in several threads may share one.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final, Literal, NoReturn, Self

from hamaproto import _checks
from hamaproto.errors import LocalProtocolError
from hamaproto.wire.challenges import Challenge, parse_challenges

__all__ = ["Authenticator", "Challenge", "Credentials", "Login", "Refusal", "parse_challenges"]


class _Secret:
    """What is never written down: it refuses to be pickled, and a copy is itself."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(
            f"cannot pickle {type(self).__name__}: a password does not belong into a file or a "
            "queue; pass it another way and make it again there"
        )

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


@dataclass(frozen=True, slots=True, repr=False)
class Credentials(_Secret):
    """A user and a password; its repr and str show the user alone, and it can't be pickled.

    `encoding` is what their characters are sent in.  Servers expect UTF-8 (RFC 7617 2.1);
    `latin-1` is for devices that were set up from an old browser.  With `preemptive`,
    Basic is sent before the device has asked: that saves the first round trip, and gives
    the password to whoever answers.  With `allow_downgrade`, a device that has accepted
    Digest may ask for less later; otherwise that is an error, since whoever stands
    between could ask in its name.

    Raises LocalProtocolError for what can't be sent: a user with a colon, control
    characters, characters outside the encoding.
    """

    user: str
    """No colon, no control characters."""
    password: str
    """No control characters."""
    encoding: Literal["utf-8", "latin-1"] = "utf-8"
    preemptive: bool = False
    allow_downgrade: bool = False

    def __post_init__(self) -> None:
        if self.encoding not in ("utf-8", "latin-1"):
            raise LocalProtocolError(
                f"Credentials: encoding {self.encoding!r}; allowed are 'utf-8' and 'latin-1'"
            )
        for what, text in (("user", self.user), ("password", self.password)):
            _checks.instance("Credentials", what, text, str, f"the {what} is a str", secret=True)
            if _CONTROL.search(text):
                raise LocalProtocolError(
                    f"Credentials: a control character in the {what} (RFC 7617 2)"
                )
            if not _fits(text, self.encoding):
                raise LocalProtocolError(
                    f"Credentials: the {what} has characters outside {self.encoding}"
                )
        _checks.flag("Credentials", "preemptive", self.preemptive)
        _checks.flag("Credentials", "allow_downgrade", self.allow_downgrade)
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


# -- what can be answered --------------------------------------------------------------


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
_ALGORITHM_NAMES = {name: name.upper().replace("SESS", "sess") for name in _ALGORITHMS}
#: Anything is stronger than a password in clear text.
_BASIC_STRENGTH = 0


def _algorithm(challenge: Challenge) -> str:
    return challenge.params.get("algorithm", "md5").lower()


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
    row = _ALGORITHMS.get(_algorithm(challenge))
    return None if row is None else row[2]


def _offers_auth(qop: str) -> bool:
    names = [name.strip(" \t").lower() for name in qop.split(",")]
    return "auth" in names or not any(names)


def _name(challenge: Challenge) -> str:
    """The scheme in words, harmless and short: most of it is the device's own."""
    if challenge.scheme != "digest":
        return challenge.scheme[:32].capitalize()
    algorithm = _algorithm(challenge)
    name = f"Digest {_ALGORITHM_NAMES.get(algorithm) or _printable(algorithm.upper())}"
    if "nonce" not in challenge.params:
        return f"{name} without a nonce"
    qop = challenge.params.get("qop", "auth")
    return name if _offers_auth(qop) else f"{name} with qop={_printable(qop)}"


def _printable(text: str) -> str:
    return "".join(c if " " <= c <= "~" else "?" for c in text[:32])


class Login(_Secret):
    """The answer to one challenge: gives the value of Authorization for each request."""

    __slots__ = ("_cnonce", "_count", "_credentials", "accepted", "challenge", "serial", "uses")

    def __init__(
        self, challenge: Challenge, credentials: Credentials, cnonce: str, serial: int = 0
    ) -> None:
        self.challenge = challenge
        self._credentials = credentials
        # One cnonce a nonce: A1 of the -sess algorithms is bound to the first one, and
        # the count keeps the answers apart (RFC 7616 3.4.2).
        self._cnonce = cnonce
        self._count = count(1)
        #: How many requests it was put under.
        self.uses = 0
        #: How many challenges its `Authenticator` had seen when it was made.
        self.serial = serial
        #: True once the device has let a request pass with this login.
        self.accepted = False

    def __repr__(self) -> str:
        return f"<Login {self.challenge.scheme}>"

    @property
    def name(self) -> str:
        """The scheme in words: `Basic`, `Digest SHA-256`."""
        return _name(self.challenge)

    @property
    def strength(self) -> int:
        return _strength(self.challenge) or _BASIC_STRENGTH

    def authorization(self, method: str, target: str) -> str:
        """The value for one request; a Digest counts its uses."""
        self.uses = uses = next(self._count)
        if self.challenge.scheme == "basic":
            return self._basic()
        return self._digest(method, target, f"{uses:08x}")

    def _basic(self) -> str:
        who = self._credentials
        pair = f"{who.user}:{who.password}".encode(who.encoding)
        return f"Basic {base64.b64encode(pair).decode('ascii')}"

    def _digest(self, method: str, target: str, uses: str) -> str:
        """RFC 7616 3.4; without qop as in RFC 2069, which RFC 2617 3.2.2.1 still allows."""
        params = self.challenge.params
        named = params.get("algorithm")
        digest, session, _ = _ALGORITHMS[_algorithm(self.challenge)]
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


def _latin1(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def _quote(text: str) -> str:
    """A quoted-string (RFC 9110 5.6.4)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


# -- what is known of a device ---------------------------------------------------------

#: How many logins one request may be sent with, one behind the other: if the device says each
#: time that only the nonce was old; if it does not say so, but other requests were challenged
#: meanwhile, which can spoil a nonce; the same before it is known that the password is right;
#: and if both say so.
_MOST_STALE: Final = 10
_MOST_RACED: Final = 8
_MOST_UNPROVED: Final = 3
_MOST_LOGINS: Final = 24
#: Nonces that are kept, so that one that comes again is counted on.
_MOST_NONCES: Final = 64
_MOST_NAMES: Final = 5


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not sent again: words that go behind the name of the host.

    `by_kind`: what was wrong is the kind of login that the device wants, not the login.
    """

    words: str
    by_kind: bool = False


class Authenticator(_Secret):
    """Credentials for one device, and what is known of its logins.

    `cnonce` makes the client's nonces; it is a parameter so that tests can fix them.
    """

    __slots__ = (
        "_accepted",
        "_challenges",
        "_cnonce",
        "_digest_offered",
        "_nonces",
        "_open",
        "credentials",
        "login",
    )

    def __init__(
        self, credentials: Credentials, *, cnonce: Callable[[], str] = lambda: secrets.token_hex(16)
    ) -> None:
        self.credentials = credentials
        self._cnonce = cnonce
        #: What a new request is sent with: what was accepted last, None before.
        self.login: Login | None = None
        if credentials.preemptive:
            self.login = Login(Challenge("basic"), credentials, "")
        # The strongest that was ever accepted.
        self._accepted: Login | None = None
        self._digest_offered = False
        # Whether it has let a request pass that had no login.
        self._open = False
        self._challenges = 0
        self._nonces: dict[tuple[tuple[str, str], ...], Login] = {}

    @classmethod
    def of(cls, auth: tuple[str, str] | Credentials | Authenticator | None) -> Authenticator | None:
        """`auth` in the shapes that callers have it in."""
        if auth is None or isinstance(auth, Authenticator):
            return auth
        if isinstance(auth, Credentials):
            return cls(auth)
        given: object = auth
        if isinstance(given, tuple) and len(given) == 2:
            return cls(Credentials(*given))
        allowed = "(user, password), Credentials or an Authenticator"
        raise _checks.wrong_type("Camera", "auth", given, allowed, secret=True)

    def __repr__(self) -> str:
        return f"<Authenticator for {self.credentials!r}>"

    # -- what was learnt

    def passed(self, login: Login | None) -> None:
        """The device let a request pass that was sent with this login, or with none."""
        if login is None:
            self._open = True
            return
        login.accepted = True
        self.login = login
        if self._accepted is None or login.strength > self._accepted.strength:
            self._accepted = login

    def guess(self, tried: Sequence[Login], *, unanswered: bool = False) -> Login | None:
        """Basic, for a device that refuses and does not say how it wants to be asked.

        Only once, and never where Digest was offered: the password would go out in clear to
        a device that can do better.  `unanswered`: it hung up without a word, which is about
        the login only as long as it has let nobody in without one.
        """
        if tried or self._digest_offered or (unanswered and self._open):
            return None
        return Login(Challenge("basic"), self.credentials, "")

    # -- a 401

    def answer(
        self, values: Iterable[str], tried: Sequence[Login] = (), uses: int = 0
    ) -> Login | Refusal:
        """What to send a request again with, after a 401 with these `WWW-Authenticate` fields.

        `tried` are the logins that this request was sent with so far, in their order, and
        `uses` the count of the last one.  Gives a `Login`, or why there is none.

        A login that was right in form and was refused means that the password is wrong, and
        asking again would only help a device to lock the user out.  It is worth while if
        nothing was sent, if the nonce was merely old (it is said to be stale, it has been
        accepted before, or other requests have used it or got others meanwhile), or if
        another algorithm is offered: there is firmware that gets SHA-256 wrong.
        """
        self._challenges += 1
        offered = parse_challenges(values)
        if any(challenge.scheme == "digest" for challenge in offered):
            self._digest_offered = True
            if self.login is not None and not self.login.accepted:
                # Basic that nobody asked for: no more of it.
                self.login = None
        if not offered:
            return self.guess(tried) or self._refused(tried, "names no kind of login that it wants")
        known = [challenge for challenge in offered if _strength(challenge) is not None]
        if not known:
            names = ", ".join(dict.fromkeys(_name(one) for one in offered[:_MOST_NAMES]))
            return Refusal(
                f"asks for a login by {names}, which is not known here "
                "(known are Basic, and Digest with MD5 or SHA-256)",
                by_kind=True,
            )
        best = self._strongest(tried)
        if best is not None and not self.credentials.allow_downgrade:
            accepted = self._accepted
            floor = 1 if accepted is None else accepted.strength
            strong = [one for one in known if (_strength(one) or 0) >= floor]
            if not strong:
                verb = "was sent" if accepted is None else "had been accepted"
                return Refusal(
                    f"asks for {_name(known[0])} after {best.name} {verb}: a weaker login, which "
                    "someone between may ask for; Credentials(allow_downgrade=True) allows it",
                    by_kind=True,
                )
            known = strong
        return self._chosen(known, tried, uses) or self._refused(tried, "")

    def _strongest(self, tried: Sequence[Login]) -> Login | None:
        """The Digest that the device has accepted, or at least has asked this request for."""
        if self._accepted is not None:
            return self._accepted if self._accepted.strength > _BASIC_STRENGTH else None
        digests = [login for login in tried if login.strength > _BASIC_STRENGTH]
        return max(digests, key=lambda login: login.strength, default=None)

    def _chosen(
        self, known: Sequence[Challenge], tried: Sequence[Login], uses: int
    ) -> Login | None:
        # RFC 7616 3.7: the server's order; Basic is no choice beside any Digest.
        digests = [one for one in known if one.scheme == "digest"]
        choice = digests or list(known)
        if self._accepted is not None:
            # What has worked is right, even if the device would rather have another one.
            name = self._accepted.name
            choice.sort(key=lambda one: _name(one) != name)
        names = {login.name for login in tried}
        used = tried[-1] if tried else None
        for challenge in choice:
            name = _name(challenge)
            if name not in names:
                return self._login(challenge)
            if used is not None and used.name == name:
                login = self._again(tried, challenge, uses)
                if login is not None or used.accepted:
                    # An algorithm that has worked is not what the device does not like.
                    return login
        return None

    def _again(self, tried: Sequence[Login], challenge: Challenge, uses: int) -> Login | None:
        """The same scheme with another nonce, or with a higher count, if that may help."""
        if challenge.scheme == "basic":
            return None
        used, login = tried[-1], self._login(challenge)
        new = login.challenge.params["nonce"] != used.challenge.params["nonce"]
        stale = challenge.params.get("stale", "").lower() == "true"
        # Every challenge since that was not this request's own was another one's.
        others = self._challenges - used.serial - sum(one is used for one in tried)
        raced = used.uses > uses or others > 0
        if stale:
            most = _MOST_LOGINS if raced else _MOST_STALE if new else _MOST_UNPROVED
        elif raced:
            most = _MOST_RACED if self._accepted is not None else _MOST_UNPROVED
        else:
            most = _MOST_STALE if new and used.accepted and login not in tried else 0
        return login if len(tried) < most else None

    def bound(self, values: Iterable[str], tried: Sequence[Login]) -> Login | None:
        """The login for a nonce that may be good on the connection alone that it came on.

        For a Digest that was refused with another nonce of the same kind.  It is a last try,
        and only where the device has left the connection open.
        """
        used = tried[-1] if tried else None
        for challenge in parse_challenges(values):
            if used is None or _strength(challenge) != used.strength or not used.strength:
                continue
            if challenge.params["nonce"] != used.challenge.params["nonce"]:
                return self._login(challenge)
        return None

    def _login(self, challenge: Challenge) -> Login:
        """The login for a challenge; the one of before for a nonce that comes again."""
        if challenge.scheme == "basic":
            return Login(challenge, self.credentials, "", self._challenges)
        params = challenge.params.items()
        key = tuple(sorted(pair for pair in params if pair[0] != "stale"))
        if len(self._nonces) >= _MOST_NONCES:
            self._nonces = dict(list(self._nonces.items())[-_MOST_NONCES // 2 :])
        fresh = Login(challenge, self.credentials, self._cnonce(), self._challenges)
        return self._nonces.setdefault(key, fresh)

    def _refused(self, tried: Sequence[Login], why: str) -> Refusal:
        who = f"the login of {self.credentials.user!r}"
        if not tried:
            return Refusal(f"asks for a login and {why}; {who} was not sent", by_kind=True)
        by = tried[-1].name + (f"; it {why}" if why else "")
        return Refusal(f"refuses {who}: wrong user or password (by {by})")
