"""The scans and the store, in pure Python: `_kernels.pyx` has the same names in C.

Everything here is called once for a stretch of bytes, never once a byte.  `data` is
`bytes` or `bytearray` throughout, `pos` and `end` are indexes into it, and nothing
outside `data[pos:end]` is looked at.
"""

from __future__ import annotations

import re

from hamaproto.events import Frame

__all__ = [
    "CUT",
    "NO",
    "YES",
    "HeadMatcher",
    "Names",
    "Store",
    "bytes_of",
    "clean_head",
    "cut_out",
    "ends_with_lone_eoi",
    "find_soi",
    "make_frame",
    "may_begin",
    "scan_marker",
    "search_junk",
    "skip_fill",
    "skip_line_ends",
    "starts_line",
]


def bytes_of(data: bytes | bytearray) -> bytes | bytearray:
    """`data`, to be indexed: a pointer in the compiled twin."""
    return data


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


def cut_out(data: bytes | bytearray, pos: int, end: int) -> bytes:
    """`data[pos:end]` as bytes of their own."""
    return bytes(data[pos:end])


def ends_with_lone_eoi(data: bytes | bytearray, pos: int, end: int) -> bool:
    """True if `data[pos:end]` ends in FFD9 and the two bytes before are not FFD9 as well."""
    return (
        end - pos >= 4
        and data.startswith(b"\xff\xd9", end - 2, end)
        and not data.startswith(b"\xff\xd9", end - 4)
    )


class Turn:
    """Whose turn it is in a parser: one caller's at a time (see contract.py)."""

    __slots__ = ("taken",)

    def __init__(self) -> None:
        self.taken = False


def enter(turn: Turn) -> bool:
    """Take the turn; False if somebody has it."""
    if turn.taken:
        return False
    turn.taken = True
    return True


def leave(turn: Turn) -> None:
    """Give it back."""
    turn.taken = False


#: Pieces below this are copied together, so that the overhead of an object stays small.
_SMALL = 512
#: A large piece of a chunk of at most this size is not copied until the image is whole; a
#: larger chunk is not kept alive for the sake of a piece of it.
_CHUNK = 262144
#: Below this a view of a piece costs more than its copy.
_PIECE = 4096


class Store:
    """The bytes of one image that spans several chunks.

    Pieces are kept as they come and joined once, which copies each byte once.  When the
    image must be looked into, it becomes one bytearray and grows as such from then on.
    """

    __slots__ = ("_apart", "_parts", "_small", "_whole", "size")

    def __init__(self) -> None:
        self._parts: list[bytes | memoryview] = []
        self._small = bytearray()
        self._whole: bytearray | None = None
        # Whether a piece can be put behind the parts as it is.
        self._apart = True
        self.size = 0

    def start(self, size: int, data: bytes | bytearray, pos: int, end: int) -> None:
        """Append to the empty store, and expect `size` bytes in all (here of no use)."""
        if end - pos >= _PIECE and type(data) is bytes and len(data) <= _CHUNK:
            # What `append` would do.
            self._parts.append(memoryview(data)[pos:end])
            self.size = end - pos
        else:
            self.append(data, pos, end)

    def finish(self, data: bytes | bytearray, pos: int, end: int) -> bytes | None:
        """Append, and take all that is stored if it ends in a lone EOI; if not, keep it."""
        if self._apart and end - pos >= _SMALL and ends_with_lone_eoi(data, pos, end):
            self._parts.append(memoryview(data)[pos:end])
            whole = b"".join(self._parts)
            self._parts.clear()
            self.size = 0
            return whole
        self.append(data, pos, end)
        return self.take() if self.ends_with_lone_eoi() else None

    def append(self, data: bytes | bytearray, pos: int, end: int) -> None:
        """Keep `data[pos:end]` behind what is there; whole `bytes` are kept as they are."""
        count = end - pos
        if count >= _SMALL and self._whole is None:
            if not self._apart:
                self._parts.append(bytes(self._small))
                self._small.clear()
                self._apart = True
            if count >= _PIECE and type(data) is bytes and len(data) <= _CHUNK:
                self._parts.append(memoryview(data)[pos:end])
            else:
                # A slice that is all of a `bytes` object is that object.
                self._parts.append(bytes(data[pos:end]))
        elif self._whole is None:
            self._small += data[pos:end]
            self._apart = not self._small
        else:
            self._whole += data[pos:end]
        self.size += count

    def keep(self, data: bytes, size: int) -> None:
        """Keep all `size` bytes of `data` behind what is there."""
        if self._apart and size >= _SMALL:
            self._parts.append(data)
            self.size += size
        else:
            self.append(data, 0, size)

    def peek(self) -> bytearray:
        """All that is stored, to be searched before the next call and not kept."""
        if self._whole is None:
            self._whole = bytearray().join((*self._parts, self._small))
            self._parts.clear()
            self._small.clear()
            self._apart = False
        return self._whole

    def ends_with_lone_eoi(self) -> bool:
        """What `ends_with_lone_eoi` says of all that is stored."""
        if self._apart and self._parts:
            last = self._parts[-1]
            # No part is shorter than what is looked at.
            return ends_with_lone_eoi(bytes(last[-4:]), 0, 4)
        tail = b"".join((*self._parts[-1:], self._small)) if self._whole is None else self._whole
        return ends_with_lone_eoi(tail, 0, len(tail))

    def slice(self, pos: int, end: int) -> bytes:
        return bytes(self.peek()[pos:end])

    def truncate(self, size: int) -> None:
        if size == 0:
            self._clear()
        else:
            del self.peek()[size:]
            self.size = size

    def take(self) -> bytes:
        """All that is stored; the store is empty then."""
        if self._apart:
            data = b"".join(self._parts)
            self._parts.clear()
            self.size = 0
            return data
        whole = self._whole
        data = b"".join((*self._parts, self._small)) if whole is None else bytes(whole)
        self._clear()
        return data

    def _clear(self) -> None:
        self._parts.clear()
        self._small.clear()
        self._whole = None
        self._apart = True
        self.size = 0

    def view(self, size: int) -> memoryview | None:
        """A writable view of the next `size` bytes, or None where there is no such thing."""
        return None

    def extend(self, size: int) -> None:
        """`size` bytes were written into the view."""
        raise NotImplementedError


#: What an image is given out as; the compiled twin fills its slots without a call.
make_frame = Frame


class HeadMatcher:
    """A delimiter, and what `clean_head` last found behind it.

    `start` and `stop` are the block without its empty line, `length` is -1 if none was given.
    """

    __slots__ = ("delimiter", "head", "length", "prefix", "start", "stop", "suffix")

    def __init__(self, delimiter: bytes) -> None:
        self.delimiter = delimiter
        self.start = self.stop = 0
        self.length = -1
        # The last one found, cut at its Content-Length: one part's head is mostly the last
        # one's with another number.  `head` is where the block begins in it.
        self.prefix = self.suffix = b""
        self.head = 0


#: What stands behind the delimiter; the delimiter itself may be another one each time.
_BLOCK = re.compile(rb"\r\n((?:[!-,.-9;-~][!-9;-~]*+:[\t\x20-\x7e]*+\r\n)++)\r\n\xff\xd8\xff").match
_LENGTH = re.compile(rb"(?:\A|\n)content-length:[ \t]*([0-9]{1,9})[ \t]*\r\n").search
_TYPE = re.compile(rb"(?:\A|\n)content-type:[ \t]*image/jpe?g[ \t]*\r\n").search


#: An empty line and FFD8FF.
_BEHIND_BLOCK = 5


def clean_head(
    matcher: HeadMatcher, data: bytes | bytearray, pos: int, end: int, most_lines: int
) -> bool:
    """Read a delimiter and a header block about which there is nothing to report.

    That is: at most one CRLF, the delimiter, CRLF, at most `most_lines` lines of
    `name: value` CRLF in plain ASCII, no name with a dash in front, with one Content-Type of
    JPEG and at most one Content-Length of at most nine digits, no other field that begins
    with `Content-`, an empty line, and FFD8FF.  What was found stands in `matcher` then.
    False if anything at all is otherwise: the careful way then finds out what.
    """
    if matcher.suffix and data.startswith(matcher.prefix, pos, end):
        number = pos + len(matcher.prefix)
        stop = data.find(b"\r", number, number + 10)
        # The suffix first: without a CR `stop` is -1, and what would be cut out is the whole chunk.
        if data.startswith(matcher.suffix, stop, end) and (digits := data[number:stop]).isdigit():
            matcher.start = pos + matcher.head
            matcher.stop = stop + len(matcher.suffix) - _BEHIND_BLOCK
            matcher.length = int(digits)
            return True
    line = pos + 2 if data.startswith(b"\r\n", pos, end) else pos
    if not data.startswith(matcher.delimiter, line, end):
        return False
    found = _BLOCK(data, line + len(matcher.delimiter), end)
    if found is None:
        return False
    block = found.group(1).lower()
    if _TYPE(block) is None or block.count(b"\n") > most_lines:
        return False
    length = _LENGTH(block)
    if block.count(b"content-") != (1 if length is None else 2):
        return False
    matcher.start, matcher.stop = found.span(1)
    matcher.length = -1 if length is None else int(length.group(1))
    matcher.suffix = b""
    if length is not None:
        first, behind = length.span(1)
        matcher.prefix = bytes(data[pos : matcher.start + first])
        matcher.suffix = bytes(data[matcher.start + behind : found.end()])
        matcher.head = matcher.start - pos
    return True
