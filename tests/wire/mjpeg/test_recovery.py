"""Damage costs at most the parts that it touches, whatever it is and wherever it strikes.

The oracle is exact to the byte and reads no damaged byte (`fixtures.build.damage`): a stream is
built, its damaged places are known, and each image that was not touched has to come out at
its new place, unchanged.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.build.damage import DAMAGES, Edit, apply, judge_damaged, random_edit
from fixtures.build.jpegs import image, insert_segment, segments
from fixtures.build.streams import Stream, Style, Tape, write
from fixtures.feeding import pieces, record
from hamaproto import LimitExceededError, Limits

MULTIPART = "multipart/x-mixed-replace; boundary=frame"
KINDS = (
    ("420", "444"),
    ("thumbnail", "gray"),
    ("progressive", "restart", "no-tables"),
    ("image-in-comment", "crlf-dashes-in-scan"),
)


def base(**changes: Any) -> Stream:
    kinds = changes.pop("kinds", KINDS[0])
    images = [image(kinds[number % len(kinds)], number) for number in range(7)]
    return write(replace(Style(), **changes), images, f"base {changes}")


BASES = [
    base(kinds=kinds, length=length, eol=eol, texts=texts, content_type=content_type)
    for kinds in KINDS
    for length, eol, texts, content_type in (
        ("right", (b"\r\n",), (), MULTIPART),
        ("none", (b"\r\n",), (), MULTIPART),
        ("right", (b"\n",), ((3, "text", True),), MULTIPART),
        ("none", (b"\r\n",), ((2, "xml", False),), None),
        ("lies every third", (b"\r\n",), (), None),
    )
]


def assert_recovers(twin: Any, stream: Stream, size: int = 1460) -> None:
    log = record(twin.MjpegParser(stream.content_type), pieces(stream.body, size))
    assert not judge_damaged(stream, log.frames, log.parts)


@given(
    stream=st.sampled_from(BASES),
    places=st.lists(
        st.tuples(st.sampled_from(sorted(DAMAGES)), st.floats(0, 1), st.integers(0, 1 << 32)),
        min_size=1,
        max_size=4,
    ),
    size=st.sampled_from((1460, 7, 65536)),
)
def test_any_damage(
    twin: Any, stream: Stream, places: list[tuple[str, float, int]], size: int
) -> None:
    # Where nothing was declared, the first parts are what the delimiter is learnt from.
    begin = 0 if stream.content_type else stream.pictures[1].stop
    edits: list[Edit] = []
    for kind, share, seed in places:
        at = begin + int(share * (len(stream.body) - 1 - begin))
        edit = random_edit(stream.body, at, kind, seed)
        if all(edit.stop < other.start or edit.start > other.stop for other in edits):
            edits.append(edit)
    assert_recovers(twin, apply(stream, edits), size)


SMALL = write(Style(), [image("gray", number) for number in range(4)], "small")
SMALL_WITHOUT_LENGTH = write(
    Style(length="none"), [image("gray", number) for number in range(4)], "small, no length"
)


@pytest.mark.parametrize("stream", [SMALL, SMALL_WITHOUT_LENGTH], ids=lambda s: s.name)
@pytest.mark.parametrize(
    "new", [b"", b"\x00", b"\xff", b"\n", b"\xff\xd8\xff", b"\xff\xd9", b"\r\n--frame\r\n"]
)
def test_every_byte(twin: Any, stream: Stream, new: bytes) -> None:
    """Each byte in turn is replaced by `new`."""
    for at in range(len(stream.body)):
        assert_recovers(twin, apply(stream, [Edit(at, at + 1, new)]))


def alone(content_type: str | None) -> Stream:
    """Images and nothing else."""
    tape = Tape(content_type)
    for number in range(4):
        tape.begin().image(image("420", number))
    return tape.stream(f"images alone, {content_type}")


@pytest.mark.parametrize(
    "stream",
    [
        SMALL,
        SMALL_WITHOUT_LENGTH,
        *(
            write(replace(Style(), **changes), [image("420", n) for n in range(4)], name)
            for name, changes in {
                "420": {},
                "420, no length": {"length": "none"},
                "420, LF": {"length": "none", "eol": (b"\n",)},
                "420, no head": {"length": "none", "type": None},
                "420, no head, LF CR": {"length": "none", "type": None, "eol": (b"\n\r",)},
            }.items()
        ),
        alone(None),
        alone(MULTIPART),
    ],
    ids=lambda s: s.name,
)
def test_truncated_at_every_byte(twin: Any, stream: Stream) -> None:
    """The second image is cut off at each of its bytes; the delimiter that follows is whole.

    Where there is no delimiter, all but a comment and the application's segment are cut.
    """
    second = stream.pictures[1]
    free = [
        range(begin + second.offset + 2, stop + second.offset)
        for marker, begin, stop in segments(second.data)
        if marker >= 0xE0
    ]
    for at in range(second.offset, second.stop):
        if stream.name.startswith("images alone") and any(at in place for place in free):
            continue
        assert_recovers(twin, apply(stream, [Edit(at, second.stop, b"")]))


@pytest.mark.parametrize("stream", [SMALL, SMALL_WITHOUT_LENGTH], ids=lambda s: s.name)
def test_the_end_at_every_byte(twin: Any, stream: Stream) -> None:
    """Each image that had ended by then is delivered, whatever the end cuts through."""
    for at in range(len(stream.body)):
        log = record(twin.MjpegParser(stream.content_type), [stream.body[:at]])
        whole = [p.data for p in stream.pictures if p.stop <= at]
        assert [frame.data for frame in log.frames if frame.complete] == whole
        assert len(log.frames) - len(whole) in (0, 1)
        inside = any(p.offset + 2 < at < p.stop for p in stream.pictures)
        if inside:
            assert log.events[-1].complete is False


@pytest.mark.parametrize("before", [0, 1, 3])
def test_every_length(twin: Any, before: int) -> None:
    """Any number in the place of one length costs nothing, believed or not.

    The one that can't be told from the truth, an end on another EOI, does not occur here.
    """
    images = [image("gray", number) for number in range(6)]
    true = len(images[before])
    for value in (*range(true + 90), 2 * true, 10**6, 2**31, 2**63, 10**40):
        tape = write(Style(), images, "lengths")
        head = b"Content-Length: %d" % true
        at = tape.body.index(head, tape.spans[before])
        stream = apply(tape, [Edit(at, at + len(head), b"Content-Length: %d" % value)])
        log = record(twin.MjpegParser(stream.content_type), pieces(stream.body, 1460))
        assert [frame.data for frame in log.frames] == images


@pytest.mark.parametrize("size", [1, 7, 1460, 65536])
@pytest.mark.parametrize("glue", [b"x", b"\xff", b"--frame", b"\xff--frame--frame", b"--frame-- "])
def test_a_text_is_glued_to_the_next_delimiter(twin: Any, glue: bytes, size: int) -> None:
    """A part without a length does not swallow the image behind it, if its line end is lost."""
    head = b"--frame\r\nContent-Type: text/plain\r\n\r\n"
    for tape in (SMALL, SMALL_WITHOUT_LENGTH):
        for at in tape.spans[:3]:
            stream = apply(tape, [Edit(at, at, head + b"a line\r\n" + glue)])
            assert_recovers(twin, stream, size)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1460, 65536])
@pytest.mark.parametrize(("blank", "junk"), [(True, b""), (False, b""), (True, b"\xff\x00junk\n")])
@pytest.mark.parametrize("eol", [b"\r\n", b"\n", b"\n\r"])
def test_a_text_before_an_empty_head(
    twin: Any, eol: bytes, blank: bool, junk: bytes, size: int
) -> None:
    """A part without a length ends at a delimiter behind which there is no header."""
    style = Style(
        type=None,
        length="none",
        eol=(eol,),
        blank_line=blank,
        before_image=junk,
        texts=((0, "xml", False), (2, "text", False)),
    )
    stream = write(style, [image("gray", number) for number in range(4)], "empty heads")
    assert_recovers(twin, stream, size)


@pytest.mark.parametrize("size", [1, 1000, 70_000, 1_000_000])
@pytest.mark.parametrize("kind", ["noise", "NULs", "0xFF", "CRLF", "dashes", "SOIs", "texts"])
def test_garbage_of_any_size(twin: Any, size: int, kind: str) -> None:
    """Garbage between two parts costs neither of them."""
    garbage = {
        "noise": lambda: random.Random(size).randbytes(size),
        "NULs": lambda: bytes(size),
        "0xFF": lambda: b"\xff" * size,
        "CRLF": lambda: b"\r\n" * (size // 2),
        "dashes": lambda: b"\r\n--" * (size // 4),
        "SOIs": lambda: b"\xff\xd8\xff" * (size // 3),
        "texts": lambda: b"--a\r\nb\r\n" * (size // 8),
    }[kind]()
    stream = base()
    at = stream.pictures[2].stop
    assert_recovers(twin, apply(stream, [Edit(at, at, garbage)]), 65536)


def test_garbage_inside_an_image(twin: Any) -> None:
    rng = random.Random(5)
    for size in (1, 50, 5000, 300_000):
        for share in (0.1, 0.5, 0.9):
            stream = base()
            picture = stream.pictures[3]
            at = picture.offset + int(share * len(picture.data))
            assert_recovers(twin, apply(stream, [Edit(at, at, rng.randbytes(size))]), 65536)


@pytest.mark.parametrize("length", ["right", "none"])
def test_an_image_over_the_limit(twin: Any, length: str) -> None:
    """It is skipped and reported, and the next one is delivered."""
    images = [image("420", number) for number in range(5)]
    images[2] = insert_segment(images[2], 0xFE, b"." * 5000)
    stream = write(Style(length=length), images, "one too large")
    for size in (1, 7, 1460, 65536):
        parser = twin.MjpegParser(stream.content_type, limits=Limits(max_frame=4000))
        log = record(parser, pieces(stream.body, size))
        assert [frame.data for frame in log.frames] == [*images[:2], *images[3:]]
        assert "image-too-large" in log.codes


@pytest.mark.parametrize("told", [True, False])
def test_a_part_over_the_limit(twin: Any, told: bool) -> None:
    images = [image("420", number) for number in range(5)]
    stream = write(Style(), images, "images")
    head = b"\r\n--frame\r\nContent-Type: text/plain\r\n"
    head += b"Content-Length: 3000\r\n\r\n" if told else b"\r\n"
    at = stream.pictures[1].stop
    body = stream.body[:at] + head + b"x" * 3000 + stream.body[at:]
    for size in (1, 7, 1460, 65536):
        parser = twin.MjpegParser(stream.content_type, limits=Limits(max_part=1000))
        log = record(parser, pieces(body, size))
        assert [frame.data for frame in log.frames] == images
        assert not log.parts
        assert "part-too-large" in log.codes


def test_junk_over_the_limit_is_an_error(twin: Any) -> None:
    """Nothing that can be used has come for so long: the same error, however it is cut."""
    body = SMALL.body + b"junk, " * 1000
    errors = set()
    for size in (1, 7, 1460, 65536):
        parser = twin.MjpegParser(MULTIPART, limits=Limits(max_junk=3000))
        log = record(parser, pieces(body, size), errors=(LimitExceededError,))
        assert len(log.frames) == 4
        assert log.error is not None
        errors.add(log.error)
        with pytest.raises(LimitExceededError):
            parser.next_event()
    assert len(errors) == 1


LIMIT = 500


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("tail", [b"\r\n", b"\n", b"\n\r", b""])
def test_the_limit_of_a_part_is_exact(twin: Any, told: bool, tail: bytes) -> None:
    """A part of just the limit is delivered and one of a byte more is not, however cut.

    What is held back because a delimiter may begin in it is no part of the part.
    """
    if not tail and not told:
        pytest.skip("without a line end the delimiter is not one")
    good = image("gray", 1)
    for size in (LIMIT - 40, LIMIT - 3, LIMIT - 2, LIMIT - 1, LIMIT, LIMIT + 1, LIMIT + 40):
        head = b"--frame\r\nContent-Type: text/plain\r\n"
        head += b"Content-Length: %d\r\n\r\n" % size if told else b"\r\n"
        text = b"-" * size
        body = head + text + tail + b"--frame\r\nContent-Type: image/jpeg\r\n\r\n" + good
        for limits in (Limits(max_part=LIMIT), None):
            logs = [
                record(twin.MjpegParser(MULTIPART, limits=limits), pieces(body, cut))
                for cut in (1, 2, 7, 499, 65536)
            ]
            assert [frame.data for frame in logs[0].frames] == [good]
            fits = limits is None or size <= LIMIT
            assert [part.data for part in logs[0].parts] == ([text] if fits else [])
            assert all(log.content == logs[0].content for log in logs)


@pytest.mark.parametrize("length", ["right", "none", "one too long", "zero"])
def test_the_limit_of_an_image_is_exact(twin: Any, length: str) -> None:
    for size in (LIMIT - 2, LIMIT - 1, LIMIT, LIMIT + 1, LIMIT + 2, LIMIT + 300):
        images = [image("gray", number) for number in range(4)]
        missing = size - len(images[2]) - 4
        images[2] = insert_segment(images[2], 0xFE, b"." * missing)
        assert len(images[2]) == size
        stream = write(Style(length=length), images, "at the limit")
        kept = images if size <= LIMIT else [*images[:2], images[3]]
        logs = [
            record(
                twin.MjpegParser(MULTIPART, limits=Limits(max_frame=LIMIT)),
                pieces(stream.body, cut),
            )
            for cut in (1, 2, 7, 499, 65536)
        ]
        assert [frame.data for frame in logs[0].frames] == kept
        assert all(log.content == logs[0].content for log in logs)


def test_the_limits_of_a_head_do_not_depend_on_the_cut(twin: Any) -> None:
    limits = Limits(max_part_line=60, max_part_head=150, max_part_headers=5)
    good = image("gray", 1)
    for size in range(30, 75):
        for lines in (1, 2, 3, 5, 6):
            head = b"".join(b"X: ".ljust(size, b"v") + b"\r\n" for _ in range(lines))
            body = b"--frame\r\n" + head + b"\r\n" + good + b"\r\n--frame\r\nX: y\r\n\r\n" + good
            logs = [
                record(twin.MjpegParser(MULTIPART, limits=limits), pieces(body, cut))
                for cut in (65536, 1, 7)
            ]
            assert [frame.data for frame in logs[0].frames][-1] == good
            assert all(log.content == logs[0].content for log in logs)
            fits = size <= 58 and lines <= 5 and len(head) <= 148
            if fits:
                assert len(logs[0].frames) == 2
                assert "head-too-large" not in logs[0].codes
            elif size > 60 or lines > 5 or len(head) > 154:
                assert "head-too-large" in logs[0].codes
