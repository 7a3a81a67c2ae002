"""`PcapParser`: any cut gives the same events, any bytes at all an event or the declared error."""

from __future__ import annotations

import io
import itertools
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.build.packets import Raw, block, pcap, pcapng, talk
from hamaproto.captures import PcapParser
from hamaproto.captures.packets import Bounds, Packet
from hamaproto.captures.pcap import is_pcap
from hamaproto.errors import LocalProtocolError, RemoteProtocolError
from hamaproto.events import EndOfStream

TALK = talk(b"GET / HTTP/1.0\r\n\r\n", bytes(range(256)) * 20, 700)
FILES = {
    "pcap": pcap(TALK),
    "pcap big": pcap(TALK, order=">"),
    "pcap nano": pcap(TALK, nano=True),
    "pcapng": pcapng(TALK, comment="hello"),
    "pcapng big": pcapng(TALK, order=">", resolution=0x92),
    "pcapng simple": pcapng(TALK, kind="simple"),
    "two sections": pcapng(TALK[:4]) + block("<", 0x0BAD, b"?" * 99) + pcapng(TALK[4:]),
}


def said(data: bytes, cuts: list[int], bounds: Bounds | None = None) -> list[object]:
    """All that a parser says of a file in pieces, the error at its end included."""
    parser = PcapParser(bounds=bounds)
    found: list[object] = []
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    try:
        for start, stop in itertools.pairwise(places):
            parser.receive_data(data[start:stop])
            found.extend(parser.events())
        parser.receive_eof()
        found.extend(parser.events())
    except RemoteProtocolError as error:
        found.append((str(error), error.offset))
    return found


@pytest.mark.parametrize("name", FILES)
def test_any_cut_gives_the_same_events(name: str) -> None:
    data = FILES[name]
    whole = said(data, [])
    assert sum(isinstance(event, Packet) for event in whole) == len(TALK)
    assert whole[-1] == EndOfStream(True, len(data))
    assert said(data, list(range(len(data)))) == whole
    chance = random.Random(name)
    for _ in range(20):
        assert said(data, [chance.randrange(len(data)) for _ in range(9)]) == whole


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_was_cut_off_gives_what_there_is_and_says_so(name: str) -> None:
    data = FILES[name]
    most = 0
    for size in range(4, len(data), 7):
        *found, end = said(data[:size], [size // 2])
        assert isinstance(end, EndOfStream)
        packets = sum(isinstance(event, Packet) for event in found)
        assert packets >= most
        most = packets
    assert most >= len(TALK) - 1
    assert end.complete is False


@given(
    st.sampled_from(sorted(FILES)),
    st.lists(st.tuples(st.integers(0, 9999), st.binary(min_size=1, max_size=6)), max_size=6),
    st.lists(st.integers(0, 99999), max_size=5),
)
def test_damage_gives_events_or_the_declared_error_for_every_cut(
    name: str, damage: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    data = bytearray(FILES[name])
    for at, junk in damage:
        at %= len(data)
        data[at : at + len(junk)] = junk
    bounds = Bounds(max_block=4000, max_packet=3000)
    assert said(bytes(data), cuts, bounds) == said(bytes(data), [], bounds)


def test_what_is_no_capture_is_refused_at_once() -> None:
    for data in (b"GET / HTTP/1.0\r\n", b"\xff\xd8\xff\xe0", bytes(4)):
        assert not is_pcap(data)
        (error,) = said(data, [])
        assert error[0].startswith("no capture")  # type: ignore[index]
    assert all(is_pcap(data) for data in FILES.values())


def test_an_error_is_raised_again_and_behind_all_packets() -> None:
    parser = PcapParser()
    parser.receive_data(FILES["pcap"] + struct.pack("<IIII", 0, 0, 1 << 31, 0))
    assert len(parser.take(1000)) == len(TALK) + 2
    for _ in range(2):
        with pytest.raises(RemoteProtocolError):
            parser.take(1000)
    with pytest.raises(RemoteProtocolError):
        parser.receive_data(b"more")


def test_after_the_end_nothing_is_taken() -> None:
    parser = PcapParser()
    parser.receive_eof()
    assert next(parser.events()) == EndOfStream(False, 0)
    with pytest.raises(LocalProtocolError):
        parser.receive_data(b"x")


def test_items_are_the_packets_before_they_are_objects() -> None:
    parser = PcapParser()
    parser.receive_data(FILES["pcap"])
    items = []
    while some := parser.take(3):
        assert len(some) <= 3
        items += some
    packets = [event for event in said(FILES["pcap"], []) if isinstance(event, Packet)]
    assert [item[3][item[4] : item[5]] for item in items if isinstance(item, tuple)] == [
        packet.data for packet in packets
    ]


def test_dpkt_reads_the_same_packets() -> None:
    dpkt = pytest.importorskip("dpkt")
    for name in ("pcap", "pcap big", "pcap nano", "pcapng"):
        reader = dpkt.pcapng.Reader if "ng" in name else dpkt.pcap.Reader
        theirs = [(data, round(float(time), 5)) for time, data in reader(io.BytesIO(FILES[name]))]
        ours = [
            (event.data, round((event.time or 0) / 1e9, 5))
            for event in said(FILES[name], [])
            if isinstance(event, Packet)
        ]
        assert ours == theirs


def test_a_million_small_packets_cost_no_memory_beyond_the_piece() -> None:
    one = pcap([Raw(b"x" * 60)])
    parser = PcapParser()
    parser.receive_data(one[:24])
    piece = one[24:] * 1000
    for _ in range(50):
        parser.receive_data(piece)
        while parser.take(256):
            pass
    assert parser.packets == 50_000
    assert parser.complete
