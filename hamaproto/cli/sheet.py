"""A contact sheet: pictures spread over the time, each with the moment of its arrival."""

from __future__ import annotations

import io
import struct
from typing import Final

from PIL import Image, ImageDraw, ImageFont, ImageOps

from hamaproto.picture_size import absurd_size, size_of

__all__ = ["ContactSheet"]

_COLUMNS: Final = 4
_WIDTH: Final = 240
_CAPTION: Final = 20
_GAP: Final = 8
_PAPER: Final = (24, 26, 30)
_INK: Final = (225, 228, 232)


def _small(image: bytes) -> Image.Image | None:
    """A copy that fits into a square of `_WIDTH`; None for what can't be decoded.

    Whatever a header claims, no more is decoded than `MOST_PIXELS`: the size is looked at
    before Pillow sees the picture.
    """
    if size_of(image) is None or absurd_size(image) is not None:
        return None
    try:
        picture = Image.open(io.BytesIO(image), formats=["JPEG"])
        picture.draft("RGB", (_WIDTH, _WIDTH))
        small = picture.convert("RGB")
    # Pillow's own words for a bomb, and what its readers of EXIF and of tables raise.
    except (OSError, ValueError, SyntaxError, struct.error, Image.DecompressionBombError):
        return None
    return ImageOps.contain(small, (_WIDTH, _WIDTH))


class ContactSheet:
    """Takes pictures as they come and keeps small copies of some.

    `seconds` is how long they will come; `count` is how many are to be kept of that time.
    """

    def __init__(self, seconds: float, count: int = 12) -> None:
        self._step = seconds / count
        self._count = count
        self._next = 0.0
        self._kept: list[tuple[int, float, Image.Image]] = []

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, number: int, seconds: float, image: bytes) -> None:
        """The picture of that number, which came so many seconds after the start."""
        if len(self._kept) >= self._count or seconds < self._next:
            return
        small = _small(image)
        if small is None:
            return
        self._kept.append((number, seconds, small))
        self._next += self._step
        if self._next <= seconds:
            self._next = seconds + self._step / 2

    def png(self, title: str) -> bytes:
        """The sheet as a PNG."""
        rows = max(1, -(-len(self._kept) // _COLUMNS))
        height = max((small.height for _, _, small in self._kept), default=_WIDTH)
        cell = height + _CAPTION + _GAP
        sheet = Image.new(
            "RGB",
            (_COLUMNS * (_WIDTH + _GAP) + _GAP, rows * cell + _CAPTION + 2 * _GAP),
            _PAPER,
        )
        draw = ImageDraw.Draw(sheet)
        font = ImageFont.load_default(size=13)
        draw.text((_GAP, _GAP), title, _INK, font=font)
        for place, (number, seconds, small) in enumerate(self._kept):
            left = _GAP + place % _COLUMNS * (_WIDTH + _GAP)
            top = _GAP + _CAPTION + place // _COLUMNS * cell
            sheet.paste(small, (left, top))
            draw.text(
                (left, top + small.height + 3), f"#{number}  +{seconds:.3f} s", _INK, font=font
            )
        file = io.BytesIO()
        sheet.save(file, "png")
        return file.getvalue()
