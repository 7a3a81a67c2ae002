"""A schedule: what is to happen to a simulated camera, and when, as a text for people.

    # the first minute of a bad day
    at 5s: drop 30% for 2s
    at 10s: stall for 500ms
    at 12s: set Image.I0.Stream.FPS=5
    every 20s: reboot 2s

`read_schedule` makes steps of it, and `Timetable` says which of them are due.  Who does them, and
how time passes, is not their concern.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hamaproto.camera.faults import FAULTS, Faults
from hamaproto.camera.parameters import settable
from hamaproto.errors import LocalProtocolError

__all__ = ["ACTIONS", "Deed", "Step", "Timetable", "read_deed", "read_schedule"]

#: What can be done besides faults: what it is, and whether it takes a time.
ACTIONS: Final = {
    "stall": ("send nothing to anybody", True),
    "refuse": ("refuse new connections", True),
    "reboot": ("be gone, connections and all", True),
    "motion": ("see something move", True),
    "kill": ("close every connection", False),
    "reset": ("reset every connection", False),
    "set": ("set a parameter: set Image.I0.Stream.FPS=5", False),
    "heal": ("end every fault", False),
}
#: Bytes of a schedule; who writes more has written something else.
MAX_SCHEDULE: Final = 256 * 1024
#: The longest time, in seconds.
MAX_TIME: Final = 7 * 24 * 3600.0

_TIME = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h)")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_LINE = re.compile(r"(at|every)\s+(\S+?)\s*:\s*(\S.*)")
_NUMBER = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*(%|ms|s|ppm)?")


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that is done to a camera."""

    action: str
    """A name of `ACTIONS`, or `fault`."""
    argument: str = ""
    """The fault with its numbers, or `key=value`."""
    seconds: float | None = None
    """How long; None: until something ends it."""


@dataclass(frozen=True, slots=True)
class Step:
    """A deed and its time."""

    at: float
    """Seconds from the start."""
    deed: Deed
    every: bool = False
    """Whether it is done again each `at` seconds."""


def read_schedule(text: str) -> tuple[Step, ...]:
    """The steps of a schedule, in the order of the lines.

    Raises `LocalProtocolError` with the number of the line that makes no sense.
    """
    if len(text) > MAX_SCHEDULE:
        raise LocalProtocolError(
            f"a schedule of {len(text)} characters; {MAX_SCHEDULE} are the most"
        )
    steps = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].strip()
        if not words:
            continue
        try:
            steps.append(_step(words))
        except LocalProtocolError as error:
            raise LocalProtocolError(f"line {number} of the schedule: {error}") from None
    return tuple(steps)


def _step(words: str) -> Step:
    found = _LINE.fullmatch(words)
    if found is None:
        raise LocalProtocolError(
            f"{words!r}: a time and a deed are needed, as in 'at 5s: drop 30% for 2s'"
        )
    at, every = _time(found[2]), found[1] == "every"
    if every and not at:
        raise LocalProtocolError(f"{words!r}: 'every' needs a time above 0")
    return Step(at, read_deed(found[3]), every)


def _time(text: str) -> float:
    found = _TIME.fullmatch(text)
    seconds = float(found[1]) * _UNITS[found[2]] if found else -1.0
    if not 0 <= seconds <= MAX_TIME:
        raise LocalProtocolError(
            f"{text!r} is no time; 5s, 500ms, 1.5m and 2h are, up to {MAX_TIME / 3600:g}h"
        )
    return seconds


def read_deed(words: str) -> Deed:
    """What `drop 30% for 2s`, `stall`, `reboot 2s` or `set KEY=VALUE` says."""
    before, timed, last = " ".join(words.split()).rpartition(" for ")
    words, seconds = (before, _time(last)) if timed else (last, None)
    name, _, rest = words.partition(" ")
    rest = rest.strip()
    if name not in ACTIONS:
        return Deed("fault", _fault(name, rest), seconds)
    takes_time = ACTIONS[name][1]
    if takes_time and rest and seconds is None:
        seconds, rest = _time(rest), ""
    if seconds is not None and not takes_time:
        raise LocalProtocolError(f"{name!r} is done at once and takes no time")
    if name == "set":
        key, mark, _ = rest.partition("=")
        if not mark:
            raise LocalProtocolError(f"{words!r}: set KEY=VALUE is needed")
        settable(key)
    elif rest:
        raise LocalProtocolError(f"{rest!r}: nothing may follow {name!r} but a time")
    return Deed(name, rest, seconds)


def _fault(name: str, rest: str) -> str:
    """A fault as `Faults` knows it: `drop 30%` is `drop:percent=30`."""
    spec = name
    if rest:
        found = _NUMBER.fullmatch(rest)
        row = FAULTS.get(name)
        if row is not None and (found is None or not row.options):
            raise LocalProtocolError(f"{rest!r} can't follow {name!r}")
        if row is not None and found is not None:
            first = next(iter(row.options))
            value = float(found[1]) * (0.001 if found[2] == "ms" else 1)
            spec = f"{name}:{first}={value:.9f}".rstrip("0").rstrip(".")
    try:
        Faults(spec)
    except LocalProtocolError as error:
        raise LocalProtocolError(f"{error}; and there are the deeds {', '.join(ACTIONS)}") from None
    return spec


class Timetable:
    """Which deeds are due: ask for the time of the next ones, and take them then."""

    __slots__ = ("_waiting",)

    def __init__(self, steps: Iterable[Step]) -> None:
        # Time, place in the schedule, how often it was due, step: a heap.
        self._waiting = [(step.at, place, 1, step) for place, step in enumerate(steps)]
        heapq.heapify(self._waiting)

    def __repr__(self) -> str:
        return f"<Timetable of {len(self._waiting)} steps, next at {self.due()} s>"

    def due(self) -> float | None:
        """When the next deed is due, in seconds from the start; None: nothing is left."""
        return self._waiting[0][0] if self._waiting else None

    def take(self, now: float) -> list[Deed]:
        """The deeds that are due at `now`, in their order.

        One that repeats itself and was missed several times is due once.
        """
        found = []
        while self._waiting and self._waiting[0][0] <= now:
            _, place, times, step = heapq.heappop(self._waiting)
            found.append(step.deed)
            if step.every:
                times = max(times, int(now / step.at)) + 1
                heapq.heappush(self._waiting, (times * step.at, place, times, step))
        return found
