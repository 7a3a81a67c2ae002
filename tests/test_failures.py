"""`hamaproto.failures`: the errors of the network, in words that say what to do."""

from __future__ import annotations

import errno
import os
import ssl

import pytest

from hamaproto import commands
from hamaproto.errors import (
    AuthenticationError,
    CameraTimeoutError,
    ConnectError,
    ConnectionLostError,
    ConnectTimeoutError,
    HamaError,
    IdleTimeoutError,
    LimitExceededError,
    RemoteProtocolError,
)
from hamaproto.failures import (
    connection_failed,
    ended_early,
    for_the_log,
    handshake_timed_out,
    hung_up,
    is_no_http,
    speaks_tls,
    time_is_up,
    with_what_came,
)
from hamaproto.settings import Endpoint, Timeouts

CAMERA, _ = Endpoint.parse("http://camera:81")
SECURE, _ = Endpoint.parse("https://camera")
TLS = ssl.SSLError(1, "[SSL: WRONG] wrong (_ssl.c:1000)")
TLS.reason = "WRONG"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ECONNREFUSED, "Connect call failed ('10.0.0.1', 80)"), "Connection refused"),
        (OSError(errno.EHOSTUNREACH, "x"), os.strerror(errno.EHOSTUNREACH)),
        (OSError("no address of camera"), "no address of camera"),
        (OSError(), "OSError"),
        (TimeoutError(), "TimeoutError"),
        (TimeoutError("slow"), "slow"),
        (TLS, "WRONG"),
    ],
    ids=repr,
)
def test_an_error_of_the_system_in_our_words(error: OSError, words: str) -> None:
    made = connection_failed(CAMERA, error, connecting=True)
    assert type(made) is ConnectError
    assert str(made) == f"camera:81: can't connect: {words}"
    made = connection_failed(CAMERA, error, connecting=False)
    assert type(made) is ConnectionLostError
    assert str(made) == f"camera:81: the connection was lost: {words}"
    assert made.__cause__ is error


TIMES = Timeouts(connect=1, idle=2.5, total=3, frame=4)


@pytest.mark.parametrize(
    ("which", "request_", "connecting", "kind", "words"),
    [
        ("total", commands.brand(), False, CameraTimeoutError, "no whole answer within 3 s"),
        ("total", commands.brand(), True, CameraTimeoutError, "no whole answer within 3 s"),
        ("total", commands.video_stream(), False, CameraTimeoutError, "no head within 3 s"),
        ("idle", commands.brand(), True, ConnectTimeoutError, "can't connect within 1 s"),
        ("idle", commands.brand(), False, IdleTimeoutError, "silent for 2.5 s"),
        ("frame", commands.video_stream(), False, IdleTimeoutError, "no complete picture for 4 s"),
        ("frame", commands.audio_stream(), False, IdleTimeoutError, "no frame of sound for 4 s"),
    ],
)
def test_which_time_was_up(
    which: str,
    request_: commands.BaseRequest,
    connecting: bool,
    kind: type[HamaError],
    words: str,
) -> None:
    error = time_is_up(which, CAMERA, TIMES, request_, connecting=connecting)  # type: ignore[arg-type]
    assert type(error) is kind
    assert str(error) == f"camera:81: {words}"


def test_a_handshake_has_the_time_of_connecting_or_what_is_left() -> None:
    for times, seconds in ((TIMES, 1), (Timeouts(None, total=3), 3), (Timeouts.of(None), 0)):
        error = handshake_timed_out(SECURE, times)
        assert type(error) is ConnectTimeoutError
        assert f"camera:443: no TLS handshake within {seconds} s" in str(error)


def test_who_hangs_up() -> None:
    assert str(ended_early(CAMERA)) == "camera:81: the connection ended before the answer did"
    assert str(hung_up(SECURE)) == "camera:443: the connection was closed without an answer"
    assert str(hung_up(CAMERA)).endswith(" (if it speaks TLS: https://)")


def test_an_answer_in_tls_is_known_by_two_bytes() -> None:
    for first in (b"", b"\x15", b"HTTP", b"\x03\x15", b"\x16\x03"):
        assert speaks_tls(CAMERA, first) is None
    error = speaks_tls(CAMERA, b"\x15\x03\x01")
    assert type(error) is ConnectError
    assert str(error) == "camera:81: it answers in TLS: is it https:// and not http://?"


@pytest.mark.parametrize("first", [b"", b"H", b"http/1.1", b"\r\n\nHTTP/1", b"HTTP", b"\r"])
def test_what_may_be_http(first: bytes) -> None:
    assert is_no_http(first) == ""


@pytest.mark.parametrize("first", [b"<html>st", b"HTTX", b"\r\n<", b"RTSP/1.0", b"ICY 200"])
def test_what_is_no_http(first: bytes) -> None:
    words = first.strip().decode()
    assert is_no_http(first) == f"what came is no HTTP: {words!r}..."
    assert "\x1b" not in is_no_http(b"\x1b[2J" + first)


def test_an_error_says_what_had_come() -> None:
    cause = OSError("cause")
    for error in (ConnectionLostError("lost"), RemoteProtocolError("odd", 7)):
        error.__cause__ = cause
        assert with_what_came(error, "") is error
        told = with_what_came(error, "5 bytes had come")
        assert type(told) is type(error)
        assert told.__cause__ is cause
    assert str(told) == "odd; 5 bytes had come (at byte 7)"
    assert str(with_what_came(LimitExceededError("m", 1), "x")) == "m; x (at byte 1)"


def test_the_log_has_our_words_only() -> None:
    assert for_the_log(CAMERA, None) == "the camera ended the stream"
    assert for_the_log(CAMERA, hung_up(CAMERA)).startswith("the connection was closed")
    assert for_the_log(CAMERA, AuthenticationError("the device said: s3cret")) == (
        "AuthenticationError"
    )
