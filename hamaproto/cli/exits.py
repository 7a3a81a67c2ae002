"""How the command ends: one table from what went wrong to the exit code.

`hamaproto --help` prints it, the tests read it, scripts rely on it.
"""

from __future__ import annotations

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

__all__ = ["EXITS", "INTERRUPTED", "OK", "PARTIAL", "USAGE", "Exit", "exit_code"]


@dataclass(frozen=True, slots=True)
class Exit:
    """One row: the code, what it means, and the errors that lead to it."""

    code: int
    meaning: str
    errors: tuple[type[BaseException], ...] = ()


OK = 0
USAGE = 2
PARTIAL = 8
INTERRUPTED = 130

#: In the order in which errors are looked up: a subclass stands before its base.
EXITS: tuple[Exit, ...] = (
    Exit(OK, "done"),
    Exit(USAGE, "wrong usage, or a file that can't be read or written", (LocalProtocolError,)),
    Exit(3, "can't connect", (ConnectError,)),
    Exit(4, "login refused", (AuthenticationError,)),
    Exit(5, "timeout, or a stream that fell silent", (CameraTimeoutError,)),
    Exit(
        6, "broken answer, or the connection was lost", (RemoteProtocolError, ConnectionLostError)
    ),
    Exit(7, "refused by the device, or all its slots are taken", (DeviceError,)),
    Exit(PARTIAL, "partial result: something came, and not everything"),
    Exit(INTERRUPTED, "interrupted before there was a result"),
)


def exit_code(error: BaseException) -> int:
    """The code for an error; of the rows that fit, the first one counts."""
    for row in EXITS:
        if isinstance(error, row.errors):
            return row.code
    return USAGE
