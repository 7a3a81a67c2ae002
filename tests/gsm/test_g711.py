"""The two laws of G.711, against FFmpeg's, and what is told from the bytes alone."""

from __future__ import annotations

import av
import numpy as np
import pytest

from fixtures.vectors import vectors
from hamaproto.gsm import g711
from hamaproto.gsm.g711 import (
    ENOUGH_BYTES,
    declared_law,
    decode,
    is_quiet_alaw,
    law_of,
    linear_alaw,
    linear_mulaw,
)

LAWS = {"A-law": "pcm_alaw", "mu-law": "pcm_mulaw"}
SPEECH = next(vector for vector in vectors() if vector.name == "speech_espeak")
PCM = np.frombuffer(SPEECH.source or b"", "<i2")


def encoded(pcm: np.ndarray, law: str) -> bytes:
    codec = av.CodecContext.create(LAWS[law], "w")
    codec.sample_rate, codec.layout, codec.format = 8000, "mono", "s16"  # type: ignore[attr-defined]
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(pcm, "<i2").reshape(1, -1), format="s16", layout="mono"
    )
    frame.sample_rate = 8000
    return b"".join(bytes(packet) for packet in codec.encode(frame))  # type: ignore[attr-defined]


@pytest.mark.parametrize("law", LAWS)
def test_every_code_is_decoded_as_ffmpeg_does(law: str) -> None:
    codec = av.CodecContext.create(LAWS[law], "r")
    codec.sample_rate, codec.layout = 8000, "mono"  # type: ignore[attr-defined]
    [frame] = codec.decode(av.Packet(bytes(range(256))))  # type: ignore[attr-defined]
    want = frame.to_ndarray()[0]
    assert np.array_equal(decode(bytes(range(256)), law), want)
    assert decode(b"ab", law).dtype == np.int16
    one = linear_alaw if law == "A-law" else linear_mulaw
    assert [one(code) for code in range(256)] == want.tolist()


def test_numpy_is_imported_by_who_decodes() -> None:
    assert not hasattr(g711, "np")


@pytest.mark.parametrize(
    ("content_type", "law"),
    [
        ("audio/x-alaw", "A-law"),
        ("audio/A-LAW;rate=8000", "A-law"),
        ("audio/PCMA", "A-law"),
        ("audio/ulaw", "mu-law"),
        ("audio/x-mu-law", "mu-law"),
        ("audio/PCMU", "mu-law"),
        # RFC 2046 4.3 means mu-law, and this family means GSM.
        ("audio/basic", None),
        ("audio/gsm", None),
        ("", None),
    ],
)
def test_a_type_may_name_a_law(content_type: str, law: str | None) -> None:
    assert declared_law(content_type) == law


@pytest.mark.parametrize("law", LAWS)
def test_a_tenth_of_a_second_of_speech_tells_its_law(law: str) -> None:
    """Also where it is quiet, and never the other law."""
    data = encoded(PCM, law)
    told = [law_of(data[at : at + ENOUGH_BYTES]) for at in range(0, len(data), ENOUGH_BYTES)]
    assert ENOUGH_BYTES == 800
    assert told.count(law) > 0.8 * len(told)
    assert set(told) <= {law, None}


@pytest.mark.parametrize("vector", [v for v in vectors() if v.source], ids=repr)
def test_frames_of_gsm_are_of_no_law(vector: object) -> None:
    frames = vector.frames  # type: ignore[attr-defined]
    for at in range(0, len(frames) - 800, 800):
        assert law_of(frames[at : at + 800]) is None
        assert not is_quiet_alaw(frames[at : at + 800])


@pytest.mark.parametrize("law", LAWS)
def test_a_tone_is_foretold_and_noise_is_not(law: str) -> None:
    at = np.arange(800)
    tone = np.rint(9000 * np.sin(2 * np.pi * 440 / 8000 * at))
    assert law_of(encoded(tone, law)) == law
    noise = np.random.default_rng(1).normal(0, 9000, 800)
    assert law_of(encoded(noise, law)) is None


@pytest.mark.parametrize(
    ("codes", "law"),
    [
        (b"", None),
        (b"\xd5", None),
        (b"\xd5\xd5", "A-law"),  # 8 and 8
        (b"\xff\xff", "mu-law"),  # 0 and 0
        (b"\xd4" * 9, "A-law"),  # 24: as loud as the silence of a camera may be
        (b"\xd7" * 9, None),  # 40, one byte over and over: it may be anything
        (b"\x7f\xff" * 9, "mu-law"),
        (b"\x00" * 800, None),
    ],
)
def test_silence(codes: bytes, law: str | None) -> None:
    assert law_of(codes) == law


def test_quiet_is_a_mean_of_300() -> None:
    # 0xC0 is 344 in A-law, 0xD5 is 8 (G.711 table 1a).
    assert (linear_alaw(0xC0), linear_alaw(0xD5)) == (344, 8)
    for loud in range(60, 101):
        data = b"\xc0" * loud + b"\xd5" * (100 - loud)
        assert is_quiet_alaw(data) == (344 * loud + 8 * (100 - loud) <= 300 * 100)
    # 300 itself is quiet: 344, 344, ... and 8 in these shares.
    assert is_quiet_alaw(b"\xc0" * 73 + b"\xd5" * 11)
    assert 344 * 73 + 8 * 11 == 300 * 84
    assert is_quiet_alaw(b"")
