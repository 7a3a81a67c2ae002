"""`hamaproto.wire.sniff`: formats are known by their first bytes, as Pillow writes them."""

from __future__ import annotations

import io

import pytest
from PIL import Image, features

import fixtures
from hamaproto.wire.sniff import (
    MOST_MAGIC,
    document_of,
    is_text,
    maybe_other_picture,
    picture_format,
    text_of,
)

FORMATS = {"PNG": "PNG", "GIF": "GIF", "BMP": "BMP", "TIFF": "TIFF", "JPEG": "JPEG"}
if features.check("webp"):
    FORMATS["WEBP"] = "WebP"


@pytest.mark.parametrize("name", FORMATS)
def test_what_pillow_writes(name: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (16, 16)).save(file, name)
    data = file.getvalue()
    assert picture_format(data[:MOST_MAGIC]) == FORMATS[name]
    verdicts = [maybe_other_picture(data[:size]) for size in range(MOST_MAGIC + 1)]
    # Nothing is said too early, and then it is said at once.
    known = verdicts.index(name != "JPEG")
    assert set(verdicts[:known]) <= {None}
    assert set(verdicts[known:]) == {name != "JPEG"}


@pytest.mark.parametrize("data", [fixtures.jpeg("420"), b"--b\r\nContent-Type: x", b"Hello there"])
def test_what_is_no_other_picture(data: bytes) -> None:
    assert maybe_other_picture(data[:MOST_MAGIC]) is False


def test_text() -> None:
    assert text_of("Küche".encode()) == "Küche"
    assert text_of("Küche".encode("latin-1")) == "Küche"
    assert is_text(b"Device Busy\r\n\0")
    assert is_text("Küche".encode())
    assert not is_text(bytes(range(256)))


@pytest.mark.parametrize("byte", range(256))
def test_which_bytes_text_may_have(byte: int) -> None:
    """No control character but white space, NUL and ESC, which firmware sends."""
    control = byte < 32 or byte == 127
    assert is_text(bytes([byte])) is (not control or byte in (0, 9, 10, 11, 12, 13, 27))


@pytest.mark.parametrize("codec", ["utf-8", "latin-1", "utf-16"])
def test_a_document(codec: str) -> None:
    assert document_of("Küche".encode(codec)) == "Küche"


@pytest.mark.parametrize("data", [b"--", b"\xff\xd8"])
def test_what_is_read_here_is_known_by_two_bytes(data: bytes) -> None:
    """Some formats begin with any four bytes: they are not waited for."""
    assert maybe_other_picture(data) is False


def test_what_is_no_picture_has_no_format() -> None:
    assert picture_format(b"Hello there, camera") is None
