"""The step of bare frames: kept at once, lost with the byte that says so, found by evidence."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.vectors import vectors
from hamaproto.errors import LimitExceededError
from hamaproto.events import Anomaly, AnomalyCode, AudioFrame, EndOfStream, Skipped
from hamaproto.gsm.sync import FrameSync, plausible

SPEECH = next(vector.frames for vector in vectors() if vector.name == "speech_espeak")


def made(*lags: int, first: int = 0xD0, fill: int = 0) -> bytes:
    """A frame with these lags, and `fill` for everything else."""
    frame = bytearray([first] + [fill] * 32)
    for number, lag in enumerate(lags):
        frame[5 + 7 * number] = lag << 1
    return bytes(frame)


#: A frame that an encoder may have sent, and one whose lags are impossible.
LIKELY, UNLIKELY = made(40, 80, 119, 120), made(0, 0, 0, 0)


def sync(data: bytes, cuts: Sequence[int] = (), max_junk: int = 1 << 20) -> list[object]:
    """The events, each behind the number of bytes after which it came."""
    one = FrameSync(max_junk)
    found: list[object] = []
    for start, stop in itertools.pairwise((0, *sorted(cuts), len(data))):
        one.feed(data[start:stop])
        found += [(stop, event) for event in one.events]
        one.events.clear()
        assert one.held <= 16 * 33 + stop - start
    end = one.end()
    assert one.held == 0
    return [*found, *[(len(data) + 1, event) for event in (*one.events, end)]]


def by_byte(data: bytes) -> list[tuple[int, object]]:
    return sync(data, range(1, len(data)))  # type: ignore[return-value]


def frames_at(data: bytes) -> list[tuple[int, int]]:
    """After which byte each frame came, and where it begins."""
    return [(at, event.offset) for at, event in by_byte(data) if isinstance(event, AudioFrame)]


PIECES = st.one_of(
    st.sampled_from([LIKELY, UNLIKELY, LIKELY * 3, UNLIKELY * 4, b"\x00", b"\xd0", bytes(33)]),
    st.integers(0, 300).map(lambda at: SPEECH[33 * at : 33 * at + 66]),
    st.binary(max_size=40),
)


@settings(max_examples=60)
@given(st.lists(PIECES, max_size=8).map(b"".join), st.lists(st.integers(0, 300), max_size=4))
def test_the_events_do_not_depend_on_the_cuts_and_cover_every_byte(
    data: bytes, cuts: list[int]
) -> None:
    want = by_byte(data)
    stops = [*sorted(cut for cut in cuts if cut <= len(data)), len(data), len(data) + 1]
    assert sync(data, stops[:-2]) == [
        (min(stop for stop in stops if stop >= at), event) for at, event in want
    ]
    place = 0
    for _, event in want:
        if isinstance(event, AudioFrame):
            assert (event.offset, event.data) == (place, data[place : place + 33])
            assert event.data[0] >> 4 == 0xD
            place += 33
        elif isinstance(event, Skipped):
            assert (event.offset, event.length > 0) == (place, True)
            place += event.length
    assert place == len(data)


def test_in_step_each_frame_comes_with_its_last_byte() -> None:
    data = UNLIKELY * 3 + bytes([0xDF]) * 33
    assert frames_at(data) == [(33, 0), (66, 33), (99, 66), (132, 99)]
    assert by_byte(data)[-1] == (133, EndOfStream(True, 132))
    assert sync(data[:40])[-2:] == [
        (41, Skipped(33, 7, "cut off by the end")),
        (41, EndOfStream(False, 40)),
    ]
    assert sync(b"") == [(1, EndOfStream(True, 0))]


def test_the_step_is_lost_with_the_byte_that_is_no_beginning() -> None:
    found = by_byte(LIKELY + b"\x1a" + bytes(9))
    assert found[1] == (
        34,
        Anomaly(AnomalyCode.LOST_SYNC, 33, "a frame was due and the byte is 0x1A"),
    )
    assert found[2:] == [
        (44, Skipped(33, 10, "no frame begins here")),
        (44, EndOfStream(False, 43)),
    ]


@pytest.mark.parametrize(
    ("frames", "after"),
    [
        # Bits: a nibble is 4, four lags are 3.  Three beginnings and two likely frames are 18.
        ([LIKELY] * 4, 2 * 33 + 1),
        # Without likely frames it takes four beginnings: 16.
        ([UNLIKELY] * 5, 3 * 33 + 1),
        # Three beginnings and a likely frame are 15: the end of another one tells, or the
        # fourth beginning.
        ([LIKELY, UNLIKELY, LIKELY, LIKELY], 3 * 33),
        ([UNLIKELY, UNLIKELY, LIKELY, LIKELY], 3 * 33 + 1),
        ([LIKELY, UNLIKELY, UNLIKELY, UNLIKELY], 3 * 33 + 1),
    ],
)
def test_so_much_evidence_is_needed(frames: list[bytes], after: int) -> None:
    data = b"\x00\x00" + b"".join(frames)
    came = frames_at(data)
    whole = [at for at, _ in came if at == 2 + after]
    assert [at for at, _ in came][: len(whole)] == [2 + after] * len(whole)
    assert len(whole) == after // 33
    assert [offset for _, offset in came] == [2 + 33 * number for number in range(len(frames))]
    # In one piece it is the same: what is held is looked at again at once.
    assert [event for _, event in sync(data)] == [event for _, event in by_byte(data)]
    # And so it is if the phase was passed over before.
    later = frames_at(bytes(40) + data)
    assert later == [(at + 40, offset + 40) for at, offset in came]


@pytest.mark.parametrize(("before", "known"), [(1, False), (2, True), (5, True)])
def test_the_old_phase_counts_if_two_frames_were_in_it(before: int, known: bool) -> None:
    """It is worth 5 bits: two beginnings and a likely frame are 16 with it, and 11 without."""
    data = UNLIKELY * before + bytes(33) + LIKELY * 4
    first = 33 * (before + 1)
    came = [at for at, offset in frames_at(data) if offset == first]
    # The damaged beginning itself takes 2 of the 5 away, so that the frame's end is needed.
    assert came == [first + (66 if known else 67)]


def test_a_second_damaged_beginning_weakens_the_old_phase_and_does_not_end_it() -> None:
    data = LIKELY * 3 + bytes(33) * 2 + LIKELY + UNLIKELY * 4
    first = 33 * 5
    # 5 - 2 - 2 = 1: three beginnings and a likely frame are 16, with the third beginning.
    assert [at for at, offset in frames_at(data) if offset == first] == [first + 67]


@pytest.mark.parametrize(
    ("misses", "after"),
    [
        # 5 - 2 - 2 = 1: three beginnings and a likely frame are 16, with its end.
        (2, 99),
        # 5 bits are gone after three: then they are 15, and the fourth beginning decides.
        (3, 100),
        (9, 100),
    ],
)
def test_the_old_phase_wears_out_and_does_not_turn_against_it(misses: int, after: int) -> None:
    data = LIKELY * 2 + bytes(33) * misses + UNLIKELY * 2 + LIKELY + UNLIKELY * 2
    first = 33 * (2 + misses)
    assert [at for at, offset in frames_at(data) if offset == first] == [first + after]


def test_a_step_that_was_found_is_an_old_phase_too() -> None:
    # Found with the end of the third frame, and lost with the byte behind it.
    data = b"\x00\x00" + LIKELY + UNLIKELY + LIKELY + bytes(33) + LIKELY * 4
    first = 2 + 33 * 4
    assert [at for at, offset in frames_at(data) if offset == first] == [first + 66]


@pytest.mark.parametrize(("misses", "kept"), [(9, True), (10, True), (11, False), (30, False)])
def test_the_old_phase_is_remembered_for_sixteen_frames(misses: int, kept: bool) -> None:
    # A beginning in the old phase, many damaged ones, then the four that decide.
    data = LIKELY * 2 + bytes(33) + UNLIKELY + bytes(33) * misses + UNLIKELY * 5
    behind = 33 * (4 + misses)
    assert [offset for _, offset in frames_at(data)] == [
        *(0, 33),
        *[99] * kept,
        *[behind + 33 * number for number in range(5)],
    ]


def test_the_first_byte_that_is_held_may_begin_a_frame() -> None:
    # The search begins at 66; when it is 16 frames long, what is before 66 + 8 * 33 is dropped.
    data = LIKELY * 2 + bytes(33) * 8 + UNLIKELY + bytes(33) * 5 + UNLIKELY * 5
    assert [offset for _, offset in frames_at(data)][2:4] == [66 + 8 * 33, 66 + 14 * 33]


def test_at_the_end_the_old_phase_needs_9_bits_too() -> None:
    # 5 - 2 + 4 - 2 - 2 = 3, and 5 because a frame would end here: 8.
    data = LIKELY * 2 + bytes(33) + UNLIKELY + bytes(33) * 2
    assert [offset for _, offset in frames_at(data)] == [0, 33]
    # 5 - 2 + 4 - 2 + 4 = 9, where no frame would end.
    half = data[:-33] + UNLIKELY[:10]
    assert [offset for _, offset in frames_at(half)] == [0, 33, 99]
    # One damaged beginning less: 10.
    assert [offset for _, offset in frames_at(data[:-33])] == [0, 33, 99]


def test_a_beginning_that_fails_takes_all_evidence_of_its_phase() -> None:
    # Three beginnings in a phase, and then none: what comes behind begins anew.
    data = b"\x00" + UNLIKELY * 3 + bytes(33) + UNLIKELY * 4
    first = 1 + 33 * 4
    assert [offset for _, offset in frames_at(data)] == [first + 33 * n for n in range(4)]
    assert frames_at(data)[0][0] == first + 3 * 33 + 1


@pytest.mark.parametrize(
    ("behind", "delivered", "complete"),
    [
        # 9 bits are enough at the end: 4, and 5 for a frame that ends with the stream.
        (LIKELY, 1, True),
        (UNLIKELY, 1, True),
        (UNLIKELY * 2, 2, True),
        # Otherwise two beginnings and a likely frame: 11, and not 8.
        (LIKELY + UNLIKELY[:10], 1, False),
        (UNLIKELY * 2 + UNLIKELY[:10], 2, False),
        (UNLIKELY + UNLIKELY[:10], 0, False),
        # What should have begun a frame and did not takes all evidence away.
        (LIKELY + b"\x00", 0, False),
        (LIKELY * 2 + b"\x00", 0, False),
        # A beginning without its frame is none.
        (LIKELY[:32], 0, False),
    ],
)
def test_what_is_left_at_the_end(behind: bytes, delivered: int, complete: bool) -> None:
    data = b"\x00" * 7 + behind
    found = [event for _, event in by_byte(data)]
    frames = [event.offset for event in found if isinstance(event, AudioFrame)]
    assert frames == [7 + 33 * number for number in range(delivered)]
    assert found[-1] == EndOfStream(complete, len(data))


@pytest.mark.parametrize("most", [100, 528, 5000])
def test_the_search_is_bounded(most: int) -> None:
    data = LIKELY * 2 + bytes(most)
    sync(data, max_junk=most)
    one = FrameSync(most)
    with pytest.raises(LimitExceededError, match=f"no GSM frame in {most} bytes") as raised:
        one.feed(data + b"\x00")
    assert raised.value.offset == 66 + most


def test_evidence_is_never_older_than_what_is_held() -> None:
    # Beginnings far apart in a phase that nothing else is in: 33 * 17 is more than is held.
    data = b"\x00" + (b"\xd0" + bytes(32)) * 40
    assert len(frames_at(data)) == 40
    noise = random.Random(3).randbytes(30_000)
    assert len(frames_at(noise)) < 20


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize(("lag", "good"), [(39, 0), (40, 1), (80, 1), (120, 1), (121, 0), (127, 0)])
def test_four_lags_are_likely(place: int, lag: int, good: int) -> None:
    lags = [40, 60, 100, 120]
    lags[place] = lag
    data = b"\xff\xff" + made(*lags, fill=0xFF)
    assert plausible(data, 2) == bool(good)
    # The lowest bit of the byte belongs to the gain.
    odd = bytearray(data)
    odd[2 + 5 + 7 * place] |= 1
    assert plausible(odd, 2) == bool(good)
