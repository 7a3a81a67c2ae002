"""`hamaproto.fields`: own header fields, checked as all of a request is."""

from __future__ import annotations

from typing import Any

import pytest
from answering import handled
from conversations import HOST, PICTURE, UNAUTHORIZED
from driving import LATE, Driver, everywhere
from driving import nothing_left as nothing_left
from driving import quick_collections as quick_collections
from hypothesis import given
from hypothesis import strategies as st

from hamaproto import commands
from hamaproto._version import __version__
from hamaproto.client import ClientConnection
from hamaproto.errors import LocalProtocolError
from hamaproto.events import Frame
from hamaproto.fields import OwnFields
from hamaproto.io.blocking import Camera


def sent(request: Any = None, **arguments: Any) -> list[bytes]:
    data = ClientConnection(HOST, **arguments).send(request or commands.image())
    assert data.endswith(b"\r\n\r\n")
    return data[:-4].split(b"\r\n")


def test_without_any() -> None:
    lines = sent()
    assert b"User-Agent: hamaproto/" + __version__.encode() in lines
    assert b"Accept-Encoding: identity" in lines


@pytest.mark.parametrize("shape", [dict, list, iter])
def test_they_are_sent_and_take_the_place_of_the_usual_ones(shape: Any) -> None:
    pairs = [("user-agent", "me/1"), ("Cookie", "a=b; c=d"), ("X-Any", "\xe9")]
    lines = sent(headers=shape(pairs))
    assert b"user-agent: me/1" in lines
    assert b"Cookie: a=b; c=d" in lines
    assert b"X-Any: \xe9" in lines
    assert not any(line.startswith(b"User-Agent") for line in lines)
    assert lines.count(b"Connection: close") == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X", "secret\r\nEvil: 1"),
        ("X", "secret\n"),
        ("X", "secret\x00"),
        ("X", "secret\u20ac"),
        ("X\r\nEvil", "secret"),
        ("X Y", "secret"),
        ("", "secret"),
        ("X:", "secret"),
        ("Host", "secret"),
        ("connection", "secret"),
        ("Content-Length", "secret"),
        ("Transfer-Encoding", "secret"),
        ("X", b"secret"),
        ("X", None),
        (b"X", "secret"),
        (7, "secret"),
    ],
)
def test_what_can_not_be_sent_is_refused_at_once(name: Any, value: Any) -> None:
    for call in (
        lambda: ClientConnection(HOST, headers={name: value}),
        lambda: ClientConnection(HOST, headers=[(name, value)]),
        lambda: Camera("http://camera", headers={name: value}),
    ):
        with pytest.raises(LocalProtocolError, match="header") as caught:
            call()
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "given", ["X: y", b"X", 7, [("a",)], [("a", "b", "c")], ["ab"], [["a", "b"]]]
)
def test_what_are_no_fields(given: Any) -> None:
    with pytest.raises(TypeError, match=r"headers=\.\.\.\): a mapping"):
        OwnFields(given)


@given(st.text(max_size=5), st.text(max_size=20))
def test_no_field_makes_another_line(name: str, value: str) -> None:
    try:
        lines = sent(headers={name: value})
    except LocalProtocolError:
        return
    assert f"{name}: {value}".encode("latin-1") in lines
    assert len(lines) <= len(sent()) + 1


def test_who_asks_is_said_to_the_camera_alone() -> None:
    own = {"Cookie": "secret", "Authorization": "Bearer secret", "User-Agent": "me/1"}
    connection = ClientConnection(HOST, headers=own)
    assert connection.send(commands.image()).count(b"secret") == 2
    connection.receive_data(
        b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere/x.jpg\r\nContent-Length: 0\r\n\r\n"
    )
    list(connection.events())
    redirect = connection.redirect
    assert redirect is not None
    data = redirect.connection.send(redirect.request)
    assert b"secret" not in data
    assert b"User-Agent: me/1" in data
    # Nor where a picture is asked for without a login.
    assert b"secret" not in b"".join(sent(commands.image_without_login(), headers=own))
    assert "secret" not in repr(OwnFields(own))
    with pytest.raises(LocalProtocolError, match="leave out auth"):
        ClientConnection(HOST, headers=own, auth=("a", "b"))
    with pytest.raises(LocalProtocolError, match="leave out auth"):
        Camera("http://camera", headers=own, auth=("a", "b"))


@everywhere
def test_they_go_with_every_attempt(driver: Driver) -> None:
    asked: list[bytes] = []

    def device(request: bytes, number: int) -> bytes:
        asked.append(request)
        good = b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n" + PICTURE
        return good if b"\r\nAuthorization: Basic" in request else UNAUTHORIZED

    async def scenario(url: str) -> None:
        own = {"Cookie": "a=b"}
        async with driver.Camera(url, auth=("a", "b"), headers=own, timeout=LATE) as camera:
            assert isinstance(await camera.execute(commands.image()), Frame)

    with handled(device) as url:
        driver.run(scenario, url)
    assert [request.count(b"\r\nCookie: a=b\r\n") for request in asked] == [1, 1]


def test_who_asks_is_said_unless_it_is_not_to_be() -> None:
    fields = OwnFields({"Cookie": "a=b", "X-Room": "hall"})
    assert ("Cookie", "a=b") in fields.lines()
    assert fields.lines(anonymous=True) == [pair for pair in fields.lines() if pair[0] != "Cookie"]
