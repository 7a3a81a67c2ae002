"""The simulated camera's sound: frames by number, which a decoder makes a tune of."""

from __future__ import annotations

import av
import pytest

from hamaproto.camera import CameraState
from hamaproto.camera.sound import SILENCE, chime
from hamaproto.gsm import Decoder, GsmFrameParser


def decoded(frames: bytes) -> list[int]:
    """The samples, by FFmpeg, which is close enough to tell a tune."""
    context = av.CodecContext.create("gsm", "r")
    context.sample_rate = 8000
    context.layout = "mono"
    samples: list[int] = []
    for start in range(0, len(frames), 33):
        for frame in context.decode(av.Packet(frames[start : start + 33])):
            samples += map(int, frame.to_ndarray().ravel())
    return samples


def test_a_frame_depends_on_its_number_only() -> None:
    there = [chime(number) for number in range(60)]
    back = [chime(number) for number in reversed(range(60))]
    assert there == back[::-1]
    assert all(len(frame) == 33 and frame[0] >> 4 == 0xD for frame in there)
    assert len(set(there)) == 60
    assert chime(3) == chime(3 + 16 * 25)


@pytest.mark.parametrize(("place", "note"), [(0, 659), (1, 523), (3, 392)])
def test_it_is_the_tune_that_it_should_be(place: int, note: int) -> None:
    samples = decoded(b"".join(chime(place * 25 + number) for number in range(25)))[160:3360]
    assert max(samples) > 1000
    # The pitch, against its neighbours a semitone away.
    power = {
        hertz: abs(
            sum(sample * pow(1j, 4 * hertz * at / 8000) for at, sample in enumerate(samples))
        )
        for hertz in (note, note * 1.06, note / 1.06)
    }
    assert max(power, key=power.__getitem__) == note


def test_silence_is_silent_and_a_volume_of_zero_is_silence() -> None:
    assert max(map(abs, Decoder().decode(SILENCE * 10).tolist())) < 64
    state = CameraState()
    assert state.sound_frame(3) == chime(3)
    state.form(b"enet_audio_mic_vol=0", 0.0)
    assert state.sound_frame(3) == SILENCE


def test_our_parser_finds_every_frame() -> None:
    parser = GsmFrameParser()
    parser.receive_data(b"".join(map(chime, range(200))))
    parser.receive_eof()
    frames = [event.data for event in parser.events() if hasattr(event, "data")]
    assert frames == [chime(number) for number in range(200)]
