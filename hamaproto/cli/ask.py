"""Commands whose answer ends: info, snapshot, get, set, ask, and the list of commands."""

from __future__ import annotations

import dataclasses
import inspect
from enum import Enum
from typing import Any

import click

from hamaproto import commands
from hamaproto.cli.exits import OK, PARTIAL, exit_code
from hamaproto.cli.options import Target, camera_options
from hamaproto.cli.output import open_output
from hamaproto.cli.plain import note, print_json, print_line, print_sent, readable
from hamaproto.client import Confirmed
from hamaproto.commands import CATALOGUE, Command, Reply, Request, StreamRequest
from hamaproto.errors import AuthenticationError, DeviceError, LocalProtocolError
from hamaproto.events import Frame
from hamaproto.io.blocking import Camera
from hamaproto.models import Ack, RawAnswer, View
from hamaproto.wire.params import ParamList

__all__ = ["COMMANDS", "known_fields", "plain", "shown"]


def plain(value: object) -> Any:
    """A value of a view as JSON has it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, str):
        return readable(value)
    return value if value is None or isinstance(value, int) else str(value)


def shown(value: object) -> str:
    """A value of a view for people."""
    value = plain(value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def known_fields(view: View) -> dict[str, object]:
    """What a view knows, by the names of its attributes."""
    values = {f.name: getattr(view, f.name) for f in dataclasses.fields(view) if f.name != "params"}
    return {name: value for name, value in values.items() if value is not None}


@click.command()
@camera_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def info(target: Target, as_json: bool) -> None:
    """Print everything that the camera at URL tells about itself."""
    answers: dict[str, dict[str, object]] = {}
    refusals: list[DeviceError] = []
    rows = [row for row in CATALOGUE if row.reply is Reply.PARAMS]
    with target.camera() as camera:
        for row in rows:
            assert isinstance(row.example, Request)
            try:
                view = camera.execute(row.example)
            except AuthenticationError:
                raise
            except DeviceError as error:
                note(f"{row.name}: {error}")
                refusals.append(error)
                continue
            answers[row.name] = known_fields(view)
            if not as_json:
                for name, value in answers[row.name].items():
                    print_line(f"{row.name + '.' + name:<44} {shown(value)}")
    if as_json:
        print_json(
            {
                name: {key: plain(value) for key, value in fields.items()}
                for name, fields in answers.items()
            }
        )
    if refusals:
        raise click.exceptions.Exit(PARTIAL if answers else exit_code(refusals[0]))


@click.command()
@camera_options
@click.option("-o", "--output", required=True, metavar="FILE", help="Where to; - is stdout.")
@click.option("--without-login", metavar="NAME", help="Ask for this login-free file instead.")
def snapshot(target: Target, output: str, without_login: str | None) -> None:
    """Get one picture from the camera at URL, as it is sent."""
    request = (
        commands.image() if without_login is None else commands.image_without_login(without_login)
    )
    # Scripts rely on the picture taking the place of the last one.
    with open_output(output, overwrite=True, whole=True) as file:
        with target.camera() as camera:
            frame = camera.execute(request)
        file.write(frame.data)
    if output != "-":
        note(f"{output}: {len(frame.data)} bytes")


@click.command()
@camera_options
@click.argument("groups", nargs=-1, required=True)
def get(target: Target, groups: tuple[str, ...]) -> None:
    """Print the parameters of GROUPS of the camera at URL, as they are sent.

    Groups are known by their full names only, such as Image.I0.Stream or Brand.
    """
    with target.camera() as camera:
        params = camera.execute(commands.list_params(*groups))
    _print_params(params)
    if params.errors:
        raise click.exceptions.Exit(PARTIAL)


@click.command("set")
@camera_options
@click.argument("pairs", nargs=-1, required=True, metavar="KEY=VALUE...")
@click.pass_context
def set_(context: click.Context, target: Target, pairs: tuple[str, ...]) -> None:
    """Change parameters of the camera at URL, and read back what was stored.

    A camera says OK whatever it makes of a value.  If it stored another one, the exit code
    is 8.
    """
    wanted = []
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise click.UsageError(f"{key}: KEY=VALUE is needed")
        wanted.append((key, value))
    with target.camera() as camera:
        context.exit(_confirm(camera, commands.update_params(wanted)))


def _confirm(camera: Camera, request: Request[Ack]) -> int:
    confirmed = camera.update(request)
    _print_confirmed(confirmed)
    return OK if confirmed.ok else PARTIAL


def _print_confirmed(confirmed: Confirmed) -> None:
    for key, value in confirmed.stored.items():
        if value is not None:
            print_line(f"{key}={value}")
    for key, (asked, stored) in confirmed.differences.items():
        now = "not listed" if stored is None else f"is {readable(stored)}"
        note(f"{key}: asked for {asked}, {now}")


@click.command()
@camera_options
@click.argument("command", metavar="COMMAND")
@click.argument("arguments", nargs=-1)
@click.option("--unchecked", is_flag=True, help="Send values that the specification does not list.")
@click.option("--confirm", is_flag=True, help="Read back what an update has stored.")
@click.option("-o", "--output", default="-", metavar="FILE", help="Where a picture goes.")
@click.pass_context
def ask(
    context: click.Context,
    target: Target,
    command: str,
    arguments: tuple[str, ...],
    unchecked: bool,
    confirm: bool,
    output: str,
) -> None:
    """Send COMMAND to the camera at URL: a name or a number of `hamaproto commands`, or a target.

    \b
    hamaproto ask 192.168.1.20 set-mjpeg-fps 15 --confirm
    hamaproto ask 192.168.1.20 4.1 left
    hamaproto ask 192.168.1.20 /camera-cgi/admin/param.cgi?action=list
    """
    request = _request(command, arguments, unchecked)
    with target.camera() as camera:
        if confirm:
            context.exit(_confirm(camera, request))
        answer = camera.execute(request)
    if isinstance(answer, Frame | RawAnswer):
        with open_output(output, overwrite=True, whole=True) as file:
            file.write(answer.data if isinstance(answer, Frame) else answer.body)
    elif isinstance(answer, Ack):
        said = answer.text.strip() if answer.location is None else f"to {answer.location}"
        print_sent(said.encode("latin-1", "replace"))
    else:
        _print_params(answer.params if isinstance(answer, View) else answer)


def _request(name: str, arguments: tuple[str, ...], unchecked: bool) -> Request[Any]:
    if name.startswith("/"):
        if arguments:
            raise click.UsageError("a target takes no arguments")
        return commands.raw(name)
    row = _row(name)
    if isinstance(row.example, StreamRequest):
        raise click.UsageError(f"{_dashed(row)} has no end: use record or listen")
    parameters = inspect.signature(row.build).parameters
    options = {"unchecked": True} if unchecked and "unchecked" in parameters else {}
    most = sum(p.kind is not p.KEYWORD_ONLY for p in parameters.values())
    least = sum(p.kind is not p.KEYWORD_ONLY and p.default is p.empty for p in parameters.values())
    if not least <= len(arguments) <= most:
        raise click.UsageError(f"hamaproto ask URL {_synopsis(row)}")
    try:
        request = row.build(*arguments, **options)
    except LocalProtocolError as error:
        raise click.UsageError(str(error).replace("unchecked=True", "--unchecked")) from None
    assert isinstance(request, Request)
    return request


def _row(name: str) -> Command:
    wanted = name.replace("-", "_").lower()
    for row in CATALOGUE:
        if wanted in (row.name, row.number, row.clause):
            return row
    raise click.UsageError(f"no command {name!r}; `hamaproto commands` lists them")


def _dashed(row: Command) -> str:
    return row.name.replace("_", "-")


def _synopsis(row: Command) -> str:
    words = [_dashed(row)]
    for parameter in inspect.signature(row.build).parameters.values():
        if parameter.kind is not parameter.KEYWORD_ONLY:
            word = parameter.name.upper()
            words.append(word if parameter.default is parameter.empty else f"[{word}]")
    return " ".join(words)


def _print_params(params: ParamList) -> None:
    for line in params.sent:
        print_sent(line)
    for error in params.errors:
        note(readable(error.message))
    for text in params.malformed:
        note(f"no parameter: {len(text)} characters")


@click.command("commands")
def list_commands() -> None:
    """List the 36 commands of the specification, for `hamaproto ask`."""
    for row in CATALOGUE:
        print_line(f"{row.number:<7} {_synopsis(row)}")
        print_line(f"{'':<7}   {row.title}")
        for name, values in row.allowed.items():
            print_line(f"{'':<7}   {name.upper()}: {', '.join(values)}")


COMMANDS = (info, snapshot, get, set_, ask, list_commands)
