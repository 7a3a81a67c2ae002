"""A machine is told from another one, in words."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bench.measure.machine import describe, differences, machine, pinned, resident, versions


def test_this_machine_is_itself() -> None:
    here = machine()
    assert differences(here, machine()) == []
    assert here["cores"] == str(os.cpu_count())
    assert "python" in versions()
    assert here["processor"] in describe(here, versions())


def test_two_machines_differ_in_words() -> None:
    here = machine()
    there = here | {"name": "elsewhere", "cores": "64"}
    assert differences(here, there) == [
        f"named {here['name']} and elsewhere",
        f"with cores: {here['cores']} and 64",
    ]
    assert "unknown" in differences(here, {})[0]


def test_a_process_is_on_one_core_and_then_where_it_was() -> None:
    if not hasattr(os, "sched_getaffinity"):
        with pinned(0) as done:
            assert not done
        return
    before = os.sched_getaffinity(0)
    with pinned(-1):
        assert os.sched_getaffinity(0) == {max(before)}
    assert os.sched_getaffinity(0) == before


@pytest.mark.skipif(sys.platform != "linux", reason="others tell only the most that there was")
def test_what_is_in_memory_grows_by_what_is_written_to() -> None:
    before = resident()
    held = bytearray(b"x") * 50_000_000
    assert resident() - before > 40_000_000
    del held


def test_where_the_system_does_not_tell_it_is_the_most_that_there_was(tmp_path: Path) -> None:
    assert resident(tmp_path / "none") >= 0
