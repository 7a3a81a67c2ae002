"""The bytes of the image at hand, and the walk through them."""

from __future__ import annotations

from hamaproto.wire.mjpeg.codes import MORE
from hamaproto.wire.mjpeg.delimiter import line_end_before
from hamaproto.wire.mjpeg.store import Store, cut_out, ends_with_lone_eoi
from hamaproto.wire.mjpeg.view import View
from hamaproto.wire.mjpeg.walk import MarkerWalk
from hamaproto.wire.mjpeg.window import Window

__all__ = ["Image"]


class Image:
    """One image at a time: `begin` it, `walk` it, then `take` it or `cut` it off.

    Or `believe` its length and `fill` it unseen: `missing` says how many bytes are to come.

    Its bytes are in the store up to offset `kept`, and behind that in the window; while its length
    is believed nobody asks for `kept`, and `put_back` sets it.  `at` is where it begins, `end`
    where the last one ended.  `declared` is the offset at which it ends by its Content-Length, or
    -1.  A `phantom` has no beginning that was seen and is never delivered; one that is `doubted`
    is searched as it is walked.
    """

    __slots__ = (
        "_window",
        "at",
        "declared",
        "doubted",
        "end",
        "kept",
        "missing",
        "phantom",
        "store",
        "walker",
    )

    def __init__(self, window: Window) -> None:
        self._window = window
        self.store = Store()
        self.walker = MarkerWalk()
        self.at = 0
        self.kept = 0
        self.end = 0
        self.declared = -1
        self.missing = 0
        self.phantom = False
        self.doubted = False

    def begin(self, at: int) -> None:
        """An image begins at offset `at`, which is in the window."""
        self.at = self.kept = at
        self.phantom = False

    def believe(self, at: int, length: int) -> bool:
        """An image begins at offset `at`, and its bytes are the next `length` ones.

        True if all that came of it is stored, and only what comes next can tell more.
        """
        window = self._window
        self.at = at
        self.phantom = False
        self.declared = at + length
        start = at - window.base
        end = window.end
        missing = start + length - end
        if missing <= 0:
            # All is there: nothing needs to be stored, and `fill` only checks it.
            window.pos = start + length
            self.missing = 0
            return False
        self.store.start(length, window.data, start, end)
        window.pos = end
        self.missing = missing
        return window.let_go()

    def fill(self) -> bytes | None:
        """Take what came: the image, if all of it is there and it ends in an EOI of its own.

        None if not.  Then bytes are `missing`, or the length was wrong.
        """
        window = self._window
        pos = window.pos
        missing = self.missing
        if missing == 0 and self.store.size == 0:
            start = self.at - window.base
            if ends_with_lone_eoi(window.data, start, pos):
                return cut_out(window.data, start, pos)
            return None
        stop = pos + missing
        end = window.end
        if stop <= end:
            window.pos = stop
            self.missing = 0
            return self.store.finish(window.data, pos, stop)
        self.store.append(window.data, pos, end)
        window.pos = end
        self.missing = stop - end
        return None

    def begin_walk(self, doubted: bool) -> None:
        """Walk it from its beginning."""
        self.doubted = doubted
        self.walker.begin(False)
        self._window.pos = self.at - self._window.base + 2

    def begin_phantom(self, at: int) -> None:
        """Walk the inside of an image whose beginning is missing."""
        self.at = self.kept = at
        self.phantom = self.doubted = True
        self.declared = -1
        self._window.pos = at - self._window.base
        self.walker.begin(True)

    def restart(self) -> None:
        """It begins where the window is, and what was walked belongs to nothing."""
        self.store.truncate(0)
        self.at = self.kept = self._window.base + self._window.pos
        self.walker.begin(False)
        self._window.pos += 2

    def walk(self, upto: int, look: int, final: bool) -> int:
        """Walk to `upto` in the window; see `MarkerWalk.walk`.

        What was walked is stored where more is needed, so that the window holds nothing of it
        and the next chunk takes this one's place; not where it is to be searched first.
        """
        window = self._window
        walker = self.walker
        walker.base = window.base
        outcome = walker.walk(window.data, window.pos, upto, look, final)
        window.pos = walker.pos
        if outcome == MORE and not self.doubted:
            self.store.append(window.data, self.kept - window.base, window.pos)
            self.kept = window.base + window.pos
        return outcome

    def nest(self) -> None:
        """The SOI that was met is a thumbnail's."""
        self.walker.nest()
        self._window.pos = self.walker.pos

    def keep(self) -> None:
        """Store what was walked and searched."""
        window = self._window
        self.store.append(window.data, self.kept - window.base, window.pos)
        self.kept = window.base + window.pos

    def put_back(self) -> None:
        """Give all that was stored back to the window, to be walked after all."""
        self.kept = self.at
        self.missing = 0
        if self.store.size:
            self._window.put_back(self.store.take())

    def whole(self, upto: int) -> View:
        """The image up to `window.data[upto]`."""
        window = self._window
        kept = self.kept - window.base
        if self.store.size == 0:
            start = self.at - window.base
            return View(window.data, start, upto, window.base)
        if upto > kept:
            self.store.append(window.data, kept, upto)
            self.kept = window.base + upto
        return View(self.store.peek(), 0, self.store.size, self.at)

    def take(self) -> bytes:
        """All of it, from its beginning to where the window is."""
        window = self._window
        stop = window.pos
        start = self.kept - window.base
        self.end = window.base + stop
        if self.store.size:
            self.store.append(window.data, start, stop)
            return self.store.take()
        return cut_out(window.data, start, stop)

    def cut(self, at: int, wanted: bool, by_delimiter: bool) -> bytes:
        """End it at offset `at`, and go on reading there: its bytes, if they are `wanted`.

        A line end before a delimiter belongs to the delimiter.
        """
        window = self._window
        stop = at - self.at
        ending = 0
        data = b""
        if wanted:
            view = self.whole(max(self.kept, at) - window.base)
            start = view.start
            if by_delimiter:
                ending = line_end_before(view.data, start + stop, start)
            data = bytes(view.data[start : start + stop - ending])
            # The store can't give its bytes away while somebody looks at them.
            del view
            self.end = at - ending
        if at >= self.kept or self.store.size == 0:
            window.pos = at - window.base
        else:
            window.pos = self.kept - window.base
            window.put_back(self.store.slice(stop, self.store.size))
        self.store.truncate(0)
        return data

    def drop(self) -> None:
        """Forget its bytes."""
        self.store.truncate(0)
