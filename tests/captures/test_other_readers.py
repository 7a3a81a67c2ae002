"""The streams that tshark and dpkt find are ours, wherever they can read a capture; a table of
where they can't stands in `fixtures/captures/README.md`.

dpkt gives packets: its segments are put into their places here, the first one of a byte counts.
"""

from __future__ import annotations

import io
import random
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from fixtures import read_bytes
from fixtures.build.packets import (
    CLIENT,
    ETHERNET,
    IP,
    NULL,
    SERVER,
    SLL,
    SLL2,
    Place,
    Raw,
    Tcp,
    disturbed,
    pcapng,
    talk,
)
from hamaproto.captures import Gap, PcapParser, StreamData, TcpReassembler

QUESTION = b"GET /mjpg/video.mjpg HTTP/1.0\r\n\r\n"
ANSWER = random.Random(1).randbytes(9_000)
SIZE = 700
#: Of each conversation: what the client sent, and the server; `?` for what is missing.
Streams = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Case:
    """A capture of one client, by whose address its conversations are found in a file of many."""

    packets: Callable[[Place], Iterable[Tcp | Raw]]
    expected: Streams
    link: int = ETHERNET
    six: bool = False


ONE: Streams = [(QUESTION, ANSWER)]


def whole(client: Place, **more: Any) -> list[Tcp]:
    server = ("fe80::ff", 80) if ":" in client[0] else SERVER
    return talk(QUESTION, ANSWER, SIZE, client=client, server=server, **more)


def other_bytes(client: Place) -> list[Tcp]:
    packets = whole(client)
    return [*packets[:6], replace(packets[5], data=bytes(SIZE)), *packets[6:]]


def overlapping(client: Place) -> list[Tcp]:
    packets = whole(client)
    first = packets[1].sequence + 1
    more = [Tcp(SERVER, client, first + at, ANSWER[at : at + 1000]) for at in range(0, 8000, 900)]
    return [*packets[:3], *more, *packets[3:]]


HOLE = ANSWER[: 2 * SIZE] + b"?" * SIZE + ANSWER[3 * SIZE :]
CUT = b"".join(
    ANSWER[at : at + 400].ljust(min(SIZE, len(ANSWER) - at), b"?") for at in range(0, 9000, SIZE)
)
CASES = {
    "in order": Case(whole, ONE),
    "no FIN": Case(lambda client: whole(client, fin=False), ONE),
    "no SYN": Case(lambda client: whole(client, syn=False), ONE),
    "shuffled behind the handshake": Case(
        lambda client: whole(client)[:2] + disturbed(whole(client)[2:], 1, again=0.2), ONE
    ),
    "shuffled": Case(lambda client: whole(client)[::-1], ONE),
    "shuffled, no SYN": Case(lambda client: disturbed(whole(client, syn=False), 3), ONE),
    "pieces that overlap": Case(overlapping, ONE),
    "sent again with other bytes": Case(other_bytes, ONE),
    "a number that wraps round": Case(lambda client: whole(client, first=(1 << 32) - 3000), ONE),
    "a packet is missing": Case(
        lambda client: whole(client)[:5] + whole(client)[6:], [(QUESTION, HOLE)]
    ),
    "cut by the snap length": Case(
        lambda client: [replace(p, kept=min(len(p.data), 400)) for p in whole(client)],
        [(QUESTION, CUT)],
    ),
    "the same ports again": Case(
        lambda client: [*whole(client), *whole(client, first=40_000)], ONE * 2
    ),
    "VLAN": Case(lambda client: [p.raw(vlans=(0x8100, 0x88A8)) for p in whole(client)], ONE),
    "IPv6": Case(whole, ONE, six=True),
    "Linux cooked": Case(whole, ONE, SLL),
    "Linux cooked, version 2": Case(whole, ONE, SLL2),
    "loopback of BSD": Case(whole, ONE, NULL),
    "bare IP": Case(whole, ONE, IP),
}
FILES = ("camera", "ffmpeg", "gstreamer", "motion", "python")
#: What each of them makes of what it can't read.
CANNOT = {
    ("shuffled", "tshark"): "gives nothing of a direction whose SYN comes last",
    ("a packet is missing", "tshark"): "stops before it",
    ("cut by the snap length", "tshark"): "puts what is there end to end, and tells of nothing",
    ("cut by the snap length", "dpkt"): "says nothing of what is missing at the end",
    ("the same ports again", "dpkt"): "knows no conversations: both are one",
}


def client_of(name: str) -> Place:
    number = list(CASES).index(name) + 1
    return (f"fe80::{number:x}" if CASES[name].six else f"10.0.{number}.2", CLIENT[1])


@cache
def file_of(name: str) -> bytes:
    if name in FILES:
        return read_bytes("captures", "tcpdump", f"{name}.pcap")
    case = CASES[name]
    return pcapng(case.packets(client_of(name)), link=case.link)


def ours(data: bytes) -> dict[Place, Streams]:
    parser, reassembler = PcapParser(), TcpReassembler()
    parser.receive_data(data)
    while items := parser.take(1000):
        reassembler.receive_items(items)
    reassembler.receive_eof()
    found: dict[int, dict[Place, bytes]] = {}
    for event in reassembler.events():
        if isinstance(event, StreamData | Gap):
            conversation = event.conversation
            assert conversation is not None
            halves = found.setdefault(conversation.number, {})
            place = conversation.endpoint(event.side)
            more = event.data if isinstance(event, StreamData) else b"?" * event.length
            halves[place] = halves.get(place, b"") + more
    return by_client(found[number] for number in sorted(found))


def by_client(conversations: Iterable[dict[Place, bytes]]) -> dict[Place, Streams]:
    """The client is whoever has the higher port."""
    found: dict[Place, Streams] = {}
    for halves in conversations:
        (_, answer), *rest = sorted(halves.items(), key=lambda item: item[0][1])
        for client, question in rest:
            found.setdefault(tuple(client), []).append((question, answer))  # type: ignore[arg-type]
    return found


def of_dpkt(data: bytes) -> dict[Place, Streams]:
    import dpkt

    kinds = {
        ETHERNET: dpkt.ethernet.Ethernet, SLL: dpkt.sll.SLL, SLL2: dpkt.sll2.SLL2,
        NULL: dpkt.loopback.Loopback,
    }  # fmt: skip
    reader = (dpkt.pcap if data[0] != 0x0A else dpkt.pcapng).Reader(io.BytesIO(data))
    link = reader.datalink()
    sent: dict[frozenset[Place], dict[Place, dict[int, int]]] = {}
    for _, packet in reader:
        ip = dpkt.ip.IP(packet) if link in (IP, 12) else kinds[link](packet).data
        tcp = ip.data
        text = dpkt.utils.inet_to_str
        source, target = (text(ip.src), tcp.sport), (text(ip.dst), tcp.dport)
        both = sent.setdefault(frozenset((source, target)), {})
        places = both.setdefault(source, {})
        base = min(places) if places else tcp.seq
        start = base + ((tcp.seq - base + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)
        for index, byte in enumerate(tcp.data):
            places.setdefault(start + index, byte)
    return by_client(
        {
            place: bytes(places.get(at, 63) for at in range(min(places), max(places) + 1))
            for place, places in both.items()
            if places
        }
        for both in sent.values()
    )


def of_tshark(data: bytes, folder: Path, most: int) -> dict[Place, Streams]:
    file = folder / "x.pcapng"
    file.write_bytes(data)
    follow = [word for n in range(most) for word in ("-z", f"follow,tcp,raw,{n}")]
    done = subprocess.run(
        ["tshark", "-nr", str(file), "-q", *follow], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    conversations = []
    for told in done.stdout.split("Follow: ")[1:]:
        nodes: list[Place] = []
        for at in (0, 1):
            found = re.search(rf"Node {at}: \[?(\S+?)\]?:([0-9]+)$", told, re.MULTILINE)
            if found:
                nodes.append((found[1], int(found[2])))
        if len(nodes) < 2:
            continue
        halves = dict.fromkeys(nodes, b"")
        for line in told.splitlines():
            if re.fullmatch(r"\t?[0-9a-f]+", line):
                halves[nodes[line[0] == "\t"]] += bytes.fromhex(line.strip())
        conversations.append(halves)
    return by_client(conversations)


def as_the_table_says(name: str, tool: str, found: Streams | None) -> None:
    """The table is true where it says that something can't be read, too."""
    assert (found == CASES[name].expected) != ((name, tool) in CANNOT), (name, tool)


@pytest.mark.parametrize("name", CASES)
def test_ours_are_whole_and_dpkt_has_the_same_but_where_the_table_says(name: str) -> None:
    client = client_of(name)
    assert ours(file_of(name)) == {client: CASES[name].expected}
    pytest.importorskip("dpkt")
    as_the_table_says(name, "dpkt", of_dpkt(file_of(name)).get(client))


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not here")
def test_tshark_has_the_same_but_where_the_table_says(tmp_path: Path) -> None:
    # Sections of one file, since it takes a while to begin.
    found = of_tshark(b"".join(map(file_of, CASES)), tmp_path, len(CASES) + 3)
    for name in CASES:
        as_the_table_says(name, "tshark", found.get(client_of(name)))


@pytest.mark.parametrize("name", FILES)
def test_all_have_the_same_bytes_of_what_tcpdump_saw(name: str, tmp_path: Path) -> None:
    found = ours(file_of(name))
    pytest.importorskip("dpkt")
    assert of_dpkt(file_of(name)) == found
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not here")
    told = of_tshark(file_of(name), tmp_path, 4)
    assert told == found


def test_the_table_is_that_of_the_fixtures() -> None:
    rows = ["| capture | dpkt | tshark |", "|---|---|---|"]
    for name in CASES:
        told = [CANNOT.get((name, tool), "same") for tool in ("dpkt", "tshark")]
        rows.append(f"| {name} | {told[0]} | {told[1]} |")
    assert "\n".join(rows) in read_bytes("captures", "README.md").decode()
