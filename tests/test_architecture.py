"""Which module imports which: no circle, and nobody else's private module.

The source is read and not run, so that an import inside a function, or for a type checker
alone, counts like any other: who reads the one module has to know the other.
"""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import hamaproto

PACKAGE = Path(hamaproto.__file__).parent


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name; a package by that of its folder."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imports(path: Path, names: set[str]) -> set[str]:
    """The modules among `names` that a source imports, at whatever place of it.

    `from hamaproto.wire import http` is an import of the module and not of its package.
    """
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= whole & names
            if whole - names:
                found.add(node.module)
    return found & names


def graph() -> dict[str, set[str]]:
    names = set(modules())
    return {name: imports(path, names) for name, path in modules().items()}


def test_no_circle_of_imports() -> None:
    try:
        TopologicalSorter(graph()).prepare()
    except CycleError as error:
        raise AssertionError(f"a circle of imports: {' <- '.join(error.args[1])}") from None


def test_no_import_of_another_packages_private_module() -> None:
    for name, targets in graph().items():
        for target in targets:
            parts = target.split(".")
            for depth, part in enumerate(parts):
                if part.startswith("_") and not part.startswith("__"):
                    owner = ".".join(parts[:depth])
                    assert f"{name}.".startswith(f"{owner}."), f"{name} must not import {target}"


def test_the_graph_has_the_edges_that_are_there() -> None:
    """A walk that saw nothing would find no circle either."""
    edges = graph()
    assert "hamaproto.camera.scene" in edges["hamaproto.camera.mosaic"]
    assert "hamaproto.camera.panorama" in edges["hamaproto.camera.picture"]  # in a function
    assert "hamaproto.gsm.decoder" in edges["hamaproto.gsm"]  # for a type checker
    assert "hamaproto.errors" in edges["hamaproto.gsm.framing"]
