"""The drawn landscape: what stands where, how it moves with the camera, what is written on it.

How each house and hill looks is decoration; where the camera looks can be told from a picture.
"""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from PIL import Image

from hamaproto.camera import panorama
from hamaproto.camera.panorama import draw_panorama
from hamaproto.camera.scene import Scene

SIZE = (640, 480)
MIDDLE = (320, 240)
MARK, SUN, BALLOON = (0x33, 0x47, 0x5B), (0xFF, 0xF3, 0xB0), (0xD8, 0x43, 0x3B)


def drawn(**changes: object) -> np.ndarray:
    """The pixels of a scene; at time 0 the balloon is out of sight."""
    scene = {"number": 0, "time": 0.0, "width": 640, "height": 480, **changes}
    picture = Image.open(io.BytesIO(draw_panorama(Scene(**scene))))  # type: ignore[arg-type]
    assert picture.size == (scene["width"], scene["height"])
    return np.asarray(picture.convert("RGB"), int)


def near(pixels: np.ndarray, place: tuple[float, float], color: tuple[int, int, int]) -> bool:
    """Whether the colour is there, but for what JPEG does to it."""
    x, y = place
    block = pixels[round(y) - 1 : round(y) + 1, round(x) - 1 : round(x) + 1].reshape(-1, 3)
    return bool((np.abs(block - color).max(axis=1) < 40).any())


@pytest.mark.parametrize("pan", range(-90, 91, 10))
def test_a_mark_stands_every_ten_degrees_on_the_horizon(pan: int) -> None:
    assert near(drawn(pan=float(pan)), MIDDLE, MARK)
    assert not near(drawn(pan=pan + 5.0, tilt=3.0), MIDDLE, MARK)


@pytest.mark.parametrize("tilt", range(-30, 31, 10))
@pytest.mark.parametrize("pan", [-90, -60, -30, 30, 90])
def test_a_mark_stands_at_every_height_each_thirty_degrees(pan: int, tilt: int) -> None:
    assert near(drawn(pan=float(pan), tilt=float(tilt)), MIDDLE, MARK)


@pytest.mark.parametrize(("pan", "tilt"), [(0.0, 0.0), (13.0, 7.0), (-20.0, -4.0), (5.5, 1.5)])
def test_a_degree_is_ten_pixels(pan: float, tilt: float) -> None:
    """Turning right moves what is seen to the left, and turning up moves it down."""
    across = np.argmin(np.abs(drawn(pan=pan)[235:245] - MARK).sum(axis=(0, 2)))
    assert (across - 320 + pan * 10) % 100 == pytest.approx(0, abs=2) or (
        across - 320 + pan * 10
    ) % 100 == pytest.approx(100, abs=2)
    sun = drawn(pan=38.0 - pan / 4, tilt=22.0 - tilt / 4)
    assert near(sun, (320 + pan / 4 * 10, 240 - tilt / 4 * 10), SUN)


def test_the_sun_is_round() -> None:
    pixels = drawn(pan=38.0, tilt=22.0)
    # A cloud hides its upper end.
    for x, y in ((35, 0), (-35, 0), (0, 35)):
        assert near(pixels, (320 + x, 240 + y), SUN)
    for x, y in ((46, 0), (-46, 0), (0, 46), (0, -46), (36, 36)):
        assert not near(pixels, (320 + x, 240 + y), SUN)


def test_the_sky_is_above_the_ground() -> None:
    sky, ground = drawn(tilt=30.0, pan=-55.0)[60:100], drawn(tilt=-30.0)[300:420]
    assert (sky[:, :, 2] > sky[:, :, 0]).mean() > 0.95
    assert (ground[:, :, 1] > ground[:, :, 2]).mean() > 0.95


@pytest.mark.parametrize("seconds", [2.0, 3.5, 6.0, 9.0, 14.0])
def test_a_balloon_crosses_the_view_in_twelve_seconds(seconds: float) -> None:
    x = seconds % 12 / 12 * 720 - 40
    y = 480 * 0.3 + 18 * math.sin(seconds * 2)
    pixels = drawn(time=seconds, pan=-75.0, tilt=25.0)
    assert near(pixels, (x - 16, y), BALLOON)
    assert near(pixels, (x + 16, y), BALLOON)
    assert not near(pixels, (x - 30, y), BALLOON)
    assert not near(pixels, (x + 30, y), BALLOON)


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (1280, 1024), (250, 131), (8, 8)])
def test_other_sizes_show_the_same_view(size: tuple[int, int]) -> None:
    width, height = size
    pixels = drawn(width=width, height=height, pan=38.0, tilt=22.0)
    if width > 100:
        assert near(pixels, (width / 2, height / 2), SUN)


@pytest.mark.parametrize(("flip_mode", "x", "y"), [(0, 1, 1), (1, 1, -1), (2, -1, 1), (3, -1, -1)])
def test_it_is_flipped_as_clause_2_2_10_says(flip_mode: int, x: int, y: int) -> None:
    pixels = drawn(pan=32.0, tilt=16.0, flip_mode=flip_mode)
    # The sun is six degrees further to the right and up.
    assert near(pixels, (320 + x * 60, 240 - y * 60), SUN)
    # The writing is not: light on dark, above and below.
    top, bottom = pixels[:30], pixels[-30:]
    for bar in (top, bottom):
        assert np.median(bar) < 60
        assert bar[:, :200].max() > 200


def test_more_compression_makes_fewer_bytes() -> None:
    sizes = [len(draw_panorama(Scene(0, 0.0, 640, 480, compression=level))) for level in range(5)]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 5


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"number": 8}, "top left"),
        ({"time": 12.0}, "top right"),
        ({"pan": 0.1}, "bottom left"),
        ({"tilt": 0.1}, "bottom left"),
        ({"preset": "door"}, "bottom right"),
    ],
)
def test_what_is_written(changes: dict[str, object], place: str) -> None:
    before, after = drawn(), drawn(**changes)
    corners = {
        f"{row} {column}": np.abs(before[y, x] - after[y, x]).max() > 60
        for row, y in (("top", slice(0, 30)), ("bottom", slice(-30, None)))
        for column, x in (("left", slice(0, 320)), ("right", slice(320, None)))
    }
    assert [corner for corner, differs in corners.items() if differs] == [place]


@pytest.mark.parametrize("name", ["é" * 63, "\x00\x01\x7f", " ", "x" * 20, "x" * 63])
def test_a_name_is_whatever_a_client_sent(name: str) -> None:
    pixels = drawn(preset=name)
    # A long one is cut, and does not run into what is written beside it.
    assert np.array_equal(
        np.abs(pixels[-30:, :250] - drawn()[-30:, :250]) > 60, np.zeros((30, 250, 3), bool)
    )


def test_a_pillow_without_freetype_has_one_font(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[object] = []
    load = panorama.ImageFont.load_default

    def without(size: object = None) -> object:
        sizes.append(size)
        if size is not None:
            raise ImportError
        return load()

    monkeypatch.setattr(panorama.ImageFont, "load_default", without)
    panorama._font.cache_clear()
    try:
        assert panorama._font(20) is not None
    finally:
        panorama._font.cache_clear()
    assert sizes == [20, None]
