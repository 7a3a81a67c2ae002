"""Captures for the tests of the commands, in a folder of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from captured import write_captures


@pytest.fixture(autouse=True)
def _captures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_captures(tmp_path)
