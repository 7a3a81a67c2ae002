"""A URL on the command line is that of a camera, of a page of it, or of a picture."""

from __future__ import annotations

from pathlib import Path

import pytest
from answering import scripted

from fixtures.build.jpegs import image
from hamaproto.cli.address import Address
from hamaproto.cli.app import run

PICTURE = b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n" + image("420", 1)


@pytest.fixture(autouse=True)
def _no_netrc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("url", "camera", "target"),
    [
        ("192.168.1.20", "192.168.1.20", None),
        ("http://cam:81/", "http://cam:81/", None),
        ("http://proxy/cam1", "http://proxy/cam1", None),
        ("http://proxy/cam1.2", "http://proxy/cam1.2", None),
        ("http://[::1]:80/a/b/", "http://[::1]:80/a/b/", None),
        ("cam/jpg/image.jpg", "cam", "/jpg/image.jpg"),
        ("http://cam/index.html#top", "http://cam", "/index.html"),
        ("http://cam/video?res=1", "http://cam", "/video?res=1"),
        ("http://cam?a=b", "http://cam", "/?a=b"),
        ("http://u:p@cam/x.cgi", "http://u:p@cam", "/x.cgi"),
        ("", "", None),
    ],
)
def test_parse(url: str, camera: str, target: str | None) -> None:
    assert Address.parse(url) == Address(camera, target)


def test_a_password_in_a_query_is_known_and_not_shown() -> None:
    address = Address.parse("http://cam/videostream.cgi?user=a&pwd=b")
    assert address.has_secret
    assert address.shown == "/videostream.cgi"
    assert not Address.parse("http://cam/x.cgi?pwd=").has_secret


@pytest.mark.parametrize("path", ["/jpg/image.jpg", "/snap.cgi?pwd=s3cret", "/picture"])
def test_snapshot_of_any_address(
    path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    def answer(target: str) -> bytes:
        asked.append(target)
        return PICTURE if target == path else b"HTTP/1.0 404 Not Found\r\n\r\n"

    with scripted(answer) as url:
        assert run(["snapshot", url + path, "-o", str(tmp_path / "x.jpg")]) == 0
        assert asked[-1] == path
        assert run(["snapshot", url, "--path", path, "-o", str(tmp_path / "y.jpg")]) == 0
    assert (tmp_path / "x.jpg").read_bytes() == (tmp_path / "y.jpg").read_bytes() == image("420", 1)
    said = capsys.readouterr().err
    assert ("warning: a password in a URL" in said) is ("pwd" in path)
    assert "s3cret" not in said


@pytest.mark.parametrize("words", ["info", "get Brand", "set A.B=1", "ask 4.1 left", "talk x.gsm"])
def test_a_page_is_no_camera(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    name, *rest = words.split()
    assert run([name, "http://cam/index.html?pwd=s3cret", *rest]) == 2
    said = capsys.readouterr().err.splitlines()
    assert "URL is that of the camera, http://cam; /index.html is a page of it" in said[-1]
    assert not any("s3cret" in line for line in said)


def test_a_server_that_is_no_camera(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Each is told in one line: another web server, one that has a page for everything."""
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>It works!</html>"
    for answer in (b"HTTP/1.1 404 Not Found\r\n\r\n", page):
        with scripted(answer) as url:
            for words in ("info", "get Brand", "ask 4.1 left", f"snapshot -o {tmp_path}/x.jpg"):
                name, *rest = words.split()
                assert run([name, url, *rest]) == 7, words
                said = capsys.readouterr().err.splitlines()
                assert len(said) == 1, said
