"""WAV and RF64 files, read by programs that are not ours."""

from __future__ import annotations

import io
import struct
import wave
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.errors import LocalProtocolError
from hamaproto.gsm.files import Wav49Writer
from hamaproto.gsm.tables import SILENCE_FRAME
from hamaproto.gsm.wav import WavWriter


class Sink(io.RawIOBase):
    """A file of any length that keeps only its first bytes."""

    def __init__(self) -> None:
        self.head = bytearray()
        self.place = self.end = 0

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.place

    def seek(self, offset: int, whence: int = 0) -> int:
        self.place = (0, self.place, self.end)[whence] + offset
        return self.place

    def write(self, data: object) -> int:
        given = memoryview(data)  # type: ignore[arg-type]
        if self.place < 200:
            kept = bytes(given[: 200 - self.place])
            self.head[self.place : self.place + len(kept)] = kept
        self.place += len(given)
        self.end = max(self.end, self.place)
        return len(given)


class Pipe(io.BytesIO):
    def seekable(self) -> bool:
        return False

    def seek(self, offset: int, whence: int = 0) -> int:
        raise io.UnsupportedOperation


@given(st.lists(st.binary(max_size=40).map(lambda data: data[: len(data) // 2 * 2]), max_size=5))
def test_a_file_is_whole_after_each_write(pieces: list[bytes]) -> None:
    for room in (True, False):
        file = io.BytesIO()
        file.write(b"before")
        with WavWriter(file, 11025, room=room) as writer:
            for number, piece in enumerate(pieces):
                writer.write(piece)
                if not file.getvalue()[6:]:
                    continue
                with wave.open(io.BytesIO(file.getvalue()[6:])) as read:
                    assert read.getparams()[:3] == (1, 2, 11025)
                    assert read.readframes(1000) == b"".join(pieces[: number + 1])
        data = file.getvalue()[6:]
        assert int.from_bytes(data[4:8], "little") == len(data) - 8
        with wave.open(io.BytesIO(data)) as read:
            assert read.readframes(1000) == b"".join(pieces)


def test_without_room_the_head_is_the_one_of_the_standard_library() -> None:
    ours, theirs = io.BytesIO(), io.BytesIO()
    with WavWriter(ours, room=False) as writer:
        writer.write(bytes(range(20)))
    with wave.open(theirs, "wb") as standard:
        standard.setparams((1, 2, 8000, 0, "NONE", ""))
        standard.writeframes(bytes(range(20)))
    assert ours.getvalue() == theirs.getvalue()


def test_the_chunks_follow_each_other() -> None:
    """RIFF: each chunk has a name and a length, and the next one is right behind it."""
    for room, names in ((True, [b"JUNK", b"fmt ", b"data"]), (False, [b"fmt ", b"data"])):
        file = io.BytesIO()
        with WavWriter(file, room=room) as writer:
            writer.write(bytes(20))
        data, place, found = file.getvalue(), 12, []
        while place < len(data):
            found.append(data[place : place + 4])
            place += 8 + int.from_bytes(data[place + 4 : place + 8], "little")
        assert (found, place) == (names, len(data))


def test_nothing_is_written_before_there_are_samples() -> None:
    file = io.BytesIO()
    writer = WavWriter(file)
    writer.write(b"")
    assert file.getvalue() == b""
    with pytest.raises(LocalProtocolError, match="3 bytes are not whole samples"):
        writer.write(b"abc")


def test_beyond_four_gibibytes_it_is_rf64() -> None:
    """EBU Tech 3306: RF64, a chunk ds64 first, and -1 where 32 bits don't hold a length."""
    sink, piece = Sink(), bytes(1 << 26)
    writer = WavWriter(sink)
    for count in range(1, 68):
        writer.write(piece)
        assert sink.head[:4] == (b"RF64" if count >= 64 else b"RIFF")
        if count == 63:
            assert sink.head[12:16] == b"JUNK"
            assert struct.unpack_from("<I", sink.head, 76) == (63 << 26,)
    length = 67 << 26
    assert sink.end == 80 + length
    assert sink.head[:20] == b"RF64\xff\xff\xff\xffWAVEds64\x1c\0\0\0"
    assert struct.unpack_from("<QQQI", sink.head, 20) == (72 + length, length, length // 2, 0)
    assert sink.head[72:80] == b"data\xff\xff\xff\xff"


def test_ffmpeg_reads_an_rf64_file_from_end_to_end(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    piece = struct.pack("<2h", 1000, -1000) * (1 << 20)
    with open(path, "wb") as file:
        writer = WavWriter(file)
        writer.write(piece)
        # A hole is no disk space: the samples in between are zeros.
        writer.length = (1 << 32) - len(piece)
        file.seek(80 + writer.length)
        writer.write(piece)
        writer.write(piece)
    with av.open(str(path)) as read:
        assert read.duration is not None
        stream = read.streams.audio[0]
        assert (stream.rate, stream.channels) == (8000, 1)
        assert read.duration / 1e6 == pytest.approx(((1 << 32) + len(piece)) / 16000, abs=0.01)
        read.seek(int((1 << 32) / 16000 * 1e6) + 10_000_000)
        frame = next(read.decode(audio=0))
        assert bytes(frame.planes[0])[:2] in (piece[:2], piece[2:4])


def test_without_room_a_length_that_does_not_fit_is_not_known() -> None:
    sink = Sink()
    writer = WavWriter(sink, room=False)
    writer.length = 1 << 32
    writer.write(b"ab")
    assert sink.head[:8] == b"RIFF\xff\xff\xff\xff"
    assert sink.head[36:44] == b"data\xff\xff\xff\xff"
    frames = Sink()
    wav49 = Wav49Writer(frames)
    wav49._frames = 2 * (1 << 32) // 65
    wav49.write(SILENCE_FRAME * 2)
    wav49.close()
    assert frames.head[:8] == b"RIFF\xff\xff\xff\xff"
    assert frames.head[52:60] == b"data\xff\xff\xff\xff"


def test_into_a_pipe_lengths_are_not_known() -> None:
    pipe = Pipe()
    with WavWriter(pipe) as writer:
        writer.write(b"abcd")
        writer.write(b"efgh")
    with av.open(io.BytesIO(pipe.getvalue())) as read:
        samples = b"".join(bytes(f.planes[0])[: f.samples * 2] for f in read.decode(audio=0))
    assert samples == b"abcdefgh"
