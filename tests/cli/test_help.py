"""The topics are shown, shipped, and true: their commands are run as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hamaproto.camera import CameraState, Pictures
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.cli.app import cli, run
from hamaproto.cli.help import text_of_topic, titles
from hamaproto.io.serve import running_camera

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = [
    (topic, number, block)
    for topic in titles()
    for number, block in enumerate(
        re.findall(r"^```sh\n(.*?)^```$", text_of_topic(topic), re.MULTILINE | re.DOTALL)
    )
]
#: What would take an hour takes a second here; and what plays, plays for a second to nobody.
SHORTER = [
    (r"--seconds \d+", "--seconds 0.6"),
    (r"--reconnect$", "--reconnect --seconds 0.6"),
    (r"-t \d+", "-t 0.6"),
    (r"--every 30s", "--every 0.25s"),
    (r"--before 5s --after 10s", "--before 1s --after 1s"),
    (r"\bmpv\b", "mpv --vo=null --ao=null --length=0.4 --msg-level=all=error"),
    (r"\bvlc\b", "cvlc --play-and-exit --run-time=1 --vout=dummy --aout=dummy"),
]
#: Programs of others; a block that needs one that is not here is left out.
OTHERS = ("ffmpeg", "ffprobe", "mpv", "vlc")
ROOTED = hasattr(os, "geteuid") and os.geteuid() == 0


def test_topics_are_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(titles())
    assert {"recording", "time-lapse", "motion", "ffmpeg", "vlc", "go2rtc"} <= set(titles())
    for topic in titles():
        assert run(["help", topic]) == 0
        assert capsys.readouterr().out == text_of_topic(topic)
    assert run(["help", "no-such"]) == 2
    assert run(["help", "gsm", "no-such"]) == 2
    assert run(["help", "record", "no-such"]) == 2
    assert "no topic 'no-such'; there are " in capsys.readouterr().err


def test_help_of_a_command_is_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    for name in cli.commands:
        assert run(["help", name]) == 0
        first = capsys.readouterr().out
        assert run([name, "--help"]) == 0
        assert capsys.readouterr().out == first


def test_topics_are_shipped() -> None:
    build = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert '"topics/*.md"' in build


def run_block(block: str, url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    for pattern, shorter in SHORTER:
        block = re.sub(pattern, shorter, block, flags=re.MULTILINE)
    folder.mkdir()
    binaries = folder / "bin"
    binaries.mkdir()
    command = binaries / "hamaproto"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m hamaproto "$@"\n')
    command.chmod(0o755)
    return subprocess.run(
        ["bash", "-c", "set -e\n" + block.replace("http://192.168.1.20", url)],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "NETRC": os.devnull,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_command_of_every_topic_works(tmp_path: Path) -> None:
    """All at once, since they mostly wait for pictures."""

    def missing(block: str) -> bool:
        # VLC does not run as root.
        there = {name for name in OTHERS if shutil.which(name)} - ({"vlc"} if ROOTED else set())
        return any(re.search(rf"\b{name}\b", block) and name not in there for name in OTHERS)

    blocks = [row for row in BLOCKS if not missing(row[2])]
    assert len(blocks) >= 8
    state = CameraState(pictures=Pictures(draw_mosaic))
    state.motion = True
    with running_camera(state) as camera, ThreadPoolExecutor(8) as pool:
        done = pool.map(
            lambda row: run_block(row[2], camera.url, tmp_path / f"{row[0]}-{row[1]}"), blocks
        )
        for (topic, number, block), result in zip(blocks, done, strict=True):
            assert result.returncode == 0, f"{topic} {number}\n{block}\n{result.stderr}"
            made = list((tmp_path / f"{topic}-{number}").rglob("*.*"))
            assert all(file.stat().st_size > 100 for file in made), made


def test_help_of_a_command_within_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["help", "gsm", "encode"]) == 0
    said = capsys.readouterr().out
    assert run(["gsm", "encode", "--help"]) == 0
    assert said == capsys.readouterr().out
    assert said.startswith("Usage: hamaproto gsm encode ")
