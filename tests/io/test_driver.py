"""What is the same in all drivers: arguments checked at the call, one reader, warnings, the log."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from driving import LATE, Driver, asynchronous, everywhere, simulated
from driving import nothing_left as nothing_left
from driving import quick_collections as quick_collections

from hamaproto import ClientConnection, commands
from hamaproto.errors import ArgumentTypeError, HamaError, LocalProtocolError
from hamaproto.events import Frame
from hamaproto.io import Backoff, Disconnected, Timeouts
from hamaproto.io import blocking as io_blocking
from hamaproto.limits import Limits

# -- arguments -------------------------------------------------------------------------

Make = Callable[[], Any]


def camera(**options: Any) -> Any:
    return io_blocking.Camera(options.pop("url", "http://camera"), **options)


def stream(**options: Any) -> Any:
    with camera() as given:
        return given.stream(options.pop("request", commands.video_stream()), **options)


def execute(request: Any) -> Any:
    with camera() as given:
        return given.execute(request)


def talk(frames: Any) -> Any:
    with camera() as given:
        return given.talk(frames)


VIDEO = commands.video_stream()

#: What is called, and what the message has to name: the argument, what came, what is allowed.
WRONG_TYPES: list[tuple[Make, str]] = [
    (lambda: camera(url=5), r"Camera\(url=...\): http://.*; not an int"),
    (lambda: camera(url=None), r"Camera\(url=...\): http://.*; not None"),
    (lambda: camera(url=b"http://camera"), r"Camera\(url=...\).*; not a bytes"),
    (lambda: camera(auth="admin:secret"), r"auth.*str"),
    (lambda: camera(auth=["admin", "secret"]), r"auth.*list"),
    (lambda: camera(auth=("admin",)), r"auth"),
    (lambda: camera(auth=("admin", 1234)), r"password.*str"),
    (lambda: camera(auth=(b"admin", "1234")), r"user.*str"),
    (lambda: camera(timeout="5"), r"timeout='5'\): Timeouts, or a number.*; not a str"),
    (lambda: camera(timeout=True), r"timeout=True\).*; not a bool"),
    (lambda: camera(timeout=(3, 4)), r"timeout=...\).*; not a tuple"),
    (lambda: camera(limits=100), r"limits=100\): Limits, or None; not an int"),
    (lambda: camera(limits={"max_frame": 1}), r"limits=...\).*; not a dict"),
    (lambda: execute("/x"), r"request='/x'\): a Request.*commands.raw\(target\).*; not a str"),
    (lambda: execute(None), r"request=None\): a Request.*; not None"),
    (lambda: execute(commands.brand), r"request=...\): a Request.*; not a function"),
    (lambda: execute(VIDEO), r"a StreamRequest is for stream\(\)"),
    (lambda: stream(request=commands.brand()), r"a Request is for execute\(\)"),
    (lambda: stream(request="/mjpg/video.mjpg"), r"request='/mjpg/video.mjpg'\)"),
    (lambda: stream(reconnect=True), r"reconnect=True\): a Backoff, or None; not a bool"),
    (lambda: stream(reconnect=3), r"reconnect=3\): a Backoff, or None; not an int"),
    (lambda: stream(reconnect=Backoff), r"reconnect=...\): a Backoff, or None; not a type"),
    (lambda: stream(queue=True), r"queue=True\): a whole number of at least 1; not a bool"),
    (lambda: stream(queue=2.0), r"queue=2.0\).*; not a float"),
    (lambda: stream(queue="8"), r"queue='8'\).*; not a str"),
    (lambda: stream(policy=None), r"policy=None\).*'wait' and 'latest'; not None"),
    (lambda: talk("sound"), r"frames='sound'\): GSM.*; not a str"),
    (lambda: talk(33), r"frames=33\): GSM.*; not an int"),
    (lambda: Timeouts(idle="5"), r"Timeouts\(idle='5'\): a number of seconds over 0.*; not a str"),
    (lambda: Timeouts(connect=True), r"connect=True\).*; not a bool"),
    (lambda: Timeouts(total=1j), r"total=...\).*; not a complex"),
    (lambda: Backoff(cap="30"), r"Backoff\(cap='30'\): a number of seconds from 0.*; not a str"),
    (lambda: Backoff(None), r"initial=None\)"),
    (lambda: Backoff(attempts=True), r"attempts=True\): a whole number.*; not a bool"),
    (lambda: Backoff(attempts=1.5), r"attempts=1.5\).*; not a float"),
    (lambda: Backoff(jitter="half"), r"jitter='half'\): a share from 0 to 1; not a str"),
    (lambda: Backoff(rng=0.5), r"rng=0.5\): a function"),
    (lambda: Limits(max_frame="1"), r"Limits\(max_frame='1'\).*; not a str"),
    (lambda: Limits(max_frame=True), r"max_frame=True\).*; not a bool"),
    (lambda: ClientConnection(None), r"ClientConnection\(host=None\).*; not None"),
    (lambda: ClientConnection(b"camera"), r"host=b'camera'\).*; not a bytes"),
    (lambda: ClientConnection("camera", prefix=None), r"prefix=None\)"),
    (lambda: ClientConnection("camera", limits=5), r"limits=5\)"),
    (lambda: ClientConnection("camera", strict="no"), r"strict='no'\): True or False"),
    (lambda: ClientConnection("camera", refuse="obs-fold"), r"refuse='obs-fold'|refuse='o'"),
    (lambda: ClientConnection("camera", refuse=5), r"refuse=5\)"),
    (lambda: ClientConnection("camera", auth="admin"), r"auth.*str"),
    (lambda: ClientConnection("camera").send("/x"), r"send\(request='/x'\)"),
]

WRONG_VALUES: list[tuple[Make, str]] = [
    (lambda: camera(url="ftp://camera"), r"Camera\(url=...\): http://host"),
    (lambda: camera(url="http://"), "base URL"),
    (lambda: camera(url="http://a b"), "base URL"),
    (lambda: camera(url="camera:99999"), "port 99999: allowed are 1 to 65535"),
    (lambda: camera(url="http://[::1"), "base URL"),
    (lambda: camera(url=""), "base URL"),
    (lambda: camera(url="http://camera?x=1"), "base URL"),
    (lambda: camera(timeout=0), r"timeout=0\)"),
    (lambda: camera(timeout=float("inf")), r"timeout=inf\).*up to 31622400 \(a year\), or None"),
    (lambda: Timeouts(idle=float("nan")), r"idle=nan\)"),
    (lambda: Timeouts(total=-1), r"total=-1\)"),
    (lambda: Timeouts(connect=1e300), r"connect=1e\+300\)"),
    (lambda: Timeouts(connect=10**400), r"connect=a number of 1329 bits\)"),
    (lambda: Backoff(initial=float("inf")), r"initial=inf\)"),
    (lambda: Backoff(cap=-1), r"cap=-1\)"),
    (lambda: Backoff(factor=0.5), r"factor=0.5\): from 1 to 1000"),
    (lambda: Backoff(factor=float("nan")), r"factor=nan\)"),
    (lambda: Backoff(jitter=2), r"jitter=2\)"),
    (lambda: Backoff(attempts=0), r"attempts=0\)"),
    (lambda: Backoff().delay(0), r"attempt=0\)"),
    (lambda: stream(policy="newest"), r"policy='newest'\): allowed are 'wait' and 'latest'"),
    (lambda: stream(queue=0), r"queue=0\)"),
    (lambda: talk(bytes(34)), "34 bytes are no whole number of frames"),
    (lambda: talk(bytes(33)), "nibble"),
    (lambda: Limits(max_frame=0), r"max_frame=0\)"),
]


@pytest.mark.parametrize(("make", "words"), WRONG_TYPES, ids=[words for _, words in WRONG_TYPES])
def test_a_wrong_type_is_named_at_the_call(make: Make, words: str) -> None:
    with pytest.raises(ArgumentTypeError, match=words) as caught:
        make()
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, LocalProtocolError)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("make", "words"), WRONG_VALUES, ids=[words for _, words in WRONG_VALUES])
def test_a_wrong_value_is_named_at_the_call(make: Make, words: str) -> None:
    with pytest.raises(LocalProtocolError, match=words) as caught:
        make()
    assert not isinstance(caught.value, TypeError)


@everywhere
def test_all_drivers_check_alike(driver: Driver) -> None:
    async def scenario() -> None:
        with pytest.raises(ArgumentTypeError, match="timeout='5'"):
            driver.Camera("http://camera", timeout="5")
        async with driver.Camera("http://127.0.0.1:1") as camera:
            with pytest.raises(ArgumentTypeError, match="execute"):
                await camera.execute("/x")
            with pytest.raises(ArgumentTypeError, match="update"):
                await camera.update("/x")
            with pytest.raises(ArgumentTypeError, match="reconnect=True"):
                camera.stream(VIDEO, reconnect=True)
            with pytest.raises(ArgumentTypeError, match="talk"):
                await camera.talk("sound")

    driver.run(scenario)


def test_the_blocking_driver_takes_no_async_sound() -> None:
    async def sound() -> Any:
        yield bytes(33)

    with pytest.raises(ArgumentTypeError, match="not an async one"):
        talk(sound())


# -- one reader at a time --------------------------------------------------------------


@asynchronous
@pytest.mark.parametrize("policy", ["wait", "latest"])
@pytest.mark.parametrize("when", ["connecting", "waiting", "sleeping"])
def test_a_second_task_is_refused_whenever_it_comes(driver: Driver, policy: str, when: str) -> None:
    async def scenario(url: str) -> None:
        async with (
            driver.Camera(url, timeout=LATE) as camera,
            camera.stream(VIDEO, policy=policy, reconnect=Backoff(LATE, jitter=0)) as events,
            anyio.create_task_group() as group,
        ):
            if when == "sleeping":
                assert isinstance(await anext(events), Disconnected)

            async def first() -> None:
                await anext(events)

            group.start_soon(first)
            # From the first step of the other one on, and again some steps later.
            await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()
            for _ in range(1 if when == "connecting" else 20):
                with anyio.fail_after(2), pytest.raises(LocalProtocolError, match="one task"):
                    await anext(events)
                await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()

    with simulated("mute") as camera:
        url = "http://127.0.0.1:9" if when == "sleeping" else camera.url
        driver.run(scenario, url)


@pytest.mark.parametrize("policy", ["wait", "latest"])
def test_a_second_thread_is_refused(policy: str) -> None:
    with simulated("mute") as sim, io_blocking.Camera(sim.url, timeout=LATE) as camera:
        events = camera.stream(VIDEO, policy=policy)
        begun = threading.Event()

        def first() -> None:
            begun.set()
            with events:
                assert list(events) == []

        thread = threading.Thread(target=first)
        thread.start()
        begun.wait()
        while not events._line.is_open:
            pass
        with pytest.raises(LocalProtocolError, match="thread"):
            next(events)
        events.close()
        thread.join()


# -- what was not closed ---------------------------------------------------------------


@everywhere
def test_what_was_not_closed_says_so(driver: Driver) -> None:
    async def scenario(url: str) -> None:
        camera = driver.Camera(url, timeout=LATE)
        stream = camera.stream(VIDEO)
        await stream.__anext__()
        with pytest.warns(ResourceWarning, match=r"unclosed <Camera http://127"):
            del camera
        with pytest.warns(ResourceWarning, match="unclosed <Stream"):
            del stream
        if driver.name != "blocking":
            await anyio.sleep(0.01)

    with simulated() as camera:
        driver.run(scenario, camera.url)


@everywhere
def test_a_loop_that_is_left_inside_of_with_says_nothing(driver: Driver) -> None:
    async def scenario(url: str) -> None:
        # Under `filterwarnings = error` a warning would be an error here.
        async with driver.Camera(url, timeout=LATE) as camera:
            stream = camera.stream(VIDEO)
            assert isinstance(await stream.__anext__(), Frame)
            del stream
            gc.collect()

    with simulated() as camera:
        driver.run(scenario, camera.url)


@everywhere
def test_what_holds_nothing_says_nothing(driver: Driver) -> None:
    async def scenario(url: str) -> None:
        # Under `filterwarnings = error` a warning would be an error here.
        await driver.Camera(url, timeout=LATE).execute(commands.brand())
        driver.Camera(url).stream(VIDEO)
        camera = driver.Camera(url, timeout=LATE)
        async with camera.stream(VIDEO) as events:
            assert isinstance(await events.__anext__(), Frame)
        del camera
        gc.collect()

    with simulated() as camera:
        driver.run(scenario, camera.url)


# -- the log ---------------------------------------------------------------------------


@everywhere
def test_the_log_tells_of_connections_and_never_of_secrets(
    driver: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(url: str) -> None:
        async with driver.Camera(url, auth=("admin", "s3cret"), timeout=LATE) as camera:
            await camera.execute(commands.raw("/camera-cgi/admin/param.cgi?action=list&token=k3y"))
            await camera.execute(commands.list_params("Brand"))
            with pytest.raises(HamaError):
                await camera.execute(commands.list_params("Nothing"))
            stream = camera.stream(VIDEO, reconnect=Backoff(0))
            async with stream as events:
                async for event in events:
                    if isinstance(event, Disconnected):
                        break

    caplog.set_level(logging.DEBUG, logger="hamaproto")
    with simulated("digest", "die", users={"admin": "s3cret"}) as camera:
        driver.run(scenario, camera.url)
    records = [record for record in caplog.records if record.name == "hamaproto"]
    text = "\n".join(record.getMessage() for record in records)
    for said in ("connected, asks for", "without a login", "with a login", "status 401", "over"):
        assert said in text
    assert any(
        record.levelno == logging.WARNING and "attempt 1" in record.getMessage()
        for record in records
    )
    for secret in ("s3cret", "k3y", "Hama", "Error -1", "Digest "):
        assert secret not in text


def test_the_log_is_silent_where_nobody_listens(capfd: pytest.CaptureFixture[str]) -> None:
    with (
        simulated("die") as sim,
        io_blocking.Camera(sim.url, timeout=LATE) as camera,
        camera.stream(VIDEO, reconnect=Backoff(0)) as events,
    ):
        assert any(isinstance(event, Disconnected) for event in events)
    assert capfd.readouterr().err == ""
