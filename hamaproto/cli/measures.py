"""Lengths of time and amounts of data as people write them: 30s, 10min, 1.5h, 7d, 1GB."""

from __future__ import annotations

import re
from typing import Any, Final

import click

__all__ = ["AMOUNT", "DURATION", "Amount", "format_size", "format_time", "parse_amount"]

_SECONDS: Final = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86400),
    **dict.fromkeys(("w", "week", "weeks"), 7 * 86400),
}
_BYTES: Final = {
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 1 << 10,
    "mib": 1 << 20,
    "gib": 1 << 30,
    "tib": 1 << 40,
}
_WRITTEN: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?) ?([A-Za-z]*)")
#: A year is longer than anything that is meant.
_MOST_SECONDS: Final = 100 * 366 * 86400.0

Amount = tuple[float, None] | tuple[None, int]


def parse_amount(text: str) -> Amount | None:
    """(seconds, None) or (None, bytes); None for what is neither, or has no unit."""
    match = _WRITTEN.fullmatch(text.strip())
    if match is None:
        return None
    number, unit = float(match[1]), match[2].lower()
    if unit in _SECONDS and 0 < number * _SECONDS[unit] <= _MOST_SECONDS:
        return number * _SECONDS[unit], None
    if unit in _BYTES and number * _BYTES[unit] >= 1:
        return None, int(number * _BYTES[unit])
    return None


class _AmountType(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on
    """Either of the two."""

    name = "TIME|SIZE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Amount:
        if isinstance(value, tuple):
            return value
        amount = parse_amount(str(value))
        if amount is None:
            self.fail(f"{value!r}: a time such as 10min or 7d, or a size such as 1GB, is needed")
        return amount


class _DurationType(click.ParamType):  # type: ignore[type-arg]  # as above
    """A length of time; a number without a unit is of seconds."""

    name = "TIME"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        text = str(value).strip()
        amount = parse_amount(text) or parse_amount(f"{text}s")
        if text.strip("0.") == "" and text:
            return 0.0
        if amount is None or amount[0] is None:
            self.fail(f"{value!r}: a time such as 30s or 5min is needed")
        return amount[0]


AMOUNT: Final = _AmountType()
DURATION: Final = _DurationType()


def format_size(size: int) -> str:
    """For people: three digits and a unit."""
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.5:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 99.95 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def format_time(seconds: float) -> str:
    """Hours, minutes and seconds."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
