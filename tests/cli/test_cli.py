"""The entry point, in a process of its own: pipes, and packages that are missing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from command_line import (
    ROOT,
    start,
)

from hamaproto.io.serve import CameraThread


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
