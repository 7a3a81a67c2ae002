"""`hamaproto.wire.http.lines`: the bound of a line, its end, and odd bytes in it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hamaproto.errors import LimitExceededError
from hamaproto.events import Anomaly, AnomalyCode
from hamaproto.wire.http.lines import bounded_line, note_line_end, note_odd_bytes, without_end
from hamaproto.wire.http.oddities import Oddities
from hamaproto.wire.receive_buffer import ReceiveBuffer

ROOM = 6


@given(st.integers(0, 12), st.integers(1, 4), st.booleans())
def test_a_line_is_as_long_as_its_room_at_most(length: int, cut: int, ended: bool) -> None:
    """The error is at the last byte of the room, however the line was cut."""
    data = b"before\n" + b"y" * length + b"\n" * ended
    source = ReceiveBuffer()
    for at in range(0, len(data), cut):
        source.feed(data[at : at + cut])
    assert source.line(100) == b"before\n"
    if length + ended > ROOM or (not ended and length == ROOM):
        with pytest.raises(LimitExceededError) as error:
            bounded_line(source, ROOM, "max_head_line")
        assert error.value.offset == len(b"before\n") + ROOM - 1
        assert error.value.message.startswith("max_head_line: ")
        assert f" {ROOM} " in error.value.message
    else:
        expected = b"y" * length + b"\n" if ended else None
        assert bounded_line(source, ROOM, "max_head_line") == expected


@pytest.mark.parametrize(
    ("line", "text"),
    [(b"a\r\n", b"a"), (b"a\n", b"a"), (b"\n", b""), (b"\r\n", b""), (b"a\r\r\n", b"a\r")],
)
def test_the_end_of_a_line(line: bytes, text: bytes) -> None:
    assert without_end(line) == text
    oddities = Oddities()
    for _ in range(2):
        note_line_end(line, 100, oddities, AnomalyCode.BARE_LF_IN_CHUNKS)
    bare = [Anomaly(AnomalyCode.BARE_LF_IN_CHUNKS, 100 + line.index(b"\n"))]
    assert list(oddities.waiting) == ([] if line.endswith(b"\r\n") else bare)


@given(st.binary(max_size=12))
@example(b"ab\rc\r\xe9d\x01\x02")
def test_odd_bytes(text: bytes) -> None:
    """RFC 9110 5.5: visible ASCII, blanks and tabs are what a field holds."""
    oddities = Oddities()
    note_odd_bytes(text, 50, "X", oddities)
    controls = [i for i, byte in enumerate(text) if byte in range(32) and byte not in b"\t\r"]
    controls += [i for i, byte in enumerate(text) if byte == 0x7F]
    expected = [(AnomalyCode.BARE_CR_IN_HEAD, i) for i, byte in enumerate(text) if byte == 0x0D][:1]
    expected += [(AnomalyCode.NON_ASCII_HEADER, 0)] * (max(text, default=0) > 0x7F)
    expected += [(AnomalyCode.CONTROL_IN_HEADER, i) for i in sorted(controls)][:1]
    assert list(oddities.waiting) == [Anomaly(code, 50 + at, "X") for code, at in expected]
