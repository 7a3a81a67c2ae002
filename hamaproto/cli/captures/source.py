"""A capture as the commands read it: a file or a pipe, with a bar, until its end or a signal.

What was read before damage, or before Ctrl-C, is what there is: it is told as a warning and by the
exit code, and everything up to there is used.
"""

from __future__ import annotations

import contextlib
import os
import select
import stat
import sys
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import BinaryIO, Final, Self

import click
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from hamaproto.captures import CaptureParser, Observed, Section
from hamaproto.captures.reading import MOST_DESCRIBED
from hamaproto.cli.exits import OK, PARTIAL
from hamaproto.cli.output import STDOUT
from hamaproto.cli.plain import cell, console, note
from hamaproto.cli.signals import stopping
from hamaproto.errors import RemoteProtocolError
from hamaproto.events import EndOfStream

__all__ = ["Source", "secrets_option", "source_argument"]

_PIECE: Final = 1 << 18
#: A file below this size is done before a bar could be read.
_LONG: Final = 32 << 20
#: Seconds after which a pipe that is silent is looked at again.
_LOOK: Final = 0.2

source_argument = click.argument("source", metavar="FILE")
secrets_option = click.option(
    "--secrets", is_flag=True, help="Show logins, cookies and passwords too."
)


class Source:
    """Reads a capture once; a context manager around the file.

    Iterating gives what is seen.  `code` is then the exit code: 8 if the file is damaged, cut off
    in the middle of a record, or was not read to its end.
    """

    def __init__(self, name: str) -> None:
        self.name = "standard input" if name == STDOUT else name
        self._file: BinaryIO = sys.stdin.buffer if name == STDOUT else open(name, "rb")  # noqa: SIM115
        self.parser = CaptureParser()
        self.sections: list[Section] = []
        self.code = OK
        #: What is wrong with the file; empty if nothing is.
        self.trouble = ""
        self._stopped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not sys.stdin.buffer:
            self._file.close()

    def fileno(self) -> int:
        """Of the file: it must not be written to."""
        return self._file.fileno()

    def __iter__(self) -> Iterator[Observed]:
        parser = self.parser
        with stopping(self._stop), self._progress() as advance:
            over = False
            while not over:
                piece = self._read()
                if piece:
                    parser.receive_data(piece)
                else:
                    parser.receive_eof()
                try:
                    for event in parser.events():
                        if isinstance(event, Observed):
                            yield event
                        elif isinstance(event, Section):
                            if len(self.sections) < MOST_DESCRIBED:
                                self.sections.append(event)
                        elif isinstance(event, EndOfStream):
                            over = True
                            if not parser.format and not self._stopped:
                                raise click.UsageError(f"{self.name}: empty, nothing is in it")
                            if not event.complete and not self._stopped:
                                self._fail("it ends in the middle of a record")
                except RemoteProtocolError as error:
                    over = True
                    self._fail(str(error))
                advance(len(piece))
        if self._stopped:
            self._fail("interrupted: this is what was read until then")

    def _fail(self, why: str) -> None:
        self.trouble = self.trouble or why
        self.code = PARTIAL
        note(f"{self.name}: {why}")

    def _stop(self) -> None:
        self._stopped = True

    def _was_stopped(self) -> bool:
        """Whether a signal came by now."""
        return self._stopped

    def _read(self) -> bytes:
        """Some bytes; none at the end, or when a signal came."""
        if self._was_stopped():
            return b""
        try:
            number = self._file.fileno()
        except (OSError, ValueError):
            return self._file.read(_PIECE)
        if not stat.S_ISREG(os.fstat(number).st_mode):
            # A signal is to be heard while nothing comes.
            while not select.select([number], [], [], _LOOK)[0]:
                if self._was_stopped():
                    return b""
        return os.read(number, _PIECE)

    @contextlib.contextmanager
    def _progress(self) -> Iterator[Callable[[int], None]]:
        size = 0
        with contextlib.suppress(OSError, ValueError):
            found = os.fstat(self._file.fileno())
            size = found.st_size if stat.S_ISREG(found.st_mode) else 0
        screen = console(error=True)
        if size < _LONG or not screen.is_terminal:
            yield lambda count: None
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=screen, transient=True) as progress:
            task = progress.add_task(str(cell(os.path.basename(self.name))), total=size)
            yield lambda count: progress.advance(task, count)
