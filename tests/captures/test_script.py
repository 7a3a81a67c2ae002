"""A capture as what can be played: the bytes of the wire at their times."""

from __future__ import annotations

import io

import pytest

from fixtures import read_bytes, recordings
from fixtures.build.jpegs import image
from fixtures.build.packets import disturbed, pcap, talk
from hamaproto.captures.script import Script, read_script
from hamaproto.commands import Reply

GET = b"GET %b HTTP/1.0\r\n\r\n"
JPEG_HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n"
IMAGE, OTHER = image("420", 1), image("444", 2)
MILLISECOND = 1_000_000


def script(data: bytes, fps: float = 10) -> Script:
    return read_script(io.BytesIO(data), fps=fps)


@pytest.mark.parametrize("recording", recordings(), ids=lambda r: r.name)
def test_the_bytes_of_the_wire_at_their_times(recording: object) -> None:
    wire = recording.wire  # type: ignore[attr-defined]
    packets = talk(GET % b"/mjpg/video.mjpg", wire, 1000)
    found = script(pcap(disturbed(packets, 3), nano=True))
    line = found.answer("GET", "/mjpg/video.mjpg", 0)
    assert line is not None
    played = b"".join(data for _, data in line.pieces)
    if recording.has_head:  # type: ignore[attr-defined]
        assert played == wire
        head = b"".join(data for _, data in line.pieces[: line.body])
        assert head.endswith(b"\r\n\r\n")
    else:
        assert played.endswith(wire)
        assert played.startswith(b"HTTP/1.0 200 OK\r\n")
    assert len(line.pieces) >= len(wire) // 1000
    times = [time for time, _ in line.pieces]
    assert times == sorted(times)
    # A packet each millisecond, the first of them 2 ms behind the connection, 1.999 behind the
    # request.
    assert times[-1] - times[0] == pytest.approx((len(wire) - 1) // 1000 * MILLISECOND, abs=3e6)


def test_which_answer_is_given() -> None:
    packets = talk(GET % b"/a.jpg", b"HTTP/1.0 401 No\r\n\r\n", client=("10.0.0.3", 1))
    for number, data in enumerate((IMAGE, OTHER)):
        packets += talk(GET % b"/a.jpg", JPEG_HEAD + data, client=("10.0.0.3", 2 + number))
    packets += talk(GET % b"/v.mjpg", JPEG_HEAD + IMAGE * 3, client=("10.0.0.3", 9))
    found = script(pcap(packets))

    def body(target: str, turn: int, *, loop: bool = False, method: str = "GET") -> bytes | None:
        line = found.answer(method, target, turn, loop=loop)
        if line is None:
            return None
        return b"".join(data for _, data in line.pieces).partition(b"\r\n\r\n")[2]

    assert [body("/a.jpg", turn) for turn in range(4)] == [IMAGE, OTHER, OTHER, OTHER]
    assert [body("/a.jpg", turn, loop=True) for turn in range(3)] == [IMAGE, OTHER, IMAGE]
    assert body("/a.jpg?x=1", 0) == IMAGE
    assert body("/mjpg/video.mjpg", 0) == IMAGE * 3
    assert body("/nothing", 0) is None
    assert body("/a.jpg", 0, method="POST") is None
    assert script(pcap(packets[:5])).answer("GET", "/a.jpg", 0).status == 401  # type: ignore[union-attr]


def test_files_without_times_are_played_a_frame_at_a_time() -> None:
    recording = next(r for r in recordings() if r.name == "motion_320x240_http10")
    for data in (recording.wire, recording.body):
        line = script(data, 20).answer("GET", "/mjpg/video.mjpg", 0)
        assert line is not None
        played = b"".join(piece for _, piece in line.pieces)
        assert played.endswith(recording.body)
        assert line.endless
        assert [time for time, _ in line.pieces][:4] == [0, 0, 50 * MILLISECOND, 100 * MILLISECOND]
    sound = script(read_bytes("gsm", "libgsm", "speech_espeak.gsm")).answer("GET", "/x.wav", 0)
    assert sound is None
    found = script(read_bytes("gsm", "libgsm", "speech_espeak.gsm"))
    line = found.answer("GET", "/camera-cgi/audio/receive.cgi", 0)
    assert line is not None
    assert line.reply is Reply.AUDIO
    assert line.pieces[2][0] - line.pieces[1][0] == 20 * MILLISECOND


def test_what_has_a_framing_of_its_own_does_not_begin_again() -> None:
    chunked = next(r for r in recordings() if "chunked" in r.name)
    line = script(pcap(talk(GET % b"/v", chunked.wire))).answer("GET", "/v", 0)
    assert line is not None
    assert not line.endless


def test_what_is_wrong_with_a_file_is_told() -> None:
    data = pcap(talk(GET % b"/a.jpg", JPEG_HEAD + IMAGE))
    assert script(data).trouble == ""
    assert "damaged" in script(data + b"\xff" * 40).trouble
    assert "middle" in script(data[:-5]).trouble
    assert script(data[:-5]).answer("GET", "/a.jpg", 0) is not None
    assert script(b"").lines == []
