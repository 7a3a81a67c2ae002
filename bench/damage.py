"""Images lost by damage: every kind of it, over every way of delimiting images.

    python -m bench damage [--streams N] [--seed N] [--kind WORD] [--way WORD] [--pure]

`--streams` of each pair (default 2000) are damaged and read, in pieces of one size that is
chosen by the seed.  What must come out is known from the bytes alone (`fixtures.build.ruin`).
A table of what was lost is printed, the first few by name, and the exit status is 1 if there
was any.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

from fixtures.build.ruin import KINDS, WAYS, Ruin, missing, ruin
from fixtures.feeding import pieces, record
from hamaproto import MjpegParser

__all__ = ["main"]

SIZES = (1, 2, 7, 100, 1460, 1460, 65536, 65536)


def lost(parser: Any, this: Ruin, size: int) -> list[int]:
    """The offsets of the images that came whole and were not given."""
    log = record(parser, pieces(this.body, size))
    if type(log.events[-1]).__name__ != "EndOfStream":
        raise ValueError(f"{this.name}: it ends in {log.events[-1]!r}")
    return missing(this, log.frames)


def main(argv: Sequence[str]) -> int:
    options = argparse.ArgumentParser(
        prog="python -m bench damage",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("--streams", type=int, default=2000, help="of each kind and way")
    options.add_argument("--seed", type=int, default=0, help="of the first one")
    options.add_argument("--kind", default="", help="only kinds with this in their name")
    options.add_argument("--way", default="", help="only ways with this in their name")
    options.add_argument("--pure", action="store_true", help="the pure twin")
    options.add_argument("--show", type=int, default=10, help="how many to name")
    chosen = options.parse_args(argv)
    twin: Any = MjpegParser
    if chosen.pure:
        from hamaproto.wire.mjpeg.parser import MjpegParser as twin
    begun = time.monotonic()
    streams = images = bad = 0
    for kind in KINDS:
        for way in WAYS:
            if chosen.kind not in kind or chosen.way not in way:
                continue
            worse = 0
            for seed in range(chosen.seed, chosen.seed + chosen.streams):
                this = ruin(kind, way, seed)
                streams += 1
                images += len(this.whole)
                size = SIZES[seed % len(SIZES)]
                gone = lost(twin(this.content_type), this, size)
                if gone:
                    worse += 1
                    if bad + worse <= chosen.show:
                        print(f"{this.name}, pieces of {size}: lost at {gone}")
            bad += worse
            if worse:
                print(f"{kind:30} {way:45} {worse} of {chosen.streams}", flush=True)
    seconds = time.monotonic() - begun
    print(
        f"{bad} of {streams} streams lost an image that came whole; {images} did, {seconds:.0f} s"
    )
    return int(bad > 0)
