"""The camera behind the gateway: asked for while somebody wants it, and again when it was lost."""

from __future__ import annotations

import asyncio
import time

import pytest
from gatewaying import house, picture_of, run, until

from hamaproto.gateway.shot import Shot
from hamaproto.gateway.status import State, Status
from hamaproto.io.gateway_camera import UnavailableError


class Watcher:
    tally = None

    def __init__(self) -> None:
        self.shots: list[Shot] = []
        self.states: list[State] = []

    def offer(self, shot: Shot, /) -> None:
        self.shots.append(shot)

    def tell(self, status: Status, /) -> None:
        self.states.append(status.state)


def test_a_stall_and_a_restart_are_told_and_survived() -> None:
    async def main() -> None:
        async with house() as made:
            feed = made.served.pictures
            feed._stall_after = 0.5
            watcher = Watcher()
            with made.served.watched(watcher):
                await until(lambda: len(watcher.shots) > 2)
                made.camera.stall()
                await until(lambda: State.STALLED in watcher.states)
                made.camera.resume()
                await until(lambda: watcher.states[-1] is State.LIVE)
                count = len(watcher.shots)
                await made.camera.refuse()
                made.camera.kill()
                await until(lambda: State.FAILED in watcher.states)
                await made.camera.accept()
                await until(lambda: len(watcher.shots) > count + 2)
                assert watcher.states[-1] is State.LIVE
            numbers = [shot.number for shot in watcher.shots]
            assert numbers == list(range(1, len(numbers) + 1))

    run(main)


def test_nobody_watches_and_nobody_is_asked() -> None:
    async def main() -> None:
        async with house(keep_warm=0.4) as made:
            await asyncio.sleep(0.05)
            assert made.camera.state.streams == 0
            watcher = Watcher()
            with made.served.watched(watcher):
                await until(lambda: bool(watcher.shots))
            left = time.monotonic()
            # A page that is loaded again finds the stream open.
            with made.served.watched(Watcher()):
                assert made.served.pictures.counts.connections == 1
            await until(lambda: made.served.pictures.status.state is State.IDLE)
            assert time.monotonic() - left >= 0.4
            assert made.camera.state.streams == 0
            assert repr(made.served).endswith("idle>")

    run(main)


def test_snapshots_are_asked_for_once_for_all_and_are_never_older_than_asked() -> None:
    async def main() -> None:
        async with house() as made:
            began = time.monotonic()
            shots = await asyncio.gather(*(made.served.snapshot() for _ in range(20)))
            # All were there before the camera was asked; or one more time, for who came later.
            assert len({id(shot) for shot in shots}) <= 2
            assert all(shot.at >= began for shot in shots)
            assert made.served.pictures.counts.connections == 0
            before = len(made.camera.state.log)
            later = await made.served.snapshot()
            assert later.at > shots[0].at
            assert len(made.camera.state.log) > before

    run(main)


def test_a_snapshot_of_a_live_stream_asks_the_camera_for_nothing() -> None:
    async def main() -> None:
        async with house() as made, made.socket("/c/camera/frames") as viewer:
            await picture_of(viewer)
            before, now = len(made.camera.state.log), time.monotonic()
            fresh = await made.served.snapshot()
            assert fresh.at >= now
            old = await made.served.snapshot(3600.0)
            assert old.at <= time.monotonic()
            assert len(made.camera.state.log) == before
            async with made.session.get(f"{made.url}/c/camera/snapshot.jpg?max_age=5") as answer:
                assert answer.content_type == "image/jpeg"
                assert float(answer.headers["X-Timestamp"]) > time.time() - 10
                assert (await answer.read()).startswith(b"\xff\xd8")

    run(main)


def test_a_wrong_password_is_told_and_not_tried_again_and_again() -> None:
    async def main() -> None:
        async with house(auth=("admin", "wr0ng")) as made:
            watcher = Watcher()
            with made.served.watched(watcher):
                await until(lambda: State.REFUSED in watcher.states)
                with pytest.raises(UnavailableError, match="refuses the login"):
                    await made.served.picture()
                await asyncio.sleep(0.3)
                assert made.served.pictures.counts.connections == 1
                retry = made.served.pictures.status.retry_at
                assert retry is not None
                assert retry > time.time() + 20
            status, told = await made.ask("GET", "/c/camera/snapshot.jpg")
            assert status == 502
            assert "admin" not in told["error"]

    run(main)


def test_a_camera_that_is_away_says_so_to_who_asks() -> None:
    async def main() -> None:
        async with house() as made:
            await made.camera.refuse()
            with pytest.raises(UnavailableError):
                await made.served.picture()
            status, told = await made.ask("GET", "/c/camera/snapshot.jpg")
            assert (status, "can't connect" in told["error"]) == (502, True)
            async with made.session.get(f"{made.url}/c/camera/stream.mjpg") as answer:
                assert answer.status == 503
                assert int(answer.headers["Retry-After"]) >= 1

    run(main)
