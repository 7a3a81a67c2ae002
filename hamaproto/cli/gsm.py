"""`hamaproto gsm decode|encode IN OUT`: files of GSM 06.10 to sound, and back.

What IN is its first bytes say; what OUT is its name says.  `-` is standard input or
output, and raw PCM there: little-endian int16, 8000 Hz, one channel.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click
from rich.progress import Progress

from hamaproto.cli.exits import OK, PARTIAL
from hamaproto.cli.options import opened
from hamaproto.cli.plain import console as plain_console
from hamaproto.cli.plain import note
from hamaproto.events import Skipped
from hamaproto.gsm import Decoder, Encoder
from hamaproto.gsm.files import Wav49Writer, pcm_writer, read_frames, read_pcm
from hamaproto.gsm.tables import FRAME_BYTES

__all__ = ["gsm"]

#: A file below this size is done before a progress bar could be read.
LONG = 1 << 20
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


def _kind(target: str, kinds: dict[str, str]) -> str:
    """What to write, by the name of the file."""
    suffix = Path(target).suffix.lower()
    kind = kinds.get("-" if target == "-" else suffix)
    if kind is None:
        named = ", ".join(suffix for suffix in kinds)
        raise click.UsageError(f"{target}: the name must end in one of {named}")
    return kind


@contextmanager
def _progress(source: BinaryIO, what: str) -> Iterator[BinaryIO]:
    """`source`, with a bar on standard error if it is long and somebody looks."""
    try:
        size = os.fstat(source.fileno()).st_size
    except OSError:
        size = 0
    console = plain_console(error=True)
    if size < LONG or not console.is_terminal:
        yield source
        return
    with Progress(console=console, transient=True) as progress:
        yield progress.wrap_file(source, total=size, description=what)


@gsm.command()
@_source
@_target
@_homing
@click.option("--seed", default=0, show_default=True, help="Of what stands for lost frames.")
def decode(source: BinaryIO, target: str, homing: bool, seed: int) -> int:
    """Decode IN, a raw .gsm or a WAV49 file, to OUT: .wav, .raw or - for raw PCM.

    Bytes of IN that belong to no frame are concealed like lost frames, for as long as
    frames of as many bytes would last.
    """
    kinds = {".wav": "wav", "-": "raw", **dict.fromkeys(RAW, "raw")}
    wav = _kind(target, kinds) == "wav"
    decoder = Decoder(homing, seed=seed)
    skipped = 0
    with opened(target) as file, _progress(source, "decoding") as read:
        writer = pcm_writer(file) if wav else None
        write = writer.writeframesraw if writer else file.write
        for piece in read_frames(read):
            if isinstance(piece, Skipped):
                skipped += piece.length
                for _ in range(round(piece.length / FRAME_BYTES)):
                    write(decoder.conceal().astype("<i2").tobytes())
            else:
                write(decoder.decode(piece).astype("<i2", copy=False).tobytes())
        if writer:
            writer.close()
    if skipped:
        note(f"{source.name}: {skipped} bytes belong to no frame and were concealed")
    return PARTIAL if skipped else OK


@gsm.command()
@_source
@_target
@_homing
def encode(source: BinaryIO, target: str, homing: bool) -> int:
    """Encode IN, a PCM WAV or a raw PCM file, to OUT: .gsm, .wav (WAV49) or - for raw frames.

    IN must be 16 bits, one channel, 8000 Hz.
    """
    wav49 = _kind(target, {".gsm": "gsm", ".wav": "wav49", "-": "gsm"}) == "wav49"
    encoder = Encoder(homing)
    with opened(target) as file, _progress(source, "encoding") as read:
        writer = Wav49Writer(file) if wav49 else None
        for piece in read_pcm(read):
            (writer or file).write(encoder.encode(piece))
        if writer:
            writer.close()
    return OK
