"""The README's commands do what it says, and say in one line what went wrong with a bad camera."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from answering import scripted
from documents import README, blocks, lacks, run_block

from hamaproto.camera import CameraState, Pictures
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.cli.app import run
from hamaproto.io.serve import running_camera

#: What installs something is run by the gate, on a clean clone.
BLOCKS = [block for block in blocks(README, "sh") if "pip install" not in block]
LINES = [
    line.partition("|")[0].replace("-o -", "-o live.mkv")
    for block in BLOCKS
    for line in block.splitlines()
    if line.startswith("hamaproto ")
]
LOGIN = {"admin": "1234"}


def locked(password: str) -> AbstractContextManager[str]:
    state = CameraState(pictures=Pictures(draw_mosaic), users={"admin": password})
    return running_camera(state)  # type: ignore[return-value]


def test_the_commands_work(tmp_path: Path) -> None:
    state = CameraState(pictures=Pictures(draw_mosaic), users=LOGIN)
    login = next(line for line in BLOCKS[0].splitlines() if line.startswith("export "))
    with running_camera(state) as camera:
        for number, block in enumerate(BLOCKS):
            if lacks(block):
                continue
            result = run_block(f"{login}\n{block}", camera.url, tmp_path / str(number))
            assert result.returncode == 0, result.stderr
    made = {path.name for path in (tmp_path / "0").iterdir()}
    assert made == {"door.jpg", "door.wav", "door.mjpeg", "door.mkv"}


PAGE = b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<html>Please log in</html>"
BAD: dict[str, tuple[int, Callable[[], AbstractContextManager[object]]]] = {
    "nobody answers": (3, lambda: nullcontext("http://127.0.0.1:1")),
    "another password": (4, lambda: locked("4321")),
    "no camera": (6, lambda: scripted(b"SSH-2.0-OpenSSH_9.6\r\n")),
    "a page": (7, lambda: scripted(PAGE)),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_camera_is_told_in_a_line(
    bad: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HAMAPROTO_USER", "admin")
    monkeypatch.setenv("HAMAPROTO_PASSWORD", "1234")
    code, camera = BAD[bad]
    assert len(LINES) >= 6
    with camera() as there:
        url = there if isinstance(there, str) else there.url  # type: ignore[attr-defined]
        for line in LINES:
            words = shlex.split(line.replace("http://192.168.1.20", url), comments=True)
            assert run(words[1:]) == code, line
            said = capsys.readouterr().err.strip().splitlines()
            # Picture and sound have a line each.
            assert len(said) <= 2 if words[1] in ("record", "stream") else len(said) == 1
            assert all("127.0.0.1" in told for told in said)
    assert not list(tmp_path.iterdir())
