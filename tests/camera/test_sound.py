"""The simulated camera's sound: frames by number, which a decoder makes a tune of."""

from __future__ import annotations

import av
import numpy as np
import pytest

from fixtures.vectors import vectors
from hamaproto.camera import CameraState, sound
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


def test_a_note_is_a_bell() -> None:
    """Three partials: the note, its octave, and the twelfth a little too high; each dies away at
    its own pace, and both ends of the note are silent."""
    note = 400.0
    samples = np.array([sound._sample(note, at / 8000) for at in range(4000)])
    seconds = np.arange(4000) / 8000
    middle = slice(40, 3600)  # between the fading in, 5 ms, and the fading out, 50 ms
    partials = [(1.0, 0.6, 5.0), (2.0, 0.25, 8.0), (3.01, 0.15, 12.0)]
    shapes = np.stack(
        [
            np.exp(-decay * seconds) * np.sin(2 * np.pi * note * multiple * seconds)
            for multiple, _, decay in partials
        ]
    )
    found, (left,), *_ = np.linalg.lstsq(shapes[:, middle].T, samples[middle], rcond=None)
    assert found == pytest.approx([9000 * loudness for _, loudness, _ in partials], abs=2)
    # Nothing is left but what rounding leaves.
    assert left / 3560 < 0.2
    assert samples[0] == 0
    assert abs(samples[-1]) <= 3
    assert abs(samples[20] - 0.5 * (found @ shapes[:, 20])) < 3
    assert abs(samples[3900] - 0.25 * (found @ shapes[:, 3900])) < 3
    assert abs(samples[3600] - found @ shapes[:, 3600]) < 3


def test_the_chime_is_westminsters() -> None:
    """E C D G, G D E C, E D C G, G D E C, by equal temperament from A at 440 Hz."""
    hertz = {
        name: round(440 * 2 ** (n / 12)) for name, n in zip("GCDE", (-2, 3, 5, 7), strict=True)
    }
    play = sound.tune([hertz[name] for name in "ECDGGDECEDCGGDEC"])
    assert [chime(25 * note + 5) for note in range(32)] == [
        play(25 * note + 5) for note in range(32)
    ]


def test_a_tune_goes_through_its_notes_over_and_over() -> None:
    notes = (300.0, 500.0, 700.0)
    play = sound.tune(notes)
    frames = [play(number) for number in range(75)]
    assert len(set(frames)) == 75
    assert [play(number + 75) for number in range(75)] == frames
    for place, note in enumerate(notes):
        assert frames[25 * place : 25 * place + 25] == [sound.tune([note])(n) for n in range(25)]


def test_the_silence_is_what_an_encoder_makes_of_it() -> None:
    silent = next(vector for vector in vectors() if vector.name == "tone_silence")
    assert silent.source is not None
    assert not any(silent.source)
    assert silent.frames[:33] == SILENCE


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
