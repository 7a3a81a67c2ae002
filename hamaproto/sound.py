"""Sound for a camera's loudspeaker, checked before it is sent: frames of GSM 06.10.

A frame is 33 bytes that begin with the nibble 0xD (RFC 3551 4.5.8.1).  It comes as bytes of any
number of whole frames, or in an iterable of them, which may be an asynchronous one.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable

from hamaproto import _checks
from hamaproto.errors import LocalProtocolError
from hamaproto.gsm.tables import FRAME_BYTES, MAGIC

__all__ = ["checked_frames", "checked_sound", "is_one_piece"]

_BYTES = (bytes, bytearray, memoryview)
_FRAMES = "GSM 06.10 frames of 33 bytes, as bytes or as an iterable of bytes"


def checked_sound(call: str, frames: bytes | bytearray | memoryview) -> bytes:
    """GSM 06.10 frames as bytes.  Raises LocalProtocolError if they are none."""
    allowed = f"bytes of GSM 06.10 frames, {FRAME_BYTES} each"
    _checks.instance(call, "frames", frames, (bytes, bytearray, memoryview), allowed)
    data = bytes(frames)
    if len(data) % FRAME_BYTES:
        raise LocalProtocolError(
            f"{call}(): {len(data)} bytes are no whole number of frames; a frame has {FRAME_BYTES}"
        )
    for index, first in enumerate(data[::FRAME_BYTES]):
        if first >> 4 != MAGIC:
            raise LocalProtocolError(
                f"{call}(): frame {index} does not begin with the nibble 0x{MAGIC:X} "
                "(RFC 3551 4.5.8.1)"
            )
    return data


def is_one_piece(frames: object) -> bool:
    """Whether sound comes as bytes, and not as an iterable of them."""
    return isinstance(frames, _BYTES)


def checked_frames(frames: object, *, asynchronous: bool) -> None:
    """Raises LocalProtocolError for what can be no sound; an iterable is checked as it goes."""
    if is_one_piece(frames):
        checked_sound("talk", frames)  # type: ignore[arg-type]  # they are bytes
    elif isinstance(frames, AsyncIterable):
        if not asynchronous:
            raise _checks.wrong_type("talk", "frames", frames, f"{_FRAMES}, not an async one")
    elif isinstance(frames, str) or not isinstance(frames, Iterable):
        raise _checks.wrong_type("talk", "frames", frames, _FRAMES)
