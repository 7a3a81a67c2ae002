"""A live stream as these cameras send it: the next delimiter comes with the image before it.

The firmware writes head, image, line end and the next delimiter line, and then nothing until
the next image.  So what is read ends behind a delimiter, and a reader that waits for the next
byte after it is late by a frame.  The same bytes cut at 65536 come first, and each contestant is
compared with itself on those.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.measure.entries import US_A_FRAME, Contest, Entry, Options, Skipped
from bench.peers.mjpeg import contest
from bench.streams import SHAPES, Load, large_frames, live, vga_frames

__all__ = ["SETTINGS", "contests", "name"]

SETTINGS = {"frames": 1000}


def name(kilobytes: int, shape: str) -> str:
    return f"{kilobytes} kB, {shape}"


def contests(options: Options) -> Iterator[Contest]:
    count = options.setting("frames", SETTINGS["frames"], 40)
    yield _contest(7, vga_frames(count), options)
    yield _contest(35, large_frames(count), options)


def _contest(kilobytes: int, pictures: list[bytes], options: Options) -> Contest:
    first = name(kilobytes, SHAPES[0])
    entries: list[Entry | Skipped] = []
    for shape in SHAPES:
        load = Load(name(kilobytes, shape), pictures, *live(pictures, shape))
        entries += contest(load, options, US_A_FRAME, len(pictures), lambda who: (first, who))
    return entries
