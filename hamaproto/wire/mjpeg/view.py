"""An image as far as it was walked, in one piece, to be searched."""

from __future__ import annotations

__all__ = ["View"]


class View:
    """`data[start:stop]` is the image, and `data[0]` stands at offset `shift` of the stream.

    A view is for one question: it holds on to bytes that the image wants to have for itself.
    """

    __slots__ = ("data", "shift", "start", "stop")

    def __init__(
        self, data: bytes | bytearray | memoryview, start: int, stop: int, shift: int
    ) -> None:
        self.data = data
        self.start = start
        self.stop = stop
        self.shift = shift
