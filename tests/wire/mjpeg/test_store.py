"""The store: what comes out is what was put in, whatever was asked meanwhile."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

#: Around the sizes at which pieces are kept in another way.
SIZES = st.sampled_from((0, 1, 2, 3, 4, 511, 512, 513, 4095, 4096, 4097, 9000))
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ("append", "buffer", "inside", "keep", "peek", "slice", "ends", "cut", "clear", "take")
        ),
        SIZES,
        st.sampled_from((b"", b"\xff\xd9", b"\xff", b"\xd9", b"\xff\xd9\xff\xd9")),
    ),
    max_size=12,
)


def piece(number: int, size: int, tail: bytes) -> bytes:
    return bytes([number + 1]) * size + tail


def lone(data: bytes) -> bool:
    """An EOI, with no other one directly before it."""
    return len(data) >= 4 and data.endswith(b"\xff\xd9") and not data.endswith(b"\xff\xd9" * 2)


# Less than is looked at is stored; an EOI stands across two pieces; one byte is left.
@example(steps=[("keep", 1, b""), ("ends", 0, b"")])
@example(steps=[("append", 512, b"\xff"), ("append", 0, b"\xd9"), ("ends", 0, b"")])
@example(steps=[("append", 3, b""), ("cut", 1, b""), ("take", 0, b"")])
@given(steps=STEPS)
def test_what_is_stored_comes_out(twin: Any, steps: list[tuple[str, int, bytes]]) -> None:
    store = twin.module("store").Store()
    stored = b""
    for number, (step, size, tail) in enumerate(steps):
        data = piece(number, size, tail)
        if step == "append":
            store.append(data, 0, len(data))
            stored += data
        elif step == "buffer":
            store.append(bytearray(data), 0, len(data))
            stored += data
        elif step == "inside":
            store.append(b"ab" + data + b"c", 2, 2 + len(data))
            stored += data
        elif step == "keep":
            store.keep(data, len(data))
            stored += data
        elif step == "peek":
            assert bytes(store.peek())[: store.size] == stored
        elif step == "slice":
            assert store.slice(1, min(size, len(stored))) == stored[1 : min(size, len(stored))]
        elif step == "ends" and twin.name == "pure":
            assert store.ends_with_lone_eoi() is lone(stored)
        elif step == "cut" and size <= len(stored):
            store.truncate(size)
            stored = stored[:size]
        elif step == "clear":
            store.truncate(0)
            stored = b""
        elif step == "take":
            assert store.take() == stored
            stored = b""
        assert store.size == len(stored)
    assert store.take() == stored
    assert store.size == 0


@given(
    first=SIZES,
    between=st.lists(SIZES, max_size=3),
    last=SIZES,
    tail=st.sampled_from((b"", b"\xff\xd9", b"\xff\xd9\xff\xd9", b"\xd9")),
    mutable=st.booleans(),
)
def test_an_image_is_taken_once_it_is_whole(
    twin: Any, first: int, between: list[int], last: int, tail: bytes, mutable: bool
) -> None:
    """If it ends in an EOI of its own; if not, it is kept, to be looked into."""
    kind = bytearray if mutable else bytes
    store = twin.module("store").Store()
    pieces = [piece(number, size, b"") for number, size in enumerate((first, *between))]
    whole = b"".join(pieces) + piece(9, last, tail)
    store.start(len(whole), kind(b"ab" + pieces[0] + b"c"), 2, 2 + len(pieces[0]))
    for data in pieces[1:]:
        store.append(kind(data), 0, len(data))
    data = piece(9, last, tail)
    found = store.finish(kind(b"ab" + data + b"c"), 2, 2 + len(data))
    if lone(whole):
        assert found == whole
        assert store.size == 0
    else:
        assert found is None
        assert store.size == len(whole)
        assert store.take() == whole


@pytest.mark.parametrize("size", [10, 600, 5000])
def test_what_is_stored_is_a_copy(twin: Any, size: int) -> None:
    store = twin.module("store").Store()
    data = bytearray(b"x" * size)
    store.start(2 * size, data, 0, size)
    store.append(data, 0, size)
    data[:] = b"y" * size
    assert store.take() == b"x" * (2 * size)


def test_a_place_for_what_comes(twin: Any) -> None:
    """The compiled one lends it; the pure one has none."""
    store = twin.module("store").Store()
    store.start(8, b"abc", 0, 3)
    view = store.view(5)
    if twin.name == "pure":
        assert view is None
        with pytest.raises(NotImplementedError):
            store.extend(5)
    else:
        view[:] = b"defgh"
        view.release()
        store.extend(5)
        assert store.take() == b"abcdefgh"


@pytest.mark.parametrize("way", ["start", "append"])
@pytest.mark.parametrize("size", [5000, 300_000])
def test_what_may_change_is_copied(twin: Any, way: str, size: int) -> None:
    """A window grows and lets go of bytes while an image of them is in the store."""
    store = twin.module("store").Store()
    data = bytearray(range(256)) * (size // 256)
    expected = bytes(data[1:-1])
    if way == "start":
        store.start(size, data, 1, len(data) - 1)
    else:
        store.append(data, 1, len(data) - 1)
    del data[:1000]
    data[:] = bytes(len(data))
    assert store.size == len(expected)
    assert store.take() == expected


@pytest.mark.parametrize("way", ["start", "append"])
@pytest.mark.parametrize(
    ("chunk", "piece", "held"), [(262144, 5000, True), (262145, 5000, False), (5000, 100, False)]
)
def test_a_large_chunk_is_not_kept_for_a_piece_of_it(
    twin: Any, way: str, chunk: int, piece: int, held: bool
) -> None:
    """But a chunk as sockets give it is, so that its piece is not copied twice."""
    if twin.name != "pure":
        pytest.skip("what is compiled copies each piece to its place")
    store = twin.module("store").Store()
    data = bytes(chunk)
    before = sys.getrefcount(data)
    if way == "start":
        store.start(10**6, data, 1, 1 + piece)
    else:
        store.append(data, 1, 1 + piece)
    assert (sys.getrefcount(data) > before) is held
    assert store.take() == bytes(piece)


@pytest.mark.parametrize(
    ("data", "lone"),
    [
        (b"xy\xff\xd9", True),
        (b"x\xff\xff\xd9", True),
        (b"\xff\xd8\xff\xd9", True),
        (b"x\xd9\xff\xd9", True),
        (b"\xff\xd9\xff\xd9", False),
        (b"xy\xff\xda", False),
        (b"xy\xfe\xd9", False),
        (b"xyz\xd9", False),
        # Of fewer bytes it can't be told.
        (b"x\xff\xd9", False),
        (b"", False),
    ],
)
def test_an_end_of_an_image_that_is_no_fill(twin: Any, data: bytes, lone: bool) -> None:
    for before, behind in ((b"", b""), (b"abc", b"\xff\xd9")):
        end = len(before + data)
        for kind in (bytes, bytearray):
            whole = kind(before + data + behind)
            assert twin.module("store").ends_with_lone_eoi(whole, len(before), end) is lone


@given(data=st.binary(max_size=40), pos=st.integers(0, 50), end=st.integers(-9, 1 << 40))
def test_what_is_cut_out_is_bytes_of_its_own(twin: Any, data: bytes, pos: int, end: int) -> None:
    for kind in (bytes, bytearray):
        found = twin.module("store").cut_out(kind(data), pos, end)
        assert type(found) is bytes
        if end >= 0:
            assert found == data[pos:end]


def test_no_end_is_looked_for_outside(twin: Any) -> None:
    if twin.name == "pure":
        pytest.skip("Python looks at its indexes itself")
    for pos, end in ((-1, 4), (0, 9), (2, 1 << 40)):
        with pytest.raises(IndexError):
            twin.module("store").ends_with_lone_eoi(b"ab\xff\xd9", pos, end)
