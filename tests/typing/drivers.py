"""Read by mypy, never run: what the drivers are typed as, through the request alone."""

from typing import assert_type

from hamaproto import Camera, commands, models
from hamaproto.client import Confirmed
from hamaproto.commands import AudioEvent, VideoEvent
from hamaproto.events import Frame
from hamaproto.io import Backoff, Disconnected, Reconnected, anyio, asyncio
from hamaproto.io.adapters import adecode, decode
from hamaproto.wire.mjpeg.parser import MjpegEvent, MjpegParser


def with_sockets(camera: Camera) -> None:
    assert_type(camera.execute(commands.brand()), models.Brand)
    assert_type(camera.execute(commands.image()), Frame)
    assert_type(camera.update(commands.set_mjpeg_fps(15)), Confirmed)
    for event in camera.stream(commands.video_stream()):
        assert_type(event, VideoEvent)
    with camera.stream(commands.audio_stream(), policy="latest") as events:
        assert_type(next(events), AudioEvent)
    for told in camera.stream(commands.video_stream(), reconnect=Backoff()):
        assert_type(told, VideoEvent | Disconnected | Reconnected)
    assert_type(camera.talk([bytes(33)]), int)
    assert_type(camera.snapshot(), Frame)
    for frame in camera.frames(reconnect=Backoff()):
        assert_type(frame, Frame)
    # A stream is not executed, what ends is not streamed, and what asks is not updated.
    camera.execute(commands.video_stream())  # type: ignore[arg-type]
    camera.stream(commands.image())  # type: ignore[call-overload]
    camera.update(commands.brand())  # type: ignore[arg-type]
    camera.stream(commands.video_stream(), policy="newest")  # type: ignore[call-overload]


async def with_asyncio(camera: asyncio.Camera) -> None:
    assert_type(await camera.execute(commands.brand()), models.Brand)
    assert_type(await camera.update(commands.set_mjpeg_fps(15)), Confirmed)
    async for event in camera.stream(commands.video_stream()):
        assert_type(event, VideoEvent)
    async with camera.stream(commands.audio_stream(), reconnect=Backoff()) as events:
        assert_type(await anext(events), AudioEvent | Disconnected | Reconnected)
    assert_type(await camera.talk(bytes(33)), int)
    assert_type(await camera.snapshot(), Frame)
    async with camera.frames(policy="latest") as frames:
        assert_type(await anext(frames), Frame)
    await camera.close()


async def with_anyio(camera: anyio.Camera) -> None:
    assert_type(await camera.execute(commands.brand()), models.Brand)
    assert_type(await camera.update(commands.set_mjpeg_fps(15)), Confirmed)
    async for event in camera.stream(commands.video_stream()):
        assert_type(event, VideoEvent)
    async with camera.stream(commands.audio_stream(), reconnect=Backoff()) as events:
        assert_type(await anext(events), AudioEvent | Disconnected | Reconnected)
    assert_type(await camera.talk(bytes(33)), int)
    assert_type(await camera.snapshot(), Frame)
    async with camera.frames(policy="latest") as frames:
        assert_type(await anext(frames), Frame)
    await camera.close()


async def with_adapters() -> None:
    for event in decode([b""], MjpegParser()):
        assert_type(event, MjpegEvent)

    async def body() -> None: ...

    async for event in adecode(NotImplemented, MjpegParser()):
        assert_type(event, MjpegEvent)
