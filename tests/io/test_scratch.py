"""`hamaproto.io._scratch`: a buffer for all connections of a loop, and no byte for another."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import uvloop
from conversations import PICTURE

from hamaproto import commands
from hamaproto.errors import LocalProtocolError
from hamaproto.inbox import Inbox
from hamaproto.io._link import Link
from hamaproto.io._scratch import PIECE, scratch_of
from hamaproto.session import Action, Session
from hamaproto.settings import Settings

PART = b"--b\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(PICTURE), PICTURE)
HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"


class Transport:
    """Takes what is written, and is gone once it was aborted."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def write(self, data: bytes) -> None:
        assert data.startswith(b"GET ")

    def abort(self) -> None:
        self._link.connection_lost(None)


def linked() -> tuple[Link, Inbox[Any]]:
    session: Session[Any] = Session(commands.video_stream(), Settings("camera"))
    assert session.step() is Action.OPEN
    inbox: Inbox[Any] = Inbox(16)
    link = Link(session, inbox)
    link.connection_made(Transport(link))  # type: ignore[arg-type]
    return link, inbox


def arrive(link: Link, data: bytes) -> None:
    link.get_buffer(-1)[: len(data)] = data
    link.buffer_updated(len(data))


def test_links_share_a_buffer_and_no_bytes() -> None:
    async def main() -> None:
        links = [linked() for _ in range(3)]
        assert len({id(link.get_buffer(-1)) for link, _ in links}) == 1
        assert len(links[0][0].get_buffer(-1)) == PIECE
        for link, _ in links:
            arrive(link, HEAD + PART[:100])
        for link, _ in links:
            arrive(link, PART[100:])
        for link, inbox in links:
            frame = inbox.get()
            assert frame.data == PICTURE
            assert inbox.get() is None
            link.close()
        # Nobody is kept by what was the last to receive.
        await asyncio.sleep(0)
        assert scratch_of(asyncio.get_running_loop()).user is None

    asyncio.run(main())


def test_a_loop_that_fills_late_gives_an_error_and_never_the_bytes_of_another_camera() -> None:
    async def main() -> None:
        first, inbox = linked()
        second, other = linked()
        arrive(first, HEAD)
        arrive(second, HEAD)
        buffers = [link.get_buffer(-1) for link in (first, second)]
        for buffer in buffers:
            buffer[: len(PART)] = PART
        second.buffer_updated(len(PART))
        first.buffer_updated(len(PART))
        assert other.get().data == PICTURE
        assert inbox.get() is None
        assert isinstance(first.failure, LocalProtocolError)
        assert "before it has filled the one it had" in str(first.failure)
        assert second.failure is None
        second.close()
        await asyncio.sleep(0)

    asyncio.run(main())


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_each_loop_has_its_own_for_as_long_as_it_is_there(new_loop: Callable[[], Any]) -> None:
    loops = [new_loop() for _ in range(2)]
    first, second = (scratch_of(loop) for loop in loops)
    assert first is not second
    assert scratch_of(loops[0]) is first
    view = weakref.ref(first.view)
    for loop in loops:
        loop.close()
    del first, loop, loops
    gc.collect()
    assert view() is None
    assert second.user is None
