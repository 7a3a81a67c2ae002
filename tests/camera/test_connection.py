"""The answers of the simulated camera, byte by byte, without a socket."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from typing import ClassVar

import pytest
from camera_client import LIST, Answer, ask, drain, opened, request
from hypothesis import given, settings
from hypothesis import strategies as st

from hamaproto.camera import CameraState, Faults, Pictures, ServerConnection, read_stamp
from hamaproto.camera.request import MAX_HEAD, MAX_TARGET
from hamaproto.camera.streams import Stream
from hamaproto.commands import CATALOGUE, Reply, talk

UNCACHED = "Pragma: no-cache\r\nCache-Control: no-cache\r\n"
TEXT = f"HTTP/1.1 200 OK\r\nServer: GoAhead-Webs\r\n{UNCACHED}Content-Type: text/plain\r\n\r\n"
#: The head of each kind of answer, as section 1 of the protocol's notes has it.
HEADS = {
    Reply.IMAGE: (
        f"HTTP/1.0 200 OK\r\nServer: GoAhead-Webs\r\n{UNCACHED}"
        "Content-Type: image/jpeg\r\nContent-Length: [0-9]+\r\n\r\n"
    ),
    Reply.MJPEG: (
        f"HTTP/1.1 200 OK\r\nServer: GoAhead-Webs\r\n{UNCACHED}"
        'Content-Type: multipart/x-mixed-replace; boundary="myboundary"\r\n\r\n'
    ),
    Reply.AUDIO: "HTTP/1.1 200 OK\r\nContent-Type: audio/gsm\r\n\r\n",
    Reply.PARAMS: TEXT,
    Reply.ACK: TEXT,
    Reply.FORM: (
        "HTTP/1.0 302 Redirect\r\nServer: GoAhead-Webs\r\n"
        "Date: [A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} [0-9]{4}\r\n"
        f"{UNCACHED}Content-Type: text/html\r\nLocation: http://camera:8080/cp.asp\r\n\r\n"
    ),
}


@pytest.mark.parametrize("command", CATALOGUE, ids=lambda command: command.number)
def test_each_command_has_its_head(command) -> None:  # type: ignore[no-untyped-def]
    state = CameraState()
    _, data = opened(state, command.example.target, now=100.0)
    head = Answer.of(data).head.decode("latin-1")
    assert re.fullmatch(HEADS[command.reply], head)


@pytest.mark.parametrize("target", ["/jpg/image.jpg", "/loginfree.jpg"])
def test_one_image(target: str) -> None:
    answer = ask(CameraState(), target)
    assert len(answer.body) == int(answer.fields["Content-Length"])
    assert answer.body[:2] == b"\xff\xd8"
    assert answer.body[-2:] == b"\xff\xd9"


def test_the_name_of_the_image_without_login_can_be_changed() -> None:
    state = CameraState(loginfree="open.jpg", users={"admin": "1234"})
    assert ask(state, "/open.jpg").status == 200
    assert ask(state, "/loginfree.jpg").status == 401


def test_a_form_answers_with_a_redirect_to_where_it_came_from() -> None:
    state = CameraState(epoch=951782400.0)
    answer = ask(state, "/form/enet?enet_source=setup.asp&enet_avs_flip_mode=1", now=61.0)
    assert answer.fields["Date"] == "Tue Feb 29 00:01:01 2000"
    assert answer.fields["Location"] == "http://camera:8080/setup.asp"
    assert b"http://camera:8080/setup.asp" in answer.body


@pytest.mark.parametrize("source", ["a%0d%0aSet-Cookie:x", "//evil", "%22", "", "%c3%a9"])
def test_a_form_can_not_be_made_to_write_a_header(source: str) -> None:
    answer = ask(CameraState(), f"/form/enet?enet_source={source}")
    assert answer.fields["Location"] == "http://camera:8080/cp.asp"
    connection = ServerConnection(CameraState())
    connection.receive_data(b"GET /form/enet HTTP/1.0\r\nHost: a<b>\r\n\r\n")
    assert b"Location: http://camera/cp.asp\r\n" in drain(connection)


class TestStreams:
    def test_the_video_begins_with_a_delimiter_and_the_current_picture(self) -> None:
        connection, data = opened(CameraState(), "/mjpg/video.mjpg", now=10.0)
        part = re.fullmatch(
            rb"--myboundary\r\nMotion-Event: 0\r\nContent-Type: image/jpeg\r\n"
            rb"Content-Length: ([0-9]+)\r\n\r\n(\xff\xd8.*\xff\xd9)\r\n--myboundary\r\n",
            Answer.of(data).body,
            re.DOTALL,
        )
        assert part is not None
        assert int(part[1]) == len(part[2])
        assert not connection.closed

    def test_pictures_come_at_the_rate_that_is_set_and_changes_apply_at_once(self) -> None:
        state = CameraState()
        connection, _ = opened(state, "/mjpg/video.mjpg", now=0.0)
        now, times = 0.0, []
        for fps in (15, 5, 30):
            ask(
                state,
                f"/camera-cgi/admin/param.cgi?action=update&Image.I0.Stream.FPS={fps}",
                now=now,
            )
            began = now
            for _ in range(5):
                wakeup = connection.next_wakeup(now)
                assert wakeup is not None
                assert drain(connection, wakeup - 0.01) == b""
                assert drain(connection, wakeup).count(b"--myboundary") == 1
                now = wakeup
            times.append(round((now - began) * fps, 3))
        assert times == [5.0, 5.0, 5.0]

    def test_a_late_driver_misses_old_pictures_and_nothing_piles_up(self) -> None:
        state = CameraState()
        connection, _ = opened(state, "/mjpg/video.mjpg", now=0.0)
        data = drain(connection, 10.0)
        assert data.count(b"--myboundary") <= 4
        assert isinstance(connection.stream, Stream)
        assert connection.stream.sent + connection.stream.skipped == 151

    def test_all_clients_get_the_same_picture(self) -> None:
        drawn = []

        def render(scene: object) -> bytes:
            drawn.append(scene)
            return b"\xff\xd8\xff\xd9"

        state = CameraState(pictures=Pictures(render))
        connections = [opened(state, "/mjpg/video.mjpg")[0] for _ in range(5)]
        bodies = {drain(connection, 1 / 15) for connection in connections}
        ask(state, "/jpg/image.jpg", now=1 / 15)
        assert len(bodies) == 1
        assert len(drawn) == 2

    def test_sound_is_fifty_frames_a_second(self) -> None:
        connection, data = opened(CameraState(), "/camera-cgi/audio/receive.cgi", now=5.0)
        body = Answer.of(data).body
        now = 5.0
        while now < 6.0:
            wakeup = connection.next_wakeup(now)
            assert wakeup is not None
            now = wakeup
            body += drain(connection, now)
        assert len(body) == 51 * 33
        assert all(body[at] >> 4 == 0xD for at in range(0, len(body), 33))

    def test_sound_that_is_off_ends_at_once(self) -> None:
        state = CameraState(has_audio=False)
        connection, data = opened(state, "/camera-cgi/audio/receive.cgi")
        assert Answer.of(data).body == b""
        assert connection.closed
        connection.close()
        assert state.streams == 0

    @pytest.mark.parametrize("target", ["/mjpg/video.mjpg", "/camera-cgi/audio/receive.cgi"])
    def test_a_full_camera_answers_200_and_closes_without_a_frame(self, target: str) -> None:
        state = CameraState(max_users=2, other_users=1)
        first, _ = opened(state, target)
        second, data = opened(state, target)
        answer = Answer.of(data)
        assert answer.status == 200
        assert answer.body in (b"", b"--myboundary\r\n")
        assert second.closed
        second.close()
        first.close()
        assert not opened(state, target)[0].closed

    def test_head_asks_for_the_head_only(self) -> None:
        for target in ("/mjpg/video.mjpg", "/jpg/image.jpg"):
            connection = ServerConnection(CameraState())
            connection.receive_data(request(target, method="HEAD"))
            assert Answer.of(drain(connection)).body == b""
            assert connection.closed

    def test_a_client_that_closes_frees_its_slot(self) -> None:
        state = CameraState()
        connection, _ = opened(state, "/mjpg/video.mjpg")
        connection.receive_eof()
        assert connection.closed
        connection.close()
        assert state.streams == 0
        assert connection.next_wakeup(1.0) is None
        assert connection.data_to_send(1.0) == b""


class TestTalkBack:
    FRAME = b"\xd8" + bytes(range(32))

    @pytest.mark.parametrize("size", [1, 7, 33, 50, 1000])
    def test_frames_come_up_the_same_socket_and_nothing_is_answered(self, size: int) -> None:
        state = CameraState()
        connection = ServerConnection(state)
        data = request(talk().target, method="POST") + self.FRAME * 20
        for at in range(0, len(data), size):
            connection.receive_data(data[at : at + size])
            assert drain(connection) == b""
        assert state.talk_frames == 20
        assert set(state.talk) == {self.FRAME}
        assert not connection.closed
        connection.receive_eof()
        assert connection.closed

    def test_it_needs_a_login_too(self) -> None:
        state = CameraState(users={"admin": "1234"})
        connection = ServerConnection(state)
        connection.receive_data(request(talk().target) + self.FRAME)
        assert drain(connection).startswith(b"HTTP/1.1 401 ")
        assert state.talk_frames == 0

    def test_what_is_kept_is_bounded(self) -> None:
        state = CameraState()
        connection, _ = opened(state, talk().target)
        for _ in range(20):
            connection.receive_data(self.FRAME * 100)
        assert state.talk_frames == 2000
        assert len(state.talk) == 500


class TestLogin:
    USERS: ClassVar = {"admin": "1234", "jürgen": "pässword:"}

    @staticmethod
    def basic(user: str, password: str, encoding: str = "utf-8") -> str:
        token = base64.b64encode(f"{user}:{password}".encode(encoding)).decode()
        return f"Authorization: Basic {token}"

    @pytest.mark.parametrize(
        "field",
        [
            "X: y",
            "Authorization: Basic",
            "Authorization: Basic !!!!",
            "Authorization: Basic YWRtaW4",
            "Authorization: Bearer YWRtaW46MTIzNA==",
            'Authorization: Digest username="admin"',
            "Authorization: Basic é",
        ],
    )
    def test_what_is_no_login_is_refused(self, field: str) -> None:
        answer = ask(CameraState(users=self.USERS), "/jpg/image.jpg", field)
        assert answer.head.startswith(b"HTTP/1.1 401 Unauthorized\r\n")
        assert answer.fields["WWW-Authenticate"] == 'Basic realm="Internet Camera"'
        assert answer.fields["Content-Type"] == "text/html"
        assert b"Access Denied" in answer.body

    def test_right_and_wrong_passwords(self) -> None:
        state = CameraState(users=self.USERS)
        for user, password in self.USERS.items():
            for encoding in ("utf-8", "latin-1"):
                field = self.basic(user, password, encoding)
                assert ask(state, LIST + "Brand", field).status == 200
            assert ask(state, LIST + "Brand", self.basic(user, password + "x")).status == 401

    def test_nothing_but_the_free_image_can_be_had_without(self) -> None:
        state = CameraState(users=self.USERS)
        for command in CATALOGUE:
            wanted = 200 if command.example.anonymous else 401
            assert ask(state, command.example.target).status == wanted
        assert state.streams == 0


class TestDigest:
    def test_the_challenge_and_a_nonce_that_goes_stale(self) -> None:
        state = CameraState(users={"admin": "1234"}, faults=Faults("digest"))
        challenge = ask(state, "/jpg/image.jpg").fields["WWW-Authenticate"]
        assert 'realm="IPCam"' in challenge
        assert 'qop="auth"' in challenge
        nonce = re.search('nonce="([^"]+)"', challenge)[1]  # type: ignore[index]

        def md5(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()

        def field(nonce: str, count: str, password: str = "1234") -> str:
            # RFC 7616 3.4.1
            ha1, ha2 = md5(f"admin:IPCam:{password}"), md5("GET:/jpg/image.jpg")
            response = md5(f"{ha1}:{nonce}:{count}:0a4f113b:auth:{ha2}")
            return (
                f'Authorization: Digest username="admin", realm="IPCam", nonce="{nonce}", '
                f'uri="/jpg/image.jpg", qop=auth, nc={count}, cnonce="0a4f113b", '
                f'response="{response}"'
            )

        assert ask(state, "/jpg/image.jpg", field(nonce, "00000001")).status == 200
        assert ask(state, "/jpg/image.jpg", field(nonce, "00000002")).status == 200
        # A count that was used, or a nonce that is not known any more.
        assert "stale=true" in ask(state, "/jpg/image.jpg", field(nonce, "00000002")).head.decode()
        state.digest.expire()
        assert "stale=true" in ask(state, "/jpg/image.jpg", field(nonce, "00000003")).head.decode()
        wrong = ask(state, "/jpg/image.jpg", field(nonce, "00000004", "4321"))
        assert wrong.status == 401
        assert "stale" not in wrong.head.decode()
        # An answer for another target.
        assert ask(state, "/mjpg/video.mjpg", field(nonce, "00000005")).status == 401


class TestRequests:
    @pytest.mark.parametrize(
        ("data", "status"),
        [
            (b"\x16\x03\x01\x02\x00\x01\n\n", 400),
            (b"GET\r\n\r\n", 400),
            (b"BREW /coffee HTTP/1.1\r\n\r\n", 400),
            (b"GET /" + b"a" * MAX_TARGET + b" HTTP/1.1\r\n\r\n", 414),
            (b"GET /" + b"a" * MAX_HEAD, 414),
            (b"\n" * (MAX_HEAD + 1), 414),
            (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * (MAX_HEAD // 6), 400),
            (b"GET / HTTP/1.1\r\na: " + b"b" * MAX_HEAD, 400),
            (b"GET /nothing HTTP/1.1\r\n\r\n", 404),
        ],
    )
    @pytest.mark.parametrize("size", [1, 1000, 1 << 20])
    def test_what_is_not_is_answered_and_closed(self, data: bytes, status: int, size: int) -> None:
        connection = ServerConnection(CameraState())
        for at in range(0, len(data), size):
            connection.receive_data(data[at : at + size])
        assert Answer.of(drain(connection)).status == status
        assert connection.closed

    def test_a_request_that_never_ends_waits(self) -> None:
        connection = ServerConnection(CameraState())
        connection.receive_data(b"GET / HTTP/1.1\r\nHost:")
        assert connection.data_to_send(0.0) == b""
        assert connection.next_wakeup(0.0) is None
        connection.receive_eof()
        assert connection.closed

    def test_a_repr_tells_no_query_and_no_field(self) -> None:
        connection = ServerConnection(CameraState())
        connection.receive_data(request("/x?pass=1234", "Authorization: Basic YTpi"))
        assert "1234" not in repr(connection)
        assert "YTpi" not in repr(connection)


GARBAGE = st.one_of(
    st.binary(max_size=300),
    st.lists(
        st.sampled_from(
            b"GET |POST |/mjpg/video.mjpg|/form/enet?|/camera-cgi/admin/param.cgi?action=|"
            b" HTTP/1.1|\r\n|\n|: |?|&|=|\x00|\xff|/camera-cgi/audio/transmit.cgi|"
            b"Authorization: Digest nc=|\xd0\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00".split(b"|")
        ),
        max_size=20,
    ).map(b"".join),
)


@given(GARBAGE, st.booleans(), st.booleans())
@settings(max_examples=200)
def test_nothing_that_comes_in_raises(data: bytes, eof: bool, digest: bool) -> None:
    users = {"admin": "1234"} if digest else None
    state = CameraState(users=users, faults=Faults(*["digest"] * digest))
    connection = ServerConnection(state)
    connection.receive_data(data)
    if eof:
        connection.receive_eof()
    for now in (0.0, 0.5):
        answer = drain(connection, now)
        assert answer == b"" or answer.startswith((b"HTTP/1.", b"Motion-Event"))
        connection.next_wakeup(now)
    connection.close()
    assert state.streams == 0


@given(GARBAGE, st.lists(st.integers(0, 300)))
@settings(max_examples=200)
def test_a_request_reads_the_same_however_it_is_cut(data: bytes, cuts: list[int]) -> None:
    whole, cut = CameraState(epoch=1.0), CameraState(epoch=1.0)
    one, many = ServerConnection(whole), ServerConnection(cut)
    one.receive_data(data)
    edges = [0, *sorted(min(edge, len(data)) for edge in cuts), len(data)]
    for start, end in itertools.pairwise(edges):
        many.receive_data(data[start:end])
    assert drain(one) == drain(many)
    assert one.closed == many.closed
    assert list(whole.talk) == list(cut.talk)


# What of a body is more of the query


FORM_TARGET = "/form/enet"


def posted(*fields: str, body: bytes = b"", target: str = FORM_TARGET) -> ServerConnection:
    connection = ServerConnection(CameraState())
    connection.receive_data(request(target, *fields, method="POST") + body)
    return connection


@pytest.mark.parametrize(("query", "volume"), [("", 50), ("?enet_audio_mic_vol=30", 30)])
def test_a_body_is_more_of_the_query(query: str, volume: int) -> None:
    state = CameraState()
    body = b" enet_avs_flip_mode=3&enet_avs_pt_speed=7\r\n"
    connection = ServerConnection(state)
    length = f"Content-Length: {len(body)}"
    sent = request(FORM_TARGET + query, length, method="POST") + body
    for byte in sent[:-1]:
        connection.receive_data(bytes([byte]))
    assert not connection.asked
    assert drain(connection) == b""
    connection.receive_data(sent[-1:] + b"and more")
    assert connection.asked
    assert Answer.of(drain(connection)).status == 302
    assert (state.flip_mode, state.pt_speed, state.microphone_volume) == (3, 7, volume)


@pytest.mark.parametrize(
    "fields",
    [
        (),
        ("Content-Length: 0",),
        ("Content-Length: -5",),
        ("Content-Length: five",),
        ("Content-Length: 16385",),
        ("Content-Length: 0000000005",),
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
    ],
)
def test_a_body_without_a_believable_length_is_not_waited_for(fields: tuple[str, ...]) -> None:
    connection = posted(*fields)
    assert connection.asked
    assert Answer.of(drain(connection)).status == 302


@pytest.mark.parametrize("length", [5, 16384])
def test_a_body_that_is_cut_off_is_taken_as_it_is(length: int) -> None:
    connection = posted(f"Content-Length: {length}", body=b"a=b")
    assert not connection.asked
    connection.receive_eof()
    assert connection.asked
    assert Answer.of(drain(connection)).status == 302


@pytest.mark.parametrize("target", ["/jpg/image.jpg", "/nothing"])
def test_what_asks_no_program_has_no_body(target: str) -> None:
    assert posted("Content-Length: 5", target=target).asked


# What is asked in whatever way


@pytest.mark.parametrize("target", ["/", "/cp.asp"])
def test_the_page_for_a_browser(target: str) -> None:
    answer = ask(CameraState(), target)
    assert answer.status == 200
    assert answer.fields["Content-Type"] == "text/html"
    assert b'<img src="/mjpg/video.mjpg">' in answer.body


def test_an_absolute_path_without_a_name_is_not_the_free_image() -> None:
    assert ask(CameraState(), "/loginfree.jpg/").status == 404


def test_an_answer_is_due_at_once_and_pieces_too() -> None:
    connection = ServerConnection(CameraState())
    assert connection.next_wakeup(3.0) is None
    assert connection.request is None
    assert not connection.reset
    connection.receive_data(request("/jpg/image.jpg"))
    assert connection.next_wakeup(3.0) == 3.0
    assert connection.data_to_send(3.0).startswith(b"HTTP/1.0 200")
    assert connection.next_wakeup(4.0) == 4.0
    assert not connection.closed
    assert connection.data_to_send(4.0).startswith(b"\xff\xd8")
    assert connection.closed
    assert connection.next_wakeup(5.0) is None
    assert repr(connection) == "<ServerConnection <RequestHead GET /jpg/image.jpg>, closed>"


def test_a_client_that_has_ended_its_side_still_gets_its_answer() -> None:
    connection = ServerConnection(CameraState())
    connection.receive_data(request("/jpg/image.jpg"))
    connection.receive_eof()
    assert not connection.closed
    assert Answer.of(drain(connection)).status == 200
    assert connection.closed


def test_what_is_read_and_not_answered_waits_as_long_as_the_client() -> None:
    connection = ServerConnection(CameraState(faults=Faults("mute")))
    connection.receive_data(request("/jpg/image.jpg"))
    assert drain(connection) == b""
    assert not connection.closed
    connection.receive_eof()
    assert drain(connection) == b""
    assert connection.closed


def test_a_chunked_answer_ends_with_its_last_chunk() -> None:
    state = CameraState(faults=Faults("chunked"))
    body = Answer.of(opened(state, LIST + "Layout")[1]).body
    assert body == b"22\r\nLayout.DefaultVideoFormat=mpeg4\n\r\n\r\n0\r\n\r\n"
    # A stream that dies in a frame has no last chunk; one that is closed behind a frame has it.
    for fault, ends in (("die@1", False), ("close@1", True)):
        state = CameraState(faults=Faults("chunked", fault), pictures=Pictures(tiny))
        connection, data = opened(state, "/mjpg/video.mjpg")
        data += drain(connection, 0.2)
        assert connection.closed
        assert data.endswith(b"\r\n0\r\n\r\n") is ends


def tiny(scene: object) -> bytes:
    return b"\xff\xd8\xff\xd9"


def test_a_head_of_a_stream_takes_no_slot() -> None:
    state = CameraState()
    connection = ServerConnection(state)
    connection.receive_data(request("/mjpg/video.mjpg", method="HEAD"))
    drain(connection)
    assert (state.streams, connection.stream) == (0, None)


@pytest.mark.parametrize(
    ("seconds", "date"),
    [
        # Python's own asctime of the same moments, by a table made elsewhere: date -u.
        (0.0, "Thu Jan  1 00:00:00 1970"),
        (1095379198.0, "Thu Sep 16 23:59:58 2004"),
        (1733011200.0, "Sun Dec  1 00:00:00 2024"),
    ],
)
def test_the_date_is_asctime(seconds: float, date: str) -> None:
    state = CameraState(epoch=seconds)
    assert ask(state, FORM_TARGET).fields["Date"] == date


class TestFaultsOfTheService:
    """What the connection itself does about a fault; what the faults are is in test_faults.py."""

    LOGIN = "Authorization: Basic " + base64.b64encode(b"admin:1234").decode()

    def test_something_comes_before_it_is_asked(self) -> None:
        connection = ServerConnection(CameraState(faults=Faults("early")))
        assert connection.next_wakeup(1.0) == 1.0
        assert connection.data_to_send(1.0) == b"\r\n\r\n"
        assert connection.next_wakeup(1.0) is None
        assert connection.exchange is None
        connection.receive_data(request("/cp.asp"))
        assert connection.data_to_send(1.0).startswith(b"HTTP/1.0 200 OK\r\n")
        assert ServerConnection(CameraState()).next_wakeup(0.0) is None

    def test_an_answer_begins_late(self) -> None:
        connection, data = opened(
            CameraState(faults=Faults("slow-start:seconds=2")), "/cp.asp", now=5.0
        )
        assert data == b""
        assert connection.next_wakeup(5.0) == 7.0
        assert connection.data_to_send(6.9) == b""
        assert drain(connection, 7.0).startswith(b"HTTP/1.0 200 OK\r\n")
        late, _ = opened(CameraState(faults=Faults("slow-start:seconds=2")), "/cp.asp", now=5.0)
        assert late.next_wakeup(9.0) == 9.0
        # What is no request has no time from which it could be late.
        nonsense = ServerConnection(CameraState(faults=Faults("slow-start:seconds=2")))
        nonsense.receive_data(b"\x00\r\n\r\n")
        assert b" 400 " in drain(nonsense)

    def test_it_is_busy_and_then_it_is_not(self) -> None:
        state = CameraState(faults=Faults("busy:times=2:seconds=7"))
        answers = [ask(state, "/cp.asp") for _ in range(6)]
        assert [one.status for one in answers] == [429, 429, 200, 429, 429, 200]
        assert answers[0].fields["Retry-After"] == "7"

    def test_what_has_moved_is_where_it_is_said_to_be(self) -> None:
        state = CameraState(faults=Faults("redirect"))
        answer = ask(state, LIST + "Brand")
        assert answer.status == 302
        location = answer.fields["Location"]
        assert location == f"http://camera:8080/moved{LIST}Brand"
        assert ask(state, location.removeprefix("http://camera:8080")).status == 200
        connection = ServerConnection(state)
        connection.receive_data(b"GET /cp.asp HTTP/1.0\r\nHost: a<b\r\n\r\n")
        assert b"Location: http://camera/moved/cp.asp\r\n" in drain(connection)

    def test_a_right_login_is_refused_for_once(self) -> None:
        state = CameraState(users={"admin": "1234"}, faults=Faults("login-refused:times=2"))
        answers = [ask(state, "/cp.asp", self.LOGIN).status for _ in range(6)]
        assert answers == [401, 401, 200, 401, 401, 200]
        assert ask(state, "/cp.asp").status == 401
        assert state.log.logins == 6
        state.faults = Faults()
        assert ask(state, "/cp.asp", self.LOGIN).status == 200

    def test_a_nonce_is_good_for_one_request(self) -> None:
        def md5(*parts: str) -> str:
            return hashlib.md5(":".join(parts).encode()).hexdigest()

        state = CameraState(users={"admin": "1234"}, faults=Faults("one-time-nonces"))
        nonce = re.findall('nonce="([^"]+)"', ask(state, "/cp.asp").fields["WWW-Authenticate"])[0]
        statuses = []
        for count in ("00000001", "00000002"):
            response = md5(
                md5("admin", "IPCam", "1234"), nonce, count, "c", "auth", md5("GET", "/cp.asp")
            )
            field = (
                f'Authorization: Digest username="admin", realm="IPCam", nonce="{nonce}", '
                f'uri="/cp.asp", nc={count}, cnonce="c", qop=auth, response="{response}"'
            )
            statuses.append(ask(state, "/cp.asp", field).status)
        assert statuses == [200, 401]

    @pytest.mark.parametrize("fault", ["half-head", "no-answer"])
    def test_nothing_follows_a_head_that_is_not_there(self, fault: str) -> None:
        for target in ("/jpg/image.jpg", "/mjpg/video.mjpg", LIST + "Brand"):
            connection, data = opened(CameraState(faults=Faults(fault)), target)
            assert connection.closed
            assert len(data) < 200
            assert b"\r\n\r\n" not in data

    def test_a_clock_that_is_wrong_shows_everywhere(self) -> None:
        state = CameraState(epoch=951_782_400.0, faults=Faults("wrong-clock:offset=-3600"))
        stamp = read_stamp(ask(state, "/jpg/image.jpg", now=1.0).body)
        assert stamp is not None
        assert stamp.time == 951_782_400.0 + 1 - 3600
        assert ask(state, "/form/enet?a=b").fields["Date"] == "Mon Feb 28 23:00:00 2000"
        _, data = opened(state, "/mjpg/video.mjpg", now=1.0)
        seen = read_stamp(Answer.of(data).body)
        assert seen is not None
        assert seen.time == stamp.time

    def test_a_fault_in_the_url_is_for_one_answer(self) -> None:
        state = CameraState(faults=Faults("lf"))
        connection, data = opened(state, "/mjpg/video.mjpg?fault=text-part&fault=no-reason")
        assert data.startswith(b"HTTP/1.1 200\n")
        # Those of everybody may change, and those of the URL stay.
        state.faults = Faults("junk-behind")
        data = drain(connection, 0.2)
        assert data.count(b"text/plain") == 3
        assert b"junk" in data
        assert ask(state, "/cp.asp?fault=nonsense").status == 400
        assert ask(state, "/cp.asp").status == 200

    def test_what_it_says_of_itself(self) -> None:
        connection, _ = opened(CameraState(), "/mjpg/video.mjpg")
        assert repr(connection) == "<ServerConnection <RequestHead GET /mjpg/video.mjpg>>"
        assert connection.exchange is not None
        connection.close()
        assert repr(connection).endswith(", closed>")
        assert connection.exchange.ended == "gone"

    def test_the_description_is_there_where_the_profile_has_it(self) -> None:
        assert b"<manufacturer>EDIMAX" in ask(CameraState(), "/description.xml").body
        assert ask(CameraState(profile="spec"), "/description.xml").status == 404
