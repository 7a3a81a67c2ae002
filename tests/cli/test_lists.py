"""info, get and set: what a camera says is printed as it came, and what it lacks is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from answering import scripted
from command_line import (
    simulated,
)

from hamaproto.camera import CameraState
from hamaproto.cli.app import run
from hamaproto.io.serve import CameraThread, running_camera

HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n"


def listing(**groups: bytes) -> Any:
    """A camera that knows some groups, and has Axis' words for the others."""

    def answer(target: str) -> bytes:
        said = b""
        for group in target.partition("group=")[2].split(","):
            known = groups.get(group.replace(".", "_"))
            said += f"# Error -1 getting {group}!\n".encode() if known is None else known
        return HEAD + said

    return answer


@pytest.mark.parametrize(
    ("groups", "code", "out", "err"),
    [
        (["Brand"], 0, ["root.Brand.Brand=Hama", "root.Brand.ProdNbr=1"], []),
        (["root.Brand"], 0, ["root.Brand.Brand=Hama", "root.Brand.ProdNbr=1"], []),
        (["Root.Brand"], 0, ["root.Brand.Brand=Hama", "root.Brand.ProdNbr=1"], []),
        # A key is looked up in its group.
        (["Brand.ProdNbr"], 0, ["root.Brand.ProdNbr=1"], []),
        (["Layout", "root.Brand.Brand"], 0, ["Layout.X=2", "root.Brand.Brand=Hama"], []),
        (["Layout", "Nothing"], 8, ["Layout.X=2"], ["Error -1", "Nothing: the camera lists"]),
        (["Nothing"], 7, [], ["Error -1"]),
        (["Brand.Nothing"], 7, [], ["Error -1"]),
    ],
)
def test_get(
    groups: list[str],
    code: int,
    out: list[str],
    err: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    camera = listing(Brand=b"root.Brand.Brand=Hama\nroot.Brand.ProdNbr=1\n", Layout=b"Layout.X=2\n")
    with scripted(camera) as url:
        assert run(["get", url, *groups]) == code
    said = capsys.readouterr()
    assert said.out.splitlines() == out
    lines = said.err.splitlines()
    assert len(lines) == len(err)
    assert all(words in line for words, line in zip(err, lines, strict=True))


@pytest.mark.parametrize(
    "body",
    [
        b"# Request failed: Error -1 getting param in group 'Brand'\r\n",
        b"Error: -1\r\n",
        b"ERROR -1 getting param in group 'Brand'!\r\n",
        b"Unauthorized\r\n",
        b"NG\r\n",
        b"",
        b"# nothing\n",
        b"<html>Please log in</html>",
        b"Invalid command\n",
    ],
)
@pytest.mark.parametrize("words", [["get", "Brand"], ["ask", "brand"], ["ask", "brand", "--json"]])
def test_a_refusal_in_any_words(
    words: list[str], body: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    with scripted(HEAD + body) as url:
        assert run([words[0], url, *words[1:]]) == 7
    assert capsys.readouterr().err


def test_info_shows_what_it_cannot_read(capsys: pytest.CaptureFixture[str]) -> None:
    image = (
        b"root.Properties.Image.Resolution=640x480,320x240,QVGA\r\n"
        b"root.Properties.Image.Format=mjpeg,mpeg4,h264\r\nroot.Properties.Image.New=5\r\n"
        b"Vendor.Colour=red\r\n"
    )
    camera = listing(Properties_Image=image, Properties_PTZ_PTZ=b"Properties.PTZ.PTZ=1\r\n")
    with scripted(camera) as url:
        assert run(["info", url]) == 8
        lines = dict(line.split(None, 1) for line in capsys.readouterr().out.splitlines())
        assert run(["info", url, "--json"]) == 8
        told = json.loads(capsys.readouterr().out)
    assert lines == {
        "image_properties.resolutions": "640x480,320x240,QVGA",
        "image_properties.formats": "mjpeg,mpeg4,h264",
        "image_properties.New": "5",
        "ptz_status.ptz": "1",
        "other.Vendor.Colour": "red",
    }
    assert {f"{row}.{key}": value for row, keys in told.items() for key, value in keys.items()} == (
        lines
    )


def test_what_came_before_a_loss_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    asked = []

    def answer(target: str) -> bytes:
        asked.append(target)
        return HEAD + b"Properties.Image.FlipMode=3\n" if len(asked) == 1 else b""

    with scripted(answer) as url:
        assert run(["info", url, "--json"]) == 8
    said = capsys.readouterr()
    assert json.loads(said.out)["image_properties"] == {"flip_mode": 3}
    assert said.err


def test_values_in_utf_8_come_as_they_were_sent(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    value = "K\u00fcche \u65e5".encode()
    with scripted(HEAD + b"Brand.Brand=" + value + b"\nBrand.ProdNbr=\xfc\n") as url:
        assert run(["get", url, "Brand"]) == 0
        assert capfdbinary.readouterr().out == b"Brand.Brand=" + value + b"\nBrand.ProdNbr=\xfc\n"
        assert run(["get", url, "Brand", "--json"]) == 0
        told = json.loads(capfdbinary.readouterr().out)
        assert told == {"Brand.Brand": value.decode(), "Brand.ProdNbr": "\u00fc"}


def test_set_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    with running_camera(CameraState()) as camera:
        words = ["set", camera.url, "Image.I0.Stream.FPS=7", "No.Such=1", "--json"]
        assert run(words) == 8
    assert json.loads(capsys.readouterr().out) == {
        "Image.I0.Stream.FPS": {"asked": "7", "stored": "10"},
        "No.Such": {"asked": "1", "stored": None},
    }


def test_info(camera: CameraThread, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info", camera.url]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"{'brand.product_number':<44} 00053104" in lines
    assert run(["info", camera.url, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["brand"]["product_number"] == "00053104"
    assert told["mjpeg_image_properties"]["resolutions"] == ["1280x1024", "640x480", "320x240"]
    assert len(lines) == sum(len(fields) for fields in told.values())
    assert len(told) == 16


def test_get_set_and_ask(capsys: pytest.CaptureFixture[str]) -> None:
    with simulated() as camera:
        assert run(["get", camera.url, "Properties.Firmware", "Layout"]) == 0
        assert capsys.readouterr().out.splitlines()[0] == "Properties.Firmware.Version=v1.32"
        assert run(["set", camera.url, "Image.I0.Stream.FPS=30"]) == 0
        assert capsys.readouterr() == ("Image.I0.Stream.FPS=30\n", "")
        assert run(["set", camera.url, "Image.I0.Stream.FPS=7", "No.Such=1"]) == 8
        said = capsys.readouterr()
        assert said.out == "Image.I0.Stream.FPS=10\n"
        assert "asked for 7, is 10" in said.err
        assert "No.Such: asked for 1, not listed" in said.err
        for name in ("brand", "2.1.9"):
            assert run(["ask", camera.url, name]) == 0
            assert "Brand.ProdNbr=00053104" in capsys.readouterr().out
        assert run(["ask", camera.url, "4.1", "right"]) == 0
        assert capsys.readouterr().out == "OK\n"
        assert camera.state.motors.target[0] > 0
        assert run(["ask", camera.url, "set-flip-mode", "2"]) == 0
        assert camera.state.flip_mode == 2
        assert run(["ask", camera.url, "image", "-o", "x.jpg"]) == 0
        assert Path("x.jpg").read_bytes().startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"# Error -1 getting param in group 'X'!\n\r\n", "Error -1 getting param"),
        (b"<html><body>It works!</body></html>", "a page"),
    ],
)
def test_what_a_camera_refuses_of_info_is_told_once(
    body: bytes, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with scripted(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + body) as url:
        assert run(["info", url]) == 7
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    assert url[7:] in lines[0]
