"""Which lines separate parts: against naive readings, and at the edge of every bound.

The bounds are names of 200 bytes, header names of 64 and blanks of 64 behind these, and a
delimiter given 8 times in a row; what lies within is read, and what lies beyond is not.
"""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError
from email.message import Message

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hamaproto.events import AnomalyCode
from hamaproto.wire.mjpeg.delimiter import (
    UNDECIDED,
    Delimiter,
    DelimiterSet,
    Match,
    boundary_of,
    line_end_before,
)

NAME, FIELD = 200, 64
REPEATS = 8
SOI = b"\xff\xd8\xff"
#: The longest name of a header that is read, and the longest line of it before its colon.
LONGEST = b"Content-" + b"x" * (FIELD - 8)
WIDEST = LONGEST + b" " * FIELD + b":"


# -- what is declared --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/x-mixed-replace;boundary=abc", "abc"),
        ("multipart/x-mixed-replace; Boundary = abc ; x=y", "abc"),
        ("multipart/x-mixed-replace, boundary=abc", "abc"),
        ('multipart/x-mixed-replace; boundary="a b;c:d"', "a b;c:d"),
        (
            r'multipart/x-mixed-replace; boundary="a\"b\\c"',
            r"a\"b\\c".replace("\\", "", 1)[:3] + "\\c",
        ),
        ('multipart/x-mixed-replace; boundary="no end', "no end"),
        ("multipart/x-mixed-replace; boundary='abc'; x", "abc"),
        ("boundary=abc", "abc"),
        ("multipart/x-mixed-replace; notboundary=abc", None),
        ("multipart/x-mixed-replace; boundary=", None),
        ('multipart/x-mixed-replace; boundary=""', None),
        ("", None),
        (None, None),
    ],
)
def test_the_boundary_of_a_content_type(content_type: str | None, boundary: str | None) -> None:
    assert boundary_of(content_type) == boundary


@given(st.from_regex(r"[A-Za-z0-9'+_./=?-]{1,20}", fullmatch=True), st.booleans())
def test_another_reader_finds_the_same_boundary(boundary: str, quoted: bool) -> None:
    if boundary[0] == "'" or (not quoted and "'" in boundary):
        return  # RFC 2231 has its own use of them
    message = Message()
    value = f'"{boundary}"' if quoted else boundary
    message["Content-Type"] = f"multipart/x-mixed-replace; boundary={value}"
    assert boundary_of(message["Content-Type"]) == message.get_boundary()


@pytest.mark.parametrize(
    ("boundary", "lines"),
    [
        ("abc", [(b"--abc", None), (b"abc", AnomalyCode.DELIMITER_WITHOUT_DASHES)]),
        (
            "--abc",
            [
                (b"----abc", None),
                (b"--abc", AnomalyCode.UNDECLARED_BOUNDARY),
                (b"abc", AnomalyCode.DELIMITER_WITHOUT_DASHES),
            ],
        ),
        (
            "-abc-",
            [
                (b"---abc-", None),
                (b"--abc", AnomalyCode.UNDECLARED_BOUNDARY),
                (b"-abc-", AnomalyCode.DELIMITER_WITHOUT_DASHES),
            ],
        ),
        (
            "--a",
            [
                (b"----a", None),
                (b"--a", AnomalyCode.UNDECLARED_BOUNDARY),
                (b"a", AnomalyCode.DELIMITER_WITHOUT_DASHES),
            ],
        ),
        ("--", [(b"----", None)]),
        (" a ", [(b"--a", None), (b"a", AnomalyCode.DELIMITER_WITHOUT_DASHES)]),
        ("a\nb", []),
        ("a\rb", []),
        (None, []),
    ],
)
def test_what_a_declaration_can_mean(
    boundary: str | None, lines: list[tuple[bytes, AnomalyCode | None]]
) -> None:
    names = DelimiterSet(boundary)
    assert [(d.line, d.anomaly) for d in names.declared] == lines
    assert all(d.bare == (not d.line.startswith(b"--")) for d in names.declared)
    assert names.multipart == bool(lines)
    assert sorted(names.patterns) == sorted((d.line, d.bare) for d in names.declared)
    # A name never hides a longer one.
    lengths = [len(line) for line, _ in names.patterns]
    assert lengths == sorted(lengths, reverse=True)


def test_a_delimiter_stays_what_it_is() -> None:
    """Two sets may hold the same one."""
    (delimiter, _) = DelimiterSet("b").declared
    with pytest.raises(FrozenInstanceError):
        delimiter.line = b"--c"  # type: ignore[misc]
    assert len({delimiter, *DelimiterSet("b").declared}) == 2


def test_a_name_has_a_longest_length() -> None:
    assert DelimiterSet("n" * 300).declared[0].line == b"--" + b"n" * NAME


# -- one place ---------------------------------------------------------------------------


def known(data: bytes, *, boundary: str = "b", final: bool = True, pos: int = 0) -> object:
    return DelimiterSet(boundary).match_known(data, pos, len(data), final, True)


@pytest.mark.parametrize(
    ("data", "end", "anomaly", "closing"),
    [
        (b"--b\r\nX: 1", 5, None, False),
        (b"--b\nX: 1", 4, None, False),
        (b"--b \t\r\nX", 7, AnomalyCode.DELIMITER_PADDING, False),
        (b"--bX: 1", 3, AnomalyCode.HEADER_ON_DELIMITER_LINE, False),
        (b"--b--\r\nX", 7, None, True),
        (b"--b--", 5, None, True),
        (b"--b-- \r", 7, None, True),
        (b"--b", 3, None, False),
        (b"--b \r", 5, None, False),
        (b"b\r\nX: 1", 3, None, False),
        (b"b \nX: 1", 3, AnomalyCode.DELIMITER_PADDING, False),
        (b"b\n\r\n" + SOI, 2, None, False),
        (b"--b" + b" " * 199 + b"\n", 203, AnomalyCode.DELIMITER_PADDING, False),
        (b"--b" + WIDEST, 3, AnomalyCode.HEADER_ON_DELIMITER_LINE, False),
    ],
)
def test_a_delimiter_that_is_known(
    data: bytes, end: int, anomaly: AnomalyCode | None, closing: bool
) -> None:
    for before in (b"", b"xy"):
        match = known(before + data, pos=len(before))
        assert isinstance(match, Match)
        assert match.start == len(before)
        assert match.end == len(before) + end
        assert (match.anomaly, match.closing) == (anomaly, closing)
        on_its_line = anomaly is AnomalyCode.HEADER_ON_DELIMITER_LINE
        assert match.ends_line == (not closing and not on_its_line)


@pytest.mark.parametrize(
    "data",
    [
        *(
            b"--c\r\n",
            b"--bX\r\n",
            b"--b-\r\nX: 1",
            b"--b--X\r\n",
            b"--b x\r\n",
            b"b\r\nno header\r\n",
        ),
        *(b"b--\r\nX: 1", b"b\r\n\r\nX: 1", b"--b\rX: 1", b"-", b"--", b"x--b\r\nX: 1", b"b"),
        b"--bX" + WIDEST,
        # The stream ends where more could have made one of it.
        *(b"--bX", b"--b-", b"--bX-Y "),
    ],
)
def test_what_is_no_delimiter(data: bytes) -> None:
    assert known(data) is None


def test_a_name_without_dashes_begins_a_line() -> None:
    names = DelimiterSet("b")
    assert isinstance(names.match_known(b"b\nX: 1", 0, 6, True, True), Match)
    assert names.match_known(b"b\nX: 1", 0, 6, True, False) is None


PIECES = st.sampled_from(
    [
        *(b"--b", b"b", b"--", b"-", b"\r\n", b"\n", b"\r", b" ", b"\t", b"X:", b"X", b":", b"c"),
        *(SOI, b"\xff", b"\xff\xd8", b"--b--", b"--c", b"Content-Type: image/jpeg", b"\x01"),
        *(
            b"--b\r\n",
            b"--b--\r\n",
            b"b\n",
            b"\r\n\r\n",
            b"\n\r",
            b"--c\r\n",
            b"--b b\r\n",
            b"--b b",
        ),
    ]
)
STREAMS = st.lists(PIECES, max_size=12).map(b"".join)


def test_a_longer_name_that_may_come_is_waited_for() -> None:
    """One with a colon in it can look like a shorter one with a header on its line."""
    names = DelimiterSet("b")
    names.use(Delimiter(b"--bX: y"))
    data = b"--bX: y\r\nA: 1"
    for end in range(3, len(data) - 5):
        assert names.match_known(data, 0, end, False, True) is UNDECIDED
    match = names.match_known(data, 0, len(data), False, True)
    assert isinstance(match, Match)
    assert match.delimiter.line == b"--bX: y"
    # It did not come.
    match = names.match_known(b"--bX: ", 0, 6, True, True)
    assert isinstance(match, Match)
    assert match.delimiter.line == b"--b"


@pytest.mark.parametrize("before", [b"", b"xy", b"a long line before it"])
def test_a_name_that_is_cut_off_is_waited_for(before: bytes) -> None:
    name = b"--a long name"
    for size in range(1, len(name)):
        data = before + name[:size]
        for end in (data, data + b"behind the end"):
            names = DelimiterSet("a long name")
            assert names.match_known(end, len(before), len(data), False, True) is UNDECIDED
            assert names.match_known(end, len(before), len(data), True, True) is None


@pytest.mark.parametrize("data", [b"b\nHea", b"b\n", b"b ", b"b", b"b\n\r\n\xff", b"b \r"])
def test_a_name_without_dashes_waits_for_its_proof(data: bytes) -> None:
    assert known(data, final=False) is UNDECIDED
    assert known(data) is None


@pytest.mark.parametrize(
    ("rest", "waits"),
    [
        # The start of a header name, and blanks behind one.
        (b"X" * FIELD, True),
        (b"X" * (FIELD + 1), False),
        (b"X" + b" " * FIELD, True),
        (b"X" + b" " * (FIELD + 1), False),
        # Blanks before the end of the line.
        (b" " * NAME, True),
        (b" " * NAME + b"\r", True),
        (b" " * (NAME + 1), False),
        (b"-", True),
        (b"--", True),
        (b"-- \r", True),
        (b"--x", False),
    ],
)
def test_how_long_a_delimiter_is_waited_for(rest: bytes, waits: bool) -> None:
    assert known(b"--b" + rest, final=False) is (UNDECIDED if waits else None)


def test_how_far_is_looked_back_for_a_delimiter_that_was_cut_off() -> None:
    """No further than a name, a padding, a header name and blanks, with their dashes and ends."""
    names = DelimiterSet("b")
    reach = 2 * NAME + 2 * FIELD + 8
    for size in (reach - 1, reach, reach + 1, 2 * reach):
        data = b"\n" * size
        assert names.hold_back(data, 0, size) == max(0, size - reach)
    assert names.hold_back(b"\n--b~", 0, 6) == 0
    # The image behind an empty head may be cut off behind each of its bytes.
    whole = b"x--b\r\n\r\n" + SOI
    for end in range(2, len(whole)):
        assert names.hold_back(whole, 0, end) == 1


@pytest.mark.parametrize(
    ("data", "proves"),
    [
        (b"X: 1", True),
        (b"x\nX:", True),
        (b"junk --b X:", True),
        (b"\x01junk X:", False),
        (b"x\xff\xd8\xff", False),
        (b"x\n\xff\xd8\xff", True),
        (b"no colon", False),
        # Each colon is looked at.
        (b"\x01a: \x01c: --b X:", True),
        (b"\x01a: \x01c: d:", False),
    ],
)
def test_what_can_end_a_proof(data: bytes, proves: bool) -> None:
    names = DelimiterSet("b")
    assert names.may_prove(data, 0, len(data)) == proves
    assert not names.may_prove(data, len(data), len(data))


@given(STREAMS, st.sampled_from(["b", "--b", "b b", None]), st.booleans())
@example(b"--b" + b" " * 199 + b"\n", "b", True)
@example(b"--" + b"c" * 199 + b" \r\n" + WIDEST, None, True)
def test_what_is_not_decided_is_never_decided_otherwise(
    data: bytes, boundary: str | None, line_start: bool
) -> None:
    names = DelimiterSet(boundary)
    for match in (
        lambda end, final: names.match_known(data, 0, end, final, line_start),
        lambda end, final: names.match_undeclared(data, 0, end, final),
        lambda end, final: names.follows(data, 0, end, final, False),
        lambda end, final: names.follows(data, 0, end, final, True),
    ):
        whole = match(len(data), False)
        for end in range(1, len(data)):
            so_far = match(end, False)
            if so_far is not UNDECIDED:
                assert so_far == whole, end
        # At the end of the stream everything is decided.
        assert match(len(data), True) is not UNDECIDED
        if whole is not UNDECIDED:
            assert match(len(data), True) == whole


@pytest.mark.parametrize(
    ("data", "name", "end"),
    [
        (b"--new\r\nX: 1", b"--new", 7),
        (b"--new \t\n\rX: 1", b"--new", 8),
        (b"--a b\r\nX: 1", b"--a b", 7),
        (b"--" + b"n" * NAME + b"\n" + WIDEST, b"--" + b"n" * NAME, NAME + 3),
        (b"--b\r\nX: 1", b"--b", 5),
    ],
)
def test_a_delimiter_that_nobody_declared(data: bytes, name: bytes, end: int) -> None:
    match = DelimiterSet("b").match_undeclared(data, 0, len(data), False)
    assert isinstance(match, Match)
    assert (match.delimiter.line, match.start, match.end) == (name, 0, end)
    expected = None if name == b"--b" else AnomalyCode.UNDECLARED_BOUNDARY
    assert match.delimiter.anomaly is expected


@pytest.mark.parametrize(
    "data",
    [
        *(
            b"--new\r\nno header\r\n",
            b"--new\r\n\r\n",
            b"new\r\nX: 1",
            b"--\r\nX: 1",
            b"-- a\r\nX: 1",
        ),
        *(b"--n\x01w\r\nX: 1", b"--" + b"n" * (NAME + 1) + b"\nX: 1", b"--n\r\nX" + WIDEST),
    ],
)
def test_what_proves_no_delimiter(data: bytes) -> None:
    assert DelimiterSet("b").match_undeclared(data, 0, len(data), False) is None


def test_the_last_three_names_that_were_in_use_are_kept() -> None:
    names = DelimiterSet("b")
    assert names.current is None
    assert names.use(names.declared[0]) is None
    assert names.use(names.declared[0]) is None
    found = [Delimiter(b"--n%d" % n, AnomalyCode.UNDECLARED_BOUNDARY) for n in range(5)]
    for delimiter in found:
        assert names.use(delimiter) is AnomalyCode.BOUNDARY_CHANGED
        assert names.current is delimiter
    kept = {line for line, _ in names.patterns}
    assert kept == {b"--b", b"b", b"--n2", b"--n3", b"--n4"}
    # One that is in use again is the last one again.
    assert names.use(found[2]) is AnomalyCode.BOUNDARY_CHANGED
    names.use(found[0])
    assert {line for line, _ in names.patterns} == {b"--b", b"b", b"--n0", b"--n2", b"--n4"}
    first = DelimiterSet(None)
    assert first.use(found[0]) is AnomalyCode.UNDECLARED_BOUNDARY
    assert first.multipart


# -- searches ----------------------------------------------------------------------------

_NAMES = rb"(?:--b|(?:(?<=\n)|(?<=\n\r)|(?<=^))b(?=(?:--)?[ \t]*\r?\n))"
_FIELD_AT = rb"[A-Za-z][A-Za-z0-9_.-]{0,63}[ \t]{0,64}:"
_BEHIND = rb"(?:(?:[ \t]*\r?\n\r?)?%b|[ \t]*\r?\n\r?(?:\r?\n\r?)?\xff\xd8\xff)" % _FIELD_AT
NAIVE = re.compile(
    rb"--b(?:(?:--)?[ \t]*\r?\n\r?(?:\r?\n)?--b){0,%d}%b" % (REPEATS, _BEHIND), re.DOTALL
)


@given(st.lists(PIECES.filter(lambda piece: piece[:1] != b"b"), max_size=14).map(b"".join))
@example(b"x--b\r\n" + b"--b\r\n" * (REPEATS - 1) + b"X: 1")
def test_the_first_delimiter_that_a_part_follows(data: bytes) -> None:
    names = DelimiterSet(None)
    names.use(Delimiter(b"--b"))
    found = NAIVE.search(data)
    assert names.search_proven(data, 0, len(data)) == (-1 if found is None else found.start())


@pytest.mark.parametrize("count", [1, 2, REPEATS, REPEATS + 1, REPEATS + 2, 3 * REPEATS])
@pytest.mark.parametrize("line", [b"--b\r\n", b"--b--\r\n", b"--b\r\n\r\n", b"--b \n\r"])
@pytest.mark.parametrize("behind", [b"X: 1", SOI, b"no part"])
def test_a_delimiter_given_again_is_one_but_not_without_end(
    count: int, line: bytes, behind: bytes
) -> None:
    names = DelimiterSet(None)
    names.use(Delimiter(b"--b"))
    data = b"junk" + line * (count - 1) + b"--b\r\n" + behind
    last = 4 + (count - 1) * len(line)
    expected = -1 if behind == b"no part" else max(4, last - REPEATS * len(line))
    assert names.search_proven(data, 0, len(data)) == expected


def test_a_name_that_begins_in_itself_is_found_where_its_part_is() -> None:
    for count in range(4, 9):
        data = b"-" * count + b"X: 1"
        assert DelimiterSet("--").search_proven(data, 0, len(data)) == count - 4


def test_so_many_delimiters_that_nobody_looks_for_their_end() -> None:
    """More than eight times eight: none of the first ones is asked again."""
    names = DelimiterSet(None)
    names.use(Delimiter(b"--b"))
    data = b"--b\r\n" * 500 + b"X: 1"
    assert names.search_proven(data, 0, len(data)) == 5 * (499 - REPEATS)


@pytest.mark.parametrize("before", [0, 1, *range(245, 260), 1279, 1280, 90_000])
def test_a_delimiter_is_found_wherever_the_windows_end(before: int) -> None:
    names = DelimiterSet("bound")
    data = b"-" * before + b"\n--bound\r\nX: 1"
    assert names.search_proven(data, 0, len(data)) == before + 1
    assert names.search_proven(data, before + 2, len(data)) == -1
    # The last byte of its proof is the colon.
    end = data.index(b":")
    assert names.search_proven(data, 0, end) == -1
    assert names.search_proven(data, 0, end + 1) == before + 1


@given(STREAMS, STREAMS, st.sampled_from(["b", "--b", "b b", None]))
@example(b"x\n", b"--b\r\nX: 1", "b")
@example(b"x\n--b\r\n" + WIDEST[:-1], b":", "b")
def test_what_need_not_be_searched_again_holds_nothing(
    data: bytes, more: bytes, boundary: str | None
) -> None:
    names = DelimiterSet(boundary)
    held = names.hold_back(data, 0, len(data))
    assert 0 <= held <= len(data)
    whole = data + more
    for search in (names.search_proven, names.search_any):
        before, after = search(data, 0, len(data)), search(whole, 0, len(whole))
        if after != before and after >= 0:
            # It is found with what has come, so that it lies in what is held back: with the
            # line end before it, which a bare name needs.
            assert after + 1 >= held
            assert names.may_prove(whole, len(data), len(whole))


def test_any_name_that_can_be_printed_is_held_back() -> None:
    for char in range(0x20, 0x7F):
        data = b"x\n--a" + bytes((char,)) + b"b\r\nX"
        for boundary in (None, "c"):
            assert DelimiterSet(boundary).hold_back(data, 0, len(data)) <= 1
    # What can't be in one, nor in a header, ends what is held back.
    for soi in (b"", SOI[:1], SOI[:2]):
        other = b"x\n--a\x7fb\r\nX" + soi
        assert DelimiterSet(None).hold_back(other, 0, len(other)) == other.index(b"\n", 2)
        for no_text in (b"\x00", b"\x1f", b"\x7f", b"\x80"):
            ended = b"x\n--a" + no_text + soi
            assert DelimiterSet(None).hold_back(ended, 0, len(ended)) == len(ended)


def test_a_name_that_is_no_text_is_held_back_too() -> None:
    names = DelimiterSet("\xfc\x7f")
    for data in (b"x\n--\xfc\x7f\r\nX", b"x\n--\xfc"):
        assert names.hold_back(data, 0, len(data)) <= 1
    # From its first byte on.
    assert names.hold_back(b"--\xfc", 0, 3) == 0


@pytest.mark.parametrize("before", [b"", b"\n", b"\r\n", b"x\n", b"\n\r"])
def test_a_name_without_dashes_is_found_behind_a_line_end(before: bytes) -> None:
    data = before + b"b\r\nX: 1"
    expected = len(before) if before else -1
    assert DelimiterSet("b").search_proven(data, 0, len(data)) == expected


def test_the_blanks_behind_a_long_name_are_held_back_too() -> None:
    whole = b"\n--" + b"b" * NAME + b" " * NAME + b"\r\n\r" + WIDEST
    names = DelimiterSet("b" * NAME)
    assert names.search_proven(whole, 0, len(whole)) == 1
    assert names.hold_back(whole, 0, len(whole) - 1) <= 1


@pytest.mark.parametrize("boundary", ["b" * NAME, None])
def test_the_longest_delimiter_is_held_back_and_proven(boundary: str | None) -> None:
    """Its line, its blanks, a header's name and the blanks behind that, up to the colon."""
    name = b"--" + b"b" * NAME
    for line in (name + b"\r\n", name + b"\n\r"):
        whole = b"\n" + line + WIDEST
        names = DelimiterSet(boundary)
        search = names.search_proven if boundary else names.search_any
        assert names.hold_back(whole, 0, len(whole) - 1) <= 1
        assert search(whole, 0, len(whole)) == 1
        assert search(whole, 0, len(whole) - 1) == -1
        assert names.may_prove(whole, len(whole) - 1, len(whole))


def test_the_longest_delimiter_is_proven_by_a_header_on_its_line() -> None:
    """Also one that nobody declared, of bytes that no header has."""
    line = b"--" + b"=" * NAME
    names = DelimiterSet(None)
    names.use(Delimiter(line))
    whole = b"\x01" + line + WIDEST
    assert names.search_proven(whole, 0, len(whole)) == 1
    assert names.may_prove(whole, len(whole) - 1, len(whole))


@pytest.mark.parametrize(
    ("data", "pos"),
    [
        (b"junk\n--new\r\nContent-Type: x", 5),
        (b"junk\n\r--new \r\nx-y :", 6),
        (b"\n--new\r\n--new\r\nX-Y:", 1),
        (b"\n" + b"--new\r\n" * (REPEATS + 1) + b"X-Y:", 1),
        (b"\n" + b"--new\r\n" * (REPEATS + 2) + b"X-Y:", 8),
        (b"--new\r\nContent-Type: x", -1),
        (b"\n--new\r\nType: x", -1),
        (b"\n--new\r\n--other\r\nX-Y:", 8),
    ],
)
def test_a_line_with_dashes_before_a_header(data: bytes, pos: int) -> None:
    assert DelimiterSet(None).search_any(data, 0, len(data)) == pos


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"Content-Type: image/jpeg\r\n\r\n", True),
        (b"content-length : 5\n\n", True),
        (b"X-Y: 1\n\r\n\r", True),
        (b"Content-Type: image/jpeg\r\n", True),
        (b"Any: 1\r\n\r\n", True),
        (b"Any: 1\r\n", False),
        (b"C0ntent\x01Type: x\r\n\r\n", True),
        (b"no colon\r\n\r\n", False),
        (b"Content-Type: image/jpeg\r\n\r\n\r\n", True),
        (b"Content-Type: image/jpeg\r\n\r\n\r\n\r\n", False),
        (b"Content-Type: image/jpeg", False),
        (WIDEST + b"v" * NAME + b"\r\n\r\n", True),
        (b"X-" + b"y" * FIELD + b" " * FIELD + b":" + b"v" * NAME + b"\r\n\r\n", True),
        (b"X-" + b"y" * FIELD + b" " * FIELD + b":" + b"v" * (NAME + 1) + b"\r\n\r\n", False),
        # As long as it can be, with an empty line and without.
        (b"X-" + b"y" * FIELD + b" " * FIELD + b":" + b"v" * NAME + b"\r\n\r", True),
        (b"Content-" + b"z" * FIELD + b" " * FIELD + b":" + b"v" * NAME + b"\n", True),
        (b"Content-" + b"z" * FIELD + b" " * FIELD + b":" + b"v" * NAME + b"\r\n\r" * 2, True),
        (b"", False),
    ],
)
def test_an_image_behind_the_last_line_of_a_header_block(data: bytes, found: bool) -> None:
    names = DelimiterSet(None)
    for before in (b"", b"\0\0\n"):
        stream = before + data + SOI
        at = len(before) + len(data)
        assert names.headed(stream, at, 0) == found
        assert names.search_headed(stream, 0, 0, len(stream)) == (at if found else -1)
        # Nothing before `start` is looked at.
        assert not names.headed(stream, at, at)


def test_where_the_last_line_begins_at_the_start() -> None:
    data = b"X-Y: 1\r\n\r\n" + SOI
    assert DelimiterSet(None).headed(data, 10, 0)
    assert not DelimiterSet(None).headed(data, 10, 3)


@pytest.mark.parametrize(
    ("data", "at"),
    [
        (b"x\r\n--b--\r\n", 3),
        (b"x\r\n--b \r\n\t", 3),
        (b"--b", 0),
        (b"--b--x", -1),
        (b"\nb\r\n", -1),
        (b"--b" + b" " * (2 * NAME - 3), 0),
        (b"--b" + b" " * (2 * NAME - 2), -1),
        (b"", -1),
    ],
)
def test_the_last_line_of_a_stream(data: bytes, at: int) -> None:
    names = DelimiterSet("b")
    assert names.search_last(data, 0, len(data)) == at
    assert DelimiterSet(None).search_last(data, 0, len(data)) == -1


@pytest.mark.parametrize(
    ("data", "is_one"),
    [
        (b"Content-Type:", True),
        (b"\rX-Y :", True),
        (b"x-:", True),
        (b"X-" + b"y" * FIELD + b" " * FIELD + b":", True),
        (b"X-" + b"y" * (FIELD + 1) + b":", False),
        (b"X-y" + b" " * (FIELD + 1) + b":", False),
        (b"Type:", False),
        (b"\nX-Y:", False),
    ],
)
def test_a_header_that_tells_of_content(data: bytes, is_one: bool) -> None:
    assert DelimiterSet.content_at(data, 0) == is_one
    assert DelimiterSet.content_at(b"?" + data, 1) == is_one


@pytest.mark.parametrize(
    ("data", "empty", "proof"),
    [
        (b"X: 1", False, True),
        (b"\rX: 1", False, True),
        (SOI, False, True),
        (b"\r\n" + SOI, False, True),
        (b"\n\r" + SOI, False, True),
        (b"\r\n\r" + SOI, False, True),
        (b"\r\n\r\n" + SOI, False, False),
        (b"\r\nx", False, False),
        (b"\r\nx", True, True),
        (b"\nx", True, True),
        (b"\xff\xd8\xd8", False, False),
        (b"\xff\xd8", False, UNDECIDED),
        (b"\r\n\xff", False, UNDECIDED),
        (b"Xy", False, UNDECIDED),
        (b"", False, UNDECIDED),
        (b"?", False, False),
        (LONGEST + b" " * FIELD, False, UNDECIDED),
        (b"C" + LONGEST, False, False),
        (LONGEST + b" " * (FIELD + 1), False, False),
    ],
)
def test_what_may_follow_a_delimiter(data: bytes, empty: bool, proof: object) -> None:
    assert DelimiterSet(None).follows(data, 0, len(data), False, empty) is proof
    if proof is UNDECIDED:
        assert DelimiterSet(None).follows(data, 0, len(data), True, empty) is False


@pytest.mark.parametrize(
    ("data", "length"),
    [(b"x\r\n", 2), (b"x\n\r", 2), (b"x\n", 1), (b"x\r", 0), (b"x", 0), (b"", 0), (b"\n", 1)],
)
def test_the_line_end_before_a_delimiter_is_its_own(data: bytes, length: int) -> None:
    assert line_end_before(data + b"--b", len(data), 0) == length
    # Nothing before `start` is looked at.
    assert line_end_before(data + b"--b", len(data), len(data)) == 0
    if data.endswith(b"\r\n"):
        assert line_end_before(data + b"--b", len(data), len(data) - 1) == 1
