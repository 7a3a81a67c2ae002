"""What the simulated camera sees: a `Scene` in, a JPEG out.

`Pictures` keeps the last few, so that one encoding serves every client that asks for the
same instant, and stamps each with a comment (a COM segment) that a program can read:
`read_stamp` tells the picture's number, its time and where the camera looked, so that a
test can say which picture it holds without looking at it.

Who draws is exchangeable: any `Scene -> JPEG` will do.  With Pillow it is a view into a
drawn landscape (`panorama.py`), without it a mosaic in grey (`mosaic.py`), which needs
nothing and is what a load test wants.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Final, NamedTuple

from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.camera.scene import Renderer, Scene
from hamaproto.errors import LocalProtocolError

__all__ = ["Pictures", "Stamp", "read_stamp", "stamps_in"]

#: Pictures that are kept: those that are at most `streams.MAX_LAG` old, at 30 fps.
_KEPT: Final = 8
_STAMP: Final = b"hamaproto "


class Stamp(NamedTuple):
    """What a picture's comment says; the names are those of `Scene`."""

    number: int
    time: float
    pan: float
    tilt: float
    preset: str


def _default_renderer() -> Renderer:
    if find_spec("PIL") is None:
        return draw_mosaic
    from hamaproto.camera.panorama import draw_panorama

    return draw_panorama


class Pictures:
    """Draws scenes, stamps them, and keeps the last ones."""

    __slots__ = ("_kept", "_render")

    def __init__(self, render: Renderer | None = None) -> None:
        self._render = render
        self._kept: OrderedDict[Scene, bytes] = OrderedDict()

    def get(self, scene: Scene) -> bytes:
        """The JPEG of a scene, the same object if it was asked for a moment ago."""
        image = self._kept.get(scene)
        if image is None:
            if self._render is None:
                self._render = _default_renderer()
            image = self._kept[scene] = _stamped(self._render(scene), scene)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return image


def _stamped(image: bytes, scene: Scene) -> bytes:
    if image[:2] != b"\xff\xd8":
        raise LocalProtocolError(
            "a renderer must return a JPEG, from its SOI marker (FFD8) to its EOI"
        )
    stamp = Stamp(scene.number, scene.time, scene.pan, scene.tilt, scene.preset)
    content = _STAMP + json.dumps(stamp._asdict()).encode("ascii")
    segment = b"\xff\xfe" + (len(content) + 2).to_bytes(2, "big") + content
    # Behind an APP0, which JFIF wants to be the first segment.
    start = 2
    if image[2:4] == b"\xff\xe0":
        start = 4 + int.from_bytes(image[4:6], "big")
    return image[:start] + segment + image[start:]


def read_stamp(image: bytes) -> Stamp | None:
    """The stamp of a picture of the simulated camera; None for any other bytes."""
    found = _stamp_at(image, image.find(_STAMP))
    return None if found is None else found[0]


def stamps_in(data: bytes) -> Iterator[tuple[Stamp, int]]:
    """All stamps in any bytes, each with where it stands."""
    start = data.find(_STAMP)
    while start >= 0:
        found = _stamp_at(data, start)
        if found is not None:
            yield found[0], start
        start = data.find(_STAMP, start + len(_STAMP) if found is None else found[1])


def _stamp_at(data: bytes, start: int) -> tuple[Stamp, int] | None:
    """The stamp whose text begins there, and where it ends."""
    if start < 4 or data[start - 4 : start - 2] != b"\xff\xfe":
        return None
    end = start - 2 + int.from_bytes(data[start - 2 : start], "big")
    try:
        return Stamp(**json.loads(data[start + len(_STAMP) : end])), end
    except (ValueError, TypeError):
        return None
