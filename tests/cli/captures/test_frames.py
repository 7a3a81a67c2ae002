"""`hamaproto frames`: the same rows in each format, and exact times."""

from __future__ import annotations

import csv
import hashlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from captured import HASHES

from hamaproto.captures.rows import SCHEMA
from hamaproto.cli.app import run
from hamaproto.cli.captures.frames import json_line

NAMES = [column.name for column in SCHEMA]


def lines(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    assert run(["frames", *words]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return [json.loads(line, parse_float=Decimal) for line in said.out.splitlines()]


@pytest.mark.parametrize("name", ["all.pcap", "all.pcapng", "garden.body", "garden.http"])
def test_json_lines_on_standard_output(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    rows = lines(capsys, name)
    assert [list(row) for row in rows] == [NAMES] * len(HASHES)
    assert [row["sha256"] for row in rows] == HASHES
    assert [row["index"] for row in rows] == list(range(len(HASHES)))
    timed = "pcap" in name
    assert all((row["time_last"] is not None) is timed for row in rows)
    if timed:
        assert rows[0]["time_last"] >= Decimal("1700000000.0015")


def test_times_have_all_nine_digits() -> None:
    row = {"index": 0, "time_first": 1_700_000_000_123_456_789, "time_last": None}
    assert json_line(row) == '{"index": 0, "time_first": 1700000000.123456789, "time_last": null}'


def test_csv_and_parquet_hold_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    rows = lines(capsys, "all.pcap")
    assert run(["frames", "all.pcap", "-o", "x.csv"]) == 0
    with open("x.csv", newline="") as file:
        table = list(csv.DictReader(file))
    assert list(table[0]) == NAMES
    for row, line in zip(rows, table, strict=True):
        assert line["sha256"] == row["sha256"]
        assert Decimal(line["time_last"]) == row["time_last"]
        assert line["complete"] == "true"
    assert run(["frames", "all.pcap", "--format", "csv"]) == 0
    assert capsys.readouterr().out == Path("x.csv").read_text()
    parquet = pytest.importorskip("pyarrow.parquet")
    assert run(["frames", "all.pcap", "-o", "x.parquet"]) == 0
    found = parquet.read_table("x.parquet")
    assert found.column_names == NAMES
    assert found["sha256"].to_pylist() == [row["sha256"] for row in rows]
    assert found["time_last"].to_pylist() == pytest.approx([float(r["time_last"]) for r in rows])


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["frames", "--schema", "-"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == NAMES


def test_no_frame_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["frames", "list.txt"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "no frame" in said.err


def test_no_file_of_the_user_is_harmed(capsys: pytest.CaptureFixture[str]) -> None:
    before = hashlib.sha256(Path("all.pcap").read_bytes()).hexdigest()
    Path("x.jsonl").write_text("mine")
    assert run(["frames", "all.pcap", "-o", "x.jsonl"]) == 2
    assert Path("x.jsonl").read_text() == "mine"
    Path("y.jsonl").symlink_to("all.pcap")
    assert run(["frames", "all.pcap", "-o", "y.jsonl", "--overwrite"]) == 2
    assert hashlib.sha256(Path("all.pcap").read_bytes()).hexdigest() == before
    assert run(["frames", "all.pcap", "-o", "x.docx"]) == 2
    assert "x.docx" in capsys.readouterr().err
