"""Bytes to events and back: no socket, no clock, no thread, no file.

`MjpegParser` is the compiled twin where there is one (see `hamaproto.ACCELERATED`).
"""

from typing import TYPE_CHECKING

from hamaproto._accel import load

if TYPE_CHECKING:
    from hamaproto.wire.multipart import MjpegParser
else:
    _compiled = load("hamaproto.wire._multipart")
    if _compiled is None:
        from hamaproto.wire.multipart import MjpegParser
    else:
        MjpegParser = _compiled.MjpegParser

__all__ = ["MjpegParser"]
