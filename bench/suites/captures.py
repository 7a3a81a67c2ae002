"""Captures: packets a second to dated frames, beside dpkt's objects, and memory over many streams.

The packets are those of one MJPEG stream, each up to four places away from its own in the file,
one in fifty of them twice, without a FIN.  Ours finds all of its frames, each with its times; what
dpkt gives are the headers of each packet, and it puts nothing together.

The memory is that of a process that reads, from a pipe, many conversations that stay open, by
turns, one packet in a hundred missing: the most that it had up to each quarter of what it read,
and the packets that it read in a second of the second half, beside one that reads as much of few
conversations.
"""

from __future__ import annotations

import importlib.util
import io
import os
import random
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from bench.measure.child import Child
from bench.measure.entries import Contest, Options, Skipped, Timed, Told, Unit
from bench.measure.machine import resident
from bench.streams import large_frames
from fixtures.build.jpegs import image as small
from fixtures.build.jpegs import with_comment
from fixtures.build.packets import Tcp, disturbed, pcap, talk
from hamaproto import captures
from hamaproto.events import Frame

__all__ = ["SETTINGS", "contests"]

SETTINGS = {"frames": 600, "conversations": 10_000, "megabytes": 600}
FEW = 10
QUARTERS = 4
PACKETS = Unit("packets/s", more=True, rate=True)
MB = Unit("MB")
COUNT = Unit("frames", more=True)
A_SECOND = Unit("packets/s", more=True)
THEIRS = "dpkt, objects of each packet"
QUESTION = b"GET /mjpg/video.mjpg HTTP/1.0\r\n\r\n"
HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"
PART = b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n"
PIECE = 1 << 20
ROOT = Path(__file__).resolve().parents[2]


def frames_of(data: bytes) -> int:
    """All frames, with their times."""
    with captures.open(io.BytesIO(data)) as capture:
        return sum(1 for seen in capture if isinstance(seen.event, Frame) and seen.last.time)


def streams_of(data: bytes) -> int:
    """The bytes of all streams, put together and not looked at."""
    parser, reassembler = captures.PcapParser(), captures.TcpReassembler()
    size = 0
    for start in range(0, len(data), PIECE):
        parser.receive_data(data[start : start + PIECE])
        while items := parser.take(256):
            reassembler.receive_items(items)
            for event in reassembler.events():
                if isinstance(event, captures.StreamData):
                    size += len(event.data)
    return size


def objects_of(data: bytes) -> int:
    """What dpkt makes of each packet."""
    import dpkt

    size = 0
    for _, packet in dpkt.pcap.Reader(io.BytesIO(data)):
        size += len(dpkt.ethernet.Ethernet(packet).data.data.data)
    return size


def contests(options: Options) -> Iterator[Contest]:
    count = options.setting("frames", SETTINGS["frames"], 40)
    images = large_frames(min(count, 60))
    answer = HEAD + b"".join(
        PART % (len(image), image) for image in (images[n % len(images)] for n in range(count))
    )
    packets = talk(QUESTION, answer, fin=False)
    for row, some in (
        ("in order", packets),
        ("shuffled, sent again", disturbed(packets, 1, reach=4, again=0.02)),
    ):
        yield _speed(row, some, count)
    conversations = options.setting("conversations", SETTINGS["conversations"], 50)
    megabytes = options.setting("megabytes", SETTINGS["megabytes"], 2)
    rows = (
        *((f"most held up to {quarter * 100 // QUARTERS} % of {megabytes} MB", MB)
          for quarter in range(1, QUARTERS + 1)),
        ("read in the second half", A_SECOND),
        ("frames found", COUNT),
    )  # fmt: skip
    few = f"{FEW} open"
    yield [
        Told(few, rows, partial(_memory, FEW, megabytes), once=True),
        Told(f"{conversations} open", rows, partial(_memory, conversations, megabytes), few, True),
    ]


def _speed(row: str, packets: list[Tcp], frames: int) -> Contest:
    data = pcap(packets)
    found = frames_of(data)
    note = "" if found == frames else f"gave {found} of {frames} frames"
    reference = (row, THEIRS)
    entries: list[Timed | Told | Skipped] = [
        Timed(row, "hamaproto, dated frames", PACKETS, len(packets), partial(frames_of, data),
              reference, note),
        Timed(row, "hamaproto, streams", PACKETS, len(packets), partial(streams_of, data),
              reference),
    ]  # fmt: skip
    if importlib.util.find_spec("dpkt") is None:
        return [*entries, Skipped(row, THEIRS, "dpkt is not installed")]
    theirs = Timed(row, THEIRS, PACKETS, len(packets), partial(objects_of, data), reference)
    return [*entries, theirs]


# -- memory ------------------------------------------------------------------------------


class Reader:
    """Of another process: reads so much from a pipe, and says what it held when, and how fast."""

    def __call__(self, conversations: int, size: int) -> list[float]:
        words = [sys.executable, "-m", "bench.suites.captures", str(conversations), str(size)]
        parser = captures.CaptureParser()
        got = found = 0
        told: list[float] = []
        most, half = 0, (0.0, 0)
        with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=ROOT, pipesize=PIECE) as writer:
            assert writer.stdout is not None
            while piece := os.read(writer.stdout.fileno(), PIECE):
                got += len(piece)
                parser.receive_data(piece)
                for event in parser.events():
                    found += isinstance(event, captures.Observed) and isinstance(event.event, Frame)
                most = max(most, resident())
                # A quarter is what was asked for; a little more comes.
                if len(told) < QUARTERS - 1 and got * QUARTERS > size * (len(told) + 1):
                    told.append(most / 1e6)
                    if len(told) == QUARTERS // 2:
                        half = time.process_time(), parser.packets
        rate = (parser.packets - half[1]) / (time.process_time() - half[0])
        return [*told, most / 1e6, rate, found]


def _packets(conversations: int, size: int) -> Iterator[bytes]:
    """Records of a pcap file: a part for each conversation in turn, until it is enough."""
    chance = random.Random(1)
    image = with_comment(small("420", 1), b"c" * 2500)
    part = PART % (len(image), image)
    pieces = [part[at : at + 1448] for at in range(0, len(part), 1448)]
    record, headers = struct.Struct("<IIII"), struct.Struct(">12xHBxHxxHBBxxIIHHIIBBHxxxx")
    sent = [1000] * conversations
    written = number = 0

    def packet(index: int, piece: bytes, flags: int) -> bytes:
        data = headers.pack(
            *(0x0800, 0x45, 40 + len(piece), 0, 64, 6, 0x0A000001, 0x0B000000 + index, 80, 1000),
            *(sent[index], 0, 0x50, flags, 0xFFFF),
        )
        length = len(data) + len(piece)
        return record.pack(number // 1000, number % 1000, length, length) + data + piece

    while written < size:
        for index in range(conversations):
            begins = sent[index] == 1000
            if begins and index % 2:  # half of them began before the capture
                sent[index] -= 1
                yield packet(index, b"", 0x12)
                sent[index] += 1
            for piece in (HEAD, *pieces) if begins else pieces:
                number += 1
                if chance.random() >= 0.01:
                    yield packet(index, piece, 0x10)
                    written += len(piece) + 70
                sent[index] = (sent[index] + len(piece)) & 0xFFFFFFFF


def _memory(conversations: int, megabytes: int) -> list[float]:
    child: Any = Child(Reader, core=None, patience=7200)
    told: list[float] = child.ask(conversations, megabytes * 1_000_000)
    child.close()
    return told


if __name__ == "__main__":
    sys.stdout.buffer.write(pcap([]))
    for one in _packets(int(sys.argv[1]), int(sys.argv[2])):
        sys.stdout.buffer.write(one)
