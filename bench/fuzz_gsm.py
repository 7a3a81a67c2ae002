"""The twins and the ways of the GSM codec against each other.

    python -m bench fuzz-gsm [--part twins|banks] [--frames N] [--seed N]

`twins`: every round makes random frames that no encoder would make, for some streams:
uniform bits (invalid lags, any amplitude, which saturates all filters), frames near silence,
loud resonant ones, and homing frames strewn among them.  They are decoded by the pure
decoder, by the compiled one with each instruction set of this machine, whole and in pieces,
and by the bank, with and without lost and idle frames; all must agree, sample by sample.  A
smaller share is random sound for the encoders and their bank.

`banks`: every round has speech, music, noise, full scale, near silence, tones and homing frames,
another one in each lane.  Banks of 37 streams encode it with each instruction set, in pieces
and with idle frames, and decode what came with lost and idle ones; each stream must be, byte by
byte, what one encoder or decoder in portable C makes of it alone.  Before the first round the
sequences of the vectors (ETSI's too, see `fixtures.vectors.etsi_folder`) go through the banks
side by side, and must come out as their files say.

Both parts take a million frames (the default): the second half a minute, the first as many
minutes as the pure decoder needs.  The first difference is printed with the seed that gives it
again, and ends the run with exit code 1.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from fixtures.vectors import FOLDER, vectors
from hamaproto._accel import load
from hamaproto.gsm import bank, decoder, encoder
from hamaproto.gsm.tables import HOMING_FRAME

__all__ = ["banks", "frames", "main", "music", "round_trip", "sequences", "sound"]

STREAMS = 20
EACH = 50
#: So many of a stream's frames also go through a bank that loses some.
FEW = 10
#: A full register of the widest kind, and a rest.
LANES = 37
#: Frames of each lane in a round.
LONG = 120


def frames(random: np.random.Generator, streams: int, count: int) -> Any:
    """Random frames, uint8 of shape (streams, count, 33)."""
    out = random.integers(0, 256, (streams, count, 33), np.uint8)
    for stream in range(streams):
        kind = stream % 5
        if kind == 1:  # lags as an encoder sends them, loud
            for place in (5, 12, 19, 26):
                lags = random.integers(40, 121, count)
                out[stream, :, place] = lags << 1 | (out[stream, :, place] & 1)
                out[stream, :, place + 1] |= 0x1F
                out[stream, :, place + 2] |= 0x80
        elif kind == 2:  # log area ratios at their ends: the sharpest resonances
            ends = random.integers(0, 2, (count, 5)).astype(np.uint8) * 255
            out[stream, :, :5] = ends
        elif kind == 3:  # near silence
            for place in (5, 12, 19, 26):
                out[stream, :, place + 1] &= 0xE0
        homing = random.random(count) < (0.3 if kind == 4 else 0.03)
        out[stream, homing] = np.frombuffer(HOMING_FRAME, np.uint8)
    out[:, :, 0] = (out[:, :, 0] & 0x0F) | 0xD0
    return out


def sound(random: np.random.Generator, count: int, kind: int | None = None) -> Any:
    """Random sound, int16 of shape (160 * count,): levels, edges, tones, homing frames."""
    size = 160 * count
    kinds = (
        lambda: random.integers(-32768, 32768, size),
        lambda: np.where(np.arange(size) // random.integers(1, 60) % 2, 32767, -32768),
        lambda: np.cumsum(random.integers(-900, 901, size)),
        lambda: random.standard_normal(size) * np.repeat(2.0 ** random.integers(0, 17, count), 160),
        lambda: 40000 * np.sin(np.arange(size) * random.random() * 3),
        lambda: np.repeat(random.choice([8, 8, 0, 9], count), 160),
        lambda: random.integers(-16, 17, size),
    )
    chosen = np.asarray(kinds[int(random.integers(len(kinds))) if kind is None else kind]())
    return np.clip(chosen, -32768, 32767).astype(np.int16)


def music(random: np.random.Generator, count: int) -> Any:
    """Chords of decaying tones, some of them loud enough to clip; int16 of (160 * count,)."""
    time_s = np.arange(160 * count) / 8000
    out = np.zeros(len(time_s))
    for start in np.arange(0, time_s[-1], 0.3):
        since = time_s - start
        for note in random.integers(36, 90, 3):
            pitch = 440 * 2 ** ((note - 69) / 12)
            for partial in (1, 2, 3, 5):
                tone = np.sin(2 * np.pi * pitch * partial * since + random.random() * 6) / partial
                out += np.where(since >= 0, tone * np.exp(-4 * since), 0)
    return np.clip(out * 10 ** random.uniform(2, 4.3), -32768, 32767).astype(np.int16)


def speech(random: np.random.Generator, count: int) -> Any:
    """Recorded speech from any place on, at any level; int16 of shape (160 * count,)."""
    samples = np.fromfile(FOLDER / "speech_espeak.in.s16", "<i2")
    begun = np.roll(samples, -int(random.integers(len(samples))))
    louder = np.resize(begun, 160 * count) * 10 ** random.uniform(-2, 0.7)
    return np.clip(louder, -32768, 32767).astype(np.int16)


def compiled() -> Any:
    codec = load("hamaproto.gsm._codec")
    if codec is None:
        raise SystemExit("the compiled twin is not built: there is nothing to compare")
    return codec


@contextmanager
def each_way(codec: Any) -> Iterator[list[str]]:
    """The instruction sets that this machine has; in the end that in use before is so again."""
    best = codec.instruction_set()
    names = ("portable", "neon", "ssse3", "avx2", "avx512")
    try:
        yield [name for name in names if codec.use_instruction_set(name) == name]
    finally:
        codec.use_instruction_set(best)


def round_trip(seed: int, streams: int = STREAMS, count: int = EACH) -> str | None:
    """One round of the twins; None, or what differs."""
    codec = compiled()
    random = np.random.default_rng(seed)
    homing = bool(seed % 4)
    block = frames(random, streams, count)
    lost = random.random((streams, count)) < 0.05
    idle = random.random((streams, count)) < 0.05
    want = np.stack([decoder.Decoder(homing).decode(stream) for stream in block])
    masked = bank.DecoderBank(streams, homing, seed=seed)
    part = {"lost": lost[:, :FEW].copy(), "idle": idle[:, :FEW].copy()}
    want_masked = masked.decode(block[:, :FEW].copy(), **part)
    pcm = sound(random, FEW)
    want_frames = encoder.Encoder(homing).encode(pcm)
    many = np.stack([np.roll(pcm, 160 * stream) for stream in range(5)])
    rest = {"idle": idle[:5, :FEW].copy()}
    want_many = bank.EncoderBank(5, homing).encode(many, **rest)
    with each_way(codec) as names:
        for name in names:
            codec.use_instruction_set(name)
            whole = np.stack([codec.Decoder(homing).decode(stream) for stream in block])
            if not np.array_equal(whole, want):
                return f"decoder, {name}"
            one = codec.Decoder(homing)
            cuts = np.sort(random.integers(0, count + 1, 4))
            pieces = [one.decode(piece) for piece in np.split(block[0], cuts)]
            if not np.array_equal(np.concatenate(pieces), want[0]):
                return f"decoder in pieces, {name}"
            if not np.array_equal(codec.DecoderBank(streams, homing).decode(block), want):
                return f"bank, {name}"
            other = codec.DecoderBank(streams, homing, seed=seed)
            got = other.decode(block[:, :FEW].copy(), **part)
            if not np.array_equal(got, want_masked):
                return f"bank with losses, {name}"
            if codec.Encoder(homing).encode(pcm) != want_frames:
                return f"encoder, {name}"
            if not np.array_equal(codec.EncoderBank(5, homing).encode(many, **rest), want_many):
                return f"encoder bank, {name}"
    return None


def banks(seed: int, streams: int = LANES, count: int = LONG) -> str | None:
    """One round of the banks; None, or what differs from portable C, stream by stream."""
    codec = compiled()
    random = np.random.default_rng(seed)
    homing = bool(seed % 4)
    first = int(random.integers(9))
    makers = [speech, music, *[lambda r, n, kind=kind: sound(r, n, kind) for kind in range(7)]]
    pcm = np.stack([makers[(first + lane) % 9](random, count) for lane in range(streams)])
    silent = random.random((streams, count)) < 0.05
    home = random.random((streams, count)) < 0.02
    pcm.reshape(streams, count, 160)[home] = 8
    idle = random.random((streams, count)) < (0.1 if seed % 2 else 0)
    pcm.reshape(streams, count, 160)[silent & ~home] = 0
    lost = random.random((streams, count)) < 0.05
    cuts = [0, 1, *np.sort(random.integers(1, count, 2)), count]
    pieces = [slice(a, b) for a, b in itertools.pairwise(cuts)]
    with each_way(codec) as names:
        codec.use_instruction_set("portable")
        want = np.zeros((streams, count, 33), np.uint8)
        heard = np.zeros((streams, count, 160), np.int16)
        for lane in range(streams):
            taken = ~idle[lane]
            whole = pcm[lane].reshape(count, 160)[taken].reshape(-1)
            want[lane, taken] = np.frombuffer(
                codec.Encoder(homing).encode(whole), np.uint8
            ).reshape(-1, 33)
            one = codec.Decoder(homing, seed=lane)
            for at in np.flatnonzero(taken):
                gone = lost[lane, at]
                heard[lane, at] = one.conceal() if gone else one.decode(want[lane, at].tobytes())
        for name in names:
            codec.use_instruction_set(name)
            many, back = codec.EncoderBank(streams, homing), codec.DecoderBank(streams, homing)
            for piece in pieces:
                sounds = np.ascontiguousarray(pcm.reshape(streams, count, 160)[:, piece])
                masks = {"idle": np.ascontiguousarray(idle[:, piece])}
                got = many.encode(sounds.reshape(streams, -1), **masks)
                if not np.array_equal(got, want[:, piece]):
                    lane, at = np.argwhere(got != want[:, piece])[0, :2]
                    return f"encoder bank, {name}, lane {lane}, frame {piece.start + at}"
                masks["lost"] = np.ascontiguousarray(lost[:, piece])
                samples = back.decode(got, **masks).reshape(streams, -1, 160)
                if not np.array_equal(samples, heard[:, piece]):
                    lane, at = np.argwhere(samples != heard[:, piece])[0, :2]
                    return f"decoder bank, {name}, lane {lane}, frame {piece.start + at}"
    return None


def sequences(codec: Any) -> str | None:
    """The vectors side by side in the lanes of one bank; None, or what differs from its file.

    Each is there twice; what is behind its end, since others are longer, is idle.  Those that
    have no homing frame must come out alike with homing and without, if an encoder made them.
    """
    for homing in (True, False):
        chosen = [v for v in vectors() if (v.homing or v.source if homing else not v.homing)] * 2
        longest = max(len(v.frames) // 33 for v in chosen)
        block = np.zeros((len(chosen), longest, 33), np.uint8)
        pcm = np.zeros((len(chosen), longest * 160), np.int16)
        idle = np.ones((len(chosen), longest), bool)
        for lane, vector in enumerate(chosen):
            count = len(vector.frames) // 33
            block[lane, :count] = np.frombuffer(vector.frames, np.uint8).reshape(-1, 33)
            idle[lane, :count] = False
            if vector.source is not None:
                pcm[lane, : 160 * count] = np.frombuffer(vector.source, "<i2")
        coded = codec.EncoderBank(len(chosen), homing).encode(pcm, idle=idle)
        heard = codec.DecoderBank(len(chosen), homing).decode(block, idle=idle)
        for lane, vector in enumerate(chosen):
            count = len(vector.frames) // 33
            if vector.source is not None and coded[lane, :count].tobytes() != vector.frames:
                return f"encoder bank, {vector}"
            if heard[lane, : 160 * count].astype("<i2").tobytes() != vector.decoded:
                return f"decoder bank, {vector}"
    return None


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench fuzz-gsm", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--part", choices=("banks", "twins"), help="(default: both)")
    parser.add_argument("--frames", type=int, default=1_000_000, help="(default 1,000,000)")
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    options = parser.parse_args(argv)
    codec = compiled()
    if options.part != "twins":
        with each_way(codec) as names:
            for name in names:
                codec.use_instruction_set(name)
                differs = sequences(codec)
                if differs:
                    print(f"{differs}, {name}: differs from its file")
                    return 1
        print(f"{len(vectors())} sequences as their files say: {', '.join(names)}")
    for part, run, size in (("banks", banks, LANES * LONG), ("twins", round_trip, STREAMS * EACH)):
        if options.part not in (None, part):
            continue
        start = time.monotonic()
        rounds = -(-options.frames // size)
        for seed in range(options.seed, options.seed + rounds):
            differs = run(seed)
            if differs:
                print(f"{part}, seed {seed}: {differs}: a difference")
                return 1
        taken = time.monotonic() - start
        print(f"{part}: {rounds * size:,} frames in {taken:.0f} s: no difference")
    return 0
