"""A code in the picture that a program can read: which camera, which picture, taken when.

Stamps (`picture.py`) are lost where a client decodes and encodes anew; this is not.  It is three
rows of 40 cells, black and white, a cell being a fortieth of the picture's width, three cells above
its lower edge.  Each row begins with a black and a white cell and ends with a white and a black
one, which tell how dark and how bright they are; the 36 between hold bits, the highest first:

    24 bits  the number of the picture
    44 bits  its time, in milliseconds since 1970
    16 bits  the camera
    24 bits  the lower bits of the CRC-32 of these 84, as 11 bytes

It is never flipped, as the writing is not.  At 320x240 a cell is a block of the JPEG, so that the
strongest compression leaves it as it is, and at half that size it still has four pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zlib import crc32

from hamaproto.errors import LocalProtocolError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "BRIGHT",
    "COLUMNS",
    "DARK",
    "FROM_BELOW",
    "ROWS",
    "PictureCode",
    "cells_of",
    "read_code",
]

COLUMNS: Final = 40
ROWS: Final = 3
#: How many cells the first row begins above the picture's lower edge.
FROM_BELOW: Final = 6
DARK: Final = 16
BRIGHT: Final = 235

_NUMBER: Final = 24
_TIME: Final = 44
_CAMERA: Final = 16
_CHECK: Final = 24
_PER_ROW: Final = 36
#: White has to be brighter than black by so much, or there is no code.
_LEAST: Final = 40


class PictureCode(NamedTuple):
    """What the code says."""

    number: int
    """The number of the picture; counts from 0 again behind 16,777,215."""
    time: float
    """When it was taken, in seconds since 1970, to the millisecond."""
    camera: int
    """Which camera took it, 0 to 65,535."""


def _check(value: int) -> int:
    return crc32(value.to_bytes(11, "big")) & ((1 << _CHECK) - 1)


def cells_of(number: int, time: float, camera: int) -> tuple[tuple[bool, ...], ...]:
    """The rows of cells, True where one is white."""
    value = number & ((1 << _NUMBER) - 1)
    value = value << _TIME | (max(0, round(time * 1000)) & ((1 << _TIME) - 1))
    value = value << _CAMERA | (camera & ((1 << _CAMERA) - 1))
    bits = f"{value << _CHECK | _check(value):0{ROWS * _PER_ROW}b}"
    rows = (bits[at : at + _PER_ROW] for at in range(0, len(bits), _PER_ROW))
    return tuple((False, True, *(bit == "1" for bit in row), True, False) for row in rows)


def read_code(picture: Any) -> PictureCode | None:
    """The code of a decoded picture; None if there is none that can be read.

    `picture` is an array of brightnesses, height x width, or of colours, height x width x 3 or 4,
    as numpy, Pillow, PyAV and OpenCV have them, scaled by whatever; it has to be the picture and
    nothing around it, but for a quarter of a cell.  Raises `LocalProtocolError` for another shape.
    """
    import numpy as np

    pixels = np.asarray(picture)
    if pixels.ndim == 3 and pixels.shape[2] in (3, 4):
        pixels = pixels[:, :, :3].mean(axis=2)
    if pixels.ndim != 2:
        raise LocalProtocolError(
            f"a picture is height x width, or height x width x 3, and this has {pixels.shape}"
        )
    bits = ""
    for number in range(ROWS):
        row = _row(pixels, number)
        if row is None:
            return None
        dark, bright = float(max(row[0], row[-1])), float(min(row[1], row[-2]))
        if bright - dark < _LEAST:
            return None
        middle = (dark + bright) / 2
        bits += "".join("1" if cell > middle else "0" for cell in row[2:-2])
    value = int(bits, 2)
    value, check = value >> _CHECK, value & ((1 << _CHECK) - 1)
    if _check(value) != check:
        return None
    return PictureCode(
        value >> (_TIME + _CAMERA),
        (value >> _CAMERA & ((1 << _TIME) - 1)) / 1000,
        value & ((1 << _CAMERA) - 1),
    )


def _row(pixels: NDArray[Any], row: int) -> NDArray[np.floating[Any]] | None:
    """How bright the middle of each cell of a row is: half of it, so that it may be off by more."""
    import numpy as np

    height, width = pixels.shape
    cell = width / COLUMNS
    top = height - (FROM_BELOW - row) * cell
    first = round(top + cell * 0.25)
    last = max(round(top + cell * 0.75), first + 1)
    if cell < 2 or first < 0 or last > height:
        return None
    strip = pixels[first:last].mean(axis=0)
    # The middle half of each cell, however many pixels that is.
    sums = np.concatenate(([0.0], np.cumsum(strip)))
    left = (np.arange(COLUMNS) + 0.25) * cell
    places = np.interp(np.stack([left, left + cell / 2]), np.arange(width + 1), sums)
    brightness: NDArray[np.floating[Any]] = (places[1] - places[0]) / (cell / 2)
    return brightness
