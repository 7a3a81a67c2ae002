"""From state to state: what comes of each sign that a part gives, in whole streams.

What is expected is written down beside each stream, from what its bytes are.
"""

from __future__ import annotations

import re
import sys
import tracemalloc
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from fixtures.feeding import pieces, record
from hamaproto.events import NEED_DATA, Anomaly, EndOfStream, Frame, Part, Skipped
from hamaproto.limits import Limits
from hamaproto.wire.mjpeg import codes
from hamaproto.wire.mjpeg.parser import MjpegParser

#: The smallest image that T.81 lets be: a table, a frame header, a scan.
START = b"\xff\xd8\xff\xdb\0\x43\0" + b"\x10" * 64 + b"\xff\xc0\0\x0b\x08\0\x10\0\x10\1\1\x11\0"
CUT = START + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + b"abc" * 20
IMAGE = CUT + b"\xff\xd9"
#: An image with another one in its first segment, as a thumbnail is.
DOUBLE = b"\xff\xd8\xff\xe1" + (len(IMAGE) + 2).to_bytes(2, "big") + IMAGE + IMAGE[2:]
LINE = b"--frame\r\n"
JPEG = b"Content-Type: image/jpeg\r\n"
TEXT = b"Content-Type: text/plain\r\n"
BINARY = b"Content-Type: application/x-settings\r\n"
END = b"--frame--\r\n"
AUDIO = b"Content-Type: audio/basic\r\n"
#: So small that a length of -1 would be like its own.
SMALL = bytes.fromhex("ffd8ffc0000b080001000101011100ffda0008010100003f001234ffd9")
LIMITS = Limits(max_frame=4000, max_part=64, max_junk=10_000, max_part_head=400)


def sized(data: bytes, head: bytes = JPEG, length: int | None = None) -> bytes:
    """A part with a Content-Length, that of `data` unless another one is given."""
    declared = len(data) if length is None else length
    return LINE + head + b"Content-Length: %d\r\n\r\n" % declared + data + b"\r\n"


def part(data: bytes, head: bytes = JPEG) -> bytes:
    return LINE + head + b"\r\n" + data + b"\r\n"


def bare(data: bytes, head: bytes = JPEG) -> bytes:
    """A part whose delimiter has no dashes before it."""
    return part(data, head)[2:]


def frame(data: bytes = IMAGE, end: str = "eoi") -> tuple[object, ...]:
    return ("frame", data, end, end in ("eoi", "length"))


WHOLE, SIZED = frame(), frame(end="length")
BARE = ("anomaly", "missing-delimiter")
DASHLESS = ("anomaly", "delimiter-without-dashes")
DONE = ("end", True, True)
#: It ends as these cameras end: behind an image, or behind a delimiter.
STOPPED = ("end", True, False)
LOST = ("end", False, False)

#: A stream, and all that must be said of it.
STREAMS: dict[str, tuple[bytes, list[tuple[object, ...]]]] = {
    "nothing": (b"", [STOPPED]),
    "line ends alone": (b"\r\n\r\n", [STOPPED]),
    # Gap, head, body, walk, gap.
    "images without length": (part(IMAGE) * 2 + END, [WHOLE, WHOLE, DONE]),
    # Where a boundary was declared, each image without a delimiter is told.
    "an image alone": (IMAGE, [BARE, WHOLE, STOPPED]),
    "images alone": (IMAGE * 3, [BARE, WHOLE] * 3 + [STOPPED]),
    # Gap, and take as soon as a length was right.
    "images with length": (sized(IMAGE) * 4 + END, [SIZED] * 4 + [DONE]),
    "junk before an image whose length is believed": (
        sized(IMAGE) * 2 + b"xyz" + sized(IMAGE) + END,
        [SIZED, SIZED, ("anomaly", "junk"), ("skipped",), SIZED, DONE],
    ),
    "a length, then none": (sized(IMAGE) * 2 + part(IMAGE), [SIZED, SIZED, WHOLE, STOPPED]),
    "a small image, and one without length": (
        sized(SMALL) * 2 + part(SMALL) + END,
        [frame(SMALL, "length")] * 2 + [frame(SMALL), DONE],
    ),
    "delimiters without dashes at once behind images with length": (
        sized(IMAGE)[2:-2] * 4,
        [DASHLESS, *[SIZED] * 4, STOPPED],
    ),
    "a length that counts what stands before the image": (
        sized(IMAGE) * 2 + sized(b"xyz" + IMAGE) + sized(IMAGE) + END,
        [SIZED, SIZED, ("anomaly", "junk-before-image"), ("skipped",), SIZED, SIZED, DONE],
    ),
    "a head where the stream begins": (
        JPEG + b"\r\n" + IMAGE + b"\r\n" + END,
        [BARE, WHOLE, DONE],
    ),
    "a delimiter at the end": (part(IMAGE) + LINE, [WHOLE, STOPPED]),
    "half a head at the end": (part(IMAGE) + LINE + JPEG, [WHOLE, ("skipped",), LOST]),
    "a head at the end": (part(IMAGE) + LINE + JPEG + b"\r\n", [WHOLE, LOST]),
    "two delimiters": (
        LINE + part(IMAGE) + END,
        [("anomaly", "duplicate-delimiter"), WHOLE, DONE],
    ),
    "two delimiters with an empty line between them, behind images with length": (
        sized(IMAGE) * 2 + LINE + b"\r\n" + sized(IMAGE) + END,
        [SIZED, SIZED, ("anomaly", "duplicate-delimiter"), SIZED, DONE],
    ),
    "a head that is too large": (
        LINE + b"X: " + b"y" * 500 + b"\r\n\r\n" + part(IMAGE) + END,
        [("anomaly", "head-too-large"), ("skipped",), WHOLE, DONE],
    ),
    "parts behind the last delimiter": (
        part(IMAGE) + END + part(IMAGE) + END,
        [WHOLE, ("anomaly", "closed-and-continued"), WHOLE, DONE],
    ),
    "a delimiter at once behind an image": (
        part(IMAGE)[:-2] + part(IMAGE)[:-2] + END,
        [WHOLE, WHOLE, DONE],
    ),
    "delimiters without dashes": (bare(IMAGE) * 2, [DASHLESS, WHOLE, WHOLE, STOPPED]),
    "one without dashes at once behind an image": (
        bare(IMAGE)[:-2] + bare(IMAGE),
        [DASHLESS, WHOLE, WHOLE, STOPPED],
    ),
    # What may follow a header block.
    "a delimiter at once behind a head": (LINE + JPEG + b"\r\n" + part(IMAGE), [WHOLE, STOPPED]),
    "a delimiter at once behind the head of a text": (
        LINE + TEXT + b"\r\n" + part(IMAGE),
        [("part", b"", True), WHOLE, STOPPED],
    ),
    "a delimiter in the place of an empty line": (LINE + JPEG + part(IMAGE), [WHOLE, STOPPED]),
    "an image under another type": (
        part(IMAGE, TEXT) + END,
        [("anomaly", "content-type-not-image"), WHOLE, DONE],
    ),
    "a response head in the body": (
        b"--frame\r\nContent-Type: multipart/x-mixed-replace; boundary=other\r\n\r\n--other\r\n"
        + JPEG
        + b"\r\n"
        + IMAGE
        + b"\r\n--other--\r\n",
        [("anomaly", "junk"), ("anomaly", "boundary-changed"), WHOLE, DONE],
    ),
    "nothing behind a head": (part(b"") + part(IMAGE) + END, [WHOLE, DONE]),
    "junk before an image": (
        part(b"xyz" + IMAGE) + END,
        [("anomaly", "junk-before-image"), ("skipped",), WHOLE, DONE],
    ),
    "an image without its SOI": (
        part(IMAGE[2:]) + part(IMAGE) + END,
        [("anomaly", "junk-before-image"), ("skipped",), WHOLE, DONE],
    ),
    "an image without its SOI that holds another one": (
        part(DOUBLE[2:]) + part(DOUBLE) + END,
        [("anomaly", "junk-before-image"), ("skipped",), frame(DOUBLE), DONE],
    ),
    "two bytes in the place of its SOI": (
        part(b"ab" + DOUBLE[2:]) + part(IMAGE) + END,
        [("anomaly", "junk-before-image"), ("skipped",), WHOLE, DONE],
    ),
    # So far behind its head it is none, and the one in it stands alone.
    "three bytes in the place of its SOI": (
        part(b"abc" + DOUBLE[2:]) + part(IMAGE) + END,
        [
            ("anomaly", "junk-before-image"),
            ("skipped",),
            WHOLE,
            ("anomaly", "junk"),
            ("skipped",),
            WHOLE,
            DONE,
        ],
    ),
    "bytes and a line end before an image": (
        part(b"ab\r\n" + IMAGE) + END,
        [("anomaly", "junk-before-image"), ("skipped",), WHOLE, DONE],
    ),
    "a line end before an image": (part(b"\r\n" + IMAGE) + END, [WHOLE, DONE]),
    "a stream joined inside an image that holds another one": (
        DOUBLE[4:] + b"\r\n" + part(IMAGE) + END,
        [("anomaly", "junk"), ("skipped",), WHOLE, DONE],
    ),
    "a stream joined inside an image": (
        CUT[-20:] + b"\xff\xd9\r\n" + part(IMAGE) + END,
        [("anomaly", "junk"), ("skipped",), WHOLE, DONE],
    ),
    "a stream joined inside an image, and a head without a delimiter": (
        CUT[-20:] + b"\xff\xd9\r\n" + JPEG + b"\r\n" + IMAGE + b"\r\n" + END,
        [("anomaly", "junk"), ("skipped",), BARE, WHOLE, DONE],
    ),
    # Parts that are no images.
    "a text with length": (sized(b"hello", TEXT) + END, [("part", b"hello", True), DONE]),
    "a text without length": (part(b"hello", TEXT) + END, [("part", b"hello", True), DONE]),
    "a delimiter at once behind a text": (
        part(b"hello", TEXT)[:-2] + sized(b"hello", TEXT)[:-2] + part(IMAGE),
        [("part", b"hello", True)] * 2 + [WHOLE, STOPPED],
    ),
    "one without dashes at once behind a text with length": (
        bare(IMAGE) + sized(b"hello", TEXT)[2:-2] + bare(IMAGE),
        [DASHLESS, WHOLE, ("part", b"hello", True), WHOLE, STOPPED],
    ),
    # A length of 0 is what some cameras send for none at all.
    "an empty text": (
        sized(b"", TEXT) + END,
        [("anomaly", "invalid-length"), ("part", b"", True), DONE],
    ),
    "a text that the stream cuts off": (
        sized(b"hello", TEXT, 9)[:-2],
        [("anomaly", "truncated-part"), ("part", b"hello", False), LOST],
    ),
    "a text without length or end": (
        part(b"hello", TEXT)[:-2],
        [("part", b"hello", False), LOST],
    ),
    "a text that is shorter than it says": (
        sized(b"hello", TEXT, 40) + part(IMAGE) + END,
        [("anomaly", "truncated-part"), ("part", b"hello", False), WHOLE, DONE],
    ),
    "a text that took the next image for its rest": (
        LINE + TEXT + b"Content-Length: 20\r\n\r\nhello" + IMAGE + b"\r\n" + END,
        [("anomaly", "truncated-part"), ("part", b"hello", False), BARE, WHOLE, DONE],
    ),
    **{
        f"bytes that took {size} of the next image for their rest": (
            LINE + BINARY + b"Content-Length: %d\r\n\r\nhello" % (5 + size) + IMAGE + b"\r\n" + END,
            [("anomaly", "truncated-part"), ("part", b"hello", False), BARE, WHOLE, DONE],
        )
        for size in range(1, 6)
    },
    "bytes that took a line end and the head of the next image for their rest": (
        LINE + BINARY + b"Content-Length: 9\r\n\r\nhello\r\n" + IMAGE + b"\r\n" + END,
        [("anomaly", "truncated-part"), ("part", b"hello", False), BARE, WHOLE, DONE],
    ),
    "a text of as many bytes as may be": (
        part(b"x" * 64, TEXT) + END,
        [("part", b"x" * 64, True), DONE],
    ),
    "a text of as many bytes as may be, with length": (
        sized(b"x" * 64, TEXT) + END,
        [("part", b"x" * 64, True), DONE],
    ),
    "a text that is too large": (
        part(b"x" * 200, TEXT) + part(IMAGE) + END,
        [("anomaly", "part-too-large"), ("skipped",), WHOLE, DONE],
    ),
    "a text just too large": (
        part(b"x" * 65, TEXT) + part(IMAGE) + END,
        [("anomaly", "part-too-large"), ("skipped",), WHOLE, DONE],
    ),
    "a text just too large, and the end": (
        part(b"x" * 65, TEXT)[:-2],
        [("anomaly", "part-too-large"), ("skipped",), STOPPED],
    ),
    # In sound FFD8FF alone begins no image.
    "an image behind as much sound as may be, and one byte": (
        part(b"x" * 65 + IMAGE, AUDIO) + END,
        [("anomaly", "part-too-large"), ("skipped",), BARE, WHOLE, DONE],
    ),
    "an image behind as much sound as may be": (
        part(b"x" * 64 + IMAGE, AUDIO) + END,
        [("anomaly", "part-too-large"), ("skipped",), DONE],
    ),
    "a length over the limit of a text": (
        sized(b"hello", TEXT, 65) + END,
        [("anomaly", "invalid-length"), ("part", b"hello", True), DONE],
    ),
    # What can be wrong with an image.
    "an image cut off by a delimiter": (
        part(CUT) + part(IMAGE) + END,
        [frame(CUT, "delimiter"), ("anomaly", "truncated-image"), WHOLE, DONE],
    ),
    "an image cut off by the next": (
        CUT + IMAGE,
        [BARE, frame(CUT, "soi"), ("anomaly", "truncated-image"), BARE, WHOLE, STOPPED],
    ),
    "an image cut off by the end": (
        part(IMAGE) + part(CUT)[:-2],
        [WHOLE, frame(CUT, "eof"), ("anomaly", "truncated-image"), LOST],
    ),
    "an image that never came to its scan": (
        part(START) + part(IMAGE) + END,
        [("anomaly", "image-without-scan"), ("skipped",), WHOLE, DONE],
    ),
    "SOI twice": (
        part(b"\xff\xd8" + IMAGE) + END,
        [("anomaly", "junk-before-image"), ("skipped",), WHOLE, DONE],
    ),
    "a damaged image": (
        part(IMAGE[:-2] + b"\xff\xf0" + IMAGE[-2:]) + part(IMAGE) + END,
        [
            frame(IMAGE[:-2] + b"\xff\xf0" + IMAGE[-2:]),
            ("anomaly", "damaged-image"),
            WHOLE,
            DONE,
        ],
    ),
    "an image over the limit": (
        part(CUT + b"abc" * 2000 + b"\xff\xd9") + part(IMAGE) + END,
        [("anomaly", "image-too-large"), ("skipped",), WHOLE, DONE],
    ),
    # Lengths that are wrong, believed or not.
    "a wrong length before one that is right": (
        sized(IMAGE, length=len(IMAGE) - 1) + sized(IMAGE) + sized(IMAGE) + END,
        [WHOLE, ("anomaly", "length-mismatch"), SIZED, SIZED, DONE],
    ),
    "a believed length that is too short": (
        sized(IMAGE) * 2 + sized(IMAGE, length=len(IMAGE) - 1) + END,
        [SIZED, SIZED, WHOLE, ("anomaly", "length-mismatch"), DONE],
    ),
    "a believed length that is too long": (
        sized(IMAGE) * 2 + sized(IMAGE, length=len(IMAGE) + 1) + END,
        [SIZED, SIZED, WHOLE, ("anomaly", "length-mismatch"), DONE],
    ),
    "a believed length behind which the stream ends": (
        sized(IMAGE) * 2 + sized(IMAGE, length=len(IMAGE) + 9)[:-2],
        [SIZED, SIZED, WHOLE, ("anomaly", "length-mismatch"), STOPPED],
    ),
}


#: What a part can answer, and the states.
ANSWERS = {
    "walk": (codes.MORE, codes.EOI, codes.SOI, codes.SURPRISE),
    "head": (codes.MORE, codes.CLOSED, codes.DELIMITER, codes.DROPPED, codes.CUT_OFF),
    "gap": (codes.MORE, codes.SOI, codes.DELIMITER, codes.FIELDS, codes.INSIDE, codes.OVER),
    "end": (codes.MORE, codes.AGAIN, codes.WHOLE, codes.BROKEN, codes.TOO_LARGE),
    "state": (
        codes.GAP,
        codes.HEAD,
        codes.BODY,
        codes.WALK,
        codes.TAKE,
        codes.PART,
        codes.END,
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_no_two_answers_are_the_same(name: str) -> None:
    assert len(set(ANSWERS[name])) == len(ANSWERS[name])


def said(event: Any) -> tuple[object, ...]:
    if isinstance(event, Frame):
        return ("frame", event.data, event.end, event.complete)
    if isinstance(event, Part):
        return ("part", event.data, event.complete)
    if isinstance(event, Anomaly):
        return ("anomaly", event.code.value)
    if isinstance(event, Skipped):
        return ("skipped",)
    assert isinstance(event, EndOfStream)
    return ("end", event.complete, event.closed)


def as_written(stream: bytes) -> list[bytes]:
    """Cut where cameras do that write a delimiter, a head and an image one after the other."""
    return re.findall(rb".+?(?:--frame\r\n|\r\n\r\n|\Z)", stream, re.DOTALL)


@pytest.mark.parametrize("name", STREAMS)
def test_each_stream_is_told_in_full(twin: Any, name: str) -> None:
    stream, expected = STREAMS[name]
    cuts = [as_written(stream), *(pieces(stream, size) for size in (len(stream) or 1, 1460, 7, 1))]
    logs = []
    for cut in cuts:
        parser = twin.MjpegParser("multipart/x-mixed-replace; boundary=frame", limits=LIMITS)
        log = record(parser, cut)
        assert [said(event) for event in log.events] == expected, len(cut)
        logs.append(log.said)
        for event in (*log.frames, *log.parts):
            assert stream[event.offset : event.offset + len(event.data)] == event.data
        account = parser.accounting
        assert account.fed == len(stream)
        assert account.delivered == sum(len(event.data) for event in (*log.frames, *log.parts))
        assert account.skipped == sum(event.length for event in log.of("Skipped"))
        assert account.pending == 0
    # With all offsets, lengths and details: a piece has others in its own bytes.
    assert logs[1:] == logs[:-1]
    # The last log is that of single bytes: an image that is whole comes with its last one, if no
    # length was believed that is too long.
    for event, after in zip(log.events, log.after, strict=True):
        if isinstance(event, Frame) and event.complete:
            late = after - event.offset - len(event.data)
            assert late == 0 or (late > 0 and name.startswith("a believed length that is too long"))
    told = [event.offset for event in log.events]
    assert all(0 <= offset <= len(stream) for offset in told)


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize("name", STREAMS)
def test_who_asks_late_hears_the_same(twin: Any, name: str, size: int) -> None:
    """All of it fed, and its end said, before the first question; the accounts hold throughout."""
    stream, expected = STREAMS[name]
    parser = twin.MjpegParser("multipart/x-mixed-replace; boundary=frame", limits=LIMITS)
    for piece in pieces(stream, size):
        parser.receive_data(piece)
    parser.receive_eof()
    events = []
    for event in parser.events():
        events.append(said(event))
        account = parser.accounting
        assert account.fed == len(stream)
        assert min(account.delivered, account.framing, account.skipped, account.pending) >= 0
    assert events == expected


@pytest.mark.parametrize("large", [4096, 4097, 9000])
@pytest.mark.parametrize("small", [1, 2, 5])
def test_small_and_large_pieces_of_a_scan_may_follow_each_other(
    twin: Any, small: int, large: int
) -> None:
    """Whichever way a piece goes, all that stands behind it keeps its place."""
    image = CUT + b"entropy coded " * 3000 + b"\xff\xd9"
    stream = part(image) * 3 + END
    cuts = [700, *[100] * small, large, *[100] * small, large, large]
    parser = twin.MjpegParser("multipart/x-mixed-replace; boundary=frame")
    events = []
    at = number = 0
    while at < len(stream):
        parser.receive_data(stream[at : at + cuts[number % len(cuts)]])
        events += parser.events()
        at += cuts[number % len(cuts)]
        number += 1
        assert parser.accounting.fed == min(at, len(stream))
    parser.receive_eof()
    *frames, end = [*events, *parser.events()]
    places = [len(part(image)) * n + len(LINE + JPEG + b"\r\n") for n in range(3)]
    assert [(frame.data, frame.offset) for frame in frames] == [(image, at) for at in places]
    assert (end.complete, end.offset) == (True, len(stream))


@pytest.mark.parametrize("length", [False, True])
def test_an_image_is_whole_wherever_it_is_cut_behind_a_delimiter_that_came_alone(
    twin: Any, length: bool
) -> None:
    """Its first two bytes with the head, too: they are the image's, not the head's."""
    head = JPEG + (b"Content-Length: %d\r\n\r\n" % len(IMAGE) if length else b"\r\n")
    rest = head + IMAGE + b"\r\n"
    for at in range(1, len(head) + 8):
        parser = twin.MjpegParser("multipart/x-mixed-replace; boundary=frame")
        for number in range(3):
            events = []
            for piece in (LINE, rest[:at], rest[at:]):
                parser.receive_data(piece)
                events += parser.events()
            assert [(event.data, event.complete) for event in events] == [(IMAGE, True)], at
            assert events[0].offset == number * len(LINE + rest) + len(LINE + head)
        assert parser.accounting.skipped == 0


@pytest.mark.parametrize(
    "head", [JPEG + b"\r\n", JPEG + b"X: y\n\r\n", b"Content-Type: image/jpeg\n\n", b"X: y\r\n\r\n"]
)
def test_an_image_comes_at_once_with_its_head_behind_a_delimiter_that_came_alone(
    twin: Any, head: bytes
) -> None:
    parser = twin.MjpegParser("multipart/x-mixed-replace; boundary=frame")
    for _ in range(3):
        parser.receive_data(LINE)
        assert list(parser.events()) == []
        parser.receive_data(head + IMAGE)
        *odd, image = parser.events()
        assert image.data == IMAGE
        assert all(isinstance(event, Anomaly) for event in odd)
        parser.receive_data(b"\r\n")
        assert list(parser.events()) == []


@pytest.mark.parametrize("size", [63, 64])
def test_a_text_of_as_many_bytes_as_may_be_ends_at_the_longest_delimiters(
    twin: Any, size: int
) -> None:
    """Each of them as long as one may be, and given as often as it may be."""
    name = b"b" * 200
    line = b"\r\n--" + name + b" " * 200
    stream = b"--" + name + b"\r\n" + TEXT + b"\r\n" + b"x" * size + line * 8
    stream += b"\r\n" + JPEG + b"\r\n" + IMAGE
    for cut in (len(stream), 100, 1):
        parser = twin.MjpegParser(
            "multipart/x-mixed-replace; boundary=" + name.decode(), limits=LIMITS
        )
        log = record(parser, pieces(stream, cut))
        assert [part.data for part in log.parts] == [b"x" * size]
        assert [frame.data for frame in log.frames] == [IMAGE]


#: What a parser waits in, and for what.
WAITING = {
    "nothing": b"",
    "a gap": b"\r\n",
    "a delimiter": LINE,
    "half a delimiter": LINE[:4],
    "a head": LINE + JPEG[:9],
    "what is behind a head": LINE + TEXT + b"\r\n",
    "a text": LINE + TEXT + b"\r\nhello",
    "tables": part(START)[:-2],
    "a scan": part(CUT)[:-2],
    "an image whose length is believed": sized(IMAGE) * 2 + sized(IMAGE)[:-20],
}


@pytest.mark.parametrize("name", WAITING)
def test_who_asks_again_before_more_came_costs_nothing(name: str) -> None:
    """No part is asked, as the calls of the pure twin show."""
    parser = MjpegParser("multipart/x-mixed-replace; boundary=frame")
    parser.receive_data(WAITING[name])
    list(parser.events())
    called = []

    def note(frame: FrameType, kind: str, _: object) -> None:
        if kind == "call":
            called.append(frame.f_code.co_filename)

    sys.setprofile(note)
    try:
        waiting = parser.next_event()
    finally:
        sys.setprofile(None)
    assert waiting is NEED_DATA
    assert {Path(name).stem for name in called} <= {"parser", "turn"}


@pytest.mark.parametrize("size", [65, 100, 2000])
def test_a_part_that_is_too_large_is_skipped_from_its_beginning_to_the_next_part(
    twin: Any, size: int
) -> None:
    stream = part(IMAGE) + part(b"x" * size, TEXT) + part(IMAGE) + END
    for cut in (7, len(stream)):
        parser = twin.MjpegParser("multipart/x-mixed-replace; boundary=frame", limits=LIMITS)
        log = record(parser, pieces(stream, cut))
        (skipped,) = log.of("Skipped")
        assert skipped.offset == stream.index(b"xxx")
        assert size <= skipped.length <= size + 2


def test_a_head_without_a_delimiter_is_one_where_the_stream_begins_and_nowhere_else(
    twin: Any,
) -> None:
    head = JPEG + b"\r\n" + IMAGE
    for before, raw in ((b"", JPEG), (CUT[-20:] + b"\xff\xd9\r\n", b""), (part(IMAGE), b"")):
        parser = twin.MjpegParser("multipart/x-mixed-replace; boundary=frame")
        log = record(parser, [before + head])
        assert log.frames[-1].raw_headers == raw


@pytest.mark.parametrize("before", [b"", b"\r\n", b"\n"])
def test_a_line_end_before_what_is_left_of_an_image_is_not_skipped(
    twin: Any, before: bytes
) -> None:
    parser = twin.MjpegParser("multipart/x-mixed-replace; boundary=frame")
    log = record(parser, [part(before + IMAGE[2:]) + part(IMAGE)])
    (skipped,) = log.of("Skipped")
    assert skipped.offset == len(part(b"")) - 2 + len(before)
    # Where it begins a part at once, the line end behind it goes with it or not.
    assert skipped.length in (len(IMAGE) - 2, len(IMAGE))
    assert [frame.data for frame in log.frames] == [IMAGE]


@pytest.mark.parametrize("size", [1, 7, 100])
def test_what_was_fed_before_a_question_is_told_as_well(twin: Any, size: int) -> None:
    stream, expected = STREAMS["images with length"]
    parser = twin.MjpegParser("multipart/x-mixed-replace; boundary=frame")
    events = []
    for count, piece in enumerate(pieces(stream, size)):
        parser.receive_data(piece)
        if count % 5 == 4:
            events += parser.events()
    parser.receive_eof()
    events += parser.events()
    assert [said(event) for event in events] == expected
    # Asked again behind the end, it says the end again.
    assert [said(event) for event in parser.events()] == expected[-1:]


def test_an_image_comes_with_its_last_byte(twin: Any) -> None:
    """Taken by its length or walked, in whatever pieces."""
    for image_part in (sized(IMAGE), part(IMAGE)):
        parser = twin.MjpegParser("multipart/x-mixed-replace; boundary=frame")
        behind = len(image_part) - 2  # without the line end behind it
        for _ in range(4):
            for piece in pieces(image_part[: behind - 1], 9):
                parser.receive_data(piece)
                assert list(parser.events()) == []
            parser.receive_data(image_part[behind - 1 : behind])
            assert [type(event) for event in parser.events()] == [Frame]
            assert parser.accounting.pending == 0
            parser.receive_data(image_part[behind:])
            assert list(parser.events()) == []


def test_a_chunk_is_let_go_of_where_the_rest_of_an_image_is_waited_for(twin: Any) -> None:
    """Whatever stood before that image: what is held is the image and not the chunk."""
    chunk = sized(IMAGE) * 3000 + sized(IMAGE)[:-100]
    parser = twin.module("parser").MjpegParser("multipart/x-mixed-replace; boundary=frame")
    tracemalloc.start()
    try:
        parser.receive_data(bytes(memoryview(chunk)))
        frames = sum(isinstance(event, Frame) for event in parser.events())
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert frames == 3000
    assert held < len(chunk) // 10
