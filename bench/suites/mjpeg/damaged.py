"""Streams that were damaged on their way: how fast, and how many whole frames come out.

A frame counts as whole if none of its own bytes were lost or changed.  What a reader gives and
nobody sent, or gives twice, does not count.
"""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from bench.frames import frames
from bench.measure.entries import FRAMES, US_A_FRAME, Contest, Options, Skipped, Timed, Told, tried
from bench.peers.mjpeg import Reader, readers
from bench.streams import SEGMENT, stored
from fixtures.feeding import pieces

__all__ = ["DAMAGES", "SETTINGS", "Damaged", "contests"]

SETTINGS = {"frames": 500}
OURS = "ours, compiled"
#: One frame in so many is hit.
EACH = 10


@dataclass(frozen=True, slots=True)
class Damaged:
    """A stream, and the frames of which every byte is there."""

    body: bytes
    whole: list[bytes]


def cut_off(pictures: list[bytes], rng: random.Random) -> Damaged:
    """One frame in ten ends in its middle; its Content-Length is as it was."""
    parts, whole = [], []
    for number, data in enumerate(pictures):
        block = stored([data], length=True).removesuffix(b"--frame--\r\n")
        if number % EACH == EACH // 2:
            kept = data[: rng.randrange(len(data) // 4, 3 * len(data) // 4)]
            block = block.replace(data, kept)
        else:
            whole.append(data)
        parts.append(block)
    return Damaged(b"".join([*parts, b"--frame--\r\n"]), whole)


def wrong_lengths(pictures: list[bytes], rng: random.Random) -> Damaged:
    """Each Content-Length is wrong, by up to 2000 bytes more or less."""
    parts = []
    for data in pictures:
        wrong = len(data) + rng.choice((-1, 1)) * rng.randrange(1, 2000)
        parts.append(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % wrong)
        parts += [data, b"\r\n"]
    return Damaged(b"".join([*parts, b"--frame--\r\n"]), pictures)


def lost_segments(pictures: list[bytes], rng: random.Random) -> Damaged:
    """A segment of 1460 bytes is gone in one frame of ten, wherever it falls."""
    body = stored(pictures, length=True)
    segments = pieces(body, SEGMENT)
    count = max(1, len(pictures) // EACH)
    gone = set(rng.sample(range(1, len(segments) - 1), count))
    kept = b"".join(piece for number, piece in enumerate(segments) if number not in gone)
    whole, at = [], 0
    for data in pictures:
        at = body.index(data, at)
        if gone.isdisjoint(range(at // SEGMENT, (at + len(data) - 1) // SEGMENT + 1)):
            whole.append(data)
        at += len(data)
    return Damaged(kept, whole)


def lost_lines(pictures: list[bytes], rng: random.Random) -> Damaged:
    """One delimiter in ten is gone, with the head behind it: no frame is hit."""
    parts = []
    for data in pictures:
        block = stored([data], length=True).removesuffix(b"--frame--\r\n")
        parts.append(data if rng.randrange(EACH) == 0 else block)
    return Damaged(b"".join([*parts, b"--frame--\r\n"]), pictures)


DAMAGES: dict[str, Callable[[list[bytes], random.Random], Damaged]] = {
    "frames cut off": cut_off,
    "wrong lengths": wrong_lengths,
    "segments lost": lost_segments,
    "delimiters and heads lost": lost_lines,
}


def given(read: Reader, chunks: list[bytes], whole: list[bytes]) -> list[float]:
    """How many of the whole frames come out, each once."""
    came: Counter[bytes] = Counter()
    # What came before whatever it raised counts.
    with contextlib.suppress(Exception):
        read(chunks, lambda data: came.update((data,)))
    return [sum((came & Counter(whole)).values())]


def contests(options: Options) -> Iterator[Contest]:
    try:
        pictures = frames(options.setting("frames", SETTINGS["frames"], 40))
    except ImportError as error:
        yield [Skipped("all", "all", f"{error}: PyAV draws the pictures")]
        return
    for name, damage in DAMAGES.items():
        hurt = damage(pictures, random.Random(1))
        chunks = pieces(hurt.body, 65536)
        row = f"{name}: of {len(hurt.whole)} whole"
        entries: list[Timed | Told | Skipped] = []
        for who, make in readers(options).items():
            try:
                read = make()
            except ImportError as error:
                entries.append(Skipped(name, who, str(error)))
                continue
            count = partial(given, read, chunks, hurt.whole)
            run = partial(read, chunks, None)
            entries.append(Told(who, ((row, FRAMES),), count, OURS, once=True))
            timed = Timed(name, who, US_A_FRAME, len(pictures), run, (name, OURS))
            entries.append(tried(timed))
        yield entries
