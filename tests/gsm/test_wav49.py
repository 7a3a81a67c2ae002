"""The packing of WAV49, against libsndfile's and bit by bit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures import read_bytes
from fixtures.vectors import vectors
from hamaproto.errors import LocalProtocolError
from hamaproto.gsm.wav49 import (
    BLOCK_BYTES,
    BLOCK_SAMPLES,
    pack,
    unpack,
    unpack_first,
    unpack_second,
)

WAV = read_bytes("gsm", "libsndfile", "wav49.wav")
BLOCKS = WAV[WAV.index(b"data") + 8 :][: 65 * 50]
FRAMES = st.lists(
    st.tuples(st.integers(0xD0, 0xDF), st.binary(min_size=32, max_size=32)).map(
        lambda parts: bytes([parts[0]]) + parts[1]
    ),
    max_size=4,
).map(lambda frames: b"".join(frames + frames))


def values(frame: bytes) -> list[int]:
    """The 76 parameters of a frame, by EN 300 961 table 1.1, highest bit first."""
    bits = "".join(f"{byte:08b}" for byte in frame)[4:]
    found = []
    for width in [6, 6, 5, 5, 4, 4, 3, 3] + 4 * ([7, 2, 2, 6] + 13 * [3]):
        found.append(int(bits[:width], 2))
        bits = bits[width:]
    assert bits == ""
    return found


def packed(frames: list[bytes]) -> bytes:
    """The same parameters, lowest bit first, as a string of bits that fills bytes from below."""
    bits = ""
    for frame in frames:
        for value, width in zip(
            values(frame), [6, 6, 5, 5, 4, 4, 3, 3] + 4 * ([7, 2, 2, 6] + 13 * [3]), strict=True
        ):
            bits += f"{value:0{width}b}"[::-1]
    return bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))


@given(FRAMES)
def test_bit_by_bit(frames: bytes) -> None:
    split = [frames[at : at + 33] for at in range(0, len(frames), 33)]
    want = b"".join(packed(split[at : at + 2]) for at in range(0, len(split), 2))
    assert pack(frames) == want
    assert unpack(want) == frames


def test_what_libsndfile_packed_is_packed_again() -> None:
    assert pack(unpack(BLOCKS)) == BLOCKS
    assert unpack_first(BLOCKS[:33]) + unpack_second(BLOCKS[32:65]) == unpack(BLOCKS[:65])
    speech = vectors()[0].frames[: 33 * 20]
    assert unpack(pack(memoryview(speech))) == speech
    assert (BLOCK_BYTES, BLOCK_SAMPLES) == (65, 320)


def test_what_is_not_whole_is_refused() -> None:
    for length in (33, 65, 67, 99):
        with pytest.raises(LocalProtocolError, match=f"{length} bytes are not whole pairs"):
            pack(bytes(length))
    for length in (64, 66):
        with pytest.raises(LocalProtocolError, match=f"{length} bytes are not whole blocks"):
            unpack(bytes(length))
    assert pack(b"") == unpack(b"") == b""
