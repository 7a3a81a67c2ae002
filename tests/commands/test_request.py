"""`hamaproto.commands.request`: no text makes another request than the one that was meant.

What a target and a base may be stands in RFC 3986 and RFC 9112; what a URL is says urllib.
"""

from __future__ import annotations

import pickle
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hamaproto.commands.request import BaseRequest, Reply, Request, StreamRequest
from hamaproto.errors import ArgumentTypeError, LocalProtocolError
from hamaproto.wire.params import ParamList

ONE: Request[Any] = Request("/jpg/image.jpg", "1.1", "Get one JPEG image", Reply.IMAGE)


def any_request(target: str) -> Request[Any]:
    return Request(target, None, "x", Reply.ANY)


# -- targets ---------------------------------------------------------------------------


@given(st.text())
@example("")
@example("x")
@example("/!")
@example('/"$~')
@example("/a b")
@example("/a\r\nHost: x")
@example("/a#b")
@example("/\x7f")
@example("/\u017f")
def test_a_target_is_visible_ascii_from_a_slash_on(text: str) -> None:
    good = text.startswith("/") and all("!" <= c <= "~" and c != "#" for c in text)
    for kind in (Request, StreamRequest):
        if good:
            assert kind(text, None, "x", Reply.ANY).target == text
        else:
            with pytest.raises(LocalProtocolError, match="request target"):
                kind(text, None, "x", Reply.ANY)


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ("/a b", "got ' ' at index 2"),
        ("/#", "got '#' at index 1"),
        ("/abc\xe9", "got '\xe9' at index 4"),
        ("x/", "blank and no '#'$"),
    ],
)
def test_the_first_fault_of_a_target_is_named(target: str, fault: str) -> None:
    with pytest.raises(LocalProtocolError, match=fault):
        any_request(target)


def test_a_target_is_text() -> None:
    with pytest.raises(ArgumentTypeError, match="bytes"):
        any_request(b"/x")  # type: ignore[arg-type]


# -- as data ---------------------------------------------------------------------------


def test_a_request_is_plain_data() -> None:
    again = pickle.loads(pickle.dumps(ONE))
    assert again == ONE
    assert hash(again) == hash(ONE)
    assert ONE.method == "GET"
    assert ONE.anonymous is False
    assert ONE.model is None
    stream: StreamRequest[Any] = StreamRequest("/x", None, "x", Reply.MJPEG)
    for request in (ONE, stream, BaseRequest("/x", None, "x", Reply.ANY)):
        assert not hasattr(request, "__dict__")
        for name in ("target", "number", "anonymous"):
            with pytest.raises(AttributeError):
                setattr(request, name, "/x")


def test_what_a_request_may_have_is_named() -> None:
    with pytest.raises(TypeError):
        StreamRequest("/x", None, "x", Reply.ANY, True)  # type: ignore[misc]
    with pytest.raises(TypeError):
        Request("/x", None, "x", Reply.PARAMS, ParamList)  # type: ignore[misc]


def test_nothing_is_shown_that_may_be_a_password() -> None:
    assert repr(ONE) == "<Request 1.1: GET /jpg/image.jpg>"
    stream: StreamRequest[Any] = StreamRequest("/x?a=1", "1.3", "video", Reply.MJPEG)
    assert repr(stream) == "<StreamRequest 1.3: GET /x?a=1>"
    assert repr(any_request("/x?password=hunter2")) == "<Request x: GET /x>"


def test_a_stream_a_sound_and_talking_have_no_end() -> None:
    endless = {reply for reply in Reply if reply.endless}
    assert endless == {Reply.MJPEG, Reply.AUDIO, Reply.TALK}


# -- URLs ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "base",
    [
        "http://camera",
        "HTTP://Camera.local.",
        "https://192.168.2.114:443",
        "http://192.168.2.114:65535/cameras/front~door/%20",
        "http://192.168.2.114:1",
        "http://[::1]",
        "http://[1::]",
        "http://[fe80::1%25eth0]:8080/x",
        "http://my_camera-1:80",
    ],
)
@pytest.mark.parametrize("slash", ["", "/", "//"])
def test_bases(base: str, slash: str) -> None:
    assert ONE.url(base + slash) == f"{base}/jpg/image.jpg"


@pytest.mark.parametrize(
    ("base", "why"),
    [
        ("camera", "http://host"),
        ("ftp://camera", "http://host"),
        ("http://", "http://host"),
        ("http://camera:", "http://host"),
        ("http://camera:0", "port 0"),
        ("http://camera:65536", "port 65536"),
        ("http://camera:8\u0660", "http://host"),
        ("http://cam era", "http://host"),
        ("http://camera\r\nX: y", "http://host"),
        ("http://camera\n", "http://host"),
        ("http://camera?x", "http://host"),
        ("http://camera/#x", "http://host"),
        ("http://camera/a/../b", "segments"),
        ("http://camera/.", "segments"),
        ("http://camera/%zz", "http://host"),
        ("http://camera\\x", "http://host"),
        ("http://caf\xe9", "http://host"),
        ("http\u017f://camera", "http://host"),
        ("http://\u212aamera", "http://host"),
        ("http://[::1", "http://host"),
        ("http://[camera]", "IPv6"),
        ("http://[::1%eth0]", "zone"),
        ("http://[::1%25]", "zone"),
        ("http://[::1%25a b]", "zone"),
        ("http://user@camera", "user name"),
        ("http://user:pw@camera", "user name"),
        ("http://:@camera", "user name"),
        ("http://a@b@camera/", "user name"),
        ("user@camera", "user name"),
        ("http://user:pass?word@camera", "user name"),
        ("user:pass?word@camera", "user name"),
        ("http://pass/word@camera", "user name"),
        ("http://camera/x?u@y", "http://host"),
        ("http://camera/x#u@y", "http://host"),
        (b"http://camera", "str"),
        (None, "str"),
    ],
)
def test_bases_that_are_none(base: Any, why: str) -> None:
    with pytest.raises(LocalProtocolError, match=why) as raised:
        ONE.url(base)
    assert isinstance(raised.value, TypeError) is not isinstance(base, str)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    "base",
    [
        "http://admin:hunter2@camera",
        "admin:hunter2@camera",
        "http://camera/?password=hunter2",
        "http://camera/#hunter2",
    ],
)
def test_no_message_repeats_a_password(base: str) -> None:
    with pytest.raises(LocalProtocolError) as raised:
        ONE.url(base)
    assert "hunter2" not in str(raised.value)


@given(st.integers(0, 99_999))
@example(1)
@example(65_535)
def test_the_ports_of_tcp_are_taken(port: int) -> None:
    base = f"http://camera:{port}"
    if 1 <= port <= 65_535:
        assert urlsplit(ONE.url(base)).port == port
    else:
        with pytest.raises(LocalProtocolError, match=f"port {port}: allowed are 1 to 65535"):
            ONE.url(base)


@given(st.text(max_size=30), st.sampled_from(["", "http://", "https://", "http://camera"]))
def test_no_base_makes_another_url(text: str, start: str) -> None:
    try:
        url = ONE.url(start + text)
    except LocalProtocolError:
        return
    assert url.isascii()
    assert all("!" <= character <= "~" for character in url)
    parts = urlsplit(url)
    assert parts.scheme in ("http", "https")
    assert parts.username is parts.password is None
    assert parts.hostname
    assert parts.query == parts.fragment == ""
    assert parts.path.endswith("/jpg/image.jpg")
