"""`hamaproto.wire.http.status_line`: every way in which the first line may be written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.errors import RemoteProtocolError
from hamaproto.events import Anomaly, AnomalyCode
from hamaproto.wire.http.oddities import Oddities
from hamaproto.wire.http.status_line import StatusLine, read_status_line

CASE, BLANKS = AnomalyCode.STATUS_LINE_CASE, AnomalyCode.STATUS_LINE_BLANKS
VERSION, REASON = AnomalyCode.ODD_VERSION, AnomalyCode.MISSING_REASON
OK = StatusLine(200, "OK", "1.1")


def read(line: bytes) -> tuple[StatusLine | None, list[tuple[AnomalyCode, int, str]]]:
    oddities = Oddities()
    found = read_status_line(line, 30, oddities)
    anomalies = [a for a in oddities.waiting if isinstance(a, Anomaly)]
    return found, [(a.code, a.offset, a.detail) for a in anomalies]


@pytest.mark.parametrize(
    ("line", "found", "codes"),
    [
        (b"HTTP/1.1 200 OK\r\n", OK, []),
        (b"HTTP/1.0 404 Not Found\r\n", StatusLine(404, "Not Found", "1.0"), []),
        (b"HTTP/1.1 200 OK \r\n", OK, []),
        (b"http/1.1 200 OK\r\n", OK, [CASE]),
        (b"Http/1.1 200 OK\r\n", OK, [CASE]),
        (b" HTTP/1.1 200 OK\r\n", OK, [BLANKS]),
        (b"\tHTTP/1.1 200 OK\r\n", OK, [BLANKS]),
        (b"HTTP/1.1  200 OK\r\n", OK, [BLANKS]),
        (b"HTTP/1.1\t200 OK\r\n", OK, [BLANKS]),
        (b"HTTP/1.1 200\tOK\r\n", OK, [BLANKS]),
        (b"HTTP/1.1 200  OK\r\n", OK, [BLANKS]),
        (b"HTTP/1 200 OK\r\n", StatusLine(200, "OK", "1"), [VERSION]),
        (b"HTTP/1. 200 OK\r\n", StatusLine(200, "OK", "1"), [VERSION]),
        (b"HTTP/1.2 200 OK\r\n", StatusLine(200, "OK", "1.2"), [VERSION]),
        (b"HTTP/1.01 200 OK\r\n", StatusLine(200, "OK", "1.01"), [VERSION]),
        (b"HTTP/1.1 200\r\n", StatusLine(200, "", "1.1"), [REASON]),
        (b"HTTP/1.1 200 \r\n", StatusLine(200, "", "1.1"), [REASON]),
        (b"HTTP/1.1 999 \xe9\r\n", StatusLine(999, "\xe9", "1.1"), [AnomalyCode.NON_ASCII_HEADER]),
        (b"HTTP/1.1 000 O\x01K\r\n", StatusLine(0, "O\x01K", "1.1"), ["control-in-header"]),
        (b"HTTP/1.1 200 OK\n", OK, [AnomalyCode.BARE_LF_IN_HEAD]),
        (b"http/1 200\n", StatusLine(200, "", "1"), ["bare-lf-in-head", CASE, VERSION, REASON]),
        (b"\r\n", None, []),
        (b" \t\n", None, []),
    ],
)
def test_what_is_read(line: bytes, found: StatusLine | None, codes: list[AnomalyCode]) -> None:
    read_as, anomalies = read(line)
    assert read_as == found
    assert [code for code, _, _ in anomalies] == codes
    for code, offset, detail in anomalies:
        at = {AnomalyCode.BARE_LF_IN_HEAD: line.index(b"\n")}.get(code, 0)
        at = line.index(b"\x01") if code == AnomalyCode.CONTROL_IN_HEADER else at
        assert offset == 30 + at
        assert detail in ("", "the status line", found and found.version)
        assert (code in (VERSION, "non-ascii-header", "control-in-header")) is bool(detail)


def test_a_cr_inside_of_it_is_reported_where_it_stands() -> None:
    line = b"HTTP/1.1 200 a\rb\r\n"
    assert read(line)[1] == [
        (AnomalyCode.BARE_CR_IN_HEAD, 30 + line.index(b"\r"), "the status line")
    ]


NOT_THREE = "the status line has no status of exactly three digits"
NEITHER = "the answer begins neither with a status line nor like a picture or sound"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"HTTP/1.1\n", NOT_THREE),
        (b"HTTP/1.1 20 OK\n", NOT_THREE),
        (b"HTTP/1.1 2000 OK\n", NOT_THREE),
        (b"HTTP/1.1 +20 OK\n", NOT_THREE),
        (b"HTTP/1.1 2_0 OK\n", NOT_THREE),
        (b"HTTP/1.1 \xb2\xb2\xb2 OK\n", NOT_THREE),
        (b" http/1\t20\n", NOT_THREE),
        (b"HTTP/2 200 OK\n", "the answer is 'HTTP/2', not HTTP/1"),
        (b"HTTP/11 200 OK\n", "the answer is 'HTTP/11', not HTTP/1"),
        (b"RTSP/1.0 200 OK\n", "the answer is 'RTSP/1.0', not HTTP/1"),
        (b"  ICY 200 OK\n", "the answer is 'ICY', not HTTP/1"),
        (b"HTTP / 1.1 200\n", "the answer is 'HTTP', not HTTP/1"),
        (b"a" * 30 + b"\n", f"the answer is {'a' * 20!r}, not HTTP/1"),
        (b"\0HTTP/1.1 200 OK\n", NEITHER),
        (b" \r \n", NEITHER),
    ],
)
def test_what_is_refused(line: bytes, message: str) -> None:
    with pytest.raises(RemoteProtocolError) as error:
        read(line)
    assert (error.value.message, error.value.offset) == (message, 30)


@given(st.binary(max_size=20))
def test_any_line_is_read_or_refused(data: bytes) -> None:
    line = data.replace(b"\n", b"") + b"\n"
    try:
        found, _ = read(line)
    except RemoteProtocolError as error:
        assert re.search("status line|the answer is", error.message)
    else:
        assert found is None or re.search(rb"(?i)http/1", line)


@pytest.mark.parametrize("status", range(90, 210))
def test_interim_answers_are_those_of_the_first_hundred(status: int) -> None:
    """RFC 9110 15.2."""
    assert StatusLine(status, "", "").interim is (str(status)[0] == "1" and status > 99)
