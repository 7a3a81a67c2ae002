"""`hamaproto.wire.http.fields`: header lines, folds and junk, one at a time."""

from __future__ import annotations

import re
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.events import Anomaly
from hamaproto.wire.http import fields
from hamaproto.wire.http.fields import FieldLines
from hamaproto.wire.http.oddities import Oddities

Told = list[tuple[str, int, str]]


def read(*lines: bytes) -> tuple[list[tuple[str, str]], Told]:
    oddities = Oddities()
    reader = FieldLines(oddities)
    for number, line in enumerate(lines):
        reader.add(line, 100 * number)
    anomalies = [a for a in oddities.waiting if isinstance(a, Anomaly)]
    return list(reader.finish().raw), [(str(a.code), a.offset, a.detail) for a in anomalies]


@pytest.mark.parametrize(
    ("line", "field", "told"),
    [
        (b"Server: GoAhead-Webs", ("Server", "GoAhead-Webs"), []),
        (b"X:y", ("X", "y"), []),
        (b"X: \ty z \t", ("X", "y z"), []),
        (b"X:", ("X", ""), []),
        (b"X::", ("X", ":"), []),
        (b"X: y\r", ("X", "y"), []),
        (b"1: y", ("1", "y"), []),
        (b"Monday: y", ("Monday", "y"), []),
        (b"Sun: 1", ("Sun", "1"), []),
        (b"HTTP: 1", ("HTTP", "1"), []),
        (b"X\t : y", ("X", "y"), [("blank-before-colon", 0, "X")]),
        (b"X: \xe9", ("X", "\xe9"), [("non-ascii-header", 0, "X")]),
        (b"\xe9: y", ("\xe9", "y"), [("non-ascii-header", 0, "\\\\xe9")]),
        (b"X: a\0b", ("X", "a\0b"), [("control-in-header", 4, "X")]),
        (b"X: a\rb", ("X", "a\rb"), [("bare-cr-in-head", 4, "X")]),
        (b"X: a\r\r", ("X", "a"), [("bare-cr-in-head", 4, "X")]),
        (b"y" * 50 + b" : z", ("y" * 50, "z"), [("blank-before-colon", 0, "y" * 40)]),
        (b"no colon", None, [("header-without-colon", 0, "")]),
        (b": y", None, [("header-without-name", 0, "")]),
        (b"a b: y", None, [("blank-in-name", 0, "")]),
        (b"a\tb: y", None, [("blank-in-name", 0, "")]),
        (b"HTTP/1.1 200 OK", None, [("second-status-line", 0, "")]),
        (b"http/2", None, [("second-status-line", 0, "")]),
        (b"http/x: y", ("http/x", "y"), []),
        (b"Sun, 22 Nov 2026 06:09:48 GMT", None, [("date-line", 0, "")]),
        (b"Sunday, 22-Nov-26 06:09:48 GMT", None, [("date-line", 0, "")]),
        (b"Sun Nov 22 06:09:48 2026", None, [("date-line", 0, "")]),
        (b"wednesday 1: x", None, [("date-line", 0, "")]),
        (b"2026-11-22 06:09:48", None, [("date-line", 0, "")]),
        (b"22 Nov 2026, 6:09:48", None, [("date-line", 0, "")]),
        (b"06:09:48", None, [("date-line", 0, "")]),
        (b"06:09: y", ("06", "09: y"), []),
    ],
)
def test_one_line(line: bytes, field: tuple[str, str] | None, told: Told) -> None:
    assert read(line) == ([field] if field else [], told)


@pytest.mark.parametrize(
    ("lines", "found", "told"),
    [
        ([b"X: a", b" b"], [("X", "a b")], [("folded-head-line", 100, "X")]),
        ([b"X:", b"\tb \r"], [("X", "b")], [("folded-head-line", 100, "X")]),
        ([b"X: a", b" "], [("X", "a")], [("blank-line-in-head", 100, "")]),
        (
            [b"X: a", b" \xe9\x01"],
            [("X", "a \xe9\x01")],
            [
                ("folded-head-line", 100, "X"),
                ("non-ascii-header", 100, "X"),
                ("control-in-header", 102, "X"),
            ],
        ),
        (
            [b"X: a", b"junk", b" b", b"Y: c"],
            [("X", "a"), ("Y", "c")],
            [
                ("header-without-colon", 100, ""),
                ("folded-head-line", 200, "continues no header: left out"),
            ],
        ),
        ([b"X: a", b"x: b", b"X: a"], [("X", "a"), ("x", "b"), ("X", "a")], []),
    ],
)
def test_folds(lines: list[bytes], found: list[tuple[str, str]], told: Told) -> None:
    assert read(*lines) == (found, told)


@pytest.mark.parametrize(
    ("lines", "more"),
    [
        ([], False),
        ([b"Content-Type: a/b"], False),
        ([b"Content-Type: a/b;"], True),
        ([b"content-TYPE: a/b", b" ;"], True),
        ([b"Content-Type: a/b;", b" c=d"], False),
        ([b"Content-Type: a/b;", b"junk"], False),
        ([b"Content-Type: a/b;", b"X: y"], False),
        ([b"X: y;"], False),
    ],
)
def test_a_content_type_that_announces_more(lines: list[bytes], more: bool) -> None:
    reader = FieldLines(Oddities())
    for line in lines:
        reader.add(line, 0)
    assert reader.announces_more is more


PARTS = (*b"XyA1-_ \t:;/,.\r\0\xe9\x7f", b"Sun, ", b"Mon ", b"HTTP/1", b"12:34:56", b"Content-")
odd_lines = st.lists(st.sampled_from(PARTS), min_size=1, max_size=8).map(
    lambda parts: b"".join(p if isinstance(p, bytes) else bytes([p]) for p in parts)
)


@given(st.lists(odd_lines, max_size=4))
def test_the_short_way_reads_as_the_long_one(lines: list[bytes]) -> None:
    """A line that is as RFC 9112 5 has it is taken by one pattern, and read no otherwise."""
    usual = read(*lines)
    with patch.object(fields, "_FIELD_LINE", re.compile(rb"(?!)")):
        assert read(*lines) == usual
