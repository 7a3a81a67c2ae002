"""`hamaproto._checks`: a wrong argument is told in one line that says call, value and remedy."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hamaproto import _checks
from hamaproto.errors import ArgumentTypeError, LocalProtocolError

ALLOWED = "what is allowed"
TYPES = ArgumentTypeError, TypeError, LocalProtocolError


class Rude:
    """A value whose own repr is a trap."""

    def __repr__(self) -> str:
        raise RuntimeError


def refused(check: Callable[[], object]) -> str:
    with pytest.raises(LocalProtocolError) as raised:
        check()
    return str(raised.value)


def test_a_year_has_the_days_of_the_longest_one() -> None:
    """In seconds: some systems' timers overflow beyond some years."""
    assert _checks.YEAR == 366 * 86_400


# -- the words -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "came", "kind"),
    [
        ("5", "'5'", "a str"),
        (b"\xff", r"b'\xff'", "a bytes"),
        ("\xe9\x1b", r"'\xe9\x1b'", "a str"),
        (1.5, "1.5", "a float"),
        (True, "True", "a bool"),
        (None, "None", "None"),
        ([1], "...", "a list"),
        ({}, "...", "a dict"),
        (Rude(), "...", "a Rude"),
        (7, "7", "an int"),
        (Fraction(1, 2), "...", "a Fraction"),
        (np.arange(3), "...", "a ndarray"),
        ("x" * 58, "'" + "x" * 58 + "'", "a str"),
        ("x" * 59, "'" + "x" * 59 + "...", "a str"),
        (2**200 - 1, str(2**200 - 1)[:60] + "...", "an int"),
        (2**200, "a number of 201 bits", "an int"),
        (-(10**5000), "a number of 16610 bits", "an int"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_wrong_type_is_told_in_one_line(value: object, came: str, kind: str) -> None:
    error = _checks.wrong_type("call", "name", value, ALLOWED)
    assert str(error) == f"call(name={came}): {ALLOWED}; not {kind}"
    assert isinstance(error, TYPES)
    secret = _checks.wrong_type("call", "name", value, ALLOWED, secret=True)
    assert str(secret) == f"call(name=...): {ALLOWED}; not {kind}"


@given(st.one_of(st.integers(), st.text(), st.binary(), st.floats(), st.none()))
def test_every_line_is_short_and_printable(value: object) -> None:
    for error in (
        _checks.wrong_type("call", "name", value, ALLOWED),
        _checks.wrong_value("call", "name", value, ALLOWED),
    ):
        assert str(error).isascii()
        assert str(error).isprintable()
        assert len(str(error)) <= 63 + len(f"call(name=): {ALLOWED}; not a bytes")


def test_a_wrong_value_is_no_wrong_type() -> None:
    error = _checks.wrong_value("call", "name", "x", ALLOWED)
    assert str(error) == f"call(name='x'): {ALLOWED}"
    assert type(error) is LocalProtocolError
    secret = _checks.wrong_value("call", "name", "x", ALLOWED, secret=True)
    assert str(secret) == f"call(name=...): {ALLOWED}"


# -- the checks ------------------------------------------------------------------------


def test_an_instance_is_given_back() -> None:
    value = ["x"]
    assert _checks.instance("call", "name", value, list, ALLOWED) is value
    assert _checks.instance("call", "name", value, (str, list), ALLOWED) is value
    said = refused(lambda: _checks.instance("call", "name", "hunter2", (int, list), ALLOWED))
    assert said == f"call(name='hunter2'): {ALLOWED}; not a str"
    said = refused(lambda: _checks.instance("call", "name", "hunter2", int, ALLOWED, secret=True))
    assert said == f"call(name=...): {ALLOWED}; not a str"


@pytest.mark.parametrize("value", [0, 1, None, "True", np.bool_(True)])
def test_a_flag_is_true_or_false(value: object) -> None:
    _checks.flag("call", "name", True)
    _checks.flag("call", "name", False)
    said = refused(lambda: _checks.flag("call", "name", value))
    assert ": True or False; not a" in said or said.endswith(": True or False; not None")


numbers: Any = st.one_of(
    st.integers(-3, 12), st.floats(), st.fractions(), st.sampled_from([np.float32(2), np.int8(7)])
)


@given(numbers, st.booleans())
@example(1, False)
@example(1, True)
@example(1.0, True)
@example(10, True)
@example(math.nan, False)
@example(math.inf, False)
@example(math.nextafter(10, 11), False)
@example(math.nextafter(1, 0), False)
@example(math.nextafter(1, 2), True)
def test_a_number_lies_between_its_ends(value: Any, above: bool) -> None:
    def check() -> None:
        _checks.number("call", "name", value, ALLOWED, low=1, high=10, above=above)

    inside = 1 < value <= 10 if above else 1 <= value <= 10
    if inside:
        check()
    else:
        assert refused(check).endswith(f"): {ALLOWED}")


def test_an_end_counts_unless_it_is_said_otherwise() -> None:
    _checks.number("call", "name", 0, ALLOWED, low=0, high=1)


@pytest.mark.parametrize("value", [True, False, None, "1", 1j, [1]])
def test_what_is_no_number(value: Any) -> None:
    for check in (
        lambda: _checks.number("call", "name", value, ALLOWED, low=0, high=10),
        lambda: _checks.whole("call", "name", value, ALLOWED, low=0),
    ):
        with pytest.raises(ArgumentTypeError, match=rf"^call\(name=.*\): {ALLOWED}; not "):
            check()


@given(st.integers(), st.integers(-5, 5), st.one_of(st.none(), st.integers(5, 9)))
@example(5, 5, 5)
@example(4, 5, None)
@example(10**30, 0, None)
@example(6, 0, 5)
def test_a_whole_number_lies_between_its_ends(value: int, low: int, high: int | None) -> None:
    def check() -> None:
        _checks.whole("call", "name", value, ALLOWED, low=low, high=high)

    if low <= value and (high is None or value <= high):
        check()
    else:
        assert refused(check).endswith(f"): {ALLOWED}")


def test_a_whole_number_is_of_any_integral_type() -> None:
    _checks.whole("call", "name", np.int64(3), ALLOWED, low=3, high=3)
    for value in (1.0, Fraction(1), np.float64(1)):
        with pytest.raises(ArgumentTypeError):
            _checks.whole("call", "name", value, ALLOWED, low=0)
