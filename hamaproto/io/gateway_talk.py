"""Talking back: samples of a microphone, by WebSocket, to the loudspeaker of a camera.

One talks at a time.  What comes faster than it can be played is left out, oldest first: a page
whose clock runs ahead must not be later and later.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

import numpy as np
from aiohttp import WSMsgType, web

from hamaproto.errors import HamaError
from hamaproto.gateway.sound import FORMAT
from hamaproto.gsm import Encoder
from hamaproto.gsm.tables import FRAME_SAMPLES, SAMPLE_RATE
from hamaproto.io.gateway_camera import GatewayCamera
from hamaproto.io.gateway_streams import opened

__all__ = ["talk"]

#: Bytes of a message: two seconds of sound.
_MOST_MESSAGE: Final = 2 * 2 * SAMPLE_RATE
#: Frames that may wait to be sent: half a second.
_MOST_WAITING: Final = 25
_FRAME_BYTES: Final = 2 * FRAME_SAMPLES
#: Seconds for which nothing may be said.
_SILENCE: Final = 30.0


class _Microphone:
    """Samples in, frames of GSM out, as an async iterator that ends with `close`."""

    def __init__(self) -> None:
        self._encoder = Encoder()
        self._samples = bytearray()
        self._frames: deque[bytes] = deque(maxlen=_MOST_WAITING)
        self._news = asyncio.Event()
        self._closed = False

    def put(self, samples: bytes) -> None:
        """Little-endian samples of 16 bits; an odd byte waits for its other half."""
        self._samples += samples
        whole = len(self._samples) // _FRAME_BYTES * _FRAME_BYTES
        pcm = np.frombuffer(bytes(self._samples[:whole]), "<i2").astype(np.int16)
        del self._samples[:whole]
        for start in range(0, len(pcm), FRAME_SAMPLES):
            self._frames.append(bytes(self._encoder.encode(pcm[start : start + FRAME_SAMPLES])))
        self._news.set()

    def close(self) -> None:
        self._closed = True
        self._news.set()

    async def frames(self) -> AsyncIterator[bytes]:
        while True:
            while self._frames:
                yield self._frames.popleft()
            if self._closed:
                return
            self._news.clear()
            await self._news.wait()


async def talk(request: web.Request, camera: GatewayCamera) -> web.StreamResponse:
    """Take samples until the other end has said all."""
    ws = await opened(request, most=_MOST_MESSAGE)
    if camera.talked:
        await ws.send_str(_told("refused", "somebody else talks"))
        await ws.close()
        return ws
    camera.talked = True
    microphone = _Microphone()
    task = asyncio.get_running_loop().create_task(_to_camera(ws, camera, microphone))
    try:
        await ws.send_str(json.dumps({"state": "talking", "message": "", **FORMAT}))
        while True:
            message = await ws.receive(timeout=_SILENCE)
            if message.type is not WSMsgType.BINARY:
                break
            microphone.put(message.data)
    except TimeoutError:
        pass
    finally:
        camera.talked = False
        microphone.close()
        with contextlib.suppress(TimeoutError):
            # What was said is to be heard to its end.
            await asyncio.wait_for(task, 3.0)
        await ws.close()
    return ws


async def _to_camera(
    ws: web.WebSocketResponse, camera: GatewayCamera, microphone: _Microphone
) -> None:
    try:
        sent = await camera.camera.talk(microphone.frames())
        told = _told("ended", f"{sent} frames were sent")
    except HamaError as error:
        told = _told("refused", str(error))
    with contextlib.suppress(ConnectionError, RuntimeError):
        await ws.send_str(told)
        await ws.close()


def _told(state: str, message: str) -> str:
    return json.dumps({"state": state, "message": message})
