"""Multipart MJPEG: bytes to frames.

`parser.py` reads the stream, by means of the modules beside it.  Those that have a `.pxd` are
compiled a second time, into `hamaproto.wire._mjpeg`; `MjpegParser` is the compiled twin where
there is one (see `hamaproto.ACCELERATED`).
"""

from typing import TYPE_CHECKING

from hamaproto._accel import load

if TYPE_CHECKING:
    from hamaproto.wire.mjpeg.parser import Accounting, MjpegEvent, MjpegParser
else:
    _twin = load("hamaproto.wire._mjpeg.parser")
    if _twin is None:
        from hamaproto.wire.mjpeg import parser as _twin
    Accounting = _twin.Accounting
    MjpegEvent = _twin.MjpegEvent
    MjpegParser = _twin.MjpegParser

__all__ = ["Accounting", "MjpegEvent", "MjpegParser"]
