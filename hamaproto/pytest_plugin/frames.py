"""`assert_frames`: is what a client wrote what the camera sent?

Each picture of the simulated camera carries a comment with its number and its time
(`hamaproto.camera.read_stamp`), and a client that does not encode anew passes it on: in files,
in Matroska and AVI, in a stream of any wrapping.  So the stamps are looked for in the bytes,
and no container has to be read.  What a client has decoded carries the code in the picture
(`hamaproto.camera.read_code`), if the camera has a `camera_id`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hamaproto.camera.code import read_code
from hamaproto.camera.picture import Stamp, read_stamp, stamps_in
from hamaproto.errors import LocalProtocolError

__all__ = ["FramesSeen", "assert_frames"]

#: Numbers that are told of what is missing.
_TOLD: Final = 10
_EOI: Final = b"\xff\xd9"


@dataclass(frozen=True, slots=True)
class FramesSeen:
    """The pictures that were found, in the order in which they stand there."""

    stamps: tuple[Stamp, ...]
    """What each of them says of itself."""
    latencies: tuple[float, ...] = ()
    """Seconds between the picture's time and its arrival, where an arrival is known."""

    @property
    def numbers(self) -> list[int]:
        """The pictures' numbers."""
        return [stamp.number for stamp in self.stamps]

    @property
    def lost(self) -> list[int]:
        """Numbers that are missing between the first and the last."""
        numbers = set(self.numbers)
        return [n for n in range(min(numbers), max(numbers)) if n not in numbers] if numbers else []

    @property
    def twice(self) -> list[int]:
        """Numbers that came more than once."""
        seen: set[int] = set()
        return [n for n in self.numbers if n in seen or seen.add(n)]  # type: ignore[func-returns-value]

    @property
    def disordered(self) -> list[int]:
        """Numbers that came behind a higher one."""
        highest, found = -1, []
        for number in self.numbers:
            if number < highest:
                found.append(number)
            highest = max(highest, number)
        return found

    def __len__(self) -> int:
        return len(self.stamps)


def assert_frames(
    written: Any,
    *,
    at_least: int = 1,
    lost: int = 0,
    twice: int = 0,
    latency: float | None = None,
    times: Sequence[float] | None = None,
) -> FramesSeen:
    """Assert that pictures came whole, none lost, none twice, in order; gives what was found.

    `written` is what the client has: bytes with pictures in them, the path of a file (`.mkv`,
    `.avi`, `.mjpeg`, `.jpg` ...), a folder of files, which count by their names, or an iterable of
    any of these, of `Frame` events and of decoded pictures (arrays). `at_least` pictures have to be
    there, at most `lost` missing in between and at most `twice` repeated. Where several pictures
    stand in the same bytes, one that the end cuts off does not count. With `latency` each has to
    have arrived in so many seconds: by `Frame.received`, by the time of the file in a folder, or by
    `times`, a Unix time for each picture.

    AssertionError says what is wrong, `LocalProtocolError` that the question makes no sense.
    """
    found = list(_pictures(written))
    seen = FramesSeen(
        tuple(stamp for stamp, _, _ in found),
        _latencies(found, times),
    )
    cut = [stamp.number for stamp, whole, _ in found if not whole]
    assert len(seen) >= at_least, (
        f"{len(seen)} pictures of the simulated camera were found, and {at_least} at least had to "
        "be there; a client that encodes anew drops their stamps, and arrays need a `camera_id`"
    )
    assert not cut, f"pictures are cut off: {_some(cut)}"
    assert not seen.disordered, f"pictures are out of order: {_some(seen.disordered)}"
    assert len(seen.twice) <= twice, f"pictures are there more than once: {_some(seen.twice)}"
    assert len(seen.lost) <= lost, (
        f"{len(seen.lost)} of {seen.numbers[-1] - seen.numbers[0] + 1} pictures are lost: "
        f"{_some(seen.lost)}"
    )
    if latency is not None:
        if not seen.latencies:
            raise LocalProtocolError(
                f"latency={latency}: nothing says when the pictures arrived; give `times`, a "
                "folder of files, or frames of a driver"
            )
        slowest = max(seen.latencies)
        assert slowest <= latency, (
            f"a picture arrived {slowest:.3f} s behind its time, and {latency:g} s are allowed"
        )
    return seen


def _some(numbers: Sequence[int]) -> str:
    told = ", ".join(map(str, numbers[:_TOLD]))
    return f"{told} and {len(numbers) - _TOLD} more" if len(numbers) > _TOLD else told


#: What a picture says, whether it is whole, when it arrived.
_Found = tuple[Stamp, bool, float | None]


def _pictures(written: Any, arrived: float | None = None) -> Iterator[_Found]:
    if isinstance(written, (bytes, bytearray, memoryview)):
        yield from _in_bytes(bytes(written), arrived)
    elif isinstance(written, (str, os.PathLike)):
        path = Path(written)
        if path.is_dir():
            for file in sorted(one for one in path.iterdir() if one.is_file()):
                yield from _pictures(file.read_bytes(), file.stat().st_mtime)
        else:
            yield from _in_bytes(path.read_bytes(), arrived)
    elif hasattr(written, "__array_interface__"):
        code = read_code(written)
        if code is not None:
            yield Stamp(code.number, code.time, 0.0, 0.0, ""), True, arrived
    elif isinstance(getattr(written, "data", None), bytes):
        received = getattr(written, "received", None)
        wall = None if received is None else float(received.wall)
        stamp = read_stamp(written.data)
        if stamp is not None:
            yield stamp, bool(getattr(written, "complete", True)), wall
    elif isinstance(written, Iterable):
        for one in written:
            yield from _pictures(one)
    else:
        raise LocalProtocolError(
            f"assert_frames({type(written).__name__}): bytes, a path, frames, or an iterable of "
            "these is needed"
        )


def _in_bytes(data: bytes, arrived: float | None) -> Iterator[_Found]:
    found = list(stamps_in(data))
    ends = [*(start for _, start in found), len(data)][1:]
    for number, ((stamp, start), end) in enumerate(zip(found, ends, strict=True)):
        whole = data.find(_EOI, start, end) >= 0
        # Who reads a stream stops somewhere: what was cut off there was no loss.
        if whole or number == 0 or end < len(data):
            yield stamp, whole, arrived


def _latencies(found: Sequence[_Found], times: Sequence[float] | None) -> tuple[float, ...]:
    if times is not None and len(times) != len(found):
        raise LocalProtocolError(f"{len(times)} times for {len(found)} pictures")
    arrived = [time for _, _, time in found] if times is None else times
    return tuple(
        time - stamp.time
        for (stamp, _, _), time in zip(found, arrived, strict=True)
        if time is not None
    )
