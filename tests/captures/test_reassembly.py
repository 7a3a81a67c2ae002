"""`TcpReassembler`: whatever the order and duplication of packets, the same streams."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.build.packets import (
    ACK,
    CLIENT,
    ETHERNET,
    FIN,
    IP,
    RST,
    SERVER,
    SLL,
    SYN,
    Raw,
    Tcp,
    disturbed,
    one_way,
    pcap,
    pcapng,
    talk,
)
from hamaproto.captures import PcapParser, TcpReassembler
from hamaproto.captures.network import Other
from hamaproto.captures.packets import Bounds, Packet
from hamaproto.captures.streams import Closed, Gap, StreamData
from hamaproto.errors import LocalProtocolError
from hamaproto.events import NEED_DATA, EndOfStream

QUESTION = b"GET /mjpg/video.mjpg HTTP/1.0\r\n\r\n"
ANSWER = random.Random(1).randbytes(20_000)
Found = tuple[dict[str, bytes], list[tuple[str, int, int, str]], TcpReassembler]


def streams(
    packets: Iterable[Tcp | Raw], bounds: Bounds | None = None, link: int = ETHERNET
) -> Found:
    """Bytes by who sent them (gaps as `?`), gaps, and the reassembler for its counts."""
    parser, reassembler = PcapParser(), TcpReassembler(bounds=bounds)
    parser.receive_data(pcap(packets, link=link, nano=True))
    found: dict[str, bytes] = {}
    gaps = []
    for event in parser.events():
        if isinstance(event, Packet):
            reassembler.receive_packet(event)
    reassembler.receive_eof()
    for event in reassembler.events():
        if isinstance(event, StreamData | Gap):
            name = str(event.conversation.endpoint(event.side))
            before = found.setdefault(f"{name}#{event.conversation.number}", b"")
            assert event.offset == len(before)
            if isinstance(event, StreamData):
                found[f"{name}#{event.conversation.number}"] += event.data
            else:
                found[f"{name}#{event.conversation.number}"] += b"?" * event.length
                gaps.append((name, event.offset, event.length, event.reason))
    return found, gaps, reassembler


BOTH = {"10.0.0.2:40000#1": QUESTION, "10.0.0.1:80#1": ANSWER}


@given(st.integers(0, 1 << 30), st.sampled_from([1, 8, 60]), st.booleans(), st.booleans())
def test_any_order_and_duplication_gives_the_same_streams(
    seed: int, reach: int, syn: bool, fin: bool
) -> None:
    first = random.Random(seed).choice([1000, (1 << 32) - 7000, 1 << 31])
    packets = talk(QUESTION, ANSWER, 500, first=first, syn=syn, fin=fin)
    found, gaps, reassembler = streams(disturbed(packets, seed, reach=reach, again=0.3))
    assert (found, gaps) == (BOTH, [])
    assert (reassembler._held, list(reassembler._holes)) == (0, [])


@pytest.mark.parametrize("seed", range(8))
def test_pieces_that_overlap_in_any_order(seed: int) -> None:
    chance = random.Random(seed)
    packets = talk(QUESTION, ANSWER, 500)
    for _ in range(60):
        start = chance.randrange(len(ANSWER))
        piece = ANSWER[start : start + chance.randrange(1, 3000)]
        packets.append(Tcp(SERVER, CLIENT, 1001 + start, piece))
    chance.shuffle(packets)
    found, gaps, reassembler = streams(packets)
    assert (found, gaps, reassembler.conflicts) == (BOTH, [], 0)
    assert reassembler.retransmitted > 1000


def test_a_gap_is_told_with_its_size_and_what_is_behind_it_comes_out() -> None:
    packets = talk(QUESTION, ANSWER, 1000)
    del packets[9:12]
    found, gaps, _ = streams(packets)
    (gap,) = gaps
    assert gap[0] == "10.0.0.1:80"
    assert gap[2:] == (3000, "lost")
    expected = ANSWER[: gap[1]] + b"?" * 3000 + ANSWER[gap[1] + 3000 :]
    assert found["10.0.0.1:80#1"] == expected


def test_what_is_missing_before_the_fin_is_a_gap() -> None:
    packets = talk(QUESTION, ANSWER, 1000)
    del packets[-2]
    found, gaps, _ = streams(packets)
    assert gaps == [("10.0.0.1:80", 19_000, 1000, "lost")]
    assert found["10.0.0.1:80#1"] == ANSWER[:-1000] + b"?" * 1000


def test_a_hole_is_passed_over_when_too_much_waits_behind_it() -> None:
    packets = [p for p in talk(QUESTION, ANSWER * 10, 1000, fin=False) if p.sequence != 3001]
    for bounds in (Bounds(max_held_stream=20_000), Bounds(max_held=20_000)):
        parser, reassembler = PcapParser(), TcpReassembler(bounds=bounds)
        parser.receive_data(pcap(packets))
        reassembler.receive_items(parser.take(60))
        events = list(reassembler.events())
        assert [event.length for event in events if isinstance(event, Gap)] == [1000]
        assert sum(len(e.data) for e in events if isinstance(e, StreamData)) > 40_000


@pytest.mark.parametrize("kept", [0, 1, 400])
def test_what_the_snap_length_cut_off_is_a_gap_at_once(kept: int) -> None:
    packets = [replace(packet, kept=min(kept, len(packet.data)))
               for packet in talk(QUESTION, ANSWER, 1000)]  # fmt: skip
    found, gaps, _ = streams(packets, Bounds(max_held_stream=1))
    assert len(found["10.0.0.1:80#1"]) == len(ANSWER)
    of_answer = [gap for gap in gaps if gap[0] == "10.0.0.1:80"]
    assert [gap[1:] for gap in of_answer] == [
        (at + kept, 1000 - kept, "not captured") for at in range(0, len(ANSWER), 1000)
    ]


def test_cut_packets_by_thousands_wait_for_the_one_before_them() -> None:
    first, *cut = [Tcp(SERVER, CLIENT, 1 + 10 * n, b"x" * 10, kept=5) for n in range(5000)]
    packets = [Tcp(SERVER, CLIENT, 0, flags=SYN | ACK), *cut, first]
    found, gaps, reassembler = streams(packets)
    assert found == {"10.0.0.1:80#1": b"xxxxx?????" * 5000}
    assert len(gaps) == 5000
    assert reassembler._held == 0


def test_what_comes_again_is_counted_and_left_out() -> None:
    packets = talk(QUESTION, ANSWER, 1000, fin=False)
    other = replace(packets[5], data=b"?" * 1000)  # all of it was given out
    found, gaps, reassembler = streams([*packets, other, packets[7], packets[7]])
    assert (found, gaps) == (BOTH, [])
    assert (reassembler.retransmitted, reassembler.conflicts) == (3000, 0)


def calls_of_each_packet(conversations: int) -> float:
    """Calls of functions, those in C among them, for packets of many streams with holes."""
    packets = []
    for index in range(conversations):
        stream = one_way(b"x" * 20_000, source=(f"10.1.{index % 250}.9", 1000 + index), size=1000)
        packets.append([*stream[:4], *stream[5:9], *stream[10:-1]])
    parser = PcapParser()
    reassembler = TcpReassembler(bounds=Bounds(max_held=conversations * 4000))
    parser.receive_data(pcap([packet for turn in zip(*packets, strict=True) for packet in turn]))
    items = list(iter(lambda: parser.take(1000), []))
    calls = 0

    def called(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        for some in items:
            reassembler.receive_items(some)
    finally:
        sys.setprofile(before)
    assert sum(isinstance(event, Gap) for event in reassembler.events()) >= conversations
    return calls / parser.packets


def test_a_packet_costs_as_much_among_many_conversations_as_among_few() -> None:
    few, many = calls_of_each_packet(30), calls_of_each_packet(600)
    assert many < few * 1.1


def test_a_number_that_wraps_round_far_into_a_stream() -> None:
    """2 GB of holes between a few pieces: positions go on."""
    step = 700_000_000
    packets = [Tcp(SERVER, CLIENT, 99, flags=SYN | ACK)]
    packets += [Tcp(SERVER, CLIENT, 100 + step * n, b"x" * 100) for n in range(8)]
    reassembler = TcpReassembler(bounds=Bounds(max_held_stream=1))
    parser = PcapParser()
    parser.receive_data(pcap(packets))
    reassembler.receive_items(parser.take(100))
    events = list(reassembler.events())
    assert [event.offset for event in events if isinstance(event, StreamData)] == [
        step * n for n in range(8)
    ]


def test_who_asked_is_known_from_either_syn() -> None:
    packets = talk(QUESTION, ANSWER)
    for some in (packets, packets[1:], [packets[1], packets[0], *packets[2:]]):
        reassembler, parser = TcpReassembler(), PcapParser()
        parser.receive_data(pcap(some))
        reassembler.receive_items(parser.take(100))
        reassembler.receive_eof()
        event = next(reassembler.events())
        assert isinstance(event, StreamData)
        conversation = event.conversation
        assert str(conversation.endpoint(conversation.client)) == "10.0.0.2:40000"


def test_the_same_ports_again_are_another_conversation() -> None:
    again = talk(b"GET /2 HTTP/1.0\r\n\r\n", ANSWER[::-1], first=700_000_000)
    found, gaps, reassembler = streams(talk(QUESTION, ANSWER) + again)
    assert reassembler.conversations == 2
    assert not gaps
    assert found["10.0.0.1:80#2"] == ANSWER[::-1]
    # A SYN that was sent again is not.
    packets = talk(QUESTION, ANSWER)
    assert streams([*packets, packets[0], packets[1]])[2].conversations == 1
    # Nor what comes again behind the end of both.
    client_fin = Tcp(CLIENT, SERVER, 1006 + len(QUESTION), flags=FIN | ACK)
    assert streams([*packets, client_fin, *packets[2:]])[2].conversations == 1


def test_how_a_direction_ended() -> None:
    packets = talk(QUESTION, ANSWER)
    reset = Tcp(CLIENT, SERVER, 1006 + len(QUESTION), flags=RST)
    for more, reasons in (
        ([reset], ["end", "reset"]),
        ([], ["end", "end of capture"]),
    ):
        parser, reassembler = PcapParser(), TcpReassembler()
        parser.receive_data(pcap(packets + more))
        reassembler.receive_items(parser.take(100))
        reassembler.receive_eof()
        closed = [event for event in reassembler.events() if isinstance(event, Closed)]
        assert [event.reason for event in closed] == reasons
        assert closed[0].offset == len(ANSWER)


def test_conversations_without_end_are_bounded() -> None:
    reassembler = TcpReassembler(bounds=Bounds(max_conversations=50))
    for number in range(1000):
        client = (f"10.1.{number % 7}.9", 1000 + number)
        for packet in one_way(b"hello", source=client, target=SERVER, fin=False):
            raw = packet.raw()
            reassembler.receive_packet(Packet(raw.data, raw.time, number, 1, len(raw.data)))
    events = list(reassembler.events())
    assert sum(isinstance(event, StreamData) for event in events) == 1000
    reasons = Counter(event.reason for event in events if isinstance(event, Closed))
    assert reasons["evicted"] >= 2 * 940
    assert len(reassembler._halves) <= 100


def test_packets_of_other_kinds_are_counted() -> None:
    udp = bytearray(Tcp(SERVER, CLIENT, 1, b"x" * 20).ip())
    udp[9] = 17
    fragment = bytearray(Tcp(SERVER, CLIENT, 1, b"x" * 20).ip())
    fragment[6] = 0x20
    packets = [Raw(bytes(udp)), Raw(bytes(fragment)), Raw(bytes(fragment)), Raw(b"E")]
    *_, reassembler = streams(packets, link=IP)
    assert reassembler.counts == {Other.UDP: 1, Other.FRAGMENT: 2, Other.CUT: 1}


def test_the_contract() -> None:
    reassembler = TcpReassembler()
    assert reassembler.next_event() is NEED_DATA
    with pytest.raises(LocalProtocolError, match="packet"):
        reassembler.receive_packet(b"x")  # type: ignore[arg-type]
    reassembler.receive_eof()
    reassembler.receive_eof()
    assert list(reassembler.events()) == [EndOfStream()]
    assert reassembler.next_event() == EndOfStream()
    with pytest.raises(LocalProtocolError):
        reassembler.receive_items([])


# -- what other programs say --------------------------------------------------------------


def by_dpkt(data: bytes) -> dict[str, bytes]:
    """dpkt knows no streams: its segments are put in their places, the first one counts."""
    dpkt = pytest.importorskip("dpkt")
    sent: dict[tuple[bytes, int], dict[int, int]] = {}
    base: dict[tuple[bytes, int], int] = {}
    for _, packet in dpkt.pcap.Reader(io.BytesIO(data)):
        ip = dpkt.ethernet.Ethernet(packet).data
        key = (ip.src, ip.data.sport)
        if ip.data.flags & dpkt.tcp.TH_SYN:
            base[key] = ip.data.seq + 1
        places = sent.setdefault(key, {})
        for index, byte in enumerate(ip.data.data):
            places.setdefault(ip.data.seq + index, byte)
    return {
        f"{'.'.join(map(str, source))}:{port}#1": bytes(
            places[base[source, port] + index] for index in range(len(places))
        )
        for (source, port), places in sent.items()
    }


def by_tshark(data: bytes, folder: Path) -> dict[str, bytes]:
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not here")
    file = folder / "x.pcap"
    file.write_bytes(data)
    done = subprocess.run(
        ["tshark", "-nr", str(file), "-q", "-z", "follow,tcp,raw,0"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    names: list[str] = []
    found = {}
    for line in done.stdout.splitlines():
        if line.startswith("Node "):
            names.append(line.split(": ")[1] + "#1")
            found[names[-1]] = b""
        elif line and not line.startswith(("=", "Follow", "Filter")):
            found[names[line[0] == "\t"]] += bytes.fromhex(line.strip())
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_dpkt_and_tshark_have_the_same_bytes(seed: int, tmp_path: Path) -> None:
    # The handshake first, since tshark takes what comes before it for another stream.
    packets = talk(QUESTION, ANSWER, 700)
    packets = packets[:2] + disturbed(packets[2:], seed, reach=4, again=0.2)
    data = pcap(packets)
    assert by_dpkt(data) == BOTH
    assert by_tshark(data, tmp_path) == BOTH
    assert streams(packets)[0] == BOTH
    assert streams(packets, link=SLL)[0] == BOTH


def test_items_and_packets_give_the_same_events_for_every_batch() -> None:
    packets = disturbed(talk(QUESTION, ANSWER, 300), 3)
    others = talk(QUESTION, ANSWER, 300, client=("10.0.0.7", 7))
    mixed = [packet for pair in zip(packets, others, strict=False) for packet in pair]
    told = []
    for size in (1, 2, 7, 1000):
        parser, reassembler = PcapParser(), TcpReassembler()
        parser.receive_data(pcapng(mixed))
        said = []
        while items := parser.take(size):
            reassembler.receive_items(items)
            said += list(reassembler.events())
        reassembler.receive_eof()
        said += list(reassembler.events())
        told.append([(repr(e), getattr(e, "packet", 0)) for e in said])
    assert all(one == told[0] for one in told)
