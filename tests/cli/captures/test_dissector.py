"""The dissector, by tshark: its fields are those of streams that were made for it."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from captured import RECORDING, SOUND

from fixtures.build.jpegs import image
from fixtures.build.packets import CLIENT, IP, SERVER, Raw, Tcp, pcap, talk
from hamaproto.cli.app import run

IMAGE = image("420", 1)
HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: %b\r\n\r\n"
GET = b"GET /mjpg/video.mjpg HTTP/1.0\r\n\r\n"


@pytest.fixture
def script(capsys: pytest.CaptureFixture[str]) -> str:
    assert run(["dissector"]) == 0
    Path("hama.lua").write_text(capsys.readouterr().out, encoding="utf-8")
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not here")
    return "hama.lua"


def fields(script: str, data: bytes, *names: str) -> list[list[str]]:
    """All values of each field, in the order of the packets."""
    Path("x.pcap").write_bytes(data)
    words = ["tshark", "-n", "-X", f"lua_script:{script}", "-r", "x.pcap", "-Y", "hama"]
    words += ["-T", "fields", *(word for name in names for word in ("-e", name))]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert "Lua" not in done.stderr, done.stderr
    found: list[list[str]] = [[] for _ in names]
    for line in done.stdout.splitlines():
        for values, cell in zip(found, line.split("\t"), strict=True):
            values += [value for value in cell.split(",") if value]
    return found


@pytest.mark.parametrize("size", [400, 1460])
def test_parts_with_a_length_of_a_stream_that_is_open_at_the_end(script: str, size: int) -> None:
    data = pcap(talk(GET, RECORDING.wire, size, fin=False))
    numbers, lengths, sizes = fields(
        script, data, "hama.frame", "hama.part.length", "hama.frame.size"
    )
    said = re.findall(rb"Content-Length: *([0-9]+)", RECORDING.body)
    assert numbers == [str(number) for number in range(len(said))]
    assert lengths == [value.decode() for value in said]
    assert sizes == lengths[: len(sizes)]
    assert len(sizes) >= len(RECORDING.frames)


@pytest.mark.parametrize("size", [97, 1460])
def test_parts_without_a_length_are_counted(script: str, size: int) -> None:
    part = b"--b\r\nContent-Type: image/jpeg\r\n\r\n" + IMAGE + b"\r\n"
    stream = HEAD % b'multipart/x-mixed-replace; boundary="b"' + part * 9
    numbers, sizes = fields(script, pcap(talk(GET, stream, size)), "hama.frame", "hama.frame.size")
    assert numbers == [str(number) for number in range(9)]
    # With the line end behind the picture; the last one is not over.
    assert sizes == [str(len(IMAGE) + 2)] * 8


def test_frames_of_sound(script: str) -> None:
    data = pcap(talk(GET, HEAD % b"audio/gsm" + SOUND, 99))
    (numbers,) = fields(script, data, "hama.gsm.frame")
    assert numbers == [str(number) for number in range(len(SOUND) // 33)]


def test_discovery_and_the_private_port(script: str) -> None:
    mac = bytes.fromhex("001f1f123456")
    answer = mac + bytes.fromhex("0104fffb") + b"IC-123456".ljust(32, b"\0") + bytes([10, 0, 0, 9])
    answer = answer.ljust(76, b"\0")
    udp = struct.pack(">HHHH", 13364, 13364, 8 + len(answer), 0) + answer
    ip = bytearray(Tcp(SERVER, CLIENT, 1).ip()[:20])
    ip[2:4], ip[9] = struct.pack(">H", 20 + len(udp)), 17
    picture = struct.pack(">8xHH", 640, 480).ljust(28, b"\0") + IMAGE
    private = [
        Tcp(CLIENT, (SERVER[0], 4321), 1, struct.pack(">I", 0x0E).ljust(120, b"\0")),
        Tcp((SERVER[0], 4321), CLIENT, 1, picture),
    ]
    found = fields(
        script, pcap([Raw(bytes(ip) + udp), *private], link=IP),
        "hama.discovery.mac", "hama.discovery.name", "hama.discovery.address",
        "hama.discovery.operation", "hama.private.code", "hama.private.width",
        "hama.private.height",
    )  # fmt: skip
    assert found == [
        *(["00:1f:1f:12:34:56"], ["IC-123456"], ["10.0.0.9"], ["0x0104"]),
        *(["0x0000000e"], ["640"], ["480"]),
    ]


def test_what_is_no_stream_of_a_camera_stays_http(script: str) -> None:
    data = pcap(talk(b"GET / HTTP/1.0\r\n\r\n", HEAD % b"text/html" + b"<html>hello</html>"))
    assert fields(script, data, "hama.frame") == [[]]
