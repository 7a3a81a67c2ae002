"""The one way to standard output and standard error for text: nothing a camera says acts there.

A camera chooses values, names, reasons and addresses, and a terminal obeys what it is sent:
escapes set its title and write to the clipboard, bidi controls turn a line round, zero-width
characters hide in a name.  So text is made `harmless` wherever a person looks: always on
standard error, and on standard output if that is a terminal.  A pipe gets the data as they
came, and JSON is data everywhere.

No other module of the command writes text or makes a rich `Console`; a test holds that.
"""

from __future__ import annotations

import contextlib
import json
import sys
import unicodedata
from typing import Any, Final, TextIO

from rich.console import Console
from rich.text import Text

from hamaproto.wire.sniff import text_of

__all__ = [
    "cell",
    "console",
    "harmless",
    "note",
    "on_terminal",
    "print_json",
    "print_line",
    "print_markdown",
    "print_sent",
    "readable",
    "warn",
]

#: Characters that `str.isprintable` lets pass and that nobody sees: the other
#: Default_Ignorable_Code_Points of Unicode (DerivedCoreProperties).
_UNSEEN: Final = frozenset(
    map(
        chr,
        (
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F),
            *(0x3164, 0xFFA0, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)),
        ),
    )
)
#: Marks that stand over or under the letter before them; more in a row than any language
#: has would grow over the lines above and below.
_MOST_MARKS: Final = 4


def harmless(text: str) -> str:
    """The text as one line that a terminal prints and does nothing else with.

    Controls (C0, DEL, C1, line ends too), bidi and other format controls, characters of no
    width, surrogates and code points without a meaning stand there as `\\x1b` or `\\u202e`.
    """
    if text.isascii() and text.isprintable():
        return text
    shown = []
    marks = 0
    for char in text:
        marks = marks + 1 if _is_mark(char) else 0
        if char.isprintable() and char not in _UNSEEN and marks <= _MOST_MARKS:
            shown.append(char)
        else:
            shown.append(_escaped(char))
    return "".join(shown)


def _is_mark(char: str) -> bool:
    return char >= "\u0300" and unicodedata.category(char) in ("Mn", "Me")


def _escaped(char: str) -> str:
    short = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}.get(char)
    if short is not None:
        return short
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


# -- to people --------------------------------------------------------------------------


def note(text: str) -> None:
    """A line for people, on standard error; a recording goes on if nobody reads it."""
    with contextlib.suppress(OSError):
        _write(sys.stderr, f"hamaproto: {harmless(text)}\n")


def warn(text: str) -> None:
    """Like `note`, for what the user should do something about."""
    note(f"warning: {text}")


# -- data -------------------------------------------------------------------------------


def on_terminal() -> bool:
    """Whether a person looks at standard output."""
    return sys.stdout is not None and sys.stdout.isatty()


def print_line(text: str) -> None:
    """A line on standard output: as it is into a pipe, harmless on a terminal."""
    _write(sys.stdout, (harmless(text) if on_terminal() else text) + "\n")


def print_sent(data: bytes) -> None:
    """A line that a camera sent, as bytes: the same bytes into a pipe.

    On a terminal it is read as UTF-8, and as latin-1 where it is none.
    """
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None or on_terminal():
        print_line(text_of(data))
    else:
        sys.stdout.flush()
        buffer.write(data + b"\n")


def readable(text: str) -> str:
    """Text that has a character for each byte that was sent, as people read it."""
    try:
        return text_of(text.encode("latin-1"))
    except UnicodeEncodeError:
        return text


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """A value as JSON, in ASCII: what could act on a terminal is escaped by JSON itself."""
    text = json.dumps(value, indent=indent)
    # The one control character that JSON leaves as it is.
    _write(sys.stdout, text.replace("\x7f", "\\u007f") + "\n")


def print_markdown(text: str) -> None:
    """Text of our own, with its headings and code, on a terminal."""
    from rich.markdown import Markdown  # it reads a parser and a highlighter from the disk

    console().print(Markdown(text))


def _write(stream: TextIO | None, text: str) -> None:
    """Write, whatever the stream's encoding has no character for; nowhere if it is closed."""
    if stream is None:
        return
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


# -- tables and bars --------------------------------------------------------------------


def console(*, error: bool = False) -> Console:
    """A rich console in which text is text: no markup, no emoji codes, no guessed colours."""
    return Console(stderr=error, markup=False, emoji=False, highlight=False)


def cell(text: object) -> Text:
    """What stands in a table or beside a bar: rich takes a str for markup, and this not."""
    return Text(harmless(str(text)))
