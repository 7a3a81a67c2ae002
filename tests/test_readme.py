"""The README's Python is what `tests/snippets` has, and every snippet runs.

A snippet is run as a user would, in a process of its own, warnings as errors, against a
simulated camera that ends its streams by itself; only the address is put in its place.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hamaproto.camera import CameraState, Faults, Pictures
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.io.serve import CameraThread, running_camera

ROOT = Path(__file__).resolve().parent.parent
SNIPPETS = {
    path.stem: path.read_text(encoding="utf-8") for path in ROOT.glob("tests/snippets/*.py")
}
README = ROOT / "README.md"

#: What the output of a snippet shows if it did what it is there for; three frames is the rule.
SHOWS = {
    "with_sockets": r"<Response 200 .*(<Frame \d+ bytes.*\n.*){3}",
    "update": r"\{'Image\.I0\.Stream\.FPS': \('7', '10'\)\}",
    "reconnect": r"(a live picture \d+\n)+the camera ended the stream - again in 0\.\d s",
    "sound": r"(-?\d+ \d+\n){3}",
    "with_twisted": r"(<Frame \d+ bytes .*\n){3}",
}
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


def run(text: str, url: str) -> str:
    place = urlsplit(url)
    text = text.replace("http://192.168.1.20", url)
    text = text.replace('("192.168.1.20", 80)', f'("{place.hostname}", {place.port})')
    text = text.replace("192.168.1.20", place.netloc)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", text],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


@pytest.mark.parametrize("name", sorted(SNIPPETS))
def test_a_snippet_runs(name: str, open_camera: CameraThread, locked_camera: CameraThread) -> None:
    text = SNIPPETS[name]
    camera = locked_camera if "1234" in text else open_camera
    output = run(text, camera.url)
    assert re.search(SHOWS.get(name, THREE_FRAMES), output, re.DOTALL), output


@pytest.mark.skipif(not README.exists(), reason="no README here")
def test_the_readme_has_the_snippets_word_for_word() -> None:
    blocks = re.findall(
        r"^```python\n(.*?)^```", README.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    assert blocks
    for block in blocks:
        assert block in SNIPPETS.values(), f"not in tests/snippets:\n{block}"
