"""Whatever a program may use explains itself: `python -m bench reference` has a text for each."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import textwrap
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import pytest

from bench.reference import MODULES

PUBLIC = (*MODULES, "hamaproto.commands", "hamaproto.models")


def public_things() -> Iterator[tuple[str, Any]]:
    """Every public class and function by its full name, each once."""
    seen = set()
    for module in map(importlib.import_module, PUBLIC):
        for name in module.__all__:
            thing = getattr(module, name)
            if (inspect.isclass(thing) or inspect.isfunction(thing)) and thing not in seen:
                seen.add(thing)
                yield f"{module.__name__}.{name}", thing


THINGS = dict(public_things())


def members(cls: type) -> Iterator[tuple[str, Any]]:
    """The public methods and properties that a class of ours defines."""
    for base in cls.__mro__:
        if base.__module__.startswith("hamaproto"):
            for name, member in vars(base).items():
                kinds = (property, cached_property, staticmethod, classmethod)
                if not name.startswith("_") and (
                    inspect.isroutine(member) or isinstance(member, kinds)
                ):
                    yield name, getattr(cls, name, member)


@pytest.mark.parametrize("name", THINGS)
def test_it_has_a_docstring(name: str) -> None:
    thing = THINGS[name]
    doc = thing.__doc__
    assert doc, name
    assert not doc.startswith(f"{thing.__name__}("), f"{name}: only what dataclass wrote"
    if inspect.isclass(thing):
        silent = [member for member, value in members(thing) if not inspect.getdoc(value)]
        assert not silent, f"{name}: {silent}"


def explained(cls: type) -> set[str]:
    """The fields that a string below them explains."""
    try:
        (body,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    except OSError:  # a compiled twin
        return set()
    assert isinstance(body, ast.ClassDef)
    return {
        node.target.id
        for node, after in zip(body.body, body.body[1:], strict=False)
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
        and isinstance(after.value.value, str)
    }


@pytest.mark.parametrize(
    "name", [name for name, thing in THINGS.items() if dataclasses.is_dataclass(thing)]
)
def test_each_field_is_explained(name: str) -> None:
    """By a string below it, or by its name in the docstring of a class that has it."""
    cls = THINGS[name]
    bases = [base for base in cls.__mro__ if base.__module__.startswith("hamaproto")]
    told = set().union(*map(explained, bases))
    texts = " ".join(base.__doc__ or "" for base in bases)
    silent = [
        field.name
        for field in dataclasses.fields(cls)
        if not field.name.startswith("_")
        and field.name not in told
        and f"`{field.name}`" not in texts
    ]
    assert not silent, f"{name}: {silent}"
