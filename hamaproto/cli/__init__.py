"""The `hamaproto` command.  It needs the extra: pip install 'hamaproto[cli]'.

    app         the group, and how its commands end
    exits       the exit codes, as a table
    options     what the commands have in common: where the camera is, who asks
    ask         info, get, set, ask, commands, snapshot
    watch       record, listen, talk
    simulate    a camera to try all this on
    demo        everything at once
    capture recording sheet    what they are made of

Data goes to stdout, everything else to stderr.
"""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """The entry point: runs the command and exits."""
    try:
        from hamaproto.cli.app import end_like_interrupt, run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("click", "rich"):
            raise
        print("hamaproto: the command line needs: pip install 'hamaproto[cli]'", file=sys.stderr)
        raise SystemExit(2) from None
    end_like_interrupt()
    raise SystemExit(run())
