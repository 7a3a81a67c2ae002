"""The viewers' own reader of WebSockets, held to what ours writes."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from bench.traffic.sender import _STAMP, stamped
from bench.traffic.watchers import _Viewer
from hamaproto.gateway.shot import binary_message, text_message


@given(st.lists(st.integers(100, 70_000), max_size=4), st.integers(1, 5000))
def test_each_picture_is_counted_however_it_comes(sizes: list[int], step: int) -> None:
    viewer = _Viewer(80, looks=True)
    stream = b"HTTP/1.1 101 Switching Protocols\r\nX: y\r\n\r\n" + text_message("{}" * 40)
    for number, size in enumerate(sizes):
        picture = stamped(b"\xff\xd8" + bytes(size))
        image = picture.before.partition(b"\r\n\r\n")[2] + _STAMP % (number, time.time())
        stream += binary_message(image + picture.behind) + text_message("x")
    for start in range(0, len(stream), step):
        chunk = stream[start : start + step]
        viewer.get_buffer(-1)[: len(chunk)] = chunk
        viewer.buffer_updated(len(chunk))
    assert viewer.frames == len(viewer.late) == len(sizes)
    assert all(-1 < late < 60 for late in viewer.late)
