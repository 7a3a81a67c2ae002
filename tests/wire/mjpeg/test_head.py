"""Header blocks: what is read of them, however they are cut, and what is noted."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hamaproto.limits import Limits
from hamaproto.wire.mjpeg.codes import CLOSED, CUT_OFF, DELIMITER, DROPPED, MORE
from hamaproto.wire.mjpeg.delimiter import DelimiterSet

TOKENS = st.sampled_from(
    (
        b"Content-Length: 12",
        b"content-length : 7",
        b"Content-Length: -3",
        b"Content-Type: image/jpeg",
        b"Content-Type: text/plain",
        b"X-A: b",
        b" folded",
        b"no colon",
        b": no name",
        b"--frame",
        b"-",
        b"\r",
        b"\n",
        b"\r\n",
        b"\n\r",
        b"\r\n\r\n",
        b"\xff\xd8\xff",
        b"\xff",
    )
)
SMALL = Limits(max_part_head=60, max_part_line=40, max_part_headers=3)


def reader(twin: Any, limits: Limits | None = None, boundary: str = "frame") -> Any:
    window = twin.module("window").Window()
    report = twin.module("report").Report(1 << 30, False)
    delimiters = DelimiterSet(boundary)
    head = twin.module("head").HeadReader(window, report, delimiters, limits or Limits())
    return window, report, head


def outcome(
    twin: Any,
    pieces: list[bytes],
    limits: Limits | None = None,
    eof: bool = False,
    before: int = 0,
    ahead: int = 0,
    boundary: str = "frame",
) -> tuple[Any, ...]:
    """What is known of a block when it is read: where the body begins, and what was noted.

    Offsets count from the block, which stands behind so many bytes, `ahead` of them at hand.
    """
    window, report, head = reader(twin, limits, boundary)
    block = b"".join(pieces)
    if before:
        window.feed(bytes(before))
        window.pos = before
        assert not window.more()
    if ahead:
        window.feed(bytes(ahead) + pieces[0])
        pieces = [b"", *pieces[1:]]
    head.open(ahead)
    before += ahead
    code = head.read() if ahead else MORE
    if code == MORE and ahead and window.more():
        code = head.read()
    for piece in pieces:
        if piece:
            window.feed(piece)
            code = head.read()
            if code == MORE and window.more():
                code = head.read()
        if code != MORE:
            break
    if code == MORE and eof:
        window.close()
        while (code := head.read()) == MORE:
            assert window.more()
    report.flush()
    noted = [
        (event.code.name.lower(), event.offset - before)
        for event in report.ready
        if hasattr(event, "code")
    ]
    skipped = [
        (event.offset - before, event.length) for event in report.ready if hasattr(event, "reason")
    ]
    at = window.base + window.pos - before
    if code == CLOSED:
        assert head.body_at == at + before
        return code, at, noted, head.raw, head.length, head.content_type()
    if code == DELIMITER:
        match, base = head.match, window.base - before
        return code, head.raw, (base + match.start, base + match.end), noted
    if code == DROPPED:
        ((begin, length),) = skipped
        # A CR of the delimiter's line end is not skipped.
        assert begin == (1 if block.startswith(b"\r") else 0)
        assert begin + length == at
    else:
        assert skipped == []
    return code, at, noted


def read(twin: Any, block: bytes, **options: Any) -> tuple[Any, ...]:
    return outcome(twin, [block], **options)


@given(
    block=st.lists(TOKENS, max_size=12).map(b"".join),
    ends=st.sampled_from((b"", b"\r\n\r\n", b"\n\n", b"\n\r\n\r")),
    cuts=st.lists(st.integers(0, 200), max_size=5),
    small=st.booleans(),
    before=st.sampled_from((0, 1, 50, 1000)),
    ahead=st.sampled_from((0, 1, 50)),
)
@example(block=b"\r" + b"Content-Length: 12" * 4, ends=b"", cuts=[], small=True, before=0, ahead=0)
@example(block=b"\r" + b"Content-Length: 12" * 4, ends=b"", cuts=[], small=True, before=0, ahead=1)
@example(block=b"\r\rA: b", ends=b"\r\n\r\n", cuts=[4], small=False, before=0, ahead=0)
def test_a_block_is_the_same_however_it_is_cut_and_wherever_it_stands(
    twin: Any, block: bytes, ends: bytes, cuts: list[int], small: bool, before: int, ahead: int
) -> None:
    block += ends + b"body"
    limits = SMALL if small else None
    whole = read(twin, block, limits=limits, eof=True)
    places = [0, *sorted(min(cut, len(block)) for cut in cuts), len(block)]
    pieces = [block[one:two] for one, two in pairwise(places)]
    assert outcome(twin, pieces, limits, True, before, ahead) == whole
    assert outcome(twin, [bytes([byte]) for byte in block], limits, True, before) == whole


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\n\r"])
def test_a_block_of_two_fields(twin: Any, end: bytes) -> None:
    fields = b"Content-Type: image/jpeg" + end + b"Content-Length: 42" + end
    code, at, noted, raw, length, kind = read(twin, fields + end + b"\xff\xd8\xff")
    assert (code, at) == (CLOSED, len(fields + end))
    assert raw.strip(b"\r") == fields.strip(b"\r")
    assert (length, kind) == (42, b"image/jpeg")
    assert noted == ([] if end == b"\r\n" else [("bare_lf", 0)])


@pytest.mark.parametrize(
    ("lines", "length", "noted"),
    [
        (b"Content-Length: 0012\r\n", 12, []),
        (b"CONTENT-LENGTH:12\r\n", 12, []),
        (b"Content-Length: 1\r\n", 1, []),
        (b"Content-Length: 0\r\n", -1, [("invalid_length", 0)]),
        (b"Content-Length: +5\r\n", -1, [("invalid_length", 0)]),
        (b"Content-Length: 99999999999\r\n", -1, [("invalid_length", 0)]),
        (b"Content-Length: 999999999\r\n", -1, [("invalid_length", 0)]),
        (b"Content-Length: 5\r\nContent-Length: 6\r\n", 6, [("duplicate_length", 0)]),
        (b"Content-Length: 5\r\nContent-Length: 5\r\n", 5, []),
        (b"Content-Length:\r\n 5\r\n", 5, [("folded_header", 17)]),
        (b"X: y\r\n z\r\n", -1, [("folded_header", 6)]),
        (b"no colon\r\n", -1, [("malformed_header", 0)]),
        (b": none\r\n", -1, [("malformed_header", 0)]),
        # The first line goes on with none.
        (b" z\r\nContent-Length: 5\r\n", 5, [("folded_header", 0)]),
        (b"X: y\r\nContent-Length: 5\n", 5, [("bare_lf", 6)]),
    ],
)
def test_the_length(twin: Any, lines: bytes, length: int, noted: list[Any]) -> None:
    for before, ahead in ((0, 0), (50, 0), (50, 20)):
        code, _, said, _, known, _ = read(twin, lines + b"\r\nbody", before=before, ahead=ahead)
        assert (code, known, said) == (CLOSED, length, noted)


def test_a_length_is_that_of_the_largest_image_at_most(twin: Any) -> None:
    limits = Limits(max_frame=12)
    for value, length in ((12, 12), (13, -1)):
        known = read(twin, b"Content-Length: %d\r\n\r\n" % value, limits=limits)
        assert (known[2] == []) is (length > 0)
        assert known[4] == length


@pytest.mark.parametrize(
    ("value", "length"), [(b"9999999999", 9_999_999_999), (b"10000000000", -1), (b"00123", 123)]
)
def test_a_length_has_ten_digits_at_most(twin: Any, value: bytes, length: int) -> None:
    limits = Limits(max_frame=1 << 40)
    block = b"Content-Length: " + value + b"\r\n\r\n"
    code, _, said, _, known, _ = read(twin, block, limits=limits)
    assert (code, known) == (CLOSED, length)
    assert said == ([] if length > 0 else [("invalid_length", 0)])


@pytest.mark.parametrize(
    ("kind", "image", "text", "sound"),
    [
        (b"", True, False, False),
        (b"image/jpeg; a=b", True, False, False),
        (b"application/octet-stream", True, False, False),
        (b"image/png", False, False, False),
        (b"text/plain", False, True, False),
        (b"application/soap+xml", False, True, False),
        (b"Application/JSON", False, True, False),
        (b"audio/basic", False, False, True),
        (b"Video/mp4", False, False, True),
    ],
)
def test_what_a_part_says_that_it_is(
    twin: Any, kind: bytes, image: bool, text: bool, sound: bool
) -> None:
    window, _, head = reader(twin)
    head.open(0)
    window.feed(b"Content-Type: " + kind + b"\r\nContent-Type:\r\n\r\n")
    assert head.read() == CLOSED
    assert head.content_type() == kind
    assert (head.is_image(), head.is_text(), head.is_audio()) == (image, text, sound)


def test_an_image_may_begin_in_the_place_of_the_block(twin: Any) -> None:
    assert read(twin, b"\xff\xd8\xff") == (CLOSED, 0, [("no_blank_line", 0)], b"", -1, b"")


@pytest.mark.parametrize("line", [b"", b"X: y", b"\r"])
def test_an_image_may_begin_inside_the_block(twin: Any, line: bytes) -> None:
    code, at, noted, raw, _, _ = read(twin, b"A: b\r\n" + line + b"\xff\xd8\xff")
    assert (code, at, raw) == (CLOSED, 6 + len(line), b"A: b\r\n")
    odd = [("malformed_header", 6)] if line == b"X: y" else []
    assert noted == [*odd, ("no_blank_line", 6 + len(line))]


def test_another_delimiter_stands_in_the_block(twin: Any) -> None:
    assert read(twin, b"A: b\r\n--frame\r\nC: d\r\n\r\n") == (DELIMITER, b"A: b\r\n", (6, 15), [])
    # The CR before the dashes belongs to the line before.
    code, raw, at, _ = read(twin, b"A: b\n\r--frame\n\rC: d\n\r\n\r")
    assert (code, raw, at) == (DELIMITER, b"A: b\n", (6, 14))


def test_a_line_with_dashes_in_the_block_is_no_delimiter(twin: Any) -> None:
    """Nor is a name without its dashes one here."""
    for line in (b"-\r\n", b"--fram\r\n", b"--other\r\n", b"-frame\r\n", b"frame\r\n"):
        code, at, noted, raw, _, _ = read(twin, b"A: b\r\n" + line + b"\r\nbody")
        assert (code, at, raw) == (CLOSED, 8 + len(line), b"A: b\r\n" + line)
        assert noted == [("malformed_header", 6)]
    # One of one dash neither, if that is the name.
    block = b"A: b\r\n-frame\r\nC: d\r\n\r\n"
    assert read(twin, block, boundary="-frame")[:2] == (CLOSED, len(block))


def test_an_image_behind_an_empty_block_is_not_inside_of_it(twin: Any) -> None:
    for end in (b"\r\n", b"\n"):
        code, at, noted, raw, _, _ = read(twin, end + b"\xff\xd8\xff")
        assert (code, at, raw) == (CLOSED, len(end), b"")
        assert "no_blank_line" not in dict(noted)


@pytest.mark.parametrize(
    ("block", "stop"),
    [
        # A line of 41 bytes, a fourth line, more than 60 bytes; at least one byte is passed.
        (b"A: " + b"b" * 36 + b"\r\n\r\n", 1),
        (b"A: b\r\n" * 4, 18),
        (b"A: bbbbbbbbbbbbbbbbb\r\n" * 3, 44),
        (b"c" * 70, 1),
    ],
)
def test_a_block_that_is_too_large_is_dropped(twin: Any, block: bytes, stop: int) -> None:
    assert read(twin, block, limits=SMALL) == (DROPPED, stop, [("head_too_large", 0)])


def test_what_is_dropped_is_skipped_where_it_stands_in_the_stream(twin: Any) -> None:
    window, report, head = reader(twin, SMALL)
    window.feed(b"x" * 1000)
    window.pos = 1000
    head.open(1000)
    assert head.read() == MORE
    assert not window.more()
    head.open(window.pos)
    window.feed(b"A: b\r\n" * 4)
    assert head.read() == DROPPED
    report.flush()
    (skipped,) = (event for event in report.ready if hasattr(event, "reason"))
    assert (skipped.offset, skipped.length) == (1000, 18)


def test_the_cr_of_a_line_end_before_the_block_is_not_of_it(twin: Any) -> None:
    """That of LF CR, but not that of an empty line."""
    assert read(twin, b"\rA: b\r\n\r\n")[3] == b"A: b\r\n"
    code, at, noted, raw, _, _ = read(twin, b"\r\nA: b\r\n\r\n")
    assert (code, at, noted, raw) == (CLOSED, 2, [], b"")


def test_limits_are_met_exactly(twin: Any) -> None:
    block = b"A: " + b"b" * 35 + b"\r\n" + b"C: d\r\n" * 2 + b"\r\n"
    assert read(twin, block, limits=SMALL)[0] == CLOSED


def test_what_a_dropped_block_was_looked_through_for_is_not_looked_for_again(twin: Any) -> None:
    window, _, head = reader(twin, SMALL)
    head.open(0)
    window.feed(b"a" * 59 + b"\n" + b"b" * 80)
    assert head.read() == DROPPED
    # From here on the line end is behind what was looked through.
    head.open(window.pos)
    assert head.read() == DROPPED


@pytest.mark.parametrize("block", [b"", b"A: b", b"A: b\r\n"])
def test_the_stream_ends_inside_the_block(twin: Any, block: bytes) -> None:
    assert read(twin, block, eof=True) == (CUT_OFF, 0, [])


@pytest.mark.parametrize(
    ("block", "body"),
    [
        # The CR is the rest of the delimiter's LF CR, or of the empty line's.
        (b"\rA: b\n\r\n\r\xff\xd8\xff", 9),
        (b"A: b\n\rC: d\n\r\n\rtext", 14),
        (b"\rA: b\n\n\rtext", 8),
        # In a stream of LF alone it is the part's, or an image would not stand behind it.
        (b"A: b\n\n\rtext", 6),
        (b"A: b\n\n\r\xff\xd8\xff", 7),
        (b"A: b\n\n\r\ntext", 6),
        (b"A: b\n\n\r\xff\xd8\xff\xdb", 7),
        (b"A: b\n\rC: d\n\n\rtext", 13),
        # A whole line end is the part's in any stream.
        (b"A: b\n\r\n\r\ntext", 7),
        (b"\r\n", 2),
        (b"\n", 1),
    ],
)
def test_a_line_may_end_in_lf_cr(twin: Any, block: bytes, body: int) -> None:
    assert read(twin, block, eof=True)[:2] == (CLOSED, body)


def test_a_whole_line_end_in_the_place_of_a_block_says_nothing_of_the_next(twin: Any) -> None:
    """A stream has lines that end in LF CR if one of them has."""
    window, _report, head = reader(twin)
    window.feed(b"\r\nABA: b\n\n\rtext")
    head.open(0)
    assert (head.read(), head.body_at) == (CLOSED, 2)
    head.open(4)
    assert (head.read(), head.body_at) == (CLOSED, 10)


def test_a_block_that_was_read_elsewhere_is_an_images_until_the_next(twin: Any) -> None:
    window, _report, head = reader(twin)
    head.adopt(b"Content-Type: image/jpg\r\nContent-Length: 7\r\n", 7, 1000)
    assert (head.length, head.body_at) == (7, 1000)
    assert head.is_image()
    assert not head.is_text()
    assert not head.is_audio()
    window.feed(b"Content-Type: text/plain\r\n\r\n")
    head.open(0)
    assert head.read() == CLOSED
    assert (head.raw, head.content_type()) == (b"Content-Type: text/plain\r\n", b"text/plain")
    assert head.is_text()
