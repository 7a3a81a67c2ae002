"""The pcapng format: blocks, each with its length before and behind it (draft-ietf-opsawg-pcapng).

A section begins with a block that tells the order of bytes; an interface is described before its
packets, with the unit of their times.  Blocks of other kinds are passed over.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from hamaproto.captures.packets import Bounds, Interface, PcapItem, Section
from hamaproto.errors import LimitExceededError, RemoteProtocolError

__all__ = ["SECTION_MAGIC", "BlockReader"]

SECTION_MAGIC: Final = bytes.fromhex("0a0d0d0a")
_ORDERS: Final = {bytes.fromhex("1a2b3c4d"): ">", bytes.fromhex("4d3c2b1a"): "<"}
_SECTION, _INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, _PACKET = 0x0A0D0D0A, 1, 2, 3, 6
_READ: Final = frozenset({_SECTION, _INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, _PACKET})
#: Bytes that each of them has at least.
_LEAST: Final = {_SECTION: 28, _INTERFACE: 20, _OLD_PACKET: 32, _SIMPLE_PACKET: 16, _PACKET: 32}
_COMMENT: Final = 1
#: Options of a section, and of an interface.
_APPLICATION, _NAME, _RESOLUTION, _OFFSET = 4, 2, 9, 14
_SECOND: Final = 1_000_000_000
#: In the year 2262.
_END_OF_TIME: Final = 1 << 63
#: Of one block: a comment has 65,535 bytes at most, and a block has room for many.
_MOST_COMMENTS: Final = 64


@dataclass(slots=True)
class _Times:
    """How the times of an interface count."""

    link: int
    snap: int
    #: Units in a second, and seconds to be added.
    units: int = 1_000_000
    offset: int = 0

    def nanoseconds(self, high: int, low: int) -> int | None:
        """Since 1970; None for a time that can't be, which no clock and no table could hold."""
        time = (high << 32 | low) * _SECOND // self.units + self.offset * _SECOND
        return time if 0 <= time < _END_OF_TIME else None


class BlockReader:
    """Reads blocks, as `ClassicReader` reads records."""

    __slots__ = ("_bounds", "_interfaces", "_order", "number")

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._order = ""
        self._interfaces: list[_Times] = []
        #: Packets so far.
        self.number = 0

    def read(
        self, buffer: bytes, pos: int, at: int, most: int, out: list[PcapItem]
    ) -> tuple[int, int]:
        """Add up to `most` items to `out`; gives the new position and the bytes due from there.

        The position may lie behind the end of `buffer`: what is before it is of no use.  Raises
        RemoteProtocolError for a block that can't be, behind the items before it.
        """
        size = len(buffer)
        while len(out) < most:
            if size - pos < 12:
                return pos, 12
            where = at + pos
            if buffer.startswith(SECTION_MAGIC, pos):
                self._order = _ORDERS.get(buffer[pos + 8 : pos + 12], "")
                if not self._order:
                    raise RemoteProtocolError("a section that tells no order of bytes", where + 8)
            kind, total = struct.unpack_from(self._order + "II", buffer, pos)
            if total < _LEAST.get(kind, 12) or total % 4:
                raise RemoteProtocolError(
                    f"a block of type {kind:#x} would have {total} bytes, which can't be: the file "
                    "is damaged here",
                    where + 4,
                )
            if total > self._bounds.max_block:
                if kind in _READ:
                    raise RemoteProtocolError(
                        f"a block of type {kind:#x} would have {total} bytes, and at most "
                        f"{self._bounds.max_block} are believed: the file is damaged here",
                        where + 4,
                    )
                pos += total
                if pos > size:
                    return pos, 0
                continue
            if size - pos < total:
                return pos, total
            end = pos + total - 4
            if struct.unpack_from(self._order + "I", buffer, end)[0] != total:
                raise RemoteProtocolError(
                    f"a block of type {kind:#x} has two lengths that differ: the file is damaged "
                    "here",
                    at + end,
                )
            self._take(kind, buffer, pos, end, where, out)
            pos += total
        return pos, 0

    def _take(
        self, kind: int, buffer: bytes, pos: int, end: int, where: int, out: list[PcapItem]
    ) -> None:
        if kind == _PACKET:
            interface, high, low, captured, length = struct.unpack_from(
                self._order + "IIIII", buffer, pos + 8
            )
            self._packet(interface, high, low, captured, length, buffer, pos, end, where, out)
        elif kind == _INTERFACE:
            self._interface(buffer, pos, end, where, out)
        elif kind == _SECTION:
            self._interfaces = []
            options = self._options(buffer, pos + 24, end, where)
            order = "little" if self._order == "<" else "big"
            application = _text(next(iter(options.get(_APPLICATION, ())), b""))
            out.append(Section(where, "pcapng", order, application, _comments(options)))
        elif kind == _SIMPLE_PACKET:
            (length,) = struct.unpack_from(self._order + "I", buffer, pos + 8)
            snap = self._times(0, where).snap
            captured = min(length, snap) if snap else length
            self._packet(0, None, 0, captured, length, buffer, pos - 16, end, where, out)
        elif kind == _OLD_PACKET:
            interface, _, high, low, captured, length = struct.unpack_from(
                self._order + "HHIIII", buffer, pos + 8
            )
            self._packet(interface, high, low, captured, length, buffer, pos, end, where, out)

    def _times(self, interface: int, where: int) -> _Times:
        if interface >= len(self._interfaces):
            raise RemoteProtocolError(
                f"a packet of interface {interface}, of {len(self._interfaces)} that are described",
                where + 8,
            )
        return self._interfaces[interface]

    def _packet(
        self,
        interface: int,
        high: int | None,
        low: int,
        captured: int,
        length: int,
        buffer: bytes,
        pos: int,
        end: int,
        where: int,
        out: list[PcapItem],
    ) -> None:
        times = self._times(interface, where)
        start = pos + 28
        stop = start + captured
        if stop > end or captured > self._bounds.max_packet:
            raise RemoteProtocolError(
                f"packet {self.number + 1} would have {captured} bytes, which its block has no "
                f"room for, or more than {self._bounds.max_packet}: the file is damaged here",
                where + 8,
            )
        self.number += 1
        time = None if high is None else times.nanoseconds(high, low)
        options = start + (captured + 3 & ~3)
        comments = (
            _comments(self._options(buffer, options, end, where)) if options < end - 4 else ()
        )
        out.append(
            (
                self.number,
                time,
                times.link,
                buffer,
                start,
                stop,
                length,
                where,
                interface,
                comments,
            )
        )

    def _interface(
        self, buffer: bytes, pos: int, end: int, where: int, out: list[PcapItem]
    ) -> None:
        if len(self._interfaces) >= self._bounds.max_interfaces:
            raise LimitExceededError(
                f"more than {self._bounds.max_interfaces} interfaces (Bounds.max_interfaces)", where
            )
        link, _, snap = struct.unpack_from(self._order + "HHI", buffer, pos + 8)
        options = self._options(buffer, pos + 16, end, where)
        times = _Times(link, snap)
        for value in options.get(_RESOLUTION, ())[:1]:
            if len(value) == 1:
                exponent = value[0] & 0x7F
                times.units = 2**exponent if value[0] & 0x80 else 10**exponent
        for value in options.get(_OFFSET, ())[:1]:
            if len(value) == 8:
                (times.offset,) = struct.unpack(self._order + "q", value)
        number = len(self._interfaces)
        self._interfaces.append(times)
        name = _text(next(iter(options.get(_NAME, ())), b""))
        out.append(Interface(number, link, snap, where, name, _comments(options)))

    def _options(self, buffer: bytes, pos: int, end: int, where: int) -> dict[int, list[bytes]]:
        """The options of a block by their codes; those behind a length that lies are left out."""
        found: dict[int, list[bytes]] = {}
        while pos + 4 <= end:
            code, length = struct.unpack_from(self._order + "HH", buffer, pos)
            pos += 4
            if code == 0 or pos + length > end:
                break
            values = found.setdefault(code, [])
            if len(values) < _MOST_COMMENTS:
                values.append(buffer[pos : pos + length])
            pos += length + 3 & ~3
        return found


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode("utf-8", "replace")


def _comments(options: dict[int, list[bytes]]) -> tuple[str, ...]:
    return tuple(map(_text, options.get(_COMMENT, ())))
