"""Samples that are stretched and placed, judged by their frequency and by their number."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from hamaproto.gsm.tables import SAMPLE_RATE
from hamaproto.soundtrack import Soundtrack, stretched
from hamaproto.timing import Timeline


def tone(hertz: float, seconds: float, loudness: float = 9000.0) -> NDArray[np.int16]:
    at = np.arange(round(seconds * SAMPLE_RATE))
    return np.rint(loudness * np.sin(2 * np.pi * hertz / SAMPLE_RATE * at)).astype(np.int16)


def heard(samples: NDArray[np.int16]) -> float:
    """The loudest frequency."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum)) * SAMPLE_RATE / len(samples)


@pytest.mark.parametrize("step", [0.97, 0.99, 1.01, 1.03])
@pytest.mark.parametrize("phase", [0.0, 0.4, 0.9])
def test_a_stretched_piece_is_the_same_sound(step: float, phase: float) -> None:
    place = phase + np.arange(150) * step
    there = np.sin(2 * np.pi * 440 / SAMPLE_RATE * (place + 1)) * 9000
    made = stretched(tone(440, 0.021), 150, phase, step)
    assert np.abs(made - there).max() < 30
    assert made.dtype == np.int16


def test_what_needs_no_change_has_none() -> None:
    piece = tone(440, 0.02)
    assert np.array_equal(stretched(piece, 157, 0.0, 1.0), piece[1:158])
    assert len(stretched(piece, 0, 0.5, 1.01)) == 0
    full = np.array([-32768, 32767] * 80, np.int16)
    assert np.abs(stretched(full, 150, 0.5, 1.01).astype(int)).max() <= 32768


def written(
    sound: NDArray[np.int16], clock: float, lost: tuple[int, int] = (0, 0)
) -> list[tuple[int, NDArray[np.int16]]]:
    track = Soundtrack(Timeline())
    pieces = []
    for number in range(len(sound) // 160):
        if not lost[0] <= number < lost[1]:
            piece = sound[number * 160 : number * 160 + 160]
            pieces.append(track.place(piece, 100 + (number + 1) * 0.02 / clock))
    end = pieces[0][0]
    for start, samples in pieces:
        assert start == end
        end = start + len(samples)
    return pieces


@pytest.mark.parametrize("clock", [0.99, 1.0, 1.01])
def test_a_wrong_clock_is_made_right(clock: float) -> None:
    """What a camera says is 600 Hz is that, at the rate of its clock."""
    pieces = written(tone(600, 8), clock)
    sound = np.concatenate([samples for _, samples in pieces])
    assert len(sound) / SAMPLE_RATE == pytest.approx(8 / clock, abs=0.03)
    assert heard(sound[-4 * SAMPLE_RATE :]) == pytest.approx(600 * clock, abs=1)
    # Nothing but that tone: what the interpolation adds is 40 dB below it.
    spectrum = np.abs(np.fft.rfft(sound[-4 * SAMPLE_RATE :] * np.blackman(4 * SAMPLE_RATE)))
    near = round(600 * clock * 4)
    spectrum[near - 60 : near + 60] = 0
    assert spectrum.max() < 9000 / 100 * 4 * SAMPLE_RATE * 0.42 / 2


def test_lost_sound_becomes_silence_without_a_click() -> None:
    sound = tone(300, 8)
    pieces = written(sound, 1.0, lost=(200, 220))
    whole = np.concatenate([samples for _, samples in pieces])
    assert len(whole) == pytest.approx(len(sound), abs=0.03 * SAMPLE_RATE)
    silent = np.flatnonzero(np.convolve(whole == 0, np.ones(400), "same") == 400)
    assert 0.25 * SAMPLE_RATE < len(silent) < 0.45 * SAMPLE_RATE
    behind = silent[-1] + 201
    # The tone rises by 2000 a sample where it is steepest; it comes in slowly.
    assert np.abs(np.diff(whole[behind - 5 : behind + 8].astype(int))).max() < 600


def test_a_long_pause_is_a_jump() -> None:
    track = Soundtrack(Timeline())
    start, samples = track.place(tone(300, 0.02), 100.0)
    track._timeline.sound_lost()
    after, more = track.place(tone(300, 0.02), 3700.0)
    assert after / SAMPLE_RATE == pytest.approx(3700, abs=0.1)
    assert len(samples) == len(more) == 160
    assert start < after


def test_no_samples_are_no_trouble() -> None:
    track = Soundtrack(Timeline())
    start, samples = track.place(np.zeros(0, np.int16), 5.0)
    assert len(samples) == 0
    assert track.place(np.zeros(160, np.int16), 5.02)[0] == pytest.approx(start, abs=200)
