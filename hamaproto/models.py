"""What comes back, typed: a view of a parameter list for each of the 16 list commands.

In: a `ParamList`.  Out: a frozen dataclass with one attribute for each line that the
specification prints.  Cameras leave lines out, add some, and write values in words that
no specification lists, so three rules hold for every view:

* every attribute may be None: the line is missing, or its text has no known meaning;
* nothing is lost: `view.unknown` has each text without a known meaning under the name of its
  attribute, and `view.params` is the list as it came, unknown keys included;
* building a view never raises.

A view is a table: each attribute names its key, relative to the view's `group`, and the
reader that turns its text into a value.  The vocabularies in which the family answers
stand first, because `hamaproto.commands` sends the same ones.
"""

# A row of a view's table is a call that makes a dataclass field, once for each row.
# ruff: noqa: RUF009

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from enum import Enum, StrEnum
from typing import Any, ClassVar, Self, TypeVar, cast

from hamaproto.errors import LocalProtocolError
from hamaproto.headers import Headers
from hamaproto.wire.params import ParamList

__all__ = [
    "Ack",
    "AudioStatus",
    "Availability",
    "Brand",
    "Channel",
    "DefaultVideoFormat",
    "Firmware",
    "HttpPort",
    "ImageProperties",
    "MacAddress",
    "MjpegAppearance",
    "MjpegFps",
    "MjpegImageProperties",
    "Mpeg4Appearance",
    "Mpeg4Fps",
    "Mpeg4ImageProperties",
    "PrivateVideoPort",
    "PtzStatus",
    "RateControl",
    "RawAnswer",
    "Resolution",
    "Users",
    "VideoFormat",
    "View",
]

T = TypeVar("T")
E = TypeVar("E", bound=Enum)

#: Firmware in C pads values with blanks and NULs.
_PADDING = " \t\r\n\0"
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_RESOLUTION = re.compile(r"0*([1-9][0-9]{0,4})\s*[xX]\s*0*([1-9][0-9]{0,4})")


# -- the vocabularies ------------------------------------------------------------------


#: The number that a command sends for a word that an answer lists.
_CODES = {"mjpeg": "0", "mpeg4": "1", "compression": "1", "bitrate": "0"}


class _TwoSpellings(StrEnum):
    """A choice that is listed as a word and set as a number; both are read."""

    @property
    def code(self) -> str:
        """The number under which the choice is set."""
        return _CODES[self.value]

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        text = value.lower() if isinstance(value, str) else None
        return next((member for member in cls if text in (member.value, member.code)), None)


class Channel(StrEnum):
    """The name of a video channel in the keys of parameters."""

    MJPEG = "I0"
    MPEG4 = "I1"


class VideoFormat(_TwoSpellings):
    """Listed as `mjpeg`, `mpeg4` (2.1.8), set as `0`, `1` (2.2.9)."""

    MJPEG = "mjpeg"
    MPEG4 = "mpeg4"


class RateControl(_TwoSpellings):
    """How MPEG4 spends its bits: listed as words in `stats` (2.1.6), set as numbers (2.2.4).

    `COMPRESSION` is VBR, the quality held constant; `BITRATE` is CBR.
    """

    COMPRESSION = "compression"
    BITRATE = "bitrate"


class Availability(StrEnum):
    """What a camera says of a feature (3.2, 4.5); true only for YES.

    The specification prints `yes` and `disabled`; the firmware also knows `no`.
    """

    YES = "yes"
    DISABLED = "disabled"
    NO = "no"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        text = value.lower() if isinstance(value, str) else None
        return next((member for member in cls if member.value == text), None)

    def __bool__(self) -> bool:
        return self is Availability.YES


@dataclass(frozen=True, slots=True, order=True)
class Resolution:
    """Width and height in pixels; written `320x240`, read as `320X240` too."""

    width: int
    """From 1 to 99999."""
    height: int
    """From 1 to 99999."""

    def __post_init__(self) -> None:
        for side in (self.width, self.height):
            if isinstance(side, bool) or not isinstance(side, int) or not 1 <= side <= 99_999:
                raise LocalProtocolError("Resolution: width and height are 1 to 99999 pixels")

    @classmethod
    def parse(cls, text: str) -> Resolution | None:
        """The resolution that `text` names, or None."""
        match = _RESOLUTION.fullmatch(text.strip(_PADDING))
        return cls(int(match[1]), int(match[2])) if match else None

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


# -- readers: text -> value, or None if it isn't understood ----------------------------


def _text(text: str) -> str:
    return text.strip(_PADDING)


def _integer(text: str) -> int | None:
    stripped = text.strip(_PADDING)
    return int(stripped) if _INTEGER.fullmatch(stripped) else None


def _member(kind: type[E]) -> Callable[[str], E | None]:
    def read(text: str) -> E | None:
        try:
            return kind(text.strip(_PADDING))
        except ValueError:
            return None

    return read


def _all_of(read: Callable[[str], T | None]) -> Callable[[str], tuple[T, ...] | None]:
    """A comma list.  One unknown item makes it unknown: half a list would mislead."""

    def read_all(text: str) -> tuple[T, ...] | None:
        items = [read(item) for item in text.split(",")]
        known = tuple(item for item in items if item is not None)
        return known if len(known) == len(items) else None

    return read_all


_format = _member(VideoFormat)
_rate_control = _member(RateControl)
_availability = _member(Availability)


def _param(key: str, read: Callable[[str], T | None]) -> T | None:
    """One row of a view's table: the key below the view's group, and its reader."""
    return cast("T | None", field(default=None, metadata={"key": key, "read": read}))


# -- the views -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What all views have: `params`, the list as it came, and `unknown`."""

    group: ClassVar[str] = ""
    """The group that the command asks for, and that the keys begin with."""

    params: ParamList = field(default_factory=ParamList, repr=False)

    @classmethod
    def from_params(cls, params: ParamList) -> Self:
        """The view of `params`; never raises, whatever they are."""
        values = {name: read(text) for name, read, text in cls._lines(params)}
        return cls(params=params, **values)

    @property
    def unknown(self) -> dict[str, str]:
        """What came and has no known meaning, as text, by the names of the attributes.

        Firmware says words that no table has: `h264` among the formats, `on` for `yes`.
        Those attributes are None.
        """
        return {
            name: text.strip(_PADDING)
            for name, _, text in self._lines(self.params)
            if getattr(self, name) is None and text.strip(_PADDING)
        }

    @classmethod
    def _lines(cls, params: ParamList) -> Iterator[tuple[str, Callable[[str], Any], str]]:
        """Each attribute that has a line: its name, its reader, and the text."""
        for row in fields(cls):
            key = row.metadata.get("key")
            if key is None:
                continue
            text = params.get(f"{cls.group}.{key}" if key else cls.group)
            if text is not None:
                yield row.name, row.metadata["read"], text


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageProperties(View):
    """2.1.1: what the camera supports on any channel.

    `flip_mode` is the number that was sent: the specification leaves open whether it is a
    flag or the mode in use.
    """

    group: ClassVar[str] = "Properties.Image"

    flip_mode: int | None = _param("FlipMode", _integer)
    resolutions: tuple[Resolution, ...] | None = _param("Resolution", _all_of(Resolution.parse))
    """All that can be set."""
    formats: tuple[VideoFormat, ...] | None = _param("Format", _all_of(_format))
    """The formats of the channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MjpegImageProperties(ImageProperties):
    """2.1.2: what the camera supports on the MJPEG channel."""

    group: ClassVar[str] = f"Properties.Image.{Channel.MJPEG}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mpeg4ImageProperties(ImageProperties):
    """2.1.3: what the camera supports on the MPEG4 channel."""

    group: ClassVar[str] = f"Properties.Image.{Channel.MPEG4}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MjpegAppearance(View):
    """2.1.4: the settings of the MJPEG pictures; `compression` from 0 (low) to 4 (high)."""

    group: ClassVar[str] = f"Image.{Channel.MJPEG}.Appearance"

    resolution: Resolution | None = _param("Resolution", Resolution.parse)
    """Of the pictures, in pixels."""
    compression: int | None = _param("Compression", _integer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mpeg4Appearance(View):
    """2.1.6: the settings of the MPEG4 pictures.

    A camera sends `compression` or `bitrate` (bits a second), depending on `rate_control`.
    The specification prints two scales for `compression`, 11..3 and 13..5; the number is
    the one that was sent.
    """

    group: ClassVar[str] = f"Image.{Channel.MPEG4}.Appearance"

    resolution: Resolution | None = _param("Resolution", Resolution.parse)
    """Of the pictures, in pixels."""
    rate_control: RateControl | None = _param("stats", _rate_control)
    compression: int | None = _param("compression", _integer)
    bitrate: int | None = _param("bitrate", _integer)


@dataclass(frozen=True, slots=True, kw_only=True)
class MjpegFps(View):
    """2.1.7, the first: frames a second of the MJPEG channel."""

    group: ClassVar[str] = f"Image.{Channel.MJPEG}.Stream"

    fps: int | None = _param("FPS", _integer)
    """Frames a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mpeg4Fps(View):
    """2.1.7, the second: frames a second of the MPEG4 channel."""

    group: ClassVar[str] = f"Image.{Channel.MPEG4}.Stream"

    fps: int | None = _param("FPS", _integer)
    """Frames a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultVideoFormat(View):
    """2.1.8: the format that the camera's own page shows."""

    group: ClassVar[str] = "Layout"

    video_format: VideoFormat | None = _param("DefaultVideoFormat", _format)
    """MJPEG or MPEG4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand(View):
    """2.1.9: who sells the camera, and as what.

    All of it is text: `product_number` may begin with zeros.
    """

    group: ClassVar[str] = "Brand"

    brand: str | None = _param("Brand", _text)
    """`Brand`: the seller."""
    product_full_name: str | None = _param("ProdFullName", _text)
    """`ProdFullName`."""
    product_short_name: str | None = _param("ProdShortName", _text)
    """`ProdShortName`."""
    product_number: str | None = _param("ProdNbr", _text)
    product_type: str | None = _param("ProdType", _text)
    """`ProdType`: what kind of device it is."""
    web_url: str | None = _param("WebURL", _text)
    """`WebURL`: the seller's page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MacAddress(View):
    """2.1.10: the hardware address, as written."""

    group: ClassVar[str] = "Network.Interface.I0.Active.MACAddress"

    mac_address: str | None = _param("", _text)
    """Six bytes in hexadecimal, as written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Firmware(View):
    """2.1.11: the firmware's version (as written), model and vendor."""

    group: ClassVar[str] = "Properties.Firmware"

    version: str | None = _param("Version", _text)
    """As written, such as `v1.32`."""
    model_id: int | None = _param("ModelID", _integer)
    """A number of the maker."""
    vendor_id: int | None = _param("VendorID", _integer)
    """A number of the maker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpPort(View):
    """2.1.12: the port of the web server."""

    group: ClassVar[str] = "System.HTTPPort"

    port: int | None = _param("", _integer)
    """From 1 to 65535, as sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateVideoPort(View):
    """2.1.13: the port of the maker's own video protocol."""

    group: ClassVar[str] = "System.PrivateVideoPort"

    port: int | None = _param("", _integer)
    """From 1 to 65535, as sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Users(View):
    """2.1.14: how many may watch at once, and how many do."""

    group: ClassVar[str] = "Properties.VideoServer"

    max_users: int | None = _param("MaxUsers", _integer)
    """How many may watch at once."""
    current_users: int | None = _param("CurrentUsers", _integer)
    """How many do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioStatus(View):
    """3.2: whether the camera hears and speaks, and in which codec."""

    group: ClassVar[str] = "Properties.Audio"

    audio: Availability | None = _param("", _availability)
    """Whether it has a microphone."""
    two_way_audio: Availability | None = _param("TwoWayAudio", _availability)
    """Whether it has a loudspeaker."""
    audio_codec: str | None = _param("AudioCodec", _text)
    """Of the microphone's sound, as written."""
    two_way_audio_codec: str | None = _param("TwoWayAudioCodec", _text)
    """Of the loudspeaker's sound, as written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PtzStatus(View):
    """4.5: whether the camera moves."""

    group: ClassVar[str] = "Properties.PTZ.PTZ"

    ptz: Availability | None = _param("", _availability)
    """Whether it pans, tilts or zooms."""


# -- answers that are no list ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ack:
    """The answer to a command that changes something.

    The family says `OK` to every update and every move, also to ones that it ignores, and
    redirects after a form (`location`; not to be followed).  Neither proves that the value
    was taken: read it back.
    """

    text: str = ""
    """The body as text."""
    status: int | None = None
    """The HTTP status; None where the body came without a head."""
    location: str | None = None

    @property
    def ok(self) -> bool:
        """True for the word `OK`, and for any redirect."""
        return self.text.strip(_PADDING) == "OK" or self.location is not None

    def __repr__(self) -> str:
        said = "OK" if self.text.strip(_PADDING) == "OK" else f"{len(self.text)} characters"
        return f"<Ack {self.status} {said}>"


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """The answer to a request that the catalogue does not know: as it came."""

    status: int | None
    """The HTTP status; None where the body came without a head."""
    headers: Headers
    """The fields of the head."""
    body: bytes
    """All of it, without its transfer coding."""

    def __repr__(self) -> str:
        return f"<RawAnswer {self.status} {len(self.body)} bytes>"
