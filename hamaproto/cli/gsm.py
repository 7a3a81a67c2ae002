"""`hamaproto gsm decode|encode IN OUT`: files of GSM 06.10 to sound, and back.

What IN is its first bytes say; what OUT is its name says.  `-` is standard input or
output, and raw PCM there: little-endian int16, 8000 Hz, one channel.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

import click
from rich.progress import Progress

from hamaproto.cli.exits import OK, PARTIAL
from hamaproto.cli.inputs import frames_of, samples_of
from hamaproto.cli.options import check_json, json_option, overwrite_option
from hamaproto.cli.output import Output, format_of, open_output
from hamaproto.cli.plain import console as plain_console
from hamaproto.cli.plain import note, print_json
from hamaproto.events import Skipped
from hamaproto.gsm import Decoder, Encoder
from hamaproto.gsm.files import Wav49Writer
from hamaproto.gsm.tables import FRAME_BYTES, SAMPLE_RATE
from hamaproto.gsm.wav import WavWriter

__all__ = ["gsm"]

#: A file below this size is done before a progress bar could be read.
LONG = 1 << 20
#: A file of frames of this size becomes samples that a WAV does not hold: 65 bytes are 640.
LONGEST = (1 << 32) // 10
#: The size of what is no file.
NO_FILE = 1 << 62
RAW = (".raw", ".pcm", ".s16", ".s16le")

_source = click.argument("source", metavar="IN", type=click.File("rb"))
_target = click.argument("target", metavar="OUT", type=click.Path(dir_okay=False, allow_dash=True))
_homing = click.option(
    "--homing/--no-homing",
    default=True,
    help="Codec homing after EN 300 961 (libgsm, SoX and FFmpeg have none).",
)


@click.group()
def gsm() -> None:
    """Decode and encode files of GSM 06.10 full rate sound."""


def _output(target: str, source: BinaryIO, overwrite: bool) -> Output:
    """What comes from a file appears when it is whole; what comes from a pipe grows."""
    whole = _size(source) < NO_FILE
    return open_output(target, overwrite=overwrite, whole=whole, sources=[source])


def _size(source: BinaryIO) -> int:
    """In bytes; `NO_FILE` for what comes until it ends."""
    try:
        found = os.fstat(source.fileno())
    except (OSError, ValueError):
        return NO_FILE
    return found.st_size if stat.S_ISREG(found.st_mode) else NO_FILE


@contextmanager
def _progress(source: BinaryIO, what: str) -> Iterator[BinaryIO]:
    """`source`, with a bar on standard error if it is long and somebody looks."""
    size = _size(source)
    console = plain_console(error=True)
    if not LONG <= size < NO_FILE or not console.is_terminal:
        yield source
        return
    with Progress(console=console, transient=True) as progress:
        yield progress.wrap_file(source, total=size, description=what)


@gsm.command()
@_source
@_target
@overwrite_option
@_homing
@click.option("--seed", default=0, show_default=True, help="Of what stands for lost frames.")
@json_option
def decode(
    source: BinaryIO,
    target: str,
    overwrite: bool,
    homing: bool,
    seed: int,
    as_json: bool,
) -> int:
    """Decode IN, a raw .gsm or a WAV49 file, to OUT: .wav, .raw or - for raw PCM.

    Bytes of IN that belong to no frame are concealed like lost frames, for as long as
    frames of as many bytes would last.
    """
    check_json(as_json, target)
    wav = format_of(target, {".wav": "wav", **dict.fromkeys(RAW, "raw")}, stream="raw") == "wav"
    decoder = Decoder(homing, seed=seed)
    with _output(target, source, overwrite) as file, _progress(source, "decoding") as read:
        frames = frames_of(read, source.name)
        writer = WavWriter(file, frames.rate, room=_size(source) >= LONGEST) if wav else None
        write: Callable[[bytes], object] = writer.write if writer else file.write
        for piece in frames:
            if isinstance(piece, Skipped):
                for _ in range(round(piece.length / FRAME_BYTES)):
                    write(decoder.conceal().astype("<i2").tobytes())
            else:
                write(decoder.decode(piece).astype("<i2", copy=False).tobytes())
        if writer:
            writer.close()
    if not wav and frames.rate != SAMPLE_RATE:
        note(f"{source.name}: {frames.rate} samples a second, which raw samples do not say")
    return _end(source, target, frames.lost, as_json)


def _end(source: BinaryIO, target: str, lost: str, as_json: bool) -> int:
    """Say what was missing; gives the exit code for that."""
    if lost:
        note(f"{source.name}: {lost}")
    code = PARTIAL if lost else OK
    if as_json:
        print_json({"code": code, "file": target, "lost": lost or None})
    return code


@gsm.command()
@_source
@_target
@overwrite_option
@_homing
@json_option
def encode(source: BinaryIO, target: str, overwrite: bool, homing: bool, as_json: bool) -> int:
    """Encode IN, any file of sound, to OUT: .gsm, .wav (WAV49) or - for raw frames.

    What IN is its first bytes say; what no known format begins with is raw PCM. Other rates
    than 8000 Hz, more channels and other formats are converted.
    """
    check_json(as_json, target)
    wav49 = format_of(target, {".gsm": "gsm", ".wav": "wav49"}, stream="gsm") == "wav49"
    encoder = Encoder(homing)
    with _output(target, source, overwrite) as file, _progress(source, "encoding") as read:
        samples = samples_of(read, source.name)
        writer = Wav49Writer(file) if wav49 else None
        for piece in samples:
            (writer or file).write(encoder.encode(piece))
        if writer:
            writer.close()
    return _end(source, target, samples.lost, as_json)
