"""Samples to frames: as other programs encode them, and home again."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from gsm_codecs import homings, samples

from fixtures.vectors import Vector, vectors
from hamaproto.gsm import encoder
from hamaproto.gsm.tables import HOMING_FRAME


@pytest.mark.parametrize("vector", [v for v in vectors() if v.source], ids=repr)
def test_encodes_as_other_programs_do(vector: Vector, codec: Any) -> None:
    assert vector.source is not None
    for homing in homings(vector):
        assert codec.Encoder(homing).encode(vector.source) == vector.frames
    pcm = samples(vector.source)
    one = codec.Encoder(vector.homing)
    cuts = [0, 160, 160, 480, 1600, len(pcm)]
    pieces = [one.encode(pcm[a:b]) for a, b in itertools.pairwise(cuts)]
    assert b"".join(pieces) == vector.frames


def test_of_equal_lags_the_first_counts() -> None:
    # Clause 5.2.11 asks for more than the best so far.  In floats of 24 bits, which other
    # encoders use, the sums of 40, 60, 80, 100 and 120 below come out different.
    period = [-30433, -1219, -432, -2006, -2356, -1144, -3379, -684, -2784, -2088]
    wave = [*period, *(-value for value in period)]
    assert encoder._long_term([value >> 1 for value in wave * 2], wave * 6)[0] == 40


def test_an_encoder_goes_home_after_its_homing_frame(codec: Any) -> None:
    speech = samples(vectors()[0].source or b"")[:1600]
    home = np.full(160, 8, np.int16)
    one = codec.Encoder()
    assert one.encode(home) == HOMING_FRAME
    first = one.encode(speech)
    assert first == codec.Encoder().encode(speech)
    assert one.encode(home) != HOMING_FRAME
    assert one.encode(home) == HOMING_FRAME
    # The three lower bits are not looked at, here neither.
    assert one.encode(home | 7) == HOMING_FRAME
    assert one.encode(speech) == first
    stubborn = codec.Encoder(homing=False)
    stubborn.encode(np.concatenate([speech, home]))
    assert stubborn.encode(home) != HOMING_FRAME
