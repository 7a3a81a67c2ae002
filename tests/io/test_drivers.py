"""The three drivers, held to the same scenarios: what they give, what they raise, what they leave.

How they are driven, and what is asked after each scenario, is in `driving.py`.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest
from answering import scripted
from conversations import PICTURE
from driving import (
    AUTH,
    DRIVERS,
    LATE,
    SOON,
    Driver,
    asynchronous,
    collect,
    everywhere,
    frames_of,
    simulated,
)
from driving import nothing_left as nothing_left
from driving import quick_collections as quick_collections

from hamaproto import commands
from hamaproto.camera import read_stamp
from hamaproto.errors import (
    ArgumentTypeError,
    AuthenticationError,
    CameraTimeoutError,
    ConnectError,
    ConnectionLostError,
    ConnectTimeoutError,
    IdleTimeoutError,
    LocalProtocolError,
)
from hamaproto.events import AudioFrame, EndOfStream, Frame
from hamaproto.io import Backoff, Disconnected, Reconnected, Timeouts
from hamaproto.io import anyio as io_anyio
from hamaproto.io import asyncio as io_asyncio
from hamaproto.io import blocking as io_blocking
from hamaproto.io.serve import CameraThread

# -- answers that end ------------------------------------------------------------------


@everywhere
@pytest.mark.parametrize("fault", ["bare-ok", "digest"])
def test_every_command_is_answered_by_the_type_that_it_promises(driver: Driver, fault: str) -> None:
    async def scenario(url: str) -> None:
        async with driver.Camera(url, auth=AUTH, timeout=LATE) as camera:
            for row in commands.CATALOGUE:
                if isinstance(row.example, commands.Request):
                    answer = await camera.execute(row.example)
                    assert answer is not None
                    if isinstance(answer, Frame):
                        assert answer.complete

    with simulated(fault, users=dict([AUTH])) as camera:
        driver.run(scenario, camera.url)


@everywhere
def test_an_update_is_confirmed_by_what_was_stored(driver: Driver) -> None:
    async def scenario(url: str) -> None:
        async with driver.Camera(url, timeout=LATE) as camera:
            assert (await camera.update(commands.set_mjpeg_fps(15))).ok
            told = await camera.update(commands.set_mjpeg_fps(7, unchecked=True))
            assert told.differences == {"Image.I0.Stream.FPS": ("7", "10")}

    with simulated() as camera:
        driver.run(scenario, camera.url)


@everywhere
@pytest.mark.parametrize(("fault", "auth"), [("bare-ok", None), ("digest", ("admin", "wrong"))])
def test_a_wrong_password_is_refused_everywhere(driver: Driver, fault: str, auth: Any) -> None:
    async def scenario(url: str) -> None:
        async with driver.Camera(url, auth=auth, timeout=LATE) as camera:
            with pytest.raises(AuthenticationError):
                await camera.execute(commands.brand())
            _, error = await collect(camera.stream(commands.video_stream()))
            assert isinstance(error, AuthenticationError)
            _, error = await collect(camera.stream(commands.video_stream(), reconnect=Backoff(0)))
            assert isinstance(error, AuthenticationError)
            with pytest.raises(AuthenticationError):
                await camera.talk(SOUND[:2])

    with simulated(fault, users=dict([AUTH])) as camera:
        driver.run(scenario, camera.url)
        assert camera.state.talk_frames == 0


@everywhere
def test_a_camera_that_does_not_answer(driver: Driver) -> None:
    async def scenario(url: str) -> None:
        silent = Timeouts(connect=LATE, idle=SOON, total=LATE)
        async with driver.Camera(url, timeout=silent) as camera:
            with pytest.raises(IdleTimeoutError, match=r"silent for 0\.2 s"):
                await camera.execute(commands.brand())
        slow = Timeouts(connect=None, idle=None, total=SOON)
        async with driver.Camera(url, timeout=slow) as camera:
            _, error = await collect(camera.stream(commands.video_stream()))
            assert type(error) is CameraTimeoutError

    with simulated("mute") as camera:
        driver.run(scenario, camera.url)


@everywhere
def test_nobody_listens(driver: Driver) -> None:
    async def scenario(url: str) -> None:
        async with driver.Camera(url, timeout=LATE) as camera:
            with pytest.raises(ConnectError, match="Connection refused"):
                await camera.execute(commands.brand())
            _, error = await collect(camera.stream(commands.video_stream()))
            assert isinstance(error, ConnectError)
            with pytest.raises(ConnectError):
                await camera.talk(SOUND[:2])

    with simulated() as camera:
        pass
    driver.run(scenario, camera.url)


@everywhere
@pytest.mark.skipif(sys.platform != "linux", reason="how a full backlog is met differs")
def test_nobody_accepts(driver: Driver) -> None:
    async def scenario(url: str) -> None:
        limits = Timeouts(connect=SOON, idle=LATE, total=LATE)
        async with driver.Camera(url, timeout=limits) as camera:
            with pytest.raises(ConnectTimeoutError, match=r"can't connect within 0\.2 s"):
                await camera.execute(commands.brand())

    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(3):  # the kernel takes one more than it is told
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        driver.run(scenario, f"http://127.0.0.1:{server.getsockname()[1]}")


@everywhere
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Ty",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nBrand=",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n",
    ],
)
def test_an_answer_that_breaks_off(driver: Driver, answer: bytes) -> None:
    async def scenario(url: str) -> None:
        async with driver.Camera(url, timeout=LATE) as camera:
            with pytest.raises(ConnectionLostError):
                await camera.execute(commands.brand())

    with scripted(answer) as url:
        driver.run(scenario, url)


# -- streams ---------------------------------------------------------------------------


@everywhere
@pytest.mark.parametrize("fault", ["bare-ok", "chunked", "no-head"])
def test_pictures_come_whatever_the_camera_is_like(driver: Driver, fault: str) -> None:
    async def scenario(url: str) -> None:
        async with driver.Camera(url, timeout=LATE) as camera:
            stream = camera.stream(commands.video_stream())
            events, error = await collect(stream, at_most=7)
            assert error is None
            assert stream.received >= sum(len(frame.data) for frame in frames_of(events))
            assert stream.response.status == (None if fault == "no-head" else 200)
            numbers = [read_stamp(frame.data).number for frame in frames_of(events)]
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            assert len(numbers) >= 3

    with simulated(fault) as camera:
        driver.run(scenario, camera.url)


@everywhere
def test_a_snapshot_is_a_whole_picture(driver: Driver) -> None:
    async def scenario(url: str) -> Frame:
        async with driver.Camera(url, auth=AUTH, timeout=LATE) as camera:
            frame = await camera.snapshot()
            assert isinstance(frame, Frame)
            return frame

    with simulated("digest", users=dict([AUTH])) as camera:
        frame = driver.run(scenario, camera.url)
    assert frame.complete
    assert read_stamp(frame.data).number >= 0
    assert (frame.data[:2], frame.data[-2:]) == (b"\xff\xd8", b"\xff\xd9")


def part(body: bytes, kind: bytes = b"image/jpeg") -> bytes:
    return b"--b\r\nContent-Type: %s\r\n\r\n%s\r\n" % (kind, body)


@everywhere
@pytest.mark.parametrize("policy", ["wait", "latest"])
def test_frames_are_the_whole_pictures_of_a_stream(driver: Driver, policy: str) -> None:
    async def scenario(url: str) -> None:
        async with driver.Camera(url, timeout=LATE) as camera:
            frames, error = await collect(camera.frames(policy=policy))
            assert error is None
            assert [frame.data for frame in frames][-1:] == [PICTURE]
            assert all(frame.complete for frame in frames)
            if policy == "wait":
                assert len(frames) == 2
            # Losses pass unseen, if they are to pass.
            again = camera.frames(
                commands.video_stream(), reconnect=Backoff(0.001), policy=policy, queue=2
            )
            frames, error = await collect(again, at_most=5)
            assert error is None
            assert [frame.data for frame in frames] == [PICTURE] * 5
            with pytest.raises(LocalProtocolError, match=r"frames\(request=.*a stream of pictures"):
                camera.frames(commands.audio_stream())
            with pytest.raises(ArgumentTypeError, match=r"frames\(request='/x'\)"):
                camera.frames("/x")

    stream = part(PICTURE) + part(b"ping", b"text/plain") + part(PICTURE[:-60]) + part(PICTURE)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"
    with scripted(head + stream + b"--b--\r\n") as url:
        driver.run(scenario, url)


@everywhere
def test_frames_of_a_stream_that_is_lost_end_with_the_error(driver: Driver) -> None:
    async def scenario(url: str) -> None:
        async with driver.Camera(url, timeout=LATE) as camera:
            frames, error = await collect(camera.frames())
            assert len(frames) == 3
            assert isinstance(error, ConnectionLostError)

    with simulated("die") as camera:
        driver.run(scenario, camera.url)


@everywhere
def test_sound_comes(driver: Driver) -> None:
    async def scenario(url: str) -> list[Any]:
        async with driver.Camera(url, timeout=LATE) as camera:
            events, error = await collect(camera.stream(commands.audio_stream()), at_most=5)
            assert error is None
            return events

    with simulated() as camera:
        events = driver.run(scenario, camera.url)
        assert all(isinstance(event, AudioFrame) and len(event.data) == 33 for event in events)


@everywhere
@pytest.mark.parametrize("request_", [commands.video_stream(), commands.audio_stream()])
def test_frames_tell_when_they_came(driver: Driver, request_: Any) -> None:
    async def scenario(url: str) -> None:
        before = time.monotonic(), time.time()
        async with driver.Camera(url, timeout=LATE) as camera:
            events, error = await collect(camera.stream(request_), at_most=6)
        after = time.monotonic(), time.time()
        assert error is None
        came = [e.received for e in events if isinstance(e, Frame | AudioFrame)]
        assert len(came) >= 3
        # By this machine's clocks, whatever the event loop counts in.
        assert before[0] <= came[0].monotonic <= came[-1].monotonic <= after[0]
        assert all(before[1] - 1 <= one.wall <= after[1] + 1 for one in came)

    with simulated() as camera:
        driver.run(scenario, camera.url)


#: A fault, and how the stream ends then: the error, whether the last frame is cut off.
ENDS = {
    "die": (ConnectionLostError, True),
    "reset": (ConnectionLostError, False),
    "stall": (IdleTimeoutError, False),
    "stall-inside": (IdleTimeoutError, True),
    "close": (None, False),
}


@everywhere
@pytest.mark.parametrize(
    ("fault", "policy"),
    [*((fault, "wait") for fault in ENDS), ("die", "latest"), ("close", "latest")],
)
def test_how_streams_end(driver: Driver, fault: str, policy: str) -> None:
    error_type, cut_off = ENDS[fault]

    async def scenario(url: str) -> None:
        async with driver.Camera(url, timeout=Timeouts(LATE, SOON, LATE)) as camera:
            stream = camera.stream(commands.video_stream(), policy=policy)
            events, error = await collect(stream)
            assert type(error) is (error_type or type(None))
            frames = frames_of(events)
            if policy == "wait":
                assert len(frames) == 3 + cut_off
            assert frames[-1].complete is not cut_off
            assert isinstance(events[-1], EndOfStream)
            assert events[-1].complete is (error_type is None)

    with simulated(fault) as camera:
        driver.run(scenario, camera.url)


@everywhere
def test_a_camera_that_restarts_is_found_again(driver: Driver) -> None:
    async def scenario(sim: CameraThread) -> None:
        backoff = Backoff(initial=0.05, factor=2, cap=0.2, jitter=0)
        async with (
            driver.Camera(sim.url, timeout=LATE) as camera,
            camera.stream(commands.video_stream(), reconnect=backoff) as events,
        ):
            seen: list[Any] = []
            down = False
            async for event in events:
                seen.append(event)
                if isinstance(event, Frame) and event.complete and not down:
                    down = True
                    sim.stop()
                elif isinstance(event, Disconnected) and event.attempt == 3:
                    sim.restart()
                elif isinstance(event, Frame) and isinstance(seen[-2], Reconnected):
                    break
            lost = [event for event in seen if isinstance(event, Disconnected)]
            assert [event.attempt for event in lost] == list(range(1, len(lost) + 1))
            assert [event.delay for event in lost][:4] == [0.05, 0.1, 0.2, 0.2][: len(lost)]
            assert isinstance(lost[1].error, ConnectError)
            assert "Connection refused" in lost[1].reason
            assert seen[-2] == Reconnected(len(lost))
            assert len(lost) >= 3
            # The good frame makes the next loss the first one again.
            sim.kill()
            async for event in events:
                if isinstance(event, Disconnected):
                    assert event.attempt == 1
                    break

    with simulated() as camera:
        driver.run(scenario, camera)


@everywhere
def test_latest_gives_what_is_live(driver: Driver) -> None:
    async def scenario(url: str, now: Callable[[], float]) -> None:
        async with (
            driver.Camera(url, timeout=LATE) as camera,
            camera.stream(commands.video_stream(), policy="latest") as events,
        ):
            number = 0
            async for event in events:
                if isinstance(event, Frame):
                    stamp = read_stamp(event.data)
                    # Five frames come in the time between: one after another they would
                    # be more than half a second old by now.
                    assert time.time() - stamp.time < 0.4
                    number += 1
                    if number == 5:
                        break
                await driver.sleep(0.17)
            assert events.dropped >= 5

    with simulated() as camera:
        driver.run(scenario, camera.url, camera.camera.now)


@everywhere
def test_a_slow_consumer_loses_nothing_and_is_no_idle_camera(driver: Driver) -> None:
    async def scenario(url: str) -> None:
        async with (
            driver.Camera(url, timeout=Timeouts(LATE, SOON, LATE)) as camera,
            camera.stream(commands.video_stream(), queue=2) as events,
        ):
            numbers = []
            async for event in events:
                if isinstance(event, Frame):
                    numbers.append(read_stamp(event.data).number)
                    if len(numbers) == 2:
                        await driver.sleep(1.5 * SOON)
                if len(numbers) == 12:
                    break
            assert numbers == list(range(numbers[0], numbers[0] + 12))

    with simulated() as camera:
        driver.run(scenario, camera.url)


@everywhere
def test_what_nobody_closed_is_closed(driver: Driver) -> None:
    """With a warning, unless a `with` statement holds the camera and closes its streams."""

    async def scenario(sim: CameraThread) -> None:
        async def nobody_sees() -> None:
            deadline = time.monotonic() + LATE
            while sim.state.streams:
                assert time.monotonic() < deadline
                await driver.sleep(0.01)

        camera = driver.Camera(sim.url, timeout=LATE)
        stream = camera.stream(commands.video_stream())
        await stream.__anext__()
        with pytest.warns(ResourceWarning, match=r"unclosed <Stream .* 1\.3"):
            del stream
        await nobody_sees()
        async with camera:
            stream = camera.stream(commands.video_stream())
            await stream.__anext__()
            del stream
            await nobody_sees()

    with simulated() as camera:
        driver.run(scenario, camera)


@everywhere
@pytest.mark.parametrize("policy", ["wait", "latest"])
@pytest.mark.parametrize("how", ["stream", "camera"])
def test_closing_ends_whoever_waits(driver: Driver, policy: str, how: str) -> None:
    """From another thread for the blocking driver, from another task for the others."""

    async def scenario(url: str) -> None:
        async with driver.Camera(url, timeout=LATE) as camera:
            stream = camera.stream(commands.video_stream(), policy=policy)
            close = stream.close if how == "stream" else camera.close
            async with stream as events, contextlib.AsyncExitStack() as stack:
                if driver.name == "blocking":
                    timer = threading.Timer(0.2, close)
                    timer.start()
                    stack.callback(timer.join)
                else:
                    group = await stack.enter_async_context(anyio.create_task_group())

                    async def later() -> None:
                        await anyio.sleep(0.2)
                        await close()

                    group.start_soon(later)
                start = time.monotonic()
                given = [event async for event in events]
                assert time.monotonic() - start < LATE / 2
                assert all(isinstance(event, Frame) for event in given)
            # Twice does no harm.
            stream.close()

    with simulated("stall") as camera:
        driver.run(scenario, camera.url)


@asynchronous
def test_cancelling_loses_nothing(driver: Driver) -> None:
    async def scenario(url: str) -> None:
        async with (
            driver.Camera(url, timeout=LATE) as camera,
            camera.stream(commands.video_stream()) as events,
        ):
            numbers = []
            while len(numbers) < 6:
                with anyio.move_on_after(0.01):
                    event = await anext(events)
                    numbers.append(read_stamp(event.data).number)
            assert numbers == list(range(numbers[0], numbers[0] + 6))

    with simulated() as camera:
        driver.run(scenario, camera.url)


@asynchronous
@pytest.mark.parametrize("what", ["execute", "stream", "latest", "talk", "connect"])
def test_cancelling_leaves_nothing(driver: Driver, what: str) -> None:
    async def scenario(url: str) -> None:
        async with driver.Camera(url, timeout=LATE) as camera:
            with anyio.move_on_after(0.1) as scope:
                if what == "talk":
                    await camera.talk(SOUND)
                elif what == "stream":
                    await collect(camera.stream(commands.video_stream()))
                elif what == "latest":
                    await collect(camera.stream(commands.video_stream(), policy="latest"))
                else:
                    await camera.execute(commands.brand())
            assert scope.cancelled_caught

    if what == "connect":
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(socket.socket())
            server.bind(("127.0.0.1", 0))
            server.listen(0)
            for _ in range(3):
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(server.getsockname())
            driver.run(scenario, f"http://127.0.0.1:{server.getsockname()[1]}")
        return
    with simulated("mute" if what != "talk" else "lf") as camera:
        driver.run(scenario, camera.url)


@everywhere
def test_many_streams_at_once(driver: Driver) -> None:
    """One camera object, picture and sound and questions at the same time."""

    async def scenario(url: str) -> None:
        async with driver.Camera(url, timeout=LATE) as camera:
            picture = camera.stream(commands.video_stream())
            sound = camera.stream(commands.audio_stream())
            async with picture as pictures, sound as sounds:
                for _ in range(3):
                    assert isinstance(await anext(pictures), Frame)
                    assert isinstance(await anext(sounds), AudioFrame)
                    assert (await camera.execute(commands.users())).current_users == 2

    async def anext(stream: Any) -> Any:
        return await stream.__anext__()

    with simulated() as camera:
        driver.run(scenario, camera.url)


# -- talk-back -------------------------------------------------------------------------

SOUND = [bytes([0xD0 | index % 16, index]) + bytes(31) for index in range(30)]


@everywhere
@pytest.mark.parametrize(
    ("fault", "shape"), [("lf", "frames"), ("lf", "one piece"), ("digest", "generator")]
)
def test_talking_back(driver: Driver, fault: str, shape: str) -> None:
    frames: Any = {
        "frames": SOUND,
        "one piece": b"".join(SOUND),
        "generator": (frame for frame in SOUND),
    }[shape]

    async def scenario(url: str) -> None:
        async with driver.Camera(url, auth=AUTH, timeout=LATE) as camera:
            start = time.monotonic()
            assert await camera.talk(frames) == 30
            # 0.6 s of sound, of which a fifth of a second may go ahead.
            assert time.monotonic() - start >= 0.25

    with simulated(fault, users=dict([AUTH])) as camera:
        driver.run(scenario, camera.url)
        deadline = time.monotonic() + LATE
        while camera.state.talk_frames < 30 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert list(camera.state.talk) == SOUND


@asynchronous
def test_talking_from_an_async_source(driver: Driver) -> None:
    async def microphone() -> Any:
        for frame in SOUND[:5]:
            await anyio.sleep(0.02)
            yield frame

    async def scenario(url: str) -> None:
        async with driver.Camera(url, timeout=LATE) as camera:
            assert await camera.talk(microphone()) == 5

    with simulated() as camera:
        driver.run(scenario, camera.url)


@everywhere
def test_talking_to_a_camera_that_hangs_up(driver: Driver) -> None:
    async def scenario(sim: CameraThread) -> None:
        def frames() -> Iterator[bytes]:
            yield from SOUND
            sim.kill()
            yield from SOUND

        async with driver.Camera(sim.url, timeout=LATE) as camera:
            with pytest.raises(ConnectionLostError):
                await camera.talk(frames())
            with pytest.raises(LocalProtocolError, match="nibble"):
                await camera.talk(bytes(33))

    with simulated() as camera:
        driver.run(scenario, camera)


# -- where the camera is ---------------------------------------------------------------


@everywhere
def test_ipv6(driver: Driver) -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")

    async def scenario(url: str) -> None:
        assert url.startswith("http://[::1]:")
        async with driver.Camera(url, timeout=LATE) as camera:
            # The redirect says which host was asked for.
            told = await camera.execute(commands.set_flip_mode(0))
            assert told.location.startswith(f"{url}/")

    try:
        with simulated(host="::1") as camera:
            driver.run(scenario, camera.url)
    except OSError:
        pytest.skip("no IPv6 here")


@everywhere
def test_a_name_is_looked_up(driver: Driver) -> None:
    async def scenario(url: str) -> None:
        async with driver.Camera(url, timeout=LATE) as camera:
            assert (await camera.execute(commands.brand())).product_number == "00053104"
        nowhere = driver.Camera("http://nowhere.invalid", timeout=LATE)
        with pytest.raises(ConnectError, match=r"nowhere\.invalid:80: can't connect"):
            await nowhere.execute(commands.brand())

    with simulated() as camera:
        driver.run(scenario, camera.url.replace("127.0.0.1", "localhost"))


@pytest.mark.parametrize("driver", [io_blocking, io_asyncio, io_anyio])
def test_a_password_in_a_url_works_with_a_warning(driver: Any) -> None:
    with pytest.warns(UserWarning, match="password in a URL") as caught:
        camera = driver.Camera("http://admin:s%40cret@camera")
    assert caught[0].filename == __file__
    assert "s@cret" not in f"{camera!r} {camera.url} {caught[0].message}"
    credentials = camera._settings.authenticator.credentials
    assert (credentials.user, credentials.password) == ("admin", "s@cret")


# -- misuse ----------------------------------------------------------------------------


@everywhere
def test_misuse(driver: Driver) -> None:
    async def scenario() -> None:
        camera = driver.Camera("http://127.0.0.1:1")
        with pytest.raises(LocalProtocolError, match="is for stream"):
            await camera.execute(commands.video_stream())
        with pytest.raises(LocalProtocolError, match="is for execute"):
            camera.stream(commands.brand())
        with pytest.raises(LocalProtocolError, match="'wait' and 'latest'"):
            camera.stream(commands.video_stream(), policy="newest")
        with pytest.raises(LocalProtocolError, match="queue=0"):
            camera.stream(commands.video_stream(), queue=0)
        with pytest.raises(LocalProtocolError, match=r"confirm\(\)"):
            await camera.update(commands.move("left"))
        camera.close()
        with pytest.raises(LocalProtocolError, match="closed"):
            await camera.execute(commands.brand())

    driver.run(scenario)


@pytest.mark.parametrize("driver", [DRIVERS["anyio-asyncio"], DRIVERS["anyio-trio"]])
def test_anyio_needs_a_place_for_the_task_of_latest(driver: Driver) -> None:
    async def scenario() -> None:
        camera = driver.Camera("http://127.0.0.1:1")
        with pytest.raises(LocalProtocolError, match="async with"):
            await anext(camera.stream(commands.video_stream(), policy="latest"))

    driver.run(scenario)
