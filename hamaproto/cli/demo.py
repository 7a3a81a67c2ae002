"""`hamaproto demo`: everything at once, to be looked at.

Asks a camera all that it can be asked, changes settings and reads them back, moves it, and
streams picture and sound together into files.  The camera is a simulated one that is started
for it, or with `--camera` a real one, of which nothing is changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from hamaproto import commands
from hamaproto.camera import CameraState
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
from hamaproto.cli.exits import INTERRUPTED, PARTIAL
from hamaproto.cli.lists import fields_of, shown
from hamaproto.cli.options import (
    Seconds,
    Target,
    cafile_option,
    insecure_option,
    json_option,
    need,
    set_target,
    timeout_option,
)
from hamaproto.cli.output import Output, open_output
from hamaproto.cli.plain import cell, console, note, print_json
from hamaproto.commands import CATALOGUE, Command, Direction, FlipMode, Reply, Request
from hamaproto.errors import (
    AuthenticationError,
    DeviceError,
    HamaError,
    RemoteProtocolError,
    TransportError,
)
from hamaproto.events import AudioFrame, Frame
from hamaproto.hearing import Hearing
from hamaproto.io import asyncio as io_asyncio
from hamaproto.io.blocking import Camera
from hamaproto.io.serve import running_camera
from hamaproto.models import Ack, View
from hamaproto.picture_size import absurd_size, size_of

__all__ = ["demo"]

#: What changes nothing.
_READING = (Reply.IMAGE, Reply.PARAMS)
#: Settings for a picture worth looking at, each read back.
_SETTINGS = (
    commands.set_mjpeg_resolution("640x480"),
    commands.set_jpeg_compression(0),
    commands.set_mjpeg_fps(10),
)


@dataclass(slots=True)
class _Row:
    """A command that was asked, and what came back."""

    number: str
    asked: str
    answer: str
    took: str = ""


@click.command()
@click.option(
    "--output",
    default="demo-output",
    show_default=True,
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="Where the files go.",
)
@click.option(
    "--seconds",
    default=5.0,
    show_default=True,
    type=Seconds(min=0.5),
    help="How long to stream.",
)
@click.option("--camera", "url", metavar="URL", help="A real camera; nothing of it is changed.")
@click.option("--user", metavar="NAME", help="Who asks it; the password is prompted for.")
@cafile_option
@insecure_option
@timeout_option
@json_option
@click.pass_context
def demo(
    context: click.Context,
    output: str,
    seconds: float,
    url: str | None,
    user: str | None,
    cafile: str | None,
    insecure: bool,
    timeout: float,
    as_json: bool,
) -> int:
    """Ask, set, move, watch and listen, and leave pictures and sound to look at.

    Without --camera a simulated camera is started for it.
    """
    need("av", "numpy", "PIL")
    directory = Path(output)
    with contextlib.ExitStack() as stack:
        if url is None:
            login = ("admin", "1234")
            state = CameraState(users=dict([login]))
            simulated = stack.enter_context(running_camera(state))
            driver = {"auth": login, "timeout": 10.0}
            show = _Demo(simulated.url, driver, directory, seconds, real=False)
        else:
            target = Target(url, user, timeout, cafile=cafile, insecure=insecure)
            set_target(context, target)
            show = _Demo(target.url, target.driver, directory, seconds, real=True)
        return show.run(as_json=as_json)


class _Demo:
    """One run of the demo."""

    def __init__(
        self, url: str, driver: dict[str, Any], directory: Path, seconds: float, *, real: bool
    ) -> None:
        self._url = url
        self._driver = driver
        self._directory = directory
        self._seconds = seconds
        self._real = real
        self._rows: list[_Row] = []
        self._asked = self._failed = self._images = self._image_bytes = 0
        self._asking_seconds = 0.0
        self._files: list[str] = []
        self._first: HamaError | None = None

    def run(self, *, as_json: bool) -> int:
        """All of it; gives the exit code."""
        terminal = console(error=True)
        columns = (TextColumn("{task.description:<28}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=terminal, disable=not terminal.is_terminal) as progress:
            self._ask(progress)
            picture, sound, finished = self._stream(progress)
        if not as_json:
            self._print_tables(picture, sound)
        host = self._url.partition("://")[2]
        login = self._driver["auth"] is not None
        code = verdict(
            picture, sound, finished=finished, seconds=self._seconds, host=host, login=login
        )
        if code == 0 and not finished:
            code = INTERRUPTED
        if code == 0 and self._failed:
            code = PARTIAL
        if as_json:
            self._print_data(code, picture, sound)
        return code

    # -- what ends

    def _ask(self, progress: Progress) -> None:
        rows = [
            row
            for row in CATALOGUE
            if isinstance(row.example, Request) and (not self._real or row.reply in _READING)
        ]
        bar = progress.add_task(f"asking {len(rows)} commands", total=len(rows))
        with Camera(self._url, **self._driver) as camera:
            for row in rows:
                self._ask_one(camera, row)
                progress.advance(bar)
            if not self._real:
                self._set(camera)
            if self._first is not None and self._failed == self._asked:
                raise self._first  # it answers to nothing: this is no camera
            image = self._ask_picture(camera)
        if image is not None:
            with self._output("snapshot.jpg", whole=True) as file:
                file.write(image)

    def _ask_picture(self, camera: Camera) -> bytes | None:
        """One picture; what is wrong with it is in the table, by the row that asked for it."""
        try:
            frame = camera.execute(commands.image())
        except (DeviceError, RemoteProtocolError):
            return None
        return None if absurd_size(frame.data) is not None else frame.data

    def _ask_one(self, camera: Camera, row: Command) -> None:
        assert isinstance(row.example, Request)
        self._asked += 1
        start = time.perf_counter()
        try:
            answer = camera.execute(row.example)
        except AuthenticationError:
            raise
        except (DeviceError, RemoteProtocolError) as error:
            self._first = self._first or error
            self._failed += 1
            self._rows.append(_Row(row.number, row.name, str(error)))
            return
        took = time.perf_counter() - start
        self._asking_seconds += took
        self._rows.append(_Row(row.number, row.name, _summary(answer), f"{took * 1000:.1f} ms"))
        if isinstance(answer, Frame):
            self._images += 1
            self._image_bytes += len(answer.data)

    def _set(self, camera: Camera) -> None:
        camera.execute(commands.set_flip_mode(FlipMode.NORMAL))
        camera.execute(commands.set_pan_tilt_speed(1))
        camera.execute(commands.move(Direction.CENTER))
        for request in _SETTINGS:
            confirmed = camera.update(request)
            for key, asked in confirmed.requested.items():
                stored = confirmed.stored[key]
                self._failed += not confirmed.ok
                self._rows.append(
                    _Row(request.number or "", f"{request.title}: {asked}", f"is now {stored}")
                )

    # -- what does not

    def _stream(self, progress: Progress) -> tuple[Tally, Tally, bool]:
        from hamaproto.cli.recording import Recording, Sound
        from hamaproto.cli.sheet import ContactSheet

        picture, sound = Tally("picture"), Tally("sound")
        sheet = ContactSheet(self._seconds)
        hearing = Hearing()
        start = time.monotonic()
        with (
            Recording(self._output("recording.mkv")) as recording,
            Sound(self._output("audio.wav")) as wav,
        ):

            def take_picture(frame: Frame, at: float) -> None:
                recording.picture(frame.data, at)
                sheet.add(picture.frames, at - start, frame.data)

            def take_sound(frame: AudioFrame, at: float) -> None:
                samples = hearing.samples(frame)
                wav.write(samples)
                recording.sound(samples, at)

            async def main() -> None:
                async with io_asyncio.Camera(self._url, **self._driver) as camera:
                    hears = await has_sound(camera, again=False)
                    recording.expect(await declared_rate(camera))
                    work = [watch_picture(camera, picture, take_picture, None)]
                    if hears:
                        work.append(watch_sound(camera, sound, take_sound, None))
                    else:
                        recording.without_sound()
                        sound.absent = True
                        note(NO_SOUND)
                    work.append(self._meanwhile(camera, progress, picture, sound))
                    await watch(*work, seconds=self._seconds)

            finished = run_until_stopped(main())
        with self._output("contact-sheet.png", whole=True) as file:
            file.write(
                sheet.png(
                    f"{len(sheet)} of {picture.frames} pictures, with the time of their arrival"
                )
            )
        for number, name, tally in (
            ("1.3", "video_stream", picture),
            ("3.1", "audio_stream", sound),
        ):
            answer = str(tally.error) if tally.error else f"{tally.seconds:.2f} s"
            self._rows.append(_Row(number, name, answer if tally.frames else "nothing"))
        return picture, sound, finished

    async def _meanwhile(
        self, camera: io_asyncio.Camera, progress: Progress, picture: Tally, sound: Tally
    ) -> None:
        """Move the bar, and the camera."""
        bar = progress.add_task("streaming", total=self._seconds)
        moves = [] if self._real else _moves(self._seconds)
        start = time.monotonic()
        with contextlib.suppress(TransportError):  # the streams will tell
            while True:
                await asyncio.sleep(0.05)
                past = time.monotonic() - start
                progress.update(
                    bar,
                    completed=past,
                    description=f"{picture.frames} pictures, {sound.frames} of sound",
                )
                while moves and past >= moves[0][0]:
                    await camera.execute(moves.pop(0)[1])

    def _output(self, name: str, *, whole: bool = False) -> Output:
        """A file of the demo's own folder; it takes the place of that of the last demo."""
        self._directory.mkdir(parents=True, exist_ok=True)
        path = str(self._directory / name)
        self._files.append(path)
        return open_output(path, overwrite=True, whole=whole)

    # -- the end

    def _print_data(self, code: int, *tallies: Tally) -> None:
        files = filter(os.path.exists, self._files)
        print_json(
            {
                "code": code,
                "asked": [dataclasses.asdict(row) for row in self._rows],
                "streams": [tally.as_data(seconds=self._seconds) for tally in tallies],
                "files": {path: os.stat(path).st_size for path in files},
            }
        )

    def _print_tables(self, picture: Tally, sound: Tally) -> None:
        paper = console()
        asked = Table(title=f"What {'the' if self._real else 'a simulated'} camera was asked")
        for name in ("", "asked", "came back", "took"):
            asked.add_column(name, justify="right" if name == "took" else "left")
        for row in self._rows:
            asked.add_row(*map(cell, (row.number, row.asked, row.answer, row.took)))
        paper.print(asked)
        sums = Table(title="In sum")
        for name in ("", "asked", "answered", "frames", "bytes", "anomalies", "speed"):
            sums.add_column(name, justify="right" if name else "left", no_wrap=True)
        answered = self._asked - self._failed
        sums.add_row(
            "commands",
            f"{self._asked}",
            f"{answered}",
            f"{self._images}",
            f"{self._image_bytes:,}",
            "",
            f"{answered / max(self._asking_seconds, 1e-6):.0f}/s",
        )
        for name, tally in (("video_stream", picture), ("audio_stream", sound)):
            sums.add_row(
                name,
                "1",
                f"{int(tally.frames > 0)}",
                f"{tally.frames:,}",
                f"{tally.received:,}",
                f"{tally.anomalies.total()}",
                f"{tally.rate:.1f}/s",
            )
        paper.print(sums)
        for tally in (picture, sound):
            for code, count in tally.anomalies.items():
                paper.print(cell(f"anomaly: {count} {code}"))
        for path in filter(os.path.exists, self._files):
            size = os.stat(path).st_size
            paper.print(cell(f"{path}  {size:,} bytes"), soft_wrap=True)


def _moves(seconds: float) -> list[tuple[float, Request[Ack]]]:
    """When to move where: there, there, and back."""
    steps = (Direction.RIGHT, Direction.RIGHT, Direction.UP, Direction.CENTER)
    return [
        (seconds * (place + 1) / (len(steps) + 1), commands.move(step))
        for place, step in enumerate(steps)
    ]


def _summary(answer: object) -> str:
    """An answer in a few words."""
    match answer:
        case Frame():
            size = size_of(answer.data)
            return "a JPEG" if size is None else f"a JPEG, {size[0]}x{size[1]}"
        case Ack():
            return "a redirect: done" if answer.location else answer.text.strip()
        case View():
            known = (f"{name} {shown(value)}" for name, value in fields_of(answer).items())
            return "; ".join(known) or "nothing known"
        case _:
            return type(answer).__name__
