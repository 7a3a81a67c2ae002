"""Sound of a camera, in front of `GsmFrameParser`: G.711 is recognised, and comes as such.

Frames are passed on at once.  Only what begins unlike GSM is held until it is decided: sound
that loses its step at the start, or whose frames would be silence in A-law (every byte of that
silence looks like the beginning of a frame).  If it is GSM after all, it comes out as it was.
If it is G.711, which would be noise when decoded as GSM, all of it comes out as `G711Frame`,
behind an `Anomaly`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from hamaproto.errors import LocalProtocolError, RemoteProtocolError
from hamaproto.events import (
    NEED_DATA,
    Anomaly,
    AnomalyCode,
    AudioFrame,
    EndOfStream,
    G711Frame,
    NeedData,
    Skipped,
)
from hamaproto.gsm.framing import GsmEvent, GsmFrameParser
from hamaproto.gsm.g711 import ENOUGH_BYTES, declared_law, is_quiet_alaw, law_of
from hamaproto.gsm.tables import FRAME_BYTES, FRAME_SAMPLES, MAGIC
from hamaproto.limits import Limits
from hamaproto.wire.contract import Chunk, Events, Exclusive, entry, owned

__all__ = ["SoundParser"]

#: So many frames in step are GSM; they are not looked at.
_SURE: Final = 25
#: If the step is lost behind so many frames, that is damage; before them it may be another
#: kind of sound.
_ENOUGH_FRAMES: Final = 4
#: So many frames without a break are GSM: a piece has 24 of them, and chance gives fewer.
_ENOUGH_IN_A_ROW: Final = 12
#: A loud noise at the start decides nothing: the next pieces are looked at, up to so many.
_PIECES: Final = 4


class SoundParser(Exclusive):
    """The contract and the events of `GsmFrameParser`, and `G711Frame`; see above.

    `content_type` may name another kind of sound; it is believed if the bytes agree.
    """

    def __init__(self, content_type: str | None = None, *, limits: Limits | None = None) -> None:
        super().__init__()
        self._parser = GsmFrameParser(limits=limits)
        self._declared = declared_law(content_type or "")
        #: The beginning of the stream, until it is decided what it is; the parser has the first
        #: `_fed` bytes of it.
        self._begin: bytearray | None = bytearray()
        self._fed = 0
        self._held: deque[GsmEvent] = deque()
        self._holding = self._declared is not None
        self._frames = self._pieces = 0
        #: What was given out, in bytes.
        self._given = 0
        #: Of G.711: the law, and the bytes that are no whole frame yet.
        self._law: str | None = None
        self._rest = bytearray()
        self._over = False

    @entry
    def receive_data(self, chunk: Chunk) -> None:
        """Feed bytes; as `GsmFrameParser` has it."""
        data = owned(chunk)
        if self._law is not None and not self._over:
            self._rest += data
            return
        if self._begin is None and self._law is None:
            self._parser.receive_data(data)
        elif self._over:
            raise LocalProtocolError("receive_data() after receive_eof(): the stream is over")
        elif self._begin is not None:
            self._begin += data

    @entry
    def receive_eof(self) -> None:
        """The stream is over."""
        self._over = True
        if self._begin is None:
            self._parser.receive_eof()

    @entry
    def next_event(self) -> GsmEvent | NeedData:
        """The next event, `NEED_DATA`, or `EndOfStream`."""
        while self._begin is not None:
            try:
                event = self._parser.next_event()
            except RemoteProtocolError:
                # It raises it again, behind what was held.
                self._begin = None
                break
            if isinstance(event, NeedData):
                if self._holding and self._judge():
                    break
                if not self._feed():
                    return NEED_DATA
                continue
            self._look_at(event)
            if not self._holding:
                return event
            self._held.append(event)
            if isinstance(event, EndOfStream):
                self._decided()
        if self._held:
            return self._held.popleft()
        return self._parser.next_event() if self._law is None else self._next_of_law(self._law)

    def events(self) -> Iterator[GsmEvent]:
        """Events until NEED_DATA or the end."""
        return Events(self)

    def _feed(self) -> bool:
        """Give the parser what there is up to the end of the piece at hand; False if nothing is.

        No piece is judged before the parser has seen all that precedes its end: what it says of
        that, an error too, is then the same however the stream was cut.
        """
        assert self._begin is not None
        end = (self._fed // ENOUGH_BYTES + 1) * ENOUGH_BYTES
        data = bytes(self._begin[self._fed : end])
        if data:
            self._fed += len(data)
            self._parser.receive_data(data)
        elif self._over:
            self._decided()
        return bool(data) or self._over

    def _decided(self) -> None:
        """It is GSM, or not to be known: the parser gets all the rest."""
        assert self._begin is not None
        rest = bytes(self._begin[self._fed :])
        self._begin = None
        self._parser.receive_data(rest)
        if self._over:
            self._parser.receive_eof()

    def _look_at(self, event: GsmEvent) -> None:
        if isinstance(event, Anomaly) and self._frames < _ENOUGH_FRAMES:
            self._holding = True
        elif isinstance(event, AudioFrame):
            self._frames += 1
            if is_quiet_alaw(event.data):
                self._holding = True
            elif self._frames >= _SURE and not self._holding:
                self._decided()
        if not self._holding and isinstance(event, AudioFrame):
            self._given = event.offset + FRAME_BYTES
        elif not self._holding and isinstance(event, Skipped):
            self._given = event.offset + event.length

    def _next_of_law(self, law: str) -> GsmEvent | NeedData:
        rest, at = self._rest, self._given
        size = min(len(rest), FRAME_SAMPLES)
        if size < FRAME_SAMPLES and not self._over:
            return NEED_DATA
        if not size:
            return EndOfStream(True, at)
        data = bytes(rest[:size])
        del rest[:size]
        self._given += size
        if size < FRAME_SAMPLES:
            return Skipped(at, size, "cut off by the end")
        return G711Frame(data, at, law=law)

    def _judge(self) -> bool:
        """Look at the next piece, if it is there; True if it is decided what the stream is.

        It depends on the bytes up to the end of the piece and on nothing else.
        """
        assert self._begin is not None
        while True:
            start = self._pieces * ENOUGH_BYTES
            begin = bytes(self._begin[: min(start + ENOUGH_BYTES, self._fed)])
            piece = begin[start:]
            last = len(piece) < ENOUGH_BYTES
            if last and not (self._over and piece and self._fed == len(self._begin)):
                return False
            self._pieces += 1
            in_step = all(byte >> 4 == MAGIC for byte in begin[::FRAME_BYTES])
            in_step = in_step or _in_a_row(begin) >= _ENOUGH_IN_A_ROW
            law = None
            if not in_step or is_quiet_alaw(piece):
                law = law_of(piece) or (None if in_step else self._declared)
            if law is not None:
                self._law = law
                self._rest += self._begin[self._given :]
                self._begin = None
                self._held.clear()
                self._held.append(Anomaly(AnomalyCode.OTHER_SOUND, self._given, law))
                return True
            if in_step or last or self._pieces == _PIECES:
                self._decided()
                return True


def _in_a_row(begin: bytes) -> int:
    """How many frames a parser finds at the end, without losing its step between them.

    In speech of A-law half of the bytes may begin a frame; frames in a row are GSM.
    """
    parser = GsmFrameParser()
    parser.receive_data(begin)
    count = 0
    for event in parser.events():
        count = count + 1 if isinstance(event, AudioFrame) else 0
    return count
