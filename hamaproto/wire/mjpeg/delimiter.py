"""Which lines separate the parts of a stream, and where the next one stands.

RFC 2046 5.1.1 says `--` and the declared boundary.  Cameras declare the dashes as part of
the boundary, or leave them out on the wire, or use another name than they declare, or
declare none.  So there is a set of known names: what the declaration can mean, and the
last three that were seen in use.  A name that was not declared must prove itself by a
real line end and a header behind it.

Nothing here keeps a position.  A question that can't be answered because the bytes end
is answered with `UNDECIDED`, never with a guess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from hamaproto.events import AnomalyCode
from hamaproto.wire.mjpeg.scans import MAX_FIELD, MAX_NAME

__all__ = [
    "REPEATS",
    "UNDECIDED",
    "Delimiter",
    "DelimiterSet",
    "Match",
    "Undecided",
    "boundary_of",
    "line_end_before",
]

#: How many names that were not declared are kept alive.
_DETECTED = 3
#: How often a delimiter may stand behind itself before a header block.
REPEATS = 8


class Undecided(Enum):
    UNDECIDED = "undecided"


UNDECIDED: Final = Undecided.UNDECIDED

_BOUNDARY = re.compile(
    r"""(?:^|[;,\s]) boundary \s* = \s*
    (?: "([^"\\]*+(?:\\.[^"\\]*+)*+)"? | '([^']*)' | ([^;]*) )""",
    re.IGNORECASE | re.VERBOSE,
)


def boundary_of(content_type: str | None) -> str | None:
    """The boundary parameter of a Content-Type, read as a lenient MIME parser does.

    Quoted or not; blanks and colons inside; blanks around the `=`; a missing closing quote.
    """
    found = _BOUNDARY.search(content_type or "")
    if found is None:
        return None
    quoted, single, bare = found.groups()
    if quoted is not None:
        value = re.sub(r"\\(.)", r"\1", quoted)
    else:
        value = single if single is not None else bare.strip()
    return value or None


@dataclass(slots=True, frozen=True)
class Delimiter:
    """One way in which a delimiter line can begin."""

    line: bytes
    #: What is to be reported when this one turns out to be in use.
    anomaly: AnomalyCode | None = None
    #: A bare name, without dashes, is only believed with a header block or an image behind it.
    bare: bool = False


@dataclass(slots=True)
class Match:
    """A delimiter at `start`; the header block begins at `end`."""

    delimiter: Delimiter
    start: int
    end: int
    closing: bool = False
    anomaly: AnomalyCode | None = None

    @property
    def ends_line(self) -> bool:
        """Whether only a line end follows the name."""
        return not self.closing and self.anomaly is not AnomalyCode.HEADER_ON_DELIMITER_LINE


_FIELD = rb"[A-Za-z][A-Za-z0-9_.-]{0,%d}[ \t]{0,%d}:" % (MAX_FIELD - 1, MAX_FIELD)
_IS_FIELD = re.compile(_FIELD).match
#: What may still become a header name.
_MAY_BE_FIELD = re.compile(
    rb"(?:[A-Za-z][A-Za-z0-9_.-]{0,%d}[ \t]{0,%d})?\Z" % (MAX_FIELD - 1, MAX_FIELD)
).match
_PADDED_END = re.compile(rb"[ \t]*(\r?\n)").match
_MAY_BE_END = re.compile(rb"[ \t]{0,%d}\r?\Z" % MAX_NAME).match
# The name, without the blanks behind it; each byte is looked at twice and no more.
_NAME = rb"(?=[\x21-\x7e][\x20-\x7e\t]{0,%d}+\r?\n)([\x21-\x7e]++(?:\x20++[\x21-\x7e]++)*+)" % (
    MAX_NAME - 1
)
_UNDECLARED_LINE = re.compile(rb"--%b[ \t]*+\r?\n" % _NAME).match
_MAY_BE_UNDECLARED = re.compile(rb"(?:-|--|--[\x21-\x7e][\x20-\x7e\t]{0,%d}\r?)\Z" % MAX_NAME).match
_ANY_LINE = re.compile(
    rb"\n\r?--%b[ \t]*+\r?\n\r?(?:--\1[ \t]*+\r?\n\r?){0,%d}"
    rb"(?=(?:content-|x-)[A-Za-z0-9_.-]{0,%d}+[ \t]*+:)" % (_NAME, REPEATS, MAX_FIELD),
    re.IGNORECASE,
).search
_CONTENT = re.compile(
    rb"\r?(?:content-|x-)[A-Za-z0-9_.-]{0,%d}[ \t]{0,%d}:" % (MAX_FIELD, MAX_FIELD), re.IGNORECASE
).match
_REST_OF_LINE = rb"[A-Za-z0-9_.-]{0,%d}+[ \t]{0,%d}+:[\x20-\x7e\t]{0,%d}+\r?\n\r?" % (
    MAX_FIELD,
    MAX_FIELD,
    MAX_NAME,
)
#: What an image stands behind if its delimiter is gone: the last line of a header block, whose
#: name may be damaged if the empty line is there.
_LAST_LINE = re.compile(
    rb"(?:(?:content-|x-)%b|[A-Za-z]%b\r?\n\r?)(?:\r?\n\r?)?\Z" % (_REST_OF_LINE, _REST_OF_LINE),
    re.IGNORECASE,
).search
_LAST_LINE_REACH = 2 * MAX_FIELD + MAX_NAME + 16
#: What delimiters and headers are made of, if no name was declared that has more.
_TEXT = b"\t\r\n" + bytes(range(0x20, 0x7F))
_EACH_SOI = re.compile(rb"\xff\xd8\xff").finditer

_EACH_LAST = re.compile(rb"(?<=[A-Za-z0-9_. \t-]):|(?<=[\r\n]\xff\xd8)\xff").finditer
_FIELD_BYTES = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.- \t"
#: A header, and the delimiter with its dashes before it on the line.
_FIELD_REACH = 2 * MAX_FIELD + MAX_NAME + 2

_SOI = b"\xff\xd8\xff"
#: An empty line, however it ends, and FFD8FF.
_EMPTY_HEAD = 6

#: No answer depends on more bytes than this behind a delimiter's first one.
LOOKAHEAD = 2 * MAX_NAME + 2 * MAX_FIELD + 8


#: What follows the name of a delimiter: a header block, which may begin on its line; or none,
#: or an empty one, and an image.
_PART_BEHIND = re.compile(
    rb"(?:[ \t]*+\r?\n\r?)?%b|[ \t]*+\r?\n\r?(?:\r?\n\r?)?\xff\xd8\xff" % _FIELD
).match
#: What follows the name of one that may be given again behind it, a closing one too.
_AGAIN_BEHIND = re.compile(rb"(?:--)?[ \t]*+(?>\r?\n\r?(?:\r?\n)?)").match
_LINE_END_BEHIND = re.compile(rb"(?:--)?[ \t]*+\r?\n").match
#: Where a search for names begins with windows that grow, so that a name that is nowhere does
#: not make each search run to the end of the data.
_WINDOW = 256
_MOST_WINDOW = 65536


class DelimiterSet:
    """The names that are alive in one stream.

    `current` is the one in use, or None before the first part.
    """

    __slots__ = ("_detected", "_longest", "_names", "_textual", "current", "declared", "patterns")

    def __init__(self, boundary: str | None) -> None:
        self.declare(boundary)

    def declare(self, boundary: str | None) -> None:
        """Begin anew with the names that a declared boundary can mean."""
        declared: list[Delimiter] = []
        # What has a line end in it can't stand on a line.
        if boundary is not None and "\n" not in boundary and "\r" not in boundary:
            raw = boundary.encode("latin-1", "replace").strip(b" \t")[:MAX_NAME]
            stripped = raw.strip(b"-")
            declared.append(Delimiter(b"--" + raw))
            if raw.startswith(b"--") and len(raw) > 2:
                declared.append(Delimiter(raw, AnomalyCode.UNDECLARED_BOUNDARY))
            if stripped and b"--" + stripped not in (raw, b"--" + raw):
                declared.append(Delimiter(b"--" + stripped, AnomalyCode.UNDECLARED_BOUNDARY))
            for name in (raw, stripped):
                if name and not name.startswith(b"--"):
                    declared.append(
                        Delimiter(name, AnomalyCode.DELIMITER_WITHOUT_DASHES, bare=True)
                    )
                    break
        self.declared = tuple(declared)
        self._detected: tuple[Delimiter, ...] = ()
        self.current: Delimiter | None = None
        self._update()

    def _update(self) -> None:
        names = {d.line: d for d in (*self._detected, *self.declared)}
        # The longest first, so that a name never hides a longer one.
        self._names = tuple(sorted(names.values(), key=lambda d: -len(d.line)))
        #: What junk is to be searched for: (line, bare) of each.
        self.patterns = tuple((d.line, d.bare) for d in self._names)
        self._longest = max((len(d.line) for d in self._names), default=0)
        self._textual = not any(d.line.strip(_TEXT) for d in self._names)

    @property
    def multipart(self) -> bool:
        """Whether the parts of this stream are, or should be, delimited at all."""
        return self.current is not None or bool(self.declared)

    def use(self, delimiter: Delimiter) -> AnomalyCode | None:
        """Note that this one is in use; what there is to report about it."""
        before, self.current = self.current, delimiter
        if before is delimiter or before == delimiter:
            return None
        known = any(d.line == delimiter.line for d in self._names)
        if not any(d.line == delimiter.line for d in self.declared):
            others = [d for d in self._detected if d.line != delimiter.line]
            self._detected = (*others, delimiter)[-_DETECTED:]
            if not known:
                self._update()
        if before is not None:
            return AnomalyCode.BOUNDARY_CHANGED
        return delimiter.anomaly

    def match_known(
        self, data: bytes | bytearray, pos: int, end: int, final: bool, line_start: bool
    ) -> Match | Undecided | None:
        """Whether a known delimiter stands at `pos`."""
        undecided = False
        closing: Match | None = None
        for delimiter in self._names:
            line = delimiter.line
            if delimiter.bare and not line_start:
                continue
            have = min(len(line), end - pos)
            if data[pos : pos + have] != line[:have]:
                continue
            if have < len(line):
                undecided = undecided or not final
                continue
            after = pos + have
            rest = bytes(data[after : min(end, after + MAX_NAME + MAX_FIELD)])
            ending = _PADDED_END(rest)
            if ending is not None:
                stop = after + ending.end()
                if delimiter.bare:
                    proof = self.follows(data, stop, end, final, False)
                    if proof is UNDECIDED:
                        undecided = True
                    if proof is not True:
                        continue
                # A longer name can't be undecided: this line has ended, and no name has a line end.
                padding = AnomalyCode.DELIMITER_PADDING if ending.start(1) else None
                return Match(delimiter, pos, stop, anomaly=padding)
            if delimiter.bare:
                if not final and _MAY_BE_END(rest):
                    undecided = True
                continue
            if rest.startswith(b"--"):
                ending = _PADDED_END(rest, 2)
                if ending is not None:
                    closing = closing or Match(delimiter, pos, after + ending.end(), closing=True)
                    continue
                if _MAY_BE_END(rest, 2):
                    if final:
                        closing = closing or Match(delimiter, pos, end, closing=True)
                    else:
                        undecided = True
                    continue
            elif _IS_FIELD(rest):
                if undecided:
                    return UNDECIDED
                return Match(delimiter, pos, after, anomaly=AnomalyCode.HEADER_ON_DELIMITER_LINE)
            if _MAY_BE_END(rest) or _MAY_BE_FIELD(rest) or rest == b"-":
                if not final:
                    undecided = True
                elif not rest.strip():
                    return Match(delimiter, pos, end)
        if undecided:
            return UNDECIDED
        return closing

    def match_undeclared(
        self, data: bytes | bytearray, pos: int, end: int, final: bool
    ) -> Match | Undecided | None:
        """Whether a line at `pos` is a delimiter that nobody declared."""
        if data[pos : pos + 1] != b"-":
            return None
        rest = bytes(data[pos : min(end, pos + LOOKAHEAD)])
        line = _UNDECLARED_LINE(rest)
        if line is not None:
            stop = pos + line.end()
            proof = self._field_behind(data, stop, end, final)
            if proof is True:
                return Match(self._detect(line.group(1)), pos, stop)
            return UNDECIDED if proof is UNDECIDED else None
        if not final and _MAY_BE_UNDECLARED(rest):
            return UNDECIDED
        return None

    def _detect(self, name: bytes) -> Delimiter:
        line = b"--" + name
        for delimiter in self._names:
            if delimiter.line == line:
                return delimiter
        return Delimiter(line, AnomalyCode.UNDECLARED_BOUNDARY)

    @staticmethod
    def _field_behind(data: bytes | bytearray, pos: int, end: int, final: bool) -> bool | Undecided:
        """Whether a header begins at `pos`, behind the CR of a LF CR if there is one."""
        if data[pos : pos + 1] == b"\r":
            pos += 1
        rest = bytes(data[pos : min(end, pos + MAX_FIELD + MAX_NAME)])
        if _IS_FIELD(rest):
            return True
        if not final and _MAY_BE_FIELD(rest):
            return UNDECIDED
        return False

    def search_proven(self, data: bytes | bytearray | memoryview, pos: int, end: int) -> int:
        """The first known delimiter in `data[pos:end]` that a part follows, or -1.

        That is a header block, or an image with an empty one or none before it.
        """
        width = _WINDOW
        # Names further on of which it is known that no part follows.
        dead: set[int] = set()
        while pos < end:
            upto = min(end, pos + width)
            width = min(4 * width, _MOST_WINDOW)
            # A name that begins in the window may end behind it.
            window = bytes(data[pos : min(end, upto + self._longest - 1)])
            places = [(window.find(line), line) for line, _ in self.patterns]
            while places := [(at, line) for at, line in places if 0 <= at < upto - pos]:
                first = min(at for at, _ in places)
                if pos + first in dead:
                    dead.remove(pos + first)
                elif self._proves(data, pos + first, end, dead):
                    return pos + first
                places = [
                    (at if at > first else window.find(line, first + 1), line)
                    for at, line in places
                ]
            pos = upto
        return -1

    def _proves(
        self, data: bytes | bytearray | memoryview, pos: int, end: int, dead: set[int]
    ) -> bool:
        """Whether a header block or an image follows the name at `pos`.

        A delimiter given twice or more, with nothing between, is one delimiter, a closing one
        too; not without end.  `dead` gets the names behind the first one that need not be asked.
        """
        run: list[int] = []
        while len(run) < 8 * REPEATS:
            again = -1
            met = False
            rest = bytes(data[pos : min(end, pos + self._longest)])
            for line, bare in self.patterns:
                if not rest.startswith(line):
                    continue
                met = True
                behind = pos + len(line)
                if bare and not (
                    line_end_before(data, pos, 0) and _LINE_END_BEHIND(data, behind, end)
                ):
                    continue
                if _PART_BEHIND(data, behind, end):
                    dead.update(run[1:-REPEATS])
                    return len(run) <= REPEATS
                if again < 0 and (found := _AGAIN_BEHIND(data, behind, end)):
                    again = found.end()
            if again < 0:
                dead.update((*run, pos)[1:] if met else run[1:])
                return False
            run.append(pos)
            pos = again
        dead.update(run[1:-REPEATS])
        return False

    def search_any(self, data: bytes | bytearray | memoryview, pos: int, end: int) -> int:
        """The first `--line` with a Content- or X- header behind it, or -1."""
        found = _ANY_LINE(data, pos, end)
        if found is None:
            return -1
        return found.start(1) - 2

    def search_headed(
        self, data: bytes | bytearray | memoryview, start: int, pos: int, end: int
    ) -> int:
        """The first FFD8FF in `data[pos:end]` behind the last line of a header block, or -1.

        That is an image whose delimiter is gone; a thumbnail has no such line before it.
        Nothing before `start` is looked at.
        """
        for found in _EACH_SOI(data, pos, end):
            if self.headed(data, found.start(), start):
                return found.start()
        return -1

    @staticmethod
    def headed(data: bytes | bytearray | memoryview, pos: int, start: int) -> bool:
        """Whether the last line of a header block ends before `pos`, and begins behind `start`."""
        if pos <= start or data[pos - 1] not in b"\r\n":
            return False
        tail = bytes(data[max(start, pos - _LAST_LINE_REACH) : pos])
        # Only the last line that is not empty can be it, and lines may come in a flood.
        return _LAST_LINE(tail, tail.rfind(b"\n", 0, len(tail.rstrip(b"\r\n"))) + 1) is not None

    @staticmethod
    def content_at(data: bytes | bytearray, pos: int) -> bool:
        """Whether a Content- or X- header begins at `pos`, whose colon is there already."""
        return _CONTENT(data, pos) is not None

    def search_last(self, data: bytes | bytearray | memoryview, pos: int, end: int) -> int:
        """At the end of a stream: where the delimiter line begins that is its last, or -1."""
        names = [d for d in self._names if not d.bare]
        if not names:
            return -1
        pattern = b"(?:%s)(?:--)?[ \t\r\n]*\\Z" % b"|".join(re.escape(d.line) for d in names)
        pos = max(pos, end - 2 * MAX_NAME)
        found = re.search(pattern, bytes(data[pos:end]))
        return -1 if found is None else pos + found.start()

    def may_prove(self, data: bytes | bytearray | memoryview, pos: int, end: int) -> bool:
        """Whether a byte of `data[pos:end]` can end the proof that a part begins, there or before.

        Each proof ends with the colon of a header, or with FFD8FF behind a line end.
        """
        for last in _EACH_LAST(data, pos, end):
            at = last.start()
            if data[at] == 0xFF:
                return True
            tail = bytes(data[max(0, at - _FIELD_REACH) : at])
            # A header begins behind a line end or, on its line, behind the name.
            before = tail.rstrip(_FIELD_BYTES)
            if not before or before.endswith((b"\n", b"\r")):
                return True
            if any(line in tail for line, _ in self.patterns):
                return True
        return False

    def hold_back(self, data: bytes | bytearray | memoryview, pos: int, end: int) -> int:
        """How far `data` up to `end` need not be searched again when more has come.

        A delimiter and the header or image behind it may be cut off at `end`.
        """
        pos = max(pos, end - LOOKAHEAD)
        tail = bytes(data[pos:end])
        text = tail[: -2 if tail.endswith(_SOI[:2]) else -1 if tail.endswith(_SOI[:1]) else None]
        since = len(text.rstrip(_TEXT)) if self._textual else 0
        places = [at for at in (tail.find(b"\n", since), tail.find(b"-", since)) if at >= 0]
        return pos + min(places) if places else end

    def follows(
        self, data: bytes | bytearray, pos: int, end: int, final: bool, empty: bool
    ) -> bool | Undecided:
        """Whether a header block begins at `pos`, or an image, or an image behind an empty line.

        With `empty` that empty line is enough: a header block may be empty (RFC 2046 5.1).
        """
        proof = self._field_behind(data, pos, end, final)
        if proof is not False:
            return proof
        rest = bytes(data[pos : min(end, pos + _EMPTY_HEAD)])
        image = rest.lstrip(b"\r\n")
        if image.startswith(_SOI) or (empty and rest.startswith((b"\n", b"\r\n"))):
            return True
        if not final and len(rest) < _EMPTY_HEAD and _SOI.startswith(image):
            return UNDECIDED
        return False


def line_end_before(data: bytes | bytearray | memoryview, pos: int, start: int) -> int:
    """How many bytes of line end stand directly before `pos`: they belong to the delimiter.

    Nothing before `start` is looked at.
    """
    before = bytes(data[max(start, pos - 2) : pos])
    if before in (b"\r\n", b"\n\r"):
        return 2
    return 1 if before.endswith(b"\n") else 0
