"""One measurement at a time on a machine: whoever comes second waits, and not for ever.

The lock is the kernel's (`flock` on a file in the system's temporary folder), so that it is gone
with the process that held it, however that ended.  The file says who holds it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

try:
    import fcntl as _fcntl
except ImportError:  # Windows, where nothing of this was tried: no lock there
    fcntl: Any = None
else:
    fcntl = _fcntl

__all__ = ["LOCK", "BusyMachineError", "alone"]

LOCK = Path(tempfile.gettempdir()) / "hamaproto-bench.lock"
#: Seconds between two tries.
PAUSE = 0.2


class BusyMachineError(Exception):
    """Another measurement was running all the time that was waited."""


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except PermissionError:  # another user's: it can be locked all the same
        return os.open(path, os.O_RDONLY)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def alone(
    wait: float, what: str, *, path: Path = LOCK, say: Callable[[str], Any] = _say
) -> Iterator[None]:
    """Hold the lock; waits up to `wait` seconds for it.

    `what` is told to whoever comes while it is held.  Raises BusyMachineError if the time is up.
    """
    if not fcntl:
        yield
        return
    descriptor = _open(path)
    try:
        _acquire(descriptor, wait, path, say)
        with contextlib.suppress(OSError):  # another user's file
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"process {os.getpid()}, {what}".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, wait: float, path: Path, say: Callable[[str], Any]) -> None:
    end = time.monotonic() + wait
    said = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 1000, 0).decode(errors="replace") or str(path)
        else:
            return
        if (left := end - time.monotonic()) <= 0:
            raise BusyMachineError(
                f"another measurement is running ({holder}): waited {wait:g} s, and gave up"
            )
        if not said:
            say(f"another measurement is running ({holder}): waiting up to {wait:g} s for its end")
            said = True
        time.sleep(min(PAUSE, left))
