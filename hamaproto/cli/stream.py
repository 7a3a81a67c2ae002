"""`hamaproto stream`: live pictures, and sound, for another program to read.

Three formats that programs take from a pipe: the JPEGs one behind the other (mjpeg), the same
as the parts of a multipart body (mpjpeg, with the time of each), and Matroska, with sound.
"""

from __future__ import annotations

import time
from typing import Final

import click

from hamaproto.cli.capture import Tally, run_until_stopped, verdict, watch, watch_picture
from hamaproto.cli.options import (
    Target,
    check_json,
    file_options,
    json_option,
    overwrite_option,
    path_option,
    reconnect_option,
    seconds_option,
)
from hamaproto.cli.output import format_of, open_output
from hamaproto.cli.plain import print_json
from hamaproto.events import Frame
from hamaproto.io import Backoff
from hamaproto.io.asyncio import Camera

__all__ = ["part", "stream"]

_FORMATS: Final = {
    ".mjpeg": "mjpeg",
    ".mjpg": "mjpeg",
    ".mpjpeg": "mpjpeg",
    ".mkv": "matroska",
}
#: The name in FFmpeg's own files of this format, so that its reader needs no option.
_BOUNDARY: Final = b"ffmpeg"


def part(image: bytes, seconds: float) -> bytes:
    """An image as one part of a multipart body (RFC 2046 5.1), with the time at which it came.

    The time is in seconds since 1970, as other cameras write it.
    """
    head = b"--%b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\nX-Timestamp: %.6f\r\n\r\n"
    return head % (_BOUNDARY, len(image), seconds) + image + b"\r\n"


@click.command()
@file_options
@click.option("-o", "--output", required=True, metavar="FILE", help="Where to; - is stdout.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["mjpeg", "mpjpeg", "matroska"]),
    help="Instead of what the file's name says; mjpeg on stdout.",
)
@path_option
@click.option("--no-sound", is_flag=True, help="Pictures only, in Matroska.")
@overwrite_option
@seconds_option
@reconnect_option
@json_option
@click.pass_context
def stream(
    context: click.Context,
    target: Target,
    output: str,
    form: str | None,
    path: str | None,
    no_sound: bool,
    overwrite: bool,
    seconds: float | None,
    reconnect: bool,
    as_json: bool,
) -> int:
    """Pass on the live stream of the camera at URL, for another program to read.

    URL may be the full address of a stream of any other camera.

    \b
    hamaproto stream 192.168.1.20 -o - --format matroska | mpv -
    hamaproto stream 192.168.1.20 -o - | ffplay -f mjpeg -
    """
    check_json(as_json, output)
    form = form or format_of(output, _FORMATS, stream="mjpeg")
    target.name_file(path)
    common = {"overwrite": overwrite, "seconds": seconds, "reconnect": reconnect}
    if form == "matroska":
        # It is what `record` writes, and has the same to say at its end.
        record = context.find_root().command.commands["record"]  # type: ignore[attr-defined]
        words = {"target": target, "output": output, "no_sound": no_sound, "as_json": as_json}
        result: int = context.invoke(record, **words, **common)
        return result
    tally = Tally("picture")
    with open_output(output, overwrite=overwrite) as file:

        def take(frame: Frame, at: float) -> None:
            file.write(frame.data if form == "mjpeg" else part(frame.data, time.time()))

        async def main() -> None:
            async with Camera(target.url, **target.driver) as camera:
                backoff = Backoff() if reconnect else None
                pictures = watch_picture(camera, tally, take, backoff, request=target.pictures)
                await watch(pictures, seconds=seconds)

        finished = run_until_stopped(main())
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
