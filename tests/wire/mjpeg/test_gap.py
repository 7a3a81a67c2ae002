"""The gap: what ends it is found at the same place however it is cut, and what is junk is noted."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.errors import LimitExceededError
from hamaproto.limits import Limits
from hamaproto.wire.mjpeg.codes import DELIMITER, FIELDS, INSIDE, MORE, OVER, SOI
from hamaproto.wire.mjpeg.delimiter import DelimiterSet

IMAGE = b"\xff\xd8\xff\xe0"
HEAD = b"Content-Type: image/jpeg\r\nContent-Length: 7\r\n\r\n"
#: A delimiter that nobody declared counts at the start of a line only.
OTHER = b"--other\r\nContent-Type: a\r\n\r\n"
TOKENS = st.sampled_from(
    (
        b"text",
        b"\r\n",
        b"\n",
        b"\r",
        b"\n\r",
        b"--",
        b"--frame",
        b"--frame\r\n",
        b"--frame--\r\n",
        OTHER,
        b"Content-Type: image/jpeg\r\n",
        b"\0",
        b"\x80",
        b"\xff",
        b"\xff\xd8",
        IMAGE,
    )
)
STATES = st.fixed_dictionaries(
    {"started": st.booleans(), "has_head": st.booleans(), "line_start": st.booleans()}
)


def gap(
    twin: Any, boundary: str | None = "frame", limits: Limits | None = None, **state: bool
) -> tuple[Any, Any, Any]:
    window = twin.module("window").Window()
    report = twin.module("report").Report(1 << 30, False)
    one = twin.module("gap").Gap(window, report, DelimiterSet(boundary), limits or Limits())
    for name, value in state.items():
        setattr(one, name, value)
    return window, report, one


def noted(report: Any) -> list[tuple[str, int]]:
    """What is held, in order; the name and the offset of each."""
    report.flush()
    events = [
        (
            event.code.name.lower() if hasattr(event, "code") else f"{event.length} skipped",
            event.offset,
        )
        for event in report.ready
    ]
    report.ready.clear()
    return events


def outcome(twin: Any, pieces: list[bytes], **options: Any) -> tuple[Any, ...]:
    """What ends the gap, where, and what was noted on the way."""
    window, report, one = gap(twin, **options)
    code = MORE
    for piece in pieces:
        window.feed(piece)
        while (code := one.read()) == MORE and window.more():
            pass
        if code != MORE:
            break
    if code == MORE:
        window.close()
        while (code := one.read()) == MORE:
            assert window.more()
    at = window.base + window.pos
    junk = one.junk
    one.settle(0, -1)
    assert not one.junk
    match = None
    if code == DELIMITER:
        assert one.match.start + window.base == at
        match = one.match.delimiter.line, one.match.closing
    return code, at, junk, match, noted(report)


@given(
    body=st.lists(TOKENS, max_size=12).map(b"".join),
    cuts=st.lists(st.integers(0, 200), max_size=5),
    boundary=st.sampled_from(("frame", None)),
    state=STATES,
)
def test_a_gap_ends_at_the_same_place_however_it_is_cut(
    twin: Any, body: bytes, cuts: list[int], boundary: str | None, state: dict[str, bool]
) -> None:
    options = {"boundary": boundary, **state}
    whole = outcome(twin, [body] if body else [], **options)
    places = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    pieces = [body[one:two] for one, two in pairwise(places) if two > one]
    assert outcome(twin, pieces, **options) == whole
    assert outcome(twin, [bytes([byte]) for byte in body], **options) == whole
    code, at, junk, _, said = whole
    assert code != MORE
    assert (code == OVER) == (at == len(body))
    if code == SOI:
        assert body.startswith(IMAGE[:3], at)
    # All before the end is either line ends or junk, which is noted once.
    assert bool(body[:at].strip(b"\r\n")) <= junk
    assert [name.endswith("skipped") for name, _ in said].count(True) == junk


@pytest.mark.parametrize(
    ("body", "state", "found"),
    [
        (b"", {}, (OVER, 0)),
        (b"\r\n" + IMAGE, {}, (SOI, 2)),
        (b"\r\n--frame\r\n", {}, (DELIMITER, 2)),
        (b"text\r\n--frame\r\n", {}, (DELIMITER, 6)),
        # In junk a CR alone begins no line, and neither does the middle of one.
        (b"text\r" + OTHER, {}, (OVER, 5 + len(OTHER))),
        (b"text" + OTHER, {}, (OVER, 4 + len(OTHER))),
        (b"text\n\r" + OTHER, {}, (DELIMITER, 6)),
        (b"text\r\n\r" + OTHER, {}, (DELIMITER, 7)),
        (b"\r" + OTHER, {}, (DELIMITER, 1)),
        (b"?\n" + OTHER, {}, (DELIMITER, 2)),
        (b"?\n\r" + OTHER, {}, (DELIMITER, 3)),
        # A delimiter that nobody declared, and a line that is none.
        (OTHER, {}, (DELIMITER, 0)),
        (b"--other\r\nthing\r\n\r\n", {}, (OVER, 18)),
        # Where the stream begins, a header block needs no delimiter.
        (b"X-A: b\r\n\r\n", {}, (FIELDS, 0)),
        (b"\r\nX-A : b\r\n\r\n", {}, (FIELDS, 2)),
        (b"X-A: b\r\n\r\n", {"started": True}, (OVER, 10)),
        (b"X-A: b\r\n\r\n", {"has_head": True}, (OVER, 10)),
        (b"\x80X-A: b\r\n\r\n", {}, (INSIDE, 0)),
        (b"X-A", {}, (OVER, 3)),
        # There, no text may be an image's inside.
        (b"\0\0\x01", {}, (INSIDE, 2)),
        (b"\0\xff\xd9", {}, (INSIDE, 1)),
        (b"\xff\xd9", {}, (INSIDE, 0)),
        (b"\x80abc\xff", {}, (INSIDE, 0)),
        (b"\0\x01", {"started": True}, (OVER, 2)),
        (b"\0\x01", {"boundary": None}, (OVER, 2)),
    ],
)
def test_what_ends_a_gap(
    twin: Any, body: bytes, state: dict[str, Any], found: tuple[int, int]
) -> None:
    assert outcome(twin, [body] if body else [], **state)[:2] == found


def test_a_stream_that_begins_with_a_header_block_has_begun(twin: Any) -> None:
    """Another one without a delimiter is then none."""
    window, _, one = gap(twin)
    window.feed(b"X-A: b\r\n\r\n")
    assert one.read() == FIELDS
    assert one.started


@pytest.mark.parametrize(
    ("line_end", "starts"), [(b"\n", True), (b"\r\n", True), (b"\n\r", True), (b"\r", False)]
)
def test_line_ends_that_come_behind_junk(twin: Any, line_end: bytes, starts: bool) -> None:
    """Alone, with what follows them, or byte by byte; a CR alone ends no line of junk."""
    body = line_end + OTHER
    at = 4 + len(line_end) if starts else 4 + len(body)
    for pieces in ([body], [line_end, OTHER], [bytes([byte]) for byte in body]):
        # What can't be the start of a header is junk at once.
        found = outcome(twin, [b"te t", *pieces])
        assert found[:2] == (DELIMITER if starts else OVER, at)


def test_a_cr_that_comes_behind_a_line_end_of_junk_belongs_to_it(twin: Any) -> None:
    for line_end, starts in ((b"\r\n", True), (b"\n", True), (b"\n\r", False)):
        at = 4 + len(line_end) + 1
        for pieces in ([b"te t", line_end], [b"te t" + line_end]):
            found = outcome(twin, [*pieces, b"\r" + OTHER])
            assert found[:2] == ((DELIMITER, at) if starts else (OVER, at + len(OTHER)))
    # Only at once behind it.
    assert outcome(twin, [b"te\nt", b"\r" + OTHER])[:2] == (OVER, 5 + len(OTHER))


def test_there_is_an_end_of_junk(twin: Any) -> None:
    """It is said as soon as there is too much, wherever the gap stands in the stream."""
    for before in (0, 1000):
        window, _, _ = gap(twin)
        report = twin.module("report").Report(10, False)
        one = twin.module("gap").Gap(window, report, DelimiterSet("frame"), Limits())
        one.started = True
        window.feed(bytes(before) + b"\n")
        window.pos = before
        assert one.read() == MORE
        assert not window.more()
        window.feed(b"?" * 10)
        assert one.read() == MORE
        assert not window.more()
        window.feed(b"?")
        with pytest.raises(LimitExceededError) as caught:
            one.read()
        assert caught.value.offset == before + 1 + 10


@pytest.mark.parametrize("has_head", [False, True])
def test_junk_is_noted_by_where_it_stands(twin: Any, has_head: bool) -> None:
    name = "junk_before_image" if has_head else "junk"
    code, _, _, _, said = outcome(twin, [b"\r\ntext\r\n" + IMAGE], has_head=has_head)
    assert code == SOI
    assert said == [(name, 2), ("6 skipped", 2)]


def test_junk_behind_what_was_skipped_is_skipped_with_it(twin: Any) -> None:
    window, report, one = gap(twin)
    window.feed(b"skipped text" + IMAGE)
    report.skip(0, 8, "why")
    window.pos = 8
    assert one.read() == SOI
    one.settle(0, -1)
    assert noted(report) == [("12 skipped", 0), ("junk", 8)]


@pytest.mark.parametrize(
    ("between", "declared", "said"),
    [
        (b"", -1, []),
        (b"", 100, []),
        # The gap begins at 100: it is 3 bytes of line ends or junk.
        (b"\r\n\n", 103, [("length_mismatch", 100)]),
        (b"\0\0\0", 103, [("junk", 100), ("padding", 100), ("3 skipped", 100)]),
        (b"\0", 101, [("junk", 100), ("padding", 100), ("1 skipped", 100)]),
        (b"\0\0\0", 104, [("junk", 100), ("length_mismatch", 100), ("3 skipped", 100)]),
        (b"\0\0\0", 99, [("junk", 100), ("length_mismatch", 100), ("3 skipped", 100)]),
    ],
)
def test_a_length_is_judged_by_the_gap_behind_its_image(
    twin: Any, between: bytes, declared: int, said: list[tuple[str, int]]
) -> None:
    window, report, one = gap(twin, started=True)
    window.feed(b"i" * 100 + between + IMAGE)
    window.pos = 100
    assert one.read() == SOI
    one.settle(100, declared)
    assert sorted(noted(report)) == sorted(said)


def delimiter(twin: Any, line: bytes, **options: Any) -> tuple[Any, Any, Any]:
    """A gap that has read one delimiter, which is still to be passed."""
    window, report, one = gap(twin, **options)
    window.feed(line)
    window.close()
    assert one.read() == DELIMITER
    return window, report, one


def test_a_closing_delimiter_is_the_last(twin: Any) -> None:
    window, report, one = delimiter(twin, b"--frame--\r\n--frame\r\n" + HEAD)
    assert one.pass_delimiter(one.match, False) is False
    assert (one.closed, window.pos) == (True, len(b"--frame--\r\n"))
    assert one.read() == DELIMITER
    assert one.pass_delimiter(one.match, False) is True
    assert not one.closed
    assert noted(report) == [("closed_and_continued", 11)]


def test_behind_a_closing_delimiter_begins_a_line(twin: Any) -> None:
    window, _, one = delimiter(twin, b"--frame--\r\n" + OTHER)
    one.pass_delimiter(one.match, False)
    assert one.read() == DELIMITER
    assert window.data[one.match.start :] == OTHER


@pytest.mark.parametrize("headed", [False, True])
@pytest.mark.parametrize("empty", [False, True])
def test_a_delimiter_behind_a_delimiter(twin: Any, headed: bool, empty: bool) -> None:
    _, report, one = delimiter(twin, b"--frame\r\n" + HEAD, has_head=headed)
    assert one.pass_delimiter(one.match, empty)
    assert (one.has_head, one.started) == (False, True)
    assert noted(report) == ([("duplicate_delimiter", 0)] if headed and empty else [])


def test_what_is_odd_at_a_delimiter_is_noted(twin: Any) -> None:
    _, report, one = delimiter(twin, b"--frameContent-Type: image/jpeg\r\n")
    assert one.pass_delimiter(one.match, False)
    assert noted(report) == [("header_on_delimiter_line", 0)]
    _, report, one = delimiter(twin, OTHER)
    known = one.names
    assert one.pass_delimiter(one.match, False)
    assert noted(report) == [("undeclared_boundary", 0)]
    # What was not known is known from now on.
    assert one.names is not known


def test_a_delimiter_that_is_in_use_keeps_its_matcher(twin: Any) -> None:
    window, report, one = delimiter(twin, 2 * b"--frame\r\n" + HEAD)
    assert one.pass_delimiter(one.match, False)
    matcher = one.matcher
    window.pos = one.match.end
    assert one.read() == DELIMITER
    assert one.pass_delimiter(one.match, False)
    assert one.matcher is matcher
    assert noted(report) == []


def test_an_image_says_what_stands_before_it(twin: Any) -> None:
    _, report, one = gap(twin, has_head=True, junk=True)
    assert one.begin_image(5) is True
    assert (one.has_head, one.started, one.junk) == (False, True, False)
    assert noted(report) == []
    assert one.begin_image(9) is False
    assert noted(report) == [("missing_delimiter", 9)]
    _, report, one = gap(twin, boundary=None)
    assert one.begin_image(5) is False
    assert noted(report) == []


def test_an_image_behind_the_closing_delimiter(twin: Any) -> None:
    window, report, one = delimiter(twin, b"--frame--\r\n" + IMAGE)
    one.pass_delimiter(one.match, False)
    assert one.read() == SOI
    one.settle(0, -1)
    assert one.begin_image(window.pos) is False
    assert not one.closed
    assert noted(report) == [("missing_delimiter", 11), ("closed_and_continued", 11)]


@pytest.mark.parametrize(("last", "starts"), [(b"\n", True), (b"a", False)])
def test_the_rest_of_a_part_is_junk(twin: Any, last: bytes, starts: bool) -> None:
    window, report, one = gap(twin, has_head=True)
    window.feed(b"part" + last + OTHER)
    window.close()
    window.pos = 5
    report.skip(0, 5, "why")
    one.reopen()
    assert (one.has_head, one.junk, one.line_start) == (False, True, starts)
    assert one.read() == (DELIMITER if starts else OVER)


def test_an_answer_may_know_the_boundary(twin: Any) -> None:
    window, _, one = gap(twin, boundary=None, has_head=True, started=True)
    one.answer(None)
    assert (one.has_head, one.started) == (False, False)
    one.answer("this")
    window.feed(b"--this\r\n")
    assert one.read() == DELIMITER
    assert one.pass_delimiter(one.match, False)
    # One that is in use stays in use.
    names = one.names
    one.answer("that")
    assert one.names is names


def known(twin: Any, limits: Limits | None = None) -> tuple[Any, Any, Any]:
    """A gap behind a first part: the delimiter is in use, the window is at the next one."""
    window, report, one = gap(twin, limits=limits)
    window.feed(b"--frame\r\n")
    assert one.read() == DELIMITER
    assert one.pass_delimiter(one.match, False)
    window.pos = window.end
    return window, report, one


def test_the_matcher_knows_the_delimiter_and_the_limits(twin: Any) -> None:
    limits = Limits(max_part_head=300, max_part_line=200, max_part_headers=7)
    _, _, one = gap(twin, limits=limits)
    assert one.matcher is None
    _, _, one = known(twin, limits)
    matcher = one.matcher
    assert (matcher.delimiter, matcher.most_lines, matcher.most_bytes) == (b"--frame", 7, 200)
    assert known(twin, Limits(max_part_head=100))[2].matcher.most_bytes == 100


def test_a_name_without_its_dashes_is_read_with_care(twin: Any) -> None:
    """It has no matcher: what else begins like it must be told from it each time."""
    window, _, one = gap(twin)
    window.feed(b"frame\r\n" + HEAD + IMAGE)
    assert one.read() == DELIMITER
    assert one.match.delimiter.bare
    assert one.pass_delimiter(one.match, False)
    assert one.matcher is None


@pytest.mark.parametrize(
    ("before", "data", "opens"),
    [
        ({}, b"\r\n--frame\r\n", True),
        ({}, b"--frame\r\n", False),
        ({}, b"\r\n--frame\r\nC", False),
        ({}, b"\r\n--frame\n\r", False),
        ({}, b"\r\n--other\r\n", False),
        ({"junk": True}, b"\r\n--frame\r\n", False),
        ({"has_head": True}, b"\r\n--frame\r\n", False),
        ({"opened": True}, b"\r\n--frame\r\n", False),
    ],
)
def test_a_gap_that_is_a_delimiter_and_no_more_is_opened_at_once(
    twin: Any, before: dict[str, bool], data: bytes, opens: bool
) -> None:
    """With what the careful way says of it; the head that follows is then read as a clean one."""
    window, report, one = gap(twin)
    window.feed(b"--frame\r\n")
    assert not one.open()
    assert one.read() == DELIMITER
    assert one.pass_delimiter(one.match, False)
    window.pos = window.end
    # An image stands before it, which has been read.
    for image in (b"", b"image"):
        window.feed(image + data)
        window.pos = len(image)
        for name, value in before.items():
            setattr(one, name, value)
        assert one.open() is opens
        if not opens:
            assert window.pos == len(image)
            window.pos = window.end
            continue
        assert (window.pos, one.opened, one.line_start) == (window.end, True, True)
        assert noted(report) == []
        window.feed(HEAD + IMAGE)
        window.pos = window.end
        one.opened = False


def test_a_closing_delimiter_opens_nothing(twin: Any) -> None:
    window, _, one = gap(twin)
    window.feed(b"--frame\r\n\r\n--frame--\r\n\r\n--frame\r\n")
    for _ in range(2):
        assert one.read() == DELIMITER
        one.pass_delimiter(one.match, False)
        window.pos = one.match.end
    assert one.closed
    assert not one.open()


@pytest.mark.parametrize(
    ("head", "limits", "clean"),
    [
        (HEAD, Limits(), True),
        (b"Content-Type: image/jpeg\r\n\r\n", Limits(), True),
        (HEAD[:-1], Limits(), False),
        (HEAD + b"\xff", Limits(), False),
        (HEAD + b"\xff\xd8", Limits(), False),
        (HEAD.replace(b"7", b"0"), Limits(), False),
        (HEAD, Limits(max_frame=6), False),
        (HEAD, Limits(max_frame=7), True),
        (HEAD, Limits(max_part_head=len(HEAD) - 1), False),
        (HEAD, Limits(max_part_head=len(HEAD)), True),
        (HEAD, Limits(max_part_headers=1), False),
    ],
)
@pytest.mark.parametrize("again", [False, True])
def test_a_head_that_comes_without_its_image_is_clean(
    twin: Any, head: bytes, limits: Limits, clean: bool, again: bool
) -> None:
    window, _, one = gap(twin, limits=limits)
    window.feed(b"--frame\r\n")
    assert not one.clean_alone()
    assert one.read() == DELIMITER
    one.pass_delimiter(one.match, False)
    window.pos = window.end
    one.opened = True
    for before in (b"", b"--frame\r\n")[: 1 + again]:
        window.feed(before + head)
        window.pos = len(before)
        assert one.clean_alone() is clean
        assert window.pos == len(before)
        if clean:
            assert one.matcher.length == (7 if b"7" in head else -1)
        window.pos = window.end
