"""`CaptureParser`: the bytes of a file, whatever it is, to dated events; the usual contract.

    pcap, pcapng -> PcapParser -> TcpReassembler -> ExchangeReader -> Observed
    anything else                                -> Answers        -> Observed, without times

Anything else is an answer with its head (`curl -i`), or the body alone: pictures, sound or a list.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from typing import Final

from hamaproto import _checks
from hamaproto.captures.answers import Answers
from hamaproto.captures.exchanges import ExchangeReader
from hamaproto.captures.guess import is_http
from hamaproto.captures.network import Other
from hamaproto.captures.observed import Exchange, Observed
from hamaproto.captures.packets import Bounds, Interface, Section
from hamaproto.captures.pcap import PcapParser, is_pcap
from hamaproto.captures.places import NOWHERE
from hamaproto.captures.reassembly import TcpReassembler
from hamaproto.errors import LocalProtocolError, RemoteProtocolError
from hamaproto.events import NEED_DATA, EndOfStream, NeedData
from hamaproto.limits import DEFAULT_LIMITS, Limits
from hamaproto.wire.contract import Chunk, Events, Exclusive, entry, owned

__all__ = ["CaptureEvent", "CaptureParser"]

CaptureEvent = Observed | Section | Interface | EndOfStream

#: Bytes that tell a capture of packets, or a head behind some line ends.
_ENOUGH: Final = 16
#: Packets that are read at once.
_BATCH: Final = 64


class CaptureParser(Exclusive):
    """A file that somebody saved of the traffic with a camera.

    Events: `Section` and `Interface` of a capture of packets; `Observed` for all that is seen in
    it, in the order of the packets that bring it about; at last `EndOfStream`, whose `complete` is
    False if the file ends inside a record.

    Raises RemoteProtocolError for a capture of packets that can't be read on, behind all events of
    what came before.  What the streams in it hold raises nothing: it is told as `Broken`.
    """

    def __init__(self, *, limits: Limits | None = None, bounds: Bounds | None = None) -> None:
        if limits is not None:
            _checks.instance("CaptureParser", "limits", limits, Limits, "Limits, or None")
        super().__init__()
        self._limits = DEFAULT_LIMITS if limits is None else limits
        self._events: deque[CaptureEvent] = deque()
        self._head: bytes | None = b""
        self._pcap = PcapParser(bounds=bounds)
        self._exchanges = ExchangeReader(self._events.append, self._limits)
        self._tcp = TcpReassembler(bounds=bounds, consumer=self._exchanges)
        # What reads a file without packets.
        self._answers: Answers | None = None
        self._answered = 0
        self._size = 0
        self._eof = False
        self._over = False
        self._error: RemoteProtocolError | None = None
        self._raised = False

    def __repr__(self) -> str:
        return f"<CaptureParser {self.format or 'unknown'}, {self._size} bytes>"

    @property
    def format(self) -> str:
        """`packets` or `bytes`; empty while too little came to tell."""
        if self._head is not None:
            return ""
        return "packets" if self._answers is None else "bytes"

    @property
    def packets(self) -> int:
        """Packets that were read so far."""
        return self._pcap.packets

    @property
    def conversations(self) -> int:
        """Conversations of TCP so far."""
        return self._tcp.conversations

    @property
    def exchanges(self) -> int:
        """Requests and answers so far; a pair counts once."""
        return self._exchanges.exchanges + self._answered

    @property
    def counts(self) -> Counter[Other]:
        """Packets that hold no TCP that can be read, by what they are."""
        return self._tcp.counts

    @property
    def retransmitted(self) -> int:
        """Bytes that came more than once."""
        return self._tcp.retransmitted

    @property
    def conflicts(self) -> int:
        """Pieces that came again with other bytes, while the first ones were still here."""
        return self._tcp.conflicts

    # -- the contract

    @entry
    def receive_data(self, chunk: Chunk) -> None:
        """Feed bytes of the file; what is kept is copied."""
        self._raise_again()
        if self._eof:
            raise LocalProtocolError("receive_data() after receive_eof()")
        data = owned(chunk)
        self._size += len(data)
        if self._head is not None:
            self._head += data
            if len(self._head) >= _ENOUGH:
                self._begin(self._head)
        elif data:
            self._feed(data)

    @entry
    def receive_eof(self) -> None:
        """Say that the file is over."""
        self._raise_again()
        if self._eof:
            return
        self._eof = True
        if self._head:
            self._begin(self._head)
        if self._head is None and self._answers is None and self._error is None:
            self._pcap.receive_eof()

    @entry
    def next_event(self) -> CaptureEvent | NeedData:
        """The next event, or NEED_DATA; after the end EndOfStream again and again."""
        while not self._events:
            if self._error is not None:
                self._raised = True
                raise self._error.with_traceback(None)
            if self._over:
                return EndOfStream(self._is_whole, self._size)
            if not self._go_on():
                return NEED_DATA
        return self._events.popleft()

    def events(self) -> Iterator[CaptureEvent]:
        """The events until NEED_DATA or the end."""
        return Events(self)

    # -- inside

    def _raise_again(self) -> None:
        if self._raised and self._error is not None:
            raise self._error.with_traceback(None)

    @property
    def _is_whole(self) -> bool:
        if not self._size:
            return False
        return self._pcap.complete if self._answers is None else True

    def _begin(self, head: bytes) -> None:
        self._head = None
        if not is_pcap(head):
            self._answers = Answers(
                self._one_more,
                self._events.append,
                self._limits,
                Exchange(0),
                joined=not is_http(head),
                packets=False,
            )
        self._feed(head)

    def _one_more(self) -> Exchange:
        self._answered += 1
        return Exchange(self._answered)

    def _feed(self, data: bytes) -> None:
        if self._answers is not None:
            self._answers.received((data,), (NOWHERE,))
        elif self._error is None:
            self._pcap.receive_data(data)

    def _go_on(self) -> bool:
        """Read some more of what was fed; False if there is nothing to be read."""
        if self._head is not None or self._answers is not None:
            if not self._eof:
                return False
            self._over = True
            if self._answers is not None:
                self._answers.closed()
            return True
        try:
            items = self._pcap.take(_BATCH)
        except RemoteProtocolError as error:
            self._error = error
            self._tcp.receive_eof()
            return True
        if items:
            start = 0
            for index, item in enumerate(items):
                if isinstance(item, Section | Interface):
                    self._tcp.receive_items(items[start:index])
                    self._events.append(item)
                    start = index + 1
            self._tcp.receive_items(items[start:] if start else items)
            return True
        if not self._eof:
            return False
        self._over = True
        self._tcp.receive_eof()
        return True
