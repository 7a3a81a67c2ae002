"""Files of GSM frames and of samples: raw `.gsm`, WAV49, PCM WAV and raw PCM.

Every function takes a binary file that somebody else opened, and works through it piece
by piece, so that an hour of sound takes no more memory than a second.  Frames go as
bytes of 33 each, samples as bytes of little-endian int16, 8000 a second, one channel:
what `Decoder` and `Encoder` take and give.

Reading PCM in WAV is left to the standard library's `wave`; WAV49 is what it can't read.
"""

from __future__ import annotations

import struct
import wave
from collections.abc import Iterator
from types import TracebackType
from typing import BinaryIO, Final

from hamaproto.errors import LocalProtocolError
from hamaproto.events import Anomaly, EndOfStream, Skipped
from hamaproto.gsm.framing import GsmFrameParser
from hamaproto.gsm.tables import FRAME_BYTES, FRAME_SAMPLES, SILENCE_FRAME
from hamaproto.gsm.wav import RATE, UNKNOWN_LENGTH, SeekableWriter
from hamaproto.gsm.wav49 import BLOCK_BYTES, BLOCK_SAMPLES, pack

__all__ = ["Wav49Writer", "is_wav", "read_frames", "read_pcm"]

#: Microsoft's number for GSM 06.10 in WAV.
FORMAT_TAG: Final = 0x0031

#: How much is read at a time: a second and a half of PCM, 15 seconds of frames.
PIECE: Final = 64 * BLOCK_BYTES * 6
#: A length that a writer leaves in a header when it can't come back to it.
UNKNOWN: Final = (0, UNKNOWN_LENGTH, 0x7FFFFFFF)


def is_wav(head: bytes) -> bool:
    """Whether a file that begins with these 12 bytes is a WAV file."""
    return head[:4] == b"RIFF" and head[8:12] == b"WAVE"


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """The chunks of a WAV file behind its first 12 bytes, each to be read by the caller."""
    while len(head := file.read(8)) == 8:
        name, length = struct.unpack("<4sI", head)
        yield name, length


def _wav49_data(file: BinaryIO) -> tuple[int, int]:
    """Up to the frames of a WAV49 file; gives their length in bytes, and their number.

    A length that is not known is -1.  The number is by the file's samples, 0 without.
    """
    known = False
    samples = 0
    for name, length in _chunks(file):
        if name == b"data":
            if not known:
                break
            return -1 if length in UNKNOWN else length, -(-samples // FRAME_SAMPLES)
        length += length % 2
        content = file.read(min(length, PIECE))
        length -= len(content)
        while length and (passed := file.read(min(length, PIECE))):
            length -= len(passed)
        if name == b"fact" and len(content) >= 4:
            samples = int.from_bytes(content[:4], "little")
        if name != b"fmt ":
            continue
        if len(content) < 16:
            break
        # The rate says how fast it is to be played, and nothing about the frames.
        tag, channels, _, _, align = struct.unpack_from("<HHIIH", content)
        if tag != FORMAT_TAG:
            raise LocalProtocolError(
                f"a WAV file of format 0x{tag:04X} holds no GSM frames; GSM 06.10 is "
                f"0x{FORMAT_TAG:04X}"
            )
        if (channels, align) != (1, BLOCK_BYTES):
            raise LocalProtocolError(
                f"a WAV49 file of {channels} channels and blocks of {align} bytes: 1 channel and "
                f"{BLOCK_BYTES} bytes are needed"
            )
        known = True
    raise LocalProtocolError("a WAV file without a format or without samples")


def read_frames(file: BinaryIO) -> Iterator[bytes | Skipped]:
    """The frames of a raw `.gsm` or a WAV49 file, which of them its first bytes say.

    Yields bytes of whole frames, many at a time, and `Skipped` where bytes belong to no
    frame.  The frame that fills the last block of a WAV49 file up is left out.  Raises
    `LocalProtocolError` if it is a WAV file of another kind.
    """
    head = file.read(12)
    due, filler = -1, -1
    if is_wav(head):
        due, count = _wav49_data(file)
        if count % 2 and count + 1 == due // BLOCK_BYTES * 2:
            filler = due // BLOCK_BYTES * BLOCK_BYTES - FRAME_BYTES + 1
        parser = GsmFrameParser(wav49=True)
    else:
        parser = GsmFrameParser()
        parser.receive_data(head)
    ended = False
    while not ended:
        data = file.read(PIECE if due < 0 else min(PIECE, due))
        if data:
            due -= len(data) if due >= 0 else 0
            parser.receive_data(data)
        else:
            parser.receive_eof()
        frames: list[bytes] = []
        for event in parser.events():
            if isinstance(event, EndOfStream):
                ended = True
            elif isinstance(event, Skipped):
                if frames:
                    yield b"".join(frames)
                    frames = []
                yield event
            elif not isinstance(event, Anomaly) and event.offset != filler:
                frames.append(event.data)
        if frames:
            yield b"".join(frames)


def read_pcm(file: BinaryIO) -> Iterator[bytes]:
    """The samples of a PCM WAV file, or of a raw one that is nothing but samples.

    Yields bytes of whole 160-sample frames, many at a time; silence fills the last one up.
    Raises `LocalProtocolError` if it is a WAV file of another kind.
    """
    head = file.read(12)
    if is_wav(head):
        file = _Joined(head, file)  # type: ignore[assignment]  # all that `wave` asks for
        try:
            source = wave.open(file, "rb")  # noqa: SIM115  # the file is the caller's
        except (wave.Error, EOFError) as error:
            raise LocalProtocolError(f"a WAV file that holds no PCM: {error}") from None
        found = (source.getnchannels(), 8 * source.getsampwidth(), source.getframerate())
        if found != (1, 16, RATE):
            raise LocalProtocolError(
                "a WAV file of {} channels, {} bits, {} Hz: the encoder needs 1 channel, "
                "16 bits, 8000 Hz".format(*found)
            )
        pieces = iter(lambda: source.readframes(PIECE // 2), b"")
    else:
        pieces = iter(lambda: file.read(PIECE), b"")
    held = b"" if is_wav(head) else head
    frame = 2 * FRAME_SAMPLES
    for piece in pieces:
        held += piece
        whole = len(held) // frame * frame
        if whole:
            yield held[:whole]
            held = held[whole:]
    if len(held) % 2:
        raise LocalProtocolError("the samples end within one: an odd number of bytes")
    if held:
        yield held.ljust(frame, b"\0")


class _Joined:
    """A file whose first bytes were read already, for readers that only go forward."""

    def __init__(self, head: bytes, file: BinaryIO) -> None:
        self._head = head
        self._file = file

    def read(self, size: int) -> bytes:
        taken, self._head = self._head[:size], self._head[size:]
        return taken + self._file.read(size - len(taken)) if len(taken) < size else taken

    def close(self) -> None:
        """The file is the caller's."""


class Wav49Writer:
    """Writes frames as a WAV49 file; a context manager, since the end counts.

    An odd last frame shares its block with a silence frame, which the file's number of
    samples leaves out.  If the file is not seekable its header says nothing of lengths.
    """

    def __init__(self, file: SeekableWriter) -> None:
        self._file = file
        self._frames = 0
        self._odd = b""
        file.write(self._header(UNKNOWN_LENGTH))

    def _header(self, length: int) -> bytes:
        fields = (FORMAT_TAG, 1, RATE, RATE * BLOCK_BYTES // BLOCK_SAMPLES, BLOCK_BYTES, 0, 2)
        body = b"WAVEfmt " + struct.pack("<IHHIIHHHH", 20, *fields, BLOCK_SAMPLES)
        samples = min(self._frames * FRAME_SAMPLES, UNKNOWN_LENGTH)
        body += b"fact" + struct.pack("<II", 4, samples)
        # What 32 bits don't hold is not known: then a reader reads to the end.
        body += b"data" + struct.pack("<I", min(length, UNKNOWN_LENGTH))
        whole = min(len(body) + length + length % 2, UNKNOWN_LENGTH)
        return b"RIFF" + struct.pack("<I", whole) + body

    def write(self, frames: bytes) -> None:
        """Frames of 33 bytes, any number of them."""
        if len(frames) % FRAME_BYTES:
            raise LocalProtocolError(
                f"frames: {len(frames)} bytes are not whole frames of {FRAME_BYTES} bytes"
            )
        self._frames += len(frames) // FRAME_BYTES
        frames = self._odd + frames
        whole = len(frames) // (2 * FRAME_BYTES) * 2 * FRAME_BYTES
        self._odd = frames[whole:]
        self._file.write(pack(frames[:whole]))

    def close(self) -> None:
        """Write what is left, and the lengths; the file itself stays open."""
        if self._odd:
            self._file.write(pack(self._odd + SILENCE_FRAME))
            self._odd = b""
        length = (self._frames + 1) // 2 * BLOCK_BYTES
        if length % 2:
            self._file.write(b"\0")
        if self._file.seekable():
            self._file.seek(0)
            self._file.write(self._header(length))
            self._file.seek(0, 2)

    def __enter__(self) -> Wav49Writer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
