"""Watching a camera: which streams run together, what ends them, and what a camera says first."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest
from answering import handled, scripted
from command_line import simulated

from fixtures.build.jpegs import image
from hamaproto.cli.capture import (
    Tally,
    declared_rate,
    has_sound,
    run_until_stopped,
    watch,
    watch_picture,
    watch_sound,
)
from hamaproto.cli.output import StoppedError
from hamaproto.errors import BusyError, ConnectError
from hamaproto.events import AudioFrame, Frame
from hamaproto.io import Backoff
from hamaproto.io.asyncio import Camera

T = TypeVar("T")
HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n"


def asked(url: str, question: Callable[[Camera], Coroutine[Any, Any, T]]) -> T:
    async def main() -> T:
        async with Camera(url) as camera:
            return await question(camera)

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("answer", "rate"),
    [
        (b"Image.I0.Stream.FPS=15\n", 15),
        (b"Image.I0.Stream.FPS=1\n", 1),
        (b"Image.I0.Stream.FPS=120\n", 120),
        (b"Image.I0.Stream.FPS=121\n", None),
        (b"Image.I0.Stream.FPS=0\n", None),
        (b"Image.I0.Stream.FPS=-5\n", None),
        (b"Image.I0.Stream.FPS=fast\n", None),
        (b"# Error -1\n", None),
    ],
)
def test_a_rate_is_believed_if_a_camera_can_have_it(answer: bytes, rate: int | None) -> None:
    with scripted(HEAD + answer) as url:
        assert asked(url, declared_rate) == rate


@pytest.mark.parametrize(
    ("answer", "this_family", "others"),
    [
        (b"Properties.Audio=yes\n", True, True),
        (b"Properties.Audio=no\n", False, False),
        (b"Properties.Audio=disabled\n", False, False),
        (b"Something.Else=1\n", True, False),
        (b"# Error -1\n", True, False),
    ],
)
def test_a_camera_is_asked_whether_it_hears(answer: bytes, this_family: bool, others: bool) -> None:
    with scripted(HEAD + answer) as url:
        for other, expected in ((False, this_family), (True, others)):
            heard = asked(url, lambda camera, o=other: has_sound(camera, again=False, other=o))
            assert heard is expected


def test_who_can_not_be_reached_is_told_unless_it_is_tried_again() -> None:
    with simulated() as camera:
        url = camera.url
    with pytest.raises(ConnectError):
        asked(url, lambda camera: has_sound(camera, again=False))
    assert asked(url, lambda camera: has_sound(camera, again=True))
    assert not asked(url, lambda camera: has_sound(camera, again=True, other=True))
    assert asked(url, declared_rate) is None


def test_pictures_and_sound_come_with_their_times() -> None:
    pictures, sounds = Tally("picture"), Tally("sound")
    taken: list[tuple[object, float]] = []

    async def main() -> None:
        with simulated("close@5") as simulation:
            async with Camera(simulation.url) as camera:
                take = lambda event, at: taken.append((event, at))  # noqa: E731
                await watch(
                    watch_picture(camera, pictures, take, None),
                    watch_sound(camera, sounds, take, None),
                    seconds=None,
                )

    asyncio.run(main())
    assert pictures.frames == sum(isinstance(event, Frame) for event, _ in taken) == 5
    assert sounds.frames == sum(isinstance(event, AudioFrame) for event, _ in taken)
    assert pictures.end is not None
    assert pictures.received > sum(len(e.data) for e, _ in taken if isinstance(e, Frame))
    for event, at in taken:
        assert isinstance(event, (Frame, AudioFrame))
        assert event.received is not None
        assert event.received.monotonic == at


def test_a_stream_that_is_lost_is_asked_for_again() -> None:
    part = b"--b\r\nContent-Type: image/jpeg\r\n\r\n" + image("420", 1) + b"\r\n"
    head = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"
    tally, lost = Tally("picture"), []

    def answer(request: bytes, number: int) -> bytes:
        return head + part * 2 + (b"--b--\r\n" if number else b"--b\r\n")

    def take(frame: Frame, at: float) -> None:
        if tally.frames == 4:
            raise StoppedError

    async def main(url: str) -> None:
        async with Camera(url) as camera:
            backoff = Backoff(0.01, cap=0.01)
            work = watch_picture(camera, tally, take, backoff, lambda: lost.append(1))
            with pytest.raises(StoppedError):
                await watch(work, seconds=60)

    with handled(answer) as url:
        asyncio.run(main(url))
    assert tally.frames == 4
    assert len(lost) == tally.losses == 1


def test_what_is_refused_is_in_the_tally() -> None:
    tally = Tally("picture")

    async def main() -> None:
        with simulated("full") as simulation:
            async with Camera(simulation.url) as camera:
                await watch(watch_picture(camera, tally, lambda *_: None, None), seconds=None)

    asyncio.run(main())
    assert isinstance(tally.error, BusyError)
    assert tally.frames == 0


# -- what runs together ----------------------------------------------------------------


def running(*steps: tuple[str, float | None], seconds: float | None) -> list[str]:
    """Pieces of work by name that end after so many turns of the loop, or never."""
    ended: list[str] = []

    async def one(name: str, turns: float | None) -> None:
        try:
            if turns is None:
                await asyncio.Event().wait()
            for _ in range(int(turns or 0)):
                await asyncio.sleep(0)
            ended.append(name)
        except asyncio.CancelledError:
            ended.append(f"{name} cancelled")
            raise

    asyncio.run(watch(*(one(*step) for step in steps), seconds=seconds))
    return ended


def test_all_end_with_the_first_of_them() -> None:
    assert running(("a", 5), ("b", None), seconds=None) == ["a", "b cancelled"]
    assert running(("a", 5), ("b", 1), ("c", None), seconds=60) == ["b", "a", "c cancelled"]
    assert running(("a", None), ("b", 1), seconds=0.01) == ["b", "a cancelled"]


def test_what_a_callback_raises_ends_all() -> None:
    ended = []

    async def full() -> None:
        await asyncio.sleep(0)
        raise OSError(28, "No space left on device")

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(1)

    with pytest.raises(OSError, match="No space"):
        asyncio.run(watch(waits(), full(), seconds=60))
    assert ended == [1]


def test_a_signal_ends_it_and_nothing_else_does() -> None:
    async def nothing() -> None: ...

    async def stopped() -> None:
        raise StoppedError

    async def waits() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.Event().wait()

    async def cancelled() -> None:
        raise asyncio.CancelledError

    assert run_until_stopped(nothing())
    assert not run_until_stopped(stopped())
    assert not run_until_stopped(waits())
    with pytest.raises(asyncio.CancelledError):
        run_until_stopped(cancelled())


def test_without_descriptors_it_is_never_begun() -> None:
    begun = []

    async def work() -> None:
        begun.append(1)

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    there = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 64
    coroutine = work()
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (there - 1, before[1]))
        with pytest.raises(OSError, match="Too many open files") as raised:
            run_until_stopped(coroutine)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert raised.value.filename is None
    assert begun == []
    assert threading.active_count() >= 1
