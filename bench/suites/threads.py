"""Two threads, each with its own parser or codec, beside one thread: by the clock on the wall.

2.00 times as good is all that two threads can be.  With the GIL only what releases it runs side by
side; on a free-threaded build of Python nothing is in the way.  The row needs two cores that
are idle.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator

import numpy as np

from bench.frames import frames
from bench.measure.entries import Contest, Entry, Options, Skipped, Timed, Unit
from bench.streams import CONTENT_TYPE, stored
from fixtures.feeding import pieces
from fixtures.vectors import FOLDER

__all__ = ["MICRO", "SETTINGS", "THREADS", "contests"]

SETTINGS = {"frames": 1000}
MICRO = False
MB_A_SECOND = Unit("MB/s", more=True, rate=True, factor=1e-6)
FRAMES_A_SECOND = Unit("frames/s", more=True, rate=True)
THREADS = 2


def _at_once(work: Callable[[], object], threads: int) -> Callable[[], None]:
    def run() -> None:
        others = [threading.Thread(target=work) for _ in range(threads - 1)]
        for thread in others:
            thread.start()
        work()
        for thread in others:
            thread.join()

    return run


def _pair(row: str, unit: Unit, amount: float, work: Callable[[], object]) -> Iterator[Entry]:
    names = {1: "one thread", THREADS: "two threads"}
    for threads, who in names.items():
        run = _at_once(work, threads)
        yield Timed(row, who, unit, amount * threads, run, (row, names[1]), wall=True)


def contests(options: Options) -> Iterator[Contest]:
    if (os.cpu_count() or 1) < THREADS:
        yield [Skipped("all", "two threads", "one core only")]
        return
    count = options.setting("frames", SETTINGS["frames"], 300)
    yield [*_sound(20 * count)]
    try:
        pictures = frames(count)
    except ImportError as error:
        yield [Skipped("MJPEG", "two threads", f"{error}: PyAV draws the pictures")]
        return
    for length in (True, False):
        yield [*_mjpeg(pictures, length=length)]


def _sound(count: int) -> Iterator[Entry]:
    from hamaproto.gsm import Decoder, Encoder

    coded = (FOLDER / "speech_espeak.gsm").read_bytes()
    coded = (coded * (count * 33 // len(coded) + 1))[: count * 33]
    samples = np.fromfile(FOLDER / "speech_espeak.in.s16", "<i2").astype(np.int16)
    samples = np.resize(samples, count * 160)
    yield from _pair("GSM decode", FRAMES_A_SECOND, count, lambda: Decoder().decode(coded))
    yield from _pair("GSM encode", FRAMES_A_SECOND, count, lambda: Encoder().encode(samples))


def _mjpeg(pictures: list[bytes], *, length: bool) -> Iterator[Entry]:
    from hamaproto import MjpegParser

    body = stored(pictures, length=length)
    chunks = pieces(body, 262_144)

    def read() -> None:
        parser = MjpegParser(CONTENT_TYPE)
        for chunk in chunks:
            parser.receive_data(chunk)
            for _ in parser.events():
                pass

    row = f"MJPEG, {'with' if length else 'without'} Content-Length, 262144 B"
    yield from _pair(row, MB_A_SECOND, len(body), read)
