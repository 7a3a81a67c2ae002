"""simulate: says where it is, ends in peace, and is as bad as it is told to be."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
from command_line import (
    SECRET,
    start,
)

from hamaproto.camera import FAULTS
from hamaproto.cli.app import run
from hamaproto.io.serve import CameraThread


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
