"""The direction of a client: requests one behind the other, or sound that goes up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from hamaproto.camera.request import RequestHead, RequestReader
from hamaproto.captures.body import Body
from hamaproto.captures.conversation import Mark
from hamaproto.captures.direction import Direction, Emit
from hamaproto.captures.guess import begins_request, reply_of
from hamaproto.captures.observed import Asked, Broken, Exchange, Place
from hamaproto.captures.places import NOWHERE
from hamaproto.captures.streams import Gap
from hamaproto.commands import Reply
from hamaproto.headers import Headers
from hamaproto.limits import Limits

__all__ = ["Questions"]

#: Digits of a length that is believed.
_MOST_DIGITS: Final = 12


class Questions(Direction):
    """Reads the direction of a client: `ask` makes an exchange of each request.

    What is no request is passed over, up to a packet that begins with one.
    """

    __slots__ = (
        "_ask",
        "_last",
        "_left",
        "_reader",
        "_start",
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
        super().__init__(emit, limits, stray, lost=joined)
        self._ask = ask
        self._reader: RequestReader | None = None
        # Where the request at hand began, and the packet of the last byte.
        self._start = 0
        self._last: Mark = NOWHERE
        # Bytes of the request's body that are due.
        self._left = 0
        # Sound for the loudspeaker, in the exchange that asked for it.
        self._up: Body | None = None

    def __repr__(self) -> str:
        return f"<Questions at {self._offset}>"

    @property
    def pending(self) -> int:
        """Bytes that are held, about: of sound, or of a request that goes on."""
        if self._up is not None:
            return self._up.pending
        return self._offset - self._start if self._reader is not None else 0

    def cut(self) -> None:
        """Let go of what is held: there is too much of it altogether."""
        if self._up is not None:
            self._up.gap(0)
        elif self._reader is not None:
            self._break("a request does not end, and too much is held altogether", self._start)

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
                self._break("no request of HTTP", at)
                return

    def _break(self, message: str, at: int) -> None:
        mark = self._places.at(at)
        self._say(Broken(message, at), self._stray, mark, at, mark, at)
        self._reader = None
        self._lost = True

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
