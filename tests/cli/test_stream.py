"""stream: what another program reads from a pipe is read here by FFmpeg and by our own parser."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from answering import scripted

from fixtures.build.jpegs import image
from hamaproto.camera import CameraState, Pictures
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.cli.app import run
from hamaproto.cli.stream import part
from hamaproto.events import Frame
from hamaproto.io.serve import CameraThread, running_camera
from hamaproto.wire import MjpegParser

IMAGES = [image("420", number) for number in range(1, 4)]


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def camera() -> Iterator[CameraThread]:
    with running_camera(CameraState(pictures=Pictures(draw_mosaic))) as running:
        yield running


def other_camera(path: str) -> Any:
    body = b"".join(
        b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n" % (len(data), data)
        for data in IMAGES
    )
    head = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"

    def answer(target: str) -> bytes:
        found = target == path
        return head + body + b"--b--\r\n" if found else b"HTTP/1.0 404 Not Found\r\n\r\n"

    return answer


@pytest.mark.parametrize("words", [["URL/video.cgi?a=1"], ["URL", "--path", "/video.cgi?a=1"]])
def test_the_images_of_any_camera_as_they_came(words: list[str]) -> None:
    with scripted(other_camera("/video.cgi?a=1")) as url:
        words = [word.replace("URL", url) for word in words]
        assert run(["stream", *words, "-o", "x.mjpeg"]) == 0
        assert run(["stream", *words, "-o", "x.mpjpeg"]) == 0
        assert run(["stream", *words, "-o", "x.mkv"]) == 0
        assert run(["record", words[0], "-o", "y.mkv"]) == (0 if len(words) == 1 else 7)
    assert Path("x.mjpeg").read_bytes() == b"".join(IMAGES)
    parser = MjpegParser("multipart/x-mixed-replace; boundary=ffmpeg", strict=True)
    parser.receive_data(Path("x.mpjpeg").read_bytes())
    parser.receive_eof()
    frames = [event for event in parser.events() if isinstance(event, Frame)]
    assert [frame.data for frame in frames] == IMAGES
    assert all(frame.timestamp is not None and frame.timestamp > 10**9 for frame in frames)
    with av.open("x.mkv") as file:
        packets = [bytes(packet) for packet in file.demux(video=0) if packet.size]
    assert packets == IMAGES


@pytest.mark.parametrize("form", ["mjpeg", "mpjpeg", "matroska"])
def test_standard_output_is_the_stream_and_nothing_else(camera: CameraThread, form: str) -> None:
    words = ["stream", camera.url, "-o", "-", "--format", form, "--seconds", "0.7"]
    done = subprocess.run(
        [sys.executable, "-m", "hamaproto", *words], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    Path("x").write_bytes(done.stdout)
    with av.open("x", format=form) as file:
        assert sum(1 for _ in file.decode(video=0)) >= 3
        assert len(file.streams.audio) == (form == "matroska")


def test_a_part() -> None:
    assert part(b"x", 1.5) == (
        b"--ffmpeg\r\nContent-Type: image/jpeg\r\nContent-Length: 1\r\n"
        b"X-Timestamp: 1.500000\r\n\r\nx\r\n"
    )


def test_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        ["stream", "http://x", "-o", "x.mp4"],
        ["stream", "http://x/a.cgi", "--path", "/b", "-o", "-"],
        ["stream", "http://x"],
    ):
        assert run(words) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
