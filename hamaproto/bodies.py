"""Which parser reads which body: by what was asked for, by its type, by how it begins.

    body_parser(reply, content_type, looks_like, limits) -> a parser, or None for plain `Data`

A body of a type that fits what was asked for goes to the parser of the request's row.  One
of another type that has a parser goes there.  Any other, a login page for one, goes to the
row's own parser only if it begins like what was asked for, since devices mislabel what they
send.  And under no type a page, or a picture of another format, is read as something that it
is not: it is given out as it comes, so that an error can say what it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from hamaproto.commands import Reply
from hamaproto.events import NEED_DATA, Data, EndOfStream, Event, NeedData
from hamaproto.gsm.other import SoundParser
from hamaproto.limits import Limits
from hamaproto.wire import MjpegParser
from hamaproto.wire.contract import Chunk, Events, Parser, owned
from hamaproto.wire.http import content_type_name
from hamaproto.wire.params import ParamParser
from hamaproto.wire.sniff import is_text, maybe_other_picture

__all__ = ["BodyParser", "Undecided", "body_parser"]


BodyParser = Parser[Event]
Reader = Callable[[str | None, Limits], BodyParser]
#: Says of the first bytes whether a reader is to read them; None if it takes more of them.
Judge = Callable[[bytes], bool | None]


#: Bytes that are held until they tell what they are: longer than a run of line ends before a
#: body, or a message in its place.
_MOST_HELD: Final = 2048


def _pictures(content_type: str | None, limits: Limits) -> BodyParser:
    return MjpegParser(content_type, limits=limits)


def _sound(content_type: str | None, limits: Limits) -> BodyParser:
    return SoundParser(content_type, limits=limits)


def _params(content_type: str | None, limits: Limits) -> BodyParser:
    return ParamParser(limits=limits)


# -- how things begin ------------------------------------------------------------------


def _judge(begins: bytes, may_begin: bytes) -> Judge:
    """`may_begin` matches the whole of what came, for as long as too little came to tell."""
    yes, perhaps = re.compile(begins, re.IGNORECASE), re.compile(may_begin, re.IGNORECASE)

    def judged(head: bytes) -> bool | None:
        if yes.match(head):
            return True
        return None if perhaps.fullmatch(head) else False

    return judged


def _no_words(head: bytes) -> bool | None:
    """Not for as long as all that came are words: "no signal" under the type of a picture.

    What begins with a delimiter is a stream, whatever its first part is.  So is what has more
    to say than a message: some streams begin with pages of text.
    """
    start = head.lstrip(b"\r\n")[:2]
    if start == b"--" or b"\n--" in head or len(head) >= _MOST_HELD:
        return True
    words = head.isascii() and b"\0" not in head and is_text(head)
    return None if words else True


def _no_words_or_other_picture(head: bytes) -> bool | None:
    other = maybe_other_picture(head)
    if other is not False:
        return None if other is None else False
    return _no_words(head)


#: What stands before the first word of a text and means nothing: the mark of UTF-16 too.
_NOTHING: Final = rb"(?:\xff\xfe|\xfe\xff)?[\r\n \t\0\xef\xbb\xbf]*"
_is_a_list = _judge(
    # A page with line ends in HTML may be a list; a page or JSON is none.
    # Nothing that may come before is in it, or a page behind a mark would be one.
    _NOTHING + rb"(?:[!-:=-Z\\^-z|}~\x80-\x88\x8a-\xba\xbc-\xbe\xc0-\xee\xf0-\xfd]|\xfe[^\xff]"
    rb"|<br|\[[a-z])",
    rb"\xff|" + _NOTHING + rb"(?:<b?|\[|\xfe)?",
)


@dataclass(frozen=True, slots=True)
class _Row:
    """How the body of a successful answer is read, by what was asked for."""

    reader: Reader
    #: Types that fit, as the beginnings of their names.
    types: tuple[str, ...]
    #: Whether a body of such a type is what it says.
    if_it_fits: Judge
    #: Whether a body of any other type is what was asked for all the same.
    otherwise: Judge
    #: Whether a body of another type goes to the parser for that type.
    by_type: bool = True


#: Whatever may head pictures.  A stream with text before its first part is not known by its
#: first bytes; these are looked at only under the types of pages and messages.
_PICTURE_TYPES = ("image/", "video/", "application/octet-stream", "application/x-")
_PICTURES: Final = _Row(
    _pictures,
    _PICTURE_TYPES,
    _no_words_or_other_picture,
    _judge(rb"[\r\n]*(?:--|\xff\xd8)", rb"[\r\n]*(?:-|\xff)?"),
)
#: What is not here (`OK`, the page of a redirect) is given out as `Data`.  A single image
#: is a stream of one.
_ROWS: Final[dict[Reply, _Row]] = {
    Reply.IMAGE: _PICTURES,
    Reply.MJPEG: _PICTURES,
    Reply.AUDIO: _Row(
        _sound,
        ("application/octet-stream",),
        _no_words,
        _judge(rb"[\r\n]*[\xd0-\xdf]", rb"[\r\n]*"),
    ),
    Reply.PARAMS: _Row(_params, (), _is_a_list, _is_a_list, by_type=False),
}
#: Some servers head a stream as bytes of no kind, FFmpeg's for one: a delimiter and a field behind
#: it say what it is.
_is_a_stream = _judge(
    rb"[\r\n]*(?:--[!-~]{1,200}\r?\n[a-z][a-z0-9-]*:|\xff\xd8\xff)",
    rb"[\r\n]*(?:-|--[!-~]{0,200}|--[!-~]{1,200}\r?\n?(?:[a-z][a-z0-9-]*)?|\xff\xd8?)?",
)
_READERS_BY_TYPE: Final[tuple[tuple[str, Reader, Judge], ...]] = (
    ("multipart/", _pictures, _no_words),
    ("image/jpeg", _pictures, _no_words_or_other_picture),
    ("image/jpg", _pictures, _no_words_or_other_picture),
    ("audio/", _sound, _no_words),
    ("application/octet-stream", _pictures, _is_a_stream),
)


def body_parser(
    reply: Reply, content_type: str | None, looks_like: str | None, limits: Limits
) -> BodyParser | None:
    """The parser of a body; None if it is given out as it comes.

    `looks_like` is the type that a body without a head has by its first bytes.
    """
    name = content_type_name(content_type)
    if reply is Reply.ANY:
        return _by_type(name or looks_like or "", content_type, limits)
    row = _ROWS.get(reply)
    if row is None:
        return None
    if not name or name.startswith(row.types):
        return _perhaps(row.reader, row.if_it_fits, content_type, limits)
    found = _by_type(name, content_type, limits) if row.by_type else None
    return found or _perhaps(row.reader, row.otherwise, content_type, limits)


def _by_type(name: str, content_type: str | None, limits: Limits) -> BodyParser | None:
    for start, reader, judge in _READERS_BY_TYPE:
        if name.startswith(start):
            return _perhaps(reader, judge, content_type, limits)
    return None


def _perhaps(reader: Reader, judge: Judge, content_type: str | None, limits: Limits) -> BodyParser:
    return Undecided(judge, lambda: reader(content_type, limits))


class Undecided:
    """The parser of a body whose first bytes tell what it is.

    Once they have told, `chosen` is the parser that reads it; until then, and for a body
    that is given out as it comes, it is None.  `verbatim` says that it is such a body.
    """

    def __init__(self, judge: Judge, make: Callable[[], BodyParser]) -> None:
        self._judge = judge
        self._make = make
        self._held = bytearray()
        self.chosen: BodyParser | None = None
        self.verbatim = False
        self._given = 0
        self._eof = False

    def __repr__(self) -> str:
        return f"<Undecided {self.chosen!r}>"

    def receive_data(self, data: Chunk, /) -> None:
        """Take more of the body."""
        if self.chosen is not None:
            self.chosen.receive_data(data)
            return
        self._held += owned(data)
        if self.verbatim:
            return
        head = bytes(self._held[:_MOST_HELD])
        verdict = self._judge(head)
        if verdict:
            self.chosen = self._make()
            self.chosen.receive_data(self._held)
            self._held.clear()
        else:
            self.verbatim = verdict is False or len(head) == _MOST_HELD

    def receive_eof(self) -> None:
        """Say that the body is over."""
        self._eof = True
        self.verbatim = True
        if self.chosen is not None:
            self.chosen.receive_eof()

    def next_event(self) -> Event | NeedData:
        """The next event of the chosen parser, or `Data`; NEED_DATA; EndOfStream at the end."""
        if self.chosen is not None:
            return self.chosen.next_event()
        if self._held and self.verbatim:
            data = bytes(self._held)
            self._held.clear()
            self._given += len(data)
            return Data(data, self._given - len(data))
        return EndOfStream(True, self._given) if self._eof else NEED_DATA

    def events(self) -> Iterator[Event]:
        """Events until NEED_DATA or the end."""
        return Events(self)
