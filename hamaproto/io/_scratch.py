"""Where the connections of an event loop receive into, one after another.

A loop asks for a buffer, fills it and says so, before it turns to the next socket.  So one buffer
does for all: it stays in the processor's cache, and a thousand streams hold no memory in which
nothing stands.  What was received is copied out at once, into as many bytes as came.
"""

from __future__ import annotations

from typing import Final
from weakref import WeakKeyDictionary

from hamaproto.errors import LocalProtocolError

__all__ = ["PIECE", "Scratch", "filled_too_late", "scratch_of"]

#: Bytes that are received at once: most pictures of these cameras, whole.
PIECE: Final = 65536


class Scratch:
    """One buffer: whoever is to receive into it puts himself down as its `user`."""

    __slots__ = ("user", "view")

    def __init__(self) -> None:
        self.view = memoryview(bytearray(PIECE))
        self.user: object = None


_of_loop: Final[WeakKeyDictionary[object, Scratch]] = WeakKeyDictionary()


def scratch_of(loop: object) -> Scratch:
    """The buffer of an event loop, which runs in one thread at a time."""
    scratch = _of_loop.get(loop)
    if scratch is None:
        scratch = _of_loop[loop] = Scratch()
    return scratch


def filled_too_late() -> LocalProtocolError:
    """The error of a buffer that has another user by now: what it holds may be another camera's."""
    return LocalProtocolError(
        "this event loop asks for the next buffer before it has filled the one it had: "
        "hamaproto.io.asyncio can't receive by it"
    )
