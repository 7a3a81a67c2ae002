"""How fast the MJPEG parser is, beside everything else that Python can call.

    python -m bench mjpeg [--quick] [--json] [--rounds N] [--only SPEED|FLOODS]

Each table of speed has a row a reader: all read the same 2000 real frames (`bench.frames`), with
and without Content-Length, in pieces of 1460, 16384 and 65536 bytes, and drop each frame at
once.  The rows take turns, round after round, and the best of each counts: what else runs on a
machine only ever adds time.  What is measured is the processor time of this process, the
kernel's share included.  `limit` is the ratio to the physical limit: to allocate each frame
and to copy it once.  `right` says whether a reader gave exactly the frames that were sent;
it is found out in a run that is not timed.  A peer that is not installed is left out, and
the last lines say so.

Rows over a socket pair have a child process that writes: their limit is to receive into one
buffer and do nothing.

First comes a summary of four loads, then a table for each load, then what was aimed at:
`bench/README.md` has the first and the last.

The tables of floods have bytes that are no images and are repeated to no end.  They
give their time per byte relative to that of ordinary data in pieces of the same size, and how
that time grows when there is four times as much.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import json
import math
import os
import platform
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.frames import frames as real_frames
from fixtures.build.traps import FLOOD_PLACES, floods
from fixtures.feeding import pieces

__all__ = ["main"]

BOUNDARY = "frame"
CONTENT_TYPE = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
SIZES = (1460, 16384, 65536)

#: What a reader does with a frame, or None: drop it.
Sink = Callable[[bytes], object] | None
#: Reads a stream that comes in pieces, gives each frame to the sink, counts them.
Reader = Callable[[list[bytes], Sink], int]


@dataclass(frozen=True, slots=True)
class Load:
    """One stream to read, in pieces of one size."""

    frames: list[bytes]
    body: bytes
    size: int
    length: bool

    @property
    def label(self) -> str:
        return f"{'with' if self.length else 'without'} Content-Length, {self.size} B"


def stream(frames: list[bytes], *, length: bool) -> bytes:
    out = []
    for data in frames:
        out.append(b"--frame\r\nContent-Type: image/jpeg\r\n")
        if length:
            out.append(b"Content-Length: %d\r\n" % len(data))
        out += (b"\r\n", data, b"\r\n")
    out.append(b"--frame--\r\n")
    return b"".join(out)


# The readers


def ours(module: str) -> Reader:
    parser_class = importlib.import_module(module).MjpegParser

    def read(chunks: list[bytes], sink: Sink) -> int:
        from hamaproto.events import NEED_DATA, Frame

        parser = parser_class(CONTENT_TYPE)
        receive, next_event = parser.receive_data, parser.next_event
        count = 0
        for chunk in chunks:
            receive(chunk)
            while (event := next_event()) is not NEED_DATA:
                if type(event) is Frame:
                    count += 1
                    if sink is not None:
                        sink(event.data)
        return count

    return read


def ours_decoded(module: str) -> Reader:
    """The same through `decode`: the parser fetches the pieces, as PyAV does."""
    from hamaproto.io.adapters import decode

    parser_class = importlib.import_module(module).MjpegParser

    def read(chunks: list[bytes], sink: Sink) -> int:
        from hamaproto.events import Frame

        count = 0
        for event in decode(chunks, parser_class(CONTENT_TYPE)):
            if type(event) is Frame:
                count += 1
                if sink is not None:
                    sink(event.data)
        return count

    return read


def pyav(*, fitted: bool) -> Reader:
    """FFmpeg's demuxer; each frame is made `bytes`, which is what all others give.

    As it is opened by default, with a buffer of 32 KiB; or with a buffer fitted to the pieces.
    """
    import av

    class File:
        """What PyAV reads from: the pieces, one a call."""

        def __init__(self, chunks: list[bytes]) -> None:
            self._next = iter(chunks).__next__

        def read(self, size: int) -> bytes:
            try:
                return self._next()
            except StopIteration:
                return b""

    class Large(File):
        """For pieces larger than what is asked for."""

        _held = b""

        def read(self, size: int) -> bytes:
            data = self._held or super().read(size)
            self._held = data[size:]
            return data[:size]

    def read(chunks: list[bytes], sink: Sink) -> int:
        count = 0
        file: Any = File(chunks) if fitted or len(chunks[0]) <= 32768 else Large(chunks)
        buffer = {"buffer_size": len(chunks[0])} if fitted else {}
        with av.open(file, "r", format="mpjpeg", **buffer) as container:
            packets = container.demux(video=0)
            while True:
                try:
                    packet = next(packets)
                except (StopIteration, av.error.FFmpegError):
                    break  # it takes the closing delimiter for an error
                if packet.size:
                    count += 1
                    # As bytes, which is what every reader here has to give.
                    data = bytes(packet)
                    if sink is not None:
                        sink(data)
        return count

    return read


def aiohttp_reader() -> Reader:
    from aiohttp import MultipartReader, StreamReader
    from aiohttp.base_protocol import BaseProtocol

    async def run(chunks: list[bytes], sink: Sink) -> int:
        loop = asyncio.get_running_loop()
        content = StreamReader(BaseProtocol(loop), 1 << 40, loop=loop)
        for chunk in chunks:  # kept as they are: no copy
            content.feed_data(chunk)
        content.feed_eof()
        reader = MultipartReader({"Content-Type": CONTENT_TYPE}, content)
        count = 0
        while (part := await reader.next()) is not None:
            data = await part.read()  # type: ignore[union-attr]
            count += 1
            if sink is not None:
                sink(bytes(data))
        return count

    return lambda chunks, sink: asyncio.run(run(chunks, sink))


def defnull() -> Reader:
    multipart = importlib.import_module("multipart")

    class Parser(multipart.PushMultipartParser):  # type: ignore[misc,name-defined]
        """It is meant for forms and wants a field's name, which no camera sends."""

        def _create_segment(self, headers: list[tuple[str, str]]) -> Any:
            named = [("Content-Disposition", 'form-data; name="f"'), *headers]
            return super()._create_segment(named)

    def read(chunks: list[bytes], sink: Sink) -> int:
        count = 0
        parser = Parser(BOUNDARY)
        data: list[bytes] = []
        for chunk in chunks:
            for event in parser.parse(chunk):
                if event is None:
                    whole = b"".join(data)
                    count += 1
                    data.clear()
                    if sink is not None:
                        sink(whole)
                elif type(event) is bytes:
                    data.append(event)
        return count

    return read


def python_multipart() -> Reader:
    module = importlib.import_module("python_multipart")

    def read(chunks: list[bytes], sink: Sink) -> int:
        count = 0
        data: list[bytes] = []

        def on_data(chunk: bytes, start: int, end: int) -> None:
            data.append(chunk[start:end])

        def on_end() -> None:
            nonlocal count
            whole = b"".join(data)
            data.clear()
            count += 1
            if sink is not None:
                sink(whole)

        callbacks = {"on_part_data": on_data, "on_part_end": on_end}
        parser = module.MultipartParser(BOUNDARY, callbacks)
        for chunk in chunks:
            parser.write(chunk)
        return count

    return read


def find_loop() -> Reader:
    """What every tutorial shows: look for FFD8 and FFD9 in all that has come so far."""

    def read(chunks: list[bytes], sink: Sink) -> int:
        count = 0
        held = b""
        for chunk in chunks:
            held += chunk
            while True:
                start = held.find(b"\xff\xd8")
                end = held.find(b"\xff\xd9")
                if start == -1 or end == -1:
                    break
                data = held[start : end + 2]
                held = held[end + 2 :]
                count += 1
                if sink is not None:
                    sink(data)
        return count

    return read


def copy_limit(load: Load) -> Reader:
    """Allocate each frame and copy it once, its place being known."""
    view = memoryview(load.body)
    places = []
    at = 0
    for data in load.frames:
        at = load.body.index(b"\r\n\r\n", at) + 4
        places.append((at, at + len(data)))
        at += len(data)

    def read(chunks: list[bytes], sink: Sink) -> int:
        for start, stop in places:
            data = bytes(view[start:stop])
            if sink is not None:
                sink(data)
        return len(places)

    return read


def memmem_limit(load: Load) -> Reader:
    """Find each delimiter in the whole body, and copy nothing."""
    body = load.body

    def read(chunks: list[bytes], sink: Sink) -> int:
        count = at = 0
        while (at := body.find(b"\r\n--frame", at)) >= 0:
            count += 1
            at += 9
        return count

    return read


#: Readers of pieces, by name: what makes one, and what must be installed for it.
READERS: dict[str, Callable[[], Reader]] = {
    "ours, compiled": lambda: ours_decoded("hamaproto.wire._mjpeg.parser"),
    "ours, compiled, piece by piece": lambda: ours("hamaproto.wire._mjpeg.parser"),
    "ours, pure": lambda: ours_decoded("hamaproto.wire.mjpeg.parser"),
    "ours, pure, piece by piece": lambda: ours("hamaproto.wire.mjpeg.parser"),
    "PyAV mpjpeg": lambda: pyav(fitted=False),
    "PyAV mpjpeg, buffer fitted": lambda: pyav(fitted=True),
    "aiohttp": aiohttp_reader,
    "defnull/multipart": defnull,
    "python-multipart": python_multipart,
    "find FFD8/FFD9": find_loop,
}


# Over a socket pair


def _writer(body: bytes, size: int) -> tuple[socket.socket, int]:
    """A socket to read `body` from, and the child process that writes it."""
    here, there = socket.socketpair()
    child = os.fork()
    if child == 0:
        try:
            here.close()
            view = memoryview(body)
            for at in range(0, len(body), size):
                there.sendall(view[at : at + size])
        finally:
            os._exit(0)
    there.close()
    return here, child


def socket_zero_copy(load: Load) -> int:
    from hamaproto.events import NEED_DATA, Frame

    parser = importlib.import_module("hamaproto.wire._mjpeg.parser").MjpegParser(CONTENT_TYPE)
    connection, child = _writer(load.body, load.size)
    receive, get_buffer = connection.recv_into, parser.get_buffer
    updated, next_event = parser.buffer_updated, parser.next_event
    size, count = load.size, 0
    while True:
        buffer = get_buffer(size)
        got = receive(buffer, min(size, len(buffer)))
        if not got:
            break
        updated(got)
        while (event := next_event()) is not NEED_DATA:
            count += type(event) is Frame
    connection.close()
    os.waitpid(child, 0)
    return count


def socket_chunks(load: Load) -> int:
    from hamaproto.events import NEED_DATA, Frame

    parser = importlib.import_module("hamaproto.wire._mjpeg.parser").MjpegParser(CONTENT_TYPE)
    connection, child = _writer(load.body, load.size)
    receive, feed, next_event = connection.recv, parser.receive_data, parser.next_event
    size, count = load.size, 0
    while chunk := receive(size):
        feed(chunk)
        while (event := next_event()) is not NEED_DATA:
            count += type(event) is Frame
    connection.close()
    os.waitpid(child, 0)
    return count


def socket_limit(load: Load) -> int:
    connection, child = _writer(load.body, load.size)
    receive, buffer = connection.recv_into, bytearray(load.size)
    while receive(buffer):
        pass
    connection.close()
    os.waitpid(child, 0)
    return len(load.frames)


SOCKETS: dict[str, Callable[[Load], int]] = {
    "socket: ours, zero-copy": socket_zero_copy,
    "socket: ours, recv": socket_chunks,
    "socket: recv_into alone": socket_limit,
}


# Measuring


@dataclass(slots=True)
class Row:
    """One reader at one load."""

    name: str
    run: Callable[[], int]
    #: Whether it gave what was sent, and how many frames; None for what gives none.
    right: bool | None
    given: int
    bytes: int
    frames: int
    times: list[float] = field(default_factory=list)

    def round(self) -> None:
        gc.collect()
        gc.disable()
        try:
            start = time.process_time()
            self.run()
            self.times.append(time.process_time() - start)
        finally:
            gc.enable()

    @property
    def seconds(self) -> float:
        return min(self.times)

    @property
    def rate(self) -> float:
        """Gigabytes a second."""
        return self.bytes / self.seconds / 1e9

    @property
    def each(self) -> float:
        """Microseconds a frame."""
        return self.seconds / self.frames * 1e6


def _is_right(read: Reader, load: Load, chunks: list[bytes]) -> tuple[bool, int]:
    """Whether all frames came out as they were sent, and how many came."""
    expected = iter(load.frames)
    same = []

    def sink(data: bytes) -> None:
        same.append(data == next(expected, None))

    try:
        read(chunks, sink)
    except Exception as error:
        print(f"  {type(error).__name__}: {error}", file=sys.stderr)
        return False, len(same)
    return all(same) and len(same) == len(load.frames), len(same)


def _rows(load: Load, chunks: list[bytes], skipped: dict[str, str]) -> Iterator[Row]:
    about = (len(load.body), len(load.frames))
    limits: dict[str, Reader] = {
        "limit: allocate and copy once": copy_limit(load),
        "limit: find the delimiters": memmem_limit(load),
    }
    for name, read in limits.items():
        yield Row(name, lambda read=read: read(chunks, None), None, 0, *about)  # type: ignore[misc]
    for name, make in READERS.items():
        try:
            read = make()
        except ImportError as error:
            skipped[name] = str(error)
            continue
        right, given = _is_right(read, load, chunks)
        yield Row(name, lambda read=read: read(chunks, None), right, given, *about)  # type: ignore[misc]


def _socket_rows(load: Load, skipped: dict[str, str]) -> Iterator[Row]:
    about = (len(load.body), len(load.frames))
    if not hasattr(os, "fork"):
        skipped["socket pair"] = "no fork on this system"
        return
    for name, over in SOCKETS.items():
        try:
            given = over(load)
        except ImportError as error:
            skipped[name] = str(error)
            continue
        right = given == len(load.frames)
        yield Row(name, lambda over=over: over(load), right, given, *about)  # type: ignore[misc]


def measure(count: int, rounds: int, skipped: dict[str, str]) -> dict[str, list[Row]]:
    pictures = real_frames(count)
    out: dict[str, list[Row]] = {}
    for length in (True, False):
        body = stream(pictures, length=length)
        for size in SIZES:
            load = Load(pictures, body, size, length)
            chunks = pieces(body, size)
            out[load.label] = []
            # The sockets apart and last: behind a fork, whoever first counts a reference to a
            # chunk pays for the copy of its page.
            for kind in (_rows(load, chunks, skipped), _socket_rows(load, skipped)):
                rows = list(kind)
                for _ in range(rounds):
                    for row in rows:
                        row.round()
                out[load.label] += rows
            print(f"  measured: {load.label}", file=sys.stderr)
    return out


def _find(rows: Sequence[Row], name: str) -> Row | None:
    return next((row for row in rows if row.name == name), None)


#: The loads that tell most, which `bench/README.md` has side by side.
SUMMARY = (
    "with Content-Length, 65536 B",
    "with Content-Length, 1460 B",
    "without Content-Length, 65536 B",
    "without Content-Length, 1460 B",
)


def _share(row: Row, rows: Sequence[Row]) -> str:
    """The ratio to what no reader can pass: for a socket its own limit."""
    socket = row.name.startswith("socket")
    limit = _find(rows, "socket: recv_into alone" if socket else "limit: allocate and copy once")
    return f"{row.rate / limit.rate:.2f}" if limit else "-"


def _summary(results: dict[str, list[Row]]) -> Iterator[str]:
    """GB/s, and in brackets the share of the limit: a row a reader, a column a load."""
    yield "\n| reader | " + " | ".join(SUMMARY) + " |"
    yield "| --- |" + " ---: |" * len(SUMMARY)
    for name in [row.name for row in results[SUMMARY[0]]]:
        cells = []
        for label in SUMMARY:
            row = _find(results[label], name)
            cells.append(f"{row.rate:.2f} ({_share(row, results[label])})" if row else "-")
        yield f"| {name} | " + " | ".join(cells) + " |"


def _table(results: dict[str, list[Row]]) -> Iterator[str]:
    for label, rows in results.items():
        peer = _find(rows, "PyAV mpjpeg")
        yield f"\n{label}\n"
        yield "| reader | GB/s | µs a frame | of the limit | x PyAV | right |"
        yield "| --- | ---: | ---: | ---: | ---: | --- |"
        for row in rows:
            share = _share(row, rows)
            times = f"{row.rate / peer.rate:.2f}" if peer else "-"
            right = {True: "yes", False: f"no: {row.given} frames", None: ""}[row.right]
            yield f"| {row.name} | {row.rate:.2f} | {row.each:.1f} | {share} | {times} | {right} |"


#: What was aimed at: (twin, load, against what, ratio).  The faster way of feeding counts.
TARGETS = (
    ("compiled", "with Content-Length, 65536 B", "limit", 0.75),
    ("compiled", "with Content-Length, 65536 B", "PyAV", 2.0),
    ("compiled", "with Content-Length, 1460 B", "limit", 0.35),
    ("compiled", "with Content-Length, 1460 B", "PyAV", 2.5),
    ("compiled", "without Content-Length, 65536 B", "limit", 0.4),
    ("compiled", "without Content-Length, 65536 B", "best", 2.5),
    ("pure", "with Content-Length, 65536 B", "PyAV", 1.2),
    ("pure", "with Content-Length, 1460 B", "PyAV", 0.8),
    ("pure", "without Content-Length, 65536 B", "best", 0.6),
)


def _targets(results: dict[str, list[Row]]) -> Iterator[str]:
    yield "\nTargets\n"
    yield "| twin | load | against | aimed at | is |"
    yield "| --- | --- | --- | ---: | ---: |"
    for twin, label, against, aim in TARGETS:
        rows = results.get(label, [])
        ways = [row for row in rows if row.name.startswith(f"ours, {twin}")]
        mine = max(ways, key=lambda row: row.rate, default=None)
        if against == "best":
            right = [row for row in rows if row.right and not row.name.startswith(("ours", "so"))]
            other = max(right, key=lambda row: row.rate, default=None)
        else:
            name = "PyAV mpjpeg" if against == "PyAV" else "limit: allocate and copy once"
            other = _find(rows, name)
        if mine and other:
            ratio = mine.rate / other.rate
            sign = "" if ratio >= aim else " (missed)"
            yield f"| {twin} | {label} | {other.name} | {aim} | {ratio:.2f}{sign} |"


# Floods


#: Seconds after which a flood is told by what was fed of it until then.
PATIENCE = 0.3
#: How often each is fed, unless that many seconds are spent on it first.
ROUNDS = 5
SPENT = 0.15


def _per_byte(parser_class: Any, start: bytes, data: bytes, size: int) -> float:
    """Nanoseconds a byte."""
    from hamaproto.errors import HamaError

    parser = parser_class(CONTENT_TYPE)
    parser.receive_data(start)
    for _ in parser.events():
        pass
    chunks = pieces(data, size)
    fed = 0
    gc.collect()
    gc.disable()
    begin = time.process_time()
    try:
        for number, chunk in enumerate(chunks):
            parser.receive_data(chunk)
            for _ in parser.events():
                pass
            fed += len(chunk)
            if (size > 1 or not number & 1023) and time.process_time() - begin > PATIENCE:
                break
    except HamaError:
        pass  # a limit: it has done its work
    finally:
        taken = time.process_time() - begin
        gc.enable()
    return taken / max(1, fed) * 1e9


def _best(parser_class: Any, start: bytes, data: bytes, size: int) -> float:
    """Nanoseconds a byte in the best of some rounds."""
    begin = time.process_time()
    best = math.inf
    for _ in range(ROUNDS):
        best = min(best, _per_byte(parser_class, start, data, size))
        if time.process_time() - begin > SPENT:
            break
    return best


@dataclass(slots=True)
class Flood:
    """One flood: nanoseconds a byte, relative to ordinary data, and with four times more."""

    twin: str
    place: str
    name: str
    size: int
    each: float
    relative: float
    growth: float


def measure_floods(count: int, skipped: dict[str, str], *, quick: bool) -> list[Flood]:
    pictures = real_frames(count)[:40]
    ordinary = stream(pictures, length=False)
    first = stream(pictures[:1], length=True)[: -len(b"--frame--\r\n")]
    out = []
    for twin, module in (
        ("compiled", "hamaproto.wire._mjpeg.parser"),
        ("pure", "hamaproto.wire.mjpeg.parser"),
    ):
        try:
            parser_class = importlib.import_module(module).MjpegParser
        except ImportError as error:
            skipped[f"floods, {twin}"] = str(error)
            continue
        for size, amount in (
            (65536, 60_000 if quick else 250_000),
            (1, 2500 if quick else 10_000),
        ):
            data = ordinary[: max(amount, 500_000 if size > 1 else amount)]
            base = _best(parser_class, b"", data, size)
            small, large = floods(amount), floods(4 * amount)
            for place, before in FLOOD_PLACES.items():
                start = first + before
                for name, flood in small.items():
                    each = _best(parser_class, start, flood, size)
                    more = _best(parser_class, start, large[name], size)
                    growth = more / each if each else 1.0
                    out.append(Flood(twin, place, name, size, more, more / base, growth))
        print(f"  measured: floods, {twin}", file=sys.stderr)
    return out


def _flood_table(rows: list[Flood]) -> Iterator[str]:
    for twin in ("compiled", "pure"):
        for size in (65536, 1):
            chosen = [row for row in rows if row.twin == twin and row.size == size]
            if not chosen:
                continue
            base = chosen[0].each / chosen[0].relative
            yield f"\nFloods, {twin}, pieces of {size} B: ns a byte, x ordinary data ({base:.2f})"
            yield "(in brackets: how the time of a byte grows when there are four times as many)\n"
            yield "| flood | " + " | ".join(FLOOD_PLACES) + " |"
            yield "| --- |" + " ---: |" * len(FLOOD_PLACES)
            for name in dict.fromkeys(row.name for row in chosen):
                cells = [
                    f"{row.each:.1f}, x{row.relative:.1f} ({row.growth:.1f})"
                    for place in FLOOD_PLACES
                    for row in chosen
                    if row.name == name and row.place == place
                ]
                yield f"| {name} | " + " | ".join(cells) + " |"


def _machine() -> str:
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as info:
            model = next(line for line in info if line.startswith("model name")).split(": ")[1]
    except (OSError, StopIteration):
        pass
    return f"{model.strip()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench mjpeg",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="300 frames, three rounds")
    parser.add_argument("--json", action="store_true", help="print JSON rather than tables")
    parser.add_argument("--rounds", type=int, default=0, help="how often each row is measured")
    parser.add_argument("--only", choices=["speed", "floods"], help="one of the two tables")
    options = parser.parse_args(argv)
    count = 300 if options.quick else 2000
    skipped: dict[str, str] = {}
    results: dict[str, list[Row]] = {}
    flooded: list[Flood] = []
    if options.only != "floods":
        results = measure(count, options.rounds or (3 if options.quick else 7), skipped)
    if options.only != "speed":
        flooded = measure_floods(count, skipped, quick=options.quick)
    if options.json:
        print(
            json.dumps(
                {
                    "machine": _machine(),
                    "speed": [
                        {
                            "load": label,
                            "reader": row.name,
                            "GB/s": round(row.rate, 4),
                            "us a frame": round(row.each, 3),
                            "right": row.right,
                        }
                        for label, rows in results.items()
                        for row in rows
                    ],
                    "floods": [
                        {
                            "twin": row.twin,
                            "place": row.place,
                            "flood": row.name,
                            "piece": row.size,
                            "ns a byte": round(row.each, 3),
                            "relative": round(row.relative, 3),
                            "growth": round(row.growth, 3),
                        }
                        for row in flooded
                    ],
                    "skipped": skipped,
                },
                indent=1,
            )
        )
        return 0
    print(_machine())
    if results:
        for line in _summary(results):
            print(line)
    for line in _table(results):
        print(line)
    if results:
        for line in _targets(results):
            print(line)
    for line in _flood_table(flooded):
        print(line)
    for name, why in skipped.items():
        print(f"left out: {name} ({why})")
    return 0
