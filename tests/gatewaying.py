"""A simulated camera with a gateway before it, in one event loop, and who asks them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

import aiohttp

from hamaproto.camera import CameraState, Faults, Pictures
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.io.asyncio import Camera
from hamaproto.io.gateway import Gateway
from hamaproto.io.gateway_camera import GatewayCamera
from hamaproto.io.serve import SimulatedCamera, serve
from hamaproto.settings import Timeouts

__all__ = ["LOGIN", "PATIENCE", "House", "gateway", "house", "picture_of", "until"]

PATIENCE = 20.0
LOGIN = ("admin", "s3cret-pw")
_HEAD = struct.Struct("!IId")


class House(NamedTuple):
    """All that there is; `gateway` serves `served`, which asks `camera`."""

    camera: SimulatedCamera
    served: GatewayCamera
    gateway: Gateway
    session: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return self.gateway.url

    async def ask(self, method: str, path: str, body: Any = None, **fields: str) -> tuple[int, Any]:
        """The status, and the JSON or the bytes of an answer."""
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        async with self.session.request(
            method, self.url + path, json=body, headers=headers
        ) as answer:
            data = await answer.read()
            told = json.loads(data) if answer.content_type == "application/json" else data
            return answer.status, told

    def socket(self, path: str, **options: Any) -> Any:
        return self.session.ws_connect(self.url + path, **options)


@contextlib.asynccontextmanager
async def gateway(
    camera: SimulatedCamera, *, auth: tuple[str, str] | None = LOGIN, **options: Any
) -> AsyncIterator[House]:
    keep_warm = options.pop("keep_warm", 0.3)
    asks = Camera(camera.url, auth=auth, timeout=Timeouts(5.0, 1.5, 10.0, 5.0))
    served = GatewayCamera("camera", asks, keep_warm=keep_warm)
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    async with (
        Gateway([served], **options) as running,
        aiohttp.ClientSession(timeout=timeout) as session,
    ):
        yield House(camera, served, running, session)


@contextlib.asynccontextmanager
async def house(*faults: str, **options: Any) -> AsyncIterator[House]:
    """A camera that asks for a login, and a gateway that knows it."""
    state = CameraState(
        users=dict([LOGIN]),
        pictures=Pictures(draw_mosaic),
        faults=Faults(*faults),
        **options.pop("state", {}),
    )
    async with serve(state) as camera, gateway(camera, **options) as made:
        yield made


def run(work: Callable[[], Awaitable[None]]) -> None:
    """Do it on a loop of its own, and not for ever."""

    async def main() -> None:
        async with asyncio.timeout(2 * PATIENCE):
            await work()

    asyncio.run(main())


async def until(found: Callable[[], bool]) -> None:
    """Wait until it is so; who calls has an end to its patience."""
    async with asyncio.timeout(PATIENCE):
        while not found():
            await asyncio.sleep(0.005)


async def picture_of(socket: aiohttp.ClientWebSocketResponse) -> tuple[int, int, float, bytes]:
    """The next picture: its number, how many were skipped, when it came, the JPEG."""
    while True:
        message = await socket.receive(PATIENCE)
        if message.type is aiohttp.WSMsgType.BINARY:
            return *_HEAD.unpack(message.data[:16]), message.data[16:]
        assert message.type is aiohttp.WSMsgType.TEXT, message
