"""From pictures and sound, with the times when they were made, to files without a gap.

    picture(image, made)  sound(samples, made)  ->  Recorder  ->  one part, or several

Times are seconds on one clock.  A part begins with a picture, and has the sound from there up
to the picture with which the next part begins, to the sample.  Sound is known later than the
pictures that were made with it; so a part that is over stays open until its sound has come.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from types import TracebackType
from typing import Final, Protocol, Self

import av

from hamaproto.cli.output import Output, StoppedError, open_output
from hamaproto.cli.recording.matroska import Matroska
from hamaproto.cli.recording.naming import Template
from hamaproto.cli.recording.splitting import SplitPlan
from hamaproto.gsm.tables import SAMPLE_RATE
from hamaproto.gsm.wav import WavWriter
from hamaproto.picture_size import absurd_size

__all__ = ["NamedParts", "OnePart", "Parts", "Recorder", "Sound"]

#: Seconds that a part waits for its last sound, and how many may wait: a network that was
#: silent brings the pictures of that time before the sound, or the sound before the pictures.
_PART_WAIT: Final = 10.0
_MOST_WAITING: Final = 8
#: Samples for which sound waits for the next picture.
_SOUND_WAIT: Final = 6 * SAMPLE_RATE
_SAMPLE_BYTES: Final = 2
#: Bytes that a sample takes in a file, its share of the container included.
_SOUND_COST: Final = 2.2


class Parts(Protocol):
    """Gives a recording its files."""

    def open(self, made: datetime) -> Output:
        """The file for a part whose first picture was made at that time."""


class OnePart:
    """A recording in one file."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def open(self, made: datetime) -> Output:
        return self._output


class NamedParts:
    """A recording in files that are named by a template."""

    def __init__(self, template: Template, *, overwrite: bool = False, whole: bool = False) -> None:
        self._template = template
        self._whole = whole
        self._overwrite = overwrite
        self._number = 1
        #: The names of the files that were begun, the last ones only.
        self.names: deque[str] = deque(maxlen=1000)
        if not overwrite and template.is_numbered:
            # A recording that is started again goes on behind what it finds.
            self._number = template.next_number()

    def open(self, made: datetime) -> Output:
        name = self._template.name(self._number, made)
        self._number += 1
        self._template.make_folders(name)
        output = self._free(name)
        self.names.append(output.label)
        return output

    def _free(self, name: str) -> Output:
        """The file of that name; if it is there, with a number, since a recording goes on."""
        stem, dot, ending = name.rpartition(".")
        for again in range(2, 1_000_000):
            # What this recording has written itself is not in its way, but part of it.
            overwrite = self._overwrite and (name not in self.names or not self._template.varies)
            try:
                return open_output(name, overwrite=overwrite, whole=self._whole)
            except FileExistsError:
                name = f"{stem}-{again}{dot}{ending}"
        raise FileExistsError(17, "no name is left", name)


class _Part:
    """A part that is being written."""

    def __init__(self, file: Matroska, output: Output, start: float) -> None:
        self.file = file
        self.output = output
        self.start = start
        #: The number of the first sample that belongs to it, and of the first that doesn't.
        self.first = round(start * SAMPLE_RATE)
        self.behind: int | None = None
        #: Up to where it has sound.
        self.heard = self.first
        #: When it was over, on the clock of this machine.
        self.over = 0.0
        #: Whether all its sound has come.
        self.is_whole = False


class Recorder:
    """Files of pictures and sound, of the kind that `form` is, by the times when they were made.

    Nothing is opened before the first picture, whose size and time the file takes.  A picture
    of a size that none can have is left out, and so is sound that was made before the first
    picture.  `epoch` is what makes a time of 1970's count of the times that are given, of
    the monotonic clock if it is left out; `on_part` is told the name of each finished part.
    """

    def __init__(
        self,
        parts: Parts,
        *,
        sound: bool = True,
        plan: SplitPlan | None = None,
        epoch: float | None = None,
        on_part: Callable[[str], None] | None = None,
        form: type[Matroska] = Matroska,
    ) -> None:
        self._parts = parts
        self._form = form
        self._with_sound = sound
        #: Pictures a second that a file declares; None declares none.
        self.rate: int | None = None
        self._plan = plan or SplitPlan()
        self._on_part = on_part
        self._part: _Part | None = None
        #: Parts that are over, and whose sound is still to come.
        self._ending: deque[_Part] = deque()
        #: Sound that no picture has followed yet.
        self._held: deque[tuple[int, bytes]] = deque()
        self._last_made: float = float("-inf")
        self._finished_size = 0
        # One offset for all, so that a clock that is set doesn't tear parts asunder.
        self._epoch = time.time() - time.monotonic() if epoch is None else epoch
        #: Pictures that were left out, since nothing of them could be decoded.
        self.undecoded = 0
        #: Pictures and samples that were written, and parts that were begun.
        self.pictures = 0
        self.samples = 0
        self.parts = 0
        self.first_name = self.last_name = ""
        self._sound_end: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except (OSError, av.FFmpegError):
            # What went wrong before is the news: most often the same, such as a full disk.
            if exc_type is None:
                raise

    @property
    def size(self) -> int:
        """Bytes of all its parts so far."""
        return self._finished_size + sum(part.output.size for part in self._open_parts())

    @property
    def growing(self) -> list[str]:
        """The files that are being written."""
        return [part.output.label for part in self._open_parts()]

    def picture(self, image: bytes, made: float) -> None:
        """A JPEG that was made at that time."""
        if absurd_size(image) is not None:
            return
        picture = self._form.read(image)
        if picture is None:
            self.undecoded += 1
            return
        size = self._form.size_of(picture)
        if size is None and self._part is None:
            return
        # A picture whose head is damaged can't begin a part.
        if size is not None and self._is_due(image, made):
            self.end(made)
        if self._part is None:
            assert size is not None
            self._part = self._begin(size, made)
        self._part.file.picture(picture, round((made - self._part.start) * 1000))
        self.pictures += 1
        self._last_made = made * SAMPLE_RATE
        self._release(self._last_made)
        self._retire()

    def sound(self, samples: bytes, start: int) -> None:
        """16-bit samples, 8000 a second; `start` is when the first was made, times 8000."""
        if not self._with_sound:
            return
        self._held.append((start, samples))
        self._sound_end = start + len(samples) // _SAMPLE_BYTES
        # Beyond the last picture, it may belong to a part that hasn't begun yet.
        self._release(max(self._last_made, start - _SOUND_WAIT))

    def without_sound(self) -> None:
        """There will be no sound; to be said before the first picture."""
        self._with_sound = False

    def end(self, made: float) -> None:
        """The part is over; what was made from that time on doesn't belong to it."""
        if self._part is None:
            return
        self._part.behind = round(made * SAMPLE_RATE)
        self._part.over = time.monotonic()
        self._part.is_whole = not self._with_sound
        self._ending.append(self._part)
        self._part = None

    @property
    def names(self) -> str:
        """What was recorded to, for people."""
        if self.parts <= 1:
            return self.last_name
        return f"{self.parts} files, {self.first_name} to {self.last_name}"

    @property
    def sound_offset(self) -> float | None:
        """Seconds from the last picture to the end of the sound; None before there is any."""
        return (
            None if self._sound_end is None else (self._sound_end - self._last_made) / SAMPLE_RATE
        )

    def close(self) -> None:
        """Finish the files; with an index they can be searched.

        Each is closed, whatever became of the others; then the first error is raised.
        """
        failed: Exception | None = None
        try:
            self._release(None)
        except (OSError, av.FFmpegError, StoppedError) as error:
            failed = error
        for part in self._open_parts():
            try:
                self._finish(part, durable=True)
            except (OSError, av.FFmpegError, StoppedError) as error:
                failed = failed or error
                if not part.file.abandon() and self.parts == 1:
                    self.pictures = self.samples = 0
        self._part = None
        self._ending.clear()
        self._held.clear()
        # Nobody takes what is left, and a signal has ended it: that is no error.
        if failed is not None and not isinstance(failed, StoppedError):
            raise failed

    def _open_parts(self) -> Iterator[_Part]:
        yield from tuple(self._ending)
        if self._part is not None:
            yield self._part

    def _is_due(self, image: bytes, made: float) -> bool:
        if self._part is None:
            return False
        size = self._part.file.size_with(image)
        if self._with_sound and self.samples:
            # Its sound up to here, and up to the next picture, belongs to this part too.
            step = max(made * SAMPLE_RATE - self._last_made, 0.0)
            due = min(made * SAMPLE_RATE + step - self._part.heard, _SOUND_WAIT)
            size += round(max(due, 0.0) * _SOUND_COST)
        return self._plan.is_due(made, size)

    def _begin(self, size: tuple[int, int], made: float) -> _Part:
        when = datetime.fromtimestamp(made + self._epoch).astimezone()
        output = self._parts.open(when)
        self._plan.begin(made)
        file = self._form(output, size, sound=self._with_sound, rate=self.rate, made=when)
        # Only what could be begun is told of.
        self.parts += 1
        self.last_name = output.label
        self.first_name = self.first_name or output.label
        return _Part(file, output, made)

    def _release(self, until: float | None) -> None:
        """Write the sound that began before that sample; all of it for None."""
        while self._held and (until is None or self._held[0][0] < until):
            self._put(*self._held.popleft())

    def _put(self, start: int, samples: bytes) -> None:
        """Give each part the samples that belong to it; what is before all parts is left out."""
        end = start + len(samples) // _SAMPLE_BYTES
        for part in self._open_parts():
            first = max(start, part.first)
            behind = end if part.behind is None else min(end, part.behind)
            if first < behind:
                piece = samples[(first - start) * _SAMPLE_BYTES : (behind - start) * _SAMPLE_BYTES]
                part.file.sound(piece, first - part.first)
                part.heard = behind
                self.samples += behind - first
            if part.behind is not None and end >= part.behind:
                part.is_whole = True

    def _retire(self) -> None:
        """Finish the parts whose sound has come, or should have."""
        while self._ending and (
            self._ending[0].is_whole
            or len(self._ending) > _MOST_WAITING
            or time.monotonic() - self._ending[0].over > _PART_WAIT
        ):
            # The camera sends on while it is finished: no time for a slow disk.
            self._finish(self._ending.popleft(), durable=False)

    def _finish(self, part: _Part, *, durable: bool) -> None:
        part.file.close(durable=durable)
        self._finished_size += part.output.size
        if self._on_part is not None:
            self._on_part(part.output.label)


class Sound(WavWriter):
    """A WAV file of 16-bit samples, 8000 a second, that is whole at any time.

    There is none if no sound came.
    """

    def __init__(self, output: Output) -> None:
        super().__init__(output)
        self._output = output

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.length:
            self._output.__exit__(kind, error, traceback)
        else:
            self._output.close()
