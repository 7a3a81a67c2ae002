"""`python -m bench load`: many streams in one asyncio process, and whether a frame is lost.

A simulated camera in a process of its own sends `--streams` streams of `--rate` frames a
second for `--seconds`; this process receives them all through `hamaproto.io.asyncio`.  At the
end the camera says how many frames it has sent, and that number is to have arrived: whole,
and by their stamps each one once.  Printed are the figures that matter to whoever plans a
recorder: CPU of the receiving process, its memory over the time, and how late frames were.

Exit status 1 if a frame was lost, if the receiver needed a whole core, or if its memory grew.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import multiprocessing.connection
import resource
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from hamaproto import ACCELERATED, commands
from hamaproto.camera import CameraState, Pictures, read_stamp
from hamaproto.camera.panorama import draw_panorama
from hamaproto.camera.streams import Stream
from hamaproto.events import EndOfStream, Frame
from hamaproto.io import Timeouts
from hamaproto.io.asyncio import Camera
from hamaproto.io.serve import serve

#: Memory may differ by so many bytes a stream from the first quarter to the end.
GROWTH_PER_STREAM = 2048
#: Rates that the protocol has.
RATES = (1, 3, 5, 10, 15, 30)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench load", description=__doc__)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--rate", type=int, choices=RATES, default=5, help="frames a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--size", default="640x480", help="of a picture, in pixels")
    parser.add_argument("--json", action="store_true", help="the figures as one JSON object")
    options = parser.parse_args(argv)
    _raise_descriptor_limit(options.streams + 100)
    figures = _measure(options)
    print(json.dumps(figures, indent=2) if options.json else _report(figures))
    return 0 if figures["passed"] else 1


def _raise_descriptor_limit(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        sys.exit(
            f"{wanted} descriptors are needed, {hard} are allowed: lower --streams, or ulimit -n"
        )
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


# -- the camera, in another process ----------------------------------------------------


def _be_the_camera(pipe: multiprocessing.connection.Connection, options: Any) -> None:
    _raise_descriptor_limit(options.streams + 100)
    asyncio.run(_serve(pipe, options))


async def _serve(pipe: multiprocessing.connection.Connection, options: Any) -> None:
    state = CameraState(
        max_users=options.streams + 1, pictures=Pictures(_prepared()), epoch=time.time()
    )
    update = f"action=update&Image.I0.Stream.FPS={options.rate}"
    state.param(update.encode(), 0.0)
    state.param(f"action=update&Image.I0.Appearance.Resolution={options.size}".encode(), 0.0)
    loop = asyncio.get_running_loop()
    async with serve(state) as camera:
        pipe.send(camera.url)
        # Until the other side has had its time...
        await loop.run_in_executor(None, pipe.recv)
        camera.stall()
        # ... and what was begun is written out.
        clients: Any = tuple(camera.clients)
        while any(client._transport.get_write_buffer_size() for client in clients):
            await asyncio.sleep(0.01)
        streams = [client._connection.stream for client in clients]
        sent = sum(stream.sent for stream in streams if isinstance(stream, Stream))
        skipped = sum(stream.skipped for stream in streams if isinstance(stream, Stream))
    pipe.send((sent, skipped, time.process_time()))


def _prepared() -> Any:
    """A renderer that draws one picture a size: the load is to be in sending, not in drawing."""
    drawn: dict[tuple[int, int], bytes] = {}

    def render(scene: Any) -> bytes:
        size = (scene.width, scene.height)
        if size not in drawn:
            drawn[size] = draw_panorama(scene)
        return drawn[size]

    return render


# -- the receiver ----------------------------------------------------------------------


@dataclass(slots=True)
class _Count:
    """What arrived, over all streams."""

    frames: int = 0
    incomplete: int = 0
    bytes: int = 0
    gaps: int = 0
    ends: int = 0
    errors: list[str] = field(default_factory=list)
    latest: float = 0.0
    lateness: float = 0.0
    running: int = 0


async def _receive(url: str, count: _Count) -> None:
    """One stream to its end."""
    number = None
    async with (
        Camera(url, timeout=Timeouts(connect=60, idle=30, total=None)) as camera,
        camera.stream(commands.video_stream()) as events,
    ):
        try:
            async for event in events:
                if isinstance(event, Frame):
                    count.running += number is None
                    count.frames += 1
                    count.incomplete += not event.complete
                    count.bytes += len(event.data)
                    stamp = read_stamp(event.data)
                    assert stamp is not None
                    count.gaps += number is not None and stamp.number != number + 1
                    number = stamp.number
                    late = time.time() - stamp.time
                    count.lateness += late
                    count.latest = max(count.latest, late)
                elif isinstance(event, EndOfStream):
                    count.ends += 1
        except Exception as error:
            count.errors.append(repr(error))


def _measure(options: Any) -> dict[str, Any]:
    here, there = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    camera = context.Process(target=_be_the_camera, args=(there, options), daemon=True)
    camera.start()
    there.close()
    url = here.recv()
    try:
        figures = asyncio.run(_watch(url, options, here))
    finally:
        camera.join(10)
        camera.kill()
    return figures


async def _watch(url: str, options: Any, pipe: Any) -> dict[str, Any]:
    count = _Count()
    tasks = []
    for number in range(options.streams):
        tasks.append(asyncio.create_task(_receive(url, count)))
        if number % 50 == 49:
            # Not all at once: a backlog that overflows costs seconds.
            await asyncio.sleep(0.05)
    while count.running < options.streams and not count.errors:
        await asyncio.sleep(0.05)
    memory = [_memory()]
    start, cpu, before = time.monotonic(), time.process_time(), count.frames
    while (past := time.monotonic() - start) < options.seconds:
        await asyncio.sleep(min(options.seconds / 40, options.seconds - past + 0.001))
        memory.append(_memory())
    seconds, cpu, frames = (
        time.monotonic() - start,
        time.process_time() - cpu,
        count.frames - before,
    )
    pipe.send("enough")
    await asyncio.gather(*tasks)
    sent, skipped, camera_cpu = pipe.recv()
    settled = memory[len(memory) // 4 :]
    growth = settled[-1] - settled[0]
    figures = {
        "streams": options.streams,
        "rate": options.rate,
        "seconds": round(seconds, 1),
        "accelerated": ACCELERATED,
        "frames sent": sent,
        "frames received": count.frames,
        "frames lost": sent - count.frames,
        "frames cut off": count.incomplete,
        "frames not sent in time by the camera": skipped,
        "gaps in the numbers": count.gaps,
        "errors": count.errors[:5],
        "bytes": count.bytes,
        "frames a second": round(frames / seconds, 1),
        "receiver CPU, of one core": round(cpu / seconds, 3),
        "microseconds a frame": round(cpu / max(frames, 1) * 1e6, 1),
        "camera CPU seconds": round(camera_cpu, 1),
        "memory, MiB": round(memory[-1] / 2**20, 1),
        "memory growth, bytes a stream": round(growth / options.streams),
        "mean lateness, ms": round(count.lateness / max(count.frames, 1) * 1000, 1),
        "worst lateness, ms": round(count.latest * 1000, 1),
    }
    figures["passed"] = bool(
        sent == count.frames
        and not count.incomplete
        and not count.errors
        and count.gaps <= skipped
        and cpu < seconds
        and growth <= GROWTH_PER_STREAM * options.streams
    )
    return figures


def _memory() -> int:
    """Resident bytes of this process."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def _report(figures: dict[str, Any]) -> str:
    width = max(map(len, figures))
    return "\n".join(f"{name:{width}}  {value}" for name, value in figures.items())
