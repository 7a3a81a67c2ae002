"""`hamaproto.refusal`: the words of a device, short and harmless, whatever the bytes."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.refusal import (
    error_line,
    is_failure,
    is_plausible_key,
    means_ok,
    says_full,
    short_line,
    what_came,
    words_of,
)

fragments = st.lists(
    st.sampled_from([b"<", b">", b"<script>", b"</script", b"&amp;", b"&#27;", b"\x1b[2J", b"OK"])
    | st.binary(max_size=9),
    max_size=40,
).map(b"".join)


@given(fragments)
def test_nothing_that_is_said_does_harm(body: bytes) -> None:
    for said in (words_of(body), what_came(body), error_line(body) or "", short_line(repr(body))):
        assert said.isprintable()
        assert len(said) <= 160
    means_ok(body)


@pytest.mark.parametrize(
    "flood", [b"<", b"<script>", b"&", b"=", b" ", b"\r", b"# ", b"ok", b"<a "]
)
def test_only_the_beginning_is_read(flood: bytes) -> None:
    body = flood * (1 << 20)
    start = time.process_time()
    words_of(body), what_came(body), means_ok(body), error_line(body)
    assert time.process_time() - start < 1


def test_the_words_of_a_page() -> None:
    page = (
        b"<html><style>b {x:1}</style><title>Camera</title><p>Log&nbsp;in\n&lt;now&gt;</p><script>a"
    )
    assert words_of(page) == "Camera Log in <now>"
    assert words_of(b"<p>\xc3\xbcber \xe2\x80\xae</p>") == "über ?"


def test_a_character_that_was_cut_makes_no_latin_1_of_the_rest() -> None:
    assert words_of("ü".encode() + b"x" * 4093 + "ü".encode()).startswith("üx")


@pytest.mark.parametrize(
    ("key", "plausible"),
    [
        ("Brand.Brand", True),
        ("Motion detection enable", True),
        ("User1", True),
        ("Küche.x", True),
        ("MD1[0].Window-x_y/z", True),
        ("a", True),
        ("x" * 200, True),
        ("", False),
        ("<a href", False),
        ('{"a', False),
        ("http://x/?a", False),
        ("error", False),
        ("a\x01", False),
        ("...", False),
        ("x" * 201, False),
    ],
)
def test_the_name_of_a_parameter(key: str, plausible: bool) -> None:
    assert is_plausible_key(key) is plausible


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"\xff\xd8\xff", "a JPEG image"),
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
        (b"\0\0\0\x1cftypavif", "an AVIF image"),
        (b"\x01\x02", "bytes that are no text"),
        (b"\xef\xbb\xbf<?XML version='1.0'?>", "an XML document"),
        (b" \r\n<html>", "a page"),
        (b'{"a": 1}', "JSON"),
        (b"\n[1]", "JSON"),
        (b"hello", "a text"),
        (b"", "a text"),
    ],
)
def test_what_a_body_is(body: bytes, name: str) -> None:
    assert what_came(body) == name


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (b"OK: A='1'\r\n ERROR: B='2'\x1b\r\nERROR: C='3'\r\n", "ERROR: B='2'?"),
        (b"OK\r\n", None),
        (b"", None),
    ],
)
def test_the_line_that_is_an_error(body: bytes, line: str | None) -> None:
    assert error_line(body) == line
    assert means_ok(body) is (body == b"OK\r\n")


def test_who_is_full() -> None:
    for text in ("Too many users", "Maximum users reached", "Device Busy", "users limit"):
        assert says_full(text)
    for text in ("Not Found", "no sound", "Unauthorized"):
        assert not says_full(text)


@pytest.mark.parametrize(
    ("key", "value", "failure"),
    [
        ("result", "-1", True),
        ("Status", " Failed", True),
        ("status", "idle", False),
        ("result", "0", False),
        ("Image.status", "error", False),
    ],
)
def test_a_result_in_the_form_of_a_parameter(key: str, value: str, failure: bool) -> None:
    assert is_failure(key, value) is failure


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"GIF89a", "a GIF image"),
        (b"\0\0\0\x1cftypavif", "an AVIF image"),
        (b"\0\1\2\xff", "bytes that are no text"),
        (b"<?xml version='1.0'?><a/>", "an XML document"),
        (b"\xef\xbb\xbf <?XML ?>", "an XML document"),
        (b" \r\n<html>", "a page"),
        (b'{"a": 1}', "JSON"),
        (b"[1]", "JSON"),
        (b"Brand.Brand=Hama", "a text"),
    ],
)
def test_what_came_is_told_by_how_it_begins(body: bytes, what: str) -> None:
    assert what_came(body) == what


def test_the_first_line_that_is_an_error_is_told() -> None:
    assert error_line(b"OK\r# Error -1\r\n# Error -2") == "# Error -1"
    assert error_line(b"OK\n  # Error -1 \x07\n") == "# Error -1 ?"
    assert error_line(b"Brand=# Error") is None


def test_a_line_is_160_characters_at_most() -> None:
    assert short_line("x" * 160) == "x" * 160
    assert short_line("x" * 161) == "x" * 157 + "..."


def test_the_first_4096_bytes_are_read() -> None:
    assert means_ok(b"OK" + b" " * 4094)
    assert not means_ok(b"OK" + b" " * 4095)
    assert words_of(b" " * 4095 + b"ab") == "a"
    # Half a character at the end is left out, whatever its bytes.
    assert words_of("ü".encode() + b" " * 4092 + "耀".encode()) == "ü"
    assert words_of(b" " * 4095 + b"\xff") == ""


def test_what_is_not_to_be_seen_ends_with_its_own_tag() -> None:
    assert words_of(b"<p>x</p><script>a<b>c</b></script>d") == "x d"


@pytest.mark.parametrize(
    ("body", "ok"),
    [
        (b"OK", True),
        (b"\r\n ok \r\n", True),
        (b"OK\r\nA=1\r\n", True),
        (b"A=1\r\nOK\r\n", False),
        (b"OK\x01", False),
        (b"", False),
        (b"<html><p>OK</p></html>", True),
        (b"<html><p>no</p></html>", False),
    ],
)
def test_what_acknowledges(body: bytes, ok: bool) -> None:
    assert means_ok(body) is ok
