"""`hamaproto snapshot`: one picture, of this family's cameras or of any other."""

from __future__ import annotations

import click

from hamaproto import commands
from hamaproto.cli.exits import OK, PARTIAL
from hamaproto.cli.options import (
    Target,
    check_json,
    file_options,
    image_at,
    json_option,
    path_option,
)
from hamaproto.cli.output import check_ending, open_output
from hamaproto.cli.plain import note, print_json
from hamaproto.errors import RefusedError
from hamaproto.events import Frame
from hamaproto.io.blocking import Camera
from hamaproto.picture_size import AbsurdSizeError, absurd_size, size_of

__all__ = ["checked", "snapshot"]


def checked(frame: Frame) -> int:
    """The exit code for a picture; says what is wrong with it.

    Raises AbsurdSizeError for one of a size that none can have.
    """
    size = absurd_size(frame.data)
    if size is not None:
        raise AbsurdSizeError(size)
    if frame.complete:
        return OK
    note("the picture is cut off")
    return PARTIAL


@click.command()
@file_options
@click.option("-o", "--output", required=True, metavar="FILE", help="Where to; - is stdout.")
@click.option("--without-login", metavar="NAME", help="Ask for this login-free file instead.")
@path_option
@json_option
def snapshot(
    target: Target, output: str, without_login: str | None, path: str | None, as_json: bool
) -> int:
    """Get one picture from the camera at URL, as it is sent.

    URL may be the full address of a picture of any other camera.
    """
    check_json(as_json, output)
    check_ending(output, "image/jpeg")
    target.name_file(path)
    if without_login is not None and target.file is not None:
        raise click.UsageError("--without-login names a file already")
    # Scripts rely on the picture taking the place of the last one.
    with open_output(output, overwrite=True, whole=True) as file:
        with target.camera() as camera:
            if without_login is not None:
                frame = camera.execute(commands.image_without_login(without_login))
            else:
                frame = _picture(camera, target)
        code = checked(frame)
        file.write(frame.data)
    if as_json:
        width, height = size_of(frame.data) or (None, None)
        size = {"bytes": len(frame.data), "width": width, "height": height}
        print_json({"file": output, **size, "complete": frame.complete})
    elif output != "-":
        note(f"{output}: {len(frame.data)} bytes")
    return code


def _picture(camera: Camera, target: Target) -> Frame:
    try:
        return camera.execute(target.picture)
    except RefusedError as error:
        # A name without an ending may be that of a picture as well as of a camera.
        if error.status != 404 or not target.prefix or target.file is not None:
            raise
        place = target.at_root()
    with place as whole:
        return whole.execute(image_at(target.prefix))
