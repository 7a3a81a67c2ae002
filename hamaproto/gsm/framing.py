"""A byte stream to GSM 06.10 frames: the sound of a camera, which comes without framing.

Bytes go in, `AudioFrame` of 33 bytes, `Skipped` for bytes that belong to no frame,
`Anomaly(LOST_SYNC)` and at last `EndOfStream` come out.

    unwrap.py   takes a multipart wrapper off, if there is one; it comes out as `Skipped`
    sync.py     finds the frames in what is left, and finds them again behind damage
    blocks.py   reads the frames that come in pairs as WAV49 does (`wav49=True`)

Nothing looks ahead: what comes out, and at which byte, does not depend on how the input was
cut.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from hamaproto.errors import HamaError, LimitExceededError, LocalProtocolError
from hamaproto.events import (
    NEED_DATA,
    Anomaly,
    AudioFrame,
    EndOfStream,
    NeedData,
    Skipped,
)
from hamaproto.gsm.blocks import BlockReader
from hamaproto.gsm.sync import FrameSync, Item
from hamaproto.gsm.unwrap import Piece, Unwrapper
from hamaproto.limits import DEFAULT_LIMITS, Limits
from hamaproto.wire.contract import Chunk, Events, Exclusive, entry, owned

__all__ = ["GsmEvent", "GsmFrameParser"]

GsmEvent = AudioFrame | Skipped | Anomaly | EndOfStream

#: So many bytes without a frame are an error, even if `Limits.max_junk` is larger.  That limit
#: is made for pictures: its default is hours of sound, which a compressed body of some hundred
#: bytes can hold.
MOST_JUNK: Final = 4 * 1024 * 1024


class _Unwrapped:
    """`FrameSync` behind an `Unwrapper`: its events, with offsets in the whole stream."""

    __slots__ = ("_payload", "_places", "_sync", "_unwrapper", "events")

    def __init__(self, max_junk: int, max_head: int) -> None:
        self.events: deque[Item] = deque()
        self._unwrapper = Unwrapper(max_head)
        self._sync = FrameSync(max_junk)
        #: How much payload there was.
        self._payload = 0
        #: Where payload that events may still be about stands: its offset in the payload, and
        #: how far its offset in the stream is beyond that.
        self._places: deque[tuple[int, int]] = deque([(0, 0)])

    def feed(self, data: bytes) -> None:
        self._take(self._unwrapper.feed(data))

    def end(self) -> EndOfStream:
        self._take(self._unwrapper.end())
        end = self._sync.end()
        self._collect()
        end.offset = self._unwrapper.offset
        return end

    def _take(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            if not piece.payload:
                text = "multipart delimiter and header"
                self.events.append(Skipped(piece.offset, len(piece.data), text))
                continue
            beyond = piece.offset - self._payload
            if beyond != self._places[-1][1]:
                self._places.append((self._payload, beyond))
            self._payload += len(piece.data)
            try:
                self._sync.feed(piece.data)
            except LimitExceededError as error:
                self._collect()
                raise LimitExceededError(error.message, error.offset + beyond) from None
            self._collect()

    def _collect(self) -> None:
        places = self._places
        while self._sync.events:
            event = self._sync.events.popleft()
            while len(places) > 1 and places[1][0] <= event.offset:
                places.popleft()
            event.offset += places[0][1]
            self.events.append(event)


class GsmFrameParser(Exclusive):
    """GSM 06.10 frames out of a byte stream; the contract of every parser.

    `wav49`: the stream is made of WAV49 blocks, 65 bytes for two frames, of which the
    frames come out in their usual 33 bytes.  The middle byte of a block belongs to both
    and is counted with the first.

    The bytes of all `AudioFrame` and `Skipped`, and those still pending, add up to what
    was fed.  `EndOfStream.complete` is False if the stream ended within a frame or while a
    beginning was searched.
    """

    def __init__(self, *, limits: Limits | None = None, wav49: bool = False) -> None:
        super().__init__()
        limits = limits or DEFAULT_LIMITS
        self._source: _Unwrapped | BlockReader
        if wav49:
            self._source = BlockReader()
        else:
            self._source = _Unwrapped(min(limits.max_junk, MOST_JUNK), limits.max_part_head)
        # What was met behind the events that wait, and the same once it was raised.
        self._fault: HamaError | None = None
        self._error: HamaError | None = None
        self._end: EndOfStream | None = None

    @entry
    def receive_data(self, chunk: Chunk) -> None:
        """Feed bytes; an empty chunk does nothing.

        Raises `LocalProtocolError` after `receive_eof`, or if `chunk` is not bytes-like.
        """
        if self._error is not None:
            raise self._error.with_traceback(None)
        if self._end is not None:
            raise LocalProtocolError("receive_data() after receive_eof(): the stream is over")
        data = owned(chunk)
        if self._fault is not None or not data:
            return
        try:
            self._source.feed(data)
        except LimitExceededError as error:
            self._fault = error

    @entry
    def receive_eof(self) -> None:
        """The stream is over; what is known of the rest comes out, then `EndOfStream`."""
        if self._error is not None:
            raise self._error.with_traceback(None)
        if self._end is None:
            self._end = self._source.end() if self._fault is None else EndOfStream(False)

    @entry
    def next_event(self) -> GsmEvent | NeedData:
        """The next event, or `NEED_DATA`; `EndOfStream` again and again after the end.

        Raises `LimitExceededError` once no frame was found in `Limits.max_junk` bytes, or in
        4 MiB, which is 40 minutes of sound; every later call raises it again.
        """
        if self._source.events:
            return self._source.events.popleft()
        if self._fault is not None:
            self._error = self._fault
            raise self._error.with_traceback(None)
        return NEED_DATA if self._end is None else self._end

    def events(self) -> Iterator[GsmEvent]:
        """The events that are there, up to `NEED_DATA` or with `EndOfStream` as the last."""
        return Events(self)
