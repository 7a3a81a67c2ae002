"""Whether the compiled twins are used: decided once, when hamaproto is imported.

`HAMAPROTO_PURE=1` in the environment forces the pure-Python twins.  Otherwise each
package asks `load` for its compiled twin and falls back to the pure one.  All twins
or none: one that is missing while others are there means a broken build, and
`ACCELERATED` says False then so that nobody mistakes it for the fast one.
"""

from __future__ import annotations

import importlib
import os
from types import ModuleType

__all__ = ["COMPILED_MODULES", "PURE_REQUESTED", "accelerated", "load"]

PURE_REQUESTED = os.environ.get("HAMAPROTO_PURE", "0") not in ("", "0")

#: Every compiled module of the package; `setup.py` builds exactly these.
COMPILED_MODULES = (
    "hamaproto.wire._mjpeg.scans",
    "hamaproto.wire._mjpeg.store",
    "hamaproto.wire._mjpeg.clean_head",
    "hamaproto.wire._mjpeg.walk",
    "hamaproto.wire._mjpeg.window",
    "hamaproto.wire._mjpeg.report",
    "hamaproto.wire._mjpeg.belief",
    "hamaproto.wire._mjpeg.head",
    "hamaproto.wire._mjpeg.text_part",
    "hamaproto.wire._mjpeg.gap",
    "hamaproto.wire._mjpeg.view",
    "hamaproto.wire._mjpeg.image",
    "hamaproto.wire._mjpeg.opinion",
    "hamaproto.wire._mjpeg.ending",
    "hamaproto.wire._mjpeg.loan",
    "hamaproto.wire._mjpeg.states",
    "hamaproto.wire._mjpeg.parser",
    "hamaproto.gsm._codec",
)


def load(name: str) -> ModuleType | None:
    """The compiled module `name`, or None if it is not to be had or not wanted."""
    if PURE_REQUESTED:
        return None
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def accelerated() -> bool:
    """True if every compiled twin is there and in use."""
    return all(load(name) is not None for name in COMPILED_MODULES)
