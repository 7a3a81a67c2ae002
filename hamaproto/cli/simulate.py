"""`hamaproto simulate`: a camera to try everything on, bad on demand."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress

import click

from hamaproto.camera import FAULTS, CameraState, Faults
from hamaproto.cli.capture import run_until_stopped
from hamaproto.cli.options import json_option
from hamaproto.cli.plain import note, print_json, print_line
from hamaproto.io.serve import serve

__all__ = ["simulate"]


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    default=0,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="The port; 0 lets the system choose.",
)
@click.option("--user", metavar="NAME", help="Ask for a login.")
@click.option("--password", default="1234", metavar="PASSWORD", help="Its password; 1234 if left.")
@click.option(
    "--fault", "faults", multiple=True, metavar="NAME", help="What is wrong with it; many may be."
)
@json_option
@click.option("--list-faults", is_flag=True, help="Print the faults and end.")
@click.option("--no-audio", is_flag=True, help="A camera without a microphone.")
@click.option("--no-ptz", is_flag=True, help="A camera that does not move.")
def simulate(
    host: str,
    port: int,
    user: str | None,
    password: str,
    faults: tuple[str, ...],
    list_faults: bool,
    as_json: bool,
    no_audio: bool,
    no_ptz: bool,
) -> None:
    """Be a camera until interrupted; the first line on stdout is its URL."""
    if list_faults and as_json:
        print_json({name: fault.about for name, fault in FAULTS.items()})
        return
    if list_faults:
        for name, fault in FAULTS.items():
            print_line(f"{name:<20} {fault.about}")
        return
    state = CameraState(
        users=None if user is None else {user: password},
        faults=Faults(*faults),
        has_audio=not no_audio,
        has_ptz=not no_ptz,
    )

    async def main() -> None:
        async with serve(state, host=host, port=port) as camera:
            if as_json:
                print_json({"url": camera.url}, indent=None)
            else:
                print_line(camera.url)
            if user is None and not _is_loopback(host):
                note(
                    f"anyone who can reach {host} can watch and steer this camera: --user NAME "
                    "asks for a login, --host 127.0.0.1 keeps it to this machine"
                )
            note("a simulated camera; Ctrl-C ends it")
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

    run_until_stopped(main())


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") in ("localhost", "localhost.localdomain")
