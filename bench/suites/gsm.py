"""The GSM 06.10 codec beside everything else that Python can call: one stream, and many.

Everything decodes and encodes the same speech.  A frame is 20 ms of sound, so one core keeps up
with 20,000,000 streams divided by the nanoseconds of a frame.  The reference is libgsm in a
C loop; where that cannot be compiled, libgsm by ctypes stands alone and ratios are left out.
"""

from __future__ import annotations

import ctypes
import io
from collections.abc import Iterator
from typing import Any

import numpy as np

from bench.measure.entries import NS_A_FRAME, Contest, Options, Skipped, Timed
from bench.peers.libgsm import Libgsm
from fixtures.vectors import FOLDER
from hamaproto._accel import load
from hamaproto.gsm import decoder, encoder
from hamaproto.gsm.files import Wav49Writer

__all__ = ["SETTINGS", "STREAMS", "contests"]

SETTINGS = {"frames": 400}
STREAMS = (1, 4, 16, 64)
LOOP = "libgsm, C loop"
#: Frames that the pure twin is given of them, which takes a thousand times as long.
FEW = 10

Group = list[Timed | Skipped]


def _speech(count: int) -> tuple[bytes, np.ndarray[Any, np.dtype[np.int16]]]:
    """So many frames of speech, and the samples that they were made of."""
    frames = (FOLDER / "speech_espeak.gsm").read_bytes()
    samples = np.fromfile(FOLDER / "speech_espeak.in.s16", "<i2").astype(np.int16)
    times = -(-count // (len(frames) // 33))
    return (frames * times)[: 33 * count], np.tile(samples, times)[: 160 * count]


class _Rows:
    """The contestants of one direction."""

    def __init__(self, row: str) -> None:
        self.row = row
        self.entries: Group = []

    def add(self, who: str, run: Any, frames: int) -> None:
        entry = Timed(self.row, who, NS_A_FRAME, frames, run, (self.row, LOOP))
        self.entries.append(entry)

    def without(self, who: str, why: object) -> None:
        self.entries.append(Skipped(self.row, who, str(why)))


def contests(options: Options) -> Iterator[Contest]:
    frames, samples = _speech(options.setting("frames", SETTINGS["frames"], 100))
    yield _decoding(frames)
    yield _encoding(samples)


def _libgsm(rows: _Rows) -> Libgsm | None:
    try:
        peer = Libgsm()
    except ImportError as error:
        rows.without("libgsm", error)
        return None
    if peer.loop is None:
        rows.without(LOOP, "no gcc or no gsm.h (apt install gcc libgsm1-dev)")
    return peer


def _decoding(frames: bytes) -> Group:
    rows = _Rows("decode")
    count = len(frames) // 33
    each = [frames[at : at + 33] for at in range(0, len(frames), 33)]
    out = np.empty(160 * count, np.int16)
    if peer := _libgsm(rows):
        held = ctypes.create_string_buffer(frames, len(frames))
        sources = [ctypes.addressof(held) + 33 * i for i in range(count)]
        targets = [out.ctypes.data + 320 * i for i in range(count)]
        if peer.loop:
            rows.add(LOOP, lambda: peer.loop(0, held, out.ctypes.data, count), count)
        rows.add(
            "libgsm, ctypes, call a frame",
            lambda: peer.each(peer.lib.gsm_decode, sources, targets, held),
            count,
        )
    _decoding_peers(rows, frames, each)
    rows.add("ours, pure", lambda: decoder.Decoder().decode(frames[: 33 * FEW]), FEW)
    codec = load("hamaproto.gsm._codec")
    if codec is None:
        rows.without("ours, compiled", "the compiled twin was not built, or is not wanted")
        return rows.entries

    def one_by_one() -> None:
        decode = codec.Decoder().decode
        for frame in each:
            decode(frame)

    def in_place() -> None:
        decode = codec.Decoder().decode
        one = out[:160]
        for frame in each:
            decode(frame, one)

    rows.add("ours, call a frame", one_by_one, count)
    rows.add("ours, call a frame, into an array", in_place, count)
    rows.add("ours, bulk", lambda: codec.Decoder().decode(frames, out), count)
    for streams in STREAMS:
        part = max(count // streams, 50)
        block = np.resize(np.frombuffer(frames, np.uint8), (streams, part, 33))
        target = np.empty((streams, part * 160), np.int16)

        def run(block: Any = block, target: Any = target, streams: int = streams) -> None:
            codec.DecoderBank(streams).decode(block, out=target)

        rows.add(f"ours, bank of {streams}", run, streams * part)
    return rows.entries


def _decoding_peers(rows: _Rows, frames: bytes, each: list[bytes]) -> None:
    count = len(each)
    try:
        import av

        def with_av() -> None:
            context: Any = av.CodecContext.create("gsm", "r")
            context.sample_rate = 8000
            context.layout = "mono"
            for frame in each:
                context.decode(av.Packet(frame))

        rows.add("PyAV, packet a frame (not exact)", with_av, count)
    except ImportError as error:
        rows.without("PyAV", error)
    try:
        import soundfile  # type: ignore[import-untyped]
    except ImportError as error:
        rows.without("soundfile", error)
        return
    file = io.BytesIO()
    with Wav49Writer(file) as writer:
        writer.write(frames[: count // 2 * 66])
    wav = file.getvalue()
    rows.add(
        "soundfile, WAV49 in memory",
        lambda: soundfile.read(io.BytesIO(wav), dtype="int16"),
        count // 2 * 2,
    )


def _encoding(samples: Any) -> Group:
    rows = _Rows("encode")
    count = len(samples) // 160
    if peer := _libgsm(rows):
        held = ctypes.create_string_buffer(33 * count)
        sources = [samples.ctypes.data + 320 * i for i in range(count)]
        targets = [ctypes.addressof(held) + 33 * i for i in range(count)]
        if peer.loop:
            rows.add(LOOP, lambda: peer.loop(1, held, samples.ctypes.data, count), count)
        rows.add(
            "libgsm, ctypes, call a frame",
            lambda: peer.each(peer.lib.gsm_encode, sources, targets, held),
            count,
        )
    rows.add("ours, pure", lambda: encoder.Encoder().encode(samples[: 160 * FEW]), FEW)
    codec = load("hamaproto.gsm._codec")
    if codec is None:
        rows.without("ours, compiled", "the compiled twin was not built, or is not wanted")
        return rows.entries
    each = [samples[at : at + 160] for at in range(0, len(samples), 160)]

    def one_by_one() -> None:
        encode = codec.Encoder().encode
        for piece in each:
            encode(piece)

    rows.add("ours, call a frame", one_by_one, count)
    rows.add("ours, bulk", lambda: codec.Encoder().encode(samples), count)
    for streams in STREAMS:
        part = max(count // streams, 50)
        block = np.resize(samples, (streams, part * 160))
        target = np.empty((streams, part, 33), np.uint8)

        def run(block: Any = block, target: Any = target, streams: int = streams) -> None:
            codec.EncoderBank(streams).encode(block, out=target)

        rows.add(f"ours, bank of {streams}", run, streams * part)
    return rows.entries
