"""`hamaproto frames`: a row for each frame of a capture."""

from __future__ import annotations

import csv
import importlib
import io
import json
from collections.abc import Callable
from typing import Any, Final

import click

from hamaproto.captures.rows import SCHEMA, FrameRows, Row
from hamaproto.captures.table import arrow_schema, columns_of
from hamaproto.cli.captures.source import Source, source_argument
from hamaproto.cli.options import overwrite_option
from hamaproto.cli.output import STDOUT, Output, format_of, open_output
from hamaproto.cli.plain import harmless, note, on_terminal, print_line

__all__ = ["frames", "json_line"]

_FORMATS: Final = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet"}
_NAMES: Final = [column.name for column in SCHEMA]
_TIMES: Final = frozenset(column.name for column in SCHEMA if column.kind == "time")
#: Rows of a row group of Parquet.
_GROUP: Final = 10_000
_SECOND: Final = 1_000_000_000

Write = Callable[[Row], object]


def _seconds(nanoseconds: int) -> str:
    """Exact, which a float of 64 bits is not."""
    whole, rest = divmod(nanoseconds, _SECOND)
    return f"{whole}.{rest:09d}"


def json_line(row: Row) -> str:
    """A row as one line of JSON, in ASCII; times with all nine digits."""
    pairs = []
    for name, value in row.items():
        timed = name in _TIMES and value is not None
        pairs.append(f'"{name}": {_seconds(value) if timed else json.dumps(value)}')
    # The one control character that JSON leaves as it is.
    return "{" + ", ".join(pairs).replace("\x7f", "\\u007f") + "}"


class _Csv:
    """Lines of CSV: a text with a separator in it stands in quotes, several values have blanks."""

    def __init__(self) -> None:
        self._text = io.StringIO()
        self._writer = csv.writer(self._text, lineterminator="\n")

    def line(self, values: list[Any]) -> str:
        self._writer.writerow(values)
        line = self._text.getvalue()
        self._text.seek(0)
        self._text.truncate()
        return line

    def row(self, row: Row) -> str:
        return self.line([self._plain(name, row[name]) for name in _NAMES])

    @staticmethod
    def _plain(name: str, value: Any) -> Any:
        if value is None:
            return ""
        if name in _TIMES:
            return _seconds(value)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, list):
            return " ".join(value)
        # As it was sent, but without what would end a line or act on a terminal.
        return harmless(value) if isinstance(value, str) else value


class _Parquet:
    """A file of Parquet, a row group at a time."""

    def __init__(self, file: Output) -> None:
        try:
            pyarrow: Any = importlib.import_module("pyarrow")
            parquet: Any = importlib.import_module("pyarrow.parquet")
        except ModuleNotFoundError:
            raise click.UsageError("Parquet needs: pip install 'hamaproto[parquet]'") from None
        self._arrow = pyarrow
        self._schema = arrow_schema(pyarrow)
        self._rows: list[Row] = []
        self._writer: Any = parquet.ParquetWriter(pyarrow.PythonFile(file, "w"), self._schema)

    def write(self, row: Row) -> None:
        self._rows.append(row)
        if len(self._rows) >= _GROUP:
            self._flush()

    def _flush(self) -> None:
        columns = columns_of(self._rows)
        self._rows.clear()
        self._writer.write_table(self._arrow.table(columns, schema=self._schema))

    def close(self) -> None:
        if self._rows:
            self._flush()
        self._writer.close()


@click.command()
@source_argument
@click.option(
    "-o",
    "--output",
    default=STDOUT,
    metavar="FILE",
    help="FILE.jsonl, FILE.csv or FILE.parquet; standard output if left.",
)
@overwrite_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv", "parquet"]),
    help="Instead of what the file's name says; jsonl on standard output.",
)
@click.option("--schema", is_flag=True, help="Print what the columns are, and end.")
def frames(source: str, output: str, overwrite: bool, form: str | None, schema: bool) -> int:
    """List the frames of a capture, a row each: times, size, hash, place, JPEG facts, anomalies.

    FILE is pcap or pcapng, an answer that `curl -i` saved, or a body alone; - is standard input.
    """
    if schema:
        for column in SCHEMA:
            print_line(f"{column.name:<16} {column.kind:<5} {column.about}")
        return 0
    form = form or format_of(output, _FORMATS, stream="jsonl")
    if output == STDOUT and form != "parquet" and on_terminal():
        return _show(source, form)
    with (
        Source(source) as read,
        open_output(output, overwrite=overwrite, whole=form == "parquet", sources=[read]) as file,
    ):
        if form == "parquet":
            table = _Parquet(file)
            count = _feed(read, table.write)
            table.close()
        else:
            lines = _Csv()
            text = lines.row if form == "csv" else _json_row
            if form == "csv":
                file.write(lines.line(_NAMES).encode())
            count = _feed(read, lambda row: file.write(text(row).encode()))
    return _end(read, count)


def _json_row(row: Row) -> str:
    return json_line(row) + "\n"


def _feed(read: Source, write: Write) -> int:
    """Write all rows; gives how many there were."""
    rows = FrameRows()
    count = 0
    for seen in read:
        for row in rows.take(seen):
            write(row)
            count += 1
    for row in rows.end():
        write(row)
        count += 1
    return count


def _end(read: Source, count: int) -> int:
    if not count:
        note(f"{read.name}: no frame is in it")
    return read.code


def _show(source: str, form: str) -> int:
    """The same for a person who looks at a terminal."""
    lines = _Csv()
    text = lines.row if form == "csv" else _json_row
    with Source(source) as read:
        if form == "csv":
            print_line(lines.line(_NAMES).rstrip("\n"))
        count = _feed(read, lambda row: print_line(text(row).rstrip("\n")))
    return _end(read, count)
