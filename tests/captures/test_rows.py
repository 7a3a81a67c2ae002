"""A row for each frame: what is in it, when it is whole, and the schema that is promised."""

from __future__ import annotations

import hashlib

import pytest
from seeing import observed

from fixtures import jpeg, jpeg_names, recordings
from fixtures.build.jpegs import image
from fixtures.build.packets import START, pcap, talk
from hamaproto import JpegInfo
from hamaproto.captures.rows import SCHEMA, Facts, FrameRows, Row

NAMES = [column.name for column in SCHEMA]
IMAGE = image("420", 1)


def rows(data: bytes) -> list[Row]:
    reader = FrameRows()
    found = []
    for seen in observed(data):
        found += reader.take(seen)
    found += reader.end()
    return found


def part(data: bytes, *lines: str) -> bytes:
    head = ["--b", "Content-Type: image/jpeg", *lines, "", ""]
    return "\r\n".join(head).encode() + data + b"\r\n"


def stream(*parts: bytes) -> bytes:
    return (
        b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=b\r\n\r\n"
        + b"".join(parts)
    )


def test_the_schema_does_not_change() -> None:
    """Programs of others rely on it: a column may be added at its end."""
    assert [
        *("index", "time_first", "time_last", "size", "sha256", "complete", "offset", "exchange"),
        *("client", "server", "packet_first", "packet_last", "end", "width", "height", "quality"),
        *("subsampling", "progressive", "restart_interval", "huffman_tables", "timestamp"),
        *("motion", "gap_before", "anomalies"),
    ] == NAMES
    kinds = {"int": int, "float": float, "time": int, "str": str, "bool": bool, "strs": list}
    for row in rows(
        pcap(talk(b"GET /v HTTP/1.0\r\n\r\n", stream(part(IMAGE, "X-Timestamp: 1.5"))))
    ):
        assert list(row) == NAMES
        for column in SCHEMA:
            value = row[column.name]
            assert value is None or isinstance(value, kinds[column.kind]), column


@pytest.mark.parametrize("recording", recordings(), ids=lambda r: r.name)
def test_the_frames_of_every_server(recording: object) -> None:
    data = pcap(talk(b"GET / HTTP/1.0\r\n\r\n", recording.wire))  # type: ignore[attr-defined]
    found = rows(data)
    assert [row["index"] for row in found] == list(range(len(found)))
    whole = [row["sha256"] for row in found if row["complete"]]
    assert whole == list(recording.frames)  # type: ignore[attr-defined]
    assert all(START < row["time_first"] <= row["time_last"] for row in found)
    assert all(row["width"] and row["quality"] for row in found if row["complete"])


def test_what_is_told_of_a_frame_is_in_its_row() -> None:
    lying = part(IMAGE, f"Content-Length: {len(IMAGE) + 9}", "Motion-Event: 1")
    odd = part(IMAGE, "no colon", f"Content-Length: {len(IMAGE)}")
    data = stream(part(IMAGE), lying, odd, part(IMAGE))
    first, second, third, fourth = rows(data)
    assert first["anomalies"] == []
    assert second["anomalies"] in (["length-mismatch"], ["padding"])
    assert (second["motion"], second["end"]) == ("1", "eoi")
    assert third["anomalies"] == ["malformed-header"]
    assert fourth["anomalies"] == []
    assert first["sha256"] == hashlib.sha256(IMAGE).hexdigest()


def test_a_gap_is_in_the_row_behind_it() -> None:
    packets = talk(b"GET /v HTTP/1.0\r\n\r\n", stream(*[part(IMAGE)] * 8), 500)
    del packets[9]
    assert sum(row["gap_before"] for row in rows(pcap(packets))) == 500


def test_rows_of_many_answers_come_in_the_order_of_the_frames() -> None:
    packets = []
    for number in range(5):
        answer = stream(*[part(IMAGE)] * (9 - number))
        packets += talk(b"GET /v HTTP/1.0\r\n\r\n", answer, 300, client=("10.0.0.3", 100 + number))
    packets.sort(key=lambda packet: packet.time)
    found = rows(pcap(packets))
    assert [row["index"] for row in found] == list(range(9 + 8 + 7 + 6 + 5))
    times = [row["time_last"] for row in found]
    assert times == sorted(times)


@pytest.mark.parametrize("name", jpeg_names())
def test_the_facts_are_those_of_jpeg_info(name: str) -> None:
    facts, info = Facts().of(jpeg(name)), JpegInfo.parse(jpeg(name))
    assert (facts["width"], facts["height"]) == (info.width, info.height)
    assert (facts["quality"], facts["subsampling"]) == (info.quality, info.subsampling)
    assert facts["huffman_tables"] is not info.missing_huffman_tables


def test_a_damaged_head_has_no_facts() -> None:
    assert set(Facts().of(b"\xff\xd8\xff").values()) == {None}
    assert set(Facts().of(b"\xff\xd8\xff")) == set(Facts().of(IMAGE))
