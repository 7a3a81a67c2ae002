"""A suite is a module in a folder, and is found by its name or that of its group."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.measure.catalogue import UnknownSuiteError, chosen, suites

TEXT = '"""What {} is about.\n\nMore of it.\n"""\nSETTINGS = {{"frames": 3}}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("one", "import_", "deep/two", "deep/three"):
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(TEXT.format(name))
    (tmp_path / "deep" / "__init__.py").write_text("")
    return tmp_path


def test_each_module_is_a_suite(folder: Path) -> None:
    found = suites(folder, "there")
    assert [(suite.name, suite.module) for suite in found] == [
        ("deep/three", "there.deep.three"),
        ("deep/two", "there.deep.two"),
        ("import", "there.import_"),
        ("one", "there.one"),
    ]
    assert found[3].about == "What one is about"


def test_suites_are_chosen_by_name_or_group(folder: Path) -> None:
    known = suites(folder, "there")
    assert [suite.name for suite in chosen(["deep"], known)] == ["deep/three", "deep/two"]
    assert [suite.name for suite in chosen(["one", "deep/two"], known)] == ["deep/two", "one"]
    with pytest.raises(UnknownSuiteError, match=r"'de'.*deep/three, deep/two, import, one"):
        chosen(["de"], known)


@pytest.mark.parametrize("suite", suites(), ids=lambda suite: suite.name)
def test_each_suite_that_is_there_says_what_it_is_about(suite: object) -> None:
    about = suite.about  # type: ignore[attr-defined]
    assert 20 < len(about) < 110
    assert "\n" not in about
