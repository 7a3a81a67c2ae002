"""A picture in each form that it goes out in, read by what others have written."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

import pytest
from aiohttp import MultipartReader, StreamReader
from aiohttp._websocket.reader_py import WebSocketDataQueue, WebSocketReader
from aiohttp.base_protocol import BaseProtocol

from hamaproto.gateway.shot import BOUNDARY, Shot, binary_message, early_start, text_message

SIZES = [0, 1, 125, 126, 65_535 - 16, 65_535, 65_536, 70_000]


def read(*messages: bytes) -> list[Any]:
    """The messages as aiohttp's reader of WebSockets has them."""

    async def run() -> list[Any]:
        loop = asyncio.get_running_loop()
        queue = WebSocketDataQueue(BaseProtocol(loop), 2**20, loop=loop)
        reader = WebSocketReader(queue, 2**20, compress=False, decode_text=True)
        for message in messages:
            reader.feed_data(message)
        return [await queue.read() for _ in messages]

    return [message.data for message in asyncio.run(run())]


@pytest.mark.parametrize("size", SIZES)
def test_a_message_is_read_by_others(size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    shot = Shot(7, data[:size], 1.5, 1700.25)
    plain, whole, again = read(
        shot.plain_message(3), shot.message(3), binary_message(data[:size], b"x")
    )
    assert plain == data[:size]
    assert struct.unpack("!IId", whole[:16]) == (7, 3, 1700.25)
    assert whole[16:] == data[:size]
    assert again == data[:size] + b"x"


def test_text_is_text() -> None:
    assert read(text_message("grün"), text_message("x" * 200)) == ["grün", "x" * 200]


def test_each_form_is_made_once() -> None:
    shot = Shot(1, b"jpeg", 0.0, 0.0)
    for form in (shot.message, shot.plain_message, shot.part, shot.early_part):
        assert form(2) is form(2)
    assert shot.message(2) != shot.message(3)
    assert shot.part(2) is shot.part(3)
    assert repr(shot) == "<Shot 1, 4 bytes>"


def test_counts_that_outgrow_their_place_begin_anew() -> None:
    (message,) = read(Shot(2**32 + 5, b"", 0.0, 0.0).message(2**32 + 1))
    assert struct.unpack("!IId", message) == (5, 1, 0.0)


def parts_of(body: bytes) -> list[tuple[dict[str, str], bytes]]:
    async def run() -> list[tuple[dict[str, str], bytes]]:
        loop = asyncio.get_running_loop()
        stream = StreamReader(BaseProtocol(loop), 2**20, loop=loop)
        stream.feed_data(body)
        stream.feed_eof()
        kind = {"Content-Type": f"multipart/x-mixed-replace; boundary={BOUNDARY}"}
        reader = MultipartReader(kind, stream)
        found = []
        while (part := await reader.next()) is not None:
            assert not isinstance(part, MultipartReader)
            found.append((dict(part.headers), bytes(await part.read())))
        return found

    return asyncio.run(run())


def test_parts_are_read_by_others() -> None:
    shots = [Shot(n, b"\xff\xd8%d--hamaproto\xff\xd9" % n, 0.0, 1700 + n / 4) for n in range(3)]
    body = b"".join(shot.part(0) for shot in shots) + f"--{BOUNDARY}--\r\n".encode()
    parts = parts_of(body)
    assert [data for _, data in parts] == [shot.data for shot in shots]
    assert [fields["Content-Length"] for fields, _ in parts] == [str(len(s.data)) for s in shots]
    assert [fields["X-Timestamp"] for fields, _ in parts] == [f"{s.wall:.6f}" for s in shots]


def test_an_early_part_has_the_next_one_begun() -> None:
    shots = [Shot(n, b"\xff\xd8%d\xff\xd9" % n, 0.0, 0.0) for n in range(3)]
    body = early_start() + b"".join(shot.early_part(0) for shot in shots)
    # All that a reader needs of a picture is there with it.
    assert body.endswith(b"\r\n\r\n")
    parts = parts_of(body + f"\r\n--{BOUNDARY}--\r\n".encode())
    assert [data for _, data in parts[:3]] == [shot.data for shot in shots]
