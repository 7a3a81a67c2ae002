"""The pcap format: a header of 24 bytes, then a record for each packet.

The order of bytes and the unit of time are told by the first four bytes (draft-ietf-opsawg-pcap).
"""

from __future__ import annotations

import struct
from typing import Final

from hamaproto.captures.packets import Bounds, Interface, PcapItem, Section
from hamaproto.errors import RemoteProtocolError

__all__ = ["MAGICS", "ClassicReader"]

#: The first four bytes -> the order of bytes, and nanoseconds in a unit of a record's fraction.
MAGICS: Final[dict[bytes, tuple[str, int]]] = {
    bytes.fromhex("d4c3b2a1"): ("<", 1000),
    bytes.fromhex("a1b2c3d4"): (">", 1000),
    bytes.fromhex("4d3cb2a1"): ("<", 1),
    bytes.fromhex("a1b23c4d"): (">", 1),
}
_HEADER: Final = 24
_RECORD: Final = 16
_SECOND: Final = 1_000_000_000


class ClassicReader:
    """Reads records; `read` is given the bytes at hand, and says how far it came."""

    __slots__ = ("_bounds", "_link", "_order", "_record", "_unit", "number")

    def __init__(self, magic: bytes, bounds: Bounds) -> None:
        order, self._unit = MAGICS[magic]
        self._order = order
        self._bounds = bounds
        self._record = struct.Struct(order + "IIII")
        self._link = -1
        #: Packets so far.
        self.number = 0

    def read(
        self, buffer: bytes, pos: int, at: int, most: int, out: list[PcapItem]
    ) -> tuple[int, int]:
        """Add up to `most` items to `out`; gives the new position and the bytes due from there.

        `at` is where `buffer` begins in the file.  Nothing is due if `most` was reached.  Raises
        RemoteProtocolError for a length that can't be, behind the items before it.
        """
        if self._link < 0:
            if len(buffer) - pos < _HEADER:
                return pos, _HEADER
            self._begin(buffer, pos, at, out)
            pos += _HEADER
        size, unpack, unit, link = len(buffer), self._record.unpack_from, self._unit, self._link
        number, too_long = self.number, self._bounds.max_packet
        due = 0
        append = out.append
        for _ in range(most - len(out)):
            start = pos + _RECORD
            if start > size:
                due = _RECORD
                break
            seconds, fraction, captured, length = unpack(buffer, pos)
            stop = start + captured
            if captured > too_long:
                self.number = number
                raise RemoteProtocolError(
                    f"packet {number + 1} would have {captured} bytes, and at most {too_long} "
                    "are believed: the file is damaged here",
                    at + pos + 8,
                )
            if stop > size:
                due = stop - pos
                break
            number += 1
            time = seconds * _SECOND + fraction * unit
            append((number, time, link, buffer, start, stop, length, at + pos, 0, ()))
            pos = stop
        self.number = number
        return pos, due

    def _begin(self, buffer: bytes, pos: int, at: int, out: list[PcapItem]) -> None:
        _, _, _, _, snap, link = struct.unpack_from(self._order + "HHiIII", buffer, pos + 4)
        # The upper bits may say how long the check sequence behind each packet is.
        self._link = link & 0xFFFF
        out.append(Section(at + pos, "pcap", "little" if self._order == "<" else "big"))
        out.append(Interface(0, self._link, snap, at + pos))
