"""The Python of README and topics is what `tests/snippets` has, and every snippet runs.

A snippet is run as a user would, in a process of its own, warnings as errors, against a
simulated camera that ends its streams by itself; only the address is put in its place.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from answering import scripted
from documents import README, ROOT, TOPICS, blocks

import fixtures
from fixtures.build.packets import pcap, talk
from hamaproto.camera import CameraState, Faults, Pictures
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.camera.scene import Scene
from hamaproto.errors import ConnectionLostError
from hamaproto.io.serve import CameraThread, running_camera

SNIPPETS = {
    path.stem: path.read_text(encoding="utf-8") for path in ROOT.glob("tests/snippets/*.py")
}
#: What the output of a snippet shows if it did what it is there for; three frames is the rule.
SHOWS = {
    "session": r"(<Frame \d+ bytes[^\n]*\n){3}Disconnected\(error=None, attempt=1, ",
    "first": r"(<Frame \d+ bytes[^\n]*Arrival[^\n]*\n){3}$",
    "with_sockets": r"<Response 200 .*(<Frame \d+ bytes.*\n.*){3}",
    "update": r"\{'Image\.I0\.Stream\.FPS': \('7', '10'\)\}",
    "reconnect": r"(a live picture \d+\n)+the camera ended the stream - again in 0\.\d s",
    "sound": r"(-?\d+ \d+\n){3}",
    "in_pytest": r"^$",  # pytest runs it, in tests/pytest_plugin
    "bank": r"^\(64, 8000\) int16$",
    "capture": r"(\d+ length 320 240 \d+\n){31}$",
    "steadier": r"(old|new)-firmware.pcap 0\.\d+ \d+ 0\n",
    "dated": r"(1 1700000000\d{9} \d+ True\n){31}$",
}
#: What a snippet finds that reads a file.
RECORDED = next(r for r in fixtures.recordings() if r.name == "motion_320x240")
THREE_FRAMES = r"(<Frame \d+ bytes.*\n.*){3}EndOfStream\(complete=True"


@pytest.fixture(scope="module")
def open_camera() -> Iterator[CameraThread]:
    with running_camera(_state()) as camera:
        yield camera


@pytest.fixture(scope="module")
def locked_camera() -> Iterator[CameraThread]:
    with running_camera(_state(users={"admin": "1234"})) as camera:
        yield camera


def _state(**options: dict[str, str]) -> CameraState:
    return CameraState(faults=Faults("close@3"), pictures=Pictures(draw_mosaic), **options)  # type: ignore[arg-type]


def run(text: str, url: str, folder: Path = ROOT) -> str:
    place = urlsplit(url)
    text = text.replace("http://192.168.1.20", url)
    text = text.replace('("192.168.1.20", 80)', f'("{place.hostname}", {place.port})')
    text = text.replace("192.168.1.20", place.netloc)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", text],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


@pytest.mark.parametrize("name", sorted(SNIPPETS))
def test_a_snippet_runs(
    name: str, open_camera: CameraThread, locked_camera: CameraThread, tmp_path: Path
) -> None:
    text = SNIPPETS[name]
    (tmp_path / "garden.body").write_bytes(RECORDED.body)
    packets = talk(b"GET /mjpg/video.mjpg HTTP/1.0\r\n\r\n", RECORDED.wire)
    for capture in ("door.pcap", "old-firmware.pcap", "new-firmware.pcap"):
        (tmp_path / capture).write_bytes(pcap(packets))
    camera = locked_camera if "1234" in text else open_camera
    output = run(text, camera.url, tmp_path)
    assert re.search(SHOWS.get(name, THREE_FRAMES), output, re.DOTALL), output


# What a camera may do to a snippet


#: Those that take care of the login and the coding themselves, or have a client do it; all but
#: Twisted's, whose loop can't be run twice, run in this process.
ANY_CLIENT = [
    *("with_sockets", "with_blocking", "with_asyncio", "with_trio"),
    *("with_requests", "with_httpx", "with_aiohttp", "with_urllib3"),
]
FRAMES = 3


@contextlib.contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """A server that gives the same answer to everybody, then closes."""

    def said(target: str) -> bytes:
        return next((text for path, text in TEXTS.items() if path in target), answer)

    with scripted(said) as url:
        yield url


PLAIN = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n"
#: What is answered to other requests than that of the stream.
TEXTS = {"param.cgi": PLAIN + b"Brand.ProdFullName=x\n", "ptz.cgi": PLAIN + b"OK\r\n"}


def picture() -> bytes:
    return draw_mosaic(Scene(number=1, time=0.0, width=320, height=240))


def stream_of(frames: int, *, packed: bool = False) -> bytes:
    image = picture()
    part = b"--myboundary\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n" % (
        len(image),
        image,
    )
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=myboundary\r\n"
        b"Connection: close\r\n"
    )
    body = part * frames + b"--myboundary--\r\n"
    if packed:
        return head + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(body, 1)
    return head + b"\r\n" + body


def run_here(text: str, url: str, error: type[Exception] | None = None) -> str:
    place = urlsplit(url)
    text = text.replace("http://192.168.1.20", url)
    text = text.replace('("192.168.1.20", 80)', f'("{place.hostname}", {place.port})')
    text = text.replace("192.168.1.20", place.netloc)
    output = io.StringIO()
    raised = contextlib.nullcontext() if error is None else pytest.raises(error)
    with contextlib.redirect_stdout(output), raised:
        exec(compile(text, "snippet", "exec"), {"__name__": "__main__"})
    return output.getvalue()


def with_digest(text: str) -> str:
    """What the comment says to use where a camera asks for Digest."""
    text = re.sub(r'\("admin", "1234"\)  # or (\S.*)', r"\1", text)
    return re.sub(r"^login = .*\n# or (.*)$", r"login = \1", text, flags=re.MULTILINE)


@pytest.mark.parametrize("name", ANY_CLIENT)
@pytest.mark.parametrize("packed", [True, False])
def test_a_snippet_reads_a_packed_stream_and_a_long_one(name: str, packed: bool) -> None:
    frames = 20 if packed else 400
    with answering(stream_of(frames, packed=packed)) as url:
        output = run_here(SNIPPETS[name], url)
    assert output.count("<Frame ") == frames
    assert "EndOfStream(complete=True" in output


@pytest.mark.parametrize("name", ANY_CLIENT)
def test_a_snippet_tells_that_the_stream_died(name: str) -> None:
    whole = stream_of(FRAMES + 1)
    # A driver raises it, so that it can't be overlooked.
    driver = name in ("with_blocking", "with_asyncio", "with_trio")
    with answering(whole[:-100]) as url:
        output = run_here(SNIPPETS[name], url, ConnectionLostError if driver else None)
    assert output.count("<Frame ") == FRAMES + 1
    assert "cut off" in output
    assert driver or "EndOfStream(complete=False" in output


@pytest.mark.parametrize("name", ANY_CLIENT)
def test_a_snippet_answers_digest_or_says_401(name: str) -> None:
    state = CameraState(
        faults=Faults("close@3", "digest"), pictures=Pictures(draw_mosaic), users={"admin": "1234"}
    )
    with running_camera(state) as camera:
        if name in ("with_requests", "with_httpx", "with_aiohttp", "with_urllib3"):
            with pytest.raises(BaseException, match="401"):
                run_here(SNIPPETS[name], camera.url)
        if name != "with_urllib3":
            output = run_here(with_digest(SNIPPETS[name]), camera.url)
            assert re.search(THREE_FRAMES, output, re.DOTALL), output


@pytest.mark.parametrize("packed", [True, False])
def test_the_first_snippet_reads_packed_streams_and_long_ones(
    packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    frames = 20 if packed else 400
    with answering(stream_of(frames, packed=packed)) as url:
        output = run_here(SNIPPETS["first"], url)
    assert output.count("<Frame ") == frames
    assert (tmp_path / "door.jpg").read_bytes() == picture()


def test_the_first_snippet_raises_that_the_stream_died_and_shows_whole_pictures_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with answering(stream_of(FRAMES + 1)[:-100]) as url:
        output = run_here(SNIPPETS["first"], url, ConnectionLostError)
    assert output.count("<Frame ") == FRAMES
    assert "cut off" not in output


def test_snippets_of_ours_answer_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    state = CameraState(
        faults=Faults("close@3", "digest"), pictures=Pictures(draw_mosaic), users={"admin": "1234"}
    )
    with running_camera(state) as camera:
        for name in ("first", "session"):
            assert run_here(SNIPPETS[name], camera.url).count("<Frame ") == 3


def test_the_driver_of_your_own_tells_that_the_stream_died() -> None:
    with answering(stream_of(FRAMES + 1)[:-100]) as url:
        output = run_here(SNIPPETS["session"], url)
    assert output.count("<Frame ") == FRAMES + 1
    assert "cut off" in output
    assert "Disconnected(error=ConnectionLostError(" in output


def test_the_snippet_for_twisted_tells_the_end_and_a_401(locked_camera: CameraThread) -> None:
    text = SNIPPETS["with_twisted"]
    with answering(stream_of(FRAMES, packed=True)) as url:
        output = run(text, url)
    assert output.count("<Frame ") == FRAMES
    assert "EndOfStream(complete=True" in output
    with pytest.raises(AssertionError, match="the camera says 401"):
        run(text.replace("admin:1234", "admin:wrong"), locked_camera.url)


def test_no_snippet_ends_a_long_stream_after_a_time() -> None:
    assert "total=None" in SNIPPETS["with_aiohttp"]


def test_every_snippet_is_shown_word_for_word() -> None:
    shown = [block for text in (README, *TOPICS.values()) for block in blocks(text, "python")]
    assert set(shown) == set(SNIPPETS.values())
    assert len(blocks(README, "python")) == 3
