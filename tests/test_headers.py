"""`hamaproto.headers`: fields as they were sent, found without case, and never shown."""

from __future__ import annotations

import copy
import http.client
import io
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.headers import Headers

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,8}", fullmatch=True)
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)
FIELDS = st.lists(st.tuples(NAMES, VALUES), max_size=6)


@given(FIELDS, st.sampled_from(["\r\n", "\n", "\n\r"]))
def test_fields_are_kept_as_they_were_sent(fields: list[tuple[str, str]], end: str) -> None:
    block = end.join(f"{name}: \t{value} " for name, value in fields).encode()
    headers = Headers.parse(block)
    assert headers.raw == tuple(fields)
    assert headers == Headers(fields)
    assert hash(headers) == hash(Headers(fields))
    assert headers == copy.deepcopy(headers) == pickle.loads(pickle.dumps(headers))
    assert list(headers) == list(dict.fromkeys(name.lower() for name, _ in fields))
    assert len(headers) == len(set(headers))
    for name in headers:
        values = [value for one, value in fields if one.lower() == name]
        assert headers.get_all(name.upper()) == values
        assert headers[name.title()] == values[-1]
        assert name.upper() in headers


@given(FIELDS)
def test_another_reader_finds_the_same(fields: list[tuple[str, str]]) -> None:
    block = "".join(f"{name}:{value}\r\n" for name, value in fields).encode() + b"\r\n"
    theirs = http.client.parse_headers(io.BytesIO(block))
    assert list(Headers.parse(block).raw) == theirs.items()


@given(st.binary(max_size=60))
def test_no_block_raises(block: bytes) -> None:
    for name, value in Headers.parse(block).raw:
        assert name
        assert name == name.rstrip(" \t\r")
        assert not set(name + value) & set("\n")
        # Latin-1 goes there and back.
        assert name.encode("latin-1") in block


@pytest.mark.parametrize(
    ("block", "raw"),
    [
        (b"A: 1\r\n  2\r\n\t3\r\nB: 4", [("A", "1 2 3"), ("B", "4")]),
        (b"A:\r\n 1", [("A", "1")]),
        (b"A: 1\r\nB: 2\r\n 3", [("A", "1"), ("B", "2 3")]),
        (b"A: 1\r\n \t\r\nB: 2", [("A", "1"), ("B", "2")]),
        # What continues a line that is left out is left out with it.
        (b"A: 1\r\nno colon\r\n 2\r\nB: 3", [("A", "1"), ("B", "3")]),
        (b": no name\r\n 2\r\nB: 3", [("B", "3")]),
        (b" 1\r\nB: 3", [("B", "3")]),
        (b"A \t: 1:2", [("A", "1:2")]),
        (b"A: \xfc", [("A", "\xfc")]),
        (b"", []),
    ],
)
def test_odd_blocks(block: bytes, raw: list[tuple[str, str]]) -> None:
    assert list(Headers.parse(block).raw) == raw


def test_what_is_not_there() -> None:
    headers = Headers([("A", "1")])
    assert "b" not in headers
    assert 1 not in headers
    assert headers.get("b") is None
    assert headers.get_all("b") == []
    with pytest.raises(KeyError):
        headers["b"]
    assert headers != {"a": "1"}
    assert headers != Headers([("a", "1")])


def test_no_value_is_shown() -> None:
    headers = Headers([("Cookie", "s3cret"), ("Authorization", "Basic czNjcmV0")])
    assert repr(headers) == "<Headers Cookie, Authorization>"


def test_what_is_given_out_can_be_changed_without_harm() -> None:
    headers = Headers([("A", "1")])
    headers.get_all("a").append("2")
    assert headers.get_all("a") == ["1"]
