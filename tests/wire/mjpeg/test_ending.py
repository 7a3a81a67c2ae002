"""Where an image ends: at the EOI of its own structure, or where it was cut off."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.errors import LimitExceededError
from hamaproto.events import AnomalyCode
from hamaproto.wire.mjpeg.codes import AGAIN, BROKEN, MORE, TOO_LARGE, WHOLE
from hamaproto.wire.mjpeg.delimiter import DelimiterSet

SOI = b"\xff\xd8\xff"
EOI = b"\xff\xd9"
START = b"\xff\xd8\xff\xdb\0\x43\0" + b"\x10" * 64
FRAME = b"\xff\xc0\0\x0b\x08\0\x10\0\x10\1\1\x11\0"
SCAN = b"\xff\xda\0\x08\1\1\0\0\x3f\0"
#: An image as far as its scan, which is cut off, and the same one whole.
PIECE = START + FRAME + SCAN + b"abc" * 20
IMAGE = PIECE + EOI
HEAD = b"Content-Type: image/jpeg\r\n\r\n"
PART = b"\r\n--frame\r\n" + HEAD
#: One whose delimiter nobody declared.
OTHER = b"\r\n--other\r\n" + HEAD
#: As small as an image can be.
TINY = bytes.fromhex("ffd8ffc0000b080001000101011100ffda0008010100003f001234ffd9")
#: A segment that reaches behind 300 bytes, of a kind that holds no table.
LONG = b"\xff\xe1\x01\x2e"


class Reader:
    """One image, which begins at offset `at`, and all that its end is found by."""

    def __init__(
        self,
        twin: Any,
        pieces: list[bytes],
        boundary: str | None = "frame",
        max_frame: int = 1 << 40,
        max_junk: int = 1 << 40,
        at: int = 0,
    ) -> None:
        self.pieces = list(pieces)
        self.window = twin.module("window").Window()
        if at:
            self.window.feed(bytes(at))
            self.window.pos = at
        self.window.feed(self.pieces.pop(0))
        self.report = twin.module("report").Report(max_junk, False)
        self.delimiters = DelimiterSet(boundary)
        self.image = twin.module("image").Image(self.window)
        belief = twin.module("belief")
        self.doubt = belief.Doubt(max_frame)
        self.belief = belief.Belief(self.doubt)
        self.ending = twin.module("ending").Ending(
            self.window,
            self.report,
            self.delimiters,
            self.image,
            self.belief,
            self.doubt,
            max_frame,
        )

    def walk(self) -> int:
        while True:
            code = int(self.ending.walk())
            if code == MORE:
                if self.window.more():
                    continue
                if self.pieces:
                    self.window.feed(self.pieces.pop(0))
                else:
                    self.window.close()
            elif code != AGAIN:
                return code

    def end(self) -> tuple[int, str, bytes | None]:
        """What came of the image, what ended it, and its bytes."""
        code = self.walk()
        if code == TOO_LARGE:
            return code, "", None
        return code, self.ending.by, self.image.take() if code == WHOLE else self.ending.cut()

    @property
    def offset(self) -> int:
        return int(self.window.base + self.window.pos)

    def noted(self) -> list[AnomalyCode]:
        self.report.flush()
        return [event.code for event in self.report.ready if hasattr(event, "code")]


#: A stream, what its first image comes to, by what, and how many of its bytes are the image's.
ENDS = [
    # The EOI of its own structure.
    (IMAGE + PART, WHOLE, "eoi", len(IMAGE)),
    (IMAGE, WHOLE, "eoi", len(IMAGE)),
    # Cut off by whatever comes next; a line end before a delimiter is the delimiter's.
    (PIECE + PART + IMAGE, BROKEN, "delimiter", len(PIECE)),
    (PIECE + IMAGE, BROKEN, "soi", len(PIECE)),
    (PIECE + HEAD + IMAGE, BROKEN, "soi", len(PIECE + HEAD)),
    (PIECE, BROKEN, "eof", len(PIECE)),
    (PIECE + b"\r\n--frame--\r\n", BROKEN, "delimiter", len(PIECE)),
    # A comment inside an image is no end of it, whatever it says.
    (
        START + b"\xff\xfe\0\x2a" + PART[2:42].ljust(40) + FRAME + SCAN + b"abc" + EOI,
        WHOLE,
        "eoi",
        len(START) + 4 + 40 + len(FRAME) + len(SCAN) + 3 + 2,
    ),
    # No scan, no image.
    (START + PART + IMAGE, BROKEN, "delimiter", None),
    (START + IMAGE, BROKEN, "soi", None),
    (START + EOI, BROKEN, "eoi", None),
    (START, BROKEN, "eof", None),
    # SOI twice: the first one is nobody's.
    (b"\xff\xd8" + IMAGE, WHOLE, "eoi", len(IMAGE)),
    # Of the bytes FF between them two may be fill.
    (b"\xff\xd8\xff\xff" + IMAGE, WHOLE, "eoi", len(IMAGE)),
    (b"\xff\xd8\xff\xff\xff" + IMAGE, BROKEN, "soi", None),
    # What looks like a header in a comment is none; the next image is one.
    (START + b"\xff\xfe\0\x07\nX: y" + PIECE + PART, BROKEN, "soi", None),
    # A thumbnail, as a broken segment leaves it, and then the rest of its image.
    (START + b"\0" + IMAGE + FRAME + SCAN + b"abc" + EOI, WHOLE, "eoi", -1),
    # Two whole images in what a segment's length took for one.
    (PIECE + LONG + b"a" * 20 + IMAGE + IMAGE, BROKEN, "soi", len(PIECE) + 24),
    # The next image stands in a table: the table was cut off.
    (START + FRAME + b"\xff\xdb\0\x43\0" + b"\x10" * 20 + IMAGE, BROKEN, "soi", None),
    # So was this one, but its length leads onto a marker of the next image: no surprise at all.
    (START + b"\xff\xdb\0\x5d" + b"\x10" * 20 + IMAGE, BROKEN, "soi", None),
    # In a table FFD8FF can stand by chance.
    (
        START + b"\xff\xdb\0\x0a\x10\x10\xff\xd8\xff\0\x10\x10" + FRAME + SCAN + b"abc" + EOI,
        WHOLE,
        "eoi",
        -1,
    ),
    # The EOI is another image's: the length of a segment led there.
    (START + b"\xff\xe1\0\xb0" + b"a" * 20 + IMAGE, BROKEN, "soi", None),
    # A part begins behind a marker that can't be one, and an EOI comes before any other sign.
    (PIECE + b"\xff\xf0aa" + PART + b"abc" + EOI, BROKEN, "delimiter", len(PIECE) + 4),
    # A part is all that came of the next image.
    (PIECE + PART, BROKEN, "delimiter", len(PIECE)),
    # What looks like a header, and a thumbnail as above.
    (
        START + b"\0\nX: y\n\0" + IMAGE + FRAME + SCAN + b"abc" + EOI,
        WHOLE,
        "eoi",
        -1,
    ),
    # Nobody declared the delimiter, but a part begins behind it: where the next image begins,
    # where an EOI comes before that, and where the stream ends.
    (PIECE + OTHER + IMAGE, BROKEN, "delimiter", len(PIECE)),
    (START + OTHER + IMAGE, BROKEN, "delimiter", None),
    (PIECE + b"\xff\xf0aa" + OTHER + b"abc" + EOI, BROKEN, "delimiter", len(PIECE) + 4),
    (PIECE + OTHER + b"abc", BROKEN, "delimiter", len(PIECE)),
    # In a comment between two scans it is no delimiter.
    (
        PIECE + b"\xff\xfe\0\x2b" + OTHER[:41].ljust(41) + SCAN + b"abc" + EOI,
        WHOLE,
        "eoi",
        -1,
    ),
    # The image that began in such a segment has ended, not the one that the segment is in.
    (
        PIECE + b"\xff\xfe\0" + bytes((2 + 20 + len(START),)) + b"a" * 20 + IMAGE,
        BROKEN,
        "soi",
        len(PIECE) + 4 + 20,
    ),
    # The start of a marker is the last byte.
    (PIECE + b"\xff", BROKEN, "eof", len(PIECE) + 1),
    # A marker of a segment between two scans, and no image in it.
    (PIECE + b"\xff\xfe\0\x10" + b"a" * 14 + SCAN + b"abc" + EOI, WHOLE, "eoi", -1),
]


@pytest.mark.parametrize(("at", "closed"), [(0, False), (1000, False), (1000, True)])
@pytest.mark.parametrize(("stream", "code", "by", "size"), ENDS)
def test_an_image_ends_where_its_structure_or_the_next_part_says(
    twin: Any, stream: bytes, code: int, by: str, size: int | None, at: int, closed: bool
) -> None:
    """Whether the end of the stream is known from the beginning or not."""
    reader = Reader(twin, [stream], at=at)
    if closed:
        reader.window.close()
    reader.ending.begin(at, at, -1)
    assert reader.image.declared == -1
    twice = stream.find(b"\xff\xd8", 1, 6)
    start = max(0, twice) if size is not None else 0
    data = None if size is None else stream[start:][: len(stream) if size < 0 else size]
    assert reader.end() == (code, by, data)
    noted = reader.noted()
    assert (AnomalyCode.IMAGE_WITHOUT_SCAN in noted) is (size is None)
    assert (AnomalyCode.JUNK_BEFORE_IMAGE in noted) is (start > 0)
    if data is not None:
        # A line end, and no more, is left out.
        assert start + len(data) == reader.image.end - at
        assert reader.report.skipped == start
        assert stream[reader.image.end - at : reader.offset - at] in (b"", b"\r\n")
    assert all(at <= event.offset <= reader.offset for event in reader.report.ready)


@pytest.mark.parametrize("inside", [b"", b"\xff\xe1\0\x1e" + SOI + b"a" * 23 + EOI])
def test_an_eoi_to_which_a_segment_leads_is_that_of_another_image(twin: Any, inside: bytes) -> None:
    """Of that image itself, or of a thumbnail in a segment of it."""
    image = b"\xff\xd8" + inside + IMAGE[2:]
    before = START + b"\xff\xe1\0"
    length = 2 + 20 + image.index(EOI)
    stream = before + bytes((length,)) + b"a" * 20
    reader = Reader(twin, [stream + image])
    reader.ending.begin(0, 0, -1)
    assert reader.end() == (BROKEN, "soi", None)
    assert reader.offset == len(stream)


@given(
    case=st.sampled_from(ENDS),
    cuts=st.lists(st.integers(4, 900), max_size=6),
    max_frame=st.sampled_from((50, 150, 1 << 40)),
    phantom=st.booleans(),
    doubted=st.booleans(),
    before=st.integers(0, 1000),
)
def test_an_end_is_the_same_however_the_stream_is_cut_and_wherever_it_stands(
    twin: Any,
    case: tuple[bytes, int, str, Any],
    cuts: list[int],
    max_frame: int,
    phantom: bool,
    doubted: bool,
    before: int,
) -> None:
    stream = case[0]
    ends = []
    for at, places in ((0, []), (before, sorted({cut for cut in cuts if cut < len(stream)}))):
        bounds = [0, *places, len(stream)]
        pieces = [stream[a:b] for a, b in pairwise(bounds)]
        reader = Reader(twin, pieces, max_frame=max_frame, at=at)
        if doubted:
            reader.doubt.read_again((1 << 20) + 8 * 1001)
        if phantom:
            reader.ending.begin_phantom(at)
        else:
            reader.ending.begin(at, at, len(stream) if before % 2 else -1)
        end = reader.end()
        assert end[0] == TOO_LARGE or end[2] is None or end[2] in stream
        assert max_frame == 1 << 40 or end[2] is None or len(end[2]) <= max_frame
        noted = reader.noted()
        skipped = [(e.offset - at, e.length) for e in reader.report.ready if hasattr(e, "reason")]
        declared = reader.image.declared - at if reader.image.declared >= 0 else -1
        ends.append((end, reader.offset - at, noted, skipped, reader.report.skipped, declared))
    assert ends[0] == ends[1]


def test_what_has_no_beginning_is_walked_and_is_no_image(twin: Any) -> None:
    """Up to its EOI, or to the next part; a whole image in it is a thumbnail at first sight."""
    for stream, at, by in (
        (b"abc" * 9 + EOI + PART, 29, "eoi"),
        (b"abc" * 9 + PART + IMAGE, 27 + 2, "delimiter"),
        (b"abc" * 9, 27, "eof"),
        (b"abc" * 900 + EOI, 2702, "eoi"),
        # A delimiter with an empty head, or one that nobody declared.
        (b"abc" * 9 + b"\r\n--frame\r\n" + IMAGE, 27 + 2, "delimiter"),
        (b"a--frame\r\n" + IMAGE, 1, "delimiter"),
        (b"abc" * 9 + OTHER + b"abc" * 9, 27 + 2, "delimiter"),
        (b"a\n--other\r\n" + HEAD + b"abc" * 9, 2, "delimiter"),
    ):
        reader = Reader(twin, [stream])
        reader.ending.begin_phantom(0)
        assert reader.end() == (BROKEN, by, None)
        assert reader.offset == at
        assert (AnomalyCode.IMAGE_WITHOUT_SCAN in reader.noted()) is (by != "eoi")
        assert reader.report.skipped == at


@pytest.mark.parametrize("phantom", [False, True])
def test_of_the_images_in_one_without_a_beginning_the_first_counts(
    twin: Any, phantom: bool
) -> None:
    """One that has a beginning takes what a table follows for its thumbnail.

    A segment leads to the EOI of the last one.
    """
    table = START[2:]
    held = b"a" * 9 + TINY + b"\0\0" + table
    segment = b"\xff\xe1\0" + bytes((2 + len(held + TINY[:-2]),)) + held + TINY
    before = b"a" if phantom else START
    reader = Reader(twin, [before + segment])
    if phantom:
        reader.ending.begin_phantom(0)
    else:
        reader.ending.begin(0, 0, -1)
    assert reader.end() == (BROKEN, "soi", None)
    assert reader.offset == len(before) + 4 + (9 if phantom else len(held))


def test_a_delimiter_comes_before_the_image_behind_it(twin: Any) -> None:
    """Where a segment has led to an EOI in that image, whose own segments hold it."""
    thumbnail = SOI + b"a" * 23 + EOI
    image = b"\xff\xd8\xff\xe1\0\x1e" + thumbnail + IMAGE[2:]
    before = START + b"\xff\xe1\0"
    held = b"a" * 20 + OTHER
    stream = before + bytes((2 + len(held) + image.index(EOI),)) + held + image
    reader = Reader(twin, [stream])
    reader.ending.begin(0, 0, -1)
    assert reader.end() == (BROKEN, "delimiter", None)
    assert reader.offset == stream.index(b"--other")


@pytest.mark.parametrize("doubted", [False, True])
def test_an_image_that_is_there_is_walked_at_once(twin: Any, doubted: bool) -> None:
    """However large it is: no more is asked for."""
    image = IMAGE[:-2] + b"abc" * 1000 + EOI
    reader = doubting(twin, [image], 51 if doubted else 50, max_frame=1 << 20)
    reader.ending.begin(50, 50, -1)
    assert reader.ending.walk() == WHOLE


def test_what_is_read_again_is_counted_from_where_the_image_was_cut_off(twin: Any) -> None:
    stream = PIECE + LONG + PART + IMAGE + bytes(400) + EOI
    reader = Reader(twin, [stream], max_frame=600, at=1000)
    read = 0
    for _ in range(4):
        reader.ending.begin(1000, 1000, -1)
        assert reader.walk() == BROKEN
        reached = reader.offset
        reader.ending.cut()
        read += reached - reader.offset
        assert reader.offset == 1000 + len(PIECE + LONG) + 2
        assert reader.doubt.until == (read - 600) // 8


@pytest.mark.parametrize("at", [0, 1000])
@pytest.mark.parametrize("offset", [0, 1, -1])
def test_a_length_that_was_right_is_believed_and_one_that_was_wrong_is_not(
    twin: Any, offset: int, at: int
) -> None:
    reader = Reader(twin, [IMAGE + PART], at=at)
    belief = reader.belief
    assert not belief.believes(0, len(IMAGE))
    reader.ending.begin(at, at, len(IMAGE) + offset)
    assert reader.end() == (WHOLE, "eoi" if offset else "length", IMAGE)
    assert belief.believes(0, len(IMAGE)) is (offset == 0)


def doubting(twin: Any, pieces: list[bytes], until: int, max_frame: int = 1000) -> Reader:
    """One in which images before this offset are in doubt, itself at offset 50."""
    reader = Reader(twin, pieces, max_frame=max_frame, at=50)
    reader.doubt.read_again(max_frame + 8 * until)
    assert reader.doubt.until == until
    return reader


@pytest.mark.parametrize("later", [0, 1])
def test_an_image_before_a_certain_offset_is_in_doubt(twin: Any, later: int) -> None:
    reader = doubting(twin, [IMAGE + PART], 50 + later)
    reader.ending.begin(50, 50, -1)
    assert reader.image.doubted is (later == 1)
    reader = doubting(twin, [IMAGE + PART], 50 + later)
    reader.image.believe(50, len(IMAGE))
    reader.ending.distrust()
    assert reader.image.doubted is (later == 1)
    assert reader.end() == (WHOLE, "length", IMAGE)


def test_a_length_that_counts_what_stands_before_the_image_proves_nothing(twin: Any) -> None:
    reader = Reader(twin, [b"\xff\xd8" + IMAGE + PART])
    reader.ending.begin(0, 0, 2 + len(IMAGE))
    assert reader.end() == (WHOLE, "length", IMAGE)
    assert not reader.belief.believes(0, len(IMAGE))


@pytest.mark.parametrize("sized", [True, False])
@pytest.mark.parametrize(
    "stream",
    [
        PIECE + PART + IMAGE,
        START + PART + IMAGE,
        b"\xff\xd8" * 40,
        PIECE + b"abc" * 40,
        IMAGE + bytes(9),
    ],
)
def test_an_image_that_ends_elsewhere_makes_its_length_a_lie(
    twin: Any, stream: bytes, sized: bool
) -> None:
    """One that has none makes no other image's a lie."""
    reader = Reader(twin, [IMAGE + PART + IMAGE], max_frame=len(IMAGE) + 40)
    reader.ending.begin(0, 0, len(IMAGE))
    assert reader.walk() == WHOLE
    assert reader.belief.believes(0, len(IMAGE))
    reader.image.take()
    reader.window.pos = reader.window.end
    at = reader.offset
    reader.window.feed(stream)
    reader.ending.begin(at, at, len(stream) if sized else -1)
    code, _, data = reader.end()
    assert (code == WHOLE) is (data == IMAGE)
    assert reader.belief.believes(0, len(IMAGE)) is not sized
    assert (reader.image.declared < 0) is (data is None or not sized)


@pytest.mark.parametrize("cut", [*range(4, len(IMAGE), 20), len(IMAGE)])
@pytest.mark.parametrize("more", [0, 1, -1])
def test_an_image_whose_length_is_believed_is_filled_or_walked_after_all(
    twin: Any, cut: int, more: int
) -> None:
    stream = IMAGE + PART
    reader = Reader(twin, [stream[:cut], stream[cut:]])
    reader.image.believe(0, len(IMAGE) + more)
    assert reader.image.declared == len(IMAGE) + more
    data = None
    while data is None:
        data = reader.image.fill()
        if data is None:
            if not reader.image.missing:
                break
            assert not reader.window.more()
            reader.window.feed(reader.pieces.pop(0))
    assert data == (IMAGE if not more else None)
    if more:
        reader.ending.distrust()
        assert reader.end() == (WHOLE, "eoi", IMAGE)
        assert not reader.belief.believes(0, len(IMAGE))


def test_in_a_stream_of_images_alone_each_soi_begins_one(twin: Any) -> None:
    """Where none is declared, or an image came without a delimiter, whatever was declared."""
    stream = START + b"\0" + IMAGE + FRAME + SCAN + b"abc" + EOI
    for boundary, delivered in ((None, 0), ("other", 1)):
        reader = Reader(twin, [stream], boundary)
        reader.report.delivered = delivered
        reader.ending.begin(0, 0, -1)
        assert reader.end() == (BROKEN, "soi", None)
        assert reader.offset == len(START) + 1


@pytest.mark.parametrize("count", [50, 500])
def test_a_flood_of_sois_is_asked_about_twice(
    twin: Any, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever follows, which is the third question; none of them is an image's beginning."""
    asked = 0
    if twin.name == "pure":
        opinion = twin.module("opinion").SecondOpinion
        may_tell = opinion.may_tell

        def counted(*arguments: Any) -> Any:
            nonlocal asked
            asked += 1
            return may_tell(*arguments)

        monkeypatch.setattr(opinion, "may_tell", counted)
    stream = START + b"\0" + count * SOI + PART
    reader = Reader(twin, [stream + IMAGE])
    reader.ending.begin(0, 0, -1)
    assert reader.end() == (BROKEN, "delimiter", None)
    assert reader.offset == len(stream) - len(PART) + 2
    assert asked <= 3


def test_an_image_that_is_too_large_is_dropped_or_ends_within_the_limit(twin: Any) -> None:
    for stream, code in ((IMAGE, TOO_LARGE), (START + PART + bytes(99), BROKEN)):
        reader = Reader(twin, [stream + PART], max_frame=len(START) + 50)
        reader.ending.begin(0, 0, len(stream))
        assert reader.end()[0] == code
        noted = reader.noted()
        assert (AnomalyCode.IMAGE_TOO_LARGE in noted) is (code == TOO_LARGE)
        assert reader.report.skipped == reader.offset
        assert reader.image.declared == -1
        if code == TOO_LARGE:
            assert reader.offset == len(START) + 50


def test_what_is_skipped_is_bounded(twin: Any) -> None:
    reader = Reader(twin, [IMAGE + PART], max_frame=60, max_junk=59)
    reader.ending.begin(0, 0, -1)
    with pytest.raises(LimitExceededError):
        reader.walk()


@pytest.mark.parametrize("step", [7, 255, 256, 257, 5000])
def test_once_too_much_was_read_again_an_image_is_searched_as_it_is_walked(
    twin: Any, step: int
) -> None:
    """A segment takes the walk far behind the next part, again and again."""
    stream = PIECE + LONG + PART + IMAGE + bytes(400) + EOI
    reader = Reader(twin, [stream], max_frame=600)
    ends = []
    for _ in range(30):
        reader.ending.begin(0, 0, -1)
        doubted = reader.image.doubted
        ends.append((reader.end(), reader.offset))
        if doubted:
            break
    assert doubted
    assert len(set(ends)) == 1
    # In pieces too.
    pieces = [stream[at : at + step] for at in range(0, len(stream), step)]
    other = Reader(twin, pieces, max_frame=600)
    other.ending.begin_phantom(0)
    assert other.image.doubted
    assert other.end()[0] == BROKEN
    assert not reader.belief.believes(0, len(IMAGE))


def test_an_image_in_doubt_ends_as_soon_as_a_part_is_seen_in_it(twin: Any) -> None:
    """Not only where the walk, which a segment takes far, comes to something else."""
    stream = START + LONG + PART + bytes(100)
    for until, code in ((50, MORE), (51, BROKEN)):
        reader = doubting(twin, [stream], until)
        reader.ending.begin(50, 50, -1)
        assert reader.ending.walk() == code
        if code == BROKEN:
            assert reader.ending.by == "delimiter"
            assert reader.ending.cut() is None
            assert reader.offset == 50 + len(START + LONG) + 2
    # So does what has no beginning, at a delimiter that nobody declared as well.
    reader = Reader(twin, [b"abc" + OTHER + b"abc" * 9])
    reader.ending.begin_phantom(0)
    assert reader.ending.walk() == BROKEN
    assert reader.ending.by == "delimiter"
