"""Read by mypy, never run: what `execute` and `stream` are typed as, through the request alone."""

from collections.abc import Iterator
from typing import TypeVar, assert_type

from hamaproto import commands, models
from hamaproto.commands import Request, StreamRequest
from hamaproto.events import Frame
from hamaproto.wire.params import ParamList

R = TypeVar("R")
E = TypeVar("E")


def execute(request: Request[R]) -> R:
    raise NotImplementedError


def stream(request: StreamRequest[E]) -> Iterator[E]:
    raise NotImplementedError


assert_type(execute(commands.image()), Frame)
assert_type(execute(commands.image_without_login()), Frame)
assert_type(execute(commands.brand()), models.Brand)
assert_type(execute(commands.brand()).product_number, str | None)
assert_type(execute(commands.mjpeg_image_properties()), models.MjpegImageProperties)
assert_type(execute(commands.mjpeg_fps()).fps, int | None)
assert_type(execute(commands.default_video_format()).video_format, models.VideoFormat | None)
assert_type(execute(commands.audio_status()).audio, models.Availability | None)
assert_type(execute(commands.image_properties()).resolutions, tuple[models.Resolution, ...] | None)
assert_type(execute(commands.set_mjpeg_fps(15)), models.Ack)
assert_type(execute(commands.set_flip_mode(commands.FlipMode.NORMAL)), models.Ack)
assert_type(execute(commands.update_params({"a": 1})), models.Ack)
assert_type(execute(commands.list_params("Brand")), ParamList)
assert_type(execute(commands.raw("/")), models.RawAnswer)

for video_event in stream(commands.video_stream()):
    assert_type(video_event, commands.VideoEvent)
for audio_event in stream(commands.audio_stream()):
    assert_type(audio_event, commands.AudioEvent)

# A stream is not executed, and what ends is not streamed.
execute(commands.video_stream())  # type: ignore[arg-type]
stream(commands.image())  # type: ignore[arg-type]

# A request for something is a request for anything more general.
wider: Request[models.View] = commands.brand()
wider_stream: StreamRequest[object] = commands.video_stream()
