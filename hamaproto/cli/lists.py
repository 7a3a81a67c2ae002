"""Parameter lists: info, get and set.

What a camera says is printed as it came where it has no known meaning; what was asked for and
did not come is said, and makes the exit code 8, or 7 if nothing came at all.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any

import click

from hamaproto import commands
from hamaproto.cli.exits import OK, PARTIAL, REFUSED, exit_code
from hamaproto.cli.options import Target, camera_options, json_option
from hamaproto.cli.plain import note, print_json, print_line, print_sent, readable
from hamaproto.cli.trouble import note_troubles
from hamaproto.client import Confirmed
from hamaproto.commands import CATALOGUE, Reply, Request
from hamaproto.errors import (
    AuthenticationError,
    DeviceError,
    HamaError,
    RefusedError,
    RemoteProtocolError,
    TransportError,
)
from hamaproto.io.blocking import Camera
from hamaproto.models import Ack, View
from hamaproto.wire.params import ParamList

__all__ = ["COMMANDS", "confirmed", "fields_of", "plain", "print_params", "shown"]

_GROUPS = tuple(
    row.example.target.rpartition("group=")[2] for row in CATALOGUE if row.reply is Reply.PARAMS
)


def plain(value: object) -> Any:
    """A value of a view as JSON has it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, int | str) else str(value)


def shown(value: object) -> str:
    """A value of a view for people."""
    value = plain(value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def fields_of(view: View) -> dict[str, object]:
    """What a view says, by the names of its attributes.

    A value without a known meaning is the text that was sent, and a key of its group that the
    specification does not know stands under its own name.
    """
    found: dict[str, object] = {}
    known = set()
    for row in dataclasses.fields(view):
        key = row.metadata.get("key")
        if key is None:
            continue
        name = f"{view.group}.{key}" if key else view.group
        known.add(name.lower())
        value = getattr(view, row.name)
        if value is None:
            value = view.params.get(name)
        if value is not None:
            found[row.name] = value
    below = f"{view.group}.".lower()
    for key, value in view.params.items():
        rest = key[len(below) :]
        if key.lower().startswith(below) and key.lower() not in known and "." not in rest:
            found[rest] = value
    return found


@click.command()
@camera_options
@json_option
def info(target: Target, as_json: bool) -> int:
    """Print everything that the camera at URL tells about itself."""
    answers: dict[str, dict[str, object]] = {}
    other: dict[str, object] = {}
    troubles: list[tuple[str, HamaError]] = []

    def take(name: str, fields: dict[str, object]) -> None:
        answers[name] = fields
        if not as_json:
            for key, value in fields.items():
                print_line(f"{name + '.' + key:<44} {shown(value)}")

    rows = [row for row in CATALOGUE if row.reply is Reply.PARAMS]
    with target.camera() as camera:
        for row in rows:
            assert isinstance(row.example, Request)
            try:
                view = camera.execute(row.example)
            except AuthenticationError:
                if not answers:
                    raise
                troubles.append((row.name, _login_lost(answers)))
                break
            except (DeviceError, RemoteProtocolError) as error:
                troubles.append((row.name, error))
                continue
            except TransportError as error:
                troubles.append((row.name, error))
                break
            fields = fields_of(view)
            if fields:
                take(row.name, fields)
            else:
                troubles.append((row.name, RefusedError("the camera lists nothing")))
            other.update(_of_no_group(view.params))
    if other:
        take("other", other)
    if as_json:
        print_json(
            {
                name: {key: plain(value) for key, value in fields.items()}
                for name, fields in answers.items()
            }
        )
    note_troubles(_named(troubles, len(rows)), host=target.host, login=target.auth is not None)
    if not troubles:
        return OK
    return PARTIAL if answers else exit_code(troubles[0][1])


def _login_lost(answers: dict[str, dict[str, object]]) -> AuthenticationError:
    return AuthenticationError(f"the login was taken for {len(answers)} answers and no more", 401)


def _named(troubles: list[tuple[str, HamaError]], asked: int) -> Iterator[tuple[str, HamaError]]:
    """What all of them met concerns the camera, not this or that question."""
    all_alike = len(troubles) == asked and len({str(error) for _, error in troubles}) == 1
    for name, error in troubles[:1] if all_alike else troubles:
        yield "" if all_alike else name, error


def _of_no_group(params: ParamList) -> Iterator[tuple[str, str]]:
    for key, value in params.items():
        if not any(_is_below(key, group) for group in _GROUPS):
            yield key, value


def _is_below(key: str, group: str) -> bool:
    return f"{key}.".lower().startswith(f"{group}.".lower())


# -- get --------------------------------------------------------------------------------


@click.command()
@camera_options
@click.argument("groups", nargs=-1, required=True)
@json_option
def get(target: Target, groups: tuple[str, ...], as_json: bool) -> int:
    """Print the parameters of GROUPS of the camera at URL, as they are sent.

    Groups are known by their full names only, such as Image.I0.Stream or Brand; a key of a
    group, such as Brand.ProdNbr, is looked up in its group.
    """
    wanted = [_without_root(group) for group in groups]
    refusal: RefusedError | None = None
    params = ParamList()
    with target.camera() as camera:
        try:
            params = camera.execute(commands.list_params(*wanted))
        except RefusedError as error:
            refusal = error
        found, missing = _look_up_keys(camera, [g for g in wanted if not _lists(params, g)])
    if not params.raw and not found and refusal is not None:
        raise refusal
    rows = [*zip(params.raw, params.sent, strict=True), *found]
    params = ParamList(
        [row for row, _ in rows],
        sent=[line for _, line in rows],
        # The device complains of a key in the place of a group, which was found all the same.
        errors=params.errors if missing else (),
        malformed=params.malformed,
        complete=params.complete,
    )
    return print_params(params, as_json=as_json, missing=missing)


def _without_root(group: str) -> str:
    """`root.` is not needed in a request, as Axis has it, and these cameras do not know it."""
    return group[5:] if group[:5].lower() == "root." else group


def _lists(params: ParamList, group: str) -> bool:
    return any(_is_below(key, group) for key in params)


_Line = tuple[tuple[str, str], bytes]


def _look_up_keys(camera: Camera, names: list[str]) -> tuple[list[_Line], list[str]]:
    """What is no group may be a key of one: the lines of such keys, and what is neither."""
    found: list[_Line] = []
    missing = []
    for name in names:
        parent = name.rpartition(".")[0]
        rows: list[_Line] = []
        if parent:
            with contextlib.suppress(RefusedError):
                params = camera.execute(commands.list_params(parent))
                lines = zip(params.raw, params.sent, strict=True)
                rows = [line for line in lines if _is_below(_without_root(line[0][0]), name)]
        found += rows
        if not rows:
            missing.append(name)
    return found, missing


def print_params(
    params: ParamList,
    *,
    as_json: bool,
    missing: Iterable[str] = (),
    view: View | None = None,
) -> int:
    """Print a list, say what is wrong with it, and give the exit code.

    A list without a parameter is a refusal, in whatever words it was made.  As JSON it is
    what a `view` knows of it, if there is one.
    """
    if as_json:
        known = dict(params) if view is None else fields_of(view)
        print_json({key: plain(value) for key, value in known.items()})
    else:
        for line in params.sent:
            print_sent(line)
    told = [error.message for error in params.errors]
    told += [f"no parameter: {line}" for line in params.malformed]
    told += [f"{name}: the camera lists no such group or key" for name in missing]
    if not params.complete:
        told.append("the list is cut off")
    for words in dict.fromkeys(told):
        note(words)
    if params.raw:
        return PARTIAL if told else OK
    if not told:
        note("the camera lists nothing")
    return REFUSED


# -- set --------------------------------------------------------------------------------


@click.command("set")
@camera_options
@click.argument("pairs", nargs=-1, required=True, metavar="KEY=VALUE...")
@json_option
def set_(target: Target, pairs: tuple[str, ...], as_json: bool) -> int:
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
        return confirmed(camera, commands.update_params(wanted), as_json=as_json)


def confirmed(camera: Camera, request: Request[Ack], *, as_json: bool) -> int:
    """Send an update, print what was stored, and say what is not as it was asked for."""
    result: Confirmed = camera.update(request)
    if as_json:
        print_json(
            {
                key: {"asked": asked, "stored": result.stored[key]}
                for key, asked in result.requested.items()
            }
        )
    else:
        for key, value in result.stored.items():
            if value is not None:
                print_line(f"{key}={value}")
    for key, (asked, stored) in result.differences.items():
        now = "not listed" if stored is None else f"is {stored}"
        note(f"{key}: asked for {asked}, {now}")
    if result.ok:
        return OK
    if not result.ack.ok:
        note(f"the camera did not say OK: {readable(result.ack.text)[:200].strip()}")
        return REFUSED
    return PARTIAL


COMMANDS = (info, get, set_)
