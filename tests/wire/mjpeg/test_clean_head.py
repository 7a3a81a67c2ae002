"""A head that is read in one go: which ones are, what is known of them, and which are left."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

JPEG = b"Content-Type: image/jpeg\r\n"
SOI = b"\xff\xd8\xff"


def read(
    twin: Any,
    data: bytes,
    matcher: Any = None,
    most: int = 10,
    pos: int = 0,
    opened: bool = False,
    most_bytes: int = 1 << 20,
) -> Any:
    """The block and its length if the head is clean, else None."""
    module = twin.module("clean_head")
    matcher = matcher or module.HeadMatcher(b"--frame", most, most_bytes)
    if not module.clean_head(matcher, data, pos, len(data), opened):
        return None
    return data[matcher.start : matcher.stop], matcher.length


@pytest.mark.parametrize("before", [b"", b"\r\n"])
@pytest.mark.parametrize(
    ("block", "length"),
    [
        (JPEG, -1),
        (JPEG + b"Content-Length: 12\r\n", 12),
        (b"CONTENT-LENGTH:0012 \t\r\n" + JPEG, 12),
        (JPEG + b"Content-Length: 999999999\r\n", 999_999_999),
        (JPEG + b"X-A: \t~\r\nB:\r\n", -1),
        (b"content-type:image/jpg \r\n", -1),
    ],
)
def test_a_clean_head(twin: Any, before: bytes, block: bytes, length: int) -> None:
    data = before + b"--frame\r\n" + block + b"\r\n" + SOI
    assert read(twin, data) == (block, length)
    assert read(twin, b"junk" + data, pos=4) == (block, length)
    # Its delimiter may have been read before.
    alone = block + b"\r\n" + SOI
    assert read(twin, b"junk" + alone, pos=4, opened=True) == (block, length)
    assert read(twin, alone) is read(twin, data, opened=True) is None
    # FFD8FF belongs to what must be there.
    for end in range(len(data)):
        assert read(twin, data[:end]) is None
    for end in range(len(alone)):
        assert read(twin, alone[:end], opened=True) is None


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"X-A: b\r\n",
        b"Content-Type: image/png\r\n",
        b"Content-Type: image/jpeg; a=b\r\n",
        JPEG + JPEG,
        JPEG + b"Content-Length: 1\r\nContent-Length: 1\r\n",
        JPEG + b"Content-Length: 1\r\nContent-Md5: 1\r\n",
        JPEG + b"Content-Md5: 1\r\n",
        JPEG + b"Content-Length: 1234567890\r\n",
        JPEG + b"Content-Length: -1\r\n",
        JPEG + b"Content-Length: 1x\r\n",
        JPEG + b"Content-Length:\r\n",
        JPEG + b"-X: b\r\n",
        JPEG + b" folded\r\n",
        JPEG + b"no colon\r\n",
        JPEG + b"X: \x80\r\n",
        JPEG + b"X: \x00\r\n",
        JPEG + b"X : b\r\n",
        JPEG.replace(b"\r", b""),
    ],
)
def test_what_the_careful_way_has_to_read(twin: Any, block: bytes) -> None:
    assert read(twin, b"--frame\r\n" + block + b"\r\n" + SOI) is None
    assert read(twin, block + b"\r\n" + SOI, opened=True) is None


def test_around_the_block_nothing_may_be_odd(twin: Any) -> None:
    for start in (
        b"--other\r\n",
        b"--frame--\r\n",
        b"--frame\n",
        b"--frame \r\n",
        b"\n--frame\r\n",
    ):
        assert read(twin, start + JPEG + b"\r\n" + SOI) is None
    for behind in (b"\n" + SOI, b"\r\n\r\n" + SOI, b"\r\n\xff\xd8\xfe", b"\r\ntext", SOI):
        assert read(twin, b"--frame\r\n" + JPEG + behind) is None


def test_so_many_lines_are_read(twin: Any) -> None:
    data = b"--frame\r\n" + JPEG + b"A: b\r\n" * 2 + b"\r\n" + SOI
    assert read(twin, data, most=3) is not None
    assert read(twin, data, most=2) is None


numbers = st.integers(0, 10**9 - 1).map(lambda number: b"%d" % number)
values = st.one_of(
    numbers, st.sampled_from([b"", b"1x", b"-1", b"1234567890", b"007", b" 5", b"5 "])
)


@example(heads=[(b"", b"5", b"", SOI, False), (b"", b"1234567890", b"", SOI, False)])
@example(heads=[(b"", b"5", b"", SOI, True), (b"", b"1234567890", b"", SOI, True)])
@given(
    heads=st.lists(
        st.tuples(
            st.sampled_from((b"", b"\r\n")),
            values,
            st.sampled_from((b"", b"X-A: b\r\n", b"X-A: c\r\n", b"X-A : b\r\n")),
            st.sampled_from((SOI, b"text", b"")),
            st.booleans(),
        ),
        max_size=6,
    )
)
def test_a_matcher_that_knows_the_last_head_says_the_same(twin: Any, heads: list[Any]) -> None:
    """The next one is compared with it; what comes out is as if it were the first."""
    known = twin.module("clean_head").HeadMatcher(b"--frame", 10, 1 << 20)
    for before, value, more, behind, opened in heads:
        head = JPEG + b"Content-Length: " + value + b"\r\n" + more
        data = head + b"\r\n" + behind
        if not opened:
            data = before + b"--frame\r\n" + data
        assert read(twin, data, known, opened=opened) == read(twin, data, opened=opened)


def test_a_known_head_is_that_of_its_delimiter_only(twin: Any) -> None:
    """And one without a length is forgotten."""
    known = twin.module("clean_head").HeadMatcher(b"--frame", 10, 1 << 20)
    head = b"--frame\r\n" + JPEG + b"Content-Length: %d\r\n\r\n" + SOI
    assert read(twin, head % 5, known) == (JPEG + b"Content-Length: 5\r\n", 5)
    assert read(twin, head % 12345, known) == (JPEG + b"Content-Length: 12345\r\n", 12345)
    assert read(twin, b"--frame\r\n" + JPEG + b"\r\n" + SOI, known) == (JPEG, -1)
    assert read(twin, (head % 5).replace(b"frame", b"other"), known) is None
    assert read(twin, head % 6, known) == (JPEG + b"Content-Length: 6\r\n", 6)
    # One that differs in its number alone is not taken apart again.
    if twin.name == "pure":
        prefix = known.prefix
        for before in (b"", b"junk"):
            assert read(twin, before + head % 77, known, pos=len(before)) is not None
            assert known.prefix is prefix


@given(value=values, last=st.sampled_from((None, b"5", b"123456789")), cut=st.integers(-4, 4))
@example(value=b"1234567890", last=b"5", cut=0)
@example(value=b"123456789", last=b"5", cut=0)
@example(value=b"", last=b"5", cut=0)
def test_the_last_head_is_known_by_itself(
    twin: Any, value: bytes, last: bytes | None, cut: int
) -> None:
    """With its empty line and no byte more; nothing is known before there was one."""
    module = twin.module("clean_head")
    matcher = module.HeadMatcher(b"--frame", 10, 1 << 20)
    head = JPEG + b"Content-Length: %b\r\nX-A: b\r\n\r\n"
    if last is not None:
        assert read(twin, head % last + SOI, matcher, opened=True)
    data = head % value
    data = data[:cut] if cut < 0 else data + SOI[:cut] + b"x" * (cut - 3)
    right = last is not None and cut == 0 and value.isdigit() and len(value) < 10
    assert module.last_head_alone(matcher, b"junk" + data, 4, 4 + len(data)) is right
    if right:
        assert matcher.length == int(value)
    # Another line behind the number is another head.
    if last is not None:
        other = (head % last).replace(b"X-A: b", b"X-A: c")
        assert not module.last_head_alone(matcher, other, 0, len(other))


@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("more", [-1, 0, 1])
def test_a_block_of_as_many_bytes_as_may_be_is_clean(
    twin: Any, more: int, known: bool, opened: bool
) -> None:
    """With its empty line, and also where it is known again with more digits than before."""
    before = b"" if opened else b"--frame\r\n"
    head = JPEG + b"Content-Length: %d\r\n\r\n"
    size = len(head % 123)
    matcher = twin.module("clean_head").HeadMatcher(b"--frame", 2, size + more)
    if known:
        assert read(twin, before + head % 7 + SOI, matcher, opened=opened) is not None
    found = read(twin, before + head % 123 + SOI, matcher, opened=opened)
    assert found == (None if more < 0 else ((head % 123)[:-2], 123))
