"""The direction of a client: requests one behind the other, or sound that goes up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from hamaproto.camera.request import RequestHead, RequestReader
from hamaproto.captures.answers import Emit
from hamaproto.captures.body import Body
from hamaproto.captures.conversation import Mark
from hamaproto.captures.guess import begins_request, reply_of
from hamaproto.captures.observed import Asked, Broken, Exchange, Observed, ObservedEvent, Place
from hamaproto.captures.places import NOWHERE, Places
from hamaproto.captures.streams import Gap
from hamaproto.commands import Reply
from hamaproto.headers import Headers
from hamaproto.limits import Limits

__all__ = ["Questions"]

#: Digits of a length that is believed.
_MOST_DIGITS: Final = 12


class Questions:
    """Reads the direction of a client: `ask` makes an exchange of each request.

    What is no request is passed over, up to a packet that begins with one.  What is in no exchange
    is said of `stray`.
    """

    __slots__ = (
        "_ask",
        "_emit",
        "_exchange",
        "_last",
        "_left",
        "_limits",
        "_lost",
        "_offset",
        "_places",
        "_reader",
        "_start",
        "_stray",
        "_up",
    )

    def __init__(
        self,
        ask: Callable[[Asked, Reply, Place], Exchange],
        emit: Emit,
        limits: Limits,
        stray: Exchange,
        *,
        joined: bool,
    ) -> None:
        self._ask = ask
        self._stray = stray
        self._emit = emit
        self._limits = limits
        self._places = Places()
        self._offset = 0
        self._reader: RequestReader | None = None
        # Where the request at hand began, and the packet of the last byte.
        self._start = 0
        self._last: Mark = NOWHERE
        # Bytes of the request's body that are due.
        self._left = 0
        # Sound for the loudspeaker, in the exchange that asked for it.
        self._up: Body | None = None
        self._exchange: Exchange | None = None
        self._lost = joined

    def __repr__(self) -> str:
        return f"<Questions at {self._offset}>"

    def received(self, pieces: Sequence[bytes], marks: Sequence[Mark]) -> None:
        """Pieces that follow one another."""
        self._places.extend(self._offset, pieces, marks)
        for piece, mark in zip(pieces, marks, strict=True):
            self._last = mark
            self._piece(piece)
            self._offset += len(piece)
        if self._up is None:
            self._places.forget(self._start)

    def gap(self, gap: Gap) -> None:
        """Bytes are missing here."""
        mark = self._places.at(self._offset)
        exchange = self._exchange or self._stray
        self._say(gap, exchange, mark, gap.offset, mark, gap.offset + gap.length)
        self._offset += gap.length
        if self._up is not None:
            self._up.gap(gap.length)
        elif self._left > gap.length:
            self._left -= gap.length
        else:
            self._left = 0
            self._reader = None
            self._lost = True

    def closed(self) -> None:
        """The stream is over."""
        if self._up is not None:
            self._up.end()
            self._up = None

    def _piece(self, piece: bytes) -> None:
        if self._lost:
            if not begins_request(piece):
                return
            self._lost = False
        rest = piece
        while rest:
            if self._up is not None:
                self._up.receive(rest, self._offset + len(piece) - len(rest))
                return
            if self._left:
                used = min(self._left, len(rest))
                self._left -= used
                rest = rest[used:]
                continue
            if self._reader is None:
                self._reader = RequestReader()
                self._start = self._offset + len(piece) - len(rest)
            reader = self._reader
            before = len(rest)
            rest = reader.receive(rest)
            if reader.head is not None:
                stop = self._offset + len(piece) - len(rest)
                self._reader = None
                self._asked(reader.head, stop)
            elif reader.refusal is not None:
                at = self._offset + len(piece) - before
                mark = self._places.at(at)
                self._say(Broken("no request of HTTP", at), self._stray, mark, at, mark, at)
                self._reader = None
                self._lost = True
                return

    def _asked(self, head: RequestHead, stop: int) -> None:
        fields = Headers((name, value) for name, value in head.fields.items())
        asked = Asked(head.method, head.target, fields, self._start)
        reply = reply_of(head.target)
        first, last = self._places.at(self._start), self._places.latest(self._start, stop)
        place = Place(last[1], last[0], stop - 1)
        self._exchange = exchange = self._ask(asked, reply, place)
        self._say(asked, exchange, first, self._start, last, stop - 1)
        if reply is Reply.TALK:
            self._up = Body(self._tell, Reply.AUDIO, "audio/gsm", None, self._limits, self._places)
            return
        length = fields.get("content-length", "").strip()
        if length.isascii() and length.isdigit() and len(length) <= _MOST_DIGITS:
            self._left = int(length)

    def _tell(
        self, event: ObservedEvent, places: Places, start: int, stop: int, at: int | None
    ) -> None:
        if self._exchange is not None:
            first, last = places.at(start), places.latest(start, stop)
            self._say(event, self._exchange, first, start, last, stop - 1)

    def _say(
        self,
        event: ObservedEvent,
        exchange: Exchange,
        first: Mark,
        start: int,
        last: Mark,
        end: int,
    ) -> None:
        began, ended = Place(first[1], first[0], start), Place(last[1], last[0], end)
        self._emit(Observed(event, exchange, began, ended))
