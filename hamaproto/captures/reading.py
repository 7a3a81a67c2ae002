"""`open(path)`: a file of captured traffic, as something to iterate over.

with captures.open("door.pcapng") as capture:
    for seen in capture:
        print(seen.last.time, seen.event)
"""

from __future__ import annotations

import builtins
import os
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import BinaryIO, Final, Self

from hamaproto.captures.observed import Observed
from hamaproto.captures.packets import Bounds, Interface, Section
from hamaproto.captures.parser import CaptureParser
from hamaproto.errors import ArgumentTypeError
from hamaproto.events import EndOfStream
from hamaproto.limits import Limits

__all__ = ["MOST_DESCRIBED", "Capture", "open"]

#: Bytes that are read at once: what the caches of a core hold besides all else.
_PIECE: Final = 1 << 18
#: Sections, and interfaces, that are kept: a file may hold millions.
MOST_DESCRIBED: Final = 4096


class Capture(Iterable[Observed]):
    """A file of captured traffic, read once from the front to the back.

    Iterating gives each `Observed`.  Raises RemoteProtocolError where a capture of packets can't
    be read on, behind all that came before; `complete` says at the end whether it ended inside
    a record.  `sections` and `interfaces` grow as they are met, up to 4096 of each.
    """

    def __init__(
        self, file: BinaryIO, *, limits: Limits | None = None, bounds: Bounds | None = None
    ) -> None:
        self._file = file
        #: What reads it, with its counts.
        self.parser = CaptureParser(limits=limits, bounds=bounds)
        self.sections: list[Section] = []
        self.interfaces: list[Interface] = []
        #: None until the end was read.
        self.complete: bool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __iter__(self) -> Iterator[Observed]:
        read, parser = self._file.read, self.parser
        while self.complete is None:
            piece = read(_PIECE)
            if piece:
                parser.receive_data(piece)
            else:
                parser.receive_eof()
            for event in parser.events():
                if isinstance(event, Observed):
                    yield event
                elif isinstance(event, EndOfStream):
                    self.complete = event.complete
                elif isinstance(event, Section):
                    if len(self.sections) < MOST_DESCRIBED:
                        self.sections.append(event)
                elif len(self.interfaces) < MOST_DESCRIBED:
                    self.interfaces.append(event)


def open(
    path: str | os.PathLike[str] | BinaryIO,
    *,
    limits: Limits | None = None,
    bounds: Bounds | None = None,
) -> Capture:
    """A file of captured traffic: pcap, pcapng, an answer as `curl -i` saves it, or a body alone.

    `path` may be an open file of bytes, a pipe among them.  Raises OSError if there is no such
    file, and ArgumentTypeError for what is neither a path nor a file.
    """
    if isinstance(path, str | os.PathLike):
        return Capture(builtins.open(path, "rb"), limits=limits, bounds=bounds)
    if not hasattr(path, "read"):
        raise ArgumentTypeError(
            f"open(path=...): a path, or a file that is open for reading; not {type(path).__name__}"
        )
    return Capture(path, limits=limits, bounds=bounds)
