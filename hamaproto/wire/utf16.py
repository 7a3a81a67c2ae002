"""Text in UTF-16 as UTF-8, while it arrives: some devices and editors write it with a mark.

    reader = Utf16Reader()
    reader.feed(bytes) -> the same bytes, or UTF-8 if the first two were the mark of UTF-16
    reader.finish()    -> what is left at the end

Only a byte order mark tells (Unicode 23.8); without one nothing is changed.
"""

from __future__ import annotations

import codecs
from typing import Final

__all__ = ["UTF16_MARKS", "Utf16Reader"]

#: Little-endian and big-endian.  No UTF-8 and no JPEG begins like this.
UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Utf16Reader:
    """See above; half a character at the end, or what is none, becomes U+FFFD."""

    __slots__ = ("_decoder", "_held", "_known")

    def __init__(self) -> None:
        self._decoder: codecs.IncrementalDecoder | None = None
        # The first byte, while it takes the second one to tell.
        self._held = b""
        self._known = False

    def __repr__(self) -> str:
        return f"<Utf16Reader {'on' if self._decoder is not None else 'off'}>"

    def feed(self, data: bytes) -> bytes:
        """What can be read by now."""
        if not self._known:
            data = self._held + data
            self._held = b""
            if len(data) < 2 and any(mark.startswith(data) for mark in UTF16_MARKS):
                self._held = data
                return b""
            self._known = True
            if data[:2] in UTF16_MARKS:
                self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
        return data if self._decoder is None else self._decoder.decode(data).encode()

    def finish(self) -> bytes:
        """The rest of it."""
        held, self._held = self._held, b""
        return held if self._decoder is None else self._decoder.decode(b"", True).encode()
