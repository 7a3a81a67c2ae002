"""Where a part ends that is no image: at the first place that can end it, however it is cut."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.wire.mjpeg.delimiter import DelimiterSet

HEAD = b"Content-Type: text/plain\r\n\r\n"
SOI = b"\xff\xd8\xff\xe0"
TOKENS = st.sampled_from(
    (
        b"text",
        b"\r\n",
        b"\n",
        b"\n\r",
        b"\r",
        b"--",
        b"--frame",
        b"--frame\r\n",
        b"--frame--\r\n",
        b"--frameX-A: b",
        b"--frame\r\n" + HEAD,
        b"--frame\r\n\r\n",
        b"--other\r\nContent-Type: a\r\n\r\n",
        b"--other\r\nA: a\r\n\r\n",
        HEAD,
        SOI,
        b"\xff",
        b"\xff\xd8",
        b"\0",
    )
)


def part(twin: Any, text: bool = False, sound: bool = False) -> Any:
    window = twin.module("window").Window()
    delimiters = DelimiterSet("frame")
    reader = twin.module("text_part").PartReader(window, delimiters)
    names = twin.module("scans").Names(delimiters.patterns)
    reader.open(0, text, sound)
    return window, reader, names


def end(
    twin: Any,
    pieces: list[bytes],
    untold: bool,
    text: bool = False,
    sound: bool = False,
    before: int = 0,
    ahead: bytes = b"",
) -> int:
    """How far behind its beginning the part ends, or -1 if the stream ends first.

    It begins behind so many bytes, with those `ahead` at hand.
    """
    window, reader, names = part(twin, text, sound)
    if before:
        window.feed(bytes(before))
        window.pos = before
        assert not window.more()
    start = len(ahead)
    reader.open(before + start, text, sound)
    pieces = [ahead + pieces[0], *pieces[1:]]
    least = 0
    for number, piece in enumerate([*pieces, b""]):
        if piece:
            window.feed(piece)
            if number == 0:
                window.pos = start
        elif number == len(pieces):
            window.close()
        while True:
            # The window holds the part from where it stands.
            begin, stop = window.pos, window.end
            final = window.final()
            at = int(reader.end(names, begin, stop, final, untold))
            if at >= 0:
                assert at - begin >= least
                return at - begin
            if not final:
                sure = reader.least(names, stop) - begin
                stop -= begin
                assert least <= sure <= stop
                least = sure
            if not window.more():
                break
    return -1


@given(
    body=st.lists(TOKENS, min_size=1, max_size=12).map(b"".join),
    cuts=st.lists(st.integers(0, 200), max_size=5),
    untold=st.booleans(),
    kind=st.sampled_from(("text", "sound", "")),
    before=st.sampled_from((0, 1, 50, 1000)),
    ahead=st.sampled_from((b"", b"x", b"\r\n", b"--frame\r\n", b"x" * 300)),
)
def test_a_part_ends_at_the_same_place_however_it_is_cut_and_wherever_it_stands(
    twin: Any, body: bytes, cuts: list[int], untold: bool, kind: str, before: int, ahead: bytes
) -> None:
    options: Any = {"text": kind == "text", "sound": kind == "sound"}
    whole = end(twin, [body], untold, **options)
    options["before"] = before
    assert end(twin, [body], untold, ahead=ahead, **options) == whole
    places = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    pieces = [piece for one, two in pairwise(places) if (piece := body[one:two])]
    assert end(twin, pieces, untold, ahead=ahead, **options) == whole
    assert end(twin, pieces, untold, **options) == whole
    assert end(twin, [bytes([byte]) for byte in body], untold, **options) == whole


@pytest.mark.parametrize(
    ("body", "told", "untold"),
    [
        (b"text", -1, -1),
        # Where it begins, it may end at once.
        (b"--frame\r\n" + HEAD, 0, 0),
        (b"--other\r\nContent-Type: a\r\n\r\n", -1, 0),
        (b"-" + HEAD, -1, -1),
        (b"text\r\n--frame\r\n" + HEAD, 6, 6),
        (b"text\r\n--frame--\r\n", 6, 6),
        # Twice is one delimiter.
        (b"text\r\n--frame\r\n--frame\r\n" + HEAD, 6, 6),
        (b"text\r\n--frame\r\n\r--frame\r\n" + HEAD, 6, 6),
        (b"text\r\n--frame\r\nno\r\n--frame\r\n" + HEAD, 19, 19),
        # An empty head is enough if nothing else would end the part.
        (b"text\r\n--frame\r\n\r\nmore\r\n", -1, 6),
        (b"text\r\n--frame", 6, 6),
        # Not at the start of a line: only if nothing else would, and a header follows.
        (b"text--frame\r\n" + HEAD, -1, 4),
        (b"text--frameContent-Type: a\r\n\r\n", -1, 4),
        (b"text--frameA: a\r\n\r\n", -1, -1),
        (b"text--frame--\r\n", -1, -1),
        (b"text\r\n--frameA: a\r\n\r\n", 6, 6),
        # One that nobody declared.
        (b"text\r\n--other\r\nContent-Type: a\r\n\r\n", -1, 6),
        (b"text\r\n--other\r\nA: a\r\n\r\n", -1, -1),
        (b"text\r\n--other\r\nmore", -1, -1),
        # A byte of damage before a known one: then it stands in the middle of a line.
        (b"text\r\n---frame\r\nA: b\r\n\r\n", -1, 7),
        (b"text\r\n--\0", -1, -1),
        # An image: behind a header, or at the start of a line.
        (b"te" + HEAD + SOI, 2 + len(HEAD), 2 + len(HEAD)),
        (b"text\r\n" + SOI, -1, 6),
        (b"text\r\n" + SOI + b"more", -1, 6),
        (b"text\r\n\xff\xd8\xff\0", -1, -1),
        (b"text\r\n\xff\xd8\xff", -1, -1),
    ],
)
def test_what_ends_a_part(twin: Any, body: bytes, told: int, untold: int) -> None:
    for ahead in (b"", b"\n", b"ahead of it"):
        assert end(twin, [body], False, ahead=ahead) == told
        assert end(twin, [body], True, ahead=ahead) == untold


@pytest.mark.parametrize("final", [False, True])
def test_a_part_of_which_nothing_is_there_has_no_end(twin: Any, final: bool) -> None:
    for before in (b"", b"before it"):
        window, reader, names = part(twin)
        window.feed(before + b"\n")
        window.pos = window.end
        reader.open(window.end, False, False)
        assert reader.end(names, window.pos, window.end, final, True) == -1
        assert reader.least(names, window.end) == window.pos


def test_ffd8ff_that_begins_no_image_is_waited_for_no_longer_than_for_its_next_byte(
    twin: Any,
) -> None:
    """What follows it is read as if it was not there, before the stream ends."""
    for before in (b"", b"passed on\r\n"):
        window, reader, names = part(twin)
        if before:
            window.feed(before)
            window.pos = window.end
        window.feed(b"text\r\n\xff\xd8\xff")
        reader.open(len(before), False, False)
        start, base = window.pos, window.base
        assert reader.end(names, start, window.end, False, True) == -1
        assert base + reader.least(names, window.end) == len(before) + 6
        assert not window.more()
        window.feed(b"\0\r\n--frame\r\n" + HEAD)
        at = reader.end(names, window.pos, window.end, False, True)
        assert window.base + at == len(before) + 12


@pytest.mark.parametrize(
    ("text", "sound", "told", "untold"),
    [(True, False, 4, 4), (False, True, -1, -1), (False, False, -1, 4)],
)
def test_ffd8ff_in_the_middle_of_a_line(
    twin: Any, text: bool, sound: bool, told: int, untold: int
) -> None:
    """No text holds it; sound may hold any bytes."""
    assert end(twin, [b"text" + SOI], False, text, sound) == told
    assert end(twin, [b"text" + SOI], True, text, sound) == untold


@pytest.mark.parametrize("code", range(256))
def test_what_stands_behind_ffd8ff_in_an_image(twin: Any, code: int) -> None:
    """A segment's marker, of T.81 B.1.1.3, or fill; no image begins with another one."""
    begins = 0xC0 <= code <= 0xCF or code >= 0xDA
    body = b"text\r\n\xff\xd8\xff" + bytes((code,)) + b"more"
    assert end(twin, [body], True) == (6 if begins else -1)


def test_what_the_end_of_a_part_cuts_is_not_in_it(twin: Any) -> None:
    """By its length the part ends in an FFD8FF, which is none of its bytes."""
    for stop, found in ((6, -1), (7, 4)):
        for final in (False, True):
            window, reader, names = part(twin, text=True)
            window.feed(b"text" + SOI + b"abc")
            assert reader.end(names, 0, stop, final, False) == found


def test_an_image_across_the_end_counts_more_than_a_name_in_it(twin: Any) -> None:
    """A boundary may have any bytes, those of an image too."""
    window, reader, _ = part(twin)
    window.feed(b"te" + SOI + b"xyz")
    window.close()
    names = twin.module("scans").Names(((SOI[2:], True),))
    assert reader.across(names, 0, 4) == 2
    # Not more than one that begins where all three bytes are the part's.
    names = twin.module("scans").Names(((SOI[3:] + b"xyz", True),))
    assert reader.across(names, 0, 5) == 5
    names = twin.module("scans").Names(())
    assert reader.across(names, 0, 5) == 2


def test_what_stands_before_the_last_bytes_is_sure_once_no_delimiter_can_follow(twin: Any) -> None:
    window, reader, names = part(twin)
    window.feed(b"text\r\n--frame\r\n")
    assert reader.end(names, 0, window.end, False, False) == -1
    assert reader.least(names, window.end) == 6
    assert not window.more()
    window.feed(b"this is no header, and so that was no delimiter")
    assert reader.end(names, 0, window.end, False, False) == -1
    assert reader.least(names, window.end) > 15


@pytest.mark.parametrize("before", [0, 1000])
@pytest.mark.parametrize("ahead", [b"", b"ahead of it"])
@pytest.mark.parametrize(
    ("behind", "sure"),
    [
        # What may be the delimiter once more, which would be one with the first.
        (b"-", False),
        (b"--fra", False),
        (b"\r-", False),
        (b"\r--frame\r\n-", False),
        # What can't.
        (b"?", True),
        (b"\r?", True),
        (b"\r--frame\r\n?", True),
        (b"-frame", True),
    ],
)
def test_a_delimiter_that_may_be_given_again_is_not_passed(
    twin: Any, behind: bytes, sure: bool, ahead: bytes, before: int
) -> None:
    window, reader, names = part(twin)
    if before:
        window.feed(bytes(before))
        window.pos = before
        assert not window.more()
    body = b"text\r\n--frame\r\n" + behind
    window.feed(ahead + body)
    window.pos = start = len(ahead)
    reader.open(before + start, False, False)
    assert reader.end(names, start, window.end, False, False) == -1
    least = reader.least(names, window.end) - start
    if sure:
        assert 15 < least <= len(body)
    else:
        assert least == 6


def test_delimiters_without_end_are_not_all_remembered(twin: Any) -> None:
    """The part then ends at a later one: at most eight are taken for one."""
    body = b"--frame\r\n" * 20 + HEAD
    assert end(twin, [body], False) == 11 * len(b"--frame\r\n")


@pytest.mark.parametrize("ahead", [b"", b"\xff", b"ahead\r\n"])
@pytest.mark.parametrize(
    ("data", "stop", "more", "expected"),
    [
        # No image, or one that its own bytes rule out.
        (b"text\r\n", 4, b"", 4),
        (b"te\xff\xd8xx", 4, b"", 4),
        (b"te" + SOI + b"\r\n--frame", 6, b"", 6),
        (b"te\xff\xd8\xff\0xyz", 6, b"", 6),
        # One that goes on behind the end, where nothing begins that a gap begins with.
        (b"te" + SOI + b"xyz", 6, b"", 2),
        (b"te" + SOI + b"--frame\r\n", 6, b"", 6),
        (b"te" + SOI + b"\xff\xd8\xff", 6, b"", 6),
        (b"te" + SOI, 6, b"", 6),
        (b"te" + SOI + b"xyz", 6, b"more", 2),
        (SOI + b"xyz", 2, b"", 0),
        (SOI + b"xyz", 4, b"", 0),
        # One that begins before the part does.
        (b"\xd8\xff\xe0xyz", 1, b"", 1),
        (b"\xd8\xff\xe0xyz", 2, b"", 2),
        # Its first three bytes are the last of the part; or FFD8FF is, and an image begins there.
        (b"te" + SOI + b"xyz", 5, b"", 2),
        (b"te\xff\xd8" + SOI + b"xyz", 5, b"", 4),
        (b"te\xff\xd8\0\xe0xyz", 4, b"", 4),
        (b"te\xff\xd8\xff", 5, b"", 5),
        (b"te\xff\xd8\xff", 3, b"", 3),
        # Nothing but what is there is needed.
        (b"text\r\n--frame", 4, b"more", 4),
        (b"te" + SOI + b"\xff\xd8\xff", 6, b"x", 6),
        # One that the end cuts, before or behind its second byte.
        (b"te" + SOI + b"xyz", 3, b"", 2),
        (b"te" + SOI + b"xyz", 4, b"", 2),
        # More is needed to tell.
        (b"te\xff\xd8\xff", 5, b"\xe0", -1),
        (b"te\xff\xd8\xff", 3, b"\xe0", -1),
        (b"te" + SOI + b"\xff", 6, b"x", -1),
        (b"te" + SOI + b"--fr", 6, b"x", -1),
    ],
)
def test_an_image_across_the_end_of_a_part(
    twin: Any, data: bytes, stop: int, more: bytes, expected: int, ahead: bytes
) -> None:
    window, reader, names = part(twin)
    window.feed(ahead + data)
    start = len(ahead)
    if not more:
        window.close()
    found = reader.across(names, start, start + stop)
    assert found == (start + expected if expected >= 0 else -1)
