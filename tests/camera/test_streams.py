"""What a stream gives and when, how it ends, and what it costs who is late."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.camera import CameraState, Faults, Pictures, read_stamp
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.camera.sound import chime
from hamaproto.camera.streams import AudioStream, TalkStream, VideoStream

PART = re.compile(
    rb"Motion-Event: ([01])\r\nContent-Type: image/jpeg\r\nContent-Length: (\d+)\r\n\r\n"
    rb"(\xff\xd8.*?\xff\xd9)\r\n--myboundary\r\n",
    re.DOTALL,
)


def camera(**options: object) -> CameraState:
    state = CameraState(pictures=Pictures(draw_mosaic), **options)  # type: ignore[arg-type]
    state.update(b"Image.I0.Appearance.Resolution=320x240", 0.0)
    return state


def video(*faults: str, now: float = 0.0, state: CameraState | None = None) -> VideoStream:
    return VideoStream(state or camera(), Faults(*faults), now)


def number_of(piece: bytes) -> int:
    part = PART.fullmatch(piece)
    assert part is not None
    assert int(part[2]) == len(part[3])
    stamp = read_stamp(part[3])
    assert stamp is not None
    return stamp.number


def test_the_current_picture_is_there_at_once_and_the_next_when_it_is_due() -> None:
    stream = video(now=2.0)
    assert stream.due() == pytest.approx(2.0)
    assert number_of(stream.take(2.0)) == 30
    assert stream.take(2.0) == b""
    due = stream.due()
    assert due == pytest.approx(2.0 + 1 / 15)
    assert stream.take(due - 0.01) == b""
    assert number_of(stream.take(due)) == 31
    assert (stream.sent, stream.skipped, stream.ended) == (2, 0, False)
    assert repr(stream) == "<VideoStream 2 sent, 0 skipped>"


def test_the_motion_that_is_seen_is_told() -> None:
    state = camera()
    stream = video(state=state)
    told = []
    for number in range(4):
        state.motion = number % 2 == 1
        part = PART.fullmatch(stream.take(number / 15))
        assert part is not None
        told.append(part[1])
    assert told == [b"0", b"1", b"0", b"1"]


@given(st.integers(0, 200))
def test_who_is_late_gets_the_last_quarter_of_a_second(late: int) -> None:
    stream = video()
    now = late / 15
    numbers = []
    while piece := stream.take(now):
        numbers.append(number_of(piece))
    # 0.25 s are 3 pictures and a part of one, at 15 a second, and the current one.
    assert numbers == list(range(max(0, late - 3), late + 1))
    assert (stream.sent, stream.skipped) == (len(numbers), late + 1 - len(numbers))


def test_sound_may_be_late_by_a_second() -> None:
    state = camera()
    stream = AudioStream(state, Faults(), 1.0)
    frames = [stream.take(4.0) for _ in range(52)]
    assert frames == [chime(number) for number in range(150, 201)] + [b""]
    assert (stream.sent, stream.skipped) == (51, 100)
    assert stream.due() == pytest.approx(4.02)


def test_sound_that_is_off_has_ended_before_it_begins() -> None:
    for state in (camera(has_audio=False), camera()):
        state.form(b"enet_audio_enable=No", 0.0)
        stream = AudioStream(state, Faults(), 0.0)
        assert stream.ended
        assert (stream.take(1.0), stream.due()) == (b"", None)
        assert not stream.reset


def test_a_stream_holds_a_slot_until_it_is_closed() -> None:
    state = camera(max_users=1)
    first = video(state=state)
    second = video(state=state)
    assert (first.ended, second.ended, state.streams) == (False, True, 1)
    second.close()
    assert state.streams == 1
    first.close()
    first.close()
    assert state.streams == 0
    assert not video(state=state).ended


@pytest.mark.parametrize(
    ("fault", "whole", "reset", "ended", "rest"),
    [
        ("die@2", False, False, True, True),
        ("stall@2", False, False, False, False),
        ("stall-inside@2", False, False, False, True),
        ("reset@2", False, True, True, False),
    ],
)
def test_how_a_stream_breaks_off(
    fault: str, whole: bool, reset: bool, ended: bool, rest: bool
) -> None:
    stream = video(fault)
    assert (stream.whole, stream.reset) == (True, False)
    pieces = [stream.take(number / 15) for number in range(5)]
    assert [number_of(piece) for piece in pieces[:2]] == [0, 1]
    # Half of the third picture, or nothing of it.
    assert bool(pieces[2]) is rest
    if rest:
        full = [video().take(0.0), video(now=2 / 15).take(2 / 15)][1]
        assert full.startswith(pieces[2])
        assert len(pieces[2]) == len(full) // 2
    assert pieces[3:] == [b"", b""]
    assert (stream.whole, stream.reset, stream.ended) == (whole, reset, ended)
    assert stream.due() is None
    assert stream.sent == 2


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_closing_delimiter_is_behind_the_last_picture(count: int) -> None:
    stream = video(f"close@{count}")
    pieces = [stream.take(number / 15) for number in range(count - 1)]
    assert not stream.ended
    pieces.append(stream.take(count / 15))
    # Nobody has to ask again to learn that it was the last one.
    assert stream.ended
    pieces += [stream.take((count + number) / 15) for number in range(2)]
    for piece in pieces[: count - 1]:
        number_of(piece)
    assert pieces[count - 1].endswith(b"\xff\xd9\r\n--myboundary--\r\n")
    assert pieces[count:] == [b"", b""]
    assert (stream.whole, stream.reset, stream.ended) == (True, False, True)


def test_close_before_the_first_picture_is_a_whole_end() -> None:
    stream = video("close@0")
    assert stream.take(0.0) == b""
    assert (stream.whole, stream.reset, stream.ended) == (True, False, True)


FRAME = b"\xd8" + bytes(range(32))


def test_talk_back_gives_its_frames_to_the_camera() -> None:
    state = camera()
    stream = TalkStream(state)
    for at in range(0, 330, 20):
        stream.receive((FRAME * 10)[at : at + 20])
    assert (state.talk_frames, set(state.talk)) == (10, {FRAME})
    assert repr(stream) == "<TalkStream>"
    stream.close()
    assert state.streams == 0


def test_who_sends_32_kib_without_a_frame_is_not_heard_any_longer() -> None:
    state = camera()
    stream = TalkStream(state)
    stream.receive(bytes(32 * 1024))
    assert not stream.ended
    stream.receive(bytes(1))
    assert stream.ended
    assert repr(stream) == "<TalkStream, ended>"
    stream.receive(FRAME * 10)
    assert (stream.ended, state.talk_frames) == (True, 0)
