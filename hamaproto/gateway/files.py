"""The page's own files, as they go to a browser: no build makes them.

They are read from the package when they are asked for; only names that are there are known, so
that no path leads out of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from importlib.resources import files
from typing import Final
from urllib.parse import quote

__all__ = ["KINDS", "MARK", "file", "names", "without_script"]

_FOLDER: Final = files("hamaproto.gateway") / "page"

#: Where the page has its cameras for a browser that runs no scripts.
MARK: Final = b"<!-- cameras -->"

#: The media type by the ending of the name.
KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
}


def _kind(name: str) -> str | None:
    _, dot, ending = name.rpartition(".")
    return KINDS.get(dot + ending)


def names() -> list[str]:
    """The files that there are."""
    return sorted(one.name for one in _FOLDER.iterdir() if _kind(one.name) is not None)


def file(name: str) -> tuple[bytes, str] | None:
    """What the file holds and its media type; None if there is none of that name."""
    kind = _kind(name)
    if kind is None or name not in names():
        return None
    return _FOLDER.joinpath(name).read_bytes(), kind


def without_script(cameras: Iterable[str]) -> bytes:
    """The cameras of these names, for a browser that runs no scripts."""
    rows = (
        f'<figure><img src="/c/{escape(quote(name, safe=""))}/stream.mjpg" '
        f'alt="{escape(name)}"><figcaption>{escape(name)}</figcaption></figure>'
        for name in cameras
    )
    return "".join(rows).encode()
