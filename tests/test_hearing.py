"""Sound of either kind as samples and as frames, and the commands that hear it."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from fixtures.vectors import vectors
from hamaproto.cli.app import run
from hamaproto.events import AudioFrame, G711Frame
from hamaproto.gsm import Decoder
from hamaproto.hearing import Hearing

SPEECH = next(vector for vector in vectors() if vector.name == "speech_espeak")
FRAMES = [SPEECH.frames[at : at + 33] for at in range(0, 33 * 50, 33)]


def test_gsm_is_decoded_and_kept() -> None:
    hearing = Hearing()
    samples = b"".join(hearing.samples(AudioFrame(frame)) for frame in FRAMES)
    assert samples == Decoder(on_bad_frame="conceal").decode(b"".join(FRAMES)).tobytes()
    assert b"".join(Hearing().gsm(AudioFrame(frame)) for frame in FRAMES) == b"".join(FRAMES)


@pytest.mark.parametrize("law", ["A-law", "mu-law"])
def test_g711_becomes_samples_and_gsm(law: str) -> None:
    # Two codes of the same loudness and opposite signs: a square of 400 Hz.
    data = (b"\xaa" * 10 + b"\x2a" * 10) * 8
    hearing = Hearing()
    samples = np.frombuffer(hearing.samples(G711Frame(data, law=law)), np.int16)
    assert len(samples) == 160
    assert np.array_equal(samples[:10], -samples[10:20])
    frames = b"".join(hearing.gsm(G711Frame(data, law=law)) for _ in range(10))
    heard = Decoder().decode(frames)[800:].astype(float)
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    assert np.argmax(spectrum) * 8000 / len(heard) == pytest.approx(400, abs=10)


def test_listening_to_a_law(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from answering import scripted

    monkeypatch.chdir(tmp_path)
    head = b"HTTP/1.0 200 OK\r\nContent-Type: audio/basic\r\n\r\n"
    with scripted(head + b"\xd5" * 16_000) as url:
        assert run(["listen", url, "-o", "a.wav"]) == 8
    assert "the camera sends A-law (G.711) and no GSM" in capsys.readouterr().err
    with wave.open("a.wav") as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert len(sound) == 16_000
    assert np.abs(sound).max() < 20
