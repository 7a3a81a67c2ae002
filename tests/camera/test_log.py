"""The log has what was asked and what became of it, and no password."""

from __future__ import annotations

import base64
import json

import pytest
from camera_client import ask, drain, opened, request

from hamaproto.camera import CameraState, Faults, Pictures, ServerConnection
from hamaproto.camera.log import KEPT
from hamaproto.camera.mosaic import draw_mosaic

VIDEO = "/mjpg/video.mjpg"
AUDIO = "/camera-cgi/audio/receive.cgi"


def camera(*faults: str, **options: object) -> CameraState:
    return CameraState(faults=Faults(*faults), pictures=Pictures(draw_mosaic), **options)  # type: ignore[arg-type]


def test_an_answer_that_ends() -> None:
    state = camera()
    answer = ask(state, "/jpg/image.jpg?a=b", "User-Agent: me", now=2.5)
    (one,) = state.log
    sent = len(answer.head) + len(answer.body)
    assert (one.number, one.method, one.path, one.at) == (0, "GET", "/jpg/image.jpg", 2.5)
    assert (one.target, one.status, one.frames) == ("/jpg/image.jpg?a=b", 200, 1)
    assert (one.sent, one.ended) == (sent, "whole")
    assert one.fields == {"host": "camera:8080", "user-agent": "me"}
    assert str(one) == f"#0 2.500 s GET /jpg/image.jpg?a=b: 200, 1 frames, {sent} bytes, whole"
    assert json.loads(json.dumps(one.as_dict()))["fields"] == one.fields
    assert state.log.counts() == {
        "connections": 1,
        "requests": 1,
        "unreadable": 0,
        "frames_sent": 1,
        "bytes_sent": sent,
    }


def test_a_stream_counts_as_it_goes() -> None:
    state = camera()
    connection, data = opened(state, VIDEO)
    assert connection.exchange is not None
    assert (connection.exchange.frames, connection.exchange.ended) == (1, "")
    data += drain(connection, 2 / 15)
    assert (connection.exchange.frames, connection.exchange.sent) == (3, len(data))
    assert str(connection.exchange).endswith("bytes, open")
    sound, heard = opened(state, AUDIO, now=2 / 15)
    assert sound.exchange is not None
    assert sound.exchange.frames == len(heard.partition(b"\r\n\r\n")[2]) // 33
    connection.close()
    connection.close()
    assert connection.exchange.ended == "gone"
    assert state.log.frames_sent == connection.exchange.frames + sound.exchange.frames


@pytest.mark.parametrize(
    ("fault", "frames", "ended"),
    [("die@2", 2, "cut off"), ("reset@2", 2, "reset"), ("close@2", 2, "whole")],
)
def test_how_it_ended(fault: str, frames: int, ended: str) -> None:
    state = camera(fault)
    connection, _ = opened(state, VIDEO)
    drain(connection, 0.2)
    connection.close()
    (one,) = state.log
    assert (one.frames, one.ended) == (frames, ended)


def test_what_was_left_out_is_counted() -> None:
    state = camera()
    connection, data = opened(state, VIDEO)
    data += drain(connection, 10.0)
    (one,) = state.log
    assert one.frames == data.count(b"Content-Length")
    assert one.frames + one.skipped == 151
    assert f"{one.skipped} skipped" in str(one)


def test_who_leaves_is_gone() -> None:
    state = camera()
    connection, _ = opened(state, VIDEO)
    connection.receive_eof()
    drain(connection, 1.0)
    (one,) = state.log
    assert one.ended == "gone"


def test_a_request_without_an_answer() -> None:
    state = camera("mute")
    opened(state, VIDEO, now=1.0)
    (one,) = state.log
    assert (one.status, one.at, one.sent) == (None, 1.0, 0)
    assert "no answer" in str(one)


def test_what_is_no_request_is_counted() -> None:
    state = camera()
    connection = ServerConnection(state)
    connection.receive_data(b"\x16\x03\x01\r\n\r\n")
    sent = drain(connection)
    assert len(state.log) == 0
    assert state.log.unreadable == 1
    assert state.log.bytes_sent == len(sent) > 0
    assert repr(state.log) == "<RequestLog 0 requests>"


def test_a_posted_body_is_part_of_the_target() -> None:
    state = camera()
    connection = ServerConnection(state)
    body = b"action=list&group=Brand"
    connection.receive_data(
        b"POST /camera-cgi/admin/param.cgi HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b"
        % (len(body), body)
    )
    (one,) = state.log
    assert one.target == "/camera-cgi/admin/param.cgi?action=list&group=Brand"


@pytest.mark.parametrize(
    ("field", "login"),
    [
        ("Basic " + base64.b64encode(b"admin:s3cret").decode(), "admin"),
        ("basic " + base64.b64encode("Jürgen:s3cret".encode()).decode(), "Jürgen"),
        ("Basic !!!", ""),
        ('Digest username="admin", response="s3cret"', "admin"),
        ("Digest s3cret", ""),
        ("", ""),
    ],
)
def test_a_login_leaves_a_name_and_no_password(field: str, login: str) -> None:
    state = camera(users={"admin": "s3cret"})
    ask(state, "/cp.asp", f"Authorization: {field}", "Cookie: s3cret")
    (one,) = state.log
    assert one.login == login
    assert "s3cret" not in f"{one} {one!r} {one.as_dict()}"
    assert (f" as {login!r}:" in str(one)) == bool(login)


def test_controls_in_a_target_do_nothing_on_a_terminal() -> None:
    state = camera()
    connection = ServerConnection(state)
    connection.receive_data(b"GET /\x1b[2J HTTP/1.0\r\n\r\n")
    (one,) = state.log
    assert "\x1b" not in str(one)
    assert "/\\x1b[2J" in str(one)


def test_the_log_is_bounded_and_counts_on() -> None:
    state = camera()
    connection = ServerConnection(state)
    connection.receive_data(request("/"))
    assert connection.request is not None
    for _ in range(KEPT + 10):
        state.log.open(connection.request)
    assert len(state.log) == KEPT
    assert state.log.requests == KEPT + 11
    assert [one.number for one in state.log.since(KEPT + 9)] == [KEPT + 9, KEPT + 10]
    state.log.clear()
    assert (len(state.log), state.log.requests) == (0, KEPT + 11)
