"""`hamaproto.wire.http.head`: from the first byte to the empty line, and every way to fail."""

from __future__ import annotations

import pytest

from hamaproto.errors import LimitExceededError, RemoteProtocolError
from hamaproto.events import Anomaly, NeedData, Response
from hamaproto.limits import Limits
from hamaproto.wire.http.head import ResponseHeadReader
from hamaproto.wire.http.oddities import Oddities
from hamaproto.wire.receive_buffer import ReceiveBuffer

Told = list[tuple[str, int, str]]

OK = b"HTTP/1.1 200 OK\r\n"
BEGINS = b"HTTP/1.1 200 OK\r\nX: y\r\n"


class Run:
    """A head that was read as far as it goes, fed in pieces of `cut` bytes."""

    def __init__(self, data: bytes, cut: int, limits: Limits, eof: bool) -> None:
        self.source, oddities = ReceiveBuffer(), Oddities()
        self.reader = ResponseHeadReader(self.source, oddities, limits)
        self.response: Response | None = None
        self.error: RemoteProtocolError | None = None
        pieces = [data[at : at + cut] for at in range(0, len(data), cut)]
        try:
            for piece in [*pieces, b""]:
                self.source.feed(piece)
                self.source.eof = eof and not piece
                while self.response is None:
                    step = self.reader.read()
                    if isinstance(step, NeedData):
                        break
                    if isinstance(step, Response):
                        self.response = step
                    else:
                        assert step is self.reader
        except RemoteProtocolError as error:
            self.error = error
        self.told: Told = [
            (str(a.code), a.offset, a.detail) for a in oddities.waiting if isinstance(a, Anomaly)
        ]


def read(data: bytes, *, limits: Limits | None = None, eof: bool = True) -> Run:
    """The same however it is cut: byte by byte, in threes, whole."""
    runs = [Run(data, cut, limits or Limits(), eof) for cut in (1, 3, len(data) + 1)]
    first = runs[0]
    for run in runs[1:]:
        assert (run.response, run.told) == (first.response, first.told)
        assert str(run.error) == str(first.error)
        assert run.reader.cut_off is first.reader.cut_off
        assert run.reader.looks_like == first.reader.looks_like
    return runs[-1]


@pytest.mark.parametrize(
    ("data", "content_type", "told"),
    [
        (OK + b"\r\n", None, []),
        (OK + b"Content-Type: a/b\r\n\r\n", "a/b", []),
        (OK + b"Content-Type: a/b\r\nContent-Type:\r\n\r\n", "a/b", ["duplicate-content-type"]),
        (
            OK + b"Content-Type: a/b\r\nContent-Type: c/d\r\n\r\n",
            "c/d",
            ["duplicate-content-type"],
        ),
        (b"HTTP/1.1 206 OK\r\n\r\n", None, ["status-206"]),
    ],
)
def test_a_whole_head(data: bytes, content_type: str | None, told: list[str]) -> None:
    run = read(data + b"body", eof=False)
    assert run.response is not None
    assert run.response.content_type == content_type
    assert run.response.status == int(data[9:12])
    assert (run.response.reason, run.response.version) == ("OK", "1.1")
    assert run.told == [(code, len(data), "") for code in told]
    assert run.source.offset == len(data)
    assert not run.reader.cut_off


def test_line_ends_before_it_are_passed_over() -> None:
    run = read(b"\r\n\n \t\r\n" + OK + b"\r\n")
    assert run.response is not None
    assert run.told == [("leading-empty-lines", 0, "")]
    assert read(b" \r\n" + OK + b"\r\n").told == [("leading-empty-lines", 0, "")]


def test_bare_line_ends_are_reported_once_for_a_head() -> None:
    interim = b"HTTP/1.1 100 C\n\n"
    run = read(interim + b"HTTP/1.1 200 OK\nX: y\n\n")
    assert run.told == [
        ("bare-lf-in-head", len(interim) - 2, ""),
        ("interim-response", len(interim), "100"),
        ("bare-lf-in-head", len(interim) + 15, ""),
    ]


def test_the_fields_of_an_interim_answer_are_not_those_of_the_answer() -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    run = read(interim + OK + b"X: y\r\n\r\n")
    assert run.response is not None
    assert run.response.headers.raw == (("X", "y"),)
    assert run.told == [("interim-response", len(interim), "103")]


@pytest.mark.parametrize(
    ("begin", "media_type"),
    [
        (b"--boundary", "multipart/x-mixed-replace"),
        (b"\xff\xd8\xff", "image/jpeg"),
        *[(bytes([first]), "audio/gsm") for first in range(0xD0, 0xE0)],
    ],
)
@pytest.mark.parametrize("before", [b"", b"\r\n\r\n"])
def test_a_body_without_a_head(begin: bytes, media_type: str, before: bytes) -> None:
    run = read(before + begin)
    assert run.response is not None
    assert run.response.status is None
    assert not run.response.headers
    assert run.reader.looks_like == media_type
    assert run.told[-1] == ("missing-head", len(before), f"the body begins like {media_type}")
    assert run.source.offset == len(before)


NEITHER = "the answer begins neither with a status line nor like a picture or sound"


@pytest.mark.parametrize(
    ("data", "offset", "message"),
    [
        (b"", 0, "the connection was closed before any answer came"),
        (b"\r\n", 2, "the connection was closed before any answer came"),
        (b"-", 0, "the answer ends after one byte"),
        (b"\n\xff", 1, "the answer ends after one byte"),
        (b"-x", 1, NEITHER),
        (b"\xff\xd9", 1, NEITHER),
        (b"-\xd8", 1, NEITHER),
        (b"\0\n", 0, NEITHER),
        (b"\xcf\n", 0, NEITHER),
        (b"\xe0\n", 0, NEITHER),
        (b"HTTP/1.1 20", 11, "the stream ends inside a line of the status line"),
        (BEGINS + b"Z", len(BEGINS) + 1, "the stream ends inside a line of the head"),
        (BEGINS + b"\r\r\nZ: z\r\n\r\n", len(BEGINS), "a line of nothing but CR: readers differ"),
        (b"HTTP/1.1 100 C\r\n", 16, "the stream ends inside a 1xx answer"),
        (OK + b"Content-Type: a/b;\r\n", len(OK) + 20, "the stream ends inside a folded Content-"),
        # Behind an interim answer comes a status line and nothing else.
        (b"HTTP/1.1 100 C\r\n\r\n--x\n", 18, "the answer is '--x', not HTTP/1"),
        (b"HTTP/1.1 100 C\r\n\r\n\xd0\n", 18, NEITHER),
    ],
)
def test_what_is_refused(data: bytes, offset: int, message: str) -> None:
    run = read(data)
    assert run.response is None
    assert type(run.error) is RemoteProtocolError
    assert run.error.offset == offset
    assert run.error.message.startswith(message)
    assert read(data[:-1], eof=False).error is None or offset < len(data)


def test_a_head_that_is_cut_off_behind_a_line_counts() -> None:
    run = read(BEGINS)
    assert run.response is not None
    assert run.response.headers.raw == (("X", "y"),)
    assert run.reader.cut_off
    assert run.told == [("head-cut-off", len(BEGINS), "")]
    assert read(BEGINS, eof=False).response is None


LINE = b"Y: " + b"y" * 20 + b"\r\n"


@pytest.mark.parametrize(
    ("limits", "fits", "too_much", "offset", "message"),
    [
        # The offset is that of the byte with which it is certain.
        ({"max_head_line": 17}, OK, b" HTTP/1.1 200 OK\r", 16, "max_head_line: no line end wit"),
        ({"max_head_line": 25}, OK + LINE, OK + b"Y: " + b"y" * 25, 41, "max_head_line: no line"),
        ({"max_head": 42}, OK + LINE[1:], OK + LINE, 42, "max_head: more than 42 bytes"),
        ({"max_head": 41}, OK + LINE[2:], OK + LINE, 40, "max_head: no line end within the 24"),
        ({"max_head": 17}, b"HTTP/1.1 200 O\r\n", OK, 17, "max_head: more than 17 bytes"),
        ({"max_head": 16}, b"HTTP/1.1 200 \r\n", OK, 17, "max_head: more than 16 bytes"),
        ({"max_headers": 2}, OK + 2 * LINE, OK + 3 * LINE, 67, "max_headers: more than 2 lines"),
        ({"max_preamble": 2}, b"\n" * 4 + OK, b"\n" * 5, 4, "max_preamble: more than 2 empty li"),
        ({"max_preamble": 2}, b" \n" * 4 + OK, b" \n" * 5, 8, "max_preamble: more than 2 empty"),
        (
            {"max_preamble": 2},
            b"HTTP/1.1 100\n\n" * 2 + OK,
            b"HTTP/1.1 100\n\n" * 3,
            42,
            "max_preamble: more than 2 1xx answers",
        ),
    ],
)
def test_bounds(
    limits: dict[str, int], fits: bytes, too_much: bytes, offset: int, message: str
) -> None:
    assert read(fits, limits=Limits(**limits), eof=False).error is None
    run = read(too_much, limits=Limits(**limits), eof=False)
    assert type(run.error) is LimitExceededError
    assert run.error.message.startswith(message)
    assert run.error.offset == offset


def test_a_limit_of_both_is_that_of_the_line() -> None:
    """Where both have the same room the narrower rule is named."""
    limits = Limits(max_head_line=20, max_head=37)
    run = read(OK + b"y" * 30, limits=limits, eof=False)
    assert run.error is not None
    assert run.error.message.startswith("max_head_line: ")


def test_it_stops_to_tell_what_was_odd() -> None:
    """So that a caller has seen it before what follows is looked at."""
    source, oddities = ReceiveBuffer(), Oddities()
    reader = ResponseHeadReader(source, oddities, Limits())
    source.feed(OK + b"junk\r\n" + b"\r\n")
    assert reader.read() is reader
    assert source.offset == len(OK) + 6
    oddities.waiting.clear()
    assert isinstance(reader.read(), Response)
