"""A simulated camera's remote control: JSON over HTTP, for programs in any language.

It listens on an address of its own, since the camera's own paths belong to the camera.  A page
that a browser has open must not be able to steer it, and a name that somebody's server resolves
to this machine must not either: so a request whose `Host` is another one, or that has a foreign
`Origin`, is refused (403), and what changes something has to come as `application/json` (415),
which no form of a page can send.  `PATHS` is the table of what there is.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, NoReturn, Self
from urllib.parse import urlsplit

from aiohttp import web

from hamaproto.camera import FAULTS, Faults
from hamaproto.camera.parameters import settable
from hamaproto.camera.schedule import Deed
from hamaproto.errors import LocalProtocolError
from hamaproto.io.control import Control

__all__ = ["PATHS", "ControlServer", "Path"]

#: Bytes of a request's body.
MAX_BODY: Final = 64 * 1024
#: The longest time that a deed may last, in seconds.
MAX_SECONDS: Final = 7 * 24 * 3600.0
#: Names of this machine under which it is always reached.
_LOCAL: Final = ("localhost", "127.0.0.1", "[::1]")
_KIND: Final = "application/json"

#: What an argument may be: from what JSON has, what it is here.
_Check = Callable[[object], object]


@dataclass(frozen=True, slots=True)
class Path:
    """One row: what a method does on a path, and the arguments that its JSON may have."""

    about: str
    do: Callable[[ControlServer, dict[str, Any]], Awaitable[object]]
    takes: Mapping[str, _Check]


class _WrongError(Exception):
    """What is answered instead: a status and what is wrong."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class ControlServer:
    """`async with ControlServer(control) as server: server.url`.

    `allow_hosts` are more names that may stand in `Host`, with a port or for any.  Raises OSError
    if the address can't be had.
    """

    def __init__(
        self,
        control: Control,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        allow_hosts: Iterable[str] = (),
    ) -> None:
        self.control = control
        self.host = host
        self.port = port
        """The port; 0 until the system has chosen one."""
        self._allowed = {name.lower() for name in allow_hosts}
        self._runner: web.AppRunner | None = None

    def __repr__(self) -> str:
        return f"<ControlServer {self.url}>"

    @property
    def url(self) -> str:
        """`http://host:port`."""
        return f"http://{self._name}:{self.port}"

    @property
    def _name(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, self.host, self.port).start()
        except OSError as error:
            await runner.cleanup()
            # asyncio's own text has the address once more.
            reason = os.strerror(error.errno).lower() if error.errno else str(error)
            raise OSError(
                error.errno, f"can't listen on {self.host!r} port {self.port}: {reason}"
            ) from None
        self.port = runner.addresses[0][1]
        self._runner = runner
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        try:
            status, told = 200, await self._told(request)
        except _WrongError as error:
            status, told = error.status, {"error": str(error)}
        except LocalProtocolError as error:
            status, told = 400, {"error": str(error)}
        except web.HTTPRequestEntityTooLarge:
            status, told = 413, {"error": f"a body has {MAX_BODY} bytes at most"}
        except OSError as error:
            status, told = 409, {"error": str(error)}
        return web.json_response(told, status=status, headers={"Cache-Control": "no-store"})

    async def _told(self, request: web.Request) -> object:
        self._check_sender(request)
        methods = PATHS.get(request.path.rstrip("/") or "/")
        if methods is None:
            raise _WrongError(404, f"there is no {request.path!r}; GET / lists what there is")
        method = "GET" if request.method == "HEAD" else request.method
        row = methods.get(method)
        if row is None:
            raise _WrongError(405, f"{request.path} knows {', '.join(methods)}")
        if method in ("GET", "DELETE"):
            given: dict[str, Any] = dict(request.query)
        else:
            given = await _body(request)
        return await row.do(self, _arguments(row, given, f"{method} {request.path}"))

    def _check_sender(self, request: web.Request) -> None:
        """Refuse what a page of somebody else's, or a name of somebody else's, has sent."""
        host = request.headers.get("Host", "").lower()
        if not self._is_ours(host):
            raise _WrongError(
                403, f"Host {host!r} is not the control's own; `--allow-host` allows others"
            )
        origin = request.headers.get("Origin")
        if origin is not None and not self._is_ours(urlsplit(origin).netloc.lower()):
            raise _WrongError(403, f"pages of {origin!r} can't control this camera")

    def _is_ours(self, host: str) -> bool:
        own = {f"{name}:{self.port}" for name in (*_LOCAL, self._name.lower())}
        if self.port == 80:
            own |= {*_LOCAL, self._name.lower()}
        name, colon, port = host.rpartition(":")
        bare = name if colon and port.isdigit() else host
        return host in own or host in self._allowed or bare in self._allowed

    # What there is

    async def _list(self, given: dict[str, Any]) -> object:
        return {
            "camera": self.control.camera.url,
            "paths": [
                {"method": method, "path": path, "does": row.about, "takes": list(row.takes)}
                for path, methods in PATHS.items()
                for method, row in methods.items()
            ],
        }

    async def _state(self, given: dict[str, Any]) -> object:
        camera = self.control.camera
        return {
            **camera.state.as_dict(camera.now()),
            "url": camera.url,
            "stalled": camera.stalled,
            "accepting": camera.listening,
            "connections": len(camera.clients),
        }

    async def _parameters(self, given: dict[str, Any]) -> object:
        return dict(self.control.camera.state.stored)

    async def _set_parameters(self, given: dict[str, Any]) -> object:
        camera = self.control.camera
        values = {key: _as_parameter(key, value) for key, value in given["parameters"].items()}
        # Looked at before anything is stored: all or nothing.
        for key in values:
            settable(key)
        stored = {key: camera.state.set(key, value, camera.now()) for key, value in values.items()}
        camera.pump()
        return stored

    async def _faults(self, given: dict[str, Any]) -> object:
        return {
            "faults": list(self.control.camera.state.faults.names),
            "known": {
                name: {
                    "about": row.about,
                    "options": dict(row.options),
                    "client": str(row.reaction),
                }
                for name, row in FAULTS.items()
            },
        }

    async def _put_faults(self, given: dict[str, Any]) -> object:
        self.control.set_faults(Faults.parse(given.get("faults", [])))
        return {"faults": list(self.control.camera.state.faults.names)}

    async def _change_faults(self, given: dict[str, Any]) -> object:
        state = self.control.camera.state
        # Looked at before anything is done: all or nothing.
        Faults(*given.get("on", ()))
        self.control.set_faults(state.faults.without(*given.get("off", ())))
        for name in given.get("on", ()):
            await self.control.do(Deed("fault", name, given.get("seconds")))
        return {"faults": list(state.faults.names)}

    async def _motion(self, given: dict[str, Any]) -> object:
        word = "on" if given.get("motion", True) else "off"
        await self.control.do(Deed("motion", word, given.get("seconds")))
        return {"motion": self.control.camera.state.motion}

    async def _requests(self, given: dict[str, Any]) -> object:
        log = self.control.camera.state.log
        found = log.since(given.get("since", 0))
        return {"requests": [one.as_dict() for one in found], "next": log.requests}

    async def _forget(self, given: dict[str, Any]) -> object:
        self.control.camera.state.log.clear()
        return await self._requests(given)

    async def _counters(self, given: dict[str, Any]) -> object:
        state = self.control.camera.state
        return {
            **state.log.counts(),
            "streams": state.streams,
            "open": len(self.control.camera.clients),
            "talk_frames": state.talk_frames,
        }


def _deed(action: str) -> Callable[[ControlServer, dict[str, Any]], Awaitable[object]]:
    async def do(server: ControlServer, given: dict[str, Any]) -> object:
        await server.control.do(Deed(action, "", given.get("seconds")))
        camera = server.control.camera
        return {"stalled": camera.stalled, "accepting": camera.listening}

    return do


def _arguments(row: Path, given: dict[str, Any], where: str) -> dict[str, Any]:
    """What came, checked; the error names the argument, what came, and what is allowed."""
    if "*" in row.takes:
        return {"parameters": given}
    unknown = [name for name in given if name not in row.takes]
    if unknown:
        takes = ", ".join(row.takes) or "nothing"
        raise _WrongError(400, f"{where} does not take {unknown[0]!r}; it takes {takes}")
    checked = {}
    for name, value in given.items():
        try:
            checked[name] = row.takes[name](value)
        except (TypeError, ValueError) as error:
            raise _WrongError(400, f"{where}: {name}={value!r}: {error}") from None
    return checked


async def _body(request: web.Request) -> dict[str, Any]:
    if request.content_type != _KIND:
        raise _WrongError(
            415, f"Content-Type {request.content_type!r}: {_KIND} is needed (curl --json '{{}}')"
        )
    try:
        given = json.loads(await request.read() or b"{}", parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise _WrongError(400, f"the body is no JSON: {error}") from None
    if not isinstance(given, dict):
        raise _WrongError(400, f"the body is {type(given).__name__}, and an object is needed")
    return given


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


# What an argument may be.


def _seconds(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError("a number of seconds is needed")
    if not (math.isfinite(value) and 0 <= value <= MAX_SECONDS):
        raise ValueError(f"0 to {MAX_SECONDS:g} seconds are possible")
    return float(value)


def _names(value: object) -> list[str]:
    if isinstance(value, str):
        return list(Faults.parse(value).names)
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError("a list of faults is needed")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("true or false is needed")
    return value


def _count(value: object) -> int:
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) < 16):
        raise ValueError("a number of a request is needed")
    return int(text)


def _as_parameter(key: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise _WrongError(400, f"{key}={value!r}: a text or a number is needed")
    return str(value)


_FOR: Final[Mapping[str, _Check]] = {"seconds": _seconds}
_NONE: Final[Mapping[str, _Check]] = {}

#: Path -> method -> what it does.
PATHS: Final[Mapping[str, Mapping[str, Path]]] = {
    "/": {"GET": Path("list what there is", ControlServer._list, _NONE)},
    "/state": {"GET": Path("tell what the camera is and does", ControlServer._state, _NONE)},
    "/parameters": {
        "GET": Path("tell all parameters", ControlServer._parameters, _NONE),
        "PATCH": Path(
            "set parameters as a client would; tells what is stored then",
            ControlServer._set_parameters,
            {"*": str},
        ),
    },
    "/faults": {
        "GET": Path("tell the faults that are on, and all", ControlServer._faults, _NONE),
        "PUT": Path(
            "have these faults and no other", ControlServer._put_faults, {"faults": _names}
        ),
        "POST": Path(
            "switch some on and off, for some seconds or until told otherwise",
            ControlServer._change_faults,
            {"on": _names, "off": _names, **_FOR},
        ),
    },
    "/stall": {"POST": Path("send nothing to anybody", _deed("stall"), _FOR)},
    "/resume": {"POST": Path("go on sending", _deed("resume"), _NONE)},
    "/refuse": {"POST": Path("refuse new connections", _deed("refuse"), _FOR)},
    "/accept": {"POST": Path("accept connections again", _deed("accept"), _NONE)},
    "/reboot": {"POST": Path("be gone for some seconds", _deed("reboot"), _FOR)},
    "/kill": {"POST": Path("close every connection at once", _deed("kill"), _NONE)},
    "/reset": {"POST": Path("reset every connection", _deed("reset"), _NONE)},
    "/motion": {
        "POST": Path(
            "see something move, or nothing", ControlServer._motion, {"motion": _flag, **_FOR}
        )
    },
    "/requests": {
        "GET": Path(
            "tell what the camera was asked, from a number on",
            ControlServer._requests,
            {"since": _count},
        ),
        "DELETE": Path("forget what it was asked", ControlServer._forget, _NONE),
    },
    "/counters": {"GET": Path("tell the counts", ControlServer._counters, _NONE)},
}
