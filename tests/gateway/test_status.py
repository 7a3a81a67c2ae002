"""A state, and what is said of it."""

from __future__ import annotations

import pytest

from hamaproto.errors import (
    AuthenticationError,
    BusyError,
    ConnectError,
    ConnectionLostError,
    ConnectTimeoutError,
    HamaError,
    IdleTimeoutError,
    LoginKindError,
    RemoteProtocolError,
)
from hamaproto.gateway.status import State, Status, status_of, words_for


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (None, State.FAILED),
        (ConnectError("nobody"), State.FAILED),
        (ConnectTimeoutError("nobody"), State.FAILED),
        (ConnectionLostError("gone"), State.FAILED),
        (RemoteProtocolError("what?"), State.FAILED),
        (IdleTimeoutError("silent"), State.STALLED),
        (BusyError("full"), State.REFUSED),
        (AuthenticationError("no"), State.REFUSED),
    ],
)
def test_an_error_has_a_state(error: HamaError | None, state: State) -> None:
    status = status_of(error, 1000.0, 2.5)
    assert (status.state, status.since, status.retry_at) == (state, 1000.0, 1002.5)
    assert status.message


def test_what_is_left_until_the_next_attempt_is_told() -> None:
    status = Status(State.FAILED, 1000.0, "gone", 1002.5, 990.0)
    told = {"state": "failed", "since": 1000.0, "message": "gone", "last": 990.0}
    assert status.as_data(1001.0) == {**told, "retry_in": 1.5}
    assert status.as_data(1010.0) == {**told, "retry_in": 0.0}
    assert Status(State.LIVE, 1.0).as_data(2.0)["retry_in"] is None


@pytest.mark.parametrize("kind", [AuthenticationError, LoginKindError])
def test_no_part_of_a_login_is_told(kind: type[AuthenticationError]) -> None:
    words = words_for(kind("127.0.0.1:80 refuses the login of 'admin'"))
    assert "login" in words
    assert "admin" not in words
    assert words_for(BusyError("all taken")) == "all taken"
