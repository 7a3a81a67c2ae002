"""`hamaproto serve` as a process of its own, with simulated cameras behind it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.own import ROOT
from hamaproto.camera import time_code
from hamaproto.pytest_plugin import HamaCamera

__all__ = ["INSECURE", "Site", "site"]

#: A name that is no loopback address to a browser: a page from there is in no secure context.
INSECURE = "camera.lan"


@dataclass(frozen=True, slots=True)
class Site:
    """A gateway, and the cameras behind it by their names."""

    url: str
    token: str
    """What stands behind the `/` of the link that signs a browser in."""
    cameras: dict[str, HamaCamera]

    @property
    def insecure(self) -> str:
        """The same gateway by a name that makes browsers careful."""
        return f"http://{INSECURE}:{self.url.rpartition(':')[2]}"


@contextlib.contextmanager
def site(*names: str, size: str = "320x240", **options: Any) -> Iterator[Site]:
    """A camera of each name, 30 pictures a second with a code in them; its sound tells the time.

    `options` are those of `HamaCamera`.
    """
    with contextlib.ExitStack() as stack:
        cameras = {
            name: stack.enter_context(
                HamaCamera(**{"camera_id": number, "sound": time_code, **options})
            )
            for number, name in enumerate(names)
        }
        for camera in cameras.values():
            camera.set("Image.I0.Appearance.Resolution", size)
            camera.set("Image.I0.Stream.FPS", 30)
        named = [argument for name in names for argument in ("--name", name)]
        urls = [camera.url for camera in cameras.values()]
        listen = ("--listen", "127.0.0.1:0", "--allow-host", INSECURE)
        gateway = subprocess.Popen(
            [sys.executable, "-m", "hamaproto", "serve", *urls, *named, *listen],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
        )
        try:
            assert gateway.stdout is not None
            url, link = (gateway.stdout.readline().decode().strip() for _ in range(2))
            yield Site(url, link.removeprefix(url + "/"), cameras)
        finally:
            gateway.terminate()
            gateway.communicate(timeout=10)
