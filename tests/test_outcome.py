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
from hamaproto.events import (
    Anomaly,
    AnomalyCode,
    AudioFrame,
    Data,
    EndOfStream,
    Frame,
    Param,
    ParamError,
    Part,
    Response,
    Skipped,
)
from hamaproto.headers import Headers
from hamaproto.limits import Limits
from hamaproto.models import Ack, RawAnswer
from hamaproto.outcome import Outcome, interpret, is_login_page, is_success, shown_location
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


# -- what came before a connection was lost ----------------------------------------------

HEAD = Response(200, Headers(), "text/plain")
PARAM = Param("Brand.Brand", "Hama", "Brand.Brand")
SAID_NO = ParamError("Error -1")
WHOLE, CUT = Frame(PICTURE), Frame(PICTURE[:9], "eof", False)
SOUND_FRAME = AudioFrame(SOUND[:33])
PART = Part(b"no signal", Headers())
OK = Data(b"OK\r\n")
ENDED, CUT_OFF = EndOfStream(True), EndOfStream(False)
CLOSED, CUT_AND_CLOSED = EndOfStream(True, closed=True), EndOfStream(False, closed=True)


def outcome_of(request: Any, *events: Any) -> Outcome[Any]:
    outcome: Outcome[Any] = Outcome(request)
    for event in events:
        outcome.add(event)
    return outcome


LIST, MOVE, FORM = commands.brand(), commands.move("left"), commands.set_flip_mode(1)
IMAGE, VIDEO, HEARD = commands.image(), commands.video_stream(), commands.audio_stream()
ANY, TALK = commands.raw("/x"), commands.talk()


@pytest.mark.parametrize(
    ("request_", "events", "when"),
    [
        (LIST, [HEAD, PARAM, CLOSED], "always"),
        (LIST, [HEAD, PARAM, CUT_AND_CLOSED], "always"),
        (LIST, [HEAD, PARAM, ENDED], "silent, and no more was announced"),
        (LIST, [HEAD, PARAM, CUT_OFF], "never"),
        (LIST, [HEAD, PARAM], "never"),
        (LIST, [PARAM, CLOSED], "never"),
        (LIST, [HEAD, SAID_NO, CLOSED], "never"),
        (VIDEO, [HEAD, WHOLE, CLOSED], "always"),
        (VIDEO, [HEAD, WHOLE, ENDED], "never"),
        (VIDEO, [HEAD, CUT, CUT_AND_CLOSED], "never"),
        (VIDEO, [HEAD, CLOSED], "never"),
        (HEARD, [HEAD, SOUND_FRAME, CLOSED], "always"),
        (HEARD, [HEAD, SOUND_FRAME, ENDED], "never"),
        (MOVE, [HEAD, OK, CUT_OFF], "always"),
        (MOVE, [HEAD, CUT_OFF], "never"),
        (FORM, [Response(302, Headers()), CUT_OFF], "always"),
        (FORM, [Response(404, Headers()), CUT_OFF], "never"),
        (IMAGE, [HEAD, WHOLE, CLOSED], "never"),
        (TALK, [HEAD, CLOSED], "never"),
        (ANY, [HEAD, OK, CLOSED], "never"),
    ],
)
def test_what_came_whole_before_the_connection_was_lost(
    request_: Any, events: list[Any], when: str
) -> None:
    outcome = outcome_of(request_, *events)
    for silent, cut_off in itertools.product([False, True], repeat=2):
        due = when == "always" or (when != "never" and silent and not cut_off)
        assert outcome.came_whole(silent=silent, cut_off=cut_off) is due


@pytest.mark.parametrize(
    ("request_", "events", "came"),
    [
        (LIST, [], ""),
        (LIST, [PARAM], "1 parameter had come"),
        (LIST, [PARAM, PARAM, SAID_NO], "2 parameters had come"),
        (LIST, [SAID_NO], "it had said: Error -1"),
        (ANY, [], ""),
        (ANY, [Data(b"x"), Data(b"\0\0")], "3 bytes had come"),
        (ANY, [PART], "9 bytes had come"),
        (MOVE, [Data(b"Device "), Data(b"\x1bBusy")], "it had said: Device ?Busy"),
        (MOVE, [], ""),
        (VIDEO, [Data(b"no slot")], "it had said: no slot"),
        (VIDEO, [Data(b"no slot"), WHOLE], ""),
        (IMAGE, [WHOLE], ""),
    ],
)
def test_what_had_come_is_told(request_: Any, events: list[Any], came: str) -> None:
    assert outcome_of(request_, HEAD, *events).came == came


@pytest.mark.parametrize(
    ("event", "is_half"),
    [
        (HEAD, True),
        (ENDED, True),
        (Data(b"no slo"), True),
        (Anomaly(AnomalyCode.BARE_LF, 0), True),
        (Data(b"no\nslot"), False),
        (Data(b"<html>no slot"), False),
        (WHOLE, False),
        (SOUND_FRAME, False),
        (PART, False),
        (Skipped(0, 1, "junk"), False),
        (PARAM, False),
        (SAID_NO, False),
    ],
    ids=repr,
)
def test_half_a_line_says_nothing_certain(event: Any, is_half: bool) -> None:
    for request in (VIDEO, HEARD, ANY):
        assert outcome_of(request, event).is_half_a_line is is_half


def test_words_are_something_to_read() -> None:
    for request in (VIDEO, HEARD, ANY):
        assert outcome_of(request, Data(b"no slot\n")).has_words
        assert not outcome_of(request, Data(b"no slot")).has_words
    assert outcome_of(LIST, SAID_NO).has_words
    assert outcome_of(LIST, Data(b"<html>no</html>"), SAID_NO).has_words
    assert outcome_of(LIST, Data(b"<html>no</html>")).has_words
    assert not outcome_of(VIDEO, Data(b"\n")).has_words
    assert not outcome_of(VIDEO, Data(b"no slot\n"), WHOLE).has_words


def test_of_what_stands_for_a_stream_the_beginning_is_kept() -> None:
    """4096 bytes and the piece in which they end; of an answer in words everything is."""
    for before, kept in ((4095, True), (4096, False)):
        blank = Data(b"x" * before)
        assert outcome_of(VIDEO, blank, Data(b"\n")).is_half_a_line is not kept
        for request in (MOVE, FORM, ANY):
            assert not outcome_of(request, blank, Data(b"\n")).is_half_a_line
    many = outcome_of(ANY, HEAD, *[Data(b"x" * 1000)] * 9, ENDED)
    assert many.result().body == b"x" * 9000


BYTES = Data(bytes(range(256)))
NOISE_LINE = Param("\x01\xff", "", "\x01\xff", line=b"\x01\xff=")
ODD_LINE = Param("a<b", "1", "a<b", line=b"a<b=1")
FAILED_LINE = Param("result", "-1", "result", line=b"result=-1")


@pytest.mark.parametrize(
    ("events", "is_list"),
    [
        ([PARAM], True),
        ([PARAM, ODD_LINE, FAILED_LINE, Data(b"loose words")], True),
        ([PARAM, SAID_NO], True),
        ([PARAM, BYTES], False),
        ([PARAM, PARAM, BYTES], True),
        ([PARAM, NOISE_LINE], False),
        ([PARAM, PARAM, NOISE_LINE], True),
        ([PARAM, PARAM, NOISE_LINE, BYTES], False),
        ([ODD_LINE], False),
        ([FAILED_LINE], False),
        ([], False),
    ],
)
def test_a_list_has_more_parameters_than_noise(events: list[Any], is_list: bool) -> None:
    assert (outcome_of(LIST, HEAD, *events, ENDED).refusal is None) is is_list


@pytest.mark.parametrize("size", [0, 1, 5000])
def test_the_words_of_a_list_are_its_lines(size: int) -> None:
    outcome = outcome_of(LIST, HEAD, *[FAILED_LINE] * size, ENDED)
    said = "the device sends a text where a parameter list is due: result=-1"
    assert str(outcome.refusal).startswith(said if size else "the device lists nothing")


def test_what_is_no_frame_is_counted_in_bytes() -> None:
    for request in (VIDEO, HEARD, IMAGE):
        refusal = outcome_of(
            request, HEAD, Skipped(0, 3, "junk"), Skipped(3, 4, "junk"), ENDED
        ).refusal
        assert ": 7 bytes of text/plain hold none" in str(refusal)


def test_a_device_may_answer_to_talking_with_ok_or_nothing() -> None:
    for body in (b"", b" \t\r\n\0", b"OK\r\n"):
        assert outcome_of(TALK, HEAD, Data(body), ENDED).refusal is None
    assert "talk-back" in str(outcome_of(TALK, HEAD, Data(b"no"), ENDED).refusal)
    assert outcome_of(TALK, Response(204, Headers()), ENDED).refusal is None


@pytest.mark.parametrize("size", [99, 100, 101])
def test_as_much_is_collected_as_is_allowed(size: int) -> None:
    for request in (ANY, MOVE, LIST):
        outcome: Outcome[Any] = Outcome(request, limits=Limits(max_body=100))
        outcome.add(Data(b"x" * (size - 1)))
        if size <= 100:
            outcome.add(Data(b"x"))
        else:
            with pytest.raises(LimitExceededError, match="more than 100 bytes") as raised:
                outcome.add(Data(b"x"))
            assert raised.value.offset == 101


def test_an_answer_of_any_kind_is_collected() -> None:
    answer = outcome_of(ANY, HEAD, PART, SOUND_FRAME, WHOLE, OK, ENDED).result()
    assert answer.body == PART.data + SOUND_FRAME.data + WHOLE.data + OK.data


@pytest.mark.parametrize(
    ("status", "success"),
    [(None, True), (100, False), (199, False), (200, True), (299, True), (300, False)],
)
def test_which_status_is_a_success(status: int | None, success: bool) -> None:
    assert is_success(status) is success


@pytest.mark.parametrize("status", [204, 205])
def test_an_answer_without_a_body_acknowledges(status: int) -> None:
    for request in (MOVE, FORM):
        assert outcome_of(request, Response(status, Headers()), ENDED).result().status == status
    refused = outcome_of(MOVE, Response(206, Headers()), ENDED).refusal
    assert "says nothing" in str(refused)


@pytest.mark.parametrize("status", [299, 300, 399, 400])
def test_where_a_redirect_leads_is_told(status: int) -> None:
    head = Response(status, Headers([("Location", "/a/b?c=d")]), reason="Odd")
    refused = str(outcome_of(IMAGE, head, ENDED).refusal)
    assert refused.endswith(", to /a/b") is (status in (300, 399))
    assert ("the device answers" in refused) is (status != 299)


@pytest.mark.parametrize("status", [301, 302, 303, 304, 307])
def test_which_redirect_of_a_form_is_its_success(status: int) -> None:
    outcome = outcome_of(FORM, Response(status, Headers([("Location", "/cp.asp")])), ENDED)
    assert (outcome.refusal is None) is (status in (302, 303))
    page = outcome_of(FORM, Response(status, Headers([("Location", "/login.asp")])), ENDED)
    assert isinstance(page.refusal, AuthenticationError)


@pytest.mark.parametrize(
    ("location", "is_login"),
    [
        (None, False),
        ("", False),
        ("/login.asp?x=1", True),
        ("http://x/a/LogOn", True),
        ("sign-in.html", True),
        ("/login.asp/x", False),
        ("/mylogin.asp", False),
        ("http://[/login.asp", False),
    ],
)
def test_where_a_login_is_asked_for(location: str | None, is_login: bool) -> None:
    assert is_login_page(location) is is_login


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("http://u:hunter2@x:80/a?pwd=hunter2", "http://x:80/a"),
        ("http://u@hunter2@x", "http://x"),
        ("//hunter2@x/a@b", "//x/a@b"),
        ("/a@b?hunter2", "/a@b"),
        ("a\x1bb", "a?b"),
    ],
)
def test_a_location_is_shown_without_a_password(location: str, shown: str) -> None:
    assert shown_location(location) == shown


def test_events_that_end_too_early() -> None:
    with pytest.raises(LocalProtocolError, match="before EndOfStream"):
        interpret(LIST, [HEAD, PARAM])


def test_of_several_images_the_first_whole_one_counts() -> None:
    other = Frame(PICTURE + b"x")
    outcome = outcome_of(IMAGE, HEAD)
    assert not outcome.ready
    for event, frame, ready in ((CUT, CUT, False), (WHOLE, WHOLE, True), (other, WHOLE, True)):
        outcome.add(event)
        assert (outcome.frame, outcome.ready) == (frame, ready)
    outcome.add(CUT)
    assert outcome.frame is WHOLE
    assert outcome_of(IMAGE, CUT, Frame(b"", "eof", False)).frame is CUT


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
