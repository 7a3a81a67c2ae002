"""A live stream as these cameras send it: the next delimiter comes with the image before it.

The firmware writes head, image, line end and the next delimiter line, and then nothing until
the next image.  So what is read ends behind a delimiter, and a reader that waits for the next
byte after it is late by a frame.  The same bytes cut at 65536 come first, and each contestant is
compared with itself on those.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.frames import frames
from bench.measure.entries import US_A_FRAME, Contest, Options, Skipped
from bench.peers.mjpeg import contest
from bench.streams import SHAPES, Load, live, vga_frames

__all__ = ["SETTINGS", "contests", "name"]

SETTINGS = {"frames": 1000}


def name(kilobytes: int, shape: str) -> str:
    return f"{kilobytes} kB, {shape}"


def contests(options: Options) -> Iterator[Contest]:
    count = options.setting("frames", SETTINGS["frames"], 40)
    yield _contest(7, vga_frames(count), options)
    try:
        pictures = frames(count)
    except ImportError as error:
        yield [Skipped("34 kB", "all", f"{error}: PyAV draws the pictures")]
        return
    yield _contest(34, pictures, options)


def _contest(kilobytes: int, pictures: list[bytes], options: Options) -> Contest:
    first = name(kilobytes, SHAPES[0])
    entries: list[object] = []
    for shape in SHAPES:
        load = Load(name(kilobytes, shape), pictures, *live(pictures, shape))
        entries += contest(load, options, US_A_FRAME, len(pictures), lambda who: (first, who))
    return entries  # type: ignore[return-value]
