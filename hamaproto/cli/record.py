"""`hamaproto record`: pictures and sound into files, for an hour or for years.

    record URL -o x.mkv                                  one file
    record URL -o x.webm                                 one that a browser plays
    record URL -o 'cam/{time}.mkv' --split 10min --keep 7d
    record URL -o '{time}.mkv' --on-motion --before 5s --after 10s
    record URL -o lapse.mkv --every 30s                  a time-lapse film
    record URL -o '{time}.jpg' --every 30s               a picture at a time

What is written can be played however the recording ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click

from hamaproto.cli.capture import (
    NO_SOUND,
    Tally,
    declared_rate,
    has_sound,
    run_until_stopped,
    verdict,
    watch,
    watch_picture,
    watch_sound,
)
from hamaproto.cli.exits import INTERRUPTED, OK, PARTIAL
from hamaproto.cli.measures import AMOUNT, DURATION, Amount
from hamaproto.cli.options import (
    Target,
    check_json,
    file_options,
    json_option,
    need,
    overwrite_option,
    reconnect_option,
    seconds_option,
)
from hamaproto.cli.output import STDOUT, format_of, is_stream, open_output
from hamaproto.cli.plain import note, print_json
from hamaproto.cli.signals import finishing
from hamaproto.errors import AuthenticationError, HamaError
from hamaproto.events import AudioFrame, Frame
from hamaproto.gsm.tables import SAMPLE_RATE
from hamaproto.hearing import Hearing
from hamaproto.io import Backoff
from hamaproto.io.asyncio import Camera
from hamaproto.picture_size import absurd_size

if TYPE_CHECKING:
    from hamaproto.cli.recording import Parts, Recorder, Recording
    from hamaproto.cli.recording.keeping import Retention
    from hamaproto.cli.recording.motion import MotionGate
    from hamaproto.cli.recording.progress import Progress

__all__ = ["record"]

#: Seconds between two looks at the line on the terminal, and at the files that are kept.
_SHOW: Final = 0.5
_LOOK: Final = 20.0
#: Pictures after which a camera that says nothing about motion is told of.
_ENOUGH: Final = 20
_FILM: Final = {".mkv": "matroska", ".webm": "webm"}
_LAPSE: Final = {**_FILM, ".jpg": "jpeg", ".jpeg": "jpeg"}


@click.command()
@file_options
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FILE.mkv|FILE.webm",
    help="The file to write; - is stdout. {time}, {time:%H-%M}, {n}, {camera} are filled in.",
)
@overwrite_option
@seconds_option
@reconnect_option
@click.option("--no-sound", is_flag=True, help="Pictures only.")
@click.option(
    "--split", type=AMOUNT, metavar="10min|1GB", help="Begin a new file after that time or size."
)
@click.option(
    "--keep",
    type=AMOUNT,
    metavar="7d|50GB",
    help="Delete what this command has recorded before: older than that, or more than that.",
)
@click.option(
    "--on-motion", is_flag=True, help="Record only while the camera sees motion, a file for each."
)
@click.option(
    "--before",
    type=DURATION,
    default="5s",
    show_default=True,
    metavar="TIME",
    help="What is kept of the time before a motion.",
)
@click.option(
    "--after",
    type=DURATION,
    default="10s",
    show_default=True,
    metavar="TIME",
    help="For how long to go on after it.",
)
@click.option(
    "--every",
    type=DURATION,
    metavar="TIME",
    help="A time-lapse: one picture each time, into a film or into '{time}.jpg'.",
)
@click.option(
    "--fps",
    type=click.IntRange(1, 240),
    default=25,
    show_default=True,
    help="Pictures a second of a time-lapse film.",
)
@json_option
def record(target: Target, output: str, as_json: bool, **options: Any) -> int:
    """Record picture and sound of the camera at URL.

    FILE.mkv has all that was sent, byte for byte, and no browser shows it.  FILE.webm is what
    browsers play: encoded anew as VP8 and Opus, which takes computing and loses a little; all
    pictures of a file are scaled to the size of its first one.

    The file can be played while it is written, and however the recording ends.  URL may be the
    full address of a stream of any other camera; with --every, of a picture.
    """
    need("av", "numpy")
    check_json(as_json, output)
    job = _Job(target, output, **options)
    code = job.run()
    if as_json:
        print_json({"code": code, **job.result})
    return code


class _Job:
    """What was asked for, checked before the camera is asked for anything."""

    def __init__(
        self,
        target: Target,
        output: str,
        *,
        overwrite: bool,
        seconds: float | None,
        reconnect: bool,
        no_sound: bool,
        split: Amount | None,
        keep: Amount | None,
        on_motion: bool,
        before: float,
        after: float,
        every: float | None,
        fps: int,
    ) -> None:
        from hamaproto.cli.recording import FORMS
        from hamaproto.cli.recording.keeping import Retention
        from hamaproto.cli.recording.naming import Template

        self.target = target
        self.output = output
        self.overwrite = overwrite
        self.seconds = seconds
        self.reconnect = reconnect
        self.no_sound = no_sound
        self.split = split
        self.motion = (before, after) if on_motion else None
        self.every = every
        self.fps = fps
        self.format = format_of(output, _FILM if every is None else _LAPSE, stream="matroska")
        self.form = FORMS.get(self.format)
        lacking = None if self.form is None else self.form.missing()
        if lacking is not None:
            raise click.UsageError(f"{output}: this PyAV lacks {lacking}: record to a FILE.mkv")
        self.template = Template(output, _camera_name(target))
        self.retention: Retention | None = None
        #: What came of it, for a program.
        self.result: dict[str, object] = {}
        self._check(keep)
        if split is not None or on_motion or (self.format == "jpeg" and not overwrite):
            self.template = self.template.numbered()
        if keep is not None:
            if not self.template.varies:
                raise click.UsageError("--keep needs a name with {time} or {n}, or --split")
            self.retention = Retention(self.template, seconds=keep[0], size=keep[1])

    def _check(self, keep: Amount | None) -> None:
        if self.every is not None:
            if not self.every:
                raise click.UsageError("--every: more than 0 seconds are needed")
            if self.split is not None or self.motion is not None:
                raise click.UsageError("--every goes with neither --split nor --on-motion")
        several = [
            name
            for name, given in (
                ("--split", self.split is not None),
                ("--on-motion", self.motion is not None),
                ("--keep", keep is not None),
            )
            if given
        ]
        if several and is_stream(self.output):
            raise click.UsageError(f"{several[0]} needs files: -o FILE.mkv")
        if self.split is not None and (self.split[0] or 1) < 1:
            raise click.UsageError("--split: a second or more is needed")

    def run(self) -> int:
        """Do it; gives the exit code."""
        if self.retention is not None:
            self.retention.apply(time.time())
        if self.every is not None:
            return _Lapse(self, self.every).run()
        return _Stream(self).run()

    def parts(self) -> Parts:
        """Where it is written to."""
        from hamaproto.cli.recording import NamedParts, OnePart

        whole = self.format == "jpeg"
        if (self.template.varies or whole) and not is_stream(self.output):
            self.template.check_folder()
            return NamedParts(self.template, overwrite=self.overwrite, whole=whole)
        name = STDOUT if self.output == STDOUT else self.template.name(1, datetime.now())
        return OnePart(open_output(name, overwrite=self.overwrite))

    def part_begins(self, growing: list[str]) -> None:
        """What is to be kept is looked at with each part."""
        if self.retention is not None:
            self.retention.apply(time.time(), growing)


class _Stream:
    """Pictures and sound as they come."""

    def __init__(self, job: _Job) -> None:
        self._job = job
        self._picture = Tally("picture")
        self._sound = Tally("sound")
        self._backoff = Backoff() if job.reconnect else None
        self._gate: MotionGate | None = None
        self._started = time.monotonic()

    def run(self) -> int:
        """Record until the time is over, the camera ends it, or a signal comes."""
        from hamaproto.cli.recording import Recording
        from hamaproto.cli.recording.progress import Progress
        from hamaproto.cli.recording.splitting import SplitPlan

        job = self._job
        plan = None if job.split is None else SplitPlan(*job.split)
        assert job.form is not None
        recording = Recording(
            job.parts(), sound=not job.no_sound, plan=plan, motion=job.motion, form=job.form
        )
        self._gate = recording.gate
        failed = True
        try:
            with finishing(), recording, Progress.shown() as progress:
                finished = run_until_stopped(self._watch(recording, progress))
            failed = False
        finally:
            self._say_what_came(recording, failed)
        self._picture.undecoded = recording.recorder.undecoded
        code = verdict(
            self._picture,
            self._sound,
            finished=finished,
            seconds=job.seconds,
            host=job.target.host,
            login=job.target.auth is not None,
        )
        recorder = recording.recorder
        self._job.result = {
            "files": recorder.parts,
            "first": recorder.first_name,
            "last": recorder.last_name,
            "pictures": recording.pictures,
            "sound": round(recording.samples / SAMPLE_RATE, 2),
            "streams": [
                tally.as_data(seconds=job.seconds) for tally in (self._picture, self._sound)
            ],
        }
        if code == OK and self._gate is not None and not self._gate.said:
            return PARTIAL
        return code

    async def _watch(self, recording: Recording, progress: Progress) -> None:
        job, target = self._job, self._job.target
        async with Camera(target.url, **target.driver) as camera:
            hears = not job.no_sound and await has_sound(
                camera, again=job.reconnect, other=target.file is not None
            )
            recording.expect(await declared_rate(camera))
            take_picture, take_sound = self._takers(recording)
            timeline = recording.timeline
            work = [
                watch_picture(
                    camera,
                    self._picture,
                    take_picture,
                    self._backoff,
                    timeline.picture_lost,
                    target.pictures,
                )
            ]
            if hears:
                work.append(
                    watch_sound(camera, self._sound, take_sound, self._backoff, timeline.sound_lost)
                )
            elif not job.no_sound:
                recording.without_sound()
                self._sound.absent = True
                note(NO_SOUND)
            work.append(self._meanwhile(recording, progress))
            await watch(*work, seconds=job.seconds)

    def _takers(self, recording: Recording) -> tuple[Any, Any]:
        gate = self._gate
        hearing = Hearing()

        def take_picture(frame: Frame, at: float) -> None:
            stamp = frame.timestamp
            recording.picture(
                frame.data,
                at,
                None if stamp is None else float(stamp),
                frame.headers.get("Motion-Event"),
            )
            if gate is not None and self._picture.frames == _ENOUGH and not gate.said:
                note("the camera says nothing about motion: its pictures have no Motion-Event")

        def take_sound(frame: AudioFrame, at: float) -> None:
            recording.sound(hearing.samples(frame), at)

        return take_picture, take_sound

    async def _meanwhile(self, recording: Recording, progress: Progress) -> None:
        """Show how it goes, and make room."""
        parts, looked = 0, 0.0
        while True:
            await asyncio.sleep(_SHOW)
            now = time.monotonic()
            if recording.recorder.parts != parts or now - looked > _LOOK:
                parts, looked = recording.recorder.parts, now
                self._job.part_begins(recording.recorder.growing)
            if progress.is_shown:
                self._show(recording, progress, now)

    def _show(self, recording: Recording, progress: Progress, now: float) -> None:
        from hamaproto.cli.recording.progress import Status

        picture, gate = self._picture, self._gate
        status = Status(
            seconds=now - self._started,
            pictures=recording.pictures,
            rate=picture.rate,
            size=recording.recorder.size,
            lost=picture.cut_off + picture.losses + self._sound.losses,
            offset=recording.recorder.sound_offset,
        )
        if gate is not None:
            status.notes.append(f"{'motion' if gate.is_open else 'waiting'}, {gate.events} seen")
        progress.show(status)

    def _say_what_came(self, recording: Recording, failed: bool) -> None:
        if not recording.pictures:
            if self._gate is not None and self._picture.frames and self._gate.said:
                note("no motion was seen: nothing is recorded")
            return
        names = recording.recorder.names
        sound = f", {recording.samples / SAMPLE_RATE:.1f} s of sound"
        # What FFmpeg held when the disk was full is not in the file.
        most = "at most " if failed else ""
        note(f"{names}: {most}{recording.pictures} pictures{sound}")


class _Lapse:
    """One picture at a time, on a grid of times."""

    def __init__(self, job: _Job, every: float) -> None:
        self._job = job
        self._every = every
        self._taken = 0
        self._failed = 0
        self._said: set[str] = set()
        self._names: list[str] = []

    def run(self) -> int:
        """Take pictures until the time is over, or a signal comes."""
        from hamaproto.cli.recording import Recorder
        from hamaproto.cli.recording.progress import Progress

        job = self._job
        parts = job.parts()
        recording = None
        failed = True
        try:
            with contextlib.ExitStack() as stack:
                stack.enter_context(finishing())
                if job.form is not None:
                    recording = Recorder(parts, sound=False, epoch=time.time(), form=job.form)
                    recording.rate = job.fps
                    stack.enter_context(recording)
                progress = stack.enter_context(Progress.shown())
                finished = run_until_stopped(self._take(parts, recording, progress))
            failed = False
        finally:
            self._say_what_came(recording, failed)
        job.result = {
            "first": self._names[0] if self._names else None,
            "last": self._names[-1] if self._names else None,
            "pictures": self._taken,
            "missing": self._failed,
        }
        if self._failed:
            note(f"picture: {self._failed} of {self._taken + self._failed} are missing")
        if not self._taken:
            return INTERRUPTED if not finished else PARTIAL
        return PARTIAL if self._failed else OK

    def _say_what_came(self, recording: Recorder | None, failed: bool) -> None:
        if recording is not None:
            # Of a file that was full at once there is nothing left to tell of.
            self._taken = self._taken if recording.pictures else 0
            if recording.parts:
                self._names.append(recording.names)
        if self._taken:
            first, last = self._names[0], self._names[-1]
            names = first if first == last else f"{first} to {last}"
            most = "at most " if failed and recording is not None else ""
            note(f"{names}: {most}{self._taken} pictures")

    async def _take(self, parts: Parts, recording: Recorder | None, progress: Progress) -> None:
        from hamaproto.cli.recording.lapse import Schedule

        job = self._job
        plan = Schedule(self._every, time.monotonic())
        async with Camera(job.target.url, **job.target.driver) as camera:
            while True:
                due = plan.first + plan.number * plan.every
                if job.seconds is not None and due > plan.first + job.seconds:
                    return
                await asyncio.sleep(plan.wait(time.monotonic()))
                image = await self._ask(camera)
                if image is None:
                    self._failed += 1
                elif recording is not None:
                    undecoded = recording.undecoded
                    recording.picture(image, self._taken / job.fps)
                    if recording.undecoded == undecoded:
                        self._taken += 1
                    else:
                        self._failed += 1
                        self._say_once("picture: left out: nothing of it can be decoded")
                else:
                    with parts.open(datetime.now().astimezone()) as file:
                        file.write(image)
                    self._names = [*self._names[:1], file.label]
                    self._taken += 1
                plan.taken(time.monotonic())
                self._failed += plan.missed
                plan.missed = 0
                self._housekeeping(recording, progress, plan)

    async def _ask(self, camera: Camera) -> bytes | None:
        """A picture; None if there was none this time.  The first one has to come."""
        try:
            image = (await camera.execute(self._job.target.picture)).data
        except AuthenticationError:
            raise
        except HamaError as error:
            if not self._taken and not self._job.reconnect:
                raise
            self._say_once(str(error))
            return None
        size = absurd_size(image)
        if size is not None:
            self._say_once(f"picture: left out: no picture is {size[0]}x{size[1]} pixels large")
            return None
        return image

    def _say_once(self, text: str) -> None:
        if text not in self._said and len(self._said) < 100:
            self._said.add(text)
            note(text)

    def _housekeeping(self, recording: Recorder | None, progress: Progress, plan: Any) -> None:
        from hamaproto.cli.recording.progress import Status

        self._job.part_begins([] if recording is None else recording.growing)
        if progress.is_shown:
            progress.show(
                Status(
                    seconds=time.monotonic() - plan.first,
                    pictures=self._taken,
                    rate=1 / self._every,
                    size=0 if recording is None else recording.size,
                    lost=self._failed,
                )
            )


def _camera_name(target: Target) -> str:
    """What {camera} stands for: the host, and the port if it is not the usual one."""
    host, _, port = target.host.rpartition(":")
    name = host.strip("[]").replace(":", "-")
    return name if port == "80" else f"{name}_{port}"
