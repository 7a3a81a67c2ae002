"""Samples as they came to samples as they are written: stretched, or with silence before them.

`Timeline` says where each piece belongs and how long it has to be.  What comes out is one
sound without a hole, whose samples count its time: every program that reads the file, also
one that counts samples and looks at no times, keeps it with the pictures.  Only a long pause
becomes a jump of the times, since silence for hours is no use to anybody.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from hamaproto.gsm.tables import FRAME_SAMPLES, SAMPLE_RATE
from hamaproto.timing import Timeline

__all__ = ["Soundtrack", "stretched"]

_LEANING: Final = 3
#: Seconds of silence that are written; a longer pause is a jump.
_LONGEST_SILENCE: Final = 10.0
#: Sound is quiet where it is that much weaker than the loudest of the last seconds, or hardly
#: there at all (of 32767).
_QUIET_SHARE: Final = 0.05
_QUIET: Final = 100.0
#: What is left of the loudest after a piece of 20 ms: half of it after 2 s.
_FADE: Final = 0.993
#: Samples over which sound fades where something was put in or left out.
_EDGE: Final = 40


def stretched(
    samples: NDArray[np.int16], count: int, phase: float, step: float
) -> NDArray[np.int16]:
    """`count` values of a sound at the places `phase + k * step`, by cubic interpolation.

    The places count from the second sample; two samples must follow the last place.
    """
    if step == 1 and not phase:
        return samples[1 : 1 + count]
    place = phase + np.arange(count) * step
    left = place.astype(int)
    part = place - left
    before, here, there, behind = (samples[left + shift].astype(float) for shift in range(4))
    # Catmull and Rom's spline, in Horner's form.
    cubic = 3 * (here - there) + behind - before
    square = 2 * before - 5 * here + 4 * there - behind
    value = here + ((cubic * part + square) * part + there - before) * part / 2
    rounded: NDArray[np.int16] = np.clip(np.rint(value), -32768, 32767).astype(np.int16)
    return rounded


class Soundtrack:
    """The sound of a camera as it is written, 8000 samples a second."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._loudest = 0.0
        #: The end of the last piece.  Sound is written two samples late, since a value between
        #: two samples leans on the two behind it.
        self._last = np.zeros(_LEANING, np.int16)
        #: Whether sound was left out right before what comes next.
        self._cut = False

    def place(self, samples: NDArray[np.int16], arrived: float) -> tuple[int, NDArray[np.int16]]:
        """Samples that came at that time; gives what to write, and where it begins.

        That is a number of samples on the clock of arrival, and right behind what was given
        before, or 10 s and more later.
        """
        level = float(np.sqrt(np.mean(np.square(samples, dtype=float)))) if len(samples) else 0.0
        self._loudest = max(level, self._loudest * _FADE ** (len(samples) / FRAME_SAMPLES))
        quiet = level <= max(_QUIET, _QUIET_SHARE * self._loudest)
        placed = self._timeline.sound(arrived, len(samples), quiet=quiet)
        joined = np.concatenate((self._last, samples))
        self._last = joined[-_LEANING:]
        if placed.count < len(samples) and not placed.phase and placed.step == 1:
            # Of a piece that is partly left out, the end is kept.
            self._cut = True
            return placed.start, samples[len(samples) - placed.count :]
        sound = stretched(joined, placed.count, placed.phase, placed.step)
        if placed.silence or self._cut:
            self._cut = False
            sound = sound.copy()
            ramp = np.linspace(0, 1, min(_EDGE, len(sound)))
            sound[: len(ramp)] = np.rint(sound[: len(ramp)] * ramp)
        if 0 < placed.silence <= _LONGEST_SILENCE * SAMPLE_RATE:
            silence = np.zeros(placed.silence, np.int16)
            return placed.start - placed.silence, np.concatenate((silence, sound))
        return placed.start, sound
