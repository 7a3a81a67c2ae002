"""What the simulated camera hears: the number of a GSM frame in, its 33 bytes out.

It hears a chime: half a second a note, over and over, so that an ear notices a gap and a
program can tell which frame it holds.  A note is encoded when it is first asked for, from
an encoder in its home state, so that a frame depends on its number and on nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from hamaproto.gsm import Encoder
from hamaproto.gsm.tables import FRAME_RATE, FRAME_SAMPLES, SAMPLE_RATE

__all__ = ["NOTE_FRAMES", "SILENCE", "Sound", "chime", "tune"]

#: The frame that an encoder in its home state makes of silence.
SILENCE: Final = bytes.fromhex("d820a2e15a50004924924924500049249249245000492492492450004924924924")

#: Any function will do that answers a number (0 and up) with a frame.
Sound = Callable[[int], bytes]

#: The tune, in Hz: two falling and two rising phrases of four notes.
_NOTES: Final = (659, 523, 587, 392, 392, 587, 659, 523, 659, 587, 523, 392, 392, 587, 659, 523)
#: The frames of a note.
NOTE_FRAMES: Final = FRAME_RATE // 2
_LOUDNESS: Final = 9000
#: The partials of a bell: multiple of the note, loudness, how fast it dies away a second.
_PARTIALS: Final = ((1.0, 0.6, 5.0), (2.0, 0.25, 8.0), (3.01, 0.15, 12.0))


def _sample(note: float, seconds: float) -> int:
    bell = sum(
        loudness * math.exp(-decay * seconds) * math.sin(math.tau * note * multiple * seconds)
        for multiple, loudness, decay in _PARTIALS
    )
    # Silent at both ends, where one encoder's state ends and the next one's begins.
    left = NOTE_FRAMES / FRAME_RATE - seconds
    return round(_LOUDNESS * bell * min(1.0, seconds * 200, left * 20))


@lru_cache(maxsize=64)
def _frames(note: float) -> tuple[bytes, ...]:
    """The frames of one note."""
    encoder = Encoder()
    return tuple(
        encoder.encode_frame(
            [_sample(note, at / SAMPLE_RATE) for at in range(start, start + FRAME_SAMPLES)]
        )
        for start in range(0, NOTE_FRAMES * FRAME_SAMPLES, FRAME_SAMPLES)
    )


def tune(notes: Sequence[float]) -> Sound:
    """A sound of these notes (Hz, up to 1300), half a second each, over and over.

    With notes that all differ, each of them tells when it was made.
    """

    def sound(number: int) -> bytes:
        note, within = divmod(number, NOTE_FRAMES)
        return _frames(notes[note % len(notes)])[within]

    return sound


_CHIME: Final = tune(_NOTES)


def chime(number: int) -> bytes:
    """The frame of that number in the camera's tune."""
    return _CHIME(number)
