"""WAV49: the packing of GSM 06.10 that Microsoft put into WAV files (format tag 0x0031).

Two frames share a block of 65 bytes: twice the standard's 260 bits, each parameter with
its lowest bit first and no nibble to mark a beginning.  Frames come and go in the usual
33 bytes, so that the rest of the package knows one packing only.
"""

from __future__ import annotations

from typing import Final

from hamaproto.errors import LocalProtocolError
from hamaproto.gsm.tables import (
    FRAME_BYTES,
    FRAME_SAMPLES,
    LAR_WIDTHS,
    MAGIC,
    SUBFRAME_WIDTHS,
)

__all__ = ["BLOCK_BYTES", "BLOCK_SAMPLES", "pack", "unpack", "unpack_first", "unpack_second"]

BLOCK_BYTES: Final = 65
BLOCK_SAMPLES: Final = 2 * FRAME_SAMPLES

#: The widths of a frame's 76 parameters: eight log area ratios, and four subframes.
WIDTHS: Final = LAR_WIDTHS + 4 * SUBFRAME_WIDTHS


def _frame(bits: int) -> bytes:
    """260 bits, lowest first, as a frame."""
    frame = MAGIC
    for width in WIDTHS:
        frame = frame << width | bits & (1 << width) - 1
        bits >>= width
    return frame.to_bytes(FRAME_BYTES)


def _bits(frame: bytes) -> int:
    """A frame as 260 bits, lowest first."""
    value = int.from_bytes(frame)
    bits = 0
    for width in reversed(WIDTHS):
        bits = bits << width | value & (1 << width) - 1
        value >>= width
    return bits


def unpack_first(head: bytes) -> bytes:
    """The first frame of a block, from the block's first 33 bytes."""
    return _frame(int.from_bytes(head, "little"))


def unpack_second(tail: bytes) -> bytes:
    """The second frame of a block, from the block's last 33 bytes."""
    return _frame(int.from_bytes(tail, "little") >> 4)


def unpack(blocks: bytes | bytearray | memoryview) -> bytes:
    """Blocks of 65 bytes to two frames of 33 bytes each.

    Raises `LocalProtocolError` for anything but whole blocks.
    """
    data = bytes(blocks)
    if len(data) % BLOCK_BYTES:
        raise LocalProtocolError(
            f"blocks: {len(data)} bytes are not whole blocks; WAV49 blocks are {BLOCK_BYTES} bytes"
        )
    frames = []
    for start in range(0, len(data), BLOCK_BYTES):
        frames.append(unpack_first(data[start : start + FRAME_BYTES]))
        frames.append(unpack_second(data[start + FRAME_BYTES - 1 : start + BLOCK_BYTES]))
    return b"".join(frames)


def pack(frames: bytes | bytearray | memoryview) -> bytes:
    """Frames, an even number of them, to blocks of 65 bytes.

    Raises `LocalProtocolError` for anything but whole pairs.
    """
    data = bytes(frames)
    if len(data) % (2 * FRAME_BYTES):
        raise LocalProtocolError(
            f"frames: {len(data)} bytes are not whole pairs of frames; WAV49 packs two frames of "
            f"{FRAME_BYTES} bytes into a block"
        )
    blocks = []
    for start in range(0, len(data), 2 * FRAME_BYTES):
        middle = start + FRAME_BYTES
        pair = _bits(data[start:middle]) | _bits(data[middle : middle + FRAME_BYTES]) << sum(WIDTHS)
        blocks.append(pair.to_bytes(BLOCK_BYTES, "little"))
    return b"".join(blocks)
