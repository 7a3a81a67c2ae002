"""A simulated camera in anybody's tests: fixtures for pytest, and what they give.

pytest finds `plugin.py` by itself once the package is installed; `-p no:hamaproto` leaves it
out.  `HamaCamera` is what the fixtures give and works without pytest too; `assert_frames` looks
at what a client has made of the pictures.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hamaproto.pytest_plugin.camera import HamaCamera
    from hamaproto.pytest_plugin.frames import FramesSeen, assert_frames

__all__ = ["FramesSeen", "HamaCamera", "assert_frames"]


def __getattr__(name: str) -> Any:
    # pytest imports this in each of its runs; what has no use there is to cost nothing.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "camera" if name == "HamaCamera" else "frames"
    value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return value
