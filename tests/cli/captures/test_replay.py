"""`hamaproto replay`: a camera out of a file."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from pathlib import Path

import pytest
from captured import RECORDING
from command_line import start

from hamaproto.cli.app import run


def url_of(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().decode().strip()


def test_a_client_gets_what_was_captured() -> None:
    process = start("replay", "all.pcap", "--speed", "max", "--once")
    url = url_of(process)
    with urllib.request.urlopen(f"{url}/mjpg/video.mjpg", timeout=10) as response:
        assert response.read() == RECORDING.body
    _, said = process.communicate(timeout=20)
    assert process.returncode == 0
    assert b"1 answers played" in said


@pytest.mark.parametrize("speed", ["0", "-1", "fast", "nan"])
def test_a_speed_is_a_number_or_max(speed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", "all.pcap", "--speed", speed]) == 2
    assert "such as 4 or 0.5, or max" in capsys.readouterr().err


def test_nothing_to_play(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", "empty"]) == 2
    assert "no answer is in it" in capsys.readouterr().err.splitlines()[-1]


def test_as_data_and_damage() -> None:
    process = start("replay", "damaged.pcap", "--speed", "max", "--once", "--json")
    assert process.stdout is not None
    found = json.loads(process.stdout.readline())
    assert found["answers"] == 3
    with urllib.request.urlopen(f"{found['url']}/mjpg/video.mjpg", timeout=10) as response:
        assert response.read() == RECORDING.body
    _, said = process.communicate(timeout=20)
    assert process.returncode == 8
    assert b"damaged here" in said
    assert Path("damaged.pcap").exists()
