"""The parts of the parser, read from their source: who knows whom, and by what."""

from __future__ import annotations

import ast
import dataclasses
import importlib
from pathlib import Path

import pytest

import hamaproto.wire.mjpeg

PACKAGE = Path(hamaproto.wire.mjpeg.__file__).parent
#: What each part may import of this package; what stands lower may be imported by all.
LOWER = {"scans", "store", "clean_head", "codes", "delimiter", "walk", "within", "turn", "view"}
PARTS = {
    "window": set(),
    "report": set(),
    "belief": set(),
    "head": {"window", "report"},
    "gap": {"window", "report"},
    "text_part": {"window"},
    "image": {"window"},
    "opinion": {"inside"},
    "loan": {"window"},
    # One floor above the others: it is given the image, and has the other three to itself.
    "ending": {"window", "report", "image", "opinion", "belief"},
}
#: What is shown of each part, beside its methods.
SHOWN = {
    "window": {"data", "pos", "end", "base", "fed", "eof"},
    "report": {"ready", "held", "error", "delivered", "skipped", "settled"},
    "belief": {"until", "last"},
    "head": {"raw", "length", "body_at", "match"},
    "gap": {
        "names",
        "matcher",
        "match",
        "started",
        "closed",
        "has_head",
        "junk",
        "line_start",
        "opened",
    },
    "text_part": set(),
    "image": {"at", "kept", "end", "declared", "missing", "phantom", "doubted", "store", "walker"},
    "opinion": {"asked", "cut_by"},
    "loan": set(),
    "ending": {"by"},
}


def tree(name: str) -> ast.Module:
    return ast.parse((PACKAGE / f"{name}.py").read_text(encoding="utf-8"))


@pytest.mark.parametrize("part", PARTS)
def test_a_part_knows_neither_the_parser_nor_its_siblings(part: str) -> None:
    known = {
        node.module.rpartition(".")[2]
        for node in ast.walk(tree(part))
        if isinstance(node, ast.ImportFrom)
        and node.module is not None
        and node.module.startswith("hamaproto.wire.mjpeg.")
    }
    assert known - LOWER == PARTS[part]


@pytest.mark.parametrize("name", [*PARTS, "states", "parser"])
def test_nobody_touches_a_private_field_of_another(name: str) -> None:
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            if node.attr.startswith("__"):
                continue
            owner = ast.unparse(node.value)
            # The parser's own iterator holds the parser.
            assert owner in ("self", "events", "parser"), f"{owner}.{node.attr}, line {node.lineno}"


@pytest.mark.parametrize("part", PARTS)
def test_what_a_part_shows_is_declared(part: str) -> None:
    module = importlib.import_module(f"hamaproto.wire.mjpeg.{part}")
    shown = {
        slot
        for name in module.__all__
        if isinstance(getattr(module, name), type)
        # What a part answers with is a record, which shows all that it has.
        and not dataclasses.is_dataclass(getattr(module, name))
        for slot in getattr(module, name).__slots__
        if not slot.startswith("_")
    }
    assert shown == SHOWN[part]
