"""The bytes of an object, once it is sure that a stretch lies within them.

In C that is the place in memory where they begin (`kernel_within.h`), for who reads byte by byte.
"""

from __future__ import annotations

__all__ = ["within"]


def within(data: bytes | bytearray, pos: int, end: int) -> bytes | bytearray:
    """`data`, to be indexed; raises `IndexError` if `data[pos:end]` is not all there."""
    if pos < 0 or end > len(data):
        raise IndexError(f"[{pos}:{end}] of {len(data)} bytes")
    return data
