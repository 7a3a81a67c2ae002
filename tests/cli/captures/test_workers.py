"""Who analyses an archive: a cluster of Dask, of which one worker dies half-way; and no cluster."""

from __future__ import annotations

import contextlib
import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from captured import write_captures

from hamaproto.captures.analysis import COLUMNS
from hamaproto.cli.app import run
from hamaproto.cli.captures import archive, workers

NEEDED = ("pyarrow", "distributed")
missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[str]]]]:
    """The address of a scheduler with two workers, each a process; and the workers."""
    common = ["--no-dashboard", "--host", "127.0.0.1"]
    begin = [sys.executable, "-m", "dask", "scheduler", *common, "--port", "0", "--no-jupyter"]
    scheduler = subprocess.Popen(begin, stderr=subprocess.PIPE, text=True)
    started = [scheduler]
    try:
        assert scheduler.stderr is not None
        # The pipe ends with the process, if it does not begin.
        said = (re.search(r"Scheduler at: +(\S+)", line) for line in scheduler.stderr)
        address = next((found[1] for found in said if found), "")
        assert address, "the scheduler did not begin"
        for _ in range(2):
            words = ["worker", address, *common, "--nthreads", "1", "--no-nanny"]
            started.append(
                subprocess.Popen(
                    [sys.executable, "-m", "dask", *words, "--local-directory", str(folder)],
                    stderr=subprocess.DEVNULL, text=True,
                )
            )  # fmt: skip
        yield address, started[1:]
    finally:
        for process in reversed(started):
            process.kill()
            process.communicate()


def rows(file: str) -> list[dict[str, Any]]:
    parquet = pytest.importorskip("pyarrow.parquet")
    found: list[dict[str, Any]] = parquet.read_table(file).to_pylist()
    return sorted(found, key=lambda row: str(row["path"]))


@pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")
def test_a_cluster_one_of_whose_workers_dies_half_way_gives_the_same_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in map(str, range(2)):
        folder = Path("many", name)
        folder.mkdir(parents=True)
        write_captures(folder)
    killed = []
    with cluster(tmp_path) as (address, processes):

        def dying(
            address: str, names: Sequence[str], stopped: Callable[[], bool]
        ) -> Iterator[dict[str, Any]]:
            for count, row in enumerate(workers.by_dask(address, names, stopped)):
                if count == len(names) // 2:
                    processes[0].kill()
                    killed.append(count)
                yield row

        monkeypatch.setattr(archive, "by_dask", dying)
        # 8: some of the files are damaged, whoever reads them.
        assert run(["archive", "many", "-o", "a.parquet", "--dask", address]) == 8
        assert processes[0].wait() != 0
        assert processes[1].poll() is None
    assert killed == [9]
    assert run(["archive", "many", "-o", "b.parquet", "--jobs", "1"]) == 8
    assert rows("a.parquet") == rows("b.parquet")
    assert len(rows("a.parquet")) == 18


def test_without_a_cluster_and_without_dask(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pyarrow")
    write_captures(Path())
    words = ["archive", "*.pcap", "-o", "x.parquet", "--dask"]
    assert run([*words, "tcp://127.0.0.1:1", "--jobs", "2"]) == 2
    if not missing:
        monkeypatch.setattr(workers, "_CONNECT", 0.2)
        assert run([*words, "tcp://127.0.0.1:1"]) == 3
        assert "no Dask scheduler at tcp://127.0.0.1:1" in capsys.readouterr().err
        assert run([*words, "10.0.0.5"]) == 2
        assert "the address of a scheduler is due" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert run([*words, "tcp://127.0.0.1:1"]) == 2
    assert "pip install 'hamaproto[dask]'" in capsys.readouterr().err
    assert not Path("x.parquet").exists()


def test_a_cluster_that_is_gone_half_way_leaves_the_rows_until_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pyarrow")
    write_captures(Path())

    def gone(*_: object, **__: object) -> Iterator[dict[str, Any]]:
        yield dict.fromkeys(COLUMNS) | {"path": "all.pcap", "size": 5}
        raise workers.ClusterError("it went away")

    monkeypatch.setattr(archive, "by_dask", gone)
    assert run(["archive", "*.pcap", "-o", "x.parquet", "--dask", "127.0.0.1:1"]) == 8
    assert [row["path"] for row in rows("x.parquet")] == ["all.pcap"]
    assert "it went away" in capsys.readouterr().err


def test_a_process_that_dies_costs_the_rows_of_its_files() -> None:
    names = ["nothing", "here"]
    found = list(workers.by_processes(names, 1, lambda: False))
    assert [row["path"] for row in found] == names
    assert all("No such file" in row["error"] for row in found)
    assert list(workers.by_processes(names, 1, lambda: True)) == []
