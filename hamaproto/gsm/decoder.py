"""The GSM 06.10 decoder in pure Python: 33-byte frames in, 160 samples each out.

It is the reference for the compiled one and meant to be read beside EN 300 961: each
step names its clause.  The arithmetic is the standard's 16-bit fixed point, exactly;
where a step can't saturate the reason stands beside it and the clamp is left out.
Where time goes (the lattice takes four fifths of it) the code is written out: eight
stages one after another, local names, no calls.

Samples are the standard's 13 bits, left-justified in 16: the three lower bits are 0.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, Final

from hamaproto.gsm._arrays import (
    BadFrame,
    bad_nibble,
    check_policy,
    check_seed,
    check_single,
    frames_view,
    new_samples,
    samples_view,
)
from hamaproto.gsm.concealment import Concealment
from hamaproto.gsm.tables import (
    DEEMPHASIS,
    FRAME_BYTES,
    FRAME_SAMPLES,
    HEAD_BYTES,
    HIGH_LAR,
    HOMING_FRAME,
    HOMING_PREFIX_BYTES,
    HOMING_SAMPLE,
    LAR_BEND,
    LAR_DECODED,
    LONGEST_LAG,
    LOW_LAR,
    MAGIC,
    PULSE_SPAN,
    PULSES,
    QLB,
    SEGMENTS,
    SHORTEST_LAG,
    SUBFRAME_BYTES,
    SUBFRAME_SAMPLES,
)

if TYPE_CHECKING:
    from hamaproto.gsm._arrays import Samples

__all__ = ["Decoder", "reflection_coefficients"]

#: A decoder at home looks at this much of a frame.
HOMING_PREFIX: Final = HOMING_FRAME[:HOMING_PREFIX_BYTES]
#: How far the code of each pulse stands from the end of a subframe, in bits.
_PULSE_SHIFTS: Final = range(36, -1, -3)


def reflection_coefficients(previous: list[int], current: list[int]) -> list[list[int]]:
    """Clauses 5.2.9.1 and 5.2.9.2: four sets of eight, for samples 0, 13, 27 and 40 on.

    No ratio passes 26214, so none of these sums can saturate, and no coefficient can
    pass 32767.
    """
    sets = []
    for share in range(4):
        coefficients = []
        for old, new in zip(previous, current, strict=True):
            if share == 0:
                lar = (old >> 2) + (new >> 2) + (old >> 1)
            elif share == 1:
                lar = (old >> 1) + (new >> 1)
            elif share == 2:
                lar = (old >> 2) + (new >> 2) + (new >> 1)
            else:
                lar = new
            size = -lar if lar < 0 else lar
            if size < LOW_LAR:
                size <<= 1
            elif size < HIGH_LAR:
                size += LOW_LAR
            else:
                size = (size >> 2) + LAR_BEND
            coefficients.append(-size if lar < 0 else size)
        sets.append(coefficients)
    return sets


class Decoder:
    """The decoder of one stream.

    `homing`: answer the decoder homing frame as EN 300 961 says; without it every frame
    is decoded alike, as the first edition of the standard did.  `on_bad_frame`: what to
    do with a frame that does not begin with 0xD: "raise" `LocalProtocolError`, "conceal"
    it like a lost one, or "decode" it all the same.  `seed`: of the grids that concealed
    frames get.

    After an error the state is what it was before the call, and `out` is untouched.
    One decoder belongs to one thread at a time; the compiled one releases the GIL in calls of
    8 frames and more.
    """

    __slots__ = (
        "_concealment",
        "_deemphasis",
        "_excitation",
        "_home",
        "_homing",
        "_lag",
        "_lars",
        "_lattice",
        "_policy",
    )

    def __init__(
        self, homing: bool = True, *, on_bad_frame: BadFrame = "raise", seed: int = 0
    ) -> None:
        self._policy = check_policy(on_bad_frame)
        self._homing = bool(homing)
        self._concealment = Concealment(check_seed(seed))
        self._go_home()

    def reset(self) -> None:
        """Back to the state of a new decoder."""
        self._concealment.reset()
        self._go_home()

    def _go_home(self) -> None:
        self._home = True
        self._lars = [0] * 8
        self._excitation = [0] * LONGEST_LAG
        self._lag = SHORTEST_LAG
        self._lattice = [0] * 8
        self._deemphasis = 0

    def decode(self, frames: Any, out: Any = None) -> Samples:
        """Decode whole frames: bytes-like of 33 * n bytes, or uint8 of shape (..., 33).

        Gives int16 of shape (160 * n,): 8000 samples a second.  They are written to `out`
        if it is given, which then is what is returned.  Raises `LocalProtocolError` for
        anything but whole frames, for an array of another type or order, and for a bad
        first nibble if that is the policy.
        """
        view = frames_view(frames)
        count = len(view) // FRAME_BYTES
        samples = new_samples(count * FRAME_SAMPLES) if out is None else out
        target = samples_view(samples, count * FRAME_SAMPLES)
        if self._policy == 0:
            for index, byte in enumerate(view[::FRAME_BYTES]):
                if byte >> 4 != MAGIC:
                    raise bad_nibble(index, byte)
        for index in range(count):
            frame = bytes(view[index * FRAME_BYTES : (index + 1) * FRAME_BYTES])
            target[index * FRAME_SAMPLES : (index + 1) * FRAME_SAMPLES] = array(
                "h", self._decode(frame)
            )
        return samples

    def decode_frame(self, frame: Any) -> list[int]:
        """Decode one frame of 33 bytes to a list of 160 samples, without numpy."""
        view = check_single(frame)
        if self._policy == 0 and view[0] >> 4 != MAGIC:
            raise bad_nibble(0, view[0])
        return self._decode(bytes(view))

    def conceal(self, out: Any = None) -> Samples:
        """160 samples in place of a lost frame, after the example of GSM 06.11.

        The sound of the last good frame is repeated once, then fades, and is gone within
        320 ms.  A concealed frame is never taken for a homing frame.
        """
        samples = new_samples(FRAME_SAMPLES) if out is None else out
        samples_view(samples, FRAME_SAMPLES)[:] = array("h", self._conceal())
        return samples

    def _conceal(self) -> list[int]:
        self._home = False
        return self._synthesise(self._concealment.lost())

    def _decode(self, frame: bytes) -> list[int]:
        if frame[0] >> 4 != MAGIC:
            if self._policy == 1:
                return self._conceal()
            frame = bytes((frame[0] & 0x0F | MAGIC << 4,)) + frame[1:]
        self._concealment.good(frame)
        if not self._homing:
            return self._synthesise(frame)
        if self._home and frame.startswith(HOMING_PREFIX):
            return [HOMING_SAMPLE] * FRAME_SAMPLES
        samples = self._synthesise(frame)
        self._home = frame == HOMING_FRAME
        if self._home:
            self._go_home()
        return samples

    def _synthesise(self, frame: bytes) -> list[int]:
        """Clause 5.3, but for homing: one frame to 160 samples."""
        excitation = self._excite(frame)
        bits = int.from_bytes(frame[:HEAD_BYTES])
        lars = [
            LAR_DECODED[0][bits >> 30 & 63],
            LAR_DECODED[1][bits >> 24 & 63],
            LAR_DECODED[2][bits >> 19 & 31],
            LAR_DECODED[3][bits >> 14 & 31],
            LAR_DECODED[4][bits >> 10 & 15],
            LAR_DECODED[5][bits >> 6 & 15],
            LAR_DECODED[6][bits >> 3 & 7],
            LAR_DECODED[7][bits & 7],
        ]
        sets = reflection_coefficients(self._lars, lars)
        self._lars = lars
        samples: list[int] = []
        for coefficients, start, stop in zip(sets, SEGMENTS[:-1], SEGMENTS[1:], strict=True):
            self._filter(coefficients, excitation[start:stop], samples)
        return samples

    def _excite(self, frame: bytes) -> list[int]:
        """Clauses 5.3.1 and 5.3.2: the excitation of the short term filter."""
        past = self._excitation
        lag = self._lag
        for start in range(HEAD_BYTES, FRAME_BYTES, SUBFRAME_BYTES):
            bits = int.from_bytes(frame[start : start + SUBFRAME_BYTES])
            if SHORTEST_LAG <= bits >> 49 <= LONGEST_LAG:
                lag = bits >> 49
            gain = QLB[bits >> 47 & 3]
            grid = bits >> 45 & 3
            pulses = PULSES[bits >> 39 & 63]
            begin = len(past) - lag
            # No clamp: the gain is below 1.  The lag is no shorter than a subframe, so
            # that none of these samples depends on another.
            subframe = [
                gain * sample + 16384 >> 15 for sample in past[begin : begin + SUBFRAME_SAMPLES]
            ]
            for index, shift in zip(range(grid, grid + PULSE_SPAN, 3), _PULSE_SHIFTS, strict=True):
                sample = subframe[index] + pulses[bits >> shift & 7]
                if sample > 32767:
                    sample = 32767
                elif sample < -32768:
                    sample = -32768
                subframe[index] = sample
            past += subframe
        self._lag = lag
        self._excitation = past[-LONGEST_LAG:]
        return past[LONGEST_LAG:]

    def _filter(self, coefficients: list[int], excitation: list[int], samples: list[int]) -> None:
        """Clauses 5.3.4 to 5.3.7 for a run of samples with the same coefficients.

        A stage is `s = s - r * v[i]`, then `v[i + 1] = v[i] + r * s`, both rounded and
        clamped; the last v is never read and not computed.
        """
        r0, r1, r2, r3, r4, r5, r6, r7 = coefficients
        v0, v1, v2, v3, v4, v5, v6, v7 = self._lattice
        emphasis, share = self._deemphasis, DEEMPHASIS
        append = samples.append
        for s in excitation:
            s -= r7 * v7 + 16384 >> 15
            if s > 32767:
                s = 32767
            elif s < -32768:
                s = -32768
            s -= r6 * v6 + 16384 >> 15
            if s > 32767:
                s = 32767
            elif s < -32768:
                s = -32768
            v7 = v6 + (r6 * s + 16384 >> 15)
            if v7 > 32767:
                v7 = 32767
            elif v7 < -32768:
                v7 = -32768
            s -= r5 * v5 + 16384 >> 15
            if s > 32767:
                s = 32767
            elif s < -32768:
                s = -32768
            v6 = v5 + (r5 * s + 16384 >> 15)
            if v6 > 32767:
                v6 = 32767
            elif v6 < -32768:
                v6 = -32768
            s -= r4 * v4 + 16384 >> 15
            if s > 32767:
                s = 32767
            elif s < -32768:
                s = -32768
            v5 = v4 + (r4 * s + 16384 >> 15)
            if v5 > 32767:
                v5 = 32767
            elif v5 < -32768:
                v5 = -32768
            s -= r3 * v3 + 16384 >> 15
            if s > 32767:
                s = 32767
            elif s < -32768:
                s = -32768
            v4 = v3 + (r3 * s + 16384 >> 15)
            if v4 > 32767:
                v4 = 32767
            elif v4 < -32768:
                v4 = -32768
            s -= r2 * v2 + 16384 >> 15
            if s > 32767:
                s = 32767
            elif s < -32768:
                s = -32768
            v3 = v2 + (r2 * s + 16384 >> 15)
            if v3 > 32767:
                v3 = 32767
            elif v3 < -32768:
                v3 = -32768
            s -= r1 * v1 + 16384 >> 15
            if s > 32767:
                s = 32767
            elif s < -32768:
                s = -32768
            v2 = v1 + (r1 * s + 16384 >> 15)
            if v2 > 32767:
                v2 = 32767
            elif v2 < -32768:
                v2 = -32768
            s -= r0 * v0 + 16384 >> 15
            if s > 32767:
                s = 32767
            elif s < -32768:
                s = -32768
            v1 = v0 + (r0 * s + 16384 >> 15)
            if v1 > 32767:
                v1 = 32767
            elif v1 < -32768:
                v1 = -32768
            v0 = s
            # Clause 5.3.5, de-emphasis.
            emphasis = s + (emphasis * share + 16384 >> 15)
            if emphasis > 32767:
                emphasis = 32767
            elif emphasis < -32768:
                emphasis = -32768
            # Clauses 5.3.6 and 5.3.7: doubled, clamped, cut to 13 bits.
            if emphasis > 16383:
                append(32760)
            elif emphasis < -16384:
                append(-32768)
            else:
                append(emphasis << 1 & -8)
        self._lattice = [v0, v1, v2, v3, v4, v5, v6, v7]
        self._deemphasis = emphasis
