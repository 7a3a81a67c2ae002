"""`hamaproto.wire.http.body`: each reader alone, whole, in pieces, with more behind it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.events import NEED_DATA, Anomaly, Data, EndOfStream, NeedData
from hamaproto.limits import Limits
from hamaproto.wire.http.body import BodyReader, LengthIfNoStream, OfLength, UntilClose
from hamaproto.wire.http.oddities import Oddities
from hamaproto.wire.receive_buffer import ReceiveBuffer

PIECES = st.lists(st.binary(min_size=1, max_size=5), max_size=5)
HEAD = 40


class Run:
    """A reader that was asked until its end, or as far as it goes."""

    def __init__(
        self, kind: type[BodyReader], pieces: list[bytes], *, length: int = 0, eof: bool = True
    ) -> None:
        self.source, self.oddities = ReceiveBuffer(), Oddities()
        # A head came before.
        self.source.feed(bytes(HEAD))
        self.source.take()
        self.reader = kind(self.source, self.oddities, Limits(), length)
        self.data: list[Data] = []
        self.end: EndOfStream | None = None
        for piece in [*pieces, b""]:
            self.source.feed(piece)
            self.source.eof = eof and not piece
            while self.end is None:
                step: Data | EndOfStream | NeedData | BodyReader = self.reader.read()
                if isinstance(step, NeedData):
                    break
                if isinstance(step, Data):
                    self.data.append(step)
                elif isinstance(step, EndOfStream):
                    self.end = step
                else:
                    self.reader = step
        self.told = [
            (str(a.code), a.offset, a.detail)
            for a in self.oddities.waiting
            if isinstance(a, Anomaly)
        ]

    @property
    def body(self) -> bytes:
        at = HEAD
        for piece in self.data:
            assert piece.offset == at
            at += len(piece.data)
        return b"".join(piece.data for piece in self.data)


@given(PIECES)
def test_all_up_to_the_close(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    open_ = Run(UntilClose, pieces, eof=False)
    assert (open_.body, open_.end) == (data, None)
    closed = Run(UntilClose, pieces)
    assert (closed.body, closed.end) == (data, EndOfStream(True, HEAD + len(data)))
    assert all(event.data is piece for event, piece in zip(closed.data, pieces, strict=True))
    assert closed.told == []


@given(PIECES, st.integers(0, 30), st.booleans())
def test_as_many_as_were_declared(pieces: list[bytes], length: int, eof: bool) -> None:
    """The end comes with the last byte; what is behind it stays."""
    data = b"".join(pieces)
    run = Run(OfLength, pieces, length=length, eof=eof)
    assert run.body == data[:length]
    assert all(event.data for event in run.data)
    cut = HEAD + len(data)
    if len(data) >= length:
        assert (run.end, run.told) == (EndOfStream(True, HEAD + length), [])
        assert len(run.source) == len(data) - length
    elif eof:
        assert (run.end, run.told) == (EndOfStream(False, cut), [("truncated-body", cut, "")])
    else:
        assert (run.end, run.told) == (None, [])


@given(st.integers(0, 255), PIECES, st.integers(0, 9))
def test_a_stream_is_told_by_its_first_byte(first: int, pieces: list[bytes], length: int) -> None:
    """Line ends, a dash, SOI's 0xFF, or the nibble 0xD of a GSM frame."""
    pieces = [bytes([first]), *pieces]
    run = Run(LengthIfNoStream, pieces, length=length)
    if first in b"\r\n-" or first == 0xFF or first >> 4 == 0xD:
        expected = Run(UntilClose, pieces)
        assert run.told == [("length-on-endless-body", HEAD, "")]
    else:
        expected = Run(OfLength, pieces, length=length)
        assert run.told == expected.told
    assert type(run.reader) is type(expected.reader)
    assert (run.body, run.end) == (expected.body, expected.end)


@pytest.mark.parametrize("length", [0, 3])
def test_nothing_came_yet(length: int) -> None:
    """Even a body of no bytes waits for one: it may be a stream with a wrong length."""
    source = ReceiveBuffer()
    reader = LengthIfNoStream(source, Oddities(), Limits(), length)
    assert reader.read() is NEED_DATA
    source.eof = True
    then = reader.read()
    assert type(then) is OfLength
    assert then.read() == EndOfStream(length == 0, 0)


def test_the_contract_has_no_reading_of_its_own() -> None:
    with pytest.raises(NotImplementedError):
        BodyReader(ReceiveBuffer(), Oddities(), Limits(), 0).read()
