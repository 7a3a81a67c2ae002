"""Whole images inside a broken one: which count, and what it costs to look for them."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fixtures import jpeg
from fixtures.build.jpegs import image, image_end, insert_segment
from fixtures.build.ruin import TINY
from fixtures.build.traps import floods
from fixtures.feeding import pieces
from hamaproto.wire.mjpeg.inside import ENDED, IMAGE, NOTHING, OTHER, Inside

NO_SEGMENT = (-1, -1)


#: What would tell something if it stood in the image: a larger one's frame header, its scan.
BEHIND = b"\xff\xc0\0\x0b\x08\1\0\1\0\1\1\x11\0\xff\xda\0\x08\1\1\0\0\x3f\0abc\xff\xd9"


def search(body: bytes, stands: int, segment: tuple[int, int] = NO_SEGMENT) -> int:
    """What is found in an image that begins at offset 0.

    It is the same at any other offset, and whatever stands behind what is looked at.
    """
    found = Inside().search(body, 0, 0, len(body), stands, segment)
    behind = BEHIND if segment == NO_SEGMENT else b""
    for before, shift in ((b"", 1 << 20), (b"behind it:", 0), (b"behind it:", 1 << 20)):
        at = shift + len(before)
        moved = (segment[0] + at, segment[1] + at)
        stop = len(before + body)
        there = Inside().search(before + body + behind, at, shift, stop, stands, moved)
        assert there == (found + at if found >= 0 else -1)
    return found


START = b"\x80\x81"
#: A quantisation table, and the frame header of an image of one pixel.
TABLE = b"\xff\xdb\0\x43\0" + b"\x10" * 64
SMALLEST = b"\xff\xc0\0\x0b\x08\0\x01\0\x01\x01\x01\x11\0"
#: An image with a comment in which a thumbnail seems to be.
NESTED = insert_segment(TINY, 0xFE, b"\xff\xd8\xff\0\xff\xd9")


def test_an_image_before_what_begins() -> None:
    for stands in (IMAGE, OTHER, ENDED):
        assert search(START + TINY, stands) == 2
        assert search(START + TINY + b"\r\n", stands) == 2
        # A byte of damage, and a marker that it made: the rest of an image stands closer.
        assert search(START + TINY + b"\0\xff\xc4", ENDED) == 2
    # Nothing is known of what follows.
    assert search(START + TINY, NOTHING) == -1


@pytest.mark.parametrize("stands", [NOTHING, OTHER, IMAGE, ENDED])
def test_where_no_image_has_ended_there_is_none(stands: int) -> None:
    for body in (START, START + b"abc", START + TINY[:-2], START + b"\xff\xd8\xff" * 3):
        assert search(body, stands) == -1
    # Nor is it one without a scan, or without a frame header before its scan.
    for tables in (SMALLEST, TABLE + SMALLEST, TABLE):
        none = b"\xff\xd8" + tables + b"\xff\xd9"
        assert search(START + none + b"\0", stands) == (
            len(START + none) + 1 if stands == IMAGE else -1
        )


def test_what_follows_tells_a_thumbnail() -> None:
    rest = jpeg("gray")[20:]
    assert search(START + TINY + rest + b"\r\n", OTHER) == -1
    assert search(START + TINY + b"\0\0" + rest, ENDED) == -1
    # The rest may be cut off in its scan.
    for stands in (IMAGE, OTHER):
        assert search(START + TINY + rest[:-2], stands) == -1
    # A marker at once behind it is what comes behind a segment.
    assert search(START + TINY + jpeg("gray")[2:-2], ENDED) == -1


def test_a_thumbnail_whose_rest_the_next_image_cuts_off() -> None:
    """The next one is met by the walk itself; of the thumbnail there is nothing to say."""
    rest = jpeg("gray")[20:-2]
    assert search(START + TINY + rest + b"\xff\xd8\xff", NOTHING) == -1
    # Too little of a rest is none.
    assert search(START + TINY + rest[:20] + b"\xff\xd8\xff", NOTHING) == 2


@pytest.mark.parametrize("at", range(4))
def test_an_image_is_not_inside_of_itself(at: int) -> None:
    body = bytes(at) + TINY
    for stands in (NOTHING, OTHER, IMAGE, ENDED):
        # An image that stands behind it is told, if there is one.
        found = len(body) if stands == IMAGE else -1
        assert Inside().search(body, at, 0, len(body), stands, NO_SEGMENT) == found


def test_the_larger_image_is_the_one_of_more_pixels() -> None:
    """By both sides of it."""
    body = START + TINY + b"\0\0" + TABLE
    for height, width in ((1, 2), (2, 1), (256, 1), (1, 256)):
        size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
        larger = SMALLEST.replace(b"\0\x01\0\x01", size, 1)
        assert search(body + larger + b"\xff\xd8\xff", OTHER) == -1


@pytest.mark.parametrize(("size", "is_rest"), [(31, False), (32, True), (33, True)])
def test_the_least_rest_of_an_image(size: int, is_rest: bool) -> None:
    """Between two images, with a marker in it; elsewhere each one is a rest."""
    body = START + TINY + TABLE[:size]
    assert search(body + b"\xff\xd8\xff", NOTHING) == (-1 if is_rest else 2)
    assert search(body, IMAGE) == (-1 if is_rest else 2)
    assert search(body, OTHER) == -1


@pytest.mark.parametrize(("depth", "found"), [(15, 2), (16, 2), (17, -1)])
def test_how_many_beginnings_are_open_at_a_time(depth: int, found: int) -> None:
    """The outermost one is forgotten first."""
    held = b"\xff\xd8\xff" * (depth - 1) + b"\xff\xd9" * (depth - 1)
    body = START + insert_segment(image("gray"), 0xFE, held)
    assert search(body, OTHER) == found


@pytest.mark.parametrize(("count", "found"), [(0, 2), (7, 2), (8, -1)])
def test_how_many_pairs_are_remembered(count: int, found: int) -> None:
    """Behind an image and a rest that does not tell: it, and so many more that are none."""
    pairs = b"\xff\xd8\xff" * count + b"\xff\xd9" * count
    assert search(START + TINY + b"\0\0" + TABLE + pairs, ENDED) == found


@pytest.mark.parametrize(("count", "found"), [(0, 2), (1, 2), (2, 2), (3, 2), (4, -1)])
def test_how_many_beginnings_are_tried_for_one_end(count: int, found: int) -> None:
    body = START + insert_segment(image("gray"), 0xFE, b"\xff\xd8\xff\0" * count)
    assert search(body, OTHER) == found


def test_what_follows_the_end_of_a_rest_may_be_more_of_it() -> None:
    """A table, long enough to be no damage: then nothing is known."""
    rest = jpeg("gray")[20:]
    assert search(START + TINY + rest + TABLE + b"\xff\xd8\xff", NOTHING) == -1


def test_an_image_may_stand_right_behind_the_first_byte() -> None:
    assert search(b"\x80" + TINY, OTHER) == 1


def test_an_image_has_a_frame_header_of_its_own() -> None:
    """That of the next one is not its own."""
    frameless = TINY.replace(SMALLEST, b"")
    body = START + frameless + b"\0\0"
    assert search(body + TINY, NOTHING) == len(body)


def test_a_rest_without_a_frame_header_does_not_tell() -> None:
    """Which of both is the larger one, and so the thumbnail's image."""
    body = START + TINY + b"\0\0" + TABLE
    assert search(body + b"\xff\xd8\xff", OTHER) == -1
    assert search(body + b"\xff\xd9", NOTHING) == -1
    # One of the same size has no room for the other, however it is coded.
    for code in (b"\xc0", b"\xc2"):
        frame = SMALLEST.replace(b"\xc0", code)
        assert search(body + frame + b"\xff\xd8\xff", OTHER) == 2
        # Its size is all that matters of it.
        assert search(START + TINY + b"\0\0" + frame[:9] + b"\xff\xd9", NOTHING) == 2


def test_a_scan_without_a_frame_header_is_no_rest() -> None:
    """Damage has moved it there: what ends with it has no thumbnail."""
    scan = b"\xff\xda\0\x08\1\1\0\0\x3f\0abc"
    assert search(START + TINY + b"\0\0" + scan + b"\xff\xd9", NOTHING) == 2


def test_an_end_that_comes_twice_ends_one_image() -> None:
    """Too little stands behind it to be a rest, with a larger image in it or not."""
    larger = SMALLEST.replace(b"\0\x01\0\x01", b"\0\x02\0\x02", 1)
    for behind in (b"", larger, b"\0\0" + larger):
        assert search(START + TINY + b"\xff\xd9" + behind + b"\xff\xd8\xff", NOTHING) == 2


def test_a_marker_of_damage_and_an_end_are_no_rest() -> None:
    """There is no frame and no scan, so that it tells nothing of what was before."""
    body = START + TINY + b"\0\0\xff\xc4\xff\xd9"
    assert search(body, NOTHING) == -1
    assert search(body, OTHER) == 2
    assert search(body + b"\xff\xd8\xff", NOTHING) == 2
    # Asked about less than before, it says what it would have said then.
    inside = Inside()
    assert inside.search(body, 0, 0, len(body), NOTHING, NO_SEGMENT) == -1
    assert inside.search(body, 0, 0, len(body) - 1, OTHER, NO_SEGMENT) == -1
    assert search(body[:-1], OTHER) == -1


def test_each_of_several_images_is_looked_at() -> None:
    """Of one the rest follows at once; the other one has none."""
    first = TINY + TINY[2:-2]
    assert search(START + first, ENDED) == -1
    assert search(START + first + TINY, ENDED) == len(START + first)


def test_an_image_that_ends_later_is_none_before_it() -> None:
    """It was seen when more was looked through than is asked about now."""
    body = START + TINY + jpeg("gray")[20:-2]
    inside = Inside()
    assert inside.search(body + TINY, 0, 0, len(body + TINY), NOTHING, NO_SEGMENT) == -1
    assert inside.search(body, 0, 0, len(body), ENDED, NO_SEGMENT) == -1


@pytest.mark.parametrize("shift", [0, 1 << 20])
def test_an_image_around_what_was_met(shift: int) -> None:
    """One whose segment leads on; FFD8FF by chance in that segment is none."""
    begun = b"\xff\xd8\xff\xdb\1\0"
    body = START + begun + b"ab\xff\xd8\xff\0cd"
    inside = Inside()
    assert inside.around(body, shift, shift, len(body), NO_SEGMENT) == shift + 2
    # Two more around it are walked as well, up to four in all.
    for count, found in ((3, 2), (4, -1)):
        body = START + begun + b"\xff\xd8\xff\0" * count
        inside = Inside()
        assert inside.around(body, shift, shift, len(body), NO_SEGMENT) == (
            shift + found if found >= 0 else -1
        )
    # One that has ended before counts more.
    body = START + b"\xff\xd9" + TINY + begun
    assert Inside().around(body, shift, shift, len(body), NO_SEGMENT) == shift + 4
    # Of one that begins with the last bytes nothing can be said.
    body = START + b"\xff\xd8\xff"
    assert Inside().around(body[:4], shift, shift, 4, NO_SEGMENT) == -1
    # What stands behind the first bytes of a marker is in no segment.
    for size in range(1, 4):
        body = START + b"\xff\xd8" + TABLE + b"\xff\xdb\1"[:size]
        assert Inside().around(body, shift, shift, len(body), NO_SEGMENT) == -1


@pytest.mark.parametrize("shift", [0, 1 << 20])
def test_how_much_is_walked_again(shift: int) -> None:
    """Eight times what was looked through, and 16,384 bytes: not one more."""

    def answers(size: int) -> int:
        body = START + b"\xff\xd8\xff\xe1\xff\xff".ljust(size)
        inside = Inside()
        for count in range(200):
            if inside.around(body, shift, shift, len(body), NO_SEGMENT) < 0:
                return count
        raise AssertionError("there is no end of it")

    # 108 times 164 bytes are all that there is; 79 times 231 are one more.
    assert 108 * 164 == 16_384 + 8 * (2 + 164)
    assert answers(164) == 108
    assert 79 * 231 == 16_384 + 8 * (2 + 231) + 1
    assert answers(231) == 78


@pytest.mark.parametrize("stands", [NOTHING, OTHER])
def test_who_asks_only_when_a_byte_may_tell_hears_the_same(stands: int) -> None:
    for body in (
        START + TINY[:15] + TINY + TINY,
        START + b"\xff\xd9" + TINY,
        START + TINY + b"\0\0" + TINY[15:],
        START + jpeg("gray")[20:],
    ):
        always, seldom = Inside(), Inside()
        told = True
        for stop in range(1, len(body) + 1):
            told = seldom.may_tell(body, 0, stop - 1, stop)
            found = always.search(body, 0, 0, stop, NOTHING, NO_SEGMENT)
            if told:
                assert seldom.search(body, 0, 0, stop, NOTHING, NO_SEGMENT) == found
            else:
                assert found == -1
            if found >= 0:
                break


def test_behind_a_rest_the_search_goes_on() -> None:
    """Whether that one has ended or not; the next image is another one."""
    for rest in (TABLE, jpeg("gray")[20:]):
        body = START + TINY + rest
        inside = Inside()
        data = body + b"\xff\xd8\xff"
        found = inside.search(data, 0, 0, len(data), NOTHING, NO_SEGMENT)
        assert found == (-1 if rest == TABLE else len(body))
        assert not inside.waits
        assert search(body + TINY, OTHER) == len(body)


def test_a_rest_that_is_no_larger_has_no_thumbnail() -> None:
    whole = jpeg("gray")
    # It is known with its last byte.
    assert search(START + whole + b"\0\0" + whole[20:], NOTHING) == 2
    assert search(START + whole + b"\0\0" + whole[20:-2], NOTHING) == -1
    # Or where the next part cuts it off.
    assert search(START + whole + b"\0\0" + whole[20:-2], OTHER) == 2
    assert search(START + whole + b"\0\0" + whole[20:], ENDED) == 2


def test_a_segment_that_had_ended_held_a_thumbnail() -> None:
    body = START + TINY + b"\r\n"
    end = 2 + len(TINY)
    assert search(body, OTHER, (0, end)) == -1
    # One that goes on behind it did not, nor one whose length leads to no marker.
    assert search(body, OTHER, (0, 1000)) == 2
    assert search(body, OTHER, (0, end + 1)) == 2
    assert search(START + TINY + b"\0\xff\xdb", OTHER, (0, end + 1)) == -1
    assert search(START + TINY + b"\0\xff\xd9", OTHER, (0, end + 1)) == -1
    # It may end where what follows begins, or with a rest that is no larger.
    assert search(body, IMAGE, (0, len(body))) == len(body)
    rest = START + TINY + b"\0\0" + SMALLEST[:9] + b"\xff\xd9"
    assert search(rest, NOTHING, (0, len(rest))) == -1
    assert search(rest + b"\0\xff\xdb", NOTHING, (0, len(rest) + 1)) == 2
    # A marker and a few bytes are no rest: damage may have made it.
    assert search(START + TINY + b"\0\0\0\x1d\xff\xeb\0\xc2", IMAGE) == 2


def test_an_image_directly_behind_an_end() -> None:
    """Whatever was before, it is one; and so is the whole one before that."""
    assert search(START + b"\xff\xd9" + TINY, NOTHING) == 4
    assert search(START + TINY[:15] + TINY + TINY[:3], NOTHING) == 17


def test_a_comment_may_hold_anything() -> None:
    for held in (b"\xff\xd8\xff", TINY, b"\xff\xd8\xff\xd8\xff"):
        body = START + insert_segment(image("gray"), 0xFE, held)
        assert search(body, OTHER) == 2


@given(
    pieces=st.lists(
        st.sampled_from(
            (
                b"\xff\xd8\xff",
                b"\xff\xd9",
                b"\0",
                b"\xff",
                TINY,
                TINY[:15],
                TINY[15:],
                TABLE,
                SMALLEST,
                jpeg("gray")[20:],
                NESTED,
            )
        ),
        max_size=8,
    ),
    behind=st.sampled_from((NOTHING, OTHER, ENDED)),
)
@example([TINY[:15], TINY, TINY], NOTHING)
@example([NESTED, b"\xff\xd8\xff"], OTHER)
def test_the_search_does_not_depend_on_the_cut(pieces: list[bytes], behind: int) -> None:
    """What it finds before a part or an end is whole, for who knows nothing but T.81."""
    body = START + b"".join(pieces)
    at_once = search(body, NOTHING)
    inside = Inside()
    for stop in range(len(body) + 1):
        found = inside.search(body, 0, 0, stop, NOTHING, NO_SEGMENT)
        if found >= 0:
            break
    assert found == at_once
    if found < 0:
        found = inside.search(body, 0, 0, len(body), behind, NO_SEGMENT)
        assert found == search(body, behind)
        if found >= 0:
            assert image_end(body, found) <= len(body)
    else:
        # Behind the end of one that is none, the next one counts all the same.
        assert body.startswith(b"\xff\xd8\xff", found)


class Viewed(bytes):
    """Bytes that count how many of them are cut out."""

    taken = 0

    def __getitem__(self, place: object) -> object:  # type: ignore[override]
        got = super().__getitem__(place)  # type: ignore[index]
        if isinstance(place, slice):
            Viewed.taken += len(got)  # type: ignore[arg-type]
        return got


def hostile(size: int) -> Iterator[bytes]:
    yield START + (b"\xff\xd8\xff\xe0\x00\x02" * 50 + b"\xff\xd9" * 60) * (size // 420)
    yield START + TINY[:-2] + b"\xff\xd9\xff\xd8\xff" * (size // 5)
    yield (
        START + b"\xff\xd8\xff" * 20 + b"\xff\xe0\x00\x02" * (size // 8) + b"\xff\xd9" * (size // 4)
    )
    yield START + TINY * (size // 29)


@pytest.mark.parametrize("shift", [0, 1 << 20])
@pytest.mark.parametrize("number", range(4))
def test_what_is_walked_again_is_bounded(number: int, shift: int) -> None:
    """However often it is asked, which is once for each place that may be an end."""

    def walked(size: int) -> int:
        body = Viewed(list(hostile(size))[number])
        Viewed.taken = 0
        inside = Inside()
        for stop in range(0, len(body), 97):
            found = inside.search(body, shift, shift, stop, OTHER, NO_SEGMENT)
            # Where it gives up, it says so.
            assert found == -1 or body.startswith(b"\xff\xd8\xff", found - shift)
        return Viewed.taken

    for size in (2000, 20_000):
        assert walked(size) <= 8 * size + 16_384


PLACES = {
    "inside an image": b"\x80abc",
    "inside a scan": b"\x80\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00abc",
    "behind a segment": b"--frame\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\xff\xe1\x01\x00",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", floods(100))
def test_each_byte_of_a_flood_costs_the_same(name: str, place: str) -> None:
    """In pieces of one byte, for who joined inside an image: work, as calls of the pure twin."""
    from hamaproto.wire.mjpeg.parser import MjpegParser

    def calls(size: int) -> int:
        parser = MjpegParser("multipart/x-mixed-replace; boundary=frame")
        parser.receive_data(PLACES[place])
        list(parser.events())
        count = 0

        def tick(*_: object) -> None:
            nonlocal count
            count += 1

        sys.setprofile(tick)
        try:
            for piece in pieces(floods(size)[name], 1):
                parser.receive_data(piece)
                for _ in parser.events():
                    pass
        finally:
            sys.setprofile(None)
        return count

    one, two = calls(700), calls(1400)
    assert two <= 2.6 * one + 500
