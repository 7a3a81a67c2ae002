"""How large a picture says it is, before anything decodes it.

Eight bytes of a JPEG can claim 65535x65535, which a decoder takes at its word: gigabytes for
one picture.  No camera has such a sensor, so what claims more than `MOST_PIXELS`, a side over
`LONGEST_SIDE`, or no side at all, is left out; nothing but its header is ever looked at.
"""

from __future__ import annotations

from typing import Final

from hamaproto.errors import RemoteProtocolError
from hamaproto.wire.jpeg import JpegInfo

__all__ = [
    "LONGEST_SIDE",
    "MOST_PIXELS",
    "AbsurdSizeError",
    "absurd_size",
    "is_possible",
    "size_of",
]

#: Twelve times the specification's largest picture on each side, and 50 megapixels: more
#: than any network camera sends, and decoded no more than 150 MB.
LONGEST_SIDE: Final = 15_360
MOST_PIXELS: Final = 50_000_000


class AbsurdSizeError(RemoteProtocolError):
    """A picture claims a size that none can have."""

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__(f"no picture is {size[0]}x{size[1]} pixels large")

    def __str__(self) -> str:
        return self.message


def size_of(image: bytes) -> tuple[int, int] | None:
    """Width and height in pixels as the header says; None if it has no readable one."""
    try:
        info = JpegInfo.parse(image)
    except RemoteProtocolError:
        return None
    return info.width, info.height


def absurd_size(image: bytes) -> tuple[int, int] | None:
    """The size that a picture claims, if no picture can have it; None if it may."""
    size = size_of(image)
    if size is None:
        return None
    return None if is_possible(*size) else size


def is_possible(width: int, height: int) -> bool:
    """Whether a picture can have so many pixels."""
    sides = 0 < width <= LONGEST_SIDE and 0 < height <= LONGEST_SIDE
    return sides and width * height <= MOST_PIXELS
