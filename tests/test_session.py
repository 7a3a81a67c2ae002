"""`hamaproto.session`: a request up to its end, with a clock that is a number and no socket."""

from __future__ import annotations

import gzip
import inspect
import logging
import zlib
from email.utils import formatdate
from typing import Any

import pytest
from conversations import PARTS, PICTURE, UNAUTHORIZED, text
from hypothesis import example, given
from hypothesis import strategies as st
from sessions import CLOSE, NOBODY, REFUSED, RESET, Camera, Run, ask, drive

from fixtures.feeding import _plain
from hamaproto import commands
from hamaproto.client import ClientConnection
from hamaproto.errors import (
    ArgumentTypeError,
    AuthenticationError,
    BusyError,
    CameraTimeoutError,
    ConnectError,
    ConnectionLostError,
    ConnectTimeoutError,
    HamaError,
    IdleTimeoutError,
    LimitExceededError,
    LocalProtocolError,
    LoginKindError,
    RefusedError,
    RemoteProtocolError,
)
from hamaproto.events import Anomaly, Arrival, AudioFrame, Data, EndOfStream, Frame
from hamaproto.limits import Limits
from hamaproto.models import Ack, Brand
from hamaproto.session import Action, Disconnected, Reconnected, Session
from hamaproto.settings import Backoff, Settings, Timeouts

AUTH = ("admin", "1234")
DIGEST = 'WWW-Authenticate: Digest realm="c", nonce="{}", qop="auth"'
BASIC = b"\r\nAuthorization: Basic YWRtaW46MTIzNA==\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%s\r\n"
JPEG = HEAD % (b"image/jpeg", b"")
MULTIPART = HEAD % (b"multipart/x-mixed-replace; boundary=b", b"")
LIST = b"Brand.Brand=Hama\nroot.Brand.ProdNbr=00053104\n\r\n"
TOO_LONG = HEAD % (b"text/plain", b"Content-Length: 999\r\n")
CHUNKS = b"Transfer-Encoding: chunked\r\n"
NO_LAST_CHUNK = HEAD % (b"text/plain", CHUNKS) + b"%x\r\n%s\r\n"
MOVE, LISTED, FORM = commands.move("left"), commands.brand(), commands.set_flip_mode(1)
VIDEO, IMAGE = commands.video_stream(), commands.image()
STREAM = MULTIPART + PARTS + b"--b--\r\n"
#: Silence without end; `ask` waits for it as long as the session does.
HOLD = 1e6


def moved(location: str, status: bytes = b"302 Found") -> bytes:
    return b"HTTP/1.1 %s\r\nLocation: %s\r\n\r\n" % (status, location.encode())


def refusal(status: str, *lines: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *lines, "Content-Length: 0", "", "")).encode()


def said(run: Run) -> tuple[Any, ...]:
    """What a session said and did, in a form that can be compared, `Data` put together."""
    rows = [
        (event.attempt, event.delay, event.reason)
        if isinstance(event, Disconnected)
        else _plain(event)
        for event in run.events
        if not isinstance(event, Data)
    ]
    body = b"".join(event.data for event in run.events if isinstance(event, Data))
    actions = [action for action in run.actions if action is not Action.RECEIVE]
    error = (type(run.error), str(run.error), repr(run.error.__cause__)) if run.error else None
    return (rows, body, actions, run.sent, run.endpoints, error, repr(run.result))


# -- what came whole is given ------------------------------------------------------------

#: A request, what the camera sends, and what becomes of the connection behind it.
WHOLE: dict[str, tuple[Any, bytes, Any]] = {
    "picture held open": (IMAGE, JPEG + PICTURE, HOLD),
    "picture, too long a length": (
        IMAGE,
        HEAD % (b"image/jpeg", b"Content-Length: 99999\r\n") + PICTURE,
        HOLD,
    ),
    "picture of a stream": (IMAGE, MULTIPART + PARTS, HOLD),
    "picture, one part of a stream": (IMAGE, MULTIPART + b"--b\r\n\r\n" + PICTURE, HOLD),
    "picture and a reset": (IMAGE, JPEG + PICTURE, RESET),
    "picture without its last chunk": (
        IMAGE,
        HEAD % (b"image/jpeg", CHUNKS) + b"%x\r\n%s" % (len(PICTURE), PICTURE),
        HOLD,
    ),
    "packed picture": (
        IMAGE,
        HEAD % (b"image/jpeg", b"Content-Encoding: gzip\r\n") + gzip.compress(PICTURE, mtime=0),
        HOLD,
    ),
    "picture without a head": (IMAGE, PICTURE, HOLD),
    "list held open": (LISTED, text(LIST), HOLD),
    "list without its empty line": (LISTED, text(LIST[:-2]), HOLD),
    "list, too long a length": (LISTED, TOO_LONG + LIST, HOLD),
    "list closed before its length": (LISTED, TOO_LONG + LIST, CLOSE),
    "list and a reset": (LISTED, text(LIST), RESET),
    "list without its last chunk": (LISTED, NO_LAST_CHUNK % (len(LIST), LIST), CLOSE),
    "OK": (MOVE, text(b"OK\r\n"), CLOSE),
    "OK held open": (MOVE, text(b"OK\r\n"), HOLD),
    "OK and a reset": (MOVE, text(b"OK\r\n"), RESET),
    "OK before its length": (MOVE, TOO_LONG + b"OK", CLOSE),
    "form held open": (FORM, moved("http://x/cp.asp") + b"<html>", HOLD),
    "form and a reset": (FORM, moved("http://x/cp.asp") + b"<html>", RESET),
}


@pytest.mark.parametrize("name", WHOLE)
def test_what_came_whole_is_given(name: str) -> None:
    request, answer, behind = WHOLE[name]
    run = ask(request, [answer, behind])
    assert run.error is None
    assert run.actions[-1] is Action.STOP
    if request is IMAGE:
        assert (run.result.data, run.result.complete) == (PICTURE, True)
    elif request is LISTED:
        assert isinstance(run.result, Brand)
        assert (run.result.brand, run.result.product_number) == ("Hama", "00053104")
        # More was announced than came, even if it was nothing.
        assert run.result.params.complete is not ("length" in name or "chunk" in name)
    else:
        assert isinstance(run.result, Ack)


CUT = PICTURE[:-60]
CUT_OFF: dict[str, tuple[bytes, Any]] = {
    "closed": (JPEG + CUT, CLOSE),
    "a reset": (JPEG + CUT, RESET),
    "silence": (JPEG + CUT, HOLD),
    "by its own length": (
        HEAD % (b"image/jpeg", b"Content-Length: %d\r\n" % len(CUT)) + CUT,
        CLOSE,
    ),
    "before its length": (HEAD % (b"image/jpeg", b"Content-Length: 5000\r\n") + CUT, CLOSE),
    "broken chunks": (
        HEAD % (b"image/jpeg", CHUNKS) + b"%x\r\n%soops" % (len(CUT), CUT),
        CLOSE,
    ),
}


@pytest.mark.parametrize("name", CUT_OFF)
def test_a_picture_that_was_cut_off_is_given_and_says_so(name: str) -> None:
    run = ask(IMAGE, CUT_OFF[name])
    assert run.error is None
    assert (run.result.data, run.result.complete) == (CUT, False)


@pytest.mark.parametrize("name", ["closed", "a reset", "silence"])
def test_a_stream_that_was_cut_off_gives_what_came_then_its_end_then_the_error(name: str) -> None:
    run = ask(VIDEO, CUT_OFF[name])
    assert [(frame.data, frame.complete) for frame in run.frames] == [(CUT, False)]
    assert run.events[-1] == EndOfStream(False, run.events[-1].offset)
    kind = IdleTimeoutError if name == "silence" else ConnectionLostError
    assert type(run.error) is kind


@pytest.mark.parametrize("behind", [HOLD, RESET, CLOSE])
@pytest.mark.parametrize("end", [b"--b--\r\n", b"--b--\r\nbehind it\r\n"])
def test_a_stream_that_says_its_end_has_ended(behind: Any, end: bytes) -> None:
    """RFC 2046 5.1.1: nothing follows the closing delimiter that counts."""
    run = ask(VIDEO, [MULTIPART + PARTS + end, behind])
    assert run.error is None
    assert [frame.data for frame in run.frames] == [PICTURE] * 3
    assert isinstance(run.events[-1], EndOfStream)
    assert (run.events[-1].complete, run.events[-1].closed) == (True, True)


def test_a_packed_stream_is_a_stream() -> None:
    head = HEAD % (b"multipart/mixed; boundary=b", b"Content-Encoding: gzip\r\n")
    run = ask(VIDEO, [head + gzip.compress(PARTS + b"--b--\r\n"), CLOSE])
    assert run.error is None
    assert [frame.data for frame in run.frames] == [PICTURE] * 3


# -- anything else is an error -------------------------------------------------------------

HALF = b"Brand.Brand=Hama\nroot.Brand.ProdNbr=00053"
#: And how the error ends.
LOST: dict[str, tuple[Any, bytes, Any, type[HamaError], str]] = {
    "nothing": (LISTED, b"", CLOSE, ConnectionLostError, "(if it speaks TLS: https://)"),
    "half a list": (LISTED, text(HALF), HOLD, IdleTimeoutError, "; 2 parameters had come"),
    "a list of which more may come": (
        LISTED,
        text(LIST[:-2]),
        RESET,
        ConnectionLostError,
        "; 2 parameters had come",
    ),
    "half a list before its length": (
        LISTED,
        TOO_LONG + HALF,
        CLOSE,
        ConnectionLostError,
        "; 2 parameters had come",
    ),
    "half a list and broken chunks": (
        LISTED,
        NO_LAST_CHUNK % (len(HALF), HALF) + b"oops\r\n",
        CLOSE,
        RemoteProtocolError,
        "; 2 parameters had come (at byte 120)",
    ),
    "a refusal and broken chunks": (
        LISTED,
        NO_LAST_CHUNK % (13, b"# Error -1 x\n") + b"oops\r\n",
        CLOSE,
        RefusedError,
        "Error -1 x",
    ),
    "nothing behind a head": (LISTED, text(b""), HOLD, IdleTimeoutError, "silent for 10 s"),
    "a refusal held open": (LISTED, text(b"# Error -1 no\n"), HOLD, RefusedError, "Error -1 no"),
    "a refusal and a reset": (LISTED, text(b"# Error: 2\n"), RESET, RefusedError, "Error: 2"),
    "a page held open": (MOVE, text(b"<p>log in</p>"), HOLD, RefusedError, ": log in"),
    "a page and a reset": (
        IMAGE,
        HEAD % (b"text/html", b"") + b"<p>log in</p>",
        RESET,
        RefusedError,
        ": log in",
    ),
    "half a page without a head": (
        IMAGE,
        b"<html>starting",
        CLOSE,
        ConnectionLostError,
        "; what came is no HTTP: '<html>st'...",
    ),
    "half a head": (LISTED, b"HTTP/1.1 200 O", CLOSE, ConnectionLostError, "answer did"),
    "a head and a field that breaks off": (
        LISTED,
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n",
        CLOSE,
        ConnectionLostError,
        "answer did",
    ),
    "half an OK": (MOVE, text(b"O"), HOLD, IdleTimeoutError, "; it had said: O"),
    "half an OK before its length": (
        MOVE,
        TOO_LONG + b"O",
        CLOSE,
        ConnectionLostError,
        "; it had said: O",
    ),
    "a word": (IMAGE, text(b"no signal"), HOLD, IdleTimeoutError, ": no signal"),
    "any answer": (
        commands.raw("/x"),
        text(b"12345"),
        HOLD,
        IdleTimeoutError,
        "; 5 bytes had come",
    ),
    "device busy": (LISTED, text(b"Device Busy"), CLOSE, RefusedError, "Device Busy"),
    "an empty list": (LISTED, text(b"\r\n"), CLOSE, RefusedError, "lists nothing"),
    "no acknowledgement": (MOVE, text(b"NG"), CLOSE, RefusedError, "NG"),
    "an empty form": (FORM, text(b""), CLOSE, RefusedError, "OK or a redirect is due"),
    "another picture": (IMAGE, JPEG + b"\x89PNG\r\n\x1a\n" + bytes(99), CLOSE, RefusedError, "due"),
    "a coding": (
        LISTED,
        HEAD % (b"text/plain", b"Content-Encoding: br\r\n") + b"\x8b",
        CLOSE,
        RefusedError,
        "coding 'br', which was not asked for and can't be undone (RFC 9110 8.4)",
    ),
    "a damaged coding": (
        LISTED,
        HEAD % (b"text/plain", b"Content-Encoding: gzip\r\n") + b"\x1f\x8b\xff\xff",
        CLOSE,
        RemoteProtocolError,
        "the gzip coding of the body is damaged (at byte 4)",
    ),
    "a list that was cut off": (
        LISTED,
        HEAD % (b"text/plain", b"Content-Length: 99\r\n"),
        CLOSE,
        ConnectionLostError,
        "before the answer did",
    ),
    "a head at fault": (
        LISTED,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\nContent-Length: 5\r\n\r\n",
        HOLD,
        HamaError,
        "",
    ),
    "an answer in TLS": (
        LISTED,
        b"\x15\x03\x01\x00\x02\x02\x46",
        HOLD,
        ConnectError,
        "it answers in TLS: is it https:// and not http://?",
    ),
    "all slots": (VIDEO, MULTIPART, CLOSE, BusyError, "all slots are taken"),
    "a page in place of a stream": (
        VIDEO,
        HEAD % (b"text/html", b"") + b"<p>no</p>",
        CLOSE,
        RefusedError,
        ": no",
    ),
    "no microphone": (
        commands.audio_stream(),
        text(b"no microphone", b"404 Not Found"),
        CLOSE,
        RefusedError,
        "/camera-cgi/audio/receive.cgi: the device answers 404 Not Found",
    ),
}


@pytest.mark.parametrize("name", LOST)
def test_anything_else_is_an_error_that_says_what_had_come(name: str) -> None:
    request, answer, behind, kind, words = LOST[name]
    run = ask(request, [answer, behind] if answer else [behind])
    assert run.actions[-1] is Action.FAIL
    assert isinstance(run.error, kind)
    if kind is not HamaError:
        assert type(run.error) is kind
    assert str(run.error).endswith(words)


def test_limits_hold_and_name_themselves() -> None:
    page = HEAD % (b"text/html", b"") + b"x" * 101
    run = ask(commands.raw("/"), [page, CLOSE], limits=Limits(max_body=100))
    assert isinstance(run.error, LimitExceededError)
    assert "max_body" in str(run.error)
    # Before a head, behind it, for one image, and for an image within a stream.
    for request, answer, limits in (
        (LISTED, b"HTTP/1.1 200 OK\r\nX: " + b"x" * 9999, Limits(max_head=1000)),
        (LISTED, text(b"a.b=1\nc.d=2\n"), Limits(max_params=1)),
        (IMAGE, JPEG + PICTURE, Limits(max_frame=500)),
    ):
        run = ask(request, [answer, CLOSE], limits=limits)
        assert isinstance(run.error, LimitExceededError), (request, run.error)
    frames = MULTIPART + b"--b\r\n\r\n" + PICTURE + b"\r\n"
    run = ask(commands.raw("/"), [frames, CLOSE], limits=Limits(max_body=100))
    assert isinstance(run.error, LimitExceededError)


# -- the answer does not depend on how it is cut --------------------------------------------

REDIRECTED = [[moved("/other"), CLOSE], [text(LIST), CLOSE]]
ALL: dict[str, tuple[Any, list[Any], dict[str, Any]]] = {
    **{name: (row[0], [row[1:]], {}) for name, row in WHOLE.items()},
    **{f"cut off: {name}": (IMAGE, [row], {}) for name, row in CUT_OFF.items()},
    **{f"stream: {name}": (VIDEO, [row], {}) for name, row in CUT_OFF.items()},
    **{f"lost: {name}": (row[0], [[row[1] or 0.0, row[2]]], {}) for name, row in LOST.items()},
    "login": (IMAGE, [[UNAUTHORIZED, CLOSE], [JPEG + PICTURE, CLOSE]], {"auth": AUTH}),
    "redirect": (LISTED, REDIRECTED, {}),
    "reconnect": (
        VIDEO,
        [[STREAM, CLOSE], REFUSED, [MULTIPART, CLOSE], [STREAM, CLOSE]],
        {"reconnect": Backoff(initial=1, jitter=0), "at_most": 10},
    ),
}


@pytest.mark.parametrize("name", ALL)
def test_any_split_of_the_answer_gives_the_same(name: str) -> None:
    request, cameras, options = ALL[name]
    whole = said(ask(request, *cameras, **options))
    for cut in (1, 2, 7, 64, 1000):
        assert said(ask(request, *cameras, cut=cut, **options)) == whole


@given(st.data())
def test_any_single_cut_gives_the_same(data: st.DataObject) -> None:
    request, cameras, options = ALL[data.draw(st.sampled_from(sorted(ALL)))]
    whole = said(ask(request, *cameras, **options))
    cut: list[Any] = []
    for camera in cameras:
        if isinstance(camera, str) or not isinstance(camera[0], bytes):
            cut.append(camera)
        else:
            at = data.draw(st.integers(0, min(len(camera[0]), 300)))
            cut.append([camera[0][:at], camera[0][at:], *camera[1:]])
    assert said(ask(request, *cut, **options)) == whole


# -- every wait has an end -------------------------------------------------------------------

PING = b"--b\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nping\r\n"
WORDS = st.sampled_from(
    [
        *(b"HTTP/1.1 200 OK\r\n", b"\r\n", b"Content-Type: image/jpeg\r\n\r\n", MULTIPART, JPEG),
        *(UNAUTHORIZED, moved("/x"), moved("http://other/"), text(b"OK\r\n"), text(LIST), PARTS),
        *(
            PICTURE,
            CUT,
            PING,
            b"--b--\r\n",
            refusal("503 Busy", "Retry-After: 5"),
            b"\x15",
            b"\xff",
        ),
        refusal("401 Unauthorized", DIGEST.format(1)),
    ]
)
CAMERAS = st.one_of(
    st.sampled_from([REFUSED, NOBODY]),
    st.lists(
        st.one_of(
            WORDS,
            st.binary(max_size=20),
            st.floats(0, 100),
            st.sampled_from([CLOSE, RESET]),
        ),
        max_size=8,
    ),
)


@given(
    cameras=st.lists(CAMERAS, min_size=1, max_size=4),
    request=st.sampled_from([IMAGE, VIDEO, LISTED, MOVE, FORM, commands.audio_stream()]),
    auth=st.sampled_from([None, AUTH]),
    attempts=st.sampled_from([None, 1, 3]),
)
def test_every_wait_has_an_end(
    cameras: list[Camera], request: Any, auth: Any, attempts: int | None
) -> None:
    """Whatever cameras do, a session with bounded times and attempts is over in bounded time."""
    reconnect = Backoff(initial=1, cap=4, attempts=attempts) if attempts else None
    # The same cameras again and again, for as long as they are asked.
    endless: list[Camera] = cameras * 200
    run = ask(request, *endless, reconnect=reconnect, auth=auth, at_most=500)
    connections = len(run.endpoints)
    if len(run.events) < 500:
        assert run.actions[-1] in (Action.STOP, Action.FAIL)
        # Sixty seconds for an answer, or between frames; ten of silence; four of sleep.
        assert run.seconds <= 200 * connections
    whole = [frame for frame in run.frames if isinstance(frame, AudioFrame) or frame.complete]
    # Redirects are five at most, and logins a few, for each attempt.
    assert connections <= 40 * (1 + (attempts or 0)) * (1 + len(whole))


@pytest.mark.parametrize(
    "drip",
    {
        "keep-alive parts": PING,
        "line ends": b"\r\n",
        "pictures that are cut off": b"--b\r\n\r\n" + PICTURE[:300] + b"\r\n",
        "one picture without end": PICTURE[200:210],
    }.values(),
)
@pytest.mark.parametrize("every", [0.0, 0.1, 9.0])
def test_bytes_without_a_frame_are_silence(drip: bytes, every: float) -> None:
    begin = MULTIPART + b"--b\r\n\r\n" + PICTURE + b"\r\n"
    if drip == PICTURE[200:210]:
        begin += b"--b\r\n\r\n" + PICTURE[:300]
    if every:
        items = [begin, *[every, drip] * 3000]
        run = ask(VIDEO, items)
        assert sum(frame.complete for frame in run.frames) == 1  # type: ignore[union-attr]
        assert type(run.error) is IdleTimeoutError
        assert "camera:8080: no complete picture for 60 s" in str(run.error)
        assert 60 <= run.seconds <= 70
    else:
        # Any number of bytes in no time are no silence.
        run = ask(VIDEO, [begin, *[drip] * 3000, CLOSE])
        assert not isinstance(run.error, IdleTimeoutError)


def test_sound_that_stops_is_silence() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: audio/gsm\r\n\r\n" + (b"\xd0" + bytes(32)) * 10
    run = ask(commands.audio_stream(), [head, *[1.0, b"\x00"] * 100])
    assert len(run.frames) >= 9
    assert "no frame of sound for 60 s" in str(run.error)
    assert 60 <= run.seconds <= 62


@pytest.mark.parametrize(
    ("request_", "camera", "kind", "words", "seconds"),
    [
        (LISTED, NOBODY, ConnectTimeoutError, "can't connect within 3 s", 3),
        (LISTED, [], IdleTimeoutError, "silent for 5 s", 5),
        (
            LISTED,
            [text(b""), *[4.0, b"a"] * 9],
            CameraTimeoutError,
            "no whole answer within 20",
            20,
        ),
        (VIDEO, [*[4.0, b"HTTP"] * 9], CameraTimeoutError, "no head within 20 s", 20),
        (VIDEO, [MULTIPART], IdleTimeoutError, "silent for 5 s", 5),
    ],
)
def test_which_time_was_up(
    request_: Any, camera: Any, kind: type[HamaError], words: str, seconds: float
) -> None:
    run = ask(request_, camera, timeout=Timeouts(connect=3, idle=5, total=20, frame=30))
    assert type(run.error) is kind
    assert words in str(run.error)
    assert run.seconds == pytest.approx(seconds)


def test_no_bytes_end_an_answer_that_is_too_slow_also_if_there_is_always_some() -> None:
    """A flood: no wait is ever too long, and the whole is."""
    session: Session[Any] = Session(LISTED, Settings("camera"))
    session.opening(0.0)
    session.opened(0.0)
    now = 0.0
    while session.step() is Action.RECEIVE:
        now += 0.5
        assert session.patience(now) is not None
        session.receive_data(b"x" if now > 0.5 else text(b""), Arrival(now, now), now)
    assert drive(session, ()).error is session.error
    assert type(session.error) is CameraTimeoutError
    assert 60 <= now <= 62


def test_a_process_that_was_stopped_looks_again_before_it_gives_up() -> None:
    session: Session[Any] = Session(LISTED, Settings("camera"))
    session.opening(0.0)
    session.opened(0.0)
    assert session.patience(0.0) == 10
    # An hour later the timer fires: nothing is said of the camera by that.
    session.timed_out(3600.0)
    assert session.step() is Action.RECEIVE
    assert session.patience(3600.0) == 1.0
    session.receive_data(text(LIST), Arrival(0, 0), 3600.0)
    session.receive_eof()
    assert isinstance(session.step(), EndOfStream | object)


def test_time_in_which_nothing_is_wanted_is_no_silence() -> None:
    session: Session[Any] = Session(VIDEO, Settings("camera"))
    session.opening(0.0)
    session.opened(0.0)
    session.patience(0.0)
    assert session.left(4.0) == 6
    session.rested(8.0)
    assert session.left(8.0) == 10
    # What can't be sent is a silence, however long the process was stopped.
    session.timed_out(1e6, sending=True)
    while isinstance(session.step(), EndOfStream):
        pass
    assert isinstance(session.error, HamaError)


def test_tls_that_does_not_answer_has_words_of_its_own() -> None:
    for timeouts, seconds in (
        (Timeouts(connect=3), "3"),
        (Timeouts(connect=None, total=7), "7"),
        (Timeouts(connect=9, total=2), "2"),
    ):
        session: Session[Any] = Session(LISTED, Settings("https://camera", timeout=timeouts))
        allowed = session.opening(0.0)
        assert allowed is not None
        session.connected()
        session.timed_out(allowed)
        assert session.step() is Action.FAIL
        assert type(session.error) is ConnectTimeoutError
        words = f"camera:443: no TLS handshake within {seconds} s: is it http:// and not https://?"
        assert str(session.error) == words


def test_a_time_that_is_for_ever_is_none() -> None:
    session: Session[Any] = Session(VIDEO, Settings("camera", timeout=None))
    assert session.opening(0.0) is None
    session.opened(0.0)
    assert session.patience(0.0) is None
    assert session.left(1e9) is None
    session.receive_data(b"H", Arrival(0, 0), 1e9)
    assert session.step() is Action.RECEIVE


# -- logins -----------------------------------------------------------------------------------


@pytest.mark.parametrize("refuses", [UNAUTHORIZED, refusal("401 No"), refusal("403 No"), b""])
def test_a_login_is_tried_where_it_may_help(refuses: bytes) -> None:
    """Also where a device says no without asking, or hangs up on whoever has no login."""
    run = ask(IMAGE, [refuses or CLOSE, CLOSE], [JPEG + PICTURE, CLOSE], auth=AUTH)
    assert run.result.data == PICTURE
    assert [BASIC in request for request in run.sent] == [False, True]
    assert run.actions.count(Action.OPEN) == 2


@pytest.mark.parametrize(
    ("camera", "kind"), [([HOLD], IdleTimeoutError), (REFUSED, ConnectionLostError)]
)
def test_who_is_silent_is_not_given_the_password(camera: Any, kind: type[HamaError]) -> None:
    """A timeout says nothing about a login, unlike a camera that hangs up."""
    run = ask(IMAGE, camera, auth=AUTH)
    assert type(run.error) is kind
    assert not any(BASIC in request for request in run.sent)


@pytest.mark.parametrize(
    ("challenge", "auth", "words", "kind"),
    [
        ('Basic realm="c"', None, "asks for a login, and none was given", AuthenticationError),
        (
            'Basic realm="c"',
            AUTH,
            "refuses the login of 'admin': wrong user or password",
            AuthenticationError,
        ),
        ("NTLM", AUTH, "asks for a login by Ntlm, which is not known", LoginKindError),
    ],
)
def test_what_went_wrong_with_a_login(
    challenge: str, auth: Any, words: str, kind: type[HamaError]
) -> None:
    unauthorized = refusal("401 Unauthorized", f"WWW-Authenticate: {challenge}")
    cameras = [[unauthorized, CLOSE]] * 5
    for request in (commands.raw("/x"), VIDEO, IMAGE):
        for reconnect in (None, Backoff()):
            run = ask(request, *cameras, auth=auth, reconnect=reconnect)
            assert type(run.error) is kind
            assert str(run.error).startswith(f"camera:8080 {words}")
            assert run.error.status == 401
            # A wrong password is not tried again, which would lock the user out.
            assert not run.lost


def test_a_last_try_is_made_on_a_connection_that_was_left_open() -> None:
    """There are devices whose nonces are good on the connection alone that they came on."""
    count = 0

    def device(request: bytes) -> list[Any]:
        nonlocal count
        count += 1
        if b'nonce="2-' in request:
            return [JPEG + PICTURE, CLOSE]
        nonce = f"{min(count, 2)}-{count}"
        return [refusal("401 Unauthorized", DIGEST.format(nonce)), HOLD]

    run = ask(IMAGE, device, device, device, auth=AUTH)
    assert run.result.data == PICTURE
    assert [one for one in run.actions if one is not Action.RECEIVE] == [
        *(Action.OPEN, Action.OPEN, Action.SEND, Action.STOP)
    ]


def _never(request: bytes) -> list[Any]:
    """A device that gives a new nonce and says no, whatever it is asked."""
    return [refusal("401 Unauthorized", DIGEST.format(zlib.crc32(request))), HOLD]


@pytest.mark.parametrize("behind", [CLOSE, RESET])
def test_a_last_try_that_is_hung_up_on_says_what_was_refused_before(behind: str) -> None:
    asked: list[bytes] = []

    def device(request: bytes) -> list[Any]:
        asked.append(request)
        return [behind] if len(asked) == 3 else _never(request)

    run = ask(IMAGE, device, device, device, auth=AUTH)
    assert type(run.error) is AuthenticationError
    assert "wrong user or password" in str(run.error)
    assert len(run.sent) == 3


def test_a_wrong_password_stays_one() -> None:
    run = ask(IMAGE, _never, _never, _never, _never, auth=AUTH)
    assert "wrong user or password" in str(run.error)
    assert len(run.sent) == 3
    # Not where the answer breaks off behind its head, nor where the sound is on its way.
    broken = b"HTTP/1.1 401 X\r\nTransfer-Encoding: chunked\r\n%s\r\n\r\noops\r\n"
    cameras = [[broken % DIGEST.format(n).encode(), CLOSE] for n in range(4)]
    run = ask(IMAGE, *cameras, auth=AUTH)
    assert isinstance(run.error, AuthenticationError)
    assert len(run.sent) == 2


# -- redirects --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [b"301 X", b"302 X", b"303 X", b"307 X", b"308 X"])
def test_a_redirect_is_followed_with_the_login(status: bytes) -> None:
    def device(request: bytes) -> list[Any]:
        if not request.startswith(b"GET /cgi/current"):
            return [moved("/cgi/current", status), CLOSE]
        return [JPEG + PICTURE if BASIC in request else UNAUTHORIZED, CLOSE]

    run = ask(IMAGE, device, device, device, auth=AUTH)
    assert run.result.data == PICTURE
    assert run.endpoints == ["camera:8080"] * 3


def test_a_redirect_to_another_port_carries_no_login() -> None:
    run = ask(
        VIDEO,
        [UNAUTHORIZED, CLOSE],
        [moved("//camera:81/stream?a=1"), CLOSE],
        [STREAM, CLOSE],
        auth=AUTH,
    )
    assert run.error is None
    assert len(run.frames) == 3
    assert run.endpoints == ["camera:8080", "camera:8080", "camera:81"]
    assert run.sent[2].startswith(b"GET /stream?a=1 HTTP/1.1\r\nHost: camera:81\r\n")
    assert b"Authorization" not in run.sent[2]


@pytest.mark.parametrize(
    ("url", "location", "endpoint"),
    [
        ("http://[fe80::1%25eth0]:81", "/x", "[fe80::1%eth0]:81"),
        ("http://[fe80::1%25eth0]:81", "http://[fe80::1]/x", "[fe80::1%eth0]:80"),
        ("http://[fe80::1%25eth0]:81", "http://[fe80::2]/x", "[fe80::2]:80"),
        ("http://camera/front", "https://camera/x", "camera:443"),
        ("https://camera", "http://CAMERA/x", "camera:80"),
    ],
)
def test_where_a_redirect_leads(url: str, location: str, endpoint: str) -> None:
    run = ask(IMAGE, [moved(location), CLOSE], [JPEG + PICTURE, CLOSE], url=url)
    assert run.endpoints[1] == endpoint
    assert run.sent[1].startswith(b"GET /x ")


def test_redirects_that_are_not_followed_say_where_they_lead() -> None:
    count = 0

    def device(request: bytes) -> list[Any]:
        nonlocal count
        count += 1
        if b"image.jpg" in request:
            return [moved(f"/image.jpg?{count}"), CLOSE]
        if b"group=Brand" in request or b"/other" in request:
            return [moved("/other"), CLOSE]
        return [moved("rtsp://u:p@camera/live"), CLOSE]

    devices = [device] * 9
    run = ask(IMAGE, *devices)
    assert isinstance(run.error, RefusedError)
    assert "302 Found, to /image.jpg, after 5 other redirects" in str(run.error)
    assert count == 6
    assert "/other, in a circle" in str(ask(LISTED, *devices).error)
    error = ask(commands.users(), *devices).error
    assert "to rtsp://camera/live, which is no http address" in str(error)
    # Nor is what changes something, which is asked for once.
    run = ask(MOVE, *devices)
    assert isinstance(run.error, RefusedError)
    assert "to rtsp://camera/live" in str(run.error)


def test_a_form_is_not_followed_and_a_login_page_is_a_login() -> None:
    assert ask(FORM, [moved("/cp.asp"), CLOSE]).result.location == "/cp.asp"
    run = ask(LISTED, [moved("/login.asp"), CLOSE])
    assert type(run.error) is AuthenticationError
    assert str(run.error).startswith("camera:8080: the device redirects to its login page")
    assert len(run.sent) == 1


def test_a_lost_stream_is_asked_for_where_it_was_first() -> None:
    run = ask(
        VIDEO,
        [moved("http://other/x"), CLOSE],
        [STREAM, CLOSE],
        [moved("http://other/x"), CLOSE],
        [STREAM, CLOSE],
        reconnect=Backoff(),
        at_most=8,
    )
    assert run.endpoints == ["camera:8080", "other:80"] * 2


# -- losses and what comes of them -----------------------------------------------------------

PASSING = {
    "408": refusal("408 Request Timeout"),
    "425": refusal("425 Too Early"),
    "429": refusal("429 Too Many Requests"),
    "500": refusal("500 Internal Server Error"),
    "503": refusal("503 Service Unavailable", "Retry-After: 0"),
    "a page": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>starting</html>",
    "a text": b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nsystem is booting",
}


@pytest.mark.parametrize("answer", PASSING.values(), ids=PASSING)
def test_a_refusal_that_passes_is_a_loss(answer: bytes) -> None:
    cameras = [[camera, CLOSE] for camera in (STREAM, answer, answer, STREAM, answer, answer)]
    run = ask(VIDEO, *cameras, reconnect=Backoff(initial=1, jitter=0), at_most=10)
    events = [event for event in run.events if not isinstance(event, Data)]
    # Three pictures, the end, two refusals, and again.
    assert [type(event).__name__ for event in events][:8] == [
        *("Frame", "Frame", "Frame", "Disconnected", "Disconnected", "Disconnected"),
        *("Reconnected", "Frame"),
    ]
    assert run.lost[0].error is None
    assert run.lost[0].reason == "the camera ended the stream"
    assert all(isinstance(event.error, RefusedError | BusyError) for event in run.lost[1:3])
    assert run.lost[1].reason == str(run.lost[1].error)
    assert [event.delay for event in run.lost][:3] == [1, 2, 4]
    assert next(event for event in run.events if isinstance(event, Reconnected)).attempts == 3


@pytest.mark.parametrize("status", ["403 Forbidden", "404 Not Found", "401 Unauthorized"])
def test_a_refusal_that_stays_is_the_end(status: str) -> None:
    run = ask(VIDEO, [STREAM, CLOSE], [refusal(status), CLOSE], reconnect=Backoff(attempts=5))
    assert len(run.frames) == 3
    assert len(run.lost) == 1
    assert getattr(run.error, "status", None) == int(status[:3])


def test_a_page_that_was_never_a_stream_is_the_end() -> None:
    run = ask(VIDEO, [PASSING["a page"], CLOSE], reconnect=Backoff())
    assert not run.frames
    assert not run.lost
    assert isinstance(run.error, RefusedError)


@pytest.mark.parametrize(
    ("lines", "delay"),
    [
        (["Retry-After: 7"], 7),
        (["Retry-After: 100000"], 20),
        (["Retry-After: 0"], 0.001),
        (["Retry-After: soon"], 0.001),
        # By the device's own clock, if it tells it; else by ours, which says 1000.
        (
            ["Date: " + formatdate(0, usegmt=True), "Retry-After: " + formatdate(9, usegmt=True)],
            9,
        ),
        (["Retry-After: " + formatdate(1013, usegmt=True)], 13),
        (["Retry-After: " + formatdate(0, usegmt=True)], 0.001),
    ],
)
def test_retry_after_is_obeyed(lines: list[str], delay: float) -> None:
    backoff = Backoff(initial=0.001, jitter=0, cap=20)
    run = ask(VIDEO, [refusal("503 Busy", *lines), CLOSE], reconnect=backoff, at_most=1)
    assert [event.delay for event in run.lost] == [delay]


def test_attempts_come_to_an_end_and_a_good_frame_makes_the_next_one_the_first() -> None:
    backoff = Backoff(initial=1, factor=2, cap=3, jitter=0, attempts=3)
    run = ask(VIDEO, *[REFUSED] * 9, reconnect=backoff)
    assert [(event.attempt, event.delay) for event in run.lost] == [(1, 1), (2, 2), (3, 3)]
    assert isinstance(run.error, ConnectionLostError)
    assert run.seconds == 6
    # A picture that was cut off is none; the stream runs again with it all the same.
    half = MULTIPART + b"--b\r\n\r\n" + CUT
    run = ask(
        VIDEO, REFUSED, [half, CLOSE], [STREAM, CLOSE], REFUSED, reconnect=backoff, at_most=10
    )
    events = [event for event in run.events if not isinstance(event, Anomaly)]
    assert [type(event).__name__ for event in events] == [
        *("Disconnected", "Reconnected", "Frame", "Disconnected", "Reconnected"),
        *("Frame", "Frame", "Frame", "Disconnected"),
    ]
    assert [event.attempt for event in run.lost] == [1, 2, 1]
    assert [e.attempts for e in run.events if isinstance(e, Reconnected)] == [1, 2]
    assert Reconnected(1) == events[1]


def test_each_attempt_has_a_time_of_its_own() -> None:
    times = Timeouts(connect=3, total=4)
    run = ask(VIDEO, *[NOBODY] * 9, reconnect=Backoff(1, 1, jitter=0, attempts=2), timeout=times)
    assert isinstance(run.error, ConnectTimeoutError)
    assert run.seconds == 3 * 3 + 2


# -- what a driver does ------------------------------------------------------------------------


def test_the_time_of_an_arrival_is_told_with_the_frame() -> None:
    run = ask(VIDEO, [MULTIPART + PARTS[:-200], 2.0, PARTS[-200:], CLOSE])
    assert [frame.received for frame in run.frames] == [
        *(Arrival(1000, 1000), Arrival(1000, 1000), Arrival(1002, 1002))
    ]


def test_what_was_given_up_says_nothing_of_what_follows() -> None:
    """A driver may hear late of a connection, when another one is due already."""
    session: Session[Any] = Session(IMAGE, Settings("camera", auth=AUTH))
    session.opened(0.0)
    session.receive_data(UNAUTHORIZED, Arrival(0, 0), 0.0)
    assert session.step() is Action.OPEN
    received = session.received
    session.receive_eof()
    session.receive_data(b"more" * 3000, Arrival(0, 0), 0.0)
    assert session.step() is Action.OPEN
    assert session.received == received + 12_000
    session.opened(1.0)
    session.receive_data(JPEG + PICTURE, Arrival(0, 0), 1.0)
    assert isinstance(session.step(), Frame)
    assert session.step() is Action.STOP
    # Nor does anything behind the end.
    session.lost(ConnectionLostError("late"))
    session.receive_eof()
    session.timed_out(1e9)
    assert session.step() is Action.STOP
    assert session.result().data == PICTURE


def test_a_loss_behind_the_end_of_the_input_is_none() -> None:
    session: Session[Any] = Session(LISTED, Settings("camera"))
    session.opened(0.0)
    session.receive_data(text(LIST), Arrival(0, 0), 0.0)
    session.receive_eof()
    session.receive_eof()
    session.lost(ConnectionLostError("late"))
    session.receive_data(b"late", Arrival(0, 0), 0.0)
    run = drive(session, ())
    assert run.result.brand == "Hama"


def test_a_connection_that_was_given_up_before_anything_came_is_opened_again() -> None:
    session: Session[Any] = Session(IMAGE, Settings("camera"))
    session.opened(0.0)
    session.reopen()
    assert session.step() is Action.OPEN
    assert drive(session, [[JPEG + PICTURE]]).result.data == PICTURE


def test_bytes_may_be_received_into_one_buffer_again_and_again() -> None:
    session: Session[Any] = Session(VIDEO, Settings("camera"))
    session.opened(0.0)
    scratch = bytearray(1000)
    data, frames = STREAM, 0
    while data:
        count = min(len(scratch), len(data))
        scratch[:count] = data[:count]
        session.receive_data(memoryview(scratch)[:count], Arrival(0, 0), 0.0)
        session.receive_data(b"", Arrival(0, 0), 0.0)
        data = data[count:]
        while isinstance(step := session.step(), Frame):
            assert step.data == PICTURE
            frames += 1
    assert frames == 3
    assert session.response is not None
    assert session.response.status == 200
    assert session.received == len(STREAM)


class _Thorough(Session[Any]):
    """Takes note of each frame as if it were the first one."""

    __slots__ = ()

    _flows = property(lambda self: False, lambda self, value: None)  # type: ignore[assignment]


#: What comes of a stream: a picture, one that was cut off, a text, junk, silence.
FLOW = (
    b"--b\r\n\r\n" + PICTURE,
    b"--b\r\n\r\n" + PICTURE[:-20],
    b"--b\r\nContent-Type: text/plain\r\n\r\nmotion\r\n",
    b"junk\r\n",
    3.0,
)


# What is cut off, however often, is no frame in time.
@example(answers=[([FLOW[0], *(3.0, FLOW[1]) * 6], CLOSE)], cut=0)
@given(
    answers=st.lists(
        st.tuples(
            st.lists(st.sampled_from((FLOW[0], *FLOW)), max_size=8),
            st.sampled_from([CLOSE, RESET, HOLD]),
        ),
        min_size=1,
        max_size=4,
    ),
    cut=st.sampled_from([0, 0, 100, 1500]),
)
def test_a_frame_behind_a_whole_one_tells_a_session_nothing_new(
    answers: list[tuple[list[Any], Any]], cut: int
) -> None:
    """A stream that flows is not gone through in full: nothing that is said or done differs."""
    runs = []
    for kind in (Session, _Thorough):
        session: Session[Any] = kind(
            VIDEO,
            Settings("http://camera", timeout=Timeouts(idle=5.0, frame=8.0)),
            reconnect=Backoff(0.0, attempts=2),
        )
        cameras = [[MULTIPART, *parts, end] for parts, end in answers]
        run = drive(session, [*cameras, REFUSED, REFUSED, REFUSED], cut=cut)
        runs.append((said(run), run.seconds, session.received))
    assert runs[0] == runs[1]


def test_talk_back_waits_for_no_answer() -> None:
    session: Session[Any] = Session(commands.talk(), Settings("camera", timeout=5))
    session.opening(0.0)
    session.opened(0.0)
    frame = b"\xd0" + bytes(32)
    assert session.send_audio(frame) == frame
    with pytest.raises(LocalProtocolError, match="nibble"):
        session.send_audio(bytes(33))
    assert session.step() is Action.RECEIVE
    # Only what is sent may take so long, and not the silence behind it.
    assert session.patience(100.0) == 5
    assert session.left(100.0) is None
    session.receive_eof()
    assert isinstance(session.step(), EndOfStream)
    assert session.step() is Action.STOP


def test_a_login_for_talk_back_is_tried_on_the_next_connection_only() -> None:
    cameras = [[refusal("401 X", DIGEST.format(number))] for number in range(4)]
    run = ask(commands.talk(), *cameras, auth=AUTH)
    assert Action.SEND not in run.actions
    assert isinstance(run.error, AuthenticationError)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("/x", Settings("camera")), "request='/x'"),
        ((LISTED, "http://camera"), "settings='http://camera'"),
    ],
)
def test_what_is_no_session(arguments: Any, words: str) -> None:
    with pytest.raises(ArgumentTypeError, match=words):
        Session(*arguments)
    with pytest.raises(ArgumentTypeError, match="reconnect=True"):
        Session(LISTED, Settings("camera"), reconnect=True)  # type: ignore[arg-type]


def test_the_log_tells_of_connections_and_never_of_secrets(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, logger="hamaproto")
    request = commands.raw("/camera-cgi/admin/param.cgi?action=list&token=k3y")
    auth = ("admin", "s3cret")
    ask(request, [UNAUTHORIZED, CLOSE], [text(LIST), CLOSE], auth=auth)
    ask(LISTED, [text(b"# Error -1\n"), CLOSE])
    ask(LISTED, [moved("http://other/?k3y"), CLOSE], REFUSED)
    ask(VIDEO, REFUSED, [STREAM], reconnect=Backoff(attempts=1), auth=auth, at_most=3)
    lines = [record.getMessage() for record in caplog.records if record.name == "hamaproto"]
    said = "\n".join(lines)
    for words in (
        "camera:8080: connected, asks for /camera-cgi/admin/param.cgi without a login",
        "camera:8080: connected, asks for /camera-cgi/admin/param.cgi with a login",
        "camera:8080: answers, status 401",
        "camera:8080: the answer is over, ",
        "camera:8080: the end: RefusedError",
        "camera:8080: redirects to other",
        "other:80: the end: refused",
        "camera:8080: refused; attempt 1 in 0.",
        "camera:8080: the stream runs again, after attempt 1",
    ):
        assert words in said
    assert [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING] == [
        line for line in lines if "; attempt" in line
    ]
    for secret in ("s3cret", "k3y", "Hama", "Error -1", "Basic "):
        assert secret not in said
    assert repr(Session(request, Settings("camera"))).startswith("<Session <Request Raw request")
    assert "k3y" not in repr(Session(request, Settings("camera")))
    assert isinstance(Disconnected(None, 1, 0.5), Disconnected)


def test_a_buffer_is_asked_for_as_asyncio_asks() -> None:
    """Of any size, if none is given: that is -1 in `asyncio.BufferedProtocol`."""
    asked = inspect.signature(ClientConnection.get_buffer).parameters["sizehint"]
    assert asked.default == -1
