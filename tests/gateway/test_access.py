"""Who may ask: a table of what is refused, and of what is not."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.gateway.access import FIELDS, Access, Asked, is_loopback

SECRET = "a-token-of-some-length"
OURS = Asked(method="GET", local="127.0.0.1", host="127.0.0.1:8080")
LAN = Asked(method="GET", local="192.168.1.5", host="192.168.1.5:8080")
POST = replace(OURS, method="POST", content_type="application/json")


def basic(password: str, user: str = "anyone") -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def status(access: Access, asked: Asked, *, open_to_all: bool = False) -> int:
    """Of the refusal; 200 if there is none."""
    refusal = access.refusal(asked, open_to_all=open_to_all)
    if refusal is None:
        return 200
    assert refusal.error
    return refusal.status


#: What is refused, and with which status; nobody has to sign in here.
HOSTILE = {
    "another name, which is made to mean this machine": (
        replace(OURS, host="evil.example:8080"),
        403,
    ),
    "the same without a port": (replace(OURS, host="evil.example"), 403),
    "another port": (replace(OURS, host="127.0.0.1:9999"), 403),
    "no port, which is port 80": (replace(OURS, host="localhost"), 403),
    "an address that the connection was not made to": (replace(OURS, host="192.168.1.5:8080"), 403),
    "this machine's name from elsewhere": (replace(LAN, host="localhost:8080"), 403),
    "a name that begins as ours": (replace(OURS, host="127.0.0.1.evil.example:8080"), 403),
    "a name with a login before it": (replace(OURS, host="127.0.0.1:8080@evil.example"), 400),
    "no host": (replace(OURS, host=""), 400),
    "two hosts": (replace(OURS, host="127.0.0.1:8080, evil.example"), 400),
    "a page of another place": (replace(OURS, origin="http://evil.example"), 403),
    "a page of another port": (replace(OURS, origin="http://127.0.0.1:3000"), 403),
    "a page of nowhere": (replace(OURS, origin="null"), 403),
    "a file": (replace(OURS, origin="file://"), 403),
    "a page that only looks like ours": (
        replace(OURS, origin="http://127.0.0.1:8080.evil.example"),
        403,
    ),
    "a page with a login before its name": (
        replace(OURS, origin="http://127.0.0.1:8080@evil.example"),
        403,
    ),
    "a picture on another page": (replace(OURS, site="cross-site", mode="no-cors"), 403),
    "the same of a neighbour": (replace(OURS, site="same-site", mode="no-cors"), 403),
    "a form of another page": (replace(POST, origin="http://evil.example"), 403),
    "a form, in a browser that says no origin": (
        replace(POST, site="cross-site", mode="navigate"),
        403,
    ),
    "a form in its usual kind": (
        replace(POST, content_type="application/x-www-form-urlencoded"),
        415,
    ),
    "a form as text": (replace(POST, content_type="text/plain"), 415),
    "a body of no kind": (replace(POST, content_type=""), 415),
    "another method": (replace(POST, method="PUT"), 405),
    "a method that proxies know": (replace(OURS, method="CONNECT"), 405),
}

WELCOME = {
    "its address": OURS,
    "this machine's name": replace(OURS, host="LOCALHOST:8080"),
    "a name with the root's dot": replace(OURS, host="localhost.:8080"),
    "IPv6": replace(OURS, local="::1", host="[::1]:8080"),
    "IPv4 in IPv6": replace(OURS, local="::ffff:127.0.0.1"),
    "another address of this machine": replace(OURS, local="127.0.0.2", host="127.0.0.2:8080"),
    "an address of the network": LAN,
    "its own page": replace(OURS, origin="http://127.0.0.1:8080", site="same-origin"),
    "a link on another page": replace(OURS, site="cross-site", mode="navigate"),
    "a program": POST,
    "its own page, changing something": replace(POST, origin="http://127.0.0.1:8080"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_hostile_is_refused(what: str) -> None:
    asked, expected = HOSTILE[what]
    assert status(Access(port=8080), asked) == expected
    # A sign-in does not help.
    signed_in = replace(asked, authorization=basic(SECRET))
    assert status(Access(port=8080, secret=SECRET), signed_in) == expected
    # Nor does it that the path is open to all.
    assert status(Access(port=8080, secret=SECRET), asked, open_to_all=True) == expected


@pytest.mark.parametrize("what", WELCOME)
def test_what_is_not_is_not(what: str) -> None:
    asked = WELCOME[what]
    assert status(Access(port=8080), asked) == 200
    access = Access(port=8080, secret=SECRET)
    assert status(access, asked) == 401
    assert status(access, asked, open_to_all=True) == 200
    for login in (basic(SECRET), basic(SECRET, ""), f"Bearer {SECRET}", f"bearer  {SECRET} "):
        assert status(access, replace(asked, authorization=login)) == 200
    cookie = access.cookie(SECRET)
    assert cookie is not None
    assert cookie != SECRET
    assert status(access, replace(asked, cookie=cookie)) == 200


@pytest.mark.parametrize(
    "login",
    [
        "",
        "Basic",
        "Basic !!!",
        "Basic " + SECRET,
        basic("wrong"),
        basic(""),
        basic(SECRET + "x"),
        basic(SECRET[:-1]),
        basic("ü"),
        f"Bearer {SECRET}x",
        f"Digest {SECRET}",
        "Basic " + "A" * 100_000,
    ],
)
def test_another_secret_is_none(login: str) -> None:
    access = Access(port=8080, secret=SECRET)
    assert status(access, replace(OURS, authorization=login)) == 401
    for cookie in (SECRET, "", "ü", login):
        assert status(access, replace(OURS, cookie=cookie)) == 401
    assert access.cookie(login) is None
    other = Access(port=8080, secret="another").cookie("another")
    assert status(access, replace(OURS, cookie=other or "")) == 401


def test_names_that_the_owner_allowed() -> None:
    access = Access(names=["Camera.LAN", "proxy.example:443"], port=8080)
    for host in ("camera.lan", "camera.lan:8080", "CAMERA.lan:99", "proxy.example:443"):
        assert status(access, replace(LAN, host=host)) == 200
    for host in ("proxy.example", "proxy.example:80", "lan", "x.camera.lan"):
        assert status(access, replace(LAN, host=host)) == 403


def test_pages_that_the_owner_named() -> None:
    access = Access(origins=["http://Home.lan:8123/"], port=8080)
    named = replace(OURS, origin="http://home.lan:8123", site="cross-site", mode="cors")
    assert access.allows_origin(named)
    assert status(access, named) == 200
    other = replace(named, origin="https://home.lan:8123")
    assert not access.allows_origin(other)
    assert status(access, other) == 403
    # A browser asks first, and has no login with it.
    secret = Access(origins=["http://home.lan:8123"], port=8080, secret=SECRET)
    assert status(secret, replace(named, method="OPTIONS")) == 200
    assert status(secret, named) == 401


def test_the_usual_port_is_left_out_of_host() -> None:
    for port, secure in ((80, False), (443, True)):
        for other in (False, True):
            expected = 200 if other is secure else 403
            bare = replace(OURS, host="localhost")
            assert status(Access(port=port, secure=other), bare) == expected


def test_two_gateways_on_a_machine_have_two_cookies() -> None:
    assert Access(port=1).cookie_name != Access(port=2).cookie_name
    assert Access(port=1).cookie("x") is None
    assert not Access().signs_in


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_no_text_breaks_it(host: str, origin: str, login: str) -> None:
    asked = replace(OURS, host=host, origin=origin, authorization=login, cookie=login)
    assert status(Access(port=8080, secret=SECRET), asked) in (400, 401, 403)


def test_nothing_of_a_login_is_in_a_repr() -> None:
    access = Access(port=8080, secret=SECRET)
    asked = replace(OURS, authorization=basic(SECRET), cookie=access.cookie(SECRET) or "")
    for text in (repr(access), repr(asked), repr(access.refusal(replace(asked, cookie="x")))):
        assert SECRET not in text
        assert basic(SECRET) not in text


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("example.org", False),
    ],
)
def test_what_only_this_machine_can_reach(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected


def test_the_page_may_do_little() -> None:
    rules = dict(rule.split(" ", 1) for rule in FIELDS["Content-Security-Policy"].split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert rules["frame-ancestors"] == "'none'"
    assert "unsafe" not in FIELDS["Content-Security-Policy"]
