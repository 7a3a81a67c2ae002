"""What of a capture is nobody's business: logins, cookies, passwords, also those in lists.

    hidden_target(text)       a target without the values of such keys, and without a login
    hidden_fields(headers)    fields, those that carry a login or a cookie without their values
    hidden_value(key, value)  the value of a line of a list; `listuser` answers with passwords
    hidden_list(data)         a whole list, line by line

    hidden_request(data)      the bytes of a request
    hidden_answer(data)       those of the head of an answer, which stay as long as they are

Each of them leaves the names, so that it can be seen that something was there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from hamaproto.headers import Headers

__all__ = [
    "HIDDEN",
    "hidden_answer",
    "hidden_fields",
    "hidden_list",
    "hidden_request",
    "hidden_target",
    "hidden_value",
]

HIDDEN: Final = "***"
#: Parts of the names of keys whose values are secret.  A user is half of a login.
_KEYS: Final = re.compile(
    r"pass|pwd|user|login|auth|token|secret|session|cookie|credential|key\Z|account|wpa|wep|psk"
    r"|\Apw\Z|\Asid\Z",
    re.IGNORECASE,
)
#: Keys that such a part stands in, and which are none: of the specification.
_OPEN: Final = re.compile(r"(?:max|current)users\Z|\Auser-agent\Z", re.IGNORECASE)
_FIELDS: Final = frozenset(
    {
        "authorization",
        "cookie",
        "proxy-authorization",
        "set-cookie",
        "www-authenticate",
        "x-api-key",
        "x-auth-token",
    }
)
#: A pair in a target or in a value: `listuser` has `User1=admin,Password=1234`.
# A key is looked for where one can begin, so that a long text without `=` is read once.
_PAIR = re.compile(r"(?<![^?&=,;\s])([^?&=,;\s]++)=([^&,;\s]*)")
_USERINFO = re.compile(r"//[^/@\s]{1,512}@")


def _is_secret(key: str) -> bool:
    return _KEYS.search(key) is not None and _OPEN.search(key) is None


def _hide_pair(match: re.Match[str]) -> str:
    return f"{match[1]}={HIDDEN}" if match[2] and _is_secret(match[1]) else match[0]


def hidden_target(target: str) -> str:
    """A target, or a URL, without what is secret in it."""
    return _PAIR.sub(_hide_pair, _USERINFO.sub(f"//{HIDDEN}@", target))


def hidden_fields(headers: Headers) -> Iterator[tuple[str, str]]:
    """The fields in their order; of those that are secret the name and, for a login, its kind."""
    for name, value in headers.raw:
        lower = name.lower()
        if lower in _FIELDS or _is_secret(lower):
            kind = value.partition(" ")[0] if "authenticat" in lower or "authoriz" in lower else ""
            yield name, f"{kind} {HIDDEN}".strip()
        else:
            yield name, hidden_target(value)


def hidden_value(key: str, value: str) -> str:
    """The value of a line of a list, without what is secret in it."""
    if _is_secret(key.rpartition(".")[2]) and value:
        return HIDDEN
    return _PAIR.sub(_hide_pair, value)


def hidden_list(data: bytes) -> bytes:
    """A list as it was sent, with `***` in the place of what is secret."""
    lines = data.decode("latin-1").split("\n")
    shown = []
    for line in lines:
        key, equals, value = line.partition("=")
        end = "\r" if value.endswith("\r") else ""
        value = value.removesuffix("\r")
        shown.append(f"{key}{equals}{hidden_value(key.strip(), value)}{end}" if equals else line)
    return "\n".join(shown).encode("latin-1")


def hidden_request(data: bytes) -> bytes:
    """The bytes of a request, without what is secret in its target and its fields."""
    head, blank, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    shown = [hidden_target(first)]
    for line in lines:
        fields = list(hidden_fields(Headers.parse(line.encode("latin-1"))))
        shown += [f"{name}: {value}" for name, value in fields]
    return "\r\n".join(shown).encode("latin-1") + blank + body


_COOKIE = re.compile(rb"(?i)((?:\A|\n)set-cookie2?:[ \t]*+)([^\r\n]*)")


def hidden_answer(data: bytes) -> bytes:
    """The bytes of a head of an answer with stars over its cookies: no place in it moves."""
    return _COOKIE.sub(lambda match: match[1] + b"*" * len(match[2]), data)
