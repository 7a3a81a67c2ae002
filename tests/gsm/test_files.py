"""Files of frames and of sound, against libsndfile's and the standard library's."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest

from fixtures import read_bytes
from fixtures.vectors import vectors
from hamaproto.errors import LocalProtocolError
from hamaproto.events import Skipped
from hamaproto.gsm import Decoder
from hamaproto.gsm.files import Wav49Writer, read_frames, read_pcm
from hamaproto.gsm.wav49 import pack, unpack

SPEECH = next(vector for vector in vectors() if vector.name == "speech_espeak")
WAV49 = read_bytes("gsm", "libsndfile", "wav49.wav")


def all_frames(data: bytes) -> bytes:
    pieces = list(read_frames(io.BytesIO(data)))
    assert not any(isinstance(piece, Skipped) for piece in pieces)
    return b"".join(piece for piece in pieces if isinstance(piece, bytes))


def pcm_wav(pcm: bytes, channels: int = 1, width: int = 2, rate: int = 8000) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.setframerate(rate)
        writer.writeframes(pcm)
    return file.getvalue()


def test_reads_what_libsndfile_wrote() -> None:
    frames = all_frames(WAV49)
    want = np.frombuffer(read_bytes("gsm", "libsndfile", "wav49.s16"), "<i2")
    assert np.array_equal(Decoder(homing=False).decode(frames), want)


def test_writes_what_libsndfile_wrote() -> None:
    frames = all_frames(WAV49)
    file = io.BytesIO()
    with Wav49Writer(file) as writer:
        for at in range(0, len(frames), 33 * 7):
            writer.write(frames[at : at + 33 * 7])
    ours = file.getvalue()
    data = WAV49.index(b"data")
    assert ours[ours.index(b"data") :] == WAV49[data:]
    # Format, rate, block size and number of samples.
    assert ours[12 : ours.index(b"data")] == WAV49[12:data]


def test_wav49_packing_is_undone() -> None:
    frames = SPEECH.frames[: 33 * 100]
    assert unpack(pack(frames)) == frames
    blocks = WAV49[WAV49.index(b"data") + 8 :][:3250]
    assert pack(unpack(blocks)) == blocks
    for bad in (frames[:33], frames[:65]):
        with pytest.raises(LocalProtocolError, match="whole pairs"):
            pack(bad)
    with pytest.raises(LocalProtocolError, match="whole blocks"):
        unpack(bytes(64))


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_an_odd_last_frame(count: int) -> None:
    file = io.BytesIO()
    with Wav49Writer(file) as writer:
        writer.write(SPEECH.frames[: 33 * count])
    data = file.getvalue()
    assert len(data) % 2 == 0
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    assert int.from_bytes(data[48:52], "little") == 160 * count
    # What fills the last block up is no sound of the file's.
    assert all_frames(data) == SPEECH.frames[: 33 * count]


def test_a_file_that_can_not_seek_has_no_lengths() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise OSError

    file = Pipe()
    with Wav49Writer(file) as writer:
        writer.write(SPEECH.frames[: 33 * 4])
    assert all_frames(file.getvalue()) == SPEECH.frames[: 33 * 4]


def test_raw_frames_may_be_damaged() -> None:
    damaged = SPEECH.frames[:3300] + b"\0" * 7 + SPEECH.frames[3300:]
    pieces = list(read_frames(io.BytesIO(damaged)))
    assert [piece for piece in pieces if isinstance(piece, Skipped)] == [
        Skipped(3300, 7, "no frame begins here")
    ]
    assert b"".join(piece for piece in pieces if isinstance(piece, bytes)) == SPEECH.frames


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (pcm_wav(bytes(320)), "0x0001 holds no GSM"),
        (WAV49[:20], "without a format or without samples"),
        (WAV49[:12], "without a format or without samples"),
        (WAV49[:22] + b"\x02" + WAV49[23:], "2 channels"),
    ],
)
def test_other_wav_files_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(LocalProtocolError, match=message):
        list(read_frames(io.BytesIO(data)))


def test_sound_in_wav_and_raw() -> None:
    pcm = (SPEECH.source or b"")[:160_000]
    for data in (pcm, pcm_wav(pcm)):
        assert b"".join(read_pcm(io.BytesIO(data))) == pcm
    # Silence fills the last frame up.
    assert b"".join(read_pcm(io.BytesIO(pcm[:330]))) == pcm[:330] + bytes(310)
    assert list(read_pcm(io.BytesIO(b""))) == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (pcm_wav(bytes(640), channels=2), "2 channels, 16 bits, 8000 Hz"),
        (pcm_wav(bytes(640), width=1), "8 bits"),
        (pcm_wav(bytes(640), rate=16000), "16000 Hz"),
        (WAV49, "no PCM"),
    ],
)
def test_sound_that_does_not_fit_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(LocalProtocolError, match=message):
        list(read_pcm(io.BytesIO(data)))
