"""The events themselves: what is compared, what is shown, what survives a copy."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest
from conftest import Twin

import fixtures
from hamaproto.events import Arrival, AudioFrame, Frame
from hamaproto.gsm import GsmFrameParser

ARRIVAL = Arrival(12.5, 1_700_000_000.25)
JPEG = fixtures.jpeg("420")


def test_a_bare_parser_knows_no_time(twin: Twin) -> None:
    parser = twin.MjpegParser("image/jpeg")
    parser.receive_data(JPEG)
    parser.receive_eof()
    (frame,) = (event for event in parser.events() if isinstance(event, Frame))
    assert frame.received is None
    # The compiled twin fills the slots itself: what it makes must be whole.
    for again in (copy.copy(frame), pickle.loads(pickle.dumps(frame)), dataclasses.replace(frame)):
        assert again == frame
        assert again.received is None


def test_a_bare_sound_parser_knows_no_time() -> None:
    parser = GsmFrameParser()
    parser.receive_data(b"\xd0" + bytes(32))
    parser.receive_eof()
    (frame,) = (event for event in parser.events() if isinstance(event, AudioFrame))
    assert frame.received is None


@pytest.mark.parametrize("kind", [Frame, AudioFrame])
def test_when_it_came_is_no_part_of_what_it_is(kind: type[Frame | AudioFrame]) -> None:
    one, other = kind(JPEG), kind(JPEG)
    other.received = ARRIVAL
    assert one == other
    assert repr(one) == repr(other)
    assert pickle.loads(pickle.dumps(other)).received == ARRIVAL
