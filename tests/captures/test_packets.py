"""What a capture file says, as data."""

from __future__ import annotations

import pytest

from hamaproto.captures.packets import Bounds, Packet
from hamaproto.errors import LocalProtocolError


def test_a_packet_shows_no_payload() -> None:
    packet = Packet(b"secret", 1, 7, 1, 60, offset=24)
    assert repr(packet) == "<Packet 7, 6 of 60 bytes at 24>"


@pytest.mark.parametrize("value", [0, -1, 2.5, True, None])
def test_a_bound_is_a_positive_number(value: object) -> None:
    with pytest.raises(LocalProtocolError, match="max_held"):
        Bounds(max_held=value)  # type: ignore[arg-type]
