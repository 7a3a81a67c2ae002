"""`hamaproto extract`: pictures, sound, video with its true times, and lists, out of a capture."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from hamaproto.captures.observed import Observed
from hamaproto.captures.secrets import hidden_value
from hamaproto.captures.streams import Gap
from hamaproto.cli.captures.source import Source, secrets_option, source_argument
from hamaproto.cli.exits import PARTIAL
from hamaproto.cli.options import json_option, need, overwrite_option
from hamaproto.cli.output import Output, open_output
from hamaproto.cli.plain import note, print_json, print_line
from hamaproto.events import AudioFrame, EndOfStream, Frame, G711Frame, Param
from hamaproto.gsm.tables import FRAME_BYTES, FRAME_SAMPLES
from hamaproto.picture_size import absurd_size, size_of

__all__ = ["extract"]

KINDS: Final = ("jpeg", "mkv", "wav", "list")
#: Files that are open at once; a file of an old stream is closed for that of a new one.
_MOST_OPEN: Final = 64


@click.command()
@source_argument
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FOLDER",
    type=click.Path(file_okay=False),
    help="Where the files go; made if it is not there.",
)
@click.option(
    "--only",
    "kinds",
    multiple=True,
    type=click.Choice(KINDS),
    help="Not all of them; may be given several times.",
)
@overwrite_option
@secrets_option
@json_option
def extract(
    source: str,
    output: str,
    kinds: tuple[str, ...],
    overwrite: bool,
    secrets: bool,
    as_json: bool,
) -> int:
    """Take out of a capture what is in it: each picture, sound, video with its true times, lists.

    FOLDER gets frame-000000.jpg for each picture (frame-000000-cut.jpg for one that was cut off),
    and for each exchange 1.mkv, 1.wav and 1.txt, as far as there is something for it.
    """
    wanted = frozenset(kinds or KINDS)
    folder = Path(output)
    with Source(source) as read:
        folder.mkdir(parents=True, exist_ok=True)
        taken = _Taken(folder, wanted, read, overwrite=overwrite, secrets=secrets)
        try:
            for seen in read:
                taken.take(seen)
        finally:
            taken.close()
    code = read.code
    if not sum(taken.counts.values()):
        note(f"{read.name}: nothing of it in the capture")
    if taken.untold:
        note(f"{read.name}: {taken.untold} pictures of a size that none can have are in no video")
        code = PARTIAL
    if as_json:
        print_json({"code": code, "folder": output, "files": dict(taken.counts)})
    else:
        for kind, count in taken.counts.items():
            if count:
                print_line(f"{count} {kind}")
    return code


class _Taken:
    """The files that are written."""

    def __init__(
        self, folder: Path, wanted: frozenset[str], source: Source, **options: Any
    ) -> None:
        self._folder = folder
        self._wanted = wanted
        self._source = source
        self._overwrite: bool = options["overwrite"]
        self._secrets: bool = options["secrets"]
        self._index = 0
        #: Files by kind.
        self.counts: dict[str, int] = dict.fromkeys(KINDS, 0)
        #: Pictures that no video takes.
        self.untold = 0
        self._open: OrderedDict[tuple[str, int], _File] = OrderedDict()
        self._parts: dict[tuple[str, int], int] = {}

    def take(self, seen: Observed) -> None:
        """Write what belongs into a file."""
        event = seen.event
        number = seen.exchange.number
        if isinstance(event, Frame):
            if "jpeg" in self._wanted:
                self._picture(event)
            self._index += 1
            if "mkv" in self._wanted and event.complete:
                if absurd_size(event.data) is not None or size_of(event.data) is None:
                    self.untold += 1
                else:
                    self._file("mkv", number, _Video, seen).take(seen)
        elif isinstance(event, AudioFrame):
            if "wav" in self._wanted:
                self._file("wav", number, _Wave, seen).take(seen)
        elif isinstance(event, Param):
            if "list" in self._wanted:
                self._file("list", number, _List, seen).take(seen)
        elif isinstance(event, Gap):
            wave = self._open.get(("wav", number))
            if wave is not None:
                wave.take(seen)
        elif isinstance(event, EndOfStream):
            for kind in KINDS:
                file = self._open.pop((kind, number), None)
                if file is not None:
                    file.close()

    def close(self) -> None:
        """Finish all files."""
        while self._open:
            self._open.popitem()[1].close()

    def _output(self, name: str, *, whole: bool) -> Output:
        path = os.path.join(self._folder, name)
        return open_output(path, overwrite=self._overwrite, whole=whole, sources=[self._source])

    def _picture(self, frame: Frame) -> None:
        cut = "" if frame.complete else "-cut"
        with self._output(f"frame-{self._index:06}{cut}.jpg", whole=True) as file:
            file.write(frame.data)
        self.counts["jpeg"] += 1

    def _file(
        self,
        kind: str,
        number: int,
        make: Callable[[Output, Observed, bool], _File],
        seen: Observed,
    ) -> _File:
        key = (kind, number)
        file = self._open.get(key)
        if file is not None and not file.fits(seen):
            self._open.pop(key).close()
            file = None
        if file is None:
            if len(self._open) >= _MOST_OPEN:
                self._open.popitem(last=False)[1].close()
            part = self._parts.get(key, 0)
            self._parts[key] = part + 1
            ending = {"list": "txt"}.get(kind, kind)
            name = f"{number}-{part}.{ending}" if part else f"{number}.{ending}"
            file = self._open[key] = make(self._output(name, whole=False), seen, self._secrets)
            self.counts[kind] += 1
        return file


class _File:
    """A file that grows with what is seen."""

    def fits(self, seen: Observed) -> bool:
        """Whether this goes into the same file."""
        return True

    def take(self, seen: Observed) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


_Maker = Callable[[Output, Observed, bool], _File]


class _Video(_File):
    """Pictures of one size, at the times at which they were there; 40 ms apart without times."""

    def __init__(self, output: Output, seen: Observed, secrets: bool) -> None:
        from hamaproto.cli.recording.matroska import Matroska

        assert isinstance(seen.event, Frame)
        size = size_of(seen.event.data)
        assert size is not None
        self._size = size
        self._first = seen.last.time
        self._count = 0
        self._file = Matroska(output, size, sound=False)

    def fits(self, seen: Observed) -> bool:
        return isinstance(seen.event, Frame) and size_of(seen.event.data) == self._size

    def take(self, seen: Observed) -> None:
        assert isinstance(seen.event, Frame)
        if self._first is None or seen.last.time is None:
            milliseconds = 40 * self._count
        else:
            milliseconds = max(0, round((seen.last.time - self._first) / 1e6))
        self._count += 1
        self._file.picture(seen.event.data, milliseconds)

    def close(self) -> None:
        self._file.close(durable=False)


class _Wave(_File):
    """Sound as samples; a gap is concealed for as long as what is missing would last."""

    def __init__(self, output: Output, seen: Observed, secrets: bool) -> None:
        need("numpy")
        from hamaproto.gsm import Decoder
        from hamaproto.gsm.wav import WavWriter

        self._output = output
        output.__enter__()
        self._decoder = Decoder()
        self._writer = WavWriter(output, room=False)

    def take(self, seen: Observed) -> None:
        event = seen.event
        if isinstance(event, G711Frame):
            from hamaproto.gsm import g711

            samples = g711.decode(event.data, event.law).astype("<i2", copy=False)
        elif isinstance(event, AudioFrame):
            samples = self._decoder.decode(event.data).astype("<i2", copy=False)
        elif isinstance(event, Gap):
            for _ in range(min(event.length // FRAME_BYTES, 50 * 60)):
                lost = self._decoder.conceal().astype("<i2")
                assert len(lost) == FRAME_SAMPLES
                self._writer.write(lost.tobytes())
            return
        else:
            return
        self._writer.write(samples.tobytes())

    def close(self) -> None:
        self._writer.close()
        self._output.__exit__(None, None, None)


class _List(_File):
    """The lines of a parameter list; what is secret in them is left out."""

    def __init__(self, output: Output, seen: Observed, secrets: bool) -> None:
        self._output = output
        output.__enter__()
        self._secrets = secrets

    def take(self, seen: Observed) -> None:
        param = seen.event
        assert isinstance(param, Param)
        line = param.line
        if not self._secrets:
            value = hidden_value(param.raw_key, param.value)
            if value != param.value:
                line = f"{param.raw_key}={value}".encode("utf-8", "replace")
        self._output.write(line + b"\n")

    def close(self) -> None:
        self._output.__exit__(None, None, None)
