"""simulate: says where it is, ends in peace, and is as bad as it is told to be."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import sys
from pathlib import Path

import pytest
import requests
from command_line import (
    SECRET,
    start,
)
from PIL import Image

from hamaproto.camera import FAULTS, PROFILES, read_code
from hamaproto.cli.app import run
from hamaproto.io.serve import CameraThread
from hamaproto.pytest_plugin import assert_frames


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_simulate_says_where_it_is_and_ends_in_peace(name: str) -> None:
    words = ["--user", "admin", "--password", SECRET, "--fault", "lf", "--fault", "die@2"]
    process = start("simulate", *words)
    assert process.stdout is not None
    url = process.stdout.readline().decode().strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
    assert run(["get", url, "Brand"]) == 4
    Path("netrc").write_text(f"machine 127.0.0.1 login admin password {SECRET}\n")
    os.environ["NETRC"] = "netrc"  # put back by the fixture's monkeypatch
    assert run(["get", url, "Brand"]) == 0
    process.send_signal(getattr(signal, name))
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, b"")
    assert err.count(b"\n") == 1
    assert SECRET.encode() not in err


def test_simulate_lists_its_faults(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", "--list-faults"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(FAULTS)


def test_simulate_on_a_port_that_is_taken(
    camera: CameraThread, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["simulate", "--port", camera.url.rpartition(":")[2]]) == 2
    assert "in use" in capsys.readouterr().err
    assert run(["simulate", "--fault", "no-such"]) == 2
    assert "no fault is named 'no-such'" in capsys.readouterr().err


def test_profiles_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", "--list-profiles"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(PROFILES)
    assert run(["simulate", "--list-profiles", "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)) == list(PROFILES)


@pytest.mark.parametrize("as_json", [False, True])
def test_simulate_is_controlled_and_has_a_schedule(as_json: bool) -> None:
    Path("bad.txt").write_text("at 0s: fault\n".replace("fault", "lf"))
    words = ["--control", "127.0.0.1:0", "--schedule", "bad.txt", "--profile", "spec"]
    process = start("simulate", *words, "--allow-host", "camera.test", *["--json"] * as_json)
    assert process.stdout is not None
    first = process.stdout.readline().decode()
    if as_json:
        told = json.loads(first)
        camera, control = told["url"], told["control"]
    else:
        camera, control = first.strip(), process.stdout.readline().decode().strip()
    state = requests.get(f"{control}/state", headers={"Host": "camera.test"}, timeout=20).json()
    assert (state["url"], state["profile"], state["faults"]) == (camera, "spec", ["lf"])
    assert requests.post(f"{control}/reboot", json={"seconds": 100}, timeout=20).ok
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err.count(b"\n")) == (0, 1)


def test_many_cameras_have_a_line_each(tmp_path: Path) -> None:
    process = start("simulate", "--cameras", "12", "--camera-id", "5", "--rush", "--time-code")
    assert process.stdout is not None
    urls = [process.stdout.readline().decode().strip() for _ in range(12)]
    assert len(set(urls)) == 12
    for number in (0, 11):
        stream = requests.get(f"{urls[number]}/mjpg/video.mjpg", stream=True, timeout=20)
        data = b""
        for chunk in stream.iter_content(65536):
            data += chunk
            if len(data) > 1_000_000:
                break
        stream.close()
        image = data[data.index(b"\xff\xd8") :]
        code = read_code(Image.open(io.BytesIO(image)))
        assert code is not None
        assert code.camera == 5 + number
        assert_frames(data, at_least=10)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert b"12 simulated cameras" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--cameras", "2", "--control", "127.0.0.1:0"], "--control is for one camera"),
        (["--cameras", "2", "--port", "65535"], "there are not so many ports from 65535 on"),
        (["--cameras", "2", "--neighbours"], "--neighbours is for one camera"),
        (["--cameras", "0"], "0 is not in the range"),
        (["--control", "8081"], "an address and a port are needed, as in 127.0.0.1:8081"),
        (["--control", "127.0.0.1:99999"], "an address and a port are needed"),
        (["--allow-host", "camera.test"], "--control beside it"),
        (["--control", "[::1]:0", "--allow-host", "a b"], "--allow-host 'a b': a name is needed"),
        (["--schedule", "no-such"], "does not exist"),
        (["--schedule", "bad.txt"], "line 1 of the schedule: 'at 5'"),
        (["--schedule", "binary"], "a schedule is text in UTF-8"),
        (["--profile", "x"], "'x' is not one of 'spec'"),
    ],
)
def test_what_makes_no_sense_is_told_in_a_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("bad.txt").write_text("at 5")
    Path("binary").write_bytes(b"\xff\xfe")
    assert run(["simulate", *words]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err


def test_control_without_aiohttp_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.delitem(sys.modules, "hamaproto.io.control_http", raising=False)
    assert run(["simulate", "--control", "127.0.0.1:0"]) == 2
    assert "--control needs aiohttp: pip install 'hamaproto[serve]'" in capsys.readouterr().err
