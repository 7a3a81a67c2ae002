"""snapshot: one picture, as it is sent."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from command_line import (
    start,
)
from PIL import Image

from hamaproto.camera import read_stamp
from hamaproto.cli.app import run
from hamaproto.io.serve import CameraThread


def test_snapshot(camera: CameraThread, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    for words in ([], ["--without-login", "loginfree.jpg"]):
        assert run(["snapshot", camera.url, "-o", "x.jpg", *words]) == 0
        image = Path("x.jpg").read_bytes()
        assert Image.open(io.BytesIO(image)).size == (640, 480)
        assert read_stamp(image) is not None
        assert f"x.jpg: {len(image)} bytes".encode() in capfdbinary.readouterr().err


def test_snapshot_to_stdout_is_the_picture_and_nothing_else(camera: CameraThread) -> None:
    out, err = start("snapshot", camera.url, "-o", "-").communicate(timeout=60)
    assert err == b""
    assert out.startswith(b"\xff\xd8\xff")
    assert out.endswith(b"\xff\xd9")
