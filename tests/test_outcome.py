"""`hamaproto.outcome`: what the device means, and updates that are read back.

Each refusal that the family is known for is a typed error that can be printed; whatever is
none gives what the type of the request promises.
"""

from __future__ import annotations

from typing import Any

import pytest
from conversations import ANSWERS, PICTURE, UNAUTHORIZED, ask, connect, converse, result, text

from hamaproto import commands
from hamaproto.camera import CameraState
from hamaproto.commands import Request
from hamaproto.errors import (
    AuthenticationError,
    BusyError,
    HamaError,
    LimitExceededError,
    LocalProtocolError,
    RefusedError,
)
from hamaproto.limits import Limits
from hamaproto.models import Ack, RawAnswer
from hamaproto.outcome import Confirmed, Outcome, confirm, interpret
from hamaproto.wire.params import ParamList

# -- what the device means -------------------------------------------------------------


def test_results() -> None:
    assert result(commands.image(), ANSWERS["image"][1]).data == PICTURE
    assert result(commands.image(), PICTURE).data == PICTURE
    assert result(commands.brand(), ANSWERS["parameters"][1]).brand == "Hama"
    listed = result(commands.list_params("Brand"), ANSWERS["parameters"][1])
    assert isinstance(listed, ParamList)
    assert listed["brand.prodnbr"] == "00053104"
    assert result(commands.set_mjpeg_fps(5), text(b"OK\r\n")) == Ack("OK\r\n", 200, None)
    assert result(commands.move("left"), b"HTTP/1.0 204 No Content\r\n\r\n") == Ack("", 204, None)
    redirected = result(commands.set_flip_mode(1), ANSWERS["redirect"][1])
    assert redirected.ok
    assert redirected.location == "http://x/cp.asp"
    assert result(commands.set_flip_mode(1), text(b"OK")).ok
    answer = result(commands.raw("/x"), text(b"hello", b"404 Not Found"))
    assert isinstance(answer, RawAnswer)
    assert (answer.status, answer.body) == (404, b"hello")
    assert result(commands.raw("/x.jpg"), ANSWERS["any image"][1]).body == PICTURE


def test_an_image_that_was_cut_off_says_so() -> None:
    frame = result(commands.image(), ANSWERS["image"][1][:-20])
    assert not frame.complete
    assert frame.data == PICTURE[:-20]


def test_of_several_groups_the_known_ones_count() -> None:
    listed = result(
        commands.list_params("Brand", "X"),
        text(b"Brand.Brand=Hama\n# Error -1 getting param in group 'X'!\n\r\n"),
    )
    assert dict(listed) == {"Brand.Brand": "Hama"}
    assert len(listed.errors) == 1


LOGIN = b"HTTP/1.0 302 Redirect\r\nLocation: http://x/%s\r\n\r\n"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"
REFUSALS: dict[str, tuple[Any, bytes, type[Exception], str]] = {
    "401": (commands.image(), UNAUTHORIZED, AuthenticationError, "login"),
    "401 on a raw request": (commands.raw("/"), UNAUTHORIZED, AuthenticationError, "login"),
    "401 on a stream": (commands.video_stream(), UNAUTHORIZED, AuthenticationError, "login"),
    "login page": (commands.set_flip_mode(1), LOGIN % b"login.asp?x", AuthenticationError, "login"),
    "logon page": (commands.image(), LOGIN % b"a/LogOn.htm", AuthenticationError, "login"),
    "redirect of an update": (commands.set_mjpeg_fps(5), LOGIN % b"cp.asp", RefusedError, "302"),
    "404": (commands.brand(), text(b"no", b"404 Not Found"), RefusedError, "404 Not Found"),
    "500": (commands.video_stream(), text(b"no", b"500 \x1b[2J"), RefusedError, "500"),
    "error line": (commands.brand(), ANSWERS["error line"][1], RefusedError, "group 'X'"),
    "Axis error line": (
        commands.brand(),
        text(b"# Error: Error -1 getting param in group 'X'\n"),
        RefusedError,
        "Error -1",
    ),
    "error instead of OK": (commands.set_mjpeg_fps(5), text(b"# Error: no\n"), RefusedError, "no"),
    "no image": (commands.image(), b"HTTP/1.0 200 OK\r\n\r\n", RefusedError, "image"),
    "a page for an image": (commands.image(), text(b"<html>"), RefusedError, "image"),
    "no slot": (commands.video_stream(), STREAM, BusyError, "slots"),
    "no slot, but a delimiter": (commands.video_stream(), STREAM + b"--b\r\n", BusyError, "slots"),
    "no slot for sound": (
        commands.audio_stream(),
        b"HTTP/1.1 200 OK\r\nContent-Type: audio/gsm\r\n\r\n",
        BusyError,
        "slots",
    ),
    "a page for a list": (
        commands.brand(),
        b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n\r\n <html>Log in</html>",
        RefusedError,
        "page",
    ),
    "an unlabelled page for a list": (
        commands.brand(),
        b"HTTP/1.0 200 OK\r\n\r\n<html>Log in</html>",
        RefusedError,
        "page",
    ),
    "a page for sound": (commands.audio_stream(), text(b"no"), RefusedError, "sound"),
    "a page for a stream": (commands.video_stream(), text(b"<html>"), RefusedError, "stream"),
}


@pytest.mark.parametrize("name", REFUSALS)
@pytest.mark.parametrize("cut", [0, 1])
def test_refusals(name: str, cut: int) -> None:
    request, data, kind, words = REFUSALS[name]
    log = converse(request, data, cut)
    with pytest.raises(kind, match=words) as caught:
        interpret(request, log.events)
    assert str(caught.value).isprintable()
    assert isinstance(caught.value, HamaError)


def test_a_stream_that_had_a_frame_is_no_refusal() -> None:
    for name in ("multipart", "chunked multipart", "sound"):
        request, data = ANSWERS[name]
        outcome: Outcome[Any] = Outcome(request)
        for event in converse(request, data).events:
            outcome.add(event)
        assert outcome.refusal is None
        assert outcome.result() is None


def test_a_refusal_by_the_head_is_known_with_the_head() -> None:
    outcome: Outcome[Any] = Outcome(commands.video_stream())
    connection = connect(commands.video_stream())
    connection.receive_data(UNAUTHORIZED[: UNAUTHORIZED.index(b"<html>")])
    for event in connection.events():
        outcome.add(event)
    assert isinstance(outcome.refusal, AuthenticationError)
    assert not outcome.ended
    with pytest.raises(LocalProtocolError, match="before EndOfStream"):
        outcome.result()


def test_what_is_collected_is_bounded() -> None:
    request = commands.raw("/")
    log = converse(request, text(b"x" * 5000), 1000)
    with pytest.raises(LimitExceededError, match="max_body"):
        interpret(request, log.events, limits=Limits(max_body=4999))


# -- updates that are read back ----------------------------------------------------------


def run(plan: Any, camera: CameraState) -> Any:
    """A driver in five lines: the camera in the same process."""
    asked = next(plan)
    try:
        while True:
            asked = plan.send(ask(camera, asked))
    except StopIteration as done:
        return done.value


def test_an_update_that_was_stored() -> None:
    confirmed = run(confirm(commands.set_mjpeg_fps(10)), CameraState())
    assert isinstance(confirmed, Confirmed)
    assert confirmed.ok
    assert confirmed.ack.ok
    assert confirmed.stored == {"Image.I0.Stream.FPS": "10"}


def test_an_update_of_which_something_else_was_stored() -> None:
    """Cameras of the family round the rate up, say OK, and ignore what they do not know."""
    request = commands.update_params({"Image.I0.Stream.FPS": 7, "Image.I0.Stream.Colour": "red"})
    confirmed = run(confirm(request), CameraState())
    assert not confirmed.ok
    assert confirmed.differences == {
        "Image.I0.Stream.FPS": ("7", "10"),
        "Image.I0.Stream.Colour": ("red", None),
    }


@pytest.mark.parametrize(
    "request_",
    [
        commands.set_mjpeg_resolution("320x240"),
        commands.set_mpeg4_rate_control("bitrate"),
        commands.set_mpeg4_rate_control("compression"),
        commands.set_default_video_format("mjpeg"),
        commands.set_default_video_format("mpeg4"),
        commands.set_jpeg_compression(4),
    ],
    ids=repr,
)
def test_spellings_make_no_difference(request_: Request[Ack]) -> None:
    assert run(confirm(request_), CameraState()).ok


def test_keys_are_looked_for_in_the_group_that_lists_them() -> None:
    plan = confirm(
        commands.update_params({"System.HTTPPort": 81, "Brand.Brand": "x", "Brand.ProdNbr": "1"})
    )
    next(plan)
    asked = plan.send(Ack("OK", 200, None))
    assert asked.target.endswith("group=System.HTTPPort,Brand")


@pytest.mark.parametrize(
    "request_",
    [commands.set_flip_mode(1), commands.move("left"), commands.set_audio(enable="Yes")],
    ids=repr,
)
def test_what_can_not_be_read_back(request_: Request[Ack]) -> None:
    with pytest.raises(LocalProtocolError, match="read"):
        next(confirm(request_))


def test_what_is_shown() -> None:
    outcome: Outcome[Any] = Outcome(commands.brand())
    assert outcome.refusal is None
    assert outcome.response is None
    log = converse(commands.brand(), text(b"Brand.Brand=hunter2\n"))
    for event in log.events:
        outcome.add(event)
    assert outcome.response is log.of("Response")[0]
    confirmed = Confirmed({"A.b": "hunter2"}, {"A.b": None}, Ack("OK", 200, None))
    assert "hunter2" not in repr([outcome, confirmed])
    assert not confirmed.ok


def test_an_empty_list_is_a_list() -> None:
    """What the cameras answer without a group, or with a value that is too long."""
    assert dict(result(commands.list_params("X"), text(b"\r\n"))) == {}


def test_a_location_that_is_no_url() -> None:
    data = b"HTTP/1.0 302 Redirect\r\nLocation: http://[/login.asp\r\n\r\n"
    assert result(commands.set_flip_mode(1), data).location == "http://[/login.asp"


def test_a_value_that_has_no_meaning_is_compared_as_text() -> None:
    confirmed = Confirmed({"X.stats": "7"}, {"X.stats": "7 "}, Ack("OK", 200, None))
    assert confirmed.ok


def test_a_key_without_a_group_can_not_be_read_back() -> None:
    with pytest.raises(LocalProtocolError, match="group"):
        next(confirm(commands.update_params({"Brand": "x"})))
