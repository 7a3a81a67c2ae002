"""The direction of a server: answers one behind the other, or the middle of one.

    pieces -> ResponseParser -> DecodedBody, if it is packed -> Body -> events, each with its place

A body that lasts until the connection closes goes straight to its parser, many packets at a time.
Everything else goes packet by packet, so that what is found where the framing is read does not
depend on how many packets came together.

Inside a body whose framing counts its bytes (a length, chunks) a gap is filled with as many zeros,
which the framing counts and nobody else sees.  A gap that the framing cannot be led over loses
it: then the rest is passed over up to a packet that begins with the head of an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from hamaproto.captures.body import Body
from hamaproto.captures.conversation import Mark
from hamaproto.captures.direction import Direction, Emit
from hamaproto.captures.guess import ENOUGH_BYTES, begins_answer, guess, is_http
from hamaproto.captures.observed import Broken, Exchange, ObservedEvent
from hamaproto.captures.streams import Gap
from hamaproto.commands import Reply
from hamaproto.errors import RemoteProtocolError
from hamaproto.events import (
    Anomaly,
    Data,
    EndOfStream,
    NeedData,
    Response,
    Skipped,
)
from hamaproto.headers import Headers
from hamaproto.limits import Limits
from hamaproto.outcome import is_success
from hamaproto.wire.coding import DecodedBody, content_codings, unknown_coding
from hamaproto.wire.http import ResponseParser, content_type_name

__all__ = ["Answers"]
#: Bytes of a gap that a framing is led over; more is no loss of packets but another capture.
_MOST_FILLED: Final = 16 * 1024 * 1024
_ZEROS: Final = bytes(1 << 20)
#: Packets after which those that nobody will ask about are forgotten.
_MANY: Final = 512
#: Bytes of memory that it takes to know one of them, about.
_COST_OF_PLACE: Final = 128


class Answers(Direction):
    """Reads the direction of a server; `next_exchange` gives the exchange of the next answer.

    `joined`: the beginning of the stream is not in the capture.
    """

    __slots__ = (
        "_body",
        "_coded",
        "_direct",
        "_fed",
        "_filled",
        "_held",
        "_http",
        "_next_exchange",
        "_passed_over",
        "_start",
    )

    def __init__(
        self,
        next_exchange: Callable[[], Exchange],
        emit: Emit,
        limits: Limits,
        stray: Exchange,
        *,
        joined: bool,
        packets: bool = True,
    ) -> None:
        super().__init__(emit, limits, stray, lost=False, packets=packets)
        self._next_exchange = next_exchange
        # What a stream begins with whose beginning is not known; None where it is.
        self._held: bytearray | None = bytearray() if joined else None
        self._http: ResponseParser | None = None
        self._coded: DecodedBody | None = None
        # Where the answer began, and how much of it was fed.
        self._start = 0
        self._fed = 0
        self._body: Body | None = None
        # Whether all that comes is for the body's parser.
        self._direct = False
        # How much of a gap was led past the framing, if one is at hand.
        self._filled: int | None = None
        # How much was passed over before the next head.
        self._passed_over = 0

    def __repr__(self) -> str:
        return f"<Answers at {self._offset}, {self._exchange!r}>"

    @property
    def idle(self) -> bool:
        """Whether nothing is at hand that the next byte may belong to."""
        return self._exchange is None and not self._held and not self._lost

    @property
    def pending(self) -> int:
        """Bytes that are held, about: by the parser of a body, or of a head that goes on."""
        held = len(self._places) * _COST_OF_PLACE
        if self._body is not None:
            return held + self._body.pending
        return held + (len(self._held or b"") or (self._fed if self._http is not None else 0))

    # -- in

    def received(self, pieces: Sequence[bytes], marks: Sequence[Mark]) -> None:
        """Pieces that follow one another."""
        if self._packets:
            self._places.extend(self._offset, pieces, marks)
        for index, piece in enumerate(pieces):
            if self._direct and self._body is not None:
                data = b"".join(pieces[index:])
                at = self._offset
                self._offset += len(data)
                self._body.receive(data, at)
                return
            self._offset += len(piece)
            self._piece(piece, marks[index])
        if len(self._places) > _MANY and not self._direct:
            self._places.forget(self._offset - self._limits.max_head)

    def gap(self, gap: Gap) -> None:
        """Bytes are missing here."""
        if self._held:
            self._decide()
        mark = self._places.at(self._offset)
        exchange = self._exchange or self._stray
        self._say(gap, exchange, mark, gap.offset, mark, gap.offset + gap.length)
        self._offset += gap.length
        if self._held is not None:
            return
        if self._exchange is None:
            self._lost = True
        elif self._direct and self._body is not None:
            self._body.gap(gap.length)
        elif self._body is None or self._coded is not None or gap.length > _MOST_FILLED:
            self._break("bytes are missing where no reader can go on")
        else:
            self._fill(gap.length)

    def cut(self) -> None:
        """Let go of what is held: there is too much of it altogether."""
        if self._body is not None:
            if self._body.pending:
                self._body.gap(0)
        elif self._held:
            self._decide()
        elif self._http is not None:
            self._break("the head does not end, and too much is held altogether")
        self._places.forget(self._offset)

    def closed(self) -> None:
        """The stream is over."""
        if self._held is not None:
            self._decide()
        if self._direct:
            self._finish(True, self._offset)
        elif self._http is not None and self._exchange is not None:
            self._http.receive_eof()
            self._pump(b"", self._places.at(self._offset))
        self._tell_passed_over(self._offset)

    # -- pieces

    def _piece(self, piece: bytes, mark: Mark) -> None:
        if self._held is not None:
            if self._packets and begins_answer(piece):
                self._tell_held(self._offset - len(piece))
            else:
                self._held += piece
                if len(self._held) >= ENOUGH_BYTES:
                    self._decide()
                return
        if self._lost:
            if not (self._packets and begins_answer(piece)):
                self._passed_over += len(piece)
                return
            self._tell_passed_over(self._offset - len(piece))
            self._lost = False
        rest = piece
        while rest:
            if self._http is None:
                self._begin(self._offset - len(rest))
            rest = self._feed(rest, mark)

    def _begin(self, start: int) -> None:
        self._exchange = exchange = self._next_exchange()
        self._http = ResponseParser(limits=self._limits)
        self._http.endless = exchange.reply in (Reply.MJPEG, Reply.AUDIO)
        self._start, self._fed = start, 0

    def _feed(self, data: bytes, mark: Mark) -> bytes:
        """Feed the answer at hand; gives what belongs to the next one."""
        assert self._http is not None
        self._http.receive_data(data)
        self._fed += len(data)
        return self._pump(data, mark)

    def _pump(self, data: bytes, mark: Mark) -> bytes:
        http = self._http
        assert http is not None
        while True:
            try:
                event = (self._coded or http).next_event()
            except RemoteProtocolError as error:
                self._end_body()
                self._break(error.message, self._start + error.offset)
                return b""
            if isinstance(event, NeedData):
                # From here on all that comes is body.
                self._direct = (
                    http.passes_through and self._coded is None and self._body is not None
                )
                return b""
            if isinstance(event, Response):
                self._respond(event, http)
                if self._http is None:  # it has no body, whatever it says
                    return data[len(data) - (self._fed - http.offset) :]
            elif isinstance(event, Data):
                if self._body is None:
                    continue
                if self._filled is not None:
                    self._filled += len(event.data)
                elif self._coded is not None:
                    self._body.receive_packed(event.data, mark)
                else:
                    self._body.receive(event.data, self._start + event.offset)
            elif isinstance(event, EndOfStream):
                surplus = http.surplus
                self._finish(event.complete, self._start + http.offset)
                return data[len(data) - surplus :] if surplus else b""
            elif isinstance(event, Anomaly):
                at = self._start + event.offset
                self._tell(event, self._places, at, at + 1)

    def _respond(self, response: Response, http: ResponseParser) -> None:
        exchange = self._exchange
        assert exchange is not None
        exchange.response = response
        head = self._start + http.offset
        self._tell(response, self._places, self._start, max(self._start + 1, head))
        if exchange.request is not None and exchange.request.method == "HEAD":
            self._finish(True, head)
            return
        codings = content_codings(response.headers)
        known = unknown_coding(codings) is None
        reply = exchange.reply
        if not known or not is_success(response.status):
            reply = Reply.ACK  # which is given out as it comes
        elif reply is Reply.ANY and exchange.request is None and _is_text(response.content_type):
            reply = Reply.PARAMS  # which reads what looks like a list
        if codings and known:
            self._coded = DecodedBody(http.next_event, codings)
        packed = None if self._coded is None else head
        self._body = self._body_of(reply, response.content_type, http.looks_like, packed)

    def _body_of(
        self, reply: Reply, content_type: str | None, looks_like: str | None, packed: int | None
    ) -> Body:
        return Body(
            self._tell, reply, content_type, looks_like, self._limits, self._places, packed=packed
        )

    # -- without a head

    def _decide(self) -> None:
        """Say what the stream is whose beginning is not known."""
        held = bytes(self._held or b"")
        self._held = None
        if not held:
            return
        start = self._offset - len(held)
        mark = self._places.at(start)
        if is_http(held):
            self._begin(start)
            self._feed(held, mark)
            return
        self._exchange = exchange = self._next_exchange()
        exchange.response = Response(None, Headers())
        if exchange.reply is Reply.ANY:
            exchange.reply = guess(held[:ENOUGH_BYTES])
        self._start = start
        self._body = self._body_of(exchange.reply, None, None, None)
        self._direct = True
        self._body.receive(held, start)

    def _tell_held(self, stop: int) -> None:
        """What came before the first head is the end of an answer whose beginning is not there."""
        size = len(self._held or b"")
        self._held = None
        if size:
            skipped = Skipped(stop - size, size, "the end of what began before the capture")
            self._stray_event(skipped, stop - size, stop)

    # -- gaps and ends

    def _fill(self, length: int) -> None:
        mark = self._places.at(self._offset)
        self._filled = 0
        while length and self._http is not None and self._exchange is not None:
            zeros = _ZEROS[: min(length, len(_ZEROS))]
            length -= len(zeros)
            if self._feed(zeros, mark):
                break  # the answer ended inside the gap
        self._tell_filled()
        if self._exchange is None:
            self._lost = True

    def _tell_filled(self) -> None:
        """Say to the body how much of it is missing: once, since each gap costs it a parser."""
        filled, self._filled = self._filled, None
        if filled and self._body is not None:
            self._body.gap(filled)

    def _break(self, message: str, at: int | None = None) -> None:
        offset = self._offset if at is None else at
        self._tell(Broken(message, offset), self._places, offset, offset + 1)
        self._finish(False, offset)
        self._lost = True

    def _end_body(self) -> bool:
        self._tell_filled()
        body, self._body = self._body, None
        return body.end() if body is not None else True

    def _finish(self, complete: bool, at: int) -> None:
        """The answer at hand is over, and what follows it stands here."""
        complete = self._end_body() and complete
        self._tell(EndOfStream(complete, at - self._start), self._places, at - 1, at)
        self._exchange = None
        self._http = None
        self._coded = None
        self._direct = False

    def _tell_passed_over(self, stop: int) -> None:
        size, self._passed_over = self._passed_over, 0
        if size:
            skipped = Skipped(stop - size, size, "no head of an answer")
            self._stray_event(skipped, stop - size, stop)

    # -- out

    def _stray_event(self, event: ObservedEvent, start: int, stop: int) -> None:
        first, last = self._places.at(start), self._places.latest(start, stop)
        self._say(event, self._stray, first, start, last, stop - 1)


def _is_text(content_type: str | None) -> bool:
    return content_type_name(content_type) == "text/plain"
