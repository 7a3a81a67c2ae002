"""What the table of faults says that a client makes of them, each driver makes of them.

The rows were written from the rules of heads and of streams; this holds the drivers to them.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from camera_client import DRAWN
from driving import AUTH, DRIVERS, Driver, collect

from hamaproto import commands, errors
from hamaproto.camera import FAULTS, Pictures, read_stamp
from hamaproto.camera.clock import RushingClock
from hamaproto.camera.faults import Reaction
from hamaproto.camera.sound import chime
from hamaproto.client import ClientConnection
from hamaproto.events import Anomaly, AudioFrame, EndOfStream, Frame
from hamaproto.io import Backoff, Disconnected, Reconnected, Timeouts
from hamaproto.pytest_plugin import HamaCamera

#: One of each kind; the others differ in their loops only, which other tests look at.
everywhere = pytest.mark.parametrize(
    "driver",
    [DRIVERS[name] for name in ("blocking", "asyncio", "anyio-trio")],
    ids=lambda d: d.name,
)
#: Numbers with which a fault shows in six frames.
SPECS = {
    "drop": "drop:percent=50",
    "duplicate": "duplicate:percent=50",
    "reorder": "reorder:percent=100",
    "corrupt": "corrupt:million=3000",
    "busy": "busy:times=1000:seconds=0",
    "login-refused": "login-refused:times=1000",
}
FRAMES = {"video": 6, "audio": 60, "image": 1, "list": 0}
ON: dict[str, list[str]] = {
    kind: [name for name, row in FAULTS.items() if row.reaction.on == kind] for kind in FRAMES
}
FAILING = [name for name in ON["video"] if FAULTS[name].reaction.error]
FAILING = [name for name in FAILING if FAULTS[name].reaction.recovers]


def spec(name: str) -> str:
    """The fault, and an end that it does not bring itself."""
    row = FAULTS[name]
    frames = FRAMES[row.reaction.on]
    if row.ending is not None:
        return f"{name}@3"
    return f"{SPECS.get(name, name)}, close@{frames}"


@pytest.fixture(scope="module")
def camera() -> Iterator[HamaCamera]:
    pictures = Pictures(DRAWN)
    with HamaCamera(clock=RushingClock(), users=dict([AUTH]), pictures=pictures) as running:
        running.set("Image.I0.Appearance.Resolution", "320x240")
        yield running


def made_bad(camera: HamaCamera, name: str) -> None:
    """The fault, and no login where that is not what it is about."""
    locked = {"digest", "refusing"} & FAULTS[name].switches
    camera.call(lambda state: setattr(state, "users", dict([AUTH]) if locked else {}))
    camera.faults = spec(name)


def timeouts(reaction: Reaction) -> Timeouts:
    return Timeouts(idle=0.15 if reaction.error == "IdleTimeoutError" else 10.0)


def numbers(frames: list[Frame]) -> list[int]:
    stamps = [read_stamp(frame.data) for frame in frames]
    return [stamp.number for stamp in stamps if stamp is not None]


@everywhere
@pytest.mark.parametrize("name", ON["video"])
def test_pictures(driver: Driver, camera: HamaCamera, name: str) -> None:
    reaction = FAULTS[name].reaction
    made_bad(camera, name)

    async def scenario() -> tuple[list[Any], Exception | None]:
        async with driver.Camera(camera.url, auth=AUTH, timeout=timeouts(reaction)) as client:
            return await collect(client.stream(commands.video_stream()))  # type: ignore[no-any-return]

    events, error = driver.run(scenario)
    said = "" if error is None else type(error).__name__
    assert said == reaction.error, repr(error)
    told = {event.code for event in events if isinstance(event, Anomaly)}
    if reaction.frames == "some":
        assert told >= reaction.tells
    else:
        assert told == reaction.tells
    frames = [event for event in events if isinstance(event, Frame)]
    sent = camera.requests[-1].frames
    whole = numbers([frame for frame in frames if frame.complete])
    if reaction.frames == "all":
        assert all(frame.complete for frame in frames)
        assert whole == list(range(whole[0], whole[0] + sent))
    elif reaction.frames == "whole":
        assert whole
        assert numbers(frames) == list(range(whole[0], whole[0] + len(numbers(frames))))
    elif reaction.frames == "some":
        assert whole
    else:
        assert not frames
    if not reaction.error:
        assert isinstance(events[-1], EndOfStream)


@everywhere
@pytest.mark.parametrize("name", ON["audio"])
def test_sound(driver: Driver, camera: HamaCamera, name: str) -> None:
    reaction = FAULTS[name].reaction
    made_bad(camera, name)

    async def scenario() -> tuple[list[Any], Exception | None]:
        async with driver.Camera(camera.url, auth=AUTH) as client:
            return await collect(client.stream(commands.audio_stream()))  # type: ignore[no-any-return]

    events, error = driver.run(scenario)
    assert error is None
    assert {event.code for event in events if isinstance(event, Anomaly)} == reaction.tells
    heard = [event.data for event in events if isinstance(event, AudioFrame)]
    sent = [chime(number) for number in range(FRAMES["audio"])]
    if reaction.frames == "all":
        assert heard == sent
    else:
        # At most the frame that was damaged and the one behind it, for each of three.
        assert 54 <= len(heard) < 60
        assert len(set(heard) & set(sent)) >= len(set(sent)) - 6


@everywhere
@pytest.mark.parametrize("name", ON["image"] + ON["list"])
def test_answers_that_end(driver: Driver, camera: HamaCamera, name: str) -> None:
    reaction = FAULTS[name].reaction
    failing = bool(reaction.error)
    made_bad(camera, name)

    async def scenario() -> Any:
        async with driver.Camera(camera.url, auth=AUTH) as client:
            if reaction.on == "list":
                await client.execute(commands.move("left"))
                return await client.execute(commands.list_params("Nothing" if failing else "Brand"))
            return await client.execute(commands.image())

    if failing:
        with pytest.raises(getattr(errors, reaction.error)):
            driver.run(scenario)
    elif reaction.on == "list":
        assert driver.run(scenario)["Brand.ProdNbr"] == "00053104"
    else:
        frame = driver.run(scenario)
        assert frame.complete == (reaction.frames == "all")


@pytest.mark.parametrize("name", ON["image"])
def test_what_is_told_of_a_picture(camera: HamaCamera, name: str) -> None:
    reaction = FAULTS[name].reaction
    made_bad(camera, name)
    client = ClientConnection(camera.host, auth=AUTH)
    target = commands.raw("/loginfree.jpg", reply=commands.Reply.IMAGE)
    told = set()
    with socket.create_connection((camera.host, camera.port), timeout=10) as sock:
        sock.sendall(client.send(target))
        try:
            while data := sock.recv(65536):
                client.receive_data(data)
                told |= {one.code for one in client.events() if isinstance(one, Anomaly)}
            client.receive_eof()
            told |= {one.code for one in client.events() if isinstance(one, Anomaly)}
        except Exception as error:
            assert type(error).__name__ == reaction.error
    assert told == reaction.tells


@everywhere
@pytest.mark.parametrize("name", FAILING)
def test_it_goes_on_once_the_camera_is_well(driver: Driver, camera: HamaCamera, name: str) -> None:
    reaction = FAULTS[name].reaction
    made_bad(camera, name)

    async def scenario() -> None:
        backoff = Backoff(initial=0.001, cap=0.001)
        async with driver.Camera(camera.url, auth=AUTH, timeout=timeouts(reaction)) as client:
            healed = came_back = False
            async with client.stream(commands.video_stream(), reconnect=backoff) as stream:
                async for event in stream:
                    if isinstance(event, Disconnected) and not healed:
                        camera.faults = None
                        healed = True
                    came_back = came_back or (healed and isinstance(event, Reconnected))
                    if came_back and isinstance(event, Frame):
                        assert event.complete
                        return
            raise AssertionError("it did not come back")

    driver.run(scenario)


def test_the_table_says_it_in_words() -> None:
    assert str(FAULTS["die"].reaction) == (
        "gives those that came whole, and the others as cut off, reports length-mismatch, "
        "truncated-image, raises ConnectionLostError and goes on with reconnect"
    )
    assert str(FAULTS["gzip"].reaction) == "gives every frame"
    assert str(FAULTS["login-refused"].reaction) == "gives none, raises AuthenticationError"
