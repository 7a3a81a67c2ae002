"""Which picture one viewer gets next: always the newest, and never half of one.

    offer(shot) -> send(bytes) -> is the way free?     freed() -> send(bytes of the newest)

A viewer whose way is not free holds one picture at most: a newer one takes its place, and what
was replaced is counted.  So a slow one is late by what is on its way, and delays nobody.
"""

from __future__ import annotations

from collections.abc import Callable

from hamaproto.gateway.shot import Shot

__all__ = ["Form", "Viewer"]

#: Makes of a picture, and of how many this viewer did not get, what is sent.
Form = Callable[[Shot, int], bytes]

#: The share of an interval by which a picture may come early and count as due.
_EARLY = 0.25


class Viewer:
    """One viewer; `send` writes bytes, and says whether more may follow at once.

    `fps` is how many pictures a second it wants at most; None wants all of them.
    """

    __slots__ = (
        "_due",
        "_form",
        "_interval",
        "_send",
        "_waiting",
        "busy",
        "dropped",
        "sent",
        "sent_bytes",
    )

    def __init__(
        self, form: Form, send: Callable[[bytes], bool], *, fps: float | None = None
    ) -> None:
        self._form = form
        self._send = send
        self._waiting: Shot | None = None
        self._due = float("-inf")
        self._interval = 0.0
        self.busy = False
        """Whether what was sent is still on its way."""
        self.sent = 0
        """Pictures that were sent."""
        self.sent_bytes = 0
        self.dropped = 0
        """Pictures that came while others were on their way, and were replaced by newer ones."""
        self.limit(fps)

    def __repr__(self) -> str:
        return f"<Viewer, {self.sent} sent, {self.dropped} skipped>"

    def limit(self, fps: float | None) -> None:
        """Send so many pictures a second at most from now on."""
        self._interval = 1 / fps if fps else 0.0
        self._due = float("-inf")

    def offer(self, shot: Shot) -> None:
        """A picture has come."""
        if self._interval and not self._is_due(shot.at):
            return
        if self.busy:
            if self._waiting is not None:
                self.dropped += 1
            self._waiting = shot
        else:
            self._give(shot)

    def freed(self) -> None:
        """The way is free again."""
        self.busy = False
        shot, self._waiting = self._waiting, None
        if shot is not None:
            self._give(shot)

    def _give(self, shot: Shot) -> None:
        data = self._form(shot, self.dropped)
        self.sent += 1
        self.sent_bytes += len(data)
        self.busy = not self._send(data)

    def _is_due(self, at: float) -> bool:
        if at < self._due - _EARLY * self._interval:
            return False
        # By the plan, and not by the arrival: jitter of the camera must not add up.
        planned = self._due + self._interval
        self._due = planned if planned > at else at + self._interval
        return True
