"""The codec's twins for tests: the pure one, and the compiled one with each instruction set."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.fuzz_gsm import each_way
from fixtures.vectors import Vector, vectors
from hamaproto import _accel
from hamaproto.gsm import bank, decoder, encoder

compiled = _accel.load("hamaproto.gsm._codec")


def _sets() -> list[str]:
    """The instruction sets that this machine has."""
    if compiled is None:
        return []
    with each_way(compiled) as names:
        return names


#: The twins that are there, by name.
TWINS = ["pure"] + [f"compiled-{name}" for name in _sets()]


class Codec:
    def __init__(self) -> None:
        self.Decoder, self.Encoder = decoder.Decoder, encoder.Encoder
        self.DecoderBank, self.EncoderBank = bank.DecoderBank, bank.EncoderBank


PURE = Codec()


def samples(data: bytes) -> Any:
    return np.frombuffer(data, "<i2").astype(np.int16)


def homings(vector: Vector) -> tuple[bool, ...]:
    """Vectors without a homing frame hold both ways."""
    return (True,) if vector.homing else (False, True) if vector.source else (False,)


#: Six frames of speech, and the same with a nibble that begins no frame.
GOOD = vectors()[0].frames[: 33 * 6]
BAD = GOOD[:66] + b"\x17" + GOOD[67:]
