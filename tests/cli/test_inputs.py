"""What a file of sound is, by its bytes: files that are made here by their specifications, and
by FFmpeg's encoders, and the tone that is in them."""

from __future__ import annotations

import io
import math
import os
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import av
import click
import numpy as np
import pytest
from numpy.typing import NDArray

from hamaproto.cli.inputs import NoFramesError, Spoken, format_name, frames_of, samples_of
from hamaproto.events import Skipped
from hamaproto.gsm import Decoder, Encoder
from hamaproto.gsm.files import Wav49Writer

PCM_GUID = bytes.fromhex("000000001000800000aa00389b71")


def tone(rate: int = 8000, seconds: float = 1.0) -> NDArray[np.float64]:
    return 0.5 * np.sin(2 * np.pi * 600 / rate * np.arange(round(rate * seconds)))


def heard(samples: bytes) -> float:
    """The frequency of what is there, and that it is loud: anything else is noise."""
    sound = np.frombuffer(samples, "<i2").astype(float)
    sound = sound[200 : 200 + len(sound) // 2]
    assert 8000 < np.abs(sound).max() < 24_000
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 16))
    # All of it is in one place.
    top = int(np.argmax(spectrum))
    near = spectrum[max(top - 60, 0) : top + 60]
    assert (near**2).sum() > 0.98 * (spectrum**2).sum()
    return top * 8000 / (1 << 16)


def wav(form: bytes, data: bytes, *, name: bytes = b"RIFF", before: bytes = b"") -> bytes:
    chunks = before + b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(data)) + data
    return name + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks


def form(tag: int, bits: int, rate: int = 8000, channels: int = 1, more: bytes = b"") -> bytes:
    align = channels * bits // 8
    return struct.pack("<HHIIHH", tag, channels, rate, rate * align, align, bits) + more


def extensible(tag: int, bits: int) -> bytes:
    sub = struct.pack("<HHI", 22, bits, 4) + struct.pack("<H", tag) + PCM_GUID
    return form(0xFFFE, bits, more=sub)


def pcm16(sound: NDArray[np.float64], order: str = "<") -> bytes:
    return np.rint(sound * 32767).astype(f"{order}i2").tobytes()


def pcm24(sound: NDArray[np.float64]) -> bytes:
    whole = np.rint(sound * 8388607).astype("<i4").view("u1").reshape(-1, 4)
    return whole[:, :3].tobytes()


def by_ffmpeg(codec: str, container: str, rate: int) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as target:
        stream = target.add_stream(codec, rate=rate, layout="mono")  # type: ignore[call-overload]
        frame = av.AudioFrame.from_ndarray(
            np.frombuffer(pcm16(tone(rate)), "<i2").reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = rate
        target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return file.getvalue()


def rf64() -> bytes:
    data = pcm16(tone())
    ds64 = b"ds64" + struct.pack("<IQQQI", 28, len(data) + 72, len(data), len(data) // 2, 0)
    whole = wav(form(1, 16), data, name=b"RF64", before=ds64)
    return (
        whole[:4]
        + b"\xff" * 4
        + whole[8:].replace(b"data" + struct.pack("<I", len(data)), b"data" + b"\xff" * 4)
    )


def aiff() -> bytes:
    comm = struct.pack(">hLh", 1, 8000, 16) + bytes.fromhex("400bfa00000000000000")
    data = struct.pack(">LL", 0, 0) + pcm16(tone(), ">")
    chunks = b"COMM" + struct.pack(">L", 18) + comm + b"SSND" + struct.pack(">L", len(data)) + data
    return b"FORM" + struct.pack(">L", len(chunks) + 4) + b"AIFF" + chunks


STEREO = np.repeat(tone(44_100), 2)
SOUNDS: dict[str, Callable[[], bytes]] = {
    "raw": lambda: pcm16(tone()),
    "16 bits": lambda: wav(form(1, 16), pcm16(tone())),
    "extensible": lambda: wav(extensible(1, 16), pcm16(tone())),
    "24 bits, extensible": lambda: wav(extensible(1, 24), pcm24(tone())),
    "24 bits": lambda: wav(form(1, 24), pcm24(tone())),
    "8 bits": lambda: wav(form(1, 8), np.rint(tone() * 127 + 128).astype("u1").tobytes()),
    "float": lambda: wav(form(3, 32), tone().astype("<f4").tobytes()),
    "double": lambda: wav(form(3, 64), tone().astype("<f8").tobytes()),
    "stereo": lambda: wav(form(1, 16, 44_100, 2), pcm16(STEREO)),
    "a chunk before": lambda: wav(form(1, 16), pcm16(tone()), before=b"JUNK\x08\0\0\0" + bytes(8)),
    "RF64": rf64,
    "AIFF": aiff,
    "Sun": lambda: (
        struct.pack(">4sLLLLL", b".snd", 24, 0xFFFFFFFF, 3, 8000, 1) + pcm16(tone(), ">")
    ),
    "FLAC": lambda: by_ffmpeg("flac", "flac", 16_000),
    "MP2": lambda: by_ffmpeg("mp2", "mp2", 48_000),
    "MP2 at half the rate": lambda: by_ffmpeg("mp2", "mp2", 22_050),
    "AC-3": lambda: by_ffmpeg("ac3", "ac3", 48_000),
    "MPEG-TS": lambda: by_ffmpeg("mp2", "mpegts", 48_000),
    "A-law": lambda: by_ffmpeg("pcm_alaw", "wav", 8000),
    "mu-law": lambda: by_ffmpeg("pcm_mulaw", "au", 8000),
    "ADPCM": lambda: by_ffmpeg("adpcm_ms", "wav", 22_050),
}


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "x.gsm"  # a name says nothing
    path.write_bytes(data)
    return path


def piped(data: bytes) -> io.BufferedReader:
    read, write = os.pipe()

    def feed() -> None:
        with os.fdopen(write, "wb") as file:
            file.write(data)

    threading.Thread(target=feed, daemon=True).start()
    return os.fdopen(read, "rb")


@pytest.mark.parametrize("name", SOUNDS)
def test_sound_is_known_by_its_bytes(name: str, tmp_path: Path) -> None:
    data = SOUNDS[name]()
    for file in (written(tmp_path, data).open("rb"), piped(data)):
        with file:
            sound = samples_of(file, "x")
            pieces = list(sound)
        assert all(len(piece) % 320 == 0 for piece in pieces)
        whole = b"".join(pieces)
        assert len(whole) / 16_000 == pytest.approx(1.0, abs=0.08)
        assert heard(whole) == pytest.approx(600, abs=1)
        assert not sound.lost


FRAMES = Encoder().encode(np.frombuffer(pcm16(tone()), "<i2"))


def wav49(rate: int = 8000, *, pad: bool = False) -> bytes:
    file = io.BytesIO()
    with Wav49Writer(file) as writer:
        writer.write(FRAMES)
    data = bytearray(file.getvalue())
    struct.pack_into("<I", data, 24, rate)
    if pad:  # as SoX counts it
        at = data.index(b"data") + 4
        length = struct.unpack_from("<I", data, at)[0]
        assert length % 2
        struct.pack_into("<I", data, at, length + 1)
    return bytes(data)


NO_SOUND = {
    "empty": (b"", "empty"),
    "a JPEG": (b"\xff\xd8\xff\xe0" + bytes(500), "JPEG"),
    "a PNG": (b"\x89PNG\r\n\x1a\n" + bytes(500), "PNG"),
    "a text": (b"What is this?\nNo sound.\n" * 20, "text"),
    "a short text": (b"#EXTM3U\nhttp://x/y\n", "text"),
    "AVR": (b"2BIT" + pcm16(tone()), "AVR"),
    "SNDTOOL": (b"SOUND\x1a" + pcm16(tone()), "SNDTOOL"),
    "gzip": (b"\x1f\x8b\x08" + bytes(500), "gzip"),
    "frames": (FRAMES, "GSM frames already"),
    "WAV49": (wav49(), "GSM frames already"),
    "RIFX": (b"RIFX\0\0\1\0WAVE" + bytes(300), "RIFX"),
    **{
        magic.decode("latin-1"): (magic + pcm16(tone())[: 15_000 + len(magic) % 2], "")
        for magic in (
            b"fLaC\0\0\0\x22",
            b"OggS\0\2\0\0",
            b"FORM\0\0\x10\0AIFFCOMM",
            b".snd\0\0\0\x18",
            b"RF64\xff\xff\xff\xffWAVEds64",
            b"ID3\4\0\0\0\0",
            b"#!AMR\n",
            b"\x1aE\xdf\xa3",
            b"\0\0\0\x20ftypM4A ",
            b"caff\0\1\0\0",
            b"wvpk",
        )
    },
}


@pytest.mark.parametrize("name", NO_SOUND)
def test_what_is_no_sound_is_refused(name: str, tmp_path: Path) -> None:
    data, said = NO_SOUND[name]
    for file in (written(tmp_path, data).open("rb"), piped(data)):
        with file, pytest.raises(click.UsageError, match=f"^the file: .*{said}"):
            list(samples_of(file, "the file"))


@pytest.mark.parametrize("name", [*NO_SOUND, *SOUNDS])
def test_only_frames_are_decoded(name: str, tmp_path: Path) -> None:
    if name in ("frames", "WAV49", "raw"):
        return
    data = NO_SOUND[name][0] if name in NO_SOUND else SOUNDS[name]()
    with written(tmp_path, data).open("rb") as file, pytest.raises(click.UsageError, match=r"^the"):
        list(frames_of(file, "the file"))


def test_g711_is_no_gsm(tmp_path: Path) -> None:
    for name, data in (
        ("A-law", b"\xd5" * 4000),
        ("mu-law", b"\xff\x7f\xfe\x7e\xfd" * 2000),
    ):
        with (
            written(tmp_path, data).open("rb") as file,
            pytest.raises(click.UsageError, match=name),
        ):
            frames_of(file, "the file")


@pytest.mark.parametrize("pad", [False, True])
@pytest.mark.parametrize("rate", [8000, 11_025])
def test_frames_keep_their_rate(rate: int, pad: bool, tmp_path: Path) -> None:
    with written(tmp_path, wav49(rate, pad=pad)).open("rb") as file:
        frames = frames_of(file, "x")
        pieces = list(frames)
    assert frames.rate == rate
    assert not frames.lost
    assert b"".join(piece for piece in pieces if isinstance(piece, bytes)) == FRAMES


def test_a_sample_that_is_cut_costs_itself(tmp_path: Path) -> None:
    for data in (SOUNDS["16 bits"]()[:-1], SOUNDS["raw"]()[:-1]):
        with written(tmp_path, data).open("rb") as file:
            sound = samples_of(file, "x")
            whole = b"".join(sound)
        assert len(whole) == 16_000
        assert whole[:-2] == pcm16(tone())[:-2]
        assert "within a sample" in sound.lost


@pytest.mark.parametrize("name", ["16 bits", "float"])
def test_a_file_that_ends_early_is_told(name: str, tmp_path: Path) -> None:
    data = SOUNDS[name]()
    with written(tmp_path, data[: len(data) // 2]).open("rb") as file:
        sound = samples_of(file, "x")
        assert heard(b"".join(sound)) == pytest.approx(600, abs=2)
    assert "before the end" in sound.lost


def test_a_writer_that_could_not_go_back_is_no_damage(tmp_path: Path) -> None:
    data = bytearray(SOUNDS["16 bits"]())
    at = data.index(b"data") + 4
    for length in (0, 0x7FFFFFFF, 0x7FFFF000, 0x80000000, 0xFFFFFFFF):
        struct.pack_into("<I", data, at, length)
        with written(tmp_path, bytes(data)).open("rb") as file:
            sound = samples_of(file, "x")
            assert b"".join(sound) == pcm16(tone())
        assert not sound.lost


def test_a_pipe_is_not_waited_for() -> None:
    """What came is given out before anything else comes, whatever it is."""
    for name in ("raw", "16 bits", "float"):
        data = SOUNDS[name]()
        read, write = os.pipe()
        with os.fdopen(read, "rb") as file, os.fdopen(write, "wb", 0) as feed:
            feed.write(data[: len(data) // 2])
            assert next(iter(samples_of(file, "x")))
    read, write = os.pipe()
    with os.fdopen(read, "rb") as file, os.fdopen(write, "wb", 0) as feed:
        feed.write(FRAMES[:50])
        pieces = iter(frames_of(file, "x"))
        assert next(pieces) == FRAMES[:33]
        feed.write(FRAMES[50:70])
        assert next(pieces) == FRAMES[33:66]


def test_what_is_said_is_any_sound(tmp_path: Path) -> None:
    for data in (FRAMES, wav49(), SOUNDS["float"](), SOUNDS["FLAC"]()):
        with written(tmp_path, data).open("rb") as file:
            said = b"".join(Spoken(file, "x"))
        assert len(said) // 33 == pytest.approx(50, abs=3)
        assert heard(Decoder().decode(said).tobytes()) == pytest.approx(600, abs=2)
    with (
        written(tmp_path, pcm16(tone())).open("rb") as file,
        pytest.raises(click.UsageError, match="neither"),
    ):
        Spoken(file, "x")


def test_what_holds_no_frame_is_refused(tmp_path: Path) -> None:
    """Also if a few of its bytes look like frames by chance."""
    chance = np.random.default_rng(1).integers(0, 256, 50_000, np.uint8).tobytes()
    for data in (bytes(50_000), chance, b"no frames\xb0\xb1" * 3):
        for file in (written(tmp_path, data).open("rb"), piped(data)):
            with file, pytest.raises(NoFramesError, match=r"^x: no GSM frames in it") as refused:
                assert not [p for p in frames_of(file, "x") if isinstance(p, Skipped)]
            # As the table has it where frames are missing.
            assert refused.value.exit_code == 8


def test_a_few_frames_are_no_samples(tmp_path: Path) -> None:
    with (
        written(tmp_path, FRAMES[:100]).open("rb") as file,
        pytest.raises(click.UsageError, match="GSM frames already"),
    ):
        samples_of(file, "few.gsm")


def test_bare_law_is_known_by_its_name(tmp_path: Path) -> None:
    for law, name in (("pcm_alaw", "x.al"), ("pcm_mulaw", "x.UL")):
        data = by_ffmpeg(law, law.removeprefix("pcm_"), 8000)
        with written(tmp_path, data).open("rb") as file:
            assert heard(b"".join(samples_of(file, name))) == pytest.approx(600, abs=1)


def test_mpeg_sound_is_known_without_a_tag() -> None:
    """Layer III of each version, by the sizes that its heads say (ISO 11172-3, 2.4.2.3)."""
    for head, size in (
        (b"\xff\xfb\x90\0", 417),  # MPEG-1, 128 kbit/s, 44.1 kHz: 144 * 128000 / 44100
        (b"\xff\xf3\x48\0", 144),  # MPEG-2, 32 kbit/s, 16 kHz: 72 * 32000 / 16000
        (b"\xff\xe3\x18\0", 72),  # MPEG-2.5, 8 kbit/s, 8 kHz: 72 * 8000 / 8000
    ):
        assert format_name(head.ljust(size, b"\x55") * 3) == ("MP3", "mp3")


def test_channels_that_nobody_knows_are_refused_by_name(tmp_path: Path) -> None:
    """FFmpeg makes no mono of a right channel and one for low tones."""
    sub = struct.pack("<HHI", 22, 16, 2 | 8) + struct.pack("<H", 1) + PCM_GUID
    data = wav(form(0xFFFE, 16, 44_100, 2, more=sub), pcm16(STEREO))
    with (
        written(tmp_path, data).open("rb") as file,
        pytest.raises(click.UsageError, match=r"^x: WAV that can't be read"),
    ):
        samples_of(file, "x")


def test_damaged_frames_are_told(tmp_path: Path) -> None:
    data = FRAMES[:330] + b"\0" * 5 + FRAMES[330:]
    with written(tmp_path, data).open("rb") as file:
        frames = frames_of(file, "x")
        assert [piece for piece in frames if isinstance(piece, Skipped)]
        assert frames.lost == "5 bytes belong to no frame and were concealed"


def test_samples_are_not_taken_for_a_file_format() -> None:
    """Sound may begin with any two bytes; formats with short marks are looked at twice."""
    for begin in (b"\xff\xfb\x90\0", b"\xff\xf1\x50\x80", b"BM\0\0", b"MZ", b"\xff\xd0"):
        assert format_name(begin + pcm16(tone())) is None
    assert (
        format_name(b"".join(struct.pack("<h", round(9 * math.sin(n))) for n in range(99))) is None
    )
