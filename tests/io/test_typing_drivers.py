"""What a type checker makes of the drivers: each reply, and each stream's events."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_drivers_type_what_they_give() -> None:
    api = pytest.importorskip("mypy.api", reason="the typing of drivers is read by mypy")
    file = ROOT / "tests" / "typing" / "drivers.py"
    out, errors, status = api.run(
        ["--config-file", str(ROOT / "pyproject.toml"), "--follow-imports=silent", str(file)]
    )
    assert (status, errors) == (0, ""), out
