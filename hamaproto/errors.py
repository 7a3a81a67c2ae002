"""The errors that hamaproto raises, all of them under `HamaError`.

Two questions decide the class: whose fault is it, and what can the caller do?

* `LocalProtocolError` - the program misused the API or passed a value that the
  protocol can't carry.  Fix the call.
* `RemoteProtocolError` - the peer sent bytes that have no safe reading.  It
  carries the offset in the stream at which that became certain.
* `DeviceError` - the bytes were fine and the device said no.
* `TransportError` - raised by the drivers in `hamaproto.io` only: the network
  said no, or said nothing for too long.

No message ever contains a password or a payload.
"""

from __future__ import annotations

__all__ = [
    "ArgumentTypeError",
    "AuthenticationError",
    "BusyError",
    "CameraTimeoutError",
    "CertificateError",
    "ConnectError",
    "ConnectTimeoutError",
    "ConnectionLostError",
    "DeviceError",
    "HamaError",
    "IdleTimeoutError",
    "LimitExceededError",
    "LocalProtocolError",
    "LoginKindError",
    "RefusedError",
    "RemoteProtocolError",
    "TransportError",
]


class HamaError(Exception):
    """The base of every error that hamaproto raises on purpose."""


class LocalProtocolError(HamaError, ValueError):
    """The caller used the API wrongly, or passed a value that is not allowed.

    The message names the value, what is allowed, and the clause that says so.
    """


class ArgumentTypeError(LocalProtocolError, TypeError):
    """An argument has a type that is not allowed: a `TypeError` as well."""


class RemoteProtocolError(HamaError):
    """The peer sent something that has no safe reading.

    `offset` counts bytes from the start of the stream that the raising parser
    was fed: the byte at which the fault became certain, however the input was cut.
    """

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset

    def __str__(self) -> str:
        return f"{self.message} (at byte {self.offset})"

    def __reduce__(self) -> tuple[type[RemoteProtocolError], tuple[str, int]]:
        return (type(self), (self.message, self.offset))


class LimitExceededError(RemoteProtocolError):
    """A bound of `hamaproto.Limits` was passed; the message names which one."""


class DeviceError(HamaError):
    """The device understood the request and refused it.

    `status` is the HTTP status of the answer, or None if there was none.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status

    def __reduce__(self) -> tuple[type[DeviceError], tuple[str, int | None]]:
        return (type(self), (self.message, self.status))


class AuthenticationError(DeviceError):
    """401, or a redirect to a login page: the credentials are missing or wrong."""


class LoginKindError(AuthenticationError):
    """The device wants a kind of login that is not known here, or a weaker one than before.

    No other password helps against it.
    """


class RefusedError(DeviceError):
    """An error status, or the device's own error line in a 200 answer."""


class BusyError(DeviceError):
    """A stream's head came and then the end, without one frame: all slots are taken."""


class TransportError(HamaError):
    """The network failed; raised by the drivers, never by a parser."""


class ConnectError(TransportError):
    """No connection could be made."""


class CertificateError(ConnectError):
    """https: the certificate is not to be trusted; the message says why and what to do."""


class ConnectionLostError(TransportError):
    """The connection ended before the answer did."""


class CameraTimeoutError(TransportError, TimeoutError):
    """Something took longer than allowed; as itself, the whole of an answer."""


class ConnectTimeoutError(ConnectError, CameraTimeoutError):
    """Nobody answered at the address in the time for connecting."""


class IdleTimeoutError(CameraTimeoutError):
    """A stream was silent for longer than its idle timeout: it is dead."""
