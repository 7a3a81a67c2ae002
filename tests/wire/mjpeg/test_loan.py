"""The loan: each byte that was written goes to the image or to the window, in order, once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.errors import LocalProtocolError
from hamaproto.wire.mjpeg.loan import Loan
from hamaproto.wire.mjpeg.store import Store
from hamaproto.wire.mjpeg.window import Window

LARGE = 100_000


def loan(twin: Any, size: int = LARGE) -> tuple[Any, Any, Any]:
    window = twin.module("window").Window()
    store = twin.module("store").Store()
    store.start(size, b"", 0, 0)
    return window, store, twin.module("loan").Loan(window, store)


@given(
    missing=st.sampled_from((0, 1, 100, 5000, LARGE)),
    counts=st.lists(st.integers(0, 70_000), max_size=8),
    held=st.booleans(),
)
def test_what_was_written_is_in_the_image_or_behind_it(
    twin: Any, missing: int, counts: list[int], held: bool
) -> None:
    window, store, one = loan(twin, missing)
    written = bytearray()
    views: list[memoryview] = []
    fed = 0
    for number, count in enumerate(counts):
        view = one.lend(missing)
        # The image's own place is as long as what is missing of it.
        assert len(view) in (65536, missing)
        in_place = len(view) == missing
        count = min(count, len(view))
        view[:count] = bytes([number + 1]) * count
        if held:
            views.append(view[:1])
        taken = one.accept(count, missing)
        # What may reach behind the image is the window's, as a whole.
        assert taken == (count if in_place or count < missing else 0)
        missing -= taken
        if taken or count == 0:
            written += bytes([number + 1]) * count
        else:
            assert bytes(window.data[:count]) == bytes([number + 1]) * count
            window.pos = window.end
        fed += count
        assert window.fed == fed
    assert store.size == len(written)
    assert bytes(store.take()) == written


def test_the_place_ends_with_the_loan(twin: Any) -> None:
    _, _, one = loan(twin)
    for missing in (0, LARGE):
        view = one.lend(missing)
        one.accept(0, missing)
        with pytest.raises(ValueError, match="released"):
            view[0] = 1
    first = one.lend(0)
    one.lend(0)
    with pytest.raises(ValueError, match="released"):
        len(first)


def test_what_was_fed_meanwhile_comes_first(twin: Any) -> None:
    """The image's place is that of the bytes behind those that it had when it was lent."""
    window, store, one = loan(twin)
    one.lend(LARGE)[:3] = b"old"
    store.append(b"fed", 0, 3)
    window.pass_by(3)
    view = one.lend(LARGE - 3)
    view[:3] = b"new"
    assert one.accept(3, LARGE - 3) == 3
    assert bytes(store.take()) == b"fednew"


def test_a_place_in_the_image_that_was_passed_is_no_room(twin: Any) -> None:
    window, _, one = loan(twin)
    place = len(one.lend(LARGE))
    window.feed(b"fed")
    # The pure twin has lent its scratch buffer, which is as good as before.
    if place == LARGE:
        with pytest.raises(LocalProtocolError, match="room for 0 bytes"):
            one.accept(1, 0)
    else:
        assert one.accept(1, 0) == 0
    assert one.accept(0, 0) == 0


@pytest.mark.parametrize("missing", [0, 10, LARGE])
def test_more_than_was_lent_is_refused(twin: Any, missing: int) -> None:
    window, store, one = loan(twin)
    for _ in range(3):
        # However much was fed before anything was lent.
        with pytest.raises(LocalProtocolError, match=r"buffer_updated\(1\): .* room for 0 bytes"):
            one.accept(1, missing)
        window.feed(b"x")
    room = len(one.lend(missing))
    for count in (-1, room + 1, 1 << 70):
        with pytest.raises(LocalProtocolError, match=f"room for {room} bytes"):
            one.accept(count, missing)
    assert (window.fed, store.size) == (3, 0)


@pytest.mark.parametrize("fed", range(4))
def test_the_room_is_that_of_what_was_lent(twin: Any, fed: int) -> None:
    """However much came before; the first bytes are the image's if they do not fill it."""
    window, store, one = loan(twin)
    window.pass_by(fed)
    one.lend(10)[:5] = b"image"
    with pytest.raises(LocalProtocolError, match="room for 65536 bytes"):
        one.accept(65537, 10)
    one.lend(10)[:5] = b"image"
    assert one.accept(5, 10) == 5
    assert (bytes(store.take()), window.fed) == (b"image", fed + 5)


class StoreWithPlace(Store):
    """What the compiled store does, in Python: it has a place for what is still to come."""

    def view(self, size: int) -> memoryview:
        self.place = bytearray(size)
        return memoryview(self.place)

    def extend(self, size: int) -> None:
        self.append(bytes(self.place), 0, size)


def test_the_place_of_the_image_itself() -> None:
    """The same in the pure twin, whose own store has no such place."""
    window, store = Window(), StoreWithPlace()
    one = Loan(window, store)
    for count, missing in ((5, 5000), (0, 4995), (4995, 4995)):
        view = one.lend(missing)
        # A few bytes are not worth it.
        assert len(view) == missing
        view[:count] = b"x" * count
        assert one.accept(count, missing) == count
    assert len(one.lend(4096)) == 65536
    assert (window.fed, store.take()) == (5000, b"x" * 5000)
