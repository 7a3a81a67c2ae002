"""--json of the commands that write files: what came of it, as data on standard output."""

from __future__ import annotations

import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hamaproto.camera import FAULTS, CameraState, Faults, Pictures
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.cli.app import cli, run
from hamaproto.gsm import Encoder
from hamaproto.io.serve import CameraThread, running_camera


@pytest.fixture(scope="module")
def camera() -> Iterator[CameraThread]:
    with running_camera(CameraState(pictures=Pictures(draw_mosaic))) as running:
        yield running


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)


def told(capsys: pytest.CaptureFixture[str], words: list[str], code: int = 0) -> Any:
    assert run([*words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_streams(camera: CameraThread, capsys: pytest.CaptureFixture[str]) -> None:
    url = ["--seconds", "0.4", camera.url]
    found = told(capsys, ["record", *url, "-o", "x.mkv"])
    assert found["code"] == 0
    assert (found["files"], found["first"], found["last"]) == (1, "x.mkv", "x.mkv")
    picture, sound = found["streams"]
    assert picture["frames"] == found["pictures"] >= 3
    assert (picture["stream"], picture["missing"], sound["stream"]) == ("picture", [], "sound")
    found = told(capsys, ["stream", *url, "-o", "x.mjpeg"])
    assert found["streams"][0]["bytes"] >= Path("x.mjpeg").stat().st_size
    assert told(capsys, ["stream", *url, "-o", "y.mkv"])["files"] == 1
    assert told(capsys, ["listen", *url, "-o", "x.wav"])["file"] == "x.wav"
    lapse = ["record", *url, "-o", "{n}.jpg", "--every", "0.2s"]
    assert told(capsys, lapse)["pictures"] >= 2


def test_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    state = CameraState(faults=Faults("die@3"), pictures=Pictures(draw_mosaic))
    with running_camera(state) as camera:
        found = told(capsys, ["stream", camera.url, "-o", "x.mjpeg"], 8)
    assert found["code"] == 8
    assert "the connection ended" in found["streams"][0]["error"]
    assert found["streams"][0]["missing"] == ["1 of 4 are cut off"]


def test_files_and_lists(camera: CameraThread, capsys: pytest.CaptureFixture[str]) -> None:
    tone = np.tile(np.array([0, 9000, 0, -9000], np.int16).repeat(8), 25)
    Path("x.gsm").write_bytes(Encoder().encode(tone))
    assert told(capsys, ["talk", camera.url, "x.gsm"]) == {"code": 0, "lost": None, "seconds": 0.1}
    assert told(capsys, ["gsm", "decode", "x.gsm", "x.wav"])["file"] == "x.wav"
    with wave.open("x.wav") as file:
        assert file.getnframes() == 800
    assert told(capsys, ["gsm", "encode", "x.wav", "y.gsm"])["lost"] is None
    assert list(told(capsys, ["simulate", "--list-faults"])) == list(FAULTS)
    assert told(capsys, ["snapshot", camera.url, "-o", "x.jpg"])["width"] == 640
    found = told(capsys, ["demo", "--seconds", "0.5", "--output", "here"])
    assert found["code"] == 0
    assert len(found["asked"]) > 36
    assert found["files"].keys() >= {"here/snapshot.jpg", "here/recording.mkv"}


def test_data_and_standard_output_do_not_mix(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ("record http://x", "stream http://x", "listen http://x", "snapshot http://x"):
        assert run([*words.split(), "-o", "-", "--json"]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


#: What these write is data already, a page to look at, or text.
WITHOUT_JSON = {"frames", "archive", "report", "dissector", "help"}


def test_every_command_gives_data() -> None:
    for name, command in cli.commands.items():
        below = getattr(command, "commands", {name: command})
        for one in below.values():
            options = {option for param in one.params for option in param.opts}
            assert ("--json" in options) is (name not in WITHOUT_JSON), one.name
