"""`hamaproto archive DIR -o out.parquet`: many captures, a row each, on all cores or a cluster."""

from __future__ import annotations

import glob
import importlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hamaproto.captures.analysis import COLUMNS, content_hash
from hamaproto.cli.captures.workers import ClusterError, Row, by_dask, by_processes
from hamaproto.cli.exits import OK, PARTIAL
from hamaproto.cli.measures import format_size
from hamaproto.cli.output import format_of, open_output
from hamaproto.cli.plain import console, note
from hamaproto.cli.signals import stopping

__all__ = ["archive"]


@click.command()
@click.argument("sources", metavar="DIR|GLOB", nargs=-1, required=True)
@click.option("-o", "--output", required=True, metavar="FILE", help="FILE.parquet.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 1024),
    default=None,
    metavar="N",
    help="Processes; one for each core if left.",
)
@click.option(
    "--dask",
    default=None,
    metavar="ADDRESS",
    help="Have it done by the workers of the Dask cluster whose scheduler is there, such as "
    "tcp://10.0.0.5:8786; they must find the files under the same names.",
)
@click.option("--overwrite", is_flag=True, help="Replace a file that is there already.")
@click.option(
    "--resume", is_flag=True, help="Keep the rows of the file for what has the same content."
)
def archive(
    sources: tuple[str, ...],
    output: str,
    jobs: int | None,
    dask: str | None,
    overwrite: bool,
    resume: bool,
) -> int:
    """Make a table of many captures, recordings and saved bodies: a row for each file.

    A file that can't be read is a row with its error. Each row is a row group, and has all figures
    of `hamaproto stats` as JSON. After Ctrl-C there are the rows until then: --resume goes on.
    """
    format_of(output, {".parquet": "parquet"})
    if dask is not None and jobs is not None:
        raise click.UsageError("--jobs is for this machine: a cluster has its own workers")
    try:
        arrow: Any = importlib.import_module("pyarrow")
        parquet: Any = importlib.import_module("pyarrow.parquet")
    except ModuleNotFoundError:
        raise click.UsageError("an archive needs: pip install 'hamaproto[parquet]'") from None
    names = list(_files(sources, os.path.realpath(output)))
    if not names:
        raise click.UsageError(f"{' '.join(sources)}: no file is there")
    known = _known(parquet, output) if resume and os.path.exists(output) else {}
    schema = arrow.schema([(name, getattr(arrow, kind)()) for name, kind in COLUMNS.items()])
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True

    if dask is not None:
        analysed = partial(by_dask, dask, stopped=lambda: stopped)
    else:
        analysed = partial(by_processes, jobs=jobs or os.cpu_count() or 1, stopped=lambda: stopped)
    bad = done = size = 0
    begun = time.monotonic()
    with (
        open_output(output, overwrite=overwrite or resume, whole=True) as file,
        parquet.ParquetWriter(arrow.PythonFile(file, "w"), schema) as writer,
        stopping(stop),
        _Progress(len(names)) as advance,
    ):
        try:
            for row in _rows(names, known, analysed, lambda: stopped):
                writer.write_table(arrow.Table.from_pylist([row], schema=schema))
                done += 1
                bad += row["error"] is not None
                size += row["size"] or 0
                advance()
        except ClusterError as error:
            if not done:
                raise
            note(error.message)
            stopped = True
    taken = max(time.monotonic() - begun, 1e-9)
    note(
        f"{output}: {done} of {len(names)} files, {bad} with an error, {format_size(size)}, "
        f"{format_size(round(size / taken))} a second"
    )
    if stopped:
        note("interrupted: --resume goes on")
    return PARTIAL if bad or stopped else OK


def _files(sources: Sequence[str], output: str) -> Iterator[str]:
    """All files, each once, sorted within each source; not the table itself."""
    seen = {output}
    for source in sources:
        if os.path.isdir(source):
            names = [os.path.join(at, name) for at, _, found in os.walk(source) for name in found]
        else:
            names = glob.glob(source, recursive=True)
        for name in sorted(names):
            real = os.path.realpath(name)
            if real not in seen and os.path.isfile(real):
                seen.add(real)
                yield name


def _known(parquet: Any, output: str) -> dict[str, Row]:
    """The rows of an earlier table by the content of their files; those with an error again."""
    try:
        rows = parquet.read_table(output).to_pylist()
    except Exception as error:  # of another format, or cut off: pyarrow has many for it
        raise click.UsageError(f"{output}: no table to go on with ({error})") from None
    if rows and set(rows[0]) != set(COLUMNS):
        raise click.UsageError(f"{output}: a table of something else")
    return {row["sha256"]: row for row in rows if row["sha256"] and row["error"] is None}


def _rows(
    names: Sequence[str],
    known: dict[str, Row],
    analysed: Callable[[Sequence[str]], Iterator[Row]],
    stopped: Callable[[], bool],
) -> Iterator[Row]:
    """A row for each file: first what is known."""
    waiting: list[str] = []
    for name in names:
        if stopped():
            return
        row = _again(name, known)
        if row is None:
            waiting.append(name)
        else:
            yield row
    if waiting:
        yield from analysed(waiting)


def _again(name: str, known: dict[str, Row]) -> Row | None:
    if not known:
        return None
    try:
        row = known.get(content_hash(name))
    except OSError:
        return None
    return None if row is None else {**row, "path": name}


class _Progress:
    """A bar on standard error, if somebody looks."""

    def __init__(self, total: int) -> None:
        screen = console(error=True)
        columns = (
            TextColumn("files"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        self._bar = Progress(
            *columns, console=screen, transient=True, disable=not screen.is_terminal
        )
        self._task = self._bar.add_task("files", total=total)

    def __enter__(self) -> Callable[[], None]:
        self._bar.start()
        return lambda: self._bar.advance(self._task)

    def __exit__(self, *error: object) -> None:
        self._bar.stop()
