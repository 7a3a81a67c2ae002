"""What can be asked: the 36 commands of the specification, as data with typed builders.

In: values.  Out: a `Request` (or, for an answer without end, a `StreamRequest`), which is
the exact target of one GET and knows what its answer means:

    >>> set_mjpeg_fps(15).target
    '/camera-cgi/admin/param.cgi?action=update&Image.I0.Stream.FPS=15'

`CATALOGUE` lists the commands in the order of the specification, each with its builder,
its allowed values and an example; it is the only list of them, and drivers have no
method per command.  The type of a `Request` says what executing it returns.

Targets have the specification's spelling and order of parameters to the letter.  Values are
held against the printed lists, and against what the cameras can be sent at all;
`unchecked=True` sends a value that newer firmware may know.

    catalogue   the 36 rows: the one place for what is known of a command
    builders    a typed function for each row
    beyond      any groups, any parameters, talk-back, any target
    choices     the printed values, and how else each may be spelled
    values      what a value may be, so that it reaches a camera as it is
    request     the request itself, as a target and as a URL
"""

from hamaproto.commands.beyond import (
    list_params,
    raw,
    talk,
    update_params,
)
from hamaproto.commands.builders import (
    add_preset,
    audio_status,
    audio_stream,
    brand,
    default_video_format,
    firmware,
    go_to_preset,
    http_port,
    image,
    image_properties,
    image_without_login,
    mac_address,
    mjpeg_appearance,
    mjpeg_fps,
    mjpeg_image_properties,
    move,
    mpeg4_appearance,
    mpeg4_fps,
    mpeg4_image_properties,
    private_video_port,
    ptz_status,
    remove_preset,
    set_audio,
    set_default_video_format,
    set_flip_mode,
    set_jpeg_compression,
    set_mjpeg_fps,
    set_mjpeg_resolution,
    set_mpeg4_bitrate,
    set_mpeg4_compression,
    set_mpeg4_fps,
    set_mpeg4_rate_control,
    set_mpeg4_resolution,
    set_pan_tilt_speed,
    users,
    video_stream,
)
from hamaproto.commands.catalogue import (
    CATALOGUE,
    Command,
)
from hamaproto.commands.choices import (
    JPEG_COMPRESSIONS,
    MJPEG_FPS,
    MJPEG_RESOLUTIONS,
    MPEG4_BITRATES,
    MPEG4_COMPRESSIONS,
    MPEG4_FPS,
    MPEG4_RESOLUTIONS,
    PAN_TILT_SPEEDS,
    PRESET_INDEXES,
    VOLUMES,
    AudioEnable,
    Direction,
    FlipMode,
)
from hamaproto.commands.request import (
    AudioEvent,
    BaseRequest,
    Reply,
    Request,
    StreamRequest,
    VideoEvent,
)
from hamaproto.models import Channel, RateControl, Resolution, VideoFormat

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
