"""The bytes of an answer as events: its head, then its body through the parser for it.

    bytes -> ResponseParser -> DecodedBody, if it is packed -> the body's parser -> events

The head and the framing are HTTP.  Which parser reads the body is chosen in `bodies.py`, once
the head is known.  A body that lasts until the connection closes has no framing: then `direct` is
its parser, and whoever has more of it may feed that parser without another copy.
"""

from __future__ import annotations

from typing import Final

from hamaproto.bodies import BodyParser, Undecided, body_parser
from hamaproto.commands import Reply
from hamaproto.errors import RemoteProtocolError
from hamaproto.events import NEED_DATA, Data, EndOfStream, Event, NeedData, Response
from hamaproto.limits import Limits
from hamaproto.wire.coding import DecodedBody, content_codings, unknown_coding
from hamaproto.wire.http import ResponseParser

__all__ = ["Answer"]

#: Bytes by which it is told what is no HTTP.
_FIRST: Final = 8


class Answer:
    """One answer.  Feed it, ask it, and say with the head what its body is to be."""

    __slots__ = ("_body", "_body_ended", "_broken", "_coded", "_http", "_limits", "eof", "first")

    def __init__(self, http: ResponseParser, limits: Limits) -> None:
        self._http = http
        self._limits = limits
        self._body: BodyParser | None = None
        # What undoes the coding of the body, where it has one.
        self._coded: DecodedBody | None = None
        self._body_ended: EndOfStream | None = None
        # What was wrong with the framing, while the body's parser says what it has.
        self._broken: RemoteProtocolError | None = None
        #: The first bytes that came.
        self.first = b""
        #: Whether the connection is over.
        self.eof = False

    def __repr__(self) -> str:
        return f"<Answer {self._http!r} {self._body!r}>"

    @property
    def surplus(self) -> int:
        """Bytes that came after the end of the body; they belong to nothing."""
        return self._http.surplus

    def expects(self, reply: Reply) -> None:
        """Say what was asked for, before anything came."""
        self._http.endless = reply in (Reply.MJPEG, Reply.AUDIO)

    def receive_data(self, data: bytes) -> None:
        """More bytes came."""
        self._http.receive_data(data)
        if len(self.first) < _FIRST:
            self.first += data[: _FIRST - len(self.first)]

    def receive_eof(self, passed: int = 0) -> None:
        """The connection is over; so many bytes went to `direct` and not through here."""
        self.eof = True
        self._http.passed(passed)
        self._http.receive_eof()

    def begin_body(self, reply: Reply, response: Response) -> None:
        """The head is accepted: choose who reads the body."""
        codings = content_codings(response.headers)
        if unknown_coding(codings) is not None:
            # Nobody here can read it: it is given out as it comes.
            return
        if codings:
            self._coded = DecodedBody(self._http.next_event, codings)
        self._body = body_parser(reply, response.content_type, self._http.looks_like, self._limits)

    @property
    def direct(self) -> BodyParser | None:
        """The body's parser, if all that comes from now on is for it as it comes."""
        if (
            self._body is None
            # Who still has to choose would stand before the chosen one for ever, and no byte
            # could be received into an image's own place.
            or isinstance(self._body, Undecided)
            or self._coded is not None
            or not self._http.passes_through
        ):
            return None
        return self._body

    def next_event(self, *, talking: bool = False) -> Event | NeedData:
        """The next event; `EndOfStream` once.

        `talking`: sound goes up, so that the answer is over when the connection is.
        """
        while True:
            if self._body is not None:
                event = self._body.next_event()
                if isinstance(event, EndOfStream):
                    if self._broken is not None:
                        raise self._broken
                    return self._finish(event)
                if event is not NEED_DATA:
                    return event
            if self.eof and not self.first and talking:
                # No camera has been seen to answer to talk-back.
                return self._finish(EndOfStream())
            try:
                outer = (self._http if self._coded is None else self._coded).next_event()
            except RemoteProtocolError as error:
                if self._body is None or self._broken is not None:
                    raise
                # What the body's parser holds, half an image maybe, comes before the error.
                self._broken = error
                self._body.receive_eof()
                continue
            if isinstance(outer, Data) and self._body is not None:
                self._body.receive_data(outer.data)
                if isinstance(self._body, Undecided) and self._body.chosen is not None:
                    self._body = self._body.chosen
            elif isinstance(outer, EndOfStream):
                if talking and not self.eof:
                    # The answer is over; the sound goes on until somebody hangs up.
                    return NEED_DATA
                self._body_ended = outer
                if self._body is None:
                    return self._finish(EndOfStream())
                self._body.receive_eof()
            else:
                return outer

    def _finish(self, inner: EndOfStream) -> EndOfStream:
        outer = self._body_ended or EndOfStream()
        # The framing of the body says so, or its own last delimiter.
        closed = inner.closed or (self._body_ended is not None and not self.eof)
        self._body = None
        return EndOfStream(inner.complete and outer.complete, outer.offset, closed)
