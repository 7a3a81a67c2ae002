"""Ways in which a simulated camera can be worse than the real one, by name.

A client is only as good as the worst camera it was tried with, and nobody's camera is bad
on demand: this one is.  `FAULTS` is the table, one row a fault, with what it does in words
(`hamaproto simulate --fault NAME` and the tests read it).  Faults are off by default.

A fault says what happens to the shape of what is about to be written: the lines of a head
(`HeadLines`), a part of the video stream (`PartShape`), the bytes of a body, or when a
stream ends and how (`Ending`).  Most are transformations and can be combined; the
connection applies them in the order in which they were named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from types import MappingProxyType
from typing import Final

from hamaproto.errors import LocalProtocolError

__all__ = [
    "FAULTS",
    "NO_FAULTS",
    "Chosen",
    "Ending",
    "Fault",
    "Faults",
    "HeadLines",
    "PartShape",
    "Turn",
]


@dataclass(slots=True)
class HeadLines:
    """A response head before it is written: its lines, status line first, and their end."""

    lines: list[bytes]
    eol: bytes = b"\r\n"

    def find(self, name: bytes) -> int | None:
        """Where the field `name` stands among the lines."""
        for index, line in enumerate(self.lines):
            if line.lower().startswith(name.lower() + b":"):
                return index
        return None

    def __bytes__(self) -> bytes:
        return b"".join(line + self.eol for line in [*self.lines, b""]) if self.lines else b""


@dataclass(slots=True)
class PartShape:
    """A part of the video stream before it is written.

    `number` counts the stream's parts from 0; `tail` is what follows the image, up to and
    with the next delimiter line.
    """

    number: int
    fields: list[bytes]
    body: bytes
    tail: bytes

    def __bytes__(self) -> bytes:
        return b"".join((*(line + b"\r\n" for line in self.fields), b"\r\n", self.body, self.tail))


@dataclass(frozen=True, slots=True)
class Turn:
    """The moment at which a stream's next frame is due; `number` counts them from 0.

    What is left to chance is taken from `chance`, which depends on the seed, the fault and the
    number: so it is the same for every client, and each time.
    """

    number: int
    seed: int

    def chance(self, name: str, number: int | None = None) -> Random:
        return Random(f"{self.seed} {name} {self.number if number is None else number}")


#: Which frames are sent where one is due, as distances from it; () for none.
Choice = Callable[[Turn, Mapping[str, float]], tuple[int, ...]]


class Ending(Enum):
    """How a stream that breaks off does so."""

    DIE = "closed in the middle of a frame"
    STALL = "silent after a frame, and left open"
    STALL_INSIDE = "silent in the middle of a frame, and left open"
    RESET = "reset after a frame"
    CLOSE = "closed after a frame, with a closing delimiter"


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the table; a field that is not set changes nothing."""

    about: str
    head: Callable[[HeadLines], None] | None = None
    part: Callable[[PartShape], None] | None = None
    #: How a stream ends after `Faults.after` whole frames.
    ending: Ending | None = None
    #: Whether every body is sent in chunks.
    chunked: bool = False
    #: Whether all slots for streams are taken.
    full: bool = False
    #: Whether the login is Digest instead of Basic.
    digest: bool = False
    #: Whether a request is read and never answered.
    mute: bool = False
    #: What replaces the bodies of the parameter program.
    text: Callable[[bytes], bytes] | None = None
    #: What happens to a GSM frame; its number in the stream and its bytes.
    audio: Callable[[int, bytes], bytes] | None = None
    #: Which frames of a stream are sent.
    choice: Choice | None = None
    #: The numbers that it takes, each with what it is if it is left out.
    options: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


def _bare_date(head: HeadLines) -> None:
    head.lines.insert(2, b"Sat Jan  1 00:00:41 2000")


def _blank_before_colon(head: HeadLines) -> None:
    head.lines[1:] = [line.replace(b":", b" :", 1) for line in head.lines[1:]]


def _line_feeds(head: HeadLines) -> None:
    head.eol = b"\n"


def _no_reason(head: HeadLines) -> None:
    head.lines[0] = b" ".join(head.lines[0].split(b" ")[:2])


def _latin_1(head: HeadLines) -> None:
    head.lines.insert(1, "X-Location: Entrée du café".encode("latin-1"))


def _folded(head: HeadLines) -> None:
    index = head.find(b"Content-Type")
    if index is not None:
        name, mark, rest = head.lines[index].partition(b"; ")
        if mark:
            head.lines[index : index + 1] = [name + b";  ", b"            " + rest]
        else:
            name, _, value = name.partition(b": ")
            head.lines[index : index + 1] = [name + b":", b"            " + value]


def _retyped(old: bytes, new: bytes) -> Callable[[HeadLines], None]:
    """Replaces a piece of the Content-Type."""

    def change(head: HeadLines) -> None:
        index = head.find(b"Content-Type")
        if index is not None:
            head.lines[index] = head.lines[index].replace(old, new)

    return change


def _untyped(head: HeadLines) -> None:
    index = head.find(b"Content-Type")
    if index is not None:
        del head.lines[index]


def _as_printed(head: HeadLines) -> None:
    index = head.find(b"Content-Type")
    if index is not None and (b"multipart" in head.lines[index] or b"audio" in head.lines[index]):
        head.lines[:] = [b"HTTP/1.0 200 OK", head.lines[index]]
        _retyped(b"audio/gsm", b"audio/basic")(head)
        _retyped(b'"myboundary"', b"myboundary")(head)
        if b"multipart" in head.lines[1]:
            _folded(head)


def _endless_length(head: HeadLines) -> None:
    if head.find(b"Content-Length") is None:
        head.lines.append(b"Content-Length: 9999999")


def _chunked(head: HeadLines) -> None:
    index = head.find(b"Content-Length")
    if index is not None:
        del head.lines[index]
    head.lines.append(b"Transfer-Encoding: chunked")


def _headless(head: HeadLines) -> None:
    head.lines.clear()


def _length(change: Callable[[PartShape], bytes | None]) -> Callable[[PartShape], None]:
    """Replaces the number of the Content-Length; None drops the line."""

    def part(shape: PartShape) -> None:
        value = change(shape)
        shape.fields[:] = [
            line for line in shape.fields if not line.startswith(b"Content-Length")
        ] + ([b"Content-Length: " + value] if value is not None else [])

    return part


def _sometimes(
    change: Callable[[PartShape], bytes], every: int = 3
) -> Callable[[PartShape], bytes]:
    """The change for every third part; the others tell the truth."""
    return lambda shape: (
        change(shape) if shape.number % every == every - 1 else b"%d" % len(shape.body)
    )


def _truncated(shape: PartShape) -> None:
    if shape.number % 3 == 2:
        shape.body = shape.body[: len(shape.body) * 2 // 3]


def _junk_behind(shape: PartShape) -> None:
    shape.tail = b"\x00" * 16 + b"\xff\xffjunk\x00" + shape.tail


def _junk_before(shape: PartShape) -> None:
    shape.body = b"\x00junk\xff" + shape.body


def _padded(shape: PartShape) -> None:
    # The device sends whole blocks of 32 bytes and counts them.
    shape.body += b"\x00" * (-len(shape.body) % 32)
    _length(lambda shape: b"%d" % len(shape.body))(shape)


def _with_segment(marker: bytes, content: bytes) -> Callable[[PartShape], None]:
    """Puts a segment behind the image's SOI, and counts it."""

    def part(shape: PartShape) -> None:
        segment = marker + (len(content) + 2).to_bytes(2, "big") + content
        shape.body = shape.body[:2] + segment + shape.body[2:]
        _length(lambda shape: b"%d" % len(shape.body))(shape)

    return part


#: A JPEG of one grey pixel block, small enough to be a thumbnail.
_THUMBNAIL: Final = bytes.fromhex(
    "ffd8ffdb004300" + "10" * 64 + "ffc0000b080008000801011100"
    "ffc400140001000000000000000000000000000000"
    "00ffc40014100100000000000000000000000000000000"
    "ffda0008010100003f003fffd9"
)


def _no_motion(shape: PartShape) -> None:
    shape.fields[:] = [line for line in shape.fields if not line.startswith(b"Motion-Event")]


def _text_part(shape: PartShape) -> None:
    note = b"motion=%d\r\n" % shape.number
    shape.tail += (
        b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(note) + note + shape.tail
    )


def _twice(shape: PartShape) -> None:
    shape.tail += shape.tail


def _drop(turn: Turn, options: Mapping[str, float]) -> tuple[int, ...]:
    lost = turn.chance("drop").random() * 100 < options["percent"]
    return () if lost else (0,)


def _duplicate(turn: Turn, options: Mapping[str, float]) -> tuple[int, ...]:
    again = turn.chance("duplicate").random() * 100 < options["percent"]
    return (0, 0) if again else (0,)


def _reorder(turn: Turn, options: Mapping[str, float]) -> tuple[int, ...]:
    # Two neighbours change places: what is decided for the first holds for the second.
    second = turn.number % 2
    chance = turn.chance("reorder", turn.number - second)
    changed = chance.random() * 100 < options["percent"]
    return (-1 if second else 1,) if changed else (0,)


def _bare_ok(body: bytes) -> bytes:
    return b"OK" if body == b"OK\r\n" else body


def _axis_error(body: bytes) -> bytes:
    return body.replace(b"# Error -1 getting", b"# Error: Error -1 getting")


def _short_audio(number: int, frame: bytes) -> bytes:
    return frame[:-5] if number % 25 == 24 else frame


def _ending(about: str, ending: Ending) -> Fault:
    return Fault(about, ending=ending, options=MappingProxyType({"after": 3}))


FAULTS: Final[Mapping[str, Fault]] = MappingProxyType(
    {
        # the head
        "bare-date": Fault("a date stands among the header lines without a name", head=_bare_date),
        "blank-before-colon": Fault("a blank before each header's colon", head=_blank_before_colon),
        "lf": Fault("the head's lines end in LF alone", head=_line_feeds),
        "no-reason": Fault("no reason phrase in the status line", head=_no_reason),
        "folded": Fault("Content-Type on two lines", head=_folded),
        "latin-1": Fault("a header value in latin-1", head=_latin_1),
        "no-type": Fault("no Content-Type", head=_untyped),
        "no-head": Fault("bodies without a response head", head=_headless),
        "as-printed": Fault(
            "streams as the specification prints them: HTTP/1.0, folded, audio/basic",
            head=_as_printed,
            part=_no_motion,
        ),
        "endless-length": Fault("Content-Length: 9999999 on a stream", head=_endless_length),
        "chunked": Fault("bodies in chunks", head=_chunked, chunked=True),
        # the boundary
        "unquoted-boundary": Fault(
            "the boundary without quotation marks, as firmware 1.39 sends it",
            head=_retyped(b'"myboundary"', b"myboundary"),
        ),
        "dashed-boundary": Fault(
            "a declared boundary that has the dashes of the delimiter already",
            head=_retyped(b'"myboundary"', b"--myboundary"),
        ),
        "other-boundary": Fault(
            "the declared boundary is not the one in use",
            head=_retyped(b'"myboundary"', b"yourboundary"),
        ),
        "delimiter-twice": Fault("each delimiter comes twice", part=_twice),
        # lengths
        "no-length": Fault("parts without Content-Length", part=_length(lambda shape: None)),
        "zero-length": Fault("Content-Length: 0 on each part", part=_length(lambda shape: b"0")),
        "long-length": Fault(
            "every third Content-Length is too long by 1000",
            part=_length(_sometimes(lambda shape: b"%d" % (len(shape.body) + 1000))),
        ),
        "short-length": Fault(
            "every third Content-Length is too short by half",
            part=_length(_sometimes(lambda shape: b"%d" % (len(shape.body) // 2))),
        ),
        # images
        "truncated": Fault("every third image is cut off, its length is not", part=_truncated),
        "junk-behind": Fault("bytes behind the image that nothing counts", part=_junk_behind),
        "junk-before": Fault("bytes between a part's head and its image", part=_junk_before),
        "padded": Fault("images filled up with NUL to 32 bytes, and so counted", part=_padded),
        "thumbnail": Fault(
            "an EXIF segment that holds a whole small JPEG",
            part=_with_segment(b"\xff\xe1", b"Exif\x00\x00" + _THUMBNAIL),
        ),
        "delimiter-inside": Fault(
            "a comment in the image that reads like a delimiter and a part's head",
            part=_with_segment(
                b"\xff\xfe", b"\r\n--myboundary\r\nContent-Type: image/jpeg\r\n\r\n"
            ),
        ),
        "text-part": Fault("a text part behind each image", part=_text_part),
        # which frames come
        "drop": Fault(
            "frames are left out, so many in a hundred",
            choice=_drop,
            options=MappingProxyType({"percent": 10.0}),
        ),
        "duplicate": Fault(
            "frames come twice, so many in a hundred",
            choice=_duplicate,
            options=MappingProxyType({"percent": 10.0}),
        ),
        "reorder": Fault(
            "two frames change places, so many pairs in a hundred",
            choice=_reorder,
            options=MappingProxyType({"percent": 10.0}),
        ),
        # the end
        "die": _ending("the stream is closed in the middle of a frame", Ending.DIE),
        "stall": _ending("the stream falls silent after a frame", Ending.STALL),
        "stall-inside": _ending("the stream falls silent inside a frame", Ending.STALL_INSIDE),
        "reset": _ending("the connection is reset after a frame", Ending.RESET),
        "close": _ending("a closing delimiter, then the end", Ending.CLOSE),
        # the service
        "full": Fault("all slots for streams are taken", full=True),
        "mute": Fault("requests are read and not answered", mute=True),
        "digest": Fault("Digest instead of Basic, as later siblings ask for it", digest=True),
        "bare-ok": Fault("OK without a line end", text=_bare_ok),
        "axis-error": Fault("error lines in the words of Axis", text=_axis_error),
        "short-audio": Fault("every 25th GSM frame lacks its last 5 bytes", audio=_short_audio),
    }
)
"""Every fault that can be chosen."""

_SPEC = re.compile(r"(?P<name>[^@:]*)(?:@(?P<after>[^@:]*))?(?::(?P<rest>.*))?", re.DOTALL)
#: Numbers that may be below 0, and the highest of those that have one.
_SIGNED: Final = frozenset({"ppm", "offset"})
_MOST: Final = {"percent": 100}
_NUMBER = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?")


def _name(spec: str) -> str:
    """The name of a fault without its numbers."""
    return re.split("[@:]", spec, maxsplit=1)[0]


def _unknown(name: str) -> str:
    return f"no fault is named {name!r}; there are {', '.join(FAULTS)}"


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
        if key not in _SIGNED and not 0 <= number <= _MOST.get(key, number):
            raise LocalProtocolError(f"{spec!r}: {key} is 0 to {_MOST.get(key, 'any number')}")
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


@dataclass(frozen=True, slots=True)
class Chosen:
    """A row with the numbers that were given to it."""

    row: Fault
    options: Mapping[str, float]


class Faults:
    """A choice of faults: `Faults("lf", "die@5")`.

    `@N`, or `:after=N`, says after how many whole frames of a stream its end comes; 3 if it is
    left out.  Other numbers follow in the same way: `drop:percent=30`; a row's `options` are
    those that it takes.  An unknown name raises `LocalProtocolError`.
    """

    __slots__ = ("after", "chosen", "names", "rows")

    def __init__(self, *names: str) -> None:
        self.after = 3
        self.names = names
        self.chosen = tuple(map(_chosen, names))
        self.rows = tuple(one.row for one in self.chosen)
        for one in self.chosen:
            if one.row.ending is not None:
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

    @property
    def ending(self) -> Ending | None:
        """How streams end; the fault that was named last counts."""
        return next((row.ending for row in reversed(self.rows) if row.ending), None)

    @property
    def chunked(self) -> bool:
        """Whether bodies come in chunks."""
        return any(row.chunked for row in self.rows)

    @property
    def full(self) -> bool:
        """Whether all slots are taken."""
        return any(row.full for row in self.rows)

    @property
    def digest(self) -> bool:
        """Whether a login is asked for by Digest."""
        return any(row.digest for row in self.rows)

    @property
    def mute(self) -> bool:
        """Whether requests are read and not answered."""
        return any(row.mute for row in self.rows)

    def head(self, head: HeadLines) -> bytes:
        """The head as it is sent."""
        for row in self.rows:
            if row.head is not None:
                row.head(head)
        return bytes(head)

    def part(self, shape: PartShape) -> bytes:
        """The part as it is sent."""
        for row in self.rows:
            if row.part is not None:
                row.part(shape)
        return bytes(shape)

    def choose(self, turn: Turn) -> tuple[int, ...]:
        """Which frames are sent where one is due, as distances from it."""
        chosen: tuple[int, ...] = (0,)
        for one in self.chosen:
            if one.row.choice is not None:
                steps = one.row.choice(turn, one.options)
                chosen = tuple(at + step for at in chosen for step in steps)
        return chosen

    def text(self, body: bytes) -> bytes:
        """The answer of the parameter program as it is sent."""
        for row in self.rows:
            if row.text is not None:
                body = row.text(body)
        return body

    def audio(self, number: int, frame: bytes) -> bytes:
        """The GSM frame as it is sent; `number` counts the stream's frames from 0."""
        for row in self.rows:
            if row.audio is not None:
                frame = row.audio(number, frame)
        return frame


NO_FAULTS: Final = Faults()
