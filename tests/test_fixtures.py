"""The fixtures are data and code apart, and each datum says where it comes from."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

import pytest

import fixtures

DATA = [
    folder
    for folder in sorted(fixtures.ROOT.iterdir())
    if folder.is_dir() and folder.name not in ("build", "__pycache__")
]


def test_there_is_data_for_each_parser_and_a_picture_of_the_page() -> None:
    names = ["captures", "gsm", "jpeg", "mjpeg", "page", "params"]
    assert [folder.name for folder in DATA] == names
    [picture] = (fixtures.ROOT / "page").rglob("*.jpg")
    # The README shows it, and is fetched by people on slow lines.
    assert picture.stat().st_size <= 150_000


@pytest.mark.parametrize("folder", DATA, ids=lambda folder: folder.name)
def test_a_folder_of_data_names_its_origins_and_holds_no_code(folder: Path) -> None:
    assert not list(folder.rglob("*.py"))
    said = (folder / "README.md").read_text(encoding="utf-8")
    if (folder / "manifest.json").exists():
        said += (folder / "manifest.json").read_text(encoding="utf-8")
    origins = [path.name for path in folder.iterdir() if path.is_dir()]
    assert origins
    for origin in origins:
        assert f"{origin}/" in said
    # No file stands beside the folders of the origins but what describes them.
    assert {path.name for path in folder.iterdir() if path.is_file()} <= {
        "README.md",
        "manifest.json",
    }


def test_every_file_of_sound_is_what_the_manifest_says() -> None:
    manifest = fixtures.read_json("gsm", "manifest.json")
    told = {
        f"libgsm/{name}.{ending}": row[key]
        for name, row in manifest["vectors"].items()
        for ending, key in (("gsm", "gsm_sha256"), ("s16", "s16_sha256"), ("in.s16", "in_sha256"))
        if key in row
    }
    wav = manifest["wav49"]["libsndfile"]
    told["libsndfile/wav49.wav"] = wav["wav_sha256"]
    told["libsndfile/wav49.s16"] = wav["s16_sha256"]
    folder = fixtures.ROOT / "gsm"
    there = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.glob("*/*")
    }
    assert there == told


def test_no_expectation_comes_out_of_the_code_under_test() -> None:
    for path in fixtures.ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not any(name.partition(".")[0] == "hamaproto" for name in names), path
