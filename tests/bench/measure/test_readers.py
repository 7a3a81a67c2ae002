"""Anyone's function is found by its name, or it is said why it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.measure.readers import NoReaderError, own_reader, own_readers

MINE = """
class Parser:
    @staticmethod
    def frames(chunks, content_type):
        return [b"".join(chunks)]
number = 5
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_reader.py").write_text(MINE)
    (tmp_path / "my_broken.py").write_text("1 / 0\n")
    monkeypatch.setattr("sys.path", ["", *__import__("sys").path])


@pytest.mark.usefixtures("mine")
def test_a_function_in_this_folder_is_found() -> None:
    assert list(own_reader("my_reader:Parser.frames")([b"a", b"b"], "")) == [b"ab"]
    assert list(own_readers(["my_reader:Parser.frames"])) == ["my_reader:Parser.frames"]


@pytest.mark.usefixtures("mine")
@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("my_reader", "write module:function"),
        (":frames", "write module:function"),
        ("my_reader:nothing", "has no function 'nothing'"),
        ("my_reader:number", "has no function 'number'"),
        ("my_absent:frames", "ModuleNotFoundError"),
        ("my_broken:frames", "ZeroDivisionError"),
    ],
)
def test_a_name_that_is_wrong_is_told(spec: str, why: str) -> None:
    with pytest.raises(NoReaderError, match=why):
        own_reader(spec)
