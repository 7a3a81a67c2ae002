"""Ways in which a simulated camera can be worse than the real one, by name.

A client is only as good as the worst camera it was tried with, and nobody's camera is bad
on demand: this one is.  `FAULTS` is the table, one row a fault, with what it does in words
and what a client has to make of it (`hamaproto simulate --list-faults` and the tests read it).
Faults are off by default.

A fault says what happens to the shape of what is about to be written (`shapes.py`), when it
comes, or how a stream ends.  Most can be combined; the connection applies them in the order in
which they were named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from hamaproto.camera.head_faults import HEAD_FAULTS
from hamaproto.camera.part_faults import PART_FAULTS
from hamaproto.camera.shapes import (
    Asked,
    Ending,
    Fault,
    HeadLines,
    Options,
    PartShape,
    Reaction,
    Turn,
)
from hamaproto.camera.stream_faults import STREAM_FAULTS
from hamaproto.errors import LocalProtocolError

__all__ = ["FAULTS", "NO_FAULTS", "Chosen", "Fault", "Faults", "Reaction"]

FAULTS: Final[Mapping[str, Fault]] = MappingProxyType(
    {**HEAD_FAULTS, **PART_FAULTS, **STREAM_FAULTS}
)
"""Every fault that can be chosen."""

_SPEC = re.compile(r"(?P<name>[^@:]*)(?:@(?P<after>[^@:]*))?(?::(?P<rest>.*))?", re.DOTALL)
#: Numbers that may be below 0, and the highest of those that have one.
_SIGNED: Final = frozenset({"ppm", "offset"})
_MOST: Final = {"percent": 100, "seconds": 604_800, "ppm": 100_000}
_HIGHEST: Final = 999_999_999
_NUMBER = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?")


def _name(spec: str) -> str:
    """The name of a fault without its numbers."""
    return re.split("[@:]", spec, maxsplit=1)[0]


def _unknown(name: str) -> str:
    return f"no fault is named {name!r}; there are {', '.join(FAULTS)}"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A row with the numbers that were given to it."""

    row: Fault
    options: Options


def _chosen(spec: str) -> Chosen:
    """`die`, `die@5`, `die:after=5`, `drop:percent=30`."""
    found = _SPEC.fullmatch(spec)
    if found is None or found["name"] not in FAULTS:
        raise LocalProtocolError(_unknown(_name(spec)))
    row = FAULTS[found["name"]]
    options = dict(row.options)
    given = [] if found["after"] is None else [("after", found["after"])]
    if found["rest"] is not None:
        pairs = (pair.partition("=") for pair in found["rest"].split(":"))
        given += [(key, value) for key, _, value in pairs]
    for key, value in given:
        # Those that are whole numbers count frames or bytes, and none is below 0.
        whole = isinstance(options.get(key), int)
        if key not in options or not _NUMBER.fullmatch(value) or (whole and not value.isdigit()):
            raise LocalProtocolError(f"{spec!r}: {_takes(found['name'])}")
        number = int(value) if whole else float(value)
        most = _MOST.get(key, _HIGHEST)
        least = -most if key in _SIGNED else 0
        if not least <= number <= most:
            raise LocalProtocolError(f"{spec!r}: {key} is {least} to {most}")
        options[key] = number
    return Chosen(row, MappingProxyType(options))


def _takes(name: str) -> str:
    """What may stand behind a name, for who wrote something else."""
    options = FAULTS[name].options
    if not options:
        return f"nothing can be set of {name}"
    told = " ".join(f"{name}:{key}={value:g}" for key, value in options.items())
    short = f" or {name}@3" if "after" in options else ""
    return f"a number has to follow, as in {told}{short}"


class Faults:
    """A choice of faults: `Faults("lf", "die@5")`.

    `@N`, or `:after=N`, says after how many whole frames of a stream its end comes; 3 if it is
    left out.  Other numbers follow in the same way: `drop:percent=30`; a row's `options` are
    those that it takes.  An unknown name raises `LocalProtocolError`.
    """

    __slots__ = ("_switches", "after", "chosen", "ending", "names", "rows")

    def __init__(self, *names: str) -> None:
        self.after = 3
        self.names = names
        self.chosen = tuple(map(_chosen, names))
        self.rows = tuple(one.row for one in self.chosen)
        self.ending: Ending | None = None
        """How streams end; the fault that was named last counts."""
        self._switches: dict[str, Options] = {}
        for one in self.chosen:
            self._switches |= dict.fromkeys(one.row.switches, one.options)
            if one.row.ending is not None:
                self.ending = one.row.ending
                self.after = int(one.options["after"])

    @classmethod
    def parse(cls, text: str | Iterable[str] | Faults | None) -> Faults:
        """What people write: `"lf, stall@3"` or `["lf", "stall@3"]`; nothing is no fault."""
        if isinstance(text, Faults):
            return text
        if isinstance(text, str):
            return cls(*text.replace(",", " ").split())
        names = tuple(text or ())
        if not all(isinstance(name, str) for name in names):
            raise LocalProtocolError(
                f"faults={text!r}: names are needed, such as 'lf, stall@3' or ['lf', 'stall@3']"
            )
        return cls(*names)

    def __repr__(self) -> str:
        return f"Faults({', '.join(map(repr, self.names))})"

    def __iter__(self) -> Iterator[Fault]:
        return iter(self.rows)

    @staticmethod
    def name_of(spec: str) -> str:
        """`drop` of `drop:percent=30`."""
        return _name(spec)

    def with_more(self, *names: str) -> Faults:
        """These and others; one that is there already gets the new numbers."""
        fresh = {_name(name) for name in names}
        return Faults(*(name for name in self.names if _name(name) not in fresh), *names)

    def without(self, *names: str) -> Faults:
        """These but for some, which are named with or without their numbers."""
        gone = {_name(name) for name in names}
        for name in gone:
            if name not in FAULTS:
                raise LocalProtocolError(_unknown(name))
        return Faults(*(name for name in self.names if _name(name) not in gone))

    def switch(self, name: str) -> Options | None:
        """The numbers of a switch that is on (`full`, `mute`, `gzip`...); None if it is off."""
        return self._switches.get(name)

    @property
    def chunked(self) -> bool:
        """Whether bodies come in chunks."""
        return any(row.chunk is not None for row in self.rows)

    def head(self, head: HeadLines) -> bytes:
        """The head as it is sent."""
        for row in self.rows:
            if row.head is not None:
                row.head(head)
        return bytes(head)

    def preamble(self, data: bytes) -> bytes:
        """What is sent before the first part."""
        for row in self.rows:
            if row.preamble is not None:
                data = row.preamble(data)
        return data

    def part(self, shape: PartShape) -> bytes:
        """The part as it is sent."""
        for row in self.rows:
            if row.part is not None:
                row.part(shape)
        return bytes(shape)

    def image(self, body: bytes) -> bytes:
        """The body of one picture as it is sent."""
        for row in self.rows:
            if row.image is not None:
                body = row.image(body)
        return body

    def text(self, body: bytes) -> bytes:
        """The answer of the parameter program as it is sent."""
        for row in self.rows:
            if row.text is not None:
                body = row.text(body)
        return body

    def audio(self, number: int, frame: bytes) -> bytes:
        """The GSM frame as it is sent; `number` counts the stream's frames from 0."""
        for one in self.chosen:
            if one.row.audio is not None:
                frame = one.row.audio(number, frame, one.options)
        return frame

    def damage(self, turn: Turn, data: bytes) -> bytes:
        """The bytes of a frame, at last."""
        for one in self.chosen:
            if one.row.damage is not None:
                data = one.row.damage(turn, data, one.options)
        return data

    def choose(self, turn: Turn) -> tuple[int, ...]:
        """Which frames are sent where one is due, as distances from it."""
        chosen: tuple[int, ...] = (0,)
        for one in self.chosen:
            if one.row.choice is not None:
                steps = one.row.choice(turn, one.options)
                chosen = tuple(at + step for at in chosen for step in steps)
        return chosen

    def late(self, turn: Turn, *, sound: bool) -> float:
        """By how many seconds a frame comes late."""
        return sum(
            one.row.late(turn, one.options)
            for one in self.chosen
            if one.row.late is not None and (sound or not one.row.sound)
        )

    def chunk(self, data: bytes) -> bytes:
        """A piece of a body as a chunk, in the manner of the fault that was named first."""
        return next(row.chunk(data) for row in self.rows if row.chunk is not None)

    @property
    def trailer(self) -> bytes:
        """What stands behind the last chunk."""
        return b"".join(row.trailer for row in self.rows)

    def answer(self, asked: Asked) -> tuple[bytes, ...] | None:
        """What is answered instead, if anything is: the lines of a head."""
        for one in self.chosen:
            if one.row.answer is not None:
                lines = one.row.answer(asked, one.options)
                if lines is not None:
                    return lines
        return None


NO_FAULTS: Final = Faults()
"""A camera as it should be."""
