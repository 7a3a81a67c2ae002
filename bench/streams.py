"""The streams that the MJPEG suites read, and how they are cut into pieces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from fixtures import jpeg
from fixtures.build.jpegs import scan_start, with_comment
from fixtures.feeding import pieces

__all__ = [
    "BOUNDARY",
    "CONTENT_TYPE",
    "SEGMENT",
    "SHAPES",
    "Load",
    "frame_of",
    "large_frames",
    "live",
    "small_frames",
    "stored",
    "vga_frames",
    "writes",
]

BOUNDARY = "frame"
CONTENT_TYPE = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
#: Bytes of a full TCP segment on Ethernet.
SEGMENT = 1460

DELIMITER = b"--frame\r\n"


@dataclass(frozen=True, slots=True)
class Load:
    """One stream to read, in pieces."""

    name: str
    frames: Sequence[bytes]
    body: bytes
    pieces: list[bytes]

    def placed(self) -> Iterator[tuple[int, bytes]]:
        """Each frame and where it stands."""
        at = 0
        for data in self.frames:
            at = self.body.index(b"\r\n\r\n", at) + 4
            yield at, data
            at += len(data)


def head(data: bytes, *, length: bool = True) -> bytes:
    """The header block of an image."""
    return b"Content-Type: image/jpeg\r\n%s\r\n" % (
        b"Content-Length: %d\r\n" % len(data) if length else b""
    )


def stored(frames: Iterable[bytes], *, length: bool) -> bytes:
    """A stream as it stands in a file, with a closing delimiter."""
    parts = [
        part for data in frames for part in (DELIMITER, head(data, length=length), data, b"\r\n")
    ]
    return b"".join([*parts, b"--frame--\r\n"])


def writes(data: bytes) -> tuple[bytes, bytes, bytes]:
    """What a camera of the family writes for an image: head, image, end and the next delimiter."""
    return head(data), data, b"\r\n" + DELIMITER


def live(frames: Sequence[bytes], shape: str) -> tuple[bytes, list[bytes]]:
    """A stream as the camera sends it, and what is received of it at a time.

    The delimiter is written with the image that it follows, so that a reader has it before the
    head that belongs to it.  `shape` is one of `SHAPES`.
    """
    body = b"".join([DELIMITER, *(part for data in frames for part in writes(data))])
    chunks = [DELIMITER]
    for data in frames:
        if shape == "three writes":
            chunks += writes(data)
        else:
            whole = b"".join(writes(data))
            chunks += pieces(whole, SEGMENT) if shape == "1460-byte segments" else [whole]
    return body, pieces(body, 65536) if shape == "cut at 65536 B" else chunks


#: The ways in which a live stream may be cut; the first is what the others are compared with.
SHAPES = ("cut at 65536 B", "one piece a frame", "three writes", "1460-byte segments")


def vga_frames(count: int) -> list[bytes]:
    """Images of 7.4 kB, each another one by its comment: what these cameras send at 640x480."""
    image = jpeg("vga")
    return [with_comment(image, b"%06d" % number) for number in range(count)]


def frame_of(size: int) -> bytes:
    """An image of about so many bytes: its scan is repeated, or shortened."""
    data = jpeg("vga")
    start = scan_start(data)
    head, scan = data[:start], data[start:-2]
    rest = max(16, size - len(head) - 2)
    body = (scan * (rest // len(scan) + 1))[:rest].rstrip(b"\xff")
    return head + body + b"\xff\xd9"


def large_frames(count: int) -> list[bytes]:
    """Images of 35 kB, each another one by its comment: what a good picture takes."""
    image = frame_of(35_000)
    return [with_comment(image, b"%06d" % number) for number in range(count)]


def small_frames(count: int) -> list[bytes]:
    """Images of 331 to 922 bytes."""
    kinds = [jpeg(name) for name in ("gray", "422", "restart", "444", "progressive", "420")]
    return [kinds[number % len(kinds)] for number in range(count)]
