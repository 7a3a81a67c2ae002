"""-v shows what the library logs, and is over with the command."""

from __future__ import annotations

import logging

import click
import pytest
from answering import scripted

from hamaproto.cli import app
from hamaproto.cli.app import run
from hamaproto.cli.verbose import give_options

ACTS = "\x1b]0;x\x07\u202e"


@pytest.mark.parametrize("place", [0, 2])
def test_verbose_shows_the_logger(place: int, capsys: pytest.CaptureFixture[str]) -> None:
    head = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nBrand.Brand=Hama\n"
    with scripted(head) as url:
        words = ["get", url, "Brand"]
        words.insert(place, "-v")
        assert run(words) == 0
        said = capsys.readouterr()
        assert said.out == "Brand.Brand=Hama\n"
        assert "hamaproto DEBUG" in said.err
        assert url[7:] in said.err
        # It is over with the command.
        assert run(["get", url, "Brand"]) == 0
        assert capsys.readouterr().err == ""
    assert logging.getLogger("hamaproto").level == logging.NOTSET


def test_what_is_logged_does_nothing_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    def talks() -> int:
        logging.getLogger("hamaproto.x").warning("%s", ACTS)
        return 8

    give_options(talks)
    monkeypatch.setitem(app.cli.commands, "talks", talks)
    assert run(["-v", "talks"]) == 8
    assert r"hamaproto.x WARNING: \x1b]0;x\x07\u202e" in capsys.readouterr().err
