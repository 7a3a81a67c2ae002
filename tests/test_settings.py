"""`hamaproto.settings`: what a program passes in, checked where it is passed in."""

from __future__ import annotations

import dataclasses
import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.errors import ArgumentTypeError, LocalProtocolError
from hamaproto.limits import Limits
from hamaproto.settings import (
    DEFAULT_TIMEOUTS,
    Backoff,
    Endpoint,
    Settings,
    Timeouts,
    check_policy,
)
from hamaproto.wire.auth import Credentials

# -- times -----------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0, -1, "5"])
def test_timeouts_are_numbers_over_0(value: Any) -> None:
    with pytest.raises(LocalProtocolError, match="Timeouts"):
        Timeouts(idle=value)
    assert Timeouts.of(3) == Timeouts(3, 3, 3, 3)
    # None is for ever, wherever it stands; what nobody said has an end.
    assert Timeouts.of(None) == Timeouts(None, None, None, None)
    assert Timeouts() == DEFAULT_TIMEOUTS
    assert all(getattr(DEFAULT_TIMEOUTS, row.name) for row in dataclasses.fields(Timeouts))


def test_timeouts_of_timeouts_are_they() -> None:
    times = Timeouts(idle=3)
    assert Timeouts.of(times) is times
    with pytest.raises(LocalProtocolError, match="timeout=0"):
        Timeouts.of(0)


def test_backoff_grows_to_its_cap_and_no_further() -> None:
    steady = Backoff(initial=1, factor=3, cap=5, jitter=0)
    assert [steady.delay(n) for n in (1, 2, 3, 4, 10_000)] == [1, 3, 5, 5, 5]
    spread = Backoff(initial=1, factor=3, cap=5, jitter=0.5, rng=lambda: 0.5)
    assert [spread.delay(n) for n in (1, 2, 3)] == [0.75, 2.25, 3.75]
    assert Backoff(initial=0).delay(1000) == 0
    for wrong in ({"factor": 0.5}, {"jitter": 2}, {"initial": -1}, {"attempts": 0}):
        with pytest.raises(LocalProtocolError, match="Backoff"):
            Backoff(**wrong)
    with pytest.raises(ArgumentTypeError, match=r"rng=0\.5"):
        Backoff(rng=0.5)  # type: ignore[arg-type]


@given(
    initial=st.floats(0, 100),
    factor=st.floats(1, 1000),
    cap=st.floats(0, 100),
    jitter=st.floats(0, 1),
    random=st.floats(-2, 2),
    attempt=st.integers(1, 10**6),
)
def test_a_delay_is_between_its_unjittered_share_and_the_cap(
    initial: float, factor: float, cap: float, jitter: float, random: float, attempt: int
) -> None:
    delay = Backoff(initial, factor, cap, jitter, rng=lambda: random).delay(attempt)
    least = min(initial, cap) * (1 - jitter)
    assert least * (1 - 1e-9) <= delay <= cap


def test_numbers_of_other_kinds_are_numbers() -> None:
    numpy = pytest.importorskip("numpy")
    assert Timeouts(idle=numpy.float64(2)).idle == 2
    assert Backoff(attempts=numpy.int64(3)).attempts == 3
    assert Backoff(factor=1, initial=1, jitter=0).delay(10**9) == 1
    assert Backoff(factor=2, cap=7, jitter=0).delay(10**9) == 7
    # Whatever a generator of random numbers gives, no delay is negative or over the cap.
    assert Backoff(initial=1, jitter=1, rng=lambda: 5.0).delay(1) == 0
    assert Backoff(initial=1, jitter=1, rng=lambda: -5.0).delay(1) == 1


def test_what_is_a_policy() -> None:
    check_policy("wait", 1)
    check_policy("latest", 16)
    wrong: list[Any] = [("newest", 1), (None, 1), ("wait", 0), ("wait", 1.5), ("wait", True)]
    for policy, queue in wrong:
        with pytest.raises(LocalProtocolError, match=r"policy=|queue="):
            check_policy(policy, queue)


# -- where the camera is ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "host", "port", "authority", "prefix"),
    [
        ("http://camera", "camera", 80, "camera", ""),
        ("192.168.1.20", "192.168.1.20", 80, "192.168.1.20", ""),
        ("camera:8080/", "camera", 8080, "camera:8080", ""),
        ("http://camera/front/door/", "camera", 80, "camera", "/front/door"),
        ("http://[::1]", "::1", 80, "[::1]", ""),
        ("http://[fe80::1%25eth0]:81/x", "fe80::1%eth0", 81, "[fe80::1]:81", "/x"),
    ],
)
def test_where_a_url_leads(url: str, host: str, port: int, authority: str, prefix: str) -> None:
    endpoint, credentials = Endpoint.parse(url)
    assert credentials is None
    assert (endpoint.host, endpoint.port) == (host, port)
    assert (endpoint.authority, endpoint.prefix) == (authority, prefix)


@pytest.mark.parametrize(
    ("url", "shown", "is_address", "name"),
    [
        ("http://camera:81/x", "camera:81", False, "camera"),
        ("http://camera:80", "camera:80", False, "camera"),
        ("https://10.0.0.1", "10.0.0.1:443", True, "10.0.0.1"),
        ("https://[::1]:444/a", "[::1]:444", True, "::1"),
        ("http://[fe80::1%25eth0]:81", "[fe80::1%eth0]:81", True, "fe80::1"),
    ],
)
def test_what_an_endpoint_says(url: str, shown: str, is_address: bool, name: str) -> None:
    endpoint, _ = Endpoint.parse(url)
    assert (str(endpoint), endpoint.is_address, endpoint.server_name) == (shown, is_address, name)
    assert endpoint.secure is url.startswith("https")
    assert Endpoint.parse(endpoint.url)[0].url == endpoint.url


@pytest.mark.parametrize(
    "url", ["ftp://camera", "http://", "http://a b", "http://camera?x", "camera:0", 5]
)
def test_what_is_no_url_of_a_camera(url: Any) -> None:
    with pytest.raises(LocalProtocolError), warnings.catch_warnings():
        Settings(url)


# -- settings --------------------------------------------------------------------------


def test_settings_hold_what_was_passed_in() -> None:
    settings = Settings("camera/front")
    assert repr(settings) == "<Settings http://camera/front>"
    assert settings.authenticator is None
    assert settings.timeouts is DEFAULT_TIMEOUTS
    assert settings.limits is None
    assert settings.fields.given == ()
    settings = Settings(
        "camera",
        auth=("admin", "1234"),
        timeout=3,
        limits=Limits(max_body=9),
        headers={"Cookie": "a"},
    )
    assert settings.authenticator is not None
    assert settings.timeouts == Timeouts.of(3)
    assert settings.limits == Limits(max_body=9)
    assert settings.fields.given == (("Cookie", "a"),)
    assert "1234" not in repr(settings)
    with pytest.raises(ArgumentTypeError, match="limits=5"):
        Settings("camera", limits=5)  # type: ignore[arg-type]
    with pytest.raises(LocalProtocolError, match="Authorization"):
        Settings("camera", auth=("admin", "1234"), headers={"Authorization": "x"})


def test_a_password_in_a_url_is_warned_of_where_it_was_written() -> None:
    with pytest.warns(UserWarning, match="password in a URL") as caught:
        settings = Settings("http://admin:s%40cret@camera")
    assert caught[0].filename == __file__
    assert settings.authenticator is not None
    assert settings.authenticator.credentials.password == "s@cret"
    # A login that was passed in counts more.
    with pytest.warns(UserWarning, match="password in a URL"):
        settings = Settings("http://admin:s%40cret@camera", auth=("root", "x"))
    assert settings.authenticator is not None
    assert settings.authenticator.credentials.user == "root"


def test_only_a_login_that_was_not_learnt_is_to_be_learnt() -> None:
    assert not Settings("camera").needs_login_first
    assert Settings("camera", auth=("admin", "1234")).needs_login_first
    known = Credentials("admin", "1234", preemptive=True)
    assert not Settings("camera", auth=known).needs_login_first
