"""listen and talk: the frames that are sent, and what FFmpeg decodes of the same."""

from __future__ import annotations

import io
import re
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from answering import scripted
from command_line import (
    decoded_by_ffmpeg,
    simulated,
    speech,
    start,
)

from hamaproto.cli.app import run
from hamaproto.gsm import Encoder
from hamaproto.io.serve import CameraThread


def test_listen_gives_what_ffmpeg_decodes_of_the_same_frames() -> None:
    frames = speech()
    with scripted(b"HTTP/1.1 200 OK\r\nContent-Type: audio/gsm\r\n\r\n" + frames) as url:
        assert run(["listen", url, "-o", "x.wav"]) == 0
        assert run(["listen", url, "-o", "x.gsm"]) == 0
        assert run(["listen", url, "-o", "x.s16"]) == 0
        out, err = start("listen", url, "-o", "-").communicate(timeout=60)
    assert (out, err) == (frames, b"")
    assert Path("x.gsm").read_bytes() == frames
    with wave.open("x.wav") as file:
        assert file.getparams()[:3] == (1, 2, 8000)
        samples = file.readframes(file.getnframes())
    assert samples == decoded_by_ffmpeg(frames) == Path("x.s16").read_bytes()


def test_listen_for_a_while(camera: CameraThread, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["listen", camera.url, "-o", "x.wav", "--seconds", "0.5"]) == 0
    with wave.open("x.wav") as file:
        assert file.getnframes() >= 1600
    assert re.search(r"x\.wav: 0\.\d s of sound", capsys.readouterr().err)


@pytest.mark.parametrize("name", ["x.wav", "x.gsm", "-"])
def test_talk(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = speech(0.3)
    if name == "x.wav":
        samples = np.frombuffer(decoded_by_ffmpeg(frames), np.int16)
        frames = Encoder().encode(samples)
        with wave.open("x.wav", "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(samples.tobytes())
    elif name == "x.gsm":
        Path("x.gsm").write_bytes(frames)
    else:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(frames)))
    with simulated() as camera:
        assert run(["talk", camera.url, name]) == 0
        assert b"".join(camera.state.talk) == frames
