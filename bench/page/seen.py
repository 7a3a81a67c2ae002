"""What is read from the page's canvas and its loudspeaker, in whichever browser."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from hamaproto.camera import PictureCode, TimeMark, read_code, read_time_code

__all__ = ["VIEW", "Shown", "listen", "watch"]

#: The view that the page shows.
VIEW = "(await import('/static/main.js')).current()"


class _Page(Protocol):
    def evaluate(self, function: str, argument: Any = None, /) -> Any: ...


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


def watch(page: _Page, count: int) -> list[Shown]:
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
  let ahead = Infinity;
  for (let place = 0; place < heard.length; ) {
    await new Promise((done) => setTimeout(done, 100));
    // The time of a context moves on in steps: the smallest difference is that at a step's begin.
    ahead = Math.min(ahead, performance.now() / 1000 - context.currentTime);
    analyser.getFloatTimeDomainData(piece);
    place = Math.round(context.currentTime * per) - begin - piece.length;
    piece.forEach((sample, at) => {
      heard[place + at] = sample * 32767;
    });
  }
  analyser.disconnect();
  const base = performance.timeOrigin / 1000 + ahead + (context.outputLatency || 0);
  const bytes = new Uint8Array(heard.buffer);
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return [per, begin / per + base, btoa(text)];
}""".replace("VIEW", VIEW)


def listen(page: _Page, seconds: float) -> list[tuple[float, TimeMark]]:
    """The marks of the time code that leave the loudspeaker, each with its time since 1970."""
    rate, begin, samples = page.evaluate(_LISTEN, seconds)
    heard = np.frombuffer(base64.b64decode(samples), np.int16)
    return [(begin + mark.at, mark) for mark in read_time_code(heard, rate)]
