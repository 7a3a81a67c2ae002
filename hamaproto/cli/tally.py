"""What came of a stream, what of it is missing, and the exit code for that.

A recording that says "done" and lacks something is worse than one that fails, since nobody
looks at it until it is needed.  So whatever is known to be missing is said in one line each,
and makes the code 8: pictures that are cut off, damaged or left out, sound that belongs to no
frame, a stream that was lost, that ended before its time, or that never came beside another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from hamaproto.cli.exits import BROKEN, INTERRUPTED, OK, PARTIAL, exit_code
from hamaproto.cli.plain import note
from hamaproto.cli.trouble import note_troubles
from hamaproto.errors import CameraTimeoutError, HamaError, RefusedError
from hamaproto.events import Anomaly, AnomalyCode, AudioFrame, EndOfStream, Frame, Skipped
from hamaproto.gsm.tables import FRAME_BYTES
from hamaproto.io import Disconnected

__all__ = ["NO_SOUND", "Tally", "verdict"]

#: What is said of a camera without a microphone: no error, and nothing is missing.
NO_SOUND: Final = "the camera has no sound: pictures only"

#: Of images of which nothing, or not all, was delivered.
_LEFT_OUT: Final = (AnomalyCode.IMAGE_TOO_LARGE, AnomalyCode.IMAGE_WITHOUT_SCAN)
#: Seconds by which two streams of one camera may end, or begin, apart.
_TOGETHER: Final = 3.0


@dataclass(slots=True)
class Tally:
    """What came of one stream; times are seconds of `time.monotonic`."""

    name: str = "stream"
    frames: int = 0
    cut_off: int = 0
    received: int = 0
    skipped: int = 0
    anomalies: Counter[str] = field(default_factory=Counter)
    losses: int = 0
    first: float | None = None
    last: float | None = None
    error: HamaError | None = None
    #: How the camera ended the stream, if it did.
    end: EndOfStream | None = None
    #: Bytes of sound that belong to no frame.
    lost_bytes: int = 0
    #: Pictures of a size that none can have, and the size of the first.
    absurd: int = 0
    absurd_size: tuple[int, int] = (0, 0)
    #: Pictures that were left out, since nothing of them could be decoded.
    undecoded: int = 0
    #: What the sound is, if it is no GSM.
    other: str = ""
    #: The camera has no such stream, so that none is missing.
    absent: bool = False

    @property
    def seconds(self) -> float:
        """From the first frame to the last."""
        return 0.0 if self.first is None or self.last is None else self.last - self.first

    @property
    def rate(self) -> float:
        """Frames a second."""
        return (self.frames - 1) / self.seconds if self.seconds > 0 else 0.0

    def count(self, event: object, at: float) -> None:
        """Take note of an event that came at that time."""
        match event:
            case Frame() | AudioFrame():
                self.frames += 1
                self.cut_off += isinstance(event, Frame) and not event.complete
                self.first = at if self.first is None else self.first
                self.last = at
            case Anomaly():
                self.anomalies[event.code.value] += 1
                if event.code is AnomalyCode.OTHER_SOUND:
                    self.other = event.detail
            case Skipped():
                self._count_skipped(event)
            case Disconnected():
                self.losses += 1
            case EndOfStream():
                self.end = event

    def _count_skipped(self, event: Skipped) -> None:
        self.skipped += event.length
        # Who joins a stream of sound may join inside a frame: nothing is lost by that.
        if self.frames and "delimiter" not in event.reason:
            self.lost_bytes += event.length

    def refuse(self, size: tuple[int, int]) -> None:
        """Take note of a picture that was left out, since it claims that size."""
        if not self.absurd:
            self.absurd_size = size
        self.absurd += 1

    def missing(self, *, pictures: bool, seconds: float | None) -> Iterator[str]:
        """A line for each kind of thing that is missing; its error is not among them.

        `seconds` is for how long it was to run, None for as long as it does.
        """
        if self.losses:
            yield f"connections lost: {self.losses}"
        if self.other:
            yield f"the camera sends {self.other} (G.711) and no GSM: decoded as that"
        if pictures:
            yield from self._missing_pictures()
        elif self.lost_bytes:
            lost = max(self.lost_bytes / FRAME_BYTES, 1) * 0.02
            yield f"{lost:.2f} s lost: {self.lost_bytes} bytes belong to no frame"
        if self.end is not None and self.error is None:
            # Pictures have an end that can be said; sound has none but that of the connection.
            early = not self.end.closed if pictures else seconds is not None
            if early:
                yield f"the camera ended it after {self.seconds:.1f} s"

    def as_data(self, *, seconds: float | None) -> dict[str, object]:
        """The same for a program."""
        missing = list(self.missing(pictures=self.name == "picture", seconds=seconds))
        return {
            "stream": self.name,
            "frames": self.frames,
            "seconds": round(self.seconds, 3),
            "bytes": self.received,
            "error": None if self.error is None else str(self.error),
            "missing": missing,
            "absent": self.absent,
        }

    def _missing_pictures(self) -> Iterator[str]:
        if self.cut_off:
            yield f"{self.cut_off} of {self.frames} are cut off"
        damaged = self.anomalies[AnomalyCode.DAMAGED_IMAGE.value]
        if damaged:
            yield f"{damaged} of {self.frames} are damaged"
        left_out = sum(self.anomalies[code.value] for code in _LEFT_OUT)
        if left_out:
            yield f"{left_out} left out: too large, or without an image in it"
        if self.undecoded:
            yield f"{self.undecoded} left out: nothing of them can be decoded"
        if self.absurd:
            width, height = self.absurd_size
            yield f"{self.absurd} left out: no picture is {width}x{height} pixels large"


def verdict(
    lead: Tally,
    *others: Tally,
    finished: bool,
    seconds: float | None = None,
    host: str | None = None,
    login: bool = False,
) -> int:
    """The exit code for what came of the streams; says what is missing, each thing once.

    `finished` is False if a signal ended it; `seconds` is how long it was to run.
    """
    for tally in others:
        # A camera that does not know the name of the stream has none such.
        refused = isinstance(tally.error, RefusedError) and tally.error.status == 404
        if refused and not tally.frames:
            tally.absent = True
            note(NO_SOUND)
    tallies = [lead, *(tally for tally in others if not tally.absent)]
    note_troubles(
        [(tally.name, tally.error) for tally in tallies if tally.error is not None],
        host=host,
        login=login,
    )
    # A camera that says "this is the end" has given all that there was, its sound included.
    ended = lead.end is not None and lead.end.closed
    lines: dict[str, list[str]] = {}
    for tally in tallies:
        pictures = tally.name == "picture"
        for line in tally.missing(pictures=pictures, seconds=None if ended else seconds):
            lines.setdefault(line, []).append(tally.name)
        if tally is not lead and tally.error is None and _stayed_away(lead, tally):
            lines.setdefault(f"none after {tally.seconds:.1f} s", []).append(tally.name)
    for line, names in lines.items():
        note(f"{' and '.join(names)}: {line}")
    if lead.frames:
        if ended:
            note(f"{lead.name}: the camera ended the stream")
        whole = not lines and all(tally.error is None for tally in tallies)
        return OK if whole else PARTIAL
    if lead.error is not None:
        return exit_code(lead.error)
    if lead.absurd:
        return BROKEN
    if not finished:
        return INTERRUPTED
    if not lines:
        note(f"{lead.name}: nothing came")
    return exit_code(CameraTimeoutError())


def _stayed_away(lead: Tally, other: Tally) -> bool:
    """Whether the other stream was missing for a part of the time."""
    if lead.first is None or lead.last is None:
        return False
    since = lead.first if other.last is None else other.last
    return lead.last - since > _TOGETHER
