"""The settings that the gateway shows: a table over the commands of the catalogue.

A row says which command sets it, which values that takes, and under which key a camera lists
what it has stored.  Some are listed nowhere (how the picture is turned, how fast the camera
turns, how loud it speaks): of those nobody can say what they are, and `value` is None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hamaproto import commands
from hamaproto.commands import Request, choices
from hamaproto.errors import LocalProtocolError
from hamaproto.models import Ack, MjpegAppearance, MjpegFps, MjpegImageProperties

__all__ = ["GROUPS", "SETTINGS", "NotAllowedError", "Setting", "Value", "shown"]

Value = str | int


class NotAllowedError(LocalProtocolError):
    """An argument that may not be what it is: its name, and what it may be."""

    def __init__(self, argument: str, allowed: Iterable[Value]) -> None:
        self.argument = argument
        self.allowed = list(allowed)
        super().__init__(f"{argument}: {', '.join(map(str, self.allowed))} are possible")


#: Of cameras that list the volume of their microphone; the specification does not have it.
_MICROPHONE: Final = "Audio.volume"
_AUDIO: Final = "Properties.Audio"


@dataclass(frozen=True, slots=True)
class Setting:
    """One row: what it is, how it is set, what may be set, and where it is listed.

    `key` is None for what no camera lists; `group` is what has to be asked for it.
    `is_update` says whether the request itself names the key, so that `confirm` reads it back.
    """

    about: str
    request: Callable[[Value], Request[Ack]]
    choices: tuple[Value, ...]
    key: str | None = None
    group: str | None = None
    is_update: bool = False
    words: Mapping[str, Value] | None = None
    """What is listed in other words than it is set."""
    choices_key: str | None = None
    """Where a camera lists what may be set."""

    def value_of(self, text: str | None) -> Value | None:
        """What the listed text means; None if it means nothing that is known."""
        if text is None:
            return None
        plain = text.strip().lower()
        if self.words is not None:
            return self.words.get(plain)
        found = next((value for value in self.choices if str(value).lower() == plain), None)
        if found is not None:
            return found
        # A value between those of the specification is a value all the same.
        return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 10 else plain

    def check(self, name: str, value: object, allowed: tuple[Value, ...]) -> Value:
        """The value as it is sent.  Raises NotAllowedError for one that may not be set."""
        for choice in allowed:
            # True is no 1 here, and "10" is no 10.
            if type(choice) is type(value) and choice == value:
                return choice
        raise NotAllowedError(name, allowed)

    def allowed(self, params: Mapping[str, str]) -> tuple[Value, ...]:
        """What may be set: what the camera says of itself, or else the specification."""
        listed = None if self.choices_key is None else params.get(self.choices_key)
        own = (one.strip().lower() for one in (listed or "").split(","))
        return tuple(one for one in own if one) or self.choices


def _plain(values: Iterable[Any]) -> tuple[Value, ...]:
    return tuple(value if isinstance(value, int) else str(value) for value in values)


SETTINGS: Final[Mapping[str, Setting]] = {
    "resolution": Setting(
        "width and height of the pictures",
        lambda value: commands.set_mjpeg_resolution(str(value), unchecked=True),
        _plain(choices.MJPEG_RESOLUTIONS),
        f"{MjpegAppearance.group}.Resolution",
        MjpegAppearance.group,
        True,
        choices_key=f"{MjpegImageProperties.group}.Resolution",
    ),
    "rate": Setting(
        "pictures a second",
        commands.set_mjpeg_fps,
        _plain(choices.MJPEG_FPS),
        f"{MjpegFps.group}.FPS",
        MjpegFps.group,
        True,
    ),
    "compression": Setting(
        "of the pictures, from 0 (low) to 4 (high)",
        commands.set_jpeg_compression,
        _plain(choices.JPEG_COMPRESSIONS),
        f"{MjpegAppearance.group}.Compression",
        MjpegAppearance.group,
        True,
    ),
    "flip": Setting(
        "0 as it is, 1 upside down, 2 mirrored, 3 turned by half",
        commands.set_flip_mode,
        tuple(int(mode) for mode in choices.FlipMode),
    ),
    "speed": Setting(
        "of turning, from 1 (fast) to 9 (slow)",
        commands.set_pan_tilt_speed,
        _plain(choices.PAN_TILT_SPEEDS),
    ),
    "sound": Setting(
        "whether the camera listens",
        lambda value: commands.set_audio(enable=str(value)),
        tuple(word.value for word in choices.AudioEnable),
        _AUDIO,
        _AUDIO,
        words={"yes": "Yes", "no": "No", "disabled": "No"},
    ),
    "microphone": Setting(
        "how well it hears, in per cent",
        lambda value: commands.set_audio(microphone_volume=value),
        _plain(choices.VOLUMES),
        _MICROPHONE,
        _MICROPHONE,
    ),
    "speaker": Setting(
        "how loud it speaks, in per cent",
        lambda value: commands.set_audio(output_volume=value),
        _plain(choices.VOLUMES),
    ),
}

#: What has to be listed to know all that is listed.
GROUPS: Final = tuple(
    dict.fromkeys(
        [MjpegImageProperties.group, *(row.group for row in SETTINGS.values() if row.group)]
    )
)


def shown(params: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """All settings for JSON, out of what a camera has listed of `GROUPS`."""
    return {
        name: {
            "value": None if row.key is None else row.value_of(params.get(row.key)),
            "choices": list(row.allowed(params)),
            "range": None,
            "writable": True,
            "about": row.about,
        }
        for name, row in SETTINGS.items()
    }
