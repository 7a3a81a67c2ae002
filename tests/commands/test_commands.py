"""`hamaproto.commands`: its names, its types, and what it does not do."""

from __future__ import annotations

import ast
import doctest
import inspect
import pickle
from pathlib import Path

import pytest
from specification import SPECIFICATION, seen_by

from hamaproto import commands, models
from hamaproto.commands import CATALOGUE, Command

PACKAGE = Path(inspect.getfile(commands)).parent


def test_the_builders_are_public() -> None:
    beyond = {"list_params", "update_params", "talk", "raw"}
    built = {command.name for command in CATALOGUE} | beyond
    functions = {name for name in commands.__all__ if inspect.isfunction(getattr(commands, name))}
    assert built == functions
    assert commands.__all__ == sorted(commands.__all__, key=_ruff_order)
    for name in functions:
        assert getattr(commands, name).__doc__, name


def _ruff_order(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def test_the_docstrings_examples() -> None:
    assert doctest.testmod(commands) == (0, 1)


@pytest.mark.parametrize("command", CATALOGUE, ids=lambda command: command.name)
def test_requests_are_plain_data(command: Command) -> None:
    request = command.example
    assert pickle.loads(pickle.dumps(request)) == request
    assert hash(request) == hash(pickle.loads(pickle.dumps(request)))


@pytest.mark.parametrize("library", ["httpx", "requests", "aiohttp", "urllib3"])
def test_no_http_library_alters_an_example(library: str) -> None:
    for command in CATALOGUE:
        url = command.example.url("http://192.168.2.114:8080")
        assert seen_by(library, url) == command.example.target
        assert command.example.target == SPECIFICATION[command.number]["target"] or (
            command.number == "3.3"
        )


def test_nothing_of_it_does_io() -> None:
    for path in [*PACKAGE.glob("*.py"), Path(inspect.getfile(models))]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = {
            name.split(".")[0]
            for node in ast.walk(tree)
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        assert not imported & {"socket", "asyncio", "threading", "time", "numpy"}


def test_requests_type_what_they_are_answered_with() -> None:
    api = pytest.importorskip("mypy.api", reason="the typing of requests is read by mypy")
    root = PACKAGE.parent.parent
    file = root / "tests" / "typing" / "requests.py"
    out, errors, status = api.run(
        ["--config-file", str(root / "pyproject.toml"), "--follow-imports=silent", str(file)]
    )
    assert (status, errors) == (0, ""), out
