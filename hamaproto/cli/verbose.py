"""`-v` and `--traceback`, which every command takes, before or behind its name.

-v shows what the library logs, on standard error; --traceback, or -vv, shows where an error
came from, for a report.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final

import click

from hamaproto.cli.plain import note

__all__ = ["give_options", "stop_logging", "wants_traceback"]

#: In the `meta` that the contexts of one run share.
_TRACEBACK: Final = "hamaproto.traceback"
_FORMAT: Final = "%(asctime)s.%(msecs)03d %(name)s %(levelname)s: %(message)s"


class _Handler(logging.Handler):
    """Shows each record in a line like any other."""

    def emit(self, record: logging.LogRecord) -> None:
        note(self.format(record))


def _be_verbose(context: click.Context, parameter: click.Parameter, times: int) -> None:
    if not times:
        return
    if times > 1:
        context.meta[_TRACEBACK] = True
    logger = logging.getLogger("hamaproto")
    if not any(isinstance(handler, _Handler) for handler in logger.handlers):
        handler = _Handler()
        handler.setFormatter(logging.Formatter(_FORMAT, "%H:%M:%S"))
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)


def _want_traceback(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        context.meta[_TRACEBACK] = True


def _options() -> Iterable[click.Option]:
    yield click.Option(
        ["-v", "--verbose"],
        count=True,
        is_eager=True,
        expose_value=False,
        callback=_be_verbose,
        help="Show what the library logs, on standard error.",
    )
    yield click.Option(
        ["--traceback"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_want_traceback,
        help="Show where an error came from (also -vv).",
    )


def give_options(command: click.Command) -> None:
    """Give them to a command, and to all below it."""
    command.params.extend(_options())
    if isinstance(command, click.Group):
        for below in command.commands.values():
            give_options(below)


def wants_traceback(context: click.Context | None) -> bool:
    """Whether the traceback of an error is to be shown."""
    return context is not None and bool(context.meta.get(_TRACEBACK))


def stop_logging() -> None:
    """Take back what -v did: a program may run several commands."""
    logger = logging.getLogger("hamaproto")
    for handler in [one for one in logger.handlers if isinstance(one, _Handler)]:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
