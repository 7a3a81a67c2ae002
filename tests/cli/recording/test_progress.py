"""What a recording shows of itself while it runs."""

from __future__ import annotations

import io
import sys

import pytest

from hamaproto.cli.recording.progress import Progress, Status


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Gone(Terminal):
    """A terminal that was closed."""

    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")


FULL = Status(61.0, 610, 10.0, 12_300_000, 2, -0.04, ["motion"])
LINE = "0:01:01  610 pictures  10.0/s  12.3 MB  2 lost  sound -40 ms  motion"


def test_the_line_says_how_it_goes() -> None:
    assert FULL.line() == LINE
    assert Status().line() == "0:00:00  0 pictures  0.0/s  0 B  0 lost"
    assert Status(offset=0.0).line().endswith("  sound +0 ms")
    assert Status(offset=0.0126).line().endswith("  sound +13 ms")


def test_a_terminal_shows_it_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress.shown() as progress:
        assert progress.is_shown
        # A name of the camera's can't act on the terminal.
        progress.show(Status(notes=["\x1b]0;x\x07"]))
        progress.show(FULL)
        assert LINE in terminal.getvalue()
    assert "\x1b]0;" not in terminal.getvalue()
    # It is taken away when it is over.
    assert terminal.getvalue().rindex("\x1b[2K") > terminal.getvalue().rindex(LINE)


def test_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in (io.StringIO(), None):
        monkeypatch.setattr(sys, "stderr", stream)
        with Progress.shown() as progress:
            assert not progress.is_shown
            progress.show(FULL)
        assert stream is None or stream.getvalue() == ""


def test_a_terminal_that_goes_away_takes_nothing_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Gone())
    with Progress.shown() as progress:
        progress.show(FULL)
