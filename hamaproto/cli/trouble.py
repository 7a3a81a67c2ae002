"""What is said when something went wrong: which stream, which host, and what to try.

    picture: can't connect: Connection refused (192.168.1.20:80); is the camera on?

One line for each trouble; when several streams or several questions met the same one, it is
said once, with all their names.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hamaproto.cli.plain import note
from hamaproto.errors import (
    AuthenticationError,
    BusyError,
    CameraTimeoutError,
    CertificateError,
    ConnectError,
    ConnectionLostError,
    HamaError,
    LocalProtocolError,
    LoginKindError,
    RefusedError,
    RemoteProtocolError,
)
from hamaproto.picture_size import AbsurdSizeError

__all__ = ["advice", "note_troubles", "told"]

#: What to try, by what went wrong: the first row that fits counts, so that a subclass stands
#: before its base.  An error whose message says it already has an empty row.
_ADVICE: Final[tuple[tuple[type[HamaError], str], ...]] = (
    (LocalProtocolError, ""),
    (AbsurdSizeError, ""),
    (CertificateError, ""),
    (ConnectError, "is this the camera's address, and is it on?"),
    (AuthenticationError, ""),
    (BusyError, "close another viewer, or try again later"),
    (CameraTimeoutError, "--timeout SECONDS waits longer"),
    (ConnectionLostError, "try again"),
    (RemoteProtocolError, "is this a camera's web server?"),
    (RefusedError, ""),
)
_NO_LOGIN: Final = "try --user NAME, or HAMAPROTO_USER and HAMAPROTO_PASSWORD"
_OTHER_LOGIN: Final = "try another --user NAME, or check the password"
_NOT_THERE: Final = "is URL the address of a camera of this family, without a page?"


def advice(error: HamaError, *, login: bool = False) -> str:
    """What the user can try; empty if there is nothing.  `login`: a login was given."""
    if isinstance(error, AuthenticationError) and not isinstance(error, LoginKindError):
        return _OTHER_LOGIN if login else _NO_LOGIN
    if isinstance(error, RefusedError) and error.status in (404, 405, 410):
        return _NOT_THERE
    return next((text for kind, text in _ADVICE if isinstance(error, kind)), "")


def told(
    error: HamaError, *, what: Iterable[str] = (), host: str | None = None, login: bool = False
) -> str:
    """The whole line for an error: of which streams, with which host."""
    if isinstance(error, LocalProtocolError):
        return str(error)
    names = " and ".join(what)
    line = f"{names}: {error}" if names else str(error)
    if host is not None and host not in line:
        line += f" ({host})"
    tip = advice(error, login=login)
    return f"{line}; {tip}" if tip else line


def note_troubles(
    troubles: Iterable[tuple[str, HamaError]], *, host: str | None = None, login: bool = False
) -> None:
    """Say each trouble once, with the names of all that met it; a name may be empty."""
    met: dict[tuple[type[HamaError], str], tuple[HamaError, list[str]]] = {}
    for name, error in troubles:
        # Whichever stream was asked for, it is the same slots that are taken.
        same = "" if isinstance(error, BusyError) else str(error)
        met.setdefault((type(error), same), (error, []))[1].append(name)
    for error, names in met.values():
        names = [name for name in names if name]
        shown = names if len(names) <= 3 else [*names[:2], f"{len(names) - 2} more"]
        note(told(error, what=shown, host=host, login=login))
