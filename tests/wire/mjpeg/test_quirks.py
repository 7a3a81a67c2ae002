"""Every oddity that has been met in real streams, and combinations of them.

What must come out is known from how the streams were built (`fixtures.build.catalogue`,
`fixtures.build.traps`, `fixtures.build.streams`), never from a parser.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.build.catalogue import ROWS
from fixtures.build.jpegs import image, image_end
from fixtures.build.streams import (
    CHOICES,
    KINDS,
    Stream,
    Style,
    as_response,
    judge,
    sensible,
    write,
)
from fixtures.build.traps import no_right_reading, traps
from fixtures.feeding import first_difference, pieces, record
from hamaproto import ClientConnection, MjpegParser
from hamaproto.commands import video_stream

SIZES = (65536, 1460, 7, 3, 2, 1)


def problems(twin: Any, stream: Stream) -> Iterator[str]:
    """What is wrong with what the twin makes of `stream`, for each way of cutting it."""
    first = None
    for size in SIZES:
        log = record(twin.MjpegParser(stream.content_type), pieces(stream.body, size))
        wrong = judge(stream, log.frames, log.parts)
        if missing := stream.codes - log.codes:
            wrong.append(f"not reported: {', '.join(missing)}")
        if stream.clean and (log.codes or log.of("Skipped")):
            wrong.append(f"reported for nothing: {log.of('Anomaly') + log.of('Skipped')}")
        if stream.complete is not None and log.events[-1].complete != stream.complete:
            wrong.append(f"the end says complete={log.events[-1].complete}")
        if size == 1:
            wrong += late(stream, log)
        if first is None:
            first = log
        elif difference := first_difference(first, log):
            wrong.append(f"cut differently: {difference}")
        if wrong:
            yield f"{stream.name}, pieces of {size}: {'; '.join(wrong[:4])}"
            return


def late(stream: Stream, log: Any) -> list[str]:
    """No waiting: what came out later than its last byte and the excess of its length."""
    allowed = {p.offset: p.stop + p.late for p in stream.pictures if p.complete}
    return [
        f"{event} came after byte {after}, {allowed[event.offset]} was its time"
        for event, after in zip(log.events, log.after, strict=True)
        if type(event).__name__ == "Frame" and after > allowed.get(event.offset, after)
    ]


def assert_right(twin: Any, streams: Iterator[Stream]) -> None:
    wrong = [problem for stream in streams for problem in problems(twin, stream)]
    assert not wrong, "\n" + "\n".join(wrong)


def test_the_catalogue_is_built_right() -> None:
    """The plain walk of T.81 finds every image where its stream says that it is."""
    count = 0
    for function in (*ROWS.values(), traps, no_right_reading):
        for stream in function():
            count += 1
            for picture in stream.pictures:
                assert stream.body[picture.offset : picture.stop] == picture.data
                if picture.complete and not picture.loose:
                    assert image_end(stream.body, picture.offset) == picture.stop
    assert count > 700


@pytest.mark.parametrize("row", ROWS)
def test_oddity(twin: Any, row: str) -> None:
    assert_right(twin, ROWS[row]())


def test_traps(twin: Any) -> None:
    assert_right(twin, traps())


def test_lies_that_nobody_can_see_through(twin: Any) -> None:
    """The same images for every way of cutting, and all that stand behind the lie."""
    assert_right(twin, no_right_reading())


class Conversation:
    """A `ClientConnection` that has asked for the video stream, fed like a parser.

    It is the same for both twins: the one in use is picked when hamaproto is imported.
    """

    def __init__(self) -> None:
        self.connection = ClientConnection("camera")
        self.connection.send(video_stream())
        self.receive_data = self.connection.receive_data
        self.receive_eof = self.connection.receive_eof
        self.events = self.connection.events


@pytest.mark.parametrize("row", ROWS)
def test_through_a_client_connection(row: str) -> None:
    """The same images, and the same reports about them, behind a response head."""
    for stream in ROWS[row]():
        if not stream.headed:
            continue
        alone = record(MjpegParser(stream.content_type), [stream.body])
        wires: dict[bytes, tuple[int, ...]] = {as_response(stream): SIZES}
        if stream.response is None:
            wires[as_response(stream, chunks=(1, 2, 700, 14, 26))] = (1460, 66, 1)
        for wire, cuts in wires.items():
            logs = [record(Conversation(), pieces(wire, size)) for size in cuts]
            for log in logs:
                assert not judge(stream, log.frames, log.parts), stream.name
                assert log.content == logs[0].content, stream.name
            assert stream.codes <= logs[0].codes
            assert logs[0].of("Skipped") == alone.of("Skipped")


def composed() -> st.SearchStrategy[Stream]:
    """Streams with any of the oddities at once; shrinks towards the clean form."""
    options = {name: st.sampled_from(values) for name, values in CHOICES.items()}
    kinds = st.lists(st.sampled_from(KINDS), min_size=2, max_size=6)

    def build(style: dict[str, Any], kinds: list[str]) -> Stream:
        images = [image(kind, number) for number, kind in enumerate(kinds)]
        return write(sensible(Style(**style)), images, "composed", note=repr(style))

    return st.builds(build, st.fixed_dictionaries({}, optional=options), kinds)


@given(stream=composed(), size=st.sampled_from((1, 2, 3, 7, 1460)))
def test_oddities_at_once(twin: Any, stream: Stream, size: int) -> None:
    whole = record(twin.MjpegParser(stream.content_type), [stream.body])
    assert not judge(stream, whole.frames, whole.parts), stream.note
    cut = record(twin.MjpegParser(stream.content_type), pieces(stream.body, size))
    assert not first_difference(whole, cut), stream.note
    if size == 1:
        assert not late(stream, cut), stream.note


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"1700000000.123456", Decimal("1700000000.123456")),
        (b"0.033", Decimal("0.033")),
        (b"12345", Decimal(12345)),
        (b"  42.50 ", Decimal("42.50")),
        (b"-1.5", Decimal("-1.5")),
        (b"no time", None),
        (b"", None),
        (b"nan", None),
        (b"inf", None),
        # A few bytes of these would stand for a number of any size.
        (b"1e1000000", None),
        (b"-1E999", None),
        (b"9" * 5000, None),
        (b"1_000", None),
    ],
)
def test_timestamp(twin: Any, text: bytes, value: Decimal | None) -> None:
    style = replace(Style(), extra=(b"x-timestamp: " + text,))
    stream = write(style, [image("gray", 1)], "timestamp")
    (frame,) = record(twin.MjpegParser(stream.content_type), [stream.body]).frames
    assert frame.timestamp == value
    assert frame.headers["X-Timestamp"] == text.decode().strip()
