"""The numbers of the standard, and what follows from them."""

from __future__ import annotations

from hamaproto.gsm.tables import LAR_DECODED, PULSES, exponent_and_mantissa


def test_tables() -> None:
    assert max(abs(value) for row in LAR_DECODED for value in row) == 26214
    assert [len(row) for row in LAR_DECODED] == [64, 64, 32, 32, 16, 16, 8, 8]
    assert exponent_and_mantissa(0) == (-4, 7)
    assert exponent_and_mantissa(63) == (6, 7)
    assert all(-32768 <= pulse <= 32767 for row in PULSES for pulse in row)
    assert PULSES[63][0] == -28671
    assert PULSES[63][7] == 28671
