"""What a 401 offers: the challenges of `WWW-Authenticate` (RFC 9110 11.6.1).

    field values -> Challenge, ..., in the server's order

Servers write them in every way that looks right, so nothing here raises: what has no
meaning is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

__all__ = ["Challenge", "parse_challenges"]

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
