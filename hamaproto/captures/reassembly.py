"""`TcpReassembler`: packets in any order to the streams of their conversations.

    packet -> dissect -> Half -> StreamData, Gap, Closed

The order in which packets stand in the file does not matter, as far as memory goes: what comes
early waits, what comes again is left out.  Nothing is taken for lost by an acknowledgement or by
the clock, which a file whose packets were shuffled would belie: a hole is passed over when too
much waits behind it (`Bounds`), when the conversation is over, or at the end.

Most packets are the next one of their stream, over Ethernet and IPv4 without options: they are
read in one step, and the pieces of a run of them are handed on together.  A run ends where a
piece of another stream comes, so that what follows what does not depend on how the file was cut.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

from hamaproto import _checks
from hamaproto.captures.conversation import COST, Conversation, Half, Mark
from hamaproto.captures.network import ACK, FIN, RST, SYN, Other, dissect
from hamaproto.captures.packets import DEFAULT_BOUNDS, Bounds, Packet, PcapItem
from hamaproto.captures.streams import Closed, CloseReason, Gap, GapReason, StreamData
from hamaproto.errors import LocalProtocolError
from hamaproto.events import NEED_DATA, EndOfStream, NeedData
from hamaproto.wire.contract import Events, Exclusive, entry

__all__ = ["Consumer", "StreamEvent", "TcpReassembler"]

StreamEvent = StreamData | Gap | Closed | EndOfStream

#: Type of the link layer's content; version and header length of IP; total length; flags and
#: offset of a fragment; protocol; addresses and ports; sequence; header length and flags of TCP.
_USUAL: Final = struct.Struct(">12xHBxH2xHxB2x12sI4xBB")
_ETHERNET, _IPV4, _PLAIN, _TCP = 1, 0x0800, 0x45, 6
_HEADERS: Final = 54
_MASK: Final = 0xFFFFFFFF
#: By so much a piece may be early without a closer look.
_EARLY: Final = 1 << 30
#: From here on a piece is not early but late: it came before.
_LATE: Final = 1 << 31
_NO_FLAGS_OF_ENDS: Final = FIN | SYN | RST
#: A run is handed on when it has so many bytes.
_MOST_RUN: Final = 1 << 18
#: The share of the conversations that go when there are too many: to look for them takes a while.
_EVICTED: Final = 8


class Consumer(Protocol):
    """Who takes the streams; called in the order of the file."""

    def received(
        self, half: Half, offset: int, pieces: Sequence[bytes], marks: Sequence[Mark]
    ) -> None:
        """Pieces that follow one another, with the packet of each."""

    def gap(self, half: Half, offset: int, length: int, reason: GapReason, mark: Mark) -> None:
        """Bytes are missing; `mark` is the packet behind them."""

    def closed(self, half: Half, reason: CloseReason) -> None:
        """Nothing more comes in this direction."""


class _Waiting:
    """A consumer that makes events of what it is told."""

    __slots__ = ("events",)

    def __init__(self) -> None:
        self.events: deque[StreamEvent] = deque()

    def received(
        self, half: Half, offset: int, pieces: Sequence[bytes], marks: Sequence[Mark]
    ) -> None:
        for data, (number, time) in zip(pieces, marks, strict=True):
            event = StreamData(half.conversation, half.side, data, offset, number, time)
            self.events.append(event)
            offset += len(data)

    def gap(self, half: Half, offset: int, length: int, reason: GapReason, mark: Mark) -> None:
        self.events.append(Gap(half.conversation, half.side, offset, length, reason))

    def closed(self, half: Half, reason: CloseReason) -> None:
        self.events.append(Closed(half.conversation, half.side, half.position, reason))


class TcpReassembler(Exclusive):
    """The streams of all conversations of a capture: `receive_packet`, `receive_eof`, events.

    Events, in the order of the packets that bring them about: `StreamData`, `Gap` for bytes that
    are missing in the capture, `Closed` for each direction, at last `EndOfStream`.  A direction
    whose beginning was not captured begins with the lowest of the bytes that come within
    `Bounds.max_unbegun`.  `counts` says how many packets held no TCP that can be read, by `Other`.

    No packet raises an error.
    """

    def __init__(self, *, bounds: Bounds | None = None, consumer: Consumer | None = None) -> None:
        if bounds is not None:
            _checks.instance("TcpReassembler", "bounds", bounds, Bounds, "Bounds, or None")
        super().__init__()
        self._bounds = DEFAULT_BOUNDS if bounds is None else bounds
        # Asked for with each packet.
        self._max_held = self._bounds.max_held
        self._max_held_stream = self._bounds.max_held_stream
        self._events: deque[StreamEvent] = deque()
        if consumer is None:
            waiting = _Waiting()
            self._events = waiting.events
            consumer = waiting
        self._consumer: Consumer = consumer
        # Both directions of each conversation by their own key.
        self._halves: dict[bytes, Half] = {}
        # Those with a hole, by when it was met.
        # (Its oldest is asked for often, which a dict that loses its first ones finds slowly.)
        self._holes: OrderedDict[Half, None] = OrderedDict()
        self._held = 0
        # The run at hand: whose it is, and its pieces.
        self._run: Half | None = None
        self._run_size = 0
        self._pieces: list[bytes] = []
        self._marks: list[Mark] = []
        self._mark: Mark = (0, None)
        self._eof = False
        #: Conversations so far.
        self.conversations = 0
        #: Packets that hold no TCP that can be read.
        self.counts: Counter[Other] = Counter()
        #: Bytes that came more than once, and pieces that came again with other bytes.
        self.retransmitted = 0
        self.conflicts = 0

    def __repr__(self) -> str:
        return f"<TcpReassembler {self.conversations} conversations>"

    # -- the contract

    @entry
    def receive_packet(self, packet: Packet) -> None:
        """Feed one packet."""
        _checks.instance("receive_packet", "packet", packet, Packet, "a Packet")
        if self._eof:
            raise LocalProtocolError("receive_packet() after receive_eof()")
        size = len(packet.data)
        self._take(
            [
                (
                    packet.number,
                    packet.time,
                    packet.link,
                    packet.data,
                    0,
                    size,
                    packet.length,
                    packet.offset,
                    packet.interface,
                    packet.comments,
                )
            ]
        )

    @entry
    def receive_items(self, items: Sequence[PcapItem]) -> None:
        """Feed what `PcapParser.take` gives."""
        if self._eof:
            raise LocalProtocolError("receive_items() after receive_eof()")
        self._take(items)

    @entry
    def receive_eof(self) -> None:
        """Say that the capture is over: what waits comes out, with its gaps."""
        if self._eof:
            return
        self._eof = True
        for conversation in dict.fromkeys(half.conversation for half in self._halves.values()):
            self._close(conversation, "end of capture")
        self._halves.clear()
        if isinstance(self._consumer, _Waiting):
            self._events.append(EndOfStream())

    @entry
    def next_event(self) -> StreamEvent | NeedData:
        """The next event, or NEED_DATA; after the end EndOfStream again and again."""
        if len(self._events) > 1 or (self._events and not self._eof):
            return self._events.popleft()
        return self._events[0] if self._events else NEED_DATA

    def events(self) -> Iterator[StreamEvent]:
        """The events until NEED_DATA or the end."""
        # Fed with packets, and asked like all others.
        return Events(self)  # type: ignore[arg-type]

    # -- packets

    def _take(self, items: Sequence[PcapItem]) -> None:
        usual, find, pieces, marks = _USUAL.unpack_from, self._halves.get, self._pieces, self._marks
        run = self._run
        for item in items:
            if type(item) is not tuple:
                continue
            number, time, link, buffer, start, stop, length, _, _, _ = item
            if link == _ETHERNET and stop - start >= _HEADERS:
                kind, plain, total, part, protocol, key, sequence, size, flags = usual(
                    buffer, start
                )
                begin = start + 34 + (size >> 4) * 4
                end = start + 14 + total
                if (
                    kind == _IPV4
                    and plain == _PLAIN
                    and protocol == _TCP
                    and not part & 0x3FFF
                    and size >= 0x50
                    and begin <= end <= stop
                    and not flags & _NO_FLAGS_OF_ENDS
                ):
                    half = find(key)
                    if half is not None:
                        if begin == end:
                            half.conversation.touched = number
                            continue
                        size = end - begin
                        held = half.held
                        if not half.begun:
                            pass
                        elif sequence == half.expected and (
                            not held or held[0][0] >= half.position + size
                        ):
                            # The next bytes of a stream, up to what waits, if anything does.
                            if half is not run:
                                if run is not None:
                                    self._hand_on()
                                run = self._run = half
                            pieces.append(buffer[begin:end])
                            marks.append((number, time))
                            half.expected = (sequence + size) & _MASK
                            half.position += size
                            self._run_size += size
                            if held and held[0][0] <= half.position:
                                self._give(half)
                                run = self._run  # None behind bytes that were not captured
                            if self._run_size >= _MOST_RUN or half.end is not None:
                                half.conversation.touched = number
                                self._hand_on()
                                run = None
                                self._end_if_ended(half)
                            continue
                        elif (ahead := (sequence - half.expected) & _MASK) < _EARLY and self._waits(
                            half, half.position + ahead, buffer[begin:end], (number, time)
                        ):
                            run = self._run
                            continue
                        elif ahead > _LATE and ahead + size <= _MASK + 1:
                            # All of it was given out.
                            half.retransmitted += size
                            self.retransmitted += size
                            half.conversation.touched = number
                            continue
                    self._mark = (number, time)
                    self._piece(key, sequence, flags, buffer[begin:end], 0)
                    run = self._run
                    continue
            found = dissect(link, buffer, start, stop, length)
            if isinstance(found, Other):
                self.counts[found] += 1
                continue
            self._mark = (number, time)
            data = buffer[found.start : found.stop]
            self._piece(found.key, found.sequence, found.flags, data, found.missing)
            run = self._run
        if run is not None:
            self._hand_on()

    def _hand_on(self) -> None:
        """End the run at hand."""
        half = self._run
        if half is None:
            return
        pieces, marks = self._pieces.copy(), self._marks.copy()
        half.conversation.touched = marks[-1][0]
        offset = half.position - self._run_size
        self._pieces.clear()
        self._marks.clear()
        self._run = None
        self._run_size = 0
        self._consumer.received(half, offset, pieces, marks)

    def _waits(self, half: Half, position: int, data: bytes, mark: Mark) -> bool:
        """Let an early piece wait, if that is all: it overlaps nothing, and there is room."""
        held = half.held
        stop = position + len(data)
        cost = len(data) + COST
        if half.end is not None or half.held_bytes + cost > self._max_held_stream:
            return False
        piece = (position, stop, data, mark)
        if not held:
            held.append(piece)
            self._holes.setdefault(half)
        elif held[-1][1] <= position:  # most of them come in their order
            held.append(piece)
        else:
            index = bisect_left(held, (position,))
            if index < len(held) and held[index][0] < stop:
                return False
            if index and held[index - 1][1] > position:
                return False
            held.insert(index, piece)
        half.held_bytes += cost
        self._held += cost
        half.conversation.touched = mark[0]
        if self._held > self._max_held:
            self._make_room()
        return True

    def _piece(self, key: bytes, sequence: int, flags: int, data: bytes, missing: int) -> None:
        """Any piece at all."""
        half = self._halves.get(key)
        size = len(data) + missing
        if half is None or (flags & SYN and self._is_another(half, sequence)):
            if not size and not flags & SYN:
                return  # nothing to be read, and maybe of a conversation that is over
            half = self._open(key)
        if half is not self._run:
            self._hand_on()
        half.conversation.touched = self._mark[0]
        if flags & SYN:
            if half.conversation.client < 0:
                half.conversation.client = 1 - half.side if flags & ACK else half.side
            if not half.begun:
                half.syn = True
                self._changed(half, half.begin, sequence + 1)
            sequence += 1
        if flags & (FIN | RST) and half.end is None:
            half.end = half.position_of((sequence + size) & _MASK)
            half.reset = bool(flags & RST)
            if half.begun and half.end < half.position:
                half.end = half.position
        if size:
            self._hold(half, sequence & _MASK, data, missing)
        self._give(half)
        if not half.begun and half.held_bytes > self._bounds.max_unbegun:
            self._changed(half, half.begin_with_what_is_there)
            self._give(half)
        while half.held_bytes > self._max_held_stream and half.begun:
            self._pass_over(half)
        if self._held > self._max_held:
            self._make_room()
        self._end_if_ended(half)

    def _make_room(self) -> None:
        """Pass over the holes that have been open longest."""
        while self._held > self._max_held and self._holes:
            oldest = next(iter(self._holes))
            if oldest.begun:
                self._pass_over(oldest)
            else:
                self._changed(oldest, oldest.begin_with_what_is_there)
                self._give(oldest)

    def _hold(self, half: Half, sequence: int, data: bytes, missing: int) -> None:
        position = half.position_of(sequence)
        limit = half.end
        captured = position + len(data)
        if limit is not None and captured + missing > limit >= position:
            # Behind a FIN nothing follows.
            data = data[: max(0, limit - position)]
            captured, missing = position + len(data), max(0, min(missing, limit - captured))
        before, again, other = half.held_bytes, half.retransmitted, half.conflicts
        if data:
            half.keep(position, captured, data, self._mark)
        if missing:
            half.keep(captured, captured + missing, b"", self._mark)
        self._held += half.held_bytes - before
        self.retransmitted += half.retransmitted - again
        self.conflicts += half.conflicts - other
        if half.held:
            self._holes.setdefault(half)

    def _changed(self, half: Half, change: Callable[..., None], *arguments: int) -> None:
        """Change what waits, and the account of it."""
        before = half.held_bytes
        change(*arguments)
        self._held += half.held_bytes - before

    def _give(self, half: Half) -> None:
        """Give out what is due."""
        before = half.held_bytes
        taken = half.due()
        self._held += half.held_bytes - before
        if not half.held:
            self._holes.pop(half, None)
        pieces, marks = self._pieces, self._marks
        for start, stop, data, mark in taken:
            if not data:
                self._gap(half, stop - start, "not captured", mark)
                continue
            if half is not self._run:
                self._hand_on()
                self._run = half
            pieces.append(data)
            marks.append(mark)
            half.position = stop
            half.expected = (half.expected + stop - start) & _MASK
            self._run_size += stop - start

    def _pass_over(self, half: Half) -> None:
        """Take what is missing before the first piece that waits for lost."""
        self._gap(half, half.hole(), "lost", half.held[0][3] if half.held else self._mark)
        self._holes.pop(half, None)
        self._give(half)
        if half.held:  # a hole of its own, which was met now
            self._holes[half] = None

    def _gap(self, half: Half, length: int, reason: GapReason, mark: Mark) -> None:
        self._hand_on()
        offset = half.position
        half.advance(length)
        self._consumer.gap(half, offset, length, reason, mark)

    # -- conversations

    def _is_another(self, half: Half, sequence: int) -> bool:
        """Whether a SYN with this number begins another conversation between the same ports."""
        if half.expected < 0:
            return False
        start = half.position_of((sequence + 1) & _MASK)
        if half.begun:
            return start != 0
        # What waits belongs to it, if it follows.
        lowest = half.held[0][0] if half.held else half.position
        return not 0 <= lowest - start <= self._bounds.max_held

    def _open(self, key: bytes) -> Half:
        old = self._halves.get(key)
        if old is not None:
            self._close(old.conversation, "replaced")
            self._remove(old.conversation)
        if len(self._halves) >= 2 * self._bounds.max_conversations:
            self._evict()
        self.conversations += 1
        conversation = Conversation(self.conversations, key)
        # The first one last: who talks to itself has but one.
        for half in reversed(conversation.halves):
            self._halves[conversation.keys[half.side]] = half
        return conversation.halves[0]

    def _remove(self, conversation: Conversation) -> None:
        for key in conversation.keys:
            self._halves.pop(key, None)

    def _evict(self) -> None:
        every = dict.fromkeys(half.conversation for half in self._halves.values())
        oldest = sorted(every, key=lambda one: one.touched)
        for conversation in oldest[: max(1, len(oldest) // _EVICTED)]:
            self._close(conversation, "evicted")
            self._remove(conversation)

    def _end_if_ended(self, half: Half) -> None:
        if half.ended and half.begun and not half.over:
            self._over(half, "reset" if half.reset else "end")

    def _over(self, half: Half, reason: CloseReason) -> None:
        self._hand_on()
        half.over = True
        self._consumer.closed(half, reason)

    def _close(self, conversation: Conversation, reason: CloseReason) -> None:
        """Give out all that waits of both directions, and end them."""
        for half in conversation.halves:
            if half.over:
                continue
            if not half.begun and half.held:
                self._changed(half, half.begin_with_what_is_there)
            self._give(half)
            while half.held:
                self._pass_over(half)
            if half.begun and half.hole():
                self._gap(half, half.hole(), "lost", self._mark)
            self._over(half, reason)
