"""The marker walk: where a JPEG image really ends (ITU-T T.81 annex B).

Bytes in, one of four outcomes out.  The walk knows nothing of delimiters, headers or
lengths; whoever owns it decides what an outcome means:

* `MORE`      all bytes up to `pos` are understood, the rest waits for more
* `EOI`       the image ended; `pos` is behind its last byte
* `SOI`       FFD8FF stands at `pos`, where no image should begin
* `SURPRISE`  something is broken at `pos`, or not what a scan is followed by, which is none
              of the walk's business; calling again goes on the way libjpeg does

Outside the entropy-coded scan, segments are leapt over by their length, so thumbnails and
delimiter bytes inside them do not matter.  Inside it `scan_marker` (`scans.py`) passes over what
is no marker, RST0 to RST7 among it; of the markers only FFD9 and FFD8FF are sure signs:
a bit flip can make any other marker, so one is taken for a segment (as between the scans
of a progressive image) only if its length lands on another marker.  For that the bytes it
spans are looked at ahead, never walked and then taken back.

The decision at a byte depends on the bytes before it and never on whether more have
arrived.  That makes the outcome independent of how the input was cut.
"""

from __future__ import annotations

from hamaproto.wire.mjpeg.codes import EOI, MORE, SOI, SURPRISE
from hamaproto.wire.mjpeg.scans import find_soi, scan_marker, skip_fill
from hamaproto.wire.mjpeg.within import within

__all__ = ["MarkerWalk"]

# What the walk stands before.
_DUE = 0  # a marker
_HUNT = 1  # anything: the next marker is looked for
_SKIP = 2  # the rest of a segment
_SCAN = 3  # entropy-coded data

#: How far the tables are searched at once.
_NEAR = 1024


def _is_segment(code: int) -> bool:
    """Whether a marker of this code is followed by a length (T.81 table B.1)."""
    return 0xC0 <= code <= 0xFE and not 0xD0 <= code <= 0xD9


def _between_scans(code: int) -> bool:
    """Whether a segment of this code may stand between two scans (T.81 B.2.1, B.2.4)."""
    return code in (0xC4, 0xCC) or 0xDB <= code <= 0xDF or 0xE0 <= code <= 0xEF or code == 0xFE


class MarkerWalk:
    """The state of one walk; `begin` makes it ready for another image.

    `surprised`: the structure was broken somewhere, so that the end is in doubt.  `due`: at
    the last SOI it was not, and a marker was due there.
    `sos`: the offset of the image's first scan, or -1.  `buried`: that of an FFD8FF inside a
    table or a frame header, or -1.  No image has one there (a comment or an application's segment
    may); it is where the next image begins, if the table was cut off and its length led the walk
    into that one, whose end is then taken for this one's.  `base` is the offset in the
    stream of `data[0]` and is kept by the caller.
    """

    __slots__ = (
        "_after",
        "_begun",
        "_left",
        "_state",
        "_table",
        "base",
        "buried",
        "depth",
        "due",
        "leapt",
        "pos",
        "segment_at",
        "segment_end",
        "sos",
        "surprised",
        "touched",
    )

    def __init__(self) -> None:
        self.base = 0
        self.pos = 0
        self.begin(False)

    def begin(self, hunting: bool) -> None:
        """Start behind an SOI; or, `hunting`, inside an image whose start was not seen."""
        self._state = _HUNT if hunting else _DUE
        self._after = _DUE
        self._left = 0
        #: whether it is a table that is skipped (or JFIF's segment, as short as this without a
        #: thumbnail: JFIF 1.02, page 5), and how much of an FFD8FF it ends in so far
        self._table = False
        self._begun = 0
        self.depth = 0
        self.sos = -1
        self.buried = -1
        self.due = False
        #: whether a comment or an application's segment was leapt over in or behind a scan
        self.leapt = False
        #: the last segment that was leapt over where a marker was due, and what is behind it
        self.segment_at = self.segment_end = -1
        self.surprised = hunting
        #: whether any segment has been read
        self.touched = hunting

    def nest(self) -> None:
        """Take the SOI at `pos` for a thumbnail's, whose EOI then does not count."""
        self.depth += 1
        self.pos += 2
        self._state = _DUE

    def in_scan(self) -> bool:
        """Whether entropy-coded data stand before `pos`."""
        return self._state == _SCAN

    def walk(self, data: bytes | bytearray, pos: int, end: int, look: int, final: bool) -> int:
        """Go on from `data[pos]` to `data[end]` or a little further.

        What stands before `end` may be decided by bytes behind it, but no byte from `look` on
        is looked at.  `final`: nothing will follow `look`, so that what waits for more is
        given up.
        """
        most = end
        if look > most:
            most = look
        view = within(data, pos, most)
        # No FFD8FF begins between the table at hand and this place.
        clear = 0
        while True:
            if pos >= end:
                self.pos = pos
                return MORE
            state = self._state
            if state == _SKIP:
                left = end - pos
                if self._table and self.buried < 0:
                    self._look_inside(data, pos, pos + min(left, self._left), left >= self._left)
                if left < self._left:
                    self._left -= left
                    self.pos = end
                    return MORE
                pos += self._left
                self._state = self._after
                continue
            if state == _DUE:
                if view[pos] != 0xFF:
                    if view[pos] == 0xD8 and self._table and self._begun == 1 and self.buried < 0:
                        # Its FF was the last byte of the table.
                        self.buried = self.base + pos - 1
                    self.pos = pos
                    return self._surprise()
                at = pos
                if pos + 1 < look and view[pos + 1] == 0xFF:
                    at = skip_fill(data, pos, look)
                if at + 1 >= look:
                    self.pos = look if final else at
                    return MORE
                code = view[at + 1]
                if code < 0xC0 or 0xD0 <= code <= 0xD7:
                    self.pos = at + 2
                    return self._surprise()
            else:
                at = scan_marker(data, pos, end)
                if at < 0:
                    if view[end - 1] == 0xFF and not (final and end == look):
                        end -= 1
                    self.pos = end
                    return MORE
                code = view[at + 1]

            # A marker stands at `at`.
            if code == 0xD9:
                pos = at + 2
                if self.depth == 0:
                    self.pos = pos
                    return EOI
                self.depth -= 1
                self._state = _HUNT
                continue
            if code == 0xD8:
                if at + 2 >= look:
                    if not final:
                        self.pos = at
                        return MORE
                elif view[at + 2] == 0xFF:
                    self.pos = at
                    self.due = state == _DUE and not self.surprised
                    self.surprised = True
                    return SOI
                self.surprised = True
                self._state = _SCAN if state == _SCAN else _HUNT
                pos = at + 2
                continue
            if code == 0xDA:
                if at + 4 >= look:
                    if not final:
                        self.pos = at
                        return MORE
                    pos = look
                    continue
                length = view[at + 2] << 8 | view[at + 3]
                components = view[at + 4]
                land = at + 2 + length
                if land + 2 > look and 1 <= components <= 4 and not final:
                    # As short as it is, the next image can stand in it.
                    self.pos = at
                    return MORE
                behind = land + 2
                if behind > look:
                    behind = look
                if (
                    1 <= components <= 4
                    and length == 6 + 2 * components
                    and (clear >= behind - 2 or find_soi(data, at + 5, behind) < 0)
                ):
                    if self.depth == 0 and self.sos < 0:
                        self.sos = self.base + at
                    self.touched = True
                    self._left = length
                    self._table = False
                    self._state = _SKIP
                    self._after = _SCAN
                    pos = at + 2
                    continue
            elif state == _DUE:
                # Of the codes from C0 on only a segment's is left here (T.81 table B.1).
                if at + 3 >= look:
                    self.pos = look if final else at
                    return MORE
                length = view[at + 2] << 8 | view[at + 3]
                if length >= 2:
                    self.touched = True
                    self._table = code <= 0xDF or (code == 0xE0 and length <= 16)
                    self._begun = 0
                    pos = at + 2
                    land = pos + length
                    self.segment_at = self.base + at
                    self.segment_end = self.base + land
                    if land > end:
                        self._left = length
                        self._state = _SKIP
                        self._after = _DUE
                        continue
                    # All of it is here, as most are.  The tables stand close together.
                    if self._table and self.buried < 0:
                        if clear < land - 2:
                            stop = min(end, max(land, pos + _NEAR))
                            clear = find_soi(data, pos, stop)
                            if clear < 0:
                                clear = stop - 2
                        if clear < land - 2 or view[land - 1] == 0xD8 or view[land - 1] == 0xFF:
                            self._look_inside(data, pos, land, True)
                    pos = land
                    continue
            elif _between_scans(code) or (state == _HUNT and _is_segment(code)):
                if at + 3 >= look:
                    if not final:
                        self.pos = at
                        return MORE
                else:
                    length = view[at + 2] << 8 | view[at + 3]
                    land = at + 2 + length
                    if length >= 2:
                        if land + 1 >= look:
                            if not final:
                                self.pos = at
                                return MORE
                        elif view[land] == 0xFF and not (
                            view[land + 1] == 0x00 or 0xD0 <= view[land + 1] <= 0xD7
                        ):
                            self.touched = True
                            if code <= 0xDF and self.buried < 0:
                                self._begun = 0
                                self._look_inside(data, at + 4, land, True)
                            elif (
                                state == _SCAN and view[land - 2] == 0xFF and view[land - 1] == 0xD8
                            ):
                                # It ends in the first half of the start of an image.
                                self.buried = self.base + land - 2
                            self._state = _DUE
                            if state == _SCAN and (code >= 0xE0 or self.buried >= 0):
                                # Lawful between two scans.  In one of them damage makes such a
                                # marker, and its length may lead into an image further on.
                                self.leapt = True
                                self.pos = land
                                return SURPRISE
                            pos = land
                            continue
            # A marker that can't be one: go on behind it.
            pos = at + 2
            if state in (_SCAN, _HUNT):
                self.surprised = True
                continue
            self.pos = pos
            return self._surprise()

    def _look_inside(self, data: bytes | bytearray, pos: int, stop: int, last: bool) -> None:
        """Look for FFD8FF in a table, of which `data[pos:stop]` is the next piece.

        Behind the `last` piece comes a marker: its FF can complete an FFD8 at the table's end.
        """
        if pos >= stop:
            return
        view = within(data, pos, stop)
        begun = self._begun
        self._begun = 0
        if begun == 2 and view[pos] == 0xFF:
            self.buried = self.base + pos - 2
            return
        if begun == 1 and view[pos] == 0xD8:
            if pos + 1 == stop:
                self._begun = 2
            elif view[pos + 1] == 0xFF:
                self.buried = self.base + pos - 1
                return
        found = find_soi(data, pos, stop)
        if found >= 0:
            self.buried = self.base + found
            return
        if view[stop - 1] == 0xFF:
            self._begun = 1
        elif view[stop - 1] == 0xD8 and stop - pos > 1 and view[stop - 2] == 0xFF:
            self._begun = 2
        if last and self._begun == 2:
            self.buried = self.base + stop - 2

    def _surprise(self) -> int:
        self.surprised = True
        # Behind the first SOS of the image everything may be entropy-coded data.
        self._state = _SCAN if self.sos >= 0 and self.depth == 0 else _HUNT
        return SURPRISE
