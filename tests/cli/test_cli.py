"""The command line, as its users meet it: output, files, exit codes, one line for each error.

Most commands run in this process, through the same `run` that the entry point calls; what
is about signals, pipes and missing packages runs in one of its own.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from hamaproto.camera import FAULTS, CameraState, Faults, Pictures, read_stamp
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.cli.app import run
from hamaproto.cli.exits import EXITS, exit_code
from hamaproto.commands import CATALOGUE
from hamaproto.events import Frame
from hamaproto.gsm import Decoder, Encoder
from hamaproto.io.serve import CameraThread, running_camera
from hamaproto.wire import MjpegParser

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-c", "from hamaproto.cli import main; main()"]
SECRET = "s3cret-pw"


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not those of whoever runs the tests; and nothing is left in the folder."""
    for name in ("HAMAPROTO_USER", "HAMAPROTO_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "no-netrc"))
    monkeypatch.chdir(tmp_path)


@contextlib.contextmanager
def simulated(*faults: str, **options: Any) -> Iterator[CameraThread]:
    state = CameraState(faults=Faults(*faults), pictures=Pictures(draw_mosaic), **options)
    with running_camera(state) as camera:
        yield camera


@pytest.fixture(scope="module")
def camera() -> Iterator[CameraThread]:
    with simulated() as camera:
        yield camera


@pytest.fixture(scope="module")
def locked() -> Iterator[CameraThread]:
    with simulated(users={"admin": SECRET}) as camera:
        yield camera


def start(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        **options,
    )


@contextlib.contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """A server that says this to the first who connects, and then closes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = server.accept()
                    with client:
                        client.recv(65536)
                        client.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


# -- how commands end ------------------------------------------------------------------


def test_help_shows_every_exit_code_and_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    said = capsys.readouterr().out
    for row in EXITS:
        assert re.search(rf"^ +{row.code} +{re.escape(row.meaning)}$", said, re.MULTILINE)
    for name in [
        "ask",
        "commands",
        "demo",
        "get",
        "info",
        "listen",
        "record",
        "set",
        "simulate",
        "snapshot",
        "talk",
    ]:
        assert re.search(rf"^  {name} ", said, re.MULTILINE)
    assert run([]) == 0
    assert capsys.readouterr().out == said


def test_the_codes_are_those_that_are_documented() -> None:
    assert [row.code for row in EXITS] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 130]
    for error, code in [
        (ValueError(), 1),
        (OSError(), 2),
        (wave.Error(), 2),
        (av.error.InvalidDataError(1, "x"), 2),
        (UnicodeEncodeError("ascii", "\u00fc", 0, 1, "x"), 2),
        (UnicodeDecodeError("ascii", b"\xff", 0, 1, "x"), 6),
        (struct.error(), 6),
        (UnidentifiedImageError(), 6),
        (Image.DecompressionBombError(), 6),
    ]:
        assert exit_code(error) == code, error


#: Arguments behind the URL, faults of the camera, and the exit code.
ENDS = [
    (["info"], [], 0),
    (["info", "--nonsense"], [], 2),
    (["snapshot"], [], 2),
    (["snapshot", "-o", "no/such/folder/x.jpg"], [], 2),
    (["ask", "no-such-command"], [], 2),
    (["ask", "set-mjpeg-fps", "7"], [], 2),
    (["ask", "set-mjpeg-fps"], [], 2),
    (["ask", "video-stream"], [], 2),
    (["set", "no-equals-sign"], [], 2),
    (["listen", "-o", "x.mp3"], [], 2),
    (["record", "-o", "x.mp4"], [], 2),
    (["talk", "no-such-file.wav"], [], 2),
    (["info", "--timeout", "0.2"], ["mute"], 5),
    (["record", "-o", "x.mkv", "--timeout", "0.2"], ["mute"], 5),
    (["record", "-o", "x.mkv"], ["full"], 7),
    (["listen", "-o", "x.gsm"], ["full"], 7),
    (["snapshot", "-o", "x.jpg", "--without-login", "other.jpg"], [], 7),
    (["get", "Nothing"], [], 7),
    (["get", "Brand", "Nothing"], [], 8),
    (["set", "Image.I0.Stream.FPS=7"], [], 8),
    (["ask", "set-mjpeg-fps", "7", "--unchecked", "--confirm"], [], 8),
    (["record", "-o", "x.mkv", "--timeout", "0.3"], ["stall"], 8),
    (["record", "-o", "x.mkv", "--no-sound"], ["die"], 8),
    (["listen", "-o", "x.wav"], ["reset"], 8),
    (["record", "-o", "x.mkv", "--no-sound"], ["close"], 0),
]


@pytest.mark.parametrize(("words", "faults", "code"), ENDS, ids=lambda value: str(value)[:60])
def test_exit_codes(
    words: list[str], faults: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with simulated(*faults) as camera:
        assert run([words[0], camera.url, *words[1:]]) == code
    said = capsys.readouterr().err.splitlines()
    assert all(line.startswith("hamaproto: ") for line in said)
    assert bool(said) or code == 0
    if code in (2, 3, 4, 5, 7):
        # One line for one error, but for a recording that tells of both of its streams.
        assert len(said) <= (3 if words[0] in ("record", "listen") else 1)


def test_nobody_there(capsys: pytest.CaptureFixture[str]) -> None:
    with simulated() as camera:
        url = camera.url
    for words in (["info"], ["snapshot", "-o", "-"], ["record", "-o", "x.mkv"], ["talk", "x.gsm"]):
        Path("x.gsm").write_bytes(bytes([0xD0, *bytes(32)]))
        assert run([words[0], url, *words[1:]]) == 3
        assert "can't connect: Connection refused" in capsys.readouterr().err


@pytest.mark.parametrize(
    "answer",
    [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nBr"],
)
def test_broken_answers(answer: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    with answering(answer) as url:
        assert run(["info", url]) == 6
    assert len(capsys.readouterr().err.splitlines()) == 1


# -- who asks --------------------------------------------------------------------------


def test_a_login_by_environment_netrc_url_and_prompt(
    locked: CameraThread, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    get = ["get", locked.url, "Brand"]
    assert run([*get, "--preemptive"]) == 2
    assert "none was given: see --user" in capsys.readouterr().err
    assert run(get) == 4
    with monkeypatch.context() as scope:
        scope.setenv("HAMAPROTO_USER", "admin")
        scope.setenv("HAMAPROTO_PASSWORD", "s3kret-wrong")
        assert run(get) == 4
        said = capsys.readouterr()
        without, refused = said.err.splitlines()
        assert "asks for a login, and none was given" in without
        assert "--user NAME" in without
        assert "wrong user or password" in refused
        assert "--user NAME" in refused
        assert all(locked.url[7:] in line for line in (without, refused))
        assert "s3kret-wrong" not in said.out + said.err
        scope.setenv("HAMAPROTO_PASSWORD", SECRET)
        assert run(get) == 0
        assert run([*get, "--preemptive"]) == 0
        # A password of somebody else is not offered.
        scope.setattr(sys, "stdin", io.StringIO("other\n"))
        assert run([*get, "--user", "guest"]) == 4
        scope.delenv("HAMAPROTO_USER")
        assert run([*get, "--user", "admin"]) == 0
    with monkeypatch.context() as scope:
        scope.setattr(sys, "stdin", io.StringIO(f"{SECRET}\n"))
        assert run([*get, "--user", "admin"]) == 0
        assert run([*get, "--user", "admin"]) == 2
    with monkeypatch.context() as scope:
        scope.setenv("NETRC", "my-netrc")
        Path("my-netrc").write_text(f"machine 127.0.0.1 login admin password {SECRET}\n")
        Path("my-netrc").chmod(0o600)
        assert run(get) == 0
        assert run([*get, "--user", "admin"]) == 0
        Path("my-netrc").write_text("machine nonsense words\n")
        assert run(get) == 4
        assert "can't read my-netrc" in capsys.readouterr().err
    assert run(["get", locked.url.replace("//", f"//admin:{SECRET}@"), "Brand"]) == 0
    said = capsys.readouterr()
    assert "warning: a password in a URL" in said.err
    assert SECRET not in said.out + said.err


# -- asking ----------------------------------------------------------------------------


def test_info(camera: CameraThread, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info", camera.url]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"{'brand.product_number':<44} 00053104" in lines
    assert run(["info", camera.url, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["brand"]["product_number"] == "00053104"
    assert told["mjpeg_image_properties"]["resolutions"] == ["1280x1024", "640x480", "320x240"]
    assert len(lines) == sum(len(fields) for fields in told.values())
    assert len(told) == 16


def test_snapshot(camera: CameraThread, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    for words in ([], ["--without-login", "loginfree.jpg"]):
        assert run(["snapshot", camera.url, "-o", "x.jpg", *words]) == 0
        image = Path("x.jpg").read_bytes()
        assert Image.open(io.BytesIO(image)).size == (640, 480)
        assert read_stamp(image) is not None
        assert f"x.jpg: {len(image)} bytes".encode() in capfdbinary.readouterr().err


def test_snapshot_to_stdout_is_the_picture_and_nothing_else(camera: CameraThread) -> None:
    out, err = start("snapshot", camera.url, "-o", "-").communicate(timeout=60)
    assert err == b""
    assert out.startswith(b"\xff\xd8\xff")
    assert out.endswith(b"\xff\xd9")


def test_get_set_and_ask(capsys: pytest.CaptureFixture[str]) -> None:
    with simulated() as camera:
        assert run(["get", camera.url, "Properties.Firmware", "Layout"]) == 0
        assert capsys.readouterr().out.splitlines()[0] == "Properties.Firmware.Version=v1.32"
        assert run(["set", camera.url, "Image.I0.Stream.FPS=30"]) == 0
        assert capsys.readouterr() == ("Image.I0.Stream.FPS=30\n", "")
        assert run(["set", camera.url, "Image.I0.Stream.FPS=7", "No.Such=1"]) == 8
        said = capsys.readouterr()
        assert said.out == "Image.I0.Stream.FPS=10\n"
        assert "asked for 7, is 10" in said.err
        assert "No.Such: asked for 1, not listed" in said.err
        for name in ("brand", "2.1.9"):
            assert run(["ask", camera.url, name]) == 0
            assert "Brand.ProdNbr=00053104" in capsys.readouterr().out
        assert run(["ask", camera.url, "4.1", "right"]) == 0
        assert capsys.readouterr().out == "OK\n"
        assert camera.state.motors.target[0] > 0
        assert run(["ask", camera.url, "set-flip-mode", "2"]) == 0
        assert camera.state.flip_mode == 2
        assert run(["ask", camera.url, "image", "-o", "x.jpg"]) == 0
        assert Path("x.jpg").read_bytes().startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"# Error -1 getting param in group 'X'!\n\r\n", "Error -1 getting param"),
        (b"<html><body>It works!</body></html>", "a page"),
    ],
)
def test_what_a_camera_refuses_of_info_is_told_once(
    body: bytes, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + body) as url:
        assert run(["info", url]) == 7
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    assert url[7:] in lines[0]


# -- watching and listening ------------------------------------------------------------


def pictures_of(path: str | Path) -> list[tuple[bytes, float]]:
    """The packets of a recording as they lie in it, with their times; by FFmpeg."""
    with av.open(str(path)) as file:
        return [
            (bytes(packet), float(packet.pts * packet.time_base))
            for packet in file.demux(video=0)
            if packet.size
        ]


def test_record_keeps_the_pictures_as_they_came(
    camera: CameraThread, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["record", camera.url, "-o", "x.mkv", "--seconds", "1"]) == 0
    pictures = pictures_of("x.mkv")
    stamps = [read_stamp(image) for image, _ in pictures]
    numbers = [stamp.number for stamp in stamps if stamp is not None]
    assert len(numbers) == len(pictures) >= 8
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    times = [at for _, at in pictures]
    assert times[0] == 0
    assert times == sorted(set(times))
    assert times[-1] <= 1.1
    with av.open("x.mkv") as file:
        assert [stream.codec_context.name for stream in file.streams] == ["mjpeg", "pcm_s16le"]
        assert sum(1 for _ in file.decode(video=0)) == len(pictures)
    with av.open("x.mkv") as file:
        samples = sum(frame.samples for frame in file.decode(audio=0))
        assert samples >= 4000
    assert f"x.mkv: {len(pictures)} pictures, {samples / 8000:.1f} s" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_an_interrupted_recording_can_be_played(camera: CameraThread, name: str) -> None:
    process = start("record", camera.url, "-o", "x.mkv")
    path = Path("x.mkv")
    deadline = time.monotonic() + 30
    # Some clusters are in the file while it is being written...
    while not (path.exists() and path.stat().st_size > 60_000) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(pictures_of(path)) >= 5
    process.send_signal(getattr(signal, name))
    _, err = process.communicate(timeout=30)
    # ... and it can be played however the recording ended.
    assert len(pictures_of(path)) >= 10
    if name != "SIGKILL":
        assert process.returncode == 0
        assert re.fullmatch(rb"hamaproto: x.mkv: \d+ pictures, [\d.]+ s of sound\n", err)


def speech(seconds: float = 0.5) -> bytes:
    """GSM frames of something with a voice's range."""
    time_of = np.arange(int(seconds * 50) * 160) / 8000
    tone = np.sin(2 * np.pi * 300 * time_of) * 9000 + np.sin(2 * np.pi * 1700 * time_of) * 4000
    return Encoder().encode(tone.astype(np.int16))


def decoded_by_ffmpeg(frames: bytes) -> bytes:
    decoder: Any = av.CodecContext.create("gsm", "r")
    decoder.sample_rate = 8000
    decoder.layout = "mono"
    return b"".join(
        bytes(sound.planes[0])[: sound.samples * 2]
        for start in range(0, len(frames), 33)
        for sound in decoder.decode(av.Packet(frames[start : start + 33]))
    )


def test_listen_gives_what_ffmpeg_decodes_of_the_same_frames() -> None:
    frames = speech()
    with answering(b"HTTP/1.1 200 OK\r\nContent-Type: audio/gsm\r\n\r\n" + frames) as url:
        assert run(["listen", url, "-o", "x.wav"]) == 0
        assert run(["listen", url, "-o", "x.gsm"]) == 0
        assert run(["listen", url, "-o", "x.s16"]) == 0
        out, err = start("listen", url, "-o", "-").communicate(timeout=60)
    assert (out, err) == (frames, b"")
    assert Path("x.gsm").read_bytes() == frames
    with wave.open("x.wav") as file:
        assert file.getparams()[:3] == (1, 2, 8000)
        samples = file.readframes(file.getnframes())
    assert samples == decoded_by_ffmpeg(frames) == Path("x.s16").read_bytes()


def test_listen_for_a_while(camera: CameraThread, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["listen", camera.url, "-o", "x.wav", "--seconds", "0.5"]) == 0
    with wave.open("x.wav") as file:
        assert file.getnframes() >= 1600
    assert re.search(r"x\.wav: 0\.\d s of sound", capsys.readouterr().err)


def test_record_goes_on_after_a_loss(capsys: pytest.CaptureFixture[str]) -> None:
    with simulated("die@4") as camera:
        words = ["-o", "x.mkv", "--no-sound", "--reconnect", "--seconds", "2"]
        assert run(["record", camera.url, *words]) == 8
    assert "connections lost: " in capsys.readouterr().err
    numbers = [read_stamp(image) for image, _ in pictures_of("x.mkv")]
    assert len([number for number in numbers if number is not None]) > 5


@pytest.mark.parametrize("name", ["x.wav", "x.gsm", "-"])
def test_talk(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = speech(0.3)
    if name == "x.wav":
        samples = np.frombuffer(decoded_by_ffmpeg(frames), np.int16)
        frames = Encoder().encode(samples)
        with wave.open("x.wav", "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(samples.tobytes())
    elif name == "x.gsm":
        Path("x.gsm").write_bytes(frames)
    else:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(frames)))
    with simulated() as camera:
        assert run(["talk", camera.url, name]) == 0
        assert b"".join(camera.state.talk) == frames


def test_a_camera_without_sound_is_recorded_without_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with simulated(has_audio=False) as camera:
        assert run(["record", camera.url, "-o", "x.mkv", "--seconds", "0.5"]) == 0
    assert "the camera has no sound: pictures only" in capsys.readouterr().err
    with av.open("x.mkv") as file:
        assert [stream.codec_context.name for stream in file.streams] == ["mjpeg"]


# -- the simulated camera --------------------------------------------------------------


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_simulate_says_where_it_is_and_ends_in_peace(name: str) -> None:
    words = ["--user", "admin", "--password", SECRET, "--fault", "lf", "--fault", "die@2"]
    process = start("simulate", *words)
    assert process.stdout is not None
    url = process.stdout.readline().decode().strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
    assert run(["get", url, "Brand"]) == 4
    Path("netrc").write_text(f"machine 127.0.0.1 login admin password {SECRET}\n")
    os.environ["NETRC"] = "netrc"  # put back by the fixture's monkeypatch
    assert run(["get", url, "Brand"]) == 0
    process.send_signal(getattr(signal, name))
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, b"")
    assert err.count(b"\n") == 1
    assert SECRET.encode() not in err


def test_simulate_lists_its_faults(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", "--list-faults"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(FAULTS)


def test_simulate_on_a_port_that_is_taken(
    camera: CameraThread, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["simulate", "--port", camera.url.rpartition(":")[2]]) == 2
    assert "in use" in capsys.readouterr().err
    assert run(["simulate", "--fault", "no-such"]) == 2
    assert "no fault is named 'no-such'" in capsys.readouterr().err


# -- the demo --------------------------------------------------------------------------


def check_files(folder: Path, frames: int) -> None:
    """What the demo left, read by programs that are not ours."""
    with Image.open(folder / "snapshot.jpg") as image:
        assert image.size == (640, 480)
    with av.open(str(folder / "recording.mkv")) as file:
        assert sum(1 for _ in file.decode(video=0)) == frames
    with wave.open(str(folder / "audio.wav")) as file:
        assert file.getframerate() == 8000
        assert file.getnframes() % 160 == 0
        assert file.getnframes() > 0
    with Image.open(folder / "contact-sheet.png") as image:
        assert image.size[0] > 900


def frames_told(out: str) -> int:
    match = re.search(r"video_stream +│ +1 │ +1 │ +(\d+) │", out)
    assert match is not None
    return int(match[1])


def test_demo() -> None:
    process = start("demo", "--output", "here", "--seconds", "1")
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, b"")
    said = out.decode()
    for row in CATALOGUE:
        assert re.search(rf"│ {re.escape(row.number)} +│ {row.name} ", said)
    assert re.search(r"commands +│ +34 │ +34 │ +2 │", said)
    assert "is now 10" in said
    assert "\x1b" not in said
    check_files(Path("here"), frames_told(said))


def test_demo_changes_nothing_of_a_real_camera(
    locked: CameraThread, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HAMAPROTO_USER", "admin")
    monkeypatch.setenv("HAMAPROTO_PASSWORD", SECRET)
    before = (dict(locked.state.stored), locked.state.motors.target, dict(locked.state.presets))
    assert run(["demo", "--camera", locked.url, "--output", "here", "--seconds", "0.5"]) == 0
    after = (dict(locked.state.stored), locked.state.motors.target, dict(locked.state.presets))
    assert before == after
    said = capsys.readouterr()
    assert SECRET not in said.out + said.err
    check_files(Path("here"), frames_told(said.out))
    assert run(["demo", "--camera", "http://127.0.0.1:1", "--output", "here"]) == 3


# -- pipes and packages ----------------------------------------------------------------


def test_a_reader_that_has_enough(camera: CameraThread) -> None:
    for words in (["listen", camera.url, "-o", "-"], ["commands"], ["--help"]):
        process = start(*words)
        assert process.stdout is not None
        assert process.stdout.read(1)
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait(30) == 0
        process.stderr.close()


@pytest.mark.parametrize(
    ("missing", "words", "said"),
    [
        ("click", "info http://x", "the command line needs: pip install 'hamaproto[cli]'"),
        ("rich", "info http://x", "the command line needs: pip install 'hamaproto[cli]'"),
        ("av", "record http://x -o x.mkv", "this command needs av: pip install 'hamaproto[cli]'"),
        ("PIL", "demo", "this command needs PIL: pip install 'hamaproto[cli]'"),
    ],
)
def test_a_package_is_missing(missing: str, words: str, said: str) -> None:
    hide = f"import sys; sys.modules[{missing!r}] = None; from hamaproto.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", hide, *words.split()],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_recorded_sound_is_that_of_the_frames() -> None:
    """As in `listen`, through a recording; FFmpeg decodes both."""
    from hamaproto.cli.output import open_output
    from hamaproto.cli.recording import Recording

    frames, decoder = speech(6.0), Decoder()
    parser = MjpegParser()
    parser.receive_data(draw())
    parser.receive_eof()
    image = next(event for event in parser.events() if isinstance(event, Frame))
    count = len(frames) // 33
    with Recording(open_output("x.mkv")) as recording:
        recording.expect(10)
        recording.sound(b"\1\0" * 160, 9.9)  # before the first picture: left out
        for number in range(count // 5 + 20):
            recording.picture(image.data, 10.0 + number / 10)
        for place in range(count):
            # Much of it at once, as a network may bring it.
            at = 9.92 + place * 0.02
            at = at if at < 10.5 else max(at, 12.5)
            samples = decoder.decode(frames[place * 33 : place * 33 + 33]).tobytes()
            recording.sound(samples, at)
        for place in range(100):  # after a loss of 0.4 s
            recording.sound(b"\1\0" * 160, 9.92 + (count + place + 20) * 0.02)
    with av.open("x.mkv") as file:
        assert file.streams.video[0].average_rate == 10
        sounds = [
            (bytes(sound.planes[0])[: sound.samples * 2], sound.time)
            for sound in file.decode(audio=0)
        ]
    written = b"".join(data for data, _ in sounds)
    wanted = decoded_by_ffmpeg(frames)
    # What was made before the first picture is left out, all else is there to the bit.
    begin = wanted.index(written[:1600])
    assert begin < 0.2 * 16000
    assert written.startswith(wanted[begin:])
    # The times are those of the samples, without a hole.
    assert sounds[-1][1] == pytest.approx((len(written) - len(sounds[-1][0])) / 16000, abs=0.002)
    assert sounds[-1][1] == pytest.approx((count + 119) * 0.02 - 0.1, abs=0.1)


def draw() -> bytes:
    with simulated() as camera:
        return camera.call(lambda: camera.state.picture(1))
