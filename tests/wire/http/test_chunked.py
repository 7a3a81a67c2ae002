"""`hamaproto.wire.http.chunked`: RFC 9112 7.1, its odd forms, and where its framing is lost."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.errors import LimitExceededError, RemoteProtocolError
from hamaproto.events import Anomaly, Data, EndOfStream, NeedData
from hamaproto.limits import Limits
from hamaproto.wire.http.chunked import Chunked
from hamaproto.wire.http.oddities import Oddities
from hamaproto.wire.receive_buffer import ReceiveBuffer


class Run:
    """Chunks that were read as far as they go, fed in pieces of `cut` bytes."""

    def __init__(self, data: bytes, cut: int, limits: Limits, eof: bool) -> None:
        self.source, oddities = ReceiveBuffer(), Oddities()
        reader = Chunked(self.source, oddities, limits, 0)
        self.body = b""
        self.end: EndOfStream | None = None
        self.error: RemoteProtocolError | None = None
        pieces = [data[at : at + cut] for at in range(0, len(data), cut)]
        try:
            for piece in [*pieces, b""]:
                self.source.feed(piece)
                self.source.eof = eof and not piece
                while self.end is None:
                    step = reader.read()
                    if isinstance(step, NeedData):
                        break
                    if isinstance(step, Data):
                        assert data.startswith(step.data, step.offset)
                        self.body += step.data
                    elif isinstance(step, EndOfStream):
                        self.end = step
                    else:
                        assert step is reader
        except RemoteProtocolError as error:
            self.error = error
        self.told = [
            (str(a.code), a.offset, a.detail) for a in oddities.waiting if isinstance(a, Anomaly)
        ]


def read(data: bytes, *, limits: Limits | None = None, eof: bool = True) -> Run:
    """The same however it is cut: byte by byte, in threes, whole."""
    runs = [Run(data, cut, limits or Limits(), eof) for cut in (1, 3, len(data) + 1)]
    for run in runs[1:]:
        assert (run.body, run.end, run.told) == (runs[0].body, runs[0].end, runs[0].told)
        assert str(run.error) == str(runs[0].error)
    return runs[-1]


@given(st.lists(st.binary(min_size=1, max_size=20), max_size=4), st.binary(max_size=3))
def test_it_reads_what_h11_writes(parts: list[bytes], behind: bytes) -> None:
    server = h11.Connection(h11.SERVER)
    server.receive_data(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    server.next_event()
    server.send(h11.Response(status_code=200, headers=[("Transfer-Encoding", "chunked")]))
    data = b"".join(server.send(h11.Data(data=part)) or b"" for part in parts)
    data += server.send(h11.EndOfMessage()) or b""
    run = read(data + behind)
    assert run.body == b"".join(parts)
    assert (run.end, run.told, run.error) == (EndOfStream(True, len(data)), [], None)
    assert len(run.source) == len(behind)


LAST = b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"3\r\nabc\r\n" + LAST, []),
        (b"003\r\nabc\r\n00\r\n\r\n", []),
        (b"1A\r\n" + b"a" * 26 + b"\r\n" + LAST, []),
        (b"1b\r\n" + b"a" * 27 + b"\r\n" + LAST, []),
        (b"3 \t\r\nabc\r\n" + LAST, [("chunk-blanks", 0)]),
        (b"3 \r\nabc\r\n0 \r\n\r\n", [("chunk-blanks", 0)]),
        (b"3;x=y\r\nabc\r\n0;z\r\n\r\n", [("chunk-extension", 0)]),
        (b"3 ;x\r\nabc\r\n" + LAST, [("chunk-extension", 0)]),
        (b"3\nabc\r\n" + LAST, [("bare-lf-in-chunks", 1)]),
        (b"3\r\nabc\n" + LAST, [("bare-lf-in-chunks", 6)]),
        (b"3\nabc\n0\n\n", [("bare-lf-in-chunks", 1)]),
        (LAST[:-1].replace(b"0\r\n\r", b"0\r\n\n"), [("bare-lf-in-chunks", 3)]),
        (b"0\r\nX: y\n\r\n", [("bare-lf-in-chunks", 7), ("trailers", 3)]),
        (b"0\r\nX: y\r\nZ: z\r\n\r\n", [("trailers", 3)]),
        (b"0\r\n \r\n\r\n", [("trailers", 3)]),
        (b"0\r\n\r\r\n\r\n", [("trailers", 3)]),
    ],
)
def test_what_is_read(data: bytes, told: list[tuple[str, int]]) -> None:
    run = read(data + b"more")
    assert (run.end, run.error) == (EndOfStream(True, len(data)), None)
    assert run.told == [(code, offset, "") for code, offset in told]
    assert len(run.source) == 4


NO_SIZE = "the chunk framing is lost: no size where one is due"
NOT_ALONE = "the chunk framing is lost: a chunk's size is hexadecimal digits alone"
NO_END = "the chunk framing is lost: no line end behind a chunk's data"


@pytest.mark.parametrize(
    ("data", "offset", "message"),
    [
        (b"\r\n", 0, NO_SIZE),
        (b"x", 0, NO_SIZE),
        (b"-1\r\n", 0, NO_SIZE),
        (b"g", 0, NO_SIZE),
        (b";", 0, NO_SIZE),
        (b"3\r\nabc\r\n\r\n", 8, NO_SIZE),
        (b"0x3\r\n", 0, NOT_ALONE),
        (b"3_0\r\n", 0, NOT_ALONE),
        (b"3 3\r\n", 0, NOT_ALONE),
        (b"3;a\rb\r\n", 0, NOT_ALONE),
        (b"3\r\r\n", 0, NOT_ALONE),
        (b"3\r\nabc\r\n4x\r\n", 8, NOT_ALONE),
        (b"3\r\nabcd", 6, NO_END),
        (b"3\r\nabc\rd", 7, NO_END),
        (b"3\r\nabc\r\r\n", 7, NO_END),
    ],
)
def test_where_the_framing_is_lost(data: bytes, offset: int, message: str) -> None:
    """It is refused at once, and no later than with the line."""
    for eof in (False, True):
        run = read(data, eof=eof)
        assert run.error is not None
        assert (run.error.message, run.error.offset) == (message, offset)
        assert run.body == b"abc" * (offset > 0)


WHOLE = b"3;e\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nX: y\r\n\r\n"


@pytest.mark.parametrize("end", range(len(WHOLE)))
def test_cut_off_anywhere(end: int) -> None:
    """What came is delivered.  With the last chunk the body is there, with its line or not."""
    open_, closed = read(WHOLE[:end], eof=False), read(WHOLE[:end])
    assert (open_.end, open_.error, closed.error) == (None, None, None)
    assert open_.body == closed.body == (WHOLE[5:8] + WHOLE[14:30])[: len(closed.body)]
    assert len(closed.body) == sum(at < end for at in (*range(5, 8), *range(14, 30)))
    there = end >= WHOLE.index(b"\n0\r\n") + 4
    assert closed.end == EndOfStream(there, end)
    assert closed.told[-1] == ("trailers-cut-off" if there else "truncated-body", end, "")


@pytest.mark.parametrize(
    "size", [b"3x", b"3;\rx", b"3 x", b"3\rx", b"3 3", b"3_", b"1" + b"\r" * 2]
)
def test_cut_off_in_a_line_that_can_be_no_size(size: bytes) -> None:
    run = read(b"1\r\na\r\n" + size)
    assert run.error is not None
    assert (run.error.message, run.error.offset) == (NO_SIZE, 6)
    assert read(b"1\r\na\r\n" + size, eof=False).error is None


@pytest.mark.parametrize(
    ("limits", "fits", "too_much", "offset", "message"),
    [
        (
            {"max_chunk_line": 4},
            b"03\r\nabc",
            b"0003",
            3,
            "max_chunk_line: no line end within the 4",
        ),
        ({"max_trailers": 8}, b"0\r\nX: y\r\n\r\n", b"0\r\nX: yyyyy", 10, "max_trailers: no line"),
        ({"max_trailers": 6}, b"0\r\nX: y\r\n", b"0\r\nX: y\r\nZ", 9, "max_trailers: more than 6"),
        ({"max_trailers": 7}, b"0\r\nX: y\r\n", b"0\r\nX: y\r\nZ", 9, "max_trailers: no line end"),
        ({"max_trailers": 8}, b"0\r\nX: y\r\n\r\n", b"0\r\nX: yy\r\n\r\n", 10, "max_trailers: no"),
    ],
)
def test_bounds(
    limits: dict[str, int], fits: bytes, too_much: bytes, offset: int, message: str
) -> None:
    """The error is at the byte with which it is certain."""
    if not message.startswith("max_trailers: more"):
        assert read(fits, limits=Limits(**limits), eof=False).error is None
    run = read(too_much, limits=Limits(**limits), eof=False)
    assert type(run.error) is LimitExceededError
    assert run.error.message.startswith(message)
    assert run.error.offset == offset


def test_a_size_without_end_is_a_number_and_no_memory() -> None:
    run = read(b"F" * 100 + b"\r\nabc", eof=False)
    assert (run.body, run.error) == (b"abc", None)


def test_it_stops_to_tell_what_was_odd() -> None:
    source, oddities = ReceiveBuffer(), Oddities()
    reader = Chunked(source, oddities, Limits(), 0)
    source.feed(b"3;x\r\nabc\r\n")
    assert reader.read() is reader
    assert source.offset == 5
