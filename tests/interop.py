"""Do programs of others read the simulated camera without losing a picture?

    python tests/interop.py [--seconds 3] [--only curl ffmpeg] [--json]

Each client that is here watches a camera at 30 pictures a second while the others do the same,
and what it wrote is looked at: by the stamps that the pictures carry, or by their number where a
client decodes them.  A client that is not here is said to be missing.  Exit status 1 if one of them
lost something.  pytest does not collect this: what is installed differs from machine to machine.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hamaproto.camera.sound import chime
from hamaproto.pytest_plugin import HamaCamera, assert_frames

VIDEO = "/mjpg/video.mjpg"
AUDIO = "/camera-cgi/audio/receive.cgi"
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Task:
    url: str
    seconds: float
    folder: Path

    @property
    def video(self) -> str:
        return self.url + VIDEO

    @property
    def audio(self) -> str:
        return self.url + AUDIO


class MissingError(Exception):
    """The client is not on this machine."""


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise MissingError(f"no program {name}")
    return found


def version_of(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False)
    found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return found[0] if found else "?"


def run(*words: str, seconds: float | None = None, okay: tuple[int, ...] = (0,)) -> bytes:
    """Run a program; after some seconds, interrupt it as a person would."""
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            out, err = process.communicate(timeout=PATIENCE if seconds is None else seconds)
        except subprocess.TimeoutExpired:
            process.terminate()
            out, err = process.communicate(timeout=PATIENCE)
            return out
    if process.returncode not in okay:
        raise AssertionError(f"{words[0]}: {process.returncode}, {err[-300:].decode('latin-1')}")
    return out


# Programs


def curl(task: Task) -> tuple[str, Any]:
    words = ("-sN", "--max-time", str(task.seconds), task.video)
    return version_of("curl", "--version"), run(program("curl"), *words, okay=(28,))


def wget(task: Task) -> tuple[str, Any]:
    words = ("-q", "-O", "-", task.video)
    return version_of("wget", "--version"), run(program("wget"), *words, seconds=task.seconds)


def _ffmpeg(task: Task, name: str, *words: str) -> tuple[str, Any]:
    out = task.folder / name
    clock = ("-use_wallclock_as_timestamps", "1")
    given = ("-v", "error", "-y", *clock, "-f", "mpjpeg", "-i", task.video)
    run(program("ffmpeg"), *given, "-t", str(task.seconds), *words, str(out))
    return version_of("ffmpeg", "-version"), out


def ffmpeg_matroska(task: Task) -> tuple[str, Any]:
    return _ffmpeg(task, "copy.mkv", "-c", "copy")


def ffmpeg_avi(task: Task) -> tuple[str, Any]:
    return _ffmpeg(task, "copy.avi", "-c", "copy")


def gstreamer(task: Task) -> tuple[str, Any]:
    folder = task.folder / "gst"
    folder.mkdir()
    words = (
        *("-q", "souphttpsrc", f"location={task.video}", "!", "multipartdemux", "!"),
        *("multifilesink", f"location={folder}/%06d.jpg"),
    )
    run(program("gst-launch-1.0"), *words, seconds=task.seconds)
    return version_of("gst-launch-1.0", "--version"), folder


def mpv(task: Task) -> tuple[str, Any]:
    out = task.folder / "mpv.mkv"
    words = ("--really-quiet", "--vo=null", "--ao=null", f"--stream-record={out}", task.video)
    run(program("mpv"), *words, seconds=task.seconds)
    return version_of("mpv", "--version"), out


def vlc(task: Task) -> tuple[str, Any]:
    out = task.folder / "vlc.avi"
    sout = f"#std{{access=file,mux=avi,dst={out}}}"
    words = ("-I", "dummy", "-q", task.video, "--sout", sout, "--run-time", str(task.seconds))
    run(program("cvlc"), *words, "vlc://quit", seconds=task.seconds + 5)
    return version_of("cvlc", "--version"), out


# Libraries


def library(name: str) -> tuple[Any, str]:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError:
        raise MissingError(f"no library {name}") from None
    try:
        return module, importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return module, str(getattr(module, "__version__", "?"))


def until(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() < end


def urllib_(task: Task) -> tuple[str, Any]:
    from urllib.request import urlopen

    goes_on, data = until(task.seconds), bytearray()
    with urlopen(task.video, timeout=PATIENCE) as stream:
        while goes_on():
            data += stream.read1(65536)
    return sys.version.split()[0], data


def requests_(task: Task) -> tuple[str, Any]:
    requests, version = library("requests")
    goes_on, data = until(task.seconds), bytearray()
    with requests.get(task.video, stream=True, timeout=PATIENCE) as answer:
        for chunk in answer.iter_content(4096):
            data += chunk
            if not goes_on():
                break
    return version, data


def httpx_(task: Task) -> tuple[str, Any]:
    httpx, version = library("httpx")
    goes_on, data = until(task.seconds), bytearray()
    with httpx.stream("GET", task.video, timeout=PATIENCE, trust_env=False) as answer:
        for chunk in answer.iter_raw():
            data += chunk
            if not goes_on():
                break
    return version, data


def aiohttp_(task: Task) -> tuple[str, Any]:
    """By its own reader of multipart bodies, which takes the delimiters away."""
    aiohttp, version = library("aiohttp")
    goes_on = until(task.seconds)

    async def main() -> list[bytes]:
        images = []
        async with aiohttp.ClientSession() as session, session.get(task.video) as answer:
            reader = aiohttp.MultipartReader.from_response(answer)
            while goes_on():
                part = await reader.next()
                images.append(bytes(await part.read(decode=False)))
        return images

    return version, asyncio.run(asyncio.wait_for(main(), PATIENCE))


def av_(task: Task) -> tuple[str, Any]:
    av, version = library("av")
    goes_on, packets = until(task.seconds), []
    with av.open(task.video, format="mpjpeg") as file:
        for packet in file.demux(video=0):
            packets.append(bytes(packet))
            if not goes_on():
                break
    return version, packets


def opencv(task: Task) -> tuple[str, Any]:
    """It decodes, so that the code in the picture is what is left."""
    cv2, version = library("cv2")
    goes_on, arrays = until(task.seconds), []
    capture = cv2.VideoCapture(task.video)
    while goes_on():
        there, array = capture.read()
        if not there:
            break
        arrays.append(array)
    capture.release()
    return version, arrays


# Sound: the samples have to be those of the frames that were sent, by the decoder of the client


def _wav(path: Path) -> int:
    with wave.open(str(path), "rb") as file:
        assert (file.getframerate(), file.getnchannels()) == (8000, 1)
        return file.getnframes()


def ffmpeg_sound(task: Task) -> tuple[str, Any]:
    out = task.folder / "sound.wav"
    words = ("-v", "error", "-y", "-f", "gsm", "-ar", "8000", "-i", task.audio)
    run(program("ffmpeg"), *words, "-t", str(task.seconds), str(out))
    assert _wav(out) >= 0.5 * task.seconds * 8000
    return version_of("ffmpeg", "-version"), None


def sox_sound(task: Task) -> tuple[str, Any]:
    sox = program("sox")
    # What curl has written is whole frames but for its last one.
    data = run(program("curl"), "-sN", "--max-time", str(task.seconds), task.audio, okay=(28,))
    raw, out = task.folder / "sound.gsm", task.folder / "sox.wav"
    frames = [data[at : at + 33] for at in range(0, len(data) - 32, 33)]
    at = next(n for n in range(10_000) if chime(n) == frames[0] and chime(n + 1) == frames[1])
    lost = [n for n, frame in enumerate(frames) if frame != chime(at + n)]
    assert not lost, f"frames of sound differ: {lost[:5]}"
    raw.write_bytes(b"".join(frames))
    run(sox, "-t", "gsm", str(raw), "-e", "signed", "-b", "16", str(out))
    assert abs(_wav(out) - 160 * len(frames)) <= 160
    return version_of("sox", "--version"), None


CLIENTS: dict[str, Callable[[Task], tuple[str, Any]]] = {
    "curl": curl,
    "wget": wget,
    "ffmpeg to Matroska": ffmpeg_matroska,
    "ffmpeg to AVI": ffmpeg_avi,
    "PyAV": av_,
    "OpenCV": opencv,
    "GStreamer": gstreamer,
    "mpv": mpv,
    "VLC": vlc,
    "urllib": urllib_,
    "requests": requests_,
    "httpx": httpx_,
    "aiohttp": aiohttp_,
    "ffmpeg, sound": ffmpeg_sound,
    "curl and sox, sound": sox_sound,
}


def tried(name: str, seconds: float, folder: Path) -> dict[str, Any]:
    """What a client made of a camera of its own."""
    folder.mkdir()
    with HamaCamera() as camera:
        camera.set("Image.I0.Stream.FPS", 30)
        camera.set("Image.I0.Appearance.Resolution", "320x240")
        try:
            version, written = CLIENTS[name](Task(camera.url, seconds, folder))
            # What a camera leaves out whose machine is too busy is no client's fault.
            skipped = sum(one.skipped for one in camera.requests)
            seen = None if written is None else assert_frames(written, at_least=5, lost=skipped)
        except MissingError as error:
            return {"client": name, "result": "not here", "about": str(error)}
        except Exception as error:  # whatever a client does is its result
            return {"client": name, "result": "LOST", "about": f"{type(error).__name__}: {error}"}
    about = "sound" if seen is None else f"{len(seen)} pictures, {skipped} left out by the camera"
    return {"client": name, "result": "whole", "version": version, "about": about}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--only", nargs="*", choices=CLIENTS, default=list(CLIENTS))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(len(CLIENTS)) as pool:
        tasks = (pool.submit(tried, n, options.seconds, Path(folder, n)) for n in options.only)
        results = [task.result() for task in list(tasks)]
    if options.json:
        print(json.dumps(results, indent=2))
    else:
        for one in results:
            version = one.get("version", "")
            print(f"{one['client']:<22} {version:<10} {one['result']:<9} {one['about']}")
    return int(any(one["result"] == "LOST" for one in results))


if __name__ == "__main__":
    raise SystemExit(main())
