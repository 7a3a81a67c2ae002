"""The 36 commands as typed functions: each makes the request of one row of the catalogue.

In: values, in any spelling.  Out: a `Request` whose type says what executing it gives, or a
`StreamRequest`.  What a command is named, where it goes and what it takes stands in the row;
the row also writes its clause and its title above the text that stands here.

A function with values raises LocalProtocolError for one that the specification does not
print; with `unchecked=True` only for one that can't be carried.
"""

from __future__ import annotations

from hamaproto.commands import catalogue
from hamaproto.commands.choices import AudioEnable, Direction, FlipMode
from hamaproto.commands.request import AudioEvent, Request, StreamRequest, VideoEvent
from hamaproto.errors import LocalProtocolError
from hamaproto.events import Frame
from hamaproto.models import (
    Ack,
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
    Resolution,
    Users,
    VideoFormat,
)

__all__ = [
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
    "users",
    "video_stream",
]

# -- 1. JPEG image commands ------------------------------------------------------------


@catalogue.IMAGE.builder
def image() -> Request[Frame]:
    """One JPEG image."""
    return catalogue.IMAGE.request()


@catalogue.IMAGE_WITHOUT_LOGIN.builder
def image_without_login(name: str = catalogue.LOGIN_FREE) -> Request[Frame]:
    """One JPEG image, asked for without credentials.

    `name` is the file name set in the camera: one segment of a path, in visible ASCII or
    blanks; what can't stand in a URL is percent-encoded, for paths are decoded.
    """
    return catalogue.IMAGE_WITHOUT_LOGIN.request(name=name)


@catalogue.VIDEO_STREAM.builder
def video_stream() -> StreamRequest[VideoEvent]:
    """JPEG images until somebody hangs up."""
    return catalogue.VIDEO_STREAM.stream()


# -- 2.1 Get system information and configuration --------------------------------------


@catalogue.IMAGE_PROPERTIES.builder
def image_properties() -> Request[ImageProperties]:
    """The resolutions and formats that the camera supports."""
    return catalogue.IMAGE_PROPERTIES.request()


@catalogue.MJPEG_IMAGE_PROPERTIES.builder
def mjpeg_image_properties() -> Request[MjpegImageProperties]:
    """The resolutions that the MJPEG channel supports."""
    return catalogue.MJPEG_IMAGE_PROPERTIES.request()


@catalogue.MPEG4_IMAGE_PROPERTIES.builder
def mpeg4_image_properties() -> Request[Mpeg4ImageProperties]:
    """The resolutions that the MPEG4 channel supports."""
    return catalogue.MPEG4_IMAGE_PROPERTIES.request()


@catalogue.MJPEG_APPEARANCE.builder
def mjpeg_appearance() -> Request[MjpegAppearance]:
    """Resolution and compression of the MJPEG channel."""
    return catalogue.MJPEG_APPEARANCE.request()


@catalogue.MPEG4_APPEARANCE.builder
def mpeg4_appearance() -> Request[Mpeg4Appearance]:
    """Resolution, rate control, and compression or bitrate of the MPEG4 channel."""
    return catalogue.MPEG4_APPEARANCE.request()


@catalogue.MJPEG_FPS.builder
def mjpeg_fps() -> Request[MjpegFps]:
    """Frames a second of the MJPEG channel, the first clause of this number."""
    return catalogue.MJPEG_FPS.request()


@catalogue.MPEG4_FPS.builder
def mpeg4_fps() -> Request[Mpeg4Fps]:
    """Frames a second of the MPEG4 channel, the second clause of this number."""
    return catalogue.MPEG4_FPS.request()


@catalogue.DEFAULT_VIDEO_FORMAT.builder
def default_video_format() -> Request[DefaultVideoFormat]:
    """The format that the camera's own page shows."""
    return catalogue.DEFAULT_VIDEO_FORMAT.request()


@catalogue.BRAND.builder
def brand() -> Request[Brand]:
    """Who sells the camera, and as what."""
    return catalogue.BRAND.request()


@catalogue.MAC_ADDRESS.builder
def mac_address() -> Request[MacAddress]:
    """The hardware address."""
    return catalogue.MAC_ADDRESS.request()


@catalogue.FIRMWARE.builder
def firmware() -> Request[Firmware]:
    """Version, model and vendor of the firmware."""
    return catalogue.FIRMWARE.request()


@catalogue.HTTP_PORT.builder
def http_port() -> Request[HttpPort]:
    """The port of the web server."""
    return catalogue.HTTP_PORT.request()


@catalogue.PRIVATE_VIDEO_PORT.builder
def private_video_port() -> Request[PrivateVideoPort]:
    """The port of the maker's own video protocol."""
    return catalogue.PRIVATE_VIDEO_PORT.request()


@catalogue.USERS.builder
def users() -> Request[Users]:
    """How many may watch at once, and how many do."""
    return catalogue.USERS.request()


# -- 2.2 Set system configuration ------------------------------------------------------


@catalogue.SET_MJPEG_RESOLUTION.builder
def set_mjpeg_resolution(
    resolution: Resolution | str | tuple[int, int], *, unchecked: bool = False
) -> Request[Ack]:
    """One of `MJPEG_RESOLUTIONS`."""
    return catalogue.SET_MJPEG_RESOLUTION.request(resolution=resolution, unchecked=unchecked)


@catalogue.SET_MPEG4_RESOLUTION.builder
def set_mpeg4_resolution(
    resolution: Resolution | str | tuple[int, int], *, unchecked: bool = False
) -> Request[Ack]:
    """One of `MPEG4_RESOLUTIONS`."""
    return catalogue.SET_MPEG4_RESOLUTION.request(resolution=resolution, unchecked=unchecked)


@catalogue.SET_JPEG_COMPRESSION.builder
def set_jpeg_compression(compression: int | str, *, unchecked: bool = False) -> Request[Ack]:
    """One of `JPEG_COMPRESSIONS`, from 0 (low) to 4 (high)."""
    return catalogue.SET_JPEG_COMPRESSION.request(compression=compression, unchecked=unchecked)


@catalogue.SET_MPEG4_RATE_CONTROL.builder
def set_mpeg4_rate_control(
    rate_control: RateControl | str | int, *, unchecked: bool = False
) -> Request[Ack]:
    """Hold the quality (`RateControl.COMPRESSION`, VBR) or the `BITRATE` (CBR)."""
    return catalogue.SET_MPEG4_RATE_CONTROL.request(rate_control=rate_control, unchecked=unchecked)


@catalogue.SET_MPEG4_BITRATE.builder
def set_mpeg4_bitrate(bitrate: int | str, *, unchecked: bool = False) -> Request[Ack]:
    """One of `MPEG4_BITRATES`, in bits a second.

    The camera heeds it under `RateControl.BITRATE`.
    """
    return catalogue.SET_MPEG4_BITRATE.request(bitrate=bitrate, unchecked=unchecked)


@catalogue.SET_MPEG4_COMPRESSION.builder
def set_mpeg4_compression(compression: int | str, *, unchecked: bool = False) -> Request[Ack]:
    """One of `MPEG4_COMPRESSIONS`, from 13 (lowest quality) to 5 (highest).

    The camera heeds it under `RateControl.COMPRESSION`.
    """
    return catalogue.SET_MPEG4_COMPRESSION.request(compression=compression, unchecked=unchecked)


@catalogue.SET_MJPEG_FPS.builder
def set_mjpeg_fps(fps: int | str, *, unchecked: bool = False) -> Request[Ack]:
    """One of `MJPEG_FPS`, in frames a second; cameras round others up."""
    return catalogue.SET_MJPEG_FPS.request(fps=fps, unchecked=unchecked)


@catalogue.SET_MPEG4_FPS.builder
def set_mpeg4_fps(fps: int | str, *, unchecked: bool = False) -> Request[Ack]:
    """One of `MPEG4_FPS`, in frames a second."""
    return catalogue.SET_MPEG4_FPS.request(fps=fps, unchecked=unchecked)


@catalogue.SET_DEFAULT_VIDEO_FORMAT.builder
def set_default_video_format(
    video_format: VideoFormat | str | int, *, unchecked: bool = False
) -> Request[Ack]:
    """The format that the camera's own page shows."""
    return catalogue.SET_DEFAULT_VIDEO_FORMAT.request(
        video_format=video_format, unchecked=unchecked
    )


@catalogue.SET_FLIP_MODE.builder
def set_flip_mode(flip_mode: FlipMode | int | str, *, unchecked: bool = False) -> Request[Ack]:
    """Mirror the picture, or turn it."""
    return catalogue.SET_FLIP_MODE.request(flip_mode=flip_mode, unchecked=unchecked)


# -- 3. Audio commands -----------------------------------------------------------------


@catalogue.AUDIO_STREAM.builder
def audio_stream() -> StreamRequest[AudioEvent]:
    """GSM 06.10 frames of 33 bytes, 50 a second, until somebody hangs up."""
    return catalogue.AUDIO_STREAM.stream()


@catalogue.AUDIO_STATUS.builder
def audio_status() -> Request[AudioStatus]:
    """Whether the camera hears and speaks, and in which codec."""
    return catalogue.AUDIO_STATUS.request()


@catalogue.SET_AUDIO.builder
def set_audio(
    enable: AudioEnable | bool | str | None = None,
    microphone_volume: int | str | None = None,
    output_volume: int | str | None = None,
    *,
    unchecked: bool = False,
) -> Request[Ack]:
    """Sound on or off, and the volumes in per cent, of `VOLUMES`; None leaves one as it is."""
    values = {
        "enable": enable,
        "microphone_volume": microphone_volume,
        "output_volume": output_volume,
    }
    given = {name: value for name, value in values.items() if value is not None}
    if not given:
        raise LocalProtocolError(
            "set_audio() changes nothing: give enable, microphone_volume or output_volume "
            f"(clause {catalogue.SET_AUDIO.clause})"
        )
    return catalogue.SET_AUDIO.request(**given, unchecked=unchecked)


# -- 4. PTZ commands -------------------------------------------------------------------


@catalogue.MOVE.builder
def move(direction: Direction | str, *, unchecked: bool = False) -> Request[Ack]:
    """One step in a direction; `center` goes home."""
    return catalogue.MOVE.request(direction=direction, unchecked=unchecked)


@catalogue.GO_TO_PRESET.builder
def go_to_preset(index: int | str, *, unchecked: bool = False) -> Request[Ack]:
    """To a preset point of `PRESET_INDEXES`; one that was never set does not move the camera."""
    return catalogue.GO_TO_PRESET.request(index=index, unchecked=unchecked)


@catalogue.ADD_PRESET.builder
def add_preset(name: str, index: int | str, *, unchecked: bool = False) -> Request[Ack]:
    """Call the present position `name` and keep it under `index`, of `PRESET_INDEXES`.

    No camera of the family zooms, whatever the title says.
    """
    return catalogue.ADD_PRESET.request(name=name, index=index, unchecked=unchecked)


@catalogue.REMOVE_PRESET.builder
def remove_preset(name: str, index: int | str, *, unchecked: bool = False) -> Request[Ack]:
    """Forget the preset point `name` under `index`, of `PRESET_INDEXES`."""
    return catalogue.REMOVE_PRESET.request(name=name, index=index, unchecked=unchecked)


@catalogue.PTZ_STATUS.builder
def ptz_status() -> Request[PtzStatus]:
    """Whether the camera moves."""
    return catalogue.PTZ_STATUS.request()


@catalogue.SET_PAN_TILT_SPEED.builder
def set_pan_tilt_speed(speed: int | str, *, unchecked: bool = False) -> Request[Ack]:
    """One of `PAN_TILT_SPEEDS`: 1 is fast, 9 is slow."""
    return catalogue.SET_PAN_TILT_SPEED.request(speed=speed, unchecked=unchecked)
