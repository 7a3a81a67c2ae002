"""Sound: listen, and talk, which goes the other way."""

from __future__ import annotations

from contextlib import ExitStack

import click

from hamaproto.cli.capture import (
    Tally,
    has_sound,
    run_until_stopped,
    verdict,
    watch,
    watch_sound,
)
from hamaproto.cli.exits import OK, PARTIAL
from hamaproto.cli.inputs import Spoken
from hamaproto.cli.options import (
    Target,
    camera_options,
    check_json,
    json_option,
    need,
    overwrite_option,
    reconnect_option,
    seconds_option,
)
from hamaproto.cli.output import format_of, open_output
from hamaproto.cli.plain import note, print_json
from hamaproto.errors import RefusedError
from hamaproto.events import AudioFrame
from hamaproto.hearing import Hearing
from hamaproto.io import Backoff
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
@json_option
def listen(
    target: Target,
    output: str,
    overwrite: bool,
    form: str | None,
    seconds: float | None,
    reconnect: bool,
    as_json: bool,
) -> int:
    """Get the sound of the camera at URL: 8000 samples a second, 16 bits, mono."""
    check_json(as_json, output)
    form = form or format_of(output, _SOUNDS, stream="gsm")
    if form != "gsm":
        need("numpy")
    tally = Tally("sound")
    hearing = Hearing()
    with ExitStack() as stack:
        if form == "wav":
            from hamaproto.cli.recording import Sound

            wav = stack.enter_context(Sound(open_output(output, overwrite=overwrite)))

            def take(frame: AudioFrame, at: float) -> None:
                wav.write(hearing.samples(frame))

        else:
            file = stack.enter_context(open_output(output, overwrite=overwrite))

            def take(frame: AudioFrame, at: float) -> None:
                samples = hearing.gsm(frame) if form == "gsm" else hearing.samples(frame)
                file.write(samples)

        async def main() -> None:
            async with Camera(target.url, **target.driver) as camera:
                backoff = Backoff() if reconnect else None
                if not await has_sound(camera, again=reconnect):
                    raise RefusedError("the camera has no sound")
                await watch(watch_sound(camera, tally, take, backoff), seconds=seconds)

        finished = run_until_stopped(main())
    if output != "-" and tally.frames:
        note(f"{output}: {tally.frames * 0.02:.1f} s of sound")
    code = verdict(
        tally,
        finished=finished,
        seconds=seconds,
        host=target.host,
        login=target.auth is not None,
    )
    if as_json:
        streams = [tally.as_data(seconds=seconds)]
        print_json({"code": code, "file": output, "streams": streams})
    return code


@click.command()
@camera_options
@click.argument("file", metavar="FILE")
@json_option
def talk(target: Target, file: str, as_json: bool) -> int:
    """Play FILE on the loudspeaker of the camera at URL.

    FILE is any file of sound, or GSM frames; "-" is stdin, which is played as it comes.
    Talk-back is not in the specification: no camera has been seen to answer.
    """
    need("numpy")
    with click.open_file(file, "rb") as source:
        sound = Spoken(source, file)
        with target.camera() as camera:
            sent = camera.talk(sound)
    note(f"{sent * 0.02:.1f} s of sound sent")
    if sound.lost:
        note(f"{file}: {sound.lost}")
    code = PARTIAL if sound.lost else OK
    if as_json:
        seconds = round(sent * 0.02, 2)
        print_json({"code": code, "seconds": seconds, "lost": sound.lost or None})
    return code


COMMANDS = (listen, talk)
