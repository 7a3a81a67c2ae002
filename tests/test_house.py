"""How large a room may be: what a maintainer can hold in the head, read from the source."""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib
import inspect

import pytest

from bench.own import PACKAGE, ROOT, modules, source

MOST_LINES = 600
MOST_FIELDS = 25

#: Dicts with names for keys, and lists of which each place means something, that are no fields:
#: what an object has is said by its class.
NO_FIELDS = {
    "camera/state stored": "the settings of the camera, under the names of the specification",
    "captures/rows row": "a row of the output, which has columns",
    "captures/summary counts": "a table to be printed, counted as it is read",
    "captures/summary sizes": "a table to be printed, counted as it is read",
    "captures/writer _next": "a number for each of two sides, which are picked by their own number",
    "cli/captures/extract counts": "files written of each kind, of which there may be more",
    "cli/demo _driver": "keyword arguments of a driver, which checks them",
    "wire/jpeg quantisation": "tables by their number in the image (T.81 B.2.4.1)",
    "wire/receive_buffer _pieces": "a queue, of which one byte is in the first and one in the next",
    "camera/connection _combined": "what was made last, and of what it was made",
    "io/_driver __dict__": "whether a field is there at all: `__init__` may not have come so far",
}


def classes(module: str) -> list[type]:
    """The classes that a module makes."""
    name = f"hamaproto/{module}".removesuffix("/__init__").replace("/", ".")
    if name == "hamaproto.__main__":
        return []  # to import it is to run the command
    home = importlib.import_module(name)
    return [one for _, one in inspect.getmembers(home, inspect.isclass) if one.__module__ == name]


@functools.cache
def assigned(module: str) -> dict[str, set[str]]:
    """Class -> the fields of its own: in `__slots__`, annotated, or assigned to `self`."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(ast.parse(source(module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            fields = found.setdefault(node.name, set())
            for inner in ast.walk(node):
                if (
                    isinstance(inner, ast.Attribute)
                    and isinstance(inner.ctx, ast.Store)
                    and isinstance(inner.value, ast.Name)
                    and inner.value.id == "self"
                ):
                    fields.add(inner.attr)
    return found


def fields_of(kind: type) -> set[str]:
    """All fields that an object of this class has, inherited ones included."""
    fields: set[str] = set()
    for one in kind.__mro__:
        if one.__module__.partition(".")[0] != "hamaproto":
            continue
        slots = vars(one).get("__slots__", ())
        fields.update((slots,) if isinstance(slots, str) else slots)
        if dataclasses.is_dataclass(one):
            fields.update(field.name for field in dataclasses.fields(one))
        module = one.__module__.removeprefix("hamaproto.").replace(".", "/")
        if not source(module).exists():
            module += "/__init__"
        settable = {n for n in assigned(module).get(one.__name__, set()) if not hasattr(one, n)}
        fields.update(settable)
    return fields


@pytest.mark.parametrize("module", modules())
def test_no_class_has_more_fields_than_can_be_held_in_the_head(module: str) -> None:
    for kind in classes(module):
        # The members of an enumeration are its values, and no fields.
        fields = fields_of(kind)
        assert len(fields) <= MOST_FIELDS, f"{kind}: {len(fields)} fields: {sorted(fields)}"


@pytest.mark.parametrize("module", modules())
def test_no_module_is_longer_than_can_be_read_at_once(module: str) -> None:
    assert len(source(module).read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("module", modules())
def test_each_dataclass_has_slots(module: str) -> None:
    """They are made by the thousand, and a name that is spelled wrong is no new field."""
    for kind in classes(module):
        if dataclasses.is_dataclass(kind):
            assert "__slots__" in vars(kind), f"{kind} has no slots"


def places_in_fields(module: str) -> set[str]:
    """The fields of `self` of which one key or place is meant, and not each or either end."""
    found = set()
    for node in ast.walk(ast.parse(source(module).read_text(encoding="utf-8"))):
        match node:
            case ast.Subscript(
                value=ast.Attribute(value=ast.Name(id="self"), attr=name),
                slice=ast.Constant(value=str() | int() as place),
            ) if place not in (0, -1):
                found.add(name)
            case ast.Attribute(value=ast.Name(id="self"), attr="__dict__"):
                found.add("__dict__")
            case ast.Call(func=ast.Name(id="setattr" | "vars"), args=[ast.Name(id="self"), *_]):
                found.add(ast.unparse(node))
    return found


def test_no_dict_and_no_list_stands_in_the_place_of_fields() -> None:
    """`self.state["pos"]`, `self.state[3]`: nobody counts these fields, and no type says of what.

    A type checker sees the fields of a class, and the tests above count them.
    """
    found = {f"{module} {name}" for module in modules() for name in places_in_fields(module)}
    assert found == set(NO_FIELDS)
    assert all(len(reason.split()) >= 4 for reason in NO_FIELDS.values())


@pytest.mark.parametrize("module", modules("wire/mjpeg"))
def test_no_part_of_the_mjpeg_parser_touches_what_is_private_to_another(module: str) -> None:
    """What `Window` and `Report` show is declared as theirs; all else is their own."""
    tree = ast.parse(source(module).read_text(encoding="utf-8"))
    here = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    here.update(*assigned(module).values())
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            own = own or node.attr in here or node.attr.endswith("__")
            assert own, f"hamaproto/{module}.py:{node.lineno}: {ast.unparse(node)}"


def test_no_line_is_marked_for_one_of_the_twins() -> None:
    marks = ("# twin" + ":",)
    for path in [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.p[xy][dx]"), ROOT / "setup.py"]:
        text = path.read_text(encoding="utf-8")
        assert not any(mark in text for mark in marks), path
