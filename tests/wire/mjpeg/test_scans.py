"""The searches between images and in parts, by what they promise: the first place, and its price.

What is compiled reads memory by place: there each scan must refuse a place outside.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.wire.mjpeg import scans
from hamaproto.wire.mjpeg.delimiter import Delimiter, DelimiterSet
from hamaproto.wire.mjpeg.scans import CUT, NO, YES, Names, may_begin, search_junk

#: (line, bare) of each name: one, as declared, one within another, with bytes that mean something.
SETS = (
    (),
    ((b"--frame", False), (b"frame", True)),
    ((b"----x", False), (b"--x", False), (b"x", True)),
    ((b"--a b--", False), (b"--a", False), (b"--\xff\xd8", False)),
    ((b"\xff", True), (b"--", False)),
)
TOKENS = (
    b"\r",
    b"\n",
    b"\r\n",
    b"\n\r",
    b"-",
    b"--",
    b"--a",
    b"frame",
    b"--frame",
    b"x",
    b"X-A: b",
    b":",
    b" ",
    b"\xff",
    b"\xd8",
    b"\xff\xd8\xff",
    b"a b",
    b"y" * 70,
    b"z" * 300,
)
SOUPS = st.lists(st.sampled_from(TOKENS) | st.binary(max_size=2), max_size=40).map(b"".join)


def starts_line(data: bytes, start: int, pos: int) -> bool:
    before = data[start:pos]
    return before.endswith((b"\n", b"\n\r"))


@given(names=st.sampled_from(SETS), data=SOUPS, pos=st.integers(0, 9), start=st.integers(0, 9))
def test_the_first_place_is_found(names: Any, data: bytes, pos: int, start: int) -> None:
    pos = min(pos, len(data))
    start = min(start, pos)
    known = Names(names)
    first = next(
        (
            at
            for at in range(pos, len(data))
            if may_begin(known, data, at, len(data), starts_line(data, start, at)) != NO
        ),
        len(data),
    )
    assert search_junk(known, data, start, pos, len(data)) == first
    within = b"\n--" + data + b"\n--x"
    assert search_junk(known, within, start + 3, pos + 3, len(data) + 3) == first + 3


@given(data=SOUPS, more=SOUPS, boundary=st.sampled_from(("a", "--x", "frame", "\xff\xd8", None)))
def test_no_is_for_ever_and_agrees_with_the_careful_look(
    data: bytes, more: bytes, boundary: str | None
) -> None:
    """What `may_begin` rules out no further byte brings back, nor is it a delimiter."""
    delimiters = DelimiterSet(boundary)
    names = Names(delimiters.patterns)
    for line_start in (False, True):
        for at in range(len(data)):
            verdict = may_begin(names, data, at, len(data), line_start)
            if verdict == CUT:
                continue
            longer = data + more
            assert may_begin(names, longer, at, len(longer), line_start) == verdict
            if verdict == YES:
                continue
            end = len(longer)
            assert delimiters.match_known(longer, at, end, False, line_start) is None
            if line_start:
                assert delimiters.match_undeclared(longer, at, end, False) is None


@given(
    data=SOUPS,
    more=SOUPS,
    boundary=st.sampled_from(("a", "--x", "frame", "fr\xe4me", "\xff\xd8", None)),
    empty=st.booleans(),
    begun=st.sampled_from((b"--", b"--a", b"\n--frame\r", b"\n--fr\xe4me\n\r", b"\nfr\xe4me\nX")),
)
def test_what_need_not_be_searched_again_holds_nothing(
    data: bytes, more: bytes, boundary: str | None, begun: bytes, empty: bool
) -> None:
    """What more bytes complete begins where the search was told to go on, or behind it."""
    delimiters = DelimiterSet(boundary)
    data += begun
    longer = data + more + b"\r\nContent-A: b"
    if empty:
        longer = data + b"\r\n\r\n\xff\xd8\xff"
        data = longer[: -1 - len(more) % 8]
    again = delimiters.hold_back(data, 0, len(data))
    for search in (delimiters.search_proven, delimiters.search_any):
        if search(data, 0, len(data)) < 0:
            assert search(longer, 0, len(longer)) == search(longer, again, len(longer))


def as_one_pattern(names: tuple[tuple[bytes, bool], ...]) -> re.Pattern[bytes]:
    """A known delimiter with a part behind it, wherever it stands, as one expression."""
    alternatives = [
        rb"(?:(?<=\n)|(?<=\n\r))%b(?=(?:--)?[ \t]*\r?\n)" % re.escape(line)
        if bare
        else re.escape(line)
        for line, bare in names
    ]
    one = b"(?:" + b"|".join(alternatives) + b")"
    return re.compile(
        one
        + rb"(?:(?:--)?[ \t]*(?>\r?\n\r?(?:\r?\n)?)"
        + one
        + rb"){0,8}(?:(?:[ \t]*\r?\n\r?)?[A-Za-z][A-Za-z0-9_.-]{0,63}[ \t]{0,64}:"
        + rb"|[ \t]*\r?\n\r?(?:\r?\n\r?)?\xff\xd8\xff)"
    )


@given(
    data=st.lists(
        st.sampled_from(TOKENS) | st.sampled_from((b"--frame\r\n", b"--a\n", b"--a b--\r\n\r\n")),
        max_size=40,
    ).map(b"".join),
    boundary=st.sampled_from(("a", "--x", "frame", "fr\xe4me", "x--a", "a--", "--")),
    used=st.lists(st.sampled_from((b"--a b", b"--a", b"--a--", b"--frame")), max_size=3),
    pos=st.integers(0, 9),
    wide=st.booleans(),
)
def test_a_proven_delimiter_is_what_one_pattern_finds(
    data: bytes, boundary: str, used: list[bytes], pos: int, wide: bool
) -> None:
    delimiters = DelimiterSet(boundary)
    for line in used:
        delimiters.use(Delimiter(line))
    # Longer than the first windows of the search.
    data = (bytes(300) + data) * 3 if wide else data
    found = as_one_pattern(delimiters.patterns).search(data, pos)
    expected = -1 if found is None else found.start()
    for kind in (bytes, bytearray, memoryview):
        assert delimiters.search_proven(kind(data), pos, len(data)) == expected


class Looked(bytes):
    """Counts the bytes that are searched."""

    looked = 0

    def find(self, sub: Any, start: Any = 0, end: Any = None) -> int:
        stop = len(self) if end is None else min(end, len(self))
        found = super().find(sub, start, stop)
        self.looked += max(0, (stop if found < 0 else found) - start)
        return found


@pytest.mark.parametrize("name", [b"frame", b"--frame", b"x", b"\n--x", b"\n-- :"])
def test_names_that_are_nowhere_are_not_looked_for_again_and_again(name: bytes) -> None:
    """Each of many places that are found costs a bounded search for what is not."""
    names = Names(((b"--longer", False), (b"--frame", False), (b"--x", False), (b"frame", True)))
    data = Looked(name * (40_000 // len(name)))
    at = places = 0
    while (at := search_junk(names, data, 0, at, len(data)) + 1) < len(data):
        places += 1
    # The farthest that a search looks is 528 bytes, for the colon of a header.
    assert data.looked < 1000 * places + 20 * len(data)


KNOWN = ((b"--frame", False), (b"\xe0name", False), (b"frame", True))


@pytest.mark.parametrize(
    ("data", "at_line", "in_line"),
    [
        (b"\xff\xd8\xff", YES, YES),
        (b"\xff\xd8", CUT, CUT),
        (b"\xff", CUT, CUT),
        (b"\xff\xd9", NO, NO),
        (b"\xff\xd8\xfe", NO, NO),
        (b"--frame", YES, YES),
        (b"--frames", YES, YES),
        (b"--fra", CUT, CUT),
        (b"-", CUT, CUT),
        (b"\xe0name", YES, YES),
        (b"frame", YES, NO),
        (b"fra", CUT, NO),
        (b"frade", NO, NO),
        (b"--new\r\nX-A:", YES, NO),
        (b"--new\n\rX-A:", YES, NO),
        (b"--new\r\nX-A", CUT, NO),
        (b"--new\r\n", CUT, NO),
        (b"--new", CUT, NO),
        (b"--new\r\n\r\n", NO, NO),
        (b"--new\r\nX A:", NO, NO),
        (b"-new\r\nX-A:", NO, NO),
        (b"text", NO, NO),
    ],
)
def test_what_may_begin_and_where_it_is_found(
    twin: Any, data: bytes, at_line: int, in_line: int
) -> None:
    """Behind so much junk that it stands at each place of the windows of the search."""
    module = twin.module("scans")
    names = module.Names(KNOWN)
    for junk, verdict in ((b"t", in_line), (b"\n", at_line)):
        assert module.may_begin(names, data, 0, len(data), junk == b"\n") == verdict
        # What is cut off is so by the end of the data; behind all else stands something.
        behind = b"" if verdict == CUT else b" t" * 60 + b"\xff\xd8\xff"
        # The first place of the data is in no line's start.
        for size in range(junk == b"\n", 340):
            before = b"t" * (size - 1) + junk[:size]
            whole = before + data + behind
            found = module.search_junk(names, whole, 0, 0, len(whole))
            assert found == (size if verdict != NO else len(whole) - 3), size


def test_the_answers_are_three(twin: Any) -> None:
    module = twin.module("scans")
    names = module.Names(KNOWN)
    answers = [
        module.may_begin(names, data, 0, len(data), True) for data in (b"x", b"--frame", b"-")
    ]
    assert answers == [NO, YES, CUT]
    assert len(set(answers)) == 3


@pytest.mark.parametrize(
    ("known", "data", "at"),
    [
        # A name of one byte, at the very place.
        (((b"--x", False),), b"--x", 0),
        (((b"--", False),), b"--", 0),
        (((b"\xe0", False),), b"\xe0", 0),
        # A name in another one begins behind it.
        (((b"--frame", False), (b"-frame", False)), b"jj--frame", 2),
        (((b"-frame", False), (b"--frame", False)), b"jj--frame", 2),
        # No line of a header, and one.
        ((), b":\n--new\r\nX-A: b", 2),
        ((), b"jjj: j\n--new\r\nX-A: b", 7),
    ],
)
def test_the_first_of_what_stands_there_is_found(
    twin: Any, known: Any, data: bytes, at: int
) -> None:
    """Whatever follows: so much that no search comes to the end of it."""
    module = twin.module("scans")
    for behind in (b"", b"j" * 9, b"j" * 700):
        whole = data + behind
        assert module.search_junk(module.Names(known), whole, 0, 0, len(whole)) == at


def test_a_line_end_before_the_start_is_none(twin: Any) -> None:
    starts_line = twin.module("scans").starts_line
    for data, start, verdict in (
        (b"\n\r", 0, True),
        (b"\n\r", 1, False),
        (b"\n\r", 2, False),
        (b"x\r", 0, False),
        (b"\n", 0, True),
        (b"\n", 1, False),
    ):
        assert starts_line(data + b"\n", start, len(data)) is verdict


@pytest.mark.parametrize("junk", [b"", b"j", b"jjj"])
def test_what_begins_before_the_search_is_not_found(twin: Any, junk: bytes) -> None:
    module = twin.module("scans")
    names = module.Names(KNOWN)
    for line_end in (b"\n", b"\r\n", b"\n\r"):
        data = junk + line_end + b"--new\r\nX-A: b" + b"t" * 90
        at = len(junk + line_end)
        for pos in range(at + 1):
            assert module.search_junk(names, data, 0, pos, len(data)) == at
        for pos in range(at + 1, at + 9):
            assert module.search_junk(names, data, 0, pos, len(data)) == len(data)
        # A line end before the start does not count.
        assert module.search_junk(names, data, at, at, len(data)) == len(data)


def naive_run(data: bytes, pos: int, end: int, of: bytes) -> int:
    """Behind the bytes `of` which `data[pos:end]` begins with."""
    while pos < end and data[pos] in of:
        pos += 1
    return pos


@given(data=SOUPS, start=st.integers(0, 9), cut=st.integers(0, 9))
def test_each_small_search_does_what_it_says(data: bytes, start: int, cut: int) -> None:
    end = max(0, len(data) - cut)
    start = min(start, end)
    piece = data[start:end]
    for kind in (bytes, bytearray):
        at = piece.find(b"\xff\xd8\xff")
        assert scans.find_soi(kind(data), start, end) == (start + at if at >= 0 else -1)
        assert scans.skip_line_ends(kind(data), start, end) == naive_run(data, start, end, b"\r\n")
        assert scans.starts_line(kind(data), start, end) == piece.endswith((b"\n", b"\n\r"))
        if piece[:1] == b"\xff":
            assert (
                scans.skip_fill(kind(data), start, end) == naive_run(data, start, end, b"\xff") - 1
            )


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (b"--" + b"n" * 201 + b"\r\n\rX:", YES),
        (b"--" + b"n" * 202 + b"\nX:", NO),
        (b"--n\n" + b"X" * 64 + b" " * 64 + b":", YES),
        (b"--" + b"n" * 201 + b"\r\n\r" + b"X" * 64 + b" " * 64 + b":", YES),
        (b"--n\n" + b"X" * 65 + b":", NO),
        (b"--n\n" + b"X" * 64 + b" " * 65 + b":", NO),
    ],
)
def test_the_bounds_of_a_delimiter_that_nobody_declared(line: bytes, verdict: int) -> None:
    """The careful look reads names of 200 bytes, header names of 64 and blanks of 64."""
    names = Names(())
    assert may_begin(names, line, 0, len(line), True) == verdict
    # At each place of the windows of the search, with and without something behind it.
    for size in range(70):
        for behind in (b"", b"j" * 700):
            data = b"j" * size + b"\n" + line + behind
            found = search_junk(names, data, 0, 0, len(data))
            assert found == (size + 1 if verdict == YES else len(data))


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\n\r"])
@pytest.mark.parametrize("names", SETS[1:3])
@pytest.mark.parametrize("before", [0, 5, 70, 300])
def test_a_name_without_dashes_is_found_at_the_start_of_its_line(
    names: Any, line_end: bytes, before: int
) -> None:
    for line, bare in names:
        if bare:
            data = b"j" * before + line_end + line + b"\r\n" + b"j" * 400
            assert search_junk(Names(names), data, 0, 0, len(data)) == before + len(line_end)


@pytest.mark.parametrize("before", [b"\xd8", b"\xd8\xd8", b"a\xd8", b"\xff\xd8\xd8"])
@pytest.mark.parametrize("behind", [5, 500])
def test_an_image_is_found_behind_half_of_its_start(before: bytes, behind: int) -> None:
    data = before + b"abc\xff\xd8\xff" + b"j" * behind
    for names in SETS[1:3]:
        assert search_junk(Names(names), data, 0, 0, len(data)) == len(before) + 3


def test_the_last_byte_of_a_fill() -> None:
    for before in (b"", b"\0"):
        for count in (1, 2, 20):
            data = before + b"\xff" * count + b"\xd8"
            place = len(before) + count - 1
            assert scans.skip_fill(data, len(before), len(data)) == place
            assert scans.skip_fill(data, len(before), len(data) - 1) == place


def test_a_dash_that_ends_the_data_may_begin_a_delimiter() -> None:
    for names in SETS[:1]:
        assert may_begin(Names(names), b"x-", 1, 2, True) == CUT
        assert may_begin(Names(names), b"x-", 1, 2, False) == NO


@given(
    st.lists(
        st.sampled_from(
            (b"\xff", b"\xff" * 20, b"\0", b"\xd0", b"\xd7", b"\xd8", b"\xd9", b"\x01")
        ),
        max_size=30,
    ).map(b"".join),
    st.integers(0, 5),
    st.integers(0, 5),
)
def test_the_next_marker_in_a_scan(data: bytes, pos: int, left: int) -> None:
    """T.81 B.1.1: FF, and none of a stuffed zero, RST0 to RST7, and fill."""
    end = max(pos, len(data) - left)
    ends = [
        at
        for at in range(pos, min(end, len(data)) - 1)
        if data[at] == 0xFF and data[at + 1] not in (0, 0xFF, *range(0xD0, 0xD8))
    ]
    assert scans.scan_marker(data, pos, end) == (ends[0] if ends else -1)


# The twins


@pytest.fixture
def both() -> tuple[Any, Any]:
    return scans, pytest.importorskip("hamaproto.wire._mjpeg.scans")


@given(data=SOUPS, names=st.sampled_from(SETS), start=st.integers(0, 9), cut=st.integers(0, 9))
def test_both_twins_find_the_same(
    both: tuple[Any, Any], data: bytes, names: Any, start: int, cut: int
) -> None:
    end = max(0, len(data) - cut)
    pos = min(start + cut, end)
    start = min(start, pos)
    for kind in (bytes, bytearray):
        for name in ("scan_marker", "find_soi", "skip_line_ends"):
            one, other = (getattr(twin, name)(kind(data), pos, end) for twin in both)
            assert one == other, name
        one, other = (twin.starts_line(kind(data), start, pos) for twin in both)
        assert one == other
        one, other = (
            twin.search_junk(twin.Names(names), kind(data), start, pos, end) for twin in both
        )
        assert one == other
        if pos < end:
            for line_start in (False, True):
                one, other = (
                    twin.may_begin(twin.Names(names), kind(data), pos, end, line_start)
                    for twin in both
                )
                assert one == other
            if data[pos] == 0xFF:
                one, other = (twin.skip_fill(kind(data), pos, end) for twin in both)
                assert one == other


@given(data=SOUPS, pos=st.integers(-9, 1 << 40), end=st.integers(-9, 1 << 40))
def test_no_scan_looks_outside_of_what_it_is_given(
    both: tuple[Any, Any], data: bytes, pos: int, end: int
) -> None:
    compiled = both[1]
    names = compiled.Names(SETS[1])
    outside = pos < 0 or end > len(data)
    calls = {
        "scan_marker": (data, pos, end),
        "find_soi": (data, pos, end),
        "skip_fill": (data, pos, end),
        "skip_line_ends": (data, pos, end),
        "starts_line": (data, pos, end),
        "search_junk": (names, data, pos, pos, end),
        "may_begin": (names, data, pos, end, True),
    }
    for name, arguments in calls.items():
        if outside or (name == "may_begin" and pos >= len(data)):
            with pytest.raises(IndexError):
                getattr(compiled, name)(*arguments)
        else:
            getattr(compiled, name)(*arguments)
    with pytest.raises(TypeError):
        compiled.find_soi(memoryview(data), 0, 0)
    with pytest.raises((TypeError, AttributeError)):
        compiled.may_begin(None, b"x", 0, 1, True)


@given(
    data=st.lists(
        st.sampled_from((b"\xff", b"\xff\0", b"\xff\xd7", b"\xff\xd8", b"ab", b"\xff" * 17)),
        min_size=1,
        max_size=12,
    ).map(b"".join)
)
def test_a_run_has_no_marker_and_none_can_begin_at_its_end(twin: Any, data: bytes) -> None:
    """T.81 B.1.1: behind any FF of a scan stands 00, a restart's code, or fill."""
    codes = (
        data[at + 1] for at in range(len(data) - 1) if data[at] == 0xFF and data[at + 1] != 0xFF
    )
    lawful = all(code == 0 or 0xD0 <= code <= 0xD7 for code in codes)
    assert twin.module("scans").is_run(data) is (lawful and data[-1] != 0xFF)
