"""Processor time of a frame in our drivers, beside a bare protocol, uvloop and C.

One process on a core of its own sends `streams` streams of `rate` frames of 34 kB a second, as
these cameras do.  Each contestant is a process on another core, whose processor time is counted
while all streams run.  The reference is a bare `asyncio.BufferedProtocol` that throws all away.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence

from bench.frames import frames
from bench.measure.child import Child
from bench.measure.entries import Contest, Options, Skipped, Told, Unit
from bench.streams import vga_frames
from bench.traffic.readers import BARE, READERS, Received, Receiver
from bench.traffic.sender import Sender, Sent, stamped

__all__ = ["MICRO", "SETTINGS", "Traffic", "contests"]

SETTINGS = {"streams": 400, "rate": 5, "seconds": 2}
MICRO = False
US_A_FRAME = Unit("µs a frame")


def image() -> bytes:
    """34 kB, or 7 kB where PyAV is not there to draw."""
    try:
        return min(frames(40), key=lambda data: abs(len(data) - 34_000))
    except ImportError:
        return vga_frames(1)[0]


class Traffic:
    """A camera and its streams."""

    def __init__(self, streams: int, rate: int, seconds: int) -> None:
        self.streams, self.rate, self.seconds = streams, rate, seconds
        data = image()
        #: Bytes on the wire for a frame.
        self.each = stamped(data).size
        self._sender = Child(Sender, [data], core=0)

    def warm(self, receiver: Child) -> None:
        """Let it read one stream, so that it has imported what it needs."""
        port = self._sender.ask("listen")
        self._sender.begin("hold", 1, 1, False)
        receiver.ask("hold", port, 1, self.each, 1)
        self._sender.answer()

    def hold(self, receiver: Child, frames: int, *, half: bool) -> tuple[int, int]:
        """Bytes of memory before, and with all streams open behind so many frames."""
        port = self._sender.ask("listen")
        self._sender.begin("hold", self.streams, frames, half)
        before, after = receiver.ask("hold", port, self.streams, self.each, frames)
        self._sender.answer()
        return before, after

    def read(self, receiver: Child, *, look: bool) -> tuple[Sent, Received]:
        """Let a process of readers read: what was sent, and what it says."""
        port = self._sender.ask("listen")
        # All have begun after a turn, and what is measured is to lie in the middle.
        self._sender.begin("stream", self.streams, self.rate, self.seconds + 2.5 / self.rate + 1)
        received = receiver.ask("read", port, self.streams, self.seconds, self.each, look)
        return self._sender.answer(), received


def contests(options: Options) -> Iterator[Contest]:
    traffic = Traffic(
        options.setting("streams", SETTINGS["streams"], 50),
        options.setting("rate", SETTINGS["rate"]),
        options.setting("seconds", SETTINGS["seconds"], 1),
    )
    row = f"{traffic.streams} streams x {traffic.rate} fps"
    entries: list[Told | Skipped] = []
    for who, way in READERS.items():
        if importlib.util.find_spec(way.needs) is None:
            entries.append(Skipped(row, who, f"{way.needs} is not installed"))
            continue
        receiver = Child(Receiver, who, core=-1)

        def run(receiver: Child = receiver) -> Sequence[float]:
            _, received = traffic.read(receiver, look=False)
            if received.wrong or not received.measured:
                raise RuntimeError(f"{received.measured} frames, {received.wrong} errors")
            return [received.cpu / received.measured * 1e6]

        entries.append(Told(who, ((row, US_A_FRAME),), run, BARE))
    yield entries
