"""A capture as the commands read it: files, pipes, damage, signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import COMMAND, ROOT, start

from hamaproto.cli.app import run
from hamaproto.cli.captures.source import Source


def rows(text: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_file_is_read_once_and_its_code_says_how() -> None:
    for name, code, trouble in (
        ("all.pcap", 0, ""),
        ("cut.pcap", 8, "it ends in the middle of a record"),
        ("damaged.pcap", 8, "the file is damaged here"),
        ("garden.body", 0, ""),
    ):
        with Source(name) as source:
            assert sum(1 for _ in source) > 10
        assert source.code == code
        assert trouble in source.trouble


def test_what_came_before_the_damage_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["frames", "all.pcap"]) == 0
    whole = capsys.readouterr()
    assert whole.err == ""
    assert run(["frames", "damaged.pcap"]) == 8
    damaged = capsys.readouterr()
    assert damaged.out == whole.out
    assert damaged.err.count("\n") == 1
    assert "byte" in damaged.err


def test_standard_input() -> None:
    data = Path("all.pcap").read_bytes()
    done = subprocess.run(
        [*COMMAND, "frames", "-"], input=data, capture_output=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert len(rows(done.stdout)) == 31


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
def test_ctrl_c_gives_what_came_until_then() -> None:
    """While a pipe is silent, before its end."""
    process = start("frames", "-", "-o", "x.jsonl", stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(Path("all.pcap").read_bytes()[:-50_000])
    process.stdin.flush()
    while not Path("x.jsonl").exists() or not Path("x.jsonl").stat().st_size:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 8
    assert b"interrupted" in said
    assert b"Traceback" not in said
    assert len(rows(Path("x.jsonl").read_bytes())) > 5


@pytest.mark.parametrize(("name", "words"), [("empty", "empty"), ("none.pcap", "No such file")])
@pytest.mark.parametrize("command", ["inspect", "frames", "stats"])
def test_nothing_to_read(
    command: str, name: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([command, name]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert words in said.err
    assert name in said.err
