"""What `CaptureParser` sees in a file, for tests: events, frames, and all of it as text."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable

from hamaproto.captures import CaptureParser, Observed
from hamaproto.captures.packets import Bounds
from hamaproto.errors import RemoteProtocolError
from hamaproto.events import Frame

__all__ = ["frames_of", "observed", "see", "sha"]


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def see(
    data: bytes, cuts: Iterable[int] = (), bounds: Bounds | None = None
) -> tuple[list[object], CaptureParser]:
    """All events of a file in pieces; a declared error is the last one."""
    parser = CaptureParser(bounds=bounds)
    found: list[object] = []
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    try:
        for start, stop in itertools.pairwise(places):
            parser.receive_data(data[start:stop])
            found.extend(parser.events())
        parser.receive_eof()
        found.extend(parser.events())
    except RemoteProtocolError as error:
        found.append(error)
    return found, parser


def observed(data: bytes, cuts: Iterable[int] = ()) -> list[Observed]:
    """What is seen in a file."""
    return [event for event in see(data, cuts)[0] if isinstance(event, Observed)]


def frames_of(data: bytes, cuts: Iterable[int] = ()) -> list[str]:
    """The hashes of all frames that are whole."""
    return [
        sha(seen.event.data)
        for seen in observed(data, cuts)
        if isinstance(seen.event, Frame) and seen.event.complete
    ]
