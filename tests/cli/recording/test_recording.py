"""A recording of what arrives: no file before there is something in it, one for each motion."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import av
import pytest
from command_line import (
    ROOT,
    decoded_by_ffmpeg,
    simulated,
    speech,
)
from recorded import pictures_in, sound_in

from hamaproto.cli.output import open_output
from hamaproto.cli.recording import NamedParts, Recording
from hamaproto.cli.recording.naming import Template
from hamaproto.events import Frame
from hamaproto.gsm import Decoder
from hamaproto.wire import MjpegParser


def test_there_is_no_file_before_the_first_picture(images: list[bytes]) -> None:
    with Recording("a.mkv") as recording:
        recording.sound(bytes(320), 1.0)
        recording.picture(b"no JPEG", 1.0)
        assert os.listdir() == []
        recording.picture(images[0], 1.0)
        assert os.listdir() == ["a.mkv"]
    with Recording("b.mkv"):
        pass
    assert os.listdir() == ["a.mkv"]


def test_a_declared_rate_is_the_cameras_own_or_none(images: list[bytes]) -> None:
    for rate in (None, 12):
        name = f"{rate}.mkv"
        with Recording(name, sound=False) as recording:
            recording.expect(rate)
            for number in range(5):
                recording.picture(images[number], 5 + number * 0.4)
        done = subprocess.run(
            ["ffmpeg", "-v", "debug", "-i", name, "-c", "copy", "-f", "null", "-"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert "frame=    5" in done.stderr
        assert ("12 fps" in done.stderr) == (rate == 12)


def test_a_killed_recording_can_be_read() -> None:
    script = f"""
import os, signal, sys
sys.path.insert(0, {str(ROOT)!r})
from hamaproto.camera.state import CameraState
from hamaproto.camera import Pictures
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.cli.recording import Recording
state = CameraState(pictures=Pictures(draw_mosaic))
recording = Recording("a.mkv")
for number in range(40):
    recording.picture(state.picture(number), number / 10)
    recording.sound(bytes(1600), number / 10)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(pictures_in("a.mkv")) >= 25


def test_each_motion_is_a_file(images: list[bytes]) -> None:
    parts = NamedParts(Template("{n}.mkv"))
    with Recording(parts, motion=(1.0, 1.0)) as recording:
        for number in range(60):
            at = 10 + number / 10
            recording.picture(images[number], at, motion="1" if number in (20, 21, 50) else "0")
            for piece in range(5):
                recording.sound(bytes(320), at + piece / 50)
        assert recording.gate is not None
        assert recording.gate.events == 2
    assert [image for image, _ in pictures_in("1.mkv")] == images[10:32]
    assert [image for image, _ in pictures_in("2.mkv")] == images[40:60]
    for name, seconds in (("1.mkv", 2.2), ("2.mkv", 2.0)):
        sound = sound_in(name)
        assert sound[0][1] <= 0.1
        assert sum(len(data) for data, _ in sound) / 16000 == pytest.approx(seconds, abs=0.2)


def draw() -> bytes:
    with simulated() as camera:
        return camera.call(lambda: camera.state.picture(1))


def test_the_recorded_sound_is_that_of_the_frames() -> None:
    """As in `listen`, through a recording; FFmpeg decodes both."""
    from hamaproto.cli.recording import Recording

    frames, decoder = speech(6.0), Decoder()
    parser = MjpegParser()
    parser.receive_data(draw())
    parser.receive_eof()
    image = next(event for event in parser.events() if isinstance(event, Frame))
    count = len(frames) // 33
    with Recording(open_output("x.mkv")) as recording:
        recording.expect(10)
        recording.sound(b"\1\0" * 160, 9.9)  # before the first picture: left out
        for number in range(count // 5 + 20):
            recording.picture(image.data, 10.0 + number / 10)
        for place in range(count):
            # Much of it at once, as a network may bring it.
            at = 9.92 + place * 0.02
            at = at if at < 10.5 else max(at, 12.5)
            samples = decoder.decode(frames[place * 33 : place * 33 + 33]).tobytes()
            recording.sound(samples, at)
        for place in range(100):  # after a loss of 0.4 s
            recording.sound(b"\1\0" * 160, 9.92 + (count + place + 20) * 0.02)
    with av.open("x.mkv") as file:
        assert file.streams.video[0].average_rate == 10
        sounds = [
            (bytes(sound.planes[0])[: sound.samples * 2], sound.time)
            for sound in file.decode(audio=0)
        ]
    written = b"".join(data for data, _ in sounds)
    wanted = decoded_by_ffmpeg(frames)
    # What was made before the first picture is left out, all else is there to the bit.
    begin = wanted.index(written[:1600])
    assert begin < 0.2 * 16000
    assert written.startswith(wanted[begin:])
    # The times are those of the samples, without a hole.
    assert sounds[-1][1] == pytest.approx((len(written) - len(sounds[-1][0])) / 16000, abs=0.002)
    assert sounds[-1][1] == pytest.approx((count + 119) * 0.02 - 0.1, abs=0.1)
