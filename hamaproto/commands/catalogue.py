"""The 36 commands of the specification, one row each: the only place for what is known of one.

A row has the number and the title that the specification prints, what the answer is, the
beginning of the target, and the arguments with their allowed values and their values in the
specification's example.  The names of groups are at home in `hamaproto.models`, with the
views that read them.

The typed functions of `hamaproto.commands.builders` make requests of these rows:

    >>> SET_MJPEG_FPS.request(fps=15).target
    '/camera-cgi/admin/param.cgi?action=update&Image.I0.Stream.FPS=15'
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

from hamaproto.commands import choices
from hamaproto.commands.request import Reply, Request, StreamRequest
from hamaproto.commands.values import Argument, Choice, FileName, PresetName, choice, query
from hamaproto.errors import ArgumentTypeError
from hamaproto.models import (
    AudioStatus,
    Brand,
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
    Users,
    VideoFormat,
    View,
)

__all__ = ["CATALOGUE", "LIST", "LOGIN_FREE", "UPDATE", "Command"]

B = TypeVar("B", bound=Callable[..., Request[Any] | StreamRequest[Any]])

#: How the targets begin that list parameters (2.1) and that set them (2.2).
LIST = "/camera-cgi/admin/param.cgi?action=list"
UPDATE = "/camera-cgi/admin/param.cgi?action=update"
_FORM = "/form/enet?enet_source=cp.asp"
_PTZ = "/camera-cgi/com/ptz.cgi"
_PTZ_CONFIG = "/camera-cgi/com/ptzconfig.cgi"
#: The file that a camera gives without a login, until another name is set.
LOGIN_FREE = "loginfree.jpg"


@dataclass(frozen=True, slots=True)
class Command:
    """One row of the catalogue.

    `number` is the clause of the specification; it prints 2.1.7 twice, which are `2.1.7a`
    and `2.1.7b` here.  `head` is the beginning of the target, `view` the model of a list,
    `anonymous` whether no credentials are to be sent, `build` the typed function.
    """

    number: str
    title: str
    """As the specification has it."""
    reply: Reply
    """What its answer is."""
    head: str
    arguments: tuple[Argument, ...] = ()
    """Its arguments, in the order of the target."""
    view: type[View] | None = None
    anonymous: bool = False
    build: Callable[..., Request[Any] | StreamRequest[Any]] = field(init=False)

    def builder(self, build: B) -> B:
        """Make a function the `build` of this row: a decorator, which writes the row's clause
        and title above the text of the function.
        """
        build.__doc__ = f"{self.clause} {self.title}.\n\n    {build.__doc__}"
        # The row is whole with this, and nothing changes it afterwards.
        object.__setattr__(self, "build", build)
        return build

    def request(self, *, unchecked: bool = False, **values: object) -> Request[Any]:
        """The request with these values, by the names of the arguments.

        An argument without a value is left out of the target.  Raises LocalProtocolError for
        a value that is not allowed, or with `unchecked` for one that can't be carried, and
        ArgumentTypeError for a name that the command does not have.
        """
        unknown = sorted(values.keys() - {argument.name for argument in self.arguments})
        if unknown:
            raise ArgumentTypeError(f"{self.name}(): no argument is named {unknown[0]!r}")
        head, pairs = self.head, []
        for argument in self.arguments:
            if argument.name in values:
                text = argument.text(self.clause, values[argument.name], unchecked)
                if argument.key is None:
                    head += text
                else:
                    pairs.append((argument.key, text))
        model = None if self.view is None else self.view.from_params
        return Request(
            query(head, pairs),
            self.number,
            self.title,
            self.reply,
            anonymous=self.anonymous,
            model=model,
        )

    def stream(self) -> StreamRequest[Any]:
        """The request of a command whose answer has no end."""
        return StreamRequest(self.head, self.number, self.title, self.reply)

    @property
    def example(self) -> Request[Any] | StreamRequest[Any]:
        """The specification's own example, or the only form that the command has."""
        if self.reply.endless:
            return self.stream()
        values: dict[str, Any] = {argument.name: argument.example for argument in self.arguments}
        return self.request(**values)

    @property
    def allowed(self) -> Mapping[str, tuple[str, ...]]:
        """The printed values of each argument, as they are written in the target.

        An argument that takes any value is not in it.
        """
        return MappingProxyType(
            {argument.name: argument.allowed for argument in self.arguments if argument.allowed}
        )

    @property
    def clause(self) -> str:
        """The number as the specification prints it."""
        return self.number.rstrip("ab")

    @property
    def name(self) -> str:
        """The name of the builder."""
        return self.build.__name__

    def __repr__(self) -> str:
        return f"<Command {self.number} {self.name}>"


def _list(number: str, title: str, view: type[View]) -> Command:
    head = query(LIST, [("group", view.group)])
    return Command(number, title, Reply.PARAMS, head, view=view)


def _update(number: str, title: str, *arguments: Argument) -> Command:
    return Command(number, title, Reply.ACK, UPDATE, arguments)


def _form(number: str, title: str, *arguments: Argument) -> Command:
    return Command(number, title, Reply.FORM, _FORM, arguments)


def _ptz(number: str, title: str, *arguments: Argument) -> Command:
    return Command(number, title, Reply.ACK, _PTZ, arguments)


def _preset(number: str, title: str, key: str, index: int) -> Command:
    arguments = PresetName("name", key, "myroom"), _index("presetNo", index)
    return Command(number, title, Reply.ACK, _PTZ_CONFIG, arguments)


def _index(key: str, example: int) -> Choice:
    return choice("index", key, choices.PRESET_INDEXES, example=example)


# -- 1. JPEG image commands ------------------------------------------------------------

IMAGE = Command("1.1", "Get one JPEG image", Reply.IMAGE, "/jpg/image.jpg")
IMAGE_WITHOUT_LOGIN = Command(
    "1.2",
    "Get one JPEG image without any authentication",
    Reply.IMAGE,
    "/",
    (FileName("name", None, LOGIN_FREE),),
    anonymous=True,
)
VIDEO_STREAM = Command("1.3", "Get one JPEG video stream", Reply.MJPEG, "/mjpg/video.mjpg")

# -- 2.1 Get system information and configuration --------------------------------------

IMAGE_PROPERTIES = _list("2.1.1", "Get image properties supported by camera", ImageProperties)
MJPEG_IMAGE_PROPERTIES = _list(
    "2.1.2", "Get MJPEG image properties supported by camera", MjpegImageProperties
)
MPEG4_IMAGE_PROPERTIES = _list(
    "2.1.3", "Get MPEG4 image properties supported by camera", Mpeg4ImageProperties
)
MJPEG_APPEARANCE = _list(
    "2.1.4", "Get current camera configuration of resolution and JPEG quality", MjpegAppearance
)
MPEG4_APPEARANCE = _list(
    "2.1.6", "Get current camera configuration of resolution and MPEG4 quality", Mpeg4Appearance
)
MJPEG_FPS = _list("2.1.7a", "Get current FPS value of MJPEG camera", MjpegFps)
MPEG4_FPS = _list("2.1.7b", "Get current FPS value of MPEG4 camera", Mpeg4Fps)
DEFAULT_VIDEO_FORMAT = _list("2.1.8", "Get default video format", DefaultVideoFormat)
BRAND = _list("2.1.9", "Get information about the brand", Brand)
MAC_ADDRESS = _list("2.1.10", "Get hardware MAC address of camera", MacAddress)
FIRMWARE = _list("2.1.11", "Get Firmware Version, Model ID and Vendor ID", Firmware)
HTTP_PORT = _list("2.1.12", "Get web port number", HttpPort)
PRIVATE_VIDEO_PORT = _list("2.1.13", "Get private video port number", PrivateVideoPort)
USERS = _list("2.1.14", "Get MaxUsers and CurrentUsers Number", Users)

# -- 2.2 Set system configuration ------------------------------------------------------

SET_MJPEG_RESOLUTION = _update(
    "2.2.1",
    "Set resolution of MJPEG camera",
    choice(
        "resolution",
        f"{MjpegAppearance.group}.Resolution",
        choices.MJPEG_RESOLUTIONS,
        example="320x240",
        spelled=choices.spelled_resolution,
    ),
)
SET_MPEG4_RESOLUTION = _update(
    "2.2.2",
    "Set resolution of MPEG4 camera",
    choice(
        "resolution",
        f"{Mpeg4Appearance.group}.Resolution",
        choices.MPEG4_RESOLUTIONS,
        example="320x240",
        spelled=choices.spelled_resolution,
    ),
)
SET_JPEG_COMPRESSION = _update(
    "2.2.3",
    "Set JPEG compression level",
    choice(
        "compression", f"{MjpegAppearance.group}.Compression", choices.JPEG_COMPRESSIONS, example=4
    ),
)
SET_MPEG4_RATE_CONTROL = _update(
    "2.2.4",
    "Set MPEG4 video quality",
    choice(
        "rate_control",
        f"{Mpeg4Appearance.group}.stats",
        (kind.code for kind in RateControl),
        example=RateControl.BITRATE,
        spelled=choices.spelled_rate_control,
    ),
)
SET_MPEG4_BITRATE = _update(
    "2.2.5",
    "Set MPEG4 CBR Bitrate",
    choice("bitrate", f"{Mpeg4Appearance.group}.bitrate", choices.MPEG4_BITRATES, example=800_000),
)
SET_MPEG4_COMPRESSION = _update(
    "2.2.6",
    "Set MPEG4 VBR Compression",
    choice(
        "compression", f"{Mpeg4Appearance.group}.Compression", choices.MPEG4_COMPRESSIONS, example=9
    ),
)
SET_MJPEG_FPS = _update(
    "2.2.7",
    "Set MJPEG camera FPS",
    choice("fps", f"{MjpegFps.group}.FPS", choices.MJPEG_FPS, example=15),
)
SET_MPEG4_FPS = _update(
    "2.2.8",
    "Set MPEG4 camera FPS",
    choice("fps", f"{Mpeg4Fps.group}.FPS", choices.MPEG4_FPS, example=15),
)
SET_DEFAULT_VIDEO_FORMAT = _form(
    "2.2.9",
    "Set Default Video Format to MJPEG or MPEG4",
    choice(
        "video_format",
        "enet_avs_default_dual_mode",
        (kind.code for kind in VideoFormat),
        example=VideoFormat.MPEG4,
        spelled=choices.spelled_video_format,
    ),
)
SET_FLIP_MODE = _form(
    "2.2.10",
    "Set Video Flip Mode",
    choice(
        "flip_mode", "enet_avs_flip_mode", choices.FlipMode, example=choices.FlipMode.ROTATE_180
    ),
)

# -- 3. Audio commands -----------------------------------------------------------------

AUDIO_STREAM = Command(
    "3.1", "Request an audio stream", Reply.AUDIO, "/camera-cgi/audio/receive.cgi"
)
AUDIO_STATUS = _list("3.2", "Get Audio Status", AudioStatus)
SET_AUDIO = _form(
    "3.3",
    "Set Audio Volume",
    choice(
        "enable",
        "enet_audio_enable",
        choices.AudioEnable,
        example=choices.AudioEnable.YES,
        spelled=choices.spelled_enable,
    ),
    choice("microphone_volume", "enet_audio_mic_vol", choices.VOLUMES, example=50),
    choice("output_volume", "enet_audio_output_vol", choices.VOLUMES, example=50),
)

# -- 4. PTZ commands -------------------------------------------------------------------

MOVE = _ptz(
    "4.1",
    "Move the image in the specified direction",
    choice("direction", "move", choices.Direction, example=choices.Direction.LEFT),
)
GO_TO_PRESET = _ptz("4.2", "Move the image to preset point", _index("gotoserverpresetIndex", 1))
ADD_PRESET = _preset(
    "4.3",
    "Add a preset point with current image coordinate and zoom configuration",
    "setserverpresetname",
    2,
)
REMOVE_PRESET = _preset("4.4", "Remove a preset point", "removeserverpresetname", 3)
PTZ_STATUS = _list("4.5", "Get PTZ status", PtzStatus)
SET_PAN_TILT_SPEED = _form(
    "4.6",
    "Set PT Speed",
    choice("speed", "enet_avs_pt_speed", choices.PAN_TILT_SPEEDS, example=3),
)

CATALOGUE: tuple[Command, ...] = (
    *(IMAGE, IMAGE_WITHOUT_LOGIN, VIDEO_STREAM),
    *(IMAGE_PROPERTIES, MJPEG_IMAGE_PROPERTIES, MPEG4_IMAGE_PROPERTIES),
    *(MJPEG_APPEARANCE, MPEG4_APPEARANCE, MJPEG_FPS, MPEG4_FPS),
    *(DEFAULT_VIDEO_FORMAT, BRAND, MAC_ADDRESS, FIRMWARE),
    *(HTTP_PORT, PRIVATE_VIDEO_PORT, USERS),
    *(SET_MJPEG_RESOLUTION, SET_MPEG4_RESOLUTION, SET_JPEG_COMPRESSION),
    *(SET_MPEG4_RATE_CONTROL, SET_MPEG4_BITRATE, SET_MPEG4_COMPRESSION),
    *(SET_MJPEG_FPS, SET_MPEG4_FPS, SET_DEFAULT_VIDEO_FORMAT, SET_FLIP_MODE),
    *(AUDIO_STREAM, AUDIO_STATUS, SET_AUDIO),
    *(MOVE, GO_TO_PRESET, ADD_PRESET, REMOVE_PRESET, PTZ_STATUS, SET_PAN_TILT_SPEED),
)
"""Every command of the specification, in its order."""
