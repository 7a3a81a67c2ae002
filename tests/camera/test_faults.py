"""Each fault does what its row says, and the reference camera has none of them."""

from __future__ import annotations

import io
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest
from camera_client import DRAWN, LIST, UPDATE, Answer, ask, drain, opened
from PIL import Image

from hamaproto.camera import FAULTS, CameraState, Faults, Pictures, ServerConnection, read_stamp
from hamaproto.camera.part_faults import THUMBNAIL
from hamaproto.camera.picture import stamps_in
from hamaproto.camera.shapes import Ending, HeadLines, PartShape, Turn
from hamaproto.errors import HamaError, LocalProtocolError
from hamaproto.wire.http import ResponseParser

ROOT = Path(__file__).parents[2]
VIDEO = "/mjpg/video.mjpg"
AUDIO = "/camera-cgi/audio/receive.cgi"


def camera(*faults: str) -> CameraState:
    return CameraState(faults=Faults(*faults), pictures=Pictures(DRAWN), epoch=1e9)


def stream(*faults: str, seconds: int = 1, target: str = VIDEO) -> tuple[ServerConnection, bytes]:
    """A stream's bytes, as a driver that is never late would have written them."""
    connection, data = opened(camera(*faults), target)
    now: float | None = 0.0
    while (now := connection.next_wakeup(now or 0.0)) is not None and now <= seconds:
        data += drain(connection, now)
    return connection, data


def head(*faults: str, target: str = VIDEO) -> bytes:
    return Answer.of(stream(*faults, target=target)[1]).head


def test_the_table_is_what_can_be_chosen() -> None:
    for name, fault in FAULTS.items():
        assert fault.about
        assert name in Faults(name).names
    assert not list(CameraState().faults)
    assert repr(Faults("lf", "die@2")) == "Faults('lf', 'die@2')"


def test_what_people_write() -> None:
    for text in (
        "lf, die@2",
        "lf die@2",
        ["lf", "die@2"],
        ("lf", "die:after=2"),
        Faults("lf", "die@2"),
    ):
        faults = Faults.parse(text)
        assert [Faults.name_of(name) for name in faults.names] == ["lf", "die"]
        assert faults.after == 2
    assert Faults.parse(None).names == Faults.parse("").names == ()
    assert Faults("lf", "die@2").with_more("die@3", "no-type").names == ("lf", "die@3", "no-type")
    assert Faults("lf", "die@2").without("die").names == ("lf",)
    assert Faults("lf", "die@2").without("die@7", "no-type").names == ("lf",)
    with pytest.raises(LocalProtocolError, match="no fault is named 'x'"):
        Faults().without("x")
    with pytest.raises(LocalProtocolError, match="names are needed"):
        Faults.parse([3])  # type: ignore[list-item]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "none",
        "die@",
        "die@x",
        "die@-1",
        "lf@3",
        "die@²",
        "die:",
        "die:after",
        "die:after=1.5",
        "die:percent=3",
        "drop:percent=-1",
        "drop:percent=x",
        "lf:a=1",
    ],
)
def test_unknown_names_are_refused(name: str) -> None:
    with pytest.raises(LocalProtocolError):
        Faults(name)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("bare-date", rb"\r\nSat Jan  1 00:00:41 2000\r\n"),
        ("blank-before-colon", rb"\r\nContent-Type : multipart"),
        ("no-reason", rb"^HTTP/1\.1 200\r\n"),
        ("folded", rb"\r\nContent-Type: multipart/x-mixed-replace;  \r\n {12}boundary=\"my"),
        ("latin-1", rb"caf\xe9\r\n"),
        ("unquoted-boundary", rb"; boundary=myboundary\r\n"),
        ("dashed-boundary", rb"; boundary=--myboundary\r\n"),
        ("other-boundary", rb"; boundary=yourboundary\r\n"),
        ("endless-length", rb"\r\nContent-Length: 9999999\r\n\r\n"),
        ("chunked", rb"\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (
            "as-printed",
            rb"^HTTP/1\.0 200 OK\r\nContent-Type: multipart/x-mixed-replace;  \r\n"
            rb" {12}boundary=myboundary\r\n\r\n$",
        ),
    ],
)
def test_heads(fault: str, expected: bytes) -> None:
    assert re.search(expected, head(fault))
    assert not re.search(expected, head())


def test_heads_without_something() -> None:
    assert b"Content-Type" not in head("no-type")
    assert stream("no-head")[1].startswith(b"--myboundary\r\n")
    assert stream("lf")[1].startswith(b"HTTP/1.1 200 OK\nServer: GoAhead-Webs\n")
    printed = head("as-printed", target=AUDIO)
    assert printed == b"HTTP/1.0 200 OK\r\nContent-Type: audio/basic\r\n\r\n"


LENGTH = re.compile(
    rb"Content-Length: (-?[0-9]+)\r\n\r\n(\xff\xd8.*?\xff\xd9)(?=\r\n--myboundary\r\n)", re.DOTALL
)


@pytest.mark.parametrize(
    ("fault", "difference"), [("long-length", 1000), ("short-length", None), ("zero-length", None)]
)
def test_lengths(fault: str, difference: int | None) -> None:
    found = [(int(given), len(image)) for given, image in LENGTH.findall(stream(fault)[1])]
    wrong = [pair for pair in found if pair[0] != pair[1]]
    assert len(found) == 16
    if fault == "zero-length":
        assert {given for given, _ in found} == {0}
    else:
        assert wrong == found[2::3]
        assert all(given - real == (difference or real // 2 - real) for given, real in wrong)


def test_parts() -> None:
    assert b"Content-Length" not in stream("no-length")[1]
    assert b"--myboundary\r\n\r\n--myboundary\r\n" in stream("delimiter-twice")[1]
    assert stream("text-part")[1].count(b"Content-Type: text/plain\r\n") == 16
    assert b"\xff\xd9" + b"\x00" * 16 in stream("junk-behind")[1]
    assert b"\r\n\r\n\x00junk\xff\xff\xd8" in stream("junk-before")[1]
    assert stream("truncated")[1].count(b"\xff\xd9") == 11
    assert b"Motion-Event" not in stream("as-printed")[1]
    assert {int(given) % 32 for given in re.findall(rb"Length: (\d+)", stream("padded")[1])} == {0}


@pytest.mark.parametrize("fault", ["thumbnail", "delimiter-inside"])
def test_images_with_something_inside_are_images(fault: str) -> None:
    _, data = stream(fault)
    first = re.search(rb"Content-Length: (\d+)\r\n\r\n", data)
    assert first is not None
    image = data[first.end() :][: int(first[1])]
    assert Image.open(io.BytesIO(image)).convert("L").size == (640, 480)
    assert image.endswith(b"\xff\xd9")
    assert read_stamp(image) is not None
    Image.open(io.BytesIO(THUMBNAIL)).load()


def test_what_has_nothing_to_be_changed_is_left() -> None:
    """Faults together: each of them finds a head that another one has cut down."""
    for fault in ("folded", "unquoted-boundary", "no-type", "as-printed", "chunked"):
        lines = HeadLines([b"HTTP/1.1 200 OK", b"Server: x"])
        Faults(fault).head(lines)
        assert lines.lines[:2] == [b"HTTP/1.1 200 OK", b"Server: x"]
    assert Faults("no-head", "folded").head(HeadLines([b"HTTP/1.1 200 OK"])) == b""
    assert Faults("folded").head(HeadLines([b"A", b"Content-Type: audio/gsm"])) == (
        b"A\r\nContent-Type:\r\n            audio/gsm\r\n\r\n"
    )
    once = HeadLines([b"A", b"Content-Length: 5"])
    assert Faults("endless-length").head(once) == b"A\r\nContent-Length: 5\r\n\r\n"
    assert HeadLines([b"A", b"content-TYPE: b"]).find(b"Content-Type") == 1
    assert HeadLines([b"A"]).find(b"A") is None


def test_a_head_is_changed_where_the_row_says() -> None:
    def changed(fault: str, *lines: bytes) -> list[bytes]:
        head = HeadLines([b"HTTP/1.1 200 OK", *lines])
        Faults(fault).head(head)
        return head.lines

    fields = (b"A: b:c", b"Content-Type: x/y; z", b"D: e")
    assert changed("blank-before-colon", *fields)[1:] == [
        *(b"A : b:c", b"Content-Type : x/y; z", b"D : e"),
    ]
    assert changed("latin-1", *fields)[1:] == [
        "X-Location: Entrée du café".encode("latin-1"),
        *fields,
    ]
    assert changed("bare-date", *fields)[2] == b"Sat Jan  1 00:00:41 2000"
    assert changed("folded", *fields)[1:] == [
        *(b"A: b:c", b"Content-Type: x/y;  ", b"            z", b"D: e"),
    ]
    assert changed("folded", b"Content-Type: x/y", b"D: e")[1:] == [
        *(b"Content-Type:", b"            x/y", b"D: e"),
    ]
    assert changed("chunked", b"Content-Length: 5")[1:] == [b"Transfer-Encoding: chunked"]


BODY = bytes(range(100))


@pytest.mark.parametrize("number", range(7))
def test_a_part_is_changed_where_the_row_says(number: int) -> None:
    def changed(fault: str) -> PartShape:
        fields = [b"Motion-Event: 0", b"Content-Type: image/jpeg", b"Content-Length: 100"]
        shape = PartShape(number, fields, BODY, b"\r\n--myboundary\r\n")
        Faults(fault).part(shape)
        return shape

    third = number in (2, 5)
    assert changed("truncated").body == (BODY[:66] if third else BODY)
    assert changed("long-length").fields[-1] == b"Content-Length: %d" % (1100 if third else 100)
    assert changed("short-length").fields[-1] == b"Content-Length: %d" % (50 if third else 100)
    padded = changed("padded")
    assert (padded.body, padded.fields[-1]) == (BODY + bytes(28), b"Content-Length: 128")
    inside = changed("delimiter-inside")
    comment = b"\r\n--myboundary\r\nContent-Type: image/jpeg\r\n\r\n"
    length = (len(comment) + 2).to_bytes(2, "big")
    assert inside.body == BODY[:2] + b"\xff\xfe" + length + comment + BODY[2:]
    assert inside.fields[-1] == b"Content-Length: %d" % len(inside.body)
    note = b"motion=%d\r\n" % number
    assert changed("text-part").tail == (
        b"\r\n--myboundary\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(note)
        + note
        + b"\r\n--myboundary\r\n"
    )


def test_every_25th_frame_of_sound_is_short() -> None:
    faults = Faults("short-audio")
    short = [number for number in range(80) if faults.audio(number, bytes(33)) == bytes(28)]
    assert short == [24, 49, 74]
    assert faults.audio(0, bytes(33)) == bytes(33)


def test_the_thumbnail_is_a_jpeg_of_one_block() -> None:
    """T.81: each segment is as long as it says, up to the scan, which is a byte."""
    at, markers = 2, []
    while (marker := THUMBNAIL[at : at + 2]) != b"\xff\xda":
        markers.append(marker[1])
        at += 2 + int.from_bytes(THUMBNAIL[at + 2 : at + 4], "big")
    assert markers == [0xDB, 0xC0, 0xC4, 0xC4]
    assert THUMBNAIL[at + 10 :] == b"\x3f\xff\xd9"


def test_what_is_switched_on() -> None:
    for name in ("full", "digest", "mute", "gzip", "early"):
        assert Faults(name).switch(name) == {}
        assert Faults("lf").switch(name) is None
    assert Faults("slow-start:seconds=3").switch("slow") == {"seconds": 3.0}
    assert Faults("one-time-nonces").switch("digest") == {}
    assert Faults("chunked").chunked
    assert not Faults("lf").chunked
    none = Faults()
    assert none.ending is None
    assert (none.after, Faults("die").after, Faults("die@0").after) == (3, 3, 0)
    # The ending that was named last counts.
    assert Faults("die@2", "lf", "close@5", "lf").ending is Ending.CLOSE
    assert Faults("die@2", "close@5").after == 5


def numbers(*faults: str, seed: int = 0) -> list[int]:
    """The pictures of four seconds of video."""
    state = CameraState(faults=Faults(*faults), pictures=Pictures(DRAWN), seed=seed)
    connection, data = opened(state, VIDEO)
    now: float | None = 0.0
    while (now := connection.next_wakeup(now or 0.0)) is not None and now <= 4:
        data += drain(connection, now)
    assert connection.exchange is not None
    found = [stamp.number for stamp, _ in stamps_in(data)]
    assert connection.exchange.frames == len(found)
    return found


class TestWhichFramesCome:
    ALL: ClassVar = list(range(61))

    def test_drop(self) -> None:
        dropped = numbers("drop:percent=30")
        assert dropped == sorted(set(dropped))
        assert 30 <= len(dropped) <= 55
        assert numbers("drop:percent=0") == self.ALL
        assert numbers("drop:percent=100") == []

    def test_duplicate(self) -> None:
        double = numbers("duplicate:percent=30")
        assert sorted(set(double)) == self.ALL
        assert double == sorted(double)
        assert 6 <= len(double) - 61 <= 31
        assert numbers("duplicate:percent=100") == sorted(self.ALL * 2)

    def test_reorder(self) -> None:
        mixed = numbers("reorder:percent=50")
        assert mixed != self.ALL
        # Each picture of a whole pair is there, and none is more than one place off.
        assert sorted(mixed[:60]) == self.ALL[:60]
        assert all(abs(number - place) <= 1 for place, number in enumerate(mixed))
        assert numbers("reorder:percent=100")[:4] == [1, 0, 3, 2]

    @pytest.mark.parametrize("fault", ["drop", "duplicate", "reorder"])
    def test_the_seed_decides(self, fault: str) -> None:
        spec = f"{fault}:percent=50"
        assert numbers(spec, seed=1) == numbers(spec, seed=1)
        assert numbers(spec, seed=1) != numbers(spec, seed=2)

    def test_the_same_on_every_python(self) -> None:
        """As `random.Random` of the standard library has it since Python 3.2."""
        chances = [Turn(number, 7).chance("drop").random() < 0.5 for number in range(12)]
        expected = [random.Random(f"7 drop {number}").random() < 0.5 for number in range(12)]
        assert chances == expected

    def test_together(self) -> None:
        assert numbers("duplicate:percent=100", "drop:percent=100") == []
        both = numbers("reorder:percent=100", "duplicate:percent=100")
        assert both[:4] == [1, 1, 0, 0]


class TestInTheUrl:
    def test_for_this_answer_alone(self) -> None:
        state = camera("lf")
        _, data = opened(state, VIDEO + "?fault=die:after=0&fault=no-reason")
        assert data.startswith(b"HTTP/1.1 200\nServer")
        assert state.faults.names == ("lf",)
        assert not opened(state, VIDEO)[1].startswith(b"HTTP/1.1 200\n")

    @pytest.mark.parametrize(
        "query", ["fault=stall%3Aafter%3D1", "fault=stall%401", "fault=stall@1"]
    )
    def test_encoded(self, query: str) -> None:
        connection, _ = opened(camera(), f"{VIDEO}?{query}")
        drain(connection, 10.0)
        assert connection.next_wakeup(10.0) is None

    def test_what_is_unknown_is_told(self) -> None:
        answer = ask(camera(), "/jpg/image.jpg?fault=%3Cb%3E")
        assert answer.status == 400
        assert b"no fault is named &#x27;&lt;b&gt;&#x27;; there are no-reason" in answer.body

    def test_other_queries_are_left_alone(self) -> None:
        assert ask(camera(), "/jpg/image.jpg?default=1").status == 200
        assert ask(camera(), "/jpg/image.jpg?fault=").status == 200

    def test_faults_of_all_may_change_beside_it(self) -> None:
        state = camera()
        connection, _ = opened(state, VIDEO + "?fault=text-part")
        state.faults = Faults("junk-behind")
        data = drain(connection, 1.0)
        assert b"text/plain" in data
        assert b"junk" in data


class TestEndings:
    def test_die_is_a_close_in_mid_frame(self) -> None:
        connection, data = stream("die@4")
        assert connection.closed
        assert not connection.reset
        assert data.count(b"\xff\xd9\r\n--myboundary\r\n") == 4
        assert not data.endswith(b"--myboundary\r\n")

    def test_reset_is_a_reset(self) -> None:
        connection, data = stream("reset")
        assert connection.closed
        assert connection.reset
        assert data.count(b"\xff\xd9\r\n--myboundary\r\n") == 3

    @pytest.mark.parametrize("fault", ["stall@0", "stall-inside@0"])
    def test_stall_is_silence(self, fault: str) -> None:
        connection, data = stream(fault)
        assert not connection.closed
        assert connection.next_wakeup(5.0) is None
        assert drain(connection, 5.0) == b""
        assert data.endswith(b"--myboundary\r\n") == (fault == "stall@0")

    def test_close_is_a_closing_delimiter(self) -> None:
        connection, data = stream("close@2")
        assert connection.closed
        assert data.endswith(b"\xff\xd9\r\n--myboundary--\r\n")
        assert data.count(b"\xff\xd9") == 2

    def test_sound_ends_too(self) -> None:
        connection, data = stream("die@10", target=AUDIO)
        assert connection.closed
        assert len(Answer.of(data).body) == 10 * 33 + 16

    def test_a_slot_is_free_again(self) -> None:
        for fault in ("die", "reset", "stall", "close"):
            state = camera(fault)
            connection, _ = opened(state, VIDEO)
            drain(connection, 1.0)
            connection.close()
            assert state.streams == 0


class TestService:
    def test_full(self) -> None:
        connection, data = stream("full")
        assert connection.closed
        assert Answer.of(data).body == b"--myboundary\r\n"

    def test_mute(self) -> None:
        connection, data = stream("mute")
        assert data == b""
        assert not connection.closed

    def test_the_parameter_program(self) -> None:
        assert ask(camera("bare-ok"), UPDATE + "a=b").body == b"OK"
        answer = ask(camera("axis-error"), LIST + "X")
        assert answer.body == b"# Error: Error -1 getting param in group 'X'!\n\r\n"

    def test_short_audio(self) -> None:
        body = Answer.of(stream("short-audio", target=AUDIO)[1]).body
        assert len(body) == 51 * 33 - 2 * 5


#: What has no reading that is safe, or no answer at all.
UNREAD = {"mute", "rtsp", "huge-head", "half-head", "no-answer", "broken-chunks"}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("target", [VIDEO, AUDIO, "/jpg/image.jpg", LIST + "Brand"])
def test_our_client_reads_every_head_or_says_why_not(name: str, target: str) -> None:
    parser = ResponseParser()
    parser.receive_data(stream(name, target=target)[1])
    parser.receive_eof()
    unread = name in UNREAD or (
        (name, target) in {("no-head", LIST + "Brand"), ("two-lengths", "/jpg/image.jpg")}
    )
    try:
        events = list(parser.events())
    except HamaError:
        assert unread
    else:
        assert events
        assert not unread


SAME = """
import hashlib
from hamaproto.camera import FAULTS, CameraState, Faults, Pictures, ServerConnection
from hamaproto.camera.mosaic import draw_mosaic

digest = hashlib.sha256()
pictures = Pictures(draw_mosaic)
for seed in (1,):
    for name in FAULTS:
        for target in ("mjpg/video.mjpg", "camera-cgi/audio/receive.cgi", "jpg/image.jpg"):
            state = CameraState(faults=Faults(name), pictures=pictures, seed=seed, users={"a": "b"})
            state.set("Image.I0.Appearance.Resolution", "320x240", 0.0)
            for login in ("", "Authorization: Basic YTpi\\r\\n"):
                connection = ServerConnection(state)
                connection.receive_data(f"GET /{target} HTTP/1.0\\r\\n{login}\\r\\n".encode())
                now = 0.0
                while now is not None and now < 0.15:
                    while piece := connection.data_to_send(now):
                        digest.update(piece)
                    now = connection.next_wakeup(now)
                connection.close()
print(digest.hexdigest())
"""


def test_the_same_seed_gives_the_same_bytes_with_both_twins() -> None:
    """Nonces and all; hashes differ from process to process, if something depends on them."""

    def told(pure: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", SAME],
            env={**os.environ, "HAMAPROTO_PURE": pure, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    assert told("0") == told("1")
