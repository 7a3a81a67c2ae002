"""`hamaproto.outcome`: what the device means by its answer.

Each refusal that the family is known for is a typed error that can be printed; whatever is
none gives what the type of the request promises.
"""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from conversations import (
    ANSWERS,
    PICTURE,
    SOUND,
    UNAUTHORIZED,
    connect,
    converse,
    result,
    text,
)

from hamaproto import commands
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
from hamaproto.outcome import Outcome, interpret
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
    "no slot, but a line end": (commands.video_stream(), STREAM + b"\r\n", BusyError, "slots"),
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


def typed(content_type: bytes, body: bytes, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%s\r\n%s" % (content_type, more, body)


PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
PAGE = (
    b"\r\n<!DOCTYPE html><html><head><title>Log&nbsp;in</title><script>var a=1;\nb=2</script>"
    b"</head><body><form action=x>Please <b>log in</b></form></body></html>"
)
JSON = b'[{"cmd":"Get","error":{"detail":"please login first", "a=b":1}}]'
NOISE = random.Random(7).randbytes(200_000)

#: What came, and a word of the error, where anything else is due.
ELSE: dict[str, tuple[bytes, str]] = {
    "text": (b"Device Busy", "Device Busy"),
    "JSON": (JSON, "JSON.*please login first"),
    "page": (PAGE, "a page.*Log in Please log in"),
    "page as text": (PAGE.strip(), "Please log in"),
    "XML": (b'<?xml version="1.0"?><a b="c=d">busy</a>', "XML.*busy"),
    "JPEG": (PICTURE, "a JPEG image"),
    "PNG": (PNG, "a PNG image"),
    "GIF": (b"GIF89a\n" + NOISE[:300], "a GIF image"),
    "bytes": (bytes(range(256)), "bytes that are no text"),
    "noise": (NOISE, "bytes that are no text"),
    "request failed": (b"# Request failed: Error -1 setting 'a'\r\n", "Error -1 setting 'a'"),
    "error": (b"Error: -1\r\n", "Error: -1"),
    "error in capitals": (b"ERROR -1 getting param in group 'a=b'!\n", "ERROR -1 getting"),
    "NG": (b"NG\r\n", "NG"),
    "error as a parameter": (b"error=5\r\n", "error=5"),
    "a result as a parameter": (b"result=-1\r\n", "result=-1"),
    "a status as a parameter": (b"Status = Failed\n", "Status = Failed"),
    "escapes": (b"\x1b[2J\xe2\x80\xaebusy", r"\?\[2J\?busy"),
    "a long text": (b"busy " * 5000, r"busy .*\.\.\.$"),
}


@pytest.mark.parametrize("name", ELSE)
@pytest.mark.parametrize("kind", [b"text/plain", b"text/html", b"application/json", b"image/jpeg"])
@pytest.mark.parametrize(
    "request_", [commands.brand(), commands.move("left"), commands.set_flip_mode(1)], ids=repr
)
def test_anything_else_is_refused_in_the_words_of_the_device(
    name: str, kind: bytes, request_: Request[Any]
) -> None:
    body, words = ELSE[name]
    log = converse(request_, typed(kind, body))
    with pytest.raises(RefusedError, match=words) as caught:
        interpret(request_, log.events)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 300


@pytest.mark.parametrize("body", [b"", b"\r\n", b"\n\0\0", b"# a comment\r\n"])
def test_a_list_of_nothing_is_none(body: bytes) -> None:
    """What the cameras answer for a group that is missing, or a value that is too long."""
    with pytest.raises(RefusedError, match="the device lists nothing"):
        result(commands.list_params("X"), text(body))


@pytest.mark.parametrize("body", [b"", b"\r\n", b"\0"])
def test_nothing_is_no_acknowledgement(body: bytes) -> None:
    with pytest.raises(RefusedError, match="says nothing where OK"):
        result(commands.move("left"), text(body))
    with pytest.raises(RefusedError, match="says nothing where OK"):
        result(commands.set_flip_mode(1), text(body))


@pytest.mark.parametrize(
    "body",
    [b"OK", b"OK\r\n", b"ok\n\0", b"\xef\xbb\xbfOK", b"# OK\r\n", b"OK: A='1'\r\nOK: B='2'\r\n"],
)
def test_what_acknowledges(body: bytes) -> None:
    assert result(commands.move("left"), text(body)).status == 200
    assert result(commands.move("left"), typed(b"text/html", b"<html>OK</html>")).status == 200


def test_one_key_that_was_refused_is_a_refusal() -> None:
    with pytest.raises(RefusedError, match="ERROR: B='2'"):
        result(commands.set_mjpeg_fps(5), text(b"OK: A='1'\r\nERROR: B='2'\r\n"))


def test_a_list_with_a_damaged_line_is_a_list() -> None:
    body = b"Brand.Brand=Hama\r\n\x01\x02\r\nBrand.ProdNbr=00053104\r\nloose words\r\n"
    assert result(commands.brand(), text(body)).product_number == "00053104"
    assert result(commands.brand(), typed(b"image/jpeg", body)).brand == "Hama"
    assert result(commands.list_params("MD"), text(b"Motion detection enable=1\r\n"))


STREAM_REFUSALS: dict[str, tuple[Any, bytes, type[Exception], str]] = {
    "no such path": (
        commands.audio_stream(),
        text(b"no", b"404 Not Found"),
        RefusedError,
        "sound, /camera-cgi/audio/receive.cgi: the device answers 404 Not Found",
    ),
    "no sound": (
        commands.audio_stream(),
        text(b"audio disabled"),
        RefusedError,
        "stream of sound, /camera-cgi.*audio disabled",
    ),
    "no content": (
        commands.audio_stream(),
        b"HTTP/1.1 204 No Content\r\n\r\n",
        RefusedError,
        "stream of sound, .*204",
    ),
    "another kind of sound": (
        commands.audio_stream(),
        # Compressed sound is like noise: anything smooth might be G.711.  No byte of it begins
        # like a frame of GSM.
        typed(b"audio/aac", bytes(byte % 0xD0 for byte in random.Random(1).randbytes(1000))),
        RefusedError,
        "stream of sound, .*1000 bytes of audio/aac hold none",
    ),
    "another kind of video": (
        commands.video_stream(),
        typed(b"video/mp4", b"\0\0\0\x18ftypisom" + bytes(500)),
        RefusedError,
        "stream of images, .* bytes of video/mp4",
    ),
    "a coding": (
        commands.video_stream(),
        typed(b"video/x", b"\x8b", b"Content-Encoding: br\r\n"),
        RefusedError,
        "/mjpg/video.mjpg: .*coding 'br'",
    ),
    "a coding of an image": (
        commands.image(),
        typed(b"image/jpeg", b"\x8b", b"Content-Encoding: zstd\r\n"),
        RefusedError,
        "coding 'zstd'",
    ),
    "pictures of another format": (
        commands.video_stream(),
        STREAM + b"--b\r\nContent-Type: image/png\r\n\r\n" + PNG + b"\r\n--b--\r\n",
        RefusedError,
        "without one frame but a PNG image",
    ),
    "a text in the stream": (
        commands.video_stream(),
        STREAM + b"--b\r\nContent-Type: text/plain\r\n\r\nno signal\r\n--b--\r\n",
        RefusedError,
        "no signal",
    ),
    "full, in words": (commands.video_stream(), text(b"Too many users"), BusyError, "Too many"),
    "full, in a header": (
        commands.video_stream(),
        typed(b"text/plain", b"", b"X-CurrentUsers: Too many users\r\nContent-Length: 0\r\n"),
        BusyError,
        "Too many users",
    ),
    "full, in the status": (
        commands.video_stream(),
        text(b"", b"503 Too many users"),
        BusyError,
        "Too many users",
    ),
    "no talking": (
        commands.talk(),
        typed(b"text/html", b"<html>Two-way audio is off</html>"),
        RefusedError,
        "talk-back, .*a page where talk-back is due: Two-way audio is off",
    ),
    "sound for a stream": (
        commands.video_stream(),
        typed(b"audio/gsm", SOUND),
        RefusedError,
        "the device sends sound",
    ),
    "sound for an image": (
        commands.image(),
        typed(b"audio/gsm", SOUND),
        RefusedError,
        "no image: the device sends sound",
    ),
    "images for sound": (
        commands.audio_stream(),
        typed(b"image/jpeg", PICTURE),
        RefusedError,
        "the device sends images",
    ),
    "full, in a stream": (
        commands.video_stream(),
        STREAM + b"Too many users\r\n",
        BusyError,
        "Too many users",
    ),
    "no sound, under the type of sound": (
        commands.audio_stream(),
        typed(b"audio/gsm", b"No microphone\r\n"),
        RefusedError,
        "receive.cgi: .*No microphone",
    ),
    "no words": (commands.video_stream(), text(b"\r\n"), RefusedError, "says nothing"),
    "PNG": (
        commands.image(),
        typed(b"image/png", PNG),
        RefusedError,
        "a PNG image where a JPEG image is due",
    ),
    "PNG under another name": (commands.image(), typed(b"image/jpeg", PNG), RefusedError, "PNG"),
    "WebP": (
        commands.image(),
        typed(b"image/jpeg", b"RIFF\x10\0\0\0WEBPVP8 " + bytes(9)),
        RefusedError,
        "WebP",
    ),
    "BMP": (commands.image(), b"HTTP/1.1 200 OK\r\n\r\nBM" + bytes(60), RefusedError, "BMP"),
    "PNG in a multipart": (
        commands.image(),
        STREAM + b"--b\r\nContent-Type: image/png\r\n\r\n" + PNG + b"\r\n--b--\r\n",
        RefusedError,
        "no image but a PNG image",
    ),
    "a redirect that is not followed": (
        commands.move("left"),
        b"HTTP/1.0 302 Found\r\nLocation: http://a:b@x/y/z?pwd=1\r\n\r\n",
        RefusedError,
        "302 Found, to http://x/y/z$",
    ),
}


@pytest.mark.parametrize("name", STREAM_REFUSALS)
@pytest.mark.parametrize("cut", [0, 1])
def test_streams_and_images_are_refused_by_name(name: str, cut: int) -> None:
    request, data, kind, words = STREAM_REFUSALS[name]
    log = converse(request, data, cut)
    with pytest.raises(kind, match=words) as caught:
        interpret(request, log.events)
    assert type(caught.value) is kind
    assert "slots" not in str(caught.value)
    assert str(caught.value).isprintable()


# -- an image that came whole ------------------------------------------------------------

BEHIND = {
    "nothing": (b"", b""),
    "a length that is too long": (b"Content-Length: 99999\r\n", b""),
    "another part": (b"", b"\r\n--b\r\nContent-Type: image/jpeg\r\n\r\n" + PICTURE[:99]),
    "half an image": (b"", PICTURE[:1000]),
    "junk": (b"", bytes(1000)),
}


@pytest.mark.parametrize("name", BEHIND)
def test_an_image_is_given_with_its_last_byte(name: str) -> None:
    more, behind = BEHIND[name]
    request = commands.image()
    for kind in (b"image/jpeg", b"multipart/mixed; boundary=b", b"application/octet-stream"):
        connection = connect(request)
        start = b"--b\r\n\r\n" if kind[:1] == b"m" else b""
        connection.receive_data(typed(kind, start + PICTURE[:-1], more))
        outcome: Outcome[Any] = Outcome(request)
        before = list(connection.events())
        for event in before:
            outcome.add(event)
        assert not outcome.ready
        connection.receive_data(PICTURE[-1:] + behind)
        frame = interpret(request, itertools.chain(before, connection.events()))
        assert (frame.data, frame.complete) == (PICTURE, True)


@pytest.mark.parametrize("cut", [2, 60, 200])
@pytest.mark.parametrize(
    "more",
    [
        b"",
        b"Content-Length: 99999\r\n",
        b"Content-Length: %d\r\n" % (len(PICTURE) - 60),
        b"Transfer-Encoding: chunked\r\n",
    ],
)
def test_an_image_that_was_cut_off_is_given_as_such(more: bytes, cut: int) -> None:
    body = PICTURE[:-cut]
    if b"Length: %d" % (len(PICTURE) - 60) in more:
        body = body[: len(PICTURE) - 60]
    data = body if b"chunked" not in more else b"%x\r\n%s" % (len(body) + 9, body)
    frame = result(commands.image(), typed(b"image/jpeg", data, more))
    assert (frame.data, frame.complete) == (body, False)


def test_what_came_before_the_framing_broke_is_given() -> None:
    request = commands.image()
    connection = connect(request)
    body = b"%x\r\n%soops" % (len(PICTURE) - 9, PICTURE[:-9])
    connection.receive_data(typed(b"image/jpeg", body, b"Transfer-Encoding: chunked\r\n"))
    frame = interpret(request, connection.events())
    assert (frame.data, frame.complete) == (PICTURE[:-9], False)


def test_a_whole_image_counts_before_one_that_was_cut_off() -> None:
    body = b"--b\r\n\r\n" + PICTURE[:-50] + b"\r\n--b\r\n\r\n" + PICTURE + b"\r\n"
    frame = result(commands.image(), typed(b"multipart/mixed; boundary=b", body))
    assert (frame.data, frame.complete) == (PICTURE, True)


def test_an_image_over_the_limit_says_which_limit() -> None:
    limits = Limits(max_frame=len(PICTURE) - 1)
    for data in (typed(b"image/jpeg", PICTURE), STREAM + b"--b\r\n\r\n" + PICTURE):
        for cut in (0, 1000):
            log = converse(commands.image(), data, cut, limits=limits)
            with pytest.raises(LimitExceededError, match=f"max_frame.*{limits.max_frame}"):
                interpret(commands.image(), log.events, limits=limits)
        log = converse(commands.video_stream(), data, limits=limits)
        outcome: Outcome[Any] = Outcome(commands.video_stream(), limits=limits)
        for event in log.events:
            outcome.add(event)
        assert f"max_frame: an image of more than {limits.max_frame}" in str(outcome.refusal)


def test_twenty_megapixels_of_noise_are_below_the_limit() -> None:
    """Pillow makes 31.6 MB of 20 megapixels of grey noise at quality 100."""
    assert Limits().max_frame > 32_000_000


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


def test_what_is_shown() -> None:
    outcome: Outcome[Any] = Outcome(commands.brand())
    assert outcome.refusal is None
    assert outcome.response is None
    log = converse(commands.brand(), text(b"Brand.Brand=hunter2\n"))
    for event in log.events:
        outcome.add(event)
    assert outcome.response is log.of("Response")[0]
    assert "hunter2" not in repr(outcome)


def test_a_location_that_is_no_url() -> None:
    data = b"HTTP/1.0 302 Redirect\r\nLocation: http://[/login.asp\r\n\r\n"
    assert result(commands.set_flip_mode(1), data).location == "http://[/login.asp"
