"""Files of frames and of sound, against libsndfile's and the standard library's."""

from __future__ import annotations

import io
import struct
import wave

import numpy as np
import pytest

from fixtures import read_bytes
from fixtures.vectors import vectors
from hamaproto.errors import LocalProtocolError
from hamaproto.events import Skipped
from hamaproto.gsm import Decoder
from hamaproto.gsm.files import Wav49Writer, is_wav, read_frames, read_pcm
from hamaproto.gsm.wav49 import pack

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


# ---- heads of WAV files ----


def chunk(name: bytes, content: bytes, length: int | None = None) -> bytes:
    size = len(content) if length is None else length
    return name + size.to_bytes(4, "little") + content + b"\0" * (len(content) % 2)


def wav(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def fmt(tag: int, channels: int, rate: int, align: int, bits: int, more: bytes = b"") -> bytes:
    fields = (tag, channels, rate, rate * align, align, bits)
    return chunk(b"fmt ", struct.pack("<HHIIHH", *fields) + more)


GSM = fmt(0x31, 1, 8000, 65, 0, struct.pack("<HH", 2, 320))
PCM = fmt(1, 1, 8000, 2, 16)
BLOCKS = pack(SPEECH.frames[: 33 * 8])
#: EXTENSIBLE: 16 valid bits, no speaker, and the GUID of PCM (KSDATAFORMAT_SUBTYPE_PCM).
GUID = bytes.fromhex("0100000000001000800000aa00389b71")
EXTENSIBLE = struct.pack("<HHI", 22, 16, 0) + GUID


class Trickle(io.BytesIO):
    """A pipe: gives what is there, some bytes at a time."""

    def read1(self, size: int | None = -1) -> bytes:
        return super().read1(min(size or 7, 7))


@pytest.mark.parametrize(
    "before",
    [
        b"",
        chunk(b"LIST", b"abc"),
        chunk(b"LIST", bytes(100_001)),
        chunk(b"fact", b"\x80\x0c"),
        chunk(b"LIST", b"") + chunk(b"bext", bytes(24_960)) + chunk(b"bext", bytes(24_962)),
    ],
)
@pytest.mark.parametrize("file", [io.BytesIO, Trickle])
def test_other_chunks_are_passed_over(before: bytes, file: type[io.BytesIO]) -> None:
    data = wav(before, GSM, before, chunk(b"data", BLOCKS), chunk(b"LIST", b"behind"))
    frames = read_frames(file(data))
    found = b"".join(piece for piece in frames if isinstance(piece, bytes))
    assert found == SPEECH.frames[: 33 * 8]
    assert (frames.rate, frames.missing, frames.wav49) == (8000, 0, True)
    sound = read_pcm(file(wav(before, PCM, before, chunk(b"data", bytes(range(200)) * 4))))
    assert b"".join(sound) == (bytes(range(200)) * 4).ljust(960, b"\0")
    assert (sound.missing, sound.halved) == (0, False)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (wav(chunk(b"data", BLOCKS), GSM), "without a format or without samples"),
        (wav(chunk(b"fmt ", b"x" * 14), chunk(b"data", BLOCKS)), "without a format"),
        (wav(GSM), "without a format or without samples"),
        (wav(fmt(0x31, 2, 8000, 65, 0), chunk(b"data", BLOCKS)), "2 channels and blocks of 65"),
        (wav(fmt(0x31, 1, 8000, 66, 0), chunk(b"data", BLOCKS)), "1 channels and blocks of 66"),
        (wav(fmt(0x31, 1, 0, 65, 0), chunk(b"data", BLOCKS)), "0 Hz: a rate is needed"),
        (wav(PCM, chunk(b"data", BLOCKS)), "0x0001 holds no GSM frames; GSM 06.10 is 0x0031"),
    ],
)
def test_heads_that_hold_no_frames(data: bytes, message: str) -> None:
    with pytest.raises(LocalProtocolError, match=message):
        read_frames(io.BytesIO(data))


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (fmt(0x31, 1, 8000, 65, 0), "no PCM: its format is 0x0031"),
        (fmt(1, 2, 8000, 4, 16), "2 channels, 16 bits, 8000 Hz: the encoder needs 1 channel"),
        (fmt(1, 1, 8000, 1, 8), "1 channels, 8 bits, 8000 Hz"),
        (fmt(1, 1, 8001, 2, 16), "1 channels, 16 bits, 8001 Hz"),
        (fmt(0xFFFE, 1, 8000, 2, 16, EXTENSIBLE[:-1] + b"x"), "its format is 0xFFFE"),
        (fmt(0xFFFE, 1, 8000, 2, 16, EXTENSIBLE.replace(GUID[:2], b"\1\1")), "is 0x0101"),
    ],
)
def test_heads_that_hold_no_sound(head: bytes, message: str) -> None:
    with pytest.raises(LocalProtocolError, match=message):
        read_pcm(io.BytesIO(wav(head, chunk(b"data", bytes(320)))))


def test_a_format_may_stand_further_on() -> None:
    data = wav(fmt(0xFFFE, 1, 8000, 2, 16, EXTENSIBLE), chunk(b"data", bytes(range(160)) * 2))
    assert b"".join(read_pcm(io.BytesIO(data))) == bytes(range(160)) * 2
    data = wav(fmt(0xFFFE, 1, 8000, 2, 16, EXTENSIBLE + b"more"), chunk(b"data", bytes(320)))
    assert b"".join(read_pcm(io.BytesIO(data))) == bytes(320)
    gsm = EXTENSIBLE.replace(GUID[:2], b"\x31\x00")
    data = wav(fmt(0xFFFE, 1, 8000, 65, 0, gsm), chunk(b"data", BLOCKS))
    assert all_frames(data) == SPEECH.frames[: 33 * 8]


@pytest.mark.parametrize("length", [0, 0x7F000000, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_length_that_is_none_reads_to_the_end(length: int) -> None:
    frames = read_frames(io.BytesIO(wav(GSM, chunk(b"data", BLOCKS, length))))
    assert b"".join(p for p in frames if isinstance(p, bytes)) == SPEECH.frames[: 33 * 8]
    assert frames.missing == 0


@pytest.mark.parametrize("short", [1, 65, 100])
def test_what_the_head_has_promised_and_is_not_there(short: int) -> None:
    frames = read_frames(io.BytesIO(wav(GSM, chunk(b"data", BLOCKS, len(BLOCKS) + short * 65))))
    assert b"".join(p for p in frames if isinstance(p, bytes)) == SPEECH.frames[: 33 * 8]
    assert frames.missing == short * 65
    sound = read_pcm(io.BytesIO(wav(PCM, chunk(b"data", bytes(320), 320 + short))))
    assert b"".join(sound) == bytes(320)
    assert sound.missing == short


def test_the_largest_length_that_is_one() -> None:
    sound = read_pcm(io.BytesIO(wav(PCM, chunk(b"data", bytes(320), 0x7EFFFFFF))))
    list(sound)
    assert sound.missing == 0x7EFFFFFF - 320


@pytest.mark.parametrize("known", [True, False])
def test_the_byte_that_makes_a_length_even_belongs_to_no_block(known: bool) -> None:
    blocks = BLOCKS[: 65 * 3]
    for length in (len(blocks), len(blocks) + 1):
        data = wav(GSM, chunk(b"data", blocks, length if known else 0))
        frames = read_frames(io.BytesIO(data))
        assert [p for p in frames if isinstance(p, Skipped)] == []
        assert frames.missing == 0
    # It need not be there, even if it is counted.
    data = wav(GSM, chunk(b"data", blocks, len(blocks) + 1 if known else 0))
    frames = read_frames(io.BytesIO(data[:-1]))
    assert (len(list(frames)) > 0, frames.missing) == (True, 0)
    # Two bytes are no padding.
    data = wav(GSM, chunk(b"data", blocks + b"ab", len(blocks) + 2))
    assert [p for p in read_frames(io.BytesIO(data)) if isinstance(p, Skipped)] == [
        Skipped(195, 2, "cut off by the end")
    ]
    raw = read_frames(io.BytesIO(SPEECH.frames[: 33 * 65] + b"\xd0"))
    assert [p for p in raw if isinstance(p, Skipped)] == [Skipped(2145, 1, "cut off by the end")]


@pytest.mark.parametrize(("samples", "frames"), [(8 * 160, 8), (7 * 160, 7), (7 * 160 - 159, 7)])
def test_the_frame_that_fills_the_last_block_is_left_out(samples: int, frames: int) -> None:
    fact = chunk(b"fact", samples.to_bytes(4, "little"))
    assert all_frames(wav(GSM, fact, chunk(b"data", BLOCKS))) == SPEECH.frames[: 33 * frames]
    fact = chunk(b"fact", samples.to_bytes(4, "little") + b"more")
    assert all_frames(wav(GSM, fact, chunk(b"data", BLOCKS))) == SPEECH.frames[: 33 * frames]
    # A number of samples that is of another file leaves nothing out.
    for other in (6 * 160, 9 * 160, 5 * 160, 0):
        fact = chunk(b"fact", other.to_bytes(4, "little"))
        assert all_frames(wav(GSM, fact, chunk(b"data", BLOCKS))) == SPEECH.frames[: 33 * 8]


def test_half_a_sample_is_left_out_and_told() -> None:
    sound = read_pcm(io.BytesIO(b"RI" + bytes(range(99))))
    assert b"".join(sound) == (b"RI" + bytes(range(98))).ljust(320, b"\0")
    assert sound.halved
    assert sound.missing == 0
    for data in (b"a", wav(PCM, chunk(b"data", b"a"))):
        alone = read_pcm(io.BytesIO(data))
        assert (list(alone), alone.halved) == ([], True)


def test_long_files_come_piece_by_piece() -> None:
    pcm = bytes(range(250)) * 400
    pieces = list(read_pcm(io.BytesIO(pcm)))
    assert b"".join(pieces) == pcm.ljust(-(-len(pcm) // 320) * 320, b"\0")
    assert len(pieces) > 3
    assert all(len(piece) % 320 == 0 for piece in pieces)
    frames = SPEECH.frames * 5
    found = [piece for piece in read_frames(io.BytesIO(frames)) if isinstance(piece, bytes)]
    assert b"".join(found) == frames
    assert max(map(len, found)) <= 64 * 65 * 6 + 33


@pytest.mark.parametrize(
    ("head", "wav"),
    [
        (b"RIFF\0\0\0\0WAVE", True),
        (b"RIFX\0\0\0\0WAVE", False),
        (b"RIFF\0\0\0\0WAVx", False),
        (b"RIFF", False),
    ],
)
def test_a_wav_file_begins_with_its_names(head: bytes, wav: bool) -> None:
    assert is_wav(head) is wav


def test_what_is_written_is_whole_frames_and_the_head_that_of_the_format() -> None:
    file = io.BytesIO()
    with Wav49Writer(file) as writer:
        for length in (1, 32, 34):
            with pytest.raises(LocalProtocolError, match=f"{length} bytes are not whole frames"):
                writer.write(bytes(length))
        writer.write(SPEECH.frames[: 33 * 3])
        writer.write(SPEECH.frames[33 * 3 : 33 * 5])
    data = file.getvalue()
    # RIFF; fmt of 20 bytes: 0x31, one channel, 8000 Hz, 1625 bytes a second, 65 a block.
    assert data[:4] + data[8:20] == b"RIFFWAVEfmt \x14\0\0\0"
    assert struct.unpack_from("<HHIIHHHH", data, 20) == (0x31, 1, 8000, 1625, 65, 0, 2, 320)
    assert data[40:48] == b"fact\x04\0\0\0"
    assert struct.unpack_from("<I", data, 48) == (5 * 160,)
    assert (data[52:56], struct.unpack_from("<I", data, 56)) == (b"data", (195,))
    assert len(data) == 60 + 196
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    # The file is left at its end.
    assert file.tell() == len(data)
