"""The values that the specification prints, and how else each may be spelled.

The values have the order in which the specification prints them.  Those that answers have too
(`Resolution`, `VideoFormat`, `RateControl`) are at home in `hamaproto.models`.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

from hamaproto.commands.values import written
from hamaproto.models import RateControl, Resolution, VideoFormat

__all__ = [
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
    "Direction",
    "FlipMode",
    "spelled_enable",
    "spelled_rate_control",
    "spelled_resolution",
    "spelled_video_format",
]


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
"""2.2.1: width and height in pixels."""
MPEG4_RESOLUTIONS = (Resolution(1024, 768), Resolution(640, 480), Resolution(320, 240))
"""2.2.2: width and height in pixels."""
JPEG_COMPRESSIONS = (0, 1, 2, 3, 4)
"""2.2.3: from 0, low compression, to 4, high."""
MPEG4_COMPRESSIONS = (13, 11, 9, 7, 5)
"""2.2.6: from 13, the lowest quality, to 5, the highest."""
MPEG4_BITRATES = (
    *(2_000_000, 1_500_000, 1_000_000, 800_000, 500_000),
    *(400_000, 300_000, 250_000, 200_000),
)
"""2.2.5: bits a second."""
MJPEG_FPS = (1, 3, 5, 10, 15, 30)
"""2.2.7: frames a second."""
MPEG4_FPS = (3, 5, 10, 15)
"""2.2.8: frames a second."""
VOLUMES = (0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
"""3.3: per cent."""
PAN_TILT_SPEEDS = (1, 3, 5, 7, 9)
"""4.6: from 1, fast, to 9, slow."""
PRESET_INDEXES = (0, 1, 2, 3, 4, 5, 6, 7, 8)
"""The specification leaves the range open; the cameras ignore any other index."""


# -- other spellings: each gives the printed one, or the value as it is --------------------


def spelled_resolution(value: object) -> object:
    """`640X480`, `640 x 480` and `(640, 480)` are `640x480`."""
    if isinstance(value, str):
        return Resolution.parse(value) or value
    if isinstance(value, tuple) and len(value) == 2:
        width, height = (written("resolution", part) for part in value)
        return f"{width}x{height}"
    return value


def spelled_rate_control(value: object) -> object:
    """A `RateControl`, its word or its number is its number."""
    return _code(RateControl, value)


def spelled_video_format(value: object) -> object:
    """A `VideoFormat`, its word or its number is its number."""
    return _code(VideoFormat, value)


def _code(kind: type[VideoFormat | RateControl], value: object) -> object:
    if not isinstance(value, (str, int)):
        return value
    try:
        return kind(str(value)).code
    except ValueError:
        return value


def spelled_enable(value: object) -> object:
    """True is `Yes`, False is `No`, and the case of a word makes no difference."""
    if isinstance(value, bool):
        return AudioEnable.YES if value else AudioEnable.NO
    if isinstance(value, str) and value.capitalize() in tuple(AudioEnable):
        return value.capitalize()
    return value
