"""`hamaproto.wire.http.framing`: by what a body ends, row by row of RFC 9112 6.3."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.errors import RemoteProtocolError
from hamaproto.events import Anomaly, Response
from hamaproto.headers import Headers
from hamaproto.wire.http import content_type_name
from hamaproto.wire.http.framing import BodyEnd, Framing, framing_of
from hamaproto.wire.http.oddities import Oddities

CLOSE, LENGTH, CHUNKS = BodyEnd.CLOSE, BodyEnd.LENGTH, BodyEnd.LAST_CHUNK
EITHER = BodyEnd.LENGTH_IF_NO_STREAM


def framed(
    fields: str,
    status: int | None = 200,
    *,
    media_type: str | None = "text/html",
    version: str = "1.1",
    endless: bool = False,
) -> tuple[Framing, list[str]]:
    """`fields` as in "length: 5; coding: chunked"."""
    names = {"length": "Content-Length", "coding": "Transfer-Encoding"}
    pairs = [field.partition(":")[::2] for field in fields.split(";") if field]
    headers = Headers([(names[name.strip()], value.strip(" ")) for name, value in pairs])
    oddities = Oddities()
    response = Response(status, headers, media_type, "", version)
    found = framing_of(response, 77, oddities, endless=endless)
    told = [anomaly for anomaly in oddities.waiting if isinstance(anomaly, Anomaly)]
    assert all(anomaly.offset == 77 for anomaly in told)
    return found, [f"{a.code} {a.detail}".strip() for a in told]


@pytest.mark.parametrize(
    ("fields", "end", "length", "told"),
    [
        ("", CLOSE, 0, []),
        ("length: 5", LENGTH, 5, []),
        ("length: 0", LENGTH, 0, []),
        ("length: 007", LENGTH, 7, []),
        ("length: 5, 05; length: 5", LENGTH, 5, ["repeated-length"]),
        ("length: 5, 5", LENGTH, 5, ["repeated-length"]),
        ("length: " + "9" * 18, LENGTH, 10**18 - 1, []),
        ("length: 1" + "0" * 18, LENGTH, 10**18, []),
        ("length: " + "9" * 5000, LENGTH, 10**18, []),
        ("coding: chunked", CHUNKS, 0, []),
        ("coding: Chunked", CHUNKS, 0, []),
        ("coding: chunked; length: x", CHUNKS, 0, ["length-and-chunked"]),
        ("coding: chunked, \tchunked", CHUNKS, 0, ["repeated-chunked"]),
        ("coding: chunked; coding: chunked", CHUNKS, 0, ["repeated-chunked"]),
        ("coding: identity", CLOSE, 0, ["identity-coding"]),
        ("coding: identity; length: 5", LENGTH, 5, ["identity-coding"]),
        ("coding: ,chunked", CHUNKS, 0, ["identity-coding"]),
        ("coding: ", CLOSE, 0, ["identity-coding"]),
    ],
)
def test_what_the_fields_say(fields: str, end: BodyEnd, length: int, told: list[str]) -> None:
    assert framed(fields) == (Framing(end, length), told)


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ("coding: gzip", "a Transfer-Encoding other than chunked"),
        ("coding: gzip, chunked", "a Transfer-Encoding other than chunked"),
        ("coding: chunked, x", "a Transfer-Encoding other than chunked"),
        ("length: x", "no decimal number"),
        ("length: ", "no decimal number"),
        ("length: 5,", "no decimal number"),
        ("length: -5", "no decimal number"),
        ("length: +5", "no decimal number"),
        ("length: 0x5", "no decimal number"),
        ("length: \u00b2", "no decimal number"),
        ("length: 5; length: 6", "two different Content-Lengths"),
        ("length: 5, 50", "two different Content-Lengths"),
    ],
)
def test_where_no_end_is_certain(fields: str, what: str) -> None:
    with pytest.raises(RemoteProtocolError, match=what) as error:
        framed(fields)
    assert error.value.offset == 77


@pytest.mark.parametrize("fields", ["", "length: 5", "coding: chunked", "length: x"])
def test_statuses_without_a_body(fields: str) -> None:
    """RFC 9112 6.3, rule 1; a 304 may say what its 200 would have (RFC 9110 8.6)."""
    told = ["body-not-allowed"] if fields else []
    assert framed(fields, 204) == (Framing(LENGTH, 0), told)
    assert framed(fields, 304) == (Framing(LENGTH, 0), [])
    assert framed(fields, None) == (Framing(CLOSE, 0), [])


@pytest.mark.parametrize("status", [200, 203, 205, 303, 305, 404])
def test_the_others_have_one(status: int) -> None:
    assert framed("length: 5", status) == (Framing(LENGTH, 5), [])


def test_chunks_are_not_of_http_1_0() -> None:
    assert framed("coding: chunked", version="1.0")[1] == ["chunked-in-http-1.0"]


@pytest.mark.parametrize("media_type", ["multipart/x-mixed-replace;boundary=a", "Audio/basic"])
@pytest.mark.parametrize("length", ["0", "9999", "-1", "x", "5, 6"])
def test_no_length_of_a_stream_is_believed(media_type: str, length: str) -> None:
    name = media_type.partition(";")[0].lower()
    expected = (Framing(CLOSE, 0), [f"length-on-endless-body {name}"])
    assert framed(f"length: {length}", media_type=media_type) == expected
    assert framed(f"length: {length}", 404, media_type=media_type) == expected
    assert framed("coding: chunked", media_type=media_type)[0].end is CHUNKS


@pytest.mark.parametrize(
    ("media_type", "status", "end"),
    [
        (None, 200, CLOSE),
        ("", 200, CLOSE),
        ("application/octet-stream", 200, CLOSE),
        ("application/octet-stream", 299, CLOSE),
        ("application/octet-stream", 199, LENGTH),
        ("application/octet-stream", 300, LENGTH),
        ("application/octet-stream", 404, LENGTH),
        ("text/plain", 200, EITHER),
        ("image/jpeg", 299, EITHER),
        ("application/json", 200, EITHER),
        ("application/xml", 200, EITHER),
        ("application/xhtml+xml", 200, EITHER),
        ("text/plain", 404, LENGTH),
        ("text/plain", 300, LENGTH),
    ],
)
def test_where_a_stream_was_asked_for(media_type: str | None, status: int, end: BodyEnd) -> None:
    found, told = framed("length: 5", status, media_type=media_type, endless=True)
    name = (media_type or "").strip()
    assert found == Framing(end, 0 if end is CLOSE else 5)
    assert told == ([f"length-on-endless-body {name}".strip()] if end is CLOSE else [])
    assert framed("length: 5", status, media_type=media_type)[0] == Framing(LENGTH, 5)


@given(st.integers(0, 10**17), st.integers(0, 3))
def test_any_length(length: int, zeros: int) -> None:
    assert framed(f"length: {'0' * zeros}{length}") == (Framing(LENGTH, length), [])


@pytest.mark.parametrize(
    ("content_type", "name"),
    [
        (None, ""),
        ("", ""),
        (" Text/HTML ; charset=x", "text/html"),
        ("\timage/jpeg", "image/jpeg"),
        ("a/b,c/d;e", "a/b"),
        ("a/b c;d", "a/b"),
    ],
)
def test_the_name_of_a_media_type(content_type: str | None, name: str) -> None:
    assert content_type_name(content_type) == name
