"""What some bytes are, by the way they begin: for the words of an error, and against labels.

Cameras put any Content-Type on anything.  So the first bytes of a body say whether it is a
picture of another format, a page, or text; nothing here reads further than that.
"""

from __future__ import annotations

from typing import Final

from hamaproto.wire.utf16 import UTF16_MARKS

__all__ = [
    "MOST_MAGIC",
    "document_of",
    "is_text",
    "maybe_other_picture",
    "picture_format",
    "text_of",
]

#: Bytes that tell a format; None stands for any byte.
_Magic = tuple[int | None, ...]


def _magic(text: bytes) -> _Magic:
    """`?` stands for any byte."""
    return tuple(None if byte == ord("?") else byte for byte in text)


#: Formats that a browser or a camera may give in the place of a JPEG.
_OTHER_PICTURES: Final[tuple[tuple[str, _Magic], ...]] = (
    ("PNG", _magic(b"\x89PNG\r\n\x1a\n")),
    ("GIF", _magic(b"GIF87a")),
    ("GIF", _magic(b"GIF89a")),
    ("WebP", _magic(b"RIFF????WEBP")),
    # Its size, then two fields that are always 0.
    ("BMP", _magic(b"BM????\0\0\0\0")),
    ("TIFF", _magic(b"II*\0")),
    ("TIFF", _magic(b"MM\0*")),
    ("AVIF", _magic(b"????ftypavif")),
    ("HEIF", _magic(b"????ftyphei")),
    ("HEIF", _magic(b"????ftypmif1")),
    ("JPEG XL", _magic(b"\0\0\0\x0cJXL ")),
    ("JPEG 2000", _magic(b"\0\0\0\x0cjP  ")),
)
#: So many bytes tell for certain.
MOST_MAGIC: Final = max(len(magic) for _, magic in _OTHER_PICTURES)


def _agrees(magic: _Magic, data: bytes) -> bool:
    return all(wanted is None or wanted == byte for wanted, byte in zip(magic, data, strict=False))


def picture_format(data: bytes) -> str | None:
    """The name of the picture format that `data` begins like, JPEG among them; or None."""
    if data[:2] == b"\xff\xd8":
        return "JPEG"
    for name, magic in _OTHER_PICTURES:
        if len(data) >= len(magic) and _agrees(magic, data):
            return name
    return None


#: How a JPEG and a delimiter begin.
_OURS: Final = (b"\xff\xd8", b"--")


def maybe_other_picture(data: bytes) -> bool | None:
    """Whether `data` begins a picture that is no JPEG; None if more bytes are needed."""
    if data[:2] in _OURS:
        return False
    waiting = False
    for _, magic in _OTHER_PICTURES:
        if _agrees(magic, data):
            if len(data) >= len(magic):
                return True
            waiting = True
    return None if waiting else False


def text_of(data: bytes) -> str:
    """`data` as text: UTF-8 if it is valid UTF-8, else latin-1, which takes any bytes."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def document_of(data: bytes) -> str:
    """The same for a whole body, which may begin with the mark of UTF-16."""
    if data[:2] in UTF16_MARKS:
        return data.decode("utf-16", "replace")
    return text_of(data)


def is_text(data: bytes) -> bool:
    """Whether there is no control character but those that text and padding have."""
    return not data.translate(None, _PRINTED)


#: Every byte that text may have: no controls but NUL, tab, LF, VT, FF, CR and ESC.
_PRINTED: Final = bytes(
    byte for byte in range(256) if byte in b"\0\t\n\v\f\r\x1b" or (byte >= 32 and byte != 127)
)
