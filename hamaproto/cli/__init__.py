"""The `hamaproto` command.  It needs the extra: pip install 'hamaproto[cli]'.

    app         the group, and how its commands end
    exits       the exit codes, as a table
    trouble     what is said when something went wrong
    plain       the one way out for text, harmless on a terminal
    verbose     -v and --traceback
    signals     what ends a command from outside, and how
    options     what the commands have in common: where the camera is, who asks
    address     what a URL means: a camera, or a picture or a stream of one
    output      where they write to
    lists       info, get, set
    ask         ask, commands
    snapshot    one picture
    record      picture and sound into files
    stream      the same for another program
    watch       listen, talk
    simulate    a camera to try all this on
    captures    capture, replay, inspect, frames, extract, stats: files of captured traffic
    demo        everything at once
    help        the topics
    capture tally picture_size recording soundtrack sheet    what they are made of

Data goes to stdout, everything else to stderr.
"""

from __future__ import annotations

import os
import sys

from hamaproto.cli.signals import done_with, ending_at_once, interrupting

__all__ = ["main"]


def main() -> None:
    """The entry point: runs the command and exits."""
    ending_at_once()
    _open_standard_streams()
    try:
        from hamaproto.cli.app import run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("click", "rich"):
            raise
        print("hamaproto: the command line needs: pip install 'hamaproto[cli]'", file=sys.stderr)
        raise SystemExit(2) from None
    interrupting()
    code = run()
    done_with(code)
    raise SystemExit(code)


def _open_standard_streams() -> None:
    """What was closed by who started us reads nothing, and takes everything.

    Otherwise the first file that is opened would get the number of that stream, and what
    is meant for people would go into it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is not None:
            continue
        descriptor = os.open(os.devnull, os.O_RDWR)
        if descriptor != number:
            os.dup2(descriptor, number)
            os.close(descriptor)
        mode = "r" if name == "stdin" else "w"
        stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115  # to the end
        setattr(sys, name, stream)
