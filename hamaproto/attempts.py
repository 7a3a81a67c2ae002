"""The losses of a stream, one behind the other, and whether another attempt may help.

    lost(error)  -> seconds until the next attempt, or None: the error is the end
    frame()      -> how many attempts it took, for the first frame behind a loss

A loss passes: the network, a camera that restarts, one whose slots are taken.  A wrong password
does not pass, and each further try may lock the user out.  A good frame makes the next loss the
first one again.
"""

from __future__ import annotations

from typing import Final

from hamaproto.errors import (
    AuthenticationError,
    CertificateError,
    HamaError,
    LocalProtocolError,
    RefusedError,
)
from hamaproto.outcome import is_success
from hamaproto.settings import Backoff

__all__ = ["Attempts"]

#: What says "later": Request Timeout (RFC 9110 15.5.9), Too Early (RFC 8470 5.2), Too Many
#: Requests (RFC 6585 4).
_LATER: Final = frozenset({408, 425, 429})


class Attempts:
    """Counts the attempts of a session; without a `Backoff` no loss has a second one."""

    __slots__ = ("_backoff", "_had_frame", "_is_news", "number")

    def __init__(self, backoff: Backoff | None) -> None:
        self._backoff = backoff
        # Whether it was ever a stream: then a page in its place will pass.
        self._had_frame = False
        # Whether the next frame tells that the stream runs again.
        self._is_news = False
        #: Attempts since the last whole frame.
        self.number = 0

    def __repr__(self) -> str:
        return f"<Attempts {self.number}>"

    @property
    def reconnects(self) -> bool:
        """Whether the end of a stream is a loss."""
        return self._backoff is not None

    def frame(self, whole: bool) -> int:
        """A frame came: how many attempts it took, if it is the first behind a loss; else 0."""
        taken = self.number if self._is_news else 0
        self._is_news = False
        if whole:
            self.number = 0
            self._had_frame = True
        return taken

    def lost(self, error: HamaError | None, *, asked_for: float = 0.0) -> float | None:
        """Seconds until the next attempt; None if there is none.

        `error` is None if the camera ended the stream without fault.  `asked_for` are the
        seconds for which the device wants to be left alone; the cap bounds them too.
        """
        backoff = self._backoff
        if backoff is None or not self._may_pass(error):
            return None
        self.number += 1
        if backoff.attempts is not None and self.number > backoff.attempts:
            return None
        self._is_news = True
        return max(backoff.delay(self.number), min(asked_for, backoff.cap))

    def _may_pass(self, error: HamaError | None) -> bool:
        if isinstance(error, RefusedError):
            if error.status in _LATER or (error.status or 0) >= 500:
                return True
            # What was a stream, or is not back yet, shows a page while it starts.
            return is_success(error.status) and (self._had_frame or self.number > 0)
        return not isinstance(error, AuthenticationError | LocalProtocolError | CertificateError)
