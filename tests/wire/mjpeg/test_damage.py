"""No image that came whole is lost, whatever was done to the rest of the stream.

What must come out is known from the bytes (`fixtures.build.ruin`).  Here stands a small sample
of each kind of damage and way of delimiting, and every case that once went wrong; `python -m
bench damage` reads thousands of each.
"""

from __future__ import annotations

from typing import Any

import pytest

from fixtures.build.ruin import KINDS, TINY, WAYS, missing, ruin
from fixtures.feeding import first_difference, pieces, record
from hamaproto import Limits

MULTIPART = "multipart/x-mixed-replace; boundary=my"
SIZES = (1, 2, 7, 1460, 1 << 20)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_of_each_way(twin: Any, kind: str) -> None:
    for way in WAYS:
        for seed in range(6):
            this = ruin(kind, way, seed)
            size = (7, 1460, 65536)[seed % 3]
            log = record(twin.MjpegParser(this.content_type), pieces(this.body, size))
            assert not missing(this, log.frames), this.name


#: Kind, way, number: streams of the generator that lost an image while this was built.
FOUND = [
    ("bytes cut out", "images alone", 2),
    ("a block moved", "with length", 7),
    ("a block moved", "bare delimiters", 19),
    ("a block moved", "a binary length, under a declared boundary", 18),
    ("a length wrong", "a binary length, under a declared boundary", 25),
    ("an image cut off", "images alone", 19),
    ("an image cut off", "images alone", 48),
    ("an image cut off", "images alone under a declared boundary", 27),
    ("a marker lost", "a binary length, under a declared boundary", 68),
    ("a marker lost", "a binary length, under a declared boundary", 173),
    ("a marker made", "a binary length, under a declared boundary", 1013),
    ("a marker made", "a binary length, under a declared boundary", 553),
    ("a marker made", "bare delimiters", 1718),
    ("a marker made", "a binary length, under a declared boundary", 1708),
    ("a delimiter broken", "a binary length, under a declared boundary", 100704),
    ("bytes cut out", "bare delimiters", 100915),
    ("a marker made", "LF, without length", 1036),
    ("bytes cut out", "text parts between", 575),
    ("a block moved", "text parts between", 436),
    ("a block moved", "bare delimiters", 701816),
    ("a block doubled", "bare delimiters", 700320),
]


@pytest.mark.parametrize(("kind", "way", "seed"), FOUND)
def test_what_was_lost_once(twin: Any, kind: str, way: str, seed: int) -> None:
    this = ruin(kind, way, seed)
    finest = record(twin.MjpegParser(this.content_type), pieces(this.body, 1))
    assert not missing(this, finest.frames)
    for size in SIZES:
        log = record(twin.MjpegParser(this.content_type), pieces(this.body, size))
        assert not first_difference(finest, log)


def told(content_type: bytes, length: int, body: bytes) -> bytes:
    return b"--my\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n" % (content_type, length) + body


def part(image: bytes) -> bytes:
    return b"--my\r\nContent-Type: image/jpeg\r\n\r\n" + image + b"\r\n"


LEAPING = TINY[:-4] + b"\xff\xfe\x00\x78\xff\xd9"
LEAPING_APP = TINY[:-4] + b"\xff\xe5\x00\x78\xff\xd9"
CLAIM = b"\xff\xd8\xff\xe0\xff\xff"
CLAIM_COMMENT = b"\xff\xd8\xff\xfe\xff\xff"
CLAIM_TABLE = b"\xff\xd8\xff\xdb\xff\xff"
BARE_TEXT = b"my\r\nContent-Type: text/plain\r\n\r\nhi\r\n"

#: Name -> Content-Type, body, how many whole images it holds, the parts that are no images.
CASES: dict[str, tuple[str | None, bytes, int, list[bytes]]] = {
    "one stray byte": (MULTIPART, b"\x80" + TINY * 40, 40, []),
    "many stray bytes": (MULTIPART, bytes(range(1, 255)) + TINY * 4, 4, []),
    "the end of an unseen image": (MULTIPART, b"\xff\xd9" + TINY * 4, 4, []),
    "half of that end": (MULTIPART, b"\xd9" + TINY * 4, 4, []),
    "a stray byte, then one image": (MULTIPART, b"\x80" + TINY, 1, []),
    "a stray byte, then an image and a part": (MULTIPART, b"\x80" + TINY + part(TINY), 2, []),
    "a stray byte, then a part": (MULTIPART, b"\x80" + part(TINY) * 2, 2, []),
    "a stray byte, a cut image, images": (MULTIPART, b"\x80" + TINY[:13] + TINY * 4, 4, []),
    "a cut image, then images": (MULTIPART, TINY[:15] + TINY * 4, 4, []),
    "a cut image, then one image": (MULTIPART, TINY[:14] + TINY, 1, []),
    "a binary length before each": (
        MULTIPART,
        b"".join(len(TINY).to_bytes(4, "big") + TINY for _ in range(9)),
        9,
        [],
    ),
    "a comment in a scan": (MULTIPART, part(LEAPING) + part(TINY) * 3, 3, []),
    "a segment in a scan": (MULTIPART, part(LEAPING_APP) + part(TINY) * 3, 3, []),
    "a comment in a scan, images alone": (
        None,
        TINY[:-4] + b"\xff\xfe\x00\x4b\xff\xd9" + TINY * 4,
        4,
        [],
    ),
    "a comment in a scan, over the end and the delimiter": (
        MULTIPART,
        b"--my\r\n" + TINY[:-2] + b"\xff\xff\xfe\x00\x16-my\r\n" + (TINY + b"\r\n--my\r\n") * 3,
        3,
        [],
    ),
    "a segment of 64 KiB, images alone": (
        None,
        TINY + b"\xff\xd8\xff\xe0\xff\xff" + TINY * 3,
        4,
        [],
    ),
    "a table of 64 KiB, images alone": (None, TINY + b"\xff\xd8\xff\xdb\xff\xff" + TINY * 3, 4, []),
    "a segment of 64 KiB, bare delimiters": (
        MULTIPART,
        b"--my\r\n" + TINY + b"\r\n--my\r\n\xff\xd8\xff\xe0\xff\xff" + (b"\r\n--my\r\n" + TINY) * 3,
        4,
        [],
    ),
    "cut off in the header of a scan": (None, TINY * 2 + TINY[:21] + TINY * 2, 4, []),
    "a text under a bare name": (
        MULTIPART,
        BARE_TEXT + (b"my\r\n\r\n" + TINY + b"\r\n") * 2,
        2,
        [b"hi"],
    ),
    "a text under a bare name, no empty line": (
        MULTIPART,
        BARE_TEXT + (b"my\r\n" + TINY + b"\r\n") * 2,
        2,
        [b"hi"],
    ),
    "a text, then an image alone": (
        MULTIPART,
        b"--my\r\nContent-Type: text/plain\r\n\r\nhi\r\n" + TINY + b"\r\n" + part(TINY),
        2,
        [b"hi"],
    ),
    "a text that lost its last byte, then an image": (
        MULTIPART,
        told(b"text/plain", 28, b"motion detected\r\nat thg\r\n\r\n"[:27] + TINY) + part(TINY),
        2,
        [b"motion detected\r\nat thg\r\n"],
    ),
    "a text that lost two bytes, then an image": (
        MULTIPART,
        told(b"application/json", 11, b'{"a": "--' + TINY) + part(TINY),
        2,
        [b'{"a": "--'],
    ),
    "a text that lost most, then an image": (
        MULTIPART,
        told(b"application/atom+xml", 43, b"<a>" + TINY) + part(TINY),
        2,
        [b"<a>"],
    ),
    "sound that lost a byte, then an image": (
        MULTIPART,
        told(b"audio/basic", 9, b"12345678" + TINY) + part(TINY),
        2,
        [b"12345678"],
    ),
    "sound that lost its half, then an image": (
        MULTIPART,
        told(b"audio/basic", 9, b"1234" + TINY) + part(TINY),
        2,
        [b"1234"],
    ),
    "sound that lost its end, then a header block": (
        MULTIPART,
        told(b"audio/basic", 60, b"1234Content-Type: image/jpeg\r\n\r\n" + TINY) + part(TINY),
        2,
        [b"1234Content-Type: image/jpeg\r\n"],
    ),
    "sound with the start of an image in it": (
        MULTIPART,
        told(b"audio/basic", 8, b"12\xff\xd8\xff\xc034\r\n") + part(TINY),
        1,
        [b"12\xff\xd8\xff\xc034"],
    ),
    "sound that ends as an image begins": (
        MULTIPART,
        told(b"audio/basic", 3, b"1\xff\xd8\r\n") + told(b"audio/basic", 3, b"1\xff\xd8" + TINY),
        1,
        [b"1\xff\xd8", b"1\xff\xd8"],
    ),
    "a part that begins with CR, LF alone": (
        MULTIPART,
        b"--my\nContent-Type: audio/basic\nContent-Length: 4\n\n\rabc\n--my--\n",
        0,
        [b"\rabc"],
    ),
    "a part that begins with CR, LF CR": (
        MULTIPART,
        b"--my\n\rContent-Type: audio/basic\n\rContent-Length: 4\n\r\n\r\rabc\n\r--my--\n\r",
        0,
        [b"\rabc"],
    ),
    "a part that begins with CR, CR LF": (
        MULTIPART,
        b"--my\r\nContent-Type: audio/basic\r\nContent-Length: 4\r\n\r\n\rabc\r\n--my--\r\n",
        0,
        [b"\rabc"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_came_whole(twin: Any, name: str) -> None:
    content_type, body, images, parts = CASES[name]
    finest = record(twin.MjpegParser(content_type), pieces(body, 1))
    assert [f.data for f in finest.frames if f.complete].count(TINY) == images
    assert [p.data for p in finest.parts] == parts
    for size in SIZES:
        log = record(twin.MjpegParser(content_type), pieces(body, size))
        assert not first_difference(finest, log)


def test_an_image_before_which_bytes_stray_does_not_wait_for_the_limit(twin: Any) -> None:
    """It is given as soon as the next one begins."""
    parser = twin.MjpegParser(MULTIPART, limits=Limits(max_frame=1 << 40))
    log = record(parser, [b"\x80" + TINY + TINY[:3]], eof=False)
    assert [frame.data for frame in log.frames] == [TINY]
