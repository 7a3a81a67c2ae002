"""`hamaproto.userinfo`: the login in a URL, and what looks like one."""

from __future__ import annotations

import warnings

import pytest

from hamaproto.cli.address import Address
from hamaproto.errors import LocalProtocolError
from hamaproto.io.blocking import Camera
from hamaproto.settings import Endpoint


@pytest.mark.parametrize(
    ("url", "host", "login"),
    [
        ("http://user:p%23ss@host", "host", ("user", "p#ss")),
        ("user:p%23ss@host", "host", ("user", "p#ss")),
        ("http://user:p%2Fs%3Fs%40@host:81/cam1", "host", ("user", "p/s?s@")),
        ("http://user:p@ss@host", "host", ("user", "p@ss")),
        ("http://user:a:b@host", "host", ("user", "a:b")),
        ("http://user:100%@host", "host", ("user", "100%")),
        ("http://user@host", "host", ("user", "")),
        ("http://j%C3%B6rg:%E2%82%AC@[::1]", "::1", ("jörg", "€")),
    ],
)
def test_a_login_in_a_url(url: str, host: str, login: tuple[str, str]) -> None:
    endpoint, found = Endpoint.parse(url)
    assert endpoint.host == host
    assert found == login
    assert "p" not in endpoint.url.removeprefix("http")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        assert "%" not in repr(Camera(url))


@pytest.mark.parametrize("mark", ["#", "/", "?"])
@pytest.mark.parametrize(
    "url",
    [
        "http://admin:hunter{}2@camera",
        "admin:hunter{}2@camera:81/cam1",
        "http://admin:{}hunter2@camera",
        "http://admin:12{}34@camera",  # 12 would be a port
        "http://admin:12{}34@camera/video.mjpg",
        "http://adm.in:hunter{}2/3@camera",
        "http://admin:hunt@er{}2@camera",
        "https://admin:hunter2{}@camera",
    ],
)
def test_a_raw_mark_in_a_password_is_told_as_what_it_is(url: str, mark: str) -> None:
    given = url.format(mark)
    for parse in (Endpoint.parse, Address.parse, Camera):
        with pytest.raises(LocalProtocolError) as caught:
            parse(given)
        first = mark if mark in "#?" or "hunter/2/3" not in given else "/"
        assert f"the password in the URL has a raw {first!r}" in str(caught.value)
        assert f"%{ord(first):02X}" in str(caught.value)
        assert "hunt" not in str(caught.value)
        assert "34" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "camera", "target"),
    [
        ("http://camera:8080/ask?mail=a@b", "http://camera:8080", "/ask?mail=a@b"),
        ("http://u:p@cam/x.cgi?to=a@b", "http://u:p@cam", "/x.cgi?to=a@b"),
        ("http://[::1]:80/a/b?c=d@e", "http://[::1]:80", "/a/b?c=d@e"),
    ],
)
def test_an_at_sign_elsewhere_is_no_login(url: str, camera: str, target: str) -> None:
    assert Address.parse(url) == Address(camera, target)


@pytest.mark.parametrize("url", ["http://user:p%E9ss@host", "http://%FF:p@host"])
def test_other_encodings_are_refused_unseen(url: str) -> None:
    with pytest.raises(LocalProtocolError, match="not UTF-8") as caught:
        Endpoint.parse(url)
    assert caught.value.__context__ is None
