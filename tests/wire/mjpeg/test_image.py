"""The image at hand: its bytes are those of the stream, however they came and were asked for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hamaproto.wire.mjpeg.codes import EOI, MORE, SOI, SURPRISE

IMAGE = (
    b"\xff\xd8\xff\xdb\0\x43\0" + b"\x10" * 64 + b"\xff\xc0\0\x0b\x08\0\x10\0\x10\1\1\x11\0"
    b"\xff\xda\0\x08\1\1\0\0\x3f\0" + bytes(range(100)) * 90 + b"\xff\xd9"
)
BEFORE = b"--frame\r\n\r\n"
STREAM = BEFORE + IMAGE + b"\r\n--frame\r\n"
#: What has been read, and is no longer at hand.
PASSED = b"another image\r\n"
#: Where the image begins.
AT = len(PASSED + BEFORE)


def begun(twin: Any, pieces: list[bytes]) -> tuple[Any, Any]:
    """A window with the first piece, and an image that begins behind `BEFORE`."""
    window = twin.module("window").Window()
    window.feed(PASSED)
    window.pos = len(PASSED)
    for piece in pieces:
        window.feed(piece)
    window.pos = len(BEFORE)
    image = twin.module("image").Image(window)
    image.begin(window.base + window.pos)
    return window, image


def walked(window: Any, image: Any) -> int:
    """Walk as far as the bytes go, keeping what was walked."""
    while (outcome := int(image.walk(window.end, window.end, window.final()))) == MORE:
        image.keep()
        if not window.more():
            break
    return outcome


def cut(sizes: list[int]) -> list[bytes]:
    """The stream in pieces, of which the first holds all before the image and its SOI."""
    pieces = [STREAM[: len(BEFORE) + 3]]
    at = len(pieces[0])
    for size in sizes:
        pieces.append(STREAM[at : at + size])
        at += size
    return [piece for piece in (*pieces, STREAM[at:]) if piece]


SIZES = st.lists(st.integers(1, 5000), max_size=8)


@given(sizes=SIZES, ask=st.booleans(), doubted=st.booleans())
def test_an_image_is_taken_as_it_came(
    twin: Any, sizes: list[int], ask: bool, doubted: bool
) -> None:
    window, image = begun(twin, cut(sizes))
    image.begin_walk(doubted)
    kept = image.kept
    while (outcome := image.walk(window.end, window.end, False)) == MORE:
        # What is to be searched first is not stored yet.
        assert image.kept == (kept if doubted else window.base + window.pos)
        if ask:
            # To look at it changes nothing.
            view = image.whole(window.pos)
            assert bytes(view.data[view.start : view.stop]) == IMAGE[: view.stop - view.start]
            assert view.shift + view.start == image.at == AT
            assert view.shift + view.stop == window.base + window.pos
            del view
        image.keep()
        kept = window.base + window.pos
        assert image.kept == kept
        assert window.more()
    assert outcome == EOI
    assert not image.walker.surprised
    assert image.take() == IMAGE
    assert image.end == AT + len(IMAGE) == window.base + window.pos
    assert image.store.size == 0


@given(sizes=SIZES, at=st.integers(0, len(IMAGE)), wanted=st.booleans(), line=st.booleans())
@example(sizes=[], at=IMAGE.index(b"\n") + 1, wanted=True, line=True)
@example(sizes=[9], at=IMAGE.rindex(b"\n") + 1, wanted=True, line=True)
def test_an_image_is_cut_and_what_is_behind_is_read_again(
    twin: Any, sizes: list[int], at: int, wanted: bool, line: bool
) -> None:
    window, image = begun(twin, cut(sizes))
    image.begin_walk(False)
    assert walked(window, image) == EOI
    data = image.cut(AT + at, wanted, line)
    ending = 1 if line and IMAGE[:at].endswith(b"\n") else 0
    assert data == (IMAGE[: at - ending] if wanted else b"")
    if wanted:
        assert image.end == AT + at - ending
    assert window.base + window.pos == AT + at
    rest = b""
    while True:
        rest += bytes(window.data[window.pos : window.end])
        window.pos = window.end
        if not window.more():
            break
    assert rest == STREAM[len(BEFORE) + at :]
    assert image.store.size == 0


@given(sizes=st.none() | SIZES, more=st.sampled_from((0, 0, 1, -1, 4)))
# A piece ends with the image, or a byte before or behind it.
@example(sizes=[len(IMAGE) - 4], more=0)
@example(sizes=[len(IMAGE) - 3], more=0)
@example(sizes=[len(IMAGE) - 2], more=0)
@example(sizes=[len(IMAGE) - 3], more=1)
@example(sizes=[100, len(IMAGE) - 103], more=0)
def test_an_image_whose_length_is_believed_is_filled_or_walked_after_all(
    twin: Any, sizes: list[int] | None, more: int
) -> None:
    pieces = [STREAM] if sizes is None else cut(sizes)
    window = twin.module("window").Window()
    window.feed(PASSED)
    window.pos = len(PASSED)
    window.feed(pieces.pop(0))
    image = twin.module("image").Image(window)
    length = len(IMAGE) + more
    whole = window.base + window.end >= AT + length
    # It waits for more exactly if there is none at hand, and lets go of what it stored.
    assert image.believe(AT, length) is not whole
    if not whole:
        assert window.pos == window.end == len(window.data) == 0
    assert image.at == AT
    assert image.declared == AT + length
    assert not image.phantom
    while (data := image.fill()) is None and image.missing:
        assert window.base + window.pos + image.missing == image.declared
        assert not window.more()
        window.feed(pieces.pop(0))
    assert image.missing == 0
    assert window.base + window.pos == image.declared
    assert data == (None if more else IMAGE)
    if more:
        image.put_back()
        assert image.kept == image.at
        image.begin_walk(True)
        assert image.doubted
        for piece in pieces:
            window.feed(piece)
        assert walked(window, image) == EOI
        assert image.take() == IMAGE
    assert image.store.size == 0


@pytest.mark.parametrize("over", [-1, 0, 1])
def test_an_image_that_came_at_once_waits_for_what_is_missing(twin: Any, over: int) -> None:
    window, image = begun(twin, [STREAM[: len(BEFORE + IMAGE) + over]])
    assert image.believe(AT, len(IMAGE)) is (over < 0)
    assert image.missing == (1 if over < 0 else 0)
    if over >= 0:
        assert window.base + window.pos == AT + len(IMAGE)
        assert image.fill() == IMAGE
        assert image.store.size == 0


def test_an_image_whose_length_never_comes_is_walked_after_all(twin: Any) -> None:
    window, image = begun(twin, [STREAM])
    image.believe(AT, len(STREAM))
    assert image.missing == len(BEFORE)
    assert image.fill() is None
    image.put_back()
    assert image.missing == 0
    image.begin_walk(False)
    assert walked(window, image) == EOI
    assert image.take() == IMAGE


@pytest.mark.parametrize("stored", [0, 2])
def test_an_image_begins_anew_with_the_second_of_two_sois(twin: Any, stored: int) -> None:
    stream = BEFORE + b"\xff\xd8" + IMAGE
    cut = len(BEFORE) + 3 if stored else len(stream)
    window, image = begun(twin, [piece for piece in (stream[:cut], stream[cut:]) if piece])
    image.begin_walk(False)
    assert walked(window, image) == SOI
    assert image.store.size == stored
    image.restart()
    assert image.store.size == 0
    assert image.at == image.kept == AT + 2
    assert walked(window, image) == EOI
    assert not image.walker.surprised
    assert image.take() == IMAGE


def test_a_thumbnail_is_part_of_its_image(twin: Any) -> None:
    """Joined inside an image: what begins there, and ends, is taken for one."""
    stream = BEFORE + b"inside" + IMAGE + b"more\xff\xd9"
    window, image = begun(twin, [stream])
    image.declared = 99
    image.begin_phantom(AT)
    assert image.phantom
    assert image.doubted
    assert image.declared == -1
    assert image.walk(window.end, window.end, True) == SOI
    image.nest()
    while (outcome := image.walk(window.end, window.end, True)) == SURPRISE:
        pass
    assert outcome == EOI
    assert window.pos == len(stream)
    image.begin(0)
    assert not image.phantom


def test_an_image_that_is_dropped_has_no_bytes(twin: Any) -> None:
    window, image = begun(twin, [STREAM[:5000]])
    image.begin_walk(False)
    assert walked(window, image) == MORE
    assert image.store.size == window.base + window.pos - AT
    image.drop()
    assert image.store.size == 0


def test_before_the_first_image_nothing_is_missing(twin: Any) -> None:
    image = twin.module("image").Image(twin.module("window").Window())
    assert image.missing == 0
    assert image.declared < 0
    assert image.store.size == 0
