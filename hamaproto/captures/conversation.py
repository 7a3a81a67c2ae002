"""A conversation of two over TCP, and one direction of it: pieces in any order, bytes in order.

A position counts bytes from the beginning of the stream, and has no end; a sequence number is its
last 32 bits, counted from a number of the sender's choice (RFC 9293 3.4).  What comes before its
time waits in `held`, sorted, without overlaps; of a byte that comes twice the first one counts.
Until the beginning is known, positions count from the first piece that came, and everything waits.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_left, insort
from typing import Final, NamedTuple

__all__ = ["COST", "Conversation", "Endpoint", "Half", "Held", "Mark"]

_IPV4_KEY: Final = 12
_HALF_RANGE: Final = 1 << 31
_RANGE: Final = 1 << 32
_MASK: Final = _RANGE - 1
#: What a piece that waits costs beside its bytes: a flood of small ones is bounded by it.
COST: Final = 256


class Endpoint(NamedTuple):
    """An address and a port."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else ":".join(map(str, self))


class Conversation:
    """Two directions between two endpoints; `number` counts from 1 in the order of the file.

    Which of the two asked is known from the SYN; where the capture began later, `client` is -1
    until somebody who reads the streams knows.
    """

    __slots__ = ("client", "halves", "keys", "number", "touched")

    def __init__(self, number: int, key: bytes) -> None:
        self.number = number
        size = 4 if len(key) == _IPV4_KEY else 16
        back = key[size : 2 * size] + key[:size]
        #: Source and destination of each direction, as `network.Piece.key` has them.
        self.keys = (key, back + key[2 * size + 2 :] + key[2 * size : 2 * size + 2])
        #: The side that asked: 0, who sent the first packet that was seen, or 1; -1 if unknown.
        self.client = -1
        self.halves = (Half(self, 0), Half(self, 1))
        #: The number of the packet that was seen last.
        self.touched = 0

    def __repr__(self) -> str:
        return f"<Conversation {self.number}: {self.endpoint(0)} and {self.endpoint(1)}>"

    def endpoint(self, side: int) -> Endpoint:
        """Who sent the first packet that was seen (0), or the other one (1)."""
        key = self.keys[side]
        size = 4 if len(key) == _IPV4_KEY else 16
        address, port = key[:size], key[2 * size : 2 * size + 2]
        return Endpoint(str(ipaddress.ip_address(address)), int.from_bytes(port, "big"))


#: The number and the time of a packet.
Mark = tuple[int, int | None]


#: A piece that waits: its position, where it stops, its bytes, who brought it.  No bytes: they were
#: sent and not captured.  (No named tuple, which takes longer to make: there are many.)
Held = tuple[int, int, bytes, Mark]


class Half:
    """The state of one direction."""

    __slots__ = (
        "begun",
        "conflicts",
        "conversation",
        "end",
        "expected",
        "held",
        "held_bytes",
        "over",
        "position",
        "reset",
        "retransmitted",
        "side",
        "syn",
    )

    def __init__(self, conversation: Conversation, side: int) -> None:
        self.conversation = conversation
        #: 0 for who sent the packet that was seen first.
        self.side = side
        #: The sequence number of the next byte; -1 while none is known.
        self.expected = -1
        #: The position of the next byte: how much was given out or passed over.
        self.position = 0
        #: Whether the beginning is known.
        self.begun = False
        #: Whether the SYN is in the capture.
        self.syn = False
        self.held: list[Held] = []
        self.held_bytes = 0
        #: Where the stream ends, once a FIN or RST told.
        self.end: int | None = None
        self.reset = False
        #: Whether it was told that this direction is over.
        self.over = False
        #: Bytes that came again, and pieces that came again with other bytes while the first
        #: ones were still here.
        self.retransmitted = 0
        self.conflicts = 0

    def __repr__(self) -> str:
        return f"<Half {self.side} at {self.position}, {len(self.held)} held>"

    @property
    def ended(self) -> bool:
        return self.end is not None and self.position >= self.end

    def position_of(self, sequence: int) -> int:
        """The position of a sequence number: of all that it may stand for, the nearest one."""
        if self.expected < 0:
            self.expected = sequence & _MASK
        ahead = (sequence - self.expected) & _MASK
        return self.position + (ahead if ahead < _HALF_RANGE else ahead - _RANGE)

    def begin(self, sequence: int) -> None:
        """The first byte has this sequence number: a SYN told, or nothing before it will come."""
        shift = self.position_of(sequence)
        self.held = [
            (start - shift, stop - shift, data, mark) for start, stop, data, mark in self.held
        ]
        if self.end is not None:
            self.end -= shift
        self.expected = sequence & _MASK
        self.position = 0
        self.begun = True
        count = bisect_left(self.held, (0,))
        early = self.held[:count]
        del self.held[:count]
        for _, stop, data, mark in early:
            self.held_bytes -= len(data) + COST
            if stop > 0:
                self.keep(0, stop, data[-stop:], mark)

    def begin_with_what_is_there(self) -> None:
        """Nothing is known to come before the lowest piece."""
        lowest = self.held[0][0] if self.held else self.position
        self.begin((self.expected + lowest - self.position) & _MASK)

    def advance(self, count: int) -> None:
        """So many bytes were given out, or passed over."""
        self.position += count
        self.expected = (self.expected + count) & _MASK

    # -- what waits

    def keep(self, position: int, stop: int, data: bytes, mark: Mark) -> None:
        """Let a piece wait; what is there already is left out.  Empty `data`: not captured."""
        if self.begun and position < self.position:
            self.retransmitted += min(stop, self.position) - position
            if stop <= self.position:
                return
            data = data[self.position - position :]
            position = self.position
        held = self.held
        index = bisect_left(held, (position,))
        if index and held[index - 1][1] > position:
            index -= 1
        while index < len(held) and held[index][0] < stop:
            start, end, there, _ = held[index]
            low, high = max(position, start), min(stop, end)
            if low < high:
                self.retransmitted += high - low
                if there and data:
                    old = there[low - start : high - start]
                    self.conflicts += old != data[low - position : high - position]
            if position < start:
                self._insert(position, start, data[: start - position], mark)
                index += 1
            if stop <= end:
                return
            data = data[end - position :] if data else data
            position = max(position, end)
            index += 1
        if position < stop:
            self._insert(position, stop, data, mark)

    def _insert(self, position: int, stop: int, data: bytes, mark: Mark) -> None:
        insort(self.held, (position, stop, data, mark))
        self.held_bytes += len(data) + COST

    def due(self) -> list[Held]:
        """The pieces whose turn it is, taken out; none if something before them is missing."""
        held = self.held
        if not held or not self.begun:
            return []
        count, size, position = 0, 0, self.position
        for start, stop, data, _ in held:
            if start > position:
                break
            position = stop
            size += len(data)
            count += 1
        taken = held[:count]
        del held[:count]
        self.held_bytes -= size + count * COST
        return taken

    def hole(self) -> int:
        """Bytes that are missing before what waits, or before the end."""
        if self.held:
            return self.held[0][0] - self.position
        return max(0, self.end - self.position) if self.end is not None else 0
