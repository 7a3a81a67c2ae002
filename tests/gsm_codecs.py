"""The codec's twins for tests: the pure one, and the compiled one with each instruction set."""

from __future__ import annotations

from typing import Any

import numpy as np

from fixtures.vectors import Vector, vectors
from hamaproto import _accel
from hamaproto.gsm import bank, decoder, encoder

compiled = _accel.load("hamaproto.gsm._codec")
SETS = ("portable", "ssse3", "avx2")
#: The twins that are there, by name.
TWINS = ["pure"] + ([f"compiled-{name}" for name in SETS] if compiled else [])


class Codec:
    def __init__(self, decoder: Any, encoder: Any, bank: Any) -> None:
        self.Decoder, self.Encoder, self.DecoderBank = decoder, encoder, bank


PURE = Codec(decoder.Decoder, encoder.Encoder, bank.DecoderBank)


def samples(data: bytes) -> Any:
    return np.frombuffer(data, "<i2").astype(np.int16)


def homings(vector: Vector) -> tuple[bool, ...]:
    """Vectors without a homing frame hold both ways."""
    return (True,) if vector.homing else (False, True) if vector.source else (False,)


#: Six frames of speech, and the same with a nibble that begins no frame.
GOOD = vectors()[0].frames[: 33 * 6]
BAD = GOOD[:66] + b"\x17" + GOOD[67:]
