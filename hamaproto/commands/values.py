"""What a value may be, so that it reaches a camera as it is, and how it is written.

The cameras search the query for the name of a parameter, take the first hit, and decode no
percent-escapes.  So a value is made of characters that a URL can hold unescaped, has no `&`,
`=` or `#`, and at most 126 bytes.  Anything else is refused rather than altered, here or by
an HTTP library on its way.

An `Argument` is one value of a command: its name in Python, its key in the query, the values
that the specification prints.  No message repeats a value that may be a password.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from hamaproto.errors import ArgumentTypeError, LocalProtocolError
from hamaproto.models import Resolution

__all__ = [
    "MAX_PRESET_NAME",
    "MAX_VALUE",
    "Argument",
    "Choice",
    "FileName",
    "PresetName",
    "carried",
    "choice",
    "query",
    "written",
]

#: The cameras ignore a longer value, in bytes, and store no more bytes of a preset's name.
MAX_VALUE = 126
MAX_PRESET_NAME = 63
#: An error shows no more characters of a value than this.
_SHOWN = 40

#: What RFC 3986 lets stand in a query, less "&", "=" and "%": the characters that reach a
#: camera unchanged through every HTTP library.
_VALUE = re.compile(r"[A-Za-z0-9._~!$'()*+,;:@/?-]*")
#: What RFC 3986 lets stand in a segment of a path.
_SEGMENT_SAFE = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@"
)


def carried(what: str, text: str) -> str:
    """`text`, if it reaches the camera as it is; the message does not repeat `text`."""
    for index, character in enumerate(text):
        if not _VALUE.fullmatch(character):
            raise LocalProtocolError(
                f"{what}: {character!r} at index {index} can't be carried; the cameras decode "
                "no percent-escapes, so a value is made of ASCII letters, digits and "
                "-._~!$'()*+,;:@/?"
            )
    if not text or len(text) > MAX_VALUE:
        raise LocalProtocolError(
            f"{what}: {len(text)} bytes; the cameras ignore an empty value and one of more "
            f"than {MAX_VALUE} bytes"
        )
    return text


def query(head: str, pairs: Iterable[tuple[str, str]]) -> str:
    """The target `head` with `name=value` pairs behind it, in this order."""
    target = head
    for name, value in pairs:
        joint = "&" if "?" in target else "?"
        at = len(target) + 1
        target += f"{joint}{name}={value}"
        if target.find(name, target.index("?")) != at:
            raise LocalProtocolError(
                f"the name {name} also occurs before its place in the query; the cameras take "
                "the first hit: use another value, or one request for each parameter"
            )
    return target


def written(what: str, value: object) -> str:
    """A value as it stands in a target."""
    if isinstance(value, Resolution):
        return str(value)
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ArgumentTypeError(f"{what}: takes a str or an int, not {type(value).__name__}")
    # Python makes no decimal digits of a number that is far too long.
    if isinstance(value, int) and value.bit_length() > 8 * MAX_VALUE:
        raise LocalProtocolError(f"{what}: a number of more than {MAX_VALUE} bytes")
    return str(value)


def _unchanged(value: object) -> object:
    return value


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a command.

    `name` is the argument of the builder.  `key` stands before the value in the query; it is
    None where the value is a segment of the path.  `example` is the value in the
    specification's own example.  `allowed` has the printed values as they stand in a target;
    it is empty where the specification prints no list.
    """

    name: str
    key: str | None
    example: object
    allowed: tuple[str, ...] = ()

    def text(self, clause: str, value: object, unchecked: bool) -> str:
        """`value` as it stands in a target; raises LocalProtocolError, which names `clause`."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Choice(Argument):
    """One of the printed values, or with `unchecked` any that can be carried.

    `spelled` makes the printed spelling of another one, and leaves all else as it is.
    """

    spelled: Callable[[object], object] = _unchanged

    def text(self, clause: str, value: object, unchecked: bool) -> str:
        what = self.name.replace("_", " ")
        text = written(what, self.spelled(value))
        if text in self.allowed:
            return text
        if unchecked:
            return carried(what, text)
        shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
        raise LocalProtocolError(
            f"{what}: {shown!r} is not allowed; allowed are {', '.join(self.allowed)} "
            f"(clause {clause}); unchecked=True sends other values"
        )


def choice(
    name: str,
    key: str,
    printed: Iterable[object],
    *,
    example: object,
    spelled: Callable[[object], object] = _unchanged,
) -> Choice:
    """The argument that takes one of `printed`."""
    allowed = tuple(written(name, value) for value in printed)
    return Choice(name, key, example, allowed, spelled)


@dataclass(frozen=True, slots=True)
class PresetName(Argument):
    """The name of a preset point (4.3, 4.4): at most 63 bytes that can be carried."""

    def text(self, clause: str, value: object, unchecked: bool) -> str:
        if not isinstance(value, str):
            raise ArgumentTypeError(f"preset name: takes a str, not {type(value).__name__}")
        carried("preset name", value)
        if len(value) > MAX_PRESET_NAME and not unchecked:
            raise LocalProtocolError(
                f"preset name: {len(value)} bytes; the cameras keep {MAX_PRESET_NAME} "
                f"(clause {clause}); unchecked=True sends more"
            )
        return value


@dataclass(frozen=True, slots=True)
class FileName(Argument):
    """The name of a file (1.2): one segment of a path, in visible ASCII or blanks.

    What can't stand in a URL is percent-encoded, for the cameras decode paths.
    """

    def text(self, clause: str, value: object, unchecked: bool) -> str:
        if not isinstance(value, str):
            raise ArgumentTypeError(f"file name: takes a str, not {type(value).__name__}")
        if value in ("", ".", "..") or len(value) > MAX_VALUE:
            raise LocalProtocolError(
                f"file name of {len(value)} characters: it is one segment of a path, of 1 to "
                f"{MAX_VALUE} characters and neither '.' nor '..' (clause {clause})"
            )
        for index, character in enumerate(value):
            if not " " <= character <= "~" or character in "/\\?#":
                raise LocalProtocolError(
                    f"file name: {character!r} at index {index} can't be carried; it is one "
                    "segment of a path, in ASCII, without / \\ ? # and controls "
                    f"(clause {clause})"
                )
        return "".join(c if c in _SEGMENT_SAFE else f"%{ord(c):02X}" for c in value)
