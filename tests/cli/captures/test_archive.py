"""`hamaproto archive`: a row for each file, in one process or many, begun and gone on with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from captured import write_captures

from hamaproto.cli.app import run

parquet: Any = pytest.importorskip("pyarrow.parquet")


def rows() -> dict[str, dict[str, Any]]:
    return {Path(row["path"]).name: row for row in parquet.read_table("x.parquet").to_pylist()}


@pytest.fixture
def folder() -> Path:
    folder = Path("many")
    (folder / "below").mkdir(parents=True)
    write_captures(folder)
    (folder / "below" / "again.pcap").write_bytes((folder / "all.pcap").read_bytes())
    return folder


def test_a_row_group_for_each_file_by_any_number_of_processes(folder: Path) -> None:
    found = []
    for jobs in ("1", "2"):
        words = ["archive", str(folder), "-o", "x.parquet", "--jobs", jobs, "--overwrite"]
        assert run(words) == 8  # some are damaged
        assert parquet.ParquetFile("x.parquet").num_row_groups == 10
        found.append(rows())
    assert found[0] == found[1]
    assert found[0]["again.pcap"]["frames"] == 31
    assert found[0]["damaged.pcap"]["error"] is not None


def test_what_has_the_same_content_is_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["archive", f"{folder}/*.pcap*", "-o", "x.parquet", "--jobs", "1"]) == 8
    before = rows()
    asked = []

    def analysed(path: str) -> dict[str, Any]:
        asked.append(Path(path).name)
        return before["all.pcap"] | {"path": path}

    monkeypatch.setattr("hamaproto.cli.captures.workers.analyse", analysed)
    (folder / "new.pcap").write_bytes(b"new")
    assert run(["archive", f"{folder}/*.pcap*", "-o", "x.parquet", "--jobs", "1", "--resume"]) == 0
    # Those with an error are tried again.
    assert sorted(asked) == ["cut.pcap", "damaged.pcap", "new.pcap"]
    assert rows()["all.pcapng"] == before["all.pcapng"]
    Path("y.parquet").write_text("mine")
    assert run(["archive", str(folder), "-o", "y.parquet", "--resume"]) == 2
    assert run(["archive", str(folder), "-o", "y.parquet"]) == 2
    assert Path("y.parquet").read_text() == "mine"
    assert "no table to go on with" in capsys.readouterr().err
