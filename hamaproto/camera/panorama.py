"""The landscape that the simulated camera stands in, drawn with Pillow.

A panorama is drawn once, wide enough for every direction that the camera can look in;
a picture is a window cut out of it, flipped as the camera is set, with something that
moves and the writing on top.  The writing is never flipped, as on the device.
"""

from __future__ import annotations

import io
import math
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from hamaproto.camera.code import BRIGHT, COLUMNS, DARK, FROM_BELOW, cells_of
from hamaproto.camera.scene import Scene

__all__ = ["draw_panorama"]

#: Pixels a degree, and how many degrees the drawn world has; a view is 640 pixels wide.
_SCALE: Final = 10
_PAN: Final = 90 + 32
_TILT: Final = 30 + 26
_WORLD: Final = (2 * _PAN * _SCALE, 2 * _TILT * _SCALE)
_VIEW_WIDTH: Final = 640

#: Quality of the encoder for the camera's amounts of compression, 0 to 4.
_QUALITY: Final = (88, 75, 60, 45, 25)

_TRANSPOSED: Final = {
    1: Image.Transpose.FLIP_TOP_BOTTOM,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
}

_WHITE: Final = (255, 255, 255)
_DARK: Final = (24, 28, 36)


def _place(pan: float, tilt: float) -> tuple[float, float]:
    """Where a direction is in the panorama."""
    return (pan + _PAN) * _SCALE, (_TILT - tilt) * _SCALE


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    try:
        return ImageFont.load_default(size)
    except ImportError:
        # A Pillow without FreeType has one small font.
        return ImageFont.load_default()


def _hills(draw: ImageDraw.ImageDraw, base: float, height: float, wave: float, color: str) -> None:
    width, bottom = _WORLD
    points = [
        (
            x,
            _place(0, base)[1]
            - height * (math.sin(x / wave) + 0.5 * math.sin(x / wave * 2.3 + 1)) * _SCALE,
        )
        for x in range(0, width + 8, 8)
    ]
    draw.polygon([(0, bottom), *points, (width, bottom)], fill=color)


def _house(draw: ImageDraw.ImageDraw, pan: float, wall: str, roof: str) -> None:
    x, y = _place(pan, -9)
    draw.rectangle((x - 35, y - 45, x + 35, y + 15), fill=wall)
    draw.polygon([(x - 45, y - 45), (x, y - 85), (x + 45, y - 45)], fill=roof)
    draw.rectangle((x - 8, y - 15, x + 10, y + 15), fill="#5a3d2b")
    for window in (-24, 18):
        draw.rectangle((x + window, y - 35, x + window + 12, y - 22), fill="#ffe9a8")


def _tree(draw: ImageDraw.ImageDraw, pan: float, tilt: float) -> None:
    x, y = _place(pan, tilt)
    draw.rectangle((x - 4, y - 20, x + 4, y + 10), fill="#5b4632")
    draw.ellipse((x - 24, y - 70, x + 24, y - 14), fill="#2f6b3a")
    draw.ellipse((x - 14, y - 62, x + 12, y - 34), fill="#3f8549")


@lru_cache(maxsize=1)
def _world() -> Image.Image:
    """The whole panorama: sky, sun, hills, houses, trees, and a mark every ten degrees."""
    width = _WORLD[0]
    sky = Image.linear_gradient("L").resize(_WORLD)
    world = Image.merge(
        "RGB",
        (
            sky.point(lambda v: 70 + v * 3 // 5),
            sky.point(lambda v: 130 + v // 3),
            sky.point(lambda v: 225),
        ),
    )
    draw = ImageDraw.Draw(world)
    x, y = _place(38, 22)
    draw.ellipse((x - 40, y - 40, x + 40, y + 40), fill="#fff3b0")
    for pan in range(-_PAN, _PAN, 23):
        x, y = _place(pan, 16 + 9 * math.sin(pan))
        for offset in (0, 40, 75):
            draw.ellipse((x + offset - 35, y - 16, x + offset + 35, y + 16), fill="#eef4fb")
    _hills(draw, 2, 3, 170, "#7f95ad")
    _hills(draw, -3, 2, 110, "#6d9a68")
    _hills(draw, -10, 1, 300, "#84ad5a")
    walls = ("#e7d8bd", "#d9b7a3", "#c9d3d8", "#efe3c8", "#d5c6e0")
    roofs = ("#a5483a", "#7a4b3a", "#4d5d6c", "#b0613f", "#6a4a63")
    for number, pan in enumerate(range(-108, 109, 24)):
        _house(draw, pan, walls[number % 5], roofs[(number * 3) % 5])
        _tree(draw, pan + 9, -9)
        _tree(draw, pan + 15, -13)
    for row in range(12):
        _, y = _place(0, -18 - 3 * row)
        draw.line((0, y, width, y), fill="#76a04e", width=2 + row)
    font = _font(20)
    for pan in range(-120, 121, 10):
        x, y = _place(pan, 0)
        draw.line((x, y - 14, x, y + 14), fill="#33475b", width=2)
        draw.text((x + 5, y - 12), f"{pan:+d}", fill="#33475b", font=font)
    for tilt in range(-50, 51, 10):
        for pan in range(-120, 121, 30):
            x, y = _place(pan, tilt)
            draw.line((x - 9, y, x + 9, y), fill="#33475b", width=2)
    return world


def _view(scene: Scene) -> Image.Image:
    """The window of the panorama that the camera sees, unflipped, at the size asked for."""
    width, height = _VIEW_WIDTH, _VIEW_WIDTH * scene.height // scene.width
    x, y = _place(scene.pan, scene.tilt)
    left, top = round(x) - width // 2, round(y) - height // 2
    view = _world().crop((left, top, left + width, top + height))
    draw = ImageDraw.Draw(view)
    # A balloon that crosses the view in twelve seconds.
    drift = scene.time % 12 / 12
    x, y = drift * (width + 80) - 40, height * 0.3 + 18 * math.sin(scene.time * 2)
    draw.ellipse((x - 22, y - 28, x + 22, y + 20), fill="#d8433b")
    draw.ellipse((x - 9, y - 28, x + 9, y + 20), fill="#f4d35e")
    draw.rectangle((x - 7, y + 26, x + 7, y + 36), fill="#5a3d2b")
    if scene.width != width:
        view = view.resize((scene.width, scene.height), Image.Resampling.BILINEAR)
    return view


def _write(view: Image.Image, scene: Scene) -> None:
    """The frame's number, the clock, where the camera looks."""
    draw = ImageDraw.Draw(view)
    size = max(12, scene.width // 32)
    font = _font(size)
    bar = size + size // 2
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=scene.time)
    clock = f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"
    looks = f"pan {scene.pan:+.1f}  tilt {scene.tilt:+.1f}"
    bottom = scene.height - bar
    margin = size // 3
    draw.rectangle((0, 0, scene.width, bar), fill=_DARK)
    draw.rectangle((0, bottom, scene.width, scene.height), fill=_DARK)
    draw.text((margin, margin // 2), f"#{scene.number:06d}", fill=_WHITE, font=font)
    right = scene.width - margin
    draw.text((right - draw.textlength(clock, font), margin // 2), clock, fill=_WHITE, font=font)
    draw.text((margin, bottom + margin // 2), looks, fill=_WHITE, font=font)
    if scene.preset:
        name = scene.preset if len(scene.preset) <= 20 else scene.preset[:19] + "~"
        name = "".join(letter if letter.isprintable() else "?" for letter in name)
        left = right - draw.textlength(name, font)
        draw.text((left, bottom + margin // 2), name, fill="#ffd166", font=font)


def _put_code(view: Image.Image, scene: Scene, camera: int) -> None:
    """Write the code into the picture; a cell is a fortieth of its width."""
    draw = ImageDraw.Draw(view)
    cell = scene.width / COLUMNS
    for row, cells in enumerate(cells_of(scene.number, scene.time, camera)):
        top = scene.height - (FROM_BELOW - row) * cell
        for column, white in enumerate(cells):
            left = column * cell
            box = (round(left), round(top), round(left + cell) - 1, round(top + cell) - 1)
            draw.rectangle(box, fill=(BRIGHT,) * 3 if white else (DARK,) * 3)


def draw_panorama(scene: Scene) -> bytes:
    """The scene as a JPEG of the scene's size."""
    view = _view(scene)
    if scene.flip_mode in _TRANSPOSED:
        view = view.transpose(_TRANSPOSED[scene.flip_mode])
    _write(view, scene)
    if scene.camera is not None:
        _put_code(view, scene, scene.camera)
    target = io.BytesIO()
    view.save(target, "JPEG", quality=_QUALITY[scene.compression], subsampling=2)
    return target.getvalue()
