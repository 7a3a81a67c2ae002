"""Do programs of others read the simulated camera without losing a picture?

    python tests/interop.py [--seconds 3] [--only curl ffmpeg] [--gateway] [--json]

Each client that is here watches a camera at 30 pictures a second while the others do the same
(motion and browsers at fewer, see SLOWER), and what it wrote or showed is looked at: by the stamps
that the pictures carry, or by the code in them where a client decodes them.  With `--gateway` they
watch `hamaproto serve`, which watches the camera.  A client that is not
here is said to be missing.  Exit status 1 if one of them lost something.  pytest does not collect
this: what is installed differs from machine to machine.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import importlib
import importlib.metadata
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hamaproto.camera import read_code
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
    path: str = VIDEO

    @property
    def video(self) -> str:
        return self.url + self.path

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


def version_of(*words: str, user: str | None = None) -> str:
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=PATIENCE, check=False, user=user
    )
    found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return found[0] if found else "?"


def run(
    *words: str,
    seconds: float | None = None,
    okay: tuple[int, ...] = (0,),
    user: str | None = None,
) -> bytes:
    """Run a program; after some seconds, interrupt it as a person would."""
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, user=user) as process:
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
    # It does not run as root, and nobody may write in no folder: so it writes to a pipe.
    user = "nobody" if hasattr(os, "geteuid") and os.geteuid() == 0 else None
    sout = "#std{access=file,mux=mpjpeg,dst=-}"
    words = ("-I", "dummy", "-q", task.video, "--sout", sout, "--run-time", str(task.seconds))
    out = run(program("cvlc"), *words, "vlc://quit", seconds=task.seconds + 5, user=user)
    return version_of("cvlc", "--version", user=user), out


def motion(task: Task) -> tuple[str, Any]:
    """It writes each picture that moves, encoded anew: all of them do."""
    folder = task.folder / "motion"
    folder.mkdir()
    settings = {
        "netcam_url": task.video,
        "width": 320,
        "height": 240,
        "framerate": 30,
        "emulate_motion": "on",
        "picture_output": "on",
        "picture_quality": 100,
        "picture_filename": "%Y%m%d%H%M%S-%q",
        "movie_output": "off",
        "text_left": "",
        "text_right": "",
        "target_dir": folder,
        "log_file": task.folder / "motion.log",
    }
    configuration = task.folder / "motion.conf"
    configuration.write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
    # It takes some seconds to begin.
    run(program("motion"), "-n", "-c", str(configuration), seconds=task.seconds + 8)
    return version_of("motion", "-h"), once(decoded(sorted(folder.glob("*.jpg"))))


# Browsers: what they show is looked at more often than it changes


def once(pictures: Iterable[Any]) -> list[Any]:
    """Those whose code is another one than that of the picture before; the others are the same."""
    found, last = [], None
    for picture in pictures:
        code = read_code(picture)
        if code is not None and code.number != last:
            last = code.number
            found.append(picture)
    return found


def decoded(files: Iterable[Any]) -> list[Any]:
    """Pictures as arrays, from paths or from bytes."""
    numpy, _ = library("numpy")
    images, _ = library("PIL.Image")
    opened = (io.BytesIO(one) if isinstance(one, bytes) else one for one in files)
    return [numpy.asarray(images.open(one).convert("RGB")) for one in opened]


#: Of the document that a browser makes of a stream: where the picture stands in it.
BOX = """(() => { const box = document.images[0]?.getBoundingClientRect();
    return box && box.width ? `${box.x},${box.y},${box.width},${box.height}` : "" })()"""


def chromium(task: Task) -> tuple[str, Any]:
    playwright, _ = library("playwright.sync_api")
    path = program("chromium")
    goes_on, shots = until(task.seconds + 2), []
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 640, "height": 480})
        # The picture of a stream never ends to load.
        page.goto(task.video, wait_until="commit")
        while goes_on():
            if box := page.evaluate(BOX):
                x, y, width, height = map(float, box.split(","))
                clip = {"x": x, "y": y, "width": width, "height": height}
                shots.append(page.screenshot(clip=clip))
        version = str(browser.version)
        browser.close()
    return version, once(decoded(shots))


def firefox(task: Task) -> tuple[str, Any]:
    """By WebDriver BiDi, which it speaks itself."""
    aiohttp, _ = library("aiohttp")
    path = program("firefox")

    async def main() -> tuple[str, list[bytes]]:
        words = ("--headless", "--no-remote", "--remote-debugging-port=0", "about:blank")
        profile = task.folder / "profile"
        profile.mkdir()
        process = await asyncio.create_subprocess_exec(
            *(path, "--profile", str(profile), *words),
            stderr=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            assert process.stderr is not None
            while (line := await process.stderr.readline()) and b"BiDi listening on" not in line:
                pass
            address = line.decode().split()[-1] + "/session"
            async with (
                aiohttp.ClientSession() as session,
                session.ws_connect(address, max_msg_size=0) as socket,
            ):
                count = 0

                async def ask(method: str, **arguments: Any) -> Any:
                    nonlocal count
                    count += 1
                    await socket.send_json({"id": count, "method": method, "params": arguments})
                    while (answer := await socket.receive_json()).get("id") != count:
                        pass
                    return answer["result"]

                told = await ask("session.new", capabilities={})
                tab = (await ask("browsingContext.create", type="tab"))["context"]
                await ask("browsingContext.navigate", context=tab, url=task.video, wait="none")
                goes_on, shots = until(task.seconds + 2), []
                while goes_on():
                    target = {"context": tab}
                    box = await ask(
                        "script.evaluate", expression=BOX, target=target, awaitPromise=False
                    )
                    if box := box.get("result", {}).get("value"):
                        x, y, width, height = map(float, box.split(","))
                        clip = {"type": "box", "x": x, "y": y, "width": width, "height": height}
                        shot = await ask(
                            "browsingContext.captureScreenshot", context=tab, clip=clip
                        )
                        shots.append(base64.b64decode(shot["data"]))
                return str(told["capabilities"]["browserVersion"]), shots
        finally:
            process.kill()
            await process.wait()

    version, shots = asyncio.run(asyncio.wait_for(main(), PATIENCE))
    return version, once(decoded(shots))


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
    "motion": motion,
    "Chromium": chromium,
    "Firefox": firefox,
    "urllib": urllib_,
    "requests": requests_,
    "httpx": httpx_,
    "aiohttp": aiohttp_,
    "ffmpeg, sound": ffmpeg_sound,
    "curl and sox, sound": sox_sound,
}


#: Pictures a second for those who are looked at, or who take what is there at times of their own.
SLOWER = {"motion": 5, "Chromium": 3, "Firefox": 3}


@contextlib.contextmanager
def watched_by(camera: str) -> Iterator[str]:
    """A gateway of the camera, in a process of its own; its address."""
    command = [sys.executable, "-m", "hamaproto", "serve", camera, "--listen", "127.0.0.1:0"]
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, **pipes) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def tried(name: str, seconds: float, folder: Path, gateway: bool = False) -> dict[str, Any]:
    """What a client made of a camera of its own, or of a gateway before it."""
    folder.mkdir()
    with contextlib.ExitStack() as stack:
        camera = stack.enter_context(HamaCamera())
        url, path = camera.url, VIDEO
        if gateway:
            url, path = stack.enter_context(watched_by(camera.url)), "/c/camera/stream.mjpg"
        camera.set("Image.I0.Stream.FPS", SLOWER.get(name, 30))
        camera.set("Image.I0.Appearance.Resolution", "320x240")
        try:
            version, written = CLIENTS[name](Task(url, seconds, folder, path))
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
    parser.add_argument("--gateway", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.gateway:
        options.only = [name for name in options.only if not name.endswith("sound")]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(len(CLIENTS)) as pool:
        tasks = (
            pool.submit(tried, name, options.seconds, Path(folder, name), options.gateway)
            for name in options.only
        )
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
