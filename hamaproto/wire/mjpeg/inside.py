"""Whole images inside what was taken for one image and turned out to be broken.

An image that was cut off in a segment takes what follows for its own, by the length of that
segment; what precedes the first image of a stream takes that one for a thumbnail.  Where no
header block stands before the images that are lost so, only they themselves can tell.

A thumbnail is a whole image too.  What follows it tells them apart: behind a thumbnail comes
the rest of the image that it belongs to, so the next marker is a table's, a frame's or a
scan's.  Behind an image comes the next image, a delimiter or the end of the stream.

So only two signs are looked for, FFD8FF and FFD9, each place once.  They are paired like
brackets, and a pair counts if its inside is walked from the one to the other without a
surprise.  What is walked again for that is bounded by what was looked through.
"""

from __future__ import annotations

import re

from hamaproto.wire.mjpeg.codes import EOI, MORE
from hamaproto.wire.mjpeg.walk import MarkerWalk

__all__ = ["ENDED", "IMAGE", "NOTHING", "OTHER", "Inside"]

Buffer = bytes | bytearray | memoryview

_SIGNS = re.compile(rb"\xff(?:\xd9|\xd8(?=\xff))")
_SIGN = _SIGNS.search
_EACH_SIGN = _SIGNS.finditer
_EOI = re.compile(rb"\xff\xd9").search
#: What only the inside of an image has: the start of a segment.
_SEGMENT = re.compile(rb"\xff[\xc0-\xcf\xda-\xfe]").search
#: The header of a scan (T.81 B.2.3), of at most four components.
_SCAN = re.compile(rb"\xff\xda\x00[\x08\x0a\x0c\x0e][\x01-\x04]").search
#: A frame header, with the height and the width.
_EACH_FRAME = re.compile(
    rb"\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf]\x00[\x0b-\x17][\x08\x0c](..)(..)", re.DOTALL
).finditer

#: What stands where a search ends: nothing that is known; FFD8FF; a part, or the end of the
#: stream or of an image; or the end of an image whose beginning was not seen.
NOTHING = 0
IMAGE = 1
OTHER = 2
ENDED = 3

#: Between an image and the next one, with nothing that delimits them, so many bytes at least are
#: the rest of one that was cut off.
_LEAST_REST = 32

#: How many FFD8FF may be open at a time.  No image has a thumbnail in a thumbnail in ... so deep.
_DEEPEST = 16
#: How many of them are tried for one FFD9: the innermost, and those around it.
_TRIES = 4
#: How many pairs are remembered behind which more came than what follows an image.
_REMEMBERED = 8
#: What may be walked again: as often all that was looked through, and so much.
_AGAIN = 8
_CREDIT = 16384


class Inside:
    """What was found so far in the image that began at one offset, and how far was looked."""

    __slots__ = ("_closed", "_cursor", "_end", "_image_at", "_open", "_spent", "_tries", "_walk")

    def __init__(self) -> None:
        # The one in Python, for both twins: it is for the few images that may be lost.
        self._walk = MarkerWalk()
        self._begin(-1)

    def _begin(self, image_at: int) -> None:
        self._spent = 0
        self._image_at = image_at
        self._cursor = image_at + 1
        # The FFD8FF without an FFD9 so far, and those that may belong to the one before `_end`.
        self._open: list[int] = []
        self._tries: list[int] = []
        self._end = -1
        # Those and their ends, of the last pairs.
        self._closed: list[tuple[list[int], int]] = []

    def search(
        self,
        image: Buffer,
        image_at: int,
        shift: int,
        stop: int,
        stands: int,
        segment: tuple[int, int],
    ) -> int:
        """The offset of a whole image, or of the one behind its end, or -1.

        `image[:stop]` is looked at, `image[0]` is at offset `shift`.  `stands`: what is known
        to be at `image[stop]`.  `segment`: the offsets of the last segment that was leapt over,
        and of what is behind it.
        """
        if self._image_at != image_at:
            self._begin(image_at)
        for sign in _EACH_SIGN(image, self._cursor - shift, stop):
            at = sign.start() + shift
            self._cursor = at + 2
            if image[at - shift + 1] == 0xD9:
                if self._open or self._end < 0:
                    self._tries = self._open[: -_TRIES - 1 : -1]
                    del self._open[-1:]
                    self._end = at + 2
                    if self._tries:
                        self._closed.append((self._tries, self._end))
                        del self._closed[:-_REMEMBERED]
                elif _SEGMENT(image, self._end - shift, at - shift):
                    # The end of a rest: of what has the other one for a thumbnail, or has not.
                    found = self._earlier(image, shift, at + 2, segment, True)
                    if found >= 0:
                        return found
                    self._tries = []
                    self._end = at + 2
                continue
            if self._end >= 0:
                found = self._latest(image, shift, at, segment, _LEAST_REST)
                if found >= 0:
                    return found
            self._open.append(at)
            del self._open[:-_DEEPEST]
        self._cursor = max(self._cursor, stop + shift - 2)
        if stands == ENDED:
            return self._earlier(image, shift, stop + shift, segment, False)
        if stands != NOTHING and 0 <= self._end <= stop + shift:
            least = _LEAST_REST if stands == IMAGE else 0
            found = self._latest(image, shift, stop + shift, segment, least)
            if found >= 0 and (found < stop + shift or stands == IMAGE):
                return found
        if stands == OTHER:
            return self._earlier(image, shift, stop + shift, segment, True)
        return -1

    def _latest(
        self, image: Buffer, shift: int, at: int, segment: tuple[int, int], least: int
    ) -> int:
        """The image that ended last before `at`, where something begins; or `at` itself, or -1.

        `least`: no rest of an image is shorter, unless it comes to its scan.
        """
        end, self._end = self._end, -1
        if _is_rest(image, end - shift, at - shift, least):
            return -1
        found = self._before(image, shift, at, segment, self._tries, end, False, False)
        if found == at:
            earlier = self._earlier(image, shift, at, segment, False)
            return earlier if earlier >= 0 else at
        return found

    def _earlier(
        self, image: Buffer, shift: int, at: int, segment: tuple[int, int], framed: bool
    ) -> int:
        """An image ends at `at`: the first whole one before it that is not its thumbnail, or -1.

        `framed`: only if that one's frame header is there to tell.
        """
        if not self._affords(at - self._image_at, at):
            return -1
        for tries, end in self._closed:
            if end <= at:
                found = self._before(image, shift, at, segment, tries, end, True, framed)
                if found not in (-1, at):
                    return found
        return -1

    def _before(
        self,
        image: Buffer,
        shift: int,
        at: int,
        segment: tuple[int, int],
        tries: list[int],
        end: int,
        ended: bool,
        framed: bool,
    ) -> int:
        """The one of `tries` that ended at `end`, before `at`, where something begins; or `at`.

        If an image with a rest has `ended` there, it is known whole: one that is no larger is not
        what the other is a thumbnail of.  -1 if its rest follows at once on the other.
        """
        behind = _largest(image, end - shift, at - shift) if ended else 0
        if ended and _SEGMENT(image, end - shift, min(at, end + 2) - shift):
            # It goes on at once with what is due behind its last segment.
            return -1
        for start in tries:
            # If its segment had ended by then, with it or before another marker, it is a thumbnail.
            held = segment[0] < start and end <= segment[1] <= at
            behind_it = image[segment[1] - shift : segment[1] - shift + 1]
            held = held and (segment[1] == end or behind_it in (b"", b"\xff"))
            if ended:
                if framed and behind == 0 and not _SCAN(image, end - shift, at - shift):
                    continue
                held = held or behind > _largest(image, start - shift, end - shift)
            if not held and self._is_whole(image, shift, start, end, at):
                return start
        return at

    def may_tell(self, image: Buffer, image_at: int, pos: int, end: int) -> bool:
        """Whether a byte of `image[pos:end]` can change what `search` says."""
        if self._image_at == image_at and self._end >= 0:
            return _SIGN(image, max(0, pos - 2), end) is not None
        return _EOI(image, max(0, pos - 1), end) is not None

    @property
    def waits(self) -> bool:
        """Whether an image has ended, and what follows it is not known yet."""
        return self._end >= 0

    def around(
        self, image: Buffer, image_at: int, shift: int, stop: int, segment: tuple[int, int]
    ) -> int:
        """The offset of an image that had not ended at `image[stop]`, or -1.

        What stands there is in a segment of that image.
        """
        found = self.search(image, image_at, shift, stop, NOTHING, segment)
        if found >= 0:
            return found
        for start in self._open[: -_TRIES - 1 : -1]:
            if start + 2 < stop + shift and self._walks_cleanly(
                image, shift, start, stop + shift, stop + shift, MORE
            ):
                return start
        return -1

    def _affords(self, cost: int, at: int) -> bool:
        """Whether so many bytes may be looked at again, when offset `at` has been looked at."""
        if self._spent + cost > _CREDIT + _AGAIN * (at - self._image_at):
            return False
        self._spent += cost
        return True

    def _is_whole(self, image: Buffer, shift: int, start: int, end: int, at: int) -> bool:
        return (
            self._walks_cleanly(image, shift, start, end, at, EOI)
            and self._walk.sos >= 0
            and next(_EACH_FRAME(image, start - shift, end - shift), None) is not None
        )

    def _walks_cleanly(
        self, image: Buffer, shift: int, start: int, end: int, at: int, wanted: int
    ) -> bool:
        """Whether the image from `start` to `end` is walked to its last byte without a surprise."""
        size = end - start
        if not self._affords(size, at):
            return False
        walk = self._walk
        walk.base = 0
        walk.begin(False)
        data = bytes(image[start - shift : end - shift])
        outcome = walk.walk(data, 2, size, size, False)
        return outcome == wanted and walk.pos == size and not walk.surprised


def _is_rest(image: Buffer, pos: int, end: int, least: int) -> bool:
    """Whether what begins at `pos` can be the rest of an image that has a thumbnail before it.

    Damage makes a marker, too, or moves a scan without its frame header to there.
    """
    if not _SEGMENT(image, pos, end):
        return False
    scan = _SCAN(image, pos, end)
    if scan:
        return next(_EACH_FRAME(image, pos, scan.start()), None) is not None
    return end - pos >= least


def _largest(image: Buffer, pos: int, end: int) -> int:
    """The number of pixels of the largest image between `pos` and `end`."""
    return max(
        (
            int.from_bytes(frame[1], "big") * int.from_bytes(frame[2], "big")
            for frame in _EACH_FRAME(image, pos, end)
        ),
        default=0,
    )
