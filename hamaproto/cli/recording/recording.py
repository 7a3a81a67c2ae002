"""From what arrives to what is written: the times are put right, and motion decides.

frames, when they came -> Timeline, Soundtrack -> when they were made
                       -> MotionGate, if there is one -> Recorder -> files
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

import numpy as np

from hamaproto.cli.output import Output, open_output
from hamaproto.cli.recording.matroska import Matroska
from hamaproto.cli.recording.motion import MotionGate, says_motion
from hamaproto.cli.recording.recorder import OnePart, Parts, Recorder
from hamaproto.cli.recording.splitting import SplitPlan
from hamaproto.soundtrack import Soundtrack
from hamaproto.timing import Timeline

__all__ = ["Recording"]


class Recording:
    """Pictures and sound as they come; times are seconds on one clock of the caller.

    `parts` is where it is written to: a name, one output, or what gives a file for each part.
    Nothing is opened before the first picture.  With `motion`, seconds before and after it,
    only what is around a motion is kept.  The rate that the files declare is the one that
    the camera was said to have (`expect`), or none.  `form` is the kind of file.
    """

    def __init__(
        self,
        parts: Parts | Output | str,
        *,
        sound: bool = True,
        plan: SplitPlan | None = None,
        motion: tuple[float, float] | None = None,
        form: type[Matroska] = Matroska,
    ) -> None:
        if isinstance(parts, str):
            parts = open_output(parts)
        self.recorder = Recorder(
            OnePart(parts) if isinstance(parts, Output) else parts,
            sound=sound,
            plan=plan,
            form=form,
        )
        self.gate = None if motion is None else MotionGate(self.recorder, *motion)
        #: When all was made; who asks anew tells it.
        self.timeline = Timeline()
        self._soundtrack = Soundtrack(self.timeline)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.recorder.__exit__(exc_type, exc, traceback)

    @property
    def pictures(self) -> int:
        """Pictures that were written."""
        return self.recorder.pictures

    @property
    def samples(self) -> int:
        """Samples that were written."""
        return self.recorder.samples

    def close(self) -> None:
        """Finish the files; with an index they can be searched."""
        self.recorder.close()

    def without_sound(self) -> None:
        """There will be no sound; to be said before the first picture."""
        self.recorder.without_sound()

    def expect(self, rate: int | None) -> None:
        """What the camera says of its pictures a second, before the first of them."""
        self.recorder.rate = rate
        self.timeline.expect(rate)

    def picture(
        self, image: bytes, at: float, stamp: float | None = None, motion: str | None = None
    ) -> None:
        """A JPEG that came at that time; `stamp` and `motion` are its `X-Timestamp` and its
        `Motion-Event`."""
        made = self.timeline.picture(at, stamp)
        if self.gate is None:
            self.recorder.picture(image, made)
        else:
            self.gate.picture(image, made, says_motion(motion))

    def sound(self, samples: bytes, at: float) -> None:
        """16-bit samples in the machine's order, 8000 a second, that came at that time."""
        start, sound = self._soundtrack.place(np.frombuffer(samples, np.int16), at)
        if len(sound):
            (self.gate or self.recorder).sound(sound.astype("<i2").tobytes(), start)
