"""What a signal to end does: SIGINT, SIGTERM, and SIGHUP when the terminal goes away.

While the program starts, nothing is open yet: it ends at once.  While a command runs that
waits for one thing after another, a signal raises KeyboardInterrupt there.  While streams are
watched it calls what ends them; and a second one doesn't keep their files from being closed
with all that came.  While the interpreter winds up, what was done stays done.

A signal that whoever started us wants ignored stays ignored: `nohup` ignores SIGHUP, and a
shell without job control ignores the SIGINT of what it starts in the background.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Final

__all__ = ["done_with", "ending_at_once", "finishing", "interrupting", "is_stopping", "stopping"]

_NAMES: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
#: `exits.INTERRUPTED`, without the imports of that module.
_INTERRUPTED: Final = 130

_Handler = Callable[[int, FrameType | None], None]
#: Whether a signal came to what `stopping` or `finishing` guards; and whether the latter does.
_stopping = False
_finishing = False


def _handle(handler: _Handler | signal.Handlers) -> dict[int, object]:
    """Set a handler where signals are not ignored; gives the handlers that were there."""
    before: dict[int, object] = {}
    for name in _NAMES:
        number = getattr(signal, name, None)
        if number is None:
            continue
        present = signal.getsignal(number)
        # None is a handler that Python doesn't know.
        if present is signal.SIG_IGN or present is None:
            continue
        with contextlib.suppress(ValueError):  # not in the main thread
            signal.signal(number, handler)
            before[number] = present
    return before


def _restore(handlers: dict[int, object]) -> None:
    for number, handler in handlers.items():
        with contextlib.suppress(ValueError):
            signal.signal(number, handler)  # type: ignore[arg-type]  # came from getsignal


def ending_at_once(code: int = _INTERRUPTED) -> None:
    """From here on a signal ends the process at once, with that exit code."""

    def end(number: int, frame: FrameType | None) -> None:
        os._exit(code)

    _handle(end)


def done_with(code: int) -> None:
    """All is done: from here on no signal changes the exit code.

    While the interpreter waits for threads, a signal ends the process.  Afterwards it takes
    its handlers away one by one, and a signal would kill: then signals are ignored, which
    takes no time worth a Ctrl-C.
    """
    ending_at_once(code)
    atexit.register(_handle, signal.SIG_IGN)


def interrupting() -> None:
    """From here on a signal raises KeyboardInterrupt: files are closed on the way out."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    _handle(interrupt)


def is_stopping() -> bool:
    """Whether a signal to stop came: nobody should wait any longer."""
    return _stopping


@contextlib.contextmanager
def finishing() -> Iterator[None]:
    """Inside, a signal only leaves word: whatever is closed at the end is closed.

    `stopping` within it hears of a signal that came before.
    """
    global _finishing, _stopping

    def leave_word(number: int, frame: FrameType | None) -> None:
        global _stopping
        _stopping = True

    _finishing, _stopping = True, False
    before = _handle(leave_word)
    try:
        yield
    finally:
        _restore(before)
        _finishing = _stopping = False


@contextlib.contextmanager
def stopping(stop: Callable[[], None]) -> Iterator[None]:
    """Inside, a signal calls `stop`, in the main thread, between two steps of Python.

    It may come at any place; so `stop` should do no more than to leave word.
    """
    global _stopping

    def leave_word(number: int, frame: FrameType | None) -> None:
        global _stopping
        _stopping = True
        stop()

    if not _finishing:
        _stopping = False
    before = _handle(leave_word)
    try:
        if _stopping:
            stop()
        yield
    finally:
        _restore(before)
        if not _finishing:
            _stopping = False
