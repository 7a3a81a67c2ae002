"""Frames out of byte streams: whole, cut, joined in the middle, damaged, wrapped."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.vectors import vectors
from hamaproto.errors import LimitExceededError, LocalProtocolError
from hamaproto.events import NEED_DATA, Anomaly, AnomalyCode, AudioFrame, EndOfStream, Skipped
from hamaproto.gsm import GsmEvent, GsmFrameParser, framing
from hamaproto.gsm.wav49 import pack
from hamaproto.limits import Limits

SPEECH = next(vector.frames for vector in vectors() if vector.name == "speech_espeak")
RANDOM = next(vector.frames for vector in vectors() if vector.name == "random1000")


def parse(data: bytes, cuts: Sequence[int] = (), **options: object) -> list[tuple[int, GsmEvent]]:
    """The events of a stream, each with the number of bytes after which it came out."""
    parser = GsmFrameParser(**options)  # type: ignore[arg-type]  # the test's own options
    out: list[tuple[int, GsmEvent]] = []
    start = 0
    for stop in (*sorted(cuts), len(data)):
        parser.receive_data(data[start:stop])
        start = stop
        out += [(stop, event) for event in parser.events()]
    parser.receive_eof()
    out += [(len(data) + 1, event) for event in parser.events()]
    return out


def events(data: bytes, **options: object) -> list[GsmEvent]:
    return [event for _, event in parse(data, **options)]


def frames(found: Sequence[GsmEvent]) -> list[bytes]:
    return [event.data for event in found if isinstance(event, AudioFrame)]


def split(data: bytes) -> list[bytes]:
    return [data[at : at + 33] for at in range(0, len(data), 33)]


def wrapped(sizes: Sequence[int], counted: bool, data: bytes = SPEECH) -> bytes:
    out, at = [], 0
    for size in sizes:
        body = data[at : at + size]
        at += size
        length = f"Content-Length: {len(body)}\r\n" if counted else ""
        out.append(f"--audio\r\nContent-Type: audio/gsm\r\n{length}\r\n".encode() + body + b"\r\n")
    return b"".join(out)


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Good streams and what may befall them."""
    source = draw(st.sampled_from((SPEECH, RANDOM)))
    start = draw(st.integers(0, 3000))
    data = bytearray(source[start : start + draw(st.integers(0, 900))])
    kind = draw(st.integers(0, 3))
    if kind == 1:
        data[:0] = draw(st.binary(max_size=80))
    elif kind == 2:
        sizes = draw(st.lists(st.integers(1, 120), min_size=1, max_size=6))
        data = bytearray(wrapped(sizes, draw(st.booleans()), bytes(data)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        gone = draw(st.integers(0, 40))
        data[at : at + gone] = draw(st.binary(max_size=40))
    return bytes(data)


# ---- the guarantees ----


@settings(max_examples=60)
@given(data=streams(), cuts=st.lists(st.integers(0, 1200), max_size=8), wav49=st.booleans())
def test_split_invariance(data: bytes, cuts: list[int], wav49: bool) -> None:
    by_byte = parse(data, range(1, len(data)), wav49=wav49)
    assert events(data, wav49=wav49) == [event for _, event in by_byte]
    cuts = [cut for cut in cuts if cut <= len(data)]
    stops = [*sorted(cuts), len(data), len(data) + 1]
    # However it is cut, an event comes with the chunk that holds its byte.
    want = [(min(stop for stop in stops if stop >= at), event) for at, event in by_byte]
    assert parse(data, cuts, wav49=wav49) == want


@settings(max_examples=100)
@given(data=st.one_of(streams(), st.binary(max_size=600)), wav49=st.booleans())
def test_byte_conservation(data: bytes, wav49: bool) -> None:
    parser = GsmFrameParser(wav49=wav49)
    parser.receive_data(data)
    parser.receive_eof()
    total = 0
    for event in parser.events():
        if isinstance(event, AudioFrame):
            # Of a WAV49 block the middle byte is counted with the first frame.
            total += len(event.data) - (wav49 and event.offset % 65 == 33)
            assert len(event.data) == 33
            assert event.data[0] >> 4 == 0xD
        elif isinstance(event, Skipped):
            assert event.length > 0
            total += event.length
    assert total == len(data)
    assert parser.next_event() == parser.next_event() != NEED_DATA


@given(data=st.binary(max_size=400))
def test_a_skip_covers_what_no_frame_does(data: bytes) -> None:
    place = 0
    for event in events(data):
        if isinstance(event, (AudioFrame, Skipped)):
            assert event.offset == place
            place += event.length if isinstance(event, Skipped) else 33
    assert place == len(data)


# ---- undamaged ----


@pytest.mark.parametrize("source", [SPEECH, RANDOM], ids=["speech", "random"])
def test_an_undamaged_stream_comes_out_whole_and_at_once(source: bytes) -> None:
    data = source[: 33 * 60]
    found = parse(data, range(1, len(data)))
    assert [at for at, event in found if isinstance(event, AudioFrame)] == [
        33 * (i + 1) for i in range(60)
    ]
    assert frames([event for _, event in found]) == split(data)
    assert [event.offset for _, event in found[:-1] if isinstance(event, AudioFrame)] == [
        33 * i for i in range(60)
    ]
    assert found[-1][1] == EndOfStream(True, len(data))


def test_a_stream_that_ends_within_a_frame() -> None:
    found = events(SPEECH[:100])
    assert frames(found) == split(SPEECH[:99])
    assert found[-2:] == [Skipped(99, 1, "cut off by the end"), EndOfStream(False, 100)]


def test_nothing_at_all() -> None:
    assert events(b"") == [EndOfStream(True, 0)]


# ---- damage ----


@pytest.mark.parametrize("at", range(1, 33))
def test_joined_in_the_middle(at: int) -> None:
    data = SPEECH[33 * 70 + at : 33 * 120]
    found = frames(events(data))
    want = split(SPEECH[33 * 71 : 33 * 120])
    # A byte that looks like a beginning may cost a wrong frame and the one it overlaps.
    looks_good = data[0] >> 4 == 0xD
    assert found[looks_good:] == want[looks_good:] or found == want


def test_a_damaged_nibble_costs_its_frame_only() -> None:
    damaged = bytearray(SPEECH[: 33 * 40])
    for frame in (7, 9, 20):
        damaged[33 * frame] ^= 0x50
    found = events(bytes(damaged))
    assert frames(found) == [
        frame for i, frame in enumerate(split(SPEECH[: 33 * 40])) if i not in (7, 9, 20)
    ]
    lost = [event for event in found if isinstance(event, Anomaly)]
    assert {event.code for event in lost} == {AnomalyCode.LOST_SYNC}
    assert [event.offset for event in lost] == [33 * 7, 33 * 20]


def test_damage_anywhere_costs_what_it_hits() -> None:
    source = random.Random(1)
    for _ in range(60):
        damaged = bytearray(SPEECH[: 33 * 60])
        hit = set()
        for _ in range(5):
            at = source.randrange(len(damaged))
            damaged[at] = source.randrange(256)
            hit.add(at // 33)
        found = events(bytes(damaged))
        places = {event.offset for event in found if isinstance(event, AudioFrame)}
        assert {33 * i for i in range(60)} - places <= {33 * i for i in hit}


@pytest.mark.parametrize("lost", [1, 5, 17, 32, 33, 50, 100])
@pytest.mark.parametrize("junk", [0, 1, 40, 500])
def test_the_step_is_found_again(lost: int, junk: int) -> None:
    source = random.Random(lost * 1000 + junk)
    cut = 33 * 100 + source.randrange(33)
    tail = SPEECH[cut + lost :]
    found = events(SPEECH[:cut] + source.randbytes(junk) + tail)
    whole = split(SPEECH)
    # All frames before the damage, and after it all but the one that the damaged one, which
    # is delivered at once, takes along.
    first = -(-(cut + lost) // 33) + 1
    out = frames(found)
    assert out[: cut // 33] == whole[: cut // 33]
    assert out[-(len(whole) - first) :] == whole[first:]
    assert len(out) <= len(whole) + 2
    assert found[-1] == EndOfStream(True, len(SPEECH) - lost + junk)


def test_a_last_frame_behind_damage_is_delivered() -> None:
    data = SPEECH[: 33 * 30] + b"\x00" * 10 + SPEECH[33 * 30 : 33 * 31]
    found = events(data)
    assert frames(found) == split(SPEECH[: 33 * 31])
    assert Skipped(33 * 30, 10, "no frame begins here") in found
    assert found[-1] == EndOfStream(True, len(data))


def test_noise_holds_next_to_no_frames() -> None:
    noise = random.Random(3).randbytes(100_000)
    found = events(noise)
    # Chance gives some, and each has to look like three.
    assert len(frames(found)) < 40
    assert found[-1].complete is False  # type: ignore[union-attr]


def test_noise_is_bounded() -> None:
    parser = GsmFrameParser(limits=Limits(max_junk=5000))
    for _ in range(3000):
        parser.receive_data(b"\x00\x11\x22")
    assert isinstance(parser.next_event(), Anomaly)
    with pytest.raises(LimitExceededError, match="max_junk") as raised:
        parser.next_event()
    assert raised.value.offset == 5000
    for call in (lambda: parser.receive_data(b"more"), parser.receive_eof, parser.next_event):
        with pytest.raises(LimitExceededError, match="max_junk"):
            call()


def test_the_offset_of_an_error_is_in_the_whole_stream() -> None:
    head = b"--b\r\nX: y\r\n\r\n"
    parser = GsmFrameParser(limits=Limits(max_junk=100))
    parser.receive_data(SPEECH[:0] + head + bytes(101))
    with pytest.raises(LimitExceededError, match="no GSM frame in 100 bytes") as raised:
        list(parser.events())
    assert raised.value.offset == len(head) + 100
    # 40 minutes of sound.
    assert framing.MOST_JUNK == 4 << 20


def test_little_is_held() -> None:
    parser = GsmFrameParser()
    parser.receive_data(SPEECH[:330])
    for _ in range(500):
        parser.receive_data(bytes(100))
        list(parser.events())
    sync = parser._source._sync  # type: ignore[union-attr]  # the point of the test
    assert sync.held <= 16 * 33 + 100


# ---- wrappers ----


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("sizes", [[33] * 10, [330], [66, 99, 33], [20, 46, 50, 10, 39]])
def test_a_multipart_wrapper_is_taken_off(sizes: list[int], counted: bool) -> None:
    data = wrapped(sizes, counted) + b"--audio--\r\n"
    found = parse(data, range(1, len(data)))
    out = [event for _, event in found if isinstance(event, AudioFrame)]
    assert [event.data for event in out] == split(SPEECH[: sum(sizes)])
    assert found[-1][1] == EndOfStream(True, len(data))
    for at, event in found:
        if isinstance(event, AudioFrame):
            assert data[event.offset] == event.data[0]
            # At once, but for line ends, which may begin a delimiter.
            late = data[event.offset + 32] in b"\r\n"
            if counted and len(set(sizes)) == 1:
                assert at == event.offset + 33
            elif not late and data.find(event.data) >= 0:
                assert at <= event.offset + 33


def test_parts_whose_length_is_too_short_are_read_on() -> None:
    body = SPEECH[:330]
    data = b"\r\n--b\nContent-length: 5\n\n" + body + b"\n--b\n\n" + SPEECH[330:660] + b"\n--b--\n"
    assert frames(events(data)) == split(SPEECH[:660])


def test_dashes_that_are_no_delimiter() -> None:
    data = b"--" + bytes(100) + SPEECH[:330]
    assert frames(events(data)) == split(SPEECH[:330])


def test_an_endless_head_is_no_head() -> None:
    data = b"--b\r\n" + b"X: y\r\n" * 5000 + SPEECH[: 33 * 10]
    found = events(data)
    assert frames(found) == split(SPEECH[: 33 * 10])


def test_wav49_blocks() -> None:
    data = pack(SPEECH[: 33 * 8])
    found = parse(data, range(1, len(data)), wav49=True)
    assert [(at, event.offset) for at, event in found if isinstance(event, AudioFrame)] == [
        (65 * block + at, 65 * block + offset)
        for block in range(4)
        for at, offset in ((33, 0), (65, 33))
    ]
    assert frames([event for _, event in found]) == split(SPEECH[: 33 * 8])
    assert events(data[:40], wav49=True)[1:] == [
        Skipped(33, 7, "cut off by the end"),
        EndOfStream(False, 40),
    ]


# ---- the contract ----


def test_the_contract() -> None:
    parser = GsmFrameParser()
    assert parser.next_event() is NEED_DATA
    parser.receive_data(b"")
    chunk = bytearray(SPEECH[:33])
    parser.receive_data(chunk)
    chunk[:] = bytes(33)
    assert parser.next_event() == AudioFrame(SPEECH[:33], 0)
    parser.receive_data(memoryview(SPEECH)[33:66])
    with pytest.raises(LocalProtocolError, match="bytes-like"):
        parser.receive_data("text")  # type: ignore[arg-type]  # the point of the test
    parser.receive_eof()
    parser.receive_eof()
    with pytest.raises(LocalProtocolError, match="receive_eof"):
        parser.receive_data(b"x")
    assert list(parser.events()) == [AudioFrame(SPEECH[33:66], 33), EndOfStream(True, 66)]
    assert parser.next_event() == EndOfStream(True, 66)


def test_no_sound_is_looked_for_in_hours_of_something_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert Limits().max_junk > framing.MOST_JUNK
    monkeypatch.setattr(framing, "MOST_JUNK", 5000)
    parser = GsmFrameParser()
    parser.receive_data(bytes(5100))
    with pytest.raises(LimitExceededError, match="no GSM frame in 5000 bytes"):
        list(parser.events())
