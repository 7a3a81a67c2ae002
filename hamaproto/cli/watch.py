"""Sound: listen, and talk, which goes the other way."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from hamaproto.cli.capture import (
    Tally,
    run_until_stopped,
    verdict,
    watch,
    watch_sound,
)
from hamaproto.cli.options import (
    Target,
    camera_options,
    need,
    overwrite_option,
    reconnect_option,
    seconds_option,
)
from hamaproto.cli.output import format_of, open_output
from hamaproto.cli.plain import note
from hamaproto.events import AudioFrame
from hamaproto.gsm import Decoder, Encoder
from hamaproto.io._common import Backoff
from hamaproto.io.asyncio import Camera

__all__ = ["COMMANDS"]

#: What the sound is written as, by the name of the file.
_SOUNDS = {".wav": "wav", ".gsm": "gsm", ".s16": "s16"}


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
@seconds_option
@reconnect_option
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


COMMANDS = (listen, talk)
