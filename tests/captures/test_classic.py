"""Records of pcap files, in all four kinds, and lengths that lie."""

from __future__ import annotations

import struct

import pytest

from fixtures.build.packets import START, Raw, pcap
from hamaproto.captures.classic import MAGICS, ClassicReader
from hamaproto.captures.packets import DEFAULT_BOUNDS, Interface, PcapItem, Section
from hamaproto.errors import RemoteProtocolError

PACKETS = [Raw(b"\1" * 70, START + 123_456_789), Raw(b"\2" * 61, START + 5, 1514)]


def read(data: bytes) -> list[PcapItem]:
    out: list[PcapItem] = []
    ClassicReader(data[:4], DEFAULT_BOUNDS).read(data, 0, 0, 100, out)
    return out


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nano", [False, True])
def test_all_four_kinds(order: str, nano: bool) -> None:
    data = pcap(PACKETS, order=order, nano=nano, link=113)
    assert data[:4] in MAGICS
    section, interface, first, second = read(data)
    assert section == Section(0, "pcap", "little" if order == "<" else "big")
    assert interface == Interface(0, 113, 262144)
    assert isinstance(first, tuple)
    assert isinstance(second, tuple)
    unit = 1 if nano else 1000
    assert first[:3] == (1, (START + 123_456_789) // unit * unit, 113)
    assert first[3][first[4] : first[5]] == b"\1" * 70
    assert (first[6], first[7]) == (70, 24)
    assert (second[0], second[5] - second[4], second[6]) == (2, 61, 1514)


def test_what_the_upper_bits_of_the_link_say_is_no_part_of_it() -> None:
    data = bytearray(pcap(PACKETS))
    data[20:24] = struct.pack("<I", 1 | 0x14000000)  # a check sequence of 4 bytes
    assert read(bytes(data))[1] == Interface(0, 1, 262144)


def test_a_length_that_lies_is_an_error_where_it_stands() -> None:
    data = pcap(PACKETS)
    bad = data + struct.pack("<IIII", 0, 0, 0xFFFFFFFF, 60)
    out: list[PcapItem] = []
    reader = ClassicReader(bad[:4], DEFAULT_BOUNDS)
    with pytest.raises(RemoteProtocolError, match="packet 3 would have 4294967295") as caught:
        reader.read(bad, 0, 0, 100, out)
    assert caught.value.offset == len(data) + 8
    assert len(out) == 4
    assert reader.number == 2


def test_no_more_than_asked_for_is_read() -> None:
    data = pcap(PACKETS)
    out: list[PcapItem] = []
    assert ClassicReader(data[:4], DEFAULT_BOUNDS).read(data, 0, 0, 3, out) == (24 + 86, 0)
    assert len(out) == 3
