"""When a device says that it may be asked again: `Retry-After` (RFC 9110 10.2.3).

    the headers of a refusal, and the time by the wall clock -> seconds, or None

A date is meant by the device's own clock, which in a camera may be years away from ours.  So
it is held against the `Date` of the same answer, and against our clock only if there is none.
"""

from __future__ import annotations

import re
from email.utils import mktime_tz, parsedate_tz

from hamaproto.headers import Headers

__all__ = ["retry_after"]

_SECONDS = re.compile(r"[0-9]{1,9}")
_MOST_DIGITS = re.compile(r"[0-9]{10,}")
_LONGEST_DATE = 64


def retry_after(headers: Headers, wall: float | None) -> float | None:
    """Seconds from now, at least 0; None if it says nothing that can be read."""
    text = headers.get("retry-after", "").strip(" \t")
    if _SECONDS.fullmatch(text):
        return float(text)
    if _MOST_DIGITS.fullmatch(text):
        return float("inf")
    then = _seconds_since_1970(text)
    now = _seconds_since_1970(headers.get("date", ""))
    now = wall if now is None else now
    return None if then is None or now is None else max(0.0, then - now)


def _seconds_since_1970(text: str) -> float | None:
    """One of the three forms of RFC 9110 5.6.7, or something near them."""
    if len(text) > _LONGEST_DATE:
        return None
    try:
        parts = parsedate_tz(text)
        return None if parts is None else float(mktime_tz(parts))
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
