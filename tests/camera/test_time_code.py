"""The time in the sound is found again, by whatever decoder, to 20 milliseconds."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamaproto.camera import CameraState, Pictures, ServerConnection
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.camera.time_code import TimeMark, read_time_code, time_code
from hamaproto.errors import LocalProtocolError
from hamaproto.gsm import Decoder

CLOSE = 0.02


def frames(first: int, seconds: float) -> bytes:
    return b"".join(time_code(number) for number in range(first, first + round(seconds * 50)))


def decoded(first: int, seconds: float) -> Any:
    return Decoder().decode(frames(first, seconds))


def assert_found(marks: list[TimeMark], first: int, seconds: float) -> None:
    """Each second that is whole, where it is: `first` is the frame that the samples begin with."""
    start = first / 50
    whole = [n for n in range(int(start) + 2) if start <= n <= start + seconds - 0.92]
    assert [mark.second for mark in marks][: len(whole)] == [n % 65_536 for n in whole]
    for mark in marks:
        assert abs(mark.at - (mark.second - start)) < CLOSE


@settings(max_examples=15)
@given(st.integers(0, 20 * 50))
def test_every_second_is_found_wherever_the_recording_begins(first: int) -> None:
    marks = read_time_code(decoded(first, 3.0))
    assert len(marks) >= 2
    assert_found(marks, first, 3.0)


@given(st.integers(0, 65_535))
@settings(max_examples=25)
def test_every_number_can_be_told(second: int) -> None:
    (mark,) = read_time_code(decoded(second * 50, 1.0))
    assert mark.second == second
    assert abs(mark.at) < CLOSE


def test_numbers_begin_anew() -> None:
    assert time_code(65_536 * 50 + 7) == time_code(7)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not here")
@pytest.mark.parametrize("rate", [8000, 48_000])
def test_decoded_by_another_program(rate: int) -> None:
    words = ["ffmpeg", "-v", "error", "-f", "gsm", "-i", "-", "-ar", str(rate), "-f", "s16le", "-"]
    done = subprocess.run(words, input=frames(60, 4.0), capture_output=True, check=True)
    marks = read_time_code(np.frombuffer(done.stdout, "<i2"), rate)
    assert_found(marks, 60, 4.0)


def test_in_noise_and_at_another_loudness() -> None:
    samples = decoded(30, 3.0).astype(float)
    noise = np.random.default_rng(1).normal(0, 600, samples.size)
    for heard in (samples + noise, samples * 0.02, samples * 50):
        assert_found(read_time_code(heard), 30, 3.0)


def test_a_gap_shows_as_a_jump() -> None:
    whole = decoded(0, 4.0)
    cut = np.concatenate((whole[:12_000], whole[14_400:]))  # 0.3 s of second 1 are lost
    marks = read_time_code(cut)
    assert [mark.second for mark in marks] == [0, 2, 3]
    assert abs(marks[1].at - 1.7) < CLOSE


@pytest.mark.parametrize(
    "samples",
    [
        [],
        np.zeros(8000),
        np.ones(8000),
        np.random.default_rng(2).normal(0, 5000, 16_000),
        np.sin(np.arange(16_000) * 2 * np.pi * 1600 / 8000) * 9000,
    ],
)
def test_where_there_is_none(samples: Any) -> None:
    assert read_time_code(samples) == []


def test_what_is_no_channel() -> None:
    with pytest.raises(LocalProtocolError, match="one channel"):
        read_time_code(np.zeros((2, 8000)))
    with pytest.raises(LocalProtocolError, match="at 100 a second"):
        read_time_code(np.zeros(8000), 100)


def test_a_camera_that_tells_the_time() -> None:
    state = CameraState(sound=time_code, pictures=Pictures(draw_mosaic))
    connection = ServerConnection(state)
    connection.receive_data(b"GET /camera-cgi/audio/receive.cgi HTTP/1.0\r\n\r\n")
    now, data = 100.26, b""
    while now < 102.5:
        data += connection.data_to_send(now)
        now = connection.next_wakeup(now) or now
    body = data.partition(b"\r\n\r\n")[2]
    marks = read_time_code(Decoder().decode(body[: len(body) // 33 * 33]))
    assert [mark.second for mark in marks] == [101]
    assert abs(marks[0].at - (101 - 100.26)) < CLOSE
