"""A browser for tests of the page, and what is read from its canvas and its loudspeaker.

Debian's Chromium is driven by playwright, which downloads no browser of its own then.
"""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from command_line import start

from hamaproto.camera import PictureCode, TimeMark, read_code, read_time_code, time_code
from hamaproto.pytest_plugin import HamaCamera

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Playwright

#: A name that is no loopback address to a browser: a page from there is in no secure context.
INSECURE = "camera.lan"
#: The view that the page shows.
VIEW = "(await import('/static/main.js')).current()"

_ARGUMENTS = (
    "--no-sandbox",  # as root, in a container
    "--disable-gpu",
    f"--host-resolver-rules=MAP {INSECURE} 127.0.0.1",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
)


def chromium_path() -> str | None:
    """The browser that is there; `HAMAPROTO_CHROMIUM` names another one."""
    named = os.environ.get("HAMAPROTO_CHROMIUM")
    return named or shutil.which("chromium") or shutil.which("google-chrome")


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=chromium_path(), args=_ARGUMENTS)


@dataclass(frozen=True, slots=True)
class Site:
    """A gateway in a process of its own, and the cameras behind it."""

    url: str
    token: str
    """The part of the link that signs a browser in."""
    cameras: dict[str, HamaCamera]

    @property
    def port(self) -> str:
        return self.url.rpartition(":")[2]

    @property
    def insecure(self) -> str:
        """The same gateway by a name that makes browsers careful."""
        return f"http://{INSECURE}:{self.port}"

    def sign_in(self, context: BrowserContext, url: str) -> None:
        page = context.new_page()
        page.goto(f"{url}/{self.token}")
        page.close()


@contextlib.contextmanager
def site(*names: str) -> Iterator[Site]:
    """`hamaproto serve`, with a simulated camera of each name that tells the time by its sound."""
    with contextlib.ExitStack() as stack:
        cameras = {
            name: stack.enter_context(HamaCamera(camera_id=number, sound=time_code))
            for number, name in enumerate(names)
        }
        for camera in cameras.values():
            camera.set("Image.I0.Appearance.Resolution", "320x240")
            camera.set("Image.I0.Stream.FPS", 30)
        named = [argument for name in names for argument in ("--name", name)]
        urls = [camera.url for camera in cameras.values()]
        gateway = start(
            *("serve", *urls, *named, "--listen", "127.0.0.1:0", "--allow-host", INSECURE),
            stderr=None,
        )
        try:
            assert gateway.stdout is not None
            url, link = (gateway.stdout.readline().decode().strip() for _ in range(2))
            yield Site(url, link.removeprefix(url + "/"), cameras)
        finally:
            gateway.terminate()
            gateway.communicate(timeout=10)


def until(page: Page, true: Callable[[], bool], seconds: float = 10.0) -> None:
    """Let the page go on until that is so; fails if it does not become so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"it was not so within {seconds} s"
        page.wait_for_timeout(20)


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture that was drawn."""

    code: PictureCode | None
    """What is read from the canvas."""
    age: float
    """Milliseconds from its arrival at the gateway until its pixels could be read back."""


_WATCH = """async (count) => {
  const { picture } = VIEW.stage;
  const { show } = picture;
  const found = [];
  await new Promise((done) => {
    picture.show = function (bitmap, jpeg, header) {
      show.call(picture, bitmap, jpeg, header);
      const { canvas, context } = picture;
      const high = Math.ceil((canvas.width / 40) * 6);
      const { data } = context.getImageData(0, canvas.height - high, canvas.width, high);
      const age = picture.clock.at(performance.now()) - header.getFloat64(8) * 1000;
      const green = String.fromCharCode(...data.filter((_, index) => index % 4 === 1));
      found.push([canvas.width, canvas.height, high, age, btoa(green)]);
      if (found.length === count) done();
    };
  });
  delete picture.show;
  return found;
}""".replace("VIEW", VIEW)


def watch(page: Page, count: int) -> list[Shown]:
    """The next pictures that the page draws."""
    shown = []
    for width, height, high, age, pixels in page.evaluate(_WATCH, count):
        picture = np.zeros((height, width), np.uint8)
        strip = np.frombuffer(base64.b64decode(pixels), np.uint8).reshape(high, width)
        picture[height - high :] = strip
        shown.append(Shown(read_code(picture), age))
    return shown


_LISTEN = """async (seconds) => {
  const { sound } = VIEW.toolbar;
  const { context } = sound;
  const per = context.sampleRate;
  const analyser = context.createAnalyser();
  analyser.fftSize = 16384;
  sound.gain.connect(analyser);
  const begin = Math.round(context.currentTime * per);
  const heard = new Int16Array(Math.ceil(seconds * per));
  const piece = new Float32Array(analyser.fftSize);
  for (let place = 0; place < heard.length; ) {
    await new Promise((done) => setTimeout(done, 100));
    analyser.getFloatTimeDomainData(piece);
    place = Math.round(context.currentTime * per) - begin - piece.length;
    piece.forEach((sample, at) => {
      heard[place + at] = sample * 32767;
    });
  }
  analyser.disconnect();
  const { contextTime, performanceTime } = context.getOutputTimestamp();
  const base = performance.timeOrigin / 1000 + performanceTime / 1000 - contextTime;
  const bytes = new Uint8Array(heard.buffer);
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return [per, begin / per + base, btoa(text)];
}""".replace("VIEW", VIEW)


def listen(page: Page, seconds: float) -> list[tuple[float, TimeMark]]:
    """The marks of the time code that leave the loudspeaker, each with its time since 1970."""
    rate, begin, samples = page.evaluate(_LISTEN, seconds)
    heard = np.frombuffer(base64.b64decode(samples), np.int16)
    return [(begin + mark.at, mark) for mark in read_time_code(heard, rate)]


def violations(page: Page) -> list[str]:
    """What axe has against the page as it is: the rule and the element."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]
