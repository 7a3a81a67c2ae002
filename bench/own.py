"""Which test files are a module's own: the one place that knows how `tests/` mirrors the package.

`hamaproto/wire/params.py`, named `wire/params`, has `tests/wire/test_params.py`, and any
`tests/wire/test_params_*.py`.  An underscore before the name of a module is left out.  What
differs stands in `ELSEWHERE`, with the reason; `tests/test_mirror.py` holds all of it.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import NamedTuple

__all__ = [
    "ALSO",
    "ELSEWHERE",
    "PACKAGE",
    "ROOT",
    "TESTS",
    "Elsewhere",
    "modules",
    "own_tests",
    "source",
]

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "hamaproto"
TESTS = ROOT / "tests"


class Elsewhere(NamedTuple):
    """A module without a test file of its name: which files test it, and why it is so."""

    files: tuple[str, ...]
    reason: str


_DRIVERS = "one scenario is held to all drivers, in files that bear the names of the scenarios"
_FAULTS = ("camera/test_faults.py", "test_fault_reactions.py")
_SCENARIOS = (
    "io/test_cancellation.py",
    "io/test_driver.py",
    "io/test_driver_answers.py",
    "io/test_driver_trouble.py",
    "io/test_drivers.py",
    "io/test_drivers_logins.py",
    "io/test_drivers_long.py",
    "io/test_tls.py",
)

#: The modules that have no test file of their name.
ELSEWHERE: dict[str, Elsewhere] = {
    "__init__": Elsewhere(("test_package.py",), "it hands on the names of the whole package"),
    "cli/__init__": Elsewhere(("cli/test_cli.py",), "it is the entry point of the command"),
    "__main__": Elsewhere(("cli/test_cli.py",), "it is the command line and nothing else"),
    "_accel": Elsewhere(("test_package.py",), "which twin is taken is decided for the package"),
    "_version": Elsewhere(("test_package.py",), "it holds one string"),
    "gsm/__init__": Elsewhere(("test_package.py",), "it picks the twin"),
    "camera/head_faults": Elsewhere(_FAULTS, "its rows are tested with all others of the table"),
    "camera/part_faults": Elsewhere(_FAULTS, "its rows are tested with all others of the table"),
    "camera/stream_faults": Elsewhere(_FAULTS, "its rows are tested with all others of the table"),
    "pytest_plugin/__init__": Elsewhere(
        ("pytest_plugin/test_camera.py",), "it hands on names, when they are asked for"
    ),
    "wire/contract": Elsewhere(("test_contract.py",), "the contract is that of every parser"),
    "wire/mjpeg/__init__": Elsewhere(("test_package.py",), "it picks the twin"),
    "wire/mjpeg/codes": Elsewhere(
        ("wire/mjpeg/test_states.py",), "numbers, which the states tell from each other"
    ),
    "wire/mjpeg/turn": Elsewhere(("test_contract.py",), "the contract is that of every parser"),
    "wire/mjpeg/view": Elsewhere(
        ("wire/mjpeg/test_image.py",), "it holds four values for a question"
    ),
    "io/_awaiting": Elsewhere(_SCENARIOS, _DRIVERS),
    "io/_link": Elsewhere(_SCENARIOS, _DRIVERS),
    "io/_socket_line": Elsewhere(_SCENARIOS, _DRIVERS),
    "io/anyio": Elsewhere(_SCENARIOS, _DRIVERS),
    "io/asyncio": Elsewhere(_SCENARIOS, _DRIVERS),
    "io/blocking": Elsewhere(_SCENARIOS, _DRIVERS),
}

#: Test files that are a module's own as well, under names that say what they hold.
ALSO: dict[str, tuple[str, ...]] = {
    "io/_driver": ("io/test_drivers.py", "io/test_drivers_logins.py", "io/test_typing_drivers.py"),
    "cli/exits": ("cli/test_exit_codes.py",),
    "gsm/decoder": ("gsm/test_codec.py",),
    "gsm/encoder": ("gsm/test_codec.py",),
    "camera/faults": ("test_fault_reactions.py",),
    "camera/connection": ("camera/test_round_trip.py",),
    "wire/http/response": ("wire/http/test_heads_peers.py",),
    "wire/mjpeg/parser": ("test_contract.py",),
}


def source(module: str) -> Path:
    """The file of a module: `wire/params` -> hamaproto/wire/params.py."""
    return PACKAGE / f"{module}.py"


def hands_on(path: Path) -> bool:
    """Whether a file holds a docstring, imports and lists of names only: nothing to test."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    plain = (ast.Import, ast.ImportFrom, ast.Assign, ast.Expr)
    return all(isinstance(node, plain) for node in tree.body) and not any(
        isinstance(node, ast.Call) for node in ast.walk(tree)
    )


def modules(*names: str) -> list[str]:
    """The modules that are to have tests, sorted; with `names`, those of these names or under."""
    found = [
        path.relative_to(PACKAGE).with_suffix("").as_posix()
        for path in sorted(PACKAGE.rglob("*.py"))
        if not (path.name == "__init__.py" and hands_on(path))
    ]
    if not names:
        return found
    wanted = [name.strip("/").removesuffix(".py").replace(".", "/") for name in names]
    for name in wanted:
        if not any(module == name or module.startswith(name + "/") for module in found):
            raise SystemExit(f"hamaproto has no module {name!r}")
    return [m for m in found if any(m == name or m.startswith(name + "/") for name in wanted)]


def by_name(module: str) -> list[Path]:
    """The test files that bear the module's name."""
    folder, _, name = module.rpartition("/")
    name = name.lstrip("_")
    siblings = {
        m.rpartition("/")[2].lstrip("_") for m in modules() if m.rpartition("/")[0] == folder
    }
    found = []
    for path in sorted((TESTS / folder).glob(f"test_{name}*.py")):
        rest = path.stem.removeprefix("test_")
        # `test_recording_webm` is that of `recording_webm`, if there is such a module.
        owners = [s for s in siblings if rest == s or rest.startswith(s + "_")]
        if owners and max(owners, key=len) == name:
            found.append(path)
    return found


def own_tests(module: str) -> list[Path]:
    """The test files of a module; empty if it has none, as `tests/test_mirror.py` would say."""
    if module in ELSEWHERE:
        return [TESTS / name for name in ELSEWHERE[module].files]
    return by_name(module) + [TESTS / name for name in ALSO.get(module, ())]
