"""What is said when something went wrong: once, with whose it is, and with what to try."""

from __future__ import annotations

import pytest

from hamaproto.cli.trouble import advice, note_troubles, told
from hamaproto.errors import (
    AuthenticationError,
    BusyError,
    CameraTimeoutError,
    CertificateError,
    ConnectError,
    ConnectionLostError,
    ConnectTimeoutError,
    DeviceError,
    HamaError,
    IdleTimeoutError,
    LimitExceededError,
    LocalProtocolError,
    LoginKindError,
    RefusedError,
    RemoteProtocolError,
)
from hamaproto.picture_size import AbsurdSizeError


@pytest.mark.parametrize(
    ("error", "login", "word"),
    [
        (ConnectError("x"), False, "is it on"),
        (ConnectTimeoutError("x"), False, "is it on"),
        (CertificateError("x"), False, ""),
        (AuthenticationError("x", 401), False, "HAMAPROTO_PASSWORD"),
        (AuthenticationError("x", 401), True, "check the password"),
        (LoginKindError("x", 401), False, ""),
        (LoginKindError("x", 401), True, ""),
        (BusyError("x"), False, "close another viewer"),
        (CameraTimeoutError("x"), False, "--timeout"),
        (IdleTimeoutError("x"), False, "--timeout"),
        (ConnectionLostError("x"), False, "try again"),
        (RemoteProtocolError("x"), False, "a camera's web server"),
        (LimitExceededError("x"), False, "a camera's web server"),
        (AbsurdSizeError((0, 1)), False, ""),
        (LocalProtocolError("x"), False, ""),
        (RefusedError("x", 404), False, "without a page"),
        (RefusedError("x", 405), False, "without a page"),
        (RefusedError("x", 410), False, "without a page"),
        (RefusedError("x", 500), False, ""),
        (RefusedError("x"), False, ""),
        (DeviceError("x"), False, ""),
        (HamaError("x"), False, ""),
    ],
    ids=repr,
)
def test_what_can_be_tried(error: HamaError, login: bool, word: str) -> None:
    tip = advice(error, login=login)
    assert word in tip
    assert bool(tip) == bool(word)
    line = told(error, login=login)
    assert line == (f"{error}; {tip}" if tip else str(error))


def test_the_line_says_of_what_and_of_which_host_once() -> None:
    lost = RefusedError("gone")
    assert told(lost, what=["picture", "sound"], host="cam") == "picture and sound: gone (cam)"
    assert told(lost, host="cam") == "gone (cam)"
    assert told(RefusedError("cam:80 is gone"), host="cam:80") == "cam:80 is gone"
    # The fault of who calls is no stream's and no camera's.
    assert told(LocalProtocolError("wrong"), what=["picture"], host="cam") == "wrong"


def test_each_trouble_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    troubles = [
        ("picture", RefusedError("gone")),
        ("", RefusedError("gone")),
        ("sound", RefusedError("gone")),
        ("picture", BusyError("busy with pictures")),
        ("sound", BusyError("busy with sound")),
        ("picture", ConnectionLostError("gone")),
    ]
    note_troubles(troubles, host="cam")
    assert capsys.readouterr().err.splitlines() == [
        "hamaproto: picture and sound: gone (cam)",
        "hamaproto: picture and sound: busy with pictures (cam); "
        "close another viewer, or try again later",
        "hamaproto: picture: gone (cam); try again",
    ]


@pytest.mark.parametrize(
    ("count", "names"),
    [(1, "a: "), (2, "a and b: "), (3, "a and b and c: "), (4, "a and b and 2 more: ")],
)
def test_many_names_are_not_all_said(
    count: int, names: str, capsys: pytest.CaptureFixture[str]
) -> None:
    note_troubles([(name, RefusedError("gone")) for name in "abcd"[:count]])
    assert capsys.readouterr().err == f"hamaproto: {names}gone\n"


def test_a_login_was_given(capsys: pytest.CaptureFixture[str]) -> None:
    note_troubles([("", AuthenticationError("refused", 401))], login=True)
    assert "check the password" in capsys.readouterr().err
