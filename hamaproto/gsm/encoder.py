"""The GSM 06.10 encoder in pure Python: 160 samples in, a 33-byte frame out.

Like the decoder it is the reference, to be read beside EN 300 961 clause 5.2, and exact
to the bit.  Sums of products are left to `sum(map(mul, ...))`; they are 32-bit sums that
can't overflow, for which each has its reason.  The encoder holds its own decoder's
excitation, because the long term predictor must predict from what the other side has.
"""

from __future__ import annotations

from operator import mul
from typing import TYPE_CHECKING, Any

from hamaproto.gsm._arrays import check_samples, pcm_array
from hamaproto.gsm.decoder import reflection_coefficients
from hamaproto.gsm.tables import (
    AMPLITUDE_PARTS,
    DEEMPHASIS,
    DLB,
    FRAME_BYTES,
    FRAME_SAMPLES,
    HIGH_COEFFICIENT,
    HOMING_SAMPLE,
    LAR_BEND,
    LAR_DECODED,
    LAR_QUANTISER,
    LAR_WIDTHS,
    LONGEST_LAG,
    LOW_COEFFICIENT,
    LOW_LAR,
    MAGIC,
    NRFAC,
    OFFSET_POLE,
    PULSE_SPAN,
    PULSES,
    QLB,
    SEGMENTS,
    SHORTEST_LAG,
    SUBFRAME_BYTES,
    SUBFRAME_SAMPLES,
    H,
    mult_r,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Encoder"]


def _clamp(value: int) -> int:
    if -32768 <= value <= 32767:
        return value
    return 32767 if value > 0 else -32768


def _norm(value: int) -> int:
    """Clause 5.1: how far a positive 32-bit number can be shifted left."""
    return 31 - value.bit_length()


def _peak(samples: Sequence[int]) -> int:
    """The largest absolute value, where that of -32768 is 32767."""
    return min(max(max(samples), -min(samples)), 32767)


class Encoder:
    """The encoder of one stream.

    `homing`: go home after the encoder homing frame, 160 samples of 0x0008, as EN 300 961
    says.  The three lower bits of a sample are not looked at: the input is 13 bits,
    left-justified.  After an error the state is what it was before the call.  One
    encoder belongs to one thread at a time; the compiled one releases the GIL in calls of 8
    frames and more.
    """

    __slots__ = (
        "_excitation",
        "_homing",
        "_lars",
        "_lattice",
        "_offset_in",
        "_offset_out",
        "_preemphasis",
    )

    def __init__(self, homing: bool = True) -> None:
        self._homing = bool(homing)
        self.reset()

    def reset(self) -> None:
        """Back to the state of a new encoder."""
        self._offset_in = 0
        self._offset_out = 0
        self._preemphasis = 0
        self._lars = [0] * 8
        self._lattice = [0] * 8
        self._excitation = [0] * LONGEST_LAG

    def encode(self, pcm: Any) -> bytes:
        """Encode whole frames: int16 of shape (160 * n,), or as many little-endian bytes.

        Gives 33 bytes for each 160 samples.  Raises `LocalProtocolError` for anything but
        whole frames, and for an array of another type or order.
        """
        samples = pcm_array(pcm)
        return b"".join(
            self._encode(samples[start : start + FRAME_SAMPLES])
            for start in range(0, len(samples), FRAME_SAMPLES)
        )

    def encode_frame(self, samples: Sequence[int]) -> bytes:
        """Encode 160 whole numbers from -32768 to 32767, without numpy."""
        check_samples(samples)
        return self._encode(samples)

    def _encode(self, samples: Sequence[int]) -> bytes:
        coarse = [sample >> 3 for sample in samples]
        signal = self._preprocess(coarse)
        codes = _lar_codes(_reflection(_autocorrelation(signal)))
        lars = [decoded[code] for decoded, code in zip(LAR_DECODED, codes, strict=True)]
        residual = self._analyse(lars, signal)
        frame = MAGIC
        for code, width in zip(codes, LAR_WIDTHS, strict=True):
            frame = frame << width | code
        for start in range(0, FRAME_SAMPLES, SUBFRAME_SAMPLES):
            subframe = self._subframe(residual[start : start + SUBFRAME_SAMPLES])
            frame = frame << 8 * SUBFRAME_BYTES | subframe
        if self._homing and coarse == [HOMING_SAMPLE >> 3] * FRAME_SAMPLES:
            self.reset()
        return frame.to_bytes(FRAME_BYTES)

    def _preprocess(self, coarse: list[int]) -> list[int]:
        """Clauses 5.2.1 to 5.2.3: downscaling, offset compensation, pre-emphasis; also
        the scaling of clause 5.2.4, which costs the signal its lower bits for good.

        The offset filter's output is below twice its input in size: within 32 bits before
        and within 16 after rounding.  The standard multiplies its upper and lower part one
        after the other, for want of a product of 47 bits.
        """
        offset_in, offset_out, previous = self._offset_in, self._offset_out, self._preemphasis
        signal = []
        for sample in coarse:
            sample <<= 2
            offset_out = (sample - offset_in << 15) + mult_r(offset_out, OFFSET_POLE)
            offset_in = sample
            current = offset_out + 16384 >> 15
            signal.append(_clamp(current + mult_r(previous, -DEEMPHASIS)))
            previous = current
        self._offset_in, self._offset_out, self._preemphasis = offset_in, offset_out, previous
        return signal

    def _analyse(self, lars: list[int], signal: list[int]) -> list[int]:
        """Clauses 5.2.9 and 5.2.10: the residual of the short term filter."""
        sets = reflection_coefficients(self._lars, lars)
        self._lars = lars
        lattice = self._lattice
        residual = []
        for coefficients, start, stop in zip(sets, SEGMENTS[:-1], SEGMENTS[1:], strict=True):
            for sample in signal[start:stop]:
                forward = backward = sample
                for stage, coefficient in enumerate(coefficients):
                    kept = lattice[stage]
                    lattice[stage] = backward
                    backward = kept + (coefficient * forward + 16384 >> 15)
                    forward += coefficient * kept + 16384 >> 15
                    if backward > 32767:
                        backward = 32767
                    elif backward < -32768:
                        backward = -32768
                    if forward > 32767:
                        forward = 32767
                    elif forward < -32768:
                        forward = -32768
                residual.append(forward)
        return residual

    def _subframe(self, residual: list[int]) -> int:
        """Clauses 5.2.11 to 5.2.18: 40 samples of residual to the 56 bits of a subframe."""
        past = self._excitation
        lag, gain_code = _long_term(residual, past)
        gain = QLB[gain_code]
        begin = LONGEST_LAG - lag
        then = past[begin : begin + SUBFRAME_SAMPLES]
        predicted = [mult_r(gain, sample) for sample in then]
        error = [_clamp(a - b) for a, b in zip(residual, predicted, strict=True)]
        grid, chosen = _grid(_weight(error))
        amplitude, codes = _quantise(chosen)
        pulses = PULSES[amplitude]
        for index, code in zip(range(grid, grid + PULSE_SPAN, 3), codes, strict=True):
            predicted[index] = _clamp(predicted[index] + pulses[code])
        self._excitation = past[SUBFRAME_SAMPLES:] + predicted
        bits = (lag << 2 | gain_code) << 8 | grid << 6 | amplitude
        for code in codes:
            bits = bits << 3 | code
        return bits


def _autocorrelation(signal: list[int]) -> list[int]:
    """Clause 5.2.4: nine sums of products; `signal` is left as the scaling made it.

    Scaled samples are below 2049 in size, so that a sum stays below 2**31.
    """
    shift = 0
    peak = _peak(signal)
    if peak:
        shift = max(4 - _norm(peak << 16), 0)
    scaled = signal
    if shift:
        factor = 16384 >> shift - 1
        scaled = [mult_r(sample, factor) for sample in signal]
        # Rounding can carry a sample to 32768, which in 16 bits is -32768.
        signal[:] = [((sample << shift) + 32768 & 65535) - 32768 for sample in scaled]
    return [2 * sum(map(mul, scaled[lag:], scaled)) for lag in range(9)]


def _reflection(correlation: list[int]) -> list[int]:
    """Clause 5.2.5: the reflection coefficients by the recursion of Schur."""
    coefficients = [0] * 8
    if not correlation[0]:
        return coefficients
    shift = _norm(correlation[0])
    p = [value << shift >> 16 for value in correlation]
    k = p[:8]
    for n in range(8):
        size = min(abs(p[1]), 32767)
        if p[0] < size:
            break
        # Clause 5.1, division of fractions: 1 is not to be had, 32767 is.
        quotient = min((size << 15) // p[0], 32767) if size else 0
        coefficients[n] = r = -quotient if p[1] > 0 else quotient
        if n == 7:
            break
        p[0] = _clamp(p[0] + mult_r(p[1], r))
        for m in range(1, 8 - n):
            ahead = p[m + 1]
            p[m] = _clamp(ahead + mult_r(k[m], r))
            k[m] = _clamp(k[m] + mult_r(ahead, r))
    return coefficients


def _lar_codes(coefficients: list[int]) -> list[int]:
    """Clauses 5.2.6 and 5.2.7: reflection coefficients to coded log area ratios."""
    codes = []
    for coefficient, (a, b, mic, mac, _) in zip(coefficients, LAR_QUANTISER, strict=True):
        size = abs(coefficient)
        if size < LOW_COEFFICIENT:
            size >>= 1
        elif size < HIGH_COEFFICIENT:
            size -= LOW_LAR
        else:
            size = size - LAR_BEND << 2
        lar = -size if coefficient < 0 else size
        # The largest sum is 20480 + 2048 + 256: no clamp.
        code = (a * lar >> 15) + b + 256 >> 9
        codes.append(min(max(code, mic), mac) - mic)
    return codes


def _long_term(residual: list[int], past: list[int]) -> tuple[int, int]:
    """Clause 5.2.11: the lag and the code of the gain.

    The residual is scaled to below 513 in size: 40 products with 16 bits, doubled, fit
    in 32 bits.  Of equal sums the first counts.  (libgsm as it is usually built adds up in
    floats of 24 bits here, and takes another lag where two are next to equal: on loud
    periodic sounds its frames are not the standard's.)
    """
    peak = _peak(residual)
    scale = max(6 - _norm(peak << 16), 0) if peak else 0
    scaled = [sample >> scale for sample in residual]
    best, lag = 0, SHORTEST_LAG
    for candidate in range(SHORTEST_LAG, LONGEST_LAG + 1):
        begin = LONGEST_LAG - candidate
        # `map` ends with the shorter one, the residual.
        likeness = sum(map(mul, scaled, past[begin : begin + SUBFRAME_SAMPLES]))
        if likeness > best:
            best, lag = likeness, candidate
    best = 2 * best >> 6 - scale
    begin = LONGEST_LAG - lag
    energy = 2 * sum((sample >> 3) ** 2 for sample in past[begin : begin + SUBFRAME_SAMPLES])
    if best <= 0:
        return lag, 0
    if best >= energy:
        return lag, 3
    shift = _norm(energy)
    r = best << shift >> 16
    s = energy << shift >> 16
    return lag, sum(r > s * level >> 15 for level in DLB[:3])


def _weight(error: list[int]) -> list[int]:
    """Clause 5.2.13: the weighting filter, the middle 40 of its 50 samples.

    The coefficients' sizes add up to 24798: the sum stays within 32 bits.
    """
    padded = [0] * 5 + error + [0] * 5
    return [
        _clamp(4096 + sum(map(mul, H, padded[start : start + 11])) >> 13)
        for start in range(SUBFRAME_SAMPLES)
    ]


def _grid(weighted: list[int]) -> tuple[int, list[int]]:
    """Clause 5.2.14: the strongest of four grids; the first one of equals."""
    energies = [
        sum((sample >> 2) ** 2 for sample in weighted[grid : grid + PULSE_SPAN : 3])
        for grid in range(4)
    ]
    grid = energies.index(max(energies))
    return grid, weighted[grid : grid + PULSE_SPAN : 3]


def _quantise(chosen: list[int]) -> tuple[int, list[int]]:
    """Clause 5.2.15: the coded block amplitude and 13 coded pulses."""
    peak = _peak(chosen)
    exponent = min((peak >> 9).bit_length(), 6)
    amplitude = (peak >> exponent + 5) + (exponent << 3)
    exponent, mantissa = AMPLITUDE_PARTS[amplitude]
    inverse = NRFAC[mantissa]
    # The block amplitude bounds the pulses: shifted they still fit in 16 bits.
    codes = [((sample << 6 - exponent) * inverse >> 15 >> 12) + 4 for sample in chosen]
    return amplitude, codes
