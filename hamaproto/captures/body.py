"""The body of an answer in a capture: through the parser for it, across gaps, with the places.

A gap ends the parser as if the stream had ended, so that no image is put together of two; behind
it another parser of the same kind finds the next one.  What is missing counts in the offsets.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Final

from hamaproto.bodies import BodyParser, Undecided, body_parser
from hamaproto.captures.conversation import Mark
from hamaproto.captures.observed import Broken, ObservedEvent
from hamaproto.captures.places import Places
from hamaproto.commands import Reply
from hamaproto.errors import RemoteProtocolError
from hamaproto.events import (
    NEED_DATA,
    AudioFrame,
    Data,
    EndOfStream,
    Event,
    Frame,
    NeedData,
    Param,
    Part,
    Skipped,
)
from hamaproto.gsm.other import SoundParser
from hamaproto.limits import Limits
from hamaproto.wire import MjpegParser
from hamaproto.wire.contract import Events
from hamaproto.wire.params import ParamParser

__all__ = ["PIECE", "Body", "Tell"]

#: Bytes of a body without a parser that are told together, so that it does not depend on the cuts.
PIECE: Final = 65536

#: Bytes before an image and its head that may still be told of.
_BEFORE: Final = 4096
#: Packets after which those that nobody will ask about are forgotten.
_MANY: Final = 512

#: Takes an event, the places that know its packets, where it begins and ends in what they count,
#: and the offset in the stream that is told of it, if that is not its own.
Tell = Callable[[ObservedEvent, Places, int, int, int | None], None]


class Body:
    """Bytes in, events out to `tell`; offsets are those of the body.

    `places` knows which packet brought which byte of the stream.  `pending` says how many bytes
    came since the last event: about what the parser holds.

    A body that was packed has no offsets in the stream: its places are its own, and what is told
    of it is that it stands at `packed`.
    """

    __slots__ = (
        "_base",
        "_content_type",
        "_limits",
        "_packed",
        "_parser",
        "_places",
        "_reply",
        "_shifts",
        "_skip",
        "_skip_line",
        "_sound",
        "_starts",
        "_tell",
        "complete",
        "pending",
        "size",
    )

    def __init__(
        self,
        tell: Tell,
        reply: Reply,
        content_type: str | None,
        looks_like: str | None,
        limits: Limits,
        places: Places,
        *,
        packed: int | None = None,
    ) -> None:
        self._tell = tell
        self._reply = reply
        self._content_type = content_type
        self._limits = limits
        self._parser: BodyParser | None = (
            body_parser(reply, content_type, looks_like, limits) or _Plain()
        )
        self._places = places if packed is None else Places()
        self._packed = packed
        # From which offset of the body on its bytes stand how much further in the stream.
        self._starts: list[int] = [0]
        self._shifts: list[int] = [0]
        # Where the parser at hand began.
        self._base = 0
        # What to leave out behind a gap, and where the last frame of sound ended, of what size.
        self._skip_line = False
        self._skip = 0
        self._sound = (0, 0)
        #: Bytes of the body so far, missing ones included.
        self.size = 0
        self.pending = 0
        #: Whether it was whole.
        self.complete = True

    def receive_packed(self, data: bytes, mark: Mark) -> None:
        """More of a body that was packed, which came out when this packet came."""
        self._places.add(self.size, mark)
        self.receive(data, self.size)

    def receive(self, data: bytes, at: int) -> None:
        """More of the body, which stands there in the stream."""
        size = self.size
        if at - size != self._shifts[-1]:
            if self._starts[-1] == size:
                self._shifts[-1] = at - size
            else:
                self._starts.append(size)
                self._shifts.append(at - size)
        self.size = size + len(data)
        parser = self._parser
        if parser is None:
            return
        if self._skip_line or self._skip:
            data = self._behind_what_a_gap_hit(data)
        self.pending += len(data)
        parser.receive_data(data)
        if isinstance(parser, Undecided) and parser.verbatim:
            parser = self._parser = self._plain(parser)
        self._drain(parser)

    def _plain(self, parser: Undecided) -> _Plain:
        """What goes on for a parser that gives out its body as it comes: in pieces of our own."""
        plain = _Plain()
        held = parser.next_event()
        if isinstance(held, Data):
            plain.receive_data(held.data)
        return plain

    def _behind_what_a_gap_hit(self, data: bytes) -> bytes:
        """`data` without the rest of a line, or of a frame of sound, whose beginning is missing."""
        if self._skip_line:
            cut = data.find(b"\n") + 1 or len(data)
            self._skip_line = data[cut - 1 : cut] != b"\n"
        else:
            cut = min(self._skip, len(data))
            self._skip -= cut
        self._base += cut
        return data[cut:]

    def _in_stream(self, offset: int) -> int:
        if len(self._starts) == 1:
            return offset + self._shifts[0]
        return offset + self._shifts[max(0, bisect_right(self._starts, offset) - 1)]

    def gap(self, length: int) -> None:
        """So many bytes are missing here."""
        self._finish()
        self.complete = False
        self.size += length
        self._base = self.size
        self.pending = 0
        parser = self._parser
        if parser is None:
            return
        if isinstance(parser, Undecided) and parser.chosen is not None:
            parser = parser.chosen
        self._skip = 0
        self._skip_line = isinstance(parser, ParamParser)
        if isinstance(parser, MjpegParser):
            self._parser = MjpegParser(self._content_type, limits=self._limits)
        elif isinstance(parser, SoundParser):
            stop, frame = self._sound
            self._skip = (stop - self.size) % frame if frame else 0
            self._parser = SoundParser(self._content_type, limits=self._limits)
        elif isinstance(parser, ParamParser):
            self._parser = ParamParser(limits=self._limits)
        elif isinstance(parser, _Plain):
            self._parser = _Plain()
        else:
            self._parser = (
                body_parser(self._reply, self._content_type, None, self._limits) or _Plain()
            )

    def end(self) -> bool:
        """It is over; gives whether its parser has it whole."""
        self._finish()
        self._parser = None
        self.pending = 0
        return self.complete

    def _finish(self) -> None:
        parser = self._parser
        if parser is not None:
            parser.receive_eof()
            self._drain(parser)

    def _drain(self, parser: BodyParser) -> None:
        ask = parser.next_event
        try:
            while (event := ask()) is not NEED_DATA:
                if isinstance(event, EndOfStream):
                    self.complete = self.complete and event.complete
                    break
                self._take(event)
        except RemoteProtocolError as error:
            self.complete = False
            self._parser = None
            self.pending = 0
            offset = self._base + error.offset
            at = self._in_stream(offset)
            self._tell(Broken(error.message, offset), self._places, at, at + 1, self._packed)
            return
        if isinstance(parser, Undecided) and parser.chosen is not None:
            self._parser = parser.chosen

    def _take(self, event: Event) -> None:
        if self._base:
            event.offset += self._base  # type: ignore[union-attr]  # all that a body gives
        offset: int = event.offset  # type: ignore[union-attr]  # as above
        if isinstance(event, Frame | AudioFrame | Part | Data):
            size = len(event.data)
        elif isinstance(event, Param):
            size = len(event.line)
        else:
            size = event.length if isinstance(event, Skipped) else 1
        if isinstance(event, AudioFrame):
            self._sound = (offset + size, size)
        start = self._in_stream(offset)
        stop = self._in_stream(offset + size - 1) + 1 if size else start + 1
        self._tell(event, self._places, start, stop, self._packed)
        self.pending = 0
        if isinstance(event, Frame):
            # What is told of it later is about its own head and itself.
            self._forget(offset - len(event.raw_headers) - _BEFORE)
        elif len(self._places) > _MANY:
            self._forget(offset - PIECE)

    def _forget(self, offset: int) -> None:
        """Nobody will ask about what is before it."""
        self._places.forget(self._in_stream(offset))
        old = bisect_right(self._starts, offset) - 1
        if old > 0:
            del self._starts[:old], self._shifts[:old]


class _Plain:
    """A body without a parser, in pieces of `PIECE` bytes."""

    __slots__ = ("_eof", "_given", "_held")

    def __init__(self) -> None:
        self._held = bytearray()
        self._given = 0
        self._eof = False

    def receive_data(self, data: bytes | bytearray | memoryview) -> None:
        self._held += data

    def receive_eof(self) -> None:
        self._eof = True

    def next_event(self) -> Event | NeedData:
        if len(self._held) >= PIECE or (self._eof and self._held):
            piece = bytes(self._held[:PIECE])
            del self._held[:PIECE]
            self._given += len(piece)
            return Data(piece, self._given - len(piece))
        return EndOfStream(True, self._given) if self._eof else NEED_DATA

    def events(self) -> Iterator[Event]:
        return Events(self)
