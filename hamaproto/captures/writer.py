"""Writes pcapng: what a program received and sent, as packets that any tool opens.

    writer = PcapngWriter("what it is")
    file.write(writer.head())
    talk = writer.conversation(client, server, time)    # SYN, SYN and ACK, ACK
    file.write(talk.opened(time) + talk.asked(request, time))
    file.write(talk.answered(data, time))               # a packet for each receive
    file.write(talk.closed(time))

The conversation is a synthetic one: the bytes and the times are real, the headers are made for them
(bare IP, correct checksums), and nothing is lost or comes twice.  Times are whole nanoseconds since
1970.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import Final

from hamaproto.captures.conversation import Endpoint
from hamaproto.captures.network import ACK, FIN, SYN
from hamaproto.errors import LocalProtocolError

__all__ = ["Dialogue", "PcapngWriter"]

_RAW_IP: Final = 101
_NANOSECONDS: Final = 9
_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
_COMMENT, _APPLICATION, _NAME, _RESOLUTION, _END = 1, 4, 2, 9, 0
#: Bytes of a stream in one packet: with its headers it fits into the 16 bits of a length.
_MOST: Final = 65_000
_PUSH: Final = 0x08
_MASK: Final = 0xFFFFFFFF


def _block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def _option(code: int, value: bytes) -> bytes:
    value = value[:65_000]
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


def _checksum(data: bytes) -> int:
    """RFC 1071: the sum of its 16-bit words in one's complement."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class PcapngWriter:
    """A file with one interface, whose packets are bare IP."""

    def __init__(self, comment: str = "", *, application: str = "hamaproto") -> None:
        self._comment = comment
        self._application = application
        #: Packets so far.
        self.packets = 0

    def head(self) -> bytes:
        """What the file begins with."""
        section = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)
        if self._comment:
            section += _option(_COMMENT, self._comment.encode())
        section += _option(_APPLICATION, self._application.encode()) + _option(_END, b"")
        interface = struct.pack("<HHI", _RAW_IP, 0, 0)
        interface += _option(_NAME, b"hamaproto") + _option(_RESOLUTION, bytes([_NANOSECONDS]))
        interface += _option(_END, b"")
        return _block(_SECTION, section) + _block(_INTERFACE, interface)

    def conversation(self, client: Endpoint, server: Endpoint) -> Dialogue:
        """A conversation of two; raises LocalProtocolError for addresses of two kinds."""
        return Dialogue(self, client, server)

    def packet(self, data: bytes, time: int, comment: str = "") -> bytes:
        """A packet from its IP header on."""
        self.packets += 1
        high, low = divmod(time, 1 << 32)
        head = struct.pack("<IIIII", 0, high, low, len(data), len(data))
        body = head + data + bytes(-len(data) % 4)
        if comment:
            body += _option(_COMMENT, comment.encode()) + _option(_END, b"")
        return _block(_PACKET, body)


class Dialogue:
    """One conversation; each method gives the bytes for the file."""

    def __init__(self, writer: PcapngWriter, client: Endpoint, server: Endpoint) -> None:
        self._writer = writer
        ends = [ipaddress.ip_address(end.address.partition("%")[0]) for end in (client, server)]
        if ends[0].version != ends[1].version:
            raise LocalProtocolError(
                f"conversation(client={client}, server={server}): two addresses of one kind"
            )
        self._version = ends[0].version
        self._addresses = [end.packed for end in ends]
        self._ports = (client.port, server.port)
        # What each of them sends next; how they begin is of no matter.
        self._next = [1, 1]

    def opened(self, time: int) -> bytes:
        """The connection stands."""
        out = self._segment(0, b"", SYN, time)
        self._next[0] += 1
        out += self._segment(1, b"", SYN | ACK, time)
        self._next[1] += 1
        return out + self._segment(0, b"", ACK, time)

    def asked(self, data: bytes, time: int, comment: str = "") -> bytes:
        """The client sent something."""
        return self._data(0, data, time, comment)

    def answered(self, data: bytes, time: int, comment: str = "") -> bytes:
        """The client received something from the server."""
        return self._data(1, data, time, comment)

    def closed(self, time: int, *, by_server: bool = True) -> bytes:
        """The connection is over."""
        first, second = (1, 0) if by_server else (0, 1)
        out = self._segment(first, b"", FIN | ACK, time)
        self._next[first] += 1
        out += self._segment(second, b"", FIN | ACK, time)
        self._next[second] += 1
        return out + self._segment(first, b"", ACK, time)

    def _data(self, side: int, data: bytes, time: int, comment: str) -> bytes:
        out = b""
        for at in range(0, len(data), _MOST):
            piece = data[at : at + _MOST]
            out += self._segment(side, piece, ACK | _PUSH, time, comment)
            self._next[side] = (self._next[side] + len(piece)) & _MASK
        return out

    def _segment(self, side: int, data: bytes, flags: int, time: int, comment: str = "") -> bytes:
        source, target = self._addresses[side], self._addresses[1 - side]
        sequence, acknowledged = self._next[side], self._next[1 - side] if flags & ACK else 0
        ports = struct.pack(">HH", self._ports[side], self._ports[1 - side])
        head = ports + struct.pack(">IIBBH", sequence, acknowledged, 0x50, flags, 0xFFFF)
        length = 20 + len(data)
        pseudo = source + target + struct.pack(">IHBB", length, 0, 0, 6)
        check = _checksum(pseudo + head + bytes(4) + data)
        segment = head + struct.pack(">HH", check, 0) + data
        if self._version == 6:
            ip = struct.pack(">IHBB", 6 << 28, length, 6, 64) + source + target
        else:
            start = struct.pack(">BBHHHBB", 0x45, 0, 20 + length, 0, 0x4000, 64, 6)
            check = _checksum(start + b"\0\0" + source + target)
            ip = start + struct.pack(">H", check) + source + target
        return self._writer.packet(ip + segment, time, comment)
