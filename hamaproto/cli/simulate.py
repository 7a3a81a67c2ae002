"""`hamaproto simulate`: a camera to try everything on, bad on demand."""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hamaproto.camera import FAULTS, PROFILES, CameraState, Faults
from hamaproto.camera.clock import RushingClock
from hamaproto.camera.profiles import DEFAULT_PROFILE
from hamaproto.camera.schedule import Step, read_schedule
from hamaproto.camera.sound import chime
from hamaproto.camera.time_code import time_code as tell_time
from hamaproto.cli.capture import run_until_stopped
from hamaproto.cli.options import json_option
from hamaproto.cli.plain import note, print_json, print_line
from hamaproto.gateway.access import is_loopback
from hamaproto.io.control import Control
from hamaproto.io.neighbourhood import neighbourhood
from hamaproto.io.serve import SimulatedCamera, serve

if TYPE_CHECKING:
    from hamaproto.io.control_http import ControlServer

__all__ = ["address_option", "simulate"]

_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%\w]+\]|[^:\[\]]+):(?P<port>[0-9]{1,5})")
#: Cameras in one process; each listens, which takes a descriptor.
MOST_CAMERAS = 10_000
_HOST_NAME = re.compile(r"[A-Za-z0-9._-]{1,253}(?::[0-9]{1,5})?|\[[0-9A-Fa-f:]+\](?::[0-9]{1,5})?")


def address_option(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[str, int] | None:
    """`127.0.0.1:8081`: an address and a port."""
    if value is None:
        return None
    found = _ADDRESS.fullmatch(value)
    if found is None or int(found["port"]) > 65535:
        raise click.BadParameter(
            f"{value!r}: an address and a port are needed, as in 127.0.0.1:8081 (port 0: any)"
        )
    return found["host"].strip("[]"), int(found["port"])


@dataclass(frozen=True, slots=True)
class _Remote:
    """Who may do something to the camera while it runs."""

    control: tuple[str, int] | None
    allow_hosts: tuple[str, ...]
    steps: tuple[Step, ...]
    neighbours: bool


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    default=0,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="The port; 0 lets the system choose.",
)
@click.option(
    "--cameras",
    default=1,
    show_default=True,
    type=click.IntRange(1, MOST_CAMERAS),
    help="So many of them, on ports in a row.",
)
@click.option("--user", metavar="NAME", help="Ask for a login.")
@click.option("--password", default="1234", metavar="PASSWORD", help="Its password; 1234 if left.")
@click.option(
    "--profile",
    default=DEFAULT_PROFILE,
    show_default=True,
    type=click.Choice(list(PROFILES)),
    help="Which camera of the family it is.",
)
@click.option(
    "--fault", "faults", multiple=True, metavar="NAME", help="What is wrong with it; many may be."
)
@click.option("--seed", default=0, show_default=True, help="Chooses what faults leave to chance.")
@click.option(
    "--schedule",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file that says what happens to it, and when.",
)
@click.option(
    "--control",
    callback=address_option,
    metavar="HOST:PORT",
    help="Be controlled there: JSON over HTTP.",
)
@click.option(
    "--allow-host", "allow_hosts", multiple=True, metavar="NAME", help="Another name of --control."
)
@click.option(
    "--camera-id",
    type=click.IntRange(0, 65_535),
    metavar="NUMBER",
    help="Put a code into the pictures that a program can read.",
)
@click.option(
    "--neighbours",
    is_flag=True,
    help="Be found (UDP 13364, SSDP) and have the private port 4321: reported, untested.",
)
@click.option("--rush", is_flag=True, help="Send each picture as soon as it can be taken.")
@click.option("--time-code", is_flag=True, help="A sound that says when it was made.")
@json_option
@click.option("--list-faults", is_flag=True, help="Print the faults and end.")
@click.option("--list-profiles", is_flag=True, help="Print the profiles and end.")
@click.option("--no-audio", is_flag=True, help="A camera without a microphone.")
@click.option("--no-ptz", is_flag=True, help="A camera that does not move.")
def simulate(
    host: str,
    port: int,
    cameras: int,
    user: str | None,
    password: str,
    profile: str,
    faults: tuple[str, ...],
    seed: int,
    schedule: Path | None,
    control: tuple[str, int] | None,
    allow_hosts: tuple[str, ...],
    camera_id: int | None,
    neighbours: bool,
    rush: bool,
    time_code: bool,
    as_json: bool,
    list_faults: bool,
    list_profiles: bool,
    no_audio: bool,
    no_ptz: bool,
) -> None:
    """Be a camera until interrupted; the first line on stdout is its URL.

    With --cameras each of them has a line.  With --control the second line is the URL of that;
    `hamaproto help simulated-camera` has more.
    """
    if list_faults or list_profiles:
        _list_faults(as_json) if list_faults else _list_profiles(as_json)
        return
    if cameras > 1 and (neighbours or control is not None):
        name = "--neighbours" if neighbours else "--control"
        raise click.UsageError(f"{name} is for one camera, and --cameras asks for more")
    if port and port + cameras > 65_536:
        raise click.UsageError(f"--cameras {cameras}: there are not so many ports from {port} on")
    for name in allow_hosts:
        if control is None or not _HOST_NAME.fullmatch(name):
            raise click.UsageError(
                f"--allow-host {name!r}: a name is needed, as in camera.test or camera.test:8081, "
                "and --control beside it"
            )
    states = [
        CameraState(
            users=None if user is None else {user: password},
            faults=Faults(*faults),
            has_audio=not no_audio,
            has_ptz=not no_ptz,
            seed=seed + number,
            profile=profile,
            camera_id=None if camera_id is None else (camera_id + number) % 65_536,
            sound=tell_time if time_code else chime,
        )
        for number in range(cameras)
    ]
    clock = RushingClock() if rush else None
    served = [
        serve(state, host=host, port=port and port + number, clock=clock)
        for number, state in enumerate(states)
    ]
    steps = () if schedule is None else _steps(schedule)
    remote = _Remote(control, allow_hosts, steps, neighbours)
    run_until_stopped(_be_cameras(served, remote, as_json=as_json))


async def _be_cameras(cameras: list[SimulatedCamera], remote: _Remote, *, as_json: bool) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for camera in cameras:
            await stack.enter_async_context(camera)
        hands = [await stack.enter_async_context(Control(camera)) for camera in cameras]
        server = await stack.enter_async_context(_controlled(hands[0], remote))
        if remote.neighbours:
            await stack.enter_async_context(neighbourhood(cameras[0]))
        for camera in cameras:
            _say_where(camera, server, as_json)
        first = cameras[0]
        if not first.state.users and not is_loopback(first.host):
            note(
                f"anyone who can reach {first.host} can watch and steer this camera: --user NAME "
                "asks for a login, --host 127.0.0.1 keeps it to this machine"
            )
        if remote.control is not None and not is_loopback(remote.control[0]):
            note(f"anyone who can reach {remote.control[0]} can control this camera")
        many = f"{len(cameras)} simulated cameras" if len(cameras) > 1 else "a simulated camera"
        note(f"{many}; Ctrl-C ends it")
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*(each.play(remote.steps) for each in hands))
            await asyncio.Event().wait()


def _steps(path: Path) -> tuple[Step, ...]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise click.UsageError(f"{path}: a schedule is text in UTF-8") from None
    return read_schedule(text)


def _controlled(
    hands: Control, remote: _Remote
) -> contextlib.AbstractAsyncContextManager[ControlServer | None]:
    if remote.control is None:
        return contextlib.nullcontext()
    try:
        from hamaproto.io.control_http import ControlServer
    except ModuleNotFoundError as error:
        raise click.UsageError(
            f"--control needs {error.name}: pip install 'hamaproto[serve]'"
        ) from None
    host, port = remote.control
    return ControlServer(hands, host=host, port=port, allow_hosts=remote.allow_hosts)


def _say_where(camera: SimulatedCamera, server: ControlServer | None, as_json: bool) -> None:
    found = {"url": camera.url} | ({} if server is None else {"control": server.url})
    if as_json:
        print_json(found, indent=None)
    else:
        for url in found.values():
            print_line(url)


def _list_faults(as_json: bool) -> None:
    if as_json:
        print_json(
            {
                name: {
                    "about": row.about,
                    "options": dict(row.options),
                    "client": str(row.reaction),
                }
                for name, row in FAULTS.items()
            }
        )
        return
    for name, row in FAULTS.items():
        numbers = " ".join(f"{key}={value:g}" for key, value in row.options.items())
        print_line(f"{name:<20} {row.about}" + (f" ({numbers})" if numbers else ""))


def _list_profiles(as_json: bool) -> None:
    if as_json:
        print_json({name: row.about for name, row in PROFILES.items()})
        return
    for name, row in PROFILES.items():
        print_line(f"{name:<20} {row.about}")
