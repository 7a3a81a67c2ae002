"""The events themselves: what is compared, what is shown, what survives a copy."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from decimal import Decimal
from typing import Any

import pytest
from conftest import Twin

import fixtures
from hamaproto import events
from hamaproto.events import (
    NEED_DATA,
    Anomaly,
    AnomalyCode,
    Arrival,
    AudioFrame,
    Data,
    EndOfStream,
    Frame,
    G711Frame,
    Param,
    ParamError,
    Part,
    Response,
    Skipped,
)
from hamaproto.gsm import GsmFrameParser
from hamaproto.headers import Headers

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


SECRET = "pa55word"
HEADERS = Headers([("Cookie", SECRET), ("Content-Type", "text/plain")])
#: One of each kind, with something in it that is not to be seen, and what is seen of it.
SHOWN = [
    (Frame(SECRET.encode(), offset=7), "<Frame 8 bytes at 7, end=eoi>"),
    (Frame(b"x", "soi", False, 7), "<Frame 1 bytes at 7, end=soi, cut off>"),
    (Part(SECRET.encode(), HEADERS, offset=7), "<Part text/plain 8 bytes at 7>"),
    (Response(200, HEADERS, "text/plain"), "<Response 200 text/plain>"),
    (Data(SECRET.encode(), 7), "<Data 8 bytes at 7>"),
    (Param("a.b", SECRET, "root.a.b", 7, SECRET.encode()), "<Param a.b at 7>"),
    (AudioFrame(SECRET.encode(), 7), "<AudioFrame at 7>"),
    (G711Frame(SECRET.encode(), 7, law="A-law"), "<G711Frame A-law at 7>"),
]


@pytest.mark.parametrize(("event", "shown"), SHOWN, ids=lambda value: type(value).__name__)
def test_what_is_shown_is_short_and_no_secret(event: object, shown: str) -> None:
    assert repr(event) == shown
    assert pickle.loads(pickle.dumps(event)) == event == copy.deepcopy(event)
    with pytest.raises(TypeError):
        hash(event)


def test_the_one_that_asks_for_data_is_one() -> None:
    assert repr(NEED_DATA) == "NEED_DATA"
    assert pickle.loads(pickle.dumps(NEED_DATA)) is NEED_DATA is copy.deepcopy(NEED_DATA)


#: Two events that differ in one field each; whether that makes them different events.
DIFFERENT = [
    (Frame(b"x"), {"data": b"y"}, True),
    (Frame(b"x"), {"end": "eof"}, True),
    (Frame(b"x"), {"complete": False}, True),
    (Frame(b"x"), {"offset": 1}, True),
    (Frame(b"x"), {"raw_headers": b"A: 1"}, True),
    (Part(b"x", HEADERS), {"complete": False}, True),
    (Part(b"x", HEADERS), {"offset": 1}, True),
    (Anomaly(AnomalyCode.JUNK, 0), {"detail": "x"}, True),
    (Skipped(0, 1, "x"), {"length": 2}, True),
    (EndOfStream(), {"complete": False}, True),
    (EndOfStream(), {"closed": True}, False),
    (Data(b"x"), {"offset": 1}, True),
    (Param("a", "b", "a"), {"line": b"a=b"}, False),
    (ParamError("x"), {"offset": 1}, True),
    (AudioFrame(b"x"), {"received": ARRIVAL}, False),
]


@pytest.mark.parametrize(("event", "change", "differs"), DIFFERENT, ids=repr)
def test_what_makes_two_events_differ(event: Any, change: dict[str, Any], differs: bool) -> None:
    assert (dataclasses.replace(event, **change) != event) is differs
    assert dataclasses.replace(event) == event
    assert event != "something else"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Frame, ("eoi", True, 0, b"", None)),
        (Part, (True, 0)),
        (Anomaly, ("",)),
        (EndOfStream, (True, 0, False)),
        (Response, (None, "", None)),
        (Data, (0,)),
        (Param, (0, b"")),
        (ParamError, (0,)),
        (AudioFrame, (0, None)),
        (G711Frame, (0, None, "")),
    ],
)
def test_what_is_left_out_is_nothing(kind: type, fields: tuple[object, ...]) -> None:
    """An event that says no more than it has to says: whole, at the beginning, no more."""
    defaults = [p.default for p in inspect.signature(kind).parameters.values()]
    assert tuple(value for value in defaults if value is not inspect.Parameter.empty) == fields


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1.5", Decimal("1.5")),
        ("-0.25", Decimal("-0.25")),
        ("+7", Decimal(7)),
        (" \t7. ", Decimal(7)),
        ("1700000000.123456789", Decimal("1700000000.123456789")),
        ("9" * 20 + "." + "9" * 20, Decimal("9" * 20 + "." + "9" * 20)),
        *((text, None) for text in ("", "x", "1e9", ".5", "1 2", "nan", "\u0661", "0x10")),
        *((text, None) for text in ("9" * 21, "1." + "9" * 21, "--1")),
    ],
)
def test_a_time_stamp_is_a_plain_number_of_seconds(value: str, seconds: Decimal | None) -> None:
    raw = f"X-Timestamp: {value}".encode("latin-1", "ignore")
    assert Frame(b"x", raw_headers=raw).timestamp == seconds
    assert Frame(b"x").timestamp is None


def test_a_part_says_what_it_is() -> None:
    assert Part(b"", HEADERS).content_type == "text/plain"
    assert Part(b"", Headers()).content_type is None


def test_each_code_has_one_name_and_says_what_it_is() -> None:
    values = [code.value for code in AnomalyCode]
    assert len(values) == len(set(values))
    for code in AnomalyCode:
        assert code.value == code.name.lower().replace("_", "-").replace("http-1-0", "http-1.0")


def test_every_event_is_public() -> None:
    made = {type(event).__name__ for event, *_ in [*SHOWN, *DIFFERENT]}
    assert made <= set(events.__all__)
