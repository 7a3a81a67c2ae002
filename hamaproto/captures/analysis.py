"""`analyse(path)`: one file of an archive as one row, whatever it holds.

A pure function of the file that can be pickled, so that it may run in any process, on any machine.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any, Final

from hamaproto.captures.reading import Capture
from hamaproto.captures.statistics import Figures
from hamaproto.errors import HamaError

__all__ = ["COLUMNS", "analyse", "content_hash"]

#: The columns of a row, with the types of Arrow that they have.
COLUMNS: Final[dict[str, str]] = {
    "path": "string",
    "sha256": "string",
    "size": "int64",
    "error": "string",
    "format": "string",
    "packets": "int64",
    "conversations": "int64",
    "exchanges": "int64",
    "first": "float64",
    "last": "float64",
    "frames": "int64",
    "frames_cut_off": "int64",
    "frame_bytes": "int64",
    "sound_frames": "int64",
    "gaps": "int64",
    "missing": "int64",
    "anomalies": "int64",
    "report": "string",
}


def content_hash(path: str) -> str:
    """The SHA-256 of a file.  Raises OSError."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def analyse(path: str) -> dict[str, Any]:
    """The figures of a file: a value for each of `COLUMNS`.

    What is wrong with the file is its `error`, and nothing is raised: what came before the fault is
    in the row.  `report` has all figures as JSON, as `hamaproto stats --json` gives them.
    """
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row["path"] = path
    figures = Figures()
    try:
        row["size"] = os.stat(path).st_size
        row["sha256"] = content_hash(path)
        with open(path, "rb") as file:
            capture = Capture(file)
            try:
                for seen in capture:
                    figures.take(seen)
                if not capture.complete:
                    row["error"] = "it ends in the middle of a record" if row["size"] else "empty"
            finally:
                parser = capture.parser
                row["format"] = capture.sections[0].format if capture.sections else parser.format
                row["packets"] = parser.packets
                row["conversations"] = parser.conversations
                row["exchanges"] = parser.exchanges
    except (HamaError, OSError) as error:
        row["error"] = str(error)
    report = figures.report()
    pictures = [stream for stream in report["streams"] if stream["kind"] == "pictures"]
    sound = [stream for stream in report["streams"] if stream["kind"] == "sound"]
    row.update(
        first=report["first"],
        last=report["last"],
        frames=sum(stream["frames"] for stream in pictures),
        frames_cut_off=sum(stream["cut_off"] for stream in pictures),
        frame_bytes=sum(stream["bytes"] for stream in pictures),
        sound_frames=sum(stream["frames"] for stream in sound),
        gaps=report["gaps"],
        missing=report["missing"],
        anomalies=sum(found["count"] for found in report["anomalies"].values()),
        report=json.dumps(report),
    )
    return row
