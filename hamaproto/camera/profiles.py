"""Which camera of the family is simulated: how its answers are written, by name.

`PROFILES` is the table.  A row has the heads line by line, as the device of that name writes
them; what all of them have in common stands in `connection.py`, and what is odd on purpose in
`faults.py`.  `spec` is the camera that the specification prints, the others are what has been
recorded or read from firmware; no row was seen whole on a device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from hamaproto.errors import LocalProtocolError

__all__ = ["DEFAULT_PROFILE", "PROFILES", "SERVER", "UNCACHED", "Profile", "profile_named"]

SERVER: Final = b"Server: GoAhead-Webs"
UNCACHED: Final = (b"Pragma: no-cache", b"Cache-Control: no-cache")
#: The name of the profile that a camera has if none is named.
DEFAULT_PROFILE: Final = "firmware-1.6"

_PLAIN: Final = b"Content-Type: text/plain"
_MULTIPART: Final = b"Content-Type: multipart/x-mixed-replace; "


@dataclass(frozen=True, slots=True)
class Profile:
    """One row: the heads are lines without their ends, the status line first."""

    name: str
    """What it is called."""
    about: str
    """What it is, in words."""
    video: tuple[bytes, ...]
    """The head of the picture stream (clause 1.3)."""
    audio: tuple[bytes, ...]
    """The head of the sound stream (clause 3.1)."""
    image: tuple[bytes, ...] = (
        *(b"HTTP/1.0 200 OK", SERVER, *UNCACHED, b"Content-Type: image/jpeg"),
    )
    """The head of one picture (clauses 1.1, 1.2), but for its length."""
    text: tuple[bytes, ...] = (b"HTTP/1.1 200 OK", SERVER, *UNCACHED, _PLAIN)
    """The head of lists and of `OK`."""
    motion_event: bool = True
    """Whether each part says `Motion-Event`, which is not in the specification."""
    digest: bool = False
    """Whether the login is Digest instead of Basic."""
    beyond: bool = True
    """Whether there are groups and programs that the specification does not print."""
    paths: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """More names for what is there: path -> path of the specification."""


def _video(boundary: bytes) -> tuple[bytes, ...]:
    return (b"HTTP/1.1 200 OK", SERVER, *UNCACHED, _MULTIPART + b"boundary=" + boundary)


_AUDIO: Final = (b"HTTP/1.1 200 OK", b"Content-Type: audio/gsm")

PROFILES: Final[Mapping[str, Profile]] = MappingProxyType(
    {
        "spec": Profile(
            "spec",
            "the camera as the specification prints it: folded heads, audio/basic, nothing else",
            video=(
                b"HTTP/1.0 200 OK",
                b"Content-Type: multipart/x-mixed-replace;  ",
                b"            boundary=myboundary",
            ),
            audio=(b"HTTP/1.0 200 OK", b"Content-Type: audio/basic"),
            motion_event=False,
            beyond=False,
        ),
        "firmware-1.6": Profile(
            "firmware-1.6",
            "the boundary in quotation marks, Motion-Event, audio/gsm",
            video=_video(b'"myboundary"'),
            audio=_AUDIO,
        ),
        "firmware-1.39": Profile(
            "firmware-1.39",
            "as 1.6, the boundary without quotation marks",
            video=_video(b"myboundary"),
            audio=_AUDIO,
        ),
        "sibling": Profile(
            "sibling",
            "a later sibling: Digest, and the stream as /snapshot.cgi as well",
            video=_video(b'"myboundary"'),
            audio=_AUDIO,
            digest=True,
            paths=MappingProxyType(
                {"/snapshot.cgi": "/mjpg/video.mjpg", "/snapshot.jpg": "/jpg/image.jpg"}
            ),
        ),
    }
)
"""Every profile that can be chosen."""


def profile_named(name: str) -> Profile:
    """The profile of that name.  Raises `LocalProtocolError` if there is none."""
    if name not in PROFILES:
        raise LocalProtocolError(f"no profile is named {name!r}; there are {', '.join(PROFILES)}")
    return PROFILES[name]
