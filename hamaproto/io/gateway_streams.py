"""Streams out of the gateway: pictures by WebSocket and as multipart, to many at once.

A picture is written to a connection in the callback that brought it, if the way is free, and
all viewers are given the same bytes.  The kernel is to hold little for a connection
(TCP_NOTSENT_LOWAT), and the transport no more than what is being written: a slow viewer then
gets pictures that are new when they are written.  What its own system holds, the gateway asks
about (`Pace`), where it can.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import socket
import sys
import time
from collections.abc import AsyncIterator
from typing import Any, Final

from aiohttp import WSMsgType, web

from hamaproto.gateway.feed import Feed, Pictures
from hamaproto.gateway.pace import Pace
from hamaproto.gateway.shot import BOUNDARY, Shot, early_start, ping_message, text_message
from hamaproto.gateway.status import Status
from hamaproto.gateway.viewer import Form, Viewer
from hamaproto.io.gateway_camera import GatewayCamera

__all__ = [
    "Endless",
    "Outlet",
    "WrongError",
    "frames",
    "hold_little",
    "number_of",
    "opened",
    "stream",
    "until_silent",
]

#: Bytes that the kernel may hold unsent for a viewer; the option's number where Python has no
#: name for it yet.
_UNSENT: Final = 16 * 1024
_LOWAT: Final = getattr(
    socket, "TCP_NOTSENT_LOWAT", {"linux": 25, "darwin": 0x201}.get(sys.platform)
)
#: Seconds for which a viewer may take nothing.
_STUCK_SECONDS: Final = 60.0
#: Seconds for which a slow viewer's answer is waited for.
_ANSWER_SECONDS: Final = 10.0
#: Seconds between two messages with counts.
COUNTS_SECONDS: Final = 1.0
#: Seconds between two pings to who watches by WebSocket.
_HEARTBEAT: Final = 20.0
#: Bytes of a message of a viewer.
_MOST_MESSAGE: Final = 4096
_MOST_FPS: Final = 240.0


class WrongError(Exception):
    """What is answered instead: a status and what is wrong with which argument."""

    def __init__(
        self, status: int, error: str, argument: str | None = None, allowed: Any = None
    ) -> None:
        super().__init__(error)
        self.status = status
        self.argument = argument
        self.allowed = allowed


class Endless(web.StreamResponse):
    """An answer without a length, and not chunked: it ends when the connection does."""

    _length_check = False

    def __init__(self, content_type: str) -> None:
        super().__init__(headers={"Content-Type": content_type, "Cache-Control": "no-store"})
        self.force_close()


class Outlet:
    """A connection on which pictures go out; with `talks`, messages too."""

    def __init__(
        self, request: web.Request, form: Form, *, fps: float | None = None, talks: bool = False
    ) -> None:
        assert request.transport is not None
        self._request = request
        self._transport = request.transport
        self._talks = talks
        self._blocked = asyncio.Event()
        self._blocked_at = 0.0
        self._answered = asyncio.Event()
        #: None for who can't be asked, or does not answer.
        self._pace = Pace() if talks else None
        self.viewer = Viewer(form, self.write, fps=fps)
        # Not by a method of its own: each picture comes here for each viewer.
        self.offer = self.viewer.offer
        hold_little(self._transport)

    @property
    def tally(self) -> Viewer:
        """What was sent here."""
        return self.viewer

    def tell(self, status: Status, /) -> None:
        """The state is another one."""
        self.say(status.as_data(time.time()))

    def say(self, data: dict[str, Any]) -> None:
        """A message, for who takes messages."""
        if self._talks and not self._transport.is_closing():
            self._transport.write(text_message(json.dumps(data)))

    def write(self, data: bytes) -> bool:
        """Send a picture; False if the next one has to wait."""
        transport, pace = self._transport, self._pace
        if transport.is_closing():
            return True
        transport.write(data)
        if not transport.get_write_buffer_size() and (pace is None or not pace.is_slow):
            return True
        self._blocked_at = time.monotonic()
        self._blocked.set()
        return False

    def answered(self, said: bytes) -> None:
        """The viewer has read all that was sent before the question to which it says that."""
        if self._pace is not None and self._pace.answered(said, time.monotonic()):
            self._answered.set()

    def _ask(self) -> None:
        if self._pace is not None and not self._transport.is_closing():
            self._answered.clear()
            self._transport.write(ping_message(self._pace.ask(time.monotonic())))

    @contextlib.asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """In here the next picture goes out as soon as the way is free."""
        self._ask()
        task = asyncio.get_running_loop().create_task(self._flow())
        try:
            yield
        finally:
            task.cancel()

    async def _flow(self) -> None:
        while True:
            await self._blocked.wait()
            self._blocked.clear()
            try:
                async with asyncio.timeout(_STUCK_SECONDS):
                    await self._request.writer.drain()
            except TimeoutError:
                self._transport.abort()
                return
            except ConnectionError:
                return
            await self._until_read()
            self.viewer.freed()

    async def _until_read(self) -> None:
        """Wait until a slow viewer has read what it was sent."""
        if self._pace is None:
            return
        self._pace.stuck(time.monotonic() - self._blocked_at)
        if not self._pace.is_slow:
            return
        self._ask()
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await self._answered.wait()
        except TimeoutError:
            # Whoever does not answer pings has to live with what its system holds.
            self._pace = None


def hold_little(transport: asyncio.Transport) -> None:
    """Have the kernel and the transport hold no more than they need."""
    transport.set_write_buffer_limits(high=0)
    sock = transport.get_extra_info("socket")
    if sock is not None and _LOWAT is not None:
        # A system that does not know the option makes a viewer later, and breaks nothing.
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, _LOWAT, _UNSENT)


async def opened(
    request: web.Request, *, most: int = _MOST_MESSAGE, autoping: bool = True
) -> web.WebSocketResponse:
    """A WebSocket; messages of more bytes end it.  Raises WrongError where none was asked for."""
    ws = web.WebSocketResponse(
        compress=False,
        heartbeat=_HEARTBEAT,
        max_msg_size=most,
        timeout=1.0,
        autoping=autoping,
    )
    if not ws.can_prepare(request):
        raise WrongError(426, "a WebSocket is needed here", "Upgrade", "websocket")
    await ws.prepare(request)
    return ws


def number_of(
    text: str | None, name: str, *, low: float, high: float, above: bool = False
) -> float | None:
    """An argument of a query, as a number; raises WrongError for what is none."""
    if text is None:
        return None
    allowed = (
        f"a number {'over' if above else 'from'} {low:g} {'and up' if above else ''} to {high:g}"
    )
    allowed = " ".join(allowed.split())
    try:
        number = float(text[:40])
    except ValueError:
        number = math.nan
    if not low <= number <= high or (above and number == low):
        raise WrongError(400, f"{name}: {allowed} is needed", name, allowed)
    return number


async def frames(request: web.Request, camera: GatewayCamera) -> web.StreamResponse:
    """Pictures as WebSocket messages, and states and counts between them."""
    plain = request.query.get("plain") == "1"
    fps = _fps(request.query.get("fps"))
    ws = await opened(request, autoping=False)
    outlet = Outlet(request, Shot.plain_message if plain else Shot.message, fps=fps, talks=True)
    async with outlet.flowing():
        with camera.watched(outlet):
            counting = asyncio.get_running_loop().create_task(_counts(outlet, camera.pictures))
            try:
                await _listen(ws, outlet)
            finally:
                counting.cancel()
    return ws


async def _listen(ws: web.WebSocketResponse, outlet: Outlet) -> None:
    """Heed what the viewer asks for, until it goes."""
    async for message in ws:
        if message.type is WSMsgType.PONG:
            outlet.answered(bytes(message.data))
            continue
        if message.type is WSMsgType.PING:
            await ws.pong(message.data)
            continue
        if message.type is not WSMsgType.TEXT:
            await ws.close(code=1003, message=b"text is needed")
            return
        try:
            asked = dict(json.loads(message.data))
            if "fps" in asked:
                value = asked["fps"]
                outlet.viewer.limit(None if value is None else _fps(str(value)))
            if "ping" in asked:
                # So that a page knows by how much its clock differs from this one.
                outlet.say({"pong": asked["ping"], "time": time.time()})
        except (ValueError, TypeError, RecursionError):
            outlet.say({"error": "an object of JSON is needed", "argument": None})
        except WrongError as error:
            outlet.say({"error": str(error), "argument": error.argument, "allowed": error.allowed})


async def _counts(outlet: Outlet, feed: Pictures) -> None:
    while True:
        await asyncio.sleep(COUNTS_SECONDS)
        outlet.say(
            {
                "frames": feed.counts.frames,
                "rate": round(feed.rate(time.monotonic()), 2),
                "lost": feed.counts.lost,
                "anomalies": dict(feed.counts.anomalies),
                "sent": outlet.viewer.sent,
                "skipped": outlet.viewer.dropped,
            }
        )


def _fps(text: str | None) -> float | None:
    return number_of(text, "fps", low=0, high=_MOST_FPS, above=True)


async def stream(request: web.Request, camera: GatewayCamera) -> web.StreamResponse:
    """Pictures as the parts of one body, for programs and for pages without scripts."""
    fps = _fps(request.query.get("fps"))
    early = request.query.get("advance") == "1"
    response = Endless(f"multipart/x-mixed-replace; boundary={BOUNDARY}")
    if request.method == "HEAD":
        await response.prepare(request)
        return response
    await camera.picture()
    await response.prepare(request)
    outlet = Outlet(request, Shot.early_part if early else Shot.part, fps=fps)
    if early:
        outlet.write(early_start())
    async with outlet.flowing():
        with camera.watched(outlet):
            await until_silent(camera.pictures)
    return response


async def until_silent(feed: Feed[Any]) -> None:
    """Wait until nothing has come for a minute; who goes away cancels it."""
    frames = -1
    while frames != feed.counts.frames:
        frames = feed.counts.frames
        await asyncio.sleep(_STUCK_SECONDS)
