"""Each profile writes what is known of its device, line by line."""

from __future__ import annotations

import re

import pytest
from camera_client import LIST, Answer, ask, opened

from hamaproto.camera import PROFILES, CameraState, Pictures
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.camera.parameters import BEYOND
from hamaproto.camera.profiles import DEFAULT_PROFILE, profile_named
from hamaproto.commands import CATALOGUE
from hamaproto.errors import LocalProtocolError

VIDEO = "/mjpg/video.mjpg"
AUDIO = "/camera-cgi/audio/receive.cgi"
TALK = "/camera-cgi/audio/transmit.cgi"
UNCACHED = b"Server: GoAhead-Webs\r\nPragma: no-cache\r\nCache-Control: no-cache\r\n"
MULTIPART = b"Content-Type: multipart/x-mixed-replace; "


def camera(profile: str, **options: object) -> CameraState:
    return CameraState(profile=profile, pictures=Pictures(draw_mosaic), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("profile", "video", "audio"),
    [
        (
            "spec",
            # As clause 1.3 prints it, and clause 3.1.
            b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace;  \r\n"
            b"            boundary=myboundary\r\n\r\n",
            b"HTTP/1.0 200 OK\r\nContent-Type: audio/basic\r\n\r\n",
        ),
        (
            "firmware-1.6",
            b"HTTP/1.1 200 OK\r\n" + UNCACHED + MULTIPART + b'boundary="myboundary"\r\n\r\n',
            b"HTTP/1.1 200 OK\r\nContent-Type: audio/gsm\r\n\r\n",
        ),
        (
            "firmware-1.39",
            b"HTTP/1.1 200 OK\r\n" + UNCACHED + MULTIPART + b"boundary=myboundary\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Type: audio/gsm\r\n\r\n",
        ),
    ],
)
def test_heads(profile: str, video: bytes, audio: bytes) -> None:
    assert Answer.of(opened(camera(profile), VIDEO)[1]).head == video
    assert Answer.of(opened(camera(profile), AUDIO)[1]).head == audio


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_answers_every_command(profile: str) -> None:
    assert PROFILES[profile].about
    for command in CATALOGUE:
        _, data = opened(camera(profile), command.example.target)
        assert Answer.of(data).status in (200, 302), command.number


@pytest.mark.parametrize("profile", PROFILES)
def test_a_part_says_what_the_profile_says(profile: str) -> None:
    body = Answer.of(opened(camera(profile), VIDEO)[1]).body
    motion = b"" if profile == "spec" else b"Motion-Event: 0\r\n"
    assert re.match(
        rb"--myboundary\r\n" + motion + rb"Content-Type: image/jpeg\r\nContent-Length: \d+\r\n\r\n",
        body,
    )


def test_the_specification_has_no_groups_and_no_programs_that_it_does_not_print() -> None:
    printed = camera("spec")
    for group in sorted(BEYOND):
        assert ask(printed, LIST + group).body.startswith(b"# Error -1 getting param in group ")
        assert not ask(camera("firmware-1.6"), LIST + group).body.startswith(b"# Error")
    assert ask(printed, TALK).status == 404
    assert opened(camera("firmware-1.6"), TALK)[1] == b""


def test_the_sibling_asks_for_digest_and_has_other_names() -> None:
    locked = camera("sibling", users={"admin": "1234"})
    assert ask(locked, "/jpg/image.jpg").fields["WWW-Authenticate"].startswith("Digest ")
    open_to_all = camera("sibling")
    assert ask(open_to_all, "/snapshot.jpg").body[:2] == b"\xff\xd8"
    assert opened(open_to_all, "/snapshot.cgi")[1] == opened(open_to_all, VIDEO)[1]
    assert ask(camera("spec"), "/snapshot.jpg").status == 404


def test_names() -> None:
    assert CameraState().profile is PROFILES[DEFAULT_PROFILE]
    assert profile_named("spec") is PROFILES["spec"]
    with pytest.raises(LocalProtocolError, match="no profile is named 'SPEC'; there are spec, "):
        profile_named("SPEC")
