"""A contact sheet: pictures spread over the time, read by Pillow."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from hamaproto.cli.sheet import ContactSheet

WIDTH, CELL, PAPER = 240, 248, (24, 26, 30)


def jpeg(size: tuple[int, int] = (640, 480), colour: tuple[int, int, int] = (200, 40, 40)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "JPEG", quality=95)
    return file.getvalue()


def read(sheet: ContactSheet) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    with Image.open(io.BytesIO(sheet.png("a title"))) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize(("seconds", "count"), [(12.0, 12), (60.0, 12), (5.0, 3)])
@pytest.mark.parametrize("rate", [30, 2.5])
def test_pictures_are_spread_over_the_time(seconds: float, count: int, rate: float) -> None:
    sheet = ContactSheet(seconds, count)
    kept = []
    for number in range(int(2 * seconds * rate)):
        before = len(sheet)
        sheet.add(number, number / rate, jpeg((16, 16)))
        if len(sheet) > before:
            kept.append(number / rate)
    assert len(sheet) == len(kept) == count
    assert kept[0] == 0
    step = seconds / count
    gaps = np.diff(kept)
    # Each step has one, as near to its beginning as the pictures come.
    assert all(abs(at - place * step) <= 1 / rate + 1e-9 for place, at in enumerate(kept))
    assert gaps.min() >= step / 2


def test_after_a_silence_they_do_not_crowd() -> None:
    sheet = ContactSheet(10.0, 10)
    sheet.add(0, 0.0, jpeg())
    for number in range(100):  # ten a second, from the sixth second on
        sheet.add(number, 6 + number / 10, jpeg((16, 16)))
    assert len(sheet) == 10
    crowd = ContactSheet(10.0, 10)
    for number, at in enumerate((0.0, 6.0, 6.4, 6.5, 7.4, 7.5)):
        crowd.add(number, at, jpeg((16, 16)))
    # 6.4 and 7.4 come within half a step of the one before; 6.5 and 7.5 do not.
    assert len(crowd) == 4


def huge() -> bytes:
    """Says that it is 65535x65535 (T.81 B.2.2)."""
    data = bytearray(jpeg())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", 65535, 65535)
    return bytes(data)


@pytest.mark.parametrize("image", [b"", b"no picture", jpeg()[:200], huge()], ids=len)
def test_what_can_not_be_decoded_takes_no_place(image: bytes) -> None:
    sheet = ContactSheet(4.0, 4)
    sheet.add(0, 0.0, image)
    assert len(sheet) == 0
    sheet.add(1, 0.1, jpeg())
    assert len(sheet) == 1


def test_each_lies_in_its_cell_with_its_shape() -> None:
    colours = [(200, 40, 40), (40, 200, 40), (40, 40, 200), (200, 200, 40), (40, 200, 200)]
    sheet = ContactSheet(5.0, 5)
    for number, colour in enumerate(colours):
        sheet.add(number, float(number), jpeg((640, 480), colour))
    pixels = read(sheet)
    assert pixels.shape == (2 * (180 + 28) + 20 + 16, 4 * CELL + 8, 3)
    assert tuple(pixels[0, 0]) == PAPER
    for place, colour in enumerate(colours):
        left, top = 8 + place % 4 * CELL, 28 + place // 4 * 208
        cell = pixels[top : top + 180, left : left + WIDTH].astype(int)
        assert np.abs(cell - colour).max() <= 6
        # Its frame is paper, and its words stand below.
        assert (pixels[top : top + 180, left - 8 : left] == PAPER).all()
        assert (pixels[top + 183 : top + 200, left : left + WIDTH] != PAPER).any()
    last = pixels[28 + 208 :, 8 + CELL :]
    assert (last == PAPER).all()


def test_a_tall_picture_fits_and_an_empty_sheet_is_one() -> None:
    sheet = ContactSheet(1.0, 1)
    assert read(sheet).shape == (WIDTH + 28 + 36, 4 * CELL + 8, 3)
    sheet.add(0, 0.0, jpeg((100, 1000)))
    pixels = read(sheet)
    red = np.argwhere(pixels[:, :, 0] > 150)
    # 24 columns of 240 lines.
    assert (pixels[28:268, 8:32, 0] > 150).all()
    assert red[red[:, 0] < 268][:, 1].max() <= 8 + 120
