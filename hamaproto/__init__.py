"""hamaproto: the CGI protocol of a family of IP cameras, without I/O inside.

`commands` says what can be asked, `ClientConnection` turns a request into bytes and
the answer's bytes into events, the parsers can be used on their own, and
`hamaproto.io` has drivers for those who do not bring their own I/O.
"""

from hamaproto._accel import accelerated as _accelerated
from hamaproto._version import __version__

__all__ = ["ACCELERATED", "__version__"]

#: True if the compiled twins are in use (see `HAMAPROTO_PURE`).
ACCELERATED: bool = _accelerated()
