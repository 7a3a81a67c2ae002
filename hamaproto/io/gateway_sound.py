"""Sound out of the gateway: by WebSocket, as an endless WAV, and with the pictures in Matroska."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Final

from aiohttp import WSMsgType, web

from hamaproto.gateway.shot import text_message
from hamaproto.gateway.sound import FORMAT, Listener, Piece
from hamaproto.gateway.status import Status
from hamaproto.gsm.wav import WavWriter
from hamaproto.io.gateway_camera import GatewayCamera, UnavailableError
from hamaproto.io.gateway_streams import Endless, WrongError, hold_little, opened, until_silent

__all__ = ["matroska", "sound", "wav"]

#: Bytes that may wait for somebody who takes picture and sound, before pictures are left out.
_MOST_WAITING: Final = 512 * 1024


class _Pipe:
    """A connection as a file that can't be sought in."""

    def __init__(self, request: web.Request) -> None:
        assert request.transport is not None
        self._transport = request.transport
        hold_little(self._transport)

    def write(self, data: bytes, /) -> int:
        if not self._transport.is_closing():
            self._transport.write(data)
        return len(data)

    def seekable(self) -> bool:
        return False

    def seek(self, offset: int, whence: int = 0, /) -> int:
        raise OSError("a connection can't be sought in")

    def tell(self) -> int:
        raise OSError("a connection has no place")

    def waiting(self) -> int:
        """Bytes that are still to be written."""
        return self._transport.get_write_buffer_size()


class _Hearer:
    """One who takes sound; `talks` is where states go."""

    def __init__(self, listener: Listener, talks: _Pipe | None = None) -> None:
        self._talks = talks
        self.tally = listener
        self.offer = listener.offer

    def tell(self, status: Status, /) -> None:
        if self._talks is not None:
            self._talks.write(text_message(json.dumps(status.as_data(time.time()))))


async def sound(request: web.Request, camera: GatewayCamera) -> web.StreamResponse:
    """Samples as WebSocket messages; the first message says what they are."""
    ws = await opened(request)
    pipe = _Pipe(request)
    pipe.write(text_message(json.dumps(FORMAT)))
    listener = Listener(Piece.message, pipe.write, pipe.waiting)
    with camera.heard(_Hearer(listener, pipe)):
        async for message in ws:
            if message.type is not WSMsgType.TEXT:
                break
    return ws


async def wav(request: web.Request, camera: GatewayCamera) -> web.StreamResponse:
    """Samples as a WAV that says of its length that it is not known."""
    response = Endless("audio/wav")
    if request.method == "HEAD":
        await response.prepare(request)
        return response
    await camera.sound()
    await response.prepare(request)
    pipe = _Pipe(request)
    listener = Listener(Piece.plain, WavWriter(pipe).write, pipe.waiting)
    with camera.heard(_Hearer(listener)):
        await until_silent(camera.sounds)
    return response


async def matroska(request: web.Request, camera: GatewayCamera) -> web.StreamResponse:
    """Picture and sound together; only pictures if the camera has no sound."""
    try:
        from hamaproto.io.gateway_matroska import LiveMatroska
    except ModuleNotFoundError as error:
        raise WrongError(
            501, f"live.mkv needs {error.name}: pip install 'hamaproto[cli]'"
        ) from None
    response = Endless("video/x-matroska")
    if request.method == "HEAD":
        await response.prepare(request)
        return response
    await camera.picture()
    hears = (await camera.controls.abilities()).hears is not False
    if hears:
        try:
            await camera.sound()
        except UnavailableError:
            hears = False
    size = camera.pictures.size
    if size is None:
        raise WrongError(503, "no picture says how large it is")
    await response.prepare(request)
    both = LiveMatroska(_Pipe(request), size, hears=hears, most=_MOST_WAITING)
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(camera.watched(both))
            if hears:
                stack.enter_context(camera.heard(both.sounds))
            await until_silent(camera.pictures)
    finally:
        both.close()
    return response
