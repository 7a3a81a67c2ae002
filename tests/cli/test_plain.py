"""What a camera says reaches a terminal as plain text, a pipe as it is, and JSON as data."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import pty
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from answering import scripted
from hypothesis import given
from hypothesis import strategies as st

import hamaproto.cli
from hamaproto.cli import plain

ROOT = Path(__file__).resolve().parents[2]
#: Bidi controls and characters of no width, by the Unicode standard's own lists (UAX 9 2;
#: DerivedCoreProperties, Default_Ignorable_Code_Point).
NOT_SEEN = (
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    "\u00ad\u034f\u115f\u1160\u17b4\u180e\u200b\u200c\u200d\u2060\u3164\ufe0f\ufeff\uffa0"
    "\U000e0001\U000e0100"
)


@given(st.text())
def test_nothing_that_acts_is_left(text: str) -> None:
    shown = plain.harmless(text)
    assert shown.isprintable()
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert not set(shown) & set(NOT_SEEN)
    # Nobody needs to read it twice, and what is harmless stays as it is.
    assert plain.harmless(shown) == shown


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("K\u00fcche \u65e5\u672c 100 %", "K\u00fcche \u65e5\u672c 100 %"),
        ("\x1b]0;x\x07", r"\x1b]0;x\x07"),
        ("\x9b2J\x7f", r"\x9b2J\x7f"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        ("\U000e0041", r"\U000e0041"),
        ("\udc80", r"\udc80"),
        ("e\u0301", "e\u0301"),
        ("e" + "\u0301" * 6, "e" + "\u0301" * 4 + r"\u0301\u0301"),
    ],
)
def test_what_is_shown(sent: str, shown: str) -> None:
    assert plain.harmless(sent) == shown


def test_a_pipe_gets_the_bytes_and_a_terminal_their_text(monkeypatch: pytest.MonkeyPatch) -> None:
    for sent, shown in [
        (b"K=\xc3\xbc\x1b[31m", "K=\u00fc\\x1b[31m"),
        (b"K=\xfc\x9b", "K=\u00fc\\x9b"),
    ]:
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "utf-8"))
        plain.print_sent(sent)
        assert raw.getvalue() == sent + b"\n"
        monkeypatch.setattr(plain, "on_terminal", lambda: True)
        plain.print_sent(sent)
        assert raw.getvalue() == sent + b"\n" + f"{shown}\n".encode()
        monkeypatch.undo()


def test_an_encoding_without_the_character(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "cp1252"))
    plain.print_line("\u20ac \u65e5")
    assert raw.getvalue() == b"\x80 \\u65e5\n"


def test_closed_streams_and_readers_that_went_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    plain.print_line("x")
    plain.print_json({})
    plain.print_sent(b"a")
    plain.note("x")
    assert not plain.on_terminal()

    class Gone(io.StringIO):
        def write(self, text: str, /) -> int:
            raise BrokenPipeError

    # Nothing that is being recorded ends because nobody reads what is said of it.
    monkeypatch.setattr(sys, "stderr", Gone())
    plain.note("x")


def test_json_is_ascii_and_comes_back(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"\x1b": ["\x7f\x9b\u202e\ud83d", None, 1]}
    plain.print_json(value)
    said = capsys.readouterr().out
    assert json.loads(said) == value
    assert said.isascii()
    assert said.replace("\n", "").isprintable()


def test_tables_take_no_markup() -> None:
    file = io.StringIO()
    paper = plain.console()
    paper.file = file
    paper.print(plain.cell("[link=http://x]a[/link] [/b] :smile: \x1b[2J"))
    assert file.getvalue() == "[link=http://x]a[/link] [/b] :smile: \\x1b[2J\n"


def test_there_is_no_other_way_out() -> None:
    """No module of the command but `plain` writes text; bytes go out by `sys.stdout.buffer`."""
    folder = Path(hamaproto.cli.__file__).parent
    # The first works without click and rich; the second hands prompts to click.
    ways = {
        "print": {"__init__.py"},
        "Console": {"plain.py"},
        "click.prompt": {"options.py"},
    }
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            short = called.rpartition(".")[2]
            writes = (
                called in ("print", "click.prompt", "click.confirm")
                or short in ("echo", "secho", "Console", "StreamHandler", "print_exc")
                or called.startswith(("sys.stdout.write", "sys.stderr.write"))
            )
            if writes and path.name != "plain.py":
                assert path.name in ways.get(called, ()), f"{path.name}:{node.lineno}: {called}"


#: A title, a cleared screen, the clipboard, an 8-bit CSI, a bidi override, a zero-width space.
ACTS = b"\x1b]0;OWNED\x07\x1b[2J\x1b]52;c;cm0=\x07\x9b31m\xe2\x80\xae\xe2\x80\x8b[/b]"


#: Line ends, and what the progress line is drawn with: the cursor off and on, up, a line away.
#: Behind that, the colours of tables.
OUR_OWN = re.compile(r"[\r\n]|\x1b\[(?:\?25[lh]|1A|2K|[0-9;]*m)")


def hostile(target: str) -> bytes:
    """What a camera may answer: in values, keys, error lines, an OK, a redirect, a reason."""
    if "ptz.cgi" in target:
        return b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nOK " + ACTS + b"\r\n"
    if "form/enet" in target:
        return b"HTTP/1.0 302 Redirect\r\nLocation: http://x/" + ACTS + b"\r\n\r\n"
    if "video.mjpg" in target or "image" in target:
        return b"HTTP/1.0 404 " + ACTS + b"\r\n\r\n"
    if "audio" in target:
        return b"HTTP/1.0 200 OK\r\nContent-Type: " + ACTS + b"\r\n\r\n<p>" + ACTS
    group = target.partition("group=")[2].partition(",")[0].encode()
    keys = b"".join(group + b"." + key + b"=" + ACTS + b"\n" for key in (b"FPS", b"Brand", ACTS))
    return (
        b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n"
        b"root.Brand.Brand=%b\n%b# Error -1 %b\nno parameter %b\n" % (ACTS, keys, ACTS, ACTS)
    )


COMMANDS = (
    "info URL",
    "info URL --json",
    "get URL Brand",
    "ask URL brand",
    "ask URL 4.1 left",
    "ask URL set-flip-mode 0",
    "ask URL image",
    "ask URL /any/other",
    "stream URL -o x.mjpeg",
    "set URL Image.I0.Stream.FPS=5",
    "snapshot URL -o x.jpg",
    "record URL -o x.mkv --seconds 1",
    "listen URL -o x.wav --seconds 1",
    "-v get URL Brand --traceback",
    "demo --seconds 0.5 --output there --camera URL",
)
#: All of them in one process, whose starting takes longer than they do.
RUN_ALL = """
import sys
from hamaproto.cli.app import run
print("codes:", *[run(words.split()) for words in sys.argv[1:]])
"""


def test_nothing_a_camera_says_acts_on_a_terminal(tmp_path: Path) -> None:
    with scripted(hostile) as url:
        said = under_terminal(tmp_path, *[words.replace("URL", url) for words in COMMANDS])
    text = OUR_OWN.sub("", said.decode("utf-8", "surrogateescape"))
    codes = text.rpartition("codes:")[2].split()
    assert len(codes) == len(COMMANDS)
    # None is a fault of the program; and all of them had something of the camera's to show.
    assert "1" not in codes
    assert text.count("OWNED") > len(COMMANDS)
    assert text.isprintable(), [c for c in text if not c.isprintable()]
    assert not set(text) & set(NOT_SEEN)


def under_terminal(folder: Path, *commands: str) -> bytes:
    """Run commands where both their outputs are a terminal; gives what came there."""
    ours, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", RUN_ALL, *commands],
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NETRC": os.devnull, "COLUMNS": "500"},
    )
    os.close(terminal)
    said = b""
    with contextlib.suppress(OSError):  # a terminal that nobody writes to any more
        while piece := os.read(ours, 65536):
            said += piece
    os.close(ours)
    assert process.wait(60) == 0
    return said
