"""How the command ends: one table from what went wrong to the exit code.

`hamaproto --help` prints it, the tests read it, scripts rely on it.  An error of a library
has its row too, so that nothing that a file or a camera can hold ends in a traceback; what is
in no row is a fault of this program, and has a code for that.
"""

from __future__ import annotations

import struct
import wave
from dataclasses import dataclass

from hamaproto.errors import (
    AuthenticationError,
    CameraTimeoutError,
    ConnectError,
    ConnectionLostError,
    DeviceError,
    LocalProtocolError,
    RemoteProtocolError,
)

__all__ = [
    "BROKEN",
    "BUG",
    "EXITS",
    "INTERRUPTED",
    "OK",
    "PARTIAL",
    "REFUSED",
    "USAGE",
    "Exit",
    "exit_code",
]


@dataclass(frozen=True, slots=True)
class Exit:
    """One row: the code, what it means, and the errors that lead to it.

    `packages` has those whose every error leads to it: they are imported only where they are
    used, so that their classes can't stand here.
    """

    code: int
    meaning: str
    errors: tuple[type[BaseException], ...] = ()
    packages: tuple[str, ...] = ()


OK = 0
BUG = 1
USAGE = 2
BROKEN = 6
REFUSED = 7
PARTIAL = 8
INTERRUPTED = 130

#: In the order in which errors are looked up: a subclass stands before its base.
EXITS: tuple[Exit, ...] = (
    Exit(OK, "done"),
    Exit(BUG, "a fault of this program: please report it, with what --traceback shows"),
    Exit(
        USAGE,
        "wrong usage, or a file that can't be read or written",
        (LocalProtocolError, UnicodeEncodeError, wave.Error),
        ("av",),
    ),
    Exit(3, "can't connect", (ConnectError,)),
    Exit(4, "login refused", (AuthenticationError,)),
    Exit(5, "timeout, or a stream that fell silent", (CameraTimeoutError,)),
    Exit(
        BROKEN,
        "broken answer, or the connection was lost",
        (RemoteProtocolError, ConnectionLostError, UnicodeError, struct.error, EOFError),
        ("PIL",),
    ),
    Exit(REFUSED, "refused by the device, or all its slots are taken", (DeviceError,)),
    Exit(PARTIAL, "partial result: something came, and not everything"),
    Exit(INTERRUPTED, "interrupted before there was a result"),
)


def exit_code(error: BaseException) -> int:
    """The code for an error; of the rows that fit, the first one counts.

    OSError comes last: errors of libraries, and the timeouts here, are derived from it.
    """
    places = {base.__module__.partition(".")[0] for base in type(error).__mro__}
    for row in EXITS:
        if isinstance(error, row.errors) or places.intersection(row.packages):
            return row.code
    return USAGE if isinstance(error, OSError) else BUG
