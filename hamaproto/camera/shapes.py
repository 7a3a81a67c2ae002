"""What a fault can get hold of: a head, a part, a frame of sound, a moment, before it is written.

`Fault` is a row of the table in `faults.py`; the rows themselves stand in `head_faults.py`,
`part_faults.py` and `stream_faults.py`, by what they change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from types import MappingProxyType
from typing import Final, Literal

from hamaproto.events import AnomalyCode

__all__ = [
    "NO_OPTIONS",
    "Asked",
    "Ending",
    "Fault",
    "HeadLines",
    "Options",
    "PartShape",
    "Reaction",
    "Turn",
    "options",
]

#: The numbers of a fault, by their names.
Options = Mapping[str, float]
NO_OPTIONS: Final[Options] = MappingProxyType({})


def options(**numbers: float) -> Options:
    """The numbers that a fault takes, with what they are if they are left out."""
    return MappingProxyType(numbers)


@dataclass(slots=True)
class HeadLines:
    """A response head before it is written: its lines, status line first, and their end.

    `before` is what stands before the status line, `size` at how many bytes all is cut off.
    """

    lines: list[bytes]
    eol: bytes = b"\r\n"
    before: bytes = b""
    size: int | None = None
    mixed: bool = False
    """Whether every second line ends in LF, whatever `eol` is."""

    def find(self, name: bytes) -> int | None:
        """Where the field `name` stands among the lines."""
        for index, line in enumerate(self.lines):
            if line.lower().startswith(name.lower() + b":"):
                return index
        return None

    def __bytes__(self) -> bytes:
        if not self.lines:
            return b""
        lines = [*self.lines, b""]
        ends = [b"\n" if self.mixed and number % 2 else self.eol for number in range(len(lines))]
        whole = b"".join(line + end for line, end in zip(lines, ends, strict=True))
        return (self.before + whole)[: self.size]


@dataclass(slots=True)
class PartShape:
    """A part of the video stream before it is written.

    `number` counts the stream's parts from 0; `tail` is what follows the image, up to and
    with the next delimiter line.  `eol` ends the lines of the part's head, and `blank` is what
    ends that.  `time` is the picture's, in seconds.
    """

    number: int
    fields: list[bytes]
    body: bytes
    tail: bytes
    eol: bytes = b"\r\n"
    blank: bytes | None = None
    time: float = 0.0

    def __bytes__(self) -> bytes:
        blank = self.eol if self.blank is None else self.blank
        return b"".join((*(line + self.eol for line in self.fields), blank, self.body, self.tail))


@dataclass(frozen=True, slots=True)
class Turn:
    """The moment at which a stream's next frame is due; `number` counts them from 0.

    `chance` is what is left to chance: it depends on the seed, the fault and the number, so it is
    the same for every client, and each time.  `rate` is frames a second.
    """

    number: int
    seed: int
    rate: float = 1.0

    def chance(self, name: str, number: int | None = None) -> Random:
        """The numbers of one fault for one frame."""
        return Random(f"{self.seed} {name} {self.number if number is None else number}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that a fault may answer itself: its `number`, from 0, `target` and `host`."""

    number: int
    target: str
    host: str


class Ending(Enum):
    """How a stream that breaks off does so."""

    DIE = "closed in the middle of a frame"
    STALL = "silent after a frame, and left open"
    STALL_INSIDE = "silent in the middle of a frame, and left open"
    RESET = "reset after a frame"
    CLOSE = "closed after a frame, with a closing delimiter"


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a client of this library has to make of a fault; the tests of its drivers hold it."""

    tells: frozenset[AnomalyCode] = frozenset()
    """The anomalies that it reports."""
    frames: Literal["all", "whole", "some", "none"] = "all"
    """`all`: each that was sent, whole; `whole`: those that came whole, the others as cut off;
    `some`: fewer or other ones; `none`."""
    error: str = ""
    """The name of the error that it raises without `reconnect`; empty for none."""
    recovers: bool = True
    """Whether it goes on by itself, with `reconnect`, once the camera is well again."""
    on: Literal["video", "audio", "image", "list"] = "video"
    """The answer that shows it."""

    def __str__(self) -> str:
        frames = {
            "all": "gives every frame",
            "whole": "gives those that came whole, and the others as cut off",
            "some": "gives what was sent",
            "none": "gives none",
        }[self.frames]
        tells = f", reports {', '.join(sorted(self.tells))}" if self.tells else ""
        error = f", raises {self.error}" if self.error else ""
        again = " and goes on with reconnect" if self.error and self.recovers else ""
        return f"{frames}{tells}{error}{again}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the table; a field that is not set changes nothing."""

    about: str
    reaction: Reaction = field(default_factory=Reaction)
    #: The numbers that it takes, each with what it is if it is left out.
    options: Options = field(default_factory=lambda: NO_OPTIONS)
    #: What happens to a response head; to what stands before the first part; to a part.
    head: Callable[[HeadLines], None] | None = None
    preamble: Callable[[bytes], bytes] | None = None
    part: Callable[[PartShape], None] | None = None
    #: What happens to the body of one picture, which has a length; to that of a list.
    image: Callable[[bytes], bytes] | None = None
    text: Callable[[bytes], bytes] | None = None
    #: What happens to a GSM frame; its number in the stream, its bytes.
    audio: Callable[[int, bytes, Options], bytes] | None = None
    #: What happens to the bytes of a frame of picture or sound, at last.
    damage: Callable[[Turn, bytes, Options], bytes] | None = None
    #: Which frames are sent where one is due, as distances from it; () for none.
    choice: Callable[[Turn, Options], tuple[int, ...]] | None = None
    #: By how many seconds a frame comes late; `sound` only sound does.
    late: Callable[[Turn, Options], float] | None = None
    sound: bool = False
    #: How a stream ends after `after` whole frames.
    ending: Ending | None = None
    #: How a piece of a body is made a chunk; None: it is not sent in chunks.
    chunk: Callable[[bytes], bytes] | None = None
    #: What stands behind the last chunk.
    trailer: bytes = b""
    #: What is answered instead, as the lines of a head.
    answer: Callable[[Asked, Options], tuple[bytes, ...] | None] | None = None
    #: Switches, by their names: `full`, `digest`, `mute`, `gzip`...
    switches: frozenset[str] = frozenset()
