"""The scans, in pure Python: `scans.pyx` has the same names in C.

Everything here is called once for a stretch of bytes, never once a byte.  `data` is
`bytes` or `bytearray` throughout, `pos` and `end` are indexes into it, and nothing
outside `data[pos:end]` is looked at.
"""

from __future__ import annotations

import re

__all__ = [
    "CUT",
    "NO",
    "YES",
    "Names",
    "find_soi",
    "is_run",
    "may_begin",
    "scan_marker",
    "search_junk",
    "skip_fill",
    "skip_line_ends",
    "starts_line",
]


# Long runs of FF are matched as a whole: a search that stops at each of them crawls.
_MARKER = re.compile(rb"\xff(?:[^\x00\xd0-\xd7\xff]|\xff{15}\xff*+)", re.DOTALL).search


def scan_marker(data: bytes | bytearray, pos: int, end: int) -> int:
    """The index of the next marker that ends a run of entropy-coded data, or -1.

    That is FF followed by other than 00 (a stuffed FF), D0-D7 (a restart) and FF (fill);
    ITU-T T.81 B.1.1.  A lone FF at `end` is not found.
    """
    while True:
        found = _MARKER(data, pos, end)
        if found is None:
            return -1
        at, behind = found.span()
        if behind - at == 2:
            return at
        pos = behind - 1


def is_run(data: bytes) -> bool:
    """Whether `data`, not empty, is entropy-coded and goes on behind its end, whatever follows.

    There is no marker in it, and its last byte is not the FF of one.
    """
    return data[-1] != 0xFF and (_MARKER(data) is None or scan_marker(data, 0, len(data)) < 0)


_LINE_ENDS = re.compile(rb"[\r\n]++").match


def skip_line_ends(data: bytes | bytearray, pos: int, end: int) -> int:
    """The first index from `pos` on that holds neither CR nor LF, or `end`."""
    run = _LINE_ENDS(data, pos, end)
    return pos if run is None else run.end()


_SOI = b"\xff\xd8\xff"
#: How long the parts of a delimiter line that nobody declared may be.
MAX_NAME = 200
MAX_FIELD = 64
#: More names than this are never alive at a time.
MAX_NAMES = 12

#: What may stand at a place between two parts: nothing, whatever follows; something that wants
#: a careful look; something that the end of the data cuts off too early to tell.
NO = 0
YES = 1
CUT = 2

# Behind the start of a line: `--`, a name, a line end, the start of a header; or as much of it as
# there is.  One of the groups takes part, and is empty or a line end, only if the data ends too
# early to tell.
_UNDECLARED = (
    rb"--(?:[\x21-\x7e][\x20-\x7e\t]{0,%d}+(?:\r?\n\r?[A-Za-z][A-Za-z0-9_.-]{0,%d}+[ \t]{0,%d}+"
    rb"(?::|(\Z))|(\r?(?:\n\r?)?\Z))|(\Z))"
) % (MAX_NAME, MAX_FIELD - 1, MAX_FIELD)
_LINE = re.compile(rb"\n\r?(?=%b)" % _UNDECLARED).search
_UNDECLARED_AT = re.compile(_UNDECLARED).match

#: How far behind the start of its line the colon of such a header stands, at most.
_REACH = 2 * MAX_NAME + 2 * MAX_FIELD


class Names:
    """The known names, (line, bare) of each, for the searches.

    A bare name counts at the start of a line only.
    """

    __slots__ = ("by_first", "longest", "probes")

    def __init__(self, names: tuple[tuple[bytes, bool], ...]) -> None:
        names = names[:MAX_NAMES]
        #: What something may begin with, and the names that do.
        self.by_first = {
            first: tuple(name for name in names if name[0][0] == first)
            for first in {0xFF, 0x2D, *(line[0] for line, _ in names)}
        }
        self.longest = max([3, *(len(line) for line, _ in names)])
        # (what is searched, its last byte, where the name begins in it, what must stand before it)
        # A name is searched without its dashes, of which there may be a flood.
        probes: list[tuple[bytes, bytes, int, bytes]] = []
        for line, bare in names:
            last = line[-1:]
            if bare:
                probes += [(b"\n" + line, last, 1, b""), (b"\n\r" + line, last, 2, b"")]
            else:
                body = line.lstrip(b"-") or line
                dashes = line[: len(line) - len(body)]
                probes.append((body, last, -len(dashes), dashes))
        self.probes = tuple(probes)


def starts_line(data: bytes | bytearray, start: int, pos: int) -> bool:
    """Whether a line end stands before `pos`; nothing before `start` is looked at."""
    return pos > start and (
        data[pos - 1] == 0x0A
        or (data[pos - 1] == 0x0D and pos - 1 > start and data[pos - 2] == 0x0A)
    )


def may_begin(names: Names, data: bytes | bytearray, pos: int, end: int, line_start: bool) -> int:
    """Whether something begins at `pos` < `end`: `NO`, `YES` or `CUT`.

    That is FFD8FF, a known name, or a line that begins with `--` and may, by the bytes
    present, be a delimiter: a name, a line end, the start of a header.
    """
    first = data[pos]
    alike = names.by_first.get(first)
    if alike is None:
        return NO
    left = end - pos
    if first == 0xFF:
        if left >= 3:
            if data.startswith(_SOI, pos):
                return YES
        elif left == 1 or data[pos + 1] == 0xD8:
            return CUT
    verdict = NO
    for line, bare in alike:
        if bare and not line_start:
            continue
        if len(line) <= left:
            if data.startswith(line, pos):
                return YES
        elif line.startswith(data[pos:end]):
            verdict = CUT
    if verdict == NO and line_start and first == 0x2D:
        if left == 1:
            return CUT
        found = _UNDECLARED_AT(data, pos, end)
        if found is not None:
            return YES if found.lastindex is None else CUT
    return verdict


#: Where a search begins with windows that grow, so that a name that is nowhere does not make
#: each search for one that is everywhere run to the end of the data.
_WINDOW = 64


def search_junk(names: Names, data: bytes | bytearray, start: int, pos: int, end: int) -> int:
    """The first place in `data[pos:end]` of which `may_begin` does not say `NO`, or `end`.

    Line ends count from `start` <= `pos` on.
    """
    width = _WINDOW
    whole = max(pos, end - names.longest)
    while pos < whole:
        stop = best = min(whole, pos + width)
        for body, last, shift, before in names.probes:
            at = max(start, pos - shift)
            upto = min(end, best - shift + len(body) - 1)
            # One byte first: searching for one is many times faster than for several.
            if data.find(last, at, upto) < 0:
                continue
            at = data.find(body, at, upto)
            while at >= 0 and before and data[at + shift : at] != before:
                at = data.find(body, at + 1, upto)
            if at >= 0:
                best = at + shift
        if data.find(b"\xd8", pos, best + 1) >= 0:
            at = data.find(_SOI, pos, best + 2)
            if at >= 0:
                best = at
        # The line end may stand before the window.
        since = pos - (2 if data[max(start, pos - 2) : pos] == b"\n\r" else pos > start)
        if data.find(b"\n", since, best) >= 0:
            # No line without a colon in reach is a delimiter that nobody declared.
            reach = min(end, best + _REACH)
            colon = data.find(b":", since, reach)
            since = max(since, (reach if colon < 0 else colon) - _REACH)
            line = _LINE(data, since, reach) if since < best else None
            if line is not None and line.end() < best:
                best = line.end()
        if best < stop:
            return best
        pos = stop
        width *= 4
    for at in range(pos, end):
        if data[at] in names.by_first and may_begin(
            names, data, at, end, starts_line(data, start, at)
        ):
            return at
    return end


_FILL = re.compile(rb"\xff++").match


def skip_fill(data: bytes | bytearray, pos: int, end: int) -> int:
    """The index of the last FF of the run that begins at `pos`."""
    run = _FILL(data, pos, end)
    return pos if run is None else run.end() - 1


def find_soi(data: bytes | bytearray, pos: int, end: int) -> int:
    """Where FFD8FF stands in `data[pos:end]`, or -1."""
    return data.find(_SOI, pos, end)
