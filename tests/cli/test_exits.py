"""One table says which error ends with which code, and the help prints it."""

from __future__ import annotations

import re
import struct
import wave
from pathlib import Path

import av
import pytest
from answering import scripted
from command_line import (
    simulated,
)
from PIL import Image, UnidentifiedImageError

from hamaproto.cli.app import run
from hamaproto.cli.exits import EXITS, exit_code


def test_help_shows_every_exit_code_and_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    said = capsys.readouterr().out
    for row in EXITS:
        assert re.search(rf"^ +{row.code} +{re.escape(row.meaning)}$", said, re.MULTILINE)
    for name in [
        "ask",
        "commands",
        "demo",
        "get",
        "info",
        "listen",
        "record",
        "set",
        "simulate",
        "snapshot",
        "talk",
    ]:
        assert re.search(rf"^  {name} ", said, re.MULTILINE)
    assert run([]) == 0
    assert capsys.readouterr().out == said


def test_the_codes_are_those_that_are_documented() -> None:
    assert [row.code for row in EXITS] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 130]
    for error, code in [
        (ValueError(), 1),
        (OSError(), 2),
        (wave.Error(), 2),
        (av.error.InvalidDataError(1, "x"), 2),
        (UnicodeEncodeError("ascii", "\u00fc", 0, 1, "x"), 2),
        (UnicodeDecodeError("ascii", b"\xff", 0, 1, "x"), 6),
        (struct.error(), 6),
        (UnidentifiedImageError(), 6),
        (Image.DecompressionBombError(), 6),
    ]:
        assert exit_code(error) == code, error


#: Arguments behind the URL, faults of the camera, and the exit code.
ENDS = [
    (["info"], [], 0),
    (["info", "--nonsense"], [], 2),
    (["snapshot"], [], 2),
    (["snapshot", "-o", "no/such/folder/x.jpg"], [], 2),
    (["ask", "no-such-command"], [], 2),
    (["ask", "set-mjpeg-fps", "7"], [], 2),
    (["ask", "set-mjpeg-fps"], [], 2),
    (["ask", "video-stream"], [], 2),
    (["set", "no-equals-sign"], [], 2),
    (["listen", "-o", "x.mp3"], [], 2),
    (["record", "-o", "x.mp4"], [], 2),
    (["talk", "no-such-file.wav"], [], 2),
    (["info", "--timeout", "0.2"], ["mute"], 5),
    (["record", "-o", "x.mkv", "--timeout", "0.2"], ["mute"], 5),
    (["record", "-o", "x.mkv"], ["full"], 7),
    (["listen", "-o", "x.gsm"], ["full"], 7),
    (["snapshot", "-o", "x.jpg", "--without-login", "other.jpg"], [], 7),
    (["get", "Nothing"], [], 7),
    (["get", "Brand", "Nothing"], [], 8),
    (["set", "Image.I0.Stream.FPS=7"], [], 8),
    (["ask", "set-mjpeg-fps", "7", "--unchecked", "--confirm"], [], 8),
    (["record", "-o", "x.mkv", "--timeout", "1"], ["stall"], 8),
    (["record", "-o", "x.mkv", "--no-sound"], ["die"], 8),
    (["listen", "-o", "x.wav"], ["reset"], 8),
    (["record", "-o", "x.mkv", "--no-sound"], ["close"], 0),
]


@pytest.mark.parametrize(("words", "faults", "code"), ENDS, ids=lambda value: str(value)[:60])
def test_exit_codes(
    words: list[str], faults: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with simulated(*faults) as camera:
        assert run([words[0], camera.url, *words[1:]]) == code
    said = capsys.readouterr().err.splitlines()
    assert all(line.startswith("hamaproto: ") for line in said)
    assert bool(said) or code == 0
    if code in (2, 3, 4, 5, 7):
        # One line for one error, but for a recording that tells of both of its streams.
        assert len(said) <= (3 if words[0] in ("record", "listen") else 1)


def test_nobody_there(capsys: pytest.CaptureFixture[str]) -> None:
    with simulated() as camera:
        url = camera.url
    for words in (["info"], ["snapshot", "-o", "-"], ["record", "-o", "x.mkv"], ["talk", "x.gsm"]):
        Path("x.gsm").write_bytes(bytes([0xD0, *bytes(32)]))
        assert run([words[0], url, *words[1:]]) == 3
        assert "can't connect: Connection refused" in capsys.readouterr().err


@pytest.mark.parametrize(
    "answer",
    [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nBr"],
)
def test_broken_answers(answer: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    with scripted(answer) as url:
        assert run(["info", url]) == 6
    assert len(capsys.readouterr().err.splitlines()) == 1
