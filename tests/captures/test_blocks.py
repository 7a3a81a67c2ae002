"""Blocks of pcapng: sections, interfaces, three kinds of packets, times, and what can't be."""

from __future__ import annotations

import struct

import pytest

from fixtures.build.packets import SECOND, START, Raw, block, option, pcapng
from hamaproto.captures import PcapParser
from hamaproto.captures.packets import Bounds, Interface, Packet, Section
from hamaproto.errors import LimitExceededError, RemoteProtocolError

RAW = Raw(b"\1" * 70, START + 123_456_789)
SECTION = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)


def events(data: bytes, bounds: Bounds | None = None) -> list[object]:
    parser = PcapParser(bounds=bounds)
    parser.receive_data(data)
    parser.receive_eof()
    return list(parser.events())


def packets(data: bytes) -> list[Packet]:
    return [event for event in events(data) if isinstance(event, Packet)]


@pytest.mark.parametrize("offset", [-1 << 63, -1 << 31, 1 << 34, (1 << 63) - 1])
def test_a_time_that_no_clock_shows_is_none(offset: int) -> None:
    whole = pcapng([RAW], link=101)
    usual = option("<", 14, bytes(8))
    assert usual in whole
    lying = whole.replace(usual, option("<", 14, struct.pack("<q", offset)))
    (packet,) = packets(lying)
    assert packet.time is None


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["enhanced", "old"])
@pytest.mark.parametrize(("resolution", "unit"), [(9, 1), (6, 1000), (3, 10**6), (0, SECOND)])
@pytest.mark.parametrize("offset", [0, 3600])
def test_packets_and_their_times(
    order: str, kind: str, resolution: int, unit: int, offset: int
) -> None:
    data = pcapng([RAW], order=order, kind=kind, resolution=resolution, offset=offset, link=101)
    section, interface, packet, _ = events(data)
    name = "little" if order == "<" else "big"
    assert section == Section(0, "pcapng", name, "a test")
    assert interface == Interface(0, 101, 0, 44, "lo")
    assert isinstance(packet, Packet)
    assert (packet.data, packet.number, packet.link, packet.length) == (RAW.data, 1, 101, 70)
    assert packet.time == RAW.time // unit * unit


def test_times_in_powers_of_two() -> None:
    (packet,) = packets(pcapng([Raw(b"x" * 60, START + SECOND // 4)], resolution=0x8A))
    assert packet.time is not None
    assert abs(packet.time - START - SECOND // 4) < SECOND / 1024


def test_simple_packets_have_no_time_and_the_interface_s_snap_length() -> None:
    (packet,) = packets(pcapng([RAW], kind="simple"))
    assert (packet.time, packet.data, packet.length) == (None, RAW.data, 70)
    (packet,) = packets(pcapng([Raw(b"a" * 20, length=70)], kind="simple", snap=20))
    assert (packet.data, packet.length) == (b"a" * 20, 70)


def test_comments_of_sections_interfaces_and_packets() -> None:
    (packet,) = packets(pcapng([RAW], comment="where the gate opens"))
    assert packet.comments == ("where the gate opens",)
    said = option("<", 1, b"one") + option("<", 1, "zw\u00f6lf".encode()) + option("<", 0, b"")
    section, interface, _ = events(
        block("<", 0x0A0D0D0A, SECTION + said) + block("<", 1, struct.pack("<HHI", 1, 0, 0) + said)
    )
    assert isinstance(section, Section)
    assert isinstance(interface, Interface)
    assert section.comments == interface.comments == ("one", "zw\u00f6lf")


def test_sections_of_either_order_with_interfaces_of_their_own() -> None:
    two = pcapng([RAW], link=101) + pcapng([RAW], order=">", link=113)
    assert [(packet.number, packet.link) for packet in packets(two)] == [(1, 101), (2, 113)]
    second = block("<", 1, struct.pack("<HHI", 228, 0, 0))
    head = struct.pack("<IIIII", 1, 0, 5, 4, 4) + b"abcd"
    (packet,) = packets(pcapng([]) + second + block("<", 6, head))
    assert (packet.link, packet.interface, packet.time) == (228, 1, 5000)


def test_blocks_of_other_kinds_are_passed_over_whatever_their_size() -> None:
    other = block("<", 0x0BAD, b"x" * 5000)
    data = pcapng([]) + other + pcapng([RAW])
    assert [packet.data for packet in packets(data)] == [RAW.data]
    small = Bounds(max_block=1000)
    assert [e.data for e in events(data, small) if isinstance(e, Packet)] == [RAW.data]
    cut = events(pcapng([]) + other[:3000], small)[-1]
    assert cut.complete is False  # type: ignore[attr-defined]


HEAD = pcapng([])
BAD = {
    "no length": (struct.pack("<II", 6, 0) + bytes(40), 4, "would have 0 bytes"),
    "its own length only": (struct.pack("<II", 6, 12) + bytes(40), 4, "would have 12 bytes"),
    "no multiple of 4": (struct.pack("<II", 6, 61) + bytes(80), 4, "would have 61 bytes"),
    "too long": (struct.pack("<II", 6, 0xFFFFFFF0) + bytes(40), 4, "at most"),
    "two lengths": (struct.pack("<II", 9, 16) + bytes(8), 12, "two lengths"),
    "no room": (block("<", 6, struct.pack("<IIIII", 0, 0, 0, 99, 99)), 8, "no room"),
    "no interface": (block("<", 6, struct.pack("<IIIII", 7, 0, 0, 0, 0)), 8, "interface 7, of 1"),
    "no order": (block("<", 0x0A0D0D0A, bytes(24)), 8, "no order of bytes"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_can_not_be_is_an_error_where_it_stands(name: str) -> None:
    bad, at, words = BAD[name]
    before = pcapng([RAW])
    parser = PcapParser()
    parser.receive_data(before + bad)
    assert len(parser.take(100)) == 3
    with pytest.raises(RemoteProtocolError, match=words) as caught:
        parser.next_event()
    assert caught.value.offset == len(before) + at


def test_interfaces_without_end_are_an_error() -> None:
    data = pcapng([]) + block("<", 1, struct.pack("<HHI", 1, 0, 0)) * 5
    with pytest.raises(LimitExceededError, match="max_interfaces"):
        events(data, Bounds(max_interfaces=3))


def test_options_that_lie_are_left_out() -> None:
    lying = struct.pack("<HH", 1, 60000) + b"abcd"
    section, _ = events(block("<", 0x0A0D0D0A, SECTION + lying))
    assert section == Section(0, "pcapng", "little")
