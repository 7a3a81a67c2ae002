"""How fast the GSM codec is, beside everything else that Python can call.

    python -m bench gsm [--frames N] [--rounds N]

Prints a Markdown table: nanoseconds a frame (20 ms of sound), times faster than realtime,
and the ratio to libgsm called in a C loop.  Everything decodes and encodes the same
speech in the same process; the rows take turns, round after round, and the best round of
each counts.  Rounds are short, a few milliseconds a row, so that even on a busy machine
each row gets some of them undisturbed.  A peer that is not
installed is left out, and the last lines say so.

libgsm needs Debian's libgsm1, and for the C loop libgsm1-dev and gcc.  Without the loop
ratios are to libgsm by ctypes, whose cost for each call is measured and printed.
"""

from __future__ import annotations

import argparse
import ctypes
import ctypes.util
import io
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fixtures.vectors import FOLDER
from hamaproto._accel import load
from hamaproto.gsm import decoder, encoder
from hamaproto.gsm.files import Wav49Writer

__all__ = ["main"]

FRAME_NS = 20e6
STREAMS = (1, 4, 16, 64)


@dataclass(slots=True)
class Row:
    """One way to decode or encode: what runs, and for how many frames."""

    name: str
    run: Callable[[], object]
    frames: int
    #: Gives its own measurement in ns a frame rather than being timed.
    own_clock: bool = False
    times: list[float] = field(default_factory=list)

    def round(self) -> None:
        start = time.perf_counter_ns()
        result = self.run()
        taken = (time.perf_counter_ns() - start) / self.frames
        self.times.append(float(result) if self.own_clock else taken)  # type: ignore[arg-type]

    @property
    def ns(self) -> float:
        return min(self.times)


class Libgsm:
    """libgsm by ctypes, and in a C loop if one can be compiled."""

    def __init__(self) -> None:
        name = ctypes.util.find_library("gsm")
        if name is None:
            raise ImportError("libgsm (apt install libgsm1)")
        self.lib = ctypes.CDLL(name)
        self.lib.gsm_create.restype = ctypes.c_void_p
        for call in (self.lib.gsm_decode, self.lib.gsm_encode):
            call.argtypes = [ctypes.c_void_p] * 3
        self.lib.gsm_destroy.argtypes = [ctypes.c_void_p]
        self.loop: Any = None
        if shutil.which("gcc"):
            folder = Path(tempfile.mkdtemp(prefix="bench-gsm-"))
            try:
                library = folder / "peer.so"
                source = Path(__file__).with_name("gsm_peer.c")
                command = [
                    "gcc",
                    "-O2",
                    "-shared",
                    "-fPIC",
                    "-o",
                    str(library),
                    str(source),
                    "-lgsm",
                ]
                if subprocess.run(command, capture_output=True, check=False).returncode == 0:
                    self.loop = ctypes.CDLL(str(library)).run
                    self.loop.restype = ctypes.c_double
                    self.loop.argtypes = [
                        ctypes.c_int,
                        ctypes.c_void_p,
                        ctypes.c_void_p,
                        ctypes.c_size_t,
                        ctypes.c_int,
                    ]
            finally:
                shutil.rmtree(folder)

    def each(self, call: Any, sources: list[int], targets: list[int]) -> None:
        codec = self.lib.gsm_create()
        for source, target in zip(sources, targets, strict=True):
            call(codec, source, target)
        self.lib.gsm_destroy(codec)

    def call_overhead(self) -> float:
        """ns that ctypes takes for one call of libgsm that does next to nothing."""
        version = ctypes.c_int(0)
        option = self.lib.gsm_option
        option.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p]
        codec = self.lib.gsm_create()
        address = ctypes.addressof(version)
        best = 1e300
        for _ in range(5):
            start = time.perf_counter_ns()
            for _ in range(20_000):
                option(codec, 1, address)
            best = min(best, (time.perf_counter_ns() - start) / 20_000)
        self.lib.gsm_destroy(codec)
        return best


def _speech(count: int) -> tuple[bytes, np.ndarray[Any, np.dtype[np.int16]]]:
    """So many frames of speech, and the samples that they were made of."""
    frames = (FOLDER / "speech_espeak.gsm").read_bytes()
    samples = np.fromfile(FOLDER / "speech_espeak.in.s16", "<i2").astype(np.int16)
    times = -(-count // (len(frames) // 33))
    return (frames * times)[: 33 * count], np.tile(samples, times)[: 160 * count]


def _decode_rows(frames: bytes, missing: list[str], peer: Libgsm | None) -> list[Row]:
    count = len(frames) // 33
    each = [frames[at : at + 33] for at in range(0, len(frames), 33)]
    out = np.empty(160 * count, np.int16)
    rows = []
    if peer:
        held = ctypes.create_string_buffer(frames, len(frames))
        sources = [ctypes.addressof(held) + 33 * i for i in range(count)]
        targets = [out.ctypes.data + 320 * i for i in range(count)]
        if peer.loop:
            loop, address = peer.loop, out.ctypes.data
            rows.append(
                Row("libgsm, C loop", lambda: loop(0, held, address, count, 1), count, True)
            )
        rows.append(
            Row(
                "libgsm, ctypes, call a frame",
                lambda: peer.each(peer.lib.gsm_decode, sources, targets),
                count,
            )
        )
    try:
        import av

        def with_av() -> None:
            context: Any = av.CodecContext.create("gsm", "r")
            context.sample_rate = 8000
            context.layout = "mono"  # type: ignore[attr-defined]
            for frame in each:
                context.decode(av.Packet(frame))

        rows.append(Row("PyAV, packet a frame (not exact)", with_av, count))
    except ImportError:
        missing.append("PyAV (pip install av)")
    try:
        import soundfile

        file = io.BytesIO()
        with Wav49Writer(file) as writer:
            writer.write(frames[: count // 2 * 66])
        wav = file.getvalue()
        rows.append(
            Row(
                "soundfile, WAV49 in memory",
                lambda: soundfile.read(io.BytesIO(wav), dtype="int16"),
                count // 2 * 2,
            )
        )
    except ImportError:
        missing.append("soundfile (pip install soundfile)")
    few = frames[: 33 * min(count, 20)]
    rows.append(Row("ours, pure", lambda: decoder.Decoder().decode(few), len(few) // 33))
    codec = load("hamaproto.gsm._codec")
    if codec is None:
        missing.append("our compiled twin (pip install . builds it)")
        return rows

    def one_by_one() -> None:
        decode = codec.Decoder().decode
        for frame in each:
            decode(frame)

    def in_place() -> None:
        decode = codec.Decoder().decode
        one = out[:160]
        for frame in each:
            decode(frame, one)

    rows += [
        Row("ours, call a frame", one_by_one, count),
        Row("ours, call a frame, into an array", in_place, count),
        Row("ours, bulk", lambda: codec.Decoder().decode(frames, out), count),
    ]
    for streams in STREAMS:
        each_stream = max(count // streams, 50)
        shape = (streams, each_stream, 33)
        block = np.resize(np.frombuffer(frames, np.uint8), shape)
        target = np.empty((streams, each_stream * 160), np.int16)

        def run(block: Any = block, target: Any = target, streams: int = streams) -> None:
            codec.DecoderBank(streams).decode(block, out=target)

        rows.append(Row(f"ours, bank of {streams}", run, streams * each_stream))
    return rows


def _encode_rows(samples: Any, peer: Libgsm | None) -> list[Row]:
    count = len(samples) // 160
    rows = []
    if peer:
        held = ctypes.create_string_buffer(33 * count)
        sources = [samples.ctypes.data + 320 * i for i in range(count)]
        targets = [ctypes.addressof(held) + 33 * i for i in range(count)]
        if peer.loop:
            loop, address = peer.loop, samples.ctypes.data
            rows.append(
                Row("libgsm, C loop", lambda: loop(1, held, address, count, 1), count, True)
            )
        rows.append(
            Row(
                "libgsm, ctypes, call a frame",
                lambda: peer.each(peer.lib.gsm_encode, sources, targets),
                count,
            )
        )
    few = samples[: 160 * min(count, 10)]
    rows.append(Row("ours, pure", lambda: encoder.Encoder().encode(few), len(few) // 160))
    codec = load("hamaproto.gsm._codec")
    if codec is not None:
        each = [samples[at : at + 160] for at in range(0, len(samples), 160)]

        def one_by_one() -> None:
            encode = codec.Encoder().encode
            for piece in each:
                encode(piece)

        rows.append(Row("ours, call a frame", one_by_one, count))
        rows.append(Row("ours, bulk", lambda: codec.Encoder().encode(samples), count))
    return rows


def _print(title: str, rows: list[Row]) -> None:
    base = rows[0] if rows and rows[0].name.startswith("libgsm") else None
    print(f"\n| {title} | ns a frame | x realtime | x {base.name if base else 'libgsm'} |")
    print("|---|---:|---:|---:|")
    for row in rows:
        ratio = f"{base.ns / row.ns:.2f}" if base else "-"
        print(f"| {row.name} | {row.ns:,.0f} | {FRAME_NS / row.ns:,.0f} | {ratio} |")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench gsm", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--frames", type=int, default=400, help="of speech a round (default 400)")
    parser.add_argument("--rounds", type=int, default=100, help="of which the best counts")
    options = parser.parse_args(argv)
    if options.frames < 100 or options.rounds < 1:
        parser.error("at least 100 frames and 1 round")
    frames, samples = _speech(options.frames)
    missing: list[str] = []
    peer: Libgsm | None = None
    try:
        peer = Libgsm()
    except ImportError as error:
        missing.append(str(error))
    decoding = _decode_rows(frames, missing, peer)
    encoding = _encode_rows(samples, peer)
    for _ in range(options.rounds):
        for row in decoding + encoding:
            row.round()
    codec = load("hamaproto.gsm._codec")
    if codec is not None:
        print(f"compiled for {codec.instruction_set()}, {options.frames} frames of speech a round")
    _print("decode", decoding)
    _print("encode", encoding)
    print()
    by_name = {row.name: row for row in decoding}
    best = by_name.get(f"ours, bank of {STREAMS[-1]}")
    if best:
        print(f"one core keeps up with {FRAME_NS / best.ns:,.0f} streams")
    if peer and not peer.loop:
        print(
            "no gcc or no gsm.h (apt install gcc libgsm1-dev): ratios are to libgsm by ctypes, "
            f"which takes {peer.call_overhead():.0f} ns of each frame for the call"
        )
    for name in missing:
        print(f"not installed, left out: {name}")
    return 0
