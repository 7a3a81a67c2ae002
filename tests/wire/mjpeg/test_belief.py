"""Belief in lengths, and doubt of images, against what the theory of operation says of them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

#: What the images of a stream show: a length that was right, or a lie.
HISTORY = st.lists(st.sampled_from(("right", "lie")), max_size=60)


def believer(twin: Any, doubt: Any = None) -> Any:
    module = twin.module("belief")
    return module.Belief(doubt or module.Doubt(1 << 20))


@given(history=HISTORY)
def test_each_lie_doubles_what_must_be_right_before_the_next_is_believed(
    twin: Any, history: list[str]
) -> None:
    belief = believer(twin)
    lies = right = 0
    for what in history:
        if what == "lie":
            belief.lied()
            lies += 1
            right = 0
        else:
            belief.confirmed(1000)
            right += 1
        assert belief.believes(0, 1000) is (right >= min(2**lies, 1024))


def test_the_doubling_ends(twin: Any) -> None:
    belief = believer(twin)
    for _ in range(40):
        belief.lied()
    for _ in range(1023):
        belief.confirmed(1000)
    assert not belief.believes(0, 1000)
    belief.confirmed(1000)
    assert belief.believes(0, 1000)


@given(last=st.integers(1, 1 << 24), length=st.integers(1, 1 << 25), kept=st.booleans())
def test_a_length_must_be_like_the_last(twin: Any, last: int, length: int, kept: bool) -> None:
    """Within a quarter and 64 bytes of it."""
    belief = believer(twin)
    belief.confirmed(5 if kept else last)
    if kept:
        belief.last = last
    for near in (length, last + last // 4 + 64, last + last // 4 + 65, last - last // 4 - 64):
        assert belief.believes(0, near) is (abs(near - last) <= last / 4 + 64)


@given(max_frame=st.integers(1, 1 << 60), sizes=st.lists(st.integers(0, 1 << 22), max_size=30))
def test_an_image_is_in_doubt_once_more_was_read_again_than_a_stream_is_worth(
    twin: Any, max_frame: int, sizes: list[int]
) -> None:
    doubt = twin.module("belief").Doubt(max_frame)
    assert doubt.until <= 0
    again = 0
    for size in sizes:
        doubt.read_again(size)
        again += size
        for at in (doubt.until - 1, doubt.until, again // 8):
            # Eight times what came before, and a megabyte or a frame.
            assert (at < doubt.until) is (8 * (at + 1) + min(max_frame, 1 << 20) <= again)


def test_no_length_is_believed_of_an_image_in_doubt(twin: Any) -> None:
    doubt = twin.module("belief").Doubt(1)
    belief = believer(twin, doubt)
    belief.confirmed(1000)
    doubt.read_again(801)
    for at in range(98, 102):
        assert belief.believes(at, 1000) is (at >= doubt.until)
    assert not belief.believes(0, 1000)


def test_nothing_is_believed_before_anything_was_confirmed(twin: Any) -> None:
    """However short it is."""
    module = twin.module("belief")
    belief = module.Belief(module.Doubt(1 << 20))
    for length in (1, 10, 64):
        assert not belief.believes(0, length)
