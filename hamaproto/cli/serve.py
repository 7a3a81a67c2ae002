"""`hamaproto serve`: cameras in any browser, and one clean stream for every other program."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from hamaproto.cli.capture import run_until_stopped
from hamaproto.cli.options import (
    Seconds,
    Target,
    cafile_option,
    insecure_option,
    json_option,
    set_target,
    timeout_option,
)
from hamaproto.cli.plain import note, print_json, print_line
from hamaproto.cli.simulate import address_option
from hamaproto.gateway.access import is_loopback
from hamaproto.gateway.status import State, Status
from hamaproto.io.asyncio import Camera
from hamaproto.settings import Timeouts

if TYPE_CHECKING:
    from hamaproto.io.gateway import Gateway

__all__ = ["serve"]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_HOST: Final = re.compile(
    r"[A-Za-z0-9._-]{1,253}(?::[0-9]{1,5})?|\[[0-9A-Fa-f:]+\](?::[0-9]{1,5})?"
)
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.\[\]:_-]{1,300}/?")
#: Descriptors: twice the connections that are held, and some.
_DESCRIPTORS: Final = 4096
_MOST_TOKEN: Final = 200
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{16,200}")
#: Seconds without bytes, and without a picture, after which another connection is tried.
_IDLE: Final = 5.0
_FRAME: Final = 10.0
#: States that who runs the gateway is told.
_WRONG: Final = (State.STALLED, State.REFUSED, State.FAILED)


@click.command()
@click.argument("urls", metavar="[URL]...", nargs=-1)
@click.option(
    "--name", "names", multiple=True, metavar="NAME", help="Of each camera, in their order."
)
@click.option(
    "--listen",
    default="127.0.0.1:8080",
    show_default=True,
    metavar="HOST:PORT",
    callback=address_option,
    help="Where; port 0 lets the system choose.",
)
@click.option(
    "--allow-host", "hosts", multiple=True, metavar="NAME", help="Another name of the gateway."
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="Pages of this place may read, such as http://home.lan:8123.",
)
@click.option(
    "--keep-warm",
    type=Seconds(min=0, max=86_400),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="How long the camera's stream stays open when nobody watches.",
)
@click.option(
    "--token-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep the token of the sign-in there, so that it stays the same; made if it is missing.",
)
@click.option(
    "--certificate",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Serve https with this certificate (PEM), so that browsers let a page use a microphone.",
)
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Its key, if that is in a file of its own.",
)
@click.option("--demo", is_flag=True, help="A simulated camera, or one more.")
@click.option("--user", metavar="NAME", help="Who asks the cameras; the password is prompted for.")
@timeout_option
@cafile_option
@insecure_option
@json_option
@click.pass_context
def serve(
    context: click.Context,
    urls: tuple[str, ...],
    names: tuple[str, ...],
    listen: tuple[str, int],
    hosts: tuple[str, ...],
    origins: tuple[str, ...],
    keep_warm: float,
    token_file: Path | None,
    certificate: str | None,
    key: str | None,
    demo: bool,
    user: str | None,
    timeout: float,
    cafile: str | None,
    insecure: bool,
    as_json: bool,
) -> None:
    """Show the cameras at URL in any browser, and pass their streams on.

    The first line on stdout is the address.  Where other machines can connect, the second is a
    link that signs a browser in.  With --json one object says both.  `hamaproto help gateway` has
    more.
    """
    if not urls and not demo:
        raise click.UsageError("a URL of a camera is needed, or --demo for a simulated one")
    for kind, pattern, values, example in (
        ("--name", _NAME, names, "porch: letters, digits, - and _, at most 32"),
        ("--allow-host", _HOST, hosts, "camera.lan or camera.lan:8080"),
        ("--allow-origin", _ORIGIN, origins, "http://home.lan:8123"),
    ):
        for value in values:
            if not pattern.fullmatch(value):
                raise click.UsageError(f"{kind} {value!r}: needed is one like {example}")
    named = _named(len(urls) + demo, names)
    targets = [Target(url, user, timeout, cafile=cafile, insecure=insecure) for url in urls]
    if len(targets) == 1:
        set_target(context, targets[0])
    try:
        import hamaproto.io.gateway  # noqa: F401  # whether it can be had
    except ModuleNotFoundError as error:
        raise click.UsageError(
            f"serve needs {error.name}: pip install 'hamaproto[cli,serve]'"
        ) from None
    secret = None
    if token_file is not None:
        secret = _kept_token(token_file)
    elif hosts or not is_loopback(listen[0]):
        # A name that was allowed is mostly that of a proxy, through which others come.
        secret = secrets.token_urlsafe(24)
    _make_room()
    run_until_stopped(
        _serve(
            named,
            targets,
            demo=demo,
            keep_warm=keep_warm,
            timeout=timeout,
            host=listen[0],
            port=listen[1],
            names=hosts,
            origins=origins,
            secret=secret,
            as_json=as_json,
            tls=_tls(certificate, key),
        )
    )


def _named(count: int, names: tuple[str, ...]) -> list[str]:
    """The names of so many cameras; raises click.UsageError for some that can't be."""
    if len(names) > count:
        raise click.UsageError(f"--name was given {len(names)} times, for {count} cameras")
    if len(set(names)) < len(names):
        raise click.UsageError("--name: two cameras can't have the same")
    if not names and count == 1:
        return ["camera"]
    usual = (f"camera-{number}" for number in range(1, 2 * count + 1))
    free = (name for name in usual if name not in names)
    return [*names, *(next(free) for _ in range(count - len(names)))]


def _make_room() -> None:
    """Have the system allow as many descriptors as a flood of connections takes for a moment."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < most:
        # If it is forbidden, it has to do with what there is.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _tls(certificate: str | None, key: str | None) -> ssl.SSLContext | None:
    """For https; None without a certificate.  Raises click.UsageError for what is none."""
    if certificate is None:
        if key is not None:
            raise click.UsageError("--key is that of a --certificate")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    def locked() -> str:
        raise click.UsageError("--key: it needs a password, and nobody could give it here")

    try:
        context.load_cert_chain(certificate, key, password=locked)
    except ssl.SSLError as error:
        raise click.UsageError(
            f"--certificate {certificate}: no certificate with its key in PEM "
            f"({error.reason or 'unreadable'})"
        ) from None
    return context


def _kept_token(path: Path) -> str:
    """The token in a file, which is made if it is missing; raises click.UsageError for none."""
    with contextlib.suppress(FileExistsError):
        made = secrets.token_urlsafe(24)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{made}\n")
        return made
    with open(path, "rb") as file:
        token = file.read(_MOST_TOKEN + 2).strip().decode("latin-1")
    if not _TOKEN.fullmatch(token):
        raise click.UsageError(
            f"--token-file {path}: 16 to {_MOST_TOKEN} letters, digits, - and _ are needed in it"
        )
    return token


async def _serve(
    named: list[str],
    targets: list[Target],
    *,
    demo: bool,
    keep_warm: float,
    timeout: float,
    as_json: bool,
    **words: Any,
) -> None:
    from hamaproto.io.gateway import Gateway
    from hamaproto.io.gateway_camera import GatewayCamera

    async with contextlib.AsyncExitStack() as stack:
        cameras = [
            Camera(
                target.url,
                **{
                    **target.driver,
                    "timeout": Timeouts(timeout, min(_IDLE, timeout), max(60.0, timeout), _FRAME),
                },
            )
            for target in targets
        ]
        if demo:
            from hamaproto.camera import CameraState
            from hamaproto.io.serve import serve as simulated

            state = CameraState(users={"admin": "1234"})
            shown = await stack.enter_async_context(simulated(state))
            cameras.append(Camera(shown.url, auth=("admin", "1234")))
        served = [
            GatewayCamera(name, camera, keep_warm=keep_warm)
            for name, camera in zip(named, cameras, strict=True)
        ]
        for one in served:
            one.pictures.on_status = _Told(f"{one.name}, picture")
            one.sounds.on_status = _Told(f"{one.name}, sound")
        gateway = Gateway(served, **words)
        await stack.enter_async_context(gateway)
        _say_where(gateway, words["secret"], as_json=as_json)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


class _Told:
    """Says what is wrong with a stream, once, and when it is well again."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._said = ""

    def __call__(self, status: Status) -> None:
        if status.state is State.LIVE and self._said:
            self._said = ""
            note(f"{self._what}: live again")
        elif status.state in _WRONG and status.message != self._said:
            self._said = status.message
            note(f"{self._what}: {status.state}: {status.message}")


def _say_where(gateway: Gateway, secret: str | None, *, as_json: bool) -> None:
    link = None if secret is None else f"{gateway.url}/?token={secret}"
    if as_json:
        print_json(
            {"url": gateway.url, "sign_in": link, "cameras": list(gateway.cameras)}, indent=None
        )
    else:
        print_line(gateway.url)
    if link is not None:
        if not as_json:
            print_line(link)
        note("the link signs a browser in; programs send its token as password (Basic)")
    count = len(gateway.cameras)
    note(f"{count} camera{'s' if count > 1 else ''}; Ctrl-C ends it")
