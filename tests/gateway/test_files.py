"""The files of the page: those that are there, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from documents import ROOT

import hamaproto.gateway
from hamaproto.gateway.files import KINDS, MARK, file, names, without_script

PAGE = Path(hamaproto.gateway.__file__).parent / "page"


def test_each_file_of_the_page_is_served_as_what_it_is() -> None:
    assert names() == sorted(path.name for path in PAGE.iterdir() if path.suffix in KINDS)
    assert {path.suffix for path in PAGE.iterdir() if path.is_file()} <= set(KINDS)
    for name in names():
        found = file(name)
        assert found is not None
        assert found[0] == (PAGE / name).read_bytes()
        assert found[1] == KINDS[Path(name).suffix]


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../access.py", "access.py", "/etc/passwd", "index.html/", "INDEX.HTML", "a\0"],
)
def test_no_other_file_is(name: str) -> None:
    assert file(name) is None


def test_a_name_is_no_markup() -> None:
    made = without_script(["porch", '"><script>']).decode()
    assert 'src="/c/porch/stream.mjpg"' in made
    assert "<script>" not in made
    index = file("index.html")
    assert index is not None
    assert MARK in index[0]


def test_the_page_is_shipped() -> None:
    assert '"page/*"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
