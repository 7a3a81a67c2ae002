"""A row for each frame: what `hamaproto frames` writes and `to_table` holds.

A row is given out when all that is told of its frame is known, which is with the next frame of the
same answer, or its end; rows come in the order of the frames.  `SCHEMA` is the list of columns.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from hamaproto.captures.observed import Observed
from hamaproto.captures.streams import Gap
from hamaproto.errors import RemoteProtocolError
from hamaproto.events import Anomaly, EndOfStream, Frame
from hamaproto.wire.jpeg import JpegInfo

__all__ = ["SCHEMA", "Column", "Facts", "FrameRows", "Row"]

#: A row: a value for each column, None where there is none.
Row = dict[str, Any]

#: Rows that wait for the end of another answer's frame.
_MOST_WAITING: Final = 4096


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, the type of its values, and what they are."""

    name: str
    kind: str
    """`int`, `float`, `str`, `bool`, `time` (seconds since 1970) or `strs` (a list of them)."""
    about: str


SCHEMA: Final[tuple[Column, ...]] = (
    Column("index", "int", "from 0, in the order in which the frames were there"),
    Column("time_first", "time", "when its first byte came: seconds since 1970, UTC"),
    Column("time_last", "time", "when the last of its bytes came"),
    Column("size", "int", "bytes, from SOI to EOI"),
    Column("sha256", "str", "of these bytes"),
    Column("complete", "bool", "false if it was cut off, or a gap is in it"),
    Column("offset", "int", "of its first byte in the body of its answer"),
    Column("exchange", "int", "the number of the request and answer, from 1"),
    Column("client", "str", "address and port of who asked"),
    Column("server", "str", "address and port of who answered"),
    Column("packet_first", "int", "the packet of its first byte, as Wireshark counts"),
    Column("packet_last", "int", "the packet of the byte that came last"),
    Column("end", "str", "how it ended: length, eoi, delimiter, soi, eof"),
    Column("width", "int", "pixels; null if its head is damaged"),
    Column("height", "int", "pixels"),
    Column("quality", "int", "of libjpeg, the nearest"),
    Column("subsampling", "str", "such as 4:2:0"),
    Column("progressive", "bool", "several scans"),
    Column("restart_interval", "int", "MCUs between restart markers, 0 for none"),
    Column("huffman_tables", "bool", "false if it comes without any"),
    Column("timestamp", "str", "X-Timestamp as it was sent"),
    Column("motion", "str", "Motion-Event as it was sent"),
    Column("gap_before", "int", "bytes missing since the frame before"),
    Column("anomalies", "strs", "codes of what is odd about it and its head"),
)


class Facts:
    """What JPEGs say of themselves; the quality of the same tables is reckoned once."""

    __slots__ = ("_qualities",)

    def __init__(self) -> None:
        self._qualities: dict[tuple[tuple[int, ...] | None, ...], int | None] = {}

    def of(self, data: bytes) -> Row:
        """The columns that a picture's head fills; None in all of them if it is damaged."""
        try:
            info = JpegInfo.parse(data)
        except RemoteProtocolError:
            return dict.fromkeys(
                (
                    "width",
                    "height",
                    "quality",
                    "subsampling",
                    "progressive",
                    "restart_interval",
                    "huffman_tables",
                )
            )
        tables = (info.quantisation.get(0), info.quantisation.get(1))
        if tables not in self._qualities:
            if len(self._qualities) > 1000:
                self._qualities.clear()
            self._qualities[tables] = info.quality
        return {
            "width": info.width,
            "height": info.height,
            "quality": self._qualities[tables],
            "subsampling": info.subsampling,
            "progressive": info.progressive,
            "restart_interval": info.restart_interval,
            "huffman_tables": not info.missing_huffman_tables,
        }


class _Growing:
    """A row that is told more about, until `done`; and where its frame ends in the body."""

    __slots__ = ("done", "row", "stop")

    def __init__(self, row: Row, stop: int) -> None:
        self.row = row
        self.stop = stop
        self.done = False

    def add(self, code: str) -> None:
        """Each code once."""
        if code not in self.row["anomalies"]:
            self.row["anomalies"].append(code)


class FrameRows:
    """Takes what is seen; `take(seen)`, and at last `end()`, give the rows that are whole."""

    __slots__ = ("_before", "_facts", "_gaps", "_index", "_open", "_waiting")

    def __init__(self) -> None:
        self._facts = Facts()
        self._index = 0
        # By exchange: the row that still grows, and what was told since its frame.
        self._open: dict[int, _Growing] = {}
        self._before: dict[int, dict[str, None]] = {}
        self._gaps: dict[int, int] = {}
        self._waiting: deque[_Growing] = deque()

    def take(self, seen: Observed) -> Iterable[Row]:
        """Something more was seen; gives the rows that are whole with it."""
        event, number = seen.event, seen.exchange.number
        if isinstance(event, Frame):
            self._close(number)
            growing = _Growing(self._row(seen, event), event.offset + len(event.data))
            self._open[number] = growing
            self._waiting.append(growing)
            return self._whole()
        if isinstance(event, Anomaly):
            open_ = self._open.get(number)
            if open_ is not None and event.offset <= open_.stop:
                open_.add(str(event.code))
            else:
                self._before.setdefault(number, {})[str(event.code)] = None
        elif isinstance(event, Gap):
            self._gaps[number] = self._gaps.get(number, 0) + event.length
        elif isinstance(event, EndOfStream):
            self._close(number)
            self._before.pop(number, None)
            self._gaps.pop(number, None)
            return self._whole()
        return ()

    def end(self) -> Iterable[Row]:
        """Nothing more comes: all rows that are left."""
        for number in list(self._open):
            self._close(number)
        return self._whole()

    def _close(self, number: int) -> None:
        growing = self._open.pop(number, None)
        if growing is not None:
            growing.done = True

    def _whole(self) -> list[Row]:
        rows, waiting = [], self._waiting
        while waiting and (waiting[0].done or len(waiting) > _MOST_WAITING):
            rows.append(waiting.popleft().row)
        return rows

    def _row(self, seen: Observed, frame: Frame) -> Row:
        exchange = seen.exchange
        number = exchange.number
        headers = frame.headers
        client, server = exchange.client, exchange.server
        row: Row = {
            "index": self._index,
            "time_first": seen.first.time,
            "time_last": seen.last.time,
            "size": len(frame.data),
            "sha256": hashlib.sha256(frame.data).hexdigest(),
            "complete": frame.complete,
            "offset": frame.offset,
            "exchange": number,
            "client": None if client is None else str(client),
            "server": None if server is None else str(server),
            "packet_first": seen.first.packet,
            "packet_last": seen.last.packet,
            "end": frame.end,
            **self._facts.of(frame.data),
            "timestamp": headers.get("x-timestamp"),
            "motion": headers.get("motion-event"),
            "gap_before": self._gaps.pop(number, 0),
            "anomalies": list(self._before.pop(number, ())),
        }
        self._index += 1
        return row
