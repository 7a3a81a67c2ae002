"""hamaproto: the CGI protocol of a family of IP cameras, without I/O inside.

    from hamaproto import Camera, commands

    with Camera("http://192.168.1.20", auth=("admin", "1234")) as camera:
        picture = camera.snapshot().data

`Camera` is the driver for plain sockets; those for asyncio and trio are in `hamaproto.io`.
Programs with their own I/O take `Session`, which has logins, timeouts and reconnection, or
`ClientConnection`, which turns one request into bytes and the answer's bytes into events, or a
parser alone.  `commands` says what can be asked.

The names are imported when they are first asked for: a program pays for what it uses, and
the command is ready for Ctrl-C before it imports anything.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from hamaproto._version import __version__

if TYPE_CHECKING:
    from hamaproto import commands, models
    from hamaproto.client import ClientConnection
    from hamaproto.errors import (
        ArgumentTypeError,
        AuthenticationError,
        BusyError,
        CameraTimeoutError,
        CertificateError,
        ConnectError,
        ConnectionLostError,
        ConnectTimeoutError,
        DeviceError,
        HamaError,
        IdleTimeoutError,
        LimitExceededError,
        LocalProtocolError,
        LoginKindError,
        RefusedError,
        RemoteProtocolError,
        TransportError,
    )
    from hamaproto.events import (
        NEED_DATA,
        Anomaly,
        AnomalyCode,
        Arrival,
        AudioFrame,
        Data,
        EndOfStream,
        Event,
        Frame,
        G711Frame,
        NeedData,
        Param,
        ParamError,
        Part,
        Response,
        Skipped,
    )
    from hamaproto.gsm import GsmFrameParser
    from hamaproto.headers import Headers
    from hamaproto.io.blocking import Camera
    from hamaproto.limits import Limits
    from hamaproto.session import Action, Disconnected, Reconnected, Session, StreamEvent
    from hamaproto.settings import Backoff, Endpoint, Policy, Settings, Timeouts
    from hamaproto.wire import MjpegParser
    from hamaproto.wire.auth import Credentials
    from hamaproto.wire.jpeg import JpegInfo, insert_huffman_tables
    from hamaproto.wire.params import ParamList, ParamParser, parse_params

    #: True if the compiled twins are in use (see `HAMAPROTO_PURE`).
    ACCELERATED: bool

__all__ = [
    "ACCELERATED",
    "NEED_DATA",
    "Action",
    "Anomaly",
    "AnomalyCode",
    "ArgumentTypeError",
    "Arrival",
    "AudioFrame",
    "AuthenticationError",
    "Backoff",
    "BusyError",
    "Camera",
    "CameraTimeoutError",
    "CertificateError",
    "ClientConnection",
    "ConnectError",
    "ConnectTimeoutError",
    "ConnectionLostError",
    "Credentials",
    "Data",
    "DeviceError",
    "Disconnected",
    "EndOfStream",
    "Endpoint",
    "Event",
    "Frame",
    "G711Frame",
    "GsmFrameParser",
    "HamaError",
    "Headers",
    "IdleTimeoutError",
    "JpegInfo",
    "LimitExceededError",
    "Limits",
    "LocalProtocolError",
    "LoginKindError",
    "MjpegParser",
    "NeedData",
    "Param",
    "ParamError",
    "ParamList",
    "ParamParser",
    "Part",
    "Policy",
    "Reconnected",
    "RefusedError",
    "RemoteProtocolError",
    "Response",
    "Session",
    "Settings",
    "Skipped",
    "StreamEvent",
    "Timeouts",
    "TransportError",
    "__version__",
    "commands",
    "insert_huffman_tables",
    "models",
    "parse_params",
]

#: Where each public name is at home.
_HOMES: Final = {
    "client": ("ClientConnection",),
    "errors": (
        "ArgumentTypeError",
        "AuthenticationError",
        "BusyError",
        "CameraTimeoutError",
        "CertificateError",
        "ConnectError",
        "ConnectionLostError",
        "ConnectTimeoutError",
        "DeviceError",
        "HamaError",
        "IdleTimeoutError",
        "LimitExceededError",
        "LocalProtocolError",
        "LoginKindError",
        "RefusedError",
        "RemoteProtocolError",
        "TransportError",
    ),
    "events": (
        "NEED_DATA",
        "Anomaly",
        "AnomalyCode",
        "Arrival",
        "AudioFrame",
        "Data",
        "EndOfStream",
        "Event",
        "Frame",
        "G711Frame",
        "NeedData",
        "Param",
        "ParamError",
        "Part",
        "Response",
        "Skipped",
    ),
    "gsm": ("GsmFrameParser",),
    "headers": ("Headers",),
    "io.blocking": ("Camera",),
    "limits": ("Limits",),
    "session": ("Action", "Disconnected", "Reconnected", "Session", "StreamEvent"),
    "settings": ("Backoff", "Endpoint", "Policy", "Settings", "Timeouts"),
    "wire": ("MjpegParser",),
    "wire.auth": ("Credentials",),
    "wire.jpeg": (
        "JpegInfo",
        "insert_huffman_tables",
    ),
    "wire.params": (
        "ParamList",
        "ParamParser",
        "parse_params",
    ),
}
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    value: Any
    if name in ("commands", "models"):
        value = import_module(f"hamaproto.{name}")
    elif name == "ACCELERATED":
        value = import_module("hamaproto._accel").accelerated()
    elif name in _HOME_OF:
        value = getattr(import_module(f"hamaproto.{_HOME_OF[name]}"), name)
    else:
        raise AttributeError(f"module 'hamaproto' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
