"""Which sound a camera sends: GSM comes as it always did, and G.711 is never taken for it."""

from __future__ import annotations

import random

import av
import numpy as np
import pytest

from fixtures.vectors import vectors
from hamaproto.errors import LocalProtocolError
from hamaproto.events import Anomaly, AnomalyCode, AudioFrame, EndOfStream, G711Frame, Skipped
from hamaproto.gsm import GsmFrameParser
from hamaproto.gsm.other import SoundParser

SPEECH = next(vector for vector in vectors() if vector.name == "speech_espeak")
PCM = np.frombuffer(SPEECH.source or b"", "<i2")[:40_000]
LAWS = {"A-law": "pcm_alaw", "mu-law": "pcm_mulaw"}


def by_ffmpeg(pcm: np.ndarray, law: str) -> bytes:
    codec = av.CodecContext.create(LAWS[law], "w")
    codec.sample_rate, codec.layout, codec.format = 8000, "mono", "s16"  # type: ignore[attr-defined]
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(pcm, "<i2").reshape(1, -1), format="s16", layout="mono"
    )
    frame.sample_rate = 8000
    return b"".join(bytes(packet) for packet in codec.encode(frame))  # type: ignore[attr-defined]


def events(data: bytes, cuts: list[int], content_type: str | None = None) -> list[object]:
    parser = SoundParser(content_type)
    found: list[object] = []
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        parser.receive_data(data[start:end])
        found += parser.events()
    parser.receive_eof()
    return found + list(parser.events())


def sound_of(found: list[object], kind: type) -> bytes:
    return b"".join(event.data for event in found if type(event) is kind)  # type: ignore[attr-defined]


@pytest.mark.parametrize("content_type", [None, "audio/basic"])
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("start", [0, 777, 12_345])
def test_g711_is_known_by_its_bytes(law: str, start: int, content_type: str | None) -> None:
    data = by_ffmpeg(PCM[start:], law)
    found = events(data, list(range(500, len(data), 500)), content_type)
    told = next(event for event in found if isinstance(event, Anomaly) and event.detail == law)
    assert told.code is AnomalyCode.OTHER_SOUND
    # Within a second, and what was taken for GSM before is a frame or two at most.
    assert told.offset <= 66
    whole = sound_of(found, G711Frame)
    assert data[told.offset :].startswith(whole)
    assert len(whole) > len(data) - 66 - 160
    assert isinstance(found[-1], EndOfStream)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("loudness", [0, 3, 30])
def test_the_silence_of_g711_is_silence(law: str, loudness: int) -> None:
    noise = np.random.default_rng(1).normal(0, max(loudness, 0.01), 8000).astype("<i2")
    found = events(by_ffmpeg(noise, law), [])
    assert not sound_of(found, AudioFrame)
    assert len(sound_of(found, G711Frame)) == 8000


@pytest.mark.parametrize("law", LAWS)
def test_decoded_as_ffmpeg_decodes_it(law: str) -> None:
    from hamaproto.gsm.g711 import decode

    codes = bytes(range(256))
    codec = av.CodecContext.create(LAWS[law], "r")
    codec.sample_rate, codec.layout = 8000, "mono"  # type: ignore[attr-defined]
    [frame] = codec.decode(av.Packet(codes))  # type: ignore[attr-defined]
    assert np.array_equal(decode(codes, law), frame.to_ndarray()[0])


@pytest.mark.parametrize(
    ("content_type", "law"),
    [("audio/x-alaw", "A-law"), ("audio/PCMU;rate=8000", "mu-law"), ("audio/G711-ulaw", "mu-law")],
)
def test_a_type_tells_where_bytes_do_not(content_type: str, law: str) -> None:
    loud = np.random.default_rng(2).normal(0, 9000, 8000).astype("<i2")
    found = events(by_ffmpeg(loud, law), [], content_type)
    assert len(sound_of(found, G711Frame)) > 7800
    # A type that is wrong does no harm.
    assert sound_of(events(SPEECH.frames, [], content_type), AudioFrame) == SPEECH.frames


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector.name)
def test_gsm_is_what_it_was(vector: object) -> None:
    frames = vector.frames[: 33 * 400]  # type: ignore[attr-defined]
    for data in (frames, frames[20:], b"\0" * 7 + frames, frames[:99] + b"\1" * 5 + frames[99:]):
        plain = GsmFrameParser()
        plain.receive_data(data)
        plain.receive_eof()
        assert events(data, []) == list(plain.events())


def test_frames_are_not_held() -> None:
    parser = SoundParser("audio/gsm")
    for place in range(0, 33 * 60, 33):
        parser.receive_data(SPEECH.frames[place : place + 33])
        assert [type(event) for event in parser.events()] == [AudioFrame]


def test_the_events_do_not_depend_on_the_cuts() -> None:
    chance = random.Random(3)
    quiet = by_ffmpeg(np.zeros(3000), "A-law")
    for data in (
        SPEECH.frames[:6600],
        SPEECH.frames[11:6600],
        by_ffmpeg(PCM[:6000], "A-law"),
        by_ffmpeg(PCM[3000:9000], "mu-law"),
        quiet + SPEECH.frames[:3300],
        SPEECH.frames[:660] + quiet,
        chance.randbytes(6000),
        b"\xd5" * 300,
        b"",
    ):
        whole = events(data, [])
        accounted = sum(
            event.length if isinstance(event, Skipped) else len(event.data)
            for event in whole
            if isinstance(event, Skipped | AudioFrame)
        )
        assert accounted == len(data)
        for count in (1, 3, 40):
            cuts = sorted(chance.randrange(len(data) + 1) for _ in range(count))
            assert events(data, cuts) == whole
        assert events(data, list(range(len(data)))) == whole


def test_the_contract_behind_the_end() -> None:
    for data in (b"\xd5" * 2000, SPEECH.frames[:330]):
        parser = SoundParser()
        parser.receive_data(data)
        parser.receive_eof()
        list(parser.events())
        with pytest.raises(LocalProtocolError, match="over"):
            parser.receive_data(b"x")
        assert isinstance(parser.next_event(), EndOfStream)
