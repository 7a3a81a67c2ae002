"""What is done to a camera from outside, and how it ends."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from hamaproto.camera import CameraState, Pictures
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.camera.schedule import Deed, Step
from hamaproto.errors import LocalProtocolError
from hamaproto.io.control import Control
from hamaproto.io.serve import SimulatedCamera, serve

PATIENCE = 20.0
Scenario = Callable[[Control, SimulatedCamera], Awaitable[None]]


def played(scenario: Scenario) -> CameraState:
    """Run a scenario over a camera; nothing of it may be left."""
    state = CameraState(pictures=Pictures(draw_mosaic))

    async def main() -> None:
        async with serve(state) as camera, Control(camera) as control:
            await asyncio.wait_for(scenario(control, camera), PATIENCE)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    return state


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


def is_refused(camera: SimulatedCamera) -> bool:
    try:
        socket.create_connection((camera.host, camera.port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


def test_what_lasts_ends_by_itself() -> None:
    async def scenario(control: Control, camera: SimulatedCamera) -> None:
        state = camera.state
        await control.do(Deed("stall", "", 0.02))
        await control.do(Deed("motion", "", 0.02))
        await control.do(Deed("fault", "drop:percent=30", 0.02))
        await control.do(Deed("refuse", "", 0.02))
        assert camera.stalled
        assert state.motion
        assert state.faults.names == ("drop:percent=30",)
        assert is_refused(camera)
        assert "4 to be ended" in repr(control)
        await until(lambda: not control._ends)
        await until(lambda: not is_refused(camera))
        assert not camera.stalled
        assert not state.motion
        assert not state.faults.names

    played(scenario)


def test_the_same_again_lasts_from_then_on() -> None:
    async def scenario(control: Control, camera: SimulatedCamera) -> None:
        await control.do(Deed("fault", "drop:percent=30", 0.01))
        await control.do(Deed("fault", "drop:percent=40"))
        await control.do(Deed("stall", "", 0.01))
        await control.do(Deed("stall"))
        await control.do(Deed("refuse", "", 0.01))
        await control.do(Deed("refuse"))
        await asyncio.sleep(0.03)
        assert camera.stalled
        assert is_refused(camera)
        assert camera.state.faults.names == ("drop:percent=40",)
        await control.do(Deed("resume"))
        await control.do(Deed("accept"))
        await control.do(Deed("heal"))
        assert not camera.stalled
        assert not is_refused(camera)
        assert not camera.state.faults.names

    played(scenario)


def test_what_is_done_at_once() -> None:
    async def scenario(control: Control, camera: SimulatedCamera) -> None:
        for deed in (Deed("kill"), Deed("reset"), Deed("reboot")):
            await until(lambda: not is_refused(camera))
            reader, writer = await asyncio.open_connection(camera.host, camera.port)
            await until(lambda: bool(camera.clients))
            await control.do(deed)
            if deed.action == "reset":
                with pytest.raises(ConnectionResetError):
                    await reader.read()
            else:
                assert await reader.read() == b""
            writer.close()
        await control.do(Deed("set", "Image.I0.Stream.FPS=7"))
        assert camera.state.fps == 10
        await control.do(Deed("motion", "on", 100))
        await control.do(Deed("motion", "off"))
        assert not camera.state.motion

    played(scenario)


def test_a_schedule_is_played() -> None:
    steps = [
        Step(0.02, Deed("set", "Image.I0.Stream.FPS=3")),
        Step(0.0, Deed("fault", "lf")),
        Step(0.03, Deed("fault", "lf", 0.01)),
    ]

    async def scenario(control: Control, camera: SimulatedCamera) -> None:
        await control.play(steps)
        assert camera.state.fps == 3
        await until(lambda: not camera.state.faults.names)
        playing = asyncio.create_task(control.play([Step(0.001, Deed("kill"), every=True)]))
        await asyncio.sleep(0.01)
        assert not playing.done()
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)

    played(scenario)


def test_what_is_left_when_the_hands_go() -> None:
    async def scenario(control: Control, camera: SimulatedCamera) -> None:
        await control.do(Deed("motion", "", 100))
        await control.close()

    assert played(scenario).motion


def test_what_nobody_knows() -> None:
    async def scenario(control: Control, camera: SimulatedCamera) -> None:
        with pytest.raises(LocalProtocolError, match="no deed is named 'dance'; there are stall"):
            await control.do(Deed("dance"))
        with pytest.raises(LocalProtocolError, match="no parameter 'x'"):
            await control.do(Deed("set", "x=1"))
        with pytest.raises(LocalProtocolError, match="no fault is named 'x'"):
            await control.do(Deed("fault", "x"))

    played(scenario)
