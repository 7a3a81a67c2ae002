"""One camera and many viewers: what the server costs, what it adds, and what a slow one does.

One process sends as these cameras do, one relays, and one has all the viewers, which take pictures
by WebSocket.  Processor time is that of the relaying process (getrusage), for each picture of 30 kB
that was delivered.  What is late is so from the camera's `send` to the viewer's last byte, all
processes and the kernel included; "nobody between" is a viewer of the camera itself.  The slow
viewer takes a fifth of what is sent.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial

from bench.measure.child import Child
from bench.measure.entries import Contest, Options, Skipped, Told, Unit
from bench.streams import large_frames
from bench.suites.load import quantile
from bench.traffic.relays import OURS, PLAIN, WAYS, Relay
from bench.traffic.sender import Sender, stamped
from bench.traffic.watchers import Seen, Watchers

__all__ = ["MICRO", "SETTINGS", "contests"]

SETTINGS = {"viewers": 200, "rate": 20, "seconds": 5}
MICRO = False
NOBODY = "nobody between"
#: Seconds until all are there and the stream is steady.
SETTLE = 2.0
MANY = (
    ("processor time", Unit("µs a picture")),
    ("pictures that came", Unit("%", more=True)),
    ("memory", Unit("MB")),
)
ONE = (("late, median", Unit("ms")), ("late, p99", Unit("ms")))
SLOW = (
    ("a slow viewer is behind, median", Unit("s")),
    ("a slow viewer is behind, most", Unit("s")),
    ("another one is late, p99", Unit("ms")),
)


def contests(options: Options) -> Iterator[Contest]:
    viewers = options.setting("viewers", SETTINGS["viewers"], 20)
    rate = options.setting("rate", SETTINGS["rate"])
    seconds = options.setting("seconds", SETTINGS["seconds"], 1)
    needs = ("aiohttp", "prometheus_client")
    missing = [name for name in needs if importlib.util.find_spec(name) is None]
    if missing:
        yield [Skipped("all", OURS, f"{missing[0]} is not installed")]
        return
    load = _Load(rate, seconds)
    many = f"{viewers} viewers x {rate} fps"
    yield [_entry(many, MANY, who, partial(load.many, who, viewers), PLAIN) for who in WAYS]
    ways = (*WAYS, NOBODY)
    yield [_entry("1 viewer", ONE, who, partial(load.one, who), NOBODY) for who in ways]
    yield [_entry("1 viewer and a slow one", SLOW, OURS, load.slow, None)]


def _entry(
    name: str,
    rows: Sequence[tuple[str, Unit]],
    who: str,
    run: Callable[[], Sequence[float]],
    reference: str | None,
) -> Told:
    return Told(who, tuple((f"{name}: {row}", unit) for row, unit in rows), run, reference)


class _Load:
    """A camera, what stands between, and those who watch; new processes each time."""

    def __init__(self, rate: int, seconds: int) -> None:
        self._image = large_frames(1)[0]
        self._each = stamped(self._image).size
        self._rate, self._seconds = rate, seconds

    def many(self, who: str, viewers: int) -> list[float]:
        seen, share, memory = self._run(who, viewers, SETTLE, self._seconds)
        rate = seen.frames / (seen.end - seen.start)
        return [share / max(rate, 1) * 1e6, rate / viewers / self._rate * 100, memory / 1e6]

    def one(self, who: str) -> list[float]:
        if who == NOBODY:
            with (
                self._camera(SETTLE + self._seconds) as port,
                closing(Child(Watchers, core=0)) as eye,
            ):
                seen = eye.ask("direct", port, SETTLE, self._seconds)
        else:
            seen, _, _ = self._run(who, 1, SETTLE, self._seconds)
        return [quantile(seen.late, 0.5) * 1e3, quantile(seen.late, 0.99) * 1e3]

    def slow(self) -> list[float]:
        # It takes its time until all that lies between is full.
        settle, seconds = 4 * SETTLE, max(self._seconds, 5)
        seen, _, _ = self._run(OURS, 1, settle, seconds, self._each * self._rate / 5)
        late = quantile(seen.late, 0.99) * 1e3
        return [quantile(seen.slow, 0.5), max(seen.slow, default=0.0), late]

    def _run(
        self, who: str, viewers: int, settle: float, seconds: float, slow: float = 0.0
    ) -> tuple[Seen, float, float]:
        """What was seen, the share of a core that the relay took, and its memory in bytes."""
        total = settle + seconds
        with (
            self._camera(total) as port,
            closing(Child(Relay, who, core=-1)) as relay,
            closing(Child(Watchers, core=0)) as eyes,
        ):
            there = relay.ask("serve", f"http://127.0.0.1:{port}")
            eyes.begin("watch", there, viewers, settle, seconds, slow)
            seen: Seen = eyes.answer()
            share, memory = relay.ask("used", seen.start, seen.end)
            relay.ask("end")
            return seen, share, memory

    @contextmanager
    def _camera(self, seconds: float) -> Iterator[int]:
        camera = Child(Sender, [self._image], core=0, patience=seconds + 60)
        try:
            port = camera.ask("listen")
            camera.begin("stream", 1, self._rate, seconds + 5)
            yield port
        finally:
            camera.close()
