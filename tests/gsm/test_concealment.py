"""What is said in place of a lost frame, by the example of GSM 06.11 clause 6."""

from __future__ import annotations

from fixtures.vectors import vectors
from hamaproto.gsm.concealment import Concealment


def test_before_any_frame_there_is_the_silence_frame() -> None:
    # GSM 06.11: log area ratios 42 39 21 10 9 4 3 2, lag 40, gain 0, grid 1, amplitude 0.
    bits = 0xD
    for value, width in zip((42, 39, 21, 10, 9, 4, 3, 2), (6, 6, 5, 5, 4, 4, 3, 3), strict=True):
        bits = bits << width | value
    for _ in range(4):
        bits = ((bits << 7 | 40) << 2 << 2 | 1) << 6
        for pulse in (3, 4, 3, 4, 4, 3, 3, 3, 3, 4, 4, 3, 3):
            bits = bits << 3 | pulse
    assert Concealment().lost() == bits.to_bytes(33)


def test_an_amplitude_sinks_by_four_a_frame() -> None:
    def amplitudes(frame: bytes) -> list[int]:
        return [int.from_bytes(frame[at : at + 7]) >> 39 & 63 for at in range(5, 33, 7)]

    frame = vectors()[0].frames[33 * 100 : 33 * 101]
    one = Concealment()
    one.good(frame)
    assert one.lost() == frame
    before = amplitudes(frame)
    for _ in range(3):
        after = amplitudes(one.lost())
        assert after == [max(value - 4, 0) for value in before]
        before = after
