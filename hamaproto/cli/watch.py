"""Commands whose answer has no end: record and listen; and talk, which goes the other way."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

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
from hamaproto.cli.options import Target, camera_options, need, overwrite_option
from hamaproto.cli.output import format_of, open_output
from hamaproto.cli.plain import note
from hamaproto.events import AudioFrame, Frame
from hamaproto.gsm import Decoder, Encoder
from hamaproto.io._common import Backoff
from hamaproto.io.asyncio import Camera

__all__ = ["COMMANDS"]

_seconds_option = click.option(
    "--seconds", type=click.FloatRange(min=0, min_open=True), help="For how long; else to Ctrl-C."
)
#: What the sound is written as, by the name of the file.
_SOUNDS = {".wav": "wav", ".gsm": "gsm", ".s16": "s16"}
_reconnect_option = click.option(
    "--reconnect", is_flag=True, help="Ask again when the stream is lost, and again."
)


@click.command()
@camera_options
@click.option(
    "-o", "--output", required=True, metavar="FILE.mkv", help="The file to write; - is stdout."
)
@overwrite_option
@_seconds_option
@_reconnect_option
@click.option("--no-sound", is_flag=True, help="Pictures only.")
@click.pass_context
def record(
    context: click.Context,
    target: Target,
    output: str,
    overwrite: bool,
    seconds: float | None,
    reconnect: bool,
    no_sound: bool,
) -> None:
    """Record picture and sound of the camera at URL, the pictures as they are sent.

    The file can be played while it is written.
    """
    need("av", "numpy")
    from hamaproto.cli.recording import Recording

    format_of(output, {".mkv": "matroska"}, stream="matroska")
    picture, sound = Tally("picture"), Tally("sound")
    backoff = Backoff() if reconnect else None
    decoder = Decoder(on_bad_frame="conceal")
    with Recording(open_output(output, overwrite=overwrite), sound=not no_sound) as recording:

        def take_picture(frame: Frame, at: float) -> None:
            stamp = frame.timestamp
            recording.picture(frame.data, at, None if stamp is None else float(stamp))

        def take_sound(frame: AudioFrame, at: float) -> None:
            recording.sound(decoder.decode(frame.data).tobytes(), at)

        async def main() -> None:
            async with Camera(target.url, **target.driver) as camera:
                hears = not no_sound and await has_sound(camera, again=reconnect)
                recording.expect(await declared_rate(camera))
                timeline = recording.timeline
                work = [
                    watch_picture(camera, picture, take_picture, backoff, timeline.picture_lost)
                ]
                if hears:
                    work.append(
                        watch_sound(camera, sound, take_sound, backoff, timeline.sound_lost)
                    )
                elif not no_sound:
                    recording.without_sound()
                    sound.absent = True
                    note(NO_SOUND)
                await watch(*work, seconds=seconds)

        finished = run_until_stopped(main())
    note(f"{output}: {recording.pictures} pictures, {recording.samples / 8000:.1f} s of sound")
    context.exit(
        verdict(
            picture,
            sound,
            finished=finished,
            seconds=seconds,
            host=target.host,
            login=target.auth is not None,
        )
    )


@click.command()
@camera_options
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FILE",
    help="FILE.wav, FILE.gsm (the frames as they are sent), FILE.s16, or - for stdout.",
)
@overwrite_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["wav", "gsm", "s16"]),
    help="Instead of what the file's name says; gsm on stdout, s16 is samples alone.",
)
@_seconds_option
@_reconnect_option
@click.pass_context
def listen(
    context: click.Context,
    target: Target,
    output: str,
    overwrite: bool,
    form: str | None,
    seconds: float | None,
    reconnect: bool,
) -> None:
    """Get the sound of the camera at URL: 8000 samples a second, 16 bits, mono."""
    form = form or format_of(output, _SOUNDS, stream="gsm")
    if form != "gsm":
        need("numpy")
    tally = Tally("sound")
    decoder = Decoder(on_bad_frame="conceal")
    with ExitStack() as stack:
        if form == "wav":
            from hamaproto.cli.recording import Sound

            wav = stack.enter_context(Sound(open_output(output, overwrite=overwrite)))

            def take(frame: AudioFrame, at: float) -> None:
                wav.write(decoder.decode(frame.data).tobytes())

        else:
            file = stack.enter_context(open_output(output, overwrite=overwrite))

            def take(frame: AudioFrame, at: float) -> None:
                samples = frame.data if form == "gsm" else decoder.decode(frame.data).tobytes()
                file.write(samples)

        async def main() -> None:
            async with Camera(target.url, **target.driver) as camera:
                backoff = Backoff() if reconnect else None
                await watch(watch_sound(camera, tally, take, backoff), seconds=seconds)

        finished = run_until_stopped(main())
    if output != "-":
        note(f"{output}: {tally.frames * 0.02:.1f} s of sound")
    context.exit(
        verdict(
            tally,
            finished=finished,
            seconds=seconds,
            host=target.host,
            login=target.auth is not None,
        )
    )


@click.command()
@camera_options
@click.argument("file", metavar="FILE")
def talk(target: Target, file: str) -> None:
    """Play FILE on the loudspeaker of the camera at URL.

    FILE is anything with sound that PyAV reads, such as a WAV, or GSM frames in FILE.gsm, or
    these on stdin with "-".  Talk-back is not in the specification: no camera has been seen
    to answer.
    """
    if file == "-":
        frames: Any = _whole_frames(sys.stdin.buffer.read())
    elif file.lower().endswith(".gsm"):
        frames = _whole_frames(Path(file).read_bytes())
    else:
        need("av", "numpy")
        frames = _encoded(file)
    with target.camera() as camera:
        sent = camera.talk(frames)
    note(f"{sent * 0.02:.1f} s of sound sent")


def _whole_frames(data: bytes) -> bytes:
    return data[: len(data) // 33 * 33]


def _encoded(path: str) -> Iterator[bytes]:
    """The sound of a file as GSM frames, one by one; the last one is filled up with silence."""
    import av

    try:
        source = av.open(path)
    except av.FFmpegError as error:
        if isinstance(error, OSError):
            raise
        raise click.UsageError(f"{path}: {error.strerror}") from None
    encoder = Encoder()
    resampler = av.AudioResampler(format="s16", layout="mono", rate=8000)
    with source:
        if not source.streams.audio:
            raise click.UsageError(f"{path}: no sound in it")
        rest = b""
        for frame in [*source.decode(audio=0), None]:
            for piece in resampler.resample(frame):
                rest += bytes(piece.planes[0])[: piece.samples * 2]
                whole = len(rest) // 320 * 320
                if whole:
                    yield encoder.encode(rest[:whole])
                    rest = rest[whole:]
        if rest:
            yield encoder.encode(rest.ljust(320, b"\0"))


COMMANDS = (record, listen, talk)
