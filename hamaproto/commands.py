"""What can be asked: the 36 commands of the specification, as data with typed builders.

In: values.  Out: a `Request` (or, for an answer without end, a `StreamRequest`), which is
the exact target of one GET and knows what its answer means:

    >>> set_mjpeg_fps(15).target
    '/camera-cgi/admin/param.cgi?action=update&Image.I0.Stream.FPS=15'

`CATALOGUE` lists the commands in the order of the specification, each with its builder,
its allowed values and an example; it is the only list of them, and drivers have no
method per command.  The type of a `Request` says what executing it returns.

Targets have the specification's spelling and order of parameters to the letter, because
the cameras search the query for the name of a parameter, take the first hit, and decode
no percent-escapes.  That also decides what a value may be: characters that a URL can hold
unescaped, no `&`, `=` or `#`, at most 126 bytes.  Anything else is refused rather than
altered, here or by an HTTP library on its way.  Values are held against the printed lists
too; `unchecked=True` sends one that newer firmware may know, and is bound only by what
can be carried.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum, StrEnum
from types import MappingProxyType
from typing import Any, Final, Generic, Literal, TypeVar, overload

from hamaproto import _checks
from hamaproto._checks import wrong_type
from hamaproto.errors import ArgumentTypeError, LocalProtocolError
from hamaproto.events import Anomaly, AudioFrame, Data, EndOfStream, Frame, Part, Skipped
from hamaproto.models import (
    Ack,
    AudioStatus,
    Brand,
    Channel,
    DefaultVideoFormat,
    Firmware,
    HttpPort,
    ImageProperties,
    MacAddress,
    MjpegAppearance,
    MjpegFps,
    MjpegImageProperties,
    Mpeg4Appearance,
    Mpeg4Fps,
    Mpeg4ImageProperties,
    PrivateVideoPort,
    PtzStatus,
    RateControl,
    RawAnswer,
    Resolution,
    Users,
    VideoFormat,
    View,
)
from hamaproto.wire.params import ParamList, without_root

__all__ = [
    "CATALOGUE",
    "JPEG_COMPRESSIONS",
    "MJPEG_FPS",
    "MJPEG_RESOLUTIONS",
    "MPEG4_BITRATES",
    "MPEG4_COMPRESSIONS",
    "MPEG4_FPS",
    "MPEG4_RESOLUTIONS",
    "PAN_TILT_SPEEDS",
    "PRESET_INDEXES",
    "VOLUMES",
    "AudioEnable",
    "AudioEvent",
    "BaseRequest",
    "Channel",
    "Command",
    "Direction",
    "FlipMode",
    "RateControl",
    "Reply",
    "Request",
    "Resolution",
    "StreamRequest",
    "VideoEvent",
    "VideoFormat",
    "add_preset",
    "audio_status",
    "audio_stream",
    "brand",
    "default_video_format",
    "firmware",
    "go_to_preset",
    "http_port",
    "image",
    "image_properties",
    "image_without_login",
    "list_params",
    "mac_address",
    "mjpeg_appearance",
    "mjpeg_fps",
    "mjpeg_image_properties",
    "move",
    "mpeg4_appearance",
    "mpeg4_fps",
    "mpeg4_image_properties",
    "private_video_port",
    "ptz_status",
    "raw",
    "remove_preset",
    "set_audio",
    "set_default_video_format",
    "set_flip_mode",
    "set_jpeg_compression",
    "set_mjpeg_fps",
    "set_mjpeg_resolution",
    "set_mpeg4_bitrate",
    "set_mpeg4_compression",
    "set_mpeg4_fps",
    "set_mpeg4_rate_control",
    "set_mpeg4_resolution",
    "set_pan_tilt_speed",
    "talk",
    "update_params",
    "users",
    "video_stream",
]

R_co = TypeVar("R_co", covariant=True)
E_co = TypeVar("E_co", covariant=True)
V = TypeVar("V", bound=View)

#: What the stream of 1.3 can say.
VideoEvent = Frame | Part | Anomaly | Skipped | EndOfStream
#: What the stream of 3.1 can say.
AudioEvent = AudioFrame | Anomaly | Skipped | EndOfStream


# -- the choices that the specification prints -----------------------------------------


class Direction(StrEnum):
    """The nine directions of 4.1; `CENTER` is the home position."""

    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"
    UPLEFT = "upleft"
    UPRIGHT = "upright"
    DOWNLEFT = "downleft"
    DOWNRIGHT = "downright"
    CENTER = "center"


class FlipMode(IntEnum):
    """How the picture is turned (2.2.10)."""

    NORMAL = 0
    VERTICAL_MIRROR = 1
    HORIZONTAL_MIRROR = 2
    ROTATE_180 = 3


class AudioEnable(StrEnum):
    """Whether the camera records sound (3.3); set in these words, unlike 3.2's answer."""

    NO = "No"
    YES = "Yes"


MJPEG_RESOLUTIONS = (Resolution(1280, 1024), Resolution(640, 480), Resolution(320, 240))
MPEG4_RESOLUTIONS = (Resolution(1024, 768), Resolution(640, 480), Resolution(320, 240))
#: 2.2.3: from 0, low compression, to 4, high.
JPEG_COMPRESSIONS = (0, 1, 2, 3, 4)
#: 2.2.6: from 13, the lowest quality, to 5, the highest.
MPEG4_COMPRESSIONS = (13, 11, 9, 7, 5)
#: 2.2.5: bits a second.
MPEG4_BITRATES = (
    *(2_000_000, 1_500_000, 1_000_000, 800_000, 500_000),
    *(400_000, 300_000, 250_000, 200_000),
)
#: 2.2.7, 2.2.8: frames a second.
MJPEG_FPS = (1, 3, 5, 10, 15, 30)
MPEG4_FPS = (3, 5, 10, 15)
#: 3.3: per cent.
VOLUMES = (0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
#: 4.6: from 1, fast, to 9, slow.
PAN_TILT_SPEEDS = (1, 3, 5, 7, 9)
#: The specification leaves the range open; the cameras ignore any other index.
PRESET_INDEXES = (0, 1, 2, 3, 4, 5, 6, 7, 8)

_LIST = "/camera-cgi/admin/param.cgi?action=list"
_UPDATE = "/camera-cgi/admin/param.cgi?action=update"
_FORM = "/form/enet?enet_source=cp.asp"
_PTZ = "/camera-cgi/com/ptz.cgi"
_PTZ_CONFIG = "/camera-cgi/com/ptzconfig.cgi"

#: The cameras ignore a longer value, and store no more of a preset's name.
_MAX_VALUE = 126
_MAX_PRESET_NAME = 63


# -- requests --------------------------------------------------------------------------


class Reply(Enum):
    """What the answer to a request is, and so which reader its body goes to."""

    IMAGE = "one JPEG image"
    MJPEG = "a multipart stream of JPEG images"
    AUDIO = "a stream of GSM 06.10 frames"
    TALK = "nothing: GSM 06.10 frames go up the connection"
    PARAMS = "a parameter list"
    ACK = "OK"
    FORM = "a redirect"
    ANY = "anything"


#: A request target: visible ASCII from the first slash on, without a fragment.
_TARGET = re.compile(r"/[!-\"$-~]*")
_BASE = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[^\[\]]*\]|[A-Za-z0-9._~-]+)"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<prefix>(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)*)",
    re.IGNORECASE | re.ASCII,
)
_ZONE = re.compile(r"[A-Za-z0-9._~-]+")


@dataclass(frozen=True, slots=True, repr=False)
class BaseRequest:
    """One GET: what `Request` and `StreamRequest` have in common.

    `target` goes into the request line as it is.  `number` is the clause of the
    specification, None outside it.  With `anonymous`, no credentials are to be sent.
    """

    target: str
    number: str | None
    title: str
    reply: Reply
    anonymous: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        allowed = "a str that begins with '/', such as '/jpg/image.jpg'"
        _checks.instance("Request", "target", self.target, str, allowed)
        if not _TARGET.fullmatch(self.target):
            raise LocalProtocolError(
                "a request target begins with '/' and has visible ASCII characters only, "
                "no blank and no '#'" + _first_fault(self.target)
            )

    @property
    def method(self) -> str:
        return "GET"

    def url(self, base: str) -> str:
        """The request as a URL for an HTTP library.

        `base` is `http://host[:port][/prefix]`, or the same with https.  Credentials are
        refused there, since URLs end up in logs: give them to the library.

        Raises LocalProtocolError, whose message does not repeat the base.
        """
        return _checked_base(base) + self.target

    def __repr__(self) -> str:
        # What follows the "?" of a target that is not ours may be a password.
        target = self.target if self.number else self.target.partition("?")[0]
        return f"<{type(self).__name__} {self.number or self.title}: GET {target}>"


@dataclass(frozen=True, slots=True, repr=False)
class Request(BaseRequest, Generic[R_co]):
    """A request whose answer ends; executing it gives an `R_co`.

    `model` makes that out of the parameter list of a `Reply.PARAMS`; it is None for
    every other reply.
    """

    model: Callable[[ParamList], R_co] | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True, repr=False)
class StreamRequest(BaseRequest, Generic[E_co]):
    """A request whose answer goes on until somebody hangs up: a stream of `E_co` events."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Command:
    """One row of the catalogue.

    `number` is the clause of the specification; it prints 2.1.7 twice, which are `2.1.7a`
    and `2.1.7b` here.  `example` is the specification's own example, or the only form that
    the command has.  `allowed` has the printed values of each argument of `build`, as they
    are written in the target; an argument that takes any value is not in it.
    """

    build: Callable[..., Request[Any] | StreamRequest[Any]]
    example: Request[Any] | StreamRequest[Any]
    allowed: Mapping[str, tuple[str, ...]]

    @property
    def number(self) -> str:
        return self.example.number or ""

    @property
    def clause(self) -> str:
        """The number as the specification prints it."""
        return self.number.rstrip("ab")

    @property
    def name(self) -> str:
        """The name of the builder."""
        return self.build.__name__

    @property
    def title(self) -> str:
        return self.example.title

    @property
    def reply(self) -> Reply:
        return self.example.reply

    def __repr__(self) -> str:
        return f"<Command {self.number} {self.name}>"


def _first_fault(target: str) -> str:
    """Where a target goes wrong, without repeating it: it may hold a password."""
    for index, character in enumerate(target):
        if not _TARGET.fullmatch("/" + character):
            return f"; got {character!r} at index {index}"
    return ""


def _checked_base(base: str) -> str:
    if not isinstance(base, str):
        raise ArgumentTypeError(f"a base URL is a str, not {type(base).__name__}")
    authority = base.partition("://")[2] or base
    if "@" in authority.partition("/")[0] or "@" in base.partition("?")[0].partition("#")[0]:
        raise LocalProtocolError(
            "a base URL carries no user name or password: URLs end up in logs; give "
            "credentials to the connection"
        )
    match = _BASE.fullmatch(base)
    if match is None:
        raise LocalProtocolError(
            "a base URL is http://host[:port][/prefix] or the same with https, in ASCII, "
            "without blanks, query or fragment"
        )
    host, port, prefix = match["host"], match["port"], match["prefix"]
    if host.startswith("["):
        address, percent, zone = host[1:-1].partition("%25")
        try:
            ipaddress.IPv6Address(address)
        except ValueError:
            raise LocalProtocolError(
                "the brackets of a base URL hold an IPv6 address, as in http://[::1]:8080"
            ) from None
        if "%" in address or (percent and not _ZONE.fullmatch(zone)):
            raise LocalProtocolError("the zone of an IPv6 address is written %25name in a URL")
    if port is not None and not 1 <= int(port) <= 65535:
        raise LocalProtocolError(f"port {port}: allowed are 1 to 65535")
    if any(segment in (".", "..") for segment in prefix.split("/")):
        raise LocalProtocolError("the prefix of a base URL has no '.' or '..' segments")
    return base.rstrip("/")


# -- values ----------------------------------------------------------------------------

#: What RFC 3986 lets stand in a query, less "&", "=" and "%": the characters that reach a
#: camera unchanged through every HTTP library.
_VALUE = re.compile(r"[A-Za-z0-9._~!$'()*+,;:@/?-]*")
#: What RFC 3986 lets stand in a segment of a path.
_SEGMENT_SAFE = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@"
)


def _carried(what: str, text: str) -> str:
    """`text`, if it reaches the camera as it is; the message does not repeat it."""
    for index, character in enumerate(text):
        if not _VALUE.fullmatch(character):
            raise LocalProtocolError(
                f"{what}: {character!r} at index {index} can't be carried; the cameras decode "
                "no percent-escapes, so a value is made of ASCII letters, digits and "
                "-._~!$'()*+,;:@/?"
            )
    if not text or len(text) > _MAX_VALUE:
        raise LocalProtocolError(
            f"{what}: {len(text)} bytes; the cameras ignore an empty value and one of more "
            f"than {_MAX_VALUE} bytes"
        )
    return text


def _query(head: str, pairs: Iterable[tuple[str, str]]) -> str:
    """The target `head` with `name=value` pairs behind it, in this order."""
    target = head
    for name, value in pairs:
        joint = "&" if "?" in target else "?"
        at = len(target) + 1
        target += f"{joint}{name}={value}"
        if target.find(name, target.index("?")) != at:
            raise LocalProtocolError(
                f"the name {name} also occurs before its place in the query; the cameras take "
                "the first hit: use another value, or one request for each parameter"
            )
    return target


def _written(what: str, value: object) -> str:
    """A value as it stands in a target."""
    if isinstance(value, Resolution):
        return str(value)
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ArgumentTypeError(f"{what}: takes a str or an int, not {type(value).__name__}")
    if isinstance(value, int) and value.bit_length() > 8 * _MAX_VALUE:
        raise LocalProtocolError(f"{what}: a number of more than {_MAX_VALUE} bytes")
    return str(value)


def _chosen(
    what: str, clause: str, value: object, allowed: tuple[str, ...], unchecked: bool
) -> str:
    """A value as it stands in a target, held against what the specification prints."""
    text = _written(what, value)
    if text in allowed:
        return text
    if unchecked:
        return _carried(what, text)
    shown = text if len(text) <= 40 else text[:40] + "..."
    raise LocalProtocolError(
        f"{what}: {shown!r} is not allowed; allowed are {', '.join(allowed)} (clause {clause}); "
        "unchecked=True sends other values"
    )


def _texts(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(_written("a printed value", value) for value in values)


def _code(kind: type[VideoFormat | RateControl], value: object) -> object:
    """How a command spells what `value` means in any spelling, else `value`."""
    if not isinstance(value, (str, int)):
        return value
    try:
        return kind(str(value)).code
    except ValueError:
        return value


def _resolution(value: object) -> object:
    if isinstance(value, str):
        return Resolution.parse(value) or value
    if isinstance(value, tuple) and len(value) == 2:
        width, height = (_written("resolution", part) for part in value)
        return f"{width}x{height}"
    return value


#: What each argument of a builder may be, by the clause.
_ALLOWED: dict[str, dict[str, tuple[str, ...]]] = {
    "2.2.1": {"resolution": _texts(MJPEG_RESOLUTIONS)},
    "2.2.2": {"resolution": _texts(MPEG4_RESOLUTIONS)},
    "2.2.3": {"compression": _texts(JPEG_COMPRESSIONS)},
    "2.2.4": {"rate_control": _texts(choice.code for choice in RateControl)},
    "2.2.5": {"bitrate": _texts(MPEG4_BITRATES)},
    "2.2.6": {"compression": _texts(MPEG4_COMPRESSIONS)},
    "2.2.7": {"fps": _texts(MJPEG_FPS)},
    "2.2.8": {"fps": _texts(MPEG4_FPS)},
    "2.2.9": {"video_format": _texts(choice.code for choice in VideoFormat)},
    "2.2.10": {"flip_mode": _texts(FlipMode)},
    "3.3": {
        "enable": _texts(AudioEnable),
        "microphone_volume": _texts(VOLUMES),
        "output_volume": _texts(VOLUMES),
    },
    "4.1": {"direction": _texts(Direction)},
    "4.2": {"index": _texts(PRESET_INDEXES)},
    "4.3": {"index": _texts(PRESET_INDEXES)},
    "4.4": {"index": _texts(PRESET_INDEXES)},
    "4.6": {"speed": _texts(PAN_TILT_SPEEDS)},
}


def _argument(clause: str, name: str, value: object, unchecked: bool) -> str:
    return _chosen(
        name.replace("_", " "), clause, value, _ALLOWED[clause][name], unchecked=unchecked
    )


def _view(number: str, title: str, view: type[V]) -> Request[V]:
    target = _query(_LIST, [("group", view.group)])
    return Request(target, number, title, Reply.PARAMS, model=view.from_params)


def _update(number: str, title: str, key: str, value: str) -> Request[Ack]:
    return Request(_query(_UPDATE, [(key, value)]), number, title, Reply.ACK)


def _form(number: str, title: str, *pairs: tuple[str, str]) -> Request[Ack]:
    return Request(_query(_FORM, pairs), number, title, Reply.FORM)


# -- 1. JPEG image commands ------------------------------------------------------------


def image() -> Request[Frame]:
    """1.1: one JPEG image."""
    return Request("/jpg/image.jpg", "1.1", "Get one JPEG image", Reply.IMAGE)


def image_without_login(name: str = "loginfree.jpg") -> Request[Frame]:
    """1.2: one JPEG image, asked for without credentials.

    `name` is the file name set in the camera: one segment of a path, in visible ASCII or
    blanks; what can't stand in a URL is percent-encoded, for paths are decoded.
    """
    if not isinstance(name, str):
        raise ArgumentTypeError(f"file name: takes a str, not {type(name).__name__}")
    if name in ("", ".", "..") or len(name) > _MAX_VALUE:
        raise LocalProtocolError(
            f"file name of {len(name)} characters: it is one segment of a path, of 1 to "
            f"{_MAX_VALUE} characters and neither '.' nor '..' (clause 1.2)"
        )
    for index, character in enumerate(name):
        if not " " <= character <= "~" or character in "/\\?#":
            raise LocalProtocolError(
                f"file name: {character!r} at index {index} can't be carried; it is one segment "
                "of a path, in ASCII, without / \\ ? # and controls (clause 1.2)"
            )
    segment = "".join(c if c in _SEGMENT_SAFE else f"%{ord(c):02X}" for c in name)
    return Request(
        f"/{segment}",
        "1.2",
        "Get one JPEG image without any authentication",
        Reply.IMAGE,
        anonymous=True,
    )


def video_stream() -> StreamRequest[VideoEvent]:
    """1.3: JPEG images until somebody hangs up."""
    return StreamRequest("/mjpg/video.mjpg", "1.3", "Get one JPEG video stream", Reply.MJPEG)


# -- 2.1 Get system information and configuration --------------------------------------


def image_properties() -> Request[ImageProperties]:
    """2.1.1: the resolutions and formats that the camera supports."""
    return _view("2.1.1", "Get image properties supported by camera", ImageProperties)


def mjpeg_image_properties() -> Request[MjpegImageProperties]:
    """2.1.2: the resolutions that the MJPEG channel supports."""
    return _view("2.1.2", "Get MJPEG image properties supported by camera", MjpegImageProperties)


def mpeg4_image_properties() -> Request[Mpeg4ImageProperties]:
    """2.1.3: the resolutions that the MPEG4 channel supports."""
    return _view("2.1.3", "Get MPEG4 image properties supported by camera", Mpeg4ImageProperties)


def mjpeg_appearance() -> Request[MjpegAppearance]:
    """2.1.4: resolution and compression of the MJPEG channel."""
    return _view(
        "2.1.4",
        "Get current camera configuration of resolution and JPEG quality",
        MjpegAppearance,
    )


def mpeg4_appearance() -> Request[Mpeg4Appearance]:
    """2.1.6: resolution, rate control, and compression or bitrate of the MPEG4 channel."""
    return _view(
        "2.1.6",
        "Get current camera configuration of resolution and MPEG4 quality",
        Mpeg4Appearance,
    )


def mjpeg_fps() -> Request[MjpegFps]:
    """2.1.7, the first: frames a second of the MJPEG channel."""
    return _view("2.1.7a", "Get current FPS value of MJPEG camera", MjpegFps)


def mpeg4_fps() -> Request[Mpeg4Fps]:
    """2.1.7, the second: frames a second of the MPEG4 channel."""
    return _view("2.1.7b", "Get current FPS value of MPEG4 camera", Mpeg4Fps)


def default_video_format() -> Request[DefaultVideoFormat]:
    """2.1.8: the format that the camera's own page shows."""
    return _view("2.1.8", "Get default video format", DefaultVideoFormat)


def brand() -> Request[Brand]:
    """2.1.9: who sells the camera, and as what."""
    return _view("2.1.9", "Get information about the brand", Brand)


def mac_address() -> Request[MacAddress]:
    """2.1.10: the hardware address."""
    return _view("2.1.10", "Get hardware MAC address of camera", MacAddress)


def firmware() -> Request[Firmware]:
    """2.1.11: version, model and vendor of the firmware."""
    return _view("2.1.11", "Get Firmware Version, Model ID and Vendor ID", Firmware)


def http_port() -> Request[HttpPort]:
    """2.1.12: the port of the web server."""
    return _view("2.1.12", "Get web port number", HttpPort)


def private_video_port() -> Request[PrivateVideoPort]:
    """2.1.13: the port of the maker's own video protocol."""
    return _view("2.1.13", "Get private video port number", PrivateVideoPort)


def users() -> Request[Users]:
    """2.1.14: how many may watch at once, and how many do."""
    return _view("2.1.14", "Get MaxUsers and CurrentUsers Number", Users)


# -- 2.2 Set system configuration ------------------------------------------------------


def set_mjpeg_resolution(
    resolution: Resolution | str | tuple[int, int], *, unchecked: bool = False
) -> Request[Ack]:
    """2.2.1: one of `MJPEG_RESOLUTIONS`."""
    return _update(
        "2.2.1",
        "Set resolution of MJPEG camera",
        f"Image.{Channel.MJPEG}.Appearance.Resolution",
        _argument("2.2.1", "resolution", _resolution(resolution), unchecked),
    )


def set_mpeg4_resolution(
    resolution: Resolution | str | tuple[int, int], *, unchecked: bool = False
) -> Request[Ack]:
    """2.2.2: one of `MPEG4_RESOLUTIONS`."""
    return _update(
        "2.2.2",
        "Set resolution of MPEG4 camera",
        f"Image.{Channel.MPEG4}.Appearance.Resolution",
        _argument("2.2.2", "resolution", _resolution(resolution), unchecked),
    )


def set_jpeg_compression(compression: int | str, *, unchecked: bool = False) -> Request[Ack]:
    """2.2.3: from 0 (low) to 4 (high)."""
    return _update(
        "2.2.3",
        "Set JPEG compression level",
        f"Image.{Channel.MJPEG}.Appearance.Compression",
        _argument("2.2.3", "compression", compression, unchecked),
    )


def set_mpeg4_rate_control(
    rate_control: RateControl | str | int, *, unchecked: bool = False
) -> Request[Ack]:
    """2.2.4: hold the quality (`RateControl.COMPRESSION`, VBR) or the `BITRATE` (CBR)."""
    return _update(
        "2.2.4",
        "Set MPEG4 video quality",
        f"Image.{Channel.MPEG4}.Appearance.stats",
        _argument("2.2.4", "rate_control", _code(RateControl, rate_control), unchecked),
    )


def set_mpeg4_bitrate(bitrate: int | str, *, unchecked: bool = False) -> Request[Ack]:
    """2.2.5: one of `MPEG4_BITRATES`, in bits a second; counts under `BITRATE` control."""
    return _update(
        "2.2.5",
        "Set MPEG4 CBR Bitrate",
        f"Image.{Channel.MPEG4}.Appearance.bitrate",
        _argument("2.2.5", "bitrate", bitrate, unchecked),
    )


def set_mpeg4_compression(compression: int | str, *, unchecked: bool = False) -> Request[Ack]:
    """2.2.6: 13 (lowest quality), 11, 9, 7 or 5 (highest); counts under `COMPRESSION` control."""
    return _update(
        "2.2.6",
        "Set MPEG4 VBR Compression",
        f"Image.{Channel.MPEG4}.Appearance.Compression",
        _argument("2.2.6", "compression", compression, unchecked),
    )


def set_mjpeg_fps(fps: int | str, *, unchecked: bool = False) -> Request[Ack]:
    """2.2.7: 1, 3, 5, 10, 15 or 30 frames a second; cameras round others up."""
    return _update(
        "2.2.7",
        "Set MJPEG camera FPS",
        f"Image.{Channel.MJPEG}.Stream.FPS",
        _argument("2.2.7", "fps", fps, unchecked),
    )


def set_mpeg4_fps(fps: int | str, *, unchecked: bool = False) -> Request[Ack]:
    """2.2.8: 3, 5, 10 or 15 frames a second."""
    return _update(
        "2.2.8",
        "Set MPEG4 camera FPS",
        f"Image.{Channel.MPEG4}.Stream.FPS",
        _argument("2.2.8", "fps", fps, unchecked),
    )


def set_default_video_format(
    video_format: VideoFormat | str | int, *, unchecked: bool = False
) -> Request[Ack]:
    """2.2.9: the format that the camera's own page shows."""
    value = _argument("2.2.9", "video_format", _code(VideoFormat, video_format), unchecked)
    return _form(
        "2.2.9",
        "Set Default Video Format to MJPEG or MPEG4",
        ("enet_avs_default_dual_mode", value),
    )


def set_flip_mode(flip_mode: FlipMode | int | str, *, unchecked: bool = False) -> Request[Ack]:
    """2.2.10: mirror the picture, or turn it."""
    value = _argument("2.2.10", "flip_mode", flip_mode, unchecked)
    return _form("2.2.10", "Set Video Flip Mode", ("enet_avs_flip_mode", value))


# -- 3. Audio commands -----------------------------------------------------------------


def audio_stream() -> StreamRequest[AudioEvent]:
    """3.1: GSM 06.10 frames of 33 bytes, 50 a second, until somebody hangs up."""
    return StreamRequest(
        "/camera-cgi/audio/receive.cgi", "3.1", "Request an audio stream", Reply.AUDIO
    )


def audio_status() -> Request[AudioStatus]:
    """3.2: whether the camera hears and speaks, and in which codec."""
    return _view("3.2", "Get Audio Status", AudioStatus)


def set_audio(
    enable: AudioEnable | bool | str | None = None,
    microphone_volume: int | str | None = None,
    output_volume: int | str | None = None,
    *,
    unchecked: bool = False,
) -> Request[Ack]:
    """3.3: sound on or off, and the volumes from 0 to 100 in tens; None leaves one as it is."""
    if isinstance(enable, bool):
        enable = AudioEnable.YES if enable else AudioEnable.NO
    elif isinstance(enable, str) and enable.capitalize() in _ALLOWED["3.3"]["enable"]:
        enable = enable.capitalize()
    arguments = (
        ("enet_audio_enable", "enable", enable),
        ("enet_audio_mic_vol", "microphone_volume", microphone_volume),
        ("enet_audio_output_vol", "output_volume", output_volume),
    )
    pairs = [
        (key, _argument("3.3", name, value, unchecked))
        for key, name, value in arguments
        if value is not None
    ]
    if not pairs:
        raise LocalProtocolError(
            "set_audio() changes nothing: give enable, microphone_volume or output_volume "
            "(clause 3.3)"
        )
    return _form("3.3", "Set Audio Volume", *pairs)


# -- 4. PTZ commands -------------------------------------------------------------------


def move(direction: Direction | str, *, unchecked: bool = False) -> Request[Ack]:
    """4.1: one step in a direction; `center` goes home."""
    value = _argument("4.1", "direction", direction, unchecked)
    return Request(
        _query(_PTZ, [("move", value)]),
        "4.1",
        "Move the image in the specified direction",
        Reply.ACK,
    )


def go_to_preset(index: int | str, *, unchecked: bool = False) -> Request[Ack]:
    """4.2: to a preset point, 0 to 8; one that was never set does not move the camera."""
    value = _argument("4.2", "index", index, unchecked)
    return Request(
        _query(_PTZ, [("gotoserverpresetIndex", value)]),
        "4.2",
        "Move the image to preset point",
        Reply.ACK,
    )


def add_preset(name: str, index: int | str, *, unchecked: bool = False) -> Request[Ack]:
    """4.3: call the present position `name` and keep it under `index`, 0 to 8.

    The title is the specification's; no camera of the family zooms.
    """
    return _preset(
        "4.3",
        "Add a preset point with current image coordinate and zoom configuration",
        "setserverpresetname",
        name,
        index,
        unchecked,
    )


def remove_preset(name: str, index: int | str, *, unchecked: bool = False) -> Request[Ack]:
    """4.4: forget the preset point `name` under `index`, 0 to 8."""
    return _preset("4.4", "Remove a preset point", "removeserverpresetname", name, index, unchecked)


def _preset(
    number: str, title: str, key: str, name: str, index: int | str, unchecked: bool
) -> Request[Ack]:
    if not isinstance(name, str):
        raise ArgumentTypeError(f"preset name: takes a str, not {type(name).__name__}")
    _carried("preset name", name)
    if len(name) > _MAX_PRESET_NAME and not unchecked:
        raise LocalProtocolError(
            f"preset name: {len(name)} bytes; the cameras keep {_MAX_PRESET_NAME} "
            f"(clause {number}); unchecked=True sends more"
        )
    pairs = [(key, name), ("presetNo", _argument(number, "index", index, unchecked))]
    return Request(_query(_PTZ_CONFIG, pairs), number, title, Reply.ACK)


def ptz_status() -> Request[PtzStatus]:
    """4.5: whether the camera moves."""
    return _view("4.5", "Get PTZ status", PtzStatus)


def set_pan_tilt_speed(speed: int | str, *, unchecked: bool = False) -> Request[Ack]:
    """4.6: 1 is fast, 9 is slow; 3, 5 and 7 lie between."""
    value = _argument("4.6", "speed", speed, unchecked)
    return _form("4.6", "Set PT Speed", ("enet_avs_pt_speed", value))


# -- beyond the catalogue --------------------------------------------------------------


def _as_it_is(params: ParamList) -> ParamList:
    return params


def _asked(what: str, name: str) -> str:
    """The name of a group or a parameter, without the `root.` that some answers have."""
    return without_root(_carried(what, name))


def list_params(*groups: str) -> Request[ParamList]:
    """The parameters of one or more groups in one request, by the clauses 2.1.

    The cameras know groups by their full names only: a parent, or `*`, is answered with an
    error line.  A leading `root.`, which answers have, is left out of what is sent.  All the
    names together may have 126 bytes.
    """
    if not groups:
        raise LocalProtocolError("list_params() needs a group: without one the answer is empty")
    asked = []
    for group in groups:
        if not isinstance(group, str):
            raise ArgumentTypeError(f"group: takes a str, not {type(group).__name__}")
        if "," in group:
            raise LocalProtocolError("group: ',' separates groups; pass them as arguments")
        asked.append(_asked("group", group))
    value = _carried("all groups in one request", ",".join(asked))
    target = _query(_LIST, [("group", value)])
    return Request(target, None, "List parameters", Reply.PARAMS, model=_as_it_is)


_PAIRS: Final = "a mapping of keys to values, or (key, value) pairs"


def _iterated(params: object) -> Iterable[Any]:
    if isinstance(params, str | bytes) or not isinstance(params, Iterable):
        raise wrong_type("update_params", "params", params, _PAIRS, secret=True)
    return params


def update_params(
    params: Mapping[str, str | int] | Iterable[tuple[str, str | int]],
) -> Request[Ack]:
    """Set parameters by their keys, in the order given, by the clauses 2.2.

    Nothing is held against a list of values.  The cameras say OK to unknown keys and bad
    values too: only `list_params` shows what was stored.  A leading `root.` of a key is left
    out of what is sent.
    """
    pairs = []
    for pair in params.items() if isinstance(params, Mapping) else _iterated(params):
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise wrong_type("update_params", "params", params, _PAIRS, secret=True)
        key, value = pair
        if not isinstance(key, str):
            raise ArgumentTypeError(f"key: takes a str, not {type(key).__name__}")
        key = _asked("key", key)
        what = f"value of {key}"
        pairs.append((key, _carried(what, _written(what, value))))
    if not pairs:
        raise LocalProtocolError("update_params() needs a parameter")
    return Request(_query(_UPDATE, pairs), None, "Update parameters", Reply.ACK)


def talk() -> StreamRequest[Data | EndOfStream]:
    """Talk back: send this, then GSM 06.10 frames of 33 bytes up the same connection.

    Not in the specification; the firmware has it, and has not been seen to answer.
    """
    return StreamRequest("/camera-cgi/audio/transmit.cgi", None, "Talk back", Reply.TALK)


@overload
def raw(target: str, *, reply: Literal[Reply.ANY] = ...) -> Request[RawAnswer]: ...
@overload
def raw(target: str, *, reply: Literal[Reply.IMAGE]) -> Request[Frame]: ...
@overload
def raw(target: str, *, reply: Literal[Reply.PARAMS]) -> Request[ParamList]: ...
@overload
def raw(target: str, *, reply: Literal[Reply.ACK, Reply.FORM]) -> Request[Ack]: ...
@overload
def raw(target: str, *, reply: Literal[Reply.MJPEG]) -> StreamRequest[VideoEvent]: ...
@overload
def raw(target: str, *, reply: Literal[Reply.AUDIO]) -> StreamRequest[AudioEvent]: ...
@overload
def raw(target: str, *, reply: Literal[Reply.TALK]) -> StreamRequest[Data | EndOfStream]: ...
@overload
def raw(target: str, *, reply: Reply) -> Request[Any] | StreamRequest[Any]: ...
def raw(target: str, *, reply: Reply = Reply.ANY) -> Request[Any] | StreamRequest[Any]:
    """Any other GET; `target` goes out as it is.

    It begins with `/` and has visible ASCII characters only; an HTTP library that is given
    its `url()` may escape the ones that RFC 3986 does not let stand in a URL.

    `reply` says what the answer is, and so what comes of it: `Reply.ANY` gives a `RawAnswer`,
    `IMAGE` a `Frame`, `PARAMS` a `ParamList`, `ACK` and `FORM` an `Ack`.  `MJPEG`, `AUDIO` and
    `TALK` are streams: `raw("/video.cgi", reply=Reply.MJPEG)` is for `Camera.stream`.
    """
    _checks.instance("raw", "reply", reply, Reply, "a member of hamaproto.commands.Reply")
    kind = StreamRequest if reply in (Reply.MJPEG, Reply.AUDIO, Reply.TALK) else Request
    return kind(target, None, "Raw request", reply)


def _command(
    build: Callable[..., Request[Any] | StreamRequest[Any]], *arguments: object
) -> Command:
    example = build(*arguments)
    return Command(build, example, MappingProxyType(_ALLOWED.get(example.number or "", {})))


#: Every command of the specification, in its order.
CATALOGUE: tuple[Command, ...] = (
    _command(image),
    _command(image_without_login),
    _command(video_stream),
    _command(image_properties),
    _command(mjpeg_image_properties),
    _command(mpeg4_image_properties),
    _command(mjpeg_appearance),
    _command(mpeg4_appearance),
    _command(mjpeg_fps),
    _command(mpeg4_fps),
    _command(default_video_format),
    _command(brand),
    _command(mac_address),
    _command(firmware),
    _command(http_port),
    _command(private_video_port),
    _command(users),
    _command(set_mjpeg_resolution, "320x240"),
    _command(set_mpeg4_resolution, "320x240"),
    _command(set_jpeg_compression, 4),
    _command(set_mpeg4_rate_control, RateControl.BITRATE),
    _command(set_mpeg4_bitrate, 800_000),
    _command(set_mpeg4_compression, 9),
    _command(set_mjpeg_fps, 15),
    _command(set_mpeg4_fps, 15),
    _command(set_default_video_format, VideoFormat.MPEG4),
    _command(set_flip_mode, FlipMode.ROTATE_180),
    _command(audio_stream),
    _command(audio_status),
    _command(set_audio, AudioEnable.YES, 50, 50),
    _command(move, Direction.LEFT),
    _command(go_to_preset, 1),
    _command(add_preset, "myroom", 2),
    _command(remove_preset, "myroom", 3),
    _command(ptz_status),
    _command(set_pan_tilt_speed, 3),
)
