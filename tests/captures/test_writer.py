"""What is written is read by ourselves, by dpkt and by tshark, with correct checksums."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import pytest
from seeing import observed

from fixtures import recordings
from hamaproto.captures import Endpoint, Packet, PcapParser, Section, StreamData, TcpReassembler
from hamaproto.captures.writer import PcapngWriter
from hamaproto.errors import LocalProtocolError
from hamaproto.events import Frame

TIME = 1_700_000_000_123_456_789
QUESTION = b"GET / HTTP/1.0\r\n\r\n"
V4 = (Endpoint("10.0.0.2", 40000), Endpoint("10.0.0.1", 80))
V6 = (Endpoint("fe80::2%eth0", 40000), Endpoint("fe80::1", 80))
each = pytest.mark.parametrize("ends", [V4, V6], ids=["IPv4", "IPv6"])


def written(ends: tuple[Endpoint, Endpoint], *pieces: bytes) -> bytes:
    writer = PcapngWriter("made by a test")
    talk = writer.conversation(*ends)
    out = writer.head() + talk.opened(TIME) + talk.asked(QUESTION, TIME + 1)
    for number, piece in enumerate(pieces):
        out += talk.answered(piece, TIME + 1000 * number, "the first" if not number else "")
    return out + talk.closed(TIME + 10**9)


@each
def test_our_own_reader_finds_all_of_it(ends: tuple[Endpoint, Endpoint]) -> None:
    pieces = (b"a", b"b" * 65_000, b"c" * 65_001, b"d" * 200_000)
    parser, reassembler = PcapParser(), TcpReassembler()
    parser.receive_data(written(ends, *pieces))
    parser.receive_eof()
    events = list(parser.events())
    packets = [event for event in events if isinstance(event, Packet)]
    (section,) = [event for event in events if isinstance(event, Section)]
    assert (section.application, section.comments) == ("hamaproto", ("made by a test",))
    assert packets[0].time == TIME
    assert packets[4].comments == ("the first",)
    for packet in packets:
        reassembler.receive_packet(packet)
    reassembler.receive_eof()
    sent = {0: b"", 1: b""}
    for event in reassembler.events():
        if isinstance(event, StreamData):
            sent[event.side] += event.data
    assert sent == {0: QUESTION, 1: b"".join(pieces)}


def test_each_receive_has_its_time() -> None:
    recording = recordings()[0]
    pieces = [recording.wire[at : at + 5000] for at in range(0, len(recording.wire), 5000)]
    for seen in observed(written(V4, *pieces)):
        if isinstance(seen.event, Frame):
            assert seen.first.time == TIME + seen.first.offset // 5000 * 1000
            assert seen.last.time == TIME + seen.last.offset // 5000 * 1000


@each
def test_dpkt_and_tshark_read_it_and_its_checksums_are_right(
    ends: tuple[Endpoint, Endpoint], tmp_path: Path
) -> None:
    data = written(ends, b"odd", b"even", b"x" * 70_001)
    dpkt = pytest.importorskip("dpkt")
    payload = b""
    for time, packet in dpkt.pcapng.Reader(io.BytesIO(data)):
        assert abs(float(time) - TIME / 1e9) < 2
        ip = dpkt.ip.IP(packet) if packet[0] >> 4 == 4 else dpkt.ip6.IP6(packet)
        if ip.data.sport == 80:
            payload += ip.data.data
    assert payload == b"oddeven" + b"x" * 70_001
    if shutil.which("tshark") is None:
        return
    file = tmp_path / "x.pcapng"
    file.write_bytes(data)
    fields = ("tcp.checksum.status", "ip.checksum.status", "tcp.analysis.flags")
    words = ["tshark", "-nr", str(file), "-T", "fields"]
    for option in ("tcp.check_checksum:TRUE", "ip.check_checksum:TRUE"):
        words += ["-o", option]
    for field in fields:
        words += ["-e", field]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    good = "1\t1\t" if ends is V4 else "1\t\t"
    lines = done.stdout.splitlines()
    assert len(lines) >= 10
    assert {line.ljust(len(good), "\t") for line in lines} == {good}


def test_two_kinds_of_addresses_are_no_conversation() -> None:
    with pytest.raises(LocalProtocolError, match="one kind"):
        PcapngWriter().conversation(V4[0], V6[1])
