"""A machine is told from another one, in words."""

from __future__ import annotations

import os

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


def test_what_is_in_memory_grows_by_what_is_written_to() -> None:
    before = resident()
    held = bytearray(b"x") * 50_000_000
    assert resident() - before > 40_000_000
    del held
