"""The documents: their blocks of code, and a shell that runs what stands in them.

README, the topics of `hamaproto help` and `bench/README.md` say what to type.  The tests type
it as it stands there; only the camera's address, and what would take an hour, is replaced.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from hamaproto.cli.help import text_of_topic, titles

__all__ = ["BENCH", "README", "ROOT", "TOPICS", "blocks", "lacks", "run_block"]

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BENCH = (ROOT / "bench" / "README.md").read_text(encoding="utf-8")
TOPICS = {name: text_of_topic(name) for name in titles()}

#: What would take an hour takes a second here; and what plays, plays for a second to nobody.
SHORTER = [
    (r"--seconds \d+", "--seconds 0.6"),
    (r"--reconnect$", "--reconnect --seconds 0.6"),
    (r"--max-time \d+", "--max-time 0.6"),
    (r"-t \d+", "-t 0.6"),
    # One picture, so that it does not matter how busy the machine is.
    (r"--every 30s", "--every 5s"),
    (r"--before 5s --after 10s", "--before 1s --after 1s"),
    (r"\bmpv\b", "mpv --vo=null --ao=null --length=0.4 --msg-level=all=error"),
    (r"\bvlc\b", "cvlc --play-and-exit --run-time=1 --vout=dummy --aout=dummy"),
]
#: Programs of others; a block that needs one that is not here is left out.
OTHERS = ("curl", "ffmpeg", "ffprobe", "mpv", "vlc")
ROOTED = hasattr(os, "geteuid") and os.geteuid() == 0

#: The folder of the command `hamaproto`.  It is written before there are threads: a program
#: that another thread starts would hold the file open for a moment, and while a file is open
#: for writing Linux does not run it.
_FOLDER = tempfile.TemporaryDirectory()
BINARIES = Path(_FOLDER.name)
_COMMAND = BINARIES / "hamaproto"
_COMMAND.write_text(f'#!/bin/sh\nexec {sys.executable} -m hamaproto "$@"\n')
_COMMAND.chmod(0o755)


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a document that are in this language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def lacks(block: str) -> bool:
    """Whether the block needs a program that is not here."""
    # VLC does not run as root.
    there = {name for name in OTHERS if shutil.which(name)} - ({"vlc"} if ROOTED else set())
    return any(re.search(rf"\b{name}\b", block) and name not in there for name in OTHERS)


def run_block(block: str, url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a block of shell commands in a new folder, until the first that fails."""
    for pattern, shorter in SHORTER:
        block = re.sub(pattern, shorter, block, flags=re.MULTILINE)
    folder.mkdir()
    return subprocess.run(
        ["bash", "-c", "set -e\n" + block.replace("http://192.168.1.20", url)],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{BINARIES}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "NETRC": os.devnull,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
