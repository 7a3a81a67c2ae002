"""`hamaproto record` as its users meet it: options, files, how it ends."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import signal
import struct
import subprocess
import time
from pathlib import Path

import av
import pytest
from command_line import (
    COMMAND,
    ROOT,
    pictures_of,
    simulated,
    start,
)
from PIL import Image

from hamaproto.camera import read_stamp
from hamaproto.cli.app import run
from hamaproto.io.serve import CameraThread


def numbers_in(path: str | Path) -> list[int]:
    """The numbers that stand in the pictures of a recording."""
    with av.open(str(path)) as file:
        stamps = [read_stamp(bytes(packet)) for packet in file.demux(video=0) if packet.size]
    return [stamp.number for stamp in stamps if stamp is not None]


def test_parts_follow_each_other_without_a_gap(
    camera: CameraThread, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--split", "1s", "--seconds", "2.2"]
    assert run(["record", camera.url, "-o", "{camera} {n}.mkv", *words]) == 0
    names = sorted(os.listdir())
    host = camera.url.removeprefix("http://").replace(":", "_")
    assert names == [f"{host} {number}.mkv" for number in (1, 2, 3)]
    numbers = [numbers_in(name) for name in names]
    flat = [number for part in numbers for number in part]
    assert flat == list(range(flat[0], flat[0] + len(flat)))
    for name in names:
        with av.open(name) as file:
            assert file.streams.video[0].start_time == 0
    assert f"3 files, {names[0]} to {names[2]}: {len(flat)} pictures" in capsys.readouterr().err


def test_a_plain_name_is_numbered_when_there_are_several(camera: CameraThread) -> None:
    words = ["--split", "1h", "--seconds", "0.5"]
    for _ in range(2):
        assert run(["record", camera.url, "-o", "x.mkv", *words]) == 0
    assert sorted(os.listdir()) == ["x-0001.mkv", "x-0002.mkv"]


def test_what_is_kept(camera: CameraThread) -> None:
    for number in range(1, 4):
        assert run(["record", camera.url, "-o", f"c{number}.mkv", "--seconds", "0.3"]) == 0
        os.utime(f"c{number}.mkv", (number, number))
    Path("c4.mkv").write_bytes(b"not ours")
    words = ["--keep", "1h", "--seconds", "0.3"]
    assert run(["record", camera.url, "-o", "c{n}.mkv", *words]) == 0
    assert sorted(os.listdir()) == ["c4.mkv", "c5.mkv"]


def test_motion_by_the_cameras_own_word(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--on-motion", "--before", "0.3", "--after", "0.2", "--seconds", "0.7"]
    with simulated() as camera:
        assert run(["record", camera.url, "-o", "m.mkv", *words]) == 0
        assert os.listdir() == []
        assert "no motion was seen" in capsys.readouterr().err
        camera.call(lambda: setattr(camera.state, "motion", True))
        assert run(["record", camera.url, "-o", "m.mkv", *words]) == 0
        assert os.listdir() == ["m-0001.mkv"]
    with simulated("as-printed") as camera:
        assert run(["record", camera.url, "-o", "n.mkv", *words, "--seconds", "1.8"]) == 8
        assert "says nothing about motion" in capsys.readouterr().err
        assert os.listdir() == ["m-0001.mkv"]


def test_a_time_lapse(camera: CameraThread, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--every", "0.1", "--seconds", "0.45"]
    assert run(["record", camera.url, "-o", "film.mkv", *words, "--fps", "10"]) == 0
    with av.open("film.mkv") as file:
        assert [stream.type for stream in file.streams] == ["video"]
        assert file.streams.video[0].average_rate == 10
        times = [float(p.pts * p.time_base) for p in file.demux(video=0) if p.size]
    assert times == pytest.approx([0, 0.1, 0.2, 0.3, 0.4][: len(times)], abs=0.001)
    assert run(["record", camera.url, "-o", "{time:%Y}/{n:02}.jpg", *words]) == 0
    (folder,) = Path().glob("2*")
    pictures = sorted(folder.iterdir())
    assert [path.name for path in pictures] == [f"{n:02}.jpg" for n in range(1, len(pictures) + 1)]
    for path in pictures:
        with Image.open(path) as image:
            assert image.size == (640, 480)
    Path("last.jpg").write_bytes(b"old")
    assert run(["record", camera.url, "-o", "last.jpg", *words, "--overwrite"]) == 0
    assert read_stamp(Path("last.jpg").read_bytes()) is not None
    assert len(os.listdir()) == 3


def test_a_time_lapse_lacks_a_picture(capsys: pytest.CaptureFixture[str]) -> None:
    with simulated() as camera:
        url = camera.url
    words = ["-o", "{n}.jpg", "--every", "0.1", "--seconds", "0.3"]
    assert run(["record", url, *words]) == 3
    assert run(["record", url, *words, "--reconnect"]) == 8
    said = capsys.readouterr().err
    assert said.count("can't connect") == 2
    assert "are missing" in said
    assert os.listdir() == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("-o x.avi", "must end in .mkv"),
        ("-o x", "must end in .mkv"),
        ("-o x.jpg", "must end in .mkv"),
        ("-o x.mkv --split 5", "a time such as 10min"),
        ("-o x.mkv --split 0.5s", "a second or more"),
        ("-o - --split 5s", "needs files"),
        ("-o /dev/null --on-motion", "needs files"),
        ("-o x.mkv --keep 7d", "needs a name"),
        ("-o x.mkv --every 5s --on-motion", "neither"),
        ("-o x.mkv --every 0", "more than 0"),
        ("-o {time:%Q}.mkv", "{time:%Q}"),
        ("-o none/{n}.mkv", "No such file or directory"),
        ("-o old.mkv", "old.mkv: is there already; --overwrite"),
    ],
)
def test_what_is_refused_before_the_camera_is_asked(
    words: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("old.mkv").write_bytes(b"old")
    assert run(["record", "http://127.0.0.1:9", *words.split()]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    assert os.listdir() == ["old.mkv"]


def test_into_a_pipe_it_is_matroska_that_can_be_played(camera: CameraThread) -> None:
    process = start("record", camera.url, "-o", "-", "--seconds", "1")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out.startswith(b"\x1aE\xdf\xa3")
    Path("out.mkv").write_bytes(out)
    assert len(numbers_in("out.mkv")) >= 5
    assert err.count(b"\n") == 1
    assert os.listdir() == ["out.mkv"]


def test_who_reads_goes_away(camera: CameraThread) -> None:
    process = start("record", camera.url, "-o", "-")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.read(4) == b"\x1aE\xdf\xa3"
    process.stdout.close()
    said = process.stderr.read()
    assert process.wait(30) == 0
    assert said.count(b"\n") == 1
    process.stderr.close()


def test_a_signal_while_nobody_reads(camera: CameraThread) -> None:
    process = start("record", camera.url, "-o", "-")
    assert process.stdout is not None
    # The pipe is full when the program has waited for a while.
    deadline = time.monotonic() + 30
    before, held = 0, 1
    while held != before and time.monotonic() < deadline:
        before = held
        time.sleep(0.4)
        held = _waiting_in(process.stdout.fileno()) or before + 1
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    _, err = process.communicate()
    assert b"Traceback" not in err


def _waiting_in(descriptor: int) -> int:
    import fcntl
    import termios

    return int(struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, b"\0" * 4))[0])


def test_nohup_is_respected(camera: CameraThread) -> None:
    """A signal that is ignored by who starts it ends nothing."""

    words = ["record", camera.url, "-o", "x.mkv", "--seconds", "1"]
    process = subprocess.Popen(
        ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh", *COMMAND, *words],
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    while not Path("x.mkv").exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGHUP)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    seconds = re.search(rb"([\d.]+) s of sound", err)
    assert seconds is not None
    assert float(seconds[1]) > 0.5


def test_without_standard_streams_it_records_all_the_same(camera: CameraThread) -> None:
    words = f"record {camera.url} -o x.mkv --seconds 0.5"
    shell = " ".join(f"'{word}'" for word in COMMAND)
    done = subprocess.run(
        ["sh", "-c", f"{shell} {words} <&- >&- 2>&-"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
    assert len(numbers_in("x.mkv")) >= 3


def test_a_terminal_shows_how_it_goes(camera: CameraThread) -> None:
    leader, follower = pty.openpty()
    process = start(
        *("record", camera.url, "-o", "x.mkv", "--seconds", "0.9"), stdout=None, stderr=follower
    )
    os.close(follower)
    shown = b""
    with contextlib.suppress(OSError):
        while select.select([leader], [], [], 60)[0] and (piece := os.read(leader, 4096)):
            shown += piece
    os.close(leader)
    assert process.wait(30) == 0
    assert re.search(rb"0:00:0\d  \d+ pictures  [\d.]+/s  [\d.]+ [kM]B  0 lost  sound", shown)
    assert re.search(rb"hamaproto: x\.mkv: \d+ pictures, [\d.]+ s of sound\s*\Z", shown)


@pytest.mark.parametrize("words", [["-o", "x.mkv"], ["-o", "x.mkv", "--every", "0.2s"]])
def test_a_full_disk_leaves_pictures_or_no_file(camera: CameraThread, words: list[str]) -> None:
    """A limit for the length of files stands for the disk; a picture has 5 kB or more."""
    for limit in (3000, 60_000):
        code = (
            "import av, numpy, asyncio, encodings.idna, resource; "
            f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, -1)); {COMMAND[2]}"
        )
        process = subprocess.run(
            [COMMAND[0], "-c", code, "record", camera.url, *words, "--seconds", "20"],
            capture_output=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
        )
        assert process.returncode == 2
        said = process.stderr.decode().splitlines()
        assert "File too large" in said[-1]
        if limit == 3000:
            assert os.listdir() == []
            assert len(said) == 1
        else:
            [name] = os.listdir()
            with av.open(name) as file:
                count = sum(packet.size > 0 for packet in file.demux(video=0))
            match = re.search(r"at most (\d+) pictures", said[0])
            assert match is not None
            assert 0 < count <= int(match[1])


def test_without_descriptors_it_says_so_in_one_line(camera: CameraThread) -> None:
    script = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (5,) * 2); "
    code = f"import av, numpy, asyncio, encodings.idna; {script}{COMMAND[2]}"
    words = ["record", camera.url, "-o", "x.mkv", "--seconds", "0.2"]
    process = subprocess.run(
        [COMMAND[0], "-c", code, *words],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert b"Traceback" not in process.stderr
    assert process.returncode in (2, 3)
    assert process.stderr.count(b"\n") == 1
    assert b"Too many open files" in process.stderr
    assert os.listdir() == []


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


def test_record_goes_on_after_a_loss(capsys: pytest.CaptureFixture[str]) -> None:
    with simulated("die@4") as camera:
        words = ["-o", "x.mkv", "--no-sound", "--reconnect", "--seconds", "2"]
        assert run(["record", camera.url, *words]) == 8
    assert "connections lost: " in capsys.readouterr().err
    numbers = [read_stamp(image) for image, _ in pictures_of("x.mkv")]
    assert len([number for number in numbers if number is not None]) > 5


def test_a_camera_without_sound_is_recorded_without_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with simulated(has_audio=False) as camera:
        assert run(["record", camera.url, "-o", "x.mkv", "--seconds", "0.5"]) == 0
    assert "the camera has no sound: pictures only" in capsys.readouterr().err
    with av.open("x.mkv") as file:
        assert [stream.codec_context.name for stream in file.streams] == ["mjpeg"]
