"""A body through its parser, across gaps, with the offsets of what was sent."""

from __future__ import annotations

import random

import pytest

from fixtures import read_bytes, recordings
from hamaproto.captures.body import PIECE, Body
from hamaproto.captures.observed import Broken, ObservedEvent
from hamaproto.captures.places import Places
from hamaproto.commands import Reply
from hamaproto.events import AudioFrame, Data, Frame, Param
from hamaproto.limits import DEFAULT_LIMITS, Limits

SOUND = read_bytes("gsm", "libgsm", "speech_espeak.gsm")[: 33 * 100]
LIST = b"".join(b"Group.Key%d=%d\n" % (number, number) for number in range(50))


class Told:
    """What a body tells."""

    def __init__(
        self, reply: Reply, content_type: str | None = None, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        self.events: list[ObservedEvent] = []
        self.spans: list[tuple[int, int]] = []
        self.body = Body(self.take, reply, content_type, None, limits, Places())

    def take(
        self, event: ObservedEvent, places: Places, start: int, stop: int, at: int | None
    ) -> None:
        self.events.append(event)
        self.spans.append((start, stop))


def test_sound_across_a_gap_has_the_offsets_of_the_body() -> None:
    told = Told(Reply.AUDIO, "audio/gsm")
    told.body.receive(SOUND[:1000], 50)
    told.body.gap(100)
    told.body.receive(SOUND[1100:], 1150)
    assert told.body.end() is False
    found = {e.offset: e.data for e in told.events if isinstance(e, AudioFrame)}
    whole = {at: SOUND[at : at + 33] for at in range(0, len(SOUND), 33)}
    assert found == {at: data for at, data in whole.items() if at + 33 <= 1000 or at >= 1100}
    spans = {e.offset: span for e, span in zip(told.events, told.spans, strict=True)
             if isinstance(e, AudioFrame)}  # fmt: skip
    assert spans[0] == (50, 83)
    assert spans[1122] == (1172, 1205)


def test_a_list_goes_on_with_the_line_behind_a_gap() -> None:
    for size in (1, 9, 1000):
        told = Told(Reply.PARAMS)
        told.body.receive(LIST[:100], 0)
        told.body.gap(50)
        for at in range(150, len(LIST), size):
            told.body.receive(LIST[at : at + size], at)
        told.body.end()
        pairs = {(e.key, e.value) for e in told.events if isinstance(e, Param)}
        lines = LIST.splitlines()
        assert len(pairs) >= len(lines) - 6
        cut_off = {pair for pair in pairs if f"{pair[0]}={pair[1]}".encode() not in lines}
        assert len(cut_off) <= 1  # the one before the gap


@pytest.mark.parametrize("size", [1, 1000, 100_000, 10**6])
def test_a_body_without_a_parser_comes_in_pieces_that_do_not_depend_on_the_cuts(size: int) -> None:
    data = random.Random(1).randbytes(150_000)[: 150_000 if size > 1 else 3000]
    told = Told(Reply.ACK)
    for at in range(0, len(data), size):
        told.body.receive(data[at : at + size], at)
    told.body.end()
    pieces = [e for e in told.events if isinstance(e, Data)]
    assert b"".join(piece.data for piece in pieces) == data
    assert [len(piece.data) for piece in pieces[:-1]] == [PIECE] * (len(data) // PIECE)
    assert [piece.offset for piece in pieces] == list(range(0, len(data), PIECE))


def test_what_a_parser_refuses_is_told_and_the_rest_is_let_go() -> None:
    told = Told(Reply.PARAMS, limits=Limits(max_params=3))
    told.body.receive(LIST, 7)
    told.body.receive(LIST, 7 + len(LIST))
    told.body.gap(5)
    assert told.body.end() is False
    assert [type(event) for event in told.events] == [Param] * 3 + [Broken]
    assert told.body.pending == 0


def test_stretches_of_the_stream_that_are_no_body() -> None:
    """As in chunks: offsets of the stream run away from those of the body."""
    recording = recordings()[0]
    told = Told(Reply.MJPEG, recording.content_type)
    starts = {}
    at = 0
    for number, start in enumerate(range(0, len(recording.body), 700)):
        piece = recording.body[start : start + 700]
        at += number % 5
        for index in range(len(piece)):
            starts[start + index] = at + index
        told.body.receive(piece, at)
        at += len(piece)
    told.body.end()
    frames = 0
    for event, (start, stop) in zip(told.events, told.spans, strict=True):
        if isinstance(event, Frame):
            frames += 1
            assert start == starts[event.offset]
            assert stop == starts[event.offset + len(event.data) - 1] + 1
    assert frames >= len(recording.frames)
    assert len(told.body._starts) < 100


@pytest.mark.parametrize("size", [1, 1000, 70_000, 200_000])
def test_what_is_not_what_its_type_says_comes_in_pieces_of_our_own(size: int) -> None:
    other = b"\x89PNG\r\n\x1a\n" + bytes(150_000)
    told = Told(Reply.ANY, "application/octet-stream")
    for at in range(0, len(other), size):
        told.body.receive(other[at : at + size], 10 + at)
    assert told.body.end()
    pieces = [event for event in told.events if isinstance(event, Data)]
    assert [piece.offset for piece in pieces] == list(range(0, len(other), PIECE))
    assert b"".join(piece.data for piece in pieces) == other
    assert told.spans[1] == (10 + PIECE, 10 + 2 * PIECE)
