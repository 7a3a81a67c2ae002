"""What to say in place of a frame that was lost: the example of GSM 06.11 clause 6.

Frames that arrived go in, substitutes come out; both are 33 bytes, so that a decoder
treats a substitute like any other frame.  The first lost frame is the last good one
again.  From the second on the block amplitudes sink by 4 a frame, which is 6 dB in two
frames, and the grids are drawn at random, lest the repetition be heard as a tone.  When all
amplitudes are at zero, or 300 ms after the last good frame at the latest, the silence
frame takes over: the sound is gone within 320 ms.
"""

from __future__ import annotations

from hamaproto.gsm.tables import FRAME_BYTES, MAGIC, SILENCE_FRAME

__all__ = ["Concealment"]

#: How many substitutes are made of the last good frame: 15 frames are 300 ms.
LONGEST_ECHO = 15

# A subframe is 7 bytes: lag 7, gain 2, grid 2, amplitude 6, pulses 13 x 3 bits.
_GRID = 45
_AMPLITUDE = 39


class Concealment:
    """The substitutes of one stream; the same seed gives the same ones.

    The grids come from a linear congruential generator of 32 bits, its two upper bits
    each time: enough for the purpose, and the same in every implementation.
    """

    __slots__ = ("_last", "_lost", "_random", "_seed")

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed & 0xFFFFFFFF
        self.reset()

    def reset(self) -> None:
        """Forget every frame and begin the seed's sequence anew."""
        self._random = self._seed
        self._last: bytes | None = None
        self._lost = 0

    def good(self, frame: bytes) -> None:
        """A frame arrived."""
        self._last = frame
        self._lost = 0

    def lost(self) -> bytes:
        """The substitute for a frame that did not arrive."""
        if self._last is None:
            return SILENCE_FRAME
        self._lost += 1
        if self._lost > 1:
            self._last = self._fade(self._last) if self._lost <= LONGEST_ECHO else None
            if self._last is None:
                return SILENCE_FRAME
        # The nibble of a frame that a caller let pass is not passed on.
        return bytes((self._last[0] & 0x0F | MAGIC << 4,)) + self._last[1:]

    def _fade(self, frame: bytes) -> bytes | None:
        """`frame` 4 steps weaker and on random grids; None if nothing is left of it."""
        faded = [frame[:5]]
        heard = 0
        for start in range(5, FRAME_BYTES, 7):
            bits = int.from_bytes(frame[start : start + 7])
            amplitude = max((bits >> _AMPLITUDE & 63) - 4, 0)
            heard |= amplitude
            self._random = (self._random * 1664525 + 1013904223) & 0xFFFFFFFF
            bits &= ~(3 << _GRID | 63 << _AMPLITUDE)
            bits |= self._random >> 30 << _GRID | amplitude << _AMPLITUDE
            faded.append(bits.to_bytes(7))
        return b"".join(faded) if heard else None
