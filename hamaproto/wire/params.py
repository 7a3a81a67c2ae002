"""Parameter lists: the `key=value` lines that `param.cgi?action=list` answers with.

In: the bytes of a body, in any pieces.  Out: one `Param` a line, `ParamError` for the
device's own error line, and a report for whatever is neither.

    # Error -1 getting param in group 'X'!      the device says no, with status 200
    root.Brand.WebURL=http://www.hama.de/?a=b   split at the first "=" only
    Properties.Audio=yes                        the same answer may mix keys with and
    Properties.Audio.TwoWayAudio=yes            without "root.", and a leaf may branch

No camera of the family says how long its list is, lines end in LF, in CRLF, in CR or in
`<br>`, all cameras put one more CRLF at the end, and nobody can be trusted about the
charset.  So the reader asks for nothing but line ends.  A line is UTF-8 if it is valid
UTF-8, else latin-1, which never fails; `Param.line` has the very bytes.  Nothing is lost:
every byte that is no line end, blank line, byte order mark or NUL before a key is part of
one event.  Values are kept as they were sent; `hamaproto.models` gives them a meaning.

A body that begins with the mark of UTF-16 is read as if it came in UTF-8; offsets of its lines
count the bytes of that.

Lines are independent of each other, so damage costs the line that it hits.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hamaproto.errors import HamaError, LimitExceededError, LocalProtocolError
from hamaproto.events import (
    NEED_DATA,
    Anomaly,
    AnomalyCode,
    Data,
    EndOfStream,
    NeedData,
    Param,
    ParamError,
    Skipped,
)
from hamaproto.limits import DEFAULT_LIMITS, Limits
from hamaproto.wire.contract import Chunk, Events, Exclusive, entry, owned
from hamaproto.wire.receive_buffer import ReceiveBuffer
from hamaproto.wire.sniff import text_of
from hamaproto.wire.utf16 import Utf16Reader

__all__ = ["ParamEvent", "ParamList", "ParamNode", "ParamParser", "parse_params", "without_root"]

ParamEvent = Param | ParamError | Anomaly | Skipped | Data | EndOfStream

_ROOT = "root."
#: Firmware in C leaves NULs, and some editors a byte order mark (Unicode 23.8).
_PADDING = " \t\r\n\0\ufeff"
_BOM = b"\xef\xbb\xbf"
#: Real keys have five levels.  A key of nothing but dots must not become a node a byte.
_MAX_DEPTH = 16

#: LF and CRLF behind the last line.  One more line end may be the LF of its CRLF.
_EMPTY_LINE = 2

#: A line end in HTML.
_BREAK = re.compile(rb"<br[ \t]{0,8}/?>", re.IGNORECASE)
#: How a device refuses, in a comment and without one.  `Error.Count=1` is a parameter.
_REFUSAL_IN_COMMENT = re.compile(
    r"(?:error|request failed|failed|failure|access denied|unauthori[sz]ed|forbidden|invalid"
    r"|not found|no such|unknown|busy|device busy)\b",
    re.IGNORECASE,
)
_REFUSAL = re.compile(r"error(?:\s{0,8}[:!]|\s{1,8}-?[0-9])|request failed\b", re.IGNORECASE)


def without_root(raw_key: str) -> str:
    """The key without padding and without any leading `root.`, if anything else is left."""
    key = raw_key.replace("\0", "").strip(_PADDING)
    at = 0
    while key[at : at + len(_ROOT)].lower() == _ROOT and len(key) > at + len(_ROOT):
        at += len(_ROOT)
        while at < len(key) - 1 and key[at] in _PADDING:
            at += 1
    return key[at:]


def _fold(key: str) -> str:
    # Not `lower`, in which the case of a letter depends on what stands around it.
    return without_root(key).casefold()


class ParamParser(Exclusive):
    """Reads a parameter list as it arrives; follows the contract of every parser here.

    Events, in the order of the bytes:

    * `Param` - a line with a key.  `key` lacks a leading `root.`, `raw_key` and `value`
      are as sent.
    * `ParamError` - `# Error ...`, `# Request failed ...`, `Error: -1`: the device's own
      refusal.
    * `Anomaly(MALFORMED_PARAM)`, then `Data` - a line without `=` or without a key, and
      its bytes.
    * `Anomaly(DUPLICATE_PARAM)`, then `Param` - a key that came before; case and `root.`
      make no difference.
    * `Skipped` - a comment (`#`), or a line over `Limits.max_param_line`.
    * `EndOfStream` - `complete` is False if the last line had no end: it is delivered, and
      may have been cut.  `closed` is True if an empty line came behind the last one, by
      which the cameras end a list.

    Raises LimitExceededError past `Limits.max_params` lines that are not empty, and past
    `Limits.max_body` bytes; whatever came before has been delivered then.
    """

    def __init__(self, *, limits: Limits | None = None) -> None:
        super().__init__()
        self._limits = limits if limits is not None else DEFAULT_LIMITS
        # For one line; the last byte of it is that of the line end.
        self._room = self._limits.max_param_line + 1
        self._utf16 = Utf16Reader()
        self._source = ReceiveBuffer()
        self._received = 0
        self._discarded = 0  # bytes dropped of a line that is too long
        self._lines = 0
        self._seen: set[str] = set()
        self._pieces: deque[tuple[bytes, int]] = deque()  # the rest of a line with breaks
        self._next: ParamEvent | None = None  # the second of two events of one line
        self._unended = False
        self._empty = 0  # line ends behind the one that ended the last line
        self._error: HamaError | None = None

    @entry
    def receive_data(self, chunk: Chunk) -> None:
        """Take more of the body; the chunk may be reused afterwards."""
        if self._error is not None:
            raise self._error.with_traceback(None)
        if self._source.eof:
            raise LocalProtocolError("receive_data() after receive_eof(): use a new ParamParser")
        data = owned(chunk)
        # Bytes past the limit are never looked at: no need to keep them.
        room = max(0, self._limits.max_body - self._received)
        self._source.feed(self._utf16.feed(data[:room]).replace(b"\r", b"\n"))
        self._received += len(data)

    @entry
    def receive_eof(self) -> None:
        """Say that the body is over; a last line without an end is delivered then."""
        if self._error is not None:
            raise self._error.with_traceback(None)
        if not self._source.eof:
            self._source.feed(self._utf16.finish())
        self._source.eof = True

    @entry
    def next_event(self) -> ParamEvent | NeedData:
        """The next event, NEED_DATA, or EndOfStream again and again at the end."""
        if self._error is not None:
            raise self._error.with_traceback(None)
        if self._next is not None:
            event, self._next = self._next, None
            return event
        if self._pieces and (waiting := self._next_piece()) is not None:
            return waiting
        source, limits, room = self._source, self._limits, self._room
        while True:
            line = source.line(room)
            if line is not None:
                found = self._take(line[:-1], source.line_offset)
                if found is not None:
                    return found
            elif source.unfinished >= room:
                # Of a line over its limit no more is held than the count of its bytes.
                self._discarded += len(source.take_unfinished())
            else:
                break
        if self._received > limits.max_body:
            raise self._fail(
                f"a parameter list of more than max_body={limits.max_body} bytes", limits.max_body
            )
        if not source.eof:
            return NEED_DATA
        if source.unfinished or self._discarded:
            rest = source.take_unfinished()
            found = self._take(rest, source.offset - len(rest))
            if found is not None:
                self._unended = True
                return found
        return EndOfStream(not self._unended, self._received, self._empty >= _EMPTY_LINE)

    def events(self) -> Iterator[ParamEvent]:
        """Events until more data is needed; EndOfStream is the last one at the end."""
        return Events(self)

    # -- one line ------------------------------------------------------------------

    def _take(self, line: bytes, start: int) -> ParamEvent | None:
        """The event of a line, or of what is left of it; None if it is empty.

        `line` is without its end and begins at the byte `start`.
        """
        length = self._discarded + len(line)
        self._empty = 0 if length else self._empty + (self._lines > 0)
        if length > self._limits.max_param_line:
            offset = start - self._discarded
            self._discarded = 0
            self._count(offset)
            return Skipped(offset, length, "a line over max_param_line")
        if b"<" not in line:
            return self._event(line, start)
        at = 0
        for found in _BREAK.finditer(line):
            self._pieces.append((line[at : found.start()], start + at))
            at = found.end()
        self._pieces.append((line[at:], start + at))
        return self._next_piece()

    def _next_piece(self) -> ParamEvent | None:
        """The event of the next piece of a line that is not empty, if there is one."""
        while self._pieces:
            if (event := self._event(*self._pieces.popleft())) is not None:
                return event
        return None

    def _event(self, piece: bytes, offset: int) -> ParamEvent | None:
        """The event of a line, or of a piece of one with breaks; None if it is blank."""
        line = piece.lstrip(b"\0").removeprefix(_BOM).lstrip(b"\0")
        if not line.strip(b" \t\0"):
            return None
        offset += len(piece) - len(line)
        self._count(offset)
        text = text_of(line)
        plain = text.strip(_PADDING)
        if plain.startswith("#"):
            comment = plain[1:].strip(_PADDING)
            if _REFUSAL_IN_COMMENT.match(comment):
                return ParamError(comment, offset)
            return Skipped(offset, len(line), "a comment")
        if _REFUSAL.match(plain):
            return ParamError(plain, offset)
        raw_key, equals, value = text.partition("=")
        key = without_root(raw_key)
        if not equals or not key:
            lack = "key" if equals else '"="'
            self._next = Data(line, offset)
            return Anomaly(
                AnomalyCode.MALFORMED_PARAM, offset, f"a line of {len(line)} bytes without {lack}"
            )
        param = Param(key, value, raw_key, offset, line)
        folded = key.casefold()
        if folded in self._seen:
            self._next = param
            return Anomaly(AnomalyCode.DUPLICATE_PARAM, offset, param.key)
        self._seen.add(folded)
        return param

    def _count(self, offset: int) -> None:
        self._lines += 1
        if self._lines > self._limits.max_params:
            raise self._fail(
                f"a parameter list of more than max_params={self._limits.max_params} lines", offset
            )

    def _fail(self, message: str, offset: int) -> LimitExceededError:
        self._error = error = LimitExceededError(message, offset)
        self._source.clear()
        return error

    def __repr__(self) -> str:
        return f"<ParamParser {self._received} bytes, {self._lines} lines>"


class ParamNode(Mapping[str, "ParamNode"]):
    """One name of the dotted keys: a value, branches below it, or both.

    `Properties.Audio` is both.  As a mapping a node yields its branches by name, in the
    order in which they came; it is looked up without case, and with a dotted path too:
    `tree["Properties.Audio"].value`.
    """

    __slots__ = ("_branches", "name", "value")

    def __init__(self, name: str = "", value: str | None = None) -> None:
        self.name = name
        self.value = value
        self._branches: dict[str, ParamNode] = {}

    def __getitem__(self, path: str) -> ParamNode:
        # A name can hold dots itself, below the last level that is split.
        node = self._branches.get(path.casefold())
        if node is not None:
            return node
        node = self
        for name in _fold(path).split(".", _MAX_DEPTH - 1):
            node = node._branches[name]
        return node

    def __iter__(self) -> Iterator[str]:
        return (node.name for node in self._branches.values())

    def __len__(self) -> int:
        return len(self._branches)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ParamNode):
            return NotImplemented
        return self.value == other.value and self._branches == other._branches

    __hash__ = None  # type: ignore[assignment]  # as every mapping that compares by content

    def __bool__(self) -> bool:
        # A leaf has no branches, and is there all the same.
        return True

    def _grow(self, key: str, value: str) -> None:
        node = self
        for name in key.split(".", _MAX_DEPTH - 1):
            node = node._branches.setdefault(name.casefold(), ParamNode(name))
        node.value = value

    def __repr__(self) -> str:
        return f"<ParamNode {self.name!r}: {', '.join(self) or 'a leaf'}>"


class ParamList(Mapping[str, str]):
    """A whole parameter list: a flat mapping from key to value, both as text.

    Keys are looked up without case and with or without `root.`; iterating gives each key
    once, without `root.`, in the order and spelling in which it came first.  Of a key that
    came twice the last value counts.

    `raw` has every line as `(raw key, value)`, `sent` the same lines as bytes, as they came;
    `errors` what the device complained of,
    `malformed` the lines that are no parameter, `complete` whether the last line had its
    end, and `tree` the same values by the dots of their keys.
    """

    __slots__ = ("_index", "complete", "errors", "malformed", "raw", "sent")

    def __init__(
        self,
        raw: Iterable[tuple[str, str]] = (),
        *,
        errors: Iterable[ParamError] = (),
        malformed: Iterable[str] = (),
        complete: bool = True,
        sent: Iterable[bytes] | None = None,
    ) -> None:
        self.raw: tuple[tuple[str, str], ...] = tuple(raw)
        self.sent: tuple[bytes, ...] = (
            tuple(f"{key}={value}".encode() for key, value in self.raw)
            if sent is None
            else tuple(sent)
        )
        self.errors: tuple[ParamError, ...] = tuple(errors)
        self.malformed: tuple[str, ...] = tuple(malformed)
        self.complete = complete
        index: dict[str, tuple[str, str]] = {}
        for raw_key, value in self.raw:
            key = without_root(raw_key)
            first, _ = index.get(key.casefold(), (key, value))
            index[key.casefold()] = (first, value)
        self._index = index

    @classmethod
    def from_events(cls, events: Iterable[object]) -> ParamList:
        """The list that a `ParamParser`'s events tell of; other events are passed over."""
        raw: list[tuple[str, str]] = []
        sent: list[bytes] = []
        errors: list[ParamError] = []
        malformed: list[str] = []
        complete = True
        for event in events:
            match event:
                case Param():
                    raw.append((event.raw_key, event.value))
                    sent.append(event.line)
                case ParamError():
                    errors.append(event)
                case Data():
                    malformed.append(text_of(event.data))
                case EndOfStream():
                    complete = event.complete
        return cls(raw, errors=errors, malformed=malformed, complete=complete, sent=sent)

    def __getitem__(self, key: str) -> str:
        return self._index[_fold(key)][1]

    def __iter__(self) -> Iterator[str]:
        return (key for key, _ in self._index.values())

    def __len__(self) -> int:
        return len(self._index)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and _fold(key) in self._index

    def get_all(self, key: str) -> list[str]:
        """Every value that came under `key`, in order; empty if there was none."""
        folded = _fold(key)
        return [value for raw_key, value in self.raw if _fold(raw_key) == folded]

    @property
    def tree(self) -> ParamNode:
        """The values by the dots of their keys; built anew each time it is asked for."""
        root = ParamNode()
        for key, value in self.items():
            root._grow(key, value)
        return root

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (self.raw, self.errors, self.malformed, self.complete, self.sent))

    def __repr__(self) -> str:
        # Values may be passwords (`User1=admin,Password=...`): keys only.
        told = f", {len(self.errors)} errors" if self.errors else ""
        return f"<ParamList {', '.join(self)}{told}>"


def _rebuild(
    raw: tuple[tuple[str, str], ...],
    errors: tuple[ParamError, ...],
    malformed: tuple[str, ...],
    complete: bool,
    sent: tuple[bytes, ...],
) -> ParamList:
    return ParamList(raw, errors=errors, malformed=malformed, complete=complete, sent=sent)


def parse_params(
    body: bytes | bytearray | memoryview, *, limits: Limits | None = None
) -> ParamList:
    """Read a whole parameter list; raises LimitExceededError and nothing else.

    A body that is no parameter list gives an empty one with `malformed` lines.
    """
    parser = ParamParser(limits=limits)
    parser.receive_data(body)
    parser.receive_eof()
    return ParamList.from_events(parser.events())
