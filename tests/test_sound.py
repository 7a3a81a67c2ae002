"""`hamaproto.sound`: what may be said to a camera."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.errors import ArgumentTypeError, LocalProtocolError
from hamaproto.sound import checked_frames, checked_sound, is_one_piece

#: RFC 3551 4.5.8.1: 33 bytes, of which the first has 0xD in its upper half.
FRAME = b"\xd5" + bytes(range(32))


@given(st.lists(st.binary(min_size=33, max_size=33), max_size=6), st.integers(0, 32))
def test_whole_frames_pass_as_they_are_and_anything_else_is_named(
    frames: list[bytes], more: int
) -> None:
    data = b"".join(bytes([0xD0 | frame[0] & 15]) + frame[1:] for frame in frames)
    for form in (data, bytearray(data), memoryview(data)):
        assert checked_sound("talk", form) == data
    if more:
        with pytest.raises(LocalProtocolError, match=rf"talk\(\): {len(data) + more} bytes"):
            checked_sound("talk", data + FRAME[:more])
    odd = b"".join(frames)
    wrong = next((n for n, frame in enumerate(frames) if frame[0] >> 4 != 0xD), None)
    if wrong is not None:
        with pytest.raises(LocalProtocolError, match=f"frame {wrong} does not begin .*0xD"):
            checked_sound("talk", odd)


@pytest.mark.parametrize("wrong", ["sound", 33, None, [FRAME]])
def test_what_is_no_sound(wrong: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=r"send\(frames=.*33 each"):
        checked_sound("send", wrong)


def test_what_may_be_sound() -> None:
    async def microphone() -> Any:
        yield FRAME

    for given_ in (FRAME, bytearray(FRAME * 2), memoryview(FRAME), [FRAME], iter([FRAME]), (), b""):
        checked_frames(given_, asynchronous=False)
        checked_frames(given_, asynchronous=True)
        assert is_one_piece(given_) is not isinstance(given_, list | tuple | type(iter([])))
    checked_frames(microphone(), asynchronous=True)
    with pytest.raises(ArgumentTypeError, match="not an async one"):
        checked_frames(microphone(), asynchronous=False)
    for wrong in ("sound", 33, None):
        with pytest.raises(ArgumentTypeError, match="GSM"):
            checked_frames(wrong, asynchronous=True)
    for odd in (bytes(34), bytes(33)):
        with pytest.raises(LocalProtocolError, match="frame"):
            checked_frames(odd, asynchronous=False)
