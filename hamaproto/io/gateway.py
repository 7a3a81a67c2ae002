"""The gateway's server: a page, streams and JSON, for everybody who may have them.

    async with Gateway([GatewayCamera("porch", camera)]) as gateway:
        print(gateway.url)

Every request passes `_guard` first, which asks `Access` about it and gives each answer the
fields that keep a browser from doing what it shall not.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import ipaddress
import math
import os
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import web

from hamaproto._version import __version__
from hamaproto.errors import CameraTimeoutError, HamaError, LocalProtocolError
from hamaproto.gateway import files
from hamaproto.gateway.access import CHANGES, FIELDS, Access, Asked, Refusal
from hamaproto.gateway.paths import PATHS
from hamaproto.gateway.settings import NotAllowedError
from hamaproto.gateway.status import words_for
from hamaproto.io import gateway_api as api
from hamaproto.io import gateway_sound as sound
from hamaproto.io import gateway_streams as streams
from hamaproto.io.gateway_camera import GatewayCamera, UnavailableError
from hamaproto.io.gateway_metrics import METRICS_TYPE, metrics
from hamaproto.io.gateway_streams import WrongError, number_of
from hamaproto.io.gateway_talk import talk

__all__ = ["Gateway"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
CameraHandler = Callable[[web.Request, GatewayCamera], Awaitable[web.StreamResponse]]

#: Bytes of a request's body.
MAX_BODY: Final = 64 * 1024
#: Seconds for which a connection may ask for nothing.
_IDLE_SECONDS: Final = 15.0
#: Seconds for which what is being answered is waited for at the end.
_SHUTDOWN_SECONDS: Final = 1.0
#: Connections at once.
MOST_CONNECTIONS: Final = 1000
#: Connections that the system keeps until they are accepted; with few, a flood holds others up.
_BACKLOG: Final = 512
#: Bytes of the head of a request: a line, and a field.
_MOST_HEAD: Final = 8190
#: Addresses that belong to nobody (RFC 5737, RFC 3849), and those of this machine.
_FAR: Final = {
    4: (socket.AF_INET, "192.0.2.1", "127.0.0.1"),
    6: (socket.AF_INET6, "2001:db8::1", "::1"),
}
#: Where a request keeps the origin of a page that was named.
_ORIGIN: Final = web.RequestKey("origin", str)
#: Seconds for which a browser stays signed in.
_SIGNED_IN: Final = 90 * 24 * 3600


class Gateway:
    """Serves these cameras until it is left; `secret` is what a sign-in needs.

    With `tls`, a context that has a certificate, it is https.

    Raises OSError if the address can't be had.
    """

    def __init__(
        self,
        cameras: Iterable[GatewayCamera],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        names: Iterable[str] = (),
        origins: Iterable[str] = (),
        secret: str | None = None,
        tls: ssl.SSLContext | None = None,
        most_connections: int = MOST_CONNECTIONS,
    ) -> None:
        self.cameras = {camera.name: camera for camera in cameras}
        self.host = host
        self._tls = tls
        self.access = Access(
            names=names, origins=origins, secret=secret, port=port, secure=tls is not None
        )
        self._most = most_connections
        #: Connections on which something is being answered that may be asked.
        self._busy: set[web.RequestHandler] = set()
        #: Connections that were accepted, and that the server does not count yet.
        self._fresh = 0
        self._stack = contextlib.AsyncExitStack()
        self._runner: web.AppRunner | None = None

    def __repr__(self) -> str:
        return f"<Gateway {self.url}, {len(self.cameras)} cameras>"

    @property
    def port(self) -> int:
        """The port; 0 until the system has chosen one."""
        return self.access.port

    @property
    def url(self) -> str:
        """`http://host:port`, or https; of all addresses, one that others can reach."""
        host = _reachable(self.host)
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            for camera in self.cameras.values():
                await stack.enter_async_context(camera)
            runner = self._runner = web.AppRunner(
                self._application(),
                access_log=None,
                handle_signals=False,
                handler_cancellation=True,
                keepalive_timeout=_IDLE_SECONDS,
                lingering_time=1.0,
                max_line_size=_MOST_HEAD,
                max_field_size=_MOST_HEAD,
                shutdown_timeout=_SHUTDOWN_SECONDS,
            )
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            stack.callback(self._hang_up)
            await self._listen(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def _hang_up(self) -> None:
        """End what has no end, so that nobody waits for it."""
        for connection in tuple(self._busy):
            if connection.transport is not None:
                connection.transport.abort()

    async def _listen(self, stack: contextlib.AsyncExitStack) -> None:
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(
                self._connection, self.host, self.port, ssl=self._tls, backlog=_BACKLOG
            )
        except OSError as error:
            # asyncio's own text has the address once more.
            reason = os.strerror(error.errno).lower() if error.errno else str(error)
            raise OSError(
                error.errno or errno.EADDRNOTAVAIL,
                f"can't listen on {self.host!r} port {self.port}: {reason}",
            ) from None
        stack.callback(server.close)
        self.access.port = server.sockets[0].getsockname()[1]

    def _connection(self) -> asyncio.Protocol:
        """Somebody connects; if there are too many, one goes that is given nothing."""
        assert self._runner is not None
        assert self._runner.server is not None
        # One that was closed is listed for a moment more.
        there = [one for one in self._runner.server.connections if one.connected]
        if len(there) + self._fresh >= self._most:
            idle = next((one for one in there if one not in self._busy), None)
            if idle is None:
                return _Refuse()
            idle.force_close()
        # The server counts a connection a turn of the loop after this.
        self._fresh += 1
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, self._settled)
        return self._runner.server()

    def _settled(self) -> None:
        self._fresh -= 1

    # -- what there is

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._guard], client_max_size=MAX_BODY)
        app.on_response_prepare.append(_guard_answer)
        for row in PATHS:
            handler = _OF_CAMERA.get(row.name)
            handle = getattr(self, f"_{row.name}") if handler is None else self._of_camera(handler)
            if row.method == "GET":
                app.router.add_get(row.path, handle)
            else:
                app.router.add_post(row.path, handle)
        return app

    def _of_camera(self, handle: CameraHandler) -> Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            return await handle(request, self._camera(request))

        return handler

    def _camera(self, request: web.Request) -> GatewayCamera:
        camera = self.cameras.get(request.match_info["name"])
        if camera is None:
            raise WrongError(404, "there is no camera of this name", "name", list(self.cameras))
        return camera

    async def _page(self, request: web.Request) -> web.StreamResponse:
        token = request.query.get("token")
        if token is not None and self.access.signs_in:
            return self._signed_in(token)
        return _file(request, "index.html", files.without_script(self.cameras))

    def _signed_in(self, token: str) -> web.StreamResponse:
        cookie = self.access.cookie(token)
        if cookie is None:
            raise WrongError(401, "the token is another one: open the link that was printed last")
        # No redirect: the browser would count it as the other site's whose page had the link,
        # and keep the new cookie to itself.
        answer = web.Response(
            text='<!doctype html><meta http-equiv="refresh" content="0;url=/"><title>hamaproto'
            '</title><p><a href="/">Signed in</a></p>',
            content_type="text/html",
            headers={"Cache-Control": "no-store"},
        )
        answer.set_cookie(
            self.access.cookie_name,
            cookie,
            max_age=_SIGNED_IN,
            httponly=True,
            samesite="Strict",
            secure=self._tls is not None,
            path="/",
        )
        return answer

    async def _static(self, request: web.Request) -> web.StreamResponse:
        return _file(request, request.match_info["file"])

    async def _health(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text="ok\n", headers={"Cache-Control": "no-store"})

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        return web.Response(
            body=metrics(self.cameras.values()), headers={"Content-Type": METRICS_TYPE}
        )

    async def _openapi(self, request: web.Request) -> web.StreamResponse:
        return api.description(__version__)

    async def _cameras(self, request: web.Request) -> web.StreamResponse:
        return await api.cameras(self.cameras.values())

    # -- who may

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        asked = self._asked(request)
        # A link with the token is a sign-in; whether the process lives is no secret.
        is_open = request.path == "/healthz" or (request.path == "/" and "token" in request.query)
        refusal = self.access.refusal(asked, open_to_all=is_open)
        if self.access.allows_origin(asked):
            request[_ORIGIN] = asked.origin
        if refusal is not None:
            return _refused(request, refusal)
        self._busy.add(request.protocol)
        try:
            if request.method == "OPTIONS" and _ORIGIN in request:
                return _preflight()
            return await _answered(request, handler)
        finally:
            self._busy.discard(request.protocol)

    def _asked(self, request: web.Request) -> Asked:
        fields = request.headers
        name = None if request.transport is None else request.transport.get_extra_info("sockname")
        return Asked(
            method=request.method,
            local=name[0] if name else "",
            host=fields.get("Host", ""),
            origin=fields.get("Origin", ""),
            site=fields.get("Sec-Fetch-Site", ""),
            mode=fields.get("Sec-Fetch-Mode", ""),
            content_type=request.content_type,
            authorization=fields.get("Authorization", ""),
            cookie=request.cookies.get(self.access.cookie_name, ""),
        )


def _reachable(host: str) -> str:
    """The address itself; for all addresses, the one by which this machine goes elsewhere."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    family, far, near = _FAR[address.version]
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        try:
            # Nothing is sent: the system only chooses how it would be.
            sock.connect((far, 9))
        except OSError:
            return near
        return str(sock.getsockname()[0])


class _Refuse(asyncio.Protocol):
    """A connection for which there is no room."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


async def _guard_answer(request: web.Request, answer: web.StreamResponse) -> None:
    for name, value in FIELDS.items():
        answer.headers[name] = value
    if _ORIGIN in request:
        answer.headers["Access-Control-Allow-Origin"] = request[_ORIGIN]
        answer.headers["Vary"] = "Origin"
    if "Cache-Control" not in answer.headers:
        answer.headers["Cache-Control"] = "no-store"


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What the handler answers, or what went wrong."""
    try:
        return await handler(request)
    except WrongError as error:
        return _wrong(error.status, str(error), error.argument, error.allowed)
    except UnavailableError as error:
        answer = _wrong(503, str(error))
        if error.status.retry_at is not None:
            wait = max(math.ceil(error.status.retry_at - time.time()), 1)
            answer.headers["Retry-After"] = str(wait)
        return answer
    except NotAllowedError as error:
        return _wrong(400, str(error), error.argument, error.allowed)
    except LocalProtocolError as error:
        return _wrong(400, str(error))
    except (CameraTimeoutError, TimeoutError) as error:
        return _wrong(504, str(error) or "it took too long")
    except HamaError as error:
        return _wrong(502, words_for(error))
    except web.HTTPRequestEntityTooLarge:
        return _wrong(413, f"a body has {MAX_BODY} bytes at most", "body", MAX_BODY)
    except web.HTTPMethodNotAllowed as error:
        names = sorted(error.allowed_methods)
        answer = _wrong(405, f"{request.path} knows {', '.join(names)}", None, names)
        answer.headers["Allow"] = ", ".join(names)
        return answer
    except web.HTTPException as error:
        return _wrong(error.status, f"{request.method} {request.path}: {error.reason.lower()}")


def _refused(request: web.Request, refusal: Refusal) -> web.Response:
    answer = _wrong(refusal.status, refusal.error, refusal.argument, refusal.allowed)
    if refusal.status != 401:
        answer.force_close()
    # A script that asks says what is wrong itself; its browser would ask for a password.
    elif "X-Requested-With" not in request.headers:
        answer.headers["WWW-Authenticate"] = 'Basic realm="hamaproto", charset="UTF-8"'
    return answer


def _wrong(
    status: int, error: str, argument: str | None = None, allowed: Any = None
) -> web.Response:
    told = {"error": error, "argument": argument, "allowed": allowed}
    return web.json_response(told, status=status)


def _preflight() -> web.Response:
    return web.Response(
        status=204,
        headers={
            "Access-Control-Allow-Methods": f"GET, HEAD, {CHANGES}",
            "Access-Control-Allow-Headers": "authorization, content-type",
            "Access-Control-Max-Age": "600",
        },
    )


def _file(request: web.Request, name: str, cameras: bytes = b"") -> web.StreamResponse:
    """A file of the page, or "not modified"; `cameras` is put where the page has its mark."""
    found = files.file(name)
    if found is None:
        raise WrongError(404, "there is no file of this name", "file")
    data = found[0].replace(files.MARK, cameras)
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    fields = {"Content-Type": found[1], "Cache-Control": "no-cache", "ETag": tag}
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers=fields)
    return web.Response(body=data, headers=fields)


async def _snapshot(request: web.Request, camera: GatewayCamera) -> web.StreamResponse:
    max_age = number_of(request.query.get("max_age"), "max_age", low=0, high=3600) or 0.0
    shot = await camera.snapshot(max_age)
    return web.Response(
        body=shot.data,
        content_type="image/jpeg",
        headers={"X-Timestamp": f"{shot.wall:.6f}", "Cache-Control": "no-store"},
    )


#: The handlers of what belongs to one camera, by the names of their rows.
_OF_CAMERA: Final[dict[str, CameraHandler]] = {
    "frames": streams.frames,
    "stream": streams.stream,
    "snapshot": _snapshot,
    "sound": sound.sound,
    "wav": sound.wav,
    "matroska": sound.matroska,
    "talk": talk,
    "camera": api.one,
    "settings": api.settings,
    "change": api.change,
    "move": api.move,
    "presets": api.presets,
    "go": api.go,
    "save": api.save,
    "clear": api.clear,
    "thumbnail": api.thumbnail,
}
