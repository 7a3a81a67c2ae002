"""What the commands have in common: where the camera is, and who asks.

Credentials come from `--user` (its password from the environment, netrc or a prompt), from
the environment, from netrc, or, with a warning, from the URL.  They are never printed.
"""

from __future__ import annotations

import functools
import importlib
import math
import netrc
import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeVar, cast

import click

from hamaproto import commands
from hamaproto.cli.address import Address
from hamaproto.cli.output import STDOUT
from hamaproto.cli.plain import harmless, warn
from hamaproto.commands import Reply, Request, StreamRequest, VideoEvent
from hamaproto.errors import LocalProtocolError
from hamaproto.events import Frame
from hamaproto.io.blocking import Camera
from hamaproto.settings import Auth, Endpoint, Timeouts
from hamaproto.wire.auth import Credentials

__all__ = [
    "Seconds",
    "Target",
    "cafile_option",
    "camera_options",
    "check_json",
    "current_target",
    "file_options",
    "image_at",
    "insecure_option",
    "json_option",
    "need",
    "overwrite_option",
    "path_option",
    "reconnect_option",
    "seconds_option",
    "set_target",
    "timeout_option",
]

F = TypeVar("F", bound=Callable[..., Any])
#: Where the context of a command keeps its camera.
_TARGET = "hamaproto.target"


def need(*modules: str) -> list[ModuleType]:
    """Import what only some commands want; a clear line if it is not there."""
    try:
        return [importlib.import_module(name) for name in modules]
    except ModuleNotFoundError as error:
        raise click.UsageError(
            f"this command needs {error.name}: pip install 'hamaproto[cli]'"
        ) from None


class Seconds(click.FloatRange):
    """As click's; but "nan", which is in no range, is refused too."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is no number", param, ctx)
        return number


overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Take the place of a file that is there already."
)


seconds_option = click.option(
    "--seconds", type=Seconds(min=0, min_open=True), help="For how long; else to Ctrl-C."
)
reconnect_option = click.option(
    "--reconnect", is_flag=True, help="Ask again when the stream is lost, and again."
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Data instead of lines, as JSON on standard output."
)


def check_json(as_json: bool, output: str) -> None:
    """Raises click.UsageError if both are for standard output."""
    if as_json and output == STDOUT:
        raise click.UsageError("--json and -o - are both for standard output")


path_option = click.option(
    "--path", metavar="PATH", help="Ask for this, as /video.cgi?res=1: for other cameras."
)
cafile_option = click.option(
    "--cafile",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="https: trust the certificates in this file (PEM).",
)
insecure_option = click.option(
    "--insecure", is_flag=True, help="https: accept any certificate, also a self-signed one."
)


def image_at(path: str) -> Request[Frame]:
    """One picture under any name."""
    return Request(path, None, "picture", Reply.IMAGE)


timeout_option = click.option(
    "--timeout",
    type=Seconds(min=0, min_open=True, max=31_622_400),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for a connection, and between bytes.",
)


class Target:
    """A camera as it was named on the command line; `file` if one of its files was named."""

    def __init__(
        self,
        url: str,
        user: str | None,
        timeout: float,
        *,
        files: bool = False,
        cafile: str | None = None,
        insecure: bool = False,
        preemptive: bool = False,
    ) -> None:
        address = Address.parse(url)
        try:
            endpoint, in_url = Endpoint.parse(address.camera)
        except LocalProtocolError as error:
            raise click.UsageError(f"URL: {str(error).removeprefix('Camera(url=...): ')}") from None
        if in_url is not None or address.has_secret:
            warn("a password in a URL can be seen by others (history, process list); use --user")
        if address.target is not None and not files:
            raise click.UsageError(
                f"URL is that of the camera, {endpoint.url}; {address.shown} is a page of it, "
                f"which `hamaproto ask {endpoint.url} {address.shown}` gets"
            )
        self.url = endpoint.url
        self.host = str(endpoint)
        #: What stands before all its names, behind a proxy.
        self.prefix = endpoint.prefix
        self.file = address.target
        self.timeouts = Timeouts(timeout, timeout, max(60.0, timeout), max(60.0, timeout))
        if insecure and cafile is not None:
            raise click.UsageError("--insecure looks at no certificate: leave out --cafile")
        if (insecure or cafile is not None) and not endpoint.secure:
            raise click.UsageError("--cafile and --insecure are for a URL with https://")
        login = _credentials(endpoint, user, in_url)
        if preemptive and login is None:
            raise click.UsageError("--preemptive sends a login, and none was given: see --user")
        self.auth: Auth = None if login is None else Credentials(*login, preemptive=preemptive)
        #: What every driver is to know beside the URL.
        self.driver: dict[str, Any] = {
            "auth": self.auth,
            "timeout": self.timeouts,
            "verify": not insecure,
            "cafile": cafile,
        }

    def name_file(self, path: str | None) -> None:
        """Take `path` for the file that is asked for; raises click.UsageError for two of them."""
        if path is None:
            return
        if self.file is not None:
            raise click.UsageError(f"URL names a file already, {self.file.partition('?')[0]}")
        self.file = path if path.startswith("/") else f"/{path}"

    @property
    def pictures(self) -> StreamRequest[VideoEvent]:
        """The stream of pictures: that of this family, or the one that was named."""
        if self.file is None:
            return commands.video_stream()
        return StreamRequest(self.file, None, "stream of pictures", Reply.MJPEG)

    @property
    def picture(self) -> Request[Frame]:
        """One picture, in the same way."""
        return commands.image() if self.file is None else image_at(self.file)

    def camera(self) -> Camera:
        """A blocking driver for it."""
        return Camera(self.url, **self.driver)

    def at_root(self) -> Camera:
        """A driver that takes no part of the URL for a prefix."""
        url = self.url.removesuffix(self.prefix)
        return Camera(url, **self.driver)


def camera_options(command: F) -> F:
    """Gives a command the parameter `target`, made of URL and the options of a connection."""
    return _with_target(command, files=False)


def file_options(command: F) -> F:
    """The same for a command to which the full address of a picture or a stream may be given."""
    return _with_target(command, files=True)


def _with_target(command: F, *, files: bool) -> F:
    @functools.wraps(command)
    def made(
        *,
        url: str = "",
        user: str | None = None,
        timeout: float = 10.0,
        cafile: str | None = None,
        insecure: bool = False,
        preemptive: bool = False,
        target: Target | None = None,
        **values: Any,
    ) -> Any:
        if target is None:  # else by another command, which knows it already
            target = Target(
                url,
                user,
                timeout,
                files=files,
                cafile=cafile,
                insecure=insecure,
                preemptive=preemptive,
            )
        set_target(click.get_current_context(), target)
        return command(target=target, **values)

    wrapped: Any = made
    for decorate in (
        insecure_option,
        cafile_option,
        click.option(
            "--preemptive",
            is_flag=True,
            help="Send the login at once, in clear (Basic): to a device that does not ask.",
        ),
        timeout_option,
        click.option("--user", metavar="NAME", help="Who asks; the password is prompted for."),
        click.argument("url"),
    ):
        wrapped = decorate(wrapped)
    return cast(F, wrapped)


def set_target(context: click.Context, target: Target) -> None:
    """Remember the camera of the command that runs."""
    context.meta[_TARGET] = target


def current_target(context: click.Context) -> Target | None:
    """The camera of the command that runs, so that an error can say which one it was."""
    found = context.meta.get(_TARGET)
    return found if isinstance(found, Target) else None


def _credentials(
    endpoint: Endpoint, user: str | None, in_url: tuple[str, str] | None
) -> tuple[str, str] | None:
    known_user = os.environ.get("HAMAPROTO_USER")
    password = os.environ.get("HAMAPROTO_PASSWORD")
    stored = _from_netrc(endpoint.host)
    if user is None:
        if in_url is not None:
            return in_url
        if known_user is None:
            return stored
        user = known_user
    if password is not None and known_user in (None, user):
        return user, password
    if stored is not None and stored[0] == user:
        return stored
    return user, _ask_password(user, endpoint)


def _from_netrc(host: str) -> tuple[str, str] | None:
    path = os.environ.get("NETRC") or os.path.expanduser("~/.netrc")
    try:
        # Not `default`: what is meant for any host is not meant for any camera.
        login, _, password = netrc.netrc(path).hosts.get(host, ("", "", ""))
    except FileNotFoundError:
        return None
    except (OSError, netrc.NetrcParseError, UnicodeError):
        warn(f"can't read {path}: left aside")
        return None
    return (login, password) if login and password else None


def _ask_password(user: str, endpoint: Endpoint) -> str:
    if sys.stdin.isatty():
        asked = harmless(f"Password of {user} at {endpoint}")
        return str(click.prompt(asked, hide_input=True, err=True))
    line = sys.stdin.readline()
    if not line:
        raise click.UsageError(
            "no terminal to ask for the password: set HAMAPROTO_PASSWORD, or give it on stdin"
        )
    return line.rstrip("\r\n")
