"""A-law or mu-law?  Sound of ITU-T G.711, recognised by its bytes, beside frames of GSM 06.10.

Both laws make a byte of a sample: 8000 bytes a second, without any mark.  Sound that is read by
the right law is quiet, or two samples predict the next one quite well.  Sound that is read by
the wrong law is loud noise, and so are frames of GSM that are read by either law.  So a tenth
of a second is enough, unless the sound itself is loud noise.
"""

from __future__ import annotations

from operator import mul
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "ENOUGH_BYTES",
    "declared_law",
    "decode",
    "is_quiet_alaw",
    "law_of",
    "linear_alaw",
    "linear_mulaw",
]

#: So many bytes are enough: a tenth of a second.
ENOUGH_BYTES: Final = 800

#: Mean loudness (of 32767) below which sound is quiet, and that of digital silence.
_QUIET: Final = 300
_SILENT: Final = 24
#: The share of the energy that the two samples before do not predict.  Below this it is sound;
#: frames of GSM have 0.8 and more by either law.
_SOUND: Final = 0.55


def linear_alaw(code: int) -> int:
    """A byte of A-law as a 16-bit sample (G.711 table 1)."""
    code ^= 0x55
    exponent, mantissa = code >> 4 & 7, code & 15
    value = mantissa << 4 | 8
    if exponent:
        value = value + 0x100 << exponent - 1
    return value if code & 0x80 else -value


def linear_mulaw(code: int) -> int:
    """A byte of mu-law as a 16-bit sample (G.711 table 2)."""
    code ^= 0xFF
    value = ((code & 15) << 3 | 0x84) << (code >> 4 & 7)
    return 0x84 - value if code & 0x80 else value - 0x84


_LAWS: Final[dict[str, tuple[int, ...]]] = {
    name: tuple(map(law, range(256)))
    for name, law in (
        ("A-law", linear_alaw),
        ("mu-law", linear_mulaw),
    )
}
_ALAW_LOUDNESS: Final = tuple(map(abs, _LAWS["A-law"]))
#: What the types of such sound have in their names.  `audio/basic` is mu-law for everyone
#: else (RFC 2046 clause 4.3), and GSM in this family: it decides nothing.
_TYPES: Final = (
    ("alaw", "A-law"),
    ("a-law", "A-law"),
    ("pcma", "A-law"),
    ("ulaw", "mu-law"),
    ("u-law", "mu-law"),
    ("pcmu", "mu-law"),
)


def decode(data: bytes, law: str) -> NDArray[np.int16]:
    """Bytes of that law as 16-bit samples, 8000 a second."""
    import numpy as np

    return np.array(_LAWS[law], np.int16)[np.frombuffer(data, np.uint8)]


def declared_law(content_type: str) -> str | None:
    """The law that a type names, such as `audio/x-alaw` or `audio/PCMU`."""
    name = content_type.lower()
    return next((law for part, law in _TYPES if part in name), None)


def is_quiet_alaw(data: bytes) -> bool:
    """Whether it is next to nothing in A-law, as its silence is, and frames of GSM never are."""
    return sum(map(_ALAW_LOUDNESS.__getitem__, data)) <= _QUIET * len(data)


def law_of(data: bytes) -> str | None:
    """`A-law` or `mu-law`; None for frames of GSM, and for what can't be decided."""
    if len(data) < 2:
        return None
    found = {}
    for name, table in _LAWS.items():
        samples = [table[code] for code in data]
        found[name] = sum(map(abs, samples)) / len(samples), _unforeseen(samples)
    varied = len(set(data)) > 1
    for name, (loudness, _) in found.items():
        if loudness <= (_QUIET if varied else _SILENT):
            return name
    if not varied:
        return None
    best, name = min((row[1], name) for name, row in found.items())
    return name if best < _SOUND else None


def _unforeseen(samples: list[int]) -> float:
    """What is left of the energy by linear prediction from two samples, 0 to 1."""
    energy, first, second = (
        sum(map(mul, samples, samples[lag:] if lag else samples)) for lag in range(3)
    )
    if not energy:
        return 0.0
    one = first / energy
    left = energy * (1 - one * one)
    two = (second - one * first) / left if left > 0 else 0.0
    return max(float(left / energy * (1 - two * two)), 0.0)
