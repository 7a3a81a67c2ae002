"""A file as one row, whatever it holds."""

from __future__ import annotations

import hashlib
import json
import pickle
from pathlib import Path

from captured import RECORDING, write_captures

from hamaproto.captures.analysis import COLUMNS, analyse


def test_a_row_for_whatever_a_file_holds(tmp_path: Path) -> None:
    write_captures(tmp_path)
    (tmp_path / "noise").write_bytes(bytes(range(256)) * 40)
    rows = {path.name: analyse(str(path)) for path in sorted(tmp_path.iterdir())}
    rows["gone"] = analyse(str(tmp_path / "gone"))
    for name, row in rows.items():
        assert list(row) == list(COLUMNS)
        assert pickle.loads(pickle.dumps(row)) == row
        if name != "gone":
            data = (tmp_path / name).read_bytes()
            assert (row["size"], row["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    frames = {name: row["frames"] for name, row in rows.items()}
    whole = len(RECORDING.frames)
    for name in ("all.pcap", "all.pcapng", "damaged.pcap", "garden.body", "garden.http"):
        assert frames[name] == whole
    assert rows["all.pcap"]["sound_frames"] == rows["speech.gsm"]["sound_frames"] == 100
    errors = {name for name, row in rows.items() if row["error"] is not None}
    assert errors == {"cut.pcap", "damaged.pcap", "empty", "gone"}
    assert "hush" not in str(rows["all.pcap"])
    assert len(json.loads(rows["all.pcap"]["report"])["streams"]) == 2


def test_it_can_be_sent_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(analyse)) is analyse
