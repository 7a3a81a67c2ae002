"""The command line in a process of its own, cameras for it, and what its files hold."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np

from hamaproto.camera import CameraState, Faults, Pictures
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.gsm import Encoder
from hamaproto.io.serve import CameraThread, running_camera

ROOT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-c", "from hamaproto.cli import main; main()"]
SECRET = "s3cret-pw"


@contextlib.contextmanager
def simulated(*faults: str, **options: Any) -> Iterator[CameraThread]:
    state = CameraState(faults=Faults(*faults), pictures=Pictures(draw_mosaic), **options)
    with running_camera(state) as camera:
        yield camera


def start(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, *arguments],
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def pictures_of(path: str | Path) -> list[tuple[bytes, float]]:
    """The packets of a recording as they lie in it, with their times; by FFmpeg."""
    with av.open(str(path)) as file:
        return [
            (bytes(packet), float(packet.pts * packet.time_base))
            for packet in file.demux(video=0)
            if packet.size
        ]


def speech(seconds: float = 0.5) -> bytes:
    """GSM frames of something with a voice's range."""
    time_of = np.arange(int(seconds * 50) * 160) / 8000
    tone = np.sin(2 * np.pi * 300 * time_of) * 9000 + np.sin(2 * np.pi * 1700 * time_of) * 4000
    return Encoder().encode(tone.astype(np.int16))


def decoded_by_ffmpeg(frames: bytes) -> bytes:
    decoder: Any = av.CodecContext.create("gsm", "r")
    decoder.sample_rate = 8000
    decoder.layout = "mono"
    return b"".join(
        bytes(sound.planes[0])[: sound.samples * 2]
        for start in range(0, len(frames), 33)
        for sound in decoder.decode(av.Packet(frames[start : start + 33]))
    )
