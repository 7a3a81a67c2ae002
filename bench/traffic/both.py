"""A camera and its readers, each a process on a core of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.measure.child import Child, ChildError
from bench.streams import large_frames
from bench.traffic.readers import PATIENCE, Received, Receiver
from bench.traffic.sender import Sender, Sent, stamped

__all__ = ["Traffic"]


class Traffic:
    """A camera and its streams."""

    def __init__(self, streams: int, rate: int, seconds: int) -> None:
        self.streams, self.rate, self.seconds = streams, rate, seconds
        self._image = large_frames(1)[0]
        #: Bytes on the wire for a frame.
        self.each = stamped(self._image).size
        # All streams begin, are measured, and end.
        self._patience = 3 * PATIENCE + seconds
        self._sender = self._camera()

    def _camera(self) -> Child:
        return Child(Sender, [self._image], core=0, patience=self._patience)

    def receiver(self, way: str) -> Child:
        """A process of readers."""
        return Child(Receiver, way, core=-1, patience=self._patience)

    def _told(
        self, receiver: Child, sending: Sequence[object], reading: Sequence[object]
    ) -> tuple[Any, Any]:
        """What both say of one order to each.  Raises ChildError."""
        port = self._sender.ask("listen")
        self._sender.begin(*sending)
        try:
            said = receiver.ask(reading[0], port, *reading[1:])
        except ChildError:
            # It waits for streams that nobody opens any more.
            self._sender.close()
            self._sender = self._camera()
            raise
        return self._sender.answer(), said

    def warm(self, receiver: Child) -> None:
        """Let it read one stream, so that it has imported what it needs."""
        self._told(receiver, ("hold", 1, 1, False), ("hold", 1, self.each, 1))

    def hold(self, receiver: Child, frames: int, *, half: bool) -> tuple[int, int]:
        """Bytes of memory before, and with all streams open behind so many frames."""
        sending = ("hold", self.streams, frames, half)
        _, (before, after) = self._told(
            receiver, sending, ("hold", self.streams, self.each, frames)
        )
        return before, after

    def read(self, receiver: Child, *, look: bool) -> tuple[Sent, Received]:
        """Let a process of readers read: what was sent, and what it says."""
        # All have begun after a turn, and what is measured is to lie in the middle.
        sending = ("stream", self.streams, self.rate, self.seconds + 2.5 / self.rate + 1)
        reading = ("read", self.streams, self.seconds, self.each, look)
        sent, received = self._told(receiver, sending, reading)
        return sent, received
