"""The second opinion: where an image was cut off, by what stands in what was walked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hamaproto.wire.mjpeg.delimiter import DelimiterSet
from hamaproto.wire.mjpeg.opinion import ENDED, IMAGE, NOTHING, OTHER

START = b"\xff\xd8\xff\xdb\0\x43\0" + b"\x10" * 64
SCAN = b"\xff\xda\0\x08\1\1\0\0\x3f\0"
FRAME = b"\xff\xc0\0\x0b\x08\0\x10\0\x10\1\1\x11\0"
WHOLE = START + FRAME + SCAN + b"abc" + b"\xff\xd9"
HEAD = b"Content-Type: image/jpeg\r\n\r\n"
SHIFT = 1000


Asked = Callable[..., tuple[Any, Any, Any]]


AHEAD = b"ahead\r\n--other\r\nX-A: b\r\n--frame\r\nA: b\r\n\r\n"


@pytest.fixture(params=[b"", AHEAD], ids=["alone", "ahead"])
def ahead(request: pytest.FixtureRequest) -> bytes:
    """What stands before the image in the data: nothing of it counts."""
    ahead: bytes = request.param
    return ahead


@pytest.fixture
def asked(twin: Any, ahead: bytes) -> Asked:
    """Makes the opinion on an image that begins at offset `SHIFT`, behind what is ahead of it."""

    def ask(data: bytes, *, buried: int = -1) -> tuple[Any, Any, Any]:
        start, shift = len(ahead), SHIFT - len(ahead)
        data = ahead + data
        opinion = twin.module("opinion").SecondOpinion(DelimiterSet("frame"))
        opinion.look_from(SHIFT + 2)
        view = twin.module("view").View(data, start, len(data), shift)
        walker = twin.module("walk").MarkerWalk()
        if buried >= 0:
            # A table that holds the next image's first bytes, read as the walk reads it.
            walker.base = shift
            walker.walk(data, start + 2, len(data), len(data), True)
            assert walker.buried == SHIFT + buried
        return opinion, view, walker

    return ask


CUTS = [
    # (what was walked, where it was cut off, by what, only if undeclared names count)
    (START + b"--frame\r\n" + HEAD, len(START), "delimiter", False),
    (START + b"--frame\r\n" + b"\xff\xd8\xff", len(START), "delimiter", False),
    (START + b"\r\n--other\r\n" + HEAD, len(START) + 2, "delimiter", True),
    (START + b"\r\n" + HEAD + b"\xff\xd8\xff", len(START) + 2 + len(HEAD), "soi", True),
    (START + b"--frame, and no more", -1, "delimiter", False),
    (START + b"plain", -1, "delimiter", False),
    # The first of several counts; a known name ends the line of an unknown one.
    (START + b"--frame\r\n" + HEAD + b"\xff\xd8\xff", len(START), "delimiter", False),
    (START + b"\n--a\r\n" + HEAD + b"--frame\n" + HEAD, len(START) + 1, "delimiter", True),
    (START + b"\n--a --frame\r\n" + HEAD, len(START) + 5, "delimiter", False),
]


@pytest.mark.parametrize(("data", "at", "by", "unknown"), CUTS)
def test_where_an_image_was_cut_off(
    asked: Asked, data: bytes, at: int, by: str, unknown: bool
) -> None:
    opinion, view, walker = asked(data)
    found = opinion.ask(view, walker, True, NOTHING)
    assert found == (at + SHIFT if at >= 0 else -1)
    assert opinion.cut_by == by
    if unknown:
        opinion, view, walker = asked(data)
        other = opinion.ask(view, walker, False, NOTHING)
        assert other < 0 or other > found
    else:
        opinion, view, walker = asked(data)
        assert opinion.ask(view, walker, False, NOTHING) == found


@given(
    tokens=st.lists(
        st.sampled_from(
            (
                b"--frame",
                b"\r\n",
                b"\n",
                HEAD,
                b"\xff\xd8\xff",
                b"--x",
                b"\xff\xd9",
                b"a" * 300,
                WHOLE,
            )
        ),
        max_size=10,
    ),
    cuts=st.lists(st.integers(0, 800), max_size=4),
    unknown=st.booleans(),
)
# The cut is in the middle of FFD8FF behind a header block.
@example(tokens=[b"\r\n", HEAD, b"\xff\xd8\xff"], cuts=[len(HEAD) + 3], unknown=True)
@example(tokens=[b"\r\n", HEAD, b"\xff\xd8\xff"], cuts=[len(HEAD) + 4], unknown=True)
# In the middle of a delimiter.
@example(tokens=[b"\r\n", b"--frame", b"\r\n", HEAD], cuts=[5], unknown=False)
def test_asked_piece_by_piece_it_says_what_it_says_of_the_whole(
    twin: Any, asked: Asked, ahead: bytes, tokens: list[bytes], cuts: list[int], unknown: bool
) -> None:
    """And where `may_tell` says no, the answer is as it was."""
    data = START + b"".join(tokens)
    opinion, view, walker = asked(data)
    whole = opinion.ask(view, walker, unknown, NOTHING)
    opinion, _, walker = asked(data)
    make = twin.module("view").View
    since = SHIFT + 2
    for stop in sorted({min(len(START) + cut, len(data)) for cut in cuts} | {len(data)}):
        start = len(ahead)
        part = make(ahead + data[:stop], start, start + stop, SHIFT - start)
        told = opinion.may_tell(part, since, walker)
        assert opinion.asked == SHIFT + stop
        found = opinion.ask(part, walker, unknown, NOTHING)
        if found >= 0:
            assert told
            assert found == whole or (unknown and found <= whole)
            return
        since = SHIFT + stop
    assert whole == -1


def test_an_image_in_a_table_is_where_the_next_one_begins(asked: Asked) -> None:
    table = b"\xff\xd8\xff\xdb\0\x43\0" + b"\x10" * 20
    data = table + WHOLE
    opinion, view, walker = asked(data, buried=len(table))
    assert opinion.may_tell(view, SHIFT + len(data), walker)
    assert opinion.ask(view, walker, False, NOTHING) == SHIFT + len(table)
    assert opinion.cut_by == "soi"
    assert opinion.in_table(view, walker) == SHIFT + len(table)
    assert opinion.cut_by == "soi"


def test_ffd8ff_in_a_table_by_chance(asked: Asked) -> None:
    """No marker follows it, and no header stands before it."""
    data = b"\xff\xd8\xff\xdb\0\x43\0" + b"\x10" * 20 + b"\xff\xd8\xff\x10" + b"\x10" * 40
    data += FRAME + SCAN + b"abc\xff\xd9"
    opinion, view, walker = asked(data, buried=27)
    assert opinion.in_table(view, walker) == -1


@pytest.mark.parametrize("name", [b"frame", b"other"])
def test_a_delimiter_before_what_is_buried_counts_first(asked: Asked, name: bytes) -> None:
    """One that nobody declared as well."""
    begun = b"\xff\xd8\xff\xdb\0\x83\0" + b"\x10" * 4
    data = begun + b"\r\n--" + name + b"\r\n" + HEAD + WHOLE
    opinion, view, walker = asked(data, buried=len(begun) + 11 + len(HEAD))
    assert opinion.in_table(view, walker) == SHIFT + len(begun) + 2
    assert opinion.cut_by == "delimiter"


def test_behind_the_view_nothing_is_in_a_table(twin: Any, asked: Asked, ahead: bytes) -> None:
    table = b"\xff\xd8\xff\xdb\0\x43\0" + b"\x10" * 20
    data = table + WHOLE
    opinion, _, walker = asked(data, buried=len(table))
    view = twin.module("view").View(
        ahead + data, len(ahead), len(ahead + table), SHIFT - len(ahead)
    )
    assert opinion.in_table(view, walker) == -1
    assert opinion.ask(view, walker, False, NOTHING) == -1


@pytest.mark.parametrize("stands", [OTHER, IMAGE, ENDED])
def test_a_whole_image_inside(asked: Asked, stands: int) -> None:
    """It counts if what stands behind it is nothing that follows a thumbnail."""
    opinion, view, walker = asked(START + WHOLE)
    assert opinion.ask(view, walker, False, stands) == SHIFT + len(START)
    assert opinion.cut_by == "soi"


@pytest.mark.parametrize("stands", [OTHER, ENDED])
@pytest.mark.parametrize(("height", "lost"), [(8, True), (17, False)])
def test_a_thumbnail_is_smaller_than_what_follows_it(
    asked: Asked, stands: int, height: int, lost: bool
) -> None:
    """Behind the whole image come junk and the rest of one with a frame of this height.

    A smaller one has no room for the whole image as its thumbnail, so that one was lost.
    """
    frame = FRAME.replace(b"\x08\0\x10", bytes((8, 0, height)), 1)
    opinion, view, walker = asked(START + WHOLE + b"j" * 40 + frame + SCAN + b"abc")
    found = opinion.ask(view, walker, False, stands)
    assert found == (SHIFT + len(START) if lost else -1)


def test_it_waits_for_what_follows_a_whole_image(twin: Any, asked: Asked, ahead: bytes) -> None:
    data = START + WHOLE
    opinion, view, walker = asked(data)
    assert not opinion.waits()
    assert opinion.ask(view, walker, False, NOTHING) == -1
    assert opinion.waits()
    # The start of the next one can tell.
    start, stop = len(ahead), len(ahead + data)
    longer = twin.module("view").View(
        ahead + data + b"\xff\xd8\xff", start, stop + 3, SHIFT - start
    )
    assert opinion.may_tell(longer, SHIFT + len(data), walker)


@pytest.mark.parametrize("stands", [NOTHING, OTHER, ENDED])
def test_an_image_is_not_inside_of_itself(asked: Asked, stands: int) -> None:
    opinion, view, walker = asked(WHOLE)
    assert opinion.ask(view, walker, False, stands) == -1


def test_an_image_around_what_was_met(asked: Asked) -> None:
    """It had begun, and has a segment in which the walk is now."""
    data = START + START + FRAME
    opinion, view, walker = asked(data)
    assert opinion.around(view, walker) == SHIFT + len(START)
    opinion, view, walker = asked(START)
    assert opinion.around(view, walker) == -1


@pytest.mark.parametrize(
    ("before", "headed"),
    [
        (b"A: b\r\n\r\n", True),
        (b"a\n\n", True),
        (b"a\n\r\n\r", True),
        (b"\r\nContent-Length: 5\r\n", True),
        # Of the header itself nothing need be left.
        (b"\x80\r\n\r\n", True),
        (b"\x80\n\r\n\r", True),
        (b"\x80\r\n", False),
        (b"abc\r\n", False),
        (b"", False),
    ],
)
def test_an_image_behind_a_header_block(asked: Asked, before: bytes, headed: bool) -> None:
    data = b"\xff\xd8\xff\xe0" + before
    opinion, view, _ = asked(data)
    assert opinion.headed(view, view.stop) is headed


@pytest.mark.parametrize(
    ("tail", "at"), [(b"\r\n--frame--\r\n", 2), (b"--frame", 0), (b"--frame x", -1), (b"", -1)]
)
def test_the_last_delimiter_of_a_stream(asked: Asked, tail: bytes, at: int) -> None:
    opinion, view, _ = asked(START + tail)
    assert opinion.last(view) == (SHIFT + len(START) + at if at >= 0 else -1)
