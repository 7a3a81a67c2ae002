"""Bare GSM frames in a byte stream: in step with them, or searching for the step.

Payload goes in, `AudioFrame`, `Skipped` for bytes that belong to no frame and
`Anomaly(LOST_SYNC)` come out.  The only mark of a frame is the high nibble 0xD of its first
byte, which one byte in sixteen has by chance.  So there are two states:

* **in step**: a frame is due and delivered with its last byte, without waiting for
  what follows.  A stream begins like this if its first byte allows it: an undamaged
  one is delivered whole and at once.  The price: a stream that is joined in
  mid-frame on a byte that looks like a beginning costs one wrong frame, and a frame
  that lost bytes takes the beginning of the next one along.
* **searching**, from the first byte that should have begun a frame and did not.  A frame can
  begin at 33 phases (offset modulo 33), and each phase collects evidence, counted in bits.  A
  nibble 0xD is worth 4, since chance gives one in 16.  Four lags between 40 and 120 (all that
  an encoder sends) are worth 3.  The phase that held before the damage gets 5 in advance,
  since most damage does not move it.  Frames begin at the first phase with 16 bits: that takes
  three beginnings with two plausible frames between them, four beginnings without, or two on
  the old phase.  What was held since is then delivered, so that the frames behind the damage
  are late and not lost.

Nothing looks ahead: what comes out, and at which byte, does not depend on how the
input was cut.  Each byte is looked at once while searching, and no more than 16 frames
of them are held.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from hamaproto.errors import LimitExceededError
from hamaproto.events import Anomaly, AnomalyCode, AudioFrame, EndOfStream, Skipped
from hamaproto.gsm.tables import (
    FRAME_BYTES,
    HEAD_BYTES,
    LONGEST_LAG,
    MAGIC,
    SHORTEST_LAG,
    SUBFRAME_BYTES,
)

__all__ = ["FrameSync", "Item"]

#: What comes out, but for the end.
Item = AudioFrame | Skipped | Anomaly

#: Evidence in bits (see above).
NIBBLE: Final = 4
LAGS: Final = 3
OLD_PHASE: Final = 5
#: The old phase outlives a beginning that is damaged like the first one was.
MISS: Final = -2
ENOUGH: Final = 16
#: At the end of the stream nothing more will come: less is asked for, and a frame that
#: ends with the stream has that for it.
ENOUGH_AT_END: Final = 9
ENDS_WITH_STREAM: Final = 5
#: While searching, between 8 and 16 frames' bytes are held; evidence is never older.
HELD: Final = 8 * FRAME_BYTES

#: The first byte of each subframe, which holds the lag in its upper seven bits.
_LAG_BYTES: Final = range(HEAD_BYTES, FRAME_BYTES, SUBFRAME_BYTES)


def plausible(data: bytes | bytearray, at: int) -> bool:
    """Whether the four lags of the frame at `data[at]` are such as an encoder sends."""
    return all(SHORTEST_LAG <= data[at + byte] >> 1 <= LONGEST_LAG for byte in _LAG_BYTES)


class FrameSync:
    """Frames out of payload.  What came out waits in `events`, with offsets in the payload.

    `max_junk` bounds how many bytes are searched for a frame.
    """

    __slots__ = (
        "_base",
        "_bytes",
        "_cursor",
        "_evidence",
        "_lost",
        "_max_junk",
        "_old",
        "_run",
        "_searching",
        "_starts",
        "events",
    )

    def __init__(self, max_junk: int) -> None:
        self.events: deque[Item] = deque()
        self._max_junk = max_junk
        #: What is not consumed yet, and the offset of its first byte.
        self._bytes = bytearray()
        self._base = 0
        self._searching = False
        #: Frames that were delivered in step: two of them make the phase a known one.
        self._run = 0
        # While searching: the offset where the step was lost, that of the byte to be looked at
        # next, and the old phase if it was known; by phase the evidence, and the offsets of
        # the beginnings that the evidence rests on.
        self._lost = 0
        self._cursor = 0
        self._old: int | None = None
        self._evidence = [0] * FRAME_BYTES
        self._starts: list[list[int]] = []

    @property
    def held(self) -> int:
        """How many bytes are held."""
        return len(self._bytes)

    def feed(self, data: bytes) -> None:
        """Take payload.  Raises `LimitExceededError` once the search has gone on too long."""
        self._bytes += data
        while self._search() if self._searching else self._step():
            pass

    def end(self) -> EndOfStream:
        """Settle what is held; the stream is over."""
        end = self._base + len(self._bytes)
        if self._searching:
            best = max(range(FRAME_BYTES), key=lambda phase: self._worth(phase, end))
            if self._worth(best, end) >= ENOUGH_AT_END:
                self._deliver(best, end)
        complete = not self._searching and not self._bytes
        self._skip(self._lost if self._searching else self._base, end)
        self._bytes.clear()
        return EndOfStream(complete, end)

    def _worth(self, phase: int, end: int) -> int:
        """The evidence for a phase at the end of the stream.

        It is enough only where a frame is whole: a single beginning is worth less.
        """
        ends_with_stream = self._starts[phase] and end % FRAME_BYTES == phase
        return self._evidence[phase] + (ENDS_WITH_STREAM if ends_with_stream else 0)

    def _skip(self, start: int, end: int) -> None:
        if start < end:
            reason = "no frame begins here" if self._searching else "cut off by the end"
            self.events.append(Skipped(start, end - start, reason))

    def _step(self) -> bool:
        """Deliver the frames that are there; True if the step was lost."""
        data, at = self._bytes, 0
        while at < len(data) and data[at] >> 4 == MAGIC and at + FRAME_BYTES <= len(data):
            frame = bytes(data[at : at + FRAME_BYTES])
            self.events.append(AudioFrame(frame, self._base + at))
            self._run += 1
            at += FRAME_BYTES
        del data[:at]
        self._base += at
        if not data or data[0] >> 4 == MAGIC:
            return False
        self._begin_search(data[0])
        return True

    def _begin_search(self, byte: int) -> None:
        self._searching = True
        self._lost = self._cursor = self._base
        self._evidence = [0] * FRAME_BYTES
        self._starts = [[] for _ in range(FRAME_BYTES)]
        self._old = None
        if self._run >= 2:
            self._old = self._base % FRAME_BYTES
            self._evidence[self._old] = OLD_PHASE
        text = f"a frame was due and the byte is 0x{byte:02X}"
        self.events.append(Anomaly(AnomalyCode.LOST_SYNC, self._base, text))

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
            phase = (at + 1) % FRAME_BYTES
            if starts[phase] and starts[phase][-1] == at + 1 - FRAME_BYTES:
                if plausible(data, at + 1 - FRAME_BYTES - base):
                    evidence[phase] += LAGS
                if evidence[phase] >= ENOUGH:
                    self._deliver(phase, at + 1)
                    return True
            # ... and it may begin one.
            phase = at % FRAME_BYTES
            if data[at - base] >> 4 == MAGIC:
                starts[phase].append(at)
                evidence[phase] += NIBBLE
                if evidence[phase] >= ENOUGH:
                    self._deliver(phase, at + 1)
                    return True
            elif phase == old:
                evidence[phase] = max(evidence[phase] + MISS, 0)
            else:
                evidence[phase] = 0
                starts[phase].clear()
        self._cursor = base + len(data)
        return False

    def _deliver(self, phase: int, end: int) -> None:
        """Frames begin at this phase: deliver what is held of them and be in step again."""
        skipped = self._lost
        for start in self._starts[phase]:
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
        self._run = 2
