"""What it costs to import this library and to start the command, beside others.

Each is a process of its own: its processor time from start to end, what Python takes for itself
included, and the modules that it has at the end.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator

from bench.measure.entries import Contest, Options, Skipped, Told, Unit

__all__ = ["contests"]

MODULES = Unit("modules")
TIME = Unit("ms")
PYTHON = "python alone"
COUNT = "import sys; print(len(sys.modules), file=sys.stderr)"
#: Contestant -> what is run, and what has to be installed for it.
PROGRAMS: dict[str, tuple[str, str]] = {
    PYTHON: ("", "sys"),
    "import hamaproto": ("import hamaproto", "hamaproto"),
    "hamaproto.MjpegParser": ("from hamaproto import MjpegParser", "hamaproto"),
    "hamaproto.Camera": ("from hamaproto import Camera", "hamaproto"),
    "hamaproto.io.asyncio.Camera": ("from hamaproto.io.asyncio import Camera", "hamaproto"),
    "hamaproto --help": (
        "import sys; sys.argv = ['hamaproto', '--help']\n"
        "from hamaproto.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass",
        "click",
    ),
    "import asyncio": ("import asyncio", "asyncio"),
    "import numpy": ("import numpy", "numpy"),
    "import h11": ("import h11", "h11"),
    "import requests": ("import requests", "requests"),
    "import httpx": ("import httpx", "httpx"),
    "import aiohttp": ("import aiohttp", "aiohttp"),
}


def cost(code: str) -> tuple[float, float]:
    """Milliseconds of processor time of a process that runs this, and its modules at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"{code}\n{COUNT}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode:
        raise RuntimeError(said.strip())
    return (used.ru_utime + used.ru_stime) * 1e3, int(said.split()[-1])


def contests(options: Options) -> Iterator[Contest]:
    entries: list[Told | Skipped] = []
    for who, (code, needs) in PROGRAMS.items():
        if importlib.util.find_spec(needs) is None:
            entries.append(Skipped("processor time", who, f"{needs} is not installed"))
            continue

        def run(code: str = code) -> tuple[float, float]:
            return cost(code)

        rows = (("processor time", TIME), ("modules", MODULES))
        entries.append(Told(who, rows, run, PYTHON))
    yield entries
