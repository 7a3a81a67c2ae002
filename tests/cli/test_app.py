"""How commands end when something went wrong that nobody foresaw: one line, one code."""

from __future__ import annotations

import errno
import struct
import subprocess
import sys
import wave
from pathlib import Path

import av
import click
import pytest
from PIL import Image, UnidentifiedImageError

from hamaproto.cli import app
from hamaproto.cli.app import run
from hamaproto.cli.verbose import give_options
from hamaproto.errors import HamaError, RemoteProtocolError

ACTS = "\x1b]0;x\x07\u202e"


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "x.mkv"), 2, "x.mkv: No space left"),
        (OSError("odd"), 2, "odd"),
        (av.error.InvalidDataError(1, "Invalid data", "x.mp4"), 2, "Invalid data"),
        (av.error.PyAVCallbackError(1, "callback"), 2, "callback"),
        (wave.Error("not a WAVE file"), 2, "not a WAVE file"),
        (UnicodeEncodeError("utf-8", "\udc80", 0, 1, "no surrogates"), 2, "no surrogates"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid byte"), 6, "invalid byte"),
        (struct.error("unpack requires 4 bytes"), 6, "unpack requires"),
        (EOFError(), 6, "EOFError"),
        (UnidentifiedImageError("cannot identify"), 6, "cannot identify"),
        (Image.DecompressionBombError("bomb"), 6, "bomb"),
        (RemoteProtocolError(ACTS), 6, r"\x1b]0;x\x07\u202e"),
        (HamaError(ACTS), 1, r"\x1b]0;x\x07\u202e"),
        (
            ValueError(f"a\nb{ACTS}"),
            1,
            r"ValueError: a\nb\x1b]0;x\x07\u202e; --traceback shows where",
        ),
        (KeyError("k"), 1, "KeyError: 'k'"),
        (MemoryError(), 1, "MemoryError"),
        (RecursionError("maximum depth"), 1, "RecursionError"),
        (ExceptionGroup("several", [ValueError("x")]), 1, "ExceptionGroup: several"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_error_is_one_line_and_one_code(
    error: Exception,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    @click.command()
    def broken() -> None:
        raise error

    give_options(broken)
    monkeypatch.setitem(app.cli.commands, "broken", broken)
    assert run(["broken"]) == code
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    for words in (["broken", "--traceback"], ["--traceback", "broken"], ["broken", "-vv"]):
        assert run(words) == code
        shown = capsys.readouterr().err
        assert "Traceback (most recent call last)" in shown
        assert "raise error" in shown
        assert "\x1b" not in shown
        assert all(line.startswith("hamaproto: ") for line in shown.splitlines())


def test_the_package_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hamaproto", "--version"],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout.startswith("hamaproto ")


@pytest.mark.parametrize(
    "url", ["", "http://", "ftp://x", "http://a:99999", "http://a b", "\x1b[2J"]
)
def test_what_is_no_url_is_told(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info", url]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("hamaproto: URL: ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's full device")
@pytest.mark.parametrize("words", [["--help"], ["commands"], ["help"]])
def test_a_full_disk_behind_standard_output_is_named(words: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "hamaproto", *words],
            cwd=Path(__file__).resolve().parents[2],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == b"hamaproto: standard output: No space left on device\n"


def test_an_empty_name_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["stream", "127.0.0.1:9", "-o", ""]) == 2
    assert "the name of the output is empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value"), [("--seconds", "nan"), ("--timeout", "NaN"), ("--timeout", "inf")]
)
def test_what_is_no_time_is_told(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["record", "127.0.0.1:9", "-o", "x.mkv", option, value]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"hamaproto: Invalid value for '{option}': ")
