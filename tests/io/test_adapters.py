"""The adapters: any body, any client, any parser; and what is left when a client fails.

That they work under requests, httpx, aiohttp, urllib3, Twisted and gevent is held by
`test_readme.py`, which runs the README's snippets.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto import commands
from hamaproto.camera import CameraState, Pictures, ServerConnection
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.errors import LimitExceededError
from hamaproto.events import AudioFrame, EndOfStream, Frame, Param
from hamaproto.gsm import GsmFrameParser
from hamaproto.io.adapters import adecode, decode, ready
from hamaproto.limits import Limits
from hamaproto.wire import MjpegParser
from hamaproto.wire.http import ResponseParser
from hamaproto.wire.params import ParamParser


def body_of(request: Any, seconds: float) -> bytes:
    """What the simulated camera sends in that time, less the head."""
    state = CameraState(pictures=Pictures(draw_mosaic), epoch=1e9)
    server = ServerConnection(state)
    server.receive_data(f"GET {request.target} HTTP/1.0\r\n\r\n".encode())
    data, now = b"", 0.0
    while now < seconds:
        piece = server.data_to_send(now)
        data += piece
        if not piece:
            now += 0.02
        if server.closed:
            break
    return data.partition(b"\r\n\r\n")[2]


VIDEO = body_of(commands.video_stream(), 0.3)
SOUND = body_of(commands.audio_stream(), 0.3)
PARAMS = body_of(commands.brand(), 0.1)

#: A body, the parser for it, and how many things are in it.
BODIES = {
    "pictures": (VIDEO, MjpegParser, Frame, 5),
    "sound": (SOUND, GsmFrameParser, AudioFrame, 15),
    "parameters": (PARAMS, ParamParser, Param, 6),
}


async def listed(events: AsyncIterator[Any]) -> list[Any]:
    return [event async for event in events]


async def later(pieces: Iterable[Any]) -> AsyncIterator[Any]:
    for piece in pieces:
        await asyncio.sleep(0)
        yield piece


@pytest.mark.parametrize("name", BODIES)
@given(cuts=st.lists(st.integers(1, 20_000), max_size=8))
def test_however_a_body_is_cut(name: str, cuts: list[int]) -> None:
    body, parser, kind, count = BODIES[name]
    places = [0, *sorted(cut for cut in cuts if cut < len(body)), len(body)]
    pieces = [body[a:b] for a, b in pairwise(places)]
    events = list(decode(pieces, parser()))
    assert [type(event) for event in events].count(kind) >= count
    assert [isinstance(event, EndOfStream) for event in events].count(True) == 1
    assert isinstance(events[-1], EndOfStream)
    assert asyncio.run(listed(adecode(later(pieces), parser()))) == events


def test_pieces_may_be_anything_like_bytes() -> None:
    whole = list(decode([VIDEO], MjpegParser()))
    for kind in (bytes, bytearray, memoryview):
        assert list(decode([kind(VIDEO)], MjpegParser())) == whole
    assert list(decode([], MjpegParser())) == [EndOfStream(True, 0)]


def test_events_come_before_the_next_piece_is_asked_for() -> None:
    asked = 0

    def pieces() -> Iterator[bytes]:
        nonlocal asked
        for start in range(0, len(VIDEO), 1000):
            asked += 1
            yield VIDEO[start : start + 1000]

    event = next(e for e in decode(pieces(), MjpegParser()) if isinstance(e, Frame))
    assert asked == -(-(event.offset + len(event.data)) // 1000)


class ClientError(Exception):
    """What some HTTP client raises."""


def test_what_came_before_an_error_of_the_client_is_given() -> None:
    def pieces() -> Iterator[bytes]:
        yield VIDEO[: len(VIDEO) * 2 // 3]
        raise ClientError

    async def again() -> AsyncIterator[bytes]:
        yield VIDEO[: len(VIDEO) * 2 // 3]
        raise ClientError

    def collect() -> Iterator[Any]:
        with pytest.raises(ClientError):
            yield from decode(pieces(), MjpegParser())

    same: list[Any] = []

    async def fill() -> None:
        async for event in adecode(again(), MjpegParser()):
            same.extend([event])

    events = list(collect())
    frames = [event for event in events if isinstance(event, Frame)]
    assert [frame.complete for frame in frames][-2:] == [True, False]
    assert not any(isinstance(event, EndOfStream) for event in events)
    with pytest.raises(ClientError):
        asyncio.run(fill())
    assert same == events


def test_errors_of_the_parser_pass_through() -> None:
    def parser() -> MjpegParser:
        return MjpegParser(limits=Limits(max_junk=100))

    with pytest.raises(LimitExceededError):
        list(decode([b"x" * 200, VIDEO], parser()))
    with pytest.raises(LimitExceededError):
        asyncio.run(listed(adecode(later([b"x" * 200, VIDEO]), parser())))


def test_a_parser_that_comes_to_its_end_is_fed_no_more() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"
    events = list(decode([answer, b"more", b"and more"], ResponseParser()))
    assert isinstance(events[-1], EndOfStream)
    assert asyncio.run(listed(adecode(later([answer, b"more"]), ResponseParser()))) == events


def test_ready_is_for_those_who_call_back() -> None:
    parser = MjpegParser()
    got = [
        event
        for start in range(0, len(VIDEO), 777)
        for event in ready(parser, VIDEO[start : start + 777])
    ]
    parser.receive_eof()
    got += parser.events()
    assert got == list(decode([VIDEO], MjpegParser()))
