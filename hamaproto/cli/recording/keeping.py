"""Which old parts of a recording have to go, by age or by the space that they take.

Only files are deleted that have a name of the recording's own template, and that hold the
mark that this program puts into what it records (a JPEG has none: there the name decides).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hamaproto.cli.recording.matroska import MARK
from hamaproto.cli.recording.naming import Template

__all__ = ["Kept", "Retention", "excess", "ours"]

_EBML: Final = b"\x1aE\xdf\xa3"
_JPEG: Final = b"\xff\xd8\xff"
#: The mark stands within so many bytes.
_LOOKED_AT: Final = 4096


@dataclass(frozen=True, slots=True)
class Kept:
    """A part that is there: its size in bytes, and when it was finished (seconds from 1970)."""

    path: str
    size: int
    finished: float


def excess(
    parts: Iterable[Kept], now: float, *, seconds: float | None, size: int | None, growing: int = 0
) -> list[Kept]:
    """What has to go: older than `seconds`, or the oldest of what is over `size` bytes.

    `growing` is the size of what is being written, which counts and never goes.
    """
    oldest_first = sorted(parts, key=lambda part: (part.finished, part.path))
    if seconds is not None:
        return [part for part in oldest_first if now - part.finished > seconds]
    if size is None:
        return []
    over = sum(part.size for part in oldest_first) + growing - size
    gone = []
    for part in oldest_first:
        if over <= 0:
            break
        gone.append(part)
        over -= part.size
    return gone


def ours(path: str) -> bool:
    """Whether a file is one that this program has recorded, by what stands in it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return False
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return False
        try:
            head = file.read(_LOOKED_AT)
        except OSError:
            return False
    return head.startswith(_JPEG) or (head.startswith(_EBML) and MARK.encode() in head)


class Retention:
    """Deletes what is older, or more, than is to be kept."""

    def __init__(self, template: Template, *, seconds: float | None, size: int | None) -> None:
        self._template = template
        self._seconds = seconds
        self._size = size
        #: Files that were looked into: what they were then, and whether they are ours.
        self._known: dict[str, tuple[tuple[int, int], bool]] = {}
        #: Files that were deleted.
        self.deleted = 0

    def _is_ours(self, path: str, found: os.stat_result) -> bool:
        state = (found.st_ino, found.st_mtime_ns)
        known = self._known.get(path)
        if known is None or known[0] != state:
            known = self._known[path] = (state, ours(path))
        return known[1]

    def apply(self, now: float, growing: Iterable[str] = ()) -> None:
        """Delete what has to go; `growing` are the files that are being written."""
        open_now = {os.path.realpath(path) for path in growing}
        parts, in_work = [], 0
        for path in self._template.find():
            try:
                found = os.stat(path, follow_symlinks=False)
            except OSError:
                continue
            if os.path.realpath(path) in open_now:
                in_work += found.st_size
            elif self._is_ours(path, found):
                parts.append(Kept(path, found.st_size, found.st_mtime))
        for part in excess(parts, now, seconds=self._seconds, size=self._size, growing=in_work):
            try:
                os.unlink(part.path)
            except OSError:
                continue  # what can't be deleted stays, and is looked at again later
            self._known.pop(part.path, None)
            self.deleted += 1
