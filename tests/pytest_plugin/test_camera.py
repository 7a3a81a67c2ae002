"""`HamaCamera`: what a test can do to it, seen by sockets and clients that nobody here wrote."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest
import requests
from camera_client import request

import hamaproto.pytest_plugin
from hamaproto.camera.clock import ManualClock, RushingClock
from hamaproto.errors import LocalProtocolError
from hamaproto.pytest_plugin import HamaCamera, assert_frames

VIDEO = "/mjpg/video.mjpg"
PATIENCE = 20.0


@pytest.fixture
def camera() -> Iterator[HamaCamera]:
    with HamaCamera() as running:
        running.set("Image.I0.Stream.FPS", 30)
        yield running


@contextlib.contextmanager
def watching(camera: HamaCamera) -> Iterator[socket.socket]:
    """A client that has had its first picture."""
    with socket.create_connection((camera.host, camera.port), timeout=PATIENCE) as sock:
        sock.sendall(request(VIDEO))
        read_pictures(sock, 1)
        yield sock


def read_pictures(sock: socket.socket, count: int) -> bytes:
    data = b""
    while data.count(b"\xff\xd9\r\n--myboundary\r\n") < count:
        chunk = sock.recv(65536)
        if not chunk:
            break
        data += chunk
    return data


def reachable(camera: HamaCamera) -> bool:
    try:
        return requests.get(camera.url + "/jpg/image.jpg", timeout=PATIENCE).ok
    except requests.ConnectionError:
        return False


def test_stalled(camera: HamaCamera) -> None:
    with watching(camera) as sock:
        with camera.stalled():
            read_pictures_now(sock)
            sock.settimeout(0.2)
            with pytest.raises(TimeoutError):
                sock.recv(1)
        sock.settimeout(PATIENCE)
        assert read_pictures(sock, 2)


def read_pictures_now(sock: socket.socket) -> None:
    """What is on its way already."""
    sock.settimeout(0.1)
    with contextlib.suppress(TimeoutError):
        while sock.recv(65536):
            pass


def test_refuse_lets_go_on_what_is_open(camera: HamaCamera) -> None:
    url = camera.url
    with watching(camera) as sock:
        with camera.refuse():
            assert not reachable(camera)
            assert read_pictures(sock, 3)
        assert reachable(camera)
        assert camera.url == url


def test_reboot_is_a_way_to_be_gone_and_come_back(camera: HamaCamera) -> None:
    camera.call(lambda state: state.ptz(b"move=left", camera.now))
    with watching(camera) as sock:
        camera.reboot(0.2)
        assert not reachable(camera)
        with contextlib.suppress(ConnectionResetError):
            while sock.recv(65536):
                pass
    assert camera.state.motors.target == (0.0, 0.0)
    assert camera.state.fps == 30
    end = time.monotonic() + PATIENCE
    while not reachable(camera):
        assert time.monotonic() < end
    assert camera.state.streams == 0


def test_a_camera_that_is_away_can_be_ended() -> None:
    with HamaCamera() as camera:
        camera.reboot(1000)
        camera.reboot(1000)


@pytest.mark.parametrize("how", ["kill", "reset"])
def test_connections_are_ended(camera: HamaCamera, how: str) -> None:
    with watching(camera) as sock:
        getattr(camera, how)()
        with contextlib.ExitStack() as stack:
            if how == "reset":
                stack.enter_context(pytest.raises(ConnectionResetError))
            while sock.recv(65536):
                pass
    assert reachable(camera)
    (first, second) = camera.requests
    assert (first.ended, second.ended) == ("gone", "whole")


def test_faults_go_on_and_off_while_a_stream_runs(camera: HamaCamera) -> None:
    with watching(camera) as sock:
        camera.faults = "text-part"
        assert camera.faults.names == ("text-part",)
        data = b""
        while b"text/plain" not in data:
            data += sock.recv(65536)
        camera.faults = "stall@0"
        read_pictures_now(sock)
        camera.faults = None
        sock.settimeout(PATIENCE)
        assert read_pictures(sock, 2)


def test_a_clock_that_stands_still() -> None:
    clock = ManualClock()
    taken = []
    for _ in range(2):
        clock = ManualClock()
        with HamaCamera(clock=clock) as camera, watching(camera) as sock:
            assert camera.now == 0.0
            clock.advance(2 / 15)
            taken.append(read_pictures(sock, 2))
            sock.settimeout(0.05)
            with pytest.raises(TimeoutError):
                sock.recv(1)
        assert not clock.watchers
        clock.advance(1)
    assert taken[0] == taken[1]
    assert [stamp.time for stamp in assert_frames(taken[0]).stamps] == [1 / 15, 2 / 15]


def test_a_clock_that_rushes() -> None:
    with (
        HamaCamera(clock=RushingClock()) as camera,
        watching(camera) as one,
        watching(camera) as other,
    ):
        data = [read_pictures(sock, 100) for sock in (one, other)]
    for taken in data:
        # The first one may have begun in what came with the picture before.
        assert_frames(taken[: taken.rfind(b"\xff\xd9") + 2], at_least=99)


def test_any_function_is_a_clock() -> None:
    with HamaCamera(clock=lambda: time.monotonic() + 1e6) as camera:
        assert camera.now > 1e6
        with watching(camera) as sock:
            assert read_pictures(sock, 1)


def test_what_makes_no_sense_is_told() -> None:
    with pytest.raises(LocalProtocolError, match="no profile is named 'x'; there are spec, "):
        HamaCamera(profile="x")
    with pytest.raises(LocalProtocolError, match="names are needed"):
        HamaCamera(faults=[3])  # type: ignore[list-item]
    with pytest.raises(LocalProtocolError, match="advance"):
        ManualClock().advance(-1)
    with HamaCamera() as camera, pytest.raises(LocalProtocolError, match="no parameter 'x'"):
        camera.set("x", 1)
    with pytest.raises(LocalProtocolError, match="inside its `with` block"):
        camera.kill()
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        hamaproto.pytest_plugin.nothing  # noqa: B018  # that is the point


def test_what_is_told_of_a_test_is_what_came_in_it(camera: HamaCamera) -> None:
    reachable(camera)
    camera.begin()
    assert camera.told() == ""
    for _ in range(60):
        camera.call(lambda state: state.log.open(HEAD))
    lines = camera.told().splitlines()
    assert lines[0] == "(10 requests before these)"
    assert lines[-1].startswith("#60 0.000 s GET /x: no answer, 0 frames, 0 bytes, open")
    assert len(lines) == 51


def _head():  # type: ignore[no-untyped-def]
    from hamaproto.camera.request import RequestReader

    reader = RequestReader()
    reader.receive(b"GET /x HTTP/1.0\r\n\r\n")
    return reader.head


HEAD = _head()
