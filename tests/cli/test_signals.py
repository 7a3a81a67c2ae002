"""Signals to end, at every time of a command's life."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hamaproto.cli.exits import INTERRUPTED
from hamaproto.cli.signals import finishing, interrupting, is_stopping, stopping

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = [signal.getsignal(number) for number in NUMBERS]
    yield
    for number, handler in zip(NUMBERS, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_interrupts_or_stops(number: signal.Signals) -> None:
    interrupting()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)
    calls: list[bool] = []
    with stopping(lambda: calls.append(is_stopping())):
        signal.raise_signal(number)
        signal.raise_signal(number)
        assert is_stopping()
    assert calls == [True, True]
    assert not is_stopping()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_second_signal_does_not_keep_files_from_being_closed(number: signal.Signals) -> None:
    interrupting()
    calls: list[str] = []
    with finishing():
        assert not is_stopping()
        signal.raise_signal(number)  # before the work begins: it hears of it
        with stopping(lambda: calls.append("stop")):
            assert calls == ["stop"]
        signal.raise_signal(number)  # while files are closed
        calls.append("closed")
        assert is_stopping()
    assert calls == ["stop", "closed"]
    assert not is_stopping()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)


@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_ignored_stays_ignored(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_IGN)
    interrupting()
    signal.raise_signal(number)
    with stopping(lambda: pytest.fail("the signal was to be ignored")):
        signal.raise_signal(number)
    assert signal.getsignal(number) is signal.SIG_IGN


@pytest.mark.parametrize(
    ("number", "module"),
    [
        (signal.SIGINT, "hamaproto.commands"),
        (signal.SIGTERM, "click"),
        (signal.SIGHUP, "asyncio"),
        (signal.SIGINT, "hamaproto.cli.app"),
    ],
)
def test_a_signal_while_the_program_starts(number: signal.Signals, module: str) -> None:
    """The signal comes in the middle of an import: no traceback, the documented code."""
    script = f"""
import signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            signal.raise_signal({int(number)})
sys.meta_path.insert(0, Finder())
from hamaproto.cli import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", script, "commands"],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (done.returncode, done.stdout, done.stderr) == (INTERRUPTED, b"", b"")


def test_a_signal_after_the_work_is_done_changes_nothing() -> None:
    script = """
import atexit, signal
atexit.register(lambda: signal.raise_signal(signal.SIGINT))
from hamaproto.cli import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", script, "--version"],
        capture_output=True,
        check=False,
        cwd=ROOT,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"hamaproto ")


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_while_the_interpreter_ends_changes_nothing(number: signal.Signals) -> None:
    """Python has taken its handlers away by the time at which globals are deleted."""
    script = f"""
import os, signal
class Last:
    def __del__(self, kill=os.kill, pid=os.getpid(), number={int(number)}):
        kill(pid, number)
last = Last()
from hamaproto.cli import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", script, "--version"],
        capture_output=True,
        check=False,
        cwd=ROOT,
    )
    assert (done.returncode, done.stderr) == (0, b"")
