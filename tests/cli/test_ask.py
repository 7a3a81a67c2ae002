"""ask: what a camera answers instead of OK is no OK."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from answering import scripted

from fixtures import read_json
from fixtures.build.jpegs import image
from hamaproto.cli.app import run
from hamaproto.commands import CATALOGUE

PAGE = b'<html><meta http-equiv="refresh" content="0;url=/login.asp">Please log in</html>\r\n'


@pytest.fixture(autouse=True)
def _no_netrc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))


def ok(body: bytes, kind: bytes = b"text/plain") -> bytes:
    return b"HTTP/1.0 200 OK\r\nContent-Type: " + kind + b"\r\n\r\n" + body


@pytest.mark.parametrize("words", ["4.1 left", "set-mjpeg-fps 15", "set-flip-mode 3"])
@pytest.mark.parametrize(
    "answer",
    [
        ok(PAGE, b"text/html"),
        ok(b"NG\r\n"),
        ok(b"Unauthorized\r\n"),
        ok(b""),
        ok(b"# Request failed: Error -1 setting 'a'\r\n"),
        ok(b"Invalid command\n"),
        b"HTTP/1.0 500 Internal Server Error\r\n\r\nOK",
    ],
)
def test_what_is_no_ok(words: str, answer: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    with scripted(answer) as url:
        assert run(["ask", url, *words.split()]) == 7
        first = capsys.readouterr()
        assert len(first.err.splitlines()) == 1
        assert run(["ask", url, *words.split(), "--json"]) == 7
    assert not first.out


def test_ok_is_ok(capsys: pytest.CaptureFixture[str]) -> None:
    for body in (b"OK\r\n", b"OK"):
        with scripted(ok(body)) as url:
            assert run(["ask", url, "4.1", "left"]) == 0
            assert capsys.readouterr() == ("OK\n", "")
            assert run(["ask", url, "4.1", "left", "--json"]) == 0
            assert json.loads(capsys.readouterr().out)["ok"] is True


def test_any_other_target(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with scripted(ok(b"\xff\x1b[2J", b"application/octet-stream")) as url:
        assert run(["ask", url, "/x"]) == 0
        assert capfdbinary.readouterr().out == b"\xff\x1b[2J"
        assert run(["ask", url, "/x", "--json"]) == 0
        told = json.loads(capfdbinary.readouterr().out)
        assert (told["status"], told["body"]) == (200, "\xff\x1b[2J")
    with scripted(b"HTTP/1.0 404 Not Found\r\n\r\nno") as url:
        assert run(["ask", url, "/x"]) == 7
        said = capfdbinary.readouterr()
        assert (said.out, b"404" in said.err) == (b"no", True)


def test_a_picture_that_is_cut_off(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "x.jpg"
    with scripted(ok(image("420", 1)[:-9], b"image/jpeg")) as url:
        for words in (["ask", url, "image"], ["snapshot", url]):
            path.unlink(missing_ok=True)
            assert run([*words, "-o", str(path)]) in (6, 8)
            assert capsys.readouterr().err


def specified() -> list[dict[str, str]]:
    return list(read_json("params", "specification", "commands.json"))


def test_every_command_is_listed_with_what_the_specification_prints(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["commands"]) == 0
    paragraphs = re.split(r"^(?=\S)", capsys.readouterr().out, flags=re.MULTILINE)[1:]
    assert len(paragraphs) == len(specified()) == 36
    for paragraph, row, command in zip(paragraphs, specified(), CATALOGUE, strict=True):
        synopsis, title, *allowed, example = (line.strip() for line in paragraph.splitlines())
        number, dashed, *arguments = synopsis.split()
        assert (number, dashed) == (row["number"], command.name.replace("_", "-"))
        assert (title, example) == (row["title"], f"GET {command.example.target}")
        assert row["target"] in (command.example.target, None)
        for line, (name, values) in zip(allowed, command.allowed.items(), strict=True):
            assert line == f"{name.upper()}: {', '.join(values)}"
            assert arguments.count(name.upper()) + arguments.count(f"[{name.upper()}]") == 1


def test_the_commands_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["commands", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["number"] for row in told] == [row.number for row in CATALOGUE]
    for row, command, printed in zip(told, CATALOGUE, specified(), strict=True):
        assert row["title"] == printed["title"]
        assert row["example"] == command.example.target
        assert row["allowed"] == {name: list(them) for name, them in command.allowed.items()}
    assert told[0].keys() == {"number", "name", "title", "arguments", "allowed", "example"}
