"""`hamaproto capture URL -o FILE.pcapng`: live traffic as a file that any tool opens."""

from __future__ import annotations

import click

from hamaproto import commands
from hamaproto.cli.captures.recorder import Recorder, Wanted
from hamaproto.cli.captures.source import secrets_option
from hamaproto.cli.options import (
    Target,
    check_json,
    file_options,
    json_option,
    overwrite_option,
    path_option,
    seconds_option,
)
from hamaproto.cli.output import STDOUT, format_of, open_output
from hamaproto.cli.plain import note, print_json
from hamaproto.cli.signals import stopping
from hamaproto.cli.tally import Tally, verdict

__all__ = ["capture"]


@click.command()
@file_options
@click.option(
    "-o", "--output", required=True, metavar="FILE", help="FILE.pcapng, or - for standard output."
)
@path_option
@click.option("--sound", is_flag=True, help="Record the stream of sound as well.")
@overwrite_option
@seconds_option
@secrets_option
@json_option
def capture(
    target: Target,
    output: str,
    path: str | None,
    sound: bool,
    overwrite: bool,
    seconds: float | None,
    secrets: bool,
    as_json: bool,
) -> int:
    """Record the traffic of a live stream: requests, heads, bodies, with the time of each receive.

    The file is pcapng, which Wireshark opens too; logins and cookies are taken out. URL may be the
    full address of a stream of any other camera.
    """
    check_json(as_json, output)
    format_of(output, {".pcapng": "pcapng", ".ntar": "pcapng"}, stream="pcapng")
    target.name_file(path)
    wanted = [Wanted(target.pictures, Tally("picture"))]
    if sound:
        wanted.append(Wanted(commands.audio_stream(), Tally("sound")))
    interrupted = False
    with open_output(output, overwrite=overwrite) as file:
        recorder = Recorder(target, wanted, file.write, secrets=secrets)

        def stop() -> None:
            nonlocal interrupted
            interrupted = True
            recorder.stop()

        with stopping(stop):
            recorder.run(seconds)
    if output != STDOUT and wanted[0].tally.frames:
        note(f"{output}: {recorder.writer.packets} packets, {wanted[0].tally.frames} frames")
    code = verdict(
        *(one.tally for one in wanted),
        finished=not interrupted,
        seconds=seconds,
        host=target.host,
        login=target.auth is not None,
    )
    if as_json:
        streams = [one.tally.as_data(seconds=seconds) for one in wanted]
        print_json(
            {"code": code, "file": output, "packets": recorder.writer.packets, "streams": streams}
        )
    return code
