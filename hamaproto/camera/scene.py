"""`Scene`: everything that a picture of the simulated camera depends on.

`picture.py` asks a renderer for the JPEG of a scene.  The renderers, `panorama.py` and
`mosaic.py`, draw scenes and know nothing of `picture.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Renderer", "Scene"]


@dataclass(frozen=True, slots=True)
class Scene:
    """What the camera is set to, and where it looks, at the moment of one picture.

    `number` counts the pictures from 0; `time` is Unix time in seconds.  `width` and `height`
    are pixels; `compression` is 0..4, `flip_mode` 0..3 (clause 2.2.10).  `pan` and `tilt` are
    degrees, right and up positive.  `preset` is the name of the preset where the camera
    stands, or empty.  `camera` is what the picture's code (`code.py`) says who took it; None
    for no code.
    """

    number: int
    time: float
    width: int
    height: int
    compression: int = 0
    flip_mode: int = 0
    pan: float = 0.0
    tilt: float = 0.0
    preset: str = ""
    camera: int | None = None


#: Draws a scene as a JPEG of the scene's size.
Renderer = Callable[[Scene], bytes]
