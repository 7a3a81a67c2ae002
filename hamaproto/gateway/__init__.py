"""The gateway: one connection to a camera, and pictures and sound for everybody who watches.

What stands here does no I/O.  `Feed` knows who watches and what state a stream is in, `Viewer`
which picture is the next for one of them, `Access` who may ask at all; `hamaproto.io.gateway`
has the server.
"""

from hamaproto.gateway.access import Access, Asked, Refusal
from hamaproto.gateway.feed import Feed
from hamaproto.gateway.shot import Shot
from hamaproto.gateway.status import State, Status
from hamaproto.gateway.viewer import Viewer

__all__ = ["Access", "Asked", "Feed", "Refusal", "Shot", "State", "Status", "Viewer"]
