"""Captures that somebody made to harm: declared errors, bounded memory, work that is linear."""

from __future__ import annotations

import gc
import random
import struct
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from captured import all_kinds
from seeing import see

from fixtures.build.packets import (
    ACK,
    CLIENT,
    SERVER,
    SYN,
    Tcp,
    block,
    disturbed,
    one_way,
    pcap,
    pcapng,
    talk,
)
from hamaproto import captures
from hamaproto.captures import Bounds, CaptureParser, Observed, exchanges
from hamaproto.errors import HamaError, RemoteProtocolError
from hamaproto.events import EndOfStream, Response

QUESTION = b"GET /mjpg/video.mjpg HTTP/1.0\r\n\r\n"
HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"
MB = 1_000_000
FILE = 24


def fed(pieces: Iterator[bytes], bounds: Bounds | None = None) -> tuple[int, CaptureParser]:
    """The most memory that was held while reading, what was fed not counted; and the parser."""
    parser = CaptureParser(bounds=bounds)
    tracemalloc.start()
    try:
        for number, piece in enumerate(pieces):
            parser.receive_data(piece)
            for _ in parser.events():
                pass
            if number % 50 == 0:
                gc.collect()  # readers of heads hold themselves
        return tracemalloc.get_traced_memory()[1], parser
    finally:
        tracemalloc.stop()


def records(packets: Iterator[Tcp]) -> Iterator[bytes]:
    """A file of them, a packet at a time."""
    yield pcap([])
    for packet in packets:
        yield pcap([packet])[FILE:]


def packet_of(number: int, data: bytes, flags: int = ACK) -> Tcp:
    place = (f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 80)
    return Tcp(place, CLIENT, 1000, data, flags)


@pytest.mark.parametrize(
    ("flags", "data"),
    [
        (SYN, b""),
        (ACK, HEAD + b"--b\r\n\r\n\xff\xd8\xff\xe0" + bytes(900)),
        (ACK, b"HTTP/1.0 200 OK\r\nX: " + b"a" * 900),
        (ACK, b"GET / HTTP/1.0\r\nX: " + b"a" * 900),
        (ACK, b"\1" * 900),
    ],
)
def test_conversations_without_number(flags: int, data: bytes) -> None:
    bounds = Bounds(max_conversations=60)
    count = 300
    most, parser = fed(records(packet_of(n, data, flags) for n in range(count)), bounds)
    assert parser.conversations == count
    assert len(parser._tcp._halves) <= 2 * 60
    assert len(parser._exchanges._pairs) <= 60
    assert most < 3 * MB


def long_heads() -> Iterator[Tcp]:
    for at in range(0, 40_000, 1000):
        for number in range(40):
            packet = packet_of(number, b"HTTP/1.0 200 OK\r\nX: ".ljust(1000, b"a"))
            yield replace(packet, sequence=1000 + at) if at else replace(packet, flags=SYN | ACK)


def unanswered() -> Iterator[Tcp]:
    question = b"GET / HTTP/1.0\r\n\r\n" * 50
    yield from one_way(question * 80, len(question), source=CLIENT, target=SERVER, syn_flags=SYN)


def unasked() -> Iterator[Tcp]:
    """Answers in tiny packets, each of which waits for its request."""
    for number in range(80):
        yield packet_of(number, b"", SYN | ACK)
    for at in range(20):
        for number in range(80):
            yield replace(packet_of(number, b"H"), sequence=1001 + at)


@pytest.mark.parametrize("packets", [long_heads, unanswered, unasked])
def test_what_all_readers_hold_together_is_bounded(
    packets: Callable[[], Iterator[Tcp]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By their own account, which the test above holds against what is allocated."""
    data = pcap(packets())

    def most() -> int:
        parser, held = CaptureParser(), 0
        for at in range(0, len(data), 4096):
            parser.receive_data(data[at : at + 4096])
            list(parser.events())
            held = max(held, sum(pair.held() for pair in parser._exchanges._pairs.values()))
        return held

    assert most() > 500_000
    monkeypatch.setattr(exchanges, "_MOST_PENDING", 100_000)
    monkeypatch.setattr(exchanges, "_ACCOUNT_EVERY", 2_000)
    assert most() < 220_000


def test_holes_of_megabytes_in_a_body_with_a_length() -> None:
    """Each is led past the framing in a moment, and costs no memory."""
    answer = b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 99999999999\r\n\r\n"
    asked = talk(b"GET /jpg/image.jpg HTTP/1.0\r\n\r\n", answer, fin=False)
    step = 15_000_000
    begin = asked[-1].sequence + len(answer)
    holes = [Tcp(SERVER, CLIENT, begin + step * n, b"x") for n in range(1, 250)]
    reset = Tcp(SERVER, CLIENT, holes[-1].sequence + 1, flags=4)
    most, parser = fed(records(iter([*asked, *holes, reset])))
    assert most < 3 * MB
    assert parser.exchanges == 1


def test_blocks_of_pcapng_that_lead_nowhere() -> None:
    whole = pcapng(talk(QUESTION, HEAD))
    for total in (0, 4, 8, 13, 0x7FFFFFFC, 0xFFFFFFFC, 0xFFFFFFFF):
        for kind in (6, 1, 0x0A0D0D0A, 77):
            body = struct.pack("<II", kind, total) + bytes(20)
            found, _ = see(whole + body)
            last = found[-1]
            passed_over = kind == 77 and total in (0x7FFFFFFC, 0xFFFFFFFC)
            assert isinstance(last, EndOfStream if passed_over else RemoteProtocolError)
            assert any(isinstance(one, Observed) for one in found)
    # An option of no length, without end, and blocks that nobody reads.
    loop = block("<", 1, struct.pack("<HHI", 1, 0, 0) + struct.pack("<HH", 77, 0) * 20_000)
    found, _ = see(whole + loop + block("<", 77, b"") * 20_000 + whole)
    assert found[-1] == EndOfStream(True, len(whole) * 2 + len(loop) + 12 * 20_000)


def test_sections_without_number(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("x") / "x.pcapng"
    file.write_bytes(pcapng([]) * 5000)
    with captures.open(file) as capture:
        assert list(capture) == []
    assert (len(capture.sections), len(capture.interfaces), capture.complete) == (4096, 4096, True)


def places_of_lengths(data: bytes, *, ng: bool) -> Iterator[int]:
    """Where the numbers of the headers stand: of the file, and of its first records."""
    yield from range(4, min(len(data), 700 if ng else 400), 4)


@pytest.mark.parametrize("make", [pcap, pcapng])
def test_numbers_that_lie(make: Callable[[list[Tcp]], bytes]) -> None:
    data = make(talk(QUESTION, HEAD + b"--b\r\n\r\n", 60))
    for place in places_of_lengths(data, ng=make is pcapng):
        for value in (0, 1, 0x7FFFFFFF, 0xFFFFFFFC, 0xFFFFFFFF):
            lying = data[:place] + struct.pack("<I", value) + data[place + 4 :]
            ends_declared(lying)


def ends_declared(data: bytes, cuts: list[int] | None = None) -> list[str]:
    """What is seen, as text; the last one is the end or a declared error."""
    found, _ = see(data, cuts or [])
    assert isinstance(found[-1], EndOfStream | HamaError)
    return [repr(one) for one in found]


@pytest.mark.parametrize("make", [pcap, pcapng])
@pytest.mark.parametrize("seed", range(12))
def test_damage_of_any_kind(make: Callable[[list[Tcp]], bytes], seed: int) -> None:
    """Both formats, cut in any way: the same events, and the same error."""
    chance = random.Random(seed)
    packets = disturbed(all_kinds()[:60], seed)
    data = bytearray(make(packets))
    for _ in range(chance.choice([1, 3, 30])):
        at = chance.randrange(FILE, len(data)) if seed % 4 else chance.randrange(len(data))
        what = chance.randrange(4)
        if what == 0:
            data[at] ^= 1 << chance.randrange(8)
        elif what == 1:
            del data[at : at + chance.choice([1, 4, 1000])]
        elif what == 2:
            data[at:at] = chance.randbytes(chance.choice([1, 4, 100]))
        else:
            other = chance.randrange(len(data))
            data[at : at + 40] = data[other : other + 40]
    whole = ends_declared(bytes(data))
    cuts = [chance.randrange(len(data)) for _ in range(20)]
    assert ends_declared(bytes(data), cuts) == whole


def test_packets_whose_fields_are_anything() -> None:
    """The headers of IP and TCP at random behind an Ethernet header."""
    chance = random.Random(5)
    good = pcap(talk(QUESTION, HEAD, 40))
    (size,) = struct.unpack_from("<I", good, FILE + 8)
    for _ in range(300):
        data = bytearray(good)
        for _ in range(3):
            data[FILE + 16 + chance.randrange(12, size)] = chance.randrange(256)
            data[chance.randrange(FILE + 16 + size, len(data))] = chance.randrange(256)
        ends_declared(bytes(data))


def test_who_talks_to_himself() -> None:
    packets = one_way(HEAD, source=SERVER, target=SERVER)
    found, parser = see(pcap(packets))
    assert parser.conversations == 1
    assert any(isinstance(one, Observed) and isinstance(one.event, Response) for one in found)
