"""No login, cookie or password is left in what is shown, also in lists; all else is."""

from __future__ import annotations

import pytest

from hamaproto.captures.secrets import hidden_fields, hidden_list, hidden_target, hidden_value
from hamaproto.headers import Headers


@pytest.mark.parametrize(
    "target",
    [
        "/x.cgi?user=hush&password=hush",
        "/x?enet_system_username=hush&enet_system_userpass=hush&x=1",
        "/x?action=update&Users.U1.Password=hush",
        "http://hush:hush@camera/x",
        "/x?sid=hush&token=hush;pwd=hush",
        "/wifi?WPAPSK=hush&wep_key1=hush&enet_key=hush",
    ],
)
def test_targets(target: str) -> None:
    shown = hidden_target(target)
    assert "hush" not in shown
    assert "***" in shown


@pytest.mark.parametrize(
    "target",
    [
        "/camera-cgi/admin/param.cgi?action=list&group=Properties.VideoServer",
        "/camera-cgi/com/ptz.cgi?move=left",
        "/mjpg/video.mjpg",
        "/x?password=",
    ],
)
def test_targets_without_a_secret_stay_as_they_are(target: str) -> None:
    assert hidden_target(target) == target


def test_fields() -> None:
    headers = Headers(
        [
            ("Host", "camera"),
            ("Authorization", "Basic aHVzaA=="),
            ("Cookie", "hush"),
            ("X-Auth-Token", "hush"),
            ("Referer", "http://camera/?password=hush"),
            ("WWW-Authenticate", 'Digest nonce="hush"'),
        ]
    )
    shown = dict(hidden_fields(headers))
    assert shown["Authorization"] == "Basic ***"
    assert shown["WWW-Authenticate"] == "Digest ***"
    assert shown["Host"] == "camera"
    assert shown["Cookie"] == shown["X-Auth-Token"] == "***"
    assert shown["Referer"] == "http://camera/?password=***"


def test_lists_of_users() -> None:
    sent = (
        b"User1=admin,Password=hush\r\nUsers.U2.Passwd=hush\nroot.Brand.Brand=Hama\nMaxUsers=16\n\n"
    )
    shown = hidden_list(sent)
    assert b"hush" not in shown
    assert b"admin" not in shown
    assert shown.endswith(b"root.Brand.Brand=Hama\nMaxUsers=16\n\n")
    assert shown.count(b"\n") == sent.count(b"\n")
    assert hidden_value("Account", "name=x,Password=hush") == "***"
    assert hidden_value("Line1", "name=x,Password=hush") == "name=x,Password=***"


def test_what_the_specification_lists_is_shown() -> None:
    for key in ("MaxUsers", "CurrentUsers", "MACAddress", "HTTPPort", "ProdNbr", "Resolution"):
        assert hidden_value(key, "15") == "15"
