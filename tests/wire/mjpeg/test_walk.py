"""The marker walk over images that are built here by the grammar of T.81 annex B.

Where they end, and where their scans and tables stand, is known from how they were built.
The compiled walk is the same source, and called by its parser alone.
"""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hamaproto.wire.mjpeg.codes import EOI, MORE, SOI, SURPRISE
from hamaproto.wire.mjpeg.walk import MarkerWalk

RESTARTS = range(0xD0, 0xD8)
#: T.81 table B.1: what is followed by a length.  D8 and D9 are SOI and EOI.
SEGMENTS = [code for code in range(0xC0, 0xFF) if not 0xD0 <= code <= 0xD9]
#: T.81 B.2.1 and B.2.4: what may stand between two scans: tables, a DNL, comments, APPn.
MISCELLANEOUS = [0xC4, 0xCC, *range(0xDB, 0xE0), *range(0xE0, 0xF0), 0xFE]
HEAD = b"\xff\xd8"


def segment(code: int, body: bytes = b"", *, fill: int = 0) -> bytes:
    return b"\xff" * fill + bytes((0xFF, code)) + (len(body) + 2).to_bytes(2, "big") + body


def scan(count: int = 1, coded: bytes = b"coded") -> bytes:
    """An SOS of so many components (T.81 B.2.3), and what it stands before."""
    return segment(0xDA, bytes((count, *[1, 0] * count, 0, 63, 0))) + coded


def steps(
    data: bytes, cuts: tuple[int, ...] = (), *, hunting: bool = False, nest: bool = False
) -> tuple[list[tuple[int, int]], MarkerWalk]:
    """What the walk says, and where, if the data come in these pieces; behind an SOI."""
    walk = MarkerWalk()
    walk.begin(hunting)
    walk.pos = 0 if hunting else 2
    said: list[tuple[int, int]] = []
    for look in sorted({*(cut for cut in cuts if cut < len(data)), len(data)}):
        here = data[:look]
        while True:
            outcome = walk.walk(here, walk.pos, look, look, look == len(data))
            if outcome == MORE:
                break
            said.append((outcome, walk.pos))
            if outcome == EOI:
                return said, walk
            if outcome == SOI:
                if not nest:
                    return said, walk
                walk.nest()
    return said, walk


def told(data: bytes, cuts: tuple[int, ...] = (), **options: bool) -> tuple[object, ...]:
    said, walk = steps(data, cuts, **options)
    return (
        said,
        (walk.surprised, walk.due, walk.leapt, walk.touched),
        (walk.sos, walk.buried, walk.depth, walk.segment_at, walk.segment_end),
    )


# -- images as they should be ------------------------------------------------------------

bodies = st.binary(max_size=20).map(lambda body: body.replace(b"\xff\xd8", b"\xff\xd7"))
headers = st.builds(
    segment,
    st.sampled_from([code for code in SEGMENTS if code != 0xDA]),
    bodies,
    fill=st.integers(0, 3),
)
#: Entropy-coded data: any byte but FF, FF with its stuffing, and restart markers.
coded = st.lists(
    st.one_of(
        st.integers(0, 254).map(lambda byte: bytes((byte,))),
        st.sampled_from([b"\xff\0", *(bytes((0xFF, code)) for code in RESTARTS)]),
    ),
    max_size=30,
).map(b"".join)
tables = st.builds(segment, st.sampled_from([0xC4, 0xCC, *range(0xDB, 0xE0)]), bodies)
scans = st.builds(scan, st.integers(1, 4), coded)


@given(
    st.lists(headers, max_size=5),
    st.lists(
        st.builds(lambda one, more: one + b"".join(more), scans, st.lists(tables, max_size=2))
    ).filter(bool),
    st.binary(max_size=5),
    st.lists(st.integers(0, 300), max_size=6),
)
def test_a_lawful_image_ends_where_it_ends(
    before: list[bytes], rest: list[bytes], behind: bytes, cuts: list[int]
) -> None:
    start = HEAD + b"".join(before)
    image = start + b"".join(rest) + b"\xff\xd9"
    said, walk = steps(image + behind, tuple(cuts))
    assert said == [(EOI, len(image))]
    assert walk.sos == len(start)
    assert not walk.surprised
    assert not walk.leapt
    assert walk.touched
    assert walk.buried == -1


marks = st.sampled_from(
    [
        *(b"\xff", b"\xff\xd8", b"\xff\xd8\xff", b"\xff\xd9", b"\0", b"\0\2", b"\0\4", b"x"),
        *(segment(code, b"ab") for code in (0xC4, 0xDB, 0xC0, 0xE0, 0xE1, 0xFE)),
        *(segment(0xDB, b"\xff\xd8"), segment(0xC4, b"\xff"), segment(0xFE, b"\xff\xd8")),
        *(
            scan(),
            scan(2, b"\xff\xd0\xff\0"),
            b"\xff\xda\0\x08\5",
            b"\xff\xc4\0\1",
            b"\xff\xd3",
        ),
    ]
)


@given(st.data())
def test_the_outcome_does_not_depend_on_how_the_input_was_cut(data: st.DataObject) -> None:
    """Over bytes that are nearly all markers and lengths, lawful or not."""
    stream = HEAD + b"".join(data.draw(st.lists(marks, max_size=14)))
    hunting, nest = data.draw(st.booleans()), data.draw(st.booleans())
    cuts = tuple(data.draw(st.lists(st.integers(1, len(stream)), max_size=8)))
    whole = told(stream, hunting=hunting, nest=nest)
    assert told(stream, cuts, hunting=hunting, nest=nest) == whole
    assert told(stream, tuple(range(len(stream))), hunting=hunting, nest=nest) == whole
    places = [at for _, at in whole[0]]  # type: ignore[attr-defined]
    assert all(one <= other for one, other in pairwise(places))


@given(st.lists(headers, max_size=4), scans, st.integers(0, 200))
def test_bytes_behind_the_end_are_looked_at_and_not_walked(
    before: list[bytes], rest: bytes, end: int
) -> None:
    """`end` may lie before what is known: then the walk stops there, or a little further."""
    image = HEAD + b"".join(before) + rest + b"\xff\xd9"
    walk = MarkerWalk()
    walk.begin(False)
    walk.pos, outcome = 2, MORE
    for stop in (min(max(end, 2), len(image)), len(image)):
        before_it = walk.pos
        outcome = walk.walk(image, walk.pos, stop, len(image), True)
        assert walk.pos >= before_it
        if outcome != MORE:
            break
    assert (outcome, walk.pos, walk.surprised) == (EOI, len(image), False)


@given(st.lists(marks, max_size=14).map(b"".join), st.booleans())
@example(segment(0xDB, b"\xff\xd8\xff") + b"\xff\xd9", False)
@example(scan() + segment(0xDB) + b"\xff\1" + segment(0xC0, b"\xff\xd9") + b"\xff\xd9", False)
def test_who_joins_inside_an_image_reads_it_from_any_offset(stream: bytes, nest: bool) -> None:
    said, flags, offsets = told(stream, hunting=True, nest=nest)
    later, same, moved = told(b"x" + stream, hunting=True, nest=nest)
    assert same == flags
    assert later == [(outcome, at + 1) for outcome, at in said]  # type: ignore[attr-defined]
    sos, buried, depth, *segments = offsets  # type: ignore[misc]
    places = [at + (at >= 0) for at in (sos, buried, *segments)]
    assert moved == (*places[:2], depth, *places[2:])


# -- every code, in every place ----------------------------------------------------------


def test_where_a_marker_is_due() -> None:
    """T.81 table B.1; the tables are followed by a comment, so that it is seen what is leapt."""
    for code in range(256):
        data = HEAD + bytes((0xFF, code)) + b"\0\4ab" + segment(0xFE, b"\xff\xd9") + b"\xff\xd9"
        said, walk = steps(data)
        if code == 0xFF:  # a fill byte: then the marker is FF00
            assert said[0] == (SURPRISE, 5)
        elif code == 0xD9:
            assert said == [(EOI, 4)]
        elif code == 0xDA:  # an SOS of a length that none has
            assert said[0] == (SURPRISE, 4)
        elif code in SEGMENTS:
            assert said == [(EOI, len(data))]
            assert not walk.surprised
            assert (walk.segment_at, walk.segment_end) == (8, 14)
        elif code == 0xD8:
            # Without FF behind it, it is no start of an image; the next marker is looked for.
            assert said == [(EOI, len(data))]
            assert walk.surprised
        else:
            assert said[0] == (SURPRISE, 4)
        # A byte that is no FF is no marker at all.
        assert steps(HEAD + bytes((code,)) + b"\xff\xd9")[0][0] != (EOI, 4) or code == 0xFF


def test_in_a_scan() -> None:
    """Only what may stand between two scans ends one, and only if its length fits."""
    for code in range(256):
        start = HEAD + scan()
        data = start + bytes((0xFF, code)) + b"\0\4ab" + scan() + b"\xff\xd9"
        said, walk = steps(data)
        if code == 0xD9:
            assert said == [(EOI, len(start) + 2)]
        elif code in (0x00, 0xFF, *RESTARTS) or code in MISCELLANEOUS[:7]:
            assert said == [(EOI, len(data))]
            assert not walk.surprised
            assert not walk.leapt
        elif code in MISCELLANEOUS:
            # A comment between two scans: damage makes such a marker too.
            assert said == [(SURPRISE, len(start) + 6), (EOI, len(data))]
            assert walk.leapt
            assert not walk.surprised
        else:
            assert said == [(EOI, len(data))]
            assert walk.surprised


@pytest.mark.parametrize("behind", [b"\xff\0", b"x\xff", *(bytes((0xFF, c)) for c in RESTARTS)])
def test_a_length_that_lands_on_no_marker_makes_no_segment(behind: bytes) -> None:
    """The codes that stand in a scan are none: stuffing, and each of the restart markers."""
    for code in MISCELLANEOUS:
        data = HEAD + scan() + segment(code, b"a\xff\xd9b") + behind + b"x\xff\xd9"
        said, walk = steps(data)
        assert said == [(EOI, data.index(b"\xff\xd9") + 2)]
        assert walk.surprised
        # Landing on any other marker, it is one.
        good = HEAD + scan() + segment(code, b"a\xff\xd9b") + scan() + b"\xff\xd9"
        assert steps(good)[0][-1] == (EOI, len(good))


def test_what_a_length_may_land_on() -> None:
    """Any marker but those that stand in a scan; as behind any marker, FF fills."""
    for code in range(256):
        data = HEAD + scan() + segment(0xDB, b"a\xff\xd9b") + bytes((0xFF, code)) + b"xy\xff\xd9"
        said, _ = steps(data)
        inside = data.index(b"\xff\xd9") + 2
        assert (said[:1] == [(EOI, inside)]) == (code == 0x00 or code in RESTARTS)


@pytest.mark.parametrize("length", range(3))
def test_a_length_counts_itself(length: int) -> None:
    """T.81 B.1.1.4: it is 2 at least."""
    data = HEAD + b"\xff\xdb\0" + bytes((length,)) + b"\xff\xd9"
    said, walk = steps(data)
    assert said[0] == ((EOI, len(data)) if length == 2 else (SURPRISE, 4))
    assert walk.surprised == (length != 2)


@pytest.mark.parametrize("count", range(6))
@pytest.mark.parametrize("off", [-1, 0, 1])
def test_an_sos_has_the_length_of_its_components(count: int, off: int) -> None:
    """T.81 B.2.3: 6 + 2 n, n from 1 to 4."""
    head = b"\xff\xda" + (6 + 2 * count + off).to_bytes(2, "big") + bytes((count,))
    data = HEAD + head + bytes(2 * count + 3 + max(off, 0)) + b"\xff\xd9"
    said, walk = steps(data)
    lawful = off == 0 and 1 <= count <= 4
    assert (walk.sos == 2) == lawful == (not walk.surprised)
    assert said == ([(EOI, len(data))] if lawful else [(SURPRISE, 4), (EOI, len(data))])


# -- other images inside -----------------------------------------------------------------


@pytest.mark.parametrize("cut", [None, *range(24)])
def test_an_image_that_begins_where_none_should(cut: int | None) -> None:
    cuts = () if cut is None else (cut,)
    for start, due in ((HEAD + segment(0xFE, b"x"), True), (HEAD + scan(), False)):
        said, walk = steps(start + b"\xff\xd8\xff\xd9" + b"\xff\xd9", cuts)
        assert said == [(SOI, len(start))]
        assert (walk.due, walk.surprised) == (due, True)
        # Taken for a thumbnail's, its EOI does not count.
        said, walk = steps(start + b"\xff\xd8\xff\xd9" + b"\xff\xd9", cuts, nest=True)
        assert said == [(SOI, len(start)), (EOI, len(start) + 6)]
        assert walk.depth == 0
    # At the end of the stream FFD8 begins nothing.
    data = HEAD + scan() + b"\xff\xd8"
    said, walk = steps(data, cuts)
    assert said == []
    assert walk.pos == len(data)


TABLES = [0xC0, 0xC4, 0xDB, 0xDD, 0xDF]


@pytest.mark.parametrize("code", [*TABLES, 0xE0, 0xE1, 0xEF, 0xFE])
@pytest.mark.parametrize("size", [3, 8, 14, 15, 40])
@pytest.mark.parametrize("in_scan", [False, True])
def test_an_image_that_is_buried_in_a_table_is_seen(code: int, size: int, in_scan: bool) -> None:
    """A comment or an APPn may hold one; JFIF's own, of 16 bytes, has room for no thumbnail."""
    if in_scan and code not in MISCELLANEOUS:
        return
    start = HEAD + (scan() if in_scan else b"")
    holds_none = code in TABLES or (code == 0xE0 and size <= 14 and not in_scan)
    for at in range(size - 2):
        body = bytes(at) + b"\xff\xd8\xff" + bytes(size - 3 - at)
        data = start + segment(code, body) + scan() + b"\xff\xd9"
        expected = len(start) + 4 + at if holds_none else -1
        for cuts in ((), tuple(range(len(data))), (len(start) + 4 + at + 1,)):
            said, walk = steps(data, cuts)
            assert walk.buried == expected, (at, cuts)
            assert said[-1] == (EOI, len(data))


@pytest.mark.parametrize("code", TABLES)
@pytest.mark.parametrize("over", [1, 2])
@pytest.mark.parametrize("in_scan", [False, True])
def test_an_image_that_begins_with_the_last_bytes_of_a_table_is_seen(
    code: int, over: int, in_scan: bool
) -> None:
    """FFD8 are its last bytes and FF is the next marker's; or FF, and D8 where one is due."""
    if in_scan and (code not in MISCELLANEOUS or over == 1):
        return  # in a scan it has to land on a marker
    start = HEAD + (scan() if in_scan else b"")
    at = len(start) + 6
    body = b"ab" + b"\xff\xd8"[:over]
    behind = b"\xff\xd9" if over == 2 else b"\xd8\xff\xd9"
    data = start + segment(code, body) + behind
    for cuts in ((), *((cut,) for cut in range(len(data))), tuple(range(len(data)))):
        _, walk = steps(data, cuts)
        assert walk.buried == at, cuts
    # Behind anything else there is none.
    for other in (b"ab" + (b"\xfe", b"\xff\xd7")[over - 1], b"\xd8\xff" + b"ab", b"\xff\xd8ab"):
        data = start + segment(code, other) + behind
        for cuts in ((), *((cut,) for cut in range(len(data))), tuple(range(len(data)))):
            assert steps(data, cuts)[1].buried == -1, (other, cuts)
    # And the first of two counts.
    again = start + segment(code, b"\xff\xd8\xff" + body) + behind
    assert steps(again)[1].buried == at - 2


@pytest.mark.parametrize("code", [0xE0, 0xE1, 0xEF, 0xFE])
def test_a_comment_in_a_scan_that_ends_in_half_an_image_is_suspect(code: int) -> None:
    for body, buried in ((b"ab\xff\xd8", True), (b"ab\xff\xd7", False), (b"abc\xd8", False)):
        data = HEAD + scan() + segment(code, body) + b"\xff\xd9"
        for cuts in ((), tuple(range(len(data)))):
            _, walk = steps(data, cuts)
            assert walk.buried == (data.index(body) + 2 if buried else -1)
            assert walk.leapt


@pytest.mark.parametrize("count", range(1, 5))
def test_an_sos_in_which_an_image_begins_is_none(count: int) -> None:
    """As short as it is, the next image can stand in it, up to the FF behind it."""
    size = 8 + 2 * count
    for at in range(3, size + 1):
        head = bytearray(scan(count, b"xy"))
        head[at + 2 : at + 5] = b"\xff\xd8\xff"
        data = HEAD + bytes(head) + b"\xff\xd9"
        whole = told(data)
        for cut in range(len(data)):
            assert told(data, (cut,)) == whole, cut
        said, walk = steps(data)
        # The two bytes behind it are those of the scan: FFD8FF there is another image.
        is_scan = at + 2 >= size
        assert (walk.sos == 2) == is_scan, at
        assert said[0] == ((SOI, at + 4) if is_scan else (SURPRISE, 4))


@pytest.mark.parametrize("size", [5, 20, 60])
def test_an_image_is_seen_in_whichever_of_many_tables_it_is_buried(size: int) -> None:
    """Also where a search that goes on from one to the next has come to its end."""
    table = segment(0xDB, bytes(size))
    data = HEAD + table * (1200 // len(table)) + scan() + b"\xff\xd9"
    for at in range(1000, 1060):
        inside = (at - 2) % len(table)
        if not 4 <= inside <= len(table) - 3:
            continue
        stream = data[:at] + b"\xff\xd8\xff" + data[at + 3 :]
        said, walk = steps(stream)
        assert said == [(EOI, len(data))]
        assert walk.buried == at


@pytest.mark.parametrize("count", range(1, 5))
def test_where_a_walk_is_to_stop_changes_nothing(count: int) -> None:
    """Behind tables that have been looked through, before and behind the next image's start."""
    size = 8 + 2 * count
    for at in range(3, size + 1):
        head = bytearray(scan(count, b"xy"))
        head[at + 2 : at + 5] = b"\xff\xd8\xff"
        data = HEAD + segment(0xDB, bytes(9)) + bytes(head) + b"\xff\xd9"
        found = set()
        for end in range(2, len(data) + 1):
            walk = MarkerWalk()
            walk.begin(False)
            outcome = walk.walk(data, 2, end, len(data), True)
            if outcome == MORE:
                outcome = walk.walk(data, walk.pos, len(data), len(data), True)
            found.add((outcome, walk.pos, walk.sos, walk.surprised))
        assert len(found) == 1


@pytest.mark.parametrize("size", range(2, 6))
def test_of_a_scan_that_is_cut_off_it_is_known_from_its_count_on(size: int) -> None:
    data = HEAD + b"\xff\xda\0\x08\1"[:size]
    said, walk = steps(data)
    assert said == []
    assert walk.sos == (2 if size == 5 else -1)


@pytest.mark.parametrize("count", range(1, 5))
def test_it_is_known_that_a_scan_begins_as_soon_as_it_can_be(count: int) -> None:
    head = HEAD + scan(count, b"")
    data = head + b"xyz"
    for look in range(len(head), len(data)):
        walk = MarkerWalk()
        walk.begin(False)
        assert walk.walk(data[:look], 2, look, look, False) == MORE
        # FFD8FF could begin with the last byte of the header.
        known = look >= len(head) + 2
        assert (walk.sos == 2) == walk.in_scan() == known
    # When the header itself ends what is at hand, the scan has begun.
    walk = MarkerWalk()
    walk.begin(False)
    assert walk.walk(data, 2, len(head), len(data), False) == MORE
    assert (walk.pos, walk.in_scan()) == (len(head), True)


@pytest.mark.parametrize("count", [0, 5])
def test_an_sos_that_is_none_by_its_count_is_not_waited_for(count: int) -> None:
    """T.81 B.2.3: one to four components; the count is the fifth byte."""
    data = HEAD + b"\xff\xda\0\x10" + bytes((count,))
    walk = MarkerWalk()
    walk.begin(False)
    assert walk.walk(data, 2, len(data), len(data), False) == SURPRISE
    assert walk.pos == 4


def test_an_sos_that_is_none_by_its_length_is_waited_for_up_to_its_end_only() -> None:
    """Two bytes behind it are looked at, as behind any; its length is of 16 bits (T.81 B.1.1.4)."""
    head = HEAD + b"\xff\xda\1\x08\1"
    whole = head + bytes(4 + 0x108 + 2 - len(head))
    for look, outcome in ((len(whole) - 1, MORE), (len(whole), SURPRISE)):
        walk = MarkerWalk()
        walk.begin(False)
        assert walk.walk(whole, 2, look, look, False) == outcome


@pytest.mark.parametrize("start", [HEAD, HEAD + scan()])
@pytest.mark.parametrize("size", [253, 254, 1000, 65533])
def test_a_length_has_two_bytes(start: bytes, size: int) -> None:
    """The first one counts 256 (T.81 B.1.1.4); what is leapt over holds an EOI at each place."""
    body = (b"\xff\xd9" * size)[:size]
    data = start + segment(0xDB, body) + scan() + b"\xff\xd9"
    said, walk = steps(data)
    assert said == [(EOI, len(data))]
    assert not walk.surprised


def test_a_segment_is_begun_as_soon_as_its_length_is_there() -> None:
    data = HEAD + b"\xff\xdb\0\x43"
    for look, place in ((len(data) - 1, 2), (len(data), len(data))):
        walk = MarkerWalk()
        walk.begin(False)
        assert walk.walk(data, 2, look, look, False) == MORE
        assert (walk.pos, walk.touched) == (place, place > 2)


@pytest.mark.parametrize("cut", [b"\xff\xda", b"\xff\xda\0\x08", b"\xff\xc4\0", b"\xff\xfe\0\4ab"])
@pytest.mark.parametrize("start", [HEAD, HEAD + scan()])
def test_what_is_cut_off_with_the_stream_is_given_up(start: bytes, cut: bytes) -> None:
    """Nothing is said of it; and if more can come, the walk waits for it."""
    said, walk = steps(start + cut)
    assert said == []
    assert walk.pos == len(start + cut)
    waiting = MarkerWalk()
    waiting.begin(False)
    data = start + cut
    assert waiting.walk(data, 2, len(data), len(data), False) == MORE
    if not (start == HEAD and cut[1] == 0xFE):
        assert waiting.pos == len(start)


def test_the_first_scan_is_that_of_the_image_and_of_no_thumbnail() -> None:
    thumbnail = HEAD + scan() + b"\xff\xd9"
    data = HEAD + thumbnail + scan() + scan() + b"\xff\xd9"
    said, walk = steps(data, nest=True)
    assert said == [(SOI, 2), (EOI, len(data))]
    assert walk.sos == 2 + len(thumbnail)


def test_what_is_broken_behind_the_first_scan_may_be_coded_data() -> None:
    """That of the image itself; in a thumbnail, or before a scan, the next marker is looked for."""
    odd = segment(0xDB) + b"\xff\1"
    thumbnail = b"\xff\xd8\xff\1"
    for data, coded in ((scan() + odd, True), (odd, False), (scan() + thumbnail, False)):
        walk = MarkerWalk()
        walk.begin(False)
        stream = HEAD + data + b"abc"
        outcome = walk.walk(stream, 2, len(stream), len(stream), False)
        if outcome == SOI:
            walk.nest()
            outcome = walk.walk(stream, walk.pos, len(stream), len(stream), False)
        assert outcome == SURPRISE
        assert walk.in_scan() is coded


@pytest.mark.parametrize("hunting", [False, True])
def test_a_walk_that_begins_anew_knows_nothing_of_the_last(hunting: bool) -> None:
    fresh, used = MarkerWalk(), MarkerWalk()
    steps_of = HEAD + segment(0xDB, b"\xff\xd8\xff") + scan() + segment(0xFE) + scan()
    used.begin(False)
    used.walk(steps_of, 2, len(steps_of), len(steps_of), True)
    for walk in (fresh, used):
        walk.begin(hunting)
        walk.pos = walk.base = 0
    names = MarkerWalk.__slots__
    assert [getattr(used, name) for name in names] == [getattr(fresh, name) for name in names]
    assert fresh.surprised == fresh.touched == hunting
    assert (fresh.sos, fresh.buried, fresh.segment_at, fresh.segment_end) == (-1, -1, -1, -1)
    assert not fresh.in_scan()


def test_offsets_are_those_of_the_stream() -> None:
    data = HEAD + segment(0xDB, b"\xff\xd8\xff") + scan()
    walk = MarkerWalk()
    walk.begin(False)
    walk.base = 1000
    assert walk.walk(data, 2, len(data), len(data), False) == MORE
    assert (walk.buried, walk.sos) == (1006, 1009)
    assert (walk.segment_at, walk.segment_end) == (1002, 1009)
    assert walk.in_scan()
