"""A request head as the device reads it: carelessly, once, and never too much of it."""

from __future__ import annotations

import itertools

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.camera.request import RequestHead, RequestReader

TOO_LONG = b"HTTP/1.0 414 Request-URI Too Long"
BAD = b"HTTP/1.0 400 Bad Request"


def read(data: bytes) -> RequestReader:
    reader = RequestReader()
    reader.receive(data)
    return reader


def head_of(data: bytes) -> RequestHead:
    head = read(data).head
    assert head is not None
    return head


@pytest.mark.parametrize(
    ("data", "target"),
    [
        (b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n", "/a?b=c"),
        (b"GET /a HTTP/1.0\n\n", "/a"),
        (b"\r\n\r\nGET /a HTTP/1.0\r\n\r\n", "/a"),
        (b"GET /a\r\n\r\n", "/a"),
        (b"GET\t/a\tHTTP/1.0\r\n\r\n", "/a"),
        (b"get  /a  HTTP/1.1 \r\nno colon\r\n: none\r\n folded\r\n\r\n", "/a"),
        (b"GET /p?action=list&group= Brand HTTP/1.0\r\n\r\n", "/p?action=list&group=Brand"),
        (b"GET /p?group=a \tb\r\n\r\n", "/p?group=ab"),
        (b"GET /p HTTP/1.0x\r\n\r\n", "/pHTTP/1.0x"),
        (b"GET http://host:80/a HTTP/1.1\r\n\r\n", "/a"),
        (b"GET HTTP://host/http://b/c HTTP/1.1\r\n\r\n", "/http://b/c"),
        (b"GET /http://host/a HTTP/1.1\r\n\r\n", "/http://host/a"),
        (b"GET http://a?b HTTP/1.1\r\n\r\n", "?b"),
        (b"ABCDEFGHIJKLMNOP /a\r\n\r\n", "/a"),
        (b"GET HTTP/1.0\r\n\r\n", "HTTP/1.0"),
    ],
)
def test_what_is_understood(data: bytes, target: str) -> None:
    reader = RequestReader()
    assert reader.receive(data + b"rest") == b"rest"
    assert reader.head is not None
    assert reader.head.target == target
    assert reader.refusal is None
    assert reader.receive(b"more") == b"more"


def test_the_parts_of_a_head() -> None:
    head = head_of(
        b"post /p?a=b?c#d HTTP/1.1\r\nHost: x:80\r\n ACCEPT : caf\xe9 \r\nhost:y\r\nX\r\n\r\n"
    )
    assert (head.method, head.path, head.query) == ("POST", "/p", b"a=b?c")
    assert head.fields == {"host": "y", "accept": "café"}
    assert repr(head) == "<RequestHead POST /p>"
    # Lines that end in LF alone lose nothing else.
    head = head_of(b"GET /ab\nX: yz\n\n")
    assert (head.target, head.fields) == ("/ab", {"x": "yz"})
    # A value: what one connection has read nobody changes.
    with pytest.raises(AttributeError):
        head.method = "GET"  # type: ignore[misc]  # the point of the test
    assert not hasattr(head, "__dict__")


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"\x16\x03\x01\x02\x00\x01\n\n", BAD),
        (b"GET\r\n\r\n", BAD),
        (b"ABCDEFGHIJKLMNOPQ /a\r\n\r\n", BAD),
        (b"GET /a\rb HTTP/1.0\n\n", BAD),
        # 2 KiB of target, and one more.
        (b"GET /" + b"a" * 2047 + b" HTTP/1.1\r\n\r\n", None),
        (b"GET /" + b"a" * 2048 + b" HTTP/1.1\r\n\r\n", TOO_LONG),
        # 16 KiB up to the line end of the last line, and one more.
        (b"GET / HTTP/1.1\na: " + b"b" * (16384 - 19) + b"\n", None),
        (b"GET / HTTP/1.1\na: " + b"b" * (16384 - 18) + b"\n", BAD),
        (b"\n" * 16384, None),
        (b"\n" * 16385 + b"G", TOO_LONG),
        (b"G" * 16384, None),
        (b"G" * 16385, TOO_LONG),
        (b"GET / HTTP/1.1\n" + b"a" * (16384 - 15), None),
        (b"GET / HTTP/1.1\n" + b"a" * (16384 - 14), BAD),
    ],
)
@pytest.mark.parametrize("size", [1, 1000, 1 << 20])
def test_what_is_refused(data: bytes, refusal: bytes | None, size: int) -> None:
    reader = RequestReader()
    for at in range(0, len(data), size):
        reader.receive(data[at : at + size])
    assert reader.refusal == refusal


PIECES = [b"GET /a", b" ", b"\t", b"HTTP/1.0", b"\r\n", b"\n", b"a: b", b":", b"\r", b"#?", b"\n\n"]


@given(
    st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join),
    st.lists(st.integers(0, 60), max_size=5),
)
def test_it_reads_the_same_however_it_is_cut(data: bytes, cuts: list[int]) -> None:
    one, many = RequestReader(), RequestReader()
    rest = one.receive(data)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    assert b"".join(many.receive(data[a:b]) for a, b in itertools.pairwise(edges)) == rest
    assert (one.head, one.refusal) == (many.head, many.refusal)
    assert bool(rest) <= (one.head is not None or one.refusal is not None)


@given(
    st.sampled_from([b"GET", b"POST", b"HEAD"]),
    st.from_regex(rb"/[!-~]{0,60}", fullmatch=True).filter(lambda target: b"#" not in target),
    st.lists(
        st.tuples(
            st.from_regex(rb"x-[a-z]{1,10}", fullmatch=True),
            st.from_regex(rb"([!-~]([ -~]{0,20}[!-~])?)?", fullmatch=True),
        ),
        unique_by=lambda field: field[0],
        max_size=5,
    ),
)
def test_clean_requests_are_read_as_h11_reads_them(
    method: bytes, target: bytes, fields: list[tuple[bytes, bytes]]
) -> None:
    client, server = h11.Connection(h11.CLIENT), h11.Connection(h11.SERVER)
    sent = client.send(
        h11.Request(method=method, target=target, headers=[(b"host", b"x"), *fields])
    )
    assert sent is not None
    server.receive_data(sent)
    theirs = server.next_event()
    assert isinstance(theirs, h11.Request)
    reader = RequestReader()
    assert reader.receive(sent) == b""
    ours = reader.head
    assert ours is not None
    assert ours.method.encode() == theirs.method
    assert ours.target.encode() == theirs.target
    assert {k.encode(): v.encode() for k, v in ours.fields.items()} == dict(theirs.headers)
