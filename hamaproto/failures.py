"""How it fails to ask a camera: the errors of the network, in words that say what to do.

Each names the endpoint, and none a login, a query or a body.  Functions of what is known when
it fails, so that all drivers say the same.
"""

from __future__ import annotations

import os

from hamaproto.commands import BaseRequest, Reply, StreamRequest
from hamaproto.errors import (
    CameraTimeoutError,
    ConnectError,
    ConnectionLostError,
    ConnectTimeoutError,
    HamaError,
    IdleTimeoutError,
    RemoteProtocolError,
    TransportError,
)
from hamaproto.patience import TimeUp
from hamaproto.refusal import short_line
from hamaproto.settings import Endpoint, Timeouts

__all__ = [
    "connection_failed",
    "ended_early",
    "for_the_log",
    "handshake_timed_out",
    "hung_up",
    "is_no_http",
    "speaks_tls",
    "time_is_up",
    "with_what_came",
]

#: How a record of TLS begins that says why the other side hangs up (RFC 8446 5.1).
_TLS_ALERT = b"\x15\x03"


def connection_failed(endpoint: Endpoint, error: OSError, *, connecting: bool) -> TransportError:
    """An error of the operating system in our words."""
    # `reason` is what an error of `ssl` is about; its text names a line of C.
    words = getattr(error, "reason", None) or error.strerror or str(error) or type(error).__name__
    if type(error) is OSError or isinstance(error, ConnectionError):
        # asyncio puts the address in its words; the numbers of getaddrinfo are others.
        words = os.strerror(error.errno) if error.errno else words
    if connecting:
        made: TransportError = ConnectError(f"{endpoint}: can't connect: {words}")
    else:
        made = ConnectionLostError(f"{endpoint}: the connection was lost: {words}")
    made.__cause__ = error
    return made


# -- a time is up ----------------------------------------------------------------------


def handshake_timed_out(endpoint: Endpoint, timeouts: Timeouts) -> TransportError:
    """A connection stands, and nobody answers there in TLS."""
    times = [time for time in (timeouts.connect, timeouts.total) if time is not None]
    within = f"no TLS handshake within {min(times, default=0):g} s"
    return ConnectTimeoutError(f"{endpoint}: {within}: is it http:// and not https://?")


def time_is_up(
    which: TimeUp, endpoint: Endpoint, timeouts: Timeouts, request: BaseRequest, *, connecting: bool
) -> TransportError:
    """One of the times of `Timeouts` is over; `connecting`: before a connection stood."""
    if which == "total":
        what = "no head" if isinstance(request, StreamRequest) else "no whole answer"
        return CameraTimeoutError(f"{endpoint}: {what} within {timeouts.total or 0:g} s")
    if connecting:
        return ConnectTimeoutError(f"{endpoint}: can't connect within {timeouts.connect or 0:g} s")
    if which == "frame":
        what = "frame of sound" if request.reply is Reply.AUDIO else "complete picture"
        return IdleTimeoutError(f"{endpoint}: no {what} for {timeouts.frame or 0:g} s")
    return IdleTimeoutError(f"{endpoint}: silent for {timeouts.idle or 0:g} s")


# -- the other side is done --------------------------------------------------------------


def ended_early(endpoint: Endpoint) -> ConnectionLostError:
    """More of the answer was due."""
    return ConnectionLostError(f"{endpoint}: the connection ended before the answer did")


def hung_up(endpoint: Endpoint) -> ConnectionLostError:
    """Not one byte of an answer came."""
    words = "the connection was closed without an answer"
    if not endpoint.secure:
        words += " (if it speaks TLS: https://)"
    return ConnectionLostError(f"{endpoint}: {words}")


def speaks_tls(endpoint: Endpoint, first: bytes) -> ConnectError | None:
    """The error of an answer in TLS to a request in plain HTTP; None if it is no such answer."""
    if not first.startswith(_TLS_ALERT):
        return None
    return ConnectError(f"{endpoint}: it answers in TLS: is it https:// and not http://?")


# -- words -------------------------------------------------------------------------------


def is_no_http(first: bytes) -> str:
    """What to say of an answer by its first bytes; empty if it may be HTTP.

    A page without a head, or another protocol altogether.
    """
    start = first.lstrip(b"\r\n")
    if start[:5].upper() == b"HTTP/"[: len(start)]:
        return ""
    return f"what came is no HTTP: {short_line(start.decode('latin-1'))!r}..."


def with_what_came(error: HamaError, came: str) -> HamaError:
    """The same error, which says as well what had come before it."""
    if not came:
        return error
    made: HamaError
    if isinstance(error, RemoteProtocolError):
        made = type(error)(f"{error.message}; {came}", error.offset)
    else:
        made = type(error)(f"{error}; {came}")
    made.__cause__ = error.__cause__
    return made


def for_the_log(endpoint: Endpoint, error: HamaError | None) -> str:
    """An error in words of ours: those of a device are part of a body."""
    if error is None:
        return "the camera ended the stream"
    if not isinstance(error, TransportError):
        return type(error).__name__
    return str(error).removeprefix(f"{endpoint}: ")
