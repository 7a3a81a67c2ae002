"""The second opinion: where was the image cut off that surprised the walk?

What was walked is searched for a known delimiter with a part behind it.  Where it is doubtful
whether an image begins or ends, a line that nobody declared counts too if a Content- or X-
header follows, and so does an image behind such a header.  Each byte is searched once: what
was searched, and what need not be asked again, is remembered as offsets.
"""

from __future__ import annotations

import re

from hamaproto.events import FrameEnd
from hamaproto.wire.mjpeg.delimiter import LOOKAHEAD, DelimiterSet
from hamaproto.wire.mjpeg.inside import ENDED, IMAGE, NOTHING, OTHER, Inside
from hamaproto.wire.mjpeg.view import View
from hamaproto.wire.mjpeg.walk import MarkerWalk

__all__ = ["ENDED", "IMAGE", "NOTHING", "OTHER", "SecondOpinion"]

_EACH_SOI = re.compile(rb"\xff\xd8\xff").finditer
#: With the code of a marker behind it, and some fill.  In a table that is FFD8FF by chance, more
#: of FF may follow, up to the next marker.
_IMAGE_START = re.compile(rb"\xff\xd8\xff{1,4}[\xc0-\xcf\xda-\xfe]").match


class SecondOpinion:
    """What is known of where the image at hand may have been cut off.

    `cut_by`: what the last answer found there.  `asked`: the offset up to where it is known
    whether a byte can change the answer.
    """

    __slots__ = ("_any", "_delimiters", "_inside", "_known", "_soi", "asked", "cut_by")

    def __init__(self, delimiters: DelimiterSet) -> None:
        self._delimiters = delimiters
        #: the images that it sees inside this one
        self._inside = Inside()
        # How far was searched for known names, for any, and for images behind a header.
        self._known = 0
        self._any = 0
        self._soi = 0
        self.asked = 0
        self.cut_by: FrameEnd = "delimiter"

    def look_from(self, at: int) -> None:
        """Where it begins to look: behind the image's first bytes, or it would find its start."""
        self._known = self._any = self._soi = self.asked = at

    def waits(self) -> bool:
        """Whether a whole image was seen inside this one, and what follows is not known yet."""
        return self._inside.waits

    def may_tell(self, view: View, since: int, walker: MarkerWalk) -> bool:
        """Whether a byte from offset `since` on can have changed what `ask` says."""
        self.asked = view.shift + view.stop
        at = view.shift + view.start
        since -= view.shift
        return (
            walker.buried >= 0
            or self._delimiters.may_prove(view.data, since, view.stop)
            or self._inside.may_tell(view.data, at, since, view.stop)
        )

    def ask(self, view: View, walker: MarkerWalk, unknown: bool, stands: int) -> int:
        """The offset of where the image was cut off before `view.stop`, or -1.

        That is a known delimiter that a part follows, an FFD8FF inside a table of the image, or
        a whole image inside it (`inside.py`).
        With `unknown` also a line that nobody declared, if a Content- or X- header follows, and
        an image behind such a header.  What it is stands in `cut_by`.
        `stands`: what stands at `view.stop`, as `Inside` wants to know it.
        """
        image, shift, stop = view.data, view.shift, view.stop
        delimiters = self._delimiters
        found = delimiters.search_proven(image, self._known - shift, stop)
        if found >= 0:
            found += shift
        else:
            self._known = shift + delimiters.hold_back(image, self._known - shift, stop)
        self.cut_by = "delimiter"
        if unknown:
            pos = self._any - shift
            # What is behind a known one does not count.
            upto = stop if found < 0 else min(stop, found - shift + LOOKAHEAD)
            other = delimiters.search_any(image, pos, upto)
            # Not if a known name ends that very line: what precedes it is the image's.
            if other >= 0 and (found < 0 or b"\n" in bytes(image[other : found - shift])):
                found = other + shift
            before = stop if found < 0 else found - shift
            headed = delimiters.search_headed(image, view.start, self._soi - shift, before)
            if headed >= 0:
                self.cut_by = "soi"
                found = headed + shift
            if found < 0:
                # An FFD8FF may be cut off.
                self._soi = max(self._soi, shift + stop - 2)
                self._any = shift + delimiters.hold_back(image, pos, stop)
        buried = walker.buried
        if 0 <= buried < shift + stop and (found < 0 or buried < found):
            self.cut_by = "soi"
            found = buried
        if found >= 0:
            stop = found - shift
        whole = self._inside.search(
            image,
            shift + view.start,
            shift,
            stop,
            OTHER if found >= 0 else stands,
            (walker.segment_at, walker.segment_end),
        )
        if whole >= 0:
            self.cut_by = "soi"
            found = whole
        return found

    def in_table(self, view: View, walker: MarkerWalk) -> int:
        """Where the image was cut off whose walk came to an end without surprise, or -1.

        FFD8FF stands inside a table of it.  If one from there on stands behind a header block, or
        before the marker of a segment, it is the next image, whose markers the table led to.
        """
        image, shift = view.data, view.shift
        for found in _EACH_SOI(image, walker.buried - shift):
            at = found.start()
            if at >= view.stop:
                break
            # In a table FFD8FF can stand by chance, as at some qualities in the standard ones.
            if self.headed(view, at) or _IMAGE_START(image, at):
                # The image ends there, or at what stands before it.
                return self.ask(view, walker, True, NOTHING)
        return -1

    def around(self, view: View, walker: MarkerWalk) -> int:
        """The offset of an image inside this one that has not ended at `view.stop`, or -1."""
        return self._inside.around(
            view.data,
            view.shift + view.start,
            view.shift,
            view.stop,
            (walker.segment_at, walker.segment_end),
        )

    def headed(self, view: View, at: int) -> bool:
        """Whether a header block ends before `view.data[at]`, at least its last line.

        A thumbnail has none, so this is an image whose delimiter was damaged.
        """
        tail = bytes(view.data[max(view.start, at - 4) : at])
        return tail.endswith((b"\r\n\r\n", b"\n\n", b"\n\r\n\r")) or self._delimiters.headed(
            view.data, at, view.start
        )

    def last(self, view: View) -> int:
        """At the end of the stream: the offset of a delimiter line that is the last, or -1."""
        found = self._delimiters.search_last(
            view.data, max(view.start, self._known - view.shift), view.stop
        )
        return -1 if found < 0 else found + view.shift
