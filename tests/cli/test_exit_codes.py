"""Each exit code of each command, provoked; the table in `hamaproto help exit-codes` is made of it.

PYTHONPATH=.:tests python tests/cli/test_exit_codes.py        writes the topic anew
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from answering import scripted
from captured import write_captures

from fixtures.build.jpegs import image
from hamaproto.camera import CameraState, Faults, Pictures
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.cli.app import cli, run
from hamaproto.cli.exits import EXITS
from hamaproto.cli.help import text_of_topic
from hamaproto.gsm import Encoder
from hamaproto.io.serve import running_camera

ROOT = Path(__file__).resolve().parents[2]
TOPIC = ROOT / "hamaproto" / "cli" / "topics" / "exit-codes.md"
#: A tone of 250 Hz, 0.2 s of it.
FRAMES = Encoder().encode(np.tile(np.array([0, 9000, 0, -9000], np.int16).repeat(8), 50))
OK_LINE = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n"

# -- cameras -----------------------------------------------------------------------------

Camera = Callable[[], contextlib.AbstractContextManager[str]]


def simulated(*faults: str, **options: object) -> Camera:
    @contextlib.contextmanager
    def camera() -> Iterator[str]:
        state = CameraState(faults=Faults(*faults), pictures=Pictures(draw_mosaic), **options)
        with running_camera(state) as running:
            yield running.url

    return camera


def saying(answer: bytes) -> Camera:
    return lambda: scripted(answer)


@contextlib.contextmanager
def nobody() -> Iterator[str]:
    yield "http://127.0.0.1:1"


GOOD, LOCKED, MUTE = simulated(), simulated(users={"admin": "1234"}), simulated("mute")
NO_CAMERA = saying(b"SSH-2.0-OpenSSH_9.6\r\n")
REFUSING = saying(b"HTTP/1.0 404 Not Found\r\n\r\n")
FULL, DYING, CUT = simulated("full"), simulated("die@3"), simulated("truncated")
PAGE = saying(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<html>Please log in</html>")


def listing(target: str) -> bytes:
    known = "group=Brand" in target
    return OK_LINE + (b"Brand.Brand=Hama\n" if known else b"# Error -1 getting it!\n")


def one_group() -> contextlib.AbstractContextManager[str]:
    return scripted(listing)


CUT_OFF = saying(b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n" + image("420", 1)[:-9])

# -- the table ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One row: the words of a command (URL stands for the camera's), and when that happens."""

    code: int
    when: str
    words: str
    camera: Camera = GOOD

    @property
    def command(self) -> str:
        first, second, *_ = [*self.words.split(), ""]
        return f"{first} {second}" if first == "gsm" else first


def of_network(words: str, *, quick: str = "--timeout 0.3") -> list[Case]:
    """What every command that asks a camera has in common."""
    return [
        Case(2, "an option that does not exist", f"{words} --nonsense"),
        Case(3, "nobody answers at the address", words, nobody),
        Case(4, "the camera asks for a login", words, LOCKED),
        Case(5, "the camera does not answer", f"{words} {quick}", MUTE),
        Case(6, "what answers is no web server", words, NO_CAMERA),
    ]


def of_capture(words: str) -> list[Case]:
    """What every command that reads a capture has in common."""
    return [
        Case(0, "all of the file was read", words.replace("FILE", "all.pcap")),
        Case(2, "no such file", words.replace("FILE", "no-such.pcap")),
        Case(2, "the file is empty", words.replace("FILE", "empty")),
        Case(8, "the file is damaged", words.replace("FILE", "damaged.pcap")),
        Case(8, "the file is cut off in the middle of a record", words.replace("FILE", "cut.pcap")),
    ]


CASES = [
    Case(0, "all was told", "info URL"),
    *of_network("info URL"),
    Case(7, "a server that is no such camera", "info URL", REFUSING),
    Case(8, "some of the groups are refused", "info URL", one_group),
    Case(0, "the group is listed", "get URL Brand"),
    *of_network("get URL Brand"),
    Case(7, "no such group", "get URL Nothing"),
    Case(7, "a page instead of a list", "get URL Brand", PAGE),
    Case(8, "one group of two is there", "get URL Brand Nothing"),
    Case(0, "the value was stored", "set URL Image.I0.Stream.FPS=15"),
    *of_network("set URL Image.I0.Stream.FPS=15"),
    Case(2, "no KEY=VALUE", "set URL Image.I0.Stream.FPS"),
    Case(7, "a page instead of OK", "set URL Image.I0.Stream.FPS=15", PAGE),
    Case(8, "another value was stored", "set URL Image.I0.Stream.FPS=7"),
    Case(0, "the camera said OK", "ask URL 4.1 left"),
    *of_network("ask URL 4.1 left"),
    Case(2, "no such command", "ask URL no-such-command"),
    Case(2, "a value that is not allowed", "ask URL set-mjpeg-fps 7"),
    Case(7, "a page instead of OK", "ask URL 4.1 left", PAGE),
    Case(8, "another value was stored", "ask URL set-mjpeg-fps 7 --unchecked --confirm"),
    Case(0, "the list is printed", "commands"),
    Case(2, "an argument too many", "commands more"),
    Case(0, "the picture is in the file", "snapshot URL -o x.jpg"),
    *of_network("snapshot URL -o x.jpg"),
    Case(2, "the folder does not exist", "snapshot URL -o no/such/x.jpg"),
    Case(7, "no such picture", "snapshot URL -o x.jpg --without-login other.jpg"),
    Case(7, "a page instead of a picture", "snapshot URL -o x.jpg", PAGE),
    Case(8, "the picture is cut off", "snapshot URL -o x.jpg", CUT_OFF),
    Case(0, "the time is over", "stream URL -o x.mjpeg --seconds 0.3"),
    *of_network("stream URL -o x.mjpeg"),
    Case(2, "the file is there already", "stream URL -o frames.gsm --format mjpeg"),
    Case(7, "all slots of the camera are taken", "stream URL -o x.mjpeg", FULL),
    Case(8, "the stream was lost", "stream URL -o x.mjpeg", DYING),
    Case(0, "the time is over, and all of it is there", "record URL -o x.mkv --seconds 0.5"),
    *of_network("record URL -o x.mkv"),
    Case(2, "the name has another ending", "record URL -o x.mp4"),
    Case(2, "the file is there already", "record URL -o old.mkv"),
    Case(7, "all slots of the camera are taken", "record URL -o x.mkv", FULL),
    Case(8, "the stream was lost", "record URL -o x.mkv", DYING),
    Case(8, "pictures are cut off", "record URL -o x.mkv --seconds 0.5", CUT),
    Case(0, "the time is over, and all of it is there", "listen URL -o x.wav --seconds 0.3"),
    *of_network("listen URL -o x.wav"),
    Case(2, "the name has another ending", "listen URL -o x.mp3"),
    Case(7, "all slots of the camera are taken", "listen URL -o x.wav", FULL),
    Case(7, "the camera has no microphone", "listen URL -o x.wav", simulated(has_audio=False)),
    Case(8, "the stream was lost", "listen URL -o x.wav", DYING),
    Case(0, "all of it was sent", "talk URL frames.gsm"),
    Case(2, "no such file", "talk URL no-such.gsm"),
    Case(3, "nobody answers at the address", "talk URL frames.gsm", nobody),
    Case(4, "the camera asks for a login", "talk URL frames.gsm", LOCKED),
    Case(6, "what answers is no web server", "talk URL frames.gsm", NO_CAMERA),
    Case(7, "the camera refuses the sound", "talk URL frames.gsm", REFUSING),
    Case(8, "bytes of the file belong to no frame", "talk URL noise.gsm"),
    Case(0, "all went well", "demo --camera URL --seconds 0.5 --output there"),
    *of_network("demo --camera URL --seconds 0.5 --output there"),
    Case(7, "a server that is no such camera", "demo --camera URL --output there", REFUSING),
    Case(8, "pictures are cut off", "demo --camera URL --seconds 0.5 --output there", CUT),
    Case(0, "the time is over", "capture URL -o x.pcapng --seconds 0.3"),
    *of_network("capture URL -o x.pcapng"),
    Case(2, "the file is there already", "capture URL -o old.pcapng"),
    Case(7, "all slots of the camera are taken", "capture URL -o x.pcapng", FULL),
    Case(8, "the stream was lost", "capture URL -o x.pcapng", DYING),
    Case(0, "the time is over", "replay all.pcap --seconds 0.2"),
    Case(2, "no such file", "replay no-such.pcap"),
    Case(2, "no answer is in the file", "replay empty"),
    Case(8, "the file is damaged", "replay damaged.pcap --seconds 0.2"),
    *of_capture("inspect FILE"),
    *of_capture("frames FILE"),
    Case(2, "the file is there already", "frames all.pcap -o old.csv"),
    *of_capture("extract FILE -o out"),
    Case(2, "a file of that name is there already", "extract speech.gsm -o there"),
    *of_capture("stats FILE"),
    *of_capture("report FILE -o x.html"),
    Case(2, "the file is there already", "report all.pcap -o old.html"),
    Case(0, "all of the files were read", "archive *.pcapng --jobs 1 -o x.parquet"),
    Case(2, "no file is there", "archive no-such-* -o x.parquet"),
    Case(2, "the file is there already", "archive *.pcapng -o old.parquet"),
    Case(8, "a file has an error", "archive *.pcap --jobs 1 -o x.parquet"),
    Case(0, "it is printed", "dissector"),
    Case(2, "an argument too many", "dissector more"),
    Case(0, "the faults are listed", "simulate --list-faults"),
    Case(2, "no such fault", "simulate --fault nothing"),
    Case(2, "neither a camera nor --demo", "serve"),
    Case(2, "a name that no camera can have", "serve --demo --name a/b"),
    Case(0, "all of it was decoded", "gsm decode frames.gsm x.wav"),
    Case(2, "no such file", "gsm decode no-such.gsm x.wav"),
    Case(2, "the file is there already", "gsm decode frames.gsm old.wav"),
    Case(8, "bytes belong to no frame", "gsm decode noise.gsm x.wav"),
    Case(0, "all of it was encoded", "gsm encode old.wav x.gsm"),
    Case(2, "no such file", "gsm encode no-such.wav x.gsm"),
    Case(0, "the topics are listed", "help"),
    Case(2, "no such topic", "help nothing"),
]
#: What a signal ends before there is a result; simulate and serve have none, and end with 0.
INTERRUPTED = [
    Case(130, "interrupted before anything came", words, MUTE)
    for words in (
        *("info URL", "get URL Brand", "set URL A.B=1", "ask URL 4.1 left"),
        *("snapshot URL -o x.jpg", "stream URL -o x.mjpeg", "record URL -o x.mkv"),
        *("listen URL -o x.wav", "talk URL frames.gsm", "demo --camera URL --output there"),
        "capture URL -o x.pcapng",
    )
]


def table() -> str:
    """The topic, made of the rows above."""
    meanings = "".join(f"| {row.code} | {row.meaning} |\n" for row in EXITS)
    rows = dict.fromkeys(
        (case.command, case.code, case.when)
        for case in sorted(
            [*CASES, *INTERRUPTED], key=lambda case: list(cli.commands).index(case.words.split()[0])
        )
    )
    lines = "".join(
        f"| `{command}` | {code} | {when} |\n"
        for command, code, when in sorted(rows, key=lambda row: (ORDER.index(row[0]), row[1]))
    )
    return f"""# Exit codes

| code | meaning |
|---:|---|
{meanings}
Code 1 can happen to any command, and should not: its message asks for a report.

What leads to them, for each command. This table is made of the tests that provoke each row.

| command | code | when |
|---|---:|---|
{lines}"""


ORDER = list(dict.fromkeys(case.command for case in CASES))


# -- the tests ---------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HAMAPROTO_USER", "HAMAPROTO_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "no-netrc"))
    monkeypatch.chdir(tmp_path)
    write_captures(tmp_path)
    Path("frames.gsm").write_bytes(FRAMES)
    Path("noise.gsm").write_bytes(FRAMES + b"noise" * 20 + FRAMES)
    Path("old.mkv").write_bytes(b"old")
    Path("old.csv").write_bytes(b"old")
    Path("old.html").write_bytes(b"old")
    Path("old.parquet").write_bytes(b"old")
    Path("old.pcapng").write_bytes(Path("all.pcapng").read_bytes())
    Path("there").mkdir()
    Path("there/1.wav").write_bytes(b"old")
    with wave.open("old.wav", "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(640))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.words}={case.code}: {case.when}")
def test_every_code_of_every_command(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    with case.camera() as url:
        assert run([word.replace("URL", url) for word in case.words.split()]) == case.code
    lines = capsys.readouterr().err.splitlines()
    assert all(line.startswith("hamaproto: ") for line in lines)
    assert lines or case.code == 0
    if case.code not in (0, 8):
        # One line for one trouble, however many streams or questions met it.
        assert len(lines) == 1, lines


@pytest.mark.parametrize("case", INTERRUPTED, ids=lambda case: case.words)
def test_an_interrupt_before_there_was_a_result(
    case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    over = threading.Event()

    def never(target: str) -> Iterator[bytes]:
        os.kill(os.getpid(), signal.SIGINT)
        over.wait(30)
        yield b""

    with scripted(never) as url:
        assert run([word.replace("URL", url) for word in case.words.split()]) == case.code
        over.set()
    assert len(capsys.readouterr().err.splitlines()) <= 1


def test_every_command_is_in_the_table() -> None:
    below = {f"gsm {name}" for name in ("decode", "encode")}
    assert {case.command for case in CASES} == (set(cli.commands) - {"gsm"}) | below
    provoked = {case.code for case in [*CASES, *INTERRUPTED]}
    assert provoked == {row.code for row in EXITS} - {1}


def test_the_topic_is_made_of_this_table() -> None:
    assert text_of_topic("exit-codes") == table()


if __name__ == "__main__":
    TOPIC.write_text(table(), encoding="utf-8")
