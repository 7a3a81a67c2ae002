"""`python -m bench together`: are sound and picture together after each trouble of the network?

A simulated camera and a proxy run here, and `hamaproto record --reconnect --split` as a program
of its own behind the proxy, for `--minutes`, into `--files` files.  Every minute has each
trouble once: silences of 0.8, 1.2 and 5 s, lost sound, bursts, a camera that stops, a new
connection of the sound that begins late or with a backlog; and the camera's sound clock is 1 %
fast for one half of each minute and 1 % slow for the other.

Afterwards the files are read by FFmpeg's demuxer alone.  The stamp in a picture says when it
was made; the pitch of a note says which one it is, and the camera noted when that was due.  So
for each note that is heard it is known how far it is from the picture that was made with it.
Each picture that the camera sent has to be in the files, once and in order.

Exit status 1 if a picture is missing, or if sound is early by more than 45 ms or late by more
than 125 ms at any time but during a trouble and the 2 s behind it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import math
import random
import shutil
import sys
import tempfile
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np

from hamaproto.camera import CameraState, Pictures, read_stamp
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.camera.scene import Scene
from hamaproto.camera.sound import NOTE_FRAMES, tune
from hamaproto.io.serve import serve

EARLY, LATE, AFTER = 0.045, 0.125, 2.0
RATE = 8000
#: 20 pitches, a semitone from one to the next, each far from the one before.
LOWEST, STEPS, STRIDE = 400.0, 20, 7
AUDIO = b"/camera-cgi/audio/receive.cgi"
BACKLOG = 3.0
#: Second of the minute -> trouble, and how many seconds it lasts.
MINUTE: dict[float, tuple[str, float]] = {
    7.0: ("silent", 0.8),
    11.0: ("silent", 1.2),
    15.5: ("lost", 0.4),
    19.5: ("silent", 5.0),
    28.0: ("bursts", 7.5),
    39.0: ("stop", 1.4),
    43.0: ("backlog", 1.5),
    49.0: ("late", 1.9),
}


@dataclass
class Log:
    """What was made, and what was wrong when; Unix time."""

    notes: dict[int, float] = field(default_factory=dict)
    pictures: list[int] = field(default_factory=list)
    troubles: list[tuple[str, float, float]] = field(default_factory=list)


class Proxy:
    """Passes bytes on, some later than others, and some sound not at all."""

    def __init__(self, port: int, jitter: float) -> None:
        self._camera = port
        self._jitter = jitter
        self._chance = random.Random(1)
        self.silent: list[tuple[float, float]] = []
        self.bursts: list[tuple[float, float]] = []
        self.lose_frames = 0
        self.late = 0.0
        self._early: tuple[Any, Any, asyncio.Task[None], deque[tuple[float, bytes]]] | None = None
        self._sound: asyncio.StreamWriter | None = None
        self.port = 0

    async def start(self) -> None:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]

    async def open_early(self) -> None:
        """Ask for sound now that the next one who asks gets from here on."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._camera)
        writer.write(b"GET " + AUDIO + b" HTTP/1.0\r\n\r\n")
        items: deque[tuple[float, bytes]] = deque()
        self._early = reader, writer, asyncio.ensure_future(self._read(reader, items, True)), items

    def drop_sound(self) -> None:
        if self._sound is not None:
            self._sound.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            request = await reader.readuntil(b"\r\n\r\n")
            sound = AUDIO in request
            if sound:
                self._sound = writer
                late, self.late = self.late, 0.0
                await asyncio.sleep(late)
            if sound and self._early is not None:
                (_, up, reading, items), self._early = self._early, None
            else:
                down, up = await asyncio.open_connection("127.0.0.1", self._camera)
                up.write(request)
                items = deque()
                reading = asyncio.ensure_future(self._read(down, items, sound))
            try:
                await self._write(items, reading, writer)
            finally:
                reading.cancel()
                up.close()
        writer.close()

    async def _read(
        self, reader: asyncio.StreamReader, items: deque[tuple[float, bytes]], sound: bool
    ) -> None:
        """The camera is never kept waiting: nothing is lost because of us."""
        payload, drop = (-1 if sound else 0), 0
        while data := await reader.read(65536):
            if sound:
                if payload < 0:
                    end = data.find(b"\r\n\r\n") + 4
                    head, data, payload = data[:end], data[end:], 0
                    items.append((time.time(), head))
                if self.lose_frames and payload % 33 == 0:
                    drop, self.lose_frames = self.lose_frames * 33, 0
                payload += len(data)
                cut = min(drop, len(data))
                drop -= cut
                data = data[cut:]
            items.append((time.time(), data))

    async def _write(
        self,
        items: deque[tuple[float, bytes]],
        reading: asyncio.Task[None],
        writer: asyncio.StreamWriter,
    ) -> None:
        while items or not reading.done():
            if not items:
                await asyncio.sleep(0.002)
                continue
            came, data = items.popleft()
            due = self._release(came + self._chance.uniform(0, self._jitter))
            if (wait := due - time.time()) > 0:
                await asyncio.sleep(wait)
            writer.write(data)
            await writer.drain()

    def _release(self, at: float) -> float:
        for start, end in self.silent:
            at = end if start <= at < end else at
        for start, end in self.bursts:
            if start <= at < end:
                at = start + 2.5 * math.floor((at - start) / 2.5 + 1)
        return at


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench together", description=__doc__)
    parser.add_argument("--minutes", type=int, default=1)
    parser.add_argument("--files", type=int, default=4, help="to split it into; 1: no --split")
    parser.add_argument("--fps", type=int, default=15, choices=(5, 10, 15, 30))
    parser.add_argument("--jitter", type=float, default=0.02, help="seconds of it, on every piece")
    parser.add_argument("--keep", metavar="DIR", help="where the files are to stay")
    parser.add_argument("--all", action="store_true", help="print every note")
    options = parser.parse_args(argv)
    folder = Path(options.keep or tempfile.mkdtemp(prefix="together-"))
    folder.mkdir(exist_ok=True)
    try:
        log, code, said = asyncio.run(_record(options, folder))
        print(f"record ended with {code}: {said}")
        return _judge(sorted(folder.glob("*.mkv")), log, options)
    finally:
        if not options.keep:
            shutil.rmtree(folder)


async def _record(options: argparse.Namespace, folder: Path) -> tuple[Log, int, str]:
    log = Log()
    notes = tune([LOWEST * 2 ** (place * STRIDE % STEPS / 12) for place in range(STEPS)])

    def sound(number: int) -> bytes:
        if number % NOTE_FRAMES == 0:
            log.notes[number // NOTE_FRAMES] = state.epoch + state.sound_ticker.due(number)
        return notes(number)

    def draw(scene: Scene) -> bytes:
        log.pictures.append(scene.number)
        return draw_mosaic(scene)

    state = CameraState(pictures=Pictures(draw), sound=sound)
    state.stored["Image.I0.Stream.FPS"] = str(options.fps)
    state.stored["Image.I0.Appearance.Resolution"] = "320x240"
    state.ticker.retime(options.fps, 0.0)
    async with serve(state) as camera:
        proxy = Proxy(camera.port, options.jitter)
        await proxy.start()
        await proxy.open_early()
        await asyncio.sleep(BACKLOG)
        seconds = options.minutes * 60
        split = ["--split", f"{seconds / options.files:g}s"] if options.files > 1 else []
        name = "part-{n}.mkv" if split else "part.mkv"
        words = [f"http://127.0.0.1:{proxy.port}", "-o", str(folder / name), "--reconnect"]
        begun = time.time()
        log.troubles.append(("start", begun, begun + 1.0))
        program = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("hamaproto")),
            *("record", *words, *split, "--seconds", str(seconds)),
            stderr=asyncio.subprocess.PIPE,
        )
        trouble = asyncio.ensure_future(_make_trouble(camera, proxy, log, begun, options.minutes))
        _, said = await program.communicate()
        trouble.cancel()
    return log, program.returncode or 0, said.decode().strip().replace("\n", "; ")


async def _make_trouble(camera: Any, proxy: Proxy, log: Log, begun: float, minutes: int) -> None:
    state = camera.state
    events: list[tuple[float, Callable[[], Any]]] = []
    for minute in range(minutes):
        zero = begun + minute * 60
        events.append((zero + 1, lambda: state.sound_ticker.retime(50.5, camera.now())))
        events.append((zero + 36, lambda: state.sound_ticker.retime(49.5, camera.now())))
        for second, (name, length) in MINUTE.items():
            at = zero + second
            log.troubles.append((name, at, at + length))
            if name == "silent":
                proxy.silent.append((at, at + length))
            elif name == "bursts":
                proxy.bursts.append((at, at + length))
            elif name == "lost":
                events.append((at, lambda: setattr(proxy, "lose_frames", 20)))
            elif name == "stop":
                events += [(at, camera.stall), (at + length, camera.resume)]
            elif name == "late":
                events.append((at, lambda: setattr(proxy, "late", 0.4)))
                events.append((at, proxy.drop_sound))
            elif name == "backlog":
                events.append((at - BACKLOG, proxy.open_early))
                events.append((at, proxy.drop_sound))
    for at, do in sorted(events, key=lambda event: event[0]):
        await asyncio.sleep(max(0.0, at - time.time()))
        done = do()
        if done is not None and asyncio.iscoroutine(done):
            await done


@dataclass
class Contents:
    """One file: pictures (time in the file, number, made) and its sound as one array."""

    pictures: list[tuple[float, int, float]]
    sound: Any
    sound_from: float


def _read(path: Path) -> Contents:
    pictures, pieces = [], []
    with av.open(str(path)) as file:
        for packet in file.demux():
            if packet.pts is None:
                continue
            at = float(packet.pts * packet.time_base)
            if packet.stream.type == "video":
                stamp = read_stamp(bytes(packet))
                assert stamp is not None
                pictures.append((at, stamp.number, stamp.time))
            else:
                pieces.append((at, np.frombuffer(bytes(packet), "<i2")))
    begin = pieces[0][0] if pieces else 0.0
    size = round((pieces[-1][0] - begin) * RATE) + len(pieces[-1][1]) if pieces else 0
    sound = np.zeros(size + RATE, np.int16)
    for at, samples in pieces:
        place = round((at - begin) * RATE)
        sound[place : place + len(samples)] = samples[: len(sound) - place]
    return Contents(pictures, sound, begin)


def _notes_heard(sound: Any) -> list[tuple[float, float]]:
    """Second at which a note begins in the sound, and its pitch in steps."""
    hop = 20
    blocks = np.abs(sound[: len(sound) // hop * hop].astype(float)).reshape(-1, hop).max(axis=1)
    heard, last = [], -1000
    for block in range(20, len(blocks) - 130):
        before = blocks[block - 14 : block - 1].max()
        if blocks[block] > 1000 and blocks[block] > 4 * before and block - last > 60:
            last = block
            start = block * hop
            piece = sound[start + 40 : start + 2040] * np.hanning(2000)
            spectrum = np.abs(np.fft.rfft(piece, 16000))
            low = 380 * 2
            pitch = (low + int(np.argmax(spectrum[low : 1330 * 2]))) / 2
            step = 12 * math.log2(pitch / LOWEST)
            heard.append((start / RATE, step))
    return heard


def _judge(paths: list[Path], log: Log, options: argparse.Namespace) -> int:
    offsets: list[tuple[float, float]] = []
    numbers: list[int] = []
    by_step: dict[int, list[float]] = {}
    for place, made in log.notes.items():
        by_step.setdefault(place * STRIDE % STEPS, []).append(made)
    for path in paths:
        contents = _read(path)
        numbers += [number for _, number, _ in contents.pictures]
        made_at = [made for _, _, made in contents.pictures]
        found = 0
        for at, step in _notes_heard(contents.sound):
            at += contents.sound_from
            near = min(contents.pictures, key=lambda picture: abs(picture[0] - at))
            guess = near[2] + at - near[0]
            # A fast clock makes notes higher, and what is stretched lies between two steps.
            steps = range(round(step) - 1, round(step) + 2)
            made = min(
                [each for near_by in steps for each in by_step.get(near_by, [])] or [math.inf],
                key=lambda each: abs(each - guess),
            )
            place = bisect_right(made_at, made) - 1
            if not 0 <= place < len(made_at) or made - made_at[place] > 0.4:
                continue
            shown, _, picture = contents.pictures[place]
            offsets.append((made, (at - made) - (shown - picture)))
            found += 1
        print(f"{path.name}: {len(contents.pictures)} pictures, {found} notes")
    begun = log.troubles[0][1]
    bad = 0
    if options.all:
        for at, off in offsets:
            print(f"{at - begun:8.2f} {off:+.3f} {'trouble' * _in_trouble(at, log)}")
    for minute in range(options.minutes):
        rows = [
            (at - begun, off) for at, off in offsets if minute <= (at - begun) / 60 < minute + 1
        ]
        well = [row for row in rows if not _in_trouble(row[0] + begun, log)]
        out = [row for row in well if not -EARLY <= row[1] <= LATE]
        bad += len(out)
        span = (
            f"{min(o for _, o in well):+.3f} to {max(o for _, o in well):+.3f} s" if well else "-"
        )
        print(f"minute {minute + 1}: {len(well)} of {len(rows)} notes judged, {span}", end="")
        print(f", OUT: {[(round(at, 1), round(off, 3)) for at, off in out]}" if out else "")
        # A trouble and the time behind it leave about a third of a minute.
        bad += len(well) < 20
    first, last = (numbers[0], numbers[-1]) if numbers else (0, 0)
    sent = [number for number in log.pictures if first <= number <= last]
    missing = sorted(set(sent) - set(numbers))
    print(
        f"pictures: {len(sent)} sent, {len(numbers)} in {len(paths)} files, missing {missing[:9]}"
    )
    orderly = numbers == sorted(set(numbers))
    return 0 if orderly and not missing and not bad and numbers else 1


def _in_trouble(at: float, log: Log) -> bool:
    return any(start <= at < end + AFTER for _, start, end in log.troubles)
