"""`hamaproto.redirect`: where a redirect leads, and where it may lead."""

from __future__ import annotations

import dataclasses
from typing import Any
from urllib.parse import urljoin

import pytest
from conversations import PICTURE, UNAUTHORIZED, connect, converse
from hypothesis import given
from hypothesis import strategies as st

from hamaproto import commands
from hamaproto.client import ClientConnection
from hamaproto.commands import Reply
from hamaproto.redirect import FOLLOWED, MOST_REDIRECTS, Location, Trail

HERE = Location(False, "camera", 8080, "/a/b.cgi?x=1")
BASIC = b"\r\nAuthorization: Basic YWRtaW46MTIzNA==\r\n"


def moved(location: str, status: bytes = b"302 Found") -> bytes:
    return b"HTTP/1.1 %s\r\nLocation: %s\r\n\r\n" % (status, location.encode("latin-1"))


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/c.jpg", "http://camera:8080/c.jpg"),
        ("c.jpg", "http://camera:8080/a/c.jpg"),
        ("../c.jpg?y=2", "http://camera:8080/c.jpg?y=2"),
        ("?y=2", "http://camera:8080/a/b.cgi?y=2"),
        ("//other/c", "http://other/c"),
        ("http://other:81/c", "http://other:81/c"),
        ("HTTP://OTHER:80/C#part", "http://other/C"),
        ("https://other", "https://other/"),
        ("https://other:443/", "https://other/"),
        ("http://other:/c", "http://other/c"),
        ("http://[fe80::1]:81/c", "http://[fe80::1]:81/c"),
        ("http://admin:1234@other/c", "http://other/c"),
        (" /blank here ", "http://camera:8080/blank%20here"),
        ("/k\xfcche?a=%20b", "http://camera:8080/k%FCche?a=%20b"),
    ],
)
def test_where_it_leads(location: str, url: str) -> None:
    found = HERE.resolved(location)
    assert found is not None
    assert found.url == url


@pytest.mark.parametrize(
    "location",
    [
        *("ftp://other/c", "file:///etc/passwd", "rtsp://camera/x", "javascript:alert(1)"),
        *("http://[fe80/", "http://other:0/", "http://other:99999/", "http://other:x/"),
        *("http://b\xfccher/", "http://a b/", "http://x\\y/", "mailto:x"),
    ],
)
def test_what_is_no_place(location: str) -> None:
    assert HERE.resolved(location) is None


@given(st.text(st.characters(max_codepoint=255), max_size=30))
def test_any_location_is_a_place_or_none(location: str) -> None:
    found = HERE.resolved(location)
    if found is not None:
        request = commands.raw(found.target)
        ClientConnection(found.authority).send(request)
        assert Location.of(found.authority, found.secure, found.target) == found


@pytest.mark.parametrize(
    ("authority", "secure", "host", "port"),
    [
        ("Camera", False, "camera", 80),
        ("camera", True, "camera", 443),
        ("camera:81", True, "camera", 81),
        ("camera:65535", False, "camera", 65535),
        # What is no port is a part of the name, whatever becomes of that.
        ("camera:655350", False, "camera:655350", 80),
        ("camera:", False, "camera:", 80),
        ("camera:x", False, "camera:x", 80),
        ("camera:\u0661", False, "camera:\u0661", 80),
        ("[fe80::1]", False, "[fe80::1]", 80),
        ("[fe80::1]:81", False, "[fe80::1]", 81),
    ],
)
def test_the_place_of_a_request(authority: str, secure: bool, host: str, port: int) -> None:
    assert Location.of(authority, secure, "/x") == Location(secure, host, port, "/x")


def test_a_way_stays_what_it_is() -> None:
    trail = Trail.start(HERE)
    with pytest.raises(dataclasses.FrozenInstanceError):
        trail.home = trail.here  # type: ignore[misc]


@given(st.text("ab./?", max_size=12))
def test_within_a_host_it_leads_where_urllib_says(location: str) -> None:
    found = HERE.resolved(location)
    if found is not None and found.is_with(HERE):
        expected = urljoin(HERE.url, location).rstrip("?")
        assert found.url.rstrip("?") in (expected, expected + "/", expected.replace("/?", "/?"))


def test_the_home_of_a_login() -> None:
    assert HERE.is_with(Location.of("Camera:8080", False, "/"))
    for other in (("camera:8080", True), ("camera", False), ("other:8080", False)):
        assert not HERE.is_with(Location.of(*other, "/"))
    assert Location.of("camera", False, "/").is_with(Location.of("camera:80", False, "/"))
    assert Location.of("[::1]", True, "/").is_with(Location.of("[::1]:443", True, "/"))
    assert "x=1" not in repr(HERE)


def test_a_way_has_an_end() -> None:
    trail = Trail.start(HERE)
    for number in range(MOST_REDIRECTS):
        following = trail.follow(Reply.IMAGE, 302, f"/{number}")
        assert isinstance(following, Trail)
        trail = following
    assert trail.follow(Reply.IMAGE, 302, "/more") == "after 5 other redirects"
    assert trail.follow(Reply.IMAGE, 302, "/1") == "in a circle"
    assert trail.follow(Reply.IMAGE, 302, "") == "in a circle"
    assert trail.follow(Reply.IMAGE, 302, "ftp://x/") == "which is no http address"


def test_what_is_followed() -> None:
    trail = Trail.start(HERE)
    for reply in Reply:
        for status in (200, 300, 301, 302, 303, 304, 305, 307, 308, 404, None):
            follows = reply in FOLLOWED and status in (301, 302, 303, 307, 308)
            assert (trail.follow(reply, status, "/x") is not None) is follows
    assert trail.follow(Reply.IMAGE, 302, None) is None


# -- through connections -----------------------------------------------------------------


def redirected(request: Any, *answers: bytes, **arguments: Any) -> tuple[list[str], list[bytes]]:
    """The addresses that are asked, one for each answer, and what is sent to them."""
    connection = connect(**arguments)
    urls, sent = [], []
    for answer in answers:
        sent.append(connection.send(request))
        connection.receive_data(answer)
        connection.receive_eof()
        list(connection.events())
        if connection.redirect is not None:
            urls.append(connection.redirect.location.url)
            request = connection.redirect.request
            connection = connection.redirect.connection
        elif connection.retry is not None:
            connection = connection.retry
    return urls, sent


def test_the_login_goes_home_only() -> None:
    urls, sent = redirected(
        commands.brand(),
        UNAUTHORIZED,
        moved("/here"),
        UNAUTHORIZED,
        moved("http://camera:81/"),
        moved("http://other:8080/x?y=z"),
        UNAUTHORIZED,
        auth=("admin", "1234"),
    )
    assert urls == ["http://camera:8080/here", "http://camera:81/", "http://other:8080/x?y=z"]
    assert [BASIC in request for request in sent] == [False, True, False, True, False, False]
    assert sent[4].startswith(b"GET / HTTP/1.1\r\nHost: camera:81\r\n")
    assert sent[5].startswith(b"GET /x?y=z HTTP/1.1\r\nHost: other:8080\r\n")


def test_a_way_back_home_has_the_login_again() -> None:
    _, sent = redirected(
        commands.image(),
        UNAUTHORIZED,
        moved("http://other/"),
        moved("http://camera:8080/x"),
        UNAUTHORIZED,
        UNAUTHORIZED,
        auth=("admin", "1234"),
    )
    assert [BASIC in request for request in sent] == [False, True, False, False, True]


def test_a_login_on_the_way_does_not_begin_it_anew() -> None:
    """A device that asks for a login between redirects that lead in a circle."""
    connection = connect(auth=("admin", "1234"))
    request: Any = commands.image()
    hops = 0
    for hop in range(40):
        connection.send(request)
        location = f"/{hop}"
        connection.receive_data(UNAUTHORIZED if hop % 2 else moved(location))
        connection.receive_eof()
        list(connection.events())
        if connection.redirect is not None:
            hops += 1
            request, connection = connection.redirect.request, connection.redirect.connection
        elif connection.retry is not None:
            connection = connection.retry
        else:
            break
    assert hops <= MOST_REDIRECTS
    assert hop < 39


def test_the_prefix_belongs_to_the_camera() -> None:
    _, sent = redirected(commands.image(), moved("/x.jpg"), UNAUTHORIZED, prefix="/cam1")
    assert sent[0].startswith(b"GET /cam1/jpg/image.jpg ")
    assert sent[1].startswith(b"GET /x.jpg ")


def test_what_is_anonymous_stays_so() -> None:
    _, sent = redirected(
        commands.image_without_login(), moved("/x.jpg"), UNAUTHORIZED, auth=("admin", "1234")
    )
    assert not any(BASIC in request for request in sent)


@pytest.mark.parametrize(
    "request_", [commands.set_flip_mode(1), commands.move("left"), commands.raw("/x")], ids=repr
)
def test_what_changes_something_is_not_asked_for_elsewhere(request_: Any) -> None:
    connection = connect(request_)
    connection.receive_data(moved("/x"))
    list(connection.events())
    assert connection.redirect is None
    assert connection.not_followed == ""


def test_a_login_page_is_not_followed() -> None:
    connection = connect(commands.image())
    connection.receive_data(moved("/login.asp"))
    list(connection.events())
    assert connection.redirect is None


def test_the_answer_is_that_of_the_request() -> None:
    connection = connect(commands.image())
    connection.receive_data(moved("/x.jpg"))
    list(connection.events())
    redirect = connection.redirect
    assert redirect is not None
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n" + PICTURE
    assert redirect.request.reply is Reply.IMAGE
    assert redirect.place is redirect.location
    assert [frame.data for frame in converse(redirect.request, answer).frames] == [PICTURE]
