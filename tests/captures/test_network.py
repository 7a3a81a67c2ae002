"""From packets of every link layer to pieces of TCP, and the names of what is none."""

from __future__ import annotations

import random
import struct

import pytest

from fixtures.build.packets import ETHERNET, IP, LOOP, NULL, SLL, SLL2, Tcp, layered
from hamaproto.captures.network import Other, Piece, dissect

V4 = Tcp(("10.0.0.1", 80), ("10.0.0.2", 40000), 77, b"hello", options=b"\1" * 12)
V6 = Tcp(("fe80::1", 80), ("fe80::2:3", 40000), 77, b"hello")
PORTS = struct.pack(">HH", 80, 40000)
KEYS = {
    4: bytes([10, 0, 0, 1, 10, 0, 0, 2]) + PORTS,
    6: bytes.fromhex("fe80" + "00" * 13 + "01" + "fe80" + "00" * 10 + "00020003") + PORTS,
}


def read(data: bytes, link: int = ETHERNET, length: int | None = None) -> Piece | Other:
    """Somewhere in a buffer, as it stands in a file."""
    buffer = b"<<<" + data + b">>>"
    stop = 3 + len(data)
    found = dissect(link, buffer, 3, stop, len(data) if length is None else length)
    if isinstance(found, Piece):
        assert 3 <= found.start <= found.stop <= stop
        assert found.missing >= 0
    return found


def payload(data: bytes, link: int = ETHERNET) -> bytes:
    found = read(data, link)
    assert isinstance(found, Piece), found
    return (b"<<<" + data)[found.start : found.stop]


@pytest.mark.parametrize("link", [ETHERNET, SLL, SLL2, NULL, LOOP, IP])
@pytest.mark.parametrize("packet", [V4, V6])
def test_every_link_layer(link: int, packet: Tcp) -> None:
    data = packet.raw(link).data
    found = read(data, link)
    assert isinstance(found, Piece)
    version = 6 if ":" in packet.source[0] else 4
    assert (found.key, found.sequence, found.flags, found.missing) == (KEYS[version], 77, 16, 0)
    assert payload(data, link) == b"hello"


def test_the_null_link_in_the_order_of_either_machine() -> None:
    for order in "<>":
        for family in (2, 24, 28, 30):
            packet = V4 if family == 2 else V6
            assert payload(struct.pack(order + "I", family) + packet.ip(), NULL) == b"hello"
    assert read(struct.pack("<I", 7) + V4.ip(), NULL) is Other.NOT_IP


@pytest.mark.parametrize("link", [ETHERNET, SLL])
def test_vlan_tags(link: int) -> None:
    for tags in ([0x8100], [0x88A8, 0x8100], [0x9100, 0x8100, 0x8100]):
        assert payload(V4.raw(link, tags).data, link) == b"hello"
    assert read(V4.raw(ETHERNET, [0x8100] * 20).data) is Other.MALFORMED


def test_what_fills_up_a_short_packet_is_no_data() -> None:
    ack = Tcp(V4.source, V4.target, 77)
    assert len(ack.raw().data) == 60
    assert payload(ack.raw().data) == b""


def test_a_packet_that_a_card_is_to_cut_has_no_length_of_its_own() -> None:
    for packet, at in ((V4, 2), (V6, 4)):
        ip = bytearray(packet.ip())
        ip[at : at + 2] = b"\0\0"
        assert payload(bytes(ip), IP) == b"hello"


def test_what_the_snap_length_cut_off_is_told() -> None:
    data = V4.raw().data
    for cut in range(54 + 12, len(data)):
        found = read(data[:cut], length=len(data))
        assert isinstance(found, Piece)
        assert (found.stop - found.start, found.missing) == (cut - 66, len(data) - cut)
    inside_options = read(data[:60], length=len(data))
    assert isinstance(inside_options, Piece)
    assert (inside_options.stop - inside_options.start, inside_options.missing) == (0, 5)
    assert read(data[:53], length=len(data)) is Other.CUT


def extended(*headers: tuple[int, bytes]) -> bytes:
    """V6 with extension headers; each is given its type and its bytes but the first."""
    ip = V6.ip()
    kinds = [kind for kind, _ in headers] + [6]
    body = b"".join(
        bytes([following]) + rest for following, (_, rest) in zip(kinds[1:], headers, strict=True)
    )
    total = struct.pack(">H", len(ip) - 40 + len(body))
    return ip[:4] + total + bytes([kinds[0]]) + ip[7:40] + body + ip[40:]


def test_extension_headers() -> None:
    hop, route = b"\0" + bytes(6), b"\1" + bytes(14)
    authentication = b"\4" + bytes(22)
    for headers in ([(0, hop)], [(0, hop), (43, route), (60, hop)], [(51, authentication)]):
        assert payload(extended(*headers), IP) == b"hello"
    assert read(extended((44, bytes(7))), IP) is Other.FRAGMENT
    assert read(extended(*[(60, hop)] * 30), IP) is Other.MALFORMED


def test_what_is_no_tcp_is_counted_by_its_name() -> None:
    ip = bytearray(V4.ip())
    assert read(layered(bytes(ip), ETHERNET, version=9), 999) is Other.LINK
    assert read(bytes(12) + b"\x08\x06" + bytes(40)) is Other.NOT_IP
    for protocol, other in ((17, Other.UDP), (1, Other.NOT_TCP)):
        ip[9] = protocol
        assert read(bytes(ip), IP) is other
    ip[9] = 6
    for fragment in (b"\x20\0", b"\0\5"):
        ip[6:8] = fragment
        assert read(bytes(ip), IP) is Other.FRAGMENT
    ip[6:8] = b"\x40\0"  # "do not fragment" is none
    assert payload(bytes(ip), IP) == b"hello"
    ip[0] = 0x41
    assert read(bytes(ip), IP) is Other.MALFORMED


def test_any_bytes_are_a_piece_within_the_packet_or_a_name() -> None:
    chance = random.Random(7)
    samples = [(packet.raw(link).data, link) for packet in (V4, V6)
               for link in (ETHERNET, SLL, SLL2, NULL, LOOP, IP)]  # fmt: skip
    for _ in range(4000):
        data, link = chance.choice(samples)
        spoilt = bytearray(data[: chance.randrange(len(data) + 1)])
        for _ in range(chance.randrange(4)):
            if spoilt:
                spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        read(bytes(spoilt), link, chance.choice([len(spoilt), len(data), 0, 1 << 31]))
