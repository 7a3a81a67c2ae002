"""What to say in place of a frame that was lost: the example of GSM 06.11 clause 6.

Frames that arrived go in, substitutes come out; both are 33 bytes, so that a decoder
treats a substitute like any other frame.  The first lost frame is the last good one
again.  From the second on the block amplitudes sink by 4 a frame, which is 6 dB in two
frames.  The grids are drawn at random, because a repeated grid would be heard as a tone.  When
all amplitudes are at zero, or 300 ms after the last good frame at the latest, the silence
frame follows: the sound is gone within 320 ms.
"""

from __future__ import annotations

from typing import Final

from hamaproto.gsm.tables import (
    FADE,
    FRAME_BYTES,
    HEAD_BYTES,
    LONGEST_ECHO,
    MAGIC,
    RANDOM_FACTOR,
    RANDOM_STEP,
    SILENCE_FRAME,
    SUBFRAME_BYTES,
)

__all__ = ["Concealment"]

# Where the grid (2 bits) and the amplitude (6 bits) stand among the 56 bits of a subframe.
_GRID: Final = 45
_AMPLITUDE: Final = 39


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
        """`frame` some steps weaker and on random grids; None if nothing is left of it."""
        faded = [frame[:HEAD_BYTES]]
        heard = 0
        for start in range(HEAD_BYTES, FRAME_BYTES, SUBFRAME_BYTES):
            bits = int.from_bytes(frame[start : start + SUBFRAME_BYTES])
            amplitude = max((bits >> _AMPLITUDE & 63) - FADE, 0)
            heard |= amplitude
            self._random = (self._random * RANDOM_FACTOR + RANDOM_STEP) & 0xFFFFFFFF
            bits &= ~(3 << _GRID | 63 << _AMPLITUDE)
            bits |= self._random >> 30 << _GRID | amplitude << _AMPLITUDE
            faded.append(bits.to_bytes(SUBFRAME_BYTES))
        return b"".join(faded) if heard else None
