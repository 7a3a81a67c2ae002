"""What a suite gives: groups of contestants that take turns.

A suite is a module of `bench.suites` with a docstring, whose first line the list of suites
shows, and

    SETTINGS: dict[str, int]                        # optional: what `--set NAME=VALUE` changes
    def contests(options: Options) -> Iterator[Contest]

A `Contest` is what is measured by turns, round after round: `Timed` (processor time of a call,
made into a figure by its unit) and `Told` (a call that gives its figures itself, such as
bytes, or frames that were lost).  `Skipped` names what cannot be measured here, and why.
The function is a generator, so that what one contest needs is gone before the next one begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

__all__ = [
    "FRAMES",
    "GB_A_SECOND",
    "MS",
    "NS_A_BYTE",
    "NS_A_FRAME",
    "US",
    "US_A_FRAME",
    "Contest",
    "Entry",
    "Key",
    "Options",
    "OwnReader",
    "Skipped",
    "Timed",
    "Told",
    "Unit",
    "raised",
    "tried",
]

#: Row and contestant: what a figure is of, within a suite.
Key: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Unit:
    """What a figure counts.

    `factor` is seconds -> figure for what was timed: of an amount in a second if `rate`, else of
    the seconds for one of the amount.
    """

    name: str
    #: Whether more of it is better.
    more: bool = False
    rate: bool = False
    factor: float = 1.0

    def of(self, seconds: float, amount: float) -> float:
        """The figure of so many seconds for so much."""
        each = amount / seconds if self.rate else seconds / amount
        return each * self.factor


GB_A_SECOND = Unit("GB/s", more=True, rate=True, factor=1e-9)
US_A_FRAME = Unit("µs a frame", factor=1e6)
NS_A_FRAME = Unit("ns a frame", factor=1e9)
NS_A_BYTE = Unit("ns a byte", factor=1e9)
US = Unit("µs", factor=1e6)
MS = Unit("ms", factor=1e3)
FRAMES = Unit("frames", more=True)


@dataclass(frozen=True, slots=True)
class Timed:
    """A call whose processor time is measured, the kernel's share included.

    `amount` is what one call does, in what the unit counts (frames, bytes).
    """

    row: str
    contestant: str
    unit: Unit
    amount: float
    run: Callable[[], object]
    reference: Key | None = None
    #: Said below the table, such as "gave 12 of 300 frames".
    note: str = ""
    #: By the clock on the wall: for threads that are to run side by side.
    wall: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A call that gives its figures itself, one a row of `rows`."""

    contestant: str
    rows: tuple[tuple[str, Unit], ...]
    run: Callable[[], Sequence[float]]
    #: The contestant that each row is compared with.
    reference: str | None = None
    #: The same each time: one round is enough.
    once: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """What was to be measured and cannot be, and why."""

    row: str
    contestant: str
    why: str


def raised(error: Exception) -> str:
    """What somebody's code raised, in a line."""
    return f"raised {type(error).__name__}: {' '.join(str(error).split())[:100]}"


def tried(entry: Timed) -> Timed | Skipped:
    """The entry, if a call of it does not raise: others may, on what we read."""
    try:
        entry.run()
    except Exception as error:
        return Skipped(entry.row, entry.contestant, raised(error))
    return entry


Entry: TypeAlias = Timed | Told
Contest: TypeAlias = Sequence[Timed | Told | Skipped]

#: Somebody's MJPEG parser: see `bench.measure.readers`.
OwnReader: TypeAlias = Callable[[Iterable[bytes], str], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for; a suite makes its loads by it."""

    #: Small loads: a first look, and what the gate runs once.
    quick: bool = False
    settings: Mapping[str, int] = field(default_factory=dict)
    readers: Mapping[str, OwnReader] = field(default_factory=dict)
    #: Another tree, whose parser is to take turns with this one's.
    against: Path | None = None

    def setting(self, name: str, usual: int, quick: int | None = None) -> int:
        """A setting of the suite: as it was set, or as it is usual, or quick."""
        if name in self.settings:
            return self.settings[name]
        return quick if self.quick and quick is not None else usual
