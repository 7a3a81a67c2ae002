"""Bytes are only handed on for a stretch that lies within them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.wire.mjpeg.within import within


@given(st.binary(max_size=9), st.integers(-2, 11), st.integers(-2, 11), st.booleans())
def test_a_stretch_is_there_or_it_is_refused(data: bytes, pos: int, end: int, own: bool) -> None:
    held = bytearray(data) if own else data
    if pos >= 0 and end <= len(data):
        assert within(held, pos, end) is held
    else:
        with pytest.raises(IndexError, match=f"of {len(data)} bytes"):
            within(held, pos, end)
