"""Everybody who reads MJPEG from Python: ours, others, and what no reader can pass.

A reader takes the pieces of a stream, gives each frame to a sink and counts them.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from bench.measure.entries import Entry, Key, Options, OwnReader, Skipped, Timed, Told, Unit, raised
from bench.peers.tree import NAME as TREE
from bench.peers.tree import Tree
from bench.streams import BOUNDARY, CONTENT_TYPE, Load

__all__ = ["COPY", "FIND", "READERS", "Reader", "contest", "judged", "limits", "own", "readers"]

#: What a reader does with a frame, or None: drop it.
Sink: TypeAlias = Callable[[bytes], object] | None
#: Reads a stream that comes in pieces, gives each frame to the sink, counts them.
Reader: TypeAlias = Callable[[list[bytes], Sink], int]

#: What a parser in another tree is compared with, since it is read so.
PIECES = "ours, compiled, piece by piece"
COPY, FIND = "limit: allocate and copy once", "limit: find the delimiters"


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
        largest = max(map(len, chunks))
        file: Any = File(chunks) if fitted or largest <= 32768 else Large(chunks)
        size = largest if fitted else 32768
        with av.open(file, "r", format="mpjpeg", buffer_size=size) as container:
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
        while True:
            try:
                part = await reader.next()
                if part is None:
                    break
                data = await part.read()  # type: ignore[union-attr]
            except ValueError:
                break  # it takes the end without a closing delimiter for an error
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
    places = [(at, at + len(data)) for at, data in load.placed()]

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


def own(function: OwnReader) -> Reader:
    """What `--reader` named, as a reader of ours."""

    def read(chunks: list[bytes], sink: Sink) -> int:
        count = 0
        for data in function(iter(chunks), CONTENT_TYPE):
            count += 1
            if sink is not None:
                sink(data)
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


def readers(options: Options) -> dict[str, Callable[[], Reader]]:
    """All of `READERS`, and behind them those that the command named."""
    named: dict[str, Callable[[], Reader]] = {
        spec: lambda function=function: own(function)  # type: ignore[misc]
        for spec, function in options.readers.items()
    }
    return READERS | named


def judged(read: Reader, load: Load) -> str:
    """Empty if it gave exactly the frames that were sent, else what it gave instead."""
    expected = iter(load.frames)
    same: list[bool] = []
    try:
        read(load.pieces, lambda data: same.append(data == next(expected, None)))
    except Exception as error:  # whatever a parser of somebody raises
        return f"{raised(error)} (behind {sum(same)} right frames)"
    if all(same) and len(same) == len(load.frames):
        return ""
    return f"wrong: {sum(same)} of {len(load.frames)} frames in their place and as they were sent"


def limits(load: Load, unit: Unit, amount: float) -> Iterator[Timed]:
    """What no reader can pass."""
    for name, make in ((COPY, copy_limit), (FIND, memmem_limit)):
        yield Timed(load.name, name, unit, amount, _call(make(load), load), (load.name, COPY))


def _call(read: Reader, load: Load) -> Callable[[], int]:
    return lambda: read(load.pieces, None)


def contest(
    load: Load,
    options: Options,
    unit: Unit,
    amount: float,
    reference: Callable[[str], Key],
    names: Sequence[str] = (),
) -> Iterator[Entry | Skipped]:
    """Every reader of one load, or those that are named; `reference` is asked for each one's."""
    for name, make in readers(options).items():
        if names and name not in names:
            continue
        try:
            read = make()
        except ImportError as error:
            yield Skipped(load.name, name, str(error))
            continue
        wrong = judged(read, load)
        if wrong.startswith("raised"):
            yield Skipped(load.name, name, wrong)
        else:
            yield Timed(
                load.name, name, unit, amount, _call(read, load), reference(name), note=wrong
            )
    if options.against is not None:
        there = Tree(options.against, CONTENT_TYPE, load.pieces)

        def figures() -> list[float]:
            return [unit.of(there.seconds(), amount)]

        yield Told(TREE, ((load.name, unit),), figures, PIECES)
