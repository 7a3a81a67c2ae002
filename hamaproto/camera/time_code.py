"""A sound that tells the time: give it to a camera, and a recording says when each sample was made.

    CameraState(sound=time_code)        hamaproto simulate --time-code

Each second begins with a mark of 60 ms at 1600 Hz and 40 ms of silence.  Then come twenty bits of
40 ms, 600 Hz for 0 and 1000 Hz for 1, the highest first: the number of the second, 16 bits, and
four that check it, which are the exclusive or of its four digits of 4 bits and of 10.  The rest is
silence.  It passes through the codec, other codecs and loudspeakers, and `read_time_code` finds
each mark to some milliseconds.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hamaproto.errors import LocalProtocolError
from hamaproto.gsm import Encoder
from hamaproto.gsm.tables import FRAME_RATE, FRAME_SAMPLES, SAMPLE_RATE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["TimeMark", "read_time_code", "time_code"]

_MARK: Final = 1600.0
_TONES: Final = (600.0, 1000.0)
_LOUDNESS: Final = 9000.0
#: Seconds: the mark, where the bits begin, how long each is, how a tone comes and goes.
_MARK_TIME: Final = 0.06
_FIRST_BIT: Final = 0.1
_BIT_TIME: Final = 0.04
_RAMP: Final = 0.004
_BITS: Final = 20
_SECONDS: Final = 1 << 16
#: Seconds of sound that are looked at together, and from one look to the next.
_WINDOW: Final = 0.02
_HOP: Final = 0.0025


class TimeMark(NamedTuple):
    """A second that was found."""

    at: float
    """Where it begins in the samples, in seconds."""
    second: int
    """Its number: seconds of the camera's time, from 0 again behind 65,535."""


def _check(second: int) -> int:
    return (second >> 12 ^ second >> 8 ^ second >> 4 ^ second ^ 10) & 15


def _tones(second: int) -> list[tuple[float, float, float]]:
    """Begin, end and pitch of each tone of a second."""
    value = (second % _SECONDS) << 4 | _check(second % _SECONDS)
    tones = [(0.0, _MARK_TIME, _MARK)]
    for bit in range(_BITS):
        begin = _FIRST_BIT + bit * _BIT_TIME
        tones.append((begin, begin + _BIT_TIME, _TONES[value >> (_BITS - 1 - bit) & 1]))
    return tones


@lru_cache(maxsize=16)
def _frames(second: int) -> tuple[bytes, ...]:
    """The GSM frames of one second, from an encoder in its home state."""
    samples = [0] * SAMPLE_RATE
    for begin, end, pitch in _tones(second):
        for at in range(round(begin * SAMPLE_RATE), round(end * SAMPLE_RATE)):
            time = at / SAMPLE_RATE
            edge = min(1.0, (time - begin) / _RAMP, (end - time) / _RAMP)
            samples[at] = round(_LOUDNESS * edge * math.sin(math.tau * pitch * time))
    encoder = Encoder()
    return tuple(
        encoder.encode_frame(samples[at : at + FRAME_SAMPLES])
        for at in range(0, SAMPLE_RATE, FRAME_SAMPLES)
    )


def time_code(number: int) -> bytes:
    """The GSM frame of that number, 20 ms each; second 0 begins with number 0."""
    second, within = divmod(number, FRAME_RATE)
    return _frames(second % _SECONDS)[within]


def read_time_code(samples: Any, rate: float = SAMPLE_RATE) -> list[TimeMark]:
    """The seconds that stand in samples whole, in their order.

    `samples` is one channel of any numbers, `rate` of them a second, 4000 at least.  Raises
    `LocalProtocolError` for more channels or another rate.
    """
    import numpy as np

    sound = np.asarray(samples, dtype=np.float64)
    if sound.ndim != 1 or not 4000 <= rate <= 1_000_000:
        raise LocalProtocolError(
            f"samples of shape {sound.shape} at {rate} a second: one channel, 4000 to 1000000"
        )
    strengths = _strengths(sound, rate)
    if strengths.size == 0:
        return []
    mark = strengths[0]
    # The mark is as loud as the loudest of its kind, and nothing else is heard beside it.
    heard = (mark > 0.25 * mark.max()) & (mark > 4 * strengths[1:].max(axis=0)) & (mark > 1.0)
    found = []
    at = 0
    while at < heard.size:
        if not heard[at]:
            at += 1
            continue
        end = at
        while end < heard.size and heard[end]:
            end += 1
        # The middle of the run is that of the mark, whatever the edges are.
        begin = (at + end - 1) / 2 * _HOP + _WINDOW / 2 - _MARK_TIME / 2
        if (end - at) * _HOP >= _MARK_TIME / 2:
            second = _second(strengths, begin)
            if second is not None:
                found.append(TimeMark(begin, second))
        at = end
    return found


def _second(strengths: NDArray[np.float64], begin: float) -> int | None:
    """The number behind a mark; None if it is not whole or not right."""
    value = 0
    for bit in range(_BITS):
        middle = begin + _FIRST_BIT + (bit + 0.5) * _BIT_TIME
        place = round((middle - _WINDOW / 2) / _HOP)
        if not 0 <= place < strengths.shape[1]:
            return None
        value = value << 1 | int(strengths[2, place] > strengths[1, place])
    second, check = value >> 4, value & 15
    return second if _check(second) == check else None


def _strengths(sound: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
    """How strong the mark and the two tones are: one row each, a column for each hop."""
    import numpy as np

    size = round(_WINDOW * rate)
    hops = int((sound.size - size) / (_HOP * rate)) + 1 if sound.size >= size else 0
    if hops <= 0:
        return np.empty((3, 0))
    times = np.arange(sound.size) / rate
    starts = np.round(np.arange(hops) * _HOP * rate).astype(np.int64)
    rows = []
    for pitch in (_MARK, *_TONES):
        # Sums up to each sample: a window is the difference of two.
        turned = np.concatenate(([0.0], np.cumsum(sound * np.exp(-2j * np.pi * pitch * times))))
        rows.append(np.abs(turned[starts + size] - turned[starts]) / size)
    return np.stack(rows)
