"""The group of commands, and how each of them ends: one line, one exit code, no traceback."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

import click

from hamaproto._version import __version__
from hamaproto.cli import ask, demo, simulate, watch
from hamaproto.cli.exits import EXITS, INTERRUPTED, OK, USAGE, exit_code
from hamaproto.cli.options import note
from hamaproto.errors import HamaError

__all__ = ["cli", "end_like_interrupt", "run"]

_CODES = "\n".join(f"  {row.code:>3}  {row.meaning}" for row in EXITS)
_EPILOG = f"""\b
Credentials: --user NAME (and a prompt), or HAMAPROTO_USER and HAMAPROTO_PASSWORD,
or ~/.netrc.

\b
Exit codes:
{_CODES}"""


@click.group(epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="hamaproto", message="%(prog)s %(version)s")
def cli() -> None:
    """Ask, watch, record and simulate IP cameras of the Hama M360 family."""


for _command in (*ask.COMMANDS, *watch.COMMANDS, simulate.simulate, demo.demo):
    cli.add_command(_command)
try:
    from hamaproto.cli.gsm import gsm
except ImportError:  # its own packages are missing
    pass
else:
    cli.add_command(gsm)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code, having said on stderr what went wrong."""
    if "_HAMAPROTO_COMPLETE" in os.environ:
        cli.main(prog_name="hamaproto")  # a shell asks for completions; this does not return
    try:
        code = _run(list(sys.argv[1:] if arguments is None else arguments))
        # Here, where a pipe that nobody reads can still be taken for what it is.
        sys.stdout.flush()
    except BrokenPipeError:
        return _nobody_reads()
    return code


def _run(words: list[str]) -> int:
    try:
        # Not `main`, which has ideas of its own about errors and pipes.
        with cli.make_context("hamaproto", words or ["--help"]) as context:
            cli.invoke(context)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        used = getattr(error, "ctx", None)
        where = f" (see {used.command_path} --help)" if used is not None else ""
        note(f"{error.format_message()}{where}")
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except HamaError as error:
        note(str(error))
        return exit_code(error)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        note(f"{where}{error.strerror or error}")
        return USAGE
    return OK


def _nobody_reads() -> int:
    """Who read our output has enough of it: nothing may be flushed into it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
    return OK


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def end_like_interrupt() -> None:
    """A `kill`, and a terminal that goes away, end a command as Ctrl-C does: files are closed."""
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _interrupt)
