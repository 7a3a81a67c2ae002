"""The shape of the package: public names, which way imports run, what an import costs."""

from __future__ import annotations

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import hamaproto
from hamaproto import _accel

PACKAGE = Path(hamaproto.__file__).parent

#: Who may import whom: a module may import from its own row and the rows above it.
LAYERS = (
    {"_version", "_checks", "errors", "limits", "headers", "events", "_accel"},
    {"wire", "gsm"},
    {"models", "commands"},
    {"inbox", "patience", "retry_after", "picture_size", "hearing"},
    {"outcome", "confirm", "bodies", "sound", "fields", "redirect", "refusal", "userinfo"},
    {"settings"},
    {"answer"},
    {"client", "camera", "attempts", "failures", "ending"},
    {"session"},
    {"talk"},
    {"captures"},
    {"timing", "gateway"},
    {"soundtrack"},
    {"io"},
    {"pytest_plugin"},
    {"cli"},
    {"__main__"},
)
#: The modules of the standard library that mean I/O, and who may import them.
IO_MODULES = {"socket", "asyncio", "threading", "time", "select", "selectors", "ssl"}
IO_LAYERS = {"io", "cli"}


def modules() -> list[Path]:
    return sorted(p for p in PACKAGE.rglob("*.py") if p != PACKAGE / "__init__.py")


def top(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute, so that they can be read"
            assert node.module is not None
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_run_one_way(path: Path) -> None:
    depth = {name: row for row, names in enumerate(LAYERS) for name in names}
    here = depth[top(path)]
    for name in imported(path):
        parts = name.split(".")
        if parts[0] == "hamaproto" and len(parts) > 1 and parts[1] in depth:
            assert depth[parts[1]] <= here, f"{top(path)} must not import {name}"
        if parts[0] in IO_MODULES:
            assert top(path) in IO_LAYERS, f"{top(path)} must not import {name}"


def test_every_module_has_a_layer() -> None:
    assert {top(path) for path in modules()} == set().union(*LAYERS)


def test_import_brings_neither_numpy_nor_asyncio() -> None:
    script = (
        "import hamaproto, sys; print([m for m in ('numpy','asyncio','socket','click','PIL','av') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there() -> None:
    assert sorted(hamaproto.__all__) == sorted(set(hamaproto.__all__))
    for name in hamaproto.__all__:
        assert getattr(hamaproto, name) is not None


def test_what_a_name_is_for_a_type_checker_it_is_when_it_is_asked_for() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    told = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for name, module in told.items():
        home = importlib.import_module(module or "")
        assert getattr(hamaproto, name) is getattr(home, name)
    assert {*told, "ACCELERATED", "__version__"} == set(hamaproto.__all__)
    assert set(hamaproto.__all__) <= set(dir(hamaproto))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        hamaproto.nothing  # noqa: B018  # that is the point


@pytest.mark.parametrize("pure", ["0", "1"])
def test_the_switch_chooses_the_twin(pure: str) -> None:
    script = "import hamaproto as h; print(h.ACCELERATED, h.MjpegParser.__module__)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "HAMAPROTO_PURE": pure},
    )
    accelerated, module = done.stdout.split()
    if pure == "1":
        assert (accelerated, module) == ("False", "hamaproto.wire.mjpeg.parser")
    elif accelerated == "True":
        assert module == "hamaproto.wire._mjpeg.parser"


def test_nothing_is_half_compiled() -> None:
    there = [name for name in _accel.COMPILED_MODULES if _accel.load(name) is not None]
    assert len(there) in (0, len(_accel.COMPILED_MODULES)), f"only {there} could be imported"
    assert bool(there) == hamaproto.ACCELERATED


def test_the_types_are_shipped() -> None:
    assert (PACKAGE / "py.typed").exists()
