"""What is told of a conversation: its bytes, what is missing of them, the end of a direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hamaproto.captures.conversation import Conversation

__all__ = ["CloseReason", "Closed", "Gap", "GapReason", "StreamData"]

GapReason = Literal["lost", "not captured"]
"""`lost`: its packet is not in the capture.  `not captured`: the packet is, and was cut."""
CloseReason = Literal["end", "reset", "replaced", "evicted", "end of capture"]
"""`end`: a FIN.  `reset`: an RST.  `replaced`: the same ports were used again.  `evicted`: there
are more conversations than are held at once.
"""


@dataclass(slots=True, repr=False)
class StreamData:
    """Bytes of one direction, in order."""

    conversation: Conversation
    """Whose."""
    side: int
    """Who sent them: 0 or 1, as in `Conversation.endpoint`."""
    data: bytes
    """The bytes."""
    offset: int
    """Where in the stream; what was passed over counts."""
    packet: int
    """The number of the packet that brought them."""
    time: int | None
    """When that was captured, in nanoseconds since 1970."""

    def __repr__(self) -> str:
        size = len(self.data)
        return f"<StreamData {self.conversation.number}/{self.side}, {size} bytes at {self.offset}>"


@dataclass(slots=True)
class Gap:
    """Bytes of one direction that are missing in the capture."""

    conversation: Conversation | None
    """Whose; None in a file that is no capture of packets."""
    side: int
    """Who sent them."""
    offset: int
    """Where in the stream."""
    length: int
    """How many."""
    reason: GapReason
    """Why."""


@dataclass(slots=True)
class Closed:
    """One direction is over."""

    conversation: Conversation
    """Whose."""
    side: int
    """Who sent it."""
    offset: int
    """How many bytes it had."""
    reason: CloseReason
    """Why."""
