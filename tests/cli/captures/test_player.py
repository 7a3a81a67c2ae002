"""A capture on a real socket: byte for byte, at its pace, for any client."""

from __future__ import annotations

import hashlib
import io
import socket
import urllib.request
from urllib.parse import urlsplit

import pytest
from captured import HASHES, RECORDING, all_kinds

from fixtures.build.packets import Tcp, pcap, talk
from hamaproto import Camera, commands
from hamaproto.captures.script import read_script
from hamaproto.cli.captures.player import Player
from hamaproto.events import AudioFrame


def player(data: bytes, **options: object) -> Player:
    return Player(read_script(io.BytesIO(data)), **options)  # type: ignore[arg-type]


def everything(url: str, path: str) -> bytes:
    where = urlsplit(url)
    with socket.create_connection((where.hostname, where.port), 10) as sock:
        sock.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        return b"".join(iter(lambda: sock.recv(65536), b""))


ALL = pcap(all_kinds())


def test_what_comes_is_what_was_captured() -> None:
    with player(ALL, speed=None) as playing:
        assert everything(playing.url, "/mjpg/video.mjpg?pwd=hush") == RECORDING.wire
        with Camera(playing.url) as camera:
            frames = camera.frames()
            found = [hashlib.sha256(frame.data).hexdigest() for frame in frames]
            assert found == HASHES
            listed = camera.execute(commands.list_params("listuser"))
            assert listed["Brand.Brand"].endswith("Hama")
            sound = [e for e in camera.stream(commands.audio_stream()) if isinstance(e, AudioFrame)]
            assert len(sound) == 100
        assert playing.played == 4


def test_what_is_not_in_the_capture_is_not_found() -> None:
    with (
        player(ALL) as playing,
        pytest.raises(urllib.error.HTTPError) as caught,
    ):
        urllib.request.urlopen(f"{playing.url}/other", timeout=10)
    assert caught.value.code == 404
    caught.value.close()


@pytest.mark.parametrize(("speed", "exact"), [(1.0, True), (4.0, False)])
def test_the_pace_is_that_of_the_capture(speed: float, exact: bool) -> None:
    """By the player's own account, on whatever machine: nothing is early, and all of it comes."""
    packets = talk(b"GET /v HTTP/1.0\r\n\r\n", RECORDING.wire, 8000, step=10_000_000)
    with player(pcap(packets), speed=speed, exact=exact) as playing:
        assert everything(playing.url, "/v") == RECORDING.wire
        late = playing.lateness()
    assert late is not None
    assert late.count >= len(RECORDING.wire) // 8000
    assert late.least >= 0


def test_a_stream_begins_again() -> None:
    with player(ALL, speed=None, loop=True) as playing:
        where = urlsplit(playing.url)
        with socket.create_connection((where.hostname, where.port), 10) as sock:
            sock.sendall(b"GET /mjpg/video.mjpg HTTP/1.0\r\n\r\n")
            got = b""
            while len(got) < 3 * len(RECORDING.wire):
                got += sock.recv(65536) or pytest.fail("it has ended")
        assert got.startswith(RECORDING.wire + RECORDING.body)
        assert got.count(b"HTTP/1.") == 1


def test_many_clients_at_once_and_one_that_goes_away() -> None:
    with player(ALL, speed=None) as playing:
        where = urlsplit(playing.url)
        gone = socket.create_connection((where.hostname, where.port), 10)
        gone.sendall(b"GET /mjpg/video.mjpg HTTP/1.0\r\n\r\n")
        gone.close()
        silent = socket.create_connection((where.hostname, where.port), 10)
        for _ in range(5):
            assert everything(playing.url, "/mjpg/video.mjpg") == RECORDING.wire
        silent.close()


def test_it_ends_when_it_is_told_to() -> None:
    slow = [Tcp(p.source, p.target, p.sequence, p.data, p.flags, p.time * (1 + (i > 9)))
            for i, p in enumerate(talk(b"GET /v HTTP/1.0\r\n\r\n", RECORDING.wire))]  # fmt: skip
    with player(pcap(slow)) as playing:
        where = urlsplit(playing.url)
        sock = socket.create_connection((where.hostname, where.port), 10)
        sock.sendall(b"GET /v HTTP/1.0\r\n\r\n")
        assert sock.recv(1000)
    # All threads are gone here.
    sock.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((where.hostname, where.port), 1)
