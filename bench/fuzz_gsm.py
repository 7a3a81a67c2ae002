"""The twins of the GSM codec against each other, on frames that no encoder would make.

    python -m bench fuzz-gsm [--frames N] [--seed N]

Every round makes random frames for some streams: uniform bits (invalid lags, any
amplitude, which saturates all filters), frames near silence, loud resonant ones, and
homing frames strewn among them.  They are decoded by the pure decoder, by the compiled one
with each instruction set of this machine, whole and in pieces, and by the bank, with and
without lost and idle frames; all must agree, sample by sample.  A smaller share is random
sound for the encoders.  The first difference is printed with the seed that gives it again,
and ends the run with exit code 1.

A million frames (the default) take the pure decoder some minutes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from hamaproto._accel import load
from hamaproto.gsm import bank, decoder, encoder
from hamaproto.gsm.tables import HOMING_FRAME

__all__ = ["frames", "main", "round_trip", "sound"]

STREAMS = 20
EACH = 50
#: So many of a stream's frames also go through a bank that loses some.
FEW = 10


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


def sound(random: np.random.Generator, count: int) -> Any:
    """Random sound, int16 of shape (160 * count,): levels, edges, tones, homing frames."""
    size = 160 * count
    kinds = (
        lambda: random.integers(-32768, 32768, size),
        lambda: np.where(np.arange(size) // random.integers(1, 60) % 2, 32767, -32768),
        lambda: np.cumsum(random.integers(-900, 901, size)),
        lambda: random.standard_normal(size) * np.repeat(2.0 ** random.integers(0, 17, count), 160),
        lambda: 40000 * np.sin(np.arange(size) * random.random() * 3),
        lambda: np.repeat(random.choice([8, 8, 0, 9], count), 160),
    )
    chosen = np.asarray(kinds[int(random.integers(len(kinds)))]())
    return np.clip(chosen, -32768, 32767).astype(np.int16)


def round_trip(seed: int, streams: int = STREAMS, count: int = EACH) -> str | None:
    """One round; None, or what differs."""
    codec = load("hamaproto.gsm._codec")
    if codec is None:
        raise SystemExit("the compiled twin is not built: there is nothing to compare")
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
    best = codec.instruction_set()
    try:
        for name in ("portable", "ssse3", "avx2"):
            if codec.use_instruction_set(name) != name:
                continue
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
    finally:
        codec.use_instruction_set(best)
    return None


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench fuzz-gsm", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--frames", type=int, default=1_000_000, help="(default 1,000,000)")
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    options = parser.parse_args(argv)
    start = time.monotonic()
    rounds = -(-options.frames // (STREAMS * EACH))
    for seed in range(options.seed, options.seed + rounds):
        differs = round_trip(seed)
        if differs:
            print(f"seed {seed}: {differs} differs from the pure twin")
            return 1
    taken = time.monotonic() - start
    print(f"{rounds * STREAMS * EACH:,} frames in {taken:.0f} s: no difference")
    return 0
