"""A byte stream to GSM 06.10 frames: the sound of a camera, which comes without framing.

Bytes go in, `AudioFrame` of 33 bytes, `Skipped` for bytes that belong to no frame,
`Anomaly(LOST_SYNC)` and at last `EndOfStream` come out.  The only mark of a frame is
the high nibble 0xD of its first byte, which one byte in sixteen has by chance.  So
there are two states:

* **in step**: a frame is due and delivered with its last byte, without waiting for
  what follows.  A stream begins like this if its first byte allows it: an undamaged
  one is delivered whole and at once.  The price: a stream that is joined in
  mid-frame on a byte that looks like a beginning costs one wrong frame, and a frame
  that lost bytes takes the beginning of the next one along.
* **searching**, from the first byte that should have begun a frame and did not.  Each
  of the 33 places where a frame can begin collects evidence, counted in bits: a nibble
  0xD is worth 4, since chance gives one in 16; four lags between 40 and 120 (all that
  an encoder sends) are worth 3; the beat that held before the damage is worth 5, since
  most damage does not move it.  The first place with 16 bits is where frames begin:
  that takes three beginnings with two plausible frames between them, four without, or
  two on the old beat.  What was held since is then delivered, so that the frames
  behind the damage are late and not lost.

Nothing looks ahead: what comes out, and at which byte, does not depend on how the
input was cut.  Each byte is looked at once while searching, and no more than 16 frames
of them are held.

Around the frames there may be a multipart wrapper, which is recognised by its first
line and taken off (its delimiters and headers come out as `Skipped`), or the frames may
be packed in pairs as WAV49 does, 65 bytes without any mark (`wav49=True`).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from typing import Final

from hamaproto.errors import HamaError, LimitExceededError, LocalProtocolError
from hamaproto.events import (
    NEED_DATA,
    Anomaly,
    AnomalyCode,
    AudioFrame,
    EndOfStream,
    NeedData,
    Skipped,
)
from hamaproto.gsm.tables import (
    FRAME_BYTES,
    HEAD_BYTES,
    LONGEST_LAG,
    MAGIC,
    SHORTEST_LAG,
    SUBFRAME_BYTES,
)
from hamaproto.gsm.wav49 import BLOCK_BYTES, unpack_first, unpack_second
from hamaproto.limits import DEFAULT_LIMITS, Limits
from hamaproto.wire.contract import Chunk, Events, Exclusive, entry, owned

__all__ = ["GsmEvent", "GsmFrameParser"]

GsmEvent = AudioFrame | Skipped | Anomaly | EndOfStream
_Item = AudioFrame | Skipped | Anomaly

#: Evidence in bits (see above).
NIBBLE = 4
LAGS = 3
OLD_BEAT = 5
#: The old beat outlives a beginning that is damaged like the first one was.
MISS = -2
ENOUGH = 16
#: At the end of the stream nothing more will come: less is asked for, and a frame that
#: ends with the stream has that for it.
ENOUGH_AT_END = 9
ENDS_WITH_STREAM = 5
#: While searching, between 8 and 16 frames' bytes are held; evidence is never older.
HELD = 8 * FRAME_BYTES

#: A boundary is at most 70 characters (RFC 2046 clause 5.1.1); some send dashes of their own.
LONGEST_DELIMITER = 96
DELIMITER_LINE = re.compile(rb"(--[!-~]++(?:\x20++[!-~]++)*+)[ \t]*+\r?\n")
DELIMITER_BEGUN = re.compile(rb"-?|--|--[!-~][ -~]*\r?")
CONTENT_LENGTH = re.compile(rb"\n[Cc]ontent-[Ll]ength[ \t]*:[ \t]*([0-9]{1,9})[ \t]*\r?\n")

#: The first byte of each subframe, which holds the lag in its upper seven bits.
_LAG_BYTES: Final = range(HEAD_BYTES, FRAME_BYTES, SUBFRAME_BYTES)


def _plausible(frame: bytes | bytearray, at: int) -> bool:
    """Whether the four lags of the frame at `at` are such as an encoder sends."""
    return all(SHORTEST_LAG <= frame[at + place] >> 1 <= LONGEST_LAG for place in _LAG_BYTES)


class _Frames:
    """Bare frames, in step or searching."""

    def __init__(self, max_junk: int) -> None:
        self.events: deque[_Item] = deque()
        self._max_junk = max_junk
        #: What is not consumed yet, and where its first byte stands in the stream.
        self._bytes = bytearray()
        self._base = 0
        self._searching = False
        #: Frames delivered since the step was found: two of them make a beat.
        self._beat = 0
        # While searching: where it began, the byte to be looked at next, and by place
        # (offset modulo 33) the evidence and the beginnings that it rests on.
        self._lost = 0
        self._cursor = 0
        self._old: int | None = None
        self._evidence = [0] * FRAME_BYTES
        self._starts: list[list[int]] = []

    def feed(self, data: bytes) -> None:
        self._bytes += data
        while self._search() if self._searching else self._step():
            pass

    def end(self) -> EndOfStream:
        """Settle what is held; the stream is over."""
        end = self._base + len(self._bytes)
        if self._searching:
            best = max(range(FRAME_BYTES), key=lambda place: self._worth(place, end))
            if self._worth(best, end) >= ENOUGH_AT_END:
                self._deliver(best, end)
        complete = not self._searching and not self._bytes
        if self._bytes or self._searching:
            self._skip(self._lost if self._searching else self._base, end)
        self._bytes.clear()
        return EndOfStream(complete, end)

    def _worth(self, place: int, end: int) -> int:
        """The evidence for `place` at the end of the stream; 0 without a whole frame."""
        starts = self._starts[place]
        if not starts or starts[0] + FRAME_BYTES > end:
            return 0
        return self._evidence[place] + (ENDS_WITH_STREAM if end % FRAME_BYTES == place else 0)

    def _skip(self, start: int, end: int) -> None:
        if start < end:
            reason = "cut off by the end" if not self._searching else "no frame begins here"
            self.events.append(Skipped(start, end - start, reason))

    def _step(self) -> bool:
        """Deliver the frames that are there; True if the step was lost."""
        data, place = self._bytes, 0
        while place < len(data) and data[place] >> 4 == MAGIC:
            if place + FRAME_BYTES > len(data):
                break
            frame = bytes(data[place : place + FRAME_BYTES])
            self.events.append(AudioFrame(frame, self._base + place))
            self._beat += 1
            place += FRAME_BYTES
        lost = place < len(data) and data[place] >> 4 != MAGIC
        del data[:place]
        self._base += place
        if lost:
            self._searching = True
            self._lost = self._cursor = self._base
            self._old = self._base % FRAME_BYTES if self._beat >= 2 else None
            self._evidence = [0] * FRAME_BYTES
            if self._old is not None:
                self._evidence[self._old] = OLD_BEAT
            self._starts = [[] for _ in range(FRAME_BYTES)]
            byte = data[0]
            self.events.append(
                Anomaly(
                    AnomalyCode.LOST_SYNC,
                    self._base,
                    f"a frame was due and the byte is 0x{byte:02X}",
                )
            )
        return lost

    def _search(self) -> bool:
        """Look at each new byte once; True if the step was found."""
        data, old = self._bytes, self._old
        evidence, starts = self._evidence, self._starts
        base = self._base
        for at in range(self._cursor, base + len(data)):
            if at - self._lost >= self._max_junk:
                raise LimitExceededError(
                    f"no GSM frame in {self._max_junk} bytes (Limits.max_junk)", at
                )
            if at - base >= 2 * HELD:
                del data[:HELD]
                base = self._base = base + HELD
                for kept in starts:
                    kept[:] = [start for start in kept if start >= base]
            # The byte may end a frame, whose lags then speak for its beginning...
            place = (at + 1) % FRAME_BYTES
            if starts[place] and starts[place][-1] == at + 1 - FRAME_BYTES:
                if _plausible(data, at + 1 - FRAME_BYTES - base):
                    evidence[place] += LAGS
                if evidence[place] >= ENOUGH:
                    self._deliver(place, at + 1)
                    return True
            # ... and it may begin one.
            place = at % FRAME_BYTES
            if data[at - base] >> 4 == MAGIC:
                starts[place].append(at)
                evidence[place] += NIBBLE
                if evidence[place] >= ENOUGH:
                    self._deliver(place, at + 1)
                    return True
            elif place == old:
                evidence[place] = max(evidence[place] + MISS, 0)
            else:
                evidence[place] = 0
                starts[place].clear()
        self._cursor = base + len(data)
        return False

    def _deliver(self, place: int, end: int) -> None:
        """Frames begin at `place`: deliver what is held of them and be in step again."""
        skipped = self._lost
        for start in self._starts[place]:
            self._skip(skipped, start)
            skipped = start
            if start + FRAME_BYTES <= end:
                at = start - self._base
                frame = bytes(self._bytes[at : at + FRAME_BYTES])
                self.events.append(AudioFrame(frame, start))
                skipped = start + FRAME_BYTES
        del self._bytes[: skipped - self._base]
        self._base = skipped
        self._searching = False
        self._beat = 2


class _Blocks:
    """WAV49: blocks of 65 bytes from the first byte on, each frame with its last byte."""

    def __init__(self) -> None:
        self.events: deque[_Item] = deque()
        self._bytes = bytearray()
        self._base = 0
        self._first_out = False

    def feed(self, data: bytes) -> None:
        self._bytes += data
        held, place = self._bytes, 0
        while True:
            if not self._first_out and len(held) - place >= FRAME_BYTES:
                frame = unpack_first(bytes(held[place : place + FRAME_BYTES]))
                self.events.append(AudioFrame(frame, self._base + place))
                self._first_out = True
            if len(held) - place < BLOCK_BYTES:
                break
            frame = unpack_second(bytes(held[place + FRAME_BYTES - 1 : place + BLOCK_BYTES]))
            self.events.append(AudioFrame(frame, self._base + place + FRAME_BYTES))
            self._first_out = False
            place += BLOCK_BYTES
        del held[:place]
        self._base += place

    def end(self) -> EndOfStream:
        end = self._base + len(self._bytes)
        complete = not self._bytes
        start = self._base + (FRAME_BYTES if self._first_out else 0)
        if start < end:
            self.events.append(Skipped(start, end - start, "cut off by the end"))
        self._bytes.clear()
        return EndOfStream(complete, end)


#: Bytes without a frame, whatever `Limits.max_junk` says: what is for pictures is hours of sound,
#: and a packed body of some hundred bytes makes as much.
MOST_JUNK: Final = 4 * 1024 * 1024


class _Wrapper:
    """Takes a multipart wrapper off, if there is one, in front of `_Frames`.

    The payloads of the parts are one stream of frames, whatever the parts' borders.  A
    part whose Content-Length is true is passed on byte by byte; without one, only what may
    begin a delimiter is held back.
    """

    def __init__(self, max_junk: int, max_head: int) -> None:
        self.events: deque[_Item] = deque()
        self._frames = _Frames(max_junk)
        self._max_head = max_head
        self._bytes = bytearray()
        #: Where `_bytes[0]` stands in the stream.
        self._base = 0
        #: Pieces of payload that events may still be about: offset in the payload,
        #: offset in the stream.
        self._pieces: deque[tuple[int, int]] = deque([(0, 0)])
        self._payload = 0
        self._delimiter = b""
        self._state = self._detect
        #: How much of the payload is due by Content-Length.
        self._due = 0
        #: In a head: where to look on for a line's end, and whether the delimiter was there.
        self._resume = 0
        self._opened = False

    def feed(self, data: bytes) -> None:
        if self._state == self._bare:
            try:
                self._frames.feed(data)
            finally:
                self._collect()
            return
        self._bytes += data
        while self._state():
            pass

    def end(self) -> EndOfStream:
        if self._state == self._head:
            self._wrapping(len(self._bytes))
        elif self._bytes:
            self._pass(len(self._bytes))
        end = self._frames.end()
        self._collect()
        end.offset += self._base - self._payload
        return end

    def _collect(self) -> None:
        """Take over the events of the frames, with offsets in the whole stream."""
        pieces = self._pieces
        while self._frames.events:
            event = self._frames.events.popleft()
            while len(pieces) > 1 and pieces[1][0] <= event.offset:
                pieces.popleft()
            event.offset += pieces[0][1] - pieces[0][0]
            self.events.append(event)

    def _pass(self, count: int) -> None:
        """The next bytes are payload."""
        if not count:
            return
        if self._pieces[-1][1] - self._pieces[-1][0] != self._base - self._payload:
            self._pieces.append((self._payload, self._base))
        data = bytes(self._bytes[:count])
        self._drop(count)
        self._payload += count
        try:
            self._frames.feed(data)
        except LimitExceededError as error:
            self._collect()
            raise LimitExceededError(
                error.message, error.offset + self._base - self._payload
            ) from None
        self._collect()

    def _wrapping(self, count: int) -> None:
        """The next bytes are no payload."""
        if count:
            self.events.append(Skipped(self._base, count, "multipart delimiter and header"))
            self._drop(count)

    def _drop(self, count: int) -> None:
        del self._bytes[:count]
        self._base += count
        self._resume = 0
        self._opened = False

    def _detect(self) -> bool:
        """Is the first line a delimiter?  No frame begins with a dash or a line end."""
        text = bytes(self._bytes[:LONGEST_DELIMITER])
        if text and not text.strip(b"\r\n") and len(text) <= 4:
            return False
        line = text.lstrip(b"\r\n")
        if b"\n" in line:
            found = DELIMITER_LINE.match(line)
        elif len(text) < LONGEST_DELIMITER and DELIMITER_BEGUN.fullmatch(line):
            return False
        else:
            found = None
        if found:
            self._delimiter = found[1]
            self._state = self._head
            return True
        self._state = self._bare
        self._pass(len(self._bytes))
        return False

    def _bare(self) -> bool:
        """There is no wrapper."""
        return False

    def _head(self) -> bool:
        """Delimiter line and header block, up to the empty line."""
        data = self._bytes
        while (end := data.find(b"\n", self._resume)) >= 0:
            begin = data.rfind(b"\n", 0, end) + 1
            self._resume = end + 1
            line = bytes(data[begin:end]).rstrip(b"\r")
            if line == self._delimiter + b"--":
                self._wrapping(end + 1)
                self._state = self._tail
                return True
            self._opened = self._opened or bool(line)
            if line or not self._opened:
                continue
            length = CONTENT_LENGTH.search(data, 0, end)
            self._due = int(length[1]) if length else 0
            self._wrapping(end + 1)
            self._state = self._counted if self._due else self._scan
            return True
        self._resume = len(data)
        if len(data) > self._max_head:
            self._wrapping(self._max_head)
            self._state = self._scan
            return True
        return False

    def _counted(self) -> bool:
        """A payload whose length is known."""
        count = min(self._due, len(self._bytes))
        self._due -= count
        self._pass(count)
        if self._due:
            return False
        self._state = self._tail
        return True

    def _tail(self) -> bool:
        """Behind a part: a delimiter is due; if it is none, the length was too short."""
        data = bytes(self._bytes[: len(self._delimiter) + 2])
        for begin in (b"\r\n", b"\n", b""):
            wanted = begin + self._delimiter
            if data.startswith(wanted):
                self._state = self._head
                return True
            if wanted.startswith(data):
                return False
        self._state = self._scan
        return True

    def _scan(self) -> bool:
        """A payload without a length, up to the next delimiter line."""
        data = self._bytes
        end = data.find(b"\n" + self._delimiter)
        if end >= 0:
            if end and data[end - 1] == 0x0D:
                end -= 1
            self._pass(end)
            self._state = self._head
            return True
        # What may begin a delimiter stays: its line end, and what is there of it.
        end = len(data)
        last = data.rfind(b"\n", -len(self._delimiter) - 1)
        if last >= 0 and self._delimiter.startswith(data[last + 1 :]):
            end = last
        if end and data[end - 1] == 0x0D:
            end -= 1
        self._pass(end)
        return False


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
        self._source: _Wrapper | _Blocks
        if wav49:
            self._source = _Blocks()
        else:
            self._source = _Wrapper(min(limits.max_junk, MOST_JUNK), limits.max_part_head)
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
        """The stream is over; what can still be told comes out, then `EndOfStream`."""
        if self._error is not None:
            raise self._error.with_traceback(None)
        if self._end is None:
            self._end = self._source.end() if self._fault is None else EndOfStream(False)

    @entry
    def next_event(self) -> GsmEvent | NeedData:
        """The next event, or `NEED_DATA`; `EndOfStream` again and again after the end.

        Raises `LimitExceededError` once no frame was found in `Limits.max_junk` bytes, or in
        4 MiB, which is 40 minutes of sound, and
        so does every later call.
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
