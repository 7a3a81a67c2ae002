"""`hamaproto.retry_after`: RFC 9110 10.2.3 and 5.6.7, whose own example is used here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.headers import Headers
from hamaproto.retry_after import retry_after

#: RFC 9110 5.6.7: one moment in three forms; in seconds since 1970 by `date -d ... +%s`.
FORMS = (
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT",
    "Sun Nov  6 08:49:37 1994",
)
MOMENT = 784111777.0


def headers(after: str, date: str | None = None) -> Headers:
    return Headers([("Retry-After", after)] + ([("Date", date)] if date else []))


@pytest.mark.parametrize("text", FORMS)
def test_a_date(text: str) -> None:
    assert retry_after(headers(text), MOMENT - 90) == 90.0
    assert retry_after(headers(text), MOMENT + 90) == 0.0
    assert retry_after(headers(text), None) is None


@pytest.mark.parametrize("text", FORMS)
def test_the_devices_own_clock_counts(text: str) -> None:
    """A camera that was switched on just now thinks that it is 1994, or 1970."""
    assert retry_after(headers(text, "Sun, 06 Nov 1994 08:49:07 GMT"), 1.7e9) == 30.0
    assert retry_after(headers(text, "nonsense"), MOMENT - 5) == 5.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0.0), ("120", 120.0), (" 7\t", 7.0), ("9" * 5000, float("inf"))],
)
def test_seconds(text: str, seconds: float) -> None:
    assert retry_after(headers(text), 0.0) == seconds


@pytest.mark.parametrize(
    "text", ["", "-1", "1.5", "soon", "\u00b2", "Sun, 06 Nov 99999 08:49:37 GMT", "Nov " * 5000]
)
def test_what_means_nothing(text: str) -> None:
    assert retry_after(headers(text), 0.0) is None
    assert retry_after(Headers(), 0.0) is None


def test_a_date_is_read_up_to_its_longest() -> None:
    """What is longer than any date with a remark behind it is not looked at."""
    for length, seconds in ((64, 90.0), (65, None)):
        text = FORMS[0] + f" ({'x' * (length - len(FORMS[0]) - 3)})"
        assert len(text) == length
        assert retry_after(headers(text), MOMENT - 90) == seconds


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_read_or_left(after: str, date: str) -> None:
    seconds = retry_after(headers(after, date), 0.0)
    assert seconds is None or seconds >= 0.0
