"""Frames to samples: as other programs decode them, at home, and where frames are lost."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from gsm_codecs import BAD, GOOD, PURE, homings, samples
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.vectors import Vector, vectors
from hamaproto.errors import LocalProtocolError
from hamaproto.gsm import decoder
from hamaproto.gsm.tables import HOMING_FRAME, PULSES


@pytest.mark.parametrize("vector", vectors(), ids=repr)
def test_decodes_as_other_programs_do(vector: Vector, codec: Any) -> None:
    want = samples(vector.decoded)
    for homing in homings(vector):
        assert np.array_equal(codec.Decoder(homing).decode(vector.frames), want)
    one = codec.Decoder(vector.homing)
    pieces = [one.decode(vector.frames[at : at + 33]) for at in range(0, len(vector.frames), 33)]
    assert np.array_equal(np.concatenate(pieces), want)


def test_single_frames_without_numpy(codec: Any) -> None:
    vector = vectors()[0]
    assert vector.source is not None
    out, back = codec.Decoder(), codec.Encoder()
    want = samples(vector.decoded).tolist()
    source = samples(vector.source).tolist()
    for i in range(20):
        frame = vector.frames[33 * i : 33 * i + 33]
        assert out.decode_frame(frame) == want[160 * i : 160 * i + 160]
        assert back.encode_frame(source[160 * i : 160 * i + 160]) == frame


def test_a_decoder_at_home_says_so(codec: Any) -> None:
    home = np.full(160, 8, np.int16)
    one = codec.Decoder()
    assert np.array_equal(one.decode(HOMING_FRAME), home)
    # The log area ratios and the first subframe are enough at home.
    assert np.array_equal(one.decode(HOMING_FRAME[:12] + bytes(21)), home)
    speech = vectors()[0].frames[: 33 * 10]
    first = codec.Decoder().decode(speech)
    assert np.array_equal(one.decode(speech), first)
    # In the middle the homing frame is decoded, and what follows begins anew.
    assert not np.array_equal(one.decode(HOMING_FRAME), home)
    assert np.array_equal(one.decode(HOMING_FRAME), home)
    assert np.array_equal(one.decode(speech), first)
    # Its beginning alone does not lead home.
    one.decode(HOMING_FRAME[:32] + b"\0")
    assert not np.array_equal(one.decode(speech), first)


def test_without_homing_it_is_a_frame_like_any_other(codec: Any) -> None:
    out = codec.Decoder(homing=False).decode(HOMING_FRAME * 3)
    assert not np.array_equal(out[:160], np.full(160, 8))
    assert np.array_equal(out, PURE.Decoder(homing=False).decode(HOMING_FRAME * 3))


def test_a_lost_frame_is_the_last_one_then_fades_then_is_silent(codec: Any) -> None:
    speech = vectors()[0].frames[33 * 60 : 33 * 120]
    one, repeated = codec.Decoder(), codec.Decoder()
    one.decode(speech)
    repeated.decode(speech)
    assert np.array_equal(one.conceal(), repeated.decode(speech[-33:]))
    for _ in range(15):
        one.conceal()
    # 320 ms have gone by.
    for _ in range(10):
        assert np.abs(one.conceal().astype(int)).max() <= 64


def test_a_loud_echo_is_gone_within_320_ms(codec: Any) -> None:
    one = codec.Decoder(homing=False)
    one.decode(bytes([0xDF]) + b"\xff" * 32)
    loud = bytearray(vectors()[0].frames[33 * 100 : 33 * 101])
    for start in (5, 12, 19, 26):
        loud[start : start + 3] = b"\x51\x9f\xff"  # lag 40, gain 1, the largest amplitude
    one.decode(loud)
    levels = [np.abs(one.conceal().astype(int)).max() for _ in range(20)]
    assert levels[0] > 8000
    assert max(levels[16:]) <= 128


def test_a_seed_gives_the_same_sound_again(codec: Any) -> None:
    def run(seed: int) -> Any:
        one = codec.Decoder(seed=seed)
        one.decode(vectors()[0].frames[33 * 60 : 33 * 100])
        return np.concatenate([one.conceal() for _ in range(12)])

    assert np.array_equal(run(1), run(1))
    assert not np.array_equal(run(1), run(2 << 30))
    want = PURE.Decoder(seed=7)
    got = codec.Decoder(seed=7)
    frames = vectors()[0].frames
    for at in range(33 * 60, 33 * 160, 33):
        if at % 7 < 3:
            assert np.array_equal(got.conceal(), want.conceal())
        else:
            assert np.array_equal(
                got.decode(frames[at : at + 33]), want.decode(frames[at : at + 33])
            )
    got.reset()
    assert np.array_equal(got.conceal(), codec.Decoder(seed=9).conceal())


def test_a_bad_nibble_is_refused_and_changes_nothing(codec: Any) -> None:
    one = codec.Decoder()
    out = np.full(160 * 6, 77, np.int16)
    with pytest.raises(LocalProtocolError, match="frame 2 begins with the nibble 0x1"):
        one.decode(BAD, out)
    assert (out == 77).all()
    with pytest.raises(LocalProtocolError, match="frame 0 begins with the nibble 0x1"):
        one.decode_frame(BAD[66:99])
    assert np.array_equal(one.decode(GOOD), codec.Decoder().decode(GOOD))


def test_a_bad_nibble_may_be_decoded_or_concealed(codec: Any) -> None:
    fixed = BAD[:66] + bytes([0xD0 | BAD[66] & 15]) + BAD[67:]
    want = codec.Decoder().decode(fixed)
    assert np.array_equal(codec.Decoder(on_bad_frame="decode").decode(BAD), want)
    one = codec.Decoder(on_bad_frame="conceal")
    got = one.decode(BAD)
    other = codec.Decoder()
    parts = [other.decode(BAD[:66]), other.conceal(), other.decode(BAD[99:])]
    assert np.array_equal(got, np.concatenate(parts))


def test_many_decoders_in_many_threads(codec: Any) -> None:
    frames = vectors()[0].frames[: 33 * 100]
    want = codec.Decoder().decode(frames)
    good = []

    def work() -> None:
        good.append(all(np.array_equal(codec.Decoder().decode(frames), want) for _ in range(2)))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert good == [True] * 6


# ---- steps of the standard, as its clauses write them: with an addition that saturates ----


def add(a: int, b: int) -> int:
    """Clause 5.1: `add`."""
    return sorted((-32768, a + b, 32767))[1]


def mult_r(a: int, b: int) -> int:
    """Clause 5.1: `mult_r`."""
    return 32767 if a == b == -32768 else (a * b + 16384) >> 15


EXTREME = st.sampled_from([-32768, -32767, -20000, -1, 0, 1, 20000, 32767])
SAMPLES = st.lists(EXTREME | st.integers(-32768, 32767), min_size=1, max_size=30)
COEFFICIENTS = st.lists(
    st.sampled_from([-32767, -31000, -9, 0, 9, 31000, 32767]), min_size=8, max_size=8
)


@settings(max_examples=40)
@given(SAMPLES, st.lists(COEFFICIENTS, min_size=1, max_size=2))
def test_the_synthesis_filter_saturates_as_the_standard_does(
    excitation: list[int], sets: list[list[int]]
) -> None:
    one = decoder.Decoder()
    v, msr = [0] * 9, 0
    for r in sets:
        got: list[int] = []
        one._filter(r, (excitation * 40)[:40], got)
        want = []
        for sr in (excitation * 40)[:40]:
            # Clauses 5.3.4 to 5.3.7.
            for i in range(8):
                sr = add(sr, -mult_r(r[7 - i], v[7 - i]))
                v[8 - i] = add(v[7 - i], mult_r(r[7 - i], sr))
            v[0] = sr
            msr = add(sr, mult_r(msr, 28180))
            want.append(add(msr, msr) & 0xFFF8)
        assert [value & 0xFFFF for value in got] == want


@settings(max_examples=40)
@given(
    st.lists(EXTREME | st.integers(-32768, 32767), min_size=1, max_size=30),
    st.binary(min_size=28, max_size=28),
    st.lists(st.sampled_from([0, 39, 40, 77, 120, 121, 127]), min_size=4, max_size=4),
    st.booleans(),
)
def test_the_excitation_saturates_as_the_standard_does(
    past: list[int], subframes: bytes, lags: list[int], loud: bool
) -> None:
    data = bytearray(b"\xd0\0\0\0\0" + subframes)
    for number, lag in enumerate(lags):
        data[5 + 7 * number] = lag << 1 | 1
        if loud:
            data[6 + 7 * number] |= 0x9F
            data[7 + 7 * number] |= 0x80
    one = decoder.Decoder()
    history = (past * 120)[:120]
    one._excitation = list(history)
    nr = 40
    want = []
    for number in range(4):
        bits = f"{int.from_bytes(data[5 + 7 * number : 12 + 7 * number]):056b}"
        nc, bc, mc, xmaxc = (int(bits[a:b], 2) for a, b in ((0, 7), (7, 9), (9, 11), (11, 17)))
        xr = [0] * 40
        for i in range(13):
            xr[mc + 3 * i] = PULSES[xmaxc][int(bits[17 + 3 * i : 20 + 3 * i], 2)]
        # Clause 5.3.2.
        nr = nc if 40 <= nc <= 120 else nr
        gain = (3277, 11469, 21299, 32767)[bc]
        subframe = [add(xr[k], mult_r(gain, history[120 - nr + k])) for k in range(40)]
        history = [*history, *subframe][-120:]
        want += subframe
    assert one._excite(bytes(data)) == want
