"""The group of commands, and how each of them ends: one line, one exit code, no traceback."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Final

import click

from hamaproto._version import __version__
from hamaproto.cli import ask, demo, help, lists, record, serve, simulate, snapshot, stream, watch
from hamaproto.cli.captures.archive import archive
from hamaproto.cli.captures.capture import capture
from hamaproto.cli.captures.dissector import dissector
from hamaproto.cli.captures.extract import extract
from hamaproto.cli.captures.frames import frames
from hamaproto.cli.captures.inspect import inspect
from hamaproto.cli.captures.replay import replay
from hamaproto.cli.captures.report import report
from hamaproto.cli.captures.stats import stats
from hamaproto.cli.exits import BUG, EXITS, INTERRUPTED, OK, exit_code
from hamaproto.cli.options import current_target
from hamaproto.cli.plain import note
from hamaproto.cli.trouble import told
from hamaproto.cli.verbose import give_options, stop_logging, wants_traceback
from hamaproto.errors import HamaError

__all__ = ["cli", "run"]

_CODES = "\n".join(f"  {row.code:>3}  {row.meaning}" for row in EXITS)
_EPILOG = f"""\b
Credentials: --user NAME (and a prompt), or HAMAPROTO_USER and HAMAPROTO_PASSWORD,
or ~/.netrc.

\b
`hamaproto help` lists the topics that are explained at length.

\b
Exit codes:
{_CODES}"""


@click.group(epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="hamaproto", message="%(prog)s %(version)s")
def cli() -> None:
    """Ask, watch, record and simulate IP cameras of the Hama M360 family."""


for _command in (
    *lists.COMMANDS,
    snapshot.snapshot,
    stream.stream,
    *ask.COMMANDS,
    record.record,
    *watch.COMMANDS,
    simulate.simulate,
    serve.serve,
    capture,
    replay,
    inspect,
    frames,
    extract,
    stats,
    report,
    archive,
    dissector,
    demo.demo,
    help.help_,
):
    cli.add_command(_command)
try:
    from hamaproto.cli.gsm import gsm
except ImportError:  # its own packages are missing
    pass
else:
    cli.add_command(gsm)
give_options(cli)


#: What a file says that takes no more.
_FULL: Final = (errno.ENOSPC, errno.EFBIG, errno.EIO, getattr(errno, "EDQUOT", errno.ENOSPC))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code, having said on stderr what went wrong."""
    if "_HAMAPROTO_COMPLETE" in os.environ:
        cli.main(prog_name="hamaproto")  # a shell asks for completions; this does not return
    try:
        code = _run(list(sys.argv[1:] if arguments is None else arguments))
        # Here, where a pipe that nobody reads can still be taken for what it is.
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        return _nobody_reads()
    return code


def _run(words: list[str]) -> int:
    context = None
    try:
        # Not `main`, which has ideas of its own about errors and pipes.
        with cli.make_context("hamaproto", words or ["--help"]) as context:
            code = cli.invoke(context)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        used = getattr(error, "ctx", None)
        where = f" (see {used.command_path} --help)" if used is not None else ""
        note(f"{' '.join(error.format_message().split())}{where}")
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:
        return _end_with(error, context)
    finally:
        stop_logging()
    return code if isinstance(code, int) else OK


def _end_with(error: Exception, context: click.Context | None) -> int:
    """One line and one code for an error, whatever it is and wherever it came from."""
    shown = wants_traceback(context)
    if shown:
        for line in "".join(traceback.format_exception(error)).splitlines():
            note(line)
    target = None if context is None else current_target(context)
    code = exit_code(error)
    if isinstance(error, HamaError):
        host, login = (None, False) if target is None else (target.host, target.auth is not None)
        note(told(error, host=host, login=login))
    elif isinstance(error, OSError):
        name = error.filename
        if name is None and error.errno in _FULL:
            # All files of ours have names; click writes to standard output by itself.
            name = "standard output"
        where = f"{name}: " if name else ""
        note(f"{where}{error.strerror or error or type(error).__name__}")
    else:
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        more = "" if code != BUG or shown else "; --traceback shows where"
        note(f"{what}{more}")
    return code


def _nobody_reads() -> int:
    """Who read our output has enough of it: nothing may be flushed into it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
    return OK
