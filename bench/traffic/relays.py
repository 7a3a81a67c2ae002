"""What stands between one camera and many viewers, as a process that serves pictures by WebSocket.

`WAYS` has ours, and what one writes with aiohttp in an afternoon: it believes each length, and
sends each picture to one viewer after the other.
"""

from __future__ import annotations

import asyncio
import resource
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

__all__ = ["OURS", "PLAIN", "WAYS", "Relay"]

OURS, PLAIN = "hamaproto serve", "a plain relay of aiohttp"
#: Seconds that anything here may take.
PATIENCE = 60.0
#: Seconds between two looks at the processor time.
NOTE_SECONDS = 0.1


@asynccontextmanager
async def _ours(camera: str) -> Any:
    from hamaproto.io.asyncio import Camera
    from hamaproto.io.gateway import Gateway
    from hamaproto.io.gateway_camera import GatewayCamera

    async with Gateway([GatewayCamera("camera", Camera(camera))]) as gateway:
        yield gateway.port


@asynccontextmanager
async def _plain(camera: str) -> Any:
    import aiohttp
    from aiohttp import web

    viewers: set[web.WebSocketResponse] = set()

    async def frames(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(compress=False)
        await ws.prepare(request)
        viewers.add(ws)
        try:
            async for _ in ws:
                pass
        finally:
            viewers.discard(ws)
        return ws

    async def pump() -> None:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout()) as session,
            session.get(f"{camera}/mjpg/video.mjpg") as answer,
        ):
            reader = aiohttp.MultipartReader.from_response(answer)
            while (part := await reader.next()) is not None:
                picture = await part.read()
                for ws in list(viewers):
                    await ws.send_bytes(picture)

    app = web.Application()
    app.router.add_get("/c/camera/frames", frames)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    task = asyncio.create_task(pump())
    try:
        yield runner.addresses[0][1]
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await runner.cleanup()


#: Who serves: makes a server of a camera's address, which gives its port.
WAYS: dict[str, Callable[[str], AbstractAsyncContextManager[int]]] = {OURS: _ours, PLAIN: _plain}


class Relay:
    """Of another process: `serve`, then `used` as often as wanted, then `end`."""

    def __init__(self, who: str) -> None:
        self._who = who
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._server: AbstractAsyncContextManager[int] | None = None
        #: The time since 1970, and the processor time until then.
        self._uses: list[tuple[float, float]] = []

    def __call__(self, wish: str, *values: Any) -> Any:
        if wish == "serve":
            self._server = WAYS[self._who](*values)
            self._loop.call_soon_threadsafe(self._note)
            return self._run(self._server.__aenter__())
        if wish == "used":
            return self._used(*map(float, values))
        assert self._server is not None
        return self._run(self._server.__aexit__(None, None, None))

    def _note(self) -> None:
        self._uses.append((time.time(), time.process_time()))
        self._loop.call_later(NOTE_SECONDS, self._note)

    def _used(self, start: float, end: float) -> tuple[float, float]:
        """The share of a core from one time to another, and the memory at its most, in bytes."""
        uses = [use for use in self._uses if start <= use[0] <= end]
        (first, before), (last, after) = uses[0], uses[-1]
        return (after - before) / (last - first), resource.getrusage(
            resource.RUSAGE_SELF
        ).ru_maxrss * 1024

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)
