"""Where figures are from: the machine, and the versions of what was measured on it."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib.metadata
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = ["PEERS", "describe", "differences", "machine", "pinned", "resident", "versions"]

#: Distributions whose versions stand beside the figures, where they are installed.
PEERS = (
    "numpy",
    "av",
    "aiohttp",
    "axis",
    "h11",
    "httpx",
    "multipart",
    "python-multipart",
    "requests",
    "soundfile",
    "urllib3",
    "uvloop",
)
#: What makes two machines two, and how it is called in words.
WORDS = {
    "name": "named",
    "processor": "with a processor",
    "cores": "with cores:",
    "memory": "with memory",
    "system": "under",
}


def _processor() -> str:
    with contextlib.suppress(OSError, StopIteration), open("/proc/cpuinfo") as info:
        line = next(line for line in info if line.startswith("model name"))
        return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _memory() -> str:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return f"{size / 2**30:.0f} GiB"
    return "unknown"


def machine() -> dict[str, str]:
    """What tells this machine from another one; figures of two machines are not compared."""
    return {
        "name": platform.node(),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": _memory(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def differences(one: dict[str, str], two: dict[str, str]) -> list[str]:
    """In words, how two machines differ; empty if they are one."""
    return [
        f"{words} {one.get(key, 'unknown')} and {two.get(key, 'unknown')}"
        for key, words in WORDS.items()
        if one.get(key) != two.get(key)
    ]


def versions() -> dict[str, str]:
    """Python's, ours and those of the peers that are installed."""
    from hamaproto import ACCELERATED, __version__

    twin = "compiled" if ACCELERATED else "pure"
    found = {"python": platform.python_version(), "hamaproto": f"{__version__}, {twin}"}
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        found["python"] += ", without the GIL"
    for name in PEERS:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def describe(about: dict[str, str], found: dict[str, str]) -> str:
    """A line about the machine and the versions."""
    names = ", ".join(f"{name} {version}" for name, version in found.items())
    return f"{about['processor']}, {about['cores']} cores, {about['memory']}; {names}"


@contextlib.contextmanager
def pinned(place: int) -> Iterator[bool]:
    """This process on one core: the first for 0, the last for -1; True if the system did it."""
    if not hasattr(os, "sched_setaffinity"):
        yield False
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(before)[place]})
    try:
        yield len(before) > 1
    finally:
        os.sched_setaffinity(0, before)


def resident(status: Path = Path("/proc/self/statm")) -> int:
    """Bytes of this process that are in memory; what was freed is given back before.

    Where the system does not tell that, the most that there were; 0 where it tells nothing.
    """
    gc.collect()
    with contextlib.suppress(OSError, AttributeError, TypeError):  # glibc has it, others may not
        ctypes.CDLL(None).malloc_trim(0)
    with contextlib.suppress(OSError):
        return int(status.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(ImportError):
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
    return 0
