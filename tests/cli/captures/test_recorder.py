"""Live traffic as a capture: what is in it is what the camera sent."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from answering import scripted
from command_line import SECRET, simulated

from hamaproto import captures
from hamaproto.captures import Asked, Observed
from hamaproto.cli.captures.recorder import Recorder, Wanted
from hamaproto.cli.options import Target
from hamaproto.cli.tally import Tally
from hamaproto.events import Frame, Response


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
        end = time.monotonic() + 10
        while time.monotonic() < end and b"GET" not in file.read_bytes():
            time.sleep(0.05)
        time.sleep(0.2)  # until the kernel has handed on the rest
    dump.terminate()
    dump.communicate()
    ours = {hashlib.sha256(s.event.data).hexdigest(): s.last.time for s in seen_in(data)
            if isinstance(s.event, Frame)}  # fmt: skip
    with captures.open(file) as seen:
        theirs = {hashlib.sha256(s.event.data).hexdigest(): s.last.time
                  for s in seen if isinstance(s.event, Frame)}  # fmt: skip
    both = ours.keys() & theirs.keys()
    assert len(both) >= 3
    for one in both:
        assert abs(ours[one] - theirs[one]) < 1_000_000  # type: ignore[operator]
