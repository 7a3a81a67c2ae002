"""`hamaproto.client`: one conversation, and what it says.

Answers are those that the specification prints and that the family is reported to send;
the recorded streams come whole, heads and chunking and all.  Invariants: the same events
for every way of cutting the answer, through `receive_data` and through `get_buffer`; a
frame is out with its last byte; the table of states is the whole truth; a password is
shown nowhere.
"""

from __future__ import annotations

import gzip
import hashlib
import random
from typing import Any

import pytest
from conversations import (
    ANSWERS,
    HOST,
    PARTS,
    PICTURE,
    SOUND,
    UNAUTHORIZED,
    ask,
    connect,
    converse,
    text,
    without_data,
)
from hypothesis import given, settings
from hypothesis import strategies as st

import fixtures
import hamaproto
from fixtures.build.heads import HEADS, JPEG, Head
from fixtures.feeding import first_difference, pieces, random_pieces, record
from hamaproto import commands, events
from hamaproto.camera import CameraState, Faults, ServerConnection
from hamaproto.client import (
    TRANSITIONS,
    ClientConnection,
    Outcome,
    State,
    Step,
    state_diagram,
)
from hamaproto.commands import Reply, Request
from hamaproto.errors import (
    AuthenticationError,
    HamaError,
    LimitExceededError,
    LocalProtocolError,
    RemoteProtocolError,
)
from hamaproto.limits import Limits
from hamaproto.wire.auth import Authenticator, Credentials

# -- requests --------------------------------------------------------------------------


@pytest.mark.parametrize("command", commands.CATALOGUE, ids=lambda command: command.number)
def test_every_command_goes_out_as_the_specification_prints_it(command: commands.Command) -> None:
    data = connect().send(command.example)
    lines = data.decode("ascii").split("\r\n")
    assert lines[0] == f"GET {command.example.target} HTTP/1.1"
    assert lines[1] == f"Host: {HOST}"
    assert lines[-3:] == ["Connection: close", "", ""]
    assert not any(line.lower().startswith("authorization") for line in lines)


def test_a_prefix_stands_before_every_target() -> None:
    data = connect(prefix="/cams/1").send(commands.image())
    assert data.startswith(b"GET /cams/1/jpg/image.jpg HTTP/1.1\r\n")


@pytest.mark.parametrize("arguments", [("a b",), ("",), ("x\r\nY: z",), ("user:pw@x/",)])
def test_a_bad_host_is_refused_at_once(arguments: tuple[str]) -> None:
    with pytest.raises(LocalProtocolError):
        ClientConnection(*arguments)


def test_a_connection_is_used_once() -> None:
    connection = connect(commands.image())
    with pytest.raises(LocalProtocolError, match="new ClientConnection"):
        connection.send(commands.image())
    for call in (
        ClientConnection(HOST).receive_eof,
        lambda: ClientConnection(HOST).receive_data(b""),
    ):
        with pytest.raises(LocalProtocolError, match="before send"):
            call()
    assert ClientConnection(HOST).next_event() is events.NEED_DATA


# -- bodies ----------------------------------------------------------------------------


@pytest.mark.parametrize("recording", fixtures.recordings(), ids=repr)
@pytest.mark.parametrize("cut", [1, 2, 3, 7, 1460, 65536])
def test_recorded_streams(recording: fixtures.Recording, cut: int) -> None:
    if len(recording.wire) > 60_000 * cut:
        pytest.skip("so many pieces say nothing that those of the small recordings do not")
    log = converse(commands.video_stream(), recording.wire, cut)
    assert log.error is None
    frames = [hashlib.sha256(frame.data).hexdigest() for frame in log.frames if frame.complete]
    assert tuple(frames) == recording.frames
    assert log.of("Response")[0].status == recording.status
    assert log.of("Response")[0].content_type == recording.content_type
    buffered = record(
        connect(commands.video_stream()),
        pieces(recording.wire, cut),
        errors=(HamaError,),
        through_buffer=[-1, 1, 4096],
    )
    assert first_difference(buffered, log) == ""


KINDS = {
    "multipart": ["Frame"] * 3,
    "chunked multipart": ["Frame"] * 3,
    "multipart without a head": ["Frame"] * 3,
    "image": ["Frame"],
    "image without a head": ["Frame"],
    "sound": ["AudioFrame"] * 40,
    "sound without a head": ["AudioFrame"] * 40,
    "parameters": ["Param"] * 2,
    "error line": ["ParamError"],
    "acknowledgement": ["Data"],
    "redirect": ["Data"],
    "any image": ["Frame"],
    "any sound": ["AudioFrame"] * 40,
    "401": ["Data"],
    "broken chunks": ["Param"],
}


@pytest.mark.parametrize("name", ANSWERS)
def test_the_body_goes_to_the_parser_of_its_row(name: str) -> None:
    request, data = ANSWERS[name]
    log = converse(request, data)
    kinds = [row[0] for row in log.said if row[0] not in ("Anomaly", "EndOfStream")]
    assert kinds == ["Response", *KINDS[name]]
    assert (log.error is None) is (name != "broken chunks")


@pytest.mark.parametrize("name", ANSWERS)
@settings(max_examples=15)
@given(seed=st.integers(0, 1 << 32), cut_off=st.floats(0, 1))
def test_events_do_not_depend_on_the_cuts(name: str, seed: int, cut_off: float) -> None:
    request, data = ANSWERS[name]
    data = data[: round(len(data) * cut_off) or len(data)]
    whole = without_data(converse(request, data))
    cut = record(connect(request), random_pieces(data, random.Random(seed)), errors=(HamaError,))
    assert without_data(cut) == whole
    buffered = record(
        connect(request),
        random_pieces(data, random.Random(seed)),
        errors=(HamaError,),
        through_buffer=[-1, 100],
    )
    assert without_data(buffered) == whole


@pytest.mark.parametrize("name", ["multipart", "multipart without a head", "image"])
def test_each_frame_comes_with_its_last_byte(name: str) -> None:
    request, data = ANSWERS[name]
    log = converse(request, data, 1)
    after = [fed for row, fed in zip(log.said, log.after, strict=True) if row[0] == "Frame"]
    assert after == [at + len(PICTURE) for at in _find_all(data, PICTURE)]


PAGE = b"\r\n\r\n<html>--\xff\xd8 a=b</html>"
MISLABELLED: dict[str, tuple[Any, bytes, bytes, list[str]]] = {
    "multipart as text": (commands.video_stream(), b"text/plain", PARTS, ["Frame"] * 3),
    "multipart as a page": (commands.video_stream(), b"text/html", b"\r\n" + PARTS, ["Frame"] * 3),
    "multipart as bytes": (
        commands.video_stream(),
        b"application/octet-stream",
        PARTS,
        ["Frame"] * 3,
    ),
    "an image as text": (commands.image(), b"text/plain", PICTURE, ["Frame"]),
    "an image for a stream": (commands.video_stream(), b"image/jpeg", PICTURE, ["Frame"]),
    "a multipart for an image": (commands.image(), b"multipart/mixed", PARTS, ["Frame"] * 3),
    "sound as text": (commands.audio_stream(), b"text/plain", SOUND, ["AudioFrame"] * 40),
    "sound for pictures": (commands.video_stream(), b"audio/gsm", SOUND, ["AudioFrame"] * 40),
    "a list as a page": (commands.brand(), b"text/html", b"\na=b\nc=d\n", ["Param"] * 2),
    "a page for pictures": (commands.video_stream(), b"text/html", PAGE, ["Data"]),
    "a page for an image": (commands.image(), b"text/html; charset=x", PAGE, ["Data"]),
    "a page for sound": (commands.audio_stream(), b"text/html", PAGE, ["Data"]),
    "a page for a list": (commands.brand(), b"text/html", PAGE, ["Data"]),
    "one dash": (commands.image(), b"text/plain", b"\r\n-", ["Data"]),
    "nothing": (commands.image(), b"text/plain", b"", []),
    "line ends": (commands.audio_stream(), b"text/plain", b"\r\n" * 400, ["Data"]),
}


@pytest.mark.parametrize("name", MISLABELLED)
def test_a_body_under_another_type_is_known_by_its_first_bytes(name: str) -> None:
    request, content_type, body, kinds = MISLABELLED[name]
    data = b"HTTP/1.1 200 OK\r\nContent-Type: " + content_type + b"\r\n\r\n" + body
    log = converse(request, data)
    assert [row[0] for row in log.said if row[0] not in ("Anomaly", "EndOfStream")][1:] == kinds
    for cut in (1, 2, 7):
        assert without_data(converse(request, data, cut)) == without_data(log)
    if kinds == ["Data"]:
        assert without_data(log)[1] == body


def _find_all(data: bytes, piece: bytes) -> list[int]:
    found, at = [], -1
    while (at := data.find(piece, at + 1)) >= 0:
        found.append(at)
    return found


@pytest.mark.parametrize("head", HEADS, ids=lambda head: f"{head.rule}: {head.name}")
def test_heads_through_a_connection(head: Head) -> None:
    """The table again: a stream of pictures is asked for, and bytes of no known type."""
    for cut in (1, 0):
        for request in (commands.raw("/"), commands.video_stream()):
            log = converse(request, head.data, cut)
            if head.reading is None:
                assert log.error is not None
                continue
            assert log.error is None
            (response,) = log.of("Response")
            assert (response.status, response.content_type) == (
                head.reading.status,
                head.reading.content_type,
            )
            if not log.frames and not log.of("AudioFrame") and request.reply is Reply.ANY:
                data = b"".join(piece.data for piece in log.of("Data"))
                assert data == head.reading.body or log.of("Skipped")
            if head.reading.body == JPEG and request.reply is Reply.MJPEG:
                assert [frame.data for frame in log.frames] in ([JPEG], [])


def test_a_body_is_handed_on_as_it_came() -> None:
    """What is nothing but body goes to its parser without a copy."""
    connection = connect(commands.raw("/"))
    connection.receive_data(b"HTTP/1.1 200 OK\r\n\r\n")
    list(connection.events())
    chunk = bytes(1000)
    connection.receive_data(chunk)
    (data,) = connection.events()
    assert isinstance(data, events.Data)
    assert data.data is chunk


# -- lengths that are none -----------------------------------------------------------------

STREAMS = {
    "multipart/mixed; boundary=b": PARTS,
    "Multipart/Related": PARTS,
    "application/octet-stream": PARTS,
    "video/x-motion-jpeg": PICTURE * 3,
    "image/jpeg": PICTURE * 3,
    "text/plain": PARTS,
    "text/html; charset=utf-8": b"\r\n" + PARTS,
}


@pytest.mark.parametrize("kind", STREAMS)
@pytest.mark.parametrize("length", [b"0", b"100", b"-1", b"9" * 5000, b"5, 6"])
def test_a_length_on_a_stream_is_none(kind: str, length: bytes) -> None:
    if kind.startswith(("text/", "image/")) and not length.isdigit():
        pytest.skip("on what may have an end such a length is an error")
    data = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %s\r\n\r\n%s" % (
        *(kind.encode(), length),
        STREAMS[kind],
    )
    whole = converse(commands.video_stream(), data)
    assert [frame.data for frame in whole.frames] == [PICTURE] * 3
    assert events.AnomalyCode.LENGTH_ON_ENDLESS_BODY in whole.codes
    assert without_data(converse(commands.video_stream(), data, 1)) == without_data(whole)


def test_sound_has_no_length_either() -> None:
    for kind in (b"application/octet-stream", b"text/plain"):
        data = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: 33\r\n\r\n" % kind
        assert len(converse(commands.audio_stream(), data + SOUND).of("AudioFrame")) == 40


@pytest.mark.parametrize("status", [b"200 OK", b"404 Not Found"])
def test_a_text_in_the_place_of_a_stream_has_its_length(status: bytes) -> None:
    connection = connect(commands.video_stream())
    connection.receive_data(
        b"HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nbusy" % status
    )
    assert [type(event) for event in connection.events()][-1] is events.EndOfStream


# -- packed bodies ---------------------------------------------------------------------


def test_no_coding_is_asked_for() -> None:
    assert b"\r\nAccept-Encoding: identity\r\n" in connect().send(commands.image())


PACKED: dict[str, tuple[Any, bytes, bytes]] = {
    "list": (commands.brand(), b"text/plain", b"a=b\nc=d\n"),
    "image": (commands.image(), b"image/jpeg", PICTURE),
    "stream": (commands.video_stream(), b"multipart/x-mixed-replace; boundary=b", PARTS),
    "sound": (commands.audio_stream(), b"audio/gsm", SOUND),
    "acknowledgement": (commands.move("left"), b"text/plain", b"OK\r\n"),
}


@pytest.mark.parametrize("name", PACKED)
def test_a_packed_body_is_read_like_one_that_is_not(name: str) -> None:
    request, content_type, body = PACKED[name]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: " + content_type + b"\r\n"

    def told(data: bytes, cut: int) -> Any:
        said, body, error = without_data(converse(request, data, cut))
        # The head differs, and where the answer ended.
        return [row for row in said if row[0] not in ("Response", "EndOfStream")], body, error

    plain = told(head + b"\r\n" + body, 0)
    for cut in (1, 0):
        packed = head + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(body)
        assert told(packed, cut) == plain


def test_a_coding_that_is_not_known_is_given_as_it_came() -> None:
    data = b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n" + PICTURE
    assert without_data(converse(commands.image(), data))[1] == PICTURE


def test_what_came_is_given_before_the_framing_is_found_broken() -> None:
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % (len(PICTURE) - 20)
    log = converse(commands.video_stream(), data + PICTURE[:-20] + b"oops", 100)
    (frame,) = log.frames
    assert (frame.data, frame.complete) == (PICTURE[:-20], False)
    assert log.error is not None
    assert "framing" in log.error[2]
    assert log.said[-1][0] != "EndOfStream"


# -- states ----------------------------------------------------------------------------


def test_the_states() -> None:
    connection = connect()
    assert connection.state is State.IDLE
    connection.send(commands.video_stream())
    assert connection.state is State.AWAITING_HEAD
    connection.receive_data(ANSWERS["multipart"][1])
    assert connection.state is State.AWAITING_HEAD, "an event not yet asked for moved the state"
    response = next(event for event in connection.events() if isinstance(event, events.Response))
    assert connection.response is response
    assert connection.state is State.RECEIVING
    connection.receive_eof()
    assert [type(event).__name__ for event in connection.events()][-1] == "EndOfStream"
    assert connection.state is State.DONE
    assert connection.next_event() == connection.next_event()


def test_an_error_is_final() -> None:
    connection = connect(commands.brand())
    connection.receive_data(b"RTSP/1.0 200 OK\r\n\r\n")
    messages = set()
    for call in (
        connection.next_event,
        lambda: connection.receive_data(b"x"),
        connection.next_event,
    ):
        with pytest.raises(RemoteProtocolError, match="RTSP") as caught:
            call()
        messages.add(str(caught.value))
    assert len(messages) == 1
    assert connection.state is State.FAILED


def test_an_error_of_the_body_is_final_too() -> None:
    connection = connect(commands.brand(), limits=Limits(max_params=2))
    connection.receive_data(text(b"a=1\nb=2\nc=3\n"))
    with pytest.raises(LimitExceededError):
        list(connection.events())
    assert connection.state is State.FAILED
    with pytest.raises(LimitExceededError):
        connection.next_event()


def test_data_after_the_end() -> None:
    connection = connect(commands.brand())
    connection.receive_data(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na=b\nmore")
    assert isinstance([*connection.events()][-1], events.EndOfStream)
    assert connection.surplus == 4
    connection.receive_data(b"more")
    assert list(connection.events()) == []
    connection.receive_eof()
    assert connection.state is State.DONE
    with pytest.raises(LocalProtocolError, match="receive_eof"):
        connection.receive_data(b"more")


def test_the_table_leads_everywhere_and_out() -> None:
    reached = {State.IDLE}
    for _ in State:
        reached |= {new for (old, _), new in TRANSITIONS.items() if old in reached}
    assert reached == set(State)
    assert {step for _, step in TRANSITIONS} == set(Step)
    assert not any(state in (State.DONE, State.FAILED) for state, _ in TRANSITIONS)


def test_the_diagram_has_the_table() -> None:
    diagram = state_diagram()
    for (state, step), following in TRANSITIONS.items():
        (line,) = (x for x in diagram.splitlines() if f" {state.name} --> {following.name}:" in x)
        assert step.value in line


# -- logins ----------------------------------------------------------------------------


def test_a_login_is_sent_when_asked_for() -> None:
    connection = connect(auth=("admin", "1234"))
    assert b"Authorization" not in connection.send(commands.brand())
    connection.receive_data(UNAUTHORIZED)
    connection.receive_eof()
    assert connection.retry is None, "the head was not given out yet"
    list(connection.events())
    again = connection.retry
    assert again is not None
    assert b"\r\nAuthorization: Basic YWRtaW46MTIzNA==\r\n" in again.send(commands.brand())
    # A second refusal means that the password is wrong.
    again.receive_data(UNAUTHORIZED)
    again.receive_eof()
    outcome: Outcome[Any] = Outcome(commands.brand())
    for event in again.events():
        outcome.add(event)
    assert again.retry is None
    with pytest.raises(AuthenticationError) as caught:
        outcome.result()
    assert caught.value.status == 401


def test_what_was_learnt_serves_the_next_connection() -> None:
    shared = Authenticator(Credentials("admin", "1234"))
    first = connect(commands.brand(), auth=shared)
    first.receive_data(UNAUTHORIZED)
    list(first.events())
    # Not before it is known to be right.
    assert b"Authorization" not in connect(auth=shared).send(commands.users())
    assert first.retry is not None
    first.retry.send(commands.brand())
    first.retry.receive_data(text(b"Brand.Brand=Hama\n"))
    list(first.retry.events())
    assert b"Authorization" in connect(auth=shared).send(commands.users())


def test_no_login_is_sent_where_none_is_needed() -> None:
    credentials = Credentials("admin", "1234", preemptive=True)
    assert b"Authorization" in connect(auth=credentials).send(commands.image())
    connection = connect(auth=credentials)
    assert b"Authorization" not in connection.send(commands.image_without_login())
    connection.receive_data(UNAUTHORIZED)
    list(connection.events())
    assert connection.retry is None


def test_a_server_that_never_has_enough_is_left() -> None:
    stale = UNAUTHORIZED.replace(b'Basic realm="Internet Camera"', b'Digest nonce="n", stale=true')
    connection: ClientConnection | None = connect(auth=("a", "b"))
    for _ in range(4):
        assert connection is not None
        connection.send(commands.brand())
        connection.receive_data(stale)
        list(connection.events())
        connection = connection.retry
    assert connection is None


def test_a_password_is_never_shown() -> None:
    connection = connect(auth=("admin", "hunter2"))
    connection.send(commands.brand())
    connection.receive_data(UNAUTHORIZED)
    kept = [getattr(connection, name) for name in ClientConnection.__slots__]
    shown = repr([connection, *connection.events(), connection.retry, kept])
    assert "hunter2" not in shown
    with pytest.raises(LocalProtocolError) as caught:
        ClientConnection(HOST, auth=("ad:min", "hunter2"))
    assert "hunter2" not in str(caught.value)


# -- with the simulated camera -----------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [command for command in commands.CATALOGUE if isinstance(command.example, Request)],
    ids=lambda command: command.number,
)
def test_every_command_that_ends(command: commands.Command) -> None:
    camera = CameraState(users={"admin": "1234"})
    answer = ask(camera, command.example, auth=("admin", "1234"))
    if command.reply is Reply.PARAMS:
        assert answer.params
    elif command.reply is Reply.IMAGE:
        assert answer.complete
    else:
        assert answer.ok


def test_a_camera_that_wants_digest() -> None:
    camera = CameraState(users={"admin": "1234"}, faults=Faults("digest"))
    shared = Authenticator(Credentials("admin", "1234"))
    for _ in range(3):
        assert ask(camera, commands.brand(), auth=shared).params
    camera.digest.expire()
    assert ask(camera, commands.brand(), auth=shared).params
    with pytest.raises(AuthenticationError):
        ask(camera, commands.brand(), auth=("admin", "wrong"))


# -- talk-back ---------------------------------------------------------------------------


def test_talking() -> None:
    camera = CameraState()
    server = ServerConnection(camera)
    client = connect()
    server.receive_data(client.send(commands.talk()))
    assert client.state is State.TALKING
    for at in range(0, len(SOUND), 330):
        server.receive_data(client.send_audio(memoryview(SOUND)[at : at + 330]))
    assert camera.talk_frames == 40
    assert client.next_event() is events.NEED_DATA
    client.receive_eof()
    assert client.next_event() == events.EndOfStream()
    assert client.state is State.DONE
    with pytest.raises(LocalProtocolError, match="while done"):
        client.send_audio(SOUND)


def test_an_answer_to_talking_is_no_end_of_it() -> None:
    client = connect(commands.talk())
    client.receive_data(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert [type(event) for event in client.events()] == [events.Response]
    assert client.send_audio(SOUND) == SOUND
    client.receive_eof()
    assert isinstance(client.next_event(), events.EndOfStream)


def test_talking_can_be_refused() -> None:
    client = connect(commands.talk(), auth=("admin", "1234"))
    client.receive_data(UNAUTHORIZED)
    list(client.events())
    with pytest.raises(LocalProtocolError, match="while receiving"):
        client.send_audio(SOUND)
    assert client.retry is not None


@pytest.mark.parametrize("frames", [b"\xd0", SOUND[:-1], b"\x00" + SOUND[1:], SOUND + bytes(33)])
def test_what_is_no_sound_is_not_sent(frames: bytes) -> None:
    client = connect(commands.talk())
    with pytest.raises(LocalProtocolError, match="frame"):
        client.send_audio(frames)
    with pytest.raises(LocalProtocolError, match="talk"):
        connect(commands.image()).send_audio(SOUND)


def test_a_buffer_is_asked_for_before_it_is_written() -> None:
    connection = connect(commands.image())
    assert connection.request == commands.image()
    with pytest.raises(LocalProtocolError, match="get_buffer"):
        connection.buffer_updated(1)


@pytest.mark.skipif(not hamaproto.ACCELERATED, reason="the pure parser lends no image's own place")
@pytest.mark.parametrize("cut", [0, 1, 20])
def test_an_image_is_received_into_its_own_place(cut: int) -> None:
    """A camera's head comes before its first picture: who chose the reader is not in the way."""
    connection = connect(commands.video_stream())
    image = PICTURE[:2] + b"\xff\xfe\x4e\x22" + b"c" * 20_000 + PICTURE[2:]
    part = b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(image)
    whole = part + image + b"\r\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"
    for piece in (head, whole[:cut], whole[cut:], whole * 2, part + image[:100]):
        connection.receive_data(piece)
        list(connection.events())
    rest = image[100:]
    buffer = connection.get_buffer()
    assert len(buffer) == len(rest)
    buffer[:] = rest
    connection.buffer_updated(len(rest))
    (frame,) = connection.events()
    assert isinstance(frame, events.Frame)
    assert frame.data == image


def test_an_error_of_a_body_that_is_fed_directly_is_final() -> None:
    for through_next in (True, False):
        connection = connect(commands.brand(), limits=Limits(max_params=2))
        connection.receive_data(text(b"a=1\n"))
        assert len(list(connection.events())) == 2
        connection.receive_data(b"b=2\nc=3\n")
        assert isinstance(connection.next_event(), events.Param)
        with pytest.raises(LimitExceededError):
            connection.next_event() if through_next else list(connection.events())
        assert connection.state is State.FAILED
        for call in (connection.next_event, lambda: connection.receive_data(b"d=4\n")):  # noqa: B023  # called at once
            with pytest.raises(LimitExceededError):
                call()


@pytest.mark.parametrize(
    ("head", "body", "closed"),
    [
        (b"", b"OK", False),
        (b"Content-Length: 2\r\n", b"OK", True),
        (b"Transfer-Encoding: chunked\r\n", b"2\r\nOK\r\n0\r\n\r\n", True),
    ],
)
def test_whether_the_camera_said_that_it_was_the_end(
    head: bytes, body: bytes, closed: bool
) -> None:
    connection = ClientConnection("camera")
    connection.send(commands.move("left"))
    connection.receive_data(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + body)
    if not closed:
        connection.receive_eof()
    *_, end = connection.events()
    assert isinstance(end, events.EndOfStream)
    assert end.closed is closed
