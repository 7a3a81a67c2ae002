"""From a packet to the piece of a TCP stream in it: link layer, IPv4 or IPv6, TCP.

    dissect(link, buffer, start, stop, length) -> Piece, or the name of what it is instead

Link layers (LINKTYPE of the pcap registry): Ethernet with any VLAN tags (IEEE 802.1Q), Linux cooked
(SLL, SLL2), the loopback of BSD (null, loop), bare IP.  A packet may be cut by the snap length:
the headers say how long the piece was, and what is missing of it is told.  No checksum is
looked at: the card computes those of what is sent after it was captured.
"""

from __future__ import annotations

import struct
from enum import StrEnum
from typing import Final, NamedTuple

__all__ = ["ACK", "FIN", "RST", "SYN", "Other", "Piece", "dissect"]

FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10


class Other(StrEnum):
    """What a packet is that holds no TCP, or not enough of it; packets are counted by these."""

    LINK = "a link layer that is not read"
    NOT_IP = "no IP"
    NOT_TCP = "IP, no TCP"
    UDP = "UDP"
    FRAGMENT = "a fragment of an IP packet"
    CUT = "cut before the end of its headers"
    MALFORMED = "headers that can't be"


class Piece(NamedTuple):
    """A piece of a TCP stream (RFC 9293 3.1)."""

    key: bytes
    """Source and destination: addresses (4 or 16 bytes each), then ports."""
    sequence: int
    flags: int
    start: int
    """Where the captured bytes of the stream begin in the buffer, and where they end."""
    stop: int
    missing: int
    """Bytes of the piece behind `stop` that were sent and not captured."""


_ETHERNET, _NULL, _LOOP, _SLL, _SLL2 = 1, 0, 108, 113, 276
_IP_LINKS: Final = frozenset({12, 14, 101, 228, 229})
_IPV4, _IPV6 = 0x0800, 0x86DD
_VLANS: Final = frozenset({0x8100, 0x88A8, 0x9100, 0x9200})
_MOST_VLANS: Final = 8
#: The address families of IPv6 in BSD, FreeBSD, macOS and Linux.
_NULL_TYPES: Final = {2: _IPV4, 24: _IPV6, 28: _IPV6, 30: _IPV6, 10: _IPV6}
_TCP, _UDP = 6, 17
#: Headers of IPv6 behind which another one may follow (RFC 8200 4.1): hop-by-hop, routing,
#: destination options; a fragment; authentication (RFC 4302).
_EXTENSIONS: Final = frozenset({0, 43, 60})
_FRAGMENT, _AUTHENTICATION = 44, 51
_MOST_EXTENSIONS: Final = 16

_PORTS_AND_SEQUENCE = struct.Struct(">4sI4xBB")


def dissect(link: int, buffer: bytes, start: int, stop: int, length: int) -> Piece | Other:
    """The piece of TCP in the packet at `start` to `stop`; `length` is its size on the wire."""
    if link in _IP_LINKS:
        kind = _IPV4 if buffer[start : start + 1] < b"\x60" else _IPV6
        at = start
    else:
        found = _link_layer(link, buffer, start, stop)
        if isinstance(found, Other):
            return found
        kind, at = found
    # Where the packet would end if all of it had been captured.
    end = start + max(length, stop - start)
    if kind == _IPV4:
        return _ipv4(buffer, at, stop, end)
    if kind == _IPV6:
        return _ipv6(buffer, at, stop, end)
    return Other.NOT_IP


def _link_layer(link: int, buffer: bytes, start: int, stop: int) -> tuple[int, int] | Other:
    """The type of what the link layer carries, and where that begins."""
    if link == _ETHERNET:
        at = start + 12
    elif link == _SLL:
        at = start + 14
    elif link == _SLL2:
        at = start
    elif link in (_NULL, _LOOP):
        if stop - start < 4:
            return Other.CUT
        family = int.from_bytes(buffer[start : start + 4], "big")
        if family > 0xFFFF:  # in the order of bytes of the machine that captured it
            family = int.from_bytes(buffer[start : start + 4], "little")
        return _NULL_TYPES.get(family, 0), start + 4
    else:
        return Other.LINK
    for _ in range(_MOST_VLANS):
        if stop - at < 2:
            return Other.CUT
        kind = buffer[at] << 8 | buffer[at + 1]
        at += 2
        if kind not in _VLANS:
            return kind, start + 20 if link == _SLL2 else at
        if link == _SLL2:
            return Other.NOT_IP
        at += 2
    return Other.MALFORMED


def _ipv4(buffer: bytes, at: int, stop: int, end: int) -> Piece | Other:
    """RFC 791 3.1."""
    if stop - at < 20:
        return Other.CUT
    version = buffer[at]
    header = (version & 15) * 4
    if version >> 4 != 4 or header < 20:
        return Other.MALFORMED
    total = buffer[at + 2] << 8 | buffer[at + 3]
    protocol = buffer[at + 9]
    # More fragments, or not the first one.
    if buffer[at + 6] & 0x3F or buffer[at + 7]:
        return Other.FRAGMENT
    if protocol != _TCP:
        return Other.UDP if protocol == _UDP else Other.NOT_TCP
    # A card that cuts what is sent into packets gives them their lengths; here it is 0 or more
    # than fits.  What is shorter than its packet is followed by padding.
    if total:
        if total < header:
            return Other.MALFORMED
        end = min(end, at + total)
    return _tcp(buffer, at + header, stop, end, buffer[at + 12 : at + 20])


def _ipv6(buffer: bytes, at: int, stop: int, end: int) -> Piece | Other:
    """RFC 8200 3."""
    if stop - at < 40:
        return Other.CUT
    if buffer[at] >> 4 != 6:
        return Other.MALFORMED
    total = buffer[at + 4] << 8 | buffer[at + 5]
    following = buffer[at + 6]
    addresses = buffer[at + 8 : at + 40]
    at += 40
    if total:  # 0 is a jumbo packet, or one that a card is to cut
        end = min(end, at + total)
    for _ in range(_MOST_EXTENSIONS):
        if following == _TCP:
            return _tcp(buffer, at, stop, end, addresses)
        if following == _FRAGMENT:
            return Other.FRAGMENT
        if following not in _EXTENSIONS and following != _AUTHENTICATION:
            return Other.UDP if following == _UDP else Other.NOT_TCP
        if stop - at < 2:
            return Other.CUT
        size = buffer[at + 1]
        size = (size + 2) * 4 if following == _AUTHENTICATION else (size + 1) * 8
        following = buffer[at]
        at += size
    return Other.MALFORMED


def _tcp(buffer: bytes, at: int, stop: int, end: int, addresses: bytes) -> Piece | Other:
    """RFC 9293 3.1."""
    if end - at < 20:
        return Other.MALFORMED
    if stop - at < 20:
        return Other.CUT
    ports, sequence, offset, flags = _PORTS_AND_SEQUENCE.unpack_from(buffer, at)
    start = at + (offset >> 4) * 4
    if offset < 0x50 or start > end:
        return Other.MALFORMED
    if start > stop:  # cut inside its options: the piece was sent, and none of it captured
        return Piece(addresses + ports, sequence, flags, stop, stop, end - start)
    return Piece(addresses + ports, sequence, flags, start, min(stop, end), max(0, end - stop))
