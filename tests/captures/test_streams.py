"""What is told of a conversation shows no payload."""

from __future__ import annotations

from hamaproto.captures.conversation import Conversation
from hamaproto.captures.streams import StreamData


def test_no_payload_is_shown() -> None:
    data = StreamData(Conversation(4, bytes(12)), 1, b"secret", 7, 9, None)
    assert repr(data) == "<StreamData 4/1, 6 bytes at 7>"
