"""`PcapParser`: the bytes of a capture file to its packets; the contract of every parser.

Which format it is say the first four bytes.  The reader of the format is given the bytes at hand
and takes whole records of them, many at a time: what is not whole waits, and is looked at again
when all of it is there.  So the cost does not depend on how the file was cut.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from hamaproto import _checks
from hamaproto.captures.blocks import SECTION_MAGIC, BlockReader
from hamaproto.captures.classic import MAGICS, ClassicReader
from hamaproto.captures.packets import (
    DEFAULT_BOUNDS,
    Bounds,
    Interface,
    Packet,
    PcapItem,
    Section,
)
from hamaproto.errors import LocalProtocolError, RemoteProtocolError
from hamaproto.events import NEED_DATA, EndOfStream, NeedData
from hamaproto.wire.contract import Chunk, Events, Exclusive, entry, owned

__all__ = ["MAGIC_BYTES", "PcapEvent", "PcapParser", "is_pcap", "packet_of"]

PcapEvent = Packet | Section | Interface | EndOfStream

#: Bytes that tell the format.
MAGIC_BYTES: Final = 4
#: Records that are read at once.
_BATCH: Final = 256


def is_pcap(head: bytes) -> bool:
    """Whether a file that begins so is a capture: pcap or pcapng."""
    return head[:MAGIC_BYTES] in MAGICS or head[:MAGIC_BYTES] == SECTION_MAGIC


def packet_of(item: PcapItem) -> Packet | Section | Interface:
    """An item as what a program sees of it."""
    if isinstance(item, tuple):
        number, time, link, buffer, start, stop, length, offset, interface, comments = item
        data = buffer[start:stop]
        return Packet(data, time, number, link, length, offset, interface, comments)
    return item


class PcapParser(Exclusive):
    """A capture file: pcap (either order of bytes, microseconds or nanoseconds) or pcapng.

    Events: `Section` at the beginning, `Interface` before the packets of one, `Packet`, at last
    `EndOfStream`, whose `complete` is False if the file ends inside a record.

    Raises RemoteProtocolError for what is no capture, and for lengths that can't be, with the
    offset in the file; all packets before it come first.  LimitExceededError names the bound.
    """

    def __init__(self, *, bounds: Bounds | None = None) -> None:
        if bounds is not None:
            _checks.instance("PcapParser", "bounds", bounds, Bounds, "Bounds, or None")
        super().__init__()
        self._bounds = DEFAULT_BOUNDS if bounds is None else bounds
        self._reader: ClassicReader | BlockReader | None = None
        # The bytes at hand, where reading goes on, and where they begin in the file.
        self._buffer = b""
        self._pos = 0
        self._at = 0
        # What came behind them, how much of the first piece is used up, how many bytes that leaves,
        # and how many are due for one more record.
        self._pieces: deque[bytes] = deque()
        self._used = 0
        self._waiting = 0
        self._due = MAGIC_BYTES
        # Bytes of a block that nobody reads.
        self._skip = 0
        self._items: deque[PcapItem] = deque()
        self._error: RemoteProtocolError | None = None
        self._raised = False
        self._eof = False

    def __repr__(self) -> str:
        return f"<PcapParser {self.packets} packets, at {self._at + self._pos}>"

    @property
    def packets(self) -> int:
        """Packets that were read so far."""
        return self._reader.number if self._reader is not None else 0

    # -- the contract

    @entry
    def receive_data(self, chunk: Chunk) -> None:
        """Feed bytes of the file; what is kept is copied."""
        self._raise_again()
        if self._eof:
            raise LocalProtocolError("receive_data() after receive_eof()")
        data = owned(chunk)
        if self._error is not None:
            return
        self._accept(data)

    @entry
    def receive_eof(self) -> None:
        """Say that the file is over."""
        self._raise_again()
        self._eof = True

    @entry
    def next_event(self) -> PcapEvent | NeedData:
        """The next event, or NEED_DATA; after the end EndOfStream again and again."""
        if not self._items:
            self._items.extend(self._read(_BATCH))
        if self._items:
            return packet_of(self._items.popleft())
        return self._end() if self._eof else NEED_DATA

    def events(self) -> Iterator[PcapEvent]:
        """The events until NEED_DATA or the end."""
        return Events(self)

    @entry
    def take(self, most: int) -> list[PcapItem]:
        """Up to `most` items as they are read, for who has no use for an object of each packet.

        An empty list means what NEED_DATA does, and the end; raises as `next_event` does.
        """
        if self._items:
            items = list(self._items)
            self._items.clear()
            return items
        return self._read(most)

    @property
    def complete(self) -> bool:
        """Whether no record has begun that is not whole."""
        return not (self._skip or self._waiting or self._pos < len(self._buffer))

    # -- inside

    def _raise_again(self) -> None:
        if self._raised and self._error is not None:
            raise self._error.with_traceback(None)

    def _end(self) -> EndOfStream:
        size = self._at + len(self._buffer) + self._waiting
        return EndOfStream(self.complete and size > 0, size)

    def _read(self, most: int) -> list[PcapItem]:
        out: list[PcapItem] = []
        if self._error is None:
            try:
                self._fill(most, out)
            except RemoteProtocolError as error:
                self._error = error
                self._pieces.clear()
        if self._error is not None and not out:
            self._raised = True
            raise self._error.with_traceback(None)
        return out

    def _fill(self, most: int, out: list[PcapItem]) -> None:
        while not out:
            left = len(self._buffer) - self._pos
            if left + self._waiting < max(self._due, 1):
                return
            if left < self._due or not left:
                self._go_on()
            if self._reader is None:
                self._reader = self._reader_for(self._buffer[self._pos : self._pos + MAGIC_BYTES])
            pos, self._due = self._reader.read(self._buffer, self._pos, self._at, most, out)
            self._pos = min(pos, len(self._buffer))
            self._skip = pos - self._pos
            if self._skip:
                self._pass_over()

    def _go_on(self) -> None:
        """Go on to what came behind the bytes at hand.

        A record that lies in several pieces is put together by itself: most pieces are read where
        they are.
        """
        self._at += self._pos
        rest = self._buffer[self._pos :]
        first = self._pieces[0]
        if not rest and len(first) - self._used >= self._due:
            self._pieces.popleft()
            self._buffer, self._pos = first, self._used
            self._at -= self._used
            self._waiting -= len(first) - self._used
            self._used = 0
            return
        parts = [rest]
        need = self._due - len(rest)
        while need:
            part = self._pieces[0][self._used : self._used + need]
            parts.append(part)
            need -= len(part)
            self._use(len(part))
        self._buffer, self._pos = b"".join(parts), 0

    def _use(self, count: int) -> None:
        """So many bytes of the first piece are used up."""
        self._waiting -= count
        self._used += count
        if self._used == len(self._pieces[0]):
            self._pieces.popleft()
            self._used = 0

    def _accept(self, data: bytes) -> None:
        if data:
            self._pieces.append(data)
            self._waiting += len(data)
        if self._skip:
            self._pass_over()

    def _pass_over(self) -> None:
        """Leave out the bytes of a block that nobody reads; what is at hand was read to its end."""
        self._at += len(self._buffer)
        self._buffer, self._pos = b"", 0
        while self._skip and self._pieces:
            count = min(self._skip, len(self._pieces[0]) - self._used)
            self._skip -= count
            self._at += count
            self._use(count)

    def _reader_for(self, magic: bytes) -> ClassicReader | BlockReader:
        if magic == SECTION_MAGIC:
            return BlockReader(self._bounds)
        if magic in MAGICS:
            return ClassicReader(magic, self._bounds)
        raise RemoteProtocolError(
            "no capture: a pcap or pcapng file begins with other bytes than " + magic.hex(" "), 0
        )
