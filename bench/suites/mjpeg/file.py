"""A recorded stream of frames of 23 to 45 kB, cut at 65536 and 1460 bytes: as from a file.

Each reader gets the same 2000 pictures of 640x480 (`bench.frames`), with and without
Content-Length, and drops each frame at once.  The limit is to allocate each frame and to copy it
once, its place being known.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.frames import frames
from bench.measure.entries import GB_A_SECOND, Contest, Options, Skipped
from bench.peers.mjpeg import COPY, contest, limits
from bench.streams import SEGMENT, Load, stored
from fixtures.feeding import pieces

__all__ = ["SETTINGS", "contests", "name"]

SETTINGS = {"frames": 2000}


def name(*, length: bool, size: int) -> str:
    return f"{'with' if length else 'without'} Content-Length, {size} B"


def contests(options: Options) -> Iterator[Contest]:
    try:
        pictures = frames(options.setting("frames", SETTINGS["frames"], 40))
    except ImportError as error:
        yield [Skipped("all", "all", f"{error}: PyAV draws the pictures")]
        return
    for length in (True, False):
        body = stored(pictures, length=length)
        for size in (65536, SEGMENT):
            load = Load(name(length=length, size=size), pictures, body, pieces(body, size))
            about = (GB_A_SECOND, len(body))
            yield [
                *limits(load, *about),
                *contest(load, options, *about, lambda _, load=load: (load.name, COPY)),  # type: ignore[misc]
            ]
