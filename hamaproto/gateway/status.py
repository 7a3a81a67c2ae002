"""What becomes of a stream, in a word and a sentence: shown to people, counted by programs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hamaproto.errors import (
    AuthenticationError,
    CameraTimeoutError,
    ConnectTimeoutError,
    DeviceError,
    HamaError,
    LoginKindError,
)

__all__ = ["State", "Status", "status_of", "words_for"]


class State(StrEnum):
    """What a stream from a camera does."""

    IDLE = "idle"
    """Nobody watches, so that it is not asked for."""
    CONNECTING = "connecting"
    """It was asked for, and nothing came yet."""
    LIVE = "live"
    """It comes."""
    STALLED = "stalled"
    """It came, and nothing has come for some time."""
    REFUSED = "refused"
    """The camera said no: a wrong login, or no place left."""
    FAILED = "failed"
    """There is no connection."""


@dataclass(frozen=True, slots=True)
class Status:
    """A state, since when, and what there is to say of it; times in seconds since 1970."""

    state: State
    """What it does."""
    since: float
    """When it began."""
    message: str = ""
    """What a person should know; empty if the state says it all."""
    retry_at: float | None = None
    """When the camera is asked again; None where nothing is waited for."""
    last: float | None = None
    """When the last picture, or piece of sound, came."""

    def as_data(self, wall: float) -> dict[str, Any]:
        """For JSON, at that time: as here, but `retry_in` seconds in place of `retry_at`."""
        retry_in = None if self.retry_at is None else round(max(self.retry_at - wall, 0.0), 1)
        return {
            "state": self.state.value,
            "since": self.since,
            "message": self.message,
            "retry_in": retry_in,
            "last": self.last,
        }


def status_of(error: HamaError | None, wall: float, delay: float) -> Status:
    """The status after a loss, with the next attempt in `delay` seconds."""
    if error is None:
        return Status(State.FAILED, wall, "the camera ended the stream", wall + delay)
    state = State.FAILED
    if isinstance(error, DeviceError):
        state = State.REFUSED
    elif isinstance(error, CameraTimeoutError) and not isinstance(error, ConnectTimeoutError):
        state = State.STALLED
    return Status(state, wall, words_for(error), wall + delay)


def words_for(error: HamaError) -> str:
    """An error in words for whoever watches: the user of a login is nothing for them either."""
    if isinstance(error, LoginKindError):
        return "the camera wants a kind of login that is not known here"
    if isinstance(error, AuthenticationError):
        return "the camera refuses the login: wrong user or password"
    return str(error)
