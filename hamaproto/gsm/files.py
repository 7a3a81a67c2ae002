"""Files of GSM frames and of samples: raw `.gsm`, WAV49, PCM WAV and raw PCM.

Every class takes a binary file that somebody else opened, and works through it piece by
piece, so that an hour of sound takes no more memory than a second.  Of a pipe it takes what
is there, so that nothing waits for what comes later.  Frames go as bytes of 33 each, samples
as bytes of little-endian int16, one channel: what `Decoder` and `Encoder` take and give.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from types import TracebackType
from typing import Any, BinaryIO, Final

from hamaproto.errors import LocalProtocolError
from hamaproto.events import Anomaly, EndOfStream, Skipped
from hamaproto.gsm.framing import GsmFrameParser
from hamaproto.gsm.tables import FRAME_BYTES, FRAME_SAMPLES, SAMPLE_RATE, SILENCE_FRAME
from hamaproto.gsm.wav import UNKNOWN_LENGTH, SeekableWriter
from hamaproto.gsm.wav49 import BLOCK_BYTES, BLOCK_SAMPLES, pack

__all__ = ["FrameFile", "PcmFile", "Wav49Writer", "is_wav", "read_frames", "read_pcm"]

#: Microsoft's numbers for GSM 06.10 in WAV, for PCM, and for a format that stands further on.
FORMAT_TAG: Final = 0x0031
_PCM: Final = 0x0001
_EXTENSIBLE: Final = 0xFFFE
#: Behind the tag in an extensible format: the rest of the GUID (KSDATAFORMAT_SUBTYPE).
_SUBTYPE: Final = bytes.fromhex("000000001000800000aa00389b71")

#: How much is read at a time: a second and a half of PCM, 15 seconds of frames.
PIECE: Final = 64 * BLOCK_BYTES * 6
#: A length that a writer leaves in a header when it can't come back to it: 0, or about as much
#: as 31 or 32 bits hold.
_LARGEST_LENGTH: Final = 0x7F000000


def is_wav(head: bytes) -> bool:
    """Whether a file that begins with these 12 bytes is a WAV file."""
    return head[:4] == b"RIFF" and head[8:12] == b"WAVE"


def _some(file: Any, size: int) -> bytes:
    """Up to `size` bytes: of a pipe what is there, without waiting for the rest."""
    read = getattr(file, "read1", file.read)
    return bytes(read(size))


class _Format:
    """The format of a WAV file: clause `fmt ` of its head."""

    def __init__(self, content: bytes) -> None:
        self.tag, self.channels, self.rate, _, self.align = struct.unpack_from("<HHIIH", content)
        self.bits = int.from_bytes(content[14:16], "little")
        if self.tag == _EXTENSIBLE and content[26:40] == _SUBTYPE:
            self.tag = int.from_bytes(content[24:26], "little")

    def __str__(self) -> str:
        return f"{self.channels} channels, {self.bits} bits, {self.rate} Hz"


def _wav_head(file: BinaryIO) -> tuple[_Format, int, int]:
    """Up to the samples of a WAV file, behind its first 12 bytes.

    Gives the format, the number of samples that a compressed file says it has (0 if it does
    not), and the length of what follows in bytes; -1 if it is not known.
    """
    found: _Format | None = None
    samples = 0
    while len(head := file.read(8)) == 8:
        name, length = struct.unpack("<4sI", head)
        if name == b"data":
            if found is None:
                break
            known = 0 < length < _LARGEST_LENGTH
            return found, samples, length if known else -1
        length += length % 2
        content = file.read(min(length, PIECE))
        length -= len(content)
        while length and (passed := file.read(min(length, PIECE))):
            length -= len(passed)
        if name == b"fact" and len(content) >= 4:
            samples = int.from_bytes(content[:4], "little")
        if name == b"fmt ":
            if len(content) < 16:
                break
            found = _Format(content)
    raise LocalProtocolError("a WAV file without a format or without samples")


class FrameFile:
    """The frames of a raw `.gsm` or a WAV49 file, which of them its first bytes say.

    Iterating yields bytes of whole frames, many at a time, and `Skipped` where bytes belong
    to no frame.  The frame that fills the last block of a WAV49 file up is left out.  `rate`
    is how many samples a second the decoded frames are to be played at.  Raises
    `LocalProtocolError` if it is a WAV file of another kind.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._head = file.read(12)
        self.rate = SAMPLE_RATE
        self.wav49 = is_wav(self._head)
        """Whether it is a WAV49 file."""
        self._due, self._filler = -1, -1
        if not self.wav49:
            return
        form, samples, self._due = _wav_head(file)
        if form.tag != FORMAT_TAG:
            raise LocalProtocolError(
                f"a WAV file of format 0x{form.tag:04X} holds no GSM frames; GSM 06.10 is "
                f"0x{FORMAT_TAG:04X}"
            )
        if (form.channels, form.align) != (1, BLOCK_BYTES):
            raise LocalProtocolError(
                f"a WAV49 file of {form.channels} channels and blocks of {form.align} bytes: 1 "
                f"channel and {BLOCK_BYTES} bytes are needed"
            )
        if not form.rate:
            raise LocalProtocolError("a WAV49 file of 0 Hz: a rate is needed")
        self.rate = form.rate
        self._head = b""
        # SoX counts the byte that makes the length even; it belongs to no block.
        if self._due % BLOCK_BYTES == 1:
            self._due -= 1
        count = -(-samples // FRAME_SAMPLES)
        if count % 2 and count + 1 == self._due // BLOCK_BYTES * 2:
            self._filler = self._due // BLOCK_BYTES * BLOCK_BYTES - FRAME_BYTES + 1

    def __iter__(self) -> Iterator[bytes | Skipped]:
        parser = GsmFrameParser(wav49=self.wav49)
        parser.receive_data(self._head)
        ended = False
        while not ended:
            due = self._due
            data = _some(self._file, PIECE if due < 0 else min(PIECE, due))
            if data:
                self._due -= len(data) if due >= 0 else 0
                parser.receive_data(data)
            else:
                parser.receive_eof()
            frames: list[bytes] = []
            for event in parser.events():
                if isinstance(event, EndOfStream):
                    ended = True
                elif isinstance(event, Skipped):
                    if self._is_pad(event):
                        continue
                    if frames:
                        yield b"".join(frames)
                        frames = []
                    yield event
                elif not isinstance(event, Anomaly) and event.offset != self._filler:
                    frames.append(event.data)
            if frames:
                yield b"".join(frames)

    def _is_pad(self, event: Skipped) -> bool:
        """Whether it is the byte that makes a length even, of a length that is not known."""
        return self.wav49 and event.length == 1 and event.offset % BLOCK_BYTES == 0

    @property
    def missing(self) -> int:
        """Behind the last frame: the bytes that the head has promised and that were not there."""
        return max(self._due, 0)


def read_frames(file: BinaryIO) -> FrameFile:
    """The frames of a file; see `FrameFile`."""
    return FrameFile(file)


class PcmFile:
    """The samples of a PCM WAV file, or of a raw one that is nothing but samples.

    Iterating yields bytes of whole 160-sample frames, many at a time; silence fills the last
    one up.  Half a sample at the end is left out, and `halved` says so then.  Raises
    `LocalProtocolError` if it is a WAV file of another kind than 16 bits, 1 channel, 8000 Hz.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._head = file.read(12)
        self._due = -1
        self.halved = False
        if not is_wav(self._head):
            return
        form, _, self._due = _wav_head(file)
        if form.tag != _PCM:
            raise LocalProtocolError(
                f"a WAV file that holds no PCM: its format is 0x{form.tag:04X}"
            )
        if (form.channels, form.bits, form.rate) != (1, 16, SAMPLE_RATE):
            raise LocalProtocolError(
                f"a WAV file of {form}: the encoder needs 1 channel, 16 bits, {SAMPLE_RATE} Hz"
            )
        self._head = b""

    def __iter__(self) -> Iterator[bytes]:
        held, frame = self._head, 2 * FRAME_SAMPLES
        while True:
            due = self._due
            piece = _some(self._file, PIECE if due < 0 else min(PIECE, due))
            if not piece:
                break
            self._due -= len(piece) if due >= 0 else 0
            held += piece
            whole = len(held) // frame * frame
            if whole:
                yield held[:whole]
                held = held[whole:]
        if len(held) % 2:
            self.halved = True
            held = held[:-1]
        if held:
            yield held.ljust(frame, b"\0")

    @property
    def missing(self) -> int:
        """Behind the last sample: the bytes that the head has promised and that were not there."""
        return max(self._due, 0)


def read_pcm(file: BinaryIO) -> PcmFile:
    """The samples of a file; see `PcmFile`."""
    return PcmFile(file)


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
        fields = (
            FORMAT_TAG,
            1,
            SAMPLE_RATE,
            SAMPLE_RATE * BLOCK_BYTES // BLOCK_SAMPLES,
            BLOCK_BYTES,
            0,
            2,
        )
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
