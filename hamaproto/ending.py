"""How one connection of a session ends, and what that says of the answer.

    note(event)              what the answer says against itself
    verdict(end)          -> the error that the end of an answer amounts to, None if it is whole
    broken_off(error)     -> the error behind bytes that could not be read

Three voices may disagree: the device, which may have refused; the framing of the answer, which
may have announced more; and the network, which may have failed.  The device's words count
most, if they came whole.  What came whole is given, whatever became of the connection behind it.
"""

from __future__ import annotations

from typing import Any, Final

from hamaproto.commands import Reply
from hamaproto.errors import (
    HamaError,
    IdleTimeoutError,
    LimitExceededError,
    RemoteProtocolError,
)
from hamaproto.events import AnomalyCode, EndOfStream
from hamaproto.failures import ended_early, is_no_http, with_what_came
from hamaproto.outcome import Outcome
from hamaproto.settings import Endpoint

__all__ = ["Ending"]

#: Where an answer is at fault with itself: the body is shorter than was said.
_CUT_OFF: Final = frozenset({AnomalyCode.TRUNCATED_BODY, AnomalyCode.HEAD_CUT_OFF})
#: What ends with a picture or a piece of sound.
_MEDIA: Final = frozenset({Reply.MJPEG, Reply.AUDIO, Reply.IMAGE})


class Ending:
    """The end of one connection; made with it.

    `endpoint` is what an error names.  `outcome` reads the events of this connection.
    """

    __slots__ = ("_cut_off", "_endpoint", "_is_media", "_outcome", "eof", "lost")

    def __init__(self, endpoint: Endpoint, reply: Reply, outcome: Outcome[Any]) -> None:
        self._endpoint = endpoint
        self._is_media = reply in _MEDIA
        self._outcome = outcome
        # Whether more was announced than came.
        self._cut_off = False
        #: Whether nothing more can come.
        self.eof = False
        #: Why nothing more can come, if it is not that the camera closed the connection.
        self.lost: HamaError | None = None

    def __repr__(self) -> str:
        return f"<Ending {'closed' if self.eof else 'open'}, {type(self.lost).__name__}>"

    def note(self, code: AnomalyCode) -> None:
        """The answer departs from what it should be."""
        self._cut_off = self._cut_off or code in _CUT_OFF

    def verdict(self, end: EndOfStream, first: bytes) -> HamaError | None:
        """What the end of an answer amounts to: a refusal, a loss, or None.

        `first` are the first bytes of the answer.
        """
        error = self.lost
        if error is None and (self._cut_off or (self._is_media and not end.complete)):
            error = ended_early(self._endpoint)
        silent = isinstance(self.lost, IdleTimeoutError)
        if error is not None and self._outcome.came_whole(silent=silent, cut_off=self._cut_off):
            error = None
        # What the device says against the request counts more than how the connection ended.
        refusal = self._outcome.refusal if error is None or self._has_refused else None
        if refusal is not None:
            refusal.__cause__ = self.lost
            return refusal
        return None if error is None else self._worded(error, first)

    @property
    def _has_refused(self) -> bool:
        """Whether what came before the end is certain to be a refusal."""
        if self.lost is not None:
            return self._outcome.has_words
        # What was cut off inside its first words refuses nothing.
        return not (self._cut_off and self._outcome.is_half_a_line)

    def broken_off(self, error: RemoteProtocolError, first: bytes) -> HamaError:
        """The error as what it is about: what ends in the middle of a line was lost."""
        headless = self._outcome.response is None
        if isinstance(error, LimitExceededError):
            return error if headless else self._worded(error, first)
        if self._outcome.has_words:
            # The framing broke behind a refusal that came whole.
            self._outcome.add(EndOfStream(False))
            refusal = self._outcome.refusal
            if refusal is not None:
                refusal.__cause__ = error
                return refusal
        if not self.eof:
            # Where the head is at fault, it says so itself.
            return error if headless else self._worded(error, first)
        lost = self.lost or ended_early(self._endpoint)
        lost.__cause__ = error
        return self._worded(lost, first)

    def _worded(self, error: HamaError, first: bytes) -> HamaError:
        """The same error, which says as well what had come before it."""
        came = is_no_http(first) if self._outcome.response is None else ""
        return with_what_came(error, came or self._outcome.came)
