"""What a recording shows of itself while it runs: one line on a terminal."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from rich.live import Live

from hamaproto.cli.measures import format_size, format_time
from hamaproto.cli.plain import cell, console

__all__ = ["Progress", "Status"]


@dataclass(slots=True)
class Status:
    """What is shown; `offset` is in seconds, and more than 0 if sound is ahead."""

    seconds: float = 0.0
    pictures: int = 0
    rate: float = 0.0
    size: int = 0
    lost: int = 0
    offset: float | None = None
    notes: list[str] = field(default_factory=list)

    def line(self) -> str:
        """The line."""
        parts = [
            format_time(self.seconds),
            f"{self.pictures} pictures",
            f"{self.rate:.1f}/s",
            format_size(self.size),
            f"{self.lost} lost",
        ]
        if self.offset is not None:
            parts.append(f"sound {round(self.offset * 1000):+d} ms")
        return "  ".join([*parts, *self.notes])


class Progress:
    """The line, which is written anew; nothing if standard error is no terminal."""

    def __init__(self, live: Live | None) -> None:
        self._live = live

    @classmethod
    @contextlib.contextmanager
    def shown(cls) -> Iterator[Progress]:
        """A line that is there as long as it lasts."""
        paper = console(error=True)
        if not paper.is_terminal or sys.stderr is None:
            yield cls(None)
            return
        live = Live(console=paper, auto_refresh=False, transient=True, redirect_stdout=False)
        # A terminal that goes away takes no recording with it.
        with contextlib.suppress(OSError):
            live.start()
        try:
            yield cls(live)
        finally:
            with contextlib.suppress(OSError):
                live.stop()

    @property
    def is_shown(self) -> bool:
        """Whether anybody can see it."""
        return self._live is not None

    def show(self, status: Status) -> None:
        """Write the line anew."""
        if self._live is not None:
            with contextlib.suppress(OSError):
                self._live.update(cell(status.line()), refresh=True)
