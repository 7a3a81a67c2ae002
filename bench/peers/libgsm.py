"""libgsm, the codec that everybody has: by ctypes, and in a C loop where gcc can compile one.

It needs Debian's libgsm1, and for the loop libgsm1-dev and gcc.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["Libgsm", "compiled"]


def compiled(source: Path, *libraries: str) -> ctypes.CDLL | None:
    """A C file as a library that is loaded; None where it cannot be compiled."""
    if shutil.which("gcc") is None:
        return None
    with tempfile.TemporaryDirectory(prefix="bench-peer-") as folder:
        made = Path(folder) / "peer.so"
        command = ["gcc", "-O2", "-shared", "-fPIC", "-o", str(made), str(source)]
        links = [f"-l{name}" for name in libraries]
        done = subprocess.run([*command, *links], capture_output=True, check=False)
        return ctypes.CDLL(str(made)) if done.returncode == 0 else None


class Libgsm:
    """libgsm, which raises ImportError if there is none.

    `loop(encode, frames, samples, count)` is the C loop, or None.
    """

    def __init__(self) -> None:
        name = ctypes.util.find_library("gsm")
        if name is None:
            raise ImportError("libgsm is not installed (apt install libgsm1)")
        self.lib = ctypes.CDLL(name)
        self.lib.gsm_create.restype = ctypes.c_void_p
        for call in (self.lib.gsm_decode, self.lib.gsm_encode):
            call.argtypes = [ctypes.c_void_p] * 3
        self.lib.gsm_destroy.argtypes = [ctypes.c_void_p]
        peer = compiled(Path(__file__).with_name("libgsm.c"), "gsm")
        self.loop: Any = None
        if peer is not None:
            self.loop = peer.run
            self.loop.restype = None
            self.loop.argtypes = [
                ctypes.c_int,
                ctypes.c_void_p,
                ctypes.c_void_p,
                ctypes.c_size_t,
            ]

    def each(self, call: Any, sources: list[int], targets: list[int], held: Any) -> None:
        """One call a frame, through ctypes; `held` keeps alive what the addresses are in."""
        codec = self.lib.gsm_create()
        for source, target in zip(sources, targets, strict=True):
            call(codec, source, target)
        self.lib.gsm_destroy(codec)
