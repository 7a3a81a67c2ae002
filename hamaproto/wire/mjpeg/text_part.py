"""Where a part ends that is no image."""

from __future__ import annotations

from typing import Final

from hamaproto.wire.mjpeg.delimiter import REPEATS, UNDECIDED, DelimiterSet, Match
from hamaproto.wire.mjpeg.scans import CUT, NO, Names, may_begin, search_junk, starts_line
from hamaproto.wire.mjpeg.window import Window

__all__ = ["PartReader"]

_SOI: Final = b"\xff\xd8\xff"
#: What follows FFD8FF in an image: fill, or the code of a segment's marker.
_SEGMENT_CODES: Final = bytes((*range(0xC0, 0xD0), *range(0xDA, 0x100)))


class PartReader:
    """Looks for the end of one part at a time, each byte once; the window holds the part.

    `open` it, then ask for its `end` with each piece that came; while that is not found, `least`
    says how much of the part is sure.  Places are indexes into `window.data`.
    """

    __slots__ = (
        "_cursor",
        "_delimiters",
        "_repeat_end",
        "_repeats",
        "_sound",
        "_text",
        "_window",
    )

    def __init__(self, window: Window, delimiters: DelimiterSet) -> None:
        self._window = window
        self._delimiters = delimiters
        self._text = False
        self._sound = False
        # The offset up to where nothing was found that ends the part.
        self._cursor = 0
        # The delimiters, one directly behind the other, before the cursor.
        self._repeats: list[int] = []
        self._repeat_end = 0

    def open(self, at: int, text: bool, sound: bool) -> None:
        """A part begins at offset `at`, which says that it is text, or sound, or neither."""
        self._cursor = at
        self._text = text
        self._sound = sound
        self._repeats.clear()

    def end(self, names: Names, start: int, stop: int, final: bool, untold: bool) -> int:
        """Where the part that began at `window.data[start]` ends, if that is before `stop`, or -1.

        It ends at a known delimiter that has a header block or an image behind it, or is a closing
        one.  A delimiter given twice or more, with nothing between, is one delimiter; not
        without end, so that no more need be remembered than the first few places.

        One that has a length, and lost some bytes, takes as many of what follows.  No text has an
        FFD8FF in it, and other parts none behind a header.

        `untold`: the part has no length to end it.  Then much more does, or whatever follows
        would be lost in it: a known delimiter also with an empty header block behind it; in the
        middle of a line, if that was damaged or has no end; one that nobody declared, with a
        Content- or X- header behind it; and an image, though not by FFD8FF alone in the middle of
        what may be any bytes.
        """
        window = self._window
        data, base = window.data, window.base
        delimiters = self._delimiters
        repeats = self._repeats
        text = not untold and self._text
        cursor = self._cursor - base
        while True:
            at = cursor
            if cursor > start or start >= stop or may_begin(names, data, start, stop, True) == NO:
                at = search_junk(names, data, start, cursor, stop)
            self._cursor = base + at
            if at >= stop:
                return -1
            line_start = at == start or starts_line(data, start, at)
            if not final and may_begin(names, data, at, stop, line_start) == CUT:
                # Too early to tell, and too early to ask.
                return -1
            cursor = at + 1
            if (
                not untold
                and at + 3 <= stop
                and data[at : at + 3] == _SOI
                and (text or delimiters.headed(data, at, start))
            ):
                # The part lost some of its own, and took an image for the rest of it.
                return at
            if not line_start and not untold:
                continue
            match = delimiters.match_known(data, at, stop, final, line_start)
            if match is None and untold:
                if data[at] == 0xFF:
                    # An image whose delimiter was damaged, or is none that could be known.
                    have = data[at : min(at + 4, stop)]
                    if have[:3] == _SOI and (
                        delimiters.headed(data, at, start)
                        or (
                            len(have) == 4
                            and have[3] in _SEGMENT_CODES
                            and (line_start or not self._sound)
                        )
                    ):
                        return at
                    if not final and len(have) < 4 and _SOI.startswith(have[:3]):
                        return -1
                if line_start and data[at] == 0x2D:
                    match = delimiters.match_undeclared(data, at, stop, final)
                    if isinstance(match, Match):
                        if delimiters.content_at(data, match.end):
                            return at
                        match = None
            if match is UNDECIDED:
                return -1
            if not isinstance(match, Match):
                continue
            if not line_start and not match.ends_line:
                # A header on the line of a delimiter that has no line end before it.
                if not match.closing and delimiters.content_at(data, match.end):
                    return at
                continue
            behind = match.end
            if repeats and not self._repeated(at):
                repeats.clear()
            first = repeats[0] - base if repeats else at
            if match.closing or not match.ends_line:
                return first
            proof = delimiters.follows(data, behind, stop, final, line_start and untold)
            if proof is UNDECIDED:
                return -1
            if proof or (line_start and final and behind >= stop):
                return first
            repeats.append(base + at)
            del repeats[:-REPEATS]
            self._repeat_end = base + behind
            # Not one place further: a name inside this one is no other delimiter.
            cursor = behind

    def across(self, names: Names, start: int, stop: int) -> int:
        """Where an image begins in the part that its length ends at `stop`, and goes on behind it.

        `stop` if none does, -1 if more is needed to tell.  A part that lost some bytes takes as
        many of what follows; and what is behind its end is then nothing that a gap begins with.
        """
        window = self._window
        data = window.data
        behind = data[stop : stop + 3]
        # The end may cut the first bytes of an image, or stand at once behind them.
        for at in (stop - 1, stop - 2, data.find(_SOI, start, stop)):
            have = data[at : at + 4]
            if at >= start and _SOI.startswith(have[:3]):
                break
        else:
            return stop
        more = not window.final()
        if more and (len(have) < 4 or (behind != _SOI and _SOI.startswith(behind))):
            return -1
        if len(have) < 4 or have[3] not in _SEGMENT_CODES or behind in (b"", _SOI):
            return stop
        if at + 3 > stop:
            return at
        if behind[:1] in (b"\r", b"\n"):
            return stop
        verdict = may_begin(names, data, stop, window.end, True)
        if verdict == CUT and more:
            return -1
        return at if verdict == NO else stop

    def least(self, names: Names, stop: int) -> int:
        """Before which place in `window.data` the part can't end, by what is known up to `stop`."""
        window = self._window
        cursor = self._cursor - window.base
        if not self._repeats:
            return cursor
        # A delimiter before the cursor is where the part ends if the next one follows at once.
        behind = self._repeat_end - window.base
        if behind < stop and window.data[behind] == 0x0D:
            behind += 1
        if behind >= stop or may_begin(names, window.data, behind, stop, True) != NO:
            return self._repeats[0] - window.base
        return cursor

    def _repeated(self, at: int) -> bool:
        """Whether nothing stands between the last delimiter in the part and `window.data[at]`."""
        window = self._window
        gap = at - (self._repeat_end - window.base)
        return gap == 0 or (gap == 1 and window.data[at - 1] == 0x0D)
