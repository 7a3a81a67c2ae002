"""Recordings for browsers: what is encoded is read by FFmpeg, and played by a browser."""

from __future__ import annotations

import functools
import http.server
import io
import json
import os
import queue
import resource
import shutil
import signal
import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from recorded import fill

from hamaproto.camera import CameraState, Pictures
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.camera.scene import Scene
from hamaproto.cli.app import run
from hamaproto.cli.output import open_output
from hamaproto.cli.recording import FORMS, NamedParts, OnePart, Recorder
from hamaproto.cli.recording.keeping import ours
from hamaproto.cli.recording.naming import Template
from hamaproto.cli.recording.splitting import SplitPlan
from hamaproto.cli.recording.webm import WebM
from hamaproto.io.serve import running_camera

ROOT = Path(__file__).resolve().parents[3]


def jpeg(size: tuple[int, int], colour: Any = (200, 40, 40), mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, colour).save(file, "JPEG", quality=95)
    return file.getvalue()


def into(name: str, **options: Any) -> Recorder:
    form = FORMS["webm" if name.endswith(".webm") else "matroska"]
    return Recorder(OnePart(open_output(name)), form=form, **options)


def counted(path: str) -> dict[str, int]:
    """How many frames of each kind FFmpeg decodes."""
    words = ["-v", "error", "-count_frames", "-show_entries", "stream=codec_name,nb_read_frames"]
    done = subprocess.run(
        ["ffprobe", *words, "-of", "json", path], capture_output=True, check=True, text=True
    )
    assert done.stderr == ""
    streams = json.loads(done.stdout)["streams"]
    return {stream["codec_name"]: int(stream.get("nb_read_frames", 0)) for stream in streams}


def packets_of(path: str) -> list[tuple[float, bool]]:
    """Time of each picture, and whether it needs no other."""
    with av.open(path) as file:
        return [
            (float(packet.pts * packet.time_base), packet.is_keyframe)
            for packet in file.demux(video=0)
            if packet.size
        ]


def pictures_of(path: str) -> list[Any]:
    with av.open(path) as file:
        return [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]


# -- pictures --------------------------------------------------------------------------


def test_each_part_has_all_its_pictures_and_stands_alone(images: list[bytes]) -> None:
    times = [0.0]
    for step in [0.1] * 45 + [0.03, 0.6, 2.5, 0.1, 0.1, 0.9, 0.9, 0.9]:
        times.append(times[-1] + step)
    with Recorder(NamedParts(Template("{n}.webm")), plan=SplitPlan(4.0), form=WebM) as recorder:
        for number, at in enumerate(times):
            recorder.picture(images[number % 60], at)
            recorder.sound(bytes(1600), round(at * 8000))
    assert recorder.pictures == len(times)
    names = [f"{number}.webm" for number in range(1, recorder.parts + 1)]
    assert recorder.parts >= 3
    place = 0
    for name in names:
        found = packets_of(name)
        frames = counted(name)
        assert frames.keys() == {"vp8", "opus"}
        assert frames["vp8"] == len(found)
        begin, last_key = times[place], -1.0
        for index, (at, is_key) in enumerate(found):
            assert at == pytest.approx(times[place + index] - begin, abs=0.001)
            last_key = at if is_key else last_key
            assert last_key >= 0
            assert at - last_key <= 2.0
        place += len(found)
        assert ours(name)
    assert place == len(times)


def test_no_part_is_larger_than_it_may_be() -> None:
    """Pictures that are larger when they are encoded anew than they were."""
    random, images = np.random.default_rng(1), []
    for _ in range(24):
        file = io.BytesIO()
        noise = random.integers(0, 255, (48, 64, 3)).astype(np.uint8)
        Image.fromarray(noise).resize((320, 240)).save(file, "JPEG", quality=1)
        images.append(file.getvalue())
    parts, plan = NamedParts(Template("{n:02}.webm")), SplitPlan(size=60_000)
    with Recorder(parts, plan=plan, form=WebM) as recorder:
        fill(recorder, images)
    sizes = [os.path.getsize(name) for name in sorted(os.listdir())]
    assert sum(len(packets_of(name)) for name in os.listdir()) == 24
    assert min(sizes[:-1]) > 20_000
    assert max(sizes) <= 60_000


@pytest.mark.parametrize("rate", [None, 12])
def test_a_declared_rate_is_the_cameras_own_or_none(images: list[bytes], rate: int | None) -> None:
    with into("a.webm", sound=False) as recorder:
        recorder.rate = rate
        for number in range(5):
            recorder.picture(images[number], number * 0.4)
    done = subprocess.run(["ffprobe", "a.webm"], capture_output=True, check=True, text=True)
    assert ("12 fps" in done.stderr) == (rate == 12)
    assert len(packets_of("a.webm")) == 5


def test_colours_stay_what_they_are(images: list[bytes]) -> None:
    """Against another decoder of JPEG."""
    given = [images[3], jpeg((640, 480), 255, "L"), jpeg((640, 480), (10, 200, 60))]
    with into("a.webm", sound=False) as recorder:
        for number, image in enumerate(given):
            recorder.picture(image, number * 2.0)
    for image, shown in zip(given, pictures_of("a.webm"), strict=True):
        with Image.open(io.BytesIO(image)) as picture:
            wanted = np.asarray(picture.convert("RGB")).astype(int)
        assert np.abs(wanted - shown.astype(int)).mean() < 6


@pytest.mark.parametrize("size", [(1, 1), (17, 33), (1, 15_360), (1280, 960)])
def test_a_picture_of_another_size_is_scaled_to_the_first(size: tuple[int, int]) -> None:
    with into("a.webm", sound=False) as recorder:
        for number in range(4):
            recorder.picture(jpeg((64, 48) if number % 2 else size), number * 0.1)
    shown = pictures_of("a.webm")
    assert [picture.shape for picture in shown] == [(size[1], size[0], 3)] * 4
    for picture in shown:
        assert np.abs(picture.astype(int).mean((0, 1)) - (200, 40, 40)).max() < 25


def of_size(image: bytes, size: tuple[int, int]) -> bytes:
    """The same picture, with another size in its header."""
    place = image.index(b"\xff\xc0")
    sides = size[1].to_bytes(2, "big") + size[0].to_bytes(2, "big")
    return image[: place + 5] + sides + image[place + 9 :]


def with_wrong_table(image: bytes) -> bytes:
    """The same picture, with a Huffman table that can't be."""
    place = image.index(b"\xff\xc4")
    return image[: place + 5] + b"\xff" * 16 + image[place + 21 :]


def test_a_damaged_picture_costs_itself_only(images: list[bytes]) -> None:
    scan = images[1].index(b"\xff\xda")
    bad = [b"\xff\xd8\xff\xd9", b"nothing", images[1][:300], images[1][: scan + 4]]
    bad.append(with_wrong_table(images[1]))
    with into("a.webm", sound=False) as recorder:
        at = 0.0
        for image in [*bad, images[0], *bad, images[2], *bad, images[3]]:
            recorder.picture(image, at)
            at += 0.1
        assert recorder.undecoded == 3 * len(bad)
        # One that claims a size that none can have is skipped, and nobody decodes it.
        recorder.picture(of_size(images[4], (65_000, 65_000)), at)
    assert recorder.pictures == 3
    assert counted("a.webm") == {"vp8": 3}
    assert [round(at, 1) for at, _ in packets_of("a.webm")] == [0.0, 0.6, 1.2]
    with into("b.webm") as recorder:
        for image in bad:
            recorder.picture(image, 0.0)
    assert os.listdir() == ["a.webm"]


def test_no_header_gets_memory_for_more_than_a_picture_can_have(images: list[bytes]) -> None:
    # As many bytes as a decoder wants to see for so many pixels.
    image = images[1][:-2] + bytes(400_000) + images[1][-2:]
    assert WebM.read(image) is not None
    assert WebM.read(of_size(image, (7_200, 7_200))) is None
    frame = image.index(b"\xff\xc0")
    length = 2 + int.from_bytes(image[frame + 2 : frame + 4], "big")
    header = of_size(image, (7_200, 7_200))[frame : frame + length]
    assert WebM.read(image[: frame + length] + header + image[frame + length :]) is None


def test_what_is_cut_off_is_shown_as_far_as_it_came(images: list[bytes]) -> None:
    with into("a.webm", sound=False) as recorder:
        for number in range(6):
            image = images[number]
            recorder.picture(image[: len(image) * 3 // 4] if number % 2 else image, number * 0.1)
    assert counted("a.webm") == {"vp8": 6}


# -- sound -----------------------------------------------------------------------------


def chimes_in(path: str) -> list[float]:
    """When something is heard, by FFmpeg."""
    words = [
        "-vn",
        "-af",
        "aresample=async=1:first_pts=0:min_hard_comp=0.01",
        "-ar",
        "48000",
        "-f",
        "s16le",
        "-",
    ]
    done = subprocess.run(
        ["ffmpeg", "-v", "error", "-copyts", "-i", path, *words], capture_output=True, check=True
    )
    loud = np.flatnonzero(np.abs(np.frombuffer(done.stdout, "<i2").astype(int)) > 4000)
    begins = np.flatnonzero(np.diff(loud, prepend=-48_000) > 4800)
    return [float(loud[begin]) / 48_000 for begin in begins]


@pytest.mark.parametrize("missing", [[], [(0, 4000), (16_000, 32_000), (40_000, 40_480)]])
def test_sound_is_heard_when_it_is_in_matroska(
    images: list[bytes], missing: list[tuple[int, int]]
) -> None:
    times = [1.234, 4.5, 5.75]
    samples = np.zeros(8000 * 6, "<i2")
    for at in times:
        wave = np.sin(np.arange(800) * 2 * np.pi / 8) * 20_000
        samples[round(at * 8000) : round(at * 8000) + 800] = wave
    for name in ("a.mkv", "a.webm"):
        with into(name) as recorder:
            for number in range(0, len(samples), 160):
                if number % 1600 == 0:
                    recorder.picture(images[number // 1600], number / 8000)
                if not any(first <= number < behind for first, behind in missing):
                    recorder.sound(samples[number : number + 160].tobytes(), number)
        assert chimes_in(name) == pytest.approx(times, abs=0.002 if name == "a.mkv" else 0.01)
    # The last samples come out of the encoder, too.
    with av.open("a.webm") as file:
        end = max(
            p.pts * p.time_base + p.duration * p.time_base for p in file.demux(audio=0) if p.size
        )
    assert end >= Fraction(6) - Fraction(1, 500)


# -- how it ends -----------------------------------------------------------------------


def test_a_killed_recording_can_be_read() -> None:
    script = f"""
import os, signal, sys
sys.path.insert(0, {str(ROOT)!r})
from hamaproto.camera.state import CameraState
from hamaproto.camera import Pictures
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.cli.recording import FORMS, Recording
state = CameraState(pictures=Pictures(draw_mosaic))
recording = Recording("a.webm", form=FORMS["webm"])
for number in range(40):
    recording.picture(state.picture(number), number / 10)
    recording.sound(bytes(1600), number / 10)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert counted("a.webm")["vp8"] >= 25


def test_a_full_disk_leaves_what_can_be_played(images: list[bytes]) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    recorder = into("a.webm")
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, resource.RLIM_INFINITY))
        with pytest.raises(OSError, match="large") as raised, recorder:
            fill(recorder, images * 3)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert raised.value.filename == "a.webm"
    assert len(pictures_of("a.webm")) > 5


# -- the command -----------------------------------------------------------------------


@pytest.mark.parametrize("lacking", ["libvpx", "libopus"])
def test_without_an_encoder_nothing_is_begun(
    lacking: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = av.Codec

    def codec(name: str, mode: Any) -> Any:
        return real("no-such" if name == lacking else name, mode)

    monkeypatch.setattr(av, "Codec", codec)
    assert run(["record", "http://127.0.0.1:9", "-o", "x.webm"]) == 2
    said = capsys.readouterr().err
    assert f"x.webm: this PyAV lacks {lacking}" in said
    assert os.listdir() == []


def test_the_ending_says_what_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    state = CameraState(pictures=Pictures(draw_mosaic))
    with running_camera(state) as camera:
        words = ["record", camera.url, "-o"]
        assert run([*words, "x.webm", "--seconds", "0.4"]) == 0
        found = counted("x.webm")
        assert f"x.webm: {found['vp8']} pictures" in capsys.readouterr().err
        assert found["opus"] > 5
        assert run([*words, "x.webm", "--seconds", "0.3"]) == 2
        assert run([*words, "film.webm", "--every", "0.1", "--seconds", "0.2", "--fps", "10"]) == 0
    found = counted("film.webm")
    assert found.keys() == {"vp8"}
    assert f"film.webm: {found['vp8']} pictures" in capsys.readouterr().err
    assert [at for at, _ in packets_of("film.webm")] == pytest.approx(
        [number / 10 for number in range(found["vp8"])], abs=0.001
    )


def test_what_cant_be_decoded_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    def draw(scene: Scene) -> bytes:
        image = draw_mosaic(scene)
        return with_wrong_table(image) if scene.number % 3 == 1 else image

    state = CameraState(pictures=Pictures(draw))
    with running_camera(state) as camera:
        words = ["record", camera.url, "--no-sound", "-o"]
        assert run([*words, "x.webm", "--seconds", "0.4"]) == 8
    said = capsys.readouterr().err
    assert "left out: nothing of them can be decoded" in said
    assert f"x.webm: {counted('x.webm')['vp8']} pictures" in said


# -- a browser -------------------------------------------------------------------------

PAGE = b"""<body><script>
const shown = (name) => new Promise((done) => {
  const video = document.createElement("video");
  video.muted = true;
  video.onerror = () => done({name, error: video.error.message});
  video.ontimeupdate = () => {
    if (video.currentTime < 0.3) return;
    video.ontimeupdate = null;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    const context = canvas.getContext("2d");
    context.drawImage(video, 0, 0);
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
    let light = 0;
    for (let i = 0; i < pixels.length; i += 4) light += pixels[i] + pixels[i+1] + pixels[i+2];
    done({name, width: video.videoWidth, height: video.videoHeight,
          light: light / (canvas.width * canvas.height * 3),
          sound: video.webkitAudioDecodedByteCount});
  };
  video.src = name;
  document.body.append(video);
  video.play().catch(() => {});
});
Promise.all(["whole.webm", "unfinished.webm"].map(shown)).then((all) =>
  fetch("result", {method: "POST", body: JSON.stringify(all)}));
</script></body>"""


class Site(http.server.SimpleHTTPRequestHandler):
    """The files of a folder; what a page finds out goes to `results`."""

    def __init__(self, results: queue.Queue[Any], *arguments: Any, **options: Any) -> None:
        self.results = results
        super().__init__(*arguments, **options)

    def do_POST(self) -> None:
        self.results.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no chromium on PATH")
def test_a_browser_plays_it(images: list[bytes], tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(-3000, 3000, 8000 * 3).astype("<i2")
    recorder = into("whole.webm")
    for number in range(30):
        recorder.picture(images[number], number / 10)
        recorder.sound(noise[number * 800 : number * 800 + 800].tobytes(), number * 800)
    # As it is on the disk when the machine goes down.
    shutil.copy("whole.webm", "unfinished.webm")
    recorder.close()
    Path("page.html").write_bytes(PAGE)
    results: queue.Queue[Any] = queue.Queue()
    site = functools.partial(Site, results, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), site) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        words = (
            "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
            "--disable-background-networking --disable-component-update "
            "--autoplay-policy=no-user-gesture-required --no-proxy-server"
        )
        browser = subprocess.Popen(
            [
                "chromium",
                *words.split(),
                f"--user-data-dir={tmp_path / 'profile'}",
                f"http://127.0.0.1:{server.server_port}/page.html",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            found = results.get(timeout=60)
        finally:
            os.killpg(browser.pid, signal.SIGKILL)
            browser.wait()
            server.shutdown()
            thread.join()
    for one in found:
        assert "error" not in one, one
        assert (one["width"], one["height"]) == (640, 480)
        assert 20 < one["light"] < 235
        assert one["sound"] > 0
