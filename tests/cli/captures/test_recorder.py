"""Live traffic as a capture: what is in it is what the camera sent."""

from __future__ import annotations

import io
import shutil
import subprocess
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from answering import scripted
from command_line import SECRET, simulated

from hamaproto import captures
from hamaproto.camera import read_stamp
from hamaproto.captures import Asked, Observed
from hamaproto.captures.script import read_script
from hamaproto.cli.captures.player import Player
from hamaproto.cli.captures.recorder import Recorder, Wanted
from hamaproto.cli.options import Target
from hamaproto.cli.tally import Tally
from hamaproto.events import Frame, Response
from hamaproto.io.serve import CameraThread


def record(url: str, seconds: float | None = 3.0, *, secrets: bool = False) -> tuple[bytes, Tally]:
    target = Target(url, None, 5.0, files=True)
    out = io.BytesIO()
    wanted = Wanted(target.pictures, Tally("picture"))
    Recorder(target, [wanted], out.write, secrets=secrets).run(seconds)
    return out.getvalue(), wanted.tally


def seen_in(data: bytes) -> list[Observed]:
    return list(captures.open(io.BytesIO(data)))


def test_a_login_a_redirect_of_it_and_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAMAPROTO_USER", "admin")
    monkeypatch.setenv("HAMAPROTO_PASSWORD", SECRET)
    with simulated("close@3", users={"admin": SECRET}) as camera:
        data, tally = record(camera.url)
        with_login, _ = record(camera.url, secrets=True)
    seen = seen_in(data)
    statuses = [s.event.status for s in seen if isinstance(s.event, Response)]
    assert statuses == [401, 200]
    assert sum(isinstance(s.event, Frame) for s in seen) == tally.frames == 3
    asked = [s.event for s in seen if isinstance(s.event, Asked)]
    assert asked[1].headers["authorization"] == "Basic ***"  # type: ignore[union-attr]
    assert b"YWRtaW46" not in data
    assert b"YWRtaW46" in with_login
    assert tally.error is None


def test_cookies_of_answers_are_covered_and_nothing_moves() -> None:
    head = b"HTTP/1.0 200 OK\r\nSet-Cookie: id=hush; path=/\r\nContent-Type: image/jpeg\r\n\r\n"
    with scripted(head + b"\xff\xd8\xff") as url:
        data, _ = record(url)
    (response,) = [s for s in seen_in(data) if isinstance(s.event, Response)]
    assert b"hush" not in data
    assert response.event.headers["set-cookie"] == "*" * 15  # type: ignore[union-attr]
    assert response.last.offset == len(head) - 1


def test_nothing_is_written_where_nobody_answers() -> None:
    data, tally = record("http://127.0.0.1:1")
    assert data == b""
    assert tally.error is not None


def test_a_file_that_takes_no_more_ends_it() -> None:
    def full(data: bytes) -> None:
        raise OSError(28, "No space left on device")

    with simulated() as camera:
        target = Target(camera.url, None, 5.0)
        recorder = Recorder(target, [Wanted(target.pictures, Tally("picture"))], full)
        with pytest.raises(OSError, match="No space left"):
            recorder.run(30)


def numbers_in(seen: Iterable[Observed]) -> dict[int, int]:
    """By the camera's own number of each picture, when its last byte came."""
    found = {}
    for one in seen:
        if isinstance(one.event, Frame):
            stamp = read_stamp(one.event.data)
            assert stamp is not None
            assert one.last.time is not None
            # Neither before the camera made it, nor seconds later.
            assert -0.001 <= one.last.time / 1e9 - stamp.time < 5
            found[stamp.number] = one.last.time
    return found


def as_logged(numbers: Iterable[int], camera: CameraThread) -> bool:
    """Whether these are the pictures that the camera handed to the network, by its own log."""
    (stream,) = (one for one in camera.state.log if one.path == "/mjpg/video.mjpg")
    found = list(numbers)
    assert found == sorted(found)
    # Those that it left out, since the machine was too late for them, have numbers too.
    assert 0 <= found[-1] - found[0] + 1 - stream.frames <= stream.skipped
    return len(found) == stream.frames


def test_the_numbers_are_those_of_the_cameras_log_and_of_what_a_client_gets_again() -> None:
    with simulated("close@6") as camera:
        data, _ = record(camera.url)
        assert as_logged(numbers_in(seen_in(data)), camera)
    with Player(read_script(io.BytesIO(data)), speed=None) as player:
        again, _ = record(player.url)
    played = [s.event.data for s in seen_in(again) if isinstance(s.event, Frame)]
    assert played == [s.event.data for s in seen_in(data) if isinstance(s.event, Frame)]
    assert len(played) == 6


def test_tcpdump_beside_it_has_the_same_frames_within_a_millisecond(tmp_path: Path) -> None:
    if shutil.which("tcpdump") is None:
        pytest.skip("tcpdump is not here")
    file = tmp_path / "beside.pcap"
    with simulated("close@6") as camera:
        port = str(urlsplit(camera.url).port)
        dump = subprocess.Popen(
            ["tcpdump", "-i", "lo", "-B", "16384", "-U", "--immediate-mode",
             "--time-stamp-precision=nano", "-w", str(file), "tcp", "port", port],
            stderr=subprocess.PIPE,
        )  # fmt: skip
        assert dump.stderr is not None
        # It says other things first, or nothing else, or never that it listens.
        patience = threading.Timer(20, dump.kill)
        patience.start()
        listens = any(b"listening" in line for line in dump.stderr)
        patience.cancel()
        if not listens:
            dump.kill()
            dump.communicate()
            pytest.skip("tcpdump may not listen here")
        data, _ = record(camera.url)
        assert as_logged(numbers_in(seen_in(data)), camera)
        end = time.monotonic() + 10
        while time.monotonic() < end and b"GET" not in file.read_bytes():
            time.sleep(0.05)
        time.sleep(0.2)  # until the kernel has handed on the rest
    dump.terminate()
    dump.communicate()
    ours = numbers_in(seen_in(data))
    with captures.open(file) as seen:
        theirs = numbers_in(seen)
    # What came behind the last look of tcpdump is not in its file.
    assert list(theirs) == list(ours)[: len(theirs)]
    assert len(theirs) >= 3
    for number, time_there in theirs.items():
        assert abs(ours[number] - time_there) < 1_000_000
