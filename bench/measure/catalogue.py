"""The suites that there are: each module of `bench.suites` is one, and nothing lists them.

The name of a suite is that of its module, with `/` between folder and module, and without the
`_` behind a name that Python keeps for itself: `mjpeg/live`, `import`.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.measure.entries import Contest, Options

__all__ = ["FOLDER", "Suite", "UnknownSuiteError", "chosen", "suites"]

FOLDER = Path(__file__).resolve().parent.parent / "suites"


class UnknownSuiteError(ValueError):
    """There is no suite of this name, or it has no setting of this name."""


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite by name; it is imported when it is asked for more than what it is about."""

    name: str
    module: str
    about: str

    @property
    def settings(self) -> dict[str, int]:
        """What `--set` may change, and what it is without that."""
        return dict(getattr(importlib.import_module(self.module), "SETTINGS", {}))

    def contests(self, options: Options) -> Iterator[Contest]:
        """What is measured by turns, one group after the other."""
        made: Iterator[Contest] = importlib.import_module(self.module).contests(options)
        return made


def suites(folder: Path = FOLDER, package: str = "bench.suites") -> list[Suite]:
    """All suites, sorted by name."""
    found = []
    for path in folder.rglob("*.py"):
        parts = path.relative_to(folder).with_suffix("").parts
        if parts[-1].startswith("_"):
            continue
        about = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        name = "/".join(part.rstrip("_") for part in parts)
        found.append(Suite(name, ".".join((package, *parts)), about.partition("\n")[0].rstrip(".")))
    return sorted(found, key=lambda suite: suite.name)


def chosen(names: Sequence[str], among: Sequence[Suite] | None = None) -> list[Suite]:
    """The suites of these names or below them: `mjpeg` is all of `mjpeg/...`.

    Raises UnknownSuiteError, which names what there is.
    """
    known = suites() if among is None else among
    for name in names:
        if not any(suite.name == name or suite.name.startswith(f"{name}/") for suite in known):
            raise UnknownSuiteError(
                f"there is no suite {name!r}: {', '.join(suite.name for suite in known)}"
            )
    return [
        suite
        for suite in known
        if any(suite.name == name or suite.name.startswith(f"{name}/") for name in names)
    ]
