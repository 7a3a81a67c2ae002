"""Arguments, checked where they are passed in; the words of such an error stand here.

    Timeouts(idle='5'): a number of seconds over 0, or None; not a str

Each message names the call and the argument, what came, and what is allowed.  A wrong type
raises `ArgumentTypeError`, a wrong value `LocalProtocolError`.  What may hold a password is
passed as `secret`: then only its type is named.
"""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, TypeVar, cast

from hamaproto.errors import ArgumentTypeError, LocalProtocolError

__all__ = ["YEAR", "flag", "instance", "number", "whole", "wrong_type", "wrong_value"]

T = TypeVar("T")

#: Seconds; a longer wait is a mistake, and overflows the timers of some systems.
YEAR = 366 * 24 * 3600.0
_SHOWN = 60


def _came(value: object) -> str:
    """What came, in few characters.  Never raises, whatever the value's own repr does."""
    if isinstance(value, int) and value.bit_length() > 200:
        return f"a number of {value.bit_length()} bits"
    if value is None or isinstance(value, bool | int | float | str | bytes):
        text = ascii(value)
        return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
    return "..."


def _a(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def wrong_type(
    call: str, name: str, value: object, allowed: str, *, secret: bool = False
) -> ArgumentTypeError:
    """The error for an argument of a type that is not allowed."""
    came = "..." if secret else _came(value)
    kind = "None" if value is None else _a(type(value).__name__)
    return ArgumentTypeError(f"{call}({name}={came}): {allowed}; not {kind}")


def wrong_value(
    call: str, name: str, value: object, allowed: str, *, secret: bool = False
) -> LocalProtocolError:
    """The error for an argument of the right type that is not allowed all the same."""
    return LocalProtocolError(f"{call}({name}={'...' if secret else _came(value)}): {allowed}")


def instance(
    call: str,
    name: str,
    value: object,
    kinds: type[T] | tuple[type[Any], ...],
    allowed: str,
    *,
    secret: bool = False,
) -> T:
    """The value, if it is an instance of one of these classes."""
    if not isinstance(value, kinds):
        raise wrong_type(call, name, value, allowed, secret=secret)
    return cast(T, value)


def flag(call: str, name: str, value: object) -> None:
    """True or False, and nothing that merely counts as one."""
    if not isinstance(value, bool):
        raise wrong_type(call, name, value, "True or False")


def number(
    call: str,
    name: str,
    value: object,
    allowed: str,
    *,
    low: float,
    high: float,
    above: bool = False,
) -> None:
    """A finite number from `low` to `high`; with `above`, over `low`.  A bool is none."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise wrong_type(call, name, value, allowed)
    plain: Any = value
    # In this form NaN is refused too.
    if not low <= plain <= high or (above and plain == low):
        raise wrong_value(call, name, value, allowed)


def whole(
    call: str, name: str, value: object, allowed: str, *, low: int, high: int | None = None
) -> None:
    """A whole number of at least `low`, and at most `high`.  A bool is none."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise wrong_type(call, name, value, allowed)
    if int(value) < low or (high is not None and int(value) > high):
        raise wrong_value(call, name, value, allowed)
