"""Frames as a table of Arrow, or of pandas, or a word on what is missing."""

from __future__ import annotations

import io
import sys

import pytest

from fixtures import recordings
from fixtures.build.packets import START, pcap, talk
from hamaproto import LocalProtocolError, captures
from hamaproto.captures.rows import SCHEMA

RECORDING = recordings()[0]
DATA = pcap(talk(b"GET / HTTP/1.0\r\n\r\n", RECORDING.wire))


def test_a_table_of_arrow() -> None:
    pytest.importorskip("pyarrow")
    table = captures.to_table(captures.open(io.BytesIO(DATA)))
    assert table.column_names == [column.name for column in SCHEMA]
    whole = [row["sha256"] for row in table.to_pylist() if row["complete"]]
    assert whole == list(RECORDING.frames)
    assert table["time_last"].to_pylist()[0] == pytest.approx(START / 1e9, abs=1)
    empty = captures.to_table(captures.open(io.BytesIO(b"nothing of the kind")))
    assert (empty.num_rows, empty.schema) == (0, table.schema)


def test_without_either_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pyarrow", "pandas"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(LocalProtocolError, match=r"pip install 'hamaproto\[parquet\]'"):
        captures.to_table([])


def test_with_pandas_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    class Pandas:
        DataFrame = dict

    monkeypatch.setitem(sys.modules, "pandas", Pandas)  # type: ignore[arg-type]
    frame = captures.to_table(captures.open(io.BytesIO(DATA)))
    assert list(frame) == [column.name for column in SCHEMA]
    assert len(frame["size"]) >= len(RECORDING.frames)
