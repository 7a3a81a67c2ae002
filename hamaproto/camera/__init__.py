"""The other side of the protocol: a simulated camera, without I/O.

`CameraState` is the camera, `ServerConnection` one client's connection to it, both
driven by bytes and by a time that is passed in.  `hamaproto.io.serve` runs them.
"""

from hamaproto.camera.code import PictureCode, read_code
from hamaproto.camera.connection import ServerConnection
from hamaproto.camera.faults import FAULTS, Faults
from hamaproto.camera.log import Exchange, RequestLog
from hamaproto.camera.picture import Pictures, Stamp, read_stamp
from hamaproto.camera.profiles import PROFILES, Profile
from hamaproto.camera.scene import Scene
from hamaproto.camera.state import CameraState
from hamaproto.camera.time_code import TimeMark, read_time_code, time_code

__all__ = [
    "FAULTS",
    "PROFILES",
    "CameraState",
    "Exchange",
    "Faults",
    "PictureCode",
    "Pictures",
    "Profile",
    "RequestLog",
    "Scene",
    "ServerConnection",
    "Stamp",
    "TimeMark",
    "read_code",
    "read_stamp",
    "read_time_code",
    "time_code",
]
