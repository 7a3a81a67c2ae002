"""How long a session waits, as arithmetic: time is a number that is passed in.

    opening(now)     seconds that connecting may take
    patience(now)    the program begins to wait: seconds that the next bytes may take
    left(now)        the same, looked at in the middle of the waiting
    heard(now)       bytes came;  frame()  they made a complete frame
    up(now)          which of the times is over

Three of the four times are plain.  `frame` bounds how long a stream may give no complete frame,
however many bytes drip.  The program's own time must not count, or a slow consumer would
take the camera for dead; but what is spent on reading without end must, or a flood of
keep-alives would never be one.  So a pause of the program counts as a share of `frame` at
most.

A process can be stopped and continued, and a machine can be paused.  Then a wait lasts much
longer than it was to, and that says nothing about the camera: what has arrived meanwhile
is read first, and the waiting begins anew.
"""

from __future__ import annotations

from typing import Final, Literal

__all__ = ["Patience", "TimeUp"]

TimeUp = Literal["total", "idle", "frame"]

#: Seconds by which a timer may be early.
_CLOCK_GRAIN: Final = 0.002
#: Seconds by which a wait may be late, on a busy machine, before something had stopped us.
_STOOD_STILL: Final = 1.0
#: Seconds, at most, in which what is there already may be read behind the end of a time.
_GRACE: Final = 1.0
#: Of `frame`, what one pause of the program may count.
_OWN_SHARE: Final = 0.1


class Patience:
    """The times of one session; None is for ever."""

    __slots__ = (
        "_begun",
        "_connect",
        "_deadline",
        "_frame",
        "_heard",
        "_idle",
        "_mark",
        "_most",
        "_total",
        "_waited",
    )

    def __init__(
        self,
        connect: float | None,
        idle: float | None,
        total: float | None,
        frame: float | None = None,
    ) -> None:
        self._connect = connect
        self._idle = idle
        self._total = total
        self._frame = frame
        # Seconds without a frame that are too many even for who never waits.
        self._most = None if frame is None else frame + min(_GRACE, frame)
        self._deadline: float | None = None
        # With the first attempt: a stream may be made long before it is read.
        self._begun = False
        # When bytes came last, or the program began to wait for them.
        self._heard = 0.0
        # Seconds without a frame up to a moment.
        self._waited = 0.0
        self._mark = 0.0

    def begin(self, now: float) -> None:
        """The first attempt of several: `total` counts from here."""
        self._begun = True
        self._deadline = None if self._total is None else now + self._total

    def opening(self, now: float) -> float | None:
        """Seconds that connecting may take; the first time, `total` begins."""
        if not self._begun:
            self.begin(now)
        left = None if self._deadline is None else max(0.0, self._deadline - now)
        if left is None or self._connect is None:
            return self._connect if left is None else left
        return min(left, self._connect)

    def opened(self, now: float) -> None:
        """A connection stands."""
        self._heard = self._mark = now
        self._waited = 0.0

    def endless(self) -> None:
        """The head of a stream came: `total` is over."""
        self._deadline = None

    def frame(self) -> None:
        """A complete frame came, with the last bytes."""
        self._waited = 0.0

    def patience(self, now: float) -> float | None:
        """The program begins to wait: seconds until a time is up, None for ever."""
        if self._frame is not None:
            self._waited += min(now - self._mark, self._frame * _OWN_SHARE)
        self._heard = self._mark = now
        return self.left(now)

    def rested(self, now: float) -> None:
        """Nothing was wanted up to now."""
        self._heard = self._mark = now

    def left(self, now: float) -> float | None:
        """Seconds until a time is up, None for ever; never below 0."""
        ends = []
        if self._idle is not None:
            ends.append(self._heard + self._idle - now)
        if self._frame is not None:
            ends.append(self._frame - self._waited - (now - self._mark))
        if self._deadline is not None:
            ends.append(self._deadline - now)
        return max(0.0, min(ends)) if ends else None

    def heard(self, now: float) -> TimeUp | None:
        """Bytes came; a time that is up all the same, since they never end, if there is one."""
        past = now - self._mark
        # Most waits are too short for that: nothing needs to be computed.
        if past <= _STOOD_STILL or not self.stood_still(now):
            self._waited += past
        self._heard = self._mark = now
        if self._deadline is not None and now > self._deadline + min(_GRACE, self._total or 0.0):
            return "total"
        if self._most is not None and self._waited > self._most:
            return "frame"
        return None

    def stood_still(self, now: float) -> bool:
        """Whether a wait took so long that it was not the camera; then it begins anew."""
        allowed = self.left(self._mark)
        if allowed is None or now - self._mark - allowed <= _STOOD_STILL:
            return False
        if self._deadline is not None:
            self._deadline = max(self._deadline, now + _GRACE)
        self._waited = 0.0
        self._heard = self._mark = now
        return True

    def up(self, now: float) -> TimeUp:
        """Which of the times is over."""
        if self._deadline is not None and now >= self._deadline - _CLOCK_GRAIN:
            return "total"
        if self._frame is not None:
            waited = self._waited + now - self._mark
            idle = None if self._idle is None else self._heard + self._idle - now
            if waited >= self._frame - _CLOCK_GRAIN and (idle is None or idle > 0):
                return "frame"
        return "idle"
