"""The compiled codec against the pure one, and over hours."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from gsm_codecs import PURE, compiled
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.vectors import etsi_folder, vectors
from hamaproto.gsm.tables import HOMING_FRAME, SILENCE_FRAME

FRAME = st.binary(min_size=32, max_size=32).flatmap(
    lambda rest: st.integers(0xD0, 0xDF).map(lambda first: bytes([first]) + rest)
)


def test_the_sequences_of_the_standard_are_there() -> None:
    if etsi_folder() is None:
        pytest.skip("ETSI's sequences are not here; HAMAPROTO_ETSI can name their folder")
    assert sum(vector.name.startswith("etsi") for vector in vectors()) == 4


def test_the_compiled_twin_is_there_if_it_has_to_be() -> None:

    if os.environ.get("HAMAPROTO_REQUIRE_COMPILED", "0") not in ("", "0"):
        assert compiled is not None


@settings(max_examples=30)
@given(
    frames=st.lists(st.one_of(FRAME, st.just(HOMING_FRAME), st.just(SILENCE_FRAME)), max_size=12),
    homing=st.booleans(),
)
@pytest.mark.skipif(compiled is None, reason="the compiled twin is not built")
def test_twins_agree_on_any_frames(frames: list[bytes], homing: bool) -> None:
    assert compiled is not None
    data = b"".join(frames)
    want = PURE.Decoder(homing).decode(data)
    assert np.array_equal(compiled.Decoder(homing).decode(data), want)
    if frames:
        block = np.frombuffer(data * 5, np.uint8).reshape(5, len(frames), 33)
        got = compiled.DecoderBank(5, homing).decode(block)
        assert all(np.array_equal(stream, want) for stream in got)
    sound = np.resize(want, 160 * len(frames))
    assert compiled.Encoder(homing).encode(sound) == PURE.Encoder(homing).encode(sound)


@pytest.mark.skipif(compiled is None, reason="the compiled twin is not built")
@pytest.mark.parametrize("seed", range(6))
def test_twins_agree_on_extremes(seed: int) -> None:
    from bench.fuzz_gsm import round_trip

    assert round_trip(seed, streams=20, count=12) is None


LEAK = """
import resource
import numpy as np
from fixtures.vectors import vectors
from hamaproto.gsm import Decoder, DecoderBank, Encoder, EncoderBank
from hamaproto.errors import LocalProtocolError
frames = vectors()[0].frames
block = np.frombuffer(frames[:33 * 4 * 50], np.uint8).reshape(4, 50, 33)
one, many, back, crowd = Decoder(), DecoderBank(4), Encoder(), EncoderBank(4)
def work(n):
    for _ in range(n):
        sound = one.decode(frames)
        back.encode(sound[:16000])
        crowd.encode(many.decode(block))
        Decoder(), DecoderBank(30), Encoder(), EncoderBank(30)
        for bad in (b"1", "x", frames[1:34], np.zeros(33, np.int16)):
            try:
                one.decode(bad)
            except LocalProtocolError:
                pass
        one.conceal()
work(60)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
work(500)  # an hour of sound
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
assert grown < 1024, f"{grown} KiB more"
"""


@pytest.mark.skipif(compiled is None, reason="an hour takes the pure twin minutes")
@pytest.mark.skipif(sys.platform == "win32", reason="no getrusage")
def test_an_hour_takes_no_more_memory_than_a_minute() -> None:
    subprocess.run([sys.executable, "-c", LEAK], check=True, timeout=120)
