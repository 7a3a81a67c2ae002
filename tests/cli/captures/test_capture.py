"""`hamaproto capture`, and `inspect` of a URL: from the camera into a file, and out of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import simulated

from hamaproto.cli.app import run
from hamaproto.io.serve import CameraThread


def test_from_the_camera_into_a_file(
    camera: CameraThread, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["capture", camera.url, "-o", "x.pcapng", "--seconds", "0.8", "--sound", "--json"]
    assert run(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert [stream["stream"] for stream in found["streams"]] == ["picture", "sound"]
    frames = found["streams"][0]["frames"]
    assert run(["frames", "x.pcapng"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) >= frames >= 3
    assert [row["time_last"] for row in rows] == sorted(row["time_last"] for row in rows)
    assert run(["stats", "x.pcapng", "--json"]) == 0
    kinds = [stream["kind"] for stream in json.loads(capsys.readouterr().out)["streams"]]
    assert sorted(kinds) == ["pictures", "sound"]


def test_names_and_files_of_the_user(camera: CameraThread) -> None:
    Path("x.pcapng").write_bytes(b"mine")
    assert run(["capture", camera.url, "-o", "x.pcapng"]) == 2
    assert run(["capture", camera.url, "-o", "x.pcap"]) == 2
    assert Path("x.pcapng").read_bytes() == b"mine"
    assert not Path("x.pcap").exists()


def test_what_a_camera_sends_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with simulated("close@3") as camera:
        assert run(["inspect", camera.url, "--seconds", "5"]) == 0
    said = capsys.readouterr()
    assert "GET /mjpg/video.mjpg" in said.out
    assert "3 frames" in said.out
    assert run(["inspect", "http://127.0.0.1:1"]) == 3
