"""The parameters of the simulated camera, as tables: what is printed, what can be set.

`GROUPS` holds each group's lines as the specification prints them, and those lines are the
values of a new camera.  `UPDATES` and `FORM_FIELDS` say what each setter does to a value
before it is stored, because the device stores what it likes and answers `OK` to everything.
`find_value` reads a query the way the device does: by a search for a substring, the first
hit wins, and nothing is percent-decoded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from hamaproto.errors import LocalProtocolError

__all__ = [
    "BEYOND",
    "FORM_FIELDS",
    "GROUPS",
    "MAX_VALUE",
    "SHOWN_WHILE",
    "UPDATES",
    "Setter",
    "find_value",
    "leading_number",
    "settable",
]

#: The device ignores a value of more bytes than this.
MAX_VALUE: Final = 126

#: Every group that can be listed, as the specification prints it (clauses 2.1 and 3.2): the
#: `root.` of each line is the device's own.  A parent of these, or `*`, is no group.  The last
#: block is not in the specification; such groups have been seen on devices of the family.
GROUPS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "Properties.Image": (
            "root.Properties.Image.FlipMode=1",
            "root.Properties.Image.Resolution=1280x1024,1024x768,640x480,320x240",
            "root.Properties.Image.Format=mjpeg,mpeg4",
        ),
        "Properties.Image.I0": (
            "root.Properties.Image.I0.FlipMode=1",
            "root.Properties.Image.I0.Resolution=1280x1024,640x480,320x240",
            "root.Properties.Image.I0.Format=mjpeg",
        ),
        "Properties.Image.I1": (
            "root.Properties.Image.I1.FlipMode=1",
            "root.Properties.Image.I1.Resolution=1024x768,640x480,320x240",
            "root.Properties.Image.I1.Format=mpeg4",
        ),
        "Image.I0.Appearance": (
            "root.Image.I0.Appearance.Resolution=640x480",
            "root.Image.I0.Appearance.Compression=0",
        ),
        "Image.I1.Appearance": (
            "root.Image.I1.Appearance.Resolution=1024x768",
            "root.Image.I1.Appearance.stats=compression",
            "root.Image.I1.Appearance.compression=7",
            "root.Image.I1.Appearance.bitrate=800000",
        ),
        "Image.I0.Stream": ("Image.I0.Stream.FPS=15",),
        "Image.I1.Stream": ("Image.I1.Stream.FPS=15",),
        "Layout": ("Layout.DefaultVideoFormat=mpeg4",),
        "Brand": (
            "root.Brand.Brand=Hama GmbH & Co. KG",
            "root.Brand.ProdFullName=Hama Wireless IP Camera",
            "root.Brand.ProdShortName=IP - Cam M360",
            "root.Brand.ProdNbr=00053104",
            "root.Brand.ProdType=Wireless Lan IP Camera",
            "root.Brand.WebURL=http://www.hama.de/",
        ),
        "Network.Interface.I0.Active.MACAddress": (
            "Network.Interface.I0.Active.MACAddress=00:11:09:15:10:AB",
        ),
        "Properties.Firmware": (
            "Properties.Firmware.Version=v1.32",
            "Properties.Firmware.ModelID=12",
            "Properties.Firmware.VendorID=1",
        ),
        "System.HTTPPort": ("System.HTTPPort=80",),
        "System.PrivateVideoPort": ("System.PrivateVideoPort=4321",),
        "Properties.VideoServer": (
            "Properties.VideoServer.MaxUsers=16",
            "Properties.VideoServer.CurrentUsers=2",
        ),
        "Properties.Audio": (
            "Properties.Audio=yes",
            "Properties.Audio.TwoWayAudio=yes",
            "Properties.Audio.AudioCodec=GSM 06.10",
            "Properties.Audio.TwoWayAudioCodec=GSM 06.10",
        ),
        "Properties.PTZ.PTZ": ("Properties.PTZ.PTZ=yes",),
        "Input.NbrOfInputs": ("Input.NbrOfInputs=1",),
        "Output.NbrOfOutputs": ("Output.NbrOfOutputs=1",),
        "Network.RTSP": ("Network.RTSP.Port=554",),
        "Audio.volume": ("Audio.volume=50",),
        "MD1.Config": ("MD1.Config=0, 10, 15, 60, 70, 90",),
        "MD.Setting": ("Motion detection enable=1",),
        "listuser": (),
    }
)

#: The groups of the block above that the specification does not have.
BEYOND: Final = frozenset(
    {
        *("Input.NbrOfInputs", "Output.NbrOfOutputs", "Network.RTSP", "Audio.volume"),
        *("MD1.Config", "MD.Setting", "listuser"),
    }
)

#: A line that stands in an answer only while another parameter has this value
#: (clause 2.1.6: a constant bit rate has a `bitrate` line instead of `compression`).
SHOWN_WHILE: Final = {
    "Image.I1.Appearance.compression": ("Image.I1.Appearance.stats", "compression"),
    "Image.I1.Appearance.bitrate": ("Image.I1.Appearance.stats", "bitrate"),
}

#: Makes of a value what is stored; None leaves the old one.
Rule = Callable[[str], str | None]

_NUMBER = re.compile(r"\s*([+-]?[0-9]+)")


def leading_number(text: str) -> int | None:
    """The number at the start of `text`, as C's atoi finds it; None without a digit."""
    found = _NUMBER.match(text)
    return int(found[1]) if found else None


def _one_of(*allowed: str) -> Rule:
    return lambda text: text if text in allowed else None


def _spelled(**stored: str) -> Rule:
    """Each word that may be sent, and what is stored for it."""
    return stored.get


def _coded(*names: str) -> Rule:
    """0 is stored as the first name, 1 as the second, ..."""

    def rule(text: str) -> str | None:
        number = leading_number(text)
        return names[number] if number is not None and 0 <= number < len(names) else None

    return rule


def _clamped(low: int, high: int) -> Rule:
    def rule(text: str) -> str | None:
        number = leading_number(text)
        return None if number is None else str(min(max(number, low), high))

    return rule


def _rounded_up(*steps: int) -> Rule:
    """The lowest step that is not below the value, or the highest."""

    def rule(text: str) -> str | None:
        number = leading_number(text)
        if number is None:
            return None
        return str(next((step for step in steps if step >= number), steps[-1]))

    return rule


@dataclass(frozen=True, slots=True)
class Setter:
    """Under which key a setter stores, and what it makes of the value first."""

    key: str
    rule: Rule


#: What `action=update` can change, by the name that is sent (clauses 2.2.1 to 2.2.8).
UPDATES: Final[Mapping[str, Setter]] = MappingProxyType(
    {
        "Image.I0.Appearance.Resolution": Setter(
            "Image.I0.Appearance.Resolution", _one_of("1280x1024", "640x480", "320x240")
        ),
        "Image.I1.Appearance.Resolution": Setter(
            "Image.I1.Appearance.Resolution", _one_of("1024x768", "640x480", "320x240")
        ),
        "Image.I0.Appearance.Compression": Setter(
            "Image.I0.Appearance.Compression", _clamped(0, 4)
        ),
        "Image.I1.Appearance.stats": Setter(
            "Image.I1.Appearance.stats", _coded("bitrate", "compression")
        ),
        "Image.I1.Appearance.bitrate": Setter(
            "Image.I1.Appearance.bitrate",
            _rounded_up(
                200_000,
                250_000,
                300_000,
                400_000,
                500_000,
                800_000,
                1_000_000,
                1_500_000,
                2_000_000,
            ),
        ),
        "Image.I1.Appearance.Compression": Setter(
            "Image.I1.Appearance.compression", _clamped(5, 13)
        ),
        "Image.I0.Stream.FPS": Setter("Image.I0.Stream.FPS", _rounded_up(1, 3, 5, 10, 15, 30)),
        "Image.I1.Stream.FPS": Setter("Image.I1.Stream.FPS", _rounded_up(3, 5, 10, 15)),
    }
)

_VOLUME: Final = _rounded_up(*range(0, 101, 10))

#: What `form/enet` can change (clauses 2.2.9, 2.2.10, 3.3 and 4.6).
FORM_FIELDS: Final[Mapping[str, Setter]] = MappingProxyType(
    {
        "enet_avs_default_dual_mode": Setter("Layout.DefaultVideoFormat", _coded("mjpeg", "mpeg4")),
        "enet_avs_flip_mode": Setter("flip_mode", _coded("0", "1", "2", "3")),
        "enet_avs_pt_speed": Setter("pt_speed", _clamped(1, 9)),
        "enet_audio_enable": Setter("Properties.Audio", _spelled(Yes="yes", No="disabled")),
        "enet_audio_mic_vol": Setter("Audio.volume", _VOLUME),
        "enet_audio_output_vol": Setter("output_volume", _VOLUME),
    }
)


def settable(key: str) -> Setter:
    """What sets a parameter, by its key or its name in a form.

    Raises `LocalProtocolError` if nothing does.
    """
    setter = UPDATES.get(key) or FORM_FIELDS.get(key)
    if setter is None:
        raise LocalProtocolError(
            f"no parameter {key!r} can be set; there are {', '.join([*UPDATES, *FORM_FIELDS])}"
        )
    return setter


def find_value(query: bytes, name: str) -> str | None:
    """The value of `name` in a query, found as the device finds it.

    The first place where `name=` stands counts, even inside another name; the value goes on
    to the next `&`; blanks before it are dropped, nothing is decoded.  None if the name is
    not there or the value is longer than `MAX_VALUE` bytes.
    """
    key = name.encode("latin-1", "replace") + b"="
    start = query.find(key)
    if start < 0:
        return None
    value = query[start + len(key) :].partition(b"&")[0].lstrip(b" ")
    return None if len(value) > MAX_VALUE else value.decode("latin-1")
