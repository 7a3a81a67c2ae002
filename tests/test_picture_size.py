"""A picture that claims an absurd size costs nothing but itself."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from answering import scripted

from fixtures.build.jpegs import image
from hamaproto.cli.app import run
from hamaproto.picture_size import absurd_size, size_of

GOOD = image("420", 1)


def claiming(width: int, height: int) -> bytes:
    """A picture whose frame header (T.81 B.2.2) says that it is so large."""
    data = bytearray(GOOD)
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


@pytest.mark.parametrize(
    "size",
    [(0, 64), (64, 0), (0, 0), (1, 65535), (65535, 1), (65535, 65535), (13000, 13000)],
)
def test_absurd_sizes(size: tuple[int, int]) -> None:
    assert absurd_size(claiming(*size)) == size


@pytest.mark.parametrize("size", [(1, 1), (1280, 1024), (7680, 4320), (15360, 16)])
def test_sizes_that_may_be(size: tuple[int, int]) -> None:
    assert absurd_size(claiming(*size)) is None
    assert size_of(claiming(*size)) == size


def test_what_has_no_header_claims_nothing() -> None:
    for data in (b"", b"\xff\xd8", b"\xff\xd8\xff\xd9", GOOD[:30], b"\xff\xd8\xff\xc0\0\2"):
        assert size_of(data) is None
        assert absurd_size(data) is None


def camera(images: list[bytes]) -> bytes:
    parts = [b"--b\r\nContent-Type: image/jpeg\r\n\r\n" + data + b"\r\n" for data in images]
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"
        + b"".join(parts)
        + b"--b--\r\n"
    )


ABSURD = [claiming(0, 64), claiming(1, 65535), claiming(65535, 65535)]


@pytest.mark.parametrize("first", [True, False])
def test_a_recording_goes_on(
    first: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = [*ABSURD, GOOD, GOOD] if first else [GOOD, *ABSURD, GOOD]
    with scripted(camera(images)) as url:
        assert run(["record", url, "--no-sound", "-o", str(tmp_path / "x.mkv")]) == 8
    said = capsys.readouterr().err
    size = "0x64"
    assert f"picture: 3 left out: no picture is {size} pixels large" in said
    assert "2 pictures" in said


def test_only_absurd_pictures_are_a_broken_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with scripted(camera(ABSURD)) as url:
        assert run(["record", url, "--no-sound", "-o", str(tmp_path / "x.mkv")]) == 6
    assert "3 left out" in capsys.readouterr().err


def test_a_demo_takes_no_memory_for_it(tmp_path: Path) -> None:
    """In a process that may have 2 GB of addresses; one such picture would be 12 GB."""
    wide = [GOOD, *ABSURD, claiming(13000, 13000), claiming(2, 15000), GOOD]

    def answer(target: str) -> bytes:
        if "video.mjpg" in target:
            return camera(wide)
        if target.endswith(".jpg"):
            return camera([claiming(65535, 65535)])
        return b"HTTP/1.0 404 Not Found\r\n\r\n"

    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))"
    with scripted(answer) as url:
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                f"{limit}; from hamaproto.cli import main; main()",
                *("demo", "--camera", url, "--seconds", "0.5", "--output", str(tmp_path)),
            ],
            env={"PYTHONPATH": str(Path(__file__).resolve().parents[2]), "NETRC": "none"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
    assert b"Traceback" not in done.stderr
    assert done.returncode == 8, done.stderr
    assert (tmp_path / "contact-sheet.png").exists()
