"""Frames of 331 to 922 bytes, where all is in what a frame costs, whatever its size."""

from __future__ import annotations

from collections.abc import Iterator

from bench.measure.entries import NS_A_FRAME, Contest, Options
from bench.peers.mjpeg import COPY, contest, limits
from bench.streams import SHAPES, Load, live, small_frames, stored
from fixtures.feeding import pieces

__all__ = ["SETTINGS", "contests"]

SETTINGS = {"frames": 10_000}


def contests(options: Options) -> Iterator[Contest]:
    pictures = small_frames(options.setting("frames", SETTINGS["frames"], 500))
    with_length, without = (stored(pictures, length=length) for length in (True, False))
    for load in (
        Load("with Content-Length, 65536 B", pictures, with_length, pieces(with_length, 65536)),
        Load("without Content-Length, 65536 B", pictures, without, pieces(without, 65536)),
        Load(SHAPES[1], pictures, *live(pictures, SHAPES[1])),
    ):
        about = (NS_A_FRAME, len(pictures))
        yield [
            *limits(load, *about),
            *contest(load, options, *about, lambda _, load=load: (load.name, COPY)),  # type: ignore[misc]
        ]
