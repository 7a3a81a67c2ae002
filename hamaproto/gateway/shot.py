"""One picture on its way to many viewers: each form of it is made once.

`message` is a binary WebSocket message (RFC 6455 5.2), head and all: of 200 viewers each would
else copy the picture.  `part` is a part of a multipart body (RFC 2046 5.1).
"""

from __future__ import annotations

from struct import Struct

__all__ = [
    "BOUNDARY",
    "HEAD",
    "Shot",
    "binary_message",
    "early_start",
    "ping_message",
    "text_message",
]

#: What stands before the picture in a message: its number, the pictures that this viewer did
#: not get, and when it came (seconds since 1970).
HEAD = Struct("!IId")
BOUNDARY = "hamaproto"
_DELIMITER = f"--{BOUNDARY}\r\n".encode()
_WRAP = 0x1_0000_0000
_SHORT = Struct("!BB")
_MIDDLE = Struct("!BBH")
_LONG = Struct("!BBQ")
_TEXT = 0x81
_BINARY = 0x82
_PING = 0x89
_EARLY_HEAD = b"Content-Type: image/jpeg\r\n\r\n"


def _message_head(kind: int, length: int) -> bytes:
    """The head of an unmasked and final frame with so many bytes of payload (5.2)."""
    if length < 126:
        return _SHORT.pack(kind, length)
    if length < 0x1_0000:
        return _MIDDLE.pack(kind, 126, length)
    return _LONG.pack(kind, 127, length)


def binary_message(*pieces: bytes) -> bytes:
    """A WebSocket message of bytes, in one frame."""
    return b"".join((_message_head(_BINARY, sum(map(len, pieces))), *pieces))


def text_message(text: str) -> bytes:
    """A WebSocket message of text, in one frame."""
    data = text.encode()
    return _message_head(_TEXT, len(data)) + data


def ping_message(said: bytes) -> bytes:
    """A ping that says so much, of 125 bytes at most (5.5)."""
    return _message_head(_PING, len(said)) + said


class Shot:
    """A JPEG with its number, from 1, and its time of arrival by both clocks, in seconds."""

    __slots__ = ("_early", "_messages", "_part", "_plain", "at", "data", "number", "wall")

    def __init__(self, number: int, data: bytes, at: float, wall: float) -> None:
        self.number = number
        self.data = data
        self.at = at
        """By a clock that does not jump."""
        self.wall = wall
        """Since 1970."""
        # By the count of skipped pictures: most viewers have the same.
        self._messages: dict[int, bytes] = {}
        self._plain = self._part = self._early = b""

    def __repr__(self) -> str:
        return f"<Shot {self.number}, {len(self.data)} bytes>"

    def message(self, skipped: int) -> bytes:
        """A WebSocket message with `HEAD` before the picture."""
        message = self._messages.get(skipped)
        if message is None:
            head = HEAD.pack(self.number % _WRAP, skipped % _WRAP, self.wall)
            message = self._messages[skipped] = binary_message(head, self.data)
        return message

    def plain_message(self, skipped: int) -> bytes:
        """A WebSocket message of the picture alone."""
        self._plain = self._plain or binary_message(self.data)
        return self._plain

    def part(self, skipped: int) -> bytes:
        """A part with its delimiter before it, its length and its time."""
        if not self._part:
            fields = (
                f"Content-Type: image/jpeg\r\nContent-Length: {len(self.data)}\r\n"
                f"X-Timestamp: {self.wall:.6f}\r\n\r\n"
            )
            self._part = _DELIMITER + fields.encode() + self.data + b"\r\n"
        return self._part

    def early_part(self, skipped: int) -> bytes:
        """A part behind which the next one has begun, so that a browser shows it at once.

        The head of a part is sent with the one before it: it can say no length, and no time.
        """
        self._early = self._early or self.data + b"\r\n" + _DELIMITER + _EARLY_HEAD
        return self._early


def early_start() -> bytes:
    """What stands before the first picture where heads of parts come early."""
    return _DELIMITER + _EARLY_HEAD
