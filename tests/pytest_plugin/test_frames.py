"""`assert_frames` over what clients write: each loss, repetition and delay is told."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hamaproto.camera import CameraState, Pictures
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.errors import LocalProtocolError
from hamaproto.events import Arrival, Frame
from hamaproto.pytest_plugin import assert_frames

STATE = CameraState(pictures=Pictures(draw_mosaic), epoch=1000.0)
PICTURES = [STATE.picture(number) for number in range(8)]


def test_pictures_in_any_bytes() -> None:
    data = b"--x\r\n\r\n" + b"\r\n--x\r\nContent-Type: image/jpeg\r\n\r\n".join(PICTURES) + b"rest"
    for written in (data, bytearray(data), memoryview(data), [data], iter(PICTURES)):
        seen = assert_frames(written, at_least=8)
        assert seen.numbers == list(range(8))
        assert len(seen) == 8
        assert seen.lost == seen.twice == seen.disordered == []


def test_files_and_folders(tmp_path: Path) -> None:
    for number, picture in enumerate(PICTURES):
        file = tmp_path / f"{number:03}.jpg"
        file.write_bytes(picture)
        arrival = 1000 + number / 15 + 0.25
        os.utime(file, (arrival, arrival))
    (tmp_path / "folder").mkdir()
    seen = assert_frames(tmp_path, at_least=8, latency=0.26)
    assert max(seen.latencies) == pytest.approx(0.25, abs=1e-5)
    with pytest.raises(AssertionError, match=r"arrived 0\.250 s behind its time, and 0\.2 s"):
        assert_frames(str(tmp_path), latency=0.2)
    assert assert_frames(tmp_path / "003.jpg").numbers == [3]


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not here")
@pytest.mark.parametrize("name", ["out.mkv", "out.avi", "out.mjpeg"])
def test_containers_that_others_write(tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    words = ["ffmpeg", "-v", "error", "-f", "mjpeg", "-i", "-", "-c", "copy", str(out)]
    subprocess.run(words, input=b"".join(PICTURES), check=True)
    assert assert_frames(out).numbers == list(range(8))


def test_frames_of_a_driver() -> None:
    frames = [
        Frame(picture, received=Arrival(0.0, 1000.5 + number / 15))
        for number, picture in enumerate(PICTURES)
    ]
    assert assert_frames(frames, latency=0.51).latencies == pytest.approx([0.5] * 8)
    frames.append(Frame(PICTURES[7], complete=False))
    with pytest.raises(AssertionError, match="pictures are cut off: 7"):
        assert_frames(frames)


def test_pictures_that_were_decoded() -> None:
    state = CameraState(pictures=Pictures(draw_mosaic), epoch=1000.0, camera_id=3)
    decoded = [Image.open(io.BytesIO(state.picture(number))) for number in range(5)]
    arrays = [np.asarray(picture.convert("RGB")) for picture in decoded]
    times = [1000.2 + number / 15 for number in range(5)]
    assert assert_frames(arrays, at_least=5, times=times, latency=0.21).numbers == list(range(5))
    assert assert_frames(decoded).numbers == list(range(5))
    # The code does not say where the camera looked.
    assert assert_frames(decoded).stamps[1] == (1, round(1000 + 1 / 15, 3), 0.0, 0.0, "")
    with pytest.raises(AssertionError, match="1 of 5 pictures are lost: 2"):
        assert_frames(arrays[:2] + arrays[3:])
    with pytest.raises(AssertionError, match="0 pictures"):
        assert_frames([np.zeros((240, 320))])


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([], "0 pictures of the simulated camera were found, and 1 at least"),
        ([0, 1, 4, 5], "2 of 6 pictures are lost: 2, 3"),
        ([0, 1, 1, 2], "pictures are there more than once: 1"),
        ([0, 2, 1], "pictures are out of order: 1"),
    ],
)
def test_what_is_wrong_is_told(numbers: list[int], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        assert_frames([PICTURES[number] for number in numbers])


def test_what_is_allowed_is_allowed() -> None:
    some = [PICTURES[number] for number in (0, 1, 1, 4)]
    assert_frames(some, lost=2, twice=1)
    with pytest.raises(AssertionError, match="2 of 5"):
        assert_frames(some, lost=1, twice=1)
    with pytest.raises(AssertionError, match="more than once"):
        assert_frames(some, lost=2)


def test_long_lists_are_cut() -> None:
    far = [PICTURES[0], STATE.picture(20)]
    with pytest.raises(AssertionError, match=r"are lost: 1, 2, .*, 10 and 9 more"):
        assert_frames(far)


def test_a_picture_that_is_cut_off() -> None:
    with pytest.raises(AssertionError, match="pictures are cut off: 0"):
        assert_frames([PICTURES[0][:-3], PICTURES[1]])
    with pytest.raises(AssertionError, match="pictures are cut off: 0"):
        assert_frames(PICTURES[0][:500] + PICTURES[1])
    # Where who reads has stopped is no damage.
    assert len(assert_frames(PICTURES[0] + PICTURES[1][:-3])) == 1


def test_times_that_are_given() -> None:
    times = [1000.1 + number / 15 for number in range(8)]
    assert assert_frames(PICTURES, times=times, latency=0.11)
    with pytest.raises(LocalProtocolError, match="7 times for 8 pictures"):
        assert_frames(PICTURES, times=times[1:])
    with pytest.raises(LocalProtocolError, match="nothing says when the pictures arrived"):
        assert_frames(PICTURES, latency=1)


def test_what_is_no_picture() -> None:
    with pytest.raises(LocalProtocolError, match=r"assert_frames\(int\)"):
        assert_frames(3)
    with pytest.raises(AssertionError, match="0 pictures"):
        assert_frames(b"hamaproto {}" * 3)
