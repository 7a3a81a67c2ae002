"""demo: everything once, on a simulated camera or on a real one."""

from __future__ import annotations

import re
import wave
from pathlib import Path

import av
import pytest
from command_line import (
    SECRET,
    start,
)
from PIL import Image

from hamaproto.cli.app import run
from hamaproto.commands import CATALOGUE
from hamaproto.io.serve import CameraThread


def check_files(folder: Path, frames: int) -> None:
    """What the demo left, read by programs that are not ours."""
    with Image.open(folder / "snapshot.jpg") as image:
        assert image.size == (640, 480)
    with av.open(str(folder / "recording.mkv")) as file:
        assert sum(1 for _ in file.decode(video=0)) == frames
    with wave.open(str(folder / "audio.wav")) as file:
        assert file.getframerate() == 8000
        assert file.getnframes() % 160 == 0
        assert file.getnframes() > 0
    with Image.open(folder / "contact-sheet.png") as image:
        assert image.size[0] > 900


def frames_told(out: str) -> int:
    match = re.search(r"video_stream +│ +1 │ +1 │ +(\d+) │", out)
    assert match is not None
    return int(match[1])


def test_demo() -> None:
    process = start("demo", "--output", "here", "--seconds", "1")
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, b"")
    said = out.decode()
    for row in CATALOGUE:
        assert re.search(rf"│ {re.escape(row.number)} +│ {row.name} ", said)
    assert re.search(r"commands +│ +34 │ +34 │ +2 │", said)
    assert "is now 10" in said
    assert "\x1b" not in said
    check_files(Path("here"), frames_told(said))


def test_demo_changes_nothing_of_a_real_camera(
    locked: CameraThread, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HAMAPROTO_USER", "admin")
    monkeypatch.setenv("HAMAPROTO_PASSWORD", SECRET)
    before = (dict(locked.state.stored), locked.state.motors.target, dict(locked.state.presets))
    assert run(["demo", "--camera", locked.url, "--output", "here", "--seconds", "0.5"]) == 0
    after = (dict(locked.state.stored), locked.state.motors.target, dict(locked.state.presets))
    assert before == after
    said = capsys.readouterr()
    assert SECRET not in said.out + said.err
    check_files(Path("here"), frames_told(said.out))
    assert run(["demo", "--camera", "http://127.0.0.1:1", "--output", "here"]) == 3
