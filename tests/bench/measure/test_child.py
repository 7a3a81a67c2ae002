"""A process that answers, says what it raised, and is gone with whoever started it."""

from __future__ import annotations

import gc
import os
import sys

import pytest

from bench.measure.child import Child, ChildError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")


class Adder:
    """Of the other process."""

    def __init__(self, first: int) -> None:
        self._sum = first

    def __call__(self, more: int) -> tuple[int, int]:
        if more < 0:
            os._exit(1)
        self._sum += 1 // more + more - 1 // more
        return self._sum, os.getpid()


def test_a_child_answers_until_it_is_not_needed_any_more() -> None:
    child = Child(Adder, 5)
    answer, process = child.ask(2)
    assert answer == 7
    assert child.ask(3) == (10, process)
    assert process != os.getpid()
    with pytest.raises(ChildError, match="ZeroDivisionError"):
        child.ask(0)
    assert child.ask(1)[0] == 11
    del child
    gc.collect()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_a_child_that_is_gone_does_not_answer() -> None:
    child = Child(Adder, 5)
    with pytest.raises(ChildError, match="the process is gone"):
        child.ask(-1)
    child.close()
    child.close()


def test_one_that_was_never_asked_was_never_started() -> None:
    Child(Adder, 5).close()
