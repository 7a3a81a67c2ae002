"""One measurement at a time: a second one waits, says for whom, and gives up in time."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bench.measure import lock
from bench.measure.lock import BusyMachineError, alone
from bench.own import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no flock there")


def test_a_second_one_gives_up_and_says_who_was_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    said: list[str] = []
    with (
        alone(0, "the first", path=path),
        pytest.raises(BusyMachineError, match=r"process \d+, the first\): waited 0.05 s"),
        alone(0.05, "the second", path=path, say=said.append),
    ):
        raise AssertionError("both at once")
    assert len(said) == 1
    assert "waiting up to 0.05 s" in said[0]
    with alone(0, "the third", path=path):
        pass


def test_a_second_one_runs_when_the_first_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "PAUSE", 0.001)
    path = tmp_path / "lock"
    order: list[str] = []
    waits = threading.Event()

    def second() -> None:
        with alone(30, "the second", path=path, say=lambda _: waits.set()):
            order.append("second")

    thread = threading.Thread(target=second)
    with alone(0, "the first", path=path):
        thread.start()
        assert waits.wait(30)
        order.append("first")
    thread.join(30)
    assert order == ["first", "second"]


def test_a_holder_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import sys; from pathlib import Path; from bench.measure.lock import alone\n"
        "with alone(0, 'a child', path=Path(sys.argv[1])):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        with pytest.raises(BusyMachineError, match="a child"), alone(0, "this", path=path):
            pass
        child.kill()
        child.wait(30)
        with alone(0, "this", path=path):
            pass
