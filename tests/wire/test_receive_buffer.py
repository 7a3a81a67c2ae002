"""`hamaproto.wire.receive_buffer`: what comes out is what went in, in order and counted.

The buffer is held against the plain reading of it: all bytes in one string and a cursor.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from hamaproto.wire.receive_buffer import ReceiveBuffer

PIECES = st.lists(st.text("ab\n", max_size=6).map(str.encode), max_size=6)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("feed"), st.text("ab\n", max_size=6).map(str.encode)),
        st.tuples(st.just("line"), st.integers(1, 8)),
        st.tuples(st.just("take"), st.integers(1, 8)),
        st.tuples(st.sampled_from(["take all", "skip", "take_unfinished"]), st.none()),
        st.tuples(st.just("clear"), st.none()),
    ),
    min_size=10,
    max_size=30,
)


@dataclass
class Plain:
    """The same in the plainest way: everything is kept, and looked at again."""

    data: bytes = b""
    at: int = 0
    unfinished: int = 0
    ends: list[int] = field(default_factory=list)  # of the pieces

    def feed(self, data: bytes) -> None:
        self.data += data
        self.ends.append(len(self.data))

    def left(self) -> bytes:
        return self.data[self.at :]

    def take(self, most: int) -> bytes:
        end = min([end for end in self.ends if end > self.at], default=self.at)
        data = self.data[self.at : min(end, self.at + most)]
        self.at += len(data)
        return data

    def line(self, room: int) -> bytes | None:
        start = self.at - self.unfinished
        text = self.data[start : start + max(room, self.unfinished)]
        line, end, _ = text.partition(b"\n")
        self.at = start + len(line + end)
        self.unfinished = 0 if end else len(line)
        return line + end if end else None

    def take_unfinished(self) -> bytes:
        text = self.data[self.at - self.unfinished : self.at]
        self.unfinished = 0
        return text

    def clear(self) -> int:
        count = len(self.left())
        self.data = self.data[: self.at]
        self.ends.clear()
        self.unfinished = 0
        return count


@given(STEPS)
def test_it_does_what_a_string_and_a_cursor_do(steps: list[tuple[str, bytes | int | None]]) -> None:
    buffer, plain = ReceiveBuffer(), Plain()
    for name, value in steps:
        if plain.unfinished and name in ("take", "take all", "skip"):
            continue  # a line is collected to its end, or given up, before anything else
        match name, value:
            case "feed", bytes():
                buffer.feed(value)
                plain.feed(value)
            case "line", int():
                room = max(value, plain.unfinished + 1)
                start = plain.at - plain.unfinished
                there = bool(plain.left())
                line = buffer.line(room)
                assert line == plain.line(room)
                assert buffer.line_offset == start or not there
            case "take", int():
                assert buffer.take(value) == plain.take(value)
            case "take all", _:
                assert buffer.take() == plain.take(sys.maxsize)
            case "skip", _:
                if buffer:
                    buffer.skip()
                    plain.take(1)
            case "clear", _:
                assert buffer.clear() == plain.clear()
            case _:
                assert buffer.take_unfinished() == plain.take_unfinished()
        left = plain.left()
        assert buffer.offset == plain.at
        assert buffer.unfinished == plain.unfinished
        assert len(buffer) == len(left)
        assert bool(buffer) is bool(left)
        assert buffer.peek() == (left[0] if left else -1)
        assert buffer.peek_two() == left[:2]


@given(PIECES)
def test_what_is_taken_is_what_was_fed(pieces: list[bytes]) -> None:
    """Each piece comes out as the very object, unless something of it was taken before."""
    buffer = ReceiveBuffer()
    for piece in pieces:
        buffer.feed(piece)
    taken = [buffer.take() for piece in pieces if piece]
    for piece, same in zip(filter(None, pieces), taken, strict=True):
        assert same is piece
    assert buffer.take() == b""


@given(PIECES, st.integers(1, 9))
def test_lines_do_not_depend_on_the_cuts(pieces: list[bytes], room: int) -> None:
    """As bytes.splitlines(keepends=True) reads what has LF alone as line end."""
    buffer = ReceiveBuffer()
    data, lines = b"".join(pieces), []
    for piece in pieces:
        buffer.feed(piece)
        while (line := buffer.line(100)) is not None:
            lines.append(line)
            assert data[buffer.line_offset :].startswith(line)
    rest = buffer.take_unfinished()
    assert [*lines, rest] == [*data.splitlines(keepends=True), b""][: len(lines) + 1]
    assert b"".join(lines) + rest == data


def test_of_a_line_no_more_is_taken_than_there_is_room_for() -> None:
    for cut in (1, 3, 10):
        buffer = ReceiveBuffer()
        for at in range(0, 10, cut):
            buffer.feed(b"abcdefghi\n"[at : at + cut])
        assert buffer.line(4) is None
        assert (buffer.unfinished, buffer.offset, len(buffer)) == (4, 4, 6)
        assert buffer.line(10) == b"abcdefghi\n"
        assert (buffer.unfinished, buffer.line_offset, buffer.offset) == (0, 0, 10)


def test_a_piece_is_let_go_with_its_last_byte() -> None:
    """A caller may want to have the memory of a large piece back."""
    for take in (ReceiveBuffer.take, lambda buffer: buffer.line(2000)):
        buffer, piece = ReceiveBuffer(), bytes(999) + b"\n"
        before = sys.getrefcount(piece)
        buffer.feed(piece)
        buffer.skip()
        assert sys.getrefcount(piece) == before + 1
        take(buffer)
        assert sys.getrefcount(piece) == before


def test_it_begins_empty_and_open() -> None:
    buffer = ReceiveBuffer()
    assert (buffer.offset, buffer.line_offset, buffer.unfinished, buffer.eof) == (0, 0, 0, False)
    assert (len(buffer), buffer.peek(), buffer.peek_two(), buffer.clear()) == (0, -1, b"", 0)


def test_no_byte_is_shown() -> None:
    buffer = ReceiveBuffer()
    buffer.feed(b"secret")
    buffer.skip()
    assert repr(buffer) == "<ReceiveBuffer 5 bytes at 1>"
