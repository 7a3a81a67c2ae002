"""When pictures and sound were made, as far as the times of their arrival tell.

A camera sends pictures and sound on two connections and, as a rule, without any time.  So
each stream gets a clock of its own: sound counts its samples, pictures count their steps (by
`X-Timestamp` if that makes sense, else by the usual distance of two).  What is missing is
where that clock stands on the clock of whoever receives.  The answer is the **least delay**:
nothing arrives before it was made, and of many pieces at least one came without a hindrance.
A piece that comes later than its clock says was held up, and its time does not move.

A clock has to be set anew in two cases.  A piece comes early: it moves back, at once.  Or
nothing comes in time any more, since something was lost, or was never made, or the clock is
slow: it moves ahead as soon as all of a short window was late, and while the delay does not
shrink.  A shrinking delay is a backlog that is worked off, and nothing was lost.  The window
counts time in which something comes: a silence is no evidence.

No I/O and no clock is in here: times of arrival go in (seconds on any one clock that does not
jump), times of making come out, on the same clock.  If the first pictures came late, all of
them, and the sound, are up to 4 s later than that: what is said of one to another is right.

    arrival, X-Timestamp -> Timeline.picture -> seconds
    arrival, samples     -> Timeline.sound   -> Placed (where, how long, after what silence)
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from statistics import median, median_low
from typing import Final

from hamaproto.gsm.tables import SAMPLE_RATE

__all__ = ["Placed", "Timeline"]

#: Parts of a window.  All of them must be late before the clock moves ahead.
_PARTS: Final = 4
#: Seconds of the window for pictures, and for sound, of which more comes.
_PICTURE_WINDOW: Final = 0.4
_SOUND_WINDOW: Final = 0.8
#: Seconds by which a delay may shrink within a window and still count as steady.
_STEADY: Final = 0.02

#: Sound is put that much behind the end of its recording.  People notice sound that is 45 ms
#: early or 125 ms late (ITU-R BT.1359): this is near the middle, where jitter does least harm.
_SOUND_BEHIND: Final = 0.03
#: Up to this many seconds an error is worked off by stretching the sound, beyond it by silence
#: or by leaving sound out.
_STRETCHED: Final = 0.06
#: An error is left alone until it reaches the first of these, and then brought below the second.
_NOTICED: Final = 0.01
_SETTLED: Final = 0.002
#: The share of an error that is worked off in a second, and the most that sound is stretched.
_HASTE: Final = 2.0
_MOST_STRETCH: Final = 0.03
#: Seconds of sound in which a quiet place is looked for.
_QUIET_WAIT: Final = 0.4

#: Seconds by which a picture must be late to be looked into; how fresh the sound must be that
#: tells that the network is well; and how many pictures in a row a camera leaves out by itself.
_HELD_UP: Final = 0.1
_FRESH: Final = 0.25
_MOST_LEFT_OUT: Final = 4

#: Seconds from the first picture in which it may show that it was late; pictures that are no
#: further apart came at once; and the longest delay that is made up for.
_START: Final = 1.0
_AT_ONCE: Final = 0.03
_MOST_SHIFT: Final = 4.0

#: Two pictures are at least that far apart: the resolution of Matroska.
_LEAST_STEP: Final = 0.001
#: Pictures that are no more than that many seconds apart came in one go.
_ONE_GO: Final = 0.01
#: Goes of pictures that tell their usual distance, and how many seconds of them outweigh what
#: the camera says.
_REMEMBERED: Final = 64
_LEARNED: Final = 3.0
#: Stamps that are looked at, and how many are enough to tell what they count.
_STAMPS: Final = 15
_ENOUGH: Final = 5


class _Delay:
    """The least delay of one stream: `anchor` is arrival minus media time."""

    __slots__ = ("_arrived", "_filled", "_least", "_part", "_parts", "anchor")

    def __init__(self, window: float) -> None:
        #: A part of the window, in seconds; a pause counts no more than that.
        self._part = window / _PARTS
        self._parts: deque[float] = deque(maxlen=_PARTS)
        self._least = math.inf
        self._filled = 0.0
        self._arrived = 0.0
        self.anchor: float | None = None

    def forget(self) -> None:
        """What comes next has nothing to do with what came."""
        self.anchor = None
        self._parts.clear()
        self._least, self._filled = math.inf, 0.0

    def late(self, arrived: float, media: float) -> float:
        """Seconds by which that is later than the least delay; less than 0 if it is early."""
        return 0.0 if self.anchor is None else arrived - media - self.anchor

    def see(self, arrived: float, media: float, usual: float = 0.0) -> float:
        """Something of that media time arrived; gives the anchor.

        `usual`: seconds from one to the next.
        """
        offset = arrived - media
        if self.anchor is None:
            self.anchor = offset
            self._arrived = arrived
        self.anchor = min(self.anchor, offset)
        self._least = min(self._least, offset)
        pause = max(arrived - self._arrived, 0.0)
        self._filled += min(pause, max(self._part, usual / 2), _PARTS * self._part)
        self._arrived = max(arrived, self._arrived)
        if self._filled >= self._part:
            while self._filled >= self._part:
                self._filled -= self._part
                self._parts.append(self._least)
            self._least = math.inf
            if len(self._parts) == _PARTS and not self._shrinks():
                self.anchor = max(self.anchor, min(self._parts))
        return self.anchor

    def _shrinks(self) -> bool:
        parts = tuple(self._parts)
        half = _PARTS // 2
        return min(parts[half:]) < min(parts[:half]) - _STEADY


class _Steps:
    """The media time from one picture to the next."""

    __slots__ = (
        "_arrived",
        "_batch",
        "_before",
        "_begun",
        "_goes",
        "_known",
        "_stamp",
        "_stamp_steps",
        "usual",
    )

    def __init__(self, rate: float | None) -> None:
        #: The usual distance of two pictures; 0 if it is not known yet.
        self.usual = 1 / rate if rate else 0.0
        self._known = self.usual > 0
        #: The last goes: seconds, and pictures.
        self._goes: deque[tuple[float, int]] = deque(maxlen=_REMEMBERED)
        self._stamp_steps: deque[float] = deque(maxlen=_STAMPS)
        self._stamp: float | None = None
        self._arrived: float | None = None
        # Pictures that came in one go; when it began, and when the go before it ended.
        self._batch = 0
        self._begun = 0.0
        self._before = 0.0

    def forget(self) -> None:
        self._stamp = self._arrived = None

    def pause(self, arrived: float) -> float:
        """Seconds since the last picture came."""
        return 0.0 if self._arrived is None else arrived - self._arrived

    def step(self, arrived: float, stamp: float | None) -> float:
        """A picture arrived: seconds since the one before was made, as far as is known."""
        if self._arrived is None:
            self._before, self._begun, self._batch = arrived, arrived, 0
        elif arrived - self._arrived > max(self.usual / 2, _ONE_GO):
            # The go is over.  Its pictures took the time since the go before it ended; of the
            # first one that is not known, and the pause behind it is as good.
            if not (self._known or self._goes):
                self.usual = (arrived - self._arrived) / (self._batch + 1)
            self._learn(self._arrived)
            self._begun, self._batch = arrived, 1
        elif arrived - self._begun > _ONE_GO + 4 * self.usual:
            # A go that goes on: pictures come faster than they used to.
            self._batch += 1
            self._learn(arrived)
            self._begun, self._batch = arrived, 0
        else:
            self._batch += 1
        self._arrived = arrived
        return self._by_stamp(stamp) or self.usual

    def _learn(self, ended: float) -> None:
        if self._batch and ended > self._before:
            self._goes.append((ended - self._before, self._batch))
        self._before = ended
        if not self._goes:
            return
        middle = median_low(seconds / count for seconds, count in self._goes)
        # Not those with a pause, or a picture that was left out.
        usual = [go for go in self._goes if abs(go[0] / go[1] - middle) <= middle / 2]
        seconds = sum(go[0] for go in usual)
        if seconds >= _LEARNED or not self._known:
            self.usual = seconds / sum(go[1] for go in usual)

    def _by_stamp(self, stamp: float | None) -> float:
        """The step by the sender's own time; 0 if that is no time in seconds."""
        if stamp is not None and not math.isfinite(stamp):
            stamp = None
        before, self._stamp = self._stamp, stamp
        if stamp is None or before is None:
            self._stamp_steps.clear()
            return 0.0
        step = stamp - before
        self._stamp_steps.append(step)
        usual = median(self._stamp_steps)
        if len(self._stamp_steps) < _ENOUGH or not 0.5 < usual / (self.usual or usual or 1) < 2:
            return 0.0
        return max(step, 0.0)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a piece of sound belongs.

    `start` (on the clock of arrival, times the rate) and `silence`, which is missing before it,
    are numbers of samples; so is `count`, what the piece becomes: 0 if it is left out.  Its
    sample `k` is the sound at the place `phase + k * step` of the piece; 0 and 1 if nothing is
    stretched.  `start` is the last piece's `start + count`, and the silence.
    """

    start: int
    count: int
    silence: int = 0
    phase: float = 0.0
    """The place in the piece, in samples, of the first one that is kept."""
    step: float = 1.0
    """How far one sample is from the next in the piece: 1 if nothing is stretched."""


class Timeline:
    """Puts the pictures and the sound of one camera on one axis of time.

    `picture_rate`: pictures a second, if known, until they have shown it themselves.
    `sound_rate`: samples a second.  Memory is bounded, whatever comes.
    """

    def __init__(self, *, picture_rate: float | None = None, sound_rate: int = SAMPLE_RATE) -> None:
        self._rate = sound_rate
        self._steps = _Steps(picture_rate)
        self._picture_delay = _Delay(_PICTURE_WINDOW)
        self._picture_media = 0.0
        self._last_picture = -math.inf
        #: When the first picture came, and how much later all is put because it was late.
        self._began: float | None = None
        self._shift = 0.0
        self._sound_delay = _Delay(_SOUND_WINDOW)
        #: When sound came last that was not late.
        self._sound_in_time = -math.inf
        #: Samples that came, and where the next one goes.
        self._sound_media = 0
        self._position: int | None = None
        self._fresh = 0
        self._stretching = False
        #: Where in the next piece its first sample is taken from.
        self._phase = 0.0
        self._waited = 0
        self._correcting = False

    def expect(self, picture_rate: float | None) -> None:
        """Pictures a second as the camera says it, before the first of them."""
        self._steps = _Steps(picture_rate)

    @property
    def sound_end(self) -> float | None:
        """Up to where there is sound, in seconds; None before the first."""
        return None if self._position is None else self._position / self._rate

    def picture(self, arrived: float, stamp: float | None = None) -> float:
        """A picture arrived; gives when it was made.

        `stamp` is its `X-Timestamp`, whatever that counts from.  The times that are given
        grow by at least a millisecond.
        """
        pause = self._steps.pause(arrived)
        left_out = self._left_out(arrived)
        self._picture_media += self._steps.step(arrived, stamp) + left_out
        usual = self._steps.usual
        early = -self._picture_delay.late(arrived, self._picture_media)
        delay = self._picture_delay.see(arrived, self._picture_media, usual)
        if self._began is None:
            self._began = arrived
        elif (
            early > 0
            and arrived - self._began < _START
            and pause < min(_AT_ONCE, usual / 2)
            and self._shift + early <= _MOST_SHIFT
        ):
            # The first pictures came late, and at once.  Nothing came before them: all that
            # follows, sound as well, is as much later, and they keep their distance.
            self._shift += early
        made = self._picture_media + delay + self._shift
        self._last_picture = max(made, self._last_picture + _LEAST_STEP)
        return self._last_picture

    def sound(self, arrived: float, samples: int, *, quiet: bool = False) -> Placed:
        """So many samples arrived, the next of the stream; gives where they belong.

        `quiet`: silence may be put before them, or they may be left out, and nobody hears it.
        """
        self._sound_media += samples
        media = self._sound_media / self._rate
        made = media + self._sound_delay.see(arrived, media) + _SOUND_BEHIND + self._shift
        if self._sound_delay.late(arrived, media) < _HELD_UP / 2:
            self._sound_in_time = arrived
        target = round(made * self._rate) - samples
        if self._position is None:
            self._position = target
        error = target - self._position
        silence, count = self._correction(error, samples, quiet)
        phase, step = 0.0, 1.0
        if count is None:
            count, phase, step = self._stretched(error, samples)
        else:
            self._phase = 0.0
        start = self._position + silence
        self._position = start + count
        return Placed(start, count, silence, phase, step)

    def picture_lost(self) -> None:
        """The connection of the pictures was lost: what comes now is another one's."""
        self._steps.forget()
        self._picture_delay.forget()

    def sound_lost(self) -> None:
        """The connection of the sound was lost: what comes now is another one's."""
        self._sound_delay.forget()
        self._fresh = 0

    def _left_out(self, arrived: float) -> float:
        """Seconds of pictures that the camera left out before the one that comes now.

        The network did not hold it up if the sound comes in time all the while.
        """
        usual = self._steps.usual
        late = self._picture_delay.late(arrived, self._picture_media + usual)
        pause = self._steps.pause(arrived)
        if not (arrived - self._sound_in_time < _FRESH and _HELD_UP <= late < pause and usual):
            return 0.0
        steps = round(late / usual)
        return steps * usual if steps <= _MOST_LEFT_OUT else 0.0

    def _correction(self, error: int, samples: int, quiet: bool) -> tuple[int, int | None]:
        """Silence before a piece, and its length, for sound that is so many samples early.

        The length is None if a stretch will do.
        """
        fresh = self._fresh < self._rate
        self._fresh += samples
        if abs(error) <= _STRETCHED * self._rate and not (self._correcting and error < 0):
            self._waited = 0
            self._correcting = False
            return 0, None
        self._waited += samples
        if not (quiet or fresh or self._waited > _QUIET_WAIT * self._rate):
            return 0, samples
        if error > 0:
            self._waited = 0
            return error, samples
        # What is left out takes several pieces; in the first second nobody waits for quiet.
        self._correcting = True
        return 0, samples - min(samples, -error)

    def _stretched(self, error: int, samples: int) -> tuple[int, float, float]:
        """Length, phase and step of a piece for sound that is so many samples early."""
        threshold = _SETTLED if self._stretching else _NOTICED
        self._stretching = abs(error) > threshold * self._rate
        phase = self._phase
        if self._stretching:
            share = max(-_MOST_STRETCH, min(_MOST_STRETCH, error * _HASTE / self._rate))
            step = 1 / (1 + share)
            count = max(math.ceil((samples - phase) / step), 0)
            self._phase = phase + count * step - samples
            return count, phase, step
        # The last bit of a stretch ends where a sample was.
        count = max(round(samples - phase), 0)
        self._phase = 0.0 if count else phase - samples
        return count, phase, (samples - phase) / count if count else 1.0
