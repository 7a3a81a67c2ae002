"""The README's tables and diagram say what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hamaproto.cli.exits import EXITS
from hamaproto.client import state_diagram
from hamaproto.commands import CATALOGUE

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", CATALOGUE, ids=lambda command: command.number)
def test_every_command_has_its_row(command: object) -> None:
    row = CATALOGUE[[c.number for c in CATALOGUE].index(command.number)]  # type: ignore[attr-defined]
    assert f"| {row.number} | {row.title} | `{row.name}` | `{row.example.target}` |" in README


def test_no_other_command_has_a_row() -> None:
    assert len(re.findall(r"^\| \d[\d.]*[ab]? \| .* \| `\w+` \| `/", README, re.MULTILINE)) == 36


def test_the_states_are_drawn_from_their_table() -> None:
    assert f"```mermaid\n{state_diagram().rstrip()}\n```" in README


def test_every_exit_code_is_listed() -> None:
    for row in EXITS:
        assert f"| {row.code} | {row.meaning} |" in README


def test_the_gate_finds_the_commands_it_runs() -> None:
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for words in ("pip install -e '.[test]'", "hamaproto demo"):
        assert words in gate
        line = next(line for line in README.splitlines() if words in line)
        assert line.startswith("python3 -m venv .venv && ")
