"""`to_table`: the frames of a capture as a table of Arrow, or of pandas."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any, Final

from hamaproto.captures.observed import Observed
from hamaproto.captures.rows import SCHEMA, FrameRows, Row
from hamaproto.errors import LocalProtocolError

__all__ = ["arrow_schema", "columns_of", "rows_of", "to_table"]

_ARROW_TYPES: Final = {
    "int": "int64",
    "float": "float64",
    "time": "float64",
    "str": "string",
    "bool": "bool_",
}


def rows_of(observed: Iterable[Observed]) -> Iterable[Row]:
    """A row for each frame that is seen; see `rows.SCHEMA`.  Times are whole nanoseconds."""
    rows = FrameRows()
    for seen in observed:
        yield from rows.take(seen)
    yield from rows.end()


def columns_of(rows: Iterable[Row]) -> dict[str, list[Any]]:
    """The same by columns; times in seconds."""
    found: dict[str, list[Any]] = {column.name: [] for column in SCHEMA}
    times = {column.name for column in SCHEMA if column.kind == "time"}
    for row in rows:
        for name, value in row.items():
            found[name].append(value / 1e9 if name in times and value is not None else value)
    return found


def arrow_schema(pyarrow: Any) -> Any:
    """The schema of the table, of a pyarrow that is installed."""
    return pyarrow.schema(
        [
            (
                column.name,
                pyarrow.list_(pyarrow.string())
                if column.kind == "strs"
                else getattr(pyarrow, _ARROW_TYPES[column.kind])(),
            )
            for column in SCHEMA
        ]
    )


def to_table(observed: Iterable[Observed]) -> Any:
    """The frames of a capture: a `pyarrow.Table`, or a `pandas.DataFrame` without pyarrow.

    A row for each frame, with the columns of `hamaproto frames`; times are seconds since 1970.
    All rows are held, the pictures are not.  Raises LocalProtocolError if neither is installed,
    and whatever reading the capture raises.
    """
    try:
        pyarrow = importlib.import_module("pyarrow")
    except ModuleNotFoundError:
        try:
            pandas = importlib.import_module("pandas")
        except ModuleNotFoundError:
            raise LocalProtocolError(
                "to_table() needs pyarrow or pandas: pip install 'hamaproto[parquet]'"
            ) from None
        return pandas.DataFrame(columns_of(rows_of(observed)))
    columns = columns_of(rows_of(observed))
    return pyarrow.table(columns, schema=arrow_schema(pyarrow))
