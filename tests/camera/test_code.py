"""The code in the picture is read back, from whatever a client made of it."""

from __future__ import annotations

import io
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hamaproto.camera import CameraState, PictureCode, Pictures, read_code
from hamaproto.camera.code import cells_of
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.camera.panorama import draw_panorama
from hamaproto.camera.scene import Renderer, Scene
from hamaproto.errors import LocalProtocolError

RENDERERS = pytest.mark.parametrize("render", [draw_mosaic, draw_panorama])
SIZES = [(320, 240), (640, 480), (1280, 1024)]
NOW = 1_700_000_000.125


def picture(render: Renderer, scene: Scene) -> Image.Image:
    return Image.open(io.BytesIO(render(scene)))


def test_the_layout_is_as_the_module_says() -> None:
    rows = cells_of(5, 0.003, 9)
    bits = "".join("01"[cell] for row in rows for cell in row[2:-2])
    assert [len(row) for row in rows] == [40] * 3
    assert all((row[:2], row[-2:]) == ((False, True), (True, False)) for row in rows)
    assert (int(bits[:24], 2), int(bits[24:68], 2), int(bits[68:84], 2)) == (5, 3, 9)
    data = int(bits[:84], 2).to_bytes(11, "big")
    assert int(bits[84:], 2) == crc32(data) & 0xFFFFFF


def test_what_is_too_large_begins_anew() -> None:
    assert cells_of(2**24 + 5, 2**44 / 1000 + 7, 2**16 + 9) == cells_of(5, 7.0, 9)
    assert cells_of(5, -1.0, 9) == cells_of(5, 0.0, 9)


@RENDERERS
@pytest.mark.parametrize("size", SIZES)
def test_it_stands_six_cells_above_the_lower_edge(render: Renderer, size: tuple[int, int]) -> None:
    width, height = size
    pixels = np.asarray(picture(render, Scene(9, NOW, *size, camera=3)).convert("L"))
    cell = width / 40
    for row, cells in enumerate(cells_of(9, NOW, 3)):
        for inside in (0.1, 0.5, 0.9):
            line = pixels[int(height - (6 - row - inside) * cell)]
            seen = [line[int((column + inside) * cell)] > 128 for column in range(40)]
            assert tuple(seen) == cells


@RENDERERS
@pytest.mark.parametrize(("across", "down"), [(-4, 0), (4, 0), (0, -4), (0, 4), (4, -4)])
def test_it_may_be_off_by_a_quarter_of_a_cell(render: Renderer, across: int, down: int) -> None:
    pixels = np.asarray(picture(render, Scene(9, NOW, 640, 480, camera=3)).convert("L"))
    assert read_code(np.roll(pixels, (down, across), (0, 1))) == PictureCode(9, NOW, 3)


@settings(max_examples=60)
@given(st.integers(0, 2**24 - 1), st.integers(0, 2**44 - 1), st.integers(0, 65_535))
def test_it_comes_back(number: int, milliseconds: int, camera: int) -> None:
    scene = Scene(number, milliseconds / 1000, 320, 240, camera=camera)
    found = read_code(picture(draw_mosaic, scene))
    assert found == PictureCode(number, milliseconds / 1000, camera)


@RENDERERS
@pytest.mark.parametrize("size", SIZES[:2])
@pytest.mark.parametrize("scale", [0.5, 0.7, 1.0, 1.3, 2.0])
def test_at_the_strongest_compression_and_scaled(
    render: Renderer, size: tuple[int, int], scale: float
) -> None:
    scene = Scene(123_456, NOW, *size, compression=4, camera=7, pan=20.0, tilt=-10.0, flip_mode=3)
    image = picture(render, scene)
    image = image.resize((round(size[0] * scale), round(size[1] * scale)))
    for pixels in (image, image.convert("RGB"), image.convert("L"), image.convert("RGBA")):
        assert read_code(pixels) == PictureCode(123_456, NOW, 7)


@RENDERERS
def test_encoded_anew(render: Renderer) -> None:
    image = picture(render, Scene(9, NOW, 320, 240, compression=4, camera=1))
    target = io.BytesIO()
    image.save(target, "JPEG", quality=20)
    assert read_code(Image.open(target)) == PictureCode(9, NOW, 1)


@RENDERERS
@pytest.mark.parametrize("cut", [(1, 0, 0, 0), (0, 0, 0, 1), (2, 1, 2, 1)])
def test_cut_out_by_hand(render: Renderer, cut: tuple[int, int, int, int]) -> None:
    image = picture(render, Scene(9, NOW, 640, 480, camera=1))
    left, top, right, bottom = cut
    image = image.crop((left, top, 640 - right, 480 - bottom))
    assert read_code(image) == PictureCode(9, NOW, 1)


@RENDERERS
def test_where_there_is_none(render: Renderer) -> None:
    assert read_code(picture(render, Scene(9, NOW, 320, 240))) is None
    image = picture(render, Scene(9, NOW, 320, 240, camera=1))
    assert read_code(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)) is None
    assert read_code(image.crop((0, 0, 320, 200))) is None


@settings(max_examples=30)
@given(st.integers(1, 200), st.integers(1, 200), st.integers(0, 2**32 - 1))
def test_any_pixels_have_a_code_or_none(height: int, width: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    assert read_code(pixels) is None
    assert read_code(np.full((height, width), 7)) is None


@pytest.mark.parametrize("wrong", [np.zeros(5), np.zeros((2, 2, 2)), np.zeros((1, 2, 3, 4)), 3])
def test_what_is_no_picture(wrong: Any) -> None:
    with pytest.raises(LocalProtocolError, match="a picture is height x width"):
        read_code(wrong)


def test_a_camera_with_an_id_puts_it_in() -> None:
    state = CameraState(camera_id=300, epoch=NOW, pictures=Pictures(draw_mosaic))
    for size in SIZES:
        state.set("Image.I0.Appearance.Resolution", "{}x{}".format(*size), 0.0)
        found = read_code(Image.open(io.BytesIO(state.picture(15))))
        assert found == PictureCode(15, NOW + 1, 300)
    assert read_code(Image.open(io.BytesIO(CameraState().picture(15)))) is None
    with pytest.raises(LocalProtocolError, match="camera_id=65536: 0 to 65535"):
        CameraState(camera_id=65_536)


def test_a_mosaic_whose_tiles_are_no_cells_has_none() -> None:
    for size in ((312, 240), (320, 244), (320, 40)):
        assert read_code(picture(draw_mosaic, Scene(9, NOW, *size, camera=1))) is None
