"""Which sound a camera sends: GSM comes as it always did, and G.711 is never taken for it."""

from __future__ import annotations

import random

import av
import numpy as np
import pytest

from fixtures.vectors import vectors
from hamaproto.errors import LimitExceededError, LocalProtocolError
from hamaproto.events import Anomaly, AnomalyCode, AudioFrame, EndOfStream, G711Frame, Skipped
from hamaproto.gsm import GsmFrameParser
from hamaproto.gsm.g711 import law_of
from hamaproto.gsm.other import SoundParser
from hamaproto.limits import Limits

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


QUIET = b"\xd5" * 33


@pytest.mark.parametrize(("before", "held"), [(0, True), (23, True), (24, False), (60, False)])
def test_silence_of_alaw_is_held_until_a_piece_is_there(before: int, held: bool) -> None:
    parser = SoundParser()
    parser.receive_data(SPEECH.frames[: 33 * before] + QUIET)
    frames = [event for event in parser.events() if isinstance(event, AudioFrame)]
    assert len(frames) == before + (not held)


@pytest.mark.parametrize(("before", "held"), [(0, True), (3, True), (4, False), (9, False)])
def test_behind_4_frames_a_step_that_is_lost_is_damage(before: int, held: bool) -> None:
    parser = SoundParser()
    parser.receive_data(SPEECH.frames[: 33 * before] + b"\x00" * 40)
    told = [event for event in parser.events() if isinstance(event, Anomaly)]
    assert [event.code for event in told] == [AnomalyCode.LOST_SYNC] * (not held)


@pytest.mark.parametrize(("frames", "law"), [(12, None), (13, None), (11, "mu-law")])
def test_12_frames_in_a_row_are_gsm_whatever_the_type_says(frames: int, law: str | None) -> None:
    # Silence of mu-law, and frames up to the end of the piece: 800 bytes.
    data = SPEECH.frames[33 * 60 : 33 * (60 + frames)].rjust(800, b"\xff")
    found = events(data + SPEECH.frames[33 * 100 : 33 * 130], [], "audio/PCMU")
    told = [event.detail for event in found if isinstance(event, Anomaly)]
    assert (law in told) is (law is not None)
    assert bool(sound_of(found, G711Frame)) is (law is not None)


@pytest.mark.parametrize("pieces", [0, 1, 2, 3, 4, 5])
def test_loud_noise_is_passed_over_for_four_pieces(pieces: int) -> None:
    noise = np.random.default_rng(4).normal(0, 9000, 800 * pieces)
    loud = by_ffmpeg(noise, "A-law") if pieces else b""
    assert all(law_of(loud[at : at + 800]) is None for at in range(0, len(loud), 800))
    assert loud[:1] == b"" or loud[0] >> 4 != 0xD
    data = loud + by_ffmpeg(PCM[3000:7000], "A-law")
    found = events(data, [])
    assert bool(sound_of(found, G711Frame)) is (pieces < 4)
    # Byte by byte it is the same, and comes when the piece is whole.
    assert events(data, list(range(len(data)))) == found


@pytest.mark.parametrize("length", [3200, 3201, 3359])
def test_what_was_given_out_is_not_given_again(length: int) -> None:
    """A frame before a tone: the tone begins behind it, in frames of 160 bytes."""
    tone = np.rint(9000 * np.sin(2 * np.pi * 440 / 8000 * np.arange(length)))
    data = SPEECH.frames[:33] + by_ffmpeg(tone, "mu-law")
    found = events(data, [])
    assert data[33] >> 4 != 0xD
    assert found[0] == AudioFrame(SPEECH.frames[:33], 0)
    assert found[1] == Anomaly(AnomalyCode.OTHER_SOUND, 33, "mu-law")
    whole, rest = length // 160 * 160, length % 160
    assert sound_of(found, G711Frame) == data[33 : 33 + whole]
    cut = [Skipped(33 + whole, rest, "cut off by the end")] if rest else []
    assert found[2 + whole // 160 :] == [*cut, EndOfStream(True, len(data))]


def test_g711_frames_are_160_bytes_and_say_where_they_are() -> None:
    data = by_ffmpeg(PCM[3000:5000], "mu-law")
    whole = SoundParser()
    whole.receive_data(data[:960])
    given = [event for event in whole.events() if not isinstance(event, Anomaly)]
    assert [event.offset for event in given] == list(range(0, 960, 160))  # type: ignore[union-attr]
    parser = SoundParser()
    parser.receive_data(data[:1000])
    list(parser.events())
    # The bytes behind the decision are not read as GSM any more.
    parser.receive_data(data[1000:])
    parser.receive_eof()
    found = [event for event in parser.events() if isinstance(event, G711Frame)]
    assert {event.law for event in found} == {"mu-law"}
    assert all(event.data == data[event.offset : event.offset + 160] for event in found)


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


@pytest.mark.parametrize("most", [1, 100, 300, 1000, 2000])
def test_a_limit_is_met_at_the_same_byte_however_the_stream_was_cut(most: int) -> None:
    """Also where the limit is shorter than what is looked at to recognise other sound."""
    chance = random.Random(most)
    limits = Limits(max_junk=most)
    law = by_ffmpeg(PCM[:4000], "A-law")
    for data in (
        b"y" * 3700,
        chance.randbytes(3000),
        SPEECH.frames[5:3300],
        law,
        b"\n" + law[:700],
    ):
        ways = [[len(data)], [1] * len(data), [300] * 20, [1024] * 4]
        logs = []
        for sizes in ways:
            parser = SoundParser(limits=limits)
            log: list[object] = []
            at = 0
            try:
                for size in sizes:
                    parser.receive_data(data[at : at + size])
                    at += size
                    log += parser.events()
                parser.receive_eof()
                log += parser.events()
            except LimitExceededError as error:
                log.append((error.offset, str(error)))
                with pytest.raises(LimitExceededError):
                    parser.receive_data(b"x")
            logs.append(log)
        assert logs[1:] == logs[:1] * 3


def test_the_contract_behind_the_end() -> None:
    for data in (b"\xd5" * 2000, SPEECH.frames[:330]):
        parser = SoundParser()
        parser.receive_data(data)
        parser.receive_eof()
        list(parser.events())
        with pytest.raises(LocalProtocolError, match="over"):
            parser.receive_data(b"x")
        assert isinstance(parser.next_event(), EndOfStream)
