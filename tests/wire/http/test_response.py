"""`hamaproto.wire.http.response`: the table of heads, and what must hold for any bytes.

Invariants, for any input and any way of cutting it: the same events and errors, each after
the same byte; no exception but the declared ones; the whole body and nothing else in
`Data`; bounded memory; time linear in the input.  On clean heads h11 reads the same.
"""

from __future__ import annotations

import random
import time
import tracemalloc
from typing import Any

import h11
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fixtures.build.heads import AXES, CUTS, HEADS, JPEG, Head, build
from fixtures.feeding import Log, pieces, random_pieces, record
from hamaproto.errors import (
    HamaError,
    LimitExceededError,
    LocalProtocolError,
    RemoteProtocolError,
)
from hamaproto.events import NEED_DATA, Anomaly, AnomalyCode, Data, EndOfStream, Response
from hamaproto.limits import Limits
from hamaproto.wire.http import LENIENCIES, ResponseParser

CLEAN = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n"

#: Fragments that heads and chunked bodies are made of, for bytes that get somewhere.
FRAGMENTS = (
    *(b"HTTP/1.1 200 OK", b"http/1.0 206", b"HTTP/1.1 100 C", b"HTTP/1.1 ", b"204", b"\r\n"),
    *(b"\n", b"\r\n\r\n", b"\n\n", b"\r", b" ", b"\t", b":", b"Content-Length: 5", b"\0", b","),
    *(b"Content-Type: multipart/x-mixed-replace", b"Content-Type: image/jpeg;", b"junk", b"--"),
    *(b"Transfer-Encoding: chunked", b"5\r\nhello\r\n", b"0\r\n", b";x", b"hello", b"\xff\xd8"),
    *(b"\xd5", b"X: y", b"Sun Nov 22 06:09:48 2026", b"\xe9", b"6", b"ff"),
)
answers = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), max_size=30).map(b"".join),
    st.lists(st.sampled_from(FRAGMENTS), max_size=30).map(lambda f: CLEAN[:-2] + b"".join(f)),
    st.binary(max_size=60),
)
rngs = st.integers(0, 1 << 32).map(random.Random)
choices = st.fixed_dictionaries({axis: st.sampled_from(list(AXES[axis])) for axis in AXES})


def body_of(log: Log) -> bytes:
    return b"".join(data.data for data in log.of("Data"))


def content(log: Log) -> tuple[Any, ...]:
    """All that may not depend on the cuts: `Data` comes in the pieces it was received in."""
    said = [row for row in log.said if row[0] != "Data"]
    return (said, body_of(log), log.error)


def read(
    data: bytes, cut: int = 0, parser: ResponseParser | None = None, *, eof: bool = True
) -> Log:
    chunks = pieces(data, cut or max(len(data), 1))
    return record(parser or ResponseParser(), chunks, eof=eof, errors=(HamaError,))


def check(head: Head, log: Log) -> None:
    expected = head.reading
    if expected is None:
        assert log.error is not None, f"read: {log.said}"
        return
    assert log.error is None
    (response,) = log.of("Response")
    assert response.status == expected.status
    assert response.content_type == expected.content_type
    assert body_of(log) == expected.body
    assert log.of("EndOfStream")[-1].complete is expected.complete
    assert head.codes <= log.codes
    for name, value in expected.headers.items():
        assert response.headers[name] == value
    assert not expected.absent & set(response.headers)


@pytest.mark.parametrize("head", HEADS, ids=lambda head: f"{head.rule}: {head.name}")
def test_the_table_of_heads(head: Head) -> None:
    logs = [read(head.data, cut) for cut in CUTS]
    for log in logs:
        check(head, log)
        assert content(log) == content(logs[0])


@given(choices, rngs)
def test_any_combination_of_oddities(choice: dict[str, str], rng: random.Random) -> None:
    head = build(choice)
    whole = read(head.data)
    check(head, whole)
    cut = record(ResponseParser(), random_pieces(head.data, rng), errors=(HamaError,))
    assert content(cut) == content(whole)


@given(answers, rngs)
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nab", random.Random(0))
def test_events_do_not_depend_on_the_cuts(data: bytes, rng: random.Random) -> None:
    whole = read(data)
    assert content(read(data, 1)) == content(whole)
    assert content(record(ResponseParser(), random_pieces(data, rng), errors=(HamaError,))) == (
        content(whole)
    )


@given(answers)
def test_each_event_comes_after_the_same_byte(data: bytes) -> None:
    """What a prefix says at once it has said byte by byte, and nothing is held back."""
    for end in range(0, len(data), 3):
        at_once = read(data[:end], eof=False)
        by_bytes = read(data[:end], 1, eof=False)
        assert content(at_once) == content(by_bytes)


@given(answers)
def test_every_byte_of_a_body_is_given_out_or_counted(data: bytes) -> None:
    parser = ResponseParser()
    log = read(data, parser=parser)
    if log.error is None:
        end = log.of("EndOfStream")[-1]
        assert end.offset + parser.surplus == len(data)
        for piece in log.of("Data"):
            assert data[piece.offset : piece.offset + len(piece.data)] == piece.data


@given(answers)
def test_errors_are_sticky_and_name_a_byte_of_the_input(data: bytes) -> None:
    parser = ResponseParser()
    log = read(data, 1, parser)
    if log.error is not None:
        kind, offset, text = log.error
        assert kind in ("RemoteProtocolError", "LimitExceededError")
        assert offset is not None
        assert 0 <= offset <= len(data)
        for _ in range(2):
            with pytest.raises(RemoteProtocolError) as caught:
                parser.next_event()
            assert str(caught.value) == text


# -- against h11 -----------------------------------------------------------------------

tokens = st.text(
    "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_!#$%&'*+.^`|~", min_size=1, max_size=12
)
values = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E) | st.just(" "), max_size=20
).map(str.strip)
FRAMING_NAMES = ("content-length", "transfer-encoding", "content-type", "connection")


@st.composite
def clean_answers(draw: st.DrawFn) -> bytes:
    """Answers as RFC 9112 wants them."""
    status = draw(st.integers(200, 599))
    version = draw(st.sampled_from(["1.0", "1.1"]))
    body = draw(st.binary(max_size=40))
    headers = draw(
        st.lists(
            st.tuples(tokens.filter(lambda n: n.lower() not in FRAMING_NAMES), values), max_size=5
        )
    )
    framing = draw(st.sampled_from(["close", "length", "chunked"]))
    if framing == "length" and status != 204:
        headers.append(("Content-Length", str(len(body))))
    elif framing == "chunked" and version == "1.1" and status not in (204, 304):
        headers.append(("Transfer-Encoding", "chunked"))
        cut = draw(st.integers(0, len(body)))
        parts = [part for part in (body[:cut], body[cut:]) if part]
        body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    if status in (204, 304):
        body = b""
    lines = [f"HTTP/{version} {status} Fine", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


@given(clean_answers(), st.integers(1, 50))
def test_on_clean_heads_it_agrees_with_h11(data: bytes, cut: int) -> None:
    log = read(data, cut)
    assert log.error is None
    ours = log.of("Response")[0]
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    connection.receive_data(b"")
    theirs = connection.next_event()
    assert isinstance(theirs, h11.Response)
    assert ours.status == theirs.status_code
    assert ours.reason.encode() == theirs.reason
    assert ours.version is not None
    assert ours.version.encode() == theirs.http_version
    assert [(name.lower().encode(), value.encode()) for name, value in ours.headers.raw] == (
        list(theirs.headers)
    )
    body = b""
    while isinstance(event := connection.next_event(), h11.Data):
        body += bytes(event.data)
    assert isinstance(event, h11.EndOfMessage)
    assert body_of(log) == body
    assert not log.codes - {"status-206"}


# -- leniencies ------------------------------------------------------------------------


def test_each_leniency_is_met_in_the_table() -> None:
    assert {str(code) for code in LENIENCIES} - {"data-after-body"} <= {
        code for head in HEADS for code in read(head.data).codes
    }


@pytest.mark.parametrize("code", sorted(LENIENCIES - {AnomalyCode.DATA_AFTER_BODY}))
def test_each_leniency_can_be_refused(code: AnomalyCode) -> None:
    rows = [head for head in HEADS if head.reading is not None and code in read(head.data).codes]
    for head in rows:
        at = next(a.offset for a in read(head.data).of("Anomaly") if a.code == code)
        for cut in CUTS:
            log = read(head.data, cut, ResponseParser(refuse={code}))
            assert log.error is not None
            assert log.error[1] == at
            assert code in log.error[2]
            assert read(head.data, cut, ResponseParser(strict=True)).error is not None


@pytest.mark.parametrize("cut", CUTS)
def test_bytes_after_the_body_can_be_refused(cut: int) -> None:
    parser = ResponseParser(strict=True)
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabcd"
    log = read(data, cut, parser)
    if log.error is None:
        # The end was known, and given out, before the bytes that are too many.
        with pytest.raises(RemoteProtocolError, match="data-after-body"):
            parser.next_event()
    else:
        assert "data-after-body" in log.error[2]
        assert log.error[1] == len(data) - 2


@given(clean_answers())
def test_strict_reads_what_is_clean(data: bytes) -> None:
    assert read(data, parser=ResponseParser(strict=True)).error is None


def test_what_the_standard_allows_can_be_refused_by_name() -> None:
    data = b"HTTP/1.1 100 Continue\r\n\r\n" + CLEAN
    assert read(data, parser=ResponseParser(strict=True)).error is None
    refused = ResponseParser(refuse={AnomalyCode.INTERIM_RESPONSE})
    assert read(data, parser=refused).error is not None


# -- bounds ----------------------------------------------------------------------------

FLOODS = {
    "line": lambda n: CLEAN[:-2] + b"X: " + b"y" * n,
    "headers": lambda n: CLEAN[:-2] + b"X: y\r\n" * (n // 6),
    "folds": lambda n: CLEAN[:-2] + b" y\r\n" * (n // 4),
    "empty lines": lambda n: b"\r\n" * (n // 2),
    "blanks": lambda n: b" \n" * (n // 2),
    "CR": lambda n: CLEAN[:-2] + b"\r" * n,
    "1xx": lambda n: b"HTTP/1.1 100\r\n\r\n" * (n // 16),
    "chunk line": lambda n: CLEAN[:-2] + b"Transfer-Encoding: chunked\r\n\r\n" + b"0" * n,
    "trailers": lambda n: (
        CLEAN[:-2] + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"a\n" * (n // 2)
    ),
    "first line": lambda n: b"a" * n,
}


@pytest.mark.parametrize("name", FLOODS)
def test_floods_are_refused_at_the_same_byte_however_they_are_cut(name: str) -> None:
    data = FLOODS[name](200_000)
    log = read(data)
    assert log.error is not None
    assert log.error[0] == "LimitExceededError"
    for cut in (1, 7, 4096):
        assert read(data, cut).error == log.error


@pytest.mark.parametrize("name", FLOODS)
def test_floods_hold_no_more_than_the_limits(name: str) -> None:
    data = FLOODS[name](2_000_000)
    chunks = pieces(data, 1000)
    parser = ResponseParser()
    tracemalloc.start()
    try:
        log = record(parser, chunks, errors=(LimitExceededError,))
        assert log.error is not None
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_small_chunks_cost_time_in_proportion() -> None:
    """Twice the input, about twice the time: nothing is looked at again."""
    limits = Limits(max_head=1 << 20, max_head_line=1 << 20)

    def seconds(size: int) -> float:
        data = CLEAN[:-2] + b"X: " + b"y" * size + b"\r\n\r\n"
        parser = ResponseParser(limits=limits)
        begin = time.process_time()
        for at in range(len(data)):
            parser.receive_data(data[at : at + 1])
            parser.next_event()
        return time.process_time() - begin

    small = min(seconds(8_000) for _ in range(3))
    assert min(seconds(32_000) for _ in range(3)) < 12 * small


def test_a_huge_length_allocates_nothing() -> None:
    for lines in (b"Content-Length: " + b"9" * 5000, b"Transfer-Encoding: chunked"):
        parser = ResponseParser()
        parser.receive_data(b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n\r\n")
        tracemalloc.start()
        try:
            parser.receive_data(b"FFFFFFFFFFFFFFFFFFFF\r\nabc")
            assert [type(event) for event in parser.events()][-1] is Data
            assert tracemalloc.get_traced_memory()[1] < 100_000
        finally:
            tracemalloc.stop()


# -- the contract ----------------------------------------------------------------------


def test_a_chunk_that_is_all_body_is_given_out_as_it_is() -> None:
    for head in (CLEAN, CLEAN[:-2] + b"Content-Length: 2000\r\n\r\n"):
        parser = ResponseParser()
        parser.receive_data(head)
        list(parser.events())
        chunk = bytes(1000)
        parser.receive_data(chunk)
        (data,) = parser.events()
        assert isinstance(data, Data)
        assert data.data is chunk


def test_what_a_caller_reuses_is_copied() -> None:
    buffer = bytearray(CLEAN + b"picture")
    parser = ResponseParser()
    parser.receive_data(memoryview(buffer))
    buffer[:] = bytes(len(buffer))
    events = list(parser.events())
    assert isinstance(events[0], Response)
    assert isinstance(events[1], Data)
    assert events[1].data == b"picture"


def test_what_comes_behind_a_fault_that_waits_is_dropped() -> None:
    """The events before the fault are still to be asked for; then it is raised."""
    parser = ResponseParser()
    parser.receive_data(b"\r\nRTSP/1.0 200 OK\r\n")
    assert isinstance(parser.next_event(), Anomaly)
    parser.receive_data(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(2):
        with pytest.raises(RemoteProtocolError, match="RTSP"):
            parser.next_event()
    parser = ResponseParser(refuse={AnomalyCode.DATA_AFTER_BODY})
    parser.receive_data(b"HTTP/1.1 204 No Content\r\n\r\nabc")
    assert [type(parser.next_event()) for _ in range(2)] == [Response, EndOfStream]
    parser.receive_data(b"de")
    assert parser.surplus == 3
    with pytest.raises(RemoteProtocolError, match="data-after-body"):
        parser.next_event()
    with pytest.raises(RemoteProtocolError, match="data-after-body"):
        parser.receive_data(b"de")


def test_nothing_is_no_data_after_the_body() -> None:
    parser = ResponseParser(strict=True)
    parser.receive_data(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert [type(event) for event in parser.events()] == [Response, EndOfStream]
    parser.receive_data(b"")
    assert isinstance(parser.next_event(), EndOfStream)


def test_what_a_body_without_a_head_looks_like() -> None:
    for data, media_type in ((JPEG, "image/jpeg"), (CLEAN + JPEG, None)):
        parser = ResponseParser()
        parser.receive_data(data)
        list(parser.events())
        assert parser.looks_like == media_type


@pytest.mark.parametrize(
    ("framing", "passes"),
    [(b"", True), (b"Content-Length: 9\r\n", False), (b"Transfer-Encoding: chunked\r\n", False)],
)
def test_only_a_body_up_to_the_close_may_pass_by(framing: bytes, passes: bool) -> None:
    parser = ResponseParser()
    parser.receive_data(CLEAN[:-2] + framing + b"\r\n")
    assert isinstance(parser.next_event(), Response)
    assert parser.passes_through is passes
    if passes:
        parser.receive_data(b"x")
        assert not parser.passes_through
        list(parser.events())
        parser.receive_eof()
        assert not parser.passes_through


def test_where_a_stream_was_asked_for_no_length_counts() -> None:
    """A page has its length; what begins like a stream goes on."""
    for body, offset in ((b"--b more", 8), (b"page more", 4)):
        parser = ResponseParser()
        parser.endless = True
        log = read(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n" + body,
            parser=parser,
        )
        assert body_of(log) == body[:offset]


@pytest.mark.parametrize("value", ["text", 5, None, [1]])
def test_what_is_no_bytes_is_refused(value: Any) -> None:
    with pytest.raises(LocalProtocolError, match=type(value).__name__):
        ResponseParser().receive_data(value)


def test_empty_data_is_no_end() -> None:
    parser = ResponseParser()
    parser.receive_data(b"")
    assert parser.next_event() is NEED_DATA


def test_after_the_end() -> None:
    parser = ResponseParser()
    parser.receive_data(CLEAN)
    parser.receive_eof()
    assert isinstance(parser.next_event(), Response)
    assert parser.next_event() == parser.next_event() == EndOfStream(True, len(CLEAN))
    with pytest.raises(LocalProtocolError):
        parser.receive_data(b"more")


def test_what_is_fed_behind_a_known_end_is_counted() -> None:
    parser = ResponseParser()
    parser.receive_data(b"HTTP/1.1 204 No Content\r\n\r\nabc")
    assert [type(event) for event in parser.events()] == [Response, EndOfStream]
    parser.receive_data(b"de")
    assert list(parser.events()) == []
    assert parser.surplus == 5
    assert isinstance(parser.next_event(), EndOfStream)


def test_a_body_that_passes_by_is_accounted_for() -> None:
    parser = ResponseParser()
    assert not parser.passes_through
    parser.receive_data(CLEAN + JPEG)
    assert not parser.passes_through
    list(parser.events())
    assert parser.passes_through
    parser.passed(10)
    parser.receive_eof()
    assert parser.next_event() == EndOfStream(True, len(CLEAN) + len(JPEG) + 10)


def test_nothing_that_came_is_shown() -> None:
    data = b"HTTP/1.1 200 OK\r\nX-Secret : hunter2\r\nhunter2\r\n\r\nhunter2"
    parser = ResponseParser()
    parser.receive_data(data)
    shown = repr([*parser.events(), parser])
    assert "hunter2" not in shown
    assert Anomaly(AnomalyCode.BLANK_BEFORE_COLON, 17, "X-Secret").detail in shown


# -- faults ---------------------------------------------------------------------------


def test_what_came_before_a_fault_is_given_out_first() -> None:
    data = CLEAN[:-2] + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcX"
    log = read(data)
    assert body_of(log) == b"abc"
    assert log.error is not None
    assert log.error[1] == len(data) - 1


def test_nothing_is_taken_after_an_error() -> None:
    parser = ResponseParser()
    parser.receive_data(b"RTSP/1.0 200 OK\r\n")
    for call in (parser.next_event, lambda: parser.receive_data(b"x")):
        with pytest.raises(RemoteProtocolError, match="RTSP"):
            call()


@pytest.mark.parametrize("cut", CUTS)
def test_a_limit_that_ends_with_a_line(cut: int) -> None:
    """The limit is the last byte that is allowed, whether or not a line ends there."""
    head = b"HTTP/1.1 200 OK\r\nX: y\r\n"
    limits = Limits(max_head=len(head))
    log = read(head + b"Z: z\r\n\r\n", cut, ResponseParser(limits=limits))
    assert log.error == (
        "LimitExceededError",
        len(head),
        f"max_head: more than {len(head)} bytes (at byte {len(head)})",
    )
    assert (
        read(head + b"\r\n", cut, ResponseParser(limits=Limits(max_head=len(head) + 2))).error
        is None
    )
    chunked = CLEAN[:-2] + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"
    log = read(chunked + b"X: y\r\n" * 2, cut, ResponseParser(limits=Limits(max_trailers=6)))
    assert log.error is not None
    assert log.error[1] == len(chunked) + 6


def test_a_line_of_nothing_but_cr_is_refused() -> None:
    """Some readers end the head there, others do not: the body would begin in two places."""
    log = read(b"HTTP/1.1 200 OK\r\nX: y\r\n\r\r\nContent-Type: a/b\r\n\r\n")
    assert log.error is not None
    assert "CR" in log.error[2]
