"""Which old parts go: the oldest, no more than has to, and only our own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hamaproto.cli.recording import NamedParts, Recorder
from hamaproto.cli.recording.keeping import Kept, Retention, excess, ours
from hamaproto.cli.recording.matroska import MARK
from hamaproto.cli.recording.naming import Template
from hamaproto.cli.recording.splitting import SplitPlan


@given(
    st.lists(st.tuples(st.integers(0, 100), st.floats(0, 1000)), max_size=8),
    st.floats(1, 1000),
    st.integers(1, 400),
    st.integers(0, 100),
)
def test_what_goes_is_the_oldest_and_no_more_than_has_to(
    found: list[tuple[int, float]], seconds: float, size: int, growing: int
) -> None:
    parts = [Kept(f"{index}", *row) for index, row in enumerate(found)]
    old = excess(parts, 1000.0, seconds=seconds, size=None)
    assert {part.path for part in old} == {
        part.path for part in parts if 1000.0 - part.finished > seconds
    }
    gone = excess(parts, 1000.0, seconds=None, size=size, growing=growing)
    kept = [part for part in parts if part not in gone]
    assert sum(part.size for part in kept) + growing <= size or not kept
    assert all(one.finished <= other.finished for one in gone for other in kept)
    if gone:
        least = sum(part.size for part in (*kept, gone[-1])) + growing
        assert least > size


def test_only_what_this_program_has_recorded_is_deleted(images: list[bytes]) -> None:
    template = Template("cam-{n}.mkv")
    with Recorder(NamedParts(template), sound=False, plan=SplitPlan(1.0)) as recorder:
        for number in range(4):
            recorder.picture(images[number], float(number))
    for number in range(1, 5):
        os.utime(f"cam-{number}.mkv", (number * 100, number * 100))
    # Another program's film, of the same name and older.
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", "cam-1.mkv", "-map_metadata", "-1", "cam-5.mkv"],
        check=True,
    )
    os.utime("cam-5.mkv", (1, 1))
    Path("cam-6.mkv").write_text(f"{MARK}, said a text")
    os.utime("cam-6.mkv", (1, 1))
    assert ours("cam-1.mkv")
    assert not ours("cam-5.mkv")
    assert not ours("cam-6.mkv")
    retention = Retention(template, seconds=250.0, size=None)
    retention.apply(501.0, ["cam-2.mkv"])
    # 1 and 2 are too old; 2 is being written.
    assert sorted(os.listdir()) == [f"cam-{number}.mkv" for number in (2, 3, 4, 5, 6)]
    retention.apply(501.0)
    assert sorted(os.listdir()) == [f"cam-{number}.mkv" for number in (3, 4, 5, 6)]
    by_size = Retention(template, seconds=None, size=os.path.getsize("cam-4.mkv"))
    by_size.apply(501.0)
    assert sorted(os.listdir()) == [f"cam-{number}.mkv" for number in (4, 5, 6)]
    assert (retention.deleted, by_size.deleted) == (2, 1)
