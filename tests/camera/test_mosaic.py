"""The picture without a library: tile by tile what it should be, as Pillow decodes it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hamaproto.camera.code import cells_of
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.camera.scene import Scene

#: The digits as they are read: a letter is a bright tile.
FONT = (
    "### .#. ### ### #.# ### ### ### ### ###",
    "#.# ##. ..# ..# #.# #.. #.. ..# #.# #.#",
    "#.# .#. ### ### ### ### ### ..# ### ###",
    "#.# .#. #.. ..# ..# ..# #.# .#. #.# ..#",
    "### ### ### ### ..# ### ### .#. ### ###",
)
DIGITS = [[row.split()[digit] for row in FONT] for digit in range(10)]
BRIGHT, DARK, SQUARES = 235, 16, (160, 96)


def tiles(image: bytes) -> list[list[int]]:
    """The brightness of each tile; every pixel of the tile has it."""
    picture = Image.open(io.BytesIO(image))
    assert picture.mode == "L"
    pixels = np.asarray(picture)
    found = pixels[::8, ::8]
    spread = found.repeat(8, axis=0).repeat(8, axis=1)
    assert np.array_equal(spread[: pixels.shape[0], : pixels.shape[1]], pixels)
    return found.tolist()


def expected(scene: Scene) -> list[list[int]]:
    columns, lines = -(-scene.width // 8), -(-scene.height // 8)
    # A chequered ground, 8 tiles a square; a degree is a tile.
    rows = [
        [
            SQUARES[(column + round(scene.pan)) // 8 % 2 == (line - round(scene.tilt)) // 8 % 2]
            for column in range(columns)
        ]
        for line in range(lines)
    ]
    if scene.flip_mode in (1, 3):
        rows.reverse()
    if scene.flip_mode in (2, 3):
        rows = [row[::-1] for row in rows]
    # The number in the upper left, dark around it; it is not flipped.
    number = [DIGITS[int(digit)] for digit in str(scene.number)]
    for line in range(7):
        text = "." + "".join((digit[line - 1] if 0 < line < 6 else "...") + "." for digit in number)
        for column, letter in enumerate(text):
            if column < columns and 1 + line < lines:
                rows[1 + line][column] = BRIGHT if letter == "#" else DARK
    return rows


@settings(max_examples=40)
@given(
    st.integers(0, 10**10),
    st.sampled_from([(320, 240), (64, 72), (8, 8), (250, 131), (1280, 1024), (20, 80)]),
    st.integers(0, 3),
    st.floats(-90, 90),
    st.floats(-30, 30),
)
def test_tile_by_tile(
    number: int, size: tuple[int, int], flip_mode: int, pan: float, tilt: float
) -> None:
    scene = Scene(number, 1e9, *size, flip_mode=flip_mode, pan=pan, tilt=tilt)
    image = draw_mosaic(scene)
    assert Image.open(io.BytesIO(image)).size == size
    assert tiles(image) == expected(scene)


@pytest.mark.parametrize("flip_mode", range(4))
def test_each_flip(flip_mode: int) -> None:
    scene = Scene(1234567890, 1e9, 400, 240, flip_mode=flip_mode, pan=3.0, tilt=5.0)
    assert tiles(draw_mosaic(scene)) == expected(scene)


def test_its_head_is_that_of_a_grey_baseline_jpeg() -> None:
    """T.81 B.2.2 and B.2.3: 8 bits, height and width, one component without subsampling."""
    image = draw_mosaic(Scene(1, 1e9, 640, 480))
    assert b"\xff\xc0\x00\x0b\x08" + bytes([1, 224, 2, 128]) + b"\x01\x01\x11\x00" in image
    assert b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" in image
    assert image.count(b"\xff\xdb\x00\x43\x00") == 1


def test_it_is_whole_and_has_no_marker_in_its_scan() -> None:
    # Enough pictures that FF comes up in the scan, where a zero has to follow it.
    for number in range(200):
        image = draw_mosaic(Scene(number, 1e9, 640, 480))
        scan = image[image.index(b"\xff\xda") + 10 : -2]
        assert image.endswith(b"\xff\xd9")
        assert all(scan[at + 1] == 0 for at, byte in enumerate(scan[:-1]) if byte == 0xFF)


@pytest.mark.parametrize(("width", "height"), [(320, 240), (640, 480), (1280, 1024)])
def test_the_code_is_three_rows_of_forty_cells(width: int, height: int) -> None:
    """The rest of the picture is as without it."""
    plain, coded = (
        np.array(tiles(draw_mosaic(Scene(9, 1e9, width, height, camera=camera))))
        for camera in (None, 3)
    )
    side = width // 320
    top = height // 8 - 6 * side
    band = slice(top, top + 3 * side)
    assert set(np.unique(coded[band])) == {DARK, BRIGHT}
    assert np.array_equal(
        np.delete(coded, range(top, top + 3 * side), 0),
        np.delete(plain, range(top, top + 3 * side), 0),
    )
    cells = coded[band][::side, ::side] == BRIGHT
    assert tuple(map(tuple, cells.tolist())) == cells_of(9, 1e9, 3)


def test_where_a_cell_is_no_whole_tiles_there_is_no_code() -> None:
    for size in ((312, 240), (320, 244), (320, 40)):
        assert draw_mosaic(Scene(9, 1e9, *size, camera=3)) == draw_mosaic(Scene(9, 1e9, *size))
