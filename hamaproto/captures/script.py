"""What a server sent, and when: a capture as something that can be played again.

    script = read_script(file, fps=10)
    line = script.answer("GET", "/mjpg/video.mjpg", turn=0)
    line.pieces -> (nanoseconds since the request, bytes), as they came

The bytes are those of the wire, head and framing included, however odd.  What is missing in the
capture is left out.  A file without times is played a frame at a time, `fps` of them a second.  All
of it is held in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from hamaproto.captures.conversation import Conversation, Half, Mark
from hamaproto.captures.exchanges import ExchangeReader
from hamaproto.captures.guess import is_http, reply_of
from hamaproto.captures.observed import Asked, Exchange, Observed
from hamaproto.captures.parser import CaptureParser
from hamaproto.captures.pcap import MAGIC_BYTES, PcapParser, is_pcap
from hamaproto.captures.reassembly import TcpReassembler
from hamaproto.captures.streams import CloseReason, GapReason
from hamaproto.commands import Reply
from hamaproto.errors import RemoteProtocolError
from hamaproto.events import AudioFrame, EndOfStream, Frame, Response
from hamaproto.limits import DEFAULT_LIMITS
from hamaproto.outcome import is_success

__all__ = ["Line", "Script", "read_script"]

_PIECE: Final = 1 << 20
_SECOND: Final = 1_000_000_000
#: Before a body that has no head in the file.
_HEAD: Final = b"HTTP/1.0 200 OK\r\nContent-Type: %b\r\n\r\n"
_TYPES: Final = {Reply.AUDIO: b"audio/gsm", Reply.PARAMS: b"text/plain"}
_ENDLESS: Final = frozenset({"multipart/", "audio/"})

#: When, in nanoseconds since the request, and what.
Piece = tuple[int, bytes]


@dataclass(slots=True, repr=False)
class Line:
    """One answer: what was asked, and what was sent when."""

    method: str
    target: str
    reply: Reply
    status: int | None
    pieces: list[Piece] = field(default_factory=list)
    body: int = 0
    """The index of the first piece behind the head."""
    endless: bool = False
    """Whether its body may go on with its beginning: a stream without a framing of its own."""

    def __repr__(self) -> str:
        return f"<Line {self.method} {self.target.partition('?')[0]}, {len(self.pieces)} pieces>"

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


class Script:
    """All answers of a capture; `trouble` says what is wrong with the file."""

    def __init__(self, lines: Sequence[Line], trouble: str = "") -> None:
        self.lines = list(lines)
        self.trouble = trouble

    def answer(self, method: str, target: str, turn: int, *, loop: bool = False) -> Line | None:
        """The answer to a request that comes for the `turn`th time; None if there is none.

        That to the same target; else to the same path; else one of the same kind, since who plays
        a capture may not know its names.  Refusals count only where nothing else was said.  Behind
        the last one it is given again, or with `loop` the first one.
        """
        path = target.partition("?")[0]
        reply = reply_of(target)
        kinds = {Reply.MJPEG, Reply.AUDIO, Reply.IMAGE}
        for fits in (
            lambda line: line.target == target,
            lambda line: line.path == path,
            lambda line: line.reply is reply and reply in kinds,
        ):
            found = [line for line in self.lines if line.method == method and fits(line)]
            found = [line for line in found if is_success(line.status)] or found
            if found:
                return found[turn % len(found) if loop else min(turn, len(found) - 1)]
        return None


def read_script(file: BinaryIO, *, fps: float = 10.0) -> Script:
    """Read a capture, an answer that `curl -i` saved, or a body alone."""
    head = file.read(_PIECE)
    if is_pcap(head[:MAGIC_BYTES]):
        return _of_packets(head, file)
    return _of_bytes(head + file.read(), fps)


# -- packets -----------------------------------------------------------------------------


class _Tee:
    """A consumer that keeps what both sides sent, and hands it on to the reader of exchanges."""

    def __init__(self) -> None:
        self.sent: dict[tuple[Conversation, int], list[tuple[int, bytes, int | None]]] = {}
        self.spans: dict[int, _Span] = {}
        self._reader = ExchangeReader(self._take, DEFAULT_LIMITS)

    def received(
        self, half: Half, offset: int, pieces: Sequence[bytes], marks: Sequence[Mark]
    ) -> None:
        kept = self.sent.setdefault((half.conversation, half.side), [])
        at = offset
        for piece, (_, time) in zip(pieces, marks, strict=True):
            kept.append((at, piece, time))
            at += len(piece)
        self._reader.received(half, offset, pieces, marks)

    def gap(self, half: Half, offset: int, length: int, reason: GapReason, mark: Mark) -> None:
        self._reader.gap(half, offset, length, reason, mark)

    def closed(self, half: Half, reason: CloseReason) -> None:
        self._reader.closed(half, reason)

    def _take(self, seen: Observed) -> None:
        exchange = seen.exchange
        if not exchange.number or isinstance(seen.event, Asked):
            return
        span = self.spans.setdefault(exchange.number, _Span(exchange, seen.first.offset))
        # What is odd about a head is told before the head is.
        span.start = min(span.start, seen.first.offset)
        span.stop = max(span.stop, seen.last.offset + 1)
        if isinstance(seen.event, Response):
            span.body = seen.last.offset + 1


@dataclass(slots=True)
class _Span:
    """Where an answer stands in the stream of its server."""

    exchange: Exchange
    start: int
    stop: int = 0
    body: int | None = None


def _of_packets(head: bytes, file: BinaryIO) -> Script:
    parser, tee, trouble = PcapParser(), _Tee(), ""
    tcp = TcpReassembler(consumer=tee)
    piece = head
    try:
        while piece:
            parser.receive_data(piece)
            while items := parser.take(256):
                tcp.receive_items(items)
            piece = file.read(_PIECE)
        parser.receive_eof()
        if not parser.complete:
            trouble = "it ends in the middle of a record"
    except RemoteProtocolError as error:
        trouble = str(error)
    tcp.receive_eof()
    lines = [_line(span, tee) for _, span in sorted(tee.spans.items())]
    return Script([line for line in lines if line is not None], trouble)


def _line(span: _Span, tee: _Tee) -> Line | None:
    exchange = span.exchange
    conversation = exchange.conversation
    if conversation is None:
        return None
    sent = tee.sent.get((conversation, 1 - conversation.client), [])
    timed: list[tuple[int | None, bytes]] = []
    body = 0
    for at, data, time in sent:
        cut = data[max(0, span.start - at) : max(0, span.stop - at)]
        if not cut:
            continue
        start = max(at, span.start)
        if span.body is not None and start < span.body < start + len(cut):
            timed += [(time, cut[: span.body - start]), (time, cut[span.body - start :])]
            body = len(timed) - 1
        else:
            timed.append((time, cut))
            if span.body is not None and start < span.body:
                body = len(timed)
    if not timed:
        return None
    asked = exchange.asked.time if exchange.asked is not None else None
    known = [time for time, _ in timed if time is not None]
    zero = asked if asked is not None else min(known, default=0)
    pieces: list[Piece] = []
    last = 0
    for time, data in timed:
        # Nothing can be sent before what comes before it.
        last = max(last, (time if time is not None else zero) - zero)
        pieces.append((last, data))
    if exchange.response is None or exchange.response.status is None:
        kind = _TYPES.get(exchange.reply, b"application/octet-stream")
        pieces.insert(0, (0, _HEAD % kind))
        body = 1
    request, response = exchange.request, exchange.response
    return Line(
        "GET" if request is None else request.method,
        "/" if request is None else request.target,
        exchange.reply,
        None if response is None else response.status,
        pieces,
        body,
        _goes_on(exchange),
    )


def _goes_on(exchange: Exchange) -> bool:
    response = exchange.response
    if response is None or response.status is None:
        return exchange.reply in (Reply.MJPEG, Reply.AUDIO)
    chunked = "chunked" in response.headers.get("transfer-encoding", "").lower()
    kind = (response.content_type or "").lower()
    endless = kind.startswith(tuple(_ENDLESS)) or exchange.reply in (Reply.MJPEG, Reply.AUDIO)
    return endless and not chunked and "content-encoding" not in response.headers


# -- files without packets ---------------------------------------------------------------


def _of_bytes(data: bytes, fps: float) -> Script:
    """One answer, cut where its frames end; each of them so long after the one before."""
    parser = CaptureParser()
    parser.receive_data(data)
    parser.receive_eof()
    cuts: list[int] = []
    exchange: Exchange | None = None
    body = 0
    trouble = ""
    sound = False
    for seen in parser.events():
        if not isinstance(seen, Observed) or seen.exchange.number != 1:
            continue
        exchange = seen.exchange
        if isinstance(seen.event, Response):
            body = seen.last.offset + 1
        elif isinstance(seen.event, Frame | AudioFrame):
            sound = isinstance(seen.event, AudioFrame)
            cuts.append(seen.last.offset + 1)
        elif isinstance(seen.event, EndOfStream):
            break
    if exchange is None:
        return Script([], "nothing is in it")
    step = round(_SECOND / (50 if sound else fps))
    pieces: list[Piece] = []
    if is_http(data):
        pieces.append((0, data[:body]))
    else:
        kind = _TYPES.get(exchange.reply, b"application/octet-stream")
        if exchange.reply is Reply.MJPEG and data.lstrip(b"\r\n").startswith(b"--"):
            kind = b"multipart/x-mixed-replace"
        pieces.append((0, _HEAD % kind))
    at = body
    for number, cut in enumerate([*cuts, len(data)]):
        if cut > at:
            pieces.append((number * step, data[at:cut]))
            at = cut
    status = exchange.response.status if exchange.response is not None else None
    line = Line("GET", "/", exchange.reply, status, pieces, 1, _goes_on(exchange))
    if line.reply is Reply.ANY and cuts:
        line.reply = Reply.AUDIO if sound else Reply.MJPEG
        line.endless = True
    return Script([line], trouble)
