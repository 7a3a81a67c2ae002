"""Where the image at hand ends, whole or broken.

One floor above the image, the second opinion, the belief and the doubt: this part asks them.
"""

from __future__ import annotations

from typing import Final

from hamaproto.events import AnomalyCode, FrameEnd
from hamaproto.wire.mjpeg.belief import Belief, Doubt
from hamaproto.wire.mjpeg.codes import AGAIN, BROKEN, EOI, MORE, SOI, TOO_LARGE, WHOLE
from hamaproto.wire.mjpeg.delimiter import DelimiterSet
from hamaproto.wire.mjpeg.image import Image
from hamaproto.wire.mjpeg.opinion import ENDED, IMAGE, NOTHING, OTHER, SecondOpinion
from hamaproto.wire.mjpeg.report import Report
from hamaproto.wire.mjpeg.window import Window

__all__ = ["Ending"]

_SOI_TWICE: Final = 2 * b"\xff\xd8\xff"
#: How far an image in doubt is walked before it is searched.  If each one ran to the end of
#: the data first, a flood of them would be walked over and over.
_DOUBT_STEP = 256


class Ending:
    """Looks for the end of one image at a time.

    `begin` one, or `distrust` one that was taken by its length, and `walk` it until the answer
    is another one than MORE.  `by` says what ended the image; one that is broken is then `cut`.
    """

    __slots__ = (
        "_at",
        "_belief",
        "_body_at",
        "_delimiters",
        "_doubt",
        "_image",
        "_max_frame",
        "_opinion",
        "_report",
        "_window",
        "by",
    )

    def __init__(
        self,
        window: Window,
        report: Report,
        delimiters: DelimiterSet,
        image: Image,
        belief: Belief,
        doubt: Doubt,
        max_frame: int,
    ) -> None:
        self._window = window
        self._report = report
        self._delimiters = delimiters
        self._image = image
        self._opinion = SecondOpinion(delimiters)
        self._belief = belief
        self._doubt = doubt
        # Where the body of the part begins, and where a broken image ends, as offsets.
        self._body_at = 0
        self._at = 0
        self._max_frame = max_frame
        self.by: FrameEnd = "eoi"

    # The beginning

    def begin(self, at: int, body_at: int, length: int) -> None:
        """An image begins at offset `at`, to be walked; `length` is -1 if none was declared."""
        image = self._image
        self._body_at = body_at
        self._opinion.look_from(at + 2)
        image.begin(at)
        image.declared = -1 if length < 0 else body_at + length
        image.begin_walk(at < self._doubt.until)

    def begin_phantom(self, at: int) -> None:
        """Walk the inside of an image whose start is missing, so that nothing in it is
        taken for an image of its own.  It is never delivered.
        """
        self._image.begin_phantom(at)
        self._opinion.look_from(at + 1)

    def distrust(self) -> None:
        """The length by which the image was taken was wrong, or the stream ends: walk it."""
        image = self._image
        self._body_at = image.at
        self._opinion.look_from(image.at + 2)
        image.put_back()
        image.begin_walk(image.at < self._doubt.until)

    # The walk

    def walk(self) -> int:
        """Walk as far as the window goes, and say what came of the image.

        MORE is needed; AGAIN: it begins elsewhere, walk on; WHOLE: it ends where the window is;
        BROKEN: it was cut off; TOO_LARGE: it was dropped where the window is.
        """
        window = self._window
        image = self._image
        walker = image.walker
        end = window.end
        stop = image.at + self._max_frame - window.base
        capped = stop < end
        if capped:
            end = stop
        final = window.eof and not capped and window.final()
        while True:
            pos = window.pos
            upto = min(end, pos + _DOUBT_STEP) if image.doubted else end
            outcome = image.walk(upto, end, final)
            if outcome == MORE:
                if image.doubted:
                    if self._search_doubted(pos):
                        return BROKEN
                    if upto < end and window.pos > pos:
                        continue
                if capped or end == stop:
                    return self._too_large(end)
                if final:
                    return self._cease()
                if image.doubted:
                    image.keep()
                return MORE
            if outcome == EOI:
                return self._ended()
            if outcome == SOI:
                if (
                    not walker.touched
                    and not image.phantom
                    and window.base + window.pos - image.at <= 4
                ):
                    self._restart()
                    return AGAIN
                if self._met_soi():
                    return BROKEN
                image.nest()
            elif self._second(window.pos, image.doubted, NOTHING):
                return BROKEN

    def cut(self) -> bytes | None:
        """The bytes of the image that is broken; the window goes on where it was cut off.

        It counts as far as it goes if its first scan had begun; it is skipped, and this is None,
        otherwise.
        """
        image = self._image
        report = self._report
        at = self._at
        if not image.doubted:
            self._doubt.read_again(self._window.base + self._window.pos - at)
        began = 0 <= image.walker.sos < at and not image.phantom
        data = image.cut(at, began, self.by == "delimiter")
        if image.declared >= 0:
            self._belief.lied()
        if began:
            return data
        if self.by != "eoi" or not image.phantom:
            report.note(AnomalyCode.IMAGE_WITHOUT_SCAN, image.at, "it never came to its first scan")
        report.skip(image.at, at, "an image that never came to its first scan")
        image.declared = -1
        return None

    def _met_soi(self) -> bool:
        """Whether the SOI before which the window is belongs to the next image."""
        window = self._window
        image = self._image
        walker = image.walker
        opinion = self._opinion
        at = window.base + window.pos
        # SOIs may come in a flood, and only what is new can tell.
        if (
            walker.sos < 0
            and not walker.in_scan()
            and not opinion.waits()
            and opinion.asked == at - 3
            and window.pos >= 6
            and window.data[window.pos - 6 : window.pos] == _SOI_TWICE
            and not self._undelimited()
        ):
            # Behind two others, of which the second one was asked about.
            opinion.asked = at
            return False
        view = image.whole(window.pos)
        if opinion.waits() or opinion.may_tell(view, opinion.asked, walker):
            other = opinion.ask(view, walker, True, IMAGE)
            if other >= 0:
                return self._broken(other, opinion.cut_by)
        if walker.due or opinion.headed(view, view.stop):
            return self._broken(at, "soi")
        if walker.sos >= 0 or walker.in_scan() or self._undelimited():
            # It may be the thumbnail of an image into which a segment has led.
            other = opinion.around(view, walker)
            return self._broken(other if other >= 0 else at, "soi")
        return False

    def _undelimited(self) -> bool:
        """Whether this is a stream of images alone, whatever was declared."""
        delimiters = self._delimiters
        return not delimiters.multipart or (
            delimiters.current is None and self._report.delivered > 0
        )

    def _search_doubted(self, pos: int) -> bool:
        """What the second opinion says of an image in doubt, walked on from `pos`."""
        window = self._window
        image = self._image
        # A segment can take the walk far, and what ends the image may stand close by.
        while pos < window.pos:
            since = window.base + pos
            pos = min(pos + _DOUBT_STEP, window.pos)
            if self._opinion.may_tell(image.whole(pos), since, image.walker) and self._second(
                pos, True, NOTHING
            ):
                return True
        return False

    def _restart(self) -> None:
        """SOI twice in a row: the image begins with the second one."""
        image = self._image
        at = self._window.base + self._window.pos
        self._report.note(AnomalyCode.JUNK_BEFORE_IMAGE, image.at, "SOI twice")
        self._report.skip(image.at, at, "SOI twice")
        image.restart()
        self._opinion.look_from(at + 2)

    # The end

    def _ended(self) -> int:
        """The walk came to the EOI before `window.pos`."""
        image = self._image
        walker = image.walker
        at = self._window.base + self._window.pos
        doubtful = walker.surprised or walker.sos < 0 or image.doubted
        if doubtful or walker.buried >= 0 or walker.leapt:
            if self._cut_before(doubtful):
                return BROKEN
            if walker.sos < 0 or image.phantom:
                self._broken(at, "eoi")
                return BROKEN
        self.by = "eoi"
        if image.declared >= 0:
            if at == image.declared:
                self.by = "length"
                if image.at == self._body_at:
                    self._belief.confirmed(at - image.at)
            else:
                self._belief.lied()
        return WHOLE

    def _cut_before(self, doubtful: bool) -> bool:
        """Whether the image that came to an EOI was cut off before it."""
        image = self._image
        walker = image.walker
        opinion = self._opinion
        stop = self._window.pos
        if not doubtful:
            if walker.buried >= 0:
                cut = opinion.in_table(image.whole(stop), walker)
                return self._broken(cut, opinion.cut_by)
            # Such a segment is lawful there, if no image began in it that has ended now.
            return self._second(stop, False, OTHER)
        if self._second(stop, True, NOTHING):
            return True
        # The end may be that of another image, into which a segment has led.
        cut = opinion.around(image.whole(stop), walker)
        if cut >= 0:
            return self._broken(cut, "soi")
        return self._second(stop, True, ENDED if image.phantom else OTHER)

    def _cease(self) -> int:
        """The stream ends inside an image."""
        window = self._window
        window.pos = window.end
        if not self._second(window.end, True, OTHER):
            last = self._opinion.last(self._image.whole(window.end))
            if last >= 0:
                self._broken(last, self._opinion.cut_by)
            else:
                self._broken(window.base + window.end, "eof")
        return BROKEN

    def _too_large(self, stop: int) -> int:
        """The image reaches to `stop` in the window, and that is where it must end."""
        window = self._window
        image = self._image
        window.pos = stop
        if self._second(stop, image.doubted, NOTHING):
            return BROKEN
        self._report.note(AnomalyCode.IMAGE_TOO_LARGE, image.at, "over Limits.max_frame")
        self._report.skip(image.at, window.base + stop, "an image that is too large")
        image.drop()
        if image.declared >= 0:
            self._belief.lied()
            image.declared = -1
        return TOO_LARGE

    def _second(self, upto: int, unknown: bool, stands: int) -> bool:
        """Whether the image was cut off before `window.data[upto]`; see `SecondOpinion`."""
        image = self._image
        opinion = self._opinion
        cut = opinion.ask(image.whole(upto), image.walker, unknown, stands)
        return self._broken(cut, opinion.cut_by)

    def _broken(self, at: int, by: FrameEnd) -> bool:
        """The image ended at offset `at`, by what ended it there; False if `at` is -1."""
        if at < 0:
            return False
        self._at = at
        self.by = by
        return True
