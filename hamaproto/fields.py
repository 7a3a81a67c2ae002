"""The header fields of a request that are not the protocol's own: what a program adds.

    OwnFields({"User-Agent": "me/1", "Cookie": "a=b"}) -> lines() for a request

They are checked where they are passed in, as all of a request is: a name is a token, a value
has no line end, and what the request says itself (`Host`, `Connection`, a length) is not
said twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hamaproto import _checks
from hamaproto._version import __version__
from hamaproto.errors import LocalProtocolError
from hamaproto.wire.http import bytes_of_request

__all__ = ["GivenFields", "OwnFields"]

GivenFields = Mapping[str, str] | Iterable[tuple[str, str]] | None

_USUAL = (
    ("User-Agent", f"hamaproto/{__version__}"),
    # Without it any coding is acceptable (RFC 9110 12.5.3).
    ("Accept-Encoding", "identity"),
)
#: What says who asks: for the camera itself only, and not where it is asked without a login.
_WHO = frozenset({"authorization", "cookie"})
#: What may be known to another host, to which the camera redirects.
_HARMLESS = frozenset({"user-agent", "accept", "accept-encoding", "accept-language"})
_ALLOWED = "a mapping of header names to values, or (name, value) pairs, all of them str"


class OwnFields:
    """The fields that a program adds to its requests; a usual one of the same name gives way.

    Raises LocalProtocolError for what can't be sent, and never repeats a value.
    """

    __slots__ = ("given",)

    def __init__(self, given: GivenFields = None, *, call: str = "ClientConnection") -> None:
        pairs = given.items() if isinstance(given, Mapping) else given
        if isinstance(pairs, str | bytes) or not isinstance(pairs, Iterable | None):
            raise _checks.wrong_type(call, "headers", given, _ALLOWED, secret=True)
        found = []
        for pair in pairs or ():
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise _checks.wrong_type(call, "headers", pair, _ALLOWED, secret=True)
            for text in pair:
                _checks.instance(call, "headers", text, str, _ALLOWED, secret=True)
            found.append(pair)
        self.given: tuple[tuple[str, str], ...] = tuple(found)
        bytes_of_request("/", "checked", self.given)

    def __repr__(self) -> str:
        return f"<OwnFields {', '.join(name for name, _ in self.given)}>"

    def without_login(self) -> None:
        """Raises LocalProtocolError if they have a login of their own."""
        if any(name.lower() == "authorization" for name, _ in self.given):
            raise LocalProtocolError(
                "headers: has an Authorization of its own; leave it out, or leave out auth"
            )

    def lines(self, *, anonymous: bool = False) -> list[tuple[str, str]]:
        """What a request says; `anonymous` leaves out what says who asks."""
        names = {name.lower() for name, _ in self.given}
        usual = [pair for pair in _USUAL if pair[0].lower() not in names]
        own = [pair for pair in self.given if not anonymous or pair[0].lower() not in _WHO]
        return usual + own

    def elsewhere(self) -> OwnFields:
        """What of them another host may know."""
        return OwnFields(pair for pair in self.given if pair[0].lower() in _HARMLESS)
