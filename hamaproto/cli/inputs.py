"""What sound a file holds, by its first bytes, whatever its name says; and that sound.

    samples_of(file)   16 bits, one channel, 8000 Hz   for who encodes
    frames_of(file)    GSM 06.10                       for who decodes
    Spoken(file)       GSM 06.10, of any sound         for who talks

Plain PCM and GSM are read here, as they come: of a pipe what is there.  Other formats of sound
go through PyAV, which also resamples.  What is no sound is refused by its name, and so is what
can't be told from sound by its bytes but surely is none: a text, or frames taken for samples.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import IO, Any, Final, Protocol

import click

from hamaproto.cli.exits import PARTIAL
from hamaproto.cli.options import need
from hamaproto.errors import LocalProtocolError
from hamaproto.events import Skipped
from hamaproto.gsm import Encoder
from hamaproto.gsm.files import FrameFile, PcmFile, is_wav
from hamaproto.gsm.g711 import ENOUGH_BYTES, is_quiet_alaw, law_of
from hamaproto.gsm.tables import FRAME_BYTES, FRAME_SAMPLES, MAGIC, SAMPLE_RATE
from hamaproto.wire.sniff import picture_format

__all__ = ["FramesInput", "SamplesInput", "Spoken", "format_name", "frames_of", "samples_of"]

#: Bytes that tell what a file is; and that may be read twice, up to the samples of a WAV.
_HEAD: Final = 4096
_READ_TWICE: Final = 1 << 20

#: What stands in a head instead of a length that is not known is more than this.
_LARGEST_LENGTH: Final = 0x7F000000

#: How files begin, and what they are; PyAV's name where it reads them as sound.
_MAGIC: Final[tuple[tuple[bytes, str, str], ...]] = (
    (rb"fLaC", "FLAC", "flac"),
    (rb"OggS", "Ogg", "ogg"),
    (rb"FORM....AIF[FC]", "AIFF", "aiff"),
    (rb"\.snd", "Sun audio", "au"),
    (rb"RF64....WAVE|BW64....WAVE", "RF64", "wav"),
    # FFmpeg takes its samples for little-endian, and makes noise of them.
    (rb"RIFX", "RIFX", ""),
    (rb"RIFF....WAVE", "WAV", "wav"),
    (rb"riff\x2e\x91\xcf\x11", "Wave64", "w64"),
    (rb"ID3[\x02-\x04]", "MP3", "mp3"),
    (rb"#!AMR", "AMR", "amr"),
    (rb"\x1aE\xdf\xa3", "Matroska", "matroska"),
    (rb"....ftyp", "MP4", "mp4"),
    (rb"caff\0\x01", "CAF", "caf"),
    (rb"wvpk", "WavPack", "wv"),
    (rb"TTA1", "TTA", "tta"),
    (rb"MAC \x8c?", "Monkey's Audio", "ape"),
    (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "ASF", "asf"),
    (rb"Creative Voice File\x1a", "VOC", "voc"),
    (rb"\x64\xa3[\x01-\x04]\0|\0[\x01-\x04]\xa3\x64", "IRCAM", "ircam"),
    (rb"\x0bw...[\0-\x57]", "AC-3", "ac3"),
    (rb"G.{187}G.{187}G", "MPEG-TS", "mpegts"),
    (rb"\0\0\x01\xba", "MPEG", "mpeg"),
    (rb"FLV\x01", "FLV", "flv"),
    (rb" paf|fap ", "PARIS", ""),
    (rb"2BIT", "AVR", ""),
    (rb"SOUND\x1a", "SNDTOOL", ""),
    (rb"RIFF....AVI ", "AVI", "avi"),
    (rb"RIFF", "RIFF", ""),
    (rb"FORM", "IFF", ""),
    (rb"MThd", "MIDI", ""),
    (rb"%PDF-", "PDF", ""),
    (rb"PK\x03\x04", "ZIP", ""),
    (rb"\x1f\x8b\x08", "gzip", ""),
    (rb"\xfd7zXZ\0", "xz", ""),
    (rb"\x7fELF", "ELF", ""),
    (rb"\xd4\xc3\xb2\xa1|\xa1\xb2[\xc3\x3c][\xd4\x4d]|\x0a\x0d\x0d\x0a", "pcap", ""),
)
_FORMATS: Final = tuple(
    (re.compile(begin, re.DOTALL), name, reader) for begin, name, reader in _MAGIC
)
#: Or all of a short file.
_TEXT: Final = re.compile(rb"[\t\n\r -~]{64}|[\t\n\r -~]{12,}\Z")
#: Bad packets for a good one, up to which a file is one with damage.
_MOST_DAMAGE: Final = 0.05
#: So many beginnings of frames are no chance: of samples, one in 16 looks like one.
_SURE_FRAMES: Final = 8
#: Frames for what is no frame, in bytes, below which it is another format with a few chances.
_LEAST_FRAMES: Final = 0.05
#: An MPEG audio frame's head: two of them, as far apart as the first one says, are MP3 or AAC.
#: Kbit/s by the index in the head, for (MPEG-1, layer), and samples a second of MPEG-1.
_BITRATES: Final = {
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES: Final = (44100, 48000, 32000)
#: The names of files of samples that nothing inside tells from others, and PyAV's names.
_LAWS: Final = {
    **dict.fromkeys((".al", ".alaw"), ("A-law", "alaw")),
    **dict.fromkeys((".ul", ".ulaw", ".mulaw"), ("mu-law", "mulaw")),
}
_GSM: Final = ".gsm"


def format_name(head: bytes) -> tuple[str, str] | None:
    """What a file is that begins so, and PyAV's name for it if it is sound; None for no file
    format that is known here, such as raw samples and frames."""
    for begin, name, reader in _FORMATS:
        if begin.match(head):
            return name, reader
    picture = picture_format(head)
    if picture is not None:
        return picture, ""
    layer = _mpeg_layer(head)
    if layer:
        return f"MP{layer}", "mp3"
    if _is_adts(head):
        return "AAC", "aac"
    return ("text", "") if _TEXT.match(head) else None


def _mpeg_layer(head: bytes) -> int:
    """The layer, 2 or 3, if two heads of MPEG audio follow each other; else 0
    (ISO 11172-3, 2.4.2.3; ISO 13818-3; and the half rates of MPEG-2.5)."""
    if len(head) < 3 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer not in (2, 3) or not 0 < bitrate < 15 or rate == 3:
        return 0
    full = version == 3
    hertz = _RATES[rate] // {3: 1, 2: 2, 0: 4}[version]
    scale = 144_000 if full or layer == 2 else 72_000
    size = scale * _BITRATES[full, layer][bitrate] // hertz + (head[2] >> 1 & 1)
    return layer if head[size : size + 2] == head[:2] else 0


def _is_adts(head: bytes) -> bool:
    """Whether two heads of AAC follow each other (ISO 13818-7, 6.2)."""
    if len(head) < 6 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return False
    size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return size > 7 and head[size : size + 2] == head[:2]


def _is_frames(head: bytes, name: str) -> bool:
    """Whether frames begin where they should; of a few of them, the name has to say it too."""
    starts = head[::FRAME_BYTES]
    enough = len(starts) >= _SURE_FRAMES or name.lower().endswith(_GSM)
    return enough and all(byte >> 4 == MAGIC for byte in starts)


class _Source:
    """A file that can be looked at before it is read, also if it is a pipe."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self.name = name
        self._file = file
        #: What was read and is to be read again; and what is read, to be read again.
        self._ahead = b""
        self._kept: bytearray | None = bytearray()

    def head(self) -> bytes:
        """The first bytes: 4096 of a file, of a pipe what is there, and 12 if it has them."""
        while len(self._ahead) < 12 and (more := self._take(_HEAD)):
            self._ahead += more
        while len(self._ahead) < _HEAD and self.seekable() and (more := self._take(_HEAD)):
            self._ahead += more
        return self._ahead

    def _take(self, size: int) -> bytes:
        read = getattr(self._file, "read1", self._file.read)
        return bytes(read(size))

    def read1(self, size: int = -1) -> bytes:
        """What is there, and no more than `size` bytes; nothing at the end only."""
        size = _HEAD if size < 0 else size
        if self._ahead:
            data, self._ahead = self._ahead[:size], self._ahead[size:]
        else:
            data = self._take(size)
        if self._kept is not None:
            self._kept += data
            if len(self._kept) > _READ_TWICE:
                self._kept = None
        return data

    def read(self, size: int = -1) -> bytes:
        """So many bytes, unless it ends before."""
        pieces = []
        while size != 0 and (piece := self.read1(size)):
            pieces.append(piece)
            size -= len(piece) if size > 0 else 0
        return b"".join(pieces)

    def rewind(self) -> None:
        """Read again from the beginning."""
        if self._kept is None:
            raise click.UsageError(f"{self.name}: no sound in the first {_READ_TWICE} bytes")
        self._ahead = bytes(self._kept) + self._ahead
        self._kept = bytearray()

    def keep_no_more(self) -> None:
        self._kept = None

    def seekable(self) -> bool:
        try:
            return self._file.seekable()
        except (AttributeError, ValueError):
            return False

    def missing(self) -> int:
        """Of a WAV that was read up to its format: the bytes that its head says and that are
        not in the file; 0 if that is not known."""
        if not self.seekable() or self._kept is None:
            return 0
        # RIFF's own length counts what is behind it.
        length = int.from_bytes(self._kept[4:8], "little") + 8
        try:
            size = os.fstat(self._file.fileno()).st_size
        except OSError:  # no file of the system's
            return 0
        return max(length - size, 0) if length < _LARGEST_LENGTH else 0

    def for_av(self) -> Any:
        """What PyAV is to read: a file that it may seek in, or what comes, as it comes."""
        if self.seekable():
            self._file.seek(0)
            return self._file
        self.keep_no_more()
        return _AsItComes(self)


class _AsItComes:
    """A pipe for PyAV, which asks for `read` and would wait for as much as it asks for."""

    def __init__(self, source: _Source) -> None:
        self._source = source

    def read(self, size: int) -> bytes:
        return self._source.read1(size)


class SamplesInput(Protocol):
    """Pieces of whole 160-sample frames; afterwards, what was missing, in words."""

    lost: str

    def __iter__(self) -> Iterator[bytes]: ...


class FramesInput(Protocol):
    """Pieces of whole frames, and `Skipped`; afterwards, what was missing, in words."""

    lost: str
    rate: int

    def __iter__(self) -> Iterator[bytes | Skipped]: ...


class NoFramesError(click.UsageError):
    """A file of frames that has none: all that was to be there is missing."""

    exit_code = PARTIAL


class _Frames:
    def __init__(self, file: FrameFile, name: str) -> None:
        self._file = file
        self._name = name
        self.rate = file.rate
        self.lost = ""

    def __iter__(self) -> Iterator[bytes | Skipped]:
        good = skipped = 0
        #: What comes before the first frame may be all there is: then nothing is written.
        before: list[Skipped] = []
        for piece in self._file:
            if isinstance(piece, Skipped):
                skipped += piece.length
                if not good:
                    before.append(piece)
                    continue
            else:
                good += len(piece)
            yield from before
            before = []
            yield piece
        if good < skipped * _LEAST_FRAMES:
            raise NoFramesError(f"{self._name}: no GSM frames in it")
        if skipped:
            self.lost = f"{skipped} bytes belong to no frame and were concealed"
        if self._file.missing:
            self.lost = _cut_short(self._file.missing)


class _Pcm:
    def __init__(self, file: PcmFile) -> None:
        self._file = file
        self.lost = ""

    def __iter__(self) -> Iterator[bytes]:
        yield from self._file
        if self._file.halved:
            self.lost = "it ends within a sample, which is left out"
        elif self._file.missing:
            self.lost = _cut_short(self._file.missing)


def _cut_short(missing: int) -> str:
    return f"it ends {missing} bytes before the end that its head tells of"


class _Converted:
    """Any other sound, by PyAV."""

    def __init__(self, source: _Source, name: str, reader: str, missing: int) -> None:
        [self._av] = need("av")
        self.lost = _cut_short(missing) if missing else ""
        self._name = source.name
        self._what = name
        # A pipe is not held up for what only a better guess would need.
        live = {} if source.seekable() else {"probesize": "4096", "analyzeduration": "100000"}
        if reader in ("alaw", "mulaw"):  # nothing in them says a rate
            live["sample_rate"] = str(SAMPLE_RATE)
        av = self._av
        try:
            # The format is known; a guess of PyAV's may be another one.
            self._file = av.open(source.for_av(), format=reader, options=live, buffer_size=_HEAD)
        except av.FFmpegError as error:
            raise self._refused(error.strerror) from None
        if not self._file.streams.audio:
            self._file.close()
            raise self._refused("no sound in it")
        #: What was decoded before anything is written: a file that can't be read is refused.
        self._first = self._decoded()
        self._begun = next(self._first, None)
        if self._begun is None:
            raise self._refused(self.lost or "no sound in it")

    def _refused(self, why: str) -> click.UsageError:
        return click.UsageError(f"{self._name}: {self._what} that can't be read: {why}")

    def __iter__(self) -> Iterator[bytes]:
        rest = self._begun or b""
        size = 2 * FRAME_SAMPLES
        while True:
            whole = len(rest) // size * size
            if whole:
                yield rest[:whole]
                rest = rest[whole:]
            piece = next(self._first, None)
            if piece is None:
                break
            rest += piece
        if rest:
            yield rest.ljust(size, b"\0")

    def _resampled(self, resampler: Any, frame: Any) -> list[Any]:
        try:
            pieces: list[Any] = resampler.resample(frame)
        except self._av.FFmpegError as error:  # channels that nobody knows, for one
            raise self._refused(error.strerror) from None
        return pieces

    def _decoded(self) -> Iterator[bytes]:
        av = self._av
        resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
        good = bad = 0
        with self._file as file:
            packets = file.demux(audio=0)
            while True:
                try:
                    packet = next(packets, None)
                except av.FFmpegError as error:
                    bad, self.lost = bad + 1, f"damaged: {error.strerror}"
                    break
                if packet is None:
                    break
                try:
                    frames = packet.decode()
                except av.FFmpegError as error:
                    bad, self.lost = bad + 1, f"damaged: {error.strerror}"
                    frames = []
                for frame in frames:
                    good += 1
                    for piece in self._resampled(resampler, frame):
                        yield bytes(piece.planes[0])[: piece.samples * 2]
            if bad > 1 + good * _MOST_DAMAGE:
                # What is mostly damage is another format, and was noise.
                raise self._refused(self.lost)
            for piece in self._resampled(resampler, None):
                yield bytes(piece.planes[0])[: piece.samples * 2]


def _opened(file: IO[bytes], name: str) -> tuple[_Source, tuple[str, str] | None]:
    """A file that is not empty, and what it is."""
    source = _Source(file, name)
    if not source.head():
        raise click.UsageError(f"{name}: empty, no sound in it")
    return source, format_name(source.head()) or _LAWS.get(os.path.splitext(name)[1].lower())


def _samples(source: _Source, known: tuple[str, str] | None) -> SamplesInput:
    missing = 0
    if known is None or is_wav(source.head()):
        try:
            return _Pcm(PcmFile(source))  # type: ignore[arg-type]  # all that is asked of it
        except LocalProtocolError:
            missing = source.missing()
            source.rewind()
    what, reader = known or ("WAV", "wav")
    if not reader:
        raise click.UsageError(f"{source.name}: {what}, which is no sound that can be read")
    return _Converted(source, what, reader, missing)


def _wav49(source: _Source) -> FramesInput | None:
    """The frames of a WAV49 file; None for any other WAV, which is then to be read anew."""
    try:
        return _Frames(FrameFile(source), source.name)  # type: ignore[arg-type]
    except LocalProtocolError:
        source.rewind()
        return None


def samples_of(file: IO[bytes], name: str) -> SamplesInput:
    """The sound of a file, for an encoder.

    Raises click.UsageError, before anything was written, for what is no sound.
    """
    source, known = _opened(file, name)
    if known is None and _is_frames(source.head(), name):
        raise click.UsageError(f"{name}: these are GSM frames already")
    if is_wav(source.head()) and _wav49(source) is not None:
        raise click.UsageError(f"{name}: WAV49, which are GSM frames already")
    return _samples(source, known)


def frames_of(file: IO[bytes], name: str) -> FramesInput:
    """The GSM frames of a file, for a decoder.

    Raises click.UsageError, before anything was written, for what surely holds none.
    """
    source, known = _opened(file, name)
    if known is not None and not is_wav(source.head()):
        raise click.UsageError(f"{name}: {known[0]}, which holds no GSM frames")
    piece = source.head()[:ENOUGH_BYTES]
    law = law_of(piece) if not _is_frames(piece, name) or is_quiet_alaw(piece) else None
    if known is None and law is not None:
        raise click.UsageError(f"{name}: by its bytes {law} (G.711), and no GSM frames")
    source.keep_no_more()
    try:
        return _Frames(FrameFile(source), name)  # type: ignore[arg-type]
    except LocalProtocolError as error:
        raise click.UsageError(f"{name}: {error}") from None


class Spoken:
    """Any sound as GSM frames, for a loudspeaker: frames as they are, the rest encoded.

    Iterating yields whole frames as they come; afterwards `lost` says what was missing.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        source, known = _opened(file, name)
        self._frames: FramesInput | None = None
        self._samples: SamplesInput | None = None
        head = source.head()
        if is_wav(head):
            self._frames = _wav49(source)
        elif known is None:
            if not (head[0] >> 4 == MAGIC or head[:1] in b"-\r\n"):
                raise click.UsageError(
                    f"{name}: neither GSM frames nor another known kind of sound"
                )
            self._frames = _Frames(FrameFile(source), name)  # type: ignore[arg-type]
        if self._frames is None:
            self._samples = _samples(source, known)

    def __iter__(self) -> Iterator[bytes]:
        if self._frames is not None:
            yield from (piece for piece in self._frames if isinstance(piece, bytes))
        elif self._samples is not None:
            encoder = Encoder()
            for samples in self._samples:
                yield encoder.encode(samples)

    @property
    def lost(self) -> str:
        source = self._frames or self._samples
        return source.lost if source is not None else ""
