"""What a URL on the command line means: a camera, or one picture or stream of it.

    192.168.1.20                          a camera
    http://proxy/cam1                     a camera behind a proxy that has a name for it
    http://cam/jpg/image.jpg              a file of a camera, as every other tool takes it
    http://cam/video.cgi?user=a&pwd=b     another

An address with a query, or whose last name has an ending, is that of a file: no camera has
such a prefix.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from hamaproto.userinfo import refuse_raw_password

__all__ = ["Address"]

_URL: Final = re.compile(
    r"(?P<base>(?:[A-Za-z][A-Za-z0-9+.-]*://)?[^/?#]*)(?P<target>[^#]*)", re.ASCII
)
_ENDING: Final = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,4}", re.ASCII)
#: Fields of a query in which cameras of other families take a password.
_SECRET: Final = re.compile(r"[?&](?:pwd|pass|passwd|password|loginpas|pw)=[^&]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """A URL as it was given, taken apart.

    `camera` is where the camera is, with what stands there of a login; `target` is the file
    that was named, as it goes into the request, or None if the camera itself was.
    """

    camera: str
    target: str | None = None

    @property
    def has_secret(self) -> bool:
        """Whether the query holds a password, which must not be shown."""
        return self.target is not None and _SECRET.search(self.target) is not None

    @property
    def shown(self) -> str:
        """The file without its query."""
        return (self.target or "").partition("?")[0]

    @classmethod
    def parse(cls, url: str) -> Address:
        """Take a URL apart; what is no URL at all is left for the driver to refuse.

        Raises LocalProtocolError for a password with a character that ends the host.
        """
        match = _URL.match(url.strip())
        if match is None:
            return cls(url)
        target = match["target"]
        refuse_raw_password(match["base"].rpartition("://")[2], url.strip()[match.end("base") :])
        path, question, _ = target.partition("?")
        last = path.rpartition("/")[2]
        _, dot, ending = last.rpartition(".")
        if question or (dot and _ENDING.fullmatch(dot + ending)):
            return cls(match["base"], target if target.startswith("/") else f"/{target}")
        return cls(match["base"] + path)
