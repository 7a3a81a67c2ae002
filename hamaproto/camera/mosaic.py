"""Pictures without any library: a mosaic of grey 8x8 tiles, as a baseline JPEG.

A JPEG block whose 63 AC coefficients are all zero is a flat tile, and what is left to
write is one difference of brightness a tile (ITU-T T.81, F.1.2.1).  So the encoder is a
dozen lines, and the picture is what can be drawn with 80x60 tiles: a chequered ground that
moves with pan and tilt, and the picture's number in large digits.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from hamaproto.camera.code import BRIGHT, COLUMNS, DARK, FROM_BELOW, cells_of
from hamaproto.camera.scene import Scene

__all__ = ["draw_mosaic"]

#: Rows of each digit, three tiles wide, bit 4 left.
_DIGITS: Final = (
    (7, 5, 5, 5, 7),
    (2, 6, 2, 2, 7),
    (7, 1, 7, 4, 7),
    (7, 1, 7, 1, 7),
    (5, 5, 7, 1, 1),
    (7, 4, 7, 1, 7),
    (7, 4, 7, 5, 7),
    (7, 1, 1, 2, 2),
    (7, 5, 7, 5, 7),
    (7, 5, 7, 1, 7),
)

#: Code lengths of the DC categories 0..8: a complete enough prefix code of our own.
#: Two codes of 2 bits, then one of each length, and the all-ones code stays unused.
_DC_COUNTS: Final = (0, 2, 1, 1, 1, 1, 1, 1, 1) + (0,) * 7
#: The only AC symbol is "end of block", one bit.
_AC_COUNTS: Final = (1,) + (0,) * 15


def _segment(marker: int, *content: int) -> bytes:
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + bytes(content)


def _dc_codes() -> list[tuple[int, int]]:
    """Code and length of each category, in the canonical order of T.81 annex C."""
    codes = []
    code = 0
    for length, count in enumerate(_DC_COUNTS, 1):
        for _ in range(count):
            codes.append((code, length))
            code += 1
        code <<= 1
    return codes


def _difference_bits() -> dict[int, str]:
    """The bits of a tile, by its difference to the tile before: category, value, end of block."""
    bits = {}
    codes = _dc_codes()
    for difference in range(-255, 256):
        category = abs(difference).bit_length()
        code, length = codes[category]
        value = difference if difference >= 0 else difference + (1 << category) - 1
        tail = f"{value:0{category}b}" if category else ""
        bits[difference] = f"{code:0{length}b}{tail}0"
    return bits


_BITS: Final = _difference_bits()
_TABLES: Final = (
    # With a quantiser of 8, a DC step is a step of brightness.
    _segment(0xDB, 0, *(8,) * 64)
    + _segment(0xC4, 0x00, *_DC_COUNTS, *range(9))
    + _segment(0xC4, 0x10, *_AC_COUNTS, 0)
)


def _encode(tiles: list[bytes], width: int, height: int) -> bytes:
    """Rows of brightnesses to a JPEG of that size; one byte of a row is a tile."""
    last = 128
    bits: list[str] = []
    for row in tiles:
        for tile in row:
            bits.append(_BITS[tile - last])
            last = tile
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    scan = int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\x00")
    size = (*height.to_bytes(2, "big"), *width.to_bytes(2, "big"))
    return b"".join(
        (
            b"\xff\xd8",
            _TABLES,
            _segment(0xC0, 8, *size, 1, 1, 0x11, 0),
            _segment(0xDA, 1, 1, 0x00, 0, 63, 0),
            scan,
            b"\xff\xd9",
        )
    )


@lru_cache(maxsize=16)
def _ground(columns: int, shift: int) -> tuple[bytes, bytes]:
    """Two rows of a chequered ground, the dark squares swapped."""
    row = bytes(96 if (column + shift) // 8 % 2 else 160 for column in range(columns + 8))
    return row[:columns], row[8:]


def draw_mosaic(scene: Scene) -> bytes:
    """The scene as a grey mosaic: a JPEG of the scene's size."""
    columns, lines = -(-scene.width // 8), -(-scene.height // 8)
    # One tile a degree, so that a move can be seen.
    across, down = round(scene.pan), round(scene.tilt)
    light, dark = _ground(columns, across % 16)
    tiles = [light if (line - down) // 8 % 2 else dark for line in range(lines)]
    if scene.flip_mode in (1, 3):
        tiles.reverse()
    if scene.flip_mode in (2, 3):
        tiles = [row[::-1] for row in tiles]
    for line, tile_row in enumerate(tiles[1:8]):
        digits = "".join(
            f"{_DIGITS[int(digit)][line - 1]:03b}0" if 0 < line < 6 else "0000"
            for digit in str(abs(scene.number))
        )
        strip = bytes(235 if bit == "1" else 16 for bit in "0" + digits)[:columns]
        tiles[line + 1] = strip + tile_row[len(strip) :]
    if scene.camera is not None:
        _put_code(tiles, scene, scene.camera)
    return _encode(tiles, scene.width, scene.height)


def _put_code(tiles: list[bytes], scene: Scene, camera: int) -> None:
    """Write the code over the tiles, where a cell is some whole tiles; else there is none."""
    side, rest = divmod(scene.width, 8 * COLUMNS)
    top = scene.height // 8 - FROM_BELOW * side
    if rest or scene.height % 8 or top < 0:
        return
    for number, cells in enumerate(cells_of(scene.number, scene.time, camera)):
        row = b"".join(bytes((BRIGHT if cell else DARK,)) * side for cell in cells)
        for line in range(side):
            tiles[top + number * side + line] = row
