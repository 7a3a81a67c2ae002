"""One command of the catalogue or any other target: ask; and the list of commands."""

from __future__ import annotations

import inspect
from typing import Any

import click

from hamaproto import commands
from hamaproto.cli.exits import OK, REFUSED
from hamaproto.cli.lists import confirmed, print_params
from hamaproto.cli.options import Target, camera_options, json_option
from hamaproto.cli.output import STDOUT, open_output
from hamaproto.cli.plain import note, on_terminal, print_json, print_line, print_sent, readable
from hamaproto.cli.snapshot import checked
from hamaproto.commands import CATALOGUE, Command, Request, StreamRequest
from hamaproto.errors import LocalProtocolError
from hamaproto.events import Frame
from hamaproto.models import Ack, RawAnswer, View
from hamaproto.outcome import is_success
from hamaproto.picture_size import size_of
from hamaproto.wire.sniff import is_text, text_of

__all__ = ["COMMANDS"]


@click.command()
@camera_options
@click.argument("command", metavar="COMMAND")
@click.argument("arguments", nargs=-1)
@click.option("--unchecked", is_flag=True, help="Send values that the specification does not list.")
@click.option("--confirm", is_flag=True, help="Read back what an update has stored.")
@click.option("-o", "--output", default="-", metavar="FILE", help="Where a picture goes.")
@json_option
def ask(
    target: Target,
    command: str,
    arguments: tuple[str, ...],
    unchecked: bool,
    confirm: bool,
    output: str,
    as_json: bool,
) -> int:
    """Send COMMAND to the camera at URL: a name or a number of `hamaproto commands`, or a target.

    \b
    hamaproto ask 192.168.1.20 set-mjpeg-fps 15 --confirm
    hamaproto ask 192.168.1.20 4.1 left
    hamaproto ask 192.168.1.20 /camera-cgi/admin/param.cgi?action=list
    """
    request = _request(command, arguments, unchecked)
    with target.camera() as camera:
        if confirm:
            return confirmed(camera, request, as_json=as_json)
        answer = camera.execute(request)
    match answer:
        case Frame():
            return _take_picture(answer, output, as_json)
        case RawAnswer():
            return _take_anything(answer, output, as_json)
        case Ack():
            return _take_ack(answer, as_json)
        case View():
            return print_params(answer.params, as_json=as_json, view=answer)
    return print_params(answer, as_json=as_json)


def _take_picture(frame: Frame, output: str, as_json: bool) -> int:
    code = checked(frame)
    if as_json:
        width, height = size_of(frame.data) or (None, None)
        size = {"bytes": len(frame.data), "width": width, "height": height}
        print_json({**size, "complete": frame.complete})
    if not as_json or output != STDOUT:
        with open_output(output, overwrite=True, whole=True) as file:
            file.write(frame.data)
    return code


def _take_anything(answer: RawAnswer, output: str, as_json: bool) -> int:
    to_terminal = output == STDOUT and on_terminal() and is_text(answer.body)
    if as_json:
        body = text_of(answer.body)
        print_json({"status": answer.status, "headers": list(answer.headers), "body": body})
    elif to_terminal:
        for line in answer.body.splitlines():
            print_sent(line)
    if output != STDOUT or not (as_json or to_terminal):
        with open_output(output, overwrite=True, whole=True) as file:
            file.write(answer.body)
    if is_success(answer.status):
        return OK
    note(f"the device answers {answer.status}")
    return REFUSED


def _take_ack(answer: Ack, as_json: bool) -> int:
    said = answer.text.strip()
    if as_json:
        told = {"text": readable(said), "location": answer.location, "status": answer.status}
        print_json({"ok": answer.ok, **told})
    elif answer.location is not None:
        print_line(f"to {readable(answer.location)}")
    elif answer.ok:
        print_line(said)
    if answer.ok:
        return OK
    note(f"the camera did not say OK, but {readable(said)[:200] or 'nothing'}")
    return REFUSED


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


@click.command("commands")
@json_option
def list_commands(as_json: bool) -> None:
    """List the 36 commands of the specification, for `hamaproto ask`.

    Each with its clause, its arguments, the title and the values that the specification
    prints, and an example as it goes over the wire.  In Python each is a function of
    hamaproto.commands: `set-mjpeg-fps FPS` is `set_mjpeg_fps(fps)`.
    """
    if as_json:
        print_json([_as_data(row) for row in CATALOGUE])
        return
    for row in CATALOGUE:
        print_line(f"{row.number:<7} {_synopsis(row)}")
        print_line(f"{'':<7}   {row.title}")
        for name, values in row.allowed.items():
            print_line(f"{'':<7}   {name.upper()}: {', '.join(values)}")
        print_line(f"{'':<7}   {row.example.method} {row.example.target}")


def _as_data(row: Command) -> dict[str, object]:
    parameters = inspect.signature(row.build).parameters.values()
    return {
        "number": row.number,
        "name": _dashed(row),
        "title": row.title,
        "arguments": [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY],
        "allowed": {name: list(values) for name, values in row.allowed.items()},
        "example": row.example.target,
    }


COMMANDS = (ask, list_commands)
