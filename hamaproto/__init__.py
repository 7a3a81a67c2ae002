"""hamaproto: the CGI protocol of a family of IP cameras, without I/O inside.

`commands` says what can be asked, `ClientConnection` turns a request into bytes and
the answer's bytes into events, the parsers can be used on their own, and
`hamaproto.io` has drivers for those who do not bring their own I/O.
"""

from hamaproto import commands, models
from hamaproto._accel import accelerated as _accelerated
from hamaproto._version import __version__
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
    NeedData,
    Param,
    ParamError,
    Part,
    Response,
    Skipped,
)
from hamaproto.gsm import GsmFrameParser
from hamaproto.headers import Headers
from hamaproto.limits import Limits
from hamaproto.wire import MjpegParser
from hamaproto.wire.auth import Credentials
from hamaproto.wire.jpeg import JpegInfo, insert_huffman_tables
from hamaproto.wire.params import ParamList, ParamParser, parse_params

__all__ = [
    "ACCELERATED",
    "NEED_DATA",
    "Anomaly",
    "AnomalyCode",
    "ArgumentTypeError",
    "Arrival",
    "AudioFrame",
    "AuthenticationError",
    "BusyError",
    "CameraTimeoutError",
    "CertificateError",
    "ClientConnection",
    "ConnectError",
    "ConnectTimeoutError",
    "ConnectionLostError",
    "Credentials",
    "Data",
    "DeviceError",
    "EndOfStream",
    "Event",
    "Frame",
    "GsmFrameParser",
    "HamaError",
    "Headers",
    "IdleTimeoutError",
    "JpegInfo",
    "LimitExceededError",
    "Limits",
    "LocalProtocolError",
    "MjpegParser",
    "NeedData",
    "Param",
    "ParamError",
    "ParamList",
    "ParamParser",
    "Part",
    "RefusedError",
    "RemoteProtocolError",
    "Response",
    "Skipped",
    "TransportError",
    "__version__",
    "commands",
    "insert_huffman_tables",
    "models",
    "parse_params",
]

#: True if the compiled twins are in use (see `HAMAPROTO_PURE`).
ACCELERATED: bool = _accelerated()
